"""The phrases that the grammar is made of: those of `vocabulary.txt`, colours and numbers."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

from aeforge_cli.sandbox.engine.edits import Colour, Part, SkyKind, Tone
from aeforge_cli.sandbox.engine.prompts.colours import SHADES, hex_colour, named_colours
from aeforge_cli.sandbox.engine.prompts.meaning import Reference
from aeforge_cli.sandbox.engine.prompts.patterns import Grammar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

LANGUAGE = Grammar()


# What the values of a rule are in the engine's own terms; others are what is written.
_KINDS: dict[str, Callable[[str], Hashable]] = {
    **dict.fromkeys(("skyword", "weather", "skynoun", "skywith", "skylook"), lambda said: SkyKind[said]),
    **dict.fromkeys(
        ("tone_adjective", "tone_effect", "tone_plain", "tone_verb", "tone_up", "tone_down", "measure", "effect"),
        lambda said: Tone[said],
    ),
    **dict.fromkeys(("adjective_degree", "verb_degree", "noun_degree", "more_degree"), float),
    **dict.fromkeys(("it", "rest"), lambda said: Reference[said]),
    "everything": lambda said: Part[said],
    "number": int,
}


def _load() -> None:
    text = (files("aeforge_cli.sandbox.engine.prompts") / "vocabulary.txt").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n|\n(?=    )", "", text, flags=re.MULTILINE).splitlines()
    for line in filter(None, lines):
        head, _, phrases = line.partition(": ")
        name, _, said = head.partition(" ")
        LANGUAGE.phrase(name, phrases, _KINDS.get(name, str)(said) if said else None)


_load()
_NAMED: dict[tuple[str, ...], Colour] = named_colours()
LANGUAGE.phrases["named"] = dict(_NAMED)
LANGUAGE.phrases["shade"] = {(shade,): shade for shade in SHADES}
LANGUAGE.readers["hex"] = hex_colour
LANGUAGE.readers["number"] = lambda word: int(word) if word.isdecimal() and len(word) < 4 else None
LANGUAGE.phrase("OPEN", "(", None)
LANGUAGE.phrase("CLOSE", ")", None)
LANGUAGE.means("COMMA", value=True, patterns=",")
LANGUAGE.means("AND", value=True, patterns=", (and|but|while|plus)")
LANGUAGE.means("LIST", value=True, patterns=", [and]")
# "Dark green" is a colour of its own in CSS, and no shade of green.
SHADED_BY_NAME = {(name[0], _NAMED[name[1:]]) for name in _NAMED if name[0] in SHADES and name[1:] in _NAMED}
# "The sky is grey, make it blue."
SKY_OF_COLOUR = {
    _NAMED[name]: SkyKind(str(kind)) for name, kind in LANGUAGE.phrases["skyword"].items() if name in _NAMED
}


def _gerund(verb: str) -> str:
    doubled = verb[-1] if verb in {"set", "swap", "get", "cut", "blur", "put"} else ""
    return verb.removesuffix("e") + doubled + "ing"


SPELLINGS = {written: str(meant) for (written,), meant in LANGUAGE.phrases.pop("spelling").items()}
SPELLINGS |= {_gerund(verb): verb for (verb,) in LANGUAGE.phrases.pop("GERUND")}
