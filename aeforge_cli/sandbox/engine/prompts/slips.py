"""Slips of the pen: the one known word that a misspelt one was meant to be, if there is just one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

# Shorter words are near to too many others; longer ones bear two slips.
_SHORTEST, _LONG = 4, 8
# From here on a wrong letter is a slip too, and not only letters that are missing, doubled or exchanged.
_BEARS_WRONG_LETTER = 6


# A slip is worth mending in words that name what to do, to what, and how.
_MENDABLE = frozenset(
    {
        *("BECOME", "REMOVE", "KEEP", "TINT", "ISOLATE", "UP", "DOWN", "BACKGROUND", "SUBJECT", "PICTURE", "OBJECT"),
        *("TRANSPARENT", "GRADIENT", "STUDIO", "COLOURS", "vertical", "horizontal", "middle", "extent", "skyword"),
        *("skynoun", "tone_adjective", "tone_effect", "tone_plain", "tone_verb", "measure", "named", "shade"),
        *("adjective_degree", "more_degree", "number", "everything"),
    }
)
_COURTESIES = {"please", "thanks", "thank", "could", "would", "with"}


def is_known(word: str) -> bool:
    return word in _known() or any(read(word) is not None for read in LANGUAGE.readers.values())


def mended(word: str) -> str:
    """The known word nearest to one that is not known; `word` itself if there is none, or more than one."""
    if is_known(word) or word in _english():
        return word
    near = nearest(word, _mendable())
    return near.pop() if len(near) == 1 else word


@cache
def _known() -> frozenset[str]:
    return LANGUAGE.words()


@cache
def _mendable() -> frozenset[str]:
    return LANGUAGE.words(of=_MENDABLE) | _COURTESIES


@cache
def _english() -> frozenset[str]:
    """Common English words that are as near to a known one as a slip; they mean something else."""
    listed = files("aeforge_cli.sandbox.engine.prompts") / "no-slips.txt"
    return frozenset(listed.read_text(encoding="utf-8").split())


def nearest(word: str, known: Iterable[str]) -> set[str]:
    if len(word) < _SHORTEST or not word.isalpha():
        return set()
    by_slips: dict[int, set[str]] = {}
    for other in known:
        if (slips := _slips(word, other)) is not None:
            by_slips.setdefault(slips, set()).add(other)
    return by_slips[min(by_slips)] if by_slips else set()


def _slips(word: str, meant: str) -> int | None:
    """How many slips make `word` of `meant`; None if that is too many, or an ending that means something."""
    reach = 2 if min(len(word), len(meant)) >= _LONG else 1
    if len(meant) < _SHORTEST or abs(len(word) - len(meant)) > reach or word[0] != meant[0]:
        return None
    if word.startswith(meant) and word != meant + meant[-1]:
        return None
    slips = _distance(word, meant)
    if slips > reach:
        return None
    is_wrong_letter = len(word) == len(meant) and sorted(word) != sorted(meant)
    return None if is_wrong_letter and len(word) < _BEARS_WRONG_LETTER else slips


def _distance(one: str, other: str) -> int:
    """Letters left out, put in, exchanged or swapped (Damerau 1964)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
