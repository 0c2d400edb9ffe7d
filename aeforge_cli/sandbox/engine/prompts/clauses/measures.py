""" "The contrast", "20 % more brightness": measures, by words and by numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from aeforge_cli.sandbox.engine.edits import Tone
from aeforge_cli.sandbox.engine.prompts.clauses.saying import Clause, PartSaid, all_become, becomes, rule
from aeforge_cli.sandbox.engine.prompts.meaning import Impossible, Reference
from aeforge_cli.sandbox.engine.prompts.values import OPPOSITES, by_amount, by_degree, by_percent, to_percent
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from aeforge_cli.sandbox.engine.prompts.values import Amount


# --- Measures ---

_Measured: TypeAlias = tuple[tuple[PartSaid, Tone, "Amount"], ...]


@rule(
    "measured",
    """
    [THE] <quantity:measure> [(of|in|on|for|to) <part>] [<amount>]
    [THE] <bare_part:part> ['s] <quantity:measure> [<amount>]
    [THE] <quantity:measure> <amount> (of|in|on|for) <part>
    """,
)
def _measured(measure: Tone, part: PartSaid = Reference.UNSAID, amount: Amount = None) -> _Measured:
    return ((part, measure, amount),)


@rule("measured", "[THE] <quantity:measure> LIST <measured>\n [THE] <quantity:measure> <amount> LIST <measured>")
def _measures(measure: Tone, measured: _Measured, amount: Amount = None) -> _Measured:
    """ "Brightness and contrast of the subject by 20 %": what is said of the last is said of all."""
    part, _, last = measured[0]
    return ((part, measure, last), *measured) if amount is None else ((Reference.UNSAID, measure, amount), *measured)


@rule(
    "clause",
    """
    (UP|UPPED) [[of] <amount>] <measured>
    <verb_degree:amount> UP <measured>
    [MOVE|SET] <measured> [back] up [<amount>]
    (WANT|BECOME|MAY) <measured> [be] UPPED [<amount>]
    <measured> SHOULD UPPED [<amount>]
    """,
)
def _raised(measured: _Measured, amount: Amount = None) -> Clause | None:
    return _moved(measured, amount, lambda tone: tone)


@rule(
    "clause",
    """
    (DOWN|DOWNED) [[of] <amount>] <measured>
    <verb_degree:amount> DOWN <measured>
    [MOVE|SET] <measured> ([back] down|back) [<amount>]
    (WANT|BECOME|MAY) <measured> [be] DOWNED [<amount>]
    <measured> SHOULD DOWNED [<amount>]
    """,
)
def _lowered(measured: _Measured, amount: Amount = None) -> Clause | None:
    return _moved(measured, amount, OPPOSITES.__getitem__)


def _moved(measured: _Measured, amount: Amount, direction: Callable[[Tone], Tone]) -> Clause | None:
    if amount is not None and any(own is not None for _, _, own in measured):
        return None
    moved = ((part, by_amount(direction(tone), amount if own is None else own)) for part, tone, own in measured)
    return tuple(said for part, value in moved for said in becomes(part, value))


@rule("measures", "<quantity:measure>\n <quantity:measure> LIST <measures>")
def _listed(measure: Tone, measures: tuple[Tone, ...] = ()) -> tuple[Tone, ...]:
    return (measure, *measures)


@rule(
    "clause",
    """
    [GIVE|WANT|BECOME|with] [me|it] <more_degree:degree> <measures> [(to|in|on|for|of) <part>]
    (GIVE|WANT) <part> <more_degree:degree> <measures>
    [<part>] NEEDS <more_degree:degree> <measures>
    [THE] <measures> [(of|in|on) <part>] [SHOULD] <more_degree:degree>
    (GIVE|add) <noun_degree:degree> <measures> [(to|on|in) <part>]
    GIVE <part> <noun_degree:degree> <measures>
    [GIVE|add] [<noun_degree:degree>] <bare_part:part> <blur:measures>
    [GIVE|add] [<noun_degree:degree>] <blur:measures> (to|on) <part>
    """,
)
def _more_or_less(measures: tuple[Tone, ...], degree: float = 1.0, part: PartSaid = Reference.UNSAID) -> Clause:
    return all_become((part,), (by_degree(measure, degree) for measure in measures))


LANGUAGE.means("blur", (Tone.BLURRED,), "blur")
LANGUAGE.phrase("blur_alone", "blur", Tone.BLURRED)
LANGUAGE.either("quantity", "measure", "blur_alone")


# --- Measures by numbers ---


@rule(
    "clause",
    """
    (+|plus) <steps> <measure> [(of|in|on|for|to) <part>]
    [<bare_part:part> ['s|:]] <measure> [:|=|by] (+|plus) <steps>
    [THE] <measure> (of|in|on|for) <part> [:|=|by] (+|plus) <steps>
    <part> [:] (+|plus) <steps> <measure>
    <percent:steps> more <measure> [(to|in|on|for) <part>]
    more <measure> [,|by|:] [+] <percent:steps>
    SET [THE] <measure> [of <part>] by + <steps>
    """,
)
def _plus(steps: int, measure: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return becomes(part, by_percent(measure, steps))


@rule(
    "clause",
    """
    (-|minus) <steps> <measure> [(of|in|on|for|to) <part>]
    [<bare_part:part> ['s|:]] <measure> [:|=|by] (-|minus) <steps>
    [THE] <measure> (of|in|on|for) <part> [:|=|by] (-|minus) <steps>
    <part> [:] (-|minus) <steps> <measure>
    <percent:steps> less <measure> [(to|in|on|for) <part>]
    less <measure> [,|by|:] [-] <percent:steps>
    SET [THE] <measure> [of <part>] by - <steps>
    """,
)
def _minus(steps: int, measure: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return becomes(part, by_percent(OPPOSITES[measure], steps))


@rule(
    "clause",
    """
    [SET] [THE] <measure> [level] [(of|in|for|on) <part>] (SHOULD|at) <percent>
    [SET] [THE] <measure> [(of|in|for|on) <part>] to <above:percent>
    [SET] [THE] <bare_part:part> ['s] <measure> (SHOULD|at) <percent>
    [SET [it] to|with|at|use] <percent> <measure>
    set [THE] <measure> <percent>
    <part> (at|with) <percent> <measure>
    """,
)
def _measure_to(percent: int, measure: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return becomes(part, to_percent(measure, percent))


@rule("above", "<number>")
def _above(number: int) -> int | None:
    """Without a sign, a number is a share of today's value only where no slider goes so far."""
    return number if number > 100 else None


@rule(
    "clause",
    """
    <direction> [THE] <measure> [of <part>] to <percent>
    (MOVE|SET) [THE] <measure> [of <part>] <way:direction> to <percent>
    """,
)
def _moved_to(direction: int, percent: int, measure: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    if (percent - 100) * direction <= 0:
        way = "lower" if direction > 0 else "raise"
        return (Impossible(f'"to {percent}%" would {way} it: the present value is 100%.'),)
    return becomes(part, to_percent(measure, percent))


LANGUAGE.phrase("way", "up", 1)
LANGUAGE.phrase("way", "down", -1)
LANGUAGE.means("direction", 1, "UP")
LANGUAGE.means("direction", -1, "DOWN")


@rule(
    "clause",
    """
    <measure> [SHOULD|at] <zero> [%]
    <zero> <measure>
    (SET|DOWN) [THE] <measure> to <zero> [%]
    (MOVE|SET) [THE] <measure> down to <zero> [%]
    """,
)
def _measure_to_zero(measure: Tone, zero: int) -> Clause:
    return becomes(Reference.UNSAID, to_percent(measure, zero))


LANGUAGE.phrase("zero", "0, zero", 0)


@rule("clause", "{measure} <percent>\n SET [THE] {measure} [by] <percent>")
def _no_direction(percent: int) -> Clause | None:
    ask = Impossible(f'Say "to {percent}%", "up by {percent}%" or "down by {percent}%".')
    return (ask,) if percent else None


@rule("clause", "double [THE] <measure> [of <part>]")
def _doubled(measure: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return becomes(part, to_percent(measure, 200))


@rule("clause", "(halve|half) [THE] <measure> [of <part>]")
def _halved(measure: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return becomes(part, to_percent(measure, 50))
