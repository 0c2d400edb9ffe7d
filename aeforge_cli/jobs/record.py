"""The record of a project: a line for each saved file with how it was made, in a form that commits cleanly."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from aeforge_cli.errors import CannotSave, Usage
from aeforge_cli.files.atomic import SavedFile, write_whole
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.journal.interface import Journal, Row


def write_record(path: Path, results: Sequence[JobResult], journal: Journal) -> None:
    """Adds the files of the results to the record, each replacing an older line of its path; written whole.

    Raises CannotSave, and Usage where the file is no record.
    """
    lines = {line["path"]: line for line in read_record(path)} if path.exists() else {}
    for result in results:
        row = journal.by_job_id(result.job_id) if result.job_id else None
        for file in result.files:
            lines |= {line["path"]: line for line in _lines(path, file, row)}
    text = "".join(json.dumps(lines[name], ensure_ascii=False) + "\n" for name in sorted(lines, key=str))
    write_whole(path, text)


def read_record(path: Path) -> list[dict[str, object]]:
    """The lines of a record. Raises Usage."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Usage(f"{path} cannot be read", why=getattr(error, "strerror", None) or "it is not UTF-8 text") from None
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not (isinstance(found, dict) and isinstance(found.get("path"), str)):
            raise Usage(f"{path}:{number} is not a line of a record", hint="--record FILE.jsonl writes one")
        lines.append(found)
    return lines


def changed(path: Path) -> Iterator[tuple[str, str]]:
    """The files of a record that are missing, or whose content is another, each with what is wrong."""
    from aeforge_cli.files.atomic import holds

    for line in read_record(path):
        name = str(line["path"])
        file = path.parent / name
        if not os.path.lexists(file):
            yield name, "missing"
        elif not holds(file, str(line.get("sha256"))):
            yield name, "changed"


def _lines(record: Path, file: SavedFile, row: Row | None) -> Iterator[dict[str, object]]:
    if file.path == "-" or row is None:
        return
    known = next((each for each in row.files if each.sha256 == file.sha256), file)
    details = row.details
    yield {
        "path": os.path.relpath(file.path, record.parent).replace(os.sep, "/"),
        "sha256": file.sha256,
        "bytes": known.bytes,
        "width": known.width,
        "height": known.height,
        "format": known.format,
        "operation": row.operation,
        "fields": details.get("fields", {}),
        "prompt": row.prompt,
        "inputs": details.get("inputs", []),
        "job_id": row.job_id,
        "service": row.service,
        "created": row.created,
        "saved": row.updated,
        "version": details.get("version"),
    }


def require_writable(path: Path) -> None:
    """Raises CannotSave where the record could not be written, before anything is sent."""
    folder = path.parent
    if path.is_dir() or not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise CannotSave(f"{path} cannot be written", hint="choose another file for --record")
