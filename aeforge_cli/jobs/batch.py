"""Many jobs at once: who is submitting, who is being looked at, who is downloading, and when to stop.

    items ─► uploaders ─► a heap of looks that become due ─► pollers ─► downloaders ─► outcomes
             (claim, POST)                                    (GET)      (GET, files)

No thread waits for a job: a job that runs is an entry in the heap. Threads are few whatever the length of the list.
"""

import contextlib
import heapq
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from aeforge_cli.api.client import ATTEMPTS, NAMED_WAITS
from aeforge_cli.api.responses import Failed, Succeeded
from aeforge_cli.api.retry import MOMENT, jitter
from aeforge_cli.errors import (
    AeforgeError,
    CannotSave,
    Interrupted,
    NotSignedIn,
    OutputExists,
    RateLimited,
    RefusedByAccount,
    SentBefore,
    SubmitUnknown,
    Unreachable,
)
from aeforge_cli.jobs.events import Tally
from aeforge_cli.jobs.lifecycle import Jobs, Ticket
from aeforge_cli.jobs.orders import Finished, Order
from aeforge_cli.jobs.polling import Poller
from aeforge_cli.process.signals import DEAF

UPLOADERS = 12
POLLERS = 16
DOWNLOADERS = 8
LAST_BLOCKS = 1.0  # seconds for fetches to notice that all ends, so that a file is either told of or not there
LOST_ANSWERS = 5  # in a row: each may have cost money, so no more are risked


@dataclass(frozen=True)
class Item:
    """One line of the plan; `name` is its picture's, if it has one, `words` are its prompt, `make` reads the picture
    and builds the order when its turn comes."""

    index: int
    name: str
    words: str
    make: Callable[[], Order]


@dataclass(frozen=True)
class Outcome:
    """What became of an item; `result` None if it was never tried."""

    item: Item
    result: Finished | AeforgeError | None
    seconds: float = 0.0


@dataclass(frozen=True)
class _Running:
    """A job that was bought and has not ended, with its next look in `watch`."""

    item: Item
    order: Order
    ticket: Ticket
    watch: Poller
    started: float
    until: float


class _Stage(Enum):
    """How far an item had come when it ended."""

    SUBMITTING = "under way, without a job"
    RUNNING = "under way, with a job"
    FETCHING = "its job is over"


class Batch:
    """Runs the items; `outcomes` is iterated by the thread that prints, which is also the one that signals reach."""

    def __init__(self, jobs: Jobs, items: Sequence[Item], *, fail_fast: bool = False, wait: bool = True) -> None:
        self._jobs = jobs
        self._items = deque(items)
        self._fail_fast = fail_fast
        self._wait = wait
        self._lock = threading.RLock()
        # Each wakes those alone who can go on: waking all threads at each step cost more than the steps.
        self._room = threading.Condition(self._lock)
        self._sooner = threading.Condition(self._lock)
        self._relief = threading.Condition(self._lock)
        self._idle = threading.Condition(self._lock)
        self._due: list[tuple[float, int, _Running]] = []
        self._running: dict[int, _Running] = {}
        self._someone_watches = False
        self._to_fetch: queue.SimpleQueue[tuple[_Running, Succeeded] | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
        self._stopped: AeforgeError | None = None
        self._closed = False
        self._submitting = 0
        self._fetching = 0
        self._lost_in_a_row = 0
        self._refusals = 0
        self._refused_at = -MOMENT
        self.tally = Tally(len(items))

    @property
    def stopped_by(self) -> AeforgeError | None:
        """Why no more was submitted, if not all was."""
        return self._stopped

    def outcomes(self, tell: Callable[[Outcome], object] = lambda _outcome: None) -> Iterator[Outcome]:
        """Each item's outcome, in order of completion; those never tried come last.

        Each is given to `tell` first, which no signal cuts short: what was taken from here is told.
        """
        left = self.tally.total
        self._start(self._upload, min(UPLOADERS, left))
        self._start(self._poll, min(POLLERS, left))
        self._start(self._fetch, min(DOWNLOADERS, left))
        try:
            while left:
                with self._jobs.stop.told_whole(self._outcomes.put):
                    outcome = self._next_outcome()
                    tell(outcome)
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

    def untold(self) -> Iterator[Outcome]:
        """After an early end, the outcomes that `outcomes` had no time to tell."""
        with contextlib.suppress(queue.Empty):
            while True:
                if isinstance(outcome := self._outcomes.get_nowait(), Outcome):
                    yield outcome

    def unfinished(self) -> Iterator[Outcome]:
        """After an early end, jobs that go on at the service, and the items that were not tried."""
        now = self._jobs.clock.monotonic()
        with self._lock:
            for running in self._running.values():
                yield Outcome(running.item, self._jobs.begun(running.ticket, running.order), now - running.started)
            for item in self._items:
                yield Outcome(item, None)

    def close(self) -> None:
        """Nothing new is begun; a request on its way may still hear its answer, so that its id is kept.

        After a signal a fetch ends with its next block, and takes away what it has of the file.
        """
        with self._lock:
            self._closed = True
            for waiting in (self._room, self._sooner, self._relief):
                waiting.notify_all()
        for _ in range(DOWNLOADERS):
            self._to_fetch.put(None)
        with self._lock:
            self._idle.wait_for(lambda: not self._fetching, timeout=LAST_BLOCKS)
            if self._submitting and self._jobs.stop.requested:
                self._jobs.stop.say_why_it_goes_on()
            self._idle.wait_for(lambda: not self._submitting, timeout=max(0.0, self._jobs.stop.grace - LAST_BLOCKS))

    def _start(self, work: Callable[[], None], threads: int) -> None:
        for _ in range(threads):
            threading.Thread(target=self._guarded, args=(work,), daemon=True).start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (Exception, Interrupted) as end:  # noqa: BLE001 - raised again in the thread that has a front door
            self._outcomes.put(end)

    # -------------------------------------------------------------- submitting

    def _upload(self) -> None:
        while (item := self._next()) is not None:
            started = self._jobs.clock.monotonic()
            try:
                self._submit(item, started)
            except RateLimited as error:
                if not self._put_back(item):
                    self._end(item, error, started, _Stage.SUBMITTING)
            except AeforgeError as error:
                self._end(item, error, started, _Stage.SUBMITTING)
            finally:
                with self._lock:
                    self._submitting -= 1
                    self._idle.notify()

    def _next(self) -> Item | None:
        """The next item, when one more may be under way; None when there is none, or nothing may be begun."""
        with self._lock:
            while self._items and not self._closed and self._stopped is None and (wait := self._must_wait()):
                self._room.wait(wait)
            if self._closed or not self._items:
                return None
            if self._stopped is not None:
                self._give_up_rest()
                return None
            self.tally.under_way += 1
            self._submitting += 1
            item = self._items.popleft()
            if self._items and not self._must_wait():
                self._room.notify()
            return item

    def _must_wait(self) -> float:
        """Seconds until it is worth while to see whether one more may be under way; 0 if it may."""
        limiter = self._jobs.client.limiter
        if self.tally.under_way >= limiter.limit:
            return 60.0  # or until a job ends
        return limiter.remaining(self._jobs.clock.monotonic())

    def _put_back(self, item: Item) -> bool:
        """Whether a submission that was refused for now may be tried again later: jobs that end make room.

        With nothing under way, nothing makes room but time: then a few refusals in a row are final.
        """
        limiter, now = self._jobs.client.limiter, self._jobs.clock.monotonic()
        with self._lock:
            silence = limiter.remaining(now)
            if self.tally.running:
                self._refusals = 0
            elif now - self._refused_at > MOMENT:  # refusals of the same moment count once
                self._refusals, self._refused_at = self._refusals + 1, now
            if silence > self._jobs.timeout or self._refusals >= (NAMED_WAITS if silence else ATTEMPTS):
                return False
            if not silence:
                limiter.hold(jitter(self._refusals, chance=self._jobs.client.chance), now)
            self._items.appendleft(item)
            self.tally.under_way -= 1
            self._room.notify()
        return True

    def _give_up_rest(self) -> None:
        while self._items:
            self.tally.untried += 1
            self._outcomes.put(Outcome(self._items.popleft(), None))

    def _submit(self, item: Item, started: float) -> None:
        order = item.make()
        until = started + self._jobs.timeout
        kept = self._jobs.kept(order)
        if kept is not None:
            self._end(item, kept, started, _Stage.SUBMITTING)
            return
        ticket = self._jobs.buy(order, until, queues=False)
        with self._lock:
            self.tally.bought += not ticket.attached
            self._lost_in_a_row = self._refusals = 0
            self.tally.running += self._wait
        if not self._wait:
            self._end(item, self._jobs.begun(ticket, order), started, _Stage.SUBMITTING)
            return
        running = _Running(item, order, ticket, self._jobs.watch(ticket, until), started, until)
        self._schedule(running, running.watch.first_pause())

    # -------------------------------------------------------------- looking

    def _schedule(self, running: _Running, pause: float) -> None:
        with self._lock:
            self._running[running.item.index] = running
            heapq.heappush(self._due, (self._jobs.clock.monotonic() + pause, running.item.index, running))
            if self._due[0][2] is running:
                self._sooner.notify()

    def _poll(self) -> None:
        while (running := self._next_due()) is not None:
            self._jobs.stop.check()
            try:
                with self._jobs.knowing(running.ticket):
                    found = running.watch.look()
                self._looked(running, found)
            except AeforgeError as error:
                self._end(running.item, error, running.started, _Stage.RUNNING)

    def _next_due(self) -> _Running | None:
        """Waits for the next look to become due; one thread watches the clock, and another relieves it when it goes."""
        with self._lock:
            while not self._closed:
                now = self._jobs.clock.monotonic()
                if self._due and self._due[0][0] <= now:
                    self._relief.notify()
                    return heapq.heappop(self._due)[2]
                if self._someone_watches:
                    self._relief.wait()
                else:
                    self._someone_watches = True
                    self._sooner.wait(self._due[0][0] - now if self._due else None)
                    self._someone_watches = False
            return None

    def _looked(self, running: _Running, found: Succeeded | Failed | float) -> None:
        if isinstance(found, float):
            self._schedule(running, found)
            return
        done = self._jobs.ended(running.ticket, found, running.watch.lasted)
        with self._lock:
            # The job is over at the service: another may take its place while its results are fetched.
            self.tally.under_way -= 1
            self.tally.running -= 1
            self._room.notify()
        self._to_fetch.put((running, done))

    # -------------------------------------------------------------- fetching

    def _fetch(self) -> None:
        while (found := self._next_to_fetch()) is not None:
            running, done = found
            try:
                finished = self._saved(running, done)
            except AeforgeError as error:
                self._end(running.item, error, running.started, _Stage.FETCHING)
            else:
                self._end(running.item, finished, running.started, _Stage.FETCHING)
            finally:
                with self._lock:
                    self._fetching -= 1
                    self._idle.notify()

    def _next_to_fetch(self) -> tuple[_Running, Succeeded] | None:
        found = self._to_fetch.get()
        with self._lock:
            if found is None or self._closed:
                return None
            self._fetching += 1
            return found

    def _saved(self, running: _Running, done: Succeeded) -> Finished:
        order = running.order
        files = self._jobs.save(running.ticket, done.urls, order.delivery, running.until) if order.delivery else []
        return self._jobs.finished(running.ticket, order, done, files, running.started)

    # -------------------------------------------------------------- ends

    def _end(self, item: Item, result: Finished | AeforgeError, started: float, stage: _Stage) -> None:
        with self._lock:
            self.tally.under_way -= stage is not _Stage.FETCHING
            self.tally.running -= stage is _Stage.RUNNING
            self._running.pop(item.index, None)
            if isinstance(result, AeforgeError):
                self.tally.failed += 1
                self._judge(result)
            else:
                self.tally.done += 1
            if self._stopped is None:
                self._room.notify()
            else:
                self._room.notify_all()
            self._outcomes.put(Outcome(item, result, self._jobs.clock.monotonic() - started))

    def _judge(self, error: AeforgeError) -> None:
        """Whether a failure concerns all that is still to come."""
        self._lost_in_a_row += isinstance(error, SubmitUnknown) and not isinstance(error, SentBefore)
        concerns_all = (
            self._fail_fast
            or isinstance(error, NotSignedIn | RefusedByAccount)
            or (isinstance(error, CannotSave) and not isinstance(error, OutputExists))
            or (isinstance(error, Unreachable) and error.job_id is None and self._jobs.client.budget.is_spent)
            or self._lost_in_a_row >= LOST_ANSWERS
        )
        if concerns_all and self._stopped is None:
            self._stopped = error
