"""Rows of a journal as lines of JSON, to be carried to another journal: every line is checked before one is taken."""

import contextlib
import json
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, BinaryIO

from aeforge_cli.api.responses import is_job_id
from aeforge_cli.errors import CannotSave, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import Journal, Row, State
from aeforge_cli.journal.rules import result_numbers

SCHEMA = 1
_OURS = ("number", "files", "results")  # what says nothing in another journal, or not alone
_TEXTS = ("work", "service", "account", "run", "host", "operation", "created", "updated")
_OPTIONAL = ("job_id", "input", "prompt", "output", "quality", "profile", "unit", "reason")
_PLAIN = (*_TEXTS, "quality", "profile", "unit")  # kept as they are: a server refuses a NUL in a text
_FILE_TEXTS = ("path", "url", "sha256", "format")
_FILE_NUMBERS = ("bytes", "width", "height", "result")
_AT_ONCE = 500  # rows merged in one transaction: others wait for it


def exported(row: Row) -> dict[str, object]:
    """The row as JSON values."""
    kept = {name: value for name, value in row._asdict().items() if name not in _OURS}
    files = [asdict(file) | {"result": which} for which, file in zip(result_numbers(row), row.files, strict=True)]
    return kept | {"state": str(row.state), "files": files}


def imported(lines: Iterable[str], name: str, journal: Journal) -> tuple[int, int]:
    """Merges the lines of an export, the oldest first; how many changed the journal, and how many there are.

    Cut short it has merged some, and merges the rest when it is run again: what is known already changes nothing.
    `name` is what the lines were read from. They wait in a file, so that a long export needs no memory. Raises Usage,
    before anything is merged, for the first line that is none; CannotSave where there is no room for the file.
    """
    with _spooled() as spool:
        times, places = array("d"), array("Q")
        for number, line in enumerate(lines, 1):
            if line.strip():
                times.append(datetime.fromisoformat(_checked(line, f"{name}:{number}")["created"]).timestamp())
                places.append(spool.tell())
                spool.write(line.rstrip("\n").encode() + b"\n")
        order = sorted(range(len(times)), key=times.__getitem__)
        changed = 0
        for first in range(0, len(order), _AT_ONCE):
            which = order[first : first + _AT_ONCE]
            changed += journal.import_rows([row_of(json.loads(_line_at(places[each], spool))) for each in which])
    return changed, len(order)


@contextlib.contextmanager
def _spooled() -> Iterator[BinaryIO]:
    try:
        with tempfile.TemporaryFile() as spool:
            yield spool
    except OSError as error:
        raise CannotSave(
            "There is no room to sort what is to be imported",
            why=error.strerror or "",
            hint=f"make room in {tempfile.gettempdir()}, or name another folder with TMPDIR",
        ) from None


def _line_at(place: int, spool: BinaryIO) -> bytes:
    spool.seek(place)
    return spool.readline()


def _checked(line: str, where: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise _refused(where, "it is not JSON") from None
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        is_newer = isinstance(values, dict) and isinstance(values.get("schema"), int) and values["schema"] > SCHEMA
        raise _refused(where, "it comes from a newer aeforge" if is_newer else f"it has no schema {SCHEMA}")
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _refused(where, "it holds half of a surrogate pair") from None
    if problem := problem_of(values):
        raise _refused(where, problem)
    return values


def row_of(values: Mapping[str, Any]) -> Row:
    """The row that `exported` made these values of, after `problem_of` found nothing; it has no number yet."""
    named = {name: values[name] for name in Row._fields if name not in _OURS}
    numbered = sorted(enumerate(values["files"]), key=_number_of_result)
    results = {_number_of_result(each): _file(each[1]) for each in numbered}
    files = tuple(_file(file) for _, file in numbered)
    read = {"number": 0, "state": State(values["state"]), "files": files, "results": tuple(results.values())}
    return Row(**named | read)


def _number_of_result(file: tuple[int, Mapping[str, Any]]) -> int:
    """Exports of earlier versions do not say which result a file is: then each is one."""
    place, values = file
    found = values.get("result")
    return place if found is None else int(found)


def _file(values: Mapping[str, Any]) -> SavedFile:
    kept = {each.name: values.get(each.name) for each in fields(SavedFile)}
    return SavedFile(**kept | {"path": values.get("path") or ""})


def _refused(where: str, why: str) -> Usage:
    return Usage(
        f"{where} is not a row of a journal; nothing was imported", why=why, hint="aeforge job export writes them"
    )


# ------------------------------------------------------------------ what a line must hold


def problem_of(values: Mapping[str, Any]) -> str:
    """What is wrong with the values of a row, as a clause; nothing where all is well."""
    return next(_problems(values), "")


def _problems(values: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name} is missing" for name in Row._fields if name not in values and name not in _OURS)
    yield from (f"{name} is not text" for name in _TEXTS if not (values[name] and isinstance(values[name], str)))
    yield from (f"{name} is not text" for name in _OPTIONAL if not isinstance(values[name], str | None))
    yield from (f"{name} is not printable" for name in _PLAIN if not (values[name] or "").isprintable())
    yield from (f"{name} is not a time" for name in ("created", "updated") if not _is_time(values[name]))
    if values["state"] not in set(State):
        yield "its state is not known; it may come from a newer aeforge"
    if values["job_id"] is not None and not is_job_id(values["job_id"]):
        yield "job_id is not a job id"
    if not _is_number(values["price"]):
        yield "price is not a whole number"
    if not isinstance(values["details"], dict):
        yield "details is not an object"
    files = values.get("files")
    if not (isinstance(files, list) and all(_is_file(file) for file in files)):
        yield "files is not a list of files"


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _is_number(value: object) -> bool:
    """Whether it is none, or a whole number that is not negative and that every database can hold."""
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62)


def _is_file(file: object) -> bool:
    return (
        isinstance(file, dict)
        and all(isinstance(file.get(name), str | None) for name in _FILE_TEXTS)
        and all(_is_number(file.get(name)) for name in _FILE_NUMBERS)
    )
