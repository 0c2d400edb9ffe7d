"""The life of one job: claim, submit, wait, download; says what happens to an observer.

    claimed ─► submitted ─► waited for ─► its results fetched

Each step is in the journal before the next begins.
"""

import contextlib
import functools
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from aeforge_cli.api.client import Client
from aeforge_cli.api.responses import Failed, JobId, JobStatus, Pending, Succeeded
from aeforge_cli.errors import (
    AeforgeError,
    Failure,
    Interrupted,
    JobFailed,
    JobNotFound,
    JobStillRunning,
    OutputExists,
    SentBefore,
    SubmitUnknown,
    go_on_with,
)
from aeforge_cli.files.atomic import SavedFile, holds, sweep
from aeforge_cli.jobs.download import Delivery, Downloader, SomeMissing
from aeforge_cli.jobs.events import Observer, RetryScheduled, Submitted, Submitting, ignore
from aeforge_cli.jobs.orders import Finished, Order
from aeforge_cli.jobs.poll_schedule import LearnedSchedule, PollSchedule
from aeforge_cli.jobs.polling import Poller
from aeforge_cli.journal.interface import Claimed, Claiming, Entry, Journal, Lasted, State, Step, Taken, Work
from aeforge_cli.process.clock import Clock
from aeforge_cli.process.signals import Stop

_OTHER_PROCESS_SECONDS = 200.0  # longer than a submission can take


@dataclass(frozen=True)
class Ticket:
    """A job that exists: `number` is its row in the journal (0: none), `accepted` when, on the monotonic clock."""

    job_id: JobId
    number: int = 0
    attached: bool = False
    accepted: float | None = None


@dataclass(frozen=True)
class Jobs:
    """The steps of a job's life, to be taken one by one or all with `run`; safe to use from several threads.

    `service` and `account` tell apart what was bought where; `emergency` writes to the user past any display;
    `why_failed` knows more than the API, which gives no reason; `patience` is in seconds, for each job.
    """

    client: Client
    journal: Journal
    clock: Clock
    stop: Stop
    service: str
    account: str
    emergency: Callable[[str], None]
    why_failed: Callable[[JobId], str] = lambda _job_id: ""
    notify: Observer = ignore
    timeout: float = 600.0
    schedule: PollSchedule = field(default_factory=LearnedSchedule)

    def run(self, order: Order) -> Finished:
        """Buys the job, or goes on with the same one bought before, waits for it, and saves what it made."""
        started = self.clock.monotonic()
        until = started + self.timeout
        ticket = self.buy(order, until)
        done = self.wait(ticket, until)
        files = self.save(ticket, done.urls, order.delivery, until) if order.delivery else ()
        return self.finished(ticket, order, done, files, started)

    def begun(self, ticket: Ticket, order: Order) -> Finished:
        """What is known of a job that is not waited for."""
        return Finished(ticket.job_id, "Pending", order.operation.name, order.input or None, attached=ticket.attached)

    def finished(
        self, ticket: Ticket, order: Order, done: Succeeded, files: Sequence[SavedFile], started: float
    ) -> Finished:
        return Finished(
            job_id=ticket.job_id,
            status="Succeed",
            operation=order.operation.name,
            input=order.input or None,
            image_urls=done.urls,
            files=tuple(files),
            seconds=round(self.clock.monotonic() - started, 3),
            attached=ticket.attached,
        )

    def kept(self, order: Order) -> Finished | None:
        """If resuming: what an earlier run has finished of the order, by the journal and the disk; else None."""
        if order.claiming is not Claiming.RESUME or order.delivery is None:
            return None
        entry = self.journal.latest(order.operation.fingerprint(), self.service, self.account)
        files: Sequence[SavedFile] = ()
        if entry is not None:
            whole = all(holds(Path(file.path), file.sha256) for file in entry.saved_files)
            files = entry.saved_files if entry.state is State.SAVED and whole else ()
        elif (there := order.delivery.taken()) is not None:
            self._check_maker(there)
            files = (SavedFile(str(there)),)  # made by another machine, or before the journal
        job_id = entry.job_id if entry else None
        done = Finished(job_id, "Skipped", order.operation.name, order.input or None, files=tuple(files), attached=True)
        return done if files else None

    def _check_maker(self, path: Path) -> None:
        """Raises OutputExists where this journal knows that the file is what other work made."""
        entry = self.journal.maker(str(path))
        if entry and any(file.path == str(path) and holds(path, file.sha256) for file in entry.saved_files):
            raise OutputExists(
                f"{path} was made of another picture or prompt",
                why=f"by job {entry.job_id}; --resume goes on with the same command only",
                hint="choose another output, or add --overwrite",
            )

    # -------------------------------------------------------------- buying

    def buy(self, order: Order, until: float, *, queues: bool = True) -> Ticket:
        """One paid job for the order; its id is in the journal before this returns.

        Raises SubmitUnknown where a job may exist, now or from an earlier try; else as Client.submit.
        """
        self.stop.check()
        with self.stop.shielded():
            claim = self._claim(order)
            if isinstance(claim, Entry):
                ticket = Ticket(JobId(claim.job_id or ""), claim.number, attached=True)
            else:
                self.notify(Submitting(order.input))
                job_id = self._submit(claim.number, order, until, queues=queues)
                self._record_accepted(claim.number, job_id)
                ticket = Ticket(job_id, claim.number, accepted=self.clock.monotonic())
            self.notify(Submitted(ticket.job_id, order.input, ticket.attached))
        return ticket

    def _claim(self, order: Order) -> Claimed | Entry:
        """The work to submit, or the row of the same work to go on with."""
        work = Work(
            key=order.operation.fingerprint(),
            service=self.service,
            account=self.account,
            operation=order.operation.name,
            input=order.input,
            prompt=order.operation.words,
            output=order.delivery.target if order.delivery else None,
        )
        give_up = self.clock.monotonic() + _OTHER_PROCESS_SECONDS
        while True:
            claim = self.journal.claim(work, self.clock.now(), order.claiming)
            match claim:
                case Claimed():
                    return claim
                case Taken(entry, is_live=True) if entry.state is State.SUBMITTING:
                    self._await_other_process(entry, give_up)
                case Taken(entry) if entry.state in (State.ACCEPTED, State.SUCCEEDED, State.SAVED):
                    return entry
                case Taken(entry):
                    raise _sent_before(entry)

    def _await_other_process(self, entry: Entry, give_up: float) -> None:
        if self.clock.monotonic() > give_up:
            raise JobStillRunning(
                "Another process has been submitting the same work for minutes",
                why=f"since {entry.created}",
                hint="aeforge job list --pending",
            )
        self.notify(RetryScheduled("another process is submitting the same work; its job will be gone on with", 0.25))
        self.clock.sleep(0.25)

    def _submit(self, number: int, order: Order, until: float, *, queues: bool) -> JobId:
        try:
            return self.client.submit(
                order.operation,
                until=until,
                uploaded=lambda sent, size: self.notify(Submitting(order.input, sent, size)),
                waiting=lambda why, seconds: self.notify(RetryScheduled(f"not submitted yet: {why}", seconds)),
                queues=queues,
            )
        except SubmitUnknown as error:
            try:
                self.journal.record(number, Step(State.UNKNOWN, reason=error.why), self._now)
            except AeforgeError as unwritten:
                # The row stays `submitting`, which the next run takes for the same; what matters now is the money.
                error.why = f"{error.why}; and {unwritten.message}: {unwritten.why}"
            raise
        except Failure as error:  # also a signal, which ends a pause between two tries
            is_refused = error.http_status is not None and not error.retryable
            state = State.REJECTED if is_refused else State.NOT_SENT
            self.journal.record(number, Step(state, reason=error.why or error.message), self._now)
            raise

    def _record_accepted(self, number: int, job_id: JobId) -> None:
        try:
            self.journal.record(number, Step(State.ACCEPTED, job_id=job_id), self._now)
        except AeforgeError as error:
            # The id is all that stands between the user and a lost payment: out with it before anything else.
            self.emergency(f"RECORD THIS: job {job_id}")
            error.job_id = job_id
            error.hint = f"{go_on_with(job_id)}; then {error.hint}"
            raise

    @property
    def _now(self) -> datetime:
        return self.clock.now()

    # -------------------------------------------------------------- waiting

    def watch(self, ticket: Ticket, until: float) -> Poller:
        """The looks at one job, for whoever decides when they are due."""
        return Poller(
            ticket.job_id,
            client=self.client,
            clock=self.clock,
            schedule=self.schedule,
            until=until,
            accepted=ticket.accepted,
            notify=self.notify,
        )

    def wait(self, ticket: Ticket, until: float) -> Succeeded:
        """Raises JobFailed, JobStillRunning when patience ends, or what the last looks met."""
        with self.knowing(ticket):
            watch = self.watch(ticket, until)
            return self.ended(ticket, watch.to_the_end(), watch.lasted)

    def wait_for_all(self, tickets: Sequence[Ticket], until: float) -> Iterator[tuple[Ticket, Callable[[], Succeeded]]]:
        """Each job when it has ended, with what says how: it returns the results, or raises as `wait` does."""
        watches = {ticket: self.watch(ticket, until) for ticket in tickets}
        due = [(0.0, place) for place in range(len(tickets))]
        while due:
            when, place = heapq.heappop(due)
            ticket = tickets[place]
            self.clock.sleep(when - self.clock.monotonic())
            try:
                with self.knowing(ticket):
                    found = watches[ticket].look()
            except AeforgeError as error:
                yield ticket, functools.partial(_raise, error)
                continue
            if isinstance(found, float):
                heapq.heappush(due, (self.clock.monotonic() + found, place))
            else:
                yield ticket, functools.partial(self.ended, ticket, found)

    def ended(self, ticket: Ticket, job: Succeeded | Failed, lasted: Lasted | None = None) -> Succeeded:
        """Writes down how the job ended; raises JobFailed if it failed."""
        match job:
            case Succeeded():
                self.journal.record(ticket.number, Step(State.SUCCEEDED, lasted=lasted), self._now)
                return job
            case Failed(told):
                reason = told or self.why_failed(ticket.job_id)
                self.journal.record(ticket.number, Step(State.FAILED, reason=reason), self._now)
                raise job_failed(ticket.job_id, reason)

    def look(self, ticket: Ticket) -> JobStatus:
        """One look, without waiting for the job; a few more where the service cannot be heard."""
        with self.knowing(ticket):
            job = self.client.insist(
                lambda: self.client.look(ticket.job_id),
                lambda why, pause: self.notify(RetryScheduled(why, pause, ticket.job_id)),
            )
            if isinstance(job, Pending):
                return job
            with contextlib.suppress(JobFailed):  # how it stands is the answer here, not an error
                self.ended(ticket, job)
            return job

    # -------------------------------------------------------------- saving

    def save(self, ticket: Ticket, urls: Sequence[str], delivery: Delivery, until: float) -> list[SavedFile]:
        """Fetches the results to where they are wanted, and writes down which files they are."""
        entry = self.journal.by_job_id(ticket.job_id)
        if (path := delivery.path(delivery.naming)) is not None:
            sweep(path.parent)
        fetch = Downloader(
            ticket.job_id,
            urls,
            delivery,
            client=self.client,
            clock=self.clock,
            until=until,
            notify=self.notify,
            check=self.stop.check,
            kept=entry.saved_files if entry else (),
        )
        with self.knowing(ticket):
            try:
                files = fetch.all()
            except SomeMissing as missing:
                self.journal.record(ticket.number, Step(State.SUCCEEDED, files=missing.files), self._now)
                raise missing.error from None
            self.journal.record(ticket.number, Step(State.SAVED, files=files), self._now)
        return files

    @contextlib.contextmanager
    def knowing(self, ticket: Ticket) -> Iterator[None]:
        """Whatever fails says which job it is about, and how to go on with it."""
        try:
            yield
        except Failure as error:
            error.job_id = ticket.job_id
            if isinstance(error, JobNotFound):
                self.journal.record(ticket.number, Step(State.LOST, reason=error.why), self._now)
            if isinstance(error, Interrupted):
                error.message = f"Interrupted; job {ticket.job_id} goes on at the service"
            go_on = go_on_with(ticket.job_id)
            if go_on not in error.hint and not isinstance(error, JobFailed | JobNotFound):
                error.hint = f"{error.hint}; then {go_on}" if error.hint else go_on
            raise


def _raise(error: AeforgeError) -> NoReturn:
    raise error


def _sent_before(entry: Entry) -> SentBefore:
    return SentBefore(
        "The same work was sent before, and its answer was lost: a job may exist and be charged. It was not sent again",
        why=f"first sent at {entry.created}: {entry.reason or 'no answer came'}",
        hint="look at the service's dashboard; to send it again all the same, add --new to the command",
    )


def job_failed(job_id: JobId, reason: str) -> JobFailed:
    return JobFailed(
        f"Job {job_id} failed at the service",
        why=reason or "the service gives no reason",
        hint="change the prompt or the picture, then run the command again; pictures of child-like figures,"
        " and small ones (under 1024 px), often fail",
        job_id=job_id,
    )
