"""The clauses that a prompt is made of, and what each of them says."""

from aeforge_cli.sandbox.engine.prompts import nouns, values
from aeforge_cli.sandbox.engine.prompts.clauses import courtesies, measures, objects, stories, surroundings, tones
from aeforge_cli.sandbox.engine.prompts.clauses.saying import Clause
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

# The rules of each are added to the language where it is imported.
__all__ = [
    "LANGUAGE",
    "Clause",
    "courtesies",
    "measures",
    "nouns",
    "objects",
    "stories",
    "surroundings",
    "tones",
    "values",
]
