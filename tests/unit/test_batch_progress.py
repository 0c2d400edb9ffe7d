"""Of many jobs, the few that a person should see."""

import pytest

from aeforge_cli.api.responses import JobId
from aeforge_cli.jobs.events import Event, Receiving, RetryScheduled, Submitted, Submitting, Waiting
from aeforge_cli.output.batch_progress import BatchProgress
from aeforge_cli.output.tables import cells

LARGE = 200_000_000


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standing(clock: Clock) -> BatchProgress:
    return BatchProgress(clock)


def begin(standing: BatchProgress, clock: Clock, *names: str) -> None:
    """One job a second."""
    for name in names:
        standing.hear(Submitting(name, 0, 1000))
        standing.hear(Submitted(JobId(f"id-{name}"), name))
        standing.hear(Waiting(JobId(f"id-{name}"), "Pending", 0.0))
        clock.now += 1


def test_the_jobs_that_have_taken_longest_are_shown(standing: BatchProgress, clock: Clock) -> None:
    begin(standing, clock, "a", "b", "c", "d")

    assert standing.lines() == ["a: Pending, 4 s", "b: Pending, 3 s", "c: Pending, 2 s"]


def test_what_a_job_is_at_is_seen_whatever_its_picture_is_called(standing: BatchProgress, clock: Clock) -> None:
    begin(standing, clock, "photos/" + "写真" * 40 + "1.jpg")

    line = standing.lines()[0]
    assert (line[0], line.endswith("写真1.jpg: Pending, 1 s"), cells(line) < 50) == ("…", True, True)


def test_a_job_without_a_picture_of_its_own_is_shown_by_its_id(standing: BatchProgress) -> None:
    standing.hear(Submitting("", LARGE // 2, LARGE))
    sending = standing.lines()
    standing.hear(Submitted(JobId("id-1"), ""))

    assert (sending, standing.lines()) == (["a job: sending 50% of 200.0 MB, 0 s"], ["id-1: submitted, 0 s"])


def test_a_job_that_has_ended_makes_room_for_the_next(standing: BatchProgress, clock: Clock) -> None:
    begin(standing, clock, "a", "b", "c", "d")

    standing.forget("id-a")
    standing.forget(None, "nobody")

    assert standing.lines() == ["b: Pending, 3 s", "c: Pending, 2 s", "d: Pending, 1 s"]


def test_one_in_trouble_comes_first_until_it_is_heard_from_again(standing: BatchProgress, clock: Clock) -> None:
    begin(standing, clock, "a", "b", "c", "d")
    standing.hear(RetryScheduled("HTTP 503", 7.0, JobId("id-d")))

    assert standing.lines()[0] == "d: HTTP 503; again in 7 s, 1 s"

    clock.now += 8
    assert standing.lines()[0] == "d: HTTP 503, 9 s"

    standing.hear(Waiting(JobId("id-d"), "Pending", 9.0))
    assert standing.lines()[0] == "a: Pending, 12 s"


LARGE_ONES: list[tuple[Event, str]] = [
    (Submitting("huge", LARGE // 4, LARGE), "huge: sending 25% of 200.0 MB, 0 s"),
    (Receiving(JobId("id-d"), 1, 1, LARGE // 2, LARGE), "d: receiving 50% of 200.0 MB, 1 s"),
]


@pytest.mark.parametrize(("event", "line"), LARGE_ONES, ids=["up", "down"])
def test_a_large_picture_on_its_way_is_shown_before_those_that_wait(
    standing: BatchProgress, clock: Clock, event: Event, line: str
) -> None:
    begin(standing, clock, "a", "b", "c", "d")

    standing.hear(event)

    assert standing.lines() == [line, "a: Pending, 4 s", "b: Pending, 3 s"]


def test_a_large_picture_that_was_sent_is_a_job_like_others(standing: BatchProgress, clock: Clock) -> None:
    begin(standing, clock, "a", "b", "c")
    standing.hear(Submitting("huge", LARGE // 4, LARGE))
    standing.hear(Submitting("huge", LARGE, LARGE))
    standing.hear(Submitted(JobId("id-huge"), "huge"))

    assert standing.lines() == ["a: Pending, 3 s", "b: Pending, 2 s", "c: Pending, 1 s"]


def test_small_pictures_pass_unseen(standing: BatchProgress) -> None:
    standing.hear(Submitting("small", 10, 1000))
    standing.hear(Receiving(JobId("id"), 1, 1, 10, None))

    assert standing.lines() == []
