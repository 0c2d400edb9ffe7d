"""Ids of paid jobs that the journal has not taken yet, kept on this machine's disk until it has."""

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import NamedTuple

from aeforge_cli.errors import AeforgeError
from aeforge_cli.files.atomic import write_whole

KEPT_AFTER = 2.0  # seconds: a journal that answers by then needs no note


class Note(NamedTuple):
    """That the row `number`, which `run` wrote, is of this job."""

    run: str
    number: int
    job_id: str


class Untaken:
    """The notes for the journal at `address`, which is empty for the one beside them.

    A disk that takes none is no reason to stop: the id is shown as well.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder / "untaken"
        self._address = address

    @contextlib.contextmanager
    def kept(self, note: Note) -> Iterator[None]:
        """Keeps the note while the body takes long, and after it has failed, also by the end of the process."""
        path = self._folder / f"{uuid.uuid4().hex}.json"
        keeper = Timer(KEPT_AFTER, self._keep, [path, note])
        keeper.daemon = True
        try:
            keeper.start()
        except RuntimeError:  # the system allows no more threads
            self._keep(path, note)
        try:
            yield
        except BaseException:
            keeper.cancel()
            self._keep(path, note)
            raise
        keeper.cancel()
        if keeper.ident is not None:
            keeper.join()
        with contextlib.suppress(OSError):
            path.unlink()

    def _keep(self, path: Path, note: Note) -> None:
        with contextlib.suppress(OSError, AeforgeError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, json.dumps({"journal": self._address, **note._asdict()}))

    def settle(self, tell: Callable[[Note], object]) -> None:
        """Tells each note, and forgets it then."""
        for path in sorted(self._folder.glob("*.json")):
            if (note := self._read(path)) is not None:
                tell(note)
                with contextlib.suppress(OSError):
                    path.unlink()

    def _read(self, path: Path) -> Note | None:
        """The note, unless it is for another journal, or none."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads(path.read_text("utf-8"))
            if found["journal"] == self._address:
                return Note(str(found["run"]), int(found["number"]), str(found["job_id"]))
        return None
