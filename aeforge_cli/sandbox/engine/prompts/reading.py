"""From a prompt to edits: which clauses its words fall into."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias, cast

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.prompts.clauses import LANGUAGE, Clause
from aeforge_cli.sandbox.engine.prompts.context import Item, Items, edits_of
from aeforge_cli.sandbox.engine.prompts.meaning import Impossible
from aeforge_cli.sandbox.engine.prompts.patterns import Chart
from aeforge_cli.sandbox.engine.prompts.refusals import reason_for
from aeforge_cli.sandbox.engine.prompts.slips import mended
from aeforge_cli.sandbox.engine.prompts.words import Words, split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aeforge_cli.sandbox.engine.edits import Edit

ABILITIES = (
    "It can replace the background or the sky, remove the object at a place, recolour the subject and adjust tones: "
    'type for example "change background to blue sky", "blur the background by 40%" or '
    '"remove the object in the upper right corner".'
)
# In words: twenty times what people write, and still read in a fraction of a second.
_LONGEST = 120


def parse(prompt: str) -> tuple[Edit, ...]:
    """The edits a prompt asks for, in order; `Refused` if any of it is not understood."""
    words = split(prompt)
    if len(words.said) > _LONGEST:
        raise _refused(f"The prompt is longer than the {_LONGEST} words that the local engine reads.")
    words = Words(tuple(map(mended, words.said)), words.written)
    chart = Chart(LANGUAGE, words.said)
    readings = {edits_of(items) for items in _Splitting(chart).best()}
    possible = {reading for reading in readings if not isinstance(reading, Impossible)}
    if len(possible) == 1:
        return possible.pop()
    if possible:
        raise _refused(
            "The prompt can be understood in more than one way; name the part of the picture for each change."
        )
    reasons = sorted(reading.reason for reading in readings if isinstance(reading, Impossible))
    raise _refused(reasons[0] if reasons else reason_for(words, chart))


def _refused(reason: str) -> Refused:
    return Refused(f"{reason} {ABILITIES}")


class _At(Enum):
    START = auto()
    AND = auto()
    # After a clause: a further one needs a join, which may be a comma.
    CLAUSE = auto()
    COMMA = auto()


@dataclass(frozen=True)
class _State:
    at: _At
    # Only a request may end in a question mark: "could you ...?"
    is_request: bool


def _passed(name: str, state: _State) -> _State | None:
    """The state after something that asks for nothing by itself; None where it may not stand."""
    further = _State(_At.START if state.at is _At.START else _At.COMMA, state.is_request)
    match name:
        case "REQUEST" | "COURTESY" if state.at is _At.AND:
            return replace(state, is_request=state.is_request or name == "REQUEST")
        case "REQUEST":
            return _State(_At.START, is_request=True)
        case "COURTESY" | "COMMA":
            return further
        case "QUESTION":
            return _State(_At.START, is_request=False) if state.is_request else None
        case "STOP":
            return _State(_At.START, is_request=False)
        case _:
            return _State(_At.AND, state.is_request) if state.at in {_At.CLAUSE, _At.COMMA} else None


_PASSED = ("REQUEST", "COURTESY", "COMMA", "QUESTION", "STOP", "AND")
_Ways: TypeAlias = tuple[int, frozenset[Items]]
_IMPOSSIBLE = 100


@dataclass
class _Splitting:
    """The ways to split a prompt into the fewest clauses; those that can be done go first."""

    chart: Chart
    _found: dict[tuple[int, _State], _Ways] = field(default_factory=dict)

    def best(self) -> frozenset[Items]:
        return self._from(0, _State(_At.START, is_request=False))[1]

    def _from(self, start: int, state: _State) -> _Ways:
        key = (start, state)
        if key not in self._found:
            ways = [way for way in self._ways(start, state) if way[1]]
            fewest = min((cost for cost, _ in ways), default=0)
            self._found[key] = fewest, frozenset().union(*(items for cost, items in ways if cost == fewest))
        return self._found[key]

    def _ways(self, start: int, state: _State) -> Iterator[_Ways]:
        if start == len(self.chart.words) and state.at is not _At.AND:
            yield 0, frozenset({()})
        for name in _PASSED:
            passed = _passed(name, state)
            for end, _ in self.chart.readings(name, start) if passed else ():
                yield self._from(end, cast("_State", passed))
        for name in ("kept",) if state.at is _At.CLAUSE else ("kept", "clause", "story"):
            for end, said in self.chart.readings(name, start):
                item = Item(cast("Clause", said), state.at is _At.AND, state.at is not _At.START)
                # "Could the background be white?" is a request as a whole, and begins with none.
                is_request = state.is_request or self.chart.words[start] in {"could", "can", "may"}
                yield self._after(item, end, replace(state, is_request=is_request))

    def _after(self, item: Item, end: int, state: _State) -> _Ways:
        cost, rest = self._from(end, _State(_At.CLAUSE, state.is_request))
        cost += _IMPOSSIBLE if any(isinstance(each, Impossible) for each in item.said) else 1
        return cost, frozenset((item, *items) for items in rest)
