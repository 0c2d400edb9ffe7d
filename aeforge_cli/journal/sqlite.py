"""The journal on disk: durable, private, shared by processes and threads (SQLite).

Rollback journal and `synchronous=EXTRA`: a write-ahead log has a corruption bug up to SQLite 3.51.2, and cannot be
copied alone. A commit waits for the disk, so threads that write at the same time share one.
"""

import contextlib
import errno
import json
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

from aeforge_cli.errors import AeforgeError, CannotSave, JournalBusy, JournalDamaged
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.locks import is_locked, lock
from aeforge_cli.journal.interface import Claimed, Claiming, Entry, JournalUnwritable, Lasted, State, Step, Taken, Work
from aeforge_cli.redaction import shown_url

_SCHEMA = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY, work TEXT NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL, run TEXT NOT NULL,
    operation TEXT NOT NULL, state TEXT NOT NULL, job_id TEXT, input TEXT, prompt TEXT, output TEXT,
    created TEXT NOT NULL, updated TEXT NOT NULL, files TEXT NOT NULL DEFAULT '[]', reason TEXT,
    pending_at REAL, ended_by REAL
)"""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS by_work ON jobs (work, service, account)",
    "CREATE INDEX IF NOT EXISTS by_job_id ON jobs (job_id)",
    "CREATE INDEX IF NOT EXISTS by_state ON jobs (state)",
)
_COLUMNS = (
    "number, work, service, account, run, operation, state, job_id,"
    " input, prompt, output, created, updated, files, reason"
)
_UNFINISHED = "(state IN ('submitting', 'unknown', 'accepted') OR (state = 'succeeded' AND output IS NOT NULL))"
_SAME_WORK = "work = ? AND service = ? AND account = ? AND state NOT IN ('not_sent', 'rejected') ORDER BY number DESC"
BUSY_SECONDS = 30
_LISTED_EVERY = 1.0  # seconds


T = TypeVar("T")


class _Change(Generic[T]):
    """A change that waits for a transaction, and what came of it."""

    def __init__(self, change: Callable[[sqlite3.Connection], T]) -> None:
        self._change = change
        self._result: list[T] = []
        self.failure: Exception | None = None
        self.is_done = False

    def run(self, database: sqlite3.Connection) -> None:
        self._result = [self._change(database)]

    def outcome(self) -> T:
        if self.failure is not None:
            raise self.failure
        if not self._result:
            raise CannotSave("The journal was interrupted before it recorded the job")
        return self._result[0]


class SqliteJournal:
    """The journal in a folder; several processes and threads may use it at once.

    Raises JournalUnwritable where the folder cannot be used, JournalDamaged where the file is no journal, CannotSave
    where a row cannot be written.
    """

    def __init__(self, folder: Path, *, history: bool = True) -> None:
        self._folder = folder
        self._path = folder / "jobs.sqlite3"
        self._history = history
        self._lock = threading.RLock()
        self._queue_lock = threading.Lock()
        self._queue: list[_Change[Any]] = []
        self._listed_at = 0.0
        self._list_is_stale = False
        self._run = _RunLock(folder / "runs")
        self._open()

    # -------------------------------------------------------------- rows

    def claim(self, work: Work, now: datetime, how: Claiming) -> Claimed | Taken:
        """Takes the work, or says which earlier row is in the way; one transaction, durable before it returns."""
        with self._lock:  # the first claim takes the run's lock file
            run = self._run.name
        return self._in_one(lambda database: self._claimed(database, work, now, how, run))

    def _claimed(
        self, database: sqlite3.Connection, work: Work, now: datetime, how: Claiming, run: str
    ) -> Claimed | Taken:
        entry = self._in_the_way(database, work, how)
        if entry is None:
            return Claimed(self._insert(database, work, now, run))
        lives = self._run.lives(entry.run)
        if entry.state is State.SUBMITTING and not lives:
            # Its process ended between sending and hearing: nobody can know.
            self._write(database, entry.number, Step(State.UNKNOWN, reason="the process ended before the answer"), now)
            (entry,) = self._rows(database, "number = ?", (entry.number,))
        return Taken(entry, is_live=lives)

    def _insert(self, database: sqlite3.Connection, work: Work, now: datetime, run: str) -> int:
        told: tuple[str | None, ...] = (work.input, work.prompt, work.output)
        if not self._history:
            told = (None, None, work.output and "")
        cursor = database.execute(
            "INSERT INTO jobs (work, service, account, run, operation, state, input, prompt, output, created, updated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(work.key, work.service, work.account, run, work.operation, State.SUBMITTING),
                *map(_packed, told),
                *(_stamp(now), _stamp(now)),
            ),
        )
        return int(cursor.lastrowid or 0)

    def record(self, number: int, step: Step, now: datetime) -> None:
        self._in_one(lambda database: self._write(database, number, step, now))
        self._list_is_stale = True
        if time.monotonic() - self._listed_at > _LISTED_EVERY:
            self._list_pending()

    def by_job_id(self, job_id: str) -> Entry | None:
        found = self._select("job_id = ? ORDER BY number DESC LIMIT 1", (job_id,))
        return found[0] if found else None

    def latest(self, work: str, service: str, account: str) -> Entry | None:
        """The newest row of the work that was sent."""
        found = self._select(f"{_SAME_WORK} LIMIT 1", (work, service, account))
        return found[0] if found else None

    def maker(self, path: str) -> Entry | None:
        """The newest row with a result that was saved under this name."""
        name = _literally(json.dumps({"path": path})[1:-1])
        found = self._select("files LIKE ? ESCAPE '\\' ORDER BY number DESC LIMIT 1", (f"%{name}%",))
        return found[0] if found else None

    def begins_with(self, beginning: str) -> list[Entry]:
        """Rows whose job id begins so, the newest first."""
        return self._select("job_id LIKE ? ESCAPE '\\' ORDER BY number DESC", (f"{_literally(beginning)}%",))

    def entries(self, *, pending: bool = False, search: str = "", limit: int | None = None) -> list[Entry]:
        """Rows, the newest first; `pending` are those whose end is not known, `search` is in what people remember."""
        found = self._select(f"{_UNFINISHED if pending else 'TRUE'} ORDER BY number DESC", ())
        if search:
            found = [entry for entry in found if search.casefold() in _searchable(entry)]
        return found[:limit]

    def durations(self, operation: str, service: str, limit: int = 100) -> list[Lasted]:
        """How long the latest jobs of this kind took."""
        query = (
            "SELECT pending_at, ended_by FROM jobs WHERE operation = ? AND service = ? AND ended_by IS NOT NULL"
            " ORDER BY number DESC LIMIT ?"
        )
        with self._reading():
            return [Lasted(*row) for row in self._database.execute(query, (operation, service, limit))]

    def close(self) -> None:
        if self._list_is_stale:
            self._list_pending()
        with self._lock:
            self._database.close()
        self._run.release()

    # -------------------------------------------------------------- the file

    def _open(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with contextlib.suppress(FileExistsError):
                # Private from its first instant: SQLite would make it, and its side files, as the umask allows.
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            self._refuse(error)
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
        try:
            self._database.execute("PRAGMA journal_mode=TRUNCATE")
            self._database.execute("PRAGMA synchronous=EXTRA")
            self._commit([_Change(self._migrate)])
        except BaseException:
            self._database.close()
            raise

    def _migrate(self, database: sqlite3.Connection) -> None:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > _SCHEMA:
            raise JournalDamaged(
                f"The journal {self._path} was written by a newer aeforge",
                hint="upgrade aeforge, or name another folder with AEFORGE_STATE_DIR",
            )
        if version < _SCHEMA:
            for statement in (_TABLE, *_INDEXES, f"PRAGMA user_version={_SCHEMA}"):
                database.execute(statement)

    def _in_one(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Runs the change in a transaction, with those of other threads that ask meanwhile; durable on return."""
        item = _Change(change)
        with self._queue_lock:
            self._queue.append(item)
        with self._lock:
            if not item.is_done:
                with self._queue_lock:
                    batch, self._queue = self._queue, []
                try:
                    self._commit(batch)
                except sqlite3.Error as error:
                    failure = self._translated(error)
                    for waiting in batch:
                        waiting.failure = failure
                finally:
                    for waiting in batch:
                        waiting.is_done = True
        return item.outcome()

    def _commit(self, batch: "Sequence[_Change[Any]]") -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for item in batch:
                item.run(self._database)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _select(self, condition: str, values: tuple[object, ...]) -> list[Entry]:
        with self._reading():
            return self._rows(self._database, condition, values)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise self._translated(error) from None

    def _rows(self, database: sqlite3.Connection, condition: str, values: tuple[object, ...]) -> list[Entry]:
        found = database.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {condition}", values)  # noqa: S608 - ours
        return [_entry(row) for row in found]

    def _translated(self, error: sqlite3.Error, *, opening: bool = False) -> Exception:
        # The primary code is the low byte; `database is locked` is also how a lock that is never free shows.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
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
            self._path.rename(aside)
        except OSError as error:
            return _cannot_record(self._path, f"it is damaged, and cannot be set aside: {error.strerror}")
        return JournalDamaged(
            f"The journal {self._path} was damaged",
            why=f"it was set aside as {aside}; jobs recorded there are not known here any more",
            hint="if a job of yours was unfinished, look at the service's dashboard; then run the command again",
        )

    def _in_the_way(self, database: sqlite3.Connection, work: Work, how: Claiming) -> Entry | None:
        """The row that keeps the work from being bought, if there is one.

        What was never sent does not count. A lost answer counts until the same work was sent again, since that was
        the user's decision; paid work that is not finished always does.
        """
        if how is Claiming.ANEW:
            return None
        rows = self._rows(database, _SAME_WORK, (work.key, work.service, work.account))
        latest = rows[0] if rows else None
        if latest and latest.state in (State.SUBMITTING, State.UNKNOWN):
            return latest
        if latest and how is Claiming.RESUME and latest.state in (State.ACCEPTED, State.SUCCEEDED, State.SAVED):
            return latest
        return next((row for row in rows if row.is_unfinished), None)

    def _write(self, database: sqlite3.Connection, number: int, step: Step, now: datetime) -> None:
        packed = _packed_files(step.files, history=self._history) if step.files else None
        database.execute(
            "UPDATE jobs SET state = ?, updated = ?, job_id = coalesce(?, job_id), reason = ?,"
            " files = coalesce(?, files), pending_at = coalesce(?, pending_at), ended_by = coalesce(?, ended_by)"
            " WHERE number = ?",
            (
                *(step.state, _stamp(now), step.job_id, _packed(step.reason or None), packed),
                *(step.lasted or (None, None)),
                number,
            ),
        )

    def _list_pending(self) -> None:
        """Keeps the small file from which shells complete job ids, so that a TAB needs no Python."""
        with self._lock:
            self._listed_at, self._list_is_stale = time.monotonic(), False
            rows = self._select(f"job_id IS NOT NULL AND {_UNFINISHED} ORDER BY number DESC LIMIT 100", ())
        staged = self._folder / f".pending-{uuid.uuid4().hex}"
        # A convenience: where it cannot be kept, ids are merely not offered.
        with contextlib.suppress(OSError):
            staged.touch(mode=0o600)
            staged.write_text("".join(f"{row.job_id}\n" for row in rows))
            staged.replace(self._folder / "pending-jobs")


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def _cannot_record(path: Path, why: str) -> CannotSave:
    return CannotSave(
        f"The journal {path} cannot record the job",
        why=why,
        hint="make room on the disk, or name another folder with AEFORGE_STATE_DIR",
    )


# ------------------------------------------------------------------ values


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")


def _packed(text: str | None) -> str | None:
    """Text as ASCII JSON: a file name may hold bytes that are no UTF-8."""
    return None if text is None else json.dumps(text)


def _unpacked(text: str | None) -> str | None:
    return None if text is None else str(json.loads(text))


def _literally(text: str) -> str:
    """What LIKE takes for the text itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _packed_files(files: Sequence[SavedFile], *, history: bool) -> str:
    rows = [asdict(file) | {"url": shown_url(file.url) if file.url else None} for file in files]
    return json.dumps(rows if history else [row | {"path": None} for row in rows])


def _entry(row: tuple[object, ...]) -> Entry:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for name in ("input", "prompt", "output", "reason"):
        values[name] = _unpacked(values[name])  # type: ignore[arg-type]
    values["state"] = State(str(values["state"]))
    values["files"] = tuple(json.loads(str(values["files"])))
    return Entry(**values)  # type: ignore[arg-type]


def _searchable(entry: Entry) -> str:
    return " ".join(filter(None, (entry.job_id, entry.input, entry.prompt, entry.output, entry.state))).casefold()


# ------------------------------------------------------------------ which processes live


class _RunLock:
    """A lock file for this process: the kernel frees it however the process ends; process ids are used again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: BinaryIO | None = None
        self._name = uuid.uuid4().hex

    @property
    def name(self) -> str:
        """The run's name; asking for it takes the lock."""
        if self._held is None:
            self._folder.mkdir(exist_ok=True, mode=0o700)
            self._held = self._path(self._name).open("xb")
            lock(self._held)
        return self._name

    def lives(self, name: str) -> bool:
        """Whether the run's process still exists; sweeps the lock of one that does not."""
        if name == self._name:
            return True
        path = self._path(name)
        try:
            stream = path.open("r+b")
        except FileNotFoundError:
            return False
        with stream:
            if is_locked(stream):
                return True
        path.unlink(missing_ok=True)
        return False

    def release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._path(self._name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"
