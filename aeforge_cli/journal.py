"""What was bought and what became of it: durable, shared by processes (SQLite).

A row is written before the request is sent, again when its id is known, and again when its files are saved. Rollback
journal and `synchronous=EXTRA`: a write-ahead log has a corruption bug up to SQLite 3.51.2, and cannot be copied alone.

    submitting ─┬─► accepted ─┬─► succeeded ─► saved
                ├─► not_sent  ├─► failed
                ├─► rejected  └─► lost (the service no longer knows it)
                └─► unknown   (sent, but the answer was lost)
"""

import contextlib
import errno
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from aeforge_cli.errors import AeforgeError, CannotSave, JournalBusy, JournalDamaged, Usage
from aeforge_cli.locks import is_locked, lock
from aeforge_cli.outputs import SavedFile
from aeforge_cli.redaction import shown_url

_SCHEMA = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY, work TEXT NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL, run TEXT NOT NULL,
    operation TEXT NOT NULL, state TEXT NOT NULL, job_id TEXT, input TEXT, prompt TEXT, output TEXT,
    created TEXT NOT NULL, updated TEXT NOT NULL, files TEXT NOT NULL DEFAULT '[]', reason TEXT
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
BUSY_SECONDS = 30


class State(StrEnum):
    SUBMITTING = "submitting"
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    SAVED = "saved"
    FAILED = "failed"
    LOST = "lost"


_PENDING = (State.SUBMITTING, State.UNKNOWN, State.ACCEPTED)


@dataclass(frozen=True)
class Work:
    """What is about to be bought; `key` is the same for the same work, `output` None where links are enough."""

    key: str
    service: str
    account: str
    operation: str
    input: str
    prompt: str
    output: str | None


@dataclass(frozen=True)
class Entry:
    """A row of the journal; times are UTC in ISO 8601."""

    number: int
    work: str
    service: str
    account: str
    run: str
    operation: str
    state: State
    job_id: str | None
    input: str | None
    prompt: str | None
    output: str | None
    created: str
    updated: str
    files: tuple[dict[str, object], ...]
    reason: str | None

    @property
    def is_unfinished(self) -> bool:
        """Whether there is paid work to go on with."""
        return self.state is State.ACCEPTED or (self.state is State.SUCCEEDED and self.output is not None)

    @property
    def saved_files(self) -> tuple[SavedFile, ...]:
        return tuple(SavedFile(**file) for file in self.files if file.get("path"))  # type: ignore[arg-type]

    def as_json(self) -> dict[str, object]:
        names = (
            "job_id",
            "state",
            "operation",
            "input",
            "prompt",
            "output",
            "service",
            "created",
            "updated",
            "files",
            "reason",
        )
        return {"schema": 1, **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True)
class Claimed:
    """The work is ours to submit, under this row's number."""

    number: int


@dataclass(frozen=True)
class Taken:
    """An earlier row stands in the way; `is_live` if its process still runs."""

    entry: Entry
    is_live: bool


class Journal(Protocol):
    """What the life of a job is written into."""

    def claim(self, work: Work, now: datetime, *, anew: bool) -> Claimed | Taken: ...
    def record(
        self,
        number: int,
        state: State,
        now: datetime,
        *,
        job_id: str | None = None,
        files: Sequence[SavedFile] = (),
        reason: str = "",
    ) -> None: ...
    def by_job_id(self, job_id: str) -> Entry | None: ...
    def begins_with(self, beginning: str) -> list[Entry]: ...
    def entries(self, *, pending: bool = False, search: str = "", limit: int | None = None) -> list[Entry]: ...
    def close(self) -> None: ...


class NoJournal:
    """Where no state can be kept: nothing is remembered, and the caller has said so."""

    def claim(self, work: Work, now: datetime, *, anew: bool) -> Claimed | Taken:
        return Claimed(0)

    def record(
        self,
        number: int,
        state: State,
        now: datetime,
        *,
        job_id: str | None = None,
        files: Sequence[SavedFile] = (),
        reason: str = "",
    ) -> None:
        pass

    def by_job_id(self, job_id: str) -> Entry | None:
        return None

    def begins_with(self, beginning: str) -> list[Entry]:
        return []

    def entries(self, *, pending: bool = False, search: str = "", limit: int | None = None) -> list[Entry]:
        return []

    def close(self) -> None:
        pass


class JournalUnwritable(Exception):
    """The state folder cannot be used at all; `why` is the system's word for it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


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
        self._run = _RunLock(folder / "runs")
        self._open()

    # -------------------------------------------------------------- rows

    def claim(self, work: Work, now: datetime, *, anew: bool) -> Claimed | Taken:
        """Takes the work, or says which earlier row is in the way; one transaction, durable before it returns."""
        run = self._run.name
        with self._transaction() as database:
            if not anew and (entry := self._in_the_way(database, work)) is not None:
                if entry.state is State.SUBMITTING and not self._run.lives(entry.run):
                    # Its process ended between sending and hearing: nobody can know.
                    self._write(
                        database, entry.number, State.UNKNOWN, now, reason="the process ended before the answer"
                    )
                    entry = self._row(database, entry.number)
                return Taken(entry, is_live=self._run.lives(entry.run))
            values = (work.key, work.service, work.account, run, work.operation, State.SUBMITTING)
            told = (work.input, work.prompt) if self._history else (None, None)
            stamp = _stamp(now)
            cursor = database.execute(
                "INSERT INTO jobs"
                " (work, service, account, run, operation, state, input, prompt, output, created, updated)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *values,
                    *map(_packed, told),
                    _packed(work.output if self._history or work.output is None else ""),
                    stamp,
                    stamp,
                ),
            )
            return Claimed(int(cursor.lastrowid or 0))

    def record(
        self,
        number: int,
        state: State,
        now: datetime,
        *,
        job_id: str | None = None,
        files: Sequence[SavedFile] = (),
        reason: str = "",
    ) -> None:
        with self._transaction() as database:
            self._write(database, number, state, now, job_id=job_id, files=files, reason=reason)
        if job_id or state not in _PENDING:
            self._list_pending()

    def by_job_id(self, job_id: str) -> Entry | None:
        found = self._select("job_id = ? ORDER BY number DESC LIMIT 1", (job_id,))
        return found[0] if found else None

    def begins_with(self, beginning: str) -> list[Entry]:
        """Rows whose job id begins so, the newest first."""
        escaped = beginning.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return self._select("job_id LIKE ? ESCAPE '\\' ORDER BY number DESC", (f"{escaped}%",))

    def entries(self, *, pending: bool = False, search: str = "", limit: int | None = None) -> list[Entry]:
        """Rows, the newest first; `pending` are those whose end is not known, `search` is in what people remember."""
        found = self._select("1 ORDER BY number DESC", ())
        if pending:
            found = [entry for entry in found if entry.state in _PENDING or entry.is_unfinished]
        if search:
            found = [entry for entry in found if search.casefold() in _searchable(entry)]
        return found[:limit]

    def close(self) -> None:
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
        self._database.execute("PRAGMA journal_mode=TRUNCATE")
        self._database.execute("PRAGMA synchronous=EXTRA")
        with self._transaction(opening=True) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > _SCHEMA:
                raise JournalDamaged(
                    f"The journal {self._path} was written by a newer aeforge",
                    hint="upgrade aeforge, or name another folder with AEFORGE_STATE_DIR",
                )
            if version < _SCHEMA:
                for statement in (_TABLE, *_INDEXES, f"PRAGMA user_version={_SCHEMA}"):
                    database.execute(statement)

    @contextlib.contextmanager
    def _transaction(self, *, opening: bool = False) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    yield self._database
                    self._database.execute("COMMIT")
                except BaseException:
                    if self._database.in_transaction:
                        self._database.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise self._translated(error, opening=opening) from None

    def _select(self, condition: str, values: tuple[str, ...]) -> list[Entry]:
        with self._lock:
            try:
                rows = self._database.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {condition}", values).fetchall()  # noqa: S608
            except sqlite3.Error as error:
                raise self._translated(error) from None
        return [_entry(row) for row in rows]

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

    def _in_the_way(self, database: sqlite3.Connection, work: Work) -> Entry | None:
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM jobs WHERE work = ? AND service = ? AND account = ? ORDER BY number DESC LIMIT 1",  # noqa: S608
            (work.key, work.service, work.account),
        ).fetchall()
        entry = _entry(rows[0]) if rows else None
        stands = entry and (entry.state in (State.SUBMITTING, State.UNKNOWN) or entry.is_unfinished)
        return entry if stands else None

    def _row(self, database: sqlite3.Connection, number: int) -> Entry:
        return _entry(database.execute(f"SELECT {_COLUMNS} FROM jobs WHERE number = ?", (number,)).fetchone())  # noqa: S608

    def _write(
        self,
        database: sqlite3.Connection,
        number: int,
        state: State,
        now: datetime,
        *,
        job_id: str | None = None,
        files: Sequence[SavedFile] = (),
        reason: str = "",
    ) -> None:
        database.execute(
            "UPDATE jobs SET state = ?, updated = ?, job_id = coalesce(?, job_id), reason = ?,"
            " files = CASE WHEN ? = '[]' THEN files ELSE ? END WHERE number = ?",
            (state, _stamp(now), job_id, reason or None, packed := _packed_files(files, self._history), packed, number),
        )

    def _list_pending(self) -> None:
        """Keeps the small file from which shells complete job ids, so that a TAB needs no Python."""
        ids = [entry.job_id for entry in self.entries(pending=True, limit=100) if entry.job_id]
        staged = self._folder / f".pending-{uuid.uuid4().hex}"
        # A convenience: where it cannot be kept, ids are merely not offered.
        with contextlib.suppress(OSError):
            staged.write_text("".join(f"{job_id}\n" for job_id in ids))
            staged.replace(self._folder / "pending-jobs")


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def _cannot_record(path: Path, why: str) -> CannotSave:
    return CannotSave(
        f"The journal {path} cannot record the job",
        why=why,
        hint="make room on the disk, or name another folder with AEFORGE_STATE_DIR",
    )


def known_job_id(journal: Journal, text: str) -> str:
    """The whole id for `@last` or for the beginning of one id of the journal; anything else is taken as it is.

    Raises Usage where the beginning fits several jobs, or `@last` none.
    """
    if text == "@last":
        last = next((entry.job_id for entry in journal.entries() if entry.job_id), None)
        if last is None:
            raise Usage("There is no last job", hint="the journal is empty: aeforge job list")
        return last
    ids = list(dict.fromkeys(entry.job_id for entry in journal.begins_with(text) if entry.job_id))
    if text in ids or not ids:
        return text
    if len(ids) > 1:
        raise Usage(f"{text} is the beginning of {len(ids)} job ids", hint="give more of it: " + ", ".join(ids[:3]))
    return ids[0]


# ------------------------------------------------------------------ values


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")


def _packed(text: str | None) -> str | None:
    """Text as ASCII JSON: a file name may hold bytes that are no UTF-8."""
    return None if text is None else json.dumps(text)


def _unpacked(text: str | None) -> str | None:
    return None if text is None else str(json.loads(text))


def _packed_files(files: Sequence[SavedFile], history: bool) -> str:
    rows = [asdict(file) | {"url": shown_url(file.url) if file.url else None} for file in files]
    return json.dumps(rows if history else [row | {"path": None} for row in rows])


def _entry(row: tuple[object, ...]) -> Entry:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    for name in ("input", "prompt", "output"):
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
