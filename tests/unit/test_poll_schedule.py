"""When to poll a job: as the service advises, and the less often the longer it has taken."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.jobs.poll_schedule import PollSchedule


def polls(schedule: PollSchedule, duration: float) -> list[float]:
    """The ages at which a job of this duration is polled; the last poll sees its end."""
    ages = [schedule.pause(0.0)]
    while ages[-1] < duration:
        ages.append(ages[-1] + schedule.pause(ages[-1]))
    return ages


def test_a_short_job_is_polled_about_once_a_second() -> None:
    assert polls(PollSchedule(), 5) == pytest.approx([1.0, 2.05, 3.1, 4.15, 5.2])


def test_a_job_that_ends_on_a_whole_second_is_not_polled_a_moment_before() -> None:
    assert polls(PollSchedule(), 2.02)[-1] == pytest.approx(2.05)


@pytest.mark.parametrize(("age", "pause"), [(10.0, 1.05), (40.0, 2.0), (80.0, 4.0), (100.0, 5.0), (3600.0, 5.0)])
def test_a_long_job_is_polled_less_often_but_every_5_seconds(age: float, pause: float) -> None:
    assert PollSchedule().pause(age) == pause


def test_the_users_own_interval_is_kept() -> None:
    assert polls(PollSchedule(3.0), 8.0) == [1.0, 4.0, 7.0, 10.0]
    assert polls(PollSchedule(0.2), 0.5) == pytest.approx([0.2, 0.4, 0.6])


@given(st.floats(0.1, 600))
def test_whatever_a_job_takes_its_end_is_noticed_within_a_second_or_a_twentieth_of_it(duration: float) -> None:
    ages = polls(PollSchedule(), duration)

    assert ages[-1] - duration <= max(1.05, 0.05 * duration)
    assert all(1 <= later - earlier <= 5.001 for earlier, later in itertools.pairwise(ages))
