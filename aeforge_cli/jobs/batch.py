"""Many jobs at once, and one job likewise: who is submitting, who is being polled, who is downloading, when to stop.

Waiting holds no thread. A few uploaders take orders from a queue while fewer than the limit are in flight; one heap
says which job is to be polled next, and a few pollers take from it; what has succeeded goes to a few downloaders.
Nothing is shared with the pool of an executor: after a signal its queued tasks would still run, and go on paying.

    queued ─► submitting ─► running (due at some time) ─► downloading ─► reported
       └───── held by another run: taken up again when nothing else is left
"""

import contextlib
import heapq
import math
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import Enum

from aeforge_cli.api.client import ATTEMPTS, NAMED_WAITS
from aeforge_cli.api.responses import Failed, Succeeded
from aeforge_cli.api.retry import MOMENT, jitter
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import (
    AeforgeError,
    BudgetReached,
    CannotSave,
    Interrupted,
    JobNotFound,
    JournalBusy,
    JournalDamaged,
    JournalUnreachable,
    LimitReached,
    NotSignedIn,
    OutputExists,
    RateLimited,
    RefusedByAccount,
    ResultUnavailable,
    SentBefore,
    SubmitUnknown,
    Unreachable,
    or_submit_anew,
)
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.jobs.displaced import Displaced
from aeforge_cli.jobs.events import RetryScheduled, Tally
from aeforge_cli.jobs.lifecycle import Held, Job, Lifecycle, held_too_long
from aeforge_cli.jobs.needs import blocked
from aeforge_cli.jobs.order_queue import OrderQueue
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.polling import Poller
from aeforge_cli.jobs.results import Action, JobResult
from aeforge_cli.journal.interface import RETRIED_FOR, Reuse, State
from aeforge_cli.process.signals import DEAF

UPLOADERS = 12
POLLERS = 16
DOWNLOADERS = 8
LAST_BLOCKS = 1.0  # seconds for downloads to notice that all ends, so that a file is either reported or not there
LOST_ANSWERS = 5  # in a row: each may have cost money, so no more are risked
AWAY_PAUSE = 1.0  # seconds between two tries to claim a job while the journal's server is away
HELD_PAUSE = 0.5  # seconds between two questions about jobs that another run holds: one to the journal for each


@dataclass(frozen=True)
class Outcome:
    """What became of an order; `result` None if it was never tried."""

    order: Order
    result: JobResult | AeforgeError | None
    seconds: float = 0.0


@dataclass(frozen=True)
class _Running:
    """A job that has not ended, with its next poll in `poller`."""

    order: Order
    job: Job
    poller: Poller
    started: float
    until: float


@dataclass(frozen=True)
class _Waiting:
    """An order whose job another run holds; `keeps` says that what stands at its place already is enough."""

    order: Order
    held: Held
    started: float
    keeps: bool


class _Stage(Enum):
    """How far an order had come when it ended."""

    SUBMITTING = "in flight, without a job"
    RUNNING = "in flight, with a job"
    DOWNLOADING = "its job is over"


class Batch:
    """Runs the orders; `outcomes` is iterated by the thread that prints, which is also the one that signals reach.

    At most `purchases` jobs are bought, however many turn out to be needed; None for no limit. With `share` what
    another machine made is not fetched.
    """

    def __init__(
        self,
        lifecycle: Lifecycle,
        orders: Sequence[Order],
        *,
        fail_fast: bool = False,
        wait: bool = True,
        purchases: int | None = None,
        share: bool = False,
        displaced: Displaced | None = None,
    ) -> None:
        self._lifecycle = lifecycle
        self._displaced = displaced or Displaced(lifecycle.journal, orders)
        self._is_one = len(orders) == 1
        self._orders = OrderQueue(orders)
        self._fail_fast = fail_fast
        self._wait = wait
        self._purchases = purchases
        self._share = share
        self._lock = threading.RLock()
        # Each wakes those alone who can go on: waking all threads at each step cost more than the steps.
        self._room = threading.Condition(self._lock)
        self._sooner = threading.Condition(self._lock)
        self._relief = threading.Condition(self._lock)
        self._idle = threading.Condition(self._lock)
        self._due: list[tuple[float, int, _Running]] = []
        self._running: dict[int, _Running] = {}
        self._held: list[_Waiting] = []
        self._held_since: float | None = None
        self._someone_watches = False
        self._to_download: queue.SimpleQueue[tuple[_Running, Succeeded] | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._stopped: AeforgeError | None = None
        self._closed = False
        self._submitting = 0
        self._to_come = 0  # jobs that are over, and whose results are not here yet
        self._downloading = 0
        self._reserved = 0  # purchases made or in flight
        self._over_budget: BudgetReached | None = None
        self._lost_in_a_row = 0
        self._refusals = 0
        self._refused_at = -MOMENT
        self._away_since: float | None = None  # the journal's server, as claims have found
        self._back_at = -math.inf  # when it is to be asked again
        self.tally = Tally(len(orders))

    @property
    def stopped_by(self) -> AeforgeError | None:
        """Why no more was submitted, if not all was."""
        return self._stopped

    def outcomes(self, report: Callable[[Outcome], object] = lambda _outcome: None) -> Iterator[Outcome]:
        """Each order's outcome, in order of completion; those never tried come last.

        Each is given to `report` first, which no signal cuts short: what was taken from here is reported.
        """
        left = self.tally.total
        try:  # a signal may come while the threads are started, when the first has sent already
            self._start(left)
            while left:
                with self._lifecycle.stop.uninterrupted(self._outcomes.put):
                    outcome = self._next_outcome()
                    report(outcome)
                yield outcome
                left -= 1
        finally:
            self.close()

    def _next_outcome(self) -> Outcome:
        while True:
            with contextlib.suppress(queue.Empty):
                outcome = self._outcomes.get(timeout=DEAF)
                if isinstance(outcome, BaseException):
                    raise outcome
                return outcome

    def unreported(self) -> Iterator[Outcome]:
        """After an early end, the outcomes that `outcomes` had no time to report."""
        with contextlib.suppress(queue.Empty):
            while True:
                if isinstance(outcome := self._outcomes.get_nowait(), Outcome):
                    yield outcome

    def unfinished(self) -> Iterator[Outcome]:
        """After an early end, jobs that go on at the service, and the orders that were not tried."""
        now = self._lifecycle.clock.monotonic()
        with self._lock:
            for running in self._running.values():
                result = self._lifecycle.result(running.job, running.order, None)
                yield Outcome(running.order, result, now - running.started)
            for order in (*self._orders, *(each.order for each in self._held)):
                yield Outcome(order, None)

    def close(self) -> None:
        """Nothing new is begun; a request on its way may still get its answer, so that its id is kept.

        After a signal a download ends with its next block, and takes away what it has of the file.
        """
        with self._lock:
            self._closed = True
            for waiting in (self._room, self._sooner, self._relief):
                waiting.notify_all()
        for _ in range(DOWNLOADERS):
            self._to_download.put(None)
        stop = self._lifecycle.stop
        with self._lock:
            self._idle.wait_for(lambda: not self._downloading, timeout=LAST_BLOCKS)
            if self._submitting and stop.requested:
                stop.say_what_is_awaited()
            self._idle.wait_for(lambda: not self._submitting, timeout=max(0.0, stop.grace - LAST_BLOCKS))
        for text in self._lifecycle.untold():
            self._lifecycle.emergency(text)

    def _start(self, left: int) -> None:
        """One thread of each kind is enough where the system allows no more; the one that buys comes last."""
        kinds = ((self._download, DOWNLOADERS), (self._poll, POLLERS), (self._upload, UPLOADERS))
        for work, _ in kinds:
            self._begin(work)
        with contextlib.suppress(RuntimeError):
            for work, most in kinds:
                for _ in range(min(most, left) - 1):
                    self._begin(work)

    def _begin(self, work: Callable[[], None]) -> None:
        threading.Thread(target=self._guarded, args=(work,), daemon=True).start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (Exception, Interrupted) as end:  # noqa: BLE001 - raised again in the thread that prints
            self._outcomes.put(end)

    # -------------------------------------------------------------- submitting

    def _upload(self) -> None:
        while (order := self._next()) is not None:
            started = self._lifecycle.clock.monotonic()
            try:
                self._submit(order, started)
                self._away_since = None
            except RateLimited as error:
                if self._is_one or not self._put_back(order):
                    self._end(order, error, started, _Stage.SUBMITTING)
            except AeforgeError as error:
                if self._may_return(error):
                    self._return(order)
                else:
                    self._end(order, error, started, _Stage.SUBMITTING)
            finally:
                with self._lock:
                    self._submitting -= 1
                    self._idle.notify()

    def _next(self) -> Order | None:
        """The next order, when one more may be in flight; None when there is none, or nothing may be begun."""
        with self._lock:
            while not self._closed and self._stopped is None and (wait := self._must_wait()):
                self._room.wait(wait)
            if self._closed or (self._stopped is None and not self._orders):
                return None
            if self._stopped is not None:
                self._give_up_rest()
                return None
            self.tally.in_flight += 1
            self._submitting += 1
            order = self._orders.take()
            if self._orders and not self._must_wait():
                self._room.notify()
            return order

    def _must_wait(self) -> float:
        """Seconds until it is worth while to see whether one more may be in flight; 0 if it may, or none is left."""
        if not self._orders:
            return 60.0 if self._orders.has_waiting or self._held or self.tally.in_flight or self._to_come else 0.0
        limiter, now = self._lifecycle.client.limiter, self._lifecycle.clock.monotonic()
        if self.tally.in_flight >= limiter.limit:
            return 60.0  # or until a job ends
        if now < self._back_at:
            return self._back_at - now
        wait = limiter.remaining(now)
        return wait if wait <= self._lifecycle.timeout else 0.0  # the submission says that it would take too long

    def _put_back(self, order: Order) -> bool:
        """Whether a submission that was refused for now may be tried again later: jobs that end make room.

        With nothing in flight, nothing makes room but time: then a few refusals in a row are final.
        """
        limiter, now = self._lifecycle.client.limiter, self._lifecycle.clock.monotonic()
        with self._lock:
            silence = limiter.remaining(now)
            if self.tally.running:
                self._refusals = 0
            elif now - self._refused_at > MOMENT:  # refusals of the same moment count once
                self._refusals, self._refused_at = self._refusals + 1, now
            if silence > self._lifecycle.timeout or self._refusals >= (NAMED_WAITS if silence else ATTEMPTS):
                return False
            if not silence:
                limiter.hold(jitter(self._refusals, chance=self._lifecycle.client.chance), now)
            self._return(order)
        return True

    def _return(self, order: Order) -> None:
        """Puts an order back for which nothing was sent."""
        with self._lock:
            self._orders.put_first(order)
            self.tally.in_flight -= 1
            self._room.notify()

    def _may_return(self, error: AeforgeError) -> bool:
        """Whether a claim is to be tried again: nothing was sent, and the journal's server may be back in a moment."""
        if not isinstance(error, JournalUnreachable) or not error.may_return or error.job_id or self._is_one:
            return False
        now = self._lifecycle.clock.monotonic()
        with self._lock:
            is_new = self._away_since is None
            self._away_since = self._away_since or now
            self._back_at = now + AWAY_PAUSE
            is_over = self._stopped is not None or self._closed or now - self._away_since > RETRIED_FOR
        if is_new:
            self._lifecycle.notify(RetryScheduled(f"nothing is submitted: {error.message}", AWAY_PAUSE))
        return not is_over

    def _give_up_rest(self) -> None:
        rest = [*self._orders.clear(), *(each.order for each in self._held)]
        self._held.clear()
        for order in rest:
            self.tally.untried += 1
            self._outcomes.put(Outcome(order, None))

    def _submit(self, order: Order, started: float) -> None:
        if self._over_budget is not None and self._lifecycle.need(order).action is Action.BUY:
            raise self._over_budget
        until = started + self._lifecycle.timeout
        if order.reuse is Reuse.FINISHED and (settled := self._settled(order)) is not None:
            self._end(order, settled, started, _Stage.SUBMITTING)
            return
        got = self._lifecycle.obtain(order, until, queues=self._is_one and self._wait, purchase=self._purchase)
        if isinstance(got, Held):
            self._hold(order, got, started)
        elif (settled := self._settled_meanwhile(order, got)) is not None:
            self._end(order, settled, started, _Stage.SUBMITTING)
        else:
            self._run(order, got, started, until)

    def _settled_meanwhile(self, order: Order, got: Job) -> JobResult | None:
        """As `_settled`, where another run may have saved the results since the journal was asked."""
        is_saved = got.action is Action.FETCH and order.reuse is Reuse.FINISHED
        return self._settled(order) if is_saved else None

    def _settled(self, order: Order) -> JobResult | None:
        """The result of a job that needs nothing, or nothing here; raises why it must not be begun."""
        need = self._lifecycle.need(order)
        if need.error is not None:
            raise need.error
        if need.action is Action.KEEP:
            with self._lock:
                self.tally.kept += 1
            return kept_result(order, need.files, need.row.job_id if need.row else None)
        if need.row is not None and need.action is Action.FETCH and self._may_stay_elsewhere(order):
            result = self._lifecycle.elsewhere(order, need.row)
            with self._lock:
                self.tally.elsewhere += result is not None
            return result
        return None

    def _may_stay_elsewhere(self, order: Order) -> bool:
        return self._share and not self._orders.is_input(order)  # what others are made of is needed here

    @contextlib.contextmanager
    def _purchase(self) -> Iterator[None]:
        """Counts one more purchase; raises LimitReached beyond those that the user has agreed to."""
        with self._lock:
            if self._purchases is not None and self._reserved >= self._purchases:
                raise LimitReached(
                    "This job would have to be paid for; nothing was submitted",
                    why="this exceeds the jobs you confirmed: an earlier result is no longer available",
                    hint="add --yes, or raise --max-jobs",
                )
            self._reserved += 1
        try:
            yield
        except SubmitUnknown:
            raise
        except BaseException:
            with self._lock:
                self._reserved -= 1
            raise
        with self._lock:
            self.tally.bought += 1

    def _run(self, order: Order, job: Job, started: float, until: float) -> None:
        with self._lock:
            self.tally.fetched += job.action is Action.FETCH
            self.tally.resumed += job.action is Action.RESUME
            self._lost_in_a_row = self._refusals = 0
            self.tally.running += self._wait
        if not self._wait:
            self._end(order, self._lifecycle.result(job, order, None), started, _Stage.SUBMITTING)
            return
        running = _Running(order, job, self._lifecycle.poller(job, until), started, until)
        self._schedule(running, running.poller.first_pause())

    # -------------------------------------------------------------- held by another run

    def _hold(self, order: Order, held: Held, started: float) -> None:
        """Leaves the job to the run that has it: this order is taken up again when nothing else is left to do."""
        with self._lock:
            self._held.append(_Waiting(order, held, started, order.reuse is Reuse.FINISHED or self._share))
            # What comes next in the list the other run is most likely to have as well.
            self._orders.skip(self._lifecycle.client.chance.random())
            self.tally.in_flight -= 1
            self._room.notify()
            self._sooner.notify()

    def _held_due(self) -> bool:
        return bool(self._held) and not self._orders and not self.tally.in_flight

    def _take_up(self) -> None:
        """Asks the journal about what other runs held; the others stay held."""
        with self._lock:
            waiting, self._held = self._held, []
            self.tally.in_flight += len(waiting)
            now = self._lifecycle.clock.monotonic()
            self._held_since = self._held_since or now
            waited = now - self._held_since
        for each in waiting:
            try:
                self._take_up_one(each, waited)
                self._away_since = None
            except AeforgeError as error:
                if self._may_return(error):
                    self._stay_held(each)
                else:
                    self._end(each.order, error, each.started, _Stage.SUBMITTING)
        with self._lock:
            if self._stopped is not None:  # the threads that submit may have ended
                self._give_up_rest()
            self._sooner.notify()  # the thread that watches the clock may have found nothing held meanwhile

    def _take_up_one(self, each: _Waiting, waited: float) -> None:
        now = self._lifecycle.clock.monotonic()
        until = now + self._lifecycle.timeout
        if (settled := self._settled_by_others(each)) is not None:
            self._end(each.order, settled, each.started, _Stage.SUBMITTING)
            return
        # Where no job is waited for, one that is paid for is reported at once, whichever run polls it.
        long_enough = waited if self._wait else math.inf
        got = self._lifecycle.resolved(each.order, each.held, until, waited=long_enough, purchase=self._purchase)
        if isinstance(got, Job):
            settled = self._settled_by_others(each) if got.action is Action.FETCH else None
            if settled is not None:
                self._end(each.order, settled, each.started, _Stage.SUBMITTING)
                return
            self._run(each.order, got, each.started, until)
            return
        if waited > self._lifecycle.timeout:
            raise held_too_long(got)
        self._stay_held(replace(each, held=got))

    def _stay_held(self, each: _Waiting) -> None:
        with self._lock:
            self._held.append(each)
            self.tally.in_flight -= 1

    def _settled_by_others(self, each: _Waiting) -> JobResult | None:
        """As `_settled`, once the other run has saved the results: they may be at the place where we want them."""
        row = self._lifecycle.journal.row(each.held.row.number) if each.keeps else None
        if row is None or row.state is not State.SAVED:
            return None
        each.order.reuse = Reuse.FINISHED
        return self._settled(each.order)

    # -------------------------------------------------------------- polling

    def _schedule(self, running: _Running, pause: float) -> None:
        with self._lock:
            self._running[running.order.index] = running
            heapq.heappush(self._due, (self._lifecycle.clock.monotonic() + pause, running.order.index, running))
            if self._due[0][2] is running:
                self._sooner.notify()

    def _poll(self) -> None:
        while (running := self._next_due()) is not None:
            self._lifecycle.stop.check()
            if isinstance(running, float):
                self._take_up()
                continue
            try:
                with self._lifecycle.knowing(running.job):
                    found = running.poller.poll()
                self._polled(running, found)
            except AeforgeError as error:
                self._lost(running, error, _Stage.RUNNING)

    def _next_due(self) -> "_Running | float | None":
        """Waits for the next poll to become due; one thread watches the clock, and another relieves it when it goes.

        A number means that jobs held by other runs are due.
        """
        with self._lock:
            while not self._closed:
                now = self._lifecycle.clock.monotonic()
                if self._due and self._due[0][0] <= now:
                    self._relief.notify()
                    return heapq.heappop(self._due)[2]
                if self._someone_watches:
                    self._relief.wait()
                    continue
                self._someone_watches = True
                held = self._held_due()
                self._sooner.wait(HELD_PAUSE if held else self._due[0][0] - now if self._due else None)
                self._someone_watches = False
                if held and self._held_due() and not self._closed:
                    self._relief.notify()
                    return HELD_PAUSE
            return None

    def _polled(self, running: _Running, found: Succeeded | Failed | float) -> None:
        if isinstance(found, float):
            self._schedule(running, found)
            return
        done = self._lifecycle.ended(running.job, found)
        with self._lock:
            # The job is over at the service: another may take its place while its results are downloaded.
            self.tally.in_flight -= 1
            self.tally.running -= 1
            self._to_come += 1
            self._room.notify()
        self._to_download.put((running, done))

    # -------------------------------------------------------------- downloading

    def _download(self) -> None:
        while (found := self._next_to_download()) is not None:
            running, done = found
            try:
                result = self._saved(running, done)
            except AeforgeError as error:
                self._lost(running, error, _Stage.DOWNLOADING)
            else:
                self._end(running.order, result, running.started, _Stage.DOWNLOADING)
            finally:
                with self._lock:
                    self._downloading -= 1
                    self._idle.notify()
                    self._room.notify_all()

    def _next_to_download(self) -> tuple[_Running, Succeeded] | None:
        found = self._to_download.get()
        with self._lock:
            if found is None or self._closed:
                return None
            self._downloading += 1
            return found

    def _saved(self, running: _Running, done: Succeeded) -> JobResult:
        order = running.order
        files: Sequence[SavedFile] = ()
        if order.delivery:
            replaces = self._displaced.replaces(order)
            files = self._lifecycle.save(running.job, done.urls, order.delivery, running.until, replaces)
        return self._lifecycle.result(running.job, order, done, files, running.started)

    def _lost(self, running: _Running, error: AeforgeError, stage: _Stage) -> None:
        """Ends the job; but a result that was to be fetched again is copied on this disk, or bought again.

        So is, if the user has agreed, one of an earlier run that never was here.
        """
        order, job = running.order, running.job
        gone = isinstance(error, JobNotFound) or (isinstance(error, ResultUnavailable) and error.is_gone)
        anew = order.anew or self._lifecycle.is_free
        if not (gone and (job.action is Action.FETCH or (anew and job.action is Action.RESUME))):
            if gone and job.action is Action.RESUME and not isinstance(error, JobNotFound):
                error.hint = or_submit_anew(error.hint)
            self._end(order, error, running.started, stage)
            return
        try:
            row = self._lifecycle.journal.row(job.number)
            files = self._displaced.copied(row, order) if row else []
            if files:
                self._lifecycle.copied(job, files)
        except AeforgeError as failure:
            self._end(order, failure, running.started, stage)
            return
        if files:
            result = self._lifecycle.result(job, order, Succeeded(()), files, running.started)
            self._end(order, result, running.started, stage)
            return
        with self._lock:
            self.tally.fetched -= job.action is Action.FETCH
            self.tally.resumed -= job.action is Action.RESUME
            self._leave(stage)
            self._running.pop(order.index, None)
            order.gone.add(job.number)
            self._orders.put_last(order)
            if self._stopped is None:
                self._room.notify()
            else:  # the threads that submit may have ended
                self._give_up_rest()

    # -------------------------------------------------------------- ends

    def _end(self, order: Order, result: JobResult | AeforgeError, started: float, stage: _Stage) -> None:
        with self._lock:
            self._leave(stage)
            self._running.pop(order.index, None)
            self._count(order, result, started)
            if isinstance(result, AeforgeError):
                self._block(order, result)
            else:
                self._orders.release(order)
            # With one order left or none, those who wait for room must see whether anything is left at all.
            if self._stopped is None and self._orders:
                self._room.notify()
            else:
                self._room.notify_all()
            if self._held_due():
                self._sooner.notify()

    def _count(self, order: Order, result: JobResult | AeforgeError, started: float) -> None:
        if isinstance(result, BudgetReached):
            self.tally.untried += 1
            self._over_budget = self._over_budget or result
        elif isinstance(result, AeforgeError):
            self.tally.failed += 1
            self._judge(result)
        else:
            self.tally.done += 1
            self._displaced.end(order)
        order.forget()
        self._outcomes.put(Outcome(order, result, self._lifecycle.clock.monotonic() - started))

    def _leave(self, stage: _Stage) -> None:
        self.tally.in_flight -= stage in (_Stage.SUBMITTING, _Stage.RUNNING)
        self.tally.running -= stage is _Stage.RUNNING
        self._to_come -= stage is _Stage.DOWNLOADING

    def _block(self, order: Order, failure: AeforgeError) -> None:
        """Ends all that need its result, directly or through others; after a spent budget they count as not tried."""
        for dependent, by in self._orders.drop_dependents(order):
            why = failure if isinstance(failure, BudgetReached) else blocked(dependent, by)
            self._count(dependent, why, self._lifecycle.clock.monotonic())

    def _judge(self, error: AeforgeError) -> None:
        """Whether a failure concerns all that is still to come."""
        self._lost_in_a_row += isinstance(error, SubmitUnknown) and not isinstance(error, SentBefore)
        concerns_all = (
            self._fail_fast
            or isinstance(error, NotSignedIn | RefusedByAccount | JournalBusy | JournalDamaged | JournalUnreachable)
            or (isinstance(error, CannotSave) and not isinstance(error, OutputExists))
            or (isinstance(error, Unreachable) and error.job_id is None and self._lifecycle.client.budget.is_spent)
            or self._lost_in_a_row >= LOST_ANSWERS
        )
        if concerns_all and self._stopped is None:
            self._stopped = error


def kept_result(order: Order, files: Sequence[SavedFile], job_id: str | None) -> JobResult:
    """A job that needs nothing: its files are there."""
    return JobResult(
        job_id,
        "Skipped",
        order.kind.name,
        order.input or None,
        files=tuple(files),
        attached=True,
        index=order.index,
        action=Action.KEEP,
    )
