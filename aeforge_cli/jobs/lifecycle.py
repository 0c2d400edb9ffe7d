"""The life of one job: claim, submit, poll, download; says what happens to an observer.

    claimed ─► submitted ─► polled ─► its results downloaded

Each step is in the journal before the next begins.
"""

import contextlib
import functools
import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, NoReturn

from aeforge_cli import __version__
from aeforge_cli.api.client import Client
from aeforge_cli.api.operations import Operation
from aeforge_cli.api.responses import Failed, JobId, JobStatus, Pending, Succeeded
from aeforge_cli.api.web_inputs import label_of
from aeforge_cli.dataclass import dataclass
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
    Rejected,
    SubmitUnknown,
    followed_by,
    resume_command,
)
from aeforge_cli.files.atomic import SavedFile, sweep
from aeforge_cli.files.destination import replaces_nothing
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.download import Downloader, SomeMissing
from aeforge_cli.jobs.events import Observer, RetryScheduled, Submitted, Submitting, ignore
from aeforge_cli.jobs.needs import Need, need, sent_before
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.poll_schedule import PollSchedule
from aeforge_cli.jobs.polling import Poller
from aeforge_cli.jobs.results import Action, JobResult
from aeforge_cli.journal import rules
from aeforge_cli.journal.interface import (
    Claimed,
    Intent,
    Journal,
    Limit,
    NoJournal,
    OtherAccount,
    OverLimit,
    Reuse,
    Row,
    State,
    Step,
    Taken,
)
from aeforge_cli.phrases import count, price
from aeforge_cli.process.clock import Clock
from aeforge_cli.process.signals import Stop

Purchase = Callable[[], contextlib.AbstractContextManager[None]]


@dataclass(frozen=True)
class Job:
    """A job that exists: `number` is its row in the journal (0: none), `accepted` when, on the monotonic clock."""

    job_id: JobId
    number: int = 0
    attached: bool = False
    accepted: float | None = None
    action: Action = Action.BUY


class Held(NamedTuple):
    """Another run that still lives is at the same job."""

    row: Row


@dataclass(frozen=True)
class Account:
    """Who pays: `name` tells accounts of a service apart, `limits` are what may be spent, `price` in millionths."""

    service: str
    name: str
    profile: str | None = None
    limits: Callable[[], Sequence[Limit]] = tuple
    price: Callable[[Operation], int | None] = lambda _operation: None
    unit: str | None = None


@dataclass(frozen=True)
class Lifecycle:
    """The steps of a job's life, to be taken one by one; safe to use from several threads.

    `emergency` writes to the user past any display; `timeout` is in seconds, for each job; `confirmed` says that the
    user has agreed to a purchase in doubt.
    """

    client: Client
    journal: Journal
    clock: Clock
    stop: Stop
    account: Account
    emergency: Callable[[str], None]
    notify: Observer = ignore
    timeout: float = 600.0
    schedule: PollSchedule = field(default_factory=PollSchedule)
    confirmed: bool = False
    strangers: set[str] = field(default_factory=set)
    _unrecorded: set[JobId] = field(default_factory=set)

    def need(self, order: Order) -> Need:
        """What the job needs just now."""
        return need(order, self.journal, self.account.service, self.account.name)

    # -------------------------------------------------------------- submitting

    def obtain(
        self, order: Order, until: float, *, queues: bool = True, purchase: Purchase = contextlib.nullcontext
    ) -> "Job | Held":
        """The job of the order: an earlier one of the same work, or a new one, whose id is in the journal on return.

        Held where another process is at it. `purchase` surrounds one, and raises what forbids it. Without `queues`
        RateLimited is raised at once. Raises SubmitUnknown where a job may exist, now or from an earlier try;
        LimitReached where a budget is spent; else as Client.submit.
        """
        self.stop.check()
        with self.stop.shielded():
            claim = self._claim(order, until)
            if isinstance(claim, Held):
                return claim
            job = (
                claim if isinstance(claim, Job) else self._bought(claim, order, until, queues=queues, purchase=purchase)
            )
            self.notify(Submitted(job.job_id, order.label, job.attached))
        return job

    def obtain_now(self, order: Order, until: float) -> Job:
        """As `obtain`, waiting for another process that is at the same job. Raises JobStillRunning too."""
        started = self.clock.monotonic()
        got = self.obtain(order, until)
        while isinstance(got, Held):
            waited = self.clock.monotonic() - started
            if waited > self.timeout:
                raise held_too_long(got)
            self.clock.sleep(0.25)
            got = self.resolved(order, got, until, waited=waited)
        return got

    def _bought(self, claim: Claimed, order: Order, until: float, *, queues: bool, purchase: Purchase) -> Job:
        self.notify(Submitting(order.label))
        job_id = self._submit(claim.number, order, until, queues=queues, purchase=purchase)
        self._record_accepted(claim.number, job_id)
        return Job(job_id, claim.number, accepted=self.clock.monotonic())

    def _claim(self, order: Order, until: float) -> "Claimed | Job | Held":
        intent = self._intent(order)
        while True:
            self._require_certainty(order)
            claim = self.journal.claim(
                intent, self.clock.now(), order.reuse, limits=self._limits(), strangers=self.strangers, gone=order.gone
            )
            match claim:
                case Claimed():
                    return claim
                case Taken(row, is_live=True):
                    return Held(row)
                case Taken(row):
                    return attached(row)
                case OtherAccount(row):
                    self._ask_whose(row, until)
                case OverLimit(limit, spent):
                    raise budget_reached(limit, spent)

    def _limits(self) -> Sequence[Limit]:
        """What may be spent just now. Raises CannotSave where nothing counts what is."""
        limits = self.account.limits()
        if limits and isinstance(self.journal, NoJournal):
            raise CannotSave(
                f"Nothing was submitted: without a journal, the budget {limits[0].text} cannot be checked",
                hint="name a folder that can be written with AEFORGE_STATE_DIR",
            )
        return limits

    def _intent(self, order: Order) -> Intent:
        operation = order.operation
        return Intent(
            work=order.work,
            service=self.account.service,
            account=self.account.name,
            operation=operation.name,
            input=order.input,
            prompt=operation.words,
            output=order.delivery.target if order.delivery else None,
            quality=_quality(operation),
            profile=self.account.profile,
            price=self.account.price(operation),
            unit=self.account.unit,
            details=_details(operation),
        )

    def _require_certainty(self, order: Order) -> None:
        """A journal that may lack the past does not say whether the work was paid for: once, the user must."""
        if not self.journal.doubt:
            return
        if not (self.confirmed or order.reuse is Reuse.NOTHING):
            raise JournalDamaged(
                "Nothing was submitted: the journal may no longer know all jobs that were paid for",
                why=self.journal.doubt,
                hint="check the service's dashboard; then run the command again with --yes, or --new for one job",
            )
        self.journal.clear_doubt()

    def _ask_whose(self, row: Row, until: float) -> None:
        """The same work stands under another key: the service knows one account's jobs alone, and asking is free.

        One answer that it does not know the job decides no more here than while it is waited for.
        """
        if row.job_id is None:
            raise sent_before(row)
        poller = self.poller(Job(JobId(row.job_id), row.number), until)
        try:
            while isinstance(pause := poller.look(), float):
                self.clock.sleep(pause)
        except JobNotFound:
            self.strangers.add(row.account)
        else:
            self.journal.adopt(self.account.service, row.account, self.account.name)

    def _submit(self, number: int, order: Order, until: float, *, queues: bool, purchase: Purchase) -> JobId:
        try:
            with purchase():
                return self.client.submit(
                    order.operation,
                    until=until,
                    uploaded=lambda sent, size: self.notify(Submitting(order.label, sent, size)),
                    waiting=lambda why, seconds: self.notify(RetryScheduled(f"not submitted yet: {why}", seconds)),
                    queues=queues,
                )
        except SubmitUnknown as error:
            try:
                job_id = error.job_id
                self.journal.record(number, Step(State.UNKNOWN, job_id=job_id, reason=error.why), self._now)
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
        self._unrecorded.add(job_id)
        try:
            self.journal.record(number, Step(State.ACCEPTED, job_id=job_id), self._now)
        except AeforgeError as error:
            # The id is all that stands between the user and a lost payment: out with it before anything else.
            self.emergency(_to_record(job_id))
            error.job_id = job_id
            error.hint = f"{resume_command(job_id)}; then {error.hint}"
            raise
        finally:
            self._unrecorded.discard(job_id)

    def untold(self) -> list[str]:
        """What the user must see if the process ends now: the ids that the journal has not taken yet."""
        return [_to_record(job_id) for job_id in sorted(self._unrecorded)]

    @property
    def _now(self) -> datetime:
        return self.clock.now()

    # -------------------------------------------------------------- what another run holds

    def resolved(
        self, order: Order, held: Held, until: float, *, waited: float, purchase: Purchase = contextlib.nullcontext
    ) -> "Job | Held":
        """What has become of a job that another run was at, after `waited` seconds: as `obtain`, or how it failed."""
        row = self.journal.row(held.row.number)
        if row and row.state is State.FAILED:
            raise job_failed(JobId(row.job_id or ""), row.reason or "")
        if row and rules.can_resume(row) and waited > self.timeout * STOPPED:
            return attached(row)  # its process may have been stopped; polling what is paid for costs nothing
        order.reuse = Reuse.FINISHED
        return self.obtain(order, until, purchase=purchase)

    # -------------------------------------------------------------- polling

    @property
    def is_free(self) -> bool:
        """Whether nothing was paid, so that one answer decides that a job is gone, and it is submitted again."""
        return self.account.service == rules.SANDBOX

    def poller(self, job: Job, until: float) -> Poller:
        """The polls of one job, for whoever decides when they are due."""
        return Poller(
            job.job_id,
            client=self.client,
            clock=self.clock,
            schedule=self.schedule,
            until=until,
            accepted=job.accepted,
            notify=self.notify,
            is_known=job.number != 0 and not self.is_free,
        )

    def wait_for_all(self, jobs: Sequence[Job], until: float) -> Iterator[tuple[Job, Callable[[], Succeeded]]]:
        """Each job when it has ended, with what says how: it returns the results, or raises JobFailed and others."""
        pollers = {job: self.poller(job, until) for job in jobs}
        now = self.clock.monotonic()
        due = [(now + pollers[job].first_pause(), place) for place, job in enumerate(jobs)]
        heapq.heapify(due)
        while due:
            when, place = heapq.heappop(due)
            job = jobs[place]
            self._sleep(when - self.clock.monotonic(), [jobs[each] for _, each in due] + [job])
            try:
                with self.knowing(job):
                    found = pollers[job].poll()
            except AeforgeError as error:
                yield job, functools.partial(_raise, error)
                continue
            if isinstance(found, float):
                heapq.heappush(due, (self.clock.monotonic() + found, place))
            else:
                yield job, functools.partial(self.ended, job, found)

    def _sleep(self, seconds: float, jobs: Sequence[Job]) -> None:
        """Waits. Interrupted, it says how to go on with all the jobs."""
        try:
            self.clock.sleep(seconds)
        except Interrupted as error:
            if len(jobs) == 1:
                error.job_id = jobs[0].job_id
                error.message = f"Interrupted; job {error.job_id} continues at the service"
            else:
                error.message = f"Interrupted; {len(jobs)} jobs continue at the service"
            error.hint = resume_command(" ".join(job.job_id for job in jobs))
            raise

    def ended(self, job: Job, status: Succeeded | Failed) -> Succeeded:
        """Writes down how the job ended; raises JobFailed if it failed."""
        match status:
            case Succeeded():
                if job.action is not Action.FETCH:  # saved before: the row says more already
                    self.journal.record(job.number, Step(State.SUCCEEDED), self._now)
                return status
            case Failed(reason):
                self.journal.record(job.number, Step(State.FAILED, reason=reason), self._now)
                raise job_failed(job.job_id, reason)

    def check(self, job: Job) -> JobStatus:
        """One poll, without waiting for the job; a few more where the service cannot be heard."""
        with self.knowing(job):
            status = self.client.insist(
                lambda: self.client.poll(job.job_id),
                lambda why, pause: self.notify(RetryScheduled(why, pause, job.job_id)),
            )
            if isinstance(status, Pending):
                return status
            with contextlib.suppress(JobFailed):  # how it stands is the answer here, not an error
                self.ended(job, status)
            return status

    # -------------------------------------------------------------- saving

    def save(
        self,
        job: Job,
        urls: Sequence[str],
        delivery: Delivery,
        until: float,
        replaces: Callable[[Path], bool] = replaces_nothing,
    ) -> list[SavedFile]:
        """Downloads the results to where they are wanted, and writes down which files they are.

        `replaces` says of a file whether a result may take its place.
        """
        row = self.journal.by_job_id(job.job_id)
        if (folder := delivery.folder) is not None:
            sweep(folder)
        downloader = Downloader(
            job.job_id,
            urls,
            delivery,
            client=self.client,
            clock=self.clock,
            until=until,
            notify=self.notify,
            check=self.stop.check,
            saved=row.files if row else (),
            replaces=replaces,
        )
        with self.knowing(job):
            try:
                files = downloader.all()
            except SomeMissing as missing:
                if job.action is not Action.FETCH:
                    self.journal.record(job.number, Step(State.SUCCEEDED, files=missing.files), self._now)
                raise missing.error from None
            self.journal.record(job.number, Step(State.SAVED, files=files), self._now)
        return files

    def copied(self, job: Job, files: Sequence[SavedFile]) -> None:
        """Writes down where results stand that were copied on this disk."""
        self.journal.record(job.number, Step(State.SAVED, files=files), self._now)

    def result(
        self, job: Job, order: Order, status: Succeeded | None, files: Sequence[SavedFile] = (), started: float = 0.0
    ) -> JobResult:
        """What became of the job; without a `status` it is not waited for."""
        return JobResult(
            job_id=job.job_id,
            status="Succeed" if status else "Pending",
            operation=order.kind.name,
            input=order.input or None,
            image_urls=status.urls if status else (),
            files=tuple(files),
            seconds=round(self.clock.monotonic() - started, 3) if status else None,
            attached=job.attached,
            index=order.index,
            action=job.action,
        )

    def elsewhere(self, order: Order, row: Row) -> JobResult | None:
        """The result of a job that another machine has saved, which is not fetched here."""
        if row.state is not State.SAVED or row.host == self.journal.host:
            return None
        return JobResult(
            row.job_id, "Elsewhere", order.kind.name, order.input or None, index=order.index, action=Action.KEEP
        )

    @contextlib.contextmanager
    def knowing(self, job: Job) -> Iterator[None]:
        """Whatever fails says which job it is about, and how to resume it."""
        try:
            yield
        except Failure as error:
            error.job_id = job.job_id
            if isinstance(error, JobNotFound) and job.action is not Action.FETCH and (error.is_certain or self.is_free):
                self.journal.record(job.number, Step(State.LOST, reason=error.why), self._now)
            if isinstance(error, Interrupted):
                error.message = f"Interrupted; job {job.job_id} continues at the service"
            go_on = resume_command(job.job_id)
            is_no_use = isinstance(error, JobFailed | JobNotFound) or (isinstance(error, Rejected) and not job.number)
            if f"job wait {job.job_id}" not in error.hint and not is_no_use:
                error.hint = followed_by(error.hint, go_on)
            raise


# The share of the timeout after which a job of a run that lives, but may have been stopped, is polled by us as well. By
# default 150 s: jobs take 80 to 130 s, and what the other run polls anyway is not to be polled twice.
STOPPED = 0.25


def attached(row: Row) -> Job:
    """The job of an earlier row, to go on with at no cost. Raises what its state forbids."""
    if row.job_id is None or not (rules.is_paid(row) or rules.can_resume(row)):
        raise sent_before(row)
    action = Action.RESUME if rules.can_resume(row) else Action.FETCH
    return Job(JobId(row.job_id), row.number, attached=True, action=action)


def _to_record(job_id: JobId) -> str:
    return f"RECORD THIS: job {job_id}"


def held_too_long(held: Held) -> JobStillRunning:
    return JobStillRunning(
        "Another process still works on the same job",
        why=f"since {held.row.created}",
        hint="aeforge job list --pending",
        job_id=held.row.job_id,
    )


def budget_reached(limit: Limit, spent: int) -> BudgetReached:
    told = f"{count(spent, 'job')} submitted" if limit.unit is None else f"{price(spent, limit.unit)} spent"
    return BudgetReached(
        f"budget {limit.text} reached; nothing was submitted",
        why=f"{told}; resets at {limit.resets_at}",
        hint="wait until then, or raise the budget",
        budget=limit.text,
        resets_at=limit.resets_at,
    )


_OFTEN_FAIL = "; pictures of child-like figures, and small ones (under 1024 px), often fail"


def job_failed(job_id: JobId, reason: str) -> JobFailed:
    return JobFailed(
        f"Job {job_id} failed at the service",
        why=reason or "the service gives no reason",
        hint=f"change the prompt or the picture, then run the command again{'' if reason else _OFTEN_FAIL}",
        job_id=job_id,
    )


def _quality(operation: Operation) -> str | None:
    quality = getattr(operation, "quality", None)
    return None if quality is None else str(quality)


def _details(operation: Operation) -> Mapping[str, object]:
    """The form's fields and its pictures by their content: what tells, later, how a file was made."""
    fields: dict[str, list[str]] = {}
    inputs = []
    for part in operation.parts():
        if isinstance(part.value, Picture):
            inputs.append({"field": part.name, "input": part.value.label, "sha256": part.value.sha256})
        else:
            fields.setdefault(part.name, []).append(label_of(part.value))
    told = {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    return {"fields": told, "inputs": inputs, "version": __version__}


def _raise(error: AeforgeError) -> NoReturn:
    raise error
