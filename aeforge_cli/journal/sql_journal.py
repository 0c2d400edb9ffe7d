"""A journal in a database of SQL: the interface, made of the tables and the rules; where it is kept is a subclass's."""

import contextlib
import os
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from aeforge_cli.errors import AeforgeError
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal import rules
from aeforge_cli.journal.interface import Claim, Claimed, Intent, Limit, Made, Reuse, Row, State, Step, Taken, UsageRow
from aeforge_cli.journal.tables import Tables, listed
from aeforge_cli.journal.untaken import Note, Untaken

T = TypeVar("T")
_LISTED = 100  # ids that a shell is offered
_LISTED_EVERY = 1.0  # seconds


class SqlJournal(ABC):
    """What all journals in SQL share; `folder` is this machine's state folder, `history` keeps names and prompts.

    `address` tells the journals apart of which this machine keeps notes in the folder.
    """

    def __init__(self, folder: Path, *, address: str, host: str, history: bool) -> None:
        self._untaken = Untaken(folder, address)
        self._folder = folder
        self.host = host
        self._history = history
        self._since = rules.stamp(datetime.now(UTC))
        self._ours: set[int] = set()  # rows that this run has claimed or taken over
        self._listed_at = 0.0
        self._list_is_stale = False

    @property
    @abstractmethod
    def run(self) -> str: ...

    @abstractmethod
    def _lives(self, run: str) -> bool:
        """Whether another run's process still exists."""

    @abstractmethod
    def _lived(self, run: str) -> bool:
        """Whether another run's process existed when this journal was opened."""

    @abstractmethod
    def _write(self, change: Callable[[Tables], T], *, locks: Sequence[str] = (), is_paid: bool = True) -> T:
        """Runs the change in one transaction that is durable on return.

        `locks` name what no other transaction that names them may change meanwhile. Unless the change `is_paid`, that
        is, tells of work that may have been paid for, trouble ends it at once.
        """

    @abstractmethod
    def _read(self, question: Callable[[Tables], T], *, insists: bool = True) -> T:
        """The answer; foreign errors become ours. Unless it `insists`, trouble soon ends it."""

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
        run = rules.Run(self.run, self.host, self._since, self._lives, self._lived)
        others, lost = frozenset(strangers), frozenset(gone)

        def change(tables: Tables) -> Claim:
            database = _Claiming(tables, history=self._history)
            return rules.claimed(
                database, intent, rules.stamp(now), reuse, run, limits=limits, strangers=others, gone=lost
            )

        locks = [_work(intent)] + [f"account {intent.service} {intent.account}"] * bool(limits)
        claim = self._write(change, locks=locks, is_paid=False)
        if isinstance(claim, Claimed):
            self._ours.add(claim.number)
        elif isinstance(claim, Taken) and claim.row.run == run.name:
            self._ours.add(claim.row.number)
        return claim

    def record(self, number: int, step: Step, now: datetime) -> None:
        placed = step._replace(files=[_placed(file) for file in step.files])
        stamp = rules.stamp(now)

        def change(tables: Tables) -> None:
            row = tables.row(number, to_change=True)
            if row is not None:
                is_taken = number in self._ours and row.run != self.run
                tables.update((rules.overtaken if is_taken else rules.advanced)(row, placed, stamp))
                files = placed.files if self._history else rules.without_paths(placed.files)
                tables.save_files(tables.file_values(number, enumerate(files), stamp))

        is_new = step.state is State.ACCEPTED and step.job_id is not None
        note = Note(self.run if is_new else "", number, step.job_id or "")
        with self._untaken.kept(note) if is_new else contextlib.nullcontext():
            self._write(change)
        self._list_is_stale = True
        if time.monotonic() - self._listed_at > _LISTED_EVERY:
            self._list_pending()

    def _take_notes(self) -> None:
        """Records what earlier processes of this machine could not."""
        self._untaken.settle(self._take)

    def _take(self, note: Note) -> None:
        """What is in the note, unless the row is another's, or knows its job."""

        def change(tables: Tables) -> None:
            row = tables.row(note.number, to_change=True)
            if row is not None and row.run == note.run and row.job_id is None:
                step = Step(State.ACCEPTED, job_id=note.job_id)
                tables.update(rules.overtaken(row, step, rules.stamp(datetime.now(UTC))))

        self._write(change, is_paid=False)

    def adopt(self, service: str, account: str, into: str) -> None:
        self._write(lambda tables: tables.adopt(service, account, into))

    def hold(self, service: str, account: str, until: datetime) -> None:
        self._write(lambda tables: tables.hold(service, account, rules.stamp(until)))

    def import_rows(self, rows: Sequence[Row]) -> int:
        def change(tables: Tables) -> int:
            return sum(self._merge(group, tables) for group in _of_different_work(rows))

        # In one order, so that of two imports none holds what the other waits for.
        return self._write(change, locks=sorted({_work(row) for row in rows}))

    def _merge(self, rows: Sequence[Row], tables: Tables) -> int:
        """A row is the same where service, account, work and job are; before there is a job, the time of the try."""
        new, newer = [], []
        tries = tables.tries({row.work for row in rows})
        for row in rows:
            kept = row if self._history else rules.without_history(row)
            same = next((known for known in tries.get(row.work, ()) if _is_same_try(known, row)), None)
            if same is None:
                new.append((row, kept))
            elif rules.newer(same, row):
                newer.append((row, kept._replace(number=same.number, job_id=row.job_id or same.job_id)))
        numbers = tables.insert_all([kept for _, kept in new])
        tables.update_all([kept for _, kept in newer])
        numbered = [(row, kept._replace(number=number)) for (row, kept), number in zip(new, numbers, strict=True)]
        for group, are_new in ((numbered, True), (newer, False)):
            files = [values for row, kept in group for values in _file_values(row, kept, tables)]
            tables.save_files(files, are_new=are_new)
        return len(new) + len(newer)

    def prune(self, before: str) -> int:
        return self._write(lambda tables: tables.prune(before))

    # -------------------------------------------------------------- questions

    def lives(self, run: str) -> bool:
        return self._read(lambda _tables: self._lives(run))

    def row(self, number: int) -> Row | None:
        return self._read(lambda tables: tables.row(number))

    def by_job_id(self, job_id: str) -> Row | None:
        return self._read(lambda tables: tables.by_job_id(job_id))

    def of_work(self, work: str, service: str) -> list[Row]:
        return self._read(lambda tables: tables.rows_of_work(work, service))

    def of_works(self, works: Sequence[str], service: str) -> dict[str, list[Row]]:
        return self._read(lambda tables: tables.rows_of_works(works, service))

    def made(self, sha256: str) -> list[Made]:
        return self._read(lambda tables: tables.made(sha256))

    def saved_at(self, path: str) -> Row | None:
        place = os.path.abspath(path)  # noqa: PTH100 - a link stays what the user named
        return self._read(lambda tables: tables.saved_at(place))

    def begins_with(self, beginning: str) -> list[Row]:
        return self._read(lambda tables: tables.begins_with(beginning))

    def last(self) -> Row | None:
        return self._read(lambda tables: tables.last())

    def rows(
        self, *, pending: bool = False, failed: bool = False, search: str = "", limit: int | None = None
    ) -> Iterator[Row]:
        condition = "unfinished = 1" if pending else "state IN ('failed', 'lost')" if failed else "number > 0"
        return listed(self._read, condition, search, limit)

    def count_pending(self) -> int:
        return self._read(lambda tables: tables.count_pending())

    def spent(self, service: str, account: str, since: str, unit: str | None = None) -> int:
        return self._read(lambda tables: tables.spent(service, account, since, unit))

    def usage(self, by: str, since: str, until: str) -> list[UsageRow]:
        return self._read(lambda tables: tables.usage(by, since, until))

    def held_until(self, service: str, account: str) -> datetime | None:
        found = self._read(lambda tables: tables.held_until(service, account), insists=False)
        return datetime.fromisoformat(found) if found else None

    # -------------------------------------------------------------- for the shells

    def _list_pending(self) -> None:
        """Keeps the small file from which shells complete job ids, so that a TAB needs no Python."""
        self._listed_at, self._list_is_stale = time.monotonic(), False
        staged = self._folder / f".pending-{uuid.uuid4().hex}"
        # A convenience: where it cannot be kept, ids are merely not offered; a journal in trouble says so by itself.
        with contextlib.suppress(OSError, AeforgeError):
            ids = self._read(lambda tables: tables.pending_ids(_LISTED))
            staged.touch(mode=0o600)
            staged.write_text("".join(f"{job_id}\n" for job_id in ids))
            staged.replace(self._folder / "pending-jobs")


class _Claiming:
    """The tables, as a claim uses them: rows that it may change are locked, and AEFORGE_NO_HISTORY holds."""

    def __init__(self, tables: Tables, *, history: bool) -> None:
        self._tables = tables
        self._history = history
        self.update = tables.update
        self.spent = tables.spent

    def rows_of_work(self, work: str, service: str) -> list[Row]:
        return self._tables.rows_of_work(work, service, to_change=True)

    def insert(self, row: Row) -> int:
        return self._tables.insert(row if self._history else rules.without_history(row))


def _work(of: Intent | Row) -> str:
    return f"work {of.service} {of.work}"


def _placed(file: SavedFile) -> SavedFile:
    """The file with its whole path: the current folder is another one next time."""
    return file if file.path in ("", "-") else replace(file, path=os.path.abspath(file.path))  # noqa: PTH100 - as above


def _of_different_work(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows in their order, in groups that each have no work twice: none depends on another of its group."""
    group: dict[str, Row] = {}
    for row in rows:
        if row.work in group:
            yield [*group.values()]
            group = {}
        group[row.work] = row
    yield [*group.values()]


def _file_values(row: Row, kept: Row, tables: Tables) -> list[dict[str, Any]]:
    numbered = zip(rules.result_numbers(row), kept.files, strict=True)
    return tables.file_values(kept.number, numbered, row.updated, row.host)


def _is_same_try(known: Row, row: Row) -> bool:
    if (known.service, known.account) != (row.service, row.account):
        return False
    if known.job_id and row.job_id:
        return rules.job_key(known.job_id) == rules.job_key(row.job_id)
    return known.created == row.created
