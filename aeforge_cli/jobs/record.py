"""The record of a project: a line for each saved file with how it was made, in a form that commits cleanly."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aeforge_cli.errors import CannotSave, Usage
from aeforge_cli.files.atomic import PartFile, SavedFile, cannot_save, holds, write_whole
from aeforge_cli.files.regular import can_be_a_name, is_replaceable
from aeforge_cli.files.texts import text_of
from aeforge_cli.jobs.exchange import problem_of, row_of
from aeforge_cli.jobs.lookup import digest, job_of_content
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.journal.interface import Journal, Known, Made, Row, State
from aeforge_cli.journal.rules import job_key

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
        path.parent.stat()  # fails with the folder's name, where the file to write in it has a name of its own
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


def recorded_jobs(path: Path) -> list[Row]:
    """The jobs that a record tells of, for a journal that may not know them; their rows have no number and no account.

    Lines of an earlier version, which do not say what work they are of, are left out; a job whose results are not all
    recorded counts as paid for and not saved. Raises Usage.
    """
    jobs: dict[tuple[object, ...], list[tuple[str, Line]]] = {}
    for number, line in enumerate(read_record(path) if path.exists() else (), 1):
        if line.get("work") and line.get("job_id"):
            job = tuple(str(line.get(name)) for name in ("service", "work", "job_id"))
            jobs.setdefault(job, []).append((f"{path}:{number}", line))
    return [_recorded(path, lines) for lines in jobs.values()]


class WithRecord:
    """What is known by a journal, and by a record for jobs that the journal does not know."""

    def __init__(self, journal: Known, recorded: Sequence[Row]) -> None:
        self._journal = journal
        self._recorded = recorded

    def of_work(self, work: str, service: str) -> list[Row]:
        known = self._journal.of_work(work, service)
        ids = {job_key(row.job_id) for row in known if row.job_id}
        of_record = (row for row in self._recorded if (row.work, row.service) == (work, service))
        return known + [row for row in of_record if job_key(row.job_id or "") not in ids]

    def made(self, sha256: str) -> list[Made]:
        return self._journal.made(sha256) + [
            Made(sha256, row.work, row.service, row.job_id, file.path, row.host)
            for row in self._recorded
            for file in row.files
            if file.sha256 == sha256
        ]


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
        raise _no_line(where)
    return found


def _no_line(where: str, why: str = "") -> Usage:
    return Usage(f"{where} is not a line of a record", why=why, hint="--record FILE.jsonl writes one")


def _recorded(path: Path, lines: Sequence[tuple[str, Line]]) -> Row:
    where, first = lines[0]
    try:
        files = [_file(path, line) for _, line in lines]
        is_whole = {file["result"] for file in files} == set(range(int(str(first["results"]))))
        values = {
            **{name: first[name] for name in ("work", "service", "operation", "job_id", "prompt", "created")},
            **dict.fromkeys(("quality", "profile", "price", "unit", "reason")),
            **dict.fromkeys(("account", "run", "host"), "record"),
            "state": State.SAVED if is_whole else State.SUCCEEDED,
            "input": _first_input(first),
            "output": files[0]["path"],
            "details": {name: first[name] for name in ("fields", "inputs", "version")},
            "updated": first["saved"],
            "files": files if is_whole else [],
        }
    except (KeyError, TypeError, ValueError):
        raise _no_line(where) from None
    if problem := problem_of(values):
        raise _no_line(where, problem)
    return row_of(values)


def _first_input(line: Line) -> str | None:
    inputs = line["inputs"]
    return str(inputs[0]["input"]) if isinstance(inputs, list) and inputs else None


def _file(path: Path, line: Mapping[str, Any]) -> dict[str, Any]:
    width, height = line["size"] or (None, None)
    place = os.path.abspath(path.parent / line["path"])  # noqa: PTH100 - a link stays what it is
    named = {name: line[name] for name in ("bytes", "sha256", "format")}
    return {**named, "path": place, "url": None, "width": width, "height": height, "result": int(line["result"]) - 1}


def _written(line: Line) -> str:
    """As people read it; in ASCII where a name is no Unicode text, which a file of UTF-8 cannot hold."""
    text = json.dumps(line, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(line)


def _settled(old: Line | None, new: Line) -> Line:
    """The old line as long as it is of the same file: nothing is committed anew where nothing changed."""
    same = old is not None and all(old.get(name) == new[name] for name in ("sha256", "job_id", "work"))
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
        "work": row.work,
        "result": next((number for number, each in enumerate(row.results, 1) if each.sha256 == sha256), 1),
        "results": max(len(row.results), 1),
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
