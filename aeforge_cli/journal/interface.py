"""What a journal keeps and answers: the interface that SQLite and PostgreSQL implement, and the values it deals in.

submitting ─┬─► accepted ─┬─► succeeded ─► saved
            ├─► not_sent  ├─► failed
            ├─► rejected  └─► lost (the service no longer knows it)
            └─► unknown   (sent, but the answer was lost)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from aeforge_cli.files.atomic import SavedFile

RETRIED_FOR = 60.0  # seconds that a change is tried again while the journal's server is gone
MILLION = 1_000_000  # prices are kept in millionths, so that sums are exact in every database


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


class Intent(NamedTuple):
    """What is about to be submitted.

    `work` is the fingerprint of endpoint, fields and pictures; `output` is None where links are enough; `price` is in
    millionths of `unit`; `details` holds the form's fields and the inputs with their hashes, as JSON values.
    """

    work: str
    service: str
    account: str
    operation: str
    input: str = ""
    prompt: str = ""
    output: str | None = None
    quality: str | None = None
    profile: str | None = None
    price: int | None = None
    unit: str | None = None
    details: Mapping[str, object] = {}


class Row(NamedTuple):
    """A job in the journal; times are UTC in ISO 8601, `host` is the machine of the run that wrote it.

    `files` are all places where results were saved, `results` each result once, in the order of the job.
    """

    number: int
    work: str
    service: str
    account: str
    run: str
    host: str
    operation: str
    state: State
    job_id: str | None
    input: str | None
    prompt: str | None
    output: str | None
    quality: str | None
    profile: str | None
    price: int | None
    unit: str | None
    details: Mapping[str, object]
    created: str
    updated: str
    reason: str | None
    files: "tuple[SavedFile, ...]" = ()
    results: "tuple[SavedFile, ...]" = ()


class Reuse(Enum):
    """Which earlier rows of the same work forbid a purchase."""

    NOTHING = "none: submit another job (--new)"
    UNFINISHED = "those that are not finished"
    FINISHED = "those that are not finished, and those that are (--resume, --update)"


class Step(NamedTuple):
    """How far a job has come, and what became known with that; the row keeps what is not said, but no old reason."""

    state: State
    job_id: str | None = None
    files: "Sequence[SavedFile]" = ()
    reason: str = ""


class Limit(NamedTuple):
    """How much may be spent since a moment: jobs, or millionths of `unit`; `text` is the user's own words for it."""

    amount: int
    unit: str | None
    since: str
    text: str
    resets_at: str


class Claimed(NamedTuple):
    """The work is ours to submit, under this row's number."""

    number: int


class Taken(NamedTuple):
    """An earlier row forbids the purchase; `is_live` if another process that still runs holds it."""

    row: Row
    is_live: bool = False


class OtherAccount(NamedTuple):
    """The same work stands under another key or account: only the service can say whether it is the same account."""

    row: Row


class OverLimit(NamedTuple):
    """A budget is spent."""

    limit: Limit
    spent: int


Claim = Claimed | Taken | OtherAccount | OverLimit


class Made(NamedTuple):
    """A saved file by its content: which work made it, and where it was saved."""

    sha256: str
    work: str
    service: str
    job_id: str | None
    path: str | None
    host: str


class UsageRow(NamedTuple):
    """What was submitted under one heading; `price` is in millionths of `unit`, of `priced` of the jobs."""

    key: str
    jobs: int
    failed: int
    unknown: int
    priced: int
    price: int
    unit: str | None


class Known(Protocol):
    """What is known of earlier work."""

    def of_work(self, work: str, service: str) -> list[Row]:
        """Rows of the same work that were sent, under any account; the newest first."""
        ...

    def made(self, sha256: str) -> list[Made]:
        """Which jobs made a file of this content; the newest first."""
        ...


class Journal(Known, Protocol):
    """A durable record of paid work, safe to use from several threads and processes at once.

    A method that changes something returns when the change is on disk (SQLite: file and folder are synced; PostgreSQL:
    the commit was acknowledged under `synchronous_commit`), and makes the whole change or none of it. Whatever the
    method, it raises:

    CannotSave          where the disk, the server's disk or its rights refuse
    JournalBusy         where another process holds the journal for too long
    JournalDamaged      where it cannot be read; it was set aside, and `doubt` says so from then on
    JournalUnreachable  where its server cannot be reached, or is not one that a journal can be kept on

    A claim and `held_until` raise at once where the server is gone: nothing has been paid for yet. Everything else
    is tried again first, as long as RETRIED_FOR: what it tells of may have been paid for.
    """

    @property
    def run(self) -> str:
        """The name of this process in the rows that it holds; it counts as alive until it ends, however it ends."""
        ...

    @property
    def host(self) -> str:
        """The name of this machine in the rows that it wrote."""
        ...

    def lives(self, run: str) -> bool:
        """Whether the process of another run still exists, as far as can be found out."""
        ...

    @property
    def doubt(self) -> str:
        """Why the past may be missing from this journal, so that a purchase needs the user's word; mostly empty."""
        ...

    def clear_doubt(self) -> None:
        """The user has said to go on: there is no doubt any more, for other processes either."""
        ...

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
        """Takes the work, or says what forbids it.

        One transaction that no other claim of the same work, or within the same limits, can overlap: of any number of
        threads, processes and machines one submits, and together they spend what a limit allows and no more. The row
        is durable as `submitting` before Claimed is returned, so nothing is sent that the journal does not know.

        `strangers` are accounts known to be others; `gone` are rows whose results cannot be had any more.
        A row that a dead run left is taken over: it is this run's afterwards, unless the answer was lost (`unknown`).
        """
        ...

    def record(self, number: int, step: Step, now: datetime) -> None:
        """Writes how far the job has come. A number that is not known changes nothing.

        If another run took the row over meanwhile, taking this one for dead, what is further along stands.
        """
        ...

    def of_works(self, works: Sequence[str], service: str) -> dict[str, list[Row]]:
        """As `of_work`, of each of several works, in one question."""
        ...

    def row(self, number: int) -> Row | None:
        """The row of this number, as other processes see it now."""
        ...

    def by_job_id(self, job_id: str) -> Row | None:
        """The newest row of the job; ids are compared as UUIDs, whatever their case and hyphens."""
        ...

    def saved_at(self, path: str) -> Row | None:
        """The job whose result was last saved under this name on this machine."""
        ...

    def begins_with(self, beginning: str) -> list[Row]:
        """At most 100 rows whose job id begins so; the newest first."""
        ...

    def last(self) -> Row | None:
        """The newest row with a job id."""
        ...

    def rows(
        self, *, pending: bool = False, failed: bool = False, search: str = "", limit: int | None = None
    ) -> Iterator[Row]:
        """Rows, the newest first; `pending` are those whose end is not known, `search` is in what people remember.

        Read a page at a time, as the caller goes on: a row that changes meanwhile is seen as it was, or as it is.
        """
        ...

    def count_pending(self) -> int:
        """How many rows `rows(pending=True)` has."""
        ...

    def spent(self, service: str, account: str, since: str, unit: str | None = None) -> int:
        """Jobs submitted since then, or millionths of `unit` paid for them; what was refused or not sent is not."""
        ...

    def usage(self, by: str, since: str, until: str) -> list[UsageRow]:
        """What was submitted in a time, by `day`, `operation`, `quality` or `profile`; without sandboxes."""
        ...

    def adopt(self, service: str, account: str, into: str) -> None:
        """The rows of one account are another's: the same user's, with another key."""
        ...

    def hold(self, service: str, account: str, until: datetime) -> None:
        """The service asked everybody to wait; an earlier end than one already known changes nothing."""
        ...

    def held_until(self, service: str, account: str) -> datetime | None:
        """Until when the service asked everybody to wait, if it ever did."""
        ...

    def import_rows(self, rows: Sequence[Row]) -> int:
        """Merges rows of another journal in one transaction: the newer state wins. How many changed anything."""
        ...

    def prune(self, before: str) -> int:
        """Forgets settled rows that were last changed before then; how many. The newest row of all is kept."""
        ...

    def close(self) -> None:
        """Ends this process's part in the journal; its run counts as dead. Never raises."""
        ...


class NoJournal:
    """Where no state can be kept: nothing is remembered, and the caller has said so; `doubt` as in `Journal`."""

    run = ""
    host = ""

    def __init__(self, doubt: str = "") -> None:
        self.doubt = doubt

    def lives(self, run: str) -> bool:
        return False

    def clear_doubt(self) -> None:
        pass

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
        return Claimed(0)

    def record(self, number: int, step: Step, now: datetime) -> None:
        pass

    def row(self, number: int) -> Row | None:
        return None

    def by_job_id(self, job_id: str) -> Row | None:
        return None

    def of_work(self, work: str, service: str) -> list[Row]:
        return []

    def of_works(self, works: Sequence[str], service: str) -> dict[str, list[Row]]:
        return {work: [] for work in works}

    def made(self, sha256: str) -> list[Made]:
        return []

    def saved_at(self, path: str) -> Row | None:
        return None

    def begins_with(self, beginning: str) -> list[Row]:
        return []

    def last(self) -> Row | None:
        return None

    def rows(
        self, *, pending: bool = False, failed: bool = False, search: str = "", limit: int | None = None
    ) -> Iterator[Row]:
        return iter(())

    def count_pending(self) -> int:
        return 0

    def spent(self, service: str, account: str, since: str, unit: str | None = None) -> int:
        return 0

    def usage(self, by: str, since: str, until: str) -> list[UsageRow]:
        return []

    def adopt(self, service: str, account: str, into: str) -> None:
        pass

    def hold(self, service: str, account: str, until: datetime) -> None:
        pass

    def held_until(self, service: str, account: str) -> datetime | None:
        return None

    def import_rows(self, rows: Sequence[Row]) -> int:
        return 0

    def prune(self, before: str) -> int:
        return 0

    def close(self) -> None:
        pass


class JournalUnwritable(Exception):
    """The state folder cannot be used at all; `why` is the system's word for it.

    `hidden` is the journal that stands there all the same: what was paid for may be in it.
    """

    def __init__(self, path: Path, why: str, *, hidden: Path | None = None) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why
        self.hidden = hidden
