"""Result files: their names, never the server's; no clobbering; whole or not at all."""

import contextlib
import os
import re
import string
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from aeforge_cli.errors import CannotSave, OutputExists, Usage
from aeforge_cli.files.atomic import _UMASK, PART_PREFIX, PART_SUFFIX, cannot_save
from aeforge_cli.files.image_headers import Format

_FIELDS = ("stem", "name", "n", "job_id", "operation", "date", "ext")
ANY_NUMBER, ANY_SUFFIX = "\0", "\1"  # in a name that stands for several; no file's own name has them
_LONGEST_STEM = 180  # bytes; leaves room for a job id and a suffix within the usual 255
os.umask(_UMASK)


class _AnyNumber(int):
    """Stands for the number of any result."""

    def __format__(self, _form: str) -> str:
        return ANY_NUMBER


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


@dataclass(frozen=True)
class Destination:
    """Where results go: one file, a folder, or a template with fields such as {stem} and {ext}."""

    template: str
    replace: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether the user chose the whole name."""
        return not re.search(r"\{\w+\}", self.template)

    @property
    def is_predictable(self) -> bool:
        """Whether the name is known before the job is."""
        return "{job_id}" not in self.template

    def path(self, naming: Naming) -> Path:
        """The file for one result; several get `-1`, `-2` before the suffix, unless the template numbers them."""
        path = Path(self._filled(self.template, naming))
        if naming.count > 1 and "{n}" not in self.template:
            path = path.with_name(f"{path.stem}-{naming.number}{path.suffix}")
        return path

    def _filled(self, template: str, naming: Naming) -> str:
        if self.is_exact:
            return template
        values = {
            "stem": naming.stem,
            "name": safe_name(naming.name),
            "n": naming.number,
            "job_id": naming.job_id or "{job_id}",
            "operation": naming.operation.replace(" ", "-"),
            "date": naming.day.isoformat(),
            "ext": naming.extension,
        }
        return template.format_map(values)

    def folder(self, naming: Naming) -> Path:
        """Where the result goes, as far as that is known before the job is."""
        if naming.job_id or self.is_predictable:
            return self.path(naming).parent
        known = self.template.partition("{job_id}")[0]
        return Path(self._filled(known, naming) + "_").parent

    def names(self, naming: Naming) -> list[Path]:
        """What the job's results may be called, as far as that is known before the job is; for `OutputCollisions`."""
        if not (naming.job_id or self.is_predictable):
            return []
        if not naming.several:
            return [self.path(naming)]
        any_result = replace(naming, extension=ANY_SUFFIX)
        numbered = self.path(any_result.result(_AnyNumber(), 2))
        return [numbered] if "{n}" in self.template else [self.path(any_result), numbered]

    def taken(self, naming: Naming) -> Path | None:
        """The file that exists where the result, or the first of several, is to go."""
        paths = [self.path(naming), *([self.path(naming.result(1, 2))] if naming.several else [])]
        return next((path for path in paths if self.is_predictable and os.path.lexists(path)), None)

    def check(self, naming: Naming, *, dry: bool = False) -> Path:
        """Refuses, before anything is sent, what could not be saved afterwards; returns the expected file.

        A dry check makes no folder and tries no file. Raises OutputExists or CannotSave.
        """
        path = self.path(naming)
        if os.path.isdir(path):  # noqa: PTH112 - a name that is too long is judged below
            raise CannotSave(f"{path} is a folder", hint=f"to save into it, write it with a slash: -o {path}/")
        # Of several results some may be there because a run was cut short: the same command goes on with its job.
        if not self.replace and self.taken(replace(naming, several=False)):
            raise OutputExists(f"{path} exists", hint="choose another name, or add --overwrite or --skip-existing")
        if not dry:
            self.prepare(naming)
        return path

    def prepare(self, naming: Naming) -> None:
        """Makes the folder, and tries whether a file can be written there. Raises CannotSave."""
        import tempfile

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
        """The result's folder; made where its name is ours to fill, since in a user's own it would hide a mistake."""
        folder = self.folder(naming)
        try:
            if not self.is_exact:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_save(self.path(naming), error) from None
        return folder


def file_name(label: str) -> str:
    """A file name for what the user called an input: a path, or an address."""
    return PurePosixPath(unquote(urlsplit(label).path)).name if "://" in label else Path(label).name


def destination(text: str, *, overwrite: bool) -> Destination:
    """What `-o` says: `out/` or an existing folder, a template, or a file. Raises Usage for an unknown field."""
    if not text:
        raise Usage("The output has no name", hint="for example: -o out.png, -o out/ or -o 'out/{stem}.{ext}'")
    if text.endswith(("/", os.sep)) or os.path.isdir(text):  # noqa: PTH112 - a name that is too long is judged later
        return Destination(str(Path(text) / "{stem}.{ext}"), overwrite)
    try:
        unknown = [field for _, field, _, _ in string.Formatter().parse(text) if field not in (None, *_FIELDS)]
    except ValueError:
        unknown = [text]
    if unknown:
        fields = " ".join(f"{{{name}}}" for name in _FIELDS)
        raise Usage(f"The output template does not know {{{unknown[0]}}}", hint=f"it knows {fields}")
    return Destination(text, overwrite)


def safe_name(name: str) -> str:
    """A name of ours for a file, good on every system, and short enough that a suffix still fits."""
    forbidden = r"[\x00-\x1f\x7f/\\<>:\"|?*]" if os.name == "nt" else r"[\x00-\x1f\x7f/\\]"
    name = re.sub(forbidden, "_", name).rstrip(". ") or "image"
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = f"_{name}"
    encoded = os.fsencode(name)
    return name if len(encoded) <= _LONGEST_STEM else encoded[:_LONGEST_STEM].decode(errors="ignore")
