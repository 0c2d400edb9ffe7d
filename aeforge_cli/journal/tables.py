"""The two tables of a journal in SQL that SQLite and PostgreSQL both understand, and how a row is written in them.

`jobs` has a row for each submission, `files` one for each place where a result was saved. Every question that the
commands ask is answered by an index, so that a long journal costs no more than a short one.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import Made, Row, State, UsageRow
from aeforge_cli.journal.rules import SANDBOX, cut_url, is_unfinished, job_key, key_beginnings

SCHEMA = 2
# Written for SQLite; PostgreSQL's types stand where {…} names them.
JOBS = """
CREATE TABLE {jobs} (
    number {number}, work TEXT NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL, run TEXT NOT NULL,
    host TEXT NOT NULL, operation TEXT NOT NULL, state TEXT NOT NULL, job_id TEXT, job_key {key}, input TEXT,
    prompt TEXT, output TEXT, quality TEXT, profile TEXT, price {integer}, unit TEXT, details TEXT NOT NULL,
    created TEXT NOT NULL, updated TEXT NOT NULL, reason TEXT, unfinished INTEGER NOT NULL
)"""
FILES = """
CREATE TABLE {files} (
    job {integer} NOT NULL, place INTEGER NOT NULL, path TEXT, host TEXT NOT NULL, saved TEXT NOT NULL, sha256 TEXT,
    url TEXT, bytes {integer}, width INTEGER, height INTEGER, format TEXT
)"""
HOLDS = """
CREATE TABLE {holds} (service TEXT NOT NULL, account TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (service, account))
"""
INDEXES = (
    "CREATE INDEX jobs_by_work ON {jobs} (work, service, number)",
    "CREATE INDEX jobs_by_key ON {jobs} (job_key, number)",
    "CREATE INDEX jobs_with_id ON {jobs} (number) WHERE job_id IS NOT NULL",
    "CREATE INDEX jobs_unfinished ON {jobs} (number) WHERE unfinished = 1",
    "CREATE INDEX jobs_failed ON {jobs} (number) WHERE state IN ('failed', 'lost')",
    # All that a budget looks at: it is counted within each claim.
    "CREATE INDEX jobs_by_time ON {jobs} (created, service, account, state, unit, price)",
    "CREATE INDEX files_by_job ON {files} (job, place, saved)",
    "CREATE INDEX files_by_content ON {files} (sha256, job)",
    "CREATE INDEX files_by_path ON {files} (path, host, saved)",
)
_COLUMNS = Row._fields[:-2]
_TEXTS = ("input", "prompt", "output", "reason")  # may hold bytes that are no UTF-8: kept as ASCII JSON
_FILE_COLUMNS = ("path", "url", "bytes", "sha256", "width", "height", "format")
FILE_COLUMNS = ("job", "place", "host", "saved", *_FILE_COLUMNS)
_NOT_SENT = "state NOT IN ('not_sent', 'rejected')"
_AT_ONCE = 200  # rows read at a time by a listing


def insertion(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join(f":{name}" for name in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our names


_INSERT_JOB = insertion("jobs", (*_COLUMNS[1:], "job_key", "unfinished"))
_INSERT_FILE = insertion("files", FILE_COLUMNS)
_DELETE_BY_PATH = "DELETE FROM files WHERE job = :job AND host = :host AND path = :path"
_DELETE_BY_CONTENT = "DELETE FROM files WHERE job = :job AND host = :host AND path IS NULL AND sha256 = :sha256"

Found = list[tuple[Any, ...]]
Execute = Callable[[str, Mapping[str, Any]], Found]
ExecuteEach = Callable[[str, Sequence[Mapping[str, Any]]], list[Found]]


class Tables:
    """The statements; `execute` runs one with named values (`:name`), and returns what it found; `execute_each` runs it
    with each of several.

    `host` is this machine: a name of a file says something only where it was written. `locking` ends a SELECT whose
    rows the same transaction will change, where the database does not lock the whole journal for a transaction.
    """

    def __init__(self, execute: Execute, execute_each: ExecuteEach, *, host: str, locking: str = "") -> None:
        self._execute = execute
        self._execute_each = execute_each
        self._host = host
        self._locking = locking

    # -------------------------------------------------------------- rows

    def insert(self, row: Row) -> int:
        """The number of the new row; its files are saved apart."""
        [number] = self.insert_all([row])
        return number

    def insert_all(self, rows: Sequence[Row]) -> list[int]:
        found = self._execute_each(f"{_INSERT_JOB} RETURNING number", [_packed(row) for row in rows])
        return [int(number) for [(number,)] in found]

    def update(self, row: Row) -> None:
        self.update_all([row])

    def update_all(self, rows: Sequence[Row]) -> None:
        names = ("account", "run", "host", "state", "job_id", "job_key", "reason", "updated")
        marks = ", ".join(f"{name} = :{name}" for name in (*names, "unfinished"))
        values = [_packed(row) | {"number": row.number} for row in rows]
        self._execute_each(f"UPDATE jobs SET {marks} WHERE number = :number", values)  # noqa: S608 - our names

    def file_values(
        self, number: int, files: Iterable[tuple[int, SavedFile]], saved: str, host: str | None = None
    ) -> list[dict[str, Any]]:
        """Where results of a row were saved, each with the number of the result, for `save_files`."""
        places = {"job": number, "host": host or self._host, "saved": saved}
        return [
            {**vars(file), **places, "place": place, "url": cut_url(file.url), "path": _text(file.path or None)}
            for place, file in files
        ]

    def save_files(self, files: Sequence[Mapping[str, Any]], *, are_new: bool = False) -> None:
        """A place holds what was saved there last; that of a new row cannot hold anything yet."""
        last = list({(each["job"], each["path"] or each["sha256"]): each for each in files}.values())
        if not are_new:
            self._execute_each(_DELETE_BY_PATH, [each for each in last if each["path"] is not None])
            self._execute_each(_DELETE_BY_CONTENT, [each for each in last if each["path"] is None])
        self._execute_each(_INSERT_FILE, last)

    def row(self, number: int, *, to_change: bool = False) -> Row | None:
        return self._row(f"number = :number{self._locking if to_change else ''}", {"number": number})

    def rows_of_work(self, work: str, service: str, *, to_change: bool = False) -> list[Row]:
        condition = f"work = :work AND service = :service AND {_NOT_SENT} ORDER BY number DESC"
        locking = self._locking if to_change else ""
        return self._rows(f"{condition}{locking}", {"work": work, "service": service})

    def rows_of_works(self, works: Collection[str], service: str) -> dict[str, list[Row]]:
        """As `rows_of_work`, of each."""
        return self._by_work(works, f" AND service = :service AND {_NOT_SENT} ORDER BY number DESC", service=service)

    def tries(self, works: Collection[str]) -> dict[str, list[Row]]:
        """Every row of each work, also of what was never sent; the newest first."""
        return self._by_work(works, f" ORDER BY number DESC{self._locking}")

    def _by_work(self, works: Collection[str], condition: str, **values: str) -> dict[str, list[Row]]:
        marked = {f"work_{place}": work for place, work in enumerate(works)}
        found: dict[str, list[Row]] = {work: [] for work in works}
        marks = ", ".join(f":{name}" for name in marked)
        for row in self._rows(f"work IN ({marks}){condition}", marked | values) if marked else ():
            found[row.work].append(row)
        return found

    def by_job_id(self, job_id: str) -> Row | None:
        return self._row("job_key = :key ORDER BY number DESC LIMIT 1", {"key": job_key(job_id)})

    def begins_with(self, beginning: str) -> list[Row]:
        found: dict[int, Row] = {}
        for key in key_beginnings(beginning):
            condition = "job_key >= :key AND job_key < :end ORDER BY number DESC LIMIT 100"
            rows = self._rows(condition, {"key": key, "end": f"{key}\x7f"})
            found |= {row.number: row for row in rows}
        return sorted(found.values(), key=lambda row: -row.number)

    def last(self) -> Row | None:
        return self._row("job_id IS NOT NULL AND number > 0 ORDER BY number DESC LIMIT 1", {})

    def page(self, condition: str, below: int | None, size: int) -> list[Row]:
        """The next rows of a listing, the newest first, below a number."""
        before = "number > 0" if below is None else "number < :below"
        values = {"below": below, "size": size}
        return self._rows(f"{condition} AND {before} ORDER BY number DESC LIMIT :size", values)

    def pending_ids(self, limit: int) -> list[str]:
        found = self._execute(
            "SELECT job_id FROM jobs WHERE unfinished = 1 AND job_id IS NOT NULL AND number > 0"
            " ORDER BY number DESC LIMIT :limit",
            {"limit": limit},
        )
        return [str(job_id) for (job_id,) in found]

    def count_pending(self) -> int:
        return int(self._execute("SELECT count(*) FROM jobs WHERE unfinished = 1 AND number > 0", {})[0][0])

    def _row(self, condition: str, values: Mapping[str, Any]) -> Row | None:
        return next(iter(self._rows(condition, values)), None)

    def _rows(self, condition: str, values: Mapping[str, Any]) -> list[Row]:
        found = self._execute(f"SELECT {', '.join(_COLUMNS)} FROM jobs WHERE {condition}", values)  # noqa: S608 - ours
        files = self._files([int(values[0]) for values in found])
        return [_unpacked(values, files.get(int(values[0]), ())) for values in found]

    def _files(self, numbers: Sequence[int]) -> dict[int, list[tuple[int, SavedFile]]]:
        """By job: the places where its results were saved, each with the number of the result, counted from 0."""
        files: dict[int, list[tuple[int, SavedFile]]] = {}
        if numbers:
            which = ", ".join(map(str, numbers))
            found = self._execute(
                f"SELECT job, place, {', '.join(_FILE_COLUMNS)} FROM files WHERE job IN ({which})"  # noqa: S608 - numbers
                " ORDER BY job, place, saved",
                {},
            )
            for job, place, *values in found:
                files.setdefault(int(job), []).append((int(place), _file(values)))
        return files

    # -------------------------------------------------------------- files

    def made(self, sha256: str) -> list[Made]:
        found = self._execute(
            "SELECT files.sha256, jobs.work, jobs.service, jobs.job_id, files.path, files.host FROM files"
            " JOIN jobs ON jobs.number = files.job WHERE files.sha256 = :sha256 ORDER BY files.job DESC",
            {"sha256": sha256},
        )
        return [
            Made(content, work, service, job_id, _plain(path), host)
            for content, work, service, job_id, path, host in found
        ]

    def saved_at(self, path: str) -> Row | None:
        found = self._execute(
            "SELECT job FROM files WHERE path = :path AND host = :host ORDER BY saved DESC, job DESC LIMIT 1",
            {"path": _text(path), "host": self._host},
        )
        return self.row(int(found[0][0])) if found else None

    # -------------------------------------------------------------- sums

    def spent(self, service: str, account: str, since: str, unit: str | None) -> int:
        what = "count(*)" if unit is None else "coalesce(sum(CASE WHEN unit = :unit THEN price ELSE 0 END), 0)"
        found = self._execute(
            f"SELECT {what} FROM jobs WHERE service = :service AND account = :account"  # noqa: S608 - ours
            f" AND created >= :since AND {_NOT_SENT}",
            {"service": service, "account": account, "since": since, "unit": unit},
        )
        return int(found[0][0])

    def usage(self, by: str, since: str, until: str) -> list[UsageRow]:
        key = _USAGE_KEYS[by]
        found = self._execute(
            f"SELECT {key}, count(*), sum(CASE WHEN state IN ('failed', 'lost') THEN 1 ELSE 0 END),"  # noqa: S608 - ours
            " sum(CASE WHEN state IN ('unknown', 'submitting') THEN 1 ELSE 0 END), count(price),"
            " coalesce(sum(price), 0), unit FROM jobs"
            f" WHERE created >= :since AND created < :until AND service <> :sandbox AND {_NOT_SENT}"
            f" GROUP BY {key}, unit ORDER BY 1",
            {"since": since, "until": until, "sandbox": SANDBOX},
        )
        return [
            UsageRow(str(name or "-"), int(jobs), int(failed), int(unknown), int(priced), int(price), unit)
            for name, jobs, failed, unknown, priced, price, unit in found
        ]

    def adopt(self, service: str, account: str, into: str) -> None:
        self._execute(
            "UPDATE jobs SET account = :into WHERE service = :service AND account = :account",
            {"service": service, "account": account, "into": into},
        )

    def hold(self, service: str, account: str, until: str) -> None:
        self._execute(
            "INSERT INTO holds (service, account, until) VALUES (:service, :account, :until)"
            " ON CONFLICT (service, account) DO UPDATE SET until = excluded.until WHERE excluded.until > holds.until",
            {"service": service, "account": account, "until": until},
        )

    def held_until(self, service: str, account: str) -> str | None:
        found = self._execute(
            "SELECT until FROM holds WHERE service = :service AND account = :account",
            {"service": service, "account": account},
        )
        return str(found[0][0]) if found else None

    def prune(self, before: str) -> int:
        # Not the newest: SQLite would give its number to the next row.
        newest = "(SELECT max(number) FROM jobs)"
        condition = f"unfinished = 0 AND updated < :before AND number < {newest}"
        self._execute(
            f"DELETE FROM files WHERE job IN (SELECT number FROM jobs WHERE {condition})",  # noqa: S608 - ours
            {"before": before},
        )
        found = self._execute(f"DELETE FROM jobs WHERE {condition} RETURNING number", {"before": before})  # noqa: S608
        return len(found)


_USAGE_KEYS = {"day": "substr(created, 1, 10)", "operation": "operation", "quality": "quality", "profile": "profile"}


def listed(
    read: Callable[[Callable[[Tables], list[Row]]], list[Row]], condition: str, search: str, limit: int | None
) -> Iterator[Row]:
    """Rows of a listing, read a page at a time: what is not printed is not read."""
    below: int | None = None
    left = limit
    while left is None or left > 0:
        size = _AT_ONCE if left is None or search else min(left, _AT_ONCE)
        page = read(partial(_page, condition, below, size))
        for row in page:
            if search.casefold() in _searchable(row) and left != 0:
                left = None if left is None else left - 1
                yield row
        if len(page) < size:
            return
        below = page[-1].number


def _page(condition: str, below: int | None, size: int, tables: Tables) -> list[Row]:
    return tables.page(condition, below, size)


def _searchable(row: Row) -> str:
    return " ".join(filter(None, (row.job_id, row.input, row.prompt, row.output, row.state))).casefold()


# ------------------------------------------------------------------ a row as the database keeps it


def _packed(row: Row) -> dict[str, Any]:
    values = row._asdict() | {name: _text(getattr(row, name)) for name in _TEXTS}
    del values["files"], values["results"], values["number"]
    return values | {
        "state": str(row.state),
        "details": json.dumps(row.details),
        "job_key": row.job_id and job_key(row.job_id),
        "unfinished": int(is_unfinished(row.state, row.output)),
    }


def _unpacked(found: Sequence[Any], files: Sequence[tuple[int, SavedFile]]) -> Row:
    """What a damaged disk, or another program, has left in a row is no reason to hide the others."""
    values = dict(zip(_COLUMNS, found, strict=True))
    values |= {name: str(value) for name, value in values.items() if not isinstance(value, str | int | None)}
    values |= {name: _plain(values[name]) for name in _TEXTS}
    values |= {name: _moment(values[name]) for name in ("created", "updated")}
    values["price"] = values["price"] if isinstance(values["price"], int) else None
    details = _json(values["details"])
    values["details"] = details if isinstance(details, dict) else {}
    values["state"] = known_state(str(values["state"]))
    if values["job_id"] is not None and not _is_id(values["job_id"]):
        values |= {"job_id": None, "state": State.UNKNOWN}
    results = tuple(dict(files).values())
    return Row(**values, files=tuple(file for _, file in files), results=results)


def _is_id(text: object) -> bool:
    """Whether it can be a job id: plain letters that say the same in an address and on a screen."""
    return isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text) is not None


def known_state(word: str) -> State:
    """A state word that this version does not know is one of a job whose end is not known."""
    return State(word) if word in set(State) else State.UNKNOWN


def _file(found: Sequence[Any]) -> SavedFile:
    values = dict(zip(_FILE_COLUMNS, found, strict=True))
    return SavedFile(**values | {"path": _plain(values["path"]) or ""})


def _text(text: str | None) -> str | None:
    return None if text is None else json.dumps(text)


def _plain(text: object) -> str | None:
    return None if text is None else str(_json(text))


def _json(text: object) -> object:
    """What the JSON says, or what stands there in its place."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return text


def _moment(text: object) -> str:
    """A time as `rules.stamp` writes it; the beginning of time for what is none."""
    try:
        datetime.fromisoformat(str(text))
    except ValueError:
        return _UNKNOWN_TIME
    return str(text)


_UNKNOWN_TIME = "1970-01-01T00:00:00.000+00:00"
