"""When to look at a job: as the service advises, and better once the durations of earlier jobs are known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.journal import Lasted
from aeforge_cli.pace import SOONEST, LearningPace, Pace, SteadyPace


def looks(pace: Pace, duration: float) -> list[float]:
    """The ages at which a job of this duration is looked at, the last one sees its end."""
    ages = [pace.pause(0.0)]
    while ages[-1] < duration:
        ages.append(ages[-1] + pace.pause(ages[-1]))
    return ages


def seen(*durations: float) -> list[Lasted]:
    return [Lasted(duration - 0.5, duration + 0.5) for duration in durations]


def test_without_experience_looks_are_as_the_service_advises() -> None:
    ages = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.05, 9.26, 10.65, 12.24]

    assert looks(LearningPace(), 12) == pytest.approx(ages, abs=0.01)


def test_a_long_job_is_looked_at_every_5_seconds() -> None:
    assert LearningPace().pause(600.0) == 5.0


def test_the_users_own_interval_is_kept() -> None:
    assert looks(SteadyPace(3.0), 8.0) == [1.0, 4.0, 7.0, 10.0]
    assert looks(SteadyPace(0.2), 0.5) == pytest.approx([0.2, 0.4, 0.6])


def test_the_first_look_falls_where_earlier_jobs_have_ended() -> None:
    pace = LearningPace(seen(*[20.0] * 20))

    ages = looks(pace, 20.0)

    assert 19 <= ages[0] <= 21
    assert len(ages) <= 3


def test_experience_costs_fewer_looks_and_less_lag() -> None:
    chance = random.Random(7)
    durations = [chance.lognormvariate(2.5, 0.25) for _ in range(60)]
    learnt, fresh = LearningPace(seen(*durations[:30])), LearningPace()

    def price(pace: Pace) -> tuple[int, float]:
        runs = [(looks(pace, duration), duration) for duration in durations[30:]]
        return sum(len(ages) for ages, _ in runs), sum(ages[-1] - duration for ages, duration in runs)

    assert price(learnt)[0] < price(fresh)[0]
    assert sum(price(learnt)) < sum(price(fresh))


def test_a_few_jobs_say_nothing_yet() -> None:
    assert LearningPace(seen(60, 60, 60, 60)).pause(0.0) == 1.0


def test_what_ends_before_our_eyes_teaches() -> None:
    pace = LearningPace()
    for lesson in seen(*[30.0] * 8):
        pace.learn(lesson)

    assert pace.pause(0.0) > 20


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), max_size=12), st.floats(0, 5000))
def test_no_experience_whatever_makes_looks_too_frequent(bounds: list[tuple[float, float]], elapsed: float) -> None:
    pace = LearningPace([Lasted(min(pair), max(pair)) for pair in bounds])

    pause = pace.pause(elapsed)

    assert pause > 0
    assert elapsed == 0 or pause >= SOONEST
