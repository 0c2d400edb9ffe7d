"""Budgets: how they are written, and when they start anew."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.config.budget import Budget, Period, parse_budget
from aeforge_cli.errors import Usage

WRITTEN = {
    "200/day": Budget(Decimal(200), None, Period.DAY),
    "0/day": Budget(Decimal(0), None, Period.DAY),
    " 50 jobs / week ": Budget(Decimal(50), None, Period.WEEK),
    "1 Job/month": Budget(Decimal(1), None, Period.MONTH),
    "30 credits/day": Budget(Decimal(30), "credits", Period.DAY),
    "0.5credits/month": Budget(Decimal("0.5"), "credits", Period.MONTH),
    "12.50 €/week": Budget(Decimal("12.50"), "€", Period.WEEK),
}


@pytest.mark.parametrize(("text", "budget"), WRITTEN.items(), ids=WRITTEN)
def test_a_budget_is_written_as_people_write_it(text: str, budget: Budget) -> None:
    assert parse_budget(text) == budget


@pytest.mark.parametrize("text", ["", "  "])
def test_without_a_text_there_is_no_budget(text: str) -> None:
    assert parse_budget(text) is None


WRONG = (
    "200",
    "-1/day",
    "1.5/day",
    "1.5 jobs/day",
    "x/day",
    "200/year",
    "200/day/day",
    "1e3/day",
    "٣/day",
    "5 a b/day",
    "inf/day",
    "1 \u200b/day",
)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_a_budget_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="is not a valid budget"):
        parse_budget(text)


@given(st.text(max_size=30))
def test_any_text_is_a_budget_or_refused(text: str) -> None:
    try:
        budget = parse_budget(text)
    except Usage:
        return

    assert budget is None or parse_budget(str(budget)) == budget


NOW = datetime(2026, 2, 26, 13, 30, tzinfo=UTC)  # a Thursday
TIMES = {
    Period.DAY: (datetime(2026, 2, 26, tzinfo=UTC), datetime(2026, 2, 27, tzinfo=UTC)),
    Period.WEEK: (datetime(2026, 2, 23, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
    Period.MONTH: (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
}


@pytest.mark.parametrize(("period", "times"), TIMES.items(), ids=TIMES)
def test_a_period_begins_and_ends_in_utc(period: Period, times: tuple[datetime, datetime]) -> None:
    budget = Budget(Decimal(1), None, period)

    assert (budget.period_start(NOW), budget.resets_at(NOW)) == times


def test_the_time_of_another_zone_is_that_of_utc() -> None:
    late = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))

    assert Budget(Decimal(1), None, Period.MONTH).period_start(late) == datetime(2025, 12, 1, tzinfo=UTC)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.sampled_from(Period))  # noqa: DTZ001 - made aware below
def test_every_moment_lies_in_its_period(moment: datetime, period: Period) -> None:
    now = moment.replace(tzinfo=UTC)
    budget = Budget(Decimal(1), None, period)

    assert budget.period_start(now) <= now < budget.resets_at(now)
    assert budget.period_start(budget.resets_at(now)) == budget.resets_at(now)


@pytest.mark.parametrize(("unit", "same"), [("credits", True), ("Credit", True), ("euros", False)])
def test_a_unit_is_the_same_in_singular_and_plural(unit: str, same: bool) -> None:
    budget = parse_budget("30 credits/day")

    assert budget is not None
    assert budget.is_in(unit) is same


def test_a_budget_of_jobs_is_in_no_unit() -> None:
    budget = parse_budget("30/day")

    assert budget is not None
    assert not budget.is_in("jobs")
