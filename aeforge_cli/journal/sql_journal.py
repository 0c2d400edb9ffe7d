"""A journal in a database of SQL: the interface, made of the tables and the rules; where it is kept is a subclass's."""

import contextlib
import os
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal import rules
from aeforge_cli.journal.interface import Claim, Intent, Lasted, Limit, Made, Reuse, Row, Step, Usage
from aeforge_cli.journal.tables import Tables, listed

T = TypeVar("T")
_LISTED_EVERY = 1.0  # seconds


class SqlJournal(ABC):
    """What all journals in SQL share; `folder` is this machine's state folder, `history` keeps names and prompts."""

    def __init__(self, folder: Path, *, host: str, history: bool) -> None:
        self._folder = folder
        self._host = host
        self._history = history
        self._listed_at = 0.0
        self._list_is_stale = False

    @property
    @abstractmethod
    def run(self) -> str: ...

    @abstractmethod
    def _lives(self, run: str) -> bool:
        """Whether another run's process still exists."""

    @abstractmethod
    def _write(self, change: Callable[[Tables], T]) -> T:
        """Runs the change in one transaction that is durable on return."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Tables]:
        """The tables, to be read; foreign errors become ours."""

    # -------------------------------------------------------------- changes

    def claim(
        self,
        intent: Intent,
        now: datetime,
        reuse: Reuse,
        *,
        limits: Sequence[Limit] = (),
        strangers: Iterable[str] = (),
        gone: Iterable[int] = (),
    ) -> Claim:
        run = rules.Run(self.run, self._host, self._lives)

        def change(tables: Tables) -> Claim:
            database = tables if self._history else _Forgetful(tables)
            return rules.claimed(
                database, intent, rules.stamp(now), reuse, run, limits=limits, strangers=strangers, gone=gone
            )

        return self._write(change)

    def record(self, number: int, step: Step, now: datetime) -> None:
        placed = step._replace(files=[_placed(file) for file in step.files])

        def change(tables: Tables) -> None:
            row = tables.row(number)
            if row is not None:
                tables.update(rules.advanced(row, placed, rules.stamp(now)))
                tables.add_files(number, placed.files if self._history else rules.without_paths(placed.files))

        self._write(change)
        self._list_is_stale = True
        if time.monotonic() - self._listed_at > _LISTED_EVERY:
            self._list_pending()

    def adopt(self, service: str, account: str, into: str) -> None:
        self._write(lambda tables: tables.adopt(service, account, into))

    def hold(self, service: str, account: str, until: datetime) -> None:
        self._write(lambda tables: tables.hold(service, account, rules.stamp(until)))

    def import_row(self, row: Row) -> bool:
        """A row is the same where service, account, work and job are; before there is a job, the time of the try."""

        def change(tables: Tables) -> bool:
            same = [
                known
                for known in tables.rows_of_work(row.work, row.service)
                if known.account == row.account and _is_same_try(known, row)
            ]
            if not same:
                tables.insert(row)
            elif rules.newer(same[0], row):
                tables.update(row._replace(number=same[0].number))
                tables.add_files(same[0].number, row.files)
            else:
                return False
            return True

        return self._write(change)

    def prune(self, before: str) -> int:
        return self._write(lambda tables: tables.prune(before))

    # -------------------------------------------------------------- questions

    def row(self, number: int) -> Row | None:
        with self._reading() as tables:
            return tables.row(number)

    def by_job_id(self, job_id: str) -> Row | None:
        with self._reading() as tables:
            return tables.by_job_id(job_id)

    def of_work(self, work: str, service: str) -> list[Row]:
        with self._reading() as tables:
            return tables.rows_of_work(work, service)

    def made(self, sha256: str) -> list[Made]:
        with self._reading() as tables:
            return tables.made(sha256)

    def saved_at(self, path: str) -> Row | None:
        with self._reading() as tables:
            return tables.saved_at(os.path.abspath(path))  # noqa: PTH100 - a link stays what the user named

    def begins_with(self, beginning: str) -> list[Row]:
        with self._reading() as tables:
            return tables.begins_with(beginning)

    def last(self) -> Row | None:
        with self._reading() as tables:
            return tables.last()

    def rows(
        self, *, pending: bool = False, failed: bool = False, search: str = "", limit: int | None = None
    ) -> Iterator[Row]:
        condition = "unfinished = 1" if pending else "state IN ('failed', 'lost')" if failed else "number > 0"
        with self._reading() as tables:
            pass
        return listed(tables, self._paged, condition, search, limit)

    @contextlib.contextmanager
    def _paged(self) -> Iterator[None]:
        with self._reading():
            yield

    def count_pending(self) -> int:
        with self._reading() as tables:
            return tables.count("unfinished = 1")

    def durations(self, operation: str, service: str, limit: int = 100) -> list[Lasted]:
        with self._reading() as tables:
            return tables.durations(operation, service, limit)

    def spent(self, service: str, account: str, since: str, unit: str | None = None) -> int:
        with self._reading() as tables:
            return tables.spent(service, account, since, unit)

    def usage(self, by: str, since: str, until: str) -> list[Usage]:
        with self._reading() as tables:
            return tables.usage(by, since, until)

    def held_until(self, service: str, account: str) -> datetime | None:
        with self._reading() as tables:
            found = tables.held_until(service, account)
        return datetime.fromisoformat(found) if found else None

    # -------------------------------------------------------------- for the shells

    def _list_pending(self) -> None:
        """Keeps the small file from which shells complete job ids, so that a TAB needs no Python."""
        self._listed_at, self._list_is_stale = time.monotonic(), False
        with self._reading() as tables:
            rows = tables.page("unfinished = 1 AND job_id IS NOT NULL", None)
        staged = self._folder / f".pending-{uuid.uuid4().hex}"
        # A convenience: where it cannot be kept, ids are merely not offered.
        with contextlib.suppress(OSError):
            staged.touch(mode=0o600)
            staged.write_text("".join(f"{row.job_id}\n" for row in rows))
            staged.replace(self._folder / "pending-jobs")


class _Forgetful:
    """The tables, as a claim uses them under AEFORGE_NO_HISTORY: names and prompts are not written."""

    def __init__(self, tables: Tables) -> None:
        self.rows_of_work = tables.rows_of_work
        self.update = tables.update
        self.spent = tables.spent
        self._insert = tables.insert

    def insert(self, row: Row) -> int:
        return self._insert(rules.without_history(row))


def _placed(file: SavedFile) -> SavedFile:
    """The file with its whole path: the current folder is another one next time."""
    return file if file.path in ("", "-") else replace(file, path=os.path.abspath(file.path))  # noqa: PTH100 - as above


def _is_same_try(known: Row, row: Row) -> bool:
    if known.job_id and row.job_id:
        return rules.job_key(known.job_id) == rules.job_key(row.job_id)
    return known.created == row.created
