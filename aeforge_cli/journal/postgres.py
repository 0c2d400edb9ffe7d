"""The journal in a database that machines share (PostgreSQL), on one connection a process.

Each claim is a transaction of its own: several in one would deadlock across machines. What was lost with a connection
is tried again, as long as it may have been paid for; what has cost nothing yet ends at once.
"""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from aeforge_cli.errors import AeforgeError
from aeforge_cli.journal.group_commit import Change, GroupCommit, OwnFailure, fail_all, run_all
from aeforge_cli.journal.interface import RETRIED_FOR, Claimed, State, Step
from aeforge_cli.journal.machine import this_machine
from aeforge_cli.journal.postgres_session import OutOfReach, Overlapped, Server, ServerSession, SessionLost, run_key
from aeforge_cli.journal.rules import advanced
from aeforge_cli.journal.sql_journal import SqlJournal
from aeforge_cli.journal.tables import Tables

BUSY_SECONDS = 30.0
SILENT_SECONDS = 40.0
_APART = 0.5  # seconds between two tries to connect, whichever threads ask
_PAUSE = 1.0  # seconds between the tries of one change
_CLOSING_SECONDS = 2.0  # how long a server may take for the last question, and a thread for its own
T = TypeVar("T")


class PostgresJournal(SqlJournal):
    """The journal of all machines that name this database; several threads may use it at once.

    `folder` is this machine's state folder, for what its shells are offered. A change is tried again for `retried_for`
    seconds while the server is gone; a statement waits `busy_seconds` for what another transaction has locked, and
    `silent_seconds` for any answer.
    Raises Usage where the URL is none, JournalUnreachable where the server cannot be reached or used.
    """

    doubt = ""

    def __init__(
        self,
        url: str,
        folder: Path,
        *,
        history: bool = True,
        retried_for: float = RETRIED_FOR,
        busy_seconds: float = BUSY_SECONDS,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._server = Server(url, busy_seconds=busy_seconds, silent_seconds=silent_seconds)
        super().__init__(folder, address=self._server.address, host=this_machine(folder), history=history)
        self._retried_for = retried_for
        self._name = uuid.uuid4().hex
        self._lock = threading.RLock()
        self._tables = Tables(self._execute, self._execute_each, host=self.host, locking=" FOR UPDATE")
        self._in_turn = GroupCommit(self._commit_all)
        self._unanswered: set[int] = set()  # claims that may have been committed, though nobody was told
        self._failure: OutOfReach | None = None
        self._failed_at = 0.0
        self._lost_at: float | None = None  # when the first try failed, of those that all have since
        self._reconnects = False
        self._sessions = 0
        self._connected_at = 0.0
        self._is_closed = False
        self._session: ServerSession | None = None
        self._met = self._once(lambda session: session.locks())
        self._take_notes()

    @property
    def run(self) -> str:
        return self._name

    def clear_doubt(self) -> None:
        pass

    def close(self) -> None:
        if not self._lock.acquire(timeout=_CLOSING_SECONDS):
            self._is_closed = True  # a thread waits for a server that is silent: the end of the process ends both
            return
        try:
            if self._list_is_stale and self._session is not None and not self._session.is_lost:
                self._retried_for = 0.0  # for the sake of a list, nobody waits
                self._session.hurry(_CLOSING_SECONDS)
                self._list_pending()
            self._is_closed = True
            if self._session is not None and not self._session.is_lost:
                self._session.leave()
            self._drop()
        finally:
            self._lock.release()

    # -------------------------------------------------------------- transactions

    def _write(self, change: Callable[[Tables], T], *, locks: Sequence[str] = (), is_paid: bool = True) -> T:
        """Runs the change in a transaction: with those of other threads that ask meanwhile, unless it needs locks."""
        if is_paid and not locks:
            return self._in_turn(Change(change, self._retried_for))
        call = partial(self._transacted, change=change, locks=locks)
        return self._insisted(call) if is_paid else self._once(call)

    def _read(self, question: Callable[[Tables], T], *, insists: bool = True) -> T:
        return (self._insisted if insists else self._once)(lambda _session: question(self._tables))

    def _commit_all(self, batch: Sequence[Change[Tables, Any]]) -> None:
        """One try for all that waits; who is not late by then waits for the next, while others learn at once."""
        foreign = (SessionLost, Overlapped, AeforgeError)
        try:
            self._once(partial(self._transacted, change=lambda tables: run_all(batch, tables, foreign), locks=()))
        except OwnFailure as failed:
            failed.change.fail(failed.failure)
        except OutOfReach as failure:
            fail_all([each for each in batch if each.remaining < _PAUSE], failure)
            if not all(each.is_done for each in batch):
                time.sleep(_PAUSE)
        except AeforgeError as failure:
            fail_all(batch, failure)
        else:
            for each in batch:
                each.succeed()

    def _transacted(self, session: ServerSession, change: Callable[[Tables], T], locks: Sequence[str]) -> T:
        results: list[T] = []
        try:
            with session.transaction(locks):
                results.append(change(self._tables))
        except BaseException:
            self._unanswered.update(result.number for result in results if isinstance(result, Claimed))
            raise
        return results[0]

    def _execute(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._own_session.execute(statement, values)

    def _execute_each(self, statement: str, values: Sequence[Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        if len(values) == 1:
            return [self._execute(statement, values[0])]
        return self._own_session.execute_each(statement, values)

    def _lives(self, run: str) -> bool:
        """Soon after a server was started again, runs that are busy elsewhere have not come back to it yet."""
        has_just_returned = self._sessions > 1 and time.monotonic() - self._connected_at < self._retried_for
        return has_just_returned or self._own_session.lives(run)

    def _lived(self, run: str) -> bool:
        return run_key(run) in self._met

    @property
    def _own_session(self) -> ServerSession:
        """The one that the transaction began on: another would know nothing of it."""
        if self._session is None:
            raise SessionLost("it was closed")
        return self._session

    # -------------------------------------------------------------- a connection that is lost

    def _insisted(self, call: Callable[[ServerSession], T]) -> T:
        """Tries again for a while, with the lock let go between the tries: others must learn at once.

        The time counts from when the server was lost: of many questions in turn, each would wait as long again.
        """
        began = time.monotonic()
        while True:
            try:
                return self._once(call)
            except OutOfReach:
                if time.monotonic() + _PAUSE >= min(began, self._lost_at or began) + self._retried_for:
                    raise
                time.sleep(_PAUSE)

    def _once(self, call: Callable[[ServerSession], T]) -> T:
        """One try, and a second where the first found only that the connection had been lost before."""
        if self._reconnects and (failure := self._failure):
            raise copy(failure)  # to a server that drops packets this takes 10 s each time, for which nobody waits
        with self._lock:
            try:
                return self._tried(call)
            except SessionLost:
                self._drop()
            try:
                return self._tried(call)
            except SessionLost as lost:
                raise self._lost(lost) from None

    def _tried(self, call: Callable[[ServerSession], T]) -> T:
        while True:
            with contextlib.suppress(Overlapped):  # rolled back: nothing of it is left
                return call(self._connected())

    def _connected(self) -> ServerSession:
        """The session, or a new one. Raises OutOfReach, at once where another thread has just found out."""
        if self._is_closed:
            raise self._server.unreachable("was closed")
        if self._session is None or self._session.is_lost:
            if self._failure is not None and time.monotonic() - self._failed_at < _APART:
                raise copy(self._failure)
            self._reconnects = True
            try:
                self._session = ServerSession(self._server, self._name)
            except SessionLost as lost:
                raise self._failed(self._lost(lost)) from None
            except OutOfReach as failure:
                raise self._failed(failure) from None
            finally:
                self._reconnects = False
            self._failure = self._lost_at = None
            self._sessions, self._connected_at = self._sessions + 1, time.monotonic()
        if self._unanswered:
            self._settle(self._session)
        return self._session

    def _failed(self, failure: OutOfReach) -> OutOfReach:
        self._failure, self._failed_at = failure, time.monotonic()
        self._lost_at = self._lost_at or self._failed_at
        return copy(failure)  # each caller adds to it what it was about

    def _lost(self, lost: SessionLost) -> OutOfReach:
        self._drop()
        return self._server.out_of_reach(lost.what, lost.why, lost.hint)

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _settle(self, session: ServerSession) -> None:
        """A claim whose commit was not answered has sent nothing; now that the old session is gone, its row says so."""
        for number in sorted(self._unanswered):
            with session.transaction():
                row = self._tables.row(number, to_change=True)
                if row is not None and row.state in {State.SUBMITTING, State.UNKNOWN}:
                    step = Step(State.NOT_SENT, reason="the connection to the journal was lost")
                    self._tables.update(advanced(row, step, row.updated))
            self._unanswered.discard(number)
