"""The journal on this machine's disk: durable, private, shared by processes and threads (SQLite).

Rollback journal and `synchronous=EXTRA`: a write-ahead log has a corruption bug up to SQLite 3.51.2, and cannot be
copied alone. A commit waits for the disk, so threads that write at the same time share one.
"""

import contextlib
import errno
import json
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, TypeVar

from aeforge_cli.errors import AeforgeError, CannotSave, JournalBusy, JournalDamaged
from aeforge_cli.journal import tables as sql
from aeforge_cli.journal.group_commit import Change, GroupCommit, OwnFailure, fail_all, run_all
from aeforge_cli.journal.interface import JournalUnwritable
from aeforge_cli.journal.machine import this_machine
from aeforge_cli.journal.privacy import make_private
from aeforge_cli.journal.rules import is_unfinished, job_key
from aeforge_cli.journal.run_locks import RunLock
from aeforge_cli.journal.sql_journal import SqlJournal
from aeforge_cli.journal.tables import SCHEMA, Tables

BUSY_SECONDS = 30.0
# Seconds that one try waits for a lock. SQLite looks less and less often, and so the one that has waited longest
# is served last: among four processes one waited 3 s for what takes 10 ms.
_SLICE = 0.01
_SOON = 1.0  # seconds for what is not worth a long wait
_TYPES = {"number": "INTEGER PRIMARY KEY", "key": "TEXT", "integer": "INTEGER"}
_NAMES = {"jobs": "jobs", "files": "files", "holds": "holds"}
T = TypeVar("T")


_Waiting = Change[Tables, Any]


class SqliteJournal(SqlJournal):
    """The journal in a folder; several processes and threads may use it at once.

    Opening it makes the folder private where it is the user's own, and brings an older journal to the present schema.
    `busy_seconds` is how long a change waits for a lock that another process holds.
    Raises JournalUnwritable where the folder cannot be used, JournalDamaged where the file is no journal, JournalBusy
    where it stays locked, CannotSave where the disk is full.
    """

    def __init__(self, folder: Path, *, history: bool = True, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(folder, address="", host=this_machine(folder), history=history)
        self._path = folder / "jobs.sqlite3"
        self._doubt = folder / "journal-was-damaged"
        self._busy_seconds = busy_seconds
        self._is_busy = False
        self._waits = 0  # milliseconds that the connection waits for a lock
        self._damage: JournalDamaged | None = None
        self._lock = threading.RLock()
        self._in_turn = GroupCommit(self._commit_all)
        self._run = RunLock(folder / "runs")
        self._open()
        self._met = frozenset(self._run.others())
        with contextlib.suppress(CannotSave, JournalBusy):  # the notes stay for the next process
            self._take_notes()

    @property
    def run(self) -> str:
        return self._run.name

    def _lives(self, run: str) -> bool:
        return self._run.lives(run)

    def _lived(self, run: str) -> bool:
        return run in self._met

    def close(self) -> None:
        if self._list_is_stale:
            self._list_pending()
        with self._lock:
            self._database.close()
        self._run.release()

    # -------------------------------------------------------------- transactions

    def _write(self, change: Callable[[Tables], T], *, locks: Sequence[str] = (), is_paid: bool = True) -> T:
        """Runs the change in a transaction, with those of other threads that ask meanwhile.

        A transaction locks the whole journal, so `locks` need not be looked at. Once it was busy for too long, what has
        cost nothing yet waits no more: else each of a hundred jobs would wait in its turn.
        """
        timeout = self._busy_seconds if is_paid or not self._is_busy else 0.0
        return self._in_turn(Change(change, timeout))

    def _commit_all(self, batch: Sequence[_Waiting]) -> None:
        """One try for all that waits; who is not late by then waits for the next."""
        with self._lock:
            try:
                if self._damage is not None:
                    raise copy(self._damage)
                self._commit(batch)
                self._is_busy = False
            except OwnFailure as failed:
                failed.change.fail(failed.failure)
            except JournalDamaged as damage:
                fail_all(batch, damage)
            except sqlite3.Error as error:
                is_busy = _is_busy(error)
                late = [each for each in batch if not is_busy or each.remaining <= 0]
                self._is_busy = is_busy and (self._is_busy or bool(late))
                if late:
                    fail_all(late, self._translated(error))
            finally:
                if all(each.has_run for each in batch) and not self._in_transaction():
                    for each in batch:  # also when a signal came upon us right after the commit
                        each.succeed()

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        self._wait_at_most(max(each.remaining for each in batch))
        # IMMEDIATE: a claim reads before it writes, and no other process may write in between.
        self._database.execute("BEGIN IMMEDIATE")
        try:
            run_all(batch, self._tables, (sqlite3.Error,))
            self._database.execute("COMMIT")
        except BaseException as error:
            if self._in_transaction() or isinstance(error, sqlite3.Error):
                for each in batch:
                    each.forget()
            if self._in_transaction():
                self._database.execute("ROLLBACK")
            raise

    def _wait_at_most(self, seconds: float) -> None:
        milliseconds = int(1000 * min(max(seconds, 0.0), _SLICE))
        if milliseconds != self._waits:
            self._database.execute(f"PRAGMA busy_timeout={milliseconds}")
            self._waits = milliseconds

    def _in_transaction(self) -> bool:
        return self._database.in_transaction

    def _read(self, question: Callable[[Tables], T], *, insists: bool = True) -> T:
        until = time.monotonic() + (self._busy_seconds if insists else min(_SOON, self._busy_seconds))
        while True:
            with self._lock:
                if self._damage is not None:
                    raise copy(self._damage)
                try:
                    self._wait_at_most(until - time.monotonic())
                    return question(self._tables)
                except sqlite3.Error as error:
                    if not _is_busy(error) or time.monotonic() >= until:
                        raise self._translated(error) from None

    def _execute(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._database.execute(statement, values).fetchall()

    def _execute_each(self, statement: str, values: Sequence[Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        return [self._execute(statement, each) for each in values]

    # -------------------------------------------------------------- the file

    def _open(self) -> None:
        self._is_new = False
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):
                # Private from its first instant: SQLite would make it, and its side files, as the umask allows.
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
                self._is_new = True
            self._identity = _identity(self._path)
        except OSError as error:
            self._refuse(error)
        make_private(self._folder, (*_PRIVATE, self._path.name, self._doubt.name))
        until = time.monotonic() + self._busy_seconds
        while not self._is_connected(until):
            pass

    def _refuse(self, error: OSError) -> None:
        if error.errno in _NO_ROOM:
            raise self._cannot_record(error.strerror or "") from None
        raise self._unwritable(error.strerror or type(error).__name__) from None

    def _unwritable(self, why: str) -> JournalUnwritable:
        hidden = self._path if os.path.lexists(self._path) and not self._is_new else None
        return JournalUnwritable(self._folder, why, hidden=hidden)

    def _is_connected(self, until: float) -> bool:
        try:
            self._connect()
        except sqlite3.Error as error:
            if _is_busy(error) and time.monotonic() < until:
                return False
            raise self._translated(error, opening=True) from None
        return True

    def _connect(self) -> None:
        self._database = sqlite3.connect(self._path, timeout=_SOON, isolation_level=None, check_same_thread=False)
        self._waits = int(1000 * _SOON)
        self._tables = Tables(self._execute, self._execute_each, host=self.host)
        try:
            self._database.execute("PRAGMA journal_mode=TRUNCATE")
            self._database.execute("PRAGMA synchronous=EXTRA")
            if self._version() != SCHEMA:
                self._migrate()
        except BaseException:
            self._database.close()
            raise

    def _version(self) -> int:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        return int(version)

    # -------------------------------------------------------------- schemas

    def _migrate(self) -> None:
        """To the present schema, within one transaction: killed in it, the old journal stands as it was."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._migrate_from(self._version())  # asked again: another process may have been faster
            self._database.execute("COMMIT")
        except BaseException:
            if self._in_transaction():
                self._database.execute("ROLLBACK")
            raise

    def _migrate_from(self, version: int) -> None:
        if version > SCHEMA:
            raise JournalDamaged(
                f"The journal {self._path} was written by a newer aeforge",
                hint="upgrade aeforge, or name another folder with AEFORGE_STATE_DIR",
            )
        if version == SCHEMA:
            return
        if version == 0:
            self._require_new()
        if version == 1:
            self._require_no_older_process()
            self._database.execute("ALTER TABLE jobs RENAME TO jobs_1")
        self._run_all(sql.JOBS, sql.FILES, sql.HOLDS)
        if version == 1:
            self._move_rows()
        self._run_all(*sql.INDEXES)  # afterwards: row by row they take ten times as long
        self._database.execute(f"PRAGMA user_version={SCHEMA}")

    def _require_new(self) -> None:
        """A journal that has lost its content is no new one: its list of pending jobs still lies beside it."""
        if self._database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            raise sqlite3.DatabaseError("no such table: jobs")  # it is a database of something else
        if not self._is_new and (self._folder / "pending-jobs").exists():
            self._mark_doubt(self._path)

    def _mark_doubt(self, place: Path) -> None:
        """Before a retry loop finds the empty journal alone, and pays for everything again. Raises CannotSave."""
        try:
            _write_durably(self._doubt, f"{place}\n")
        except OSError as error:
            raise self._cannot_record(f"it was damaged, and that cannot be noted: {error.strerror}") from None

    def _require_no_older_process(self) -> None:
        """An older aeforge that still runs could not record the ids of the jobs that it pays for."""
        if any(self._run.others()):
            raise JournalBusy(
                f"The journal {self._path} is in use by an older aeforge, and must be converted",
                hint="wait until its jobs have ended, or name another folder with AEFORGE_STATE_DIR",
            )

    def _run_all(self, *statements: str) -> None:
        for statement in statements:
            self._database.execute(statement.format(**_NAMES, **_TYPES))

    def _move_rows(self) -> None:
        """Schema 1 kept the files of a job in its row, as JSON."""
        jobs = self._database.execute(f"SELECT {', '.join(_COLUMNS_1)} FROM jobs_1")  # noqa: S608 - our names
        self._database.executemany(_INSERT_JOB, (self._job_of_1(values) for values in jobs))
        files = self._database.execute("SELECT number, updated, files FROM jobs_1 WHERE files <> '[]'")
        self._database.executemany(_INSERT_FILE, (file for row in files for file in self._files_of_1(*row)))
        self._database.execute("DROP TABLE jobs_1")

    def _job_of_1(self, values: Sequence[Any]) -> dict[str, Any]:
        row = dict(zip(_COLUMNS_1, values, strict=True))
        unfinished = is_unfinished(sql.known_state(row["state"]), row["output"])
        key = row["job_id"] and job_key(row["job_id"])
        return row | {"host": self.host, "details": "{}", "job_key": key, "unfinished": int(unfinished)}

    def _files_of_1(self, number: int, updated: str, files: str) -> Iterator[dict[str, Any]]:
        for place, file in enumerate(json.loads(files)):
            values = {name: file.get(name) for name in ("url", "bytes", "sha256", "width", "height", "format")}
            path = _place_of_1(file["path"], file.get("bytes")) if file.get("path") else None
            values |= {"job": number, "place": place, "host": self.host, "saved": updated}
            yield values | {"path": path and json.dumps(path)}

    # -------------------------------------------------------------- what goes wrong

    def _translated(self, error: sqlite3.Error, *, opening: bool = False) -> Exception:
        code = _code(error)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _is_another_database(error):
            return self._set_aside()
        if _is_busy(error):
            return JournalBusy(
                f"The journal {self._path} stayed locked for {self._busy_seconds:g} s",
                hint="end the process that holds it, or name another folder with AEFORGE_STATE_DIR",
            )
        if opening and code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            return self._unwritable(str(error))
        return self._cannot_record("the disk is full" if code == sqlite3.SQLITE_FULL else str(error))

    def _set_aside(self) -> AeforgeError:
        """Moves a damaged journal out of the way, once: another process may have done so, and have begun a new one."""
        with contextlib.suppress(AttributeError):  # damaged before the first connection
            self._database.close()
        aside = _free_name(self._path)
        why = "another process has set it aside; jobs recorded there are no longer known here"
        try:
            if _identity(self._path) == self._identity:
                self._mark_doubt(aside)
                self._path.rename(aside)  # what was left of a rollback journal, SQLite deletes beside an empty file
                why = f"it was set aside as {aside}; jobs recorded there are no longer known here"
        except FileNotFoundError:
            pass  # as set aside by another process
        except CannotSave as error:
            return error
        except OSError as error:
            return self._cannot_record(f"it is damaged, and cannot be set aside: {error.strerror}")
        self._damage = JournalDamaged(
            f"The journal {self._path} was damaged",
            why=why,
            hint="check the service's dashboard for unfinished jobs; then run the command again with --yes",
        )
        return self._damage

    def _cannot_record(self, why: str) -> CannotSave:
        return CannotSave(
            f"The journal {self._path} cannot record the job",
            why=why,
            hint="make room on the disk, or name another folder with AEFORGE_STATE_DIR",
        )

    @property
    def doubt(self) -> str:
        try:
            aside = self._doubt.read_text().strip() if self._doubt.is_file() else ""
        except (OSError, ValueError):
            aside = f"{self._path.name}.damaged"
        if not aside:
            return ""
        what = "has lost its content" if aside == str(self._path) else f"was damaged and set aside as {aside}"
        return f"the journal {what}; what was paid for before is not known here"

    def clear_doubt(self) -> None:
        try:
            self._doubt.unlink(missing_ok=True)
        except OSError as error:
            raise CannotSave(f"{self._doubt} cannot be removed", why=error.strerror or "") from None


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_PRIVATE = ("jobs.sqlite3-journal", "pending-jobs", "machine", "runs")
_COLUMNS_1 = (
    *("number", "work", "service", "account", "run", "operation", "state", "job_id", "input", "prompt", "output"),
    *("created", "updated", "reason"),
)
_INSERT_JOB = sql.insertion("jobs", (*_COLUMNS_1, "host", "details", "job_key", "unfinished"))
_INSERT_FILE = sql.insertion("files", sql.FILE_COLUMNS)


def _place_of_1(path: str, size: int | None) -> str:
    """The whole path, if the file is where this folder says: schema 1 kept the name as the user had typed it."""
    whole = os.path.abspath(path)  # noqa: PTH100 - a link stays what the user named
    if whole != path:
        with contextlib.suppress(OSError, ValueError):
            return whole if os.stat(whole).st_size == size else path  # noqa: PTH116 - as above
    return path


def _code(error: sqlite3.Error) -> int:
    """The primary code: the low byte."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_busy(error: sqlite3.Error) -> bool:
    """`database is locked` is also how a lock that is never free shows."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _is_another_database(error: sqlite3.Error) -> bool:
    """A database without our tables or columns, or with others of the same name, whatever its version says."""
    text = str(error)
    return text.startswith(("no such table", "no such column")) or text.endswith("already exists")


def _identity(path: Path) -> tuple[int, int]:
    """Which file it is. Raises OSError where it is no regular file: a FIFO would hang, a device may do anything."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, f"{path.name} is not a regular file")
    return found.st_dev, found.st_ino


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside


def _write_durably(path: Path, text: str) -> None:
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(handle)
