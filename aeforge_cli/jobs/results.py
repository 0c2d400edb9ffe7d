"""What became of a job: the value that output formats, reports and records are written from."""

from enum import StrEnum
from typing import TYPE_CHECKING

from aeforge_cli.dataclass import dataclass

if TYPE_CHECKING:
    from aeforge_cli.files.atomic import SavedFile


class Action(StrEnum):
    """What a job needs: nothing, its results once more at no cost, waiting for, a purchase, or the user's word."""

    KEEP = "keep"
    FETCH = "fetch"
    RESUME = "resume"
    BUY = "buy"
    REFUSE = "refuse"


@dataclass(frozen=True)
class JobResult:
    """What became of a job; `seconds` is how long it took from here, `index` its place in the list, if there is one."""

    job_id: str | None
    status: str
    operation: str | None = None
    input: str | None = None
    image_urls: tuple[str, ...] = ()
    files: "tuple[SavedFile, ...]" = ()
    seconds: float | None = None
    attached: bool = False
    index: int | None = None
    action: Action | None = None
