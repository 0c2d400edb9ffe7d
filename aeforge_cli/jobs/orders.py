"""What is asked for, and what became of it: the values that commands and the core exchange."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aeforge_cli.api.operations import Operation
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import Claiming

if TYPE_CHECKING:
    from aeforge_cli.jobs.download import Delivery


@dataclass(frozen=True)
class Order:
    """One job to buy; `input` is what the user called it, `delivery` None where result links are enough."""

    operation: Operation
    input: str
    delivery: "Delivery | None" = None
    claiming: Claiming = Claiming.GO_ON


@dataclass(frozen=True)
class Finished:
    """What became of a job; `seconds` is how long it took from here, `index` its place in a list.

    `action` is what was needed for it: keep, fetch, resume, buy or refuse.
    """

    job_id: str | None
    status: str
    operation: str | None = None
    input: str | None = None
    image_urls: tuple[str, ...] = ()
    files: tuple[SavedFile, ...] = ()
    seconds: float | None = None
    attached: bool = False
    index: int | None = None
    action: str | None = None
