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
_TURNING = {"if", "not", "no", "or", "as", "nothing", "without", "except"}
_STOPS = {",", ".", ";", ":", ")", "?"}
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
        return _unfinished(words.written[:furthest])
    return f'The local engine does not know what "{word[:_LONGEST_WORD]}" means here.'


def _unfinished(written: tuple[str, ...]) -> str:
    """All words are known, and up to a comma or the end they name nothing that can be done."""
    last = "".join(written[-2:]) if written[-1] == "%" else written[-1]
    how = ' Give amounts as "up by 20%", "-20%" or "to 80%".' if last[0].isdigit() else ""
    return f'The local engine does not know what to do with "{last[:_LONGEST_WORD]}".{how}'


def _first_unknown(words: Words) -> str | None:
    return next((written for said, written in words.pairs() if not is_known(said)), None)


def _first_turning(words: Words) -> str | None:
    return next((written for said, written in words.pairs() if said in _TURNING), None)


def _written_at(index: int, words: Words, chart: Chart) -> str | None:
    """The word there, or the one that its article belongs to."""
    while 0 < index < len(words.said) and chart.readings("THE", index):
        index -= 1
    at = words.written[index : index + 1]
    return at[0] if at and (index == 0 or at[0] not in _STOPS) else None


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
