"""Which runs still live: a lock file for each, which the kernel frees however its process ends.

Process ids would not do: they are used again.
"""

import contextlib
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from aeforge_cli.errors import CannotSave
from aeforge_cli.files.locks import is_locked, lock


class RunLock:
    """The lock file of this process, and the question about those of others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: BinaryIO | None = None
        self._taking = threading.Lock()
        self._name = uuid.uuid4().hex

    @property
    def name(self) -> str:
        """The run's name; asking for it takes the lock. Raises CannotSave where there are no locks."""
        with self._taking:
            if self._held is None:
                self._held = self._taken()
        return self._name

    def _taken(self) -> BinaryIO:
        path = self._path(self._name)
        try:
            self._folder.mkdir(exist_ok=True, mode=0o700)
            held = path.open("xb")
            try:
                lock(held)
            except OSError:
                held.close()
                _forget(path)
                raise
        except OSError as error:
            raise CannotSave(
                f"{self._folder} cannot hold a lock, so a second process could pay for the same job",
                why=error.strerror or type(error).__name__,
                hint="name a folder on a local disk with AEFORGE_STATE_DIR",
            ) from None
        return held

    def lives(self, name: str) -> bool:
        """Whether the run's process still exists; removes the lock file of one that does not.

        Where that cannot be found out it does: what may be in someone's hands is left there.
        """
        if name == self._name:
            return True
        path = self._path(name)
        try:
            with path.open("r+b") as stream:
                if is_locked(stream):
                    return True
        except FileNotFoundError:
            return False
        except OSError:
            return True
        _forget(path)
        return False

    def others(self) -> Iterator[str]:
        """The other processes that have claimed something and still exist."""
        return (path.stem for path in self._folder.glob("*.lock") if path.stem != self._name and self.lives(path.stem))

    def release(self) -> None:
        if self._held is not None:
            self._held.close()
            _forget(self._path(self._name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{os.path.basename(name)}.lock"  # noqa: PTH119 - a row is no path to elsewhere


def _forget(path: Path) -> None:
    """Removes a lock file that nobody holds; one that stays says nothing, since nobody holds it."""
    with contextlib.suppress(OSError):
        path.unlink()
