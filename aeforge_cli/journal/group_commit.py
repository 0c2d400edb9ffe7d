"""Changes of many threads in one transaction: a commit waits for the disk, so those who come meanwhile share the next.

One thread at a time leads: it commits all that waits, its own change among it, and passes the lead on.
"""

import threading
import time
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any, Generic, TypeVar

T = TypeVar("T")
D = TypeVar("D")  # what a change is made in


class Change(Generic[D, T]):
    """A change that waits for a transaction, `timeout` seconds at most, and what came of it."""

    def __init__(self, change: Callable[[D], T], timeout: float) -> None:
        self._change = change
        self._until = time.monotonic() + timeout
        self._result: list[T] = []
        self._failure: Exception | None = None
        self.is_done = False
        self.leads = False
        self.turn = threading.Event()  # it is done, or is to lead

    @property
    def remaining(self) -> float:
        """Seconds that are left to wait."""
        return self._until - time.monotonic()

    @property
    def has_run(self) -> bool:
        return bool(self._result)

    def run(self, database: D) -> None:
        """Makes the change, within a transaction."""
        self._result = [self._change(database)]

    def forget(self) -> None:
        """The transaction was rolled back."""
        self._result = []

    def succeed(self) -> None:
        """The transaction was committed."""
        self.is_done = True

    def fail(self, failure: Exception) -> None:
        self._failure = failure
        self.is_done = True

    def outcome(self) -> T:
        if self._failure is not None:
            raise self._failure
        return self._result[0]


class OwnFailure(Exception):
    """A change failed by itself, which is no business of those that share its transaction."""

    def __init__(self, change: Change[D, Any], failure: Exception) -> None:
        super().__init__(str(failure))
        self.change = change
        self.failure = failure


def run_all(changes: Sequence[Change[D, Any]], database: D, foreign: tuple[type[Exception], ...]) -> None:
    """Makes the changes, within a transaction. What is `foreign` concerns them all; else raises OwnFailure."""
    for each in changes:
        try:
            each.run(database)
        except foreign:
            raise
        except Exception as failure:
            raise OwnFailure(each, failure) from failure


def fail_all(changes: Sequence[Change[D, Any]], failure: Exception) -> None:
    for each in changes:
        each.fail(copy(failure))  # each caller adds to it what it was about


class GroupCommit(Generic[D]):
    """`commit` makes the changes in one transaction; what it leaves undone waits for the next try."""

    def __init__(self, commit: Callable[[Sequence[Change[D, Any]]], None]) -> None:
        self._commit = commit
        self._lock = threading.Lock()
        self._queue: list[Change[D, Any]] = []
        self._is_led = False

    def __call__(self, change: Change[D, T]) -> T:
        try:
            with self._lock:
                self._queue.append(change)
                change.leads, self._is_led = not self._is_led, True
            if not change.leads:
                change.turn.wait()
            while not change.is_done:
                self._commit_waiting()
        finally:  # also when a signal ends the thread's wait: it can lead no more, nor wait for another try
            with self._lock:
                change.is_done = True
                self._queue = [each for each in self._queue if each is not change]
                if change.leads:
                    self._pass_on()
        return change.outcome()

    def _commit_waiting(self) -> None:
        with self._lock:
            batch, self._queue = self._queue, []
        try:
            self._commit(batch)
        finally:
            with self._lock:
                self._queue[:0] = [each for each in batch if not each.is_done]
            for each in batch:
                if each.is_done:
                    each.turn.set()

    def _pass_on(self) -> None:
        self._is_led = bool(self._queue)
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].turn.set()
