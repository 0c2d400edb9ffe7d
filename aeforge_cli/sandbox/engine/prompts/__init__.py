"""What a prompt asks for: clauses of known words in a known order, and refusal of everything else.

    prompt = clause { ("and" | "then" | "," | ";" | ".") clause }

Every word must have its place in a clause, or be one of a closed list of courtesies: nothing here knows what a dog is,
and a word that is passed over may turn the sense of the others round.
"""

from aeforge_cli.sandbox.engine.prompts.reading import ABILITIES, parse

__all__ = ["ABILITIES", "parse"]
