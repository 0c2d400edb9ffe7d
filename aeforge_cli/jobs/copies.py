"""Results that the service no longer has, copied from where this disk still holds them."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.copies import copy_result, files_of_size, find_copy
from aeforge_cli.files.destination import replaces_nothing
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.journal.interface import Row


def copied(row: Row, delivery: Delivery, replaces: Callable[[Path], bool] = replaces_nothing) -> list[SavedFile]:
    """All results of the job at their places, if each stands, unchanged, somewhere on this disk; else none.

    `replaces` says of a file whether a result may take its place. Raises CannotSave.
    """
    target, results = delivery.destination, row.results
    if target is None:
        return []
    naming = replace(delivery.naming, job_id=row.job_id or "")
    paths = target.paths(naming, len(results))
    sources = [_source(row, result, path) for result, path in zip(results, paths, strict=True)]
    if None in sources:
        return []
    numbered = enumerate(filter(None, sources), 1)
    copies = [copy_result(source, target, naming.result(number, len(sources)), replaces) for number, source in numbered]
    return [] if None in copies else list(filter(None, copies))


def _source(row: Row, result: SavedFile, wanted: Path) -> SavedFile | None:
    """Where the result stands: where it was saved, or, renamed, beside that or beside where it is wanted."""
    places = [Path(file.path) for file in row.files if file.sha256 == result.sha256 and file.path]
    folders = dict.fromkeys(place.parent for place in (*places, wanted))
    beside = (path for folder in folders for path in files_of_size(folder, result.bytes))
    found = find_copy(result.sha256 or "", itertools.chain(places, beside))
    return replace(result, path=str(found)) if found else None
