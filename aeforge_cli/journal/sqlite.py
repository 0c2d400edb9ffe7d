"""The journal on this machine's disk: durable, private, shared by processes and threads (SQLite).

Rollback journal and `synchronous=EXTRA`: a write-ahead log has a corruption bug up to SQLite 3.51.2, and cannot be
copied alone. A commit waits for the disk, so threads that write at the same time share one.
"""

import contextlib
import errno
import json
import os
import platform
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from aeforge_cli.errors import AeforgeError, CannotSave, JournalBusy, JournalDamaged
from aeforge_cli.journal import tables as sql
from aeforge_cli.journal.interface import JournalUnwritable
from aeforge_cli.journal.rules import is_unfinished, job_key
from aeforge_cli.journal.run_locks import RunLock
from aeforge_cli.journal.sql_journal import SqlJournal
from aeforge_cli.journal.tables import SCHEMA, Tables

BUSY_SECONDS = 30
_TYPES = {"number": "INTEGER PRIMARY KEY", "key": "TEXT", "integer": "INTEGER", "real": "REAL"}
_NAMES = {"jobs": "jobs", "files": "files", "holds": "holds"}
T = TypeVar("T")


class _Change(Generic[T]):
    """A change that waits for a transaction, and what came of it."""

    def __init__(self, change: Callable[[Tables], T]) -> None:
        self._change = change
        self._result: list[T] = []
        self.failure: Exception | None = None
        self.is_done = False

    def run(self, tables: Tables) -> None:
        self._result = [self._change(tables)]

    def outcome(self) -> T:
        if self.failure is not None:
            raise self.failure
        if not self._result:
            raise CannotSave("The journal was interrupted before it recorded the job")
        return self._result[0]


class SqliteJournal(SqlJournal):
    """The journal in a folder; several processes and threads may use it at once.

    Raises JournalUnwritable where the folder cannot be used, JournalDamaged where the file is no journal, CannotSave
    where a row cannot be written.
    """

    def __init__(self, folder: Path, *, history: bool = True) -> None:
        super().__init__(folder, host=platform.node(), history=history)
        self._path = folder / "jobs.sqlite3"
        self._doubt = folder / "journal-was-damaged"
        self._lock = threading.RLock()
        self._queue_lock = threading.Lock()
        self._queue: list[_Change[Any]] = []
        self._run = RunLock(folder / "runs")
        self._open()

    @property
    def run(self) -> str:
        with self._lock:  # the first claim takes the run's lock file
            return self._run.name

    def _lives(self, run: str) -> bool:
        return self._run.lives(run)

    def close(self) -> None:
        if self._list_is_stale:
            self._list_pending()
        with self._lock:
            self._database.close()
        self._run.release()

    # -------------------------------------------------------------- transactions

    def _write(self, change: Callable[[Tables], T]) -> T:
        """Runs the change in a transaction, with those of other threads that ask meanwhile; durable on return."""
        item = _Change(change)
        with self._queue_lock:
            self._queue.append(item)
        with self._lock:
            if not item.is_done:
                with self._queue_lock:
                    batch, self._queue = self._queue, []
                self._commit_for_all(batch)
        return item.outcome()

    def _commit_for_all(self, batch: "Sequence[_Change[Any]]") -> None:
        try:
            self._commit(batch)
        except sqlite3.Error as error:
            failure = self._translated(error)
            for waiting in batch:
                waiting.failure = failure
        finally:
            for waiting in batch:
                waiting.is_done = True

    def _commit(self, batch: "Sequence[_Change[Any]]") -> None:
        # IMMEDIATE: a claim reads before it writes, and no other process may write in between.
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for item in batch:
                item.run(self._tables)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Tables]:
        with self._lock:
            try:
                yield self._tables
            except sqlite3.Error as error:
                raise self._translated(error) from None

    def _execute(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._database.execute(statement, values).fetchall()

    # -------------------------------------------------------------- the file

    def _open(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):
                # Private from its first instant: SQLite would make it, and its side files, as the umask allows.
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            self._refuse(error)
        if not self._path.is_file():
            raise JournalUnwritable(self._folder, f"{self._path.name} is not a regular file")
        try:
            self._connect()
        except sqlite3.Error as error:
            raise self._translated(error, opening=True) from None

    def _refuse(self, error: OSError) -> None:
        if error.errno in _NO_ROOM:
            raise _cannot_record(self._path, error.strerror or "") from None
        raise JournalUnwritable(self._folder, error.strerror or type(error).__name__) from None

    def _connect(self) -> None:
        self._database = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._tables = Tables(self._execute, host=self._host)
        try:
            self._database.execute("PRAGMA journal_mode=TRUNCATE")
            self._database.execute("PRAGMA synchronous=EXTRA")
            if self._version() != SCHEMA:
                self._commit([_Change(lambda _tables: self._migrate())])
        except BaseException:
            self._database.close()
            raise

    def _version(self) -> int:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _migrate(self) -> None:
        """To the present schema, within one transaction: killed in it, the old journal stands as it was."""
        version = self._version()  # again: another process may have been faster
        if version > SCHEMA:
            raise JournalDamaged(
                f"The journal {self._path} was written by a newer aeforge",
                hint="upgrade aeforge, or name another folder with AEFORGE_STATE_DIR",
            )
        if version == SCHEMA:
            return
        if version == 1:
            self._database.execute("ALTER TABLE jobs RENAME TO jobs_1")
        for statement in (sql.JOBS, sql.FILES, sql.HOLDS, *sql.INDEXES):
            self._database.execute(statement.format(**_NAMES, **_TYPES))
        if version == 1:
            self._move_rows()
        self._database.execute(f"PRAGMA user_version={SCHEMA}")

    def _move_rows(self) -> None:
        """Schema 1 kept the files of a job in its row, as JSON."""
        found = self._database.execute(
            "SELECT number, work, service, account, run, operation, state, job_id, input, prompt, output, created,"
            " updated, reason, pending_at, ended_by, files FROM jobs_1"
        )
        jobs = "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL, NULL, '{}', ?, ?, ?, ?, ?, ?)"  # noqa: E501
        files = "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        for values in found:
            number, *who = values[:5]
            operation, state, job_id, given, prompt, output, created, updated, *rest, kept = values[5:]
            unfinished = is_unfinished(sql.known_state(state), output)
            head = (number, *who, self._host, operation, state, job_id, job_id and job_key(job_id))
            tail = (created, updated, *rest, int(unfinished))
            self._database.execute(jobs, (*head, given, prompt, output, *tail))
            for place, file in enumerate(json.loads(kept)):
                path = json.dumps(os.path.abspath(file["path"])) if file.get("path") else None  # noqa: PTH100
                names = ("sha256", "url", "bytes", "width", "height", "format")
                self._database.execute(files, (number, place, path, self._host, *(file.get(name) for name in names)))
        self._database.execute("DROP TABLE jobs_1")

    # -------------------------------------------------------------- what goes wrong

    def _translated(self, error: sqlite3.Error, *, opening: bool = False) -> Exception:
        # The primary code is the low byte; `database is locked` is also how a lock that is never free shows.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _lacks_a_table(error):
            return self._set_aside()
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return JournalBusy(
                f"The journal {self._path} stayed locked for {BUSY_SECONDS} s",
                hint="end the process that holds it, or name another folder with AEFORGE_STATE_DIR",
            )
        if opening and code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            return JournalUnwritable(self._folder, str(error))
        return _cannot_record(self._path, "the disk is full" if code == sqlite3.SQLITE_FULL else str(error))

    def _set_aside(self) -> AeforgeError:
        number = 1
        while (aside := self._path.with_name(f"{self._path.name}.damaged-{number}")).exists():
            number += 1
        with contextlib.suppress(AttributeError):  # damaged before the first connection
            self._database.close()
        try:
            # First the mark: a retry loop that finds the empty journal alone would pay for everything again.
            self._doubt.write_text(f"{aside}\n")
            self._path.rename(aside)
        except OSError as error:
            return _cannot_record(self._path, f"it is damaged, and cannot be set aside: {error.strerror}")
        return JournalDamaged(
            f"The journal {self._path} was damaged",
            why=f"it was set aside as {aside}; jobs recorded there are not known here any more",
            hint="check the service's dashboard for unfinished jobs; then run the command again with --yes",
        )

    @property
    def doubt(self) -> str:
        try:
            aside = self._doubt.read_text().strip()
        except OSError:
            return ""
        return f"the journal was damaged and set aside as {aside}; what was paid for before is not known here"

    def clear_doubt(self) -> None:
        with contextlib.suppress(OSError):
            self._doubt.unlink(missing_ok=True)


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def _lacks_a_table(error: sqlite3.Error) -> bool:
    """A database without our tables or columns is none of ours, whatever its version says."""
    return str(error).startswith(("no such table", "no such column"))


def _cannot_record(path: Path, why: str) -> CannotSave:
    return CannotSave(
        f"The journal {path} cannot record the job",
        why=why,
        hint="make room on the disk, or name another folder with AEFORGE_STATE_DIR",
    )
