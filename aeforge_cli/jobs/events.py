"""What happens to a job, as observers hear of it; the core does not know who they are."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from aeforge_cli.dataclass import dataclass

if TYPE_CHECKING:
    from aeforge_cli.api.responses import JobId
    from aeforge_cli.files.atomic import SavedFile


class Submitting(NamedTuple):
    """The request is on its way: `sent` of `size` bytes were handed over."""

    input: str
    sent: int = 0
    size: int = 0


class Submitted(NamedTuple):
    """The job exists; `attached` if it was submitted before and is resumed."""

    job_id: "JobId"
    input: str
    attached: bool = False


class Waiting(NamedTuple):
    """The service's word for the job's state, after so many seconds of waiting."""

    job_id: "JobId"
    status: str
    seconds: float


class RetryScheduled(NamedTuple):
    """Something went wrong that will be tried again in `seconds`."""

    what: str
    seconds: float
    job_id: "JobId | None" = None


class Receiving(NamedTuple):
    """Bytes received so far of result `number` of `total`; `size` is None where it was not announced."""

    job_id: "JobId"
    number: int
    total: int
    received: int
    size: int | None


class Saved(NamedTuple):
    """A result is on disk; `renamed` if the name wanted was taken meanwhile."""

    job_id: "JobId"
    file: "SavedFile"
    renamed: bool = False


@dataclass
class Tally:
    """Where all the jobs of a batch are, for an observer to show; its text is the line for people.

    `in_flight` counts what is being submitted too, `running` only jobs that exist; `kept`, `elsewhere` (left on the
    machine that saved them), `fetched`, `resumed` and `bought` are how jobs were come by.
    """

    total: int
    in_flight: int = 0
    running: int = 0
    kept: int = 0
    elsewhere: int = 0
    fetched: int = 0
    resumed: int = 0
    bought: int = 0
    done: int = 0
    failed: int = 0
    untried: int = 0

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.untried

    @property
    def waiting(self) -> int:
        return self.total - self.in_flight - self.ended

    def __str__(self) -> str:
        return (
            f"{self.ended}/{self.total}: {self.waiting} waiting, {self.in_flight} running,"
            f" {self.done} done, {self.failed} failed"
        )


Event = Submitting | Submitted | Waiting | RetryScheduled | Receiving | Saved
Observer = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """The observer of those who do not care."""
