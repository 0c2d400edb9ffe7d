"""Results that the service no longer has, copied from where this disk still holds them."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from aeforge_cli.errors import CannotSave
from aeforge_cli.files.atomic import PartFile, SavedFile, cannot_save, holds
from aeforge_cli.jobs.download import Delivery
from aeforge_cli.journal.interface import Row

BLOCK = 256 * 1024  # bytes


def copied(row: Row, delivery: Delivery, stale: Collection[str] = ()) -> list[SavedFile]:
    """All results of the job at their places, if each stands, unchanged, somewhere on this disk; else none.

    Raises CannotSave.
    """
    sources = [_source(row, result) for result in row.results]
    if delivery.destination is None or not sources or None in sources:
        return []
    target = delivery.replacing(stale)
    return [_copy(source, target, row, number) for number, source in enumerate(filter(None, sources), 1)]


def _source(row: Row, result: SavedFile) -> SavedFile | None:
    same = (file for file in row.files if file.sha256 == result.sha256 and file.path)
    return next((file for file in same if holds(Path(file.path), file.sha256)), None)


def _copy(source: SavedFile, delivery: Delivery, row: Row, number: int) -> SavedFile:
    destination = delivery.destination
    if destination is None:
        raise CannotSave("There is no place for the result")
    naming = replace(delivery.naming, job_id=row.job_id or "").result(number, len(row.results))
    naming = replace(naming, extension=Path(source.path).suffix.lstrip("."))
    with PartFile(destination.make_folder(naming)) as part:
        part.expect(source.bytes)
        try:
            with Path(source.path).open("rb") as stream:
                while block := stream.read(BLOCK):
                    part.write(block)
        except OSError as error:
            raise cannot_save(destination.path(naming), error) from None
        path = part.keep(destination.path(naming), replace=destination.replace, job_id=row.job_id or "")
    return replace(source, path=str(path))
