"""The life of a job: each step is in the journal before the next begins, and nothing is bought twice."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from aeforge_cli.api.client import Client
from aeforge_cli.api.responses import Failed, JobId, Pending, Succeeded
from aeforge_cli.api.transport import Answer
from aeforge_cli.errors import (
    AeforgeError,
    CannotSave,
    Failure,
    Interrupted,
    JobFailed,
    JobNotFound,
    JobStillRunning,
    KeyRejected,
    RateLimited,
    Rejected,
    ResultUnavailable,
    SentBefore,
    SubmitUnknown,
    Unreachable,
)
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.destination import Naming, destination
from aeforge_cli.jobs.download import Delivery
from aeforge_cli.jobs.events import Event, RetryScheduled, Saved, Submitted, Submitting, Waiting
from aeforge_cli.jobs.lifecycle import Jobs, Ticket
from aeforge_cli.jobs.orders import Finished, Order
from aeforge_cli.jobs.poll_schedule import FixedSchedule
from aeforge_cli.journal.interface import Claimed, Claiming, NoJournal, State, Step, Work
from aeforge_cli.journal.sqlite import SqliteJournal
from aeforge_cli.process.signals import Stop
from tests.conftest import png
from tests.unit.conftest import (
    BASE,
    JOB,
    LINK,
    FakeClock,
    FakeTransport,
    Scripted,
    delivered,
    inpaint,
    made,
    stands,
    told,
    unanswered,
    unsent,
)

POST, LOOK = "POST /image-tune/inpaint/v2", f"GET /job/{JOB}"
DONE = stands("Succeed", LINK)
OTHER_JOB = "00000000-0000-4000-8000-000000000002"
NOT_FOUND = told({"detail": "Job not found"}, 404)


@dataclass
class Buyer:
    """One process of one user."""

    jobs: Jobs
    transport: FakeTransport
    clock: FakeClock
    stop: Stop
    events: list[Event]
    told: list[str]
    folder: Path

    def order(self, output: str | None = None, *, claiming: Claiming = Claiming.GO_ON) -> Order:
        naming = Naming("photo.png", "inpaint", date(2026, 1, 31))
        where = Delivery(naming, destination(str(self.folder / output), overwrite=False)) if output else None
        return Order(inpaint(), "photo.png", where, claiming=claiming)

    def run(self, *answers: Scripted, output: str | None = None, claiming: Claiming = Claiming.GO_ON) -> Finished:
        self.transport.says(*answers)
        return self.jobs.run(self.order(output, claiming=claiming))

    def fails(self, *answers: Scripted, output: str | None = None) -> Failure:
        with pytest.raises(Failure) as failed:
            self.run(*answers, output=output)
        return failed.value

    @property
    def rows(self) -> list[tuple[str, str | None]]:
        """(state, id) of each row of the journal, oldest first."""
        return [(row.state.value, row.job_id) for row in reversed(self.jobs.journal.entries())]


@pytest.fixture
def buyer(client: Client, transport: FakeTransport, clock: FakeClock, tmp_path: Path) -> Iterator[Buyer]:
    journal, stop = SqliteJournal(tmp_path / "state"), Stop()
    events: list[Event] = []
    told: list[str] = []
    (tmp_path / "work").mkdir()
    jobs = Jobs(
        client=client,
        journal=journal,
        clock=clock,
        stop=stop,
        service=BASE,
        account="a1b2",
        emergency=told.append,
        notify=events.append,
        schedule=FixedSchedule(1.0),
    )
    yield Buyer(jobs, transport, clock, stop, events, told, tmp_path / "work")
    journal.close()


# ------------------------------------------------------------------ it goes well


def test_a_job_is_bought_waited_for_and_saved(buyer: Buyer) -> None:
    done = buyer.run(made(), stands("Pending"), DONE, delivered(png()), output="out.png")

    path = buyer.folder / "out.png"
    [file] = done.files
    assert replace(done, files=()) == Finished(
        JOB, "Succeed", "inpaint", "photo.png", image_urls=(LINK,), seconds=2.0, attached=False
    )
    assert (file.path, file.url, path.read_bytes()) == (str(path), LINK, png())
    assert buyer.transport.asked == [POST, LOOK, LOOK, f"GET {LINK}"]
    assert buyer.rows == [("saved", JOB)]
    kinds = [type(event) for event in buyer.events if not isinstance(event, Submitting)]
    assert kinds[:2] == [Submitted, Waiting]
    assert kinds[-1] is Saved


def test_without_a_place_the_links_are_the_result(buyer: Buyer) -> None:
    done = buyer.run(made(), DONE)

    assert (done.image_urls, done.files) == ((LINK,), ())
    assert buyer.rows == [("succeeded", JOB)]


def test_a_finished_job_is_never_reused_silently(buyer: Buyer) -> None:
    buyer.run(made(), DONE)

    buyer.run(made(OTHER_JOB), stands("Succeed", LINK, job_id=OTHER_JOB))

    assert buyer.rows == [("succeeded", JOB), ("succeeded", OTHER_JOB)]


def test_the_id_is_in_the_journal_before_anyone_is_told_of_it(buyer: Buyer) -> None:
    seen: list[list[tuple[str, str | None]]] = []
    watched = replace(
        buyer.jobs, notify=lambda event: seen.append(buyer.rows) if isinstance(event, Submitted) else None
    )
    buyer.transport.says(made())

    ticket = watched.buy(buyer.order(), until=2000.0)

    assert ticket == Ticket(JOB, 1, attached=False, accepted=1000.0)
    assert seen == [[("accepted", JOB)]]
    assert watched.begun(ticket, buyer.order()) == Finished(JOB, "Pending", "inpaint", "photo.png")


def test_the_intent_is_in_the_journal_before_anything_is_sent(buyer: Buyer) -> None:
    seen: list[list[tuple[str, str | None]]] = []
    watched = replace(
        buyer.jobs, notify=lambda event: seen.append(buyer.rows) if isinstance(event, Submitting) else None
    )
    buyer.transport.says(made())

    watched.buy(buyer.order(), until=2000.0)

    assert seen[0] == [("submitting", None)]


# ------------------------------------------------------------------ buying fails


SUBMISSIONS: dict[str, tuple[list[Scripted], type[AeforgeError], str]] = {
    "no connection": ([unsent()] * 4, Unreachable, "not_sent"),
    "a limit": ([told({}, 429)] * 4, RateLimited, "not_sent"),
    "a bad picture": ([told({"detail": "Invalid image file"}, 400)], Rejected, "rejected"),
    "a bad key": ([told({"detail": "Invalid API key"}, 401)], KeyRejected, "rejected"),
    "a lost answer": ([unanswered()], SubmitUnknown, "unknown"),
    "a broken service": ([Answer(500)], SubmitUnknown, "unknown"),
}


@pytest.mark.parametrize(("answers", "kind", "state"), SUBMISSIONS.values(), ids=SUBMISSIONS)
def test_how_a_submission_failed_is_written_down(
    buyer: Buyer, answers: list[Scripted], kind: type[AeforgeError], state: str
) -> None:
    assert type(buyer.fails(*answers)) is kind
    assert buyer.rows == [(state, None)]
    assert buyer.jobs.journal.entries()[0].reason


@pytest.mark.parametrize("answers", [[unsent()] * 4, [told({}, 401)]], ids=["never sent", "refused"])
def test_after_a_certain_failure_the_same_command_buys(buyer: Buyer, answers: list[Scripted]) -> None:
    buyer.fails(*answers)

    assert buyer.run(made(), DONE).attached is False


def test_after_a_lost_answer_nothing_is_sent_until_the_user_says_so(buyer: Buyer) -> None:
    buyer.fails(unanswered())

    again = buyer.fails()

    assert (type(again), again.message.endswith("It was not sent again")) == (SentBefore, True)
    assert "--new" in again.hint
    assert buyer.transport.asked == [POST]
    assert buyer.run(made(), DONE, claiming=Claiming.ANEW).job_id == JOB


def test_an_id_that_cannot_be_recorded_is_shouted(buyer: Buyer) -> None:
    jobs = replace(buyer.jobs, journal=FullJournal())
    buyer.transport.says(made())

    with pytest.raises(CannotSave) as failed:
        jobs.run(buyer.order())

    assert buyer.told == [f"RECORD THIS: job {JOB}"]
    assert (failed.value.job_id, failed.value.hint) == (JOB, f"aeforge job wait {JOB}; then make room")


class FullJournal(NoJournal):
    """The disk is full when the id is to be written."""

    def record(self, *_: object, **__: object) -> None:
        raise CannotSave("The journal cannot record the job", why="the disk is full", hint="make room")


# ------------------------------------------------------------------ going on


def test_an_unfinished_job_is_gone_on_with(buyer: Buyer) -> None:
    buyer.transport.says(made())
    buyer.jobs.buy(buyer.order("out.png"), until=2000.0)

    done = buyer.run(DONE, delivered(png()), output="out.png")

    assert (done.job_id, done.attached) == (JOB, True)
    assert buyer.transport.asked == [POST, LOOK, f"GET {LINK}"]
    assert buyer.rows == [("saved", JOB)]
    assert Submitted(JOB, "photo.png", attached=True) in buyer.events


def test_new_buys_another_all_the_same(buyer: Buyer) -> None:
    buyer.transport.says(made())
    buyer.jobs.buy(buyer.order(), until=2000.0)

    done = buyer.run(made(OTHER_JOB), stands("Succeed", LINK, job_id=OTHER_JOB), claiming=Claiming.ANEW)

    assert (done.job_id, done.attached) == (OTHER_JOB, False)


def test_results_that_could_not_be_fetched_are_fetched_by_the_same_command(buyer: Buyer) -> None:
    error = buyer.fails(made(), DONE, Answer(418), output="out.png")
    assert (type(error), error.job_id) == (ResultUnavailable, JOB)
    assert f"aeforge job wait {JOB}" in error.hint
    assert buyer.rows == [("succeeded", JOB)]

    buyer.run(DONE, delivered(png()), output="out.png")

    assert buyer.rows == [("saved", JOB)]
    assert buyer.transport.asked.count(POST) == 1


def test_what_another_process_is_submitting_is_waited_for_and_gone_on_with(buyer: Buyer, tmp_path: Path) -> None:
    order = buyer.order()
    other = SqliteJournal(tmp_path / "state")
    work = Work(order.operation.fingerprint(), BASE, "a1b2", "inpaint", "photo.png", "blue sky", None)
    claim = other.claim(work, buyer.clock.now(), Claiming.GO_ON)
    assert claim == Claimed(1)

    def hear(event: Event) -> None:
        if isinstance(event, RetryScheduled):
            other.record(1, Step(State.ACCEPTED, job_id=JOB), buyer.clock.now())

    ticket = replace(buyer.jobs, notify=hear).buy(order, until=2000.0)
    other.close()

    assert (ticket.job_id, ticket.attached, buyer.transport.asked) == (JOB, True, [])


def test_what_another_process_never_ends_submitting_is_given_up(buyer: Buyer, tmp_path: Path) -> None:
    order = buyer.order()
    other = SqliteJournal(tmp_path / "state")
    work = Work(order.operation.fingerprint(), BASE, "a1b2", "inpaint", "photo.png", "blue sky", None)
    other.claim(work, buyer.clock.now(), Claiming.GO_ON)

    with pytest.raises(JobStillRunning, match="Another process has been submitting"):
        buyer.jobs.buy(order, until=2000.0)

    other.close()
    assert buyer.transport.asked == []


# ------------------------------------------------------------------ resuming


def test_when_resuming_what_is_saved_is_not_bought(buyer: Buyer) -> None:
    done = buyer.run(made(), DONE, delivered(png()), output="out.png")

    kept = buyer.jobs.kept(buyer.order("out.png", claiming=Claiming.RESUME))

    assert kept is not None
    assert (kept.status, kept.job_id, [file.path for file in kept.files]) == (
        "Skipped",
        JOB,
        [file.path for file in done.files],
    )
    assert buyer.jobs.kept(buyer.order("out.png")) is None


@pytest.mark.parametrize("damage", [b"", b"cut"], ids=["emptied", "cut"])
def test_when_resuming_a_damaged_result_is_not_taken_for_done(buyer: Buyer, damage: bytes) -> None:
    buyer.run(made(), DONE, delivered(png()), output="out.png")
    (buyer.folder / "out.png").write_bytes(damage)

    assert buyer.jobs.kept(buyer.order("out.png", claiming=Claiming.RESUME)) is None


def test_when_resuming_a_file_of_another_machine_is_taken_for_done(buyer: Buyer) -> None:
    (buyer.folder / "out.png").write_bytes(png())

    kept = buyer.jobs.kept(buyer.order("out.png", claiming=Claiming.RESUME))

    assert kept == Finished(
        None, "Skipped", "inpaint", "photo.png", files=(SavedFile(str(buyer.folder / "out.png")),), attached=True
    )


# ------------------------------------------------------------------ the service tries and fails


@pytest.mark.parametrize(
    ("answer", "why"),
    [(stands("Failed"), "the service gives no reason"), (told({"status": "Failed", "error": "NSFW"}), "NSFW")],
    ids=["no reason", "a reason"],
)
def test_a_job_that_failed_is_told_with_its_reason(buyer: Buyer, answer: Answer, why: str) -> None:
    error = buyer.fails(made(), answer)

    assert (type(error), error.message, error.why, error.job_id) == (
        JobFailed,
        f"Job {JOB} failed at the service",
        why,
        JOB,
    )
    assert buyer.rows == [("failed", JOB)]


def test_a_job_that_failed_may_be_bought_again(buyer: Buyer) -> None:
    buyer.fails(made(), stands("Failed"))

    assert buyer.run(made(OTHER_JOB), stands("Succeed", LINK, job_id=OTHER_JOB)).attached is False


def test_a_job_that_outlasts_patience_is_not_lost(buyer: Buyer) -> None:
    jobs = replace(buyer.jobs, timeout=3.0)
    buyer.transport.says(made(), *[stands("Pending")] * 4)

    with pytest.raises(JobStillRunning) as failed:
        jobs.run(buyer.order())

    assert (failed.value.job_id, failed.value.hint) == (JOB, f"aeforge job wait {JOB}")
    assert buyer.rows == [("accepted", JOB)]
    buyer.transport.script.clear()


def test_a_job_that_the_service_has_forgotten_is_written_off(buyer: Buyer) -> None:
    buyer.transport.says(made())
    buyer.jobs.buy(buyer.order(), until=2000.0)

    assert type(buyer.fails(NOT_FOUND)) is JobNotFound
    assert buyer.rows == [("lost", JOB)]
    assert buyer.run(made(OTHER_JOB), stands("Succeed", LINK, job_id=OTHER_JOB)).attached is False


# ------------------------------------------------------------------ one look


@pytest.mark.parametrize(
    ("answer", "job", "state"),
    [
        (stands("Pending"), Pending(), "accepted"),
        (DONE, Succeeded((LINK,)), "succeeded"),
        (stands("Failed"), Failed(), "failed"),
    ],
    ids=["pending", "done", "failed"],
)
def test_one_look_tells_how_a_job_stands_and_writes_it_down(
    buyer: Buyer, answer: Answer, job: object, state: str
) -> None:
    buyer.transport.says(made(), answer)
    ticket = buyer.jobs.buy(buyer.order(), until=2000.0)

    assert buyer.jobs.look(ticket) == job
    assert buyer.rows == [(state, JOB)]


def test_one_look_tries_a_few_times_to_be_heard(buyer: Buyer) -> None:
    buyer.transport.says(unanswered(), Answer(500), DONE)

    assert buyer.jobs.look(Ticket(JOB)) == Succeeded((LINK,))


def test_one_look_gives_up_soon(buyer: Buyer) -> None:
    buyer.transport.says(*[unanswered()] * 4)

    with pytest.raises(Unreachable) as failed:
        buyer.jobs.look(Ticket(JOB))

    assert (failed.value.job_id, buyer.clock.time < 1070) == (JOB, True)


# ------------------------------------------------------------------ several jobs


def test_several_jobs_are_told_in_the_order_in_which_they_end(buyer: Buyer) -> None:
    other = JobId(OTHER_JOB)
    buyer.transport.says(
        stands("Pending"),
        stands("Pending", job_id=OTHER_JOB),
        stands("Pending"),
        stands("Succeed", LINK, job_id=OTHER_JOB),
        stands("Failed"),
    )
    endings: list[str] = []

    for ticket, end in buyer.jobs.wait_for_all([Ticket(JOB), Ticket(other)], until=2000.0):
        try:
            endings.append(f"{ticket.job_id} {end().urls}")
        except AeforgeError as error:
            endings.append(f"{ticket.job_id} {error.code}")

    assert endings == [f"{OTHER_JOB} {(LINK,)}", f"{JOB} job_failed"]


def test_of_several_jobs_one_that_is_not_found_stops_none_of_the_others(buyer: Buyer) -> None:
    buyer.transport.says(NOT_FOUND, stands("Succeed", LINK, job_id=OTHER_JOB))
    ends = dict(buyer.jobs.wait_for_all([Ticket(JOB), Ticket(JobId(OTHER_JOB))], until=2000.0))

    with pytest.raises(JobNotFound) as failed:
        ends[Ticket(JOB)]()

    assert failed.value.job_id == JOB
    assert ends[Ticket(JobId(OTHER_JOB))]() == Succeeded((LINK,))


# ------------------------------------------------------------------ signals


def test_nothing_is_bought_after_a_signal(buyer: Buyer) -> None:
    buyer.stop.request(signal.SIGINT)

    assert type(buyer.fails()) is Interrupted
    assert (buyer.transport.asked, buyer.rows) == ([], [])


def test_an_interrupted_wait_says_how_to_go_on(buyer: Buyer) -> None:
    jobs = replace(buyer.jobs, clock=StoppedClock(buyer.clock, buyer.stop))
    buyer.transport.says(made())

    with pytest.raises(Interrupted) as failed:
        jobs.run(buyer.order())

    assert (failed.value.message, failed.value.hint, failed.value.job_id) == (
        f"Interrupted; job {JOB} goes on at the service",
        f"aeforge job wait {JOB}",
        JOB,
    )
    assert buyer.rows == [("accepted", JOB)]


@dataclass
class StoppedClock(FakeClock):
    """Ctrl-C is pressed at the first sleep."""

    def __init__(self, clock: FakeClock, stop: Stop) -> None:
        super().__init__(clock.time)
        self.stop = stop

    def sleep(self, seconds: float) -> None:
        self.stop.request(signal.SIGINT)
        self.stop.wait(seconds)
