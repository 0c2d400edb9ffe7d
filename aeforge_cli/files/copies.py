"""Results that are on this disk already: found by their content, and copied instead of fetched again."""

import contextlib
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from aeforge_cli.files.atomic import PART_PREFIX, PartFile, SavedFile, holds
from aeforge_cli.files.destination import Destination, Naming, replaces_nothing
from aeforge_cli.files.image_headers import Format
from aeforge_cli.files.inputs import BLOCK
from aeforge_cli.files.regular import open_regular

ASIDE_PREFIX, ASIDE_SUFFIX = PART_PREFIX, ".kept"  # between them the content's SHA-256


def find_copy(sha256: str, candidates: Iterable[Path]) -> Path | None:
    """The first regular file, and no link, whose content has this hash; None if there is none."""
    return next((path for path in candidates if holds(path, sha256)), None)


class FilesBySize:
    """The regular files of folders, and no links, by their size; each folder is read once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[int, list[Path]]] = {}
        self._lock = threading.Lock()

    def of(self, folder: Path, size: int | None) -> Sequence[Path]:
        """The files that have so many bytes; none if that is not known."""
        if size is None:
            return ()
        with self._lock:
            if folder not in self._folders:
                self._folders[folder] = _by_size(folder)
            return self._folders[folder].get(size, ())


def _by_size(folder: Path) -> dict[int, list[Path]]:
    found: dict[int, list[Path]] = defaultdict(list)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False):
                    found[entry.stat().st_size].append(Path(entry.path))
    return dict(found)


# ------------------------------------------------------------------ results that are about to be replaced


def aside_path(folder: Path, sha256: str) -> Path:
    """The hidden name under which a result is kept."""
    return folder / f"{ASIDE_PREFIX}{sha256}{ASIDE_SUFFIX}"


def keep_aside(path: Path, sha256: str, folder: Path) -> bool:
    """Gives a file of this content a second, hidden name in the folder; False if it has other content by now.

    Raises CannotSave.
    """
    aside = aside_path(folder, sha256)
    if holds(aside, sha256):
        return True
    with contextlib.suppress(OSError):  # FAT, another file system, or another thread was faster
        os.link(path, aside)
        if holds(aside, sha256):
            return True
    with PartFile(folder) as part:
        if not _is_read(path, part) or part.sha256 != sha256:
            return False
        part.keep(aside, replace=True, job_id="")
    return True


# ------------------------------------------------------------------ a copy


def copy_result(
    source: SavedFile, destination: Destination, naming: Naming, replaces: Callable[[Path], bool] = replaces_nothing
) -> SavedFile | None:
    """Saves a copy of a result where `destination` wants it, whole or not at all; the record of the copy.

    `naming` has the job's id and the result's number. Its suffix becomes that of the source's format, and its name
    another where it is taken by a file that it does not replace, as on downloading. None where the source is gone or no
    longer has the recorded hash: it has to be fetched again. Raises CannotSave.
    """
    wanted = copy_path(source, destination, naming)
    if Path(source.path) == wanted and holds(wanted, source.sha256):
        return source
    with PartFile(destination.make_folder(naming)) as part:
        if not _is_read(Path(source.path), part) or part.sha256 != source.sha256:
            return None
        path = part.keep(wanted, replace=replaces(wanted) or destination.replace, job_id=naming.job_id)
    return replace(source, path=str(path), bytes=part.size)


def copy_path(source: SavedFile, destination: Destination, naming: Naming) -> Path:
    """Where a copy of the result is wanted."""
    return destination.path(replace(naming, extension=_extension(source) or naming.extension))


def _extension(source: SavedFile) -> str | None:
    try:
        return Format(source.format or "").extension
    except ValueError:
        return None


def _is_read(path: Path, part: PartFile) -> bool:
    try:
        with open_regular(path) as stream:
            while block := stream.read(BLOCK):
                part.write(block)
    except (OSError, ValueError):
        return False
    return True
