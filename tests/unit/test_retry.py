"""When to try again: what the service asked for, else chance; and never without end."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.api.retry import (
    LONGEST_WAIT,
    SHORTEST_PAUSE,
    ConcurrencyLimiter,
    RetryBudget,
    jitter,
    pause,
    retry_after,
)

NOON = "Sun, 01 Feb 2026 12:00:00 GMT"
OUR_NOON = datetime(2026, 2, 1, 12, 0, 10, tzinfo=UTC)  # our clock is fast


@given(st.integers(0, 10_000), st.integers())
def test_a_pause_is_by_chance_and_doubles_up_to_20_seconds(attempt: int, seed: int) -> None:
    longest = min(20.0, 0.5 * 2 ** min(attempt, 16))

    assert SHORTEST_PAUSE <= jitter(attempt, chance=random.Random(seed)) <= longest


def test_pauses_use_the_whole_range_so_that_clients_spread() -> None:
    chance = random.Random(7)
    pauses = [jitter(10, chance=chance) for _ in range(1000)]

    assert min(pauses) < 1
    assert max(pauses) > 19


@given(st.integers(0, 10_000), st.none() | st.floats(0, 10**12), st.integers())
def test_what_a_service_asks_for_lengthens_our_own_pause_and_never_shortens_it(
    attempt: int, asked: float | None, seed: int
) -> None:
    own = jitter(attempt, chance=random.Random(seed))

    waited = pause(attempt, asked, chance=random.Random(seed))

    assert waited == max(own, min(asked or 0.0, LONGEST_WAIT))


WAITS = {
    "seconds": ("3", NOON, 3.0),
    "seconds, written with a zero": ("07", NOON, 7.0),
    "none at all": ("0", NOON, 0.0),
    "with white space": (" 5 ", NOON, 5.0),
    "a date": ("Sun, 01 Feb 2026 12:00:30 GMT", NOON, 30.0),
    "a date of an old form": ("Sunday, 01-Feb-26 12:00:30 GMT", NOON, 30.0),
    "a date that is past": ("Sun, 01 Feb 2026 11:00:00 GMT", NOON, 0.0),
    "a date without an answer's own": ("Sun, 01 Feb 2026 12:00:30 GMT", "", 20.0),
    "a date with nonsense for the answer's own": ("Sun, 01 Feb 2026 12:00:30 GMT", "today", 20.0),
    "a date without a zone": ("Sun, 01 Feb 2026 12:00:30 -0000", NOON, 30.0),
    "a past date without an answer's own": ("Sun, 01 Feb 2026 11:00:00 GMT", "", 0.0),
    "the last date there is": ("Fri, 31 Dec 9999 23:59:59 GMT", NOON, 1e9),
    "absent": ("", NOON, None),
    "negative": ("-1", NOON, None),
    "a fraction": ("1.5", NOON, None),
    "words": ("soon", NOON, None),
    "not a number": ("nan", NOON, None),
    "without end": ("inf", NOON, None),
    "a number of 21 digits": ("9" * 21, NOON, 1e9),
    "a number of 5 000 digits": ("9" * 5000, NOON, 1e9),
    "digits of another script": ("\u0663", NOON, None),
    "a date that is none": ("Sun, 99 Feb 2026 12:00:30 GMT", NOON, None),
}


@pytest.mark.parametrize(("value", "date", "wait"), WAITS.values(), ids=WAITS)
def test_retry_after_is_seconds_or_a_date_by_the_services_own_clock(value: str, date: str, wait: float | None) -> None:
    assert retry_after({"retry-after": value, "date": date}, OUR_NOON) == wait


@given(st.text(), st.text())
def test_no_header_whatever_makes_us_fail(value: str, date: str) -> None:
    wait = retry_after({"retry-after": value, "date": date}, OUR_NOON)

    assert wait is None or 0 <= wait <= 1e9


def test_an_answer_without_the_header_asks_for_nothing() -> None:
    assert retry_after({}, OUR_NOON) is None


def test_a_dead_service_exhausts_the_budget_and_successes_fill_it_again() -> None:
    budget = RetryBudget()
    spent = [budget.spend() for _ in range(21)]
    for _ in range(5):
        budget.earn()

    assert spent == [True] * 20 + [False]
    assert [budget.spend(), budget.spend()] == [True, False]


def test_a_budget_is_never_more_than_full() -> None:
    budget = RetryBudget(tokens=10)
    for _ in range(100):
        budget.earn()

    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_a_budget_says_when_it_is_spent() -> None:
    budget = RetryBudget(tokens=9)

    assert (budget.is_spent, budget.spend(), budget.is_spent) == (False, True, True)
    budget.earn()
    assert (budget.is_spent, budget.spend()) == (False, True)


# ------------------------------------------------------------------ too many requests


def test_a_refusal_halves_what_may_be_under_way_and_silences_all() -> None:
    limiter = ConcurrencyLimiter(16)

    limiter.hold(3.0, now=100.0)

    assert (limiter.limit, limiter.remaining(101.0), limiter.remaining(103.0)) == (8, 2.0, 0.0)


def test_refusals_of_the_same_moment_count_once() -> None:
    limiter = ConcurrencyLimiter(16)
    for wait in (3.0, 5.0, 1.0):
        limiter.hold(wait, now=100.0)

    assert (limiter.limit, limiter.remaining(100.0)) == (8, 5.0)


def test_one_job_may_always_be_under_way() -> None:
    limiter = ConcurrencyLimiter(4)
    for moment in range(10):
        limiter.hold(0.5, now=float(moment))

    assert limiter.limit == 1


def test_20_successes_allow_one_more_but_never_more_than_at_first() -> None:
    limiter = ConcurrencyLimiter(4)
    limiter.hold(1.0, now=0.0)
    limits = []
    for _ in range(200):
        limiter.earn()
        limits.append(limiter.limit)

    assert (limits[18], limits[20], limits[41], limits[-1]) == (2, 3, 4, 4)
