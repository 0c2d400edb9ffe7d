"""What was bought and what became of it: the rows of the journal, and what is asked of whoever keeps it.

submitting ─┬─► accepted ─┬─► succeeded ─► saved
            ├─► not_sent  ├─► failed
            ├─► rejected  └─► lost (the service no longer knows it)
            └─► unknown   (sent, but the answer was lost)
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from aeforge_cli.errors import Usage
from aeforge_cli.files.atomic import SavedFile


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


class Work(NamedTuple):
    """What is about to be bought; `key` is the same for the same work, `output` None where links are enough."""

    key: str
    service: str
    account: str
    operation: str
    input: str
    prompt: str
    output: str | None


class Entry(NamedTuple):
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
        return {name: getattr(self, name) for name in SHOWN}


# What `job list` shows of a row.
SHOWN = (
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


class Claiming(Enum):
    """Which earlier rows of the same work stand in the way of buying it."""

    ANEW = "none: buy another"
    GO_ON = "those that are not finished"
    RESUME = "those that are not finished, and those that are"


class Lasted(NamedTuple):
    """How long a job took, in seconds since it was made: it was still pending at one look, and ended by the next."""

    pending_at: float
    ended_by: float


class Step(NamedTuple):
    """How far the work has come, and what became known with that; the row keeps what is not said, but no old reason."""

    state: State
    job_id: str | None = None
    files: Sequence[SavedFile] = ()
    reason: str = ""
    lasted: Lasted | None = None


class Claimed(NamedTuple):
    """The work is ours to submit, under this row's number."""

    number: int


class Taken(NamedTuple):
    """An earlier row stands in the way; `is_live` if its process still runs."""

    entry: Entry
    is_live: bool


class Journal(Protocol):
    """What the life of a job is written into."""

    def claim(self, work: Work, now: datetime, how: Claiming) -> Claimed | Taken: ...
    def record(self, number: int, step: Step, now: datetime) -> None: ...
    def by_job_id(self, job_id: str) -> Entry | None: ...
    def latest(self, work: str, service: str, account: str) -> Entry | None: ...
    def maker(self, path: str) -> Entry | None: ...
    def begins_with(self, beginning: str) -> list[Entry]: ...
    def entries(self, *, pending: bool = False, search: str = "", limit: int | None = None) -> list[Entry]: ...
    def durations(self, operation: str, service: str, limit: int = 100) -> list[Lasted]: ...
    def close(self) -> None: ...


class NoJournal:
    """Where no state can be kept: nothing is remembered, and the caller has said so."""

    def claim(self, work: Work, now: datetime, how: Claiming) -> Claimed | Taken:
        return Claimed(0)

    def record(self, number: int, step: Step, now: datetime) -> None:
        pass

    def by_job_id(self, job_id: str) -> Entry | None:
        return None

    def latest(self, work: str, service: str, account: str) -> Entry | None:
        return None

    def maker(self, path: str) -> Entry | None:
        return None

    def begins_with(self, beginning: str) -> list[Entry]:
        return []

    def entries(self, *, pending: bool = False, search: str = "", limit: int | None = None) -> list[Entry]:
        return []

    def durations(self, operation: str, service: str, limit: int = 100) -> list[Lasted]:
        return []

    def close(self) -> None:
        pass


class JournalUnwritable(Exception):
    """The state folder cannot be used at all; `why` is the system's word for it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


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
