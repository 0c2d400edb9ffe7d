"""Where the results of one job go. A plan needs to know it before anything is downloaded, or a client is there."""

from collections.abc import Callable, Iterable
from pathlib import Path

from aeforge_cli.dataclass import dataclass
from aeforge_cli.files.destination import Destination, Naming


@dataclass(frozen=True)
class Delivery:
    """Where the results of one job go: files, a pipe or device, or the bytes of a single one to `stdout`."""

    naming: Naming
    destination: Destination | None = None
    stdout: Callable[[Iterable[bytes]], None] | None = None

    @property
    def target(self) -> str:
        """For the journal: the place, independent of the current folder."""
        return str(Path(self.destination.template).absolute()) if self.destination else "-"

    @property
    def is_predictable(self) -> bool:
        """Whether the name of the result is known before the job is."""
        return self.destination is not None and self.destination.is_predictable

    @property
    def folder(self) -> Path | None:
        """Where part files of earlier runs may be left; None for what is no file."""
        if self.destination is None or self.destination.is_stream:
            return None
        return self.destination.folder(self.naming)

    def make_folder(self) -> Path | None:
        """As `folder`, which is made. Raises CannotSave."""
        return self.destination.make_folder(self.naming) if self.destination and self.folder else None

    def names(self) -> list[Path]:
        """What the results may be called, as far as that is known before the job is; for `OutputCollisions`."""
        return self.destination.names(self.naming) if self.destination else []

    def taken(self) -> Path | None:
        """The file that exists where the result is to go, if one does."""
        return self.destination.taken(self.naming) if self.destination else None

    def path(self, naming: Naming) -> Path | None:
        return self.destination.path(naming) if self.destination else None
