"""The rules of a purchase, apart from any database: what forbids one, what a crash means, what is kept.

Every journal applies these within a transaction of its own; nothing here reads a disk or a clock.
"""

import re
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, Protocol

from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import (
    Claim,
    Claimed,
    Intent,
    Limit,
    OtherAccount,
    OverLimit,
    Reuse,
    Row,
    State,
    Step,
    Taken,
)
from aeforge_cli.redaction import shown_url

_NEVER_SENT = frozenset({State.NOT_SENT, State.REJECTED})
_PAID = frozenset({State.ACCEPTED, State.SUCCEEDED, State.SAVED})
_IN_DOUBT = frozenset({State.SUBMITTING, State.UNKNOWN, State.LOST})
_SETTLED = frozenset({State.NOT_SENT, State.REJECTED, State.SAVED, State.FAILED, State.LOST})
SANDBOX = "sandbox"  # the name of every sandbox in the journal: its port changes, and it costs nothing


# ------------------------------------------------------------------ what forbids a purchase


def is_unfinished(state: State, output: str | None) -> bool:
    """Whether the end of a job is not known, or its results are wanted on disk and are not there yet."""
    return state not in _SETTLED and not (state is State.SUCCEEDED and output is None)


def can_resume(row: Row) -> bool:
    """Whether there is a job at the service to go on with, at no cost."""
    return row.job_id is not None and is_unfinished(row.state, row.output)


def was_sent(row: Row) -> bool:
    return row.state not in _NEVER_SENT


def is_paid(row: Row) -> bool:
    """Whether there is a job that was paid for and did not fail, as far as is known."""
    return row.state in _PAID


def blocker(
    rows: Sequence[Row],
    reuse: Reuse,
    *,
    gone: Container[int] = (),
    concurrent: Callable[[Row], bool] = lambda _row: False,
) -> Row | None:
    """The row that forbids buying its work again, if there is one; `rows` are those of one work, the newest first.

    What was never sent does not count. A lost answer, or a job that the service lost, counts until the same work was
    sent again, since that was the user's decision. Paid work that is not finished always counts; so does what was paid
    during this run rather than before it: the same work named twice in one list, or in lists that two processes
    have at the same time, is submitted once.
    """
    if reuse is Reuse.NOTHING:
        return None
    sent = [row for row in rows if was_sent(row) and row.number not in gone and not _is_forgotten(row)]
    if sent and sent[0].state in _IN_DOUBT:
        return sent[0]
    if reuse is Reuse.FINISHED:
        return next(filter(is_paid, sent), None)
    return next((row for row in sent if can_resume(row) or (is_paid(row) and concurrent(row))), None)


def _is_forgotten(row: Row) -> bool:
    """A sandbox that ended may forget its jobs, and they cost nothing."""
    return row.service == SANDBOX and row.state is State.LOST


def after_crash(row: Row) -> Step | None:
    """What is known of a row whose process is gone: between sending and the answer, nobody can know."""
    if row.state is State.SUBMITTING:
        return Step(State.UNKNOWN, reason="the process ended before the answer")
    return None


class Transaction(Protocol):
    """What a claim needs of a database, all of it within one transaction."""

    def rows_of_work(self, work: str, service: str) -> list[Row]: ...
    def insert(self, row: Row) -> int: ...
    def update(self, row: Row) -> None: ...
    def spent(self, service: str, account: str, since: str, unit: str | None) -> int: ...


class Run(NamedTuple):
    """This process: its name and machine, when it began, which other runs still live, and which lived then."""

    name: str
    host: str
    since: str
    lives: Callable[[str], bool]
    lived: Callable[[str], bool]

    def is_concurrent(self, row: Row) -> bool:
        """Whether the row is not one of the past: it changed since this run began, or its run is ours or lived then.

        An old job that another run took up and finished meanwhile would have been free for us, too.
        """
        return row.updated >= self.since or row.run == self.name or self.lived(row.run) or self.lives(row.run)


def claimed(
    database: Transaction,
    intent: Intent,
    now: str,
    reuse: Reuse,
    run: Run,
    *,
    limits: Sequence[Limit] = (),
    strangers: Iterable[str] = (),
    gone: Iterable[int] = (),
) -> Claim:
    """Takes the work for this run, or says what forbids it."""
    rows = database.rows_of_work(intent.work, intent.service)
    ours = [row for row in rows if row.account == intent.account]
    if found := blocker(ours, reuse, gone=frozenset(gone), concurrent=run.is_concurrent):
        return _taken(database, found, now, run)
    known = {intent.account, *strangers}
    others = [row for row in rows if row.account not in known]
    if found := blocker(others, reuse, gone=frozenset(gone)):
        return OtherAccount(found)
    for limit in limits:
        spent = database.spent(intent.service, intent.account, limit.since, limit.unit)
        if spent + _cost(intent, limit) > limit.amount:
            return OverLimit(limit, spent)
    return Claimed(database.insert(new_row(intent, now, run)))


def _cost(intent: Intent, limit: Limit) -> int:
    return 1 if limit.unit is None else intent.price or 0


def _taken(database: Transaction, row: Row, now: str, run: Run) -> Taken:
    if row.run == run.name:
        return Taken(row, is_live=row.state is State.SUBMITTING)
    if not is_unfinished(row.state, row.output):
        return Taken(row)
    if run.lives(row.run):
        return Taken(row, is_live=True)
    left = row if (step := after_crash(row)) is None else advanced(row, step, now)
    if can_resume(left):
        left = left._replace(run=run.name, host=run.host)  # so that a third process leaves it to us
    if left != row:
        database.update(left)
    return Taken(left)


def new_row(intent: Intent, now: str, run: Run) -> Row:
    values = intent._asdict()
    return Row(
        number=0,
        run=run.name,
        host=run.host,
        state=State.SUBMITTING,
        job_id=None,
        created=now,
        updated=now,
        reason=None,
        **values,
    )


# ------------------------------------------------------------------ what is kept


def advanced(row: Row, step: Step, now: str) -> Row:
    """The row after a step: what the step does not say stays, but for an old reason."""
    return row._replace(
        state=step.state,
        job_id=step.job_id or row.job_id,
        reason=step.reason or None,
        updated=now,
        files=merged_files(row.files, step.files),
    )


def overtaken(row: Row, step: Step, now: str) -> Row:
    """The row after a step of a run that it was taken from: what is further along stands, and no id is lost."""
    told = advanced(row, step, now)
    if _ORDER[step.state] > _ORDER[row.state]:
        return told
    return row._replace(job_id=row.job_id or step.job_id, files=told.files)


def merged_files(kept: Sequence[SavedFile], new: Sequence[SavedFile]) -> tuple[SavedFile, ...]:
    """All places where results were saved: a place holds what was saved there last."""
    by_place = {file.path or file.sha256: file for file in (*kept, *new)}
    return tuple(by_place.values())


def result_numbers(row: Row) -> list[int]:
    """Which result each file of the row is, counted from 0.

    The files of a result stand together, and `results` has the last of them; without `results` each file is one.
    """
    if not row.results:
        return list(range(len(row.files)))
    numbers, number = [], 0
    for file in row.files:
        numbers.append(number)
        number += number < len(row.results) and file == row.results[number]
    return numbers


def without_history(row: Row) -> Row:
    """What AEFORGE_NO_HISTORY leaves of a row: ids and hashes, no prompts and no file names."""
    inputs = row.details.get("inputs")
    hashes = [{"sha256": each["sha256"]} for each in inputs] if isinstance(inputs, list) else []
    return row._replace(
        input=None, prompt=None, output=row.output and "", details={"inputs": hashes}, files=without_paths(row.files)
    )


def without_paths(files: Sequence[SavedFile]) -> tuple[SavedFile, ...]:
    return tuple(replace(file, path="") for file in files)


def cut_url(url: str | None) -> str | None:
    """A result's link without its signature: what is kept of it must open nothing."""
    return shown_url(url) if url else None


def newer(ours: Row, theirs: Row) -> bool:
    """Whether another journal knows more of the same job: it has come further, or was changed later."""
    return (_ORDER[theirs.state], theirs.updated) > (_ORDER[ours.state], ours.updated)


# How much is known: that nothing was sent is more than not to know, and an id is more than that.
_ORDER = {
    state: place
    for place, state in enumerate(
        (
            State.SUBMITTING,
            State.UNKNOWN,
            State.NOT_SENT,
            State.REJECTED,
            State.ACCEPTED,
            State.SUCCEEDED,
            State.LOST,
            State.FAILED,
            State.SAVED,
        )
    )
}


def job_key(job_id: str) -> str:
    """The same for the same job: a UUID in whatever case, with or without hyphens; another token as it is."""
    digits = job_id.replace("-", "").lower()
    if re.fullmatch(r"[0-9a-f]{32}", digits):
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return _storable(job_id)


def key_beginnings(beginning: str) -> set[str]:
    """As `job_key`, of the beginning of an id that a person typed; one that may be no UUID counts as it is, too."""
    digits = beginning.replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{1,32}", digits):
        return {_storable(beginning)}
    groups = [digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]
    return {beginning, "-".join(filter(None, groups))}


def _storable(text: str) -> str:
    """No id has bytes that are not UTF-8, but what a person types may, and databases refuse them."""
    return text.encode(errors="backslashreplace").decode()


def stamp(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")
