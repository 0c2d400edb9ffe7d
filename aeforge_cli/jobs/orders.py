"""What is asked for: one job of a plan, with where its results go and what may be used again."""

from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from aeforge_cli.api.operations import Operation
from aeforge_cli.dataclass import dataclass
from aeforge_cli.journal.interface import Reuse

if TYPE_CHECKING:
    from aeforge_cli.jobs.delivery import Delivery


@dataclass(eq=False)
class Order:
    """One job to do; `input` is what the user called its picture, `delivery` None where links are enough.

    `name` is what people are told that it is, where that is not its picture. `asked` is what is asked for, whatever the
    pictures are. `make` reads them: a result of another job is there only when that job, one of `after`, has ended.
    With `update` a result that other work made is replaced. With `anew` the user has agreed to pay again for a job that
    was not finished, if its results cannot be had any more. `gone` are rows of the journal of which that is known.
    """

    make: Callable[[], Operation]
    kind: type[Operation]
    input: str = ""
    name: str = ""
    words: str = ""
    asked: Operation | None = None
    delivery: "Delivery | None" = None
    reuse: Reuse = Reuse.UNFINISHED
    update: bool = False
    anew: bool = False
    index: int = 0
    after: tuple["Order", ...] = ()
    gone: set[int] = field(default_factory=set)

    @cached_property
    def operation(self) -> Operation:
        """Raises what is wrong with a picture."""
        return self.make()

    @cached_property
    def work(self) -> str:
        """The fingerprint: the same for the same endpoint, fields and pictures."""
        return self.operation.fingerprint()

    @property
    def known_work(self) -> str | None:
        """The fingerprint, if it has been asked for since the pictures may have changed."""
        found: str | None = self.__dict__.get("work")
        return found

    def forget(self) -> None:
        """Lets go of the pictures: a plan may have thousands."""
        self.__dict__.pop("operation", None)

    def reconsider(self) -> None:
        """Forgets the fingerprint, too: by its turn the pictures may be others."""
        self.forget()
        self.__dict__.pop("work", None)

    @property
    def label(self) -> str:
        """What people are told that it is; empty where only its number says."""
        return self.name or self.input

    @property
    def called(self) -> str:
        return self.label or f"job {self.index + 1}"

    def places(self) -> list[Path]:
        """Where its results may go, as far as that is known before the job is."""
        return self.delivery.names() if self.delivery else []
