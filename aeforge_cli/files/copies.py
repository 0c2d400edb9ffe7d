"""Results that are on this disk already: found by their content, and copied instead of fetched again."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from aeforge_cli.files.atomic import PartFile, SavedFile, holds
from aeforge_cli.files.destination import Destination, Naming, replaces_nothing
from aeforge_cli.files.image_headers import Format
from aeforge_cli.files.inputs import BLOCK
from aeforge_cli.files.regular import open_regular


def find_copy(sha256: str, candidates: Iterable[Path]) -> Path | None:
    """The first regular file, and no link, whose content has this hash; None if there is none."""
    return next((path for path in candidates if holds(path, sha256)), None)


def files_of_size(folder: Path, size: int | None) -> Iterator[Path]:
    """The regular files of a folder, and no links, that have so many bytes; none if that is not known."""
    if size is None:
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_file(follow_symlinks=False) and entry.stat().st_size == size:
                    yield Path(entry.path)


def copy_result(
    source: SavedFile, destination: Destination, naming: Naming, replaces: Callable[[Path], bool] = replaces_nothing
) -> SavedFile | None:
    """Saves a copy of a result where `destination` wants it, whole or not at all; the record of the copy.

    `naming` has the job's id and the result's number. Its suffix becomes that of the source's format, and its name
    another where it is taken by a file that it does not replace, as on downloading. None where the source is gone or no
    longer has the recorded hash: it has to be fetched again. Raises CannotSave.
    """
    naming = replace(naming, extension=_extension(source) or naming.extension)
    with PartFile(destination.make_folder(naming)) as part:
        if not _is_read(Path(source.path), part) or part.sha256 != source.sha256:
            return None
        wanted = destination.path(naming)
        path = part.keep(wanted, replace=destination.replace or replaces(wanted), job_id=naming.job_id)
    return replace(source, path=str(path), bytes=part.size)


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
