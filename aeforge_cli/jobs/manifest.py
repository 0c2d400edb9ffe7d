"""Lists of jobs: arguments, files of paths and manifests, each read into lines."""

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from aeforge_cli.api.web_inputs import is_address
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import FileMissing, Usage
from aeforge_cli.files.inputs import local_path, why_not_a_picture

Warn = Callable[[str], None]
EXAMPLE = 'a line is for example {"image": "a.png", "prompt": "blue sky", "output": "out/a.png"}'


@dataclass(frozen=True)
class Line:
    """One job as a list names it; `values` are the options given for it alone, `where` is its place in the list."""

    image: str | None = None
    output: str | None = None
    values: Mapping[str, str] = field(default_factory=dict, hash=False)
    index: int = field(default=0, compare=False)
    where: str = field(default="", compare=False)

    @property
    def key(self) -> tuple[object, ...]:
        """The same on every machine that is given the same list."""
        return self.image or "", sorted(self.values.items()), self.output or ""

    @property
    def called(self) -> str:
        """What people are told that it is."""
        return self.image or self.where or f"job {self.index + 1}"

    @property
    def file(self) -> str | None:
        """The file that its picture is in, if it is in one."""
        return None if self.image in (None, "-") or is_address(self.image) else self.image


@dataclass(frozen=True)
class Columns:
    """What a line may say of its job: `options` by name, and whether there is a picture of its own."""

    operation: str
    options: Collection[str]
    takes_image: bool
    needs_image: bool

    @property
    def names(self) -> list[str]:
        return [*(["image"] if self.takes_image else []), *self.options, "output"]


# ------------------------------------------------------------------ where jobs are listed


def from_arguments(images: Sequence[str], *, recursive: bool, warn: Warn) -> list[Line]:
    """Paths and addresses as given; a folder stands for the pictures in it. Raises Usage, FileMissing."""
    return [Line(image) for text in images for image in _pictures(text, recursive=recursive, warn=warn)]


def from_paths(text: str) -> list[Line]:
    """One path or address a line."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")  # a name may hold any other separator
    return [Line(_named(line)) for line in lines if line.strip()]


def from_manifest(text: str, name: str, columns: Columns) -> list[Line]:
    """JSON Lines, or CSV with a header. Raises Usage that names the line of the first mistake."""
    text = text.removeprefix("\ufeff")
    is_json = text.lstrip()[:1] in ("{", "[") or Path(name).suffix.lower() in (".jsonl", ".ndjson", ".json")
    rows = _json_rows(text, name) if is_json else _csv_rows(text, name)
    lines = [_line(row, f"{name}:{number}", columns) for number, row in rows]
    if not lines:
        why = "its only line is taken for the header of a CSV file" if text.strip() else "it is empty"
        raise Usage(f"{name} lists no jobs", why=why, hint=EXAMPLE)
    return lines


def _json_rows(text: str, name: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                raise Usage(
                    f"{name}:{number} is not valid JSON",
                    why="JSON Lines has one whole object on each line",
                    hint=EXAMPLE,
                ) from None


_SEPARATOR = re.compile(r'"?sep=([,;\t])"?[^\S\n]*\n')  # for Excel, above the header


def _csv_rows(text: str, name: str) -> Iterator[tuple[int, object]]:
    import csv
    import io

    told = _SEPARATOR.match(text)
    header = text[told.end() if told else 0 :].lstrip("\n").partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else "\t" if "\t" in header else ","  # spreadsheets differ
    reader = csv.reader(io.StringIO(text, newline=None), strict=True, delimiter=told[1] if told else separator)
    try:
        if told:
            next(reader)
        names = [column.strip().lower() for column in next(reader, [])]
        if twice := [column for column in names if column and names.count(column) > 1]:
            raise Usage(f"{name} has the column {twice[0]!r} twice", hint="keep one of them")
        for row in reader:
            if any(row[len(names) :]) or (any(row) and len(row) < len(names)):
                raise Usage(f"{name}:{reader.line_num} does not have as many fields as the header")
            yield from _csv_row(reader.line_num, names, row)
    except csv.Error as error:
        raise Usage(f"{name}:{reader.line_num} is not valid CSV", why=str(error)) from None


def _csv_row(number: int, names: Sequence[str], row: Sequence[str]) -> Iterator[tuple[int, object]]:
    """A row as an object; empty fields count as not given, and empty rows and columns as not there."""
    found = {name: value for name, value in zip(names, row, strict=False) if value.strip()}
    if found:
        yield number, found


def _line(row: object, place: str, columns: Columns) -> Line:
    if not isinstance(row, dict):
        kind = "a JSON array" if isinstance(row, list) else "not a JSON object"
        raise Usage(f"{place} is {kind}", why="each line is one JSON object", hint=EXAMPLE)
    unknown = [column for column in row if column not in columns.names]
    if unknown:
        raise Usage(
            f"{place} has an unknown column {unknown[0]!r}",
            hint=f"the columns of {columns.operation} are {', '.join(columns.names)}",
        )
    values = {name: _text(value, name, place) for name, value in row.items()}
    if columns.needs_image and "image" not in values:
        raise Usage(f"{place}: image must be text that is not empty", hint=EXAMPLE)
    image = values.pop("image", None)
    return Line(image and _named(image), values.pop("output", None), values, where=place)


def _named(image: str) -> str:
    """The picture that is meant, see `local_path`: a manifest may list what was pasted from a browser or a terminal."""
    return image if image == "-" or is_address(image) else local_path(image)


def _text(value: object, name: str, place: str) -> str:
    """A value as it would be typed: a number or a truth value may stand without quotes."""
    match value:
        case str() if value.strip():
            return value
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case _:
            raise Usage(f"{place}: {name} must be text that is not empty", hint=EXAMPLE)


def _pictures(text: str, *, recursive: bool, warn: Warn) -> list[str]:
    text = _named(text)
    if text == "-" or is_address(text) or not os.path.isdir(text):  # noqa: PTH112 - knows names that no file can have
        return [text]
    found = [path for path in _files(text, recursive=recursive, warn=warn) if _is_picture(path, warn)]
    if not found:
        raise FileMissing(
            f"{text} holds no pictures", hint="add --recursive to search its subfolders" if not recursive else ""
        )
    return found


def _files(folder: str, *, recursive: bool, warn: Warn) -> Iterator[str]:
    """In an order that is the same everywhere."""

    def leave_out(error: OSError) -> None:
        warn(f"{error.filename} is left out: {error.strerror}")

    for place, folders, names in os.walk(Path(folder), onerror=leave_out):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.join(place, name)  # noqa: PTH118 - keeps what the user typed
        if not recursive:
            return


_SUFFIXES = frozenset(["avif", "bmp", "gif", "heic", "heif", "jpeg", "jpg", "png", "tif", "tiff", "webp"])


def _is_picture(path: str, warn: Warn) -> bool:
    """Whether it is one by its content. What is named like one and is none is left out, and said so."""
    why = why_not_a_picture(path)
    if why is not None and Path(path).suffix.lower().lstrip(".") in _SUFFIXES:
        warn(f"{path} is left out: {why}")
    return why is None


def shard(lines: Sequence[Line], text: str) -> list[Line]:
    """The share `2/8` of a list: the same on every machine, in whatever order the list comes. Raises Usage."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise Usage(f"--shard {text} is not valid", hint="it must look like 2/8: the second of eight shares")
    return sorted(lines, key=lambda each: each.key)[int(number) - 1 :: int(count)]
