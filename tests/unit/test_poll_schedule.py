"""When to look at a job: as the service advises, and better once the durations of earlier jobs are known."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.jobs.poll_schedule import SOONEST, FixedSchedule, LearnedSchedule, PollSchedule
from aeforge_cli.journal.interface import Lasted


def looks(schedule: PollSchedule, duration: float, job: str = "a") -> list[float]:
    """The ages at which a job of this duration is looked at, the last one sees its end."""
    ages = [schedule.pause(0.0, job)]
    while ages[-1] < duration:
        ages.append(ages[-1] + schedule.pause(ages[-1], job))
    return ages


def seen(*durations: float) -> list[Lasted]:
    return [Lasted(duration - 0.5, duration + 0.5) for duration in durations]


def test_without_experience_looks_are_as_the_service_advises() -> None:
    ages = [1.0, 2.05, 3.1, 4.15, 5.2, 6.25, 7.3, 8.39, 9.65, 11.1, 12.76]

    assert looks(LearnedSchedule(), 12) == pytest.approx(ages, abs=0.01)


def test_a_long_job_is_looked_at_every_5_seconds() -> None:
    assert LearnedSchedule().pause(600.0, "a") == 5.0


def test_the_users_own_interval_is_kept() -> None:
    assert looks(FixedSchedule(3.0), 8.0) == [1.0, 4.0, 7.0, 10.0]
    assert looks(FixedSchedule(0.2), 0.5) == pytest.approx([0.2, 0.4, 0.6])


def test_the_first_look_falls_where_earlier_jobs_have_ended() -> None:
    schedule = LearnedSchedule(seen(*[20.0] * 20))

    ages = looks(schedule, 20.0)

    assert 19 <= ages[0] <= 21
    assert len(ages) <= 3


def test_experience_costs_fewer_looks_and_less_lag() -> None:
    chance = random.Random(7)
    durations = [chance.lognormvariate(2.5, 0.25) for _ in range(60)]
    learnt, fresh = LearnedSchedule(seen(*durations[:30])), LearnedSchedule()

    def price(schedule: PollSchedule) -> tuple[int, float]:
        runs = [(looks(schedule, duration), duration) for duration in durations[30:]]
        return sum(len(ages) for ages, _ in runs), sum(ages[-1] - duration for ages, duration in runs)

    assert price(learnt)[0] < price(fresh)[0]
    assert sum(price(learnt)) < sum(price(fresh))


def test_a_few_jobs_say_nothing_yet() -> None:
    assert LearnedSchedule(seen(60, 60, 60, 60)).pause(0.0, "a") == 1.0


def test_what_ends_before_our_eyes_teaches() -> None:
    schedule = LearnedSchedule()
    for number, lesson in enumerate(seen(*[30.0] * 8)):
        schedule.learn(lesson, number)

    assert schedule.pause(0.0, "a") > 20


def test_jobs_that_still_run_teach_too_since_the_first_to_end_are_the_shortest() -> None:
    """Many jobs of 10 s, begun together: a few short ones end first, and say nothing of the rest."""
    schedule = LearnedSchedule()
    for number in range(40):
        schedule.pause(9.0, number)
    for number in range(5):
        schedule.learn(Lasted(2.0, 3.0), number)

    assert schedule.pause(0.0, "the next") > 5


@pytest.mark.parametrize("duration", [2.0, 3.5, 10.0])
def test_jobs_that_last_the_same_are_looked_at_just_after_their_end(duration: float) -> None:
    schedule = LearnedSchedule([Lasted(duration * 0.98, duration * 1.01)] * 20)

    [only_look] = looks(schedule, duration)

    assert duration <= only_look <= 1.15 * duration


def test_where_more_jobs_follow_the_first_looks_are_spread_over_a_second() -> None:
    schedule = LearnedSchedule(explores=True)

    first = sorted(schedule.pause(0.0, number) for number in range(24))
    later = schedule.pause(0.0, "later")

    gaps = [after - before for before, after in itertools.pairwise([1.0, *first, 2.0])]
    assert max(gaps) < 0.1
    assert later == 1.0


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), max_size=12), st.floats(0, 5000))
def test_no_experience_whatever_makes_looks_too_frequent(bounds: list[tuple[float, float]], elapsed: float) -> None:
    schedule = LearnedSchedule([Lasted(min(pair), max(pair)) for pair in bounds])

    pause = schedule.pause(elapsed, "a")

    assert pause > 0
    assert elapsed == 0 or pause >= SOONEST
