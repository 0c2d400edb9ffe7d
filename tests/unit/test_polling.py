"""Waiting for a job: troubles that pass, and the end of patience."""

import math
from dataclasses import dataclass

import pytest

from aeforge_cli.api.client import Client
from aeforge_cli.api.responses import Failed, Succeeded
from aeforge_cli.api.transport import Answer, Fault
from aeforge_cli.errors import (
    AeforgeError,
    JobNotFound,
    JobStillRunning,
    KeyRejected,
    RateLimited,
    ServiceError,
    UnexpectedAnswer,
    Unreachable,
)
from aeforge_cli.jobs.events import Event, RetryScheduled, Waiting
from aeforge_cli.jobs.poll_schedule import PollSchedule
from aeforge_cli.jobs.polling import EMPTY_POLLS, Poller
from tests.unit.conftest import JOB, LINK, FakeClock, FakeTransport, Scripted, stands, told, unanswered

DONE = stands("Succeed", LINK)
PENDING = stands("Pending")
NOT_FOUND = told({"detail": "Job not found"}, 404)


def to_the_end(poller: Poller, clock: FakeClock) -> Succeeded | Failed:
    """Polls, and pauses as the poller says, until the job has ended."""
    clock.sleep(poller.first_pause())
    while isinstance(found := poller.poll(), float):
        clock.sleep(found)
    return found


@dataclass
class Watching:
    """Someone who waits: for `patience` seconds, for a job made just now or not."""

    client: Client
    transport: FakeTransport
    clock: FakeClock
    events: list[Event]

    def watch(self, *answers: Scripted, timeout: float = 600.0, is_new: bool = True, is_known: bool = True) -> Poller:
        self.transport.says(*answers)
        now = self.clock.monotonic()
        return Poller(
            JOB,
            client=self.client,
            clock=self.clock,
            schedule=PollSchedule(2.0),
            until=now + timeout,
            accepted=now if is_new else None,
            notify=self.events.append,
            is_known=is_known,
        )

    def fails(self, *answers: Scripted, timeout: float = 600.0, is_new: bool = True) -> AeforgeError:
        watch = self.watch(*answers, timeout=timeout, is_new=is_new)
        with pytest.raises(AeforgeError) as failed:
            to_the_end(watch, self.clock)
        return failed.value


@pytest.fixture
def user(client: Client, transport: FakeTransport, clock: FakeClock) -> Watching:
    return Watching(client, transport, clock, [])


def test_a_new_job_is_looked_at_until_it_is_done(user: Watching) -> None:
    watch = user.watch(PENDING, PENDING, DONE)

    assert to_the_end(watch, user.clock) == Succeeded((LINK,))
    assert user.clock.slept == [1.0, 2.0, 2.0]
    assert user.events == [Waiting(JOB, "Pending", 1.0), Waiting(JOB, "Pending", 3.0)]


def test_an_old_job_is_looked_at_at_once(user: Watching) -> None:
    watch = user.watch(DONE, is_new=False)

    assert to_the_end(watch, user.clock) == Succeeded((LINK,))
    assert user.clock.slept == [0.0]


def test_a_job_that_failed_is_an_end_too(user: Watching) -> None:
    watch = user.watch(PENDING, stands("Failed"))

    assert to_the_end(watch, user.clock) == Failed()


def test_a_state_nobody_knows_is_waited_out_and_told(user: Watching) -> None:
    assert to_the_end(user.watch(stands("Queued"), DONE), user.clock) == Succeeded((LINK,))
    assert user.events == [Waiting(JOB, "Queued", 1.0)]


@pytest.mark.parametrize("word", ["succeed", "SUCCEED", "Succeeded", " Succeed", "succeed\n"])
def test_a_status_is_the_same_in_any_case_and_between_spaces(user: Watching, word: str) -> None:
    assert to_the_end(user.watch(stands(word, LINK)), user.clock) == Succeeded((LINK,))


def test_patience_ends_with_a_last_look(user: Watching) -> None:
    error = user.fails(*[PENDING] * 5, timeout=6.0)

    assert (type(error), error.message, error.hint) == (
        JobStillRunning,
        f"Job {JOB} is still running after 6 s; nothing is lost",
        f"aeforge job wait {JOB}",
    )
    assert user.clock.slept == [1.0, 2.0, 2.0, 1.0]
    assert user.transport.script == [PENDING]
    user.transport.script.clear()


def test_a_job_that_ends_with_patience_is_not_missed(user: Watching) -> None:
    assert to_the_end(user.watch(PENDING, PENDING, DONE, timeout=4.0), user.clock) == Succeeded((LINK,))


def test_without_a_limit_patience_does_not_end(user: Watching) -> None:
    assert to_the_end(user.watch(*[PENDING] * 5000, DONE, timeout=math.inf), user.clock) == Succeeded((LINK,))
    assert user.clock.time > 9000


@pytest.mark.parametrize(
    "trouble",
    [unanswered(Fault.CLOSED), unanswered(Fault.NAME), Answer(500), Answer(200, {}, b"<html>"), told({}, 429)],
    ids=["cut", "no name", "500", "nonsense", "429"],
)
def test_a_failed_look_is_a_warning_and_not_an_end(user: Watching, trouble: Scripted) -> None:
    assert to_the_end(user.watch(trouble, PENDING, trouble, DONE), user.clock) == Succeeded((LINK,))

    kinds = [type(event) for event in user.events]
    assert kinds == [RetryScheduled, Waiting, RetryScheduled]
    assert all(event.seconds >= 1 for event in user.events if isinstance(event, RetryScheduled))


def test_the_service_says_when_to_look_again(user: Watching) -> None:
    to_the_end(user.watch(Answer(503, {"retry-after": "9"}), DONE), user.clock)

    assert user.clock.slept == [1.0, 9.0]
    assert user.events == [RetryScheduled("HTTP 503", 9.0, JOB)]


ENDS: dict[str, tuple[Scripted, type[AeforgeError], str]] = {
    "no connection": (unanswered(Fault.REFUSED), Unreachable, "connection refused"),
    "500": (Answer(500), ServiceError, "HTTP 500"),
    "429": (told({}, 429), RateLimited, "HTTP 429"),
    "nonsense": (Answer(200, {}, b"x"), UnexpectedAnswer, "the answer is not a JSON object"),
}


@pytest.mark.parametrize(("answer", "kind", "why"), ENDS.values(), ids=ENDS)
def test_trouble_that_does_not_pass_is_told_when_patience_ends(
    user: Watching, answer: Scripted, kind: type[AeforgeError], why: str
) -> None:
    error = user.fails(*[answer] * 100, timeout=20.0)

    assert (type(error), error.why, error.job_id) == (kind, why, JOB)
    assert error.hint
    assert 19 <= user.clock.time - 1000.0 <= 21
    user.transport.script.clear()


def test_patience_ends_even_where_the_service_asks_for_more(user: Watching) -> None:
    error = user.fails(told({}, 429, retry_after="300"), timeout=20.0)

    assert (type(error), user.clock.time - 1000.0) == (RateLimited, 20.0)


def test_a_new_job_may_be_unknown_for_a_moment(user: Watching) -> None:
    assert to_the_end(user.watch(NOT_FOUND, NOT_FOUND, DONE), user.clock) == Succeeded((LINK,))


def test_a_job_that_stays_unknown_is_not_found(user: Watching) -> None:
    assert type(user.fails(*[NOT_FOUND] * 60)) is JobNotFound
    assert 30 <= user.clock.time - 1000.0 <= 60
    user.transport.script.clear()


def test_an_old_job_is_not_lost_by_one_answer_either(user: Watching) -> None:
    error = user.fails(*[NOT_FOUND] * 60, is_new=False)

    assert isinstance(error, JobNotFound)
    assert (error.is_certain, user.clock.time - 1000.0 >= 30) == (True, True)
    user.transport.script.clear()


def test_a_job_that_only_the_command_line_names_is_not_found_at_once(user: Watching) -> None:
    watch = user.watch(NOT_FOUND, is_new=False, is_known=False)

    with pytest.raises(JobNotFound) as failed:
        to_the_end(watch, user.clock)

    assert failed.value.is_certain is False


def test_an_answer_in_between_begins_the_count_anew(user: Watching) -> None:
    watch = user.watch(*[NOT_FOUND] * 6, PENDING, NOT_FOUND, NOT_FOUND, DONE, is_new=False)

    assert to_the_end(watch, user.clock) == Succeeded((LINK,))


def test_a_timeout_before_it_is_certain_says_that_the_job_still_runs(user: Watching) -> None:
    assert type(user.fails(*[NOT_FOUND] * 9, timeout=5.0)) is JobStillRunning
    user.transport.script.clear()


def test_a_key_that_is_revoked_meanwhile_ends_the_wait(user: Watching) -> None:
    assert type(user.fails(PENDING, told({"detail": "Invalid API key"}, 401))) is KeyRejected


def test_a_success_without_results_is_asked_about_a_few_times(user: Watching) -> None:
    empty = stands("Succeed")

    assert to_the_end(user.watch(*[empty] * EMPTY_POLLS, DONE), user.clock) == Succeeded((LINK,))
    assert type(user.fails(*[empty] * (EMPTY_POLLS + 1))) is UnexpectedAnswer


def test_a_good_look_forgives_the_failed_ones(user: Watching) -> None:
    failing = [unanswered()] * 6

    to_the_end(user.watch(*failing, PENDING, unanswered(), DONE), user.clock)

    pauses = [event.seconds for event in user.events if isinstance(event, RetryScheduled)]
    assert max(pauses[:-1]) > 1
    assert pauses[-1] == 1.0


def test_however_long_it_takes_fewer_than_three_answers_do_not_lose_a_job(user: Watching) -> None:
    watch = user.watch(NOT_FOUND, NOT_FOUND, NOT_FOUND, is_new=False)

    for _ in range(2):
        assert isinstance(watch.poll(), float)
        user.clock.sleep(40)
    with pytest.raises(JobNotFound) as lost:
        watch.poll()

    assert lost.value.is_certain is True


def test_a_good_answer_begins_the_time_and_the_count_of_a_lost_job_anew(user: Watching) -> None:
    watch = user.watch(*[NOT_FOUND] * 2, PENDING, *[NOT_FOUND] * 2, DONE, is_new=False)

    for _ in range(5):
        assert isinstance(watch.poll(), float)
        user.clock.sleep(20)

    assert watch.poll() == Succeeded((LINK,))
