"""Why a prompt is not understood: the first word that is not known, or has no place where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aeforge_cli.sandbox.engine.edits import Place
from aeforge_cli.sandbox.engine.prompts.context import NOTHING_ASKED
from aeforge_cli.sandbox.engine.prompts.slips import is_known

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.prompts.patterns import Chart
    from aeforge_cli.sandbox.engine.prompts.words import Words

# Known words that turn the sense of others round, where no pattern has a place for them.
_TURNING = {"not", "no", "or", "as", "nothing", "without", "except"}
_LONGEST_WORD = 40


def reason_for(words: Words, chart: Chart) -> str:
    if "?" in words.said and not any(chart.readings("REQUEST", start) for start in range(len(words.said))):
        return "The local engine does not answer a question; say what to change."
    if not any(letter.isalnum() for word in words.said for letter in word):
        return NOTHING_ASKED
    furthest = chart.furthest
    word = _first_unknown(words) or _first_turning(words)
    if word is None and (place := _place_at(furthest, words, chart)):
        return f'The local engine cannot work on "{place}" alone; it only removes an object at a place.'
    word = word or _written_at(furthest, words, chart)
    if word is None:
        return "The local engine cannot tell what to do from these words."
    return f'The local engine does not know what "{word[:_LONGEST_WORD]}" means here.'


def _first_unknown(words: Words) -> str | None:
    return next((written for said, written in words.pairs() if not is_known(said)), None)


def _first_turning(words: Words) -> str | None:
    return next((written for said, written in words.pairs() if said in _TURNING), None)


def _written_at(index: int, words: Words, chart: Chart) -> str | None:
    """The word there, or the one that its article belongs to."""
    while 0 < index < len(words.said) and chart.readings("THE", index):
        index -= 1
    return words.written[index] if index < len(words.said) else None


def _place_at(index: int, words: Words, chart: Chart) -> str:
    spans = [
        (end - start, -start)
        for start in range(index + 1)
        for name in ("position", "place")
        for end, place in chart.readings(name, start)
        if isinstance(place, Place) and end >= index
    ]
    if not spans:
        return ""
    length, start = max(spans)
    return " ".join(words.written[-start : length - start])
