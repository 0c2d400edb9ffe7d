"""A limit on what is bought in a day, a week or a month."""

import re
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from aeforge_cli.config.values import quoted
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import Usage

if TYPE_CHECKING:
    from decimal import Decimal

_WRITTEN = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([^\s/0-9]{1,24})?\s*/\s*([a-z]{1,6})\s*")
_JOBS = ("job", "jobs")


class Period(StrEnum):
    """What a budget starts anew with, in UTC."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def start(self, now: datetime) -> datetime:
        """When the period of `now`, an aware time, began; weeks begin on Monday."""
        today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        match self:
            case Period.DAY:
                return today
            case Period.WEEK:
                return today - timedelta(days=today.weekday())
            case Period.MONTH:
                return today.replace(day=1)


@dataclass(frozen=True)
class Budget:
    """At most `amount` in each period: of jobs, or of the unit that prices are in."""

    amount: "Decimal"
    unit: str | None
    period: Period

    def period_start(self, now: datetime) -> datetime:
        """When the period of `now`, an aware time, began, in UTC."""
        return self.period.start(now)

    def resets_at(self, now: datetime) -> datetime:
        """When the next period begins, in UTC."""
        start = self.period.start(now)
        longest = timedelta(days={Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 31}[self.period])
        return self.period.start(start + longest)

    def is_in(self, unit: str) -> bool:
        """Whether prices in `unit` count: `credit` and `credits` are the same."""
        return self.unit is not None and _singular(self.unit) == _singular(unit)

    def __str__(self) -> str:
        """As `parse_budget` reads it."""
        return f"{self.amount:f}{f' {self.unit}' if self.unit else ''}/{self.period}"


def parse_budget(text: str) -> Budget | None:
    """`200/day`, `50 jobs/week`, `30 credits/month`; None for an empty text. Raises Usage."""
    if not text.strip():
        return None
    found = _WRITTEN.fullmatch(text)
    periods = [*Period]
    if found is None or found[3] not in periods or not (found[2] or "x").isprintable():
        raise Usage(
            f"{quoted(text)} is not a valid budget", hint="for example 200/day, 1000/month or '30 credits/week'"
        )
    from decimal import Decimal

    amount, unit = Decimal(found[1]), found[2]
    if unit is None or unit.casefold() in _JOBS:
        if amount != int(amount):
            raise Usage(f"{quoted(text)} is not a valid budget", hint="jobs are counted whole, for example 200/day")
        return Budget(Decimal(int(amount)), None, Period(found[3]))
    return Budget(amount, unit, Period(found[3]))


def _singular(unit: str) -> str:
    return unit.casefold().removesuffix("s")
