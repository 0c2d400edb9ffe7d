"""Result files: their names, never the server's; no clobbering; whole or not at all."""

import contextlib
import errno
import os
import re
import stat
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import CannotSave, OutputExists, Usage
from aeforge_cli.files.atomic import PART_PREFIX, PART_SUFFIX, cannot_save, cut
from aeforge_cli.files.image_headers import Format
from aeforge_cli.files.regular import can_be_a_name, is_replaceable, is_stream, is_terminal, is_writable, what_is

_TEXT_FORM = r"(?:[^{}/\\\x00-\x1f\x7f]?[<>^])?\d{0,3}(?:\.\d{1,3})?s?"
# What may stand behind the colon of each field: numbers only with zeros in front, so that no two look the same.
_FORMS: dict[str, str | None] = {
    "stem": _TEXT_FORM,
    "name": _TEXT_FORM,
    "n": r"(?:0\d{1,2})?d?",
    "job_id": _TEXT_FORM,
    "operation": _TEXT_FORM,
    "date": None,  # that of strftime
    "ext": _TEXT_FORM,
}
_FIELDS = " ".join(f"{{{name}}}" for name in _FORMS)
# In a name that stands for several; no file's own name has them. A number may be followed by its width, see below.
ANY_NUMBER, ANY_SUFFIX, WIDTH = "\0", "\1", "\2"
_NUMBERS_MISSING = 16  # in a row, after which no result of a higher number is looked for: jobs make a few to 16
_LONGEST_STEM = 180  # bytes; leaves room for a job id and a suffix within the usual 255


class _AnyNumber(int):
    """Stands for the number of any result; for one of at least three digits it is followed by three WIDTHs."""

    def __format__(self, form: str) -> str:
        return ANY_NUMBER + WIDTH * int(form.rstrip("d") or 0)


class _Piece(NamedTuple):
    """A part of a template: a text, followed by a field, if one follows, in some form."""

    text: str
    field: str | None
    form: str


@lru_cache(maxsize=64)
def _pieces(template: str) -> tuple[_Piece, ...]:
    """Raises ValueError for a brace without its pair."""
    parsed = string.Formatter().parse(template)
    return tuple(_Piece(text, field, form or "") for text, field, form, _conversion in parsed)


@dataclass(frozen=True)
class Naming:
    """What the template fields stand for; `number` counts the results of one job from 1.

    `several` says, before the job has told its `count`, that there may be more than one.
    """

    name: str
    operation: str
    day: date
    several: bool = False
    job_id: str = ""
    number: int = 1
    count: int = 1
    extension: str = Format.PNG.extension  # what the service documents its results to be

    @property
    def stem(self) -> str:
        return safe_name(Path(self.name).stem or self.name)

    def result(self, number: int, count: int) -> "Naming":
        return replace(self, number=number, count=count)


def replaces_nothing(_path: Path) -> bool:
    """Of each file: no result may take its place."""
    return False


@dataclass(frozen=True)
class Destination:
    """Where results go: one file, a folder, or a template with fields such as {stem} and {ext}; made by `destination`.

    `is_stream` if it is a pipe or a device, which all results are written to.
    """

    template: str
    replace: bool = False
    is_stream: bool = False

    @property
    def _fields(self) -> list[str]:
        return [] if self.is_stream else [piece.field for piece in _pieces(self.template) if piece.field is not None]

    @property
    def is_exact(self) -> bool:
        """Whether the user chose the whole name."""
        return not self._fields

    @property
    def is_predictable(self) -> bool:
        """Whether the name is known before the job is."""
        return "job_id" not in self._fields

    @property
    def names_format(self) -> bool:
        """Whether a result's format decides its name."""
        return "ext" in self._fields

    @property
    def _is_numbered(self) -> bool:
        return "n" in self._fields

    def path(self, naming: Naming) -> Path:
        """The file for one result; several get `-1`, `-2` before the suffix, unless the template numbers them.

        Raises Usage where nothing is left for a name.
        """
        if self.is_stream:
            return Path(self.template)
        path = Path(_filled(_pieces(self.template), naming))
        if not path.name:
            raise Usage("The output has no name", hint="for example: -o out.png, -o out/ or -o 'out/{stem}.{ext}'")
        if naming.count > 1 and not self._is_numbered:
            path = path.with_name(f"{path.stem}-{naming.number}{path.suffix}")
        return path

    def paths(self, naming: Naming, count: int) -> list[Path]:
        """The expected files of a job that makes `count` results, in their order."""
        return [self.path(naming.result(number, count)) for number in range(1, count + 1)]

    def folder(self, naming: Naming) -> Path:
        """Where the result goes, as far as that is known before the job is."""
        if naming.job_id or self.is_predictable:
            return self.path(naming).parent
        pieces = _pieces(self.template)
        unknown = next(place for place, piece in enumerate(pieces) if piece.field == "job_id")
        known = [*pieces[:unknown], _Piece(pieces[unknown].text + "_", None, "")]
        return Path(_filled(known, naming)).parent

    def names(self, naming: Naming) -> list[Path]:
        """What the job's results may be called, as far as that is known before the job is; for `OutputCollisions`."""
        if self.is_stream or not (naming.job_id or self.is_predictable):
            return []
        names: list[Path] = []
        for extension in self._extensions(naming):
            one = replace(naming, extension=extension)
            names += [] if naming.several and self._is_numbered else [self.path(one)]
            names += [self.path(one.result(_AnyNumber(), 2))] if naming.several else []
        return names

    def _extensions(self, naming: Naming) -> list[str]:
        """What {ext} may stand for; at the end of a name one word says it all."""
        if not naming.several or "ext" not in self._fields:
            return [naming.extension]
        last = _pieces(self.template)[-1]
        is_suffix = (
            last.text.endswith(".") and (last.field, last.form) == ("ext", "") and self._fields.count("ext") == 1
        )
        return [ANY_SUFFIX] if is_suffix else [each.extension for each in Format]

    def taken(self, naming: Naming) -> Path | None:
        """The file that exists where the result, or one of several, is to go."""
        return next(self.existing(naming), None)

    def existing(self, naming: Naming) -> Iterator[Path]:
        """The files that exist where the results are to go: of several, whatever their numbers."""
        if self.is_stream or not self.is_predictable:
            return
        if os.path.lexists(path := self.path(naming)):
            yield path
        number = last = 0
        while naming.several and number < last + _NUMBERS_MISSING:
            number += 1
            numbered = self.path(naming.result(number, 2))
            if os.path.lexists(numbered):
                last = number
                if numbered != path:
                    yield numbered

    def check(self, naming: Naming, *, dry: bool = False) -> Path:
        """Refuses, before anything is sent, what could not be saved afterwards; returns the expected file.

        A dry check makes no folder and tries no file. Raises OutputExists, CannotSave or Usage.
        """
        path = self.path(naming)
        if self.is_stream:
            _check_stream(path)
            return path
        if os.path.isdir(path):  # noqa: PTH112 - a name that is too long is judged below
            raise CannotSave(f"{path} is a folder", hint=f"to save into it, write it with a slash: -o {path}/")
        # Of several results some may be there because a run was cut short: the same command resumes its job.
        if not self.replace and self.taken(replace(naming, several=False)):
            raise OutputExists(f"{path} exists", hint="choose another name, or add --overwrite or --skip-existing")
        if os.path.lexists(path) and not is_replaceable(path):
            raise CannotSave(f"{path} is not a regular file", hint="choose another output")
        if dry:
            _check_place(path, self.folder(naming))
        else:
            self.prepare(naming)
        return path

    def prepare(self, naming: Naming) -> None:
        """Makes the folder, and tries whether a file can be written there. Raises CannotSave."""
        import tempfile

        if self.is_stream:
            return
        path = self.path(naming)
        folder = self.make_folder(naming)
        try:
            with contextlib.suppress(FileNotFoundError):
                path.lstat()  # finds a name that is too long
            probe, name = tempfile.mkstemp(prefix=PART_PREFIX, suffix=PART_SUFFIX, dir=folder)
            os.close(probe)
            Path(name).unlink(missing_ok=True)  # a sweep may have been faster
        except OSError as error:
            raise cannot_save(path, error) from None

    def make_folder(self, naming: Naming) -> Path:
        """The result's folder, made with all that lead to it. Raises CannotSave."""
        folder = self.folder(naming)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_save(self.path(naming), error) from None
        return folder


def _filled(pieces: Iterable[_Piece], naming: Naming) -> str:
    values: dict[str, object] = {
        "stem": naming.stem,
        "name": safe_name(naming.name),
        "n": naming.number,
        "job_id": naming.job_id,
        "operation": naming.operation.replace(" ", "-"),
        "date": naming.day,
        "ext": naming.extension,
    }
    return "".join(piece.text + _formatted(piece, values) for piece in pieces)


def _formatted(piece: _Piece, values: Mapping[str, object]) -> str:
    if piece.field is None:
        return ""
    if piece.field == "job_id" and not values["job_id"]:
        return "{job_id}"  # not known yet
    return format(values[piece.field], piece.form)


def _check_stream(path: Path) -> None:
    """Raises Usage for a terminal, CannotSave where nothing can be written, or where a disk would be overwritten."""
    try:
        mode = path.stat().st_mode
        if is_terminal(path):
            raise Usage("A picture is not written to a terminal", hint="use -o FILE, or a pipe")
    except OSError as error:
        raise cannot_save(path, error) from None
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise CannotSave(f"{path} is {what_is(mode)}", hint="choose another output")
    if not is_writable(path):
        raise cannot_save(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def _check_place(path: Path, folder: Path) -> None:
    """Whether the folder, and the file in it, could be made, as far as that can be known without making them."""
    try:
        with contextlib.suppress(FileNotFoundError):
            path.lstat()  # finds a path that is too long as a whole
        missing = [path.name]
        while not os.path.lexists(folder):
            missing.append(folder.name)
            folder = folder.parent
        for name in missing:
            with contextlib.suppress(FileNotFoundError):
                (folder / name).lstat()  # finds a name that is too long, and a file in the place of a folder
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise cannot_save(path, error) from None


def file_name(label: str) -> str:
    """A file name for what the user called an input: a path, or an address."""
    if "://" not in label:
        return Path(label).name
    path = re.split("[?#]", label.partition("://")[2], maxsplit=1)[0].partition("/")[2]
    return PurePosixPath(unquote(path)).name  # without `urlsplit`, which raises ValueError for `[::1`


def destination(text: str, *, overwrite: bool) -> Destination:
    """What `-o` says: `out/` or an existing folder, a template, a file, a pipe or a device. Raises Usage."""
    if not text:
        raise Usage("The output has no name", hint="for example: -o out.png, -o out/ or -o 'out/{stem}.{ext}'")
    _check_characters(text)
    if is_stream(Path(text)):
        return Destination(text, overwrite, is_stream=True)
    if os.path.isdir(text):  # noqa: PTH112 - a name that is too long is judged later
        literal = str(Path(text)).replace("{", "{{").replace("}", "}}")
        return Destination(str(Path(literal, "{stem}.{ext}")), overwrite)
    template = str(Path(text, "{stem}.{ext}")) if text.endswith(("/", os.sep)) else text
    _check_template(template)
    return Destination(template, overwrite)


def _check_characters(text: str) -> None:
    """A manifest may hold what no command line can: zeros, and halves of characters. Raises Usage."""
    if not can_be_a_name(text) or {ANY_SUFFIX, WIDTH}.intersection(text):
        raise Usage(f"{text!r} is not a valid file name", hint="choose another output")


def _check_template(template: str) -> None:
    """Raises Usage for fields that do not exist, and forms that they cannot have."""
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError:
        raise Usage(
            f"The output template has a brace without its pair: {template}", hint="write {{ and }} for plain braces"
        ) from None
    for _, field, form, conversion in parsed:
        if field is None:
            continue
        if field not in _FORMS:
            raise Usage(f"The output template does not know {{{field}}}", hint=f"it knows {_FIELDS}")
        if conversion or not _can_have_form(field, form or ""):
            shown = f"{field}!{conversion}" if conversion else f"{field}:{form}"
            raise Usage(
                f"The output template cannot format {{{shown}}}",
                hint="it can format {n:03d}, {date:%Y-%m-%d}, and texts such as {stem:.20}",
            )


def _can_have_form(field: str, form: str) -> bool:
    allowed = _FORMS[field]
    if allowed is not None:
        return re.fullmatch(allowed, form) is not None
    try:
        shown = format(date(2026, 1, 31), form)
        os.fsencode(shown)
    except ValueError:
        return False
    return bool(shown) and not re.search(r"[\x00-\x1f\x7f{}]", shown)


def safe_name(name: str) -> str:
    """A name of ours for a file, good on every system, and short enough that a suffix still fits."""
    forbidden = r"[\x00-\x1f\x7f/\\<>:\"|?*]" if os.name == "nt" else r"[\x00-\x1f\x7f/\\]"
    name = re.sub(forbidden, "_", _encodable(name)).rstrip(". ") or "image"
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = f"_{name}"
    return cut(name, _LONGEST_STEM)


def _encodable(name: str) -> str:
    """Without what no file name can hold here: halves of characters, and what the locale's encoding does not know."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return "".join(_encodable(each) for each in name) if len(name) > 1 else "_"
    return name
