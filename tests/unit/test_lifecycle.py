"""The life of a job: each step is in the journal before the next begins, and nothing is bought twice."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from aeforge_cli.api.client import Client
from aeforge_cli.api.operations import Inpaint
from aeforge_cli.api.responses import Failed, JobId, Pending, Succeeded
from aeforge_cli.api.transport import Answer
from aeforge_cli.errors import (
    AeforgeError,
    BudgetReached,
    CannotSave,
    Failure,
    Interrupted,
    JobFailed,
    JobNotFound,
    JobStillRunning,
    JournalDamaged,
    KeyRejected,
    OutputExists,
    RateLimited,
    Rejected,
    ResultUnavailable,
    SentBefore,
    SubmitUnknown,
    Unreachable,
)
from aeforge_cli.files.destination import Naming, destination
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.events import Event, Saved, Submitted, Submitting, Waiting
from aeforge_cli.jobs.lifecycle import Account, Held, Job, Lifecycle, job_failed
from aeforge_cli.jobs.needs import need
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.poll_schedule import PollSchedule
from aeforge_cli.jobs.results import Action, JobResult
from aeforge_cli.journal.interface import Claimed, Intent, Limit, NoJournal, Reuse, State, Step
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
    done_by,
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
DONE_OTHER = stands("Succeed", LINK, job_id=OTHER_JOB)
NOT_FOUND = told({"detail": "Job not found"}, 404)


@dataclass
class Buyer:
    """One process of one user."""

    life: Lifecycle
    transport: FakeTransport
    clock: FakeClock
    stop: Stop
    events: list[Event]
    told: list[str]
    folder: Path

    def order(self, output: str | None = None, *, reuse: Reuse = Reuse.UNFINISHED) -> Order:
        naming = Naming("photo.png", "inpaint", date(2026, 1, 31))
        where = Delivery(naming, destination(str(self.folder / output), overwrite=False)) if output else None
        return Order(inpaint, Inpaint, "photo.png", delivery=where, reuse=reuse)

    def run(self, *answers: Scripted, output: str | None = None, reuse: Reuse = Reuse.UNFINISHED) -> JobResult:
        self.transport.says(*answers)
        return done_by(self.life, self.order(output, reuse=reuse))

    def fails(self, *answers: Scripted, output: str | None = None) -> Failure:
        with pytest.raises(Failure) as failed:
            self.run(*answers, output=output)
        return failed.value

    def next_process(self) -> None:
        """Another command, later."""
        self.life.journal.close()
        self.life = replace(self.life, journal=SqliteJournal(self.folder.parent / "state"))

    def submit(self, order: Order) -> Job:
        job = self.life.obtain(order, until=2000.0)
        assert isinstance(job, Job)
        return job

    @property
    def rows(self) -> list[tuple[str, str | None]]:
        """(state, id) of each row of the journal, oldest first."""
        return [(row.state.value, row.job_id) for row in reversed(list(self.life.journal.rows()))]


@pytest.fixture
def buyer(client: Client, transport: FakeTransport, clock: FakeClock, tmp_path: Path) -> Iterator[Buyer]:
    journal, stop = SqliteJournal(tmp_path / "state"), Stop()
    events: list[Event] = []
    told: list[str] = []
    (tmp_path / "work").mkdir()
    life = Lifecycle(
        client=client,
        journal=journal,
        clock=clock,
        stop=stop,
        account=Account(BASE, "a1b2"),
        emergency=told.append,
        notify=events.append,
        schedule=PollSchedule(1.0),
    )
    user = Buyer(life, transport, clock, stop, events, told, tmp_path / "work")
    yield user
    for each in {journal, user.life.journal}:
        each.close()


# ------------------------------------------------------------------ it goes well


def test_a_job_is_bought_waited_for_and_saved(buyer: Buyer) -> None:
    done = buyer.run(made(), stands("Pending"), DONE, delivered(png()), output="out.png")

    path = buyer.folder / "out.png"
    [file] = done.files
    assert replace(done, files=()) == JobResult(
        JOB, "Succeed", "inpaint", "photo.png", image_urls=(LINK,), seconds=2.0, index=0, action=Action.BUY
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
    buyer.next_process()

    buyer.run(made(OTHER_JOB), stands("Succeed", LINK, job_id=OTHER_JOB))

    assert buyer.rows == [("succeeded", JOB), ("succeeded", OTHER_JOB)]


def test_the_id_is_in_the_journal_before_anyone_is_told_of_it(buyer: Buyer) -> None:
    seen: list[list[tuple[str, str | None]]] = []
    watched = replace(
        buyer.life, notify=lambda event: seen.append(buyer.rows) if isinstance(event, Submitted) else None
    )
    buyer.transport.says(made())

    ticket = watched.obtain(buyer.order(), until=2000.0)

    assert ticket == Job(JOB, 1, attached=False, accepted=1000.0)
    assert seen == [[("accepted", JOB)]]
    assert watched.result(Job(JOB), buyer.order(), None) == JobResult(
        JOB, "Pending", "inpaint", "photo.png", index=0, action=Action.BUY
    )


def test_the_intent_is_in_the_journal_before_anything_is_sent(buyer: Buyer) -> None:
    seen: list[list[tuple[str, str | None]]] = []
    watched = replace(
        buyer.life, notify=lambda event: seen.append(buyer.rows) if isinstance(event, Submitting) else None
    )
    buyer.transport.says(made())

    watched.obtain(buyer.order(), until=2000.0)

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
    assert next(buyer.life.journal.rows()).reason


@pytest.mark.parametrize("answers", [[unsent()] * 4, [told({}, 401)]], ids=["never sent", "refused"])
def test_after_a_certain_failure_the_same_command_buys(buyer: Buyer, answers: list[Scripted]) -> None:
    buyer.fails(*answers)

    assert buyer.run(made(), DONE).attached is False


def test_after_a_lost_answer_nothing_is_sent_until_the_user_says_so(buyer: Buyer) -> None:
    buyer.fails(unanswered())

    again = buyer.fails()

    assert (type(again), again.message.endswith("Nothing was sent")) == (SentBefore, True)
    assert "--new" in again.hint
    assert buyer.transport.asked == [POST]
    assert buyer.run(made(), DONE, reuse=Reuse.NOTHING).job_id == JOB


def test_an_id_that_a_damaged_answer_names_is_written_down_and_gone_on_with(buyer: Buyer) -> None:
    damaged = Answer(200, {}, f'{{"job_id": "{JOB}", "status": "Pen'.encode())

    error = buyer.fails(damaged, output="out.png")

    assert (type(error), error.job_id, buyer.rows) == (SubmitUnknown, JOB, [("unknown", JOB)])


def test_an_id_that_cannot_be_recorded_is_shouted(buyer: Buyer) -> None:
    life = replace(buyer.life, journal=FullJournal())
    buyer.transport.says(made())

    with pytest.raises(CannotSave) as failed:
        done_by(life, buyer.order())

    assert buyer.told == [f"RECORD THIS: job {JOB}"]
    assert (failed.value.job_id, failed.value.hint) == (JOB, f"aeforge job wait {JOB}; then make room")


def test_an_id_is_to_be_told_only_while_the_journal_is_taking_it(buyer: Buyer) -> None:
    seen: list[list[str]] = []

    class Slow(NoJournal):
        def record(self, *_: object, **__: object) -> None:
            seen.append(buyer.life.untold())

    buyer.life = replace(buyer.life, journal=Slow())
    buyer.run(made(), DONE)

    assert seen[0] == [f"RECORD THIS: job {JOB}"]
    assert (buyer.life.untold(), buyer.told) == ([], [])


class FullJournal(NoJournal):
    """The disk is full when the id is to be written."""

    def record(self, *_: object, **__: object) -> None:
        raise CannotSave("The journal cannot record the job", why="the disk is full", hint="make room")


# ------------------------------------------------------------------ going on


def test_an_unfinished_job_is_gone_on_with(buyer: Buyer) -> None:
    buyer.transport.says(made())
    buyer.submit(buyer.order("out.png"))

    done = buyer.run(DONE, delivered(png()), output="out.png")

    assert (done.job_id, done.attached) == (JOB, True)
    assert buyer.transport.asked == [POST, LOOK, f"GET {LINK}"]
    assert buyer.rows == [("saved", JOB)]
    assert Submitted(JOB, "photo.png", attached=True) in buyer.events


def test_new_buys_another_all_the_same(buyer: Buyer) -> None:
    buyer.transport.says(made())
    buyer.submit(buyer.order())

    done = buyer.run(made(OTHER_JOB), stands("Succeed", LINK, job_id=OTHER_JOB), reuse=Reuse.NOTHING)

    assert (done.job_id, done.attached) == (OTHER_JOB, False)


def test_results_that_could_not_be_fetched_are_fetched_by_the_same_command(buyer: Buyer) -> None:
    error = buyer.fails(made(), DONE, Answer(418), output="out.png")
    assert (type(error), error.job_id) == (ResultUnavailable, JOB)
    assert f"aeforge job wait {JOB}" in error.hint
    assert buyer.rows == [("succeeded", JOB)]

    buyer.run(DONE, delivered(png()), output="out.png")

    assert buyer.rows == [("saved", JOB)]
    assert buyer.transport.asked.count(POST) == 1


def held_by_another(buyer: Buyer, tmp_path: Path) -> SqliteJournal:
    """Another process that is submitting the same job."""
    other = SqliteJournal(tmp_path / "state")
    intent = Intent(buyer.order().work, BASE, "a1b2", "inpaint", "photo.png", "blue sky")
    assert other.claim(intent, buyer.clock.now(), Reuse.UNFINISHED) == Claimed(1)
    return other


def test_what_another_process_is_submitting_is_left_to_it(buyer: Buyer, tmp_path: Path) -> None:
    other = held_by_another(buyer, tmp_path)

    held = buyer.life.obtain(buyer.order(), until=2000.0)

    assert isinstance(held, Held)
    assert (held.row.number, buyer.transport.asked) == (1, [])
    other.close()


def test_what_another_process_has_submitted_is_taken_up_without_a_purchase(buyer: Buyer, tmp_path: Path) -> None:
    other = held_by_another(buyer, tmp_path)
    held = buyer.life.obtain(buyer.order(), until=2000.0)
    assert isinstance(held, Held)
    other.record(1, Step(State.ACCEPTED, job_id=JOB), buyer.clock.now())

    still = buyer.life.resolved(buyer.order(), held, until=2000.0, waited=1.0)
    other.close()
    job = buyer.life.resolved(buyer.order(), held, until=2000.0, waited=1.0)

    assert isinstance(still, Held)
    assert job == Job(JOB, 1, attached=True, action=Action.RESUME)
    assert buyer.transport.asked == []


def test_a_job_of_a_process_that_was_stopped_is_polled_after_a_while(buyer: Buyer, tmp_path: Path) -> None:
    other = held_by_another(buyer, tmp_path)
    other.record(1, Step(State.ACCEPTED, job_id=JOB), buyer.clock.now())
    held = buyer.life.obtain(buyer.order(), until=2000.0)
    assert isinstance(held, Held)

    still = buyer.life.resolved(buyer.order(), held, until=2000.0, waited=149.0)
    job = buyer.life.resolved(buyer.order(), held, until=2000.0, waited=151.0)

    assert isinstance(still, Held)
    assert job == Job(JOB, 1, attached=True, action=Action.RESUME)
    other.close()


def test_the_same_work_twice_in_one_command_is_bought_once(buyer: Buyer) -> None:
    first = buyer.run(made(), DONE)

    second = buyer.run(DONE)

    assert (first.job_id, second.job_id, second.attached) == (JOB, JOB, True)


def test_how_the_job_of_another_process_failed_is_reported_and_it_is_not_bought_again(
    buyer: Buyer, tmp_path: Path
) -> None:
    other = held_by_another(buyer, tmp_path)
    held = buyer.life.obtain(buyer.order(), until=2000.0)
    assert isinstance(held, Held)
    other.record(1, Step(State.ACCEPTED, job_id=JOB), buyer.clock.now())
    other.record(1, Step(State.FAILED, reason="NSFW"), buyer.clock.now())
    other.close()

    with pytest.raises(JobFailed, match="failed at the service"):
        buyer.life.resolved(buyer.order(), held, until=2000.0, waited=1.0)

    assert buyer.transport.asked == []


def test_what_another_process_never_ends_submitting_is_given_up(buyer: Buyer, tmp_path: Path) -> None:
    other = held_by_another(buyer, tmp_path)

    with pytest.raises(JobStillRunning, match="Another process still works on the same job"):
        buyer.life.obtain_now(buyer.order(), until=2000.0)

    other.close()
    assert buyer.transport.asked == []


def test_the_job_of_a_living_process_is_not_bought_again_though_that_has_ended_it(buyer: Buyer, tmp_path: Path) -> None:
    other = SqliteJournal(tmp_path / "state")
    theirs = replace(buyer.life, journal=other)
    buyer.transport.says(made())
    job = theirs.obtain(buyer.order("out.png"), until=2000.0)
    held = buyer.life.obtain(buyer.order("out.png"), until=2000.0)
    assert isinstance(job, Job)
    assert isinstance(held, Held)
    other.record(job.number, Step(State.SAVED, job_id=JOB), buyer.clock.now())
    other.close()
    buyer.next_process()  # by whose beginning the job belongs to the past

    found = buyer.life.resolved(buyer.order("out.png"), held, 2000.0, waited=1.0)

    assert (isinstance(found, Job) and found.job_id, buyer.transport.asked) == (JOB, [POST])


# ------------------------------------------------------------------ the same work under another key


def under_another_key(buyer: Buyer, *states: State) -> int:
    """The number of the row of the order's work that another key has paid for."""
    intent = buyer.life._intent(buyer.order())._replace(account="ffff")
    claim = buyer.life.journal.claim(intent, buyer.clock.now(), Reuse.NOTHING)
    assert isinstance(claim, Claimed)
    for state in states:
        known = None if state is State.UNKNOWN else JOB
        buyer.life.journal.record(claim.number, Step(state, job_id=known), buyer.clock.now())
    return claim.number


def account_of(buyer: Buyer, number: int) -> str | None:
    row = buyer.life.journal.row(number)
    return row.account if row else None


def test_a_job_of_a_renewed_key_is_gone_on_with(buyer: Buyer) -> None:
    number = under_another_key(buyer, State.ACCEPTED)

    done = buyer.run(DONE, DONE)

    assert (done.job_id, done.attached, account_of(buyer, number)) == (JOB, True, "a1b2")
    assert POST not in buyer.transport.asked


def test_a_job_of_another_account_stays_its_own_and_ours_is_bought(buyer: Buyer) -> None:
    number = under_another_key(buyer, State.ACCEPTED)

    done = buyer.run(*[NOT_FOUND] * 11, made(OTHER_JOB), DONE_OTHER)

    assert (done.job_id, done.attached, account_of(buyer, number)) == (OTHER_JOB, False, "ffff")
    assert buyer.life.strangers == {"ffff"}
    assert buyer.clock.time >= 1030.0


@pytest.mark.parametrize("doubtful", [NOT_FOUND, Answer(404), Answer(502)], ids=["the API", "a gateway", "trouble"])
def test_one_answer_decides_nothing_about_a_job_under_another_key(buyer: Buyer, doubtful: Answer) -> None:
    under_another_key(buyer, State.ACCEPTED)

    done = buyer.run(doubtful, doubtful, DONE, DONE)

    assert (done.job_id, done.attached, POST in buyer.transport.asked) == (JOB, True, False)


def test_a_job_under_another_key_that_the_timeout_leaves_in_doubt_is_not_bought_again(buyer: Buyer) -> None:
    under_another_key(buyer, State.ACCEPTED)
    buyer.transport.says(*[NOT_FOUND] * 40)

    with pytest.raises(JobStillRunning) as left:
        buyer.life.obtain(buyer.order(), until=buyer.clock.time + 5)

    assert (left.value.job_id, POST in buyer.transport.asked) == (JOB, False)
    buyer.transport.script.clear()


def test_a_lost_answer_under_another_key_is_in_doubt_like_ones_own(buyer: Buyer) -> None:
    under_another_key(buyer, State.UNKNOWN)

    assert (type(buyer.fails()), buyer.transport.asked) == (SentBefore, [])


# ------------------------------------------------------------------ what may be spent, and a journal in doubt


def test_each_purchase_is_counted_by_its_price_against_what_may_be_spent(buyer: Buyer) -> None:
    limit = Limit(5_000_000, "credits", "", "5 credits/day", "00:00 UTC")
    account = Account(BASE, "a1b2", limits=lambda: [limit], price=lambda _operation: 3_000_000, unit="credits")
    buyer.life = replace(buyer.life, account=account)

    buyer.run(made(), DONE)
    with pytest.raises(BudgetReached) as refused:
        buyer.submit(replace_prompt(buyer.order(), "red sky"))
    error = refused.value

    assert (type(error), error.why) == (BudgetReached, "3 credits spent; resets at 00:00 UTC")
    assert buyer.transport.asked == [POST, LOOK]


def test_where_nothing_counts_what_is_spent_nothing_is_bought_under_a_budget(buyer: Buyer) -> None:
    buyer.life.journal.close()
    account = Account(BASE, "a1b2", limits=lambda: [Limit(5, None, "", "5/day", "")])
    buyer.life = replace(buyer.life, account=account, journal=NoJournal())

    assert (type(buyer.fails()), buyer.transport.asked) == (CannotSave, [])


@pytest.fixture
def in_doubt(buyer: Buyer) -> Buyer:
    """The same user, whose journal was damaged, so that it may not know what was paid for."""
    buyer.life.journal.close()
    path = buyer.folder.parent / "state" / "jobs.sqlite3"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(JournalDamaged):
        SqliteJournal(path.parent)
    buyer.life = replace(buyer.life, journal=SqliteJournal(path.parent))
    return buyer


def test_a_journal_that_may_lack_the_past_buys_nothing_unasked_however_often(in_doubt: Buyer) -> None:
    assert [type(in_doubt.fails()) for _ in range(2)] == [JournalDamaged] * 2
    assert in_doubt.transport.asked == []


def test_a_doubt_ends_when_the_user_has_agreed(in_doubt: Buyer) -> None:
    agreed = replace(in_doubt.life, confirmed=True)
    in_doubt.transport.says(made(), DONE)

    assert done_by(agreed, in_doubt.order()).job_id == JOB
    assert in_doubt.life.journal.doubt == ""


def test_a_doubt_ends_when_the_user_asks_for_a_new_job(in_doubt: Buyer) -> None:
    assert in_doubt.run(made(), DONE, reuse=Reuse.NOTHING).job_id == JOB


# ------------------------------------------------------------------ what a job needs
# ------------------------------------------------------------------ what a job needs


def needs(buyer: Buyer, order: Order) -> Action:
    return need(order, buyer.life.journal, BASE, "a1b2").action


def test_what_is_saved_is_kept(buyer: Buyer) -> None:
    buyer.run(made(), DONE, delivered(png()), output="out.png")

    found = buyer.life.need(buyer.order("out.png", reuse=Reuse.FINISHED))

    assert (found.action, [file.path for file in found.files]) == (Action.KEEP, [str(buyer.folder / "out.png")])


def test_what_is_missing_is_fetched_again(buyer: Buyer) -> None:
    buyer.run(made(), DONE, delivered(png()), output="out.png")
    (buyer.folder / "out.png").unlink()

    assert needs(buyer, buyer.order("out.png", reuse=Reuse.FINISHED)) is Action.FETCH
    done = buyer.run(DONE, delivered(png()), output="out.png", reuse=Reuse.FINISHED)
    assert (done.attached, done.action, (buyer.folder / "out.png").read_bytes()) == (True, Action.FETCH, png())


@pytest.mark.parametrize("content", [b"", b"drawn by hand"], ids=["emptied", "drawn by hand"])
def test_a_file_that_nobody_knows_is_left_alone(buyer: Buyer, content: bytes) -> None:
    buyer.run(made(), DONE, delivered(png()), output="out.png")
    (buyer.folder / "out.png").write_bytes(content)

    found = buyer.life.need(buyer.order("out.png", reuse=Reuse.FINISHED))

    assert (found.action, type(found.error)) == (Action.REFUSE, OutputExists)


def test_a_file_that_other_work_made_is_refused_when_resuming_and_replaced_when_updating(buyer: Buyer) -> None:
    buyer.run(made(), DONE, delivered(png()), output="out.png")
    other = replace_prompt(buyer.order("out.png", reuse=Reuse.FINISHED), "red sky")
    update = replace_prompt(buyer.order("out.png", reuse=Reuse.FINISHED), "red sky")
    update.update = True

    assert (needs(buyer, other), needs(buyer, update)) == (Action.REFUSE, Action.BUY)


def replace_prompt(order: Order, prompt: str) -> Order:
    order.make = lambda: inpaint(prompt)
    return order


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
    life = replace(buyer.life, timeout=3.0)
    buyer.transport.says(made(), *[stands("Pending")] * 4)

    with pytest.raises(JobStillRunning) as failed:
        done_by(life, buyer.order())

    assert (failed.value.job_id, failed.value.hint) == (JOB, f"aeforge job wait {JOB}")
    assert buyer.rows == [("accepted", JOB)]
    buyer.transport.script.clear()


def test_a_job_that_the_service_has_forgotten_is_written_off(buyer: Buyer) -> None:
    buyer.transport.says(made(), *[NOT_FOUND] * 40)
    buyer.submit(buyer.order())

    assert type(buyer.fails()) is JobNotFound
    assert buyer.rows == [("lost", JOB)]
    assert buyer.clock.time >= 1030.0
    buyer.transport.script.clear()
    assert type(buyer.fails()) is JobNotFound
    assert buyer.run(made(OTHER_JOB), DONE_OTHER, reuse=Reuse.NOTHING).attached is False


def test_one_answer_that_a_job_is_not_found_decides_nothing(buyer: Buyer) -> None:
    buyer.transport.says(made(), NOT_FOUND, DONE)

    assert done_by(buyer.life, buyer.order()).status == "Succeed"


def test_one_answer_that_a_job_is_not_found_writes_nothing_off_when_it_is_only_looked_at(buyer: Buyer) -> None:
    buyer.transport.says(made(), NOT_FOUND)
    job = buyer.submit(buyer.order())

    with pytest.raises(JobNotFound):
        buyer.life.check(job)

    assert buyer.rows == [("accepted", JOB)]


@pytest.mark.parametrize("ends", [[NOT_FOUND] * 40, [DONE, Answer(418)]], ids=["forgotten", "gone"])
def test_what_was_saved_stays_saved_though_it_cannot_be_fetched_again(buyer: Buyer, ends: list[Answer]) -> None:
    buyer.run(made(), DONE, delivered(png()), output="out.png")
    (buyer.folder / "out.png").unlink()
    buyer.transport.says(*ends)

    with pytest.raises(AeforgeError):
        done_by(buyer.life, buyer.order("out.png", reuse=Reuse.FINISHED))

    assert buyer.rows == [("saved", JOB)]
    buyer.transport.script.clear()


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
    ticket = buyer.submit(buyer.order())

    assert buyer.life.check(ticket) == job
    assert buyer.rows == [(state, JOB)]


def test_one_look_tries_a_few_times_to_be_heard(buyer: Buyer) -> None:
    buyer.transport.says(unanswered(), Answer(500), DONE)

    assert buyer.life.check(Job(JOB)) == Succeeded((LINK,))


def test_one_look_gives_up_soon(buyer: Buyer) -> None:
    buyer.transport.says(*[unanswered()] * 4)

    with pytest.raises(Unreachable) as failed:
        buyer.life.check(Job(JOB))

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

    for ticket, end in buyer.life.wait_for_all([Job(JOB), Job(other)], until=2000.0):
        try:
            endings.append(f"{ticket.job_id} {end().urls}")
        except AeforgeError as error:
            endings.append(f"{ticket.job_id} {error.code}")

    assert endings == [f"{OTHER_JOB} {(LINK,)}", f"{JOB} job_failed"]


def test_of_several_jobs_one_that_is_not_found_stops_none_of_the_others(buyer: Buyer) -> None:
    buyer.transport.says(NOT_FOUND, stands("Succeed", LINK, job_id=OTHER_JOB))
    ends = dict(buyer.life.wait_for_all([Job(JOB), Job(JobId(OTHER_JOB))], until=2000.0))

    with pytest.raises(JobNotFound) as failed:
        ends[Job(JOB)]()

    assert failed.value.job_id == JOB
    assert ends[Job(JobId(OTHER_JOB))]() == Succeeded((LINK,))


# ------------------------------------------------------------------ signals


def test_nothing_is_bought_after_a_signal(buyer: Buyer) -> None:
    buyer.stop.request(signal.SIGINT)

    assert type(buyer.fails()) is Interrupted
    assert (buyer.transport.asked, buyer.rows) == ([], [])


def test_an_interrupted_wait_says_how_to_go_on(buyer: Buyer) -> None:
    life = replace(buyer.life, clock=StoppedClock(buyer.clock, buyer.stop))
    buyer.transport.says(made())

    with pytest.raises(Interrupted) as failed:
        done_by(life, buyer.order())

    assert (failed.value.message, failed.value.hint, failed.value.job_id) == (
        f"Interrupted; job {JOB} continues at the service",
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


def test_what_often_fails_is_guessed_only_where_no_reason_is_given() -> None:
    guess = "small ones (under 1024 px), often fail"

    assert guess in (job_failed(JobId("1"), "").hint or "")
    assert guess not in (job_failed(JobId("1"), "At that place there is no object.").hint or "")
