"""Counts, sizes and times in words."""

from datetime import UTC, datetime, timedelta

import pytest

from aeforge_cli.phrases import ago, count, duration, size

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(("number", "words"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs")])
def test_one_is_never_a_plural(number: int, words: str) -> None:
    assert count(number, "job") == words


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert (count(1, "query", "queries"), count(2, "query", "queries")) == ("1 query", "2 queries")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (2_560_000, "2.6 MB"),
    ],
)
def test_a_size_is_in_the_largest_unit_that_fits(number: int, words: str) -> None:
    assert size(number) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90061, "25 h 1 min"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (timedelta(seconds=-5), "0 s ago"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(days=400), "400 days ago"),
    ],
    ids=str,
)
def test_a_moment_is_told_by_how_long_ago_it_was(past: timedelta, words: str) -> None:
    assert ago(NOW - past, NOW) == words
