"""Results that the service no longer has, copied from where this disk still holds them."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.copies import FilesBySize, aside_path, copy_path, copy_result, find_copy
from aeforge_cli.files.destination import replaces_nothing
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.journal.interface import Row


def copied(
    row: Row,
    delivery: Delivery,
    files: FilesBySize,
    folders: Iterable[Path] = (),
    replaces: Callable[[Path], bool] = replaces_nothing,
) -> list[SavedFile]:
    """All results of the job at their places, if each stands, unchanged, somewhere near on this disk; else none.

    Near are the places where it was saved and is wanted, and these `folders`; `replaces` says of a file whether a
    result may take its place. Raises CannotSave.
    """
    target, results = delivery.destination, row.results
    if target is None:
        return []
    naming = replace(delivery.naming, job_id=row.job_id or "")
    names = [naming.result(number, len(results)) for number in range(1, len(results) + 1)]
    wanted = [copy_path(result, target, name) for result, name in zip(results, names, strict=True)]
    sources = [_source(row, result, path, files, folders) for result, path in zip(results, wanted, strict=True)]
    if None in sources:
        return []
    found = zip(filter(None, sources), names, strict=True)
    copies = [copy_result(source, target, name, replaces) for source, name in found]
    return [] if None in copies else list(filter(None, copies))


def _source(row: Row, result: SavedFile, wanted: Path, files: FilesBySize, folders: Iterable[Path]) -> SavedFile | None:
    """Where the result stands: where it is wanted or was saved, or, renamed, beside these or in one of the folders."""
    saved = [Path(file.path) for file in row.files if file.sha256 == result.sha256 and file.path]
    near = list(dict.fromkeys([*(place.parent for place in (*saved, wanted)), *folders]))
    beside = itertools.chain.from_iterable(files.of(folder, result.bytes) for folder in near)
    found = find_copy(result.sha256 or "", itertools.chain([wanted], saved, beside, _kept_aside(result, near)))
    return replace(result, path=str(found)) if found else None


def _kept_aside(result: SavedFile, folders: Iterable[Path]) -> Iterator[Path]:
    """Looked at last: what is replaced while the others are looked at is here by then."""
    return (aside_path(folder, result.sha256 or "") for folder in folders)
