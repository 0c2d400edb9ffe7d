"""The record of a project: a line for each saved file with how it was made, in a form that commits cleanly."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from aeforge_cli.errors import CannotSave, Usage
from aeforge_cli.files.atomic import PartFile, SavedFile, cannot_save, holds, write_whole
from aeforge_cli.files.regular import can_be_a_name, is_replaceable
from aeforge_cli.files.texts import text_of
from aeforge_cli.jobs.lookup import digest, job_of_content
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.journal.interface import Journal, Row

Line = dict[str, object]


class Difference(NamedTuple):
    """A file that is not as it was recorded; `found` is the hash of what stands there, None where nothing does."""

    path: str
    problem: str
    sha256: str | None
    found: str | None


def require_writable(path: Path) -> None:
    """Refuses, before anything is sent, a record that could not be written, or a file that is none.

    Raises CannotSave, Usage.
    """
    try:
        if path.is_dir() or not is_replaceable(path):
            raise CannotSave(f"{path} is not a regular file", hint="choose another file for --record")
        with PartFile(path.parent):
            pass
        if path.exists():
            read_record(path)
    except OSError as error:
        raise cannot_save(path, error) from None


def write_record(path: Path, results: Sequence[JobResult], journal: Journal) -> None:
    """Adds the files of the results to the record, each replacing an older line of its path; written whole.

    A line of the same file stays as it is, and so does the record where no line changes. Raises CannotSave, and Usage
    where the file is not a record.
    """
    before = {str(line["path"]): line for line in read_record(path)} if path.exists() else {}
    after = dict(before)
    for result in results:
        row = journal.by_job_id(result.job_id) if result.job_id else None
        for file in result.files:
            if file.path != "-" and (line := _line(path, file, row, journal)):
                after[str(line["path"])] = _settled(before.get(str(line["path"])), line)
    if after != before or not path.exists():
        write_whole(path, "".join(f"{_written(after[name])}\n" for name in sorted(after)))


def read_record(path: Path) -> list[Line]:
    """The lines of a record. Raises Usage."""
    text = text_of(str(path), hint="--record FILE.jsonl writes such a file")
    return [_read(line, f"{path}:{number}") for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def differing(path: Path, lines: Sequence[Line]) -> Iterator[Difference]:
    """The files of a record's lines that are missing, or whose content is another."""
    for line in lines:
        file = path.parent / str(line["path"])
        recorded = str(line["sha256"]) if line.get("sha256") else None
        if not os.path.lexists(file):
            yield Difference(str(file), "missing", recorded, None)
        elif not holds(file, recorded):
            yield Difference(str(file), "changed", recorded, digest(file))


# ------------------------------------------------------------------ lines


def _read(text: str, where: str) -> Line:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not (isinstance(found, dict) and isinstance(found.get("path"), str) and can_be_a_name(found["path"])):
        raise Usage(f"{where} is not a line of a record", hint="--record FILE.jsonl writes one")
    return found


def _written(line: Line) -> str:
    """As people read it; in ASCII where a name is no Unicode text, which a file of UTF-8 cannot hold."""
    text = json.dumps(line, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(line)


def _settled(old: Line | None, new: Line) -> Line:
    """The old line as long as it is of the same file: nothing is committed anew where nothing changed."""
    same = old is not None and all(old.get(name) == new[name] for name in ("sha256", "job_id"))
    return old if old is not None and same else new


def _line(record: Path, file: SavedFile, row: Row | None, journal: Journal) -> Line | None:
    """None for a file that no job is known to have made."""
    sha256 = file.sha256 or digest(Path(file.path))
    row = row or (job_of_content(journal, sha256) if sha256 else None)
    if row is None:
        return None
    known = next((each for each in row.files if each.sha256 == sha256), file)
    return {
        "path": _relative(file.path, record),
        "sha256": sha256,
        "bytes": known.bytes,
        "size": [known.width, known.height] if known.width and known.height else None,
        "format": known.format,
        "operation": row.operation,
        "fields": row.details.get("fields", {}),
        "prompt": row.prompt,
        "inputs": row.details.get("inputs", []),
        "job_id": row.job_id,
        "service": row.service,
        "created": row.created,
        "saved": row.updated,
        "version": row.details.get("version"),
    }


def _relative(path: str, record: Path) -> str:
    """The path as seen from the record's folder, with slashes: a project may be cloned to any place."""
    place = Path(os.path.realpath(Path(path).parent), Path(path).name)
    return os.path.relpath(place, os.path.realpath(record.parent)).replace(os.sep, "/")
