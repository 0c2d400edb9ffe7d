"""One session at the PostgreSQL server of a journal: a connection of its own, which is this run's sign of life.

The run holds an advisory lock for as long as its session lasts; the server frees it however the process or the machine
ends. What pools connections between transactions would give the lock to somebody else, and is refused.
"""

import contextlib
import hashlib
import os
import re
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import conninfo, errors
from psycopg.pq import TransactionStatus

from aeforge_cli.errors import AeforgeError, CannotSave, JournalBusy, JournalUnreachable, Usage
from aeforge_cli.journal import tables as sql
from aeforge_cli.journal.tables import SCHEMA

Connection = psycopg.Connection[tuple[Any, ...]]
_OLDEST = 120000  # PostgreSQL 12, the first with tcp_user_timeout
_ALIVE = {"idle": 10, "interval": 5, "count": 3}  # seconds: a machine that is gone is noticed within 25 s
_TYPES = {"number": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "key": "TEXT", "integer": "BIGINT"}
_NAMES = {"jobs": "jobs", "files": "files", "holds": "holds"}
_PROBES = 3
_PROBE_SECONDS = 3.0
_LEAVE_SECONDS = 1.0  # for the answer to the last word of a session
_ENDING_SECONDS = 2.0  # how long the server may take to end a session


class SessionLost(Exception):
    """The connection is gone, and nobody knows whether what was asked for was done."""

    def __init__(self, why: str, what: str = "cannot be reached any more", hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.what = what
        self.hint = hint


class OutOfReach(JournalUnreachable):
    """The server may be back in a moment."""

    may_return = True


class Overlapped(Exception):
    """Another transaction was in the way, and this one was rolled back; it can be run again."""


class Server:
    """Where the journal is, and how to speak of it: no password is ever shown.

    Raises Usage where the URL is none.
    """

    def __init__(self, url: str, *, busy_seconds: float, silent_seconds: float) -> None:
        """A statement waits `busy_seconds` for a lock; after `silent_seconds` without an answer it is given up."""
        self.silent_seconds = silent_seconds
        try:
            given = {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items()}
        except psycopg.Error:
            # Not the library's own words: they quote parts of the URL.
            raise Usage(
                "The URL of the journal is not valid",
                hint="postgresql://HOST/DATABASE?user=NAME; percent-encode what is special in its parts",
            ) from None
        self._secrets = [text for text in (given.get("password"), os.environ.get("PGPASSWORD")) if text]
        self._busy_seconds = busy_seconds
        self._given = given
        self.address = _address(given)

    def connect(self) -> Connection:
        """Raises OutOfReach."""
        try:
            return psycopg.connect(conninfo.make_conninfo("", **{**_CONNECTING, **self._given}), autocommit=True)
        except psycopg.Error as error:
            why = self.shown(str(error))
            raise self.out_of_reach("cannot be reached", why, _hint(why)) from None

    def settings(self) -> dict[str, str]:
        """Of the session: times in milliseconds, but for those of TCP."""
        return {
            "search_path": "aeforge",
            "lock_timeout": f"{int(1000 * self._busy_seconds)}",
            "idle_in_transaction_session_timeout": "10000",  # a process that is stopped holds nobody up for longer
            "idle_session_timeout": "0",
            "statement_timeout": "0",  # what a user or a server may be set up with is too short for a lock of 30 s
            "transaction_timeout": "0",
            "default_transaction_isolation": "read committed",
            "tcp_keepalives_idle": f"{_ALIVE['idle']}",
            "tcp_keepalives_interval": f"{_ALIVE['interval']}",
            "tcp_keepalives_count": f"{_ALIVE['count']}",
            "tcp_user_timeout": "25000",
        }

    def unreachable(self, what: str, why: str = "", hint: str = "") -> JournalUnreachable:
        return JournalUnreachable(f"The journal {self.address} {what}", why=why, hint=hint or _ASK)

    def out_of_reach(self, what: str, why: str, hint: str = "") -> OutOfReach:
        return OutOfReach(f"The journal {self.address} {what}", why=why, hint=hint or _ASK)

    def shown(self, text: str) -> str:
        """What the server or the library says, on one line and without passwords."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        line = "; ".join(filter(None, (part.strip(" \t-") for part in text.splitlines())))
        return line.removeprefix("connection failed: ")[:500]

    def translated(self, error: psycopg.Error) -> AeforgeError:
        """The server's refusal as one of our errors."""
        why = self.shown(error.diag.message_primary or str(error))
        match error:
            case errors.LockNotAvailable():
                return JournalBusy(
                    f"The journal {self.address} stayed locked for {self._busy_seconds:g} s",
                    hint="end the process that holds it, then run the command again",
                )
            case errors.InsufficientPrivilege():
                return self.unreachable("cannot be used by this user", why, "GRANT it the rights on the schema aeforge")
            case errors.UndefinedTable() | errors.UndefinedColumn():
                return self.unreachable("lacks its tables", why, "restore them from a backup")
            case psycopg.Error(sqlstate=str(state)) if state.startswith("53"):
                return CannotSave(
                    f"The journal {self.address} cannot record the job", why=why, hint="make room on the server"
                )
            case _:
                return self.unreachable("cannot be used", why)


class ServerSession:
    """A connection that holds the run's lock.

    Raises JournalUnreachable where the server cannot be reached or used, SessionLost where the connection breaks at
    once.
    """

    def __init__(self, server: Server, run: str) -> None:
        self._server = server
        self._key = run_key(run)
        self._holds_lock = False
        self._connection = server.connect()
        self._watch = _Watch(self._connection, server.silent_seconds)
        try:
            with self._translating():
                self._begin()
            self._succeed_to_lock()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        found = self._connection.execute("SELECT pg_backend_pid(), current_setting('server_version_num')::int")
        self.process, version = found.fetchone() or (0, 0)
        if version < _OLDEST:
            raise self._server.unreachable(
                "is on a server that is too old", f"PostgreSQL {version // 10000}", "use PostgreSQL 12 or later"
            )
        is_direct = self._connection.info.backend_pid == self.process  # a pool tells us a number of its own
        if not is_direct and self._is_shared():
            raise self._shared()
        self._set_up()
        _prepare_tables(self._connection, self._server)

    def _succeed_to_lock(self) -> None:
        """Takes the run's lock, from a session that the server has not yet noticed to be gone, too."""
        until = time.monotonic() + _ENDING_SECONDS
        while time.monotonic() < until:
            with self._translating():
                if self._takes_lock():
                    return
                high, low = self._key >> 32 & 0xFFFFFFFF, self._key & 0xFFFFFFFF
                self._connection.execute(_END_HOLDER, {"high": high, "low": low})
            time.sleep(0.05)

    def _takes_lock(self) -> bool:
        """Whether the run's lock is ours. Without it what was paid for can be recorded, and nothing be claimed."""
        if not self._holds_lock:
            found = self._connection.execute("SELECT pg_try_advisory_lock(%s)", [self._key])
            [(self._holds_lock,)] = found.fetchall()
        return self._holds_lock

    def _is_shared(self) -> bool:
        """Whether our connection gets another session at the server while somebody else is in a transaction."""
        try:
            other = self._server.connect()
        except OutOfReach:
            return False  # there is no other session to be had, and so ours is not given away
        with contextlib.closing(other), contextlib.closing(_Watch(other, _PROBE_SECONDS)) as watch, watch.limited():
            try:
                return any(self._is_moved_by(other) for _ in range(_PROBES))
            except psycopg.OperationalError:
                return not watch.has_cut  # in vain it waited for a session; or it may not even begin a transaction

    def _is_moved_by(self, other: Connection) -> bool:
        other.execute("BEGIN")
        its, ours = _process(other), _process(self._connection)
        other.execute("ROLLBACK")
        return ours == its or ours != self.process

    def _shared(self) -> JournalUnreachable:
        return self._server.unreachable(
            "is behind a pool that gives each transaction another session",
            hint="connect to the server itself, or to a pool in session mode",
        )

    def _set_up(self) -> None:
        values = self._server.settings()
        rows = ", ".join("(%s, %s)" for _ in values)
        statement = (
            f"SELECT set_config(name, value, false) FROM (VALUES {rows}) AS ours (name, value)"  # noqa: S608 - marks
            " JOIN pg_settings USING (name)"  # not every version has all of them
        )
        self._connection.execute(statement.encode(), [text for each in values.items() for text in each])
        self._connection.execute(_DURABLE)

    # -------------------------------------------------------------- statements

    def execute(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What was found; an error ends the transaction. Raises SessionLost, Overlapped, and the errors of ours."""
        with self._translating():
            cursor = self._connection.execute(_translated(statement), values)
            return cursor.fetchall() if cursor.description else []

    def execute_each(self, statement: str, values: Sequence[Mapping[str, Any]]) -> list[list[tuple[Any, ...]]]:
        """As `execute`, with each of the values, which are sent without waiting for an answer to each."""
        with self._translating():
            cursor = self._connection.cursor()
            cursor.executemany(_translated(statement), values, returning=True)
            return [found.fetchall() if found.description else [] for found in cursor.results()]

    @contextlib.contextmanager
    def transaction(self, locks: Sequence[str] = ()) -> Iterator[None]:
        """One transaction, durable when it ends; `locks` are waited for before anything is read.

        In statements of their own: the snapshot of one that waited for a lock would be older than the lock.
        """
        try:
            with self._translating():
                if locks:
                    self._require_lock()
                keys = ",".join(f"({lock_key(name)})" for name in locks)
                waits = f"SELECT pg_advisory_xact_lock(key) FROM (VALUES {keys}) AS locks (key);" if keys else ""  # noqa: S608 - numbers
                cursor = self._connection.execute(f"BEGIN; {waits} SELECT pg_backend_pid()".encode(), prepare=False)
                while cursor.nextset():
                    pass
                if locks:
                    self._require_own_session(cursor.fetchone())
            yield
        except BaseException:
            self._roll_back()
            raise
        with self._translating():
            self._connection.execute("COMMIT")

    def _require_lock(self) -> None:
        if not self._takes_lock():
            raise JournalBusy(
                f"The journal {self._server.address} still holds the last session of this process",
                hint="run the command again in a minute",
            )

    def _require_own_session(self, found: tuple[Any, ...] | None) -> None:
        if found != (self.process,):
            raise self._shared()

    def _roll_back(self) -> None:
        """Also after a signal in the middle of a statement: then the connection is of no more use."""
        try:
            self._connection.rollback()
        except psycopg.Error:
            self.close()

    def lives(self, run: str) -> bool:
        """Whether another run's session lasts; asked within a transaction, it stays true or false until its end."""
        [(is_free,)] = self.execute("SELECT pg_try_advisory_xact_lock_shared(:key)", {"key": run_key(run)})
        return not is_free

    def locks(self) -> frozenset[int]:
        """The advisory locks of all sessions, those of the runs that live among them."""
        found = self.execute(_LOCKS, {})
        return frozenset(((high << 32 | low) ^ _SIGN) - _SIGN for high, low in found)

    @contextlib.contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            with self._watch.limited():
                yield
        except (errors.DeadlockDetected, errors.SerializationFailure) as error:
            raise Overlapped(self._server.shown(str(error))) from None
        except psycopg.Error as error:
            lost = self._lost(error)
            if lost is None:
                raise self._server.translated(error) from None
            self.close()
            raise lost from None
        except BaseException:
            if self._connection.info.transaction_status == TransactionStatus.ACTIVE:
                self.close()  # a signal came while the answer was due
            raise

    def _lost(self, error: psycopg.Error) -> SessionLost | None:
        """What a new connection may not meet any more."""
        why = self._server.shown(error.diag.message_primary or str(error))
        match error:
            case errors.ReadOnlySqlTransaction():  # after a failover the old server takes no more writes
                return SessionLost(why, "takes no changes", "name a server and a user that may write")
            case errors.QueryCanceled():  # by an administrator
                return SessionLost(why, "cancelled what was asked")
            case _:
                return SessionLost(why) if self.is_lost else None

    def leave(self) -> None:
        """Lets go of the run's lock by its own word: it takes a busy server a while to notice a closed connection.

        At the end of a command nobody waits for a server that is silent.
        """
        wire = self._connection.pgconn
        with contextlib.suppress(psycopg.Error, OSError), selectors.DefaultSelector() as selector:
            wire.send_query(b"SELECT pg_advisory_unlock_all()")
            wire.flush()
            selector.register(wire.socket, selectors.EVENT_READ)
            selector.select(_LEAVE_SECONDS)
        self.close()

    @property
    def is_lost(self) -> bool:
        return self._connection.closed or self._connection.broken

    def hurry(self, seconds: float) -> None:
        """From now on an answer may take no longer."""
        self._watch.seconds = min(seconds, self._watch.seconds)

    def close(self) -> None:
        self._watch.close()
        with contextlib.suppress(psycopg.Error):
            self._connection.close()


class _Watch:
    """Cuts a connection whose server is silent for too long: the library waits for an answer without end."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._wire = socket.socket(fileno=os.dup(connection.fileno()))
        self.seconds = seconds
        self._since: float | None = None
        self._ended = threading.Event()
        self.has_cut = False
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def limited(self) -> Iterator[None]:
        """An answer is due."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def _look(self) -> None:
        while not self._ended.wait(min(1.0, self.seconds / 4)):
            since = self._since
            if since is not None and time.monotonic() - since > self.seconds:
                self.has_cut = True
                with contextlib.suppress(OSError):
                    self._wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._ended.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        self._wire.close()


def run_key(run: str) -> int:
    """Of the lock that a run holds as long as it lives."""
    return lock_key(f"run {run}")


def lock_key(name: str) -> int:
    """The 64 bits of an advisory lock."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


# ------------------------------------------------------------------ the tables


def _prepare_tables(connection: Connection, server: Server) -> None:
    """Makes them where there are none, under a lock, since several machines may come at the same time."""
    tables = _tables(connection)
    if not tables:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key("tables")])
            if not _tables(connection):
                _make_tables(connection)
        tables = _tables(connection)
    version = _version(connection) if ("meta", "schema_version", "integer") in tables else None
    if version is None:
        raise server.unreachable(
            "is another program's: its schema aeforge holds other tables", hint="name a database of its own"
        )
    if version > SCHEMA:
        raise server.unreachable("was written by a newer aeforge", hint="upgrade aeforge on this machine")
    missing = {"files", "holds", "jobs"} - {table for table, _, _ in tables}
    if missing or version < SCHEMA:
        raise server.unreachable("lacks its tables", ", ".join(sorted(missing)), "restore them from a backup")


def _tables(connection: Connection) -> set[tuple[str, str, str]]:
    """Table, column and type of all columns in the schema."""
    # Not to_regclass: it may answer from a cache, of before another machine made the tables.
    return {
        (str(table), str(column), str(kind))
        for table, column, kind in connection.execute(
            "SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE n.nspname = 'aeforge' AND c.relkind IN ('r', 'p', 'v', 'f') AND a.attnum > 0"
        )
    }


def _version(connection: Connection) -> int | None:
    found = connection.execute("SELECT schema_version FROM aeforge.meta").fetchall()
    return int(found[0][0]) if len(found) == 1 and found[0][0] is not None else None


def _make_tables(connection: Connection) -> None:
    # Not CREATE SCHEMA IF NOT EXISTS: one that an administrator made needs no right to make any.
    if not connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'aeforge'").fetchall():
        connection.execute("CREATE SCHEMA aeforge")
    for statement in (sql.JOBS, sql.FILES, sql.HOLDS, *sql.INDEXES):
        # Compared byte by byte, as in SQLite: the order of a language would spoil ranges of ids and of times.
        text = statement.format(**_NAMES, **_TYPES).replace(" TEXT", ' TEXT COLLATE "C"')
        connection.execute(text.encode())
    connection.execute("CREATE TABLE meta (schema_version INTEGER NOT NULL)")
    connection.execute("INSERT INTO meta VALUES (%s)", [SCHEMA])


# ------------------------------------------------------------------ details of the library


_CONNECTING = {
    "application_name": "aeforge",
    "client_encoding": "UTF8",
    "connect_timeout": "10",
    "keepalives": "1",
    **{f"keepalives_{name}": str(value) for name, value in _ALIVE.items()},
    "tcp_user_timeout": "25000",
}
# A server may be set up to answer before it has written; ours must not.
_DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
_SIGN = 1 << 63  # the server shows a key in two halves without a sign
_LOCKS = """
SELECT CAST(classid AS bigint), CAST(objid AS bigint) FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_END_HOLDER = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND classid = %(high)s AND objid = %(low)s AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"""
_ASK = "check the server and the network, then run the command again"


def _hint(why: str) -> str:
    if "password" in why:
        return "set PGPASSWORD, or write the password to ~/.pgpass"
    return _ASK


def _address(given: Mapping[str, str]) -> str:
    user = f"{given['user']}@" if given.get("user") else ""
    port = f":{given['port']}" if given.get("port") else ""
    host = given.get("host", "")
    return (
        f"postgresql://{user}{f'[{host}]' if ':' in host and ',' not in host else host}{port}/{given.get('dbname', '')}"
    )


def _process(connection: Connection) -> int:
    [(process,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
    return int(process)


@lru_cache(maxsize=200)
def _translated(statement: str) -> bytes:
    """With the library's marks for values: `:name` becomes `%(name)s`."""
    return re.sub(r":(\w+)", r"%(\1)s", statement).encode()
