"""Result files: their names, never the server's; no clobbering; whole or not at all."""

import contextlib
import errno
import hashlib
import os
import re
import string
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from aeforge_cli.errors import CannotSave, OutputExists, Usage
from aeforge_cli.images import Format, ImageInfo, identify, is_complete
from aeforge_cli.locks import is_locked, is_removed, lock

_FIELDS = ("stem", "name", "n", "job_id", "operation", "date", "ext")
_PREFIX, _SUFFIX = ".aeforge-", ".part"
_ANY_NUMBER, _ANY_SUFFIX = "\0", "\1"  # in a name that stands for several; no file's own name has them
_LONGEST_STEM = 180  # bytes; leaves room for a job id and a suffix within the usual 255
_UMASK = os.umask(0)
os.umask(_UMASK)


@dataclass(frozen=True)
class SavedFile:
    """A result on disk: size in bytes, width and height in pixels."""

    path: str
    url: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None


class _AnyNumber(int):
    """Stands for the number of any result."""

    def __format__(self, _form: str) -> str:
        return _ANY_NUMBER


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
        return _safe_name(Path(self.name).stem or self.name)

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
            "name": _safe_name(naming.name),
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
        """What the job's results may be called, as far as that is known before the job is; for `Claims`."""
        if not (naming.job_id or self.is_predictable):
            return []
        if not naming.several:
            return [self.path(naming)]
        any_result = replace(naming, extension=_ANY_SUFFIX)
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
            probe, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder)
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


class Claims:
    """Which job may write which file, where neither case nor Unicode form tells names apart."""

    def __init__(self, jobs: Iterable[Sequence[Path]]) -> None:
        self._jobs = list(jobs)
        self._owners: dict[str, int] = {}
        self._families: dict[str, dict[_Freed, int]] = {}  # of the names that leave a number open, their other forms
        for job, names in enumerate(self._jobs):
            for name in map(_alike, names):
                self._owners.setdefault(name, job)
                for form, freed in _forms(name) if _ANY_NUMBER in name else ():
                    if freed.number is not None:
                        owners = self._families.setdefault(form, {})
                        owners[freed] = job if owners.get(freed, job) == job else _SEVERAL

    def __contains__(self, path: str) -> bool:
        """Whether the file may be a result of one of the jobs."""
        return any(form in self._owners for form, _ in _forms(_alike(Path(path))))

    def check(self) -> None:
        """Raises OutputExists if two jobs could write the same file."""
        for job, names in enumerate(self._jobs):
            for name in names:
                if any(self._may_be_another(form, freed, job) for form, freed in _forms(_alike(name))):
                    shown = str(name).replace(_ANY_NUMBER, "1").replace(_ANY_SUFFIX, Format.PNG.extension)
                    raise OutputExists(
                        f"Two results would be saved as {shown}",
                        hint="use a template that tells them apart, for example -o 'out/{stem}-{job_id}.{ext}'",
                    )

    def _may_be_another(self, form: str, freed: "_Freed", job: int) -> bool:
        if self._owners.get(form, job) != job:
            return True
        # Two names with open numbers meet where each leaves open what the other fixes; what both fix may differ.
        return any(
            owner != job and other.number != freed.number and not (other.suffix and freed.suffix)
            for other, owner in self._families.get(form, {}).items()
        )


_SEVERAL = -1  # no job's number


class _Freed(NamedTuple):
    """What a form of a name leaves open that the name fixes: which of its numbers, counted from 0; its suffix."""

    number: int | None
    suffix: bool


def _alike(name: Path) -> str:
    """The same text for names that are the same file somewhere; digits beside a number could be part of it."""
    text = unicodedata.normalize("NFC", str(name.absolute())).casefold()
    return re.sub(rf"\d*{_ANY_NUMBER}\d*", _ANY_NUMBER, text)


def _forms(name: str) -> Iterator[tuple[str, _Freed]]:
    """The name, and all that stand for it among others: any number for one of its numbers, any suffix for its own."""
    for text in {name, f"{name.rpartition('.')[0]}.{_ANY_SUFFIX}"}:
        yield text, _Freed(None, text != name)
        for place, number in enumerate(re.finditer(rf"\d+|{_ANY_NUMBER}", text)):
            if number[0] != _ANY_NUMBER:
                form = f"{text[: number.start()]}{_ANY_NUMBER}{text[number.end() :]}"
                yield form, _Freed(place, text != name)


class PartFile:
    """A picture on its way to disk, beside its final place under a name that no one takes for a result.

    It is a client's Sink. Without a folder it lies among temporary files. Leaving the context removes it, unless `keep`
    gave it its name.
    """

    def __init__(self, folder: Path | None) -> None:
        import tempfile

        self._folder = folder or Path(tempfile.gettempdir())
        self.size = 0
        self.expected: int | None = None
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        while not self._is_made():
            pass  # swept by another process before it was locked
        return self

    def _is_made(self) -> bool:
        import tempfile

        try:
            handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=self._folder)
        except OSError as error:
            raise cannot_save(self._folder, error) from None
        self._path = Path(name)
        _open_parts.add(self._path)
        self._stream: BinaryIO = os.fdopen(handle, "w+b")
        try:
            lock(self._stream)
        except BlockingIOError:
            is_swept = True  # a sweep has it, and is about to remove it
        except OSError:
            is_swept = False  # where there are no locks, `sweep` finds every part locked
        else:
            is_swept = is_removed(self._stream)
        if is_swept:
            self._stream.close()
            _open_parts.discard(self._path)
        return not is_swept

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk may complain once more; the file goes all the same
            self._stream.close()
        self._path.unlink(missing_ok=True)
        _open_parts.discard(self._path)

    def expect(self, size: int | None) -> None:
        """Starts over: another try of the same fetch begins."""
        self.expected = size
        self.size = 0
        self._digest = hashlib.sha256()
        try:
            self._stream.seek(0)
            self._stream.truncate()
        except OSError as error:
            raise cannot_save(self._path, error) from None

    def write(self, block: bytes) -> None:
        try:
            self._stream.write(block)
        except OSError as error:
            raise cannot_save(self._path, error) from None
        self.size += len(block)
        self._digest.update(block)

    def picture(self) -> ImageInfo | None:
        """What arrived; None unless it is a complete picture."""
        self._flush()
        found = identify(self._stream)
        if found is None:
            return None
        complete = is_complete(self._stream, found.format)
        # A format that does not say where it ends is trusted only if the answer said how long it is.
        return found if complete or (complete is None and self.expected is not None) else None

    def looks_cut(self) -> bool:
        """Whether what arrived is the beginning of a picture, or nothing at all."""
        return self.size == 0 or identify(self._stream) is not None

    def blocks(self) -> Iterator[bytes]:
        """What arrived, from its beginning."""
        self._stream.seek(0)
        while block := self._stream.read(256 * 1024):
            yield block

    def keep(self, path: Path, *, replace: bool, job_id: str) -> Path:
        """Gives the picture its name, or another if that was taken meanwhile: paid work is not thrown away."""
        try:
            self._flush()
            os.fsync(self._stream.fileno())
            if hasattr(os, "fchmod"):
                os.fchmod(self._stream.fileno(), 0o666 & ~_UMASK)  # mkstemp made it private
            if replace:
                return _replace(self._path, path)
            for candidate in _names(path, job_id):
                if self._take(candidate):
                    return candidate
        except OSError as error:
            raise cannot_save(path, error) from None
        raise CannotSave(f"No free name was found beside {path}", hint="choose another output")

    def described(self, path: str, url: str, info: ImageInfo) -> SavedFile:
        return SavedFile(
            path=path,
            url=url,
            bytes=self.size,
            sha256=self._digest.hexdigest(),
            width=info.width,
            height=info.height,
            format=info.format.value,
        )

    def _flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise cannot_save(self._path, error) from None

    def _take(self, path: Path) -> bool:
        """Whether the picture now stands at `path`: put there, or found there already, byte for byte."""
        try:
            _link(self._path, path)
        except FileExistsError:
            return holds(path, self._digest.hexdigest())
        return True


def holds(path: Path, sha256: str | None) -> bool:
    """Whether a regular file of this content stands at `path`."""
    try:
        if path.is_symlink() or not path.is_file():
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except OSError:
        return False


_open_parts: set[Path] = set()
_swept: set[Path] = set()


def discard_open_parts() -> None:
    """Removes what threads were still receiving, when the process ends under them."""
    while _open_parts:
        with contextlib.suppress(OSError):
            _open_parts.pop().unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Removes what a killed process left behind in the folder; a part that is still being written is locked.

    Once for each folder: a batch saves thousands of files into one.
    """
    if folder in _swept:
        return
    _swept.add(folder)
    with contextlib.suppress(OSError):
        for part in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                _remove_unlocked(part)


def _remove_unlocked(part: Path) -> None:
    with part.open("r+b") as stream:
        if is_locked(stream):
            return
        if os.name != "nt":
            part.unlink()  # while we hold the lock: whoever made it must not take it meanwhile
            return
    part.unlink()  # Windows removes no file that anybody has open


def cannot_save(path: Path, error: OSError) -> CannotSave:
    """The error as a sentence, with what to do about it."""
    hints = {
        errno.ENOSPC: "make room on the disk",
        errno.EDQUOT: "make room within your quota",
        errno.EFBIG: "make room on the disk",
        errno.EACCES: "choose a folder that you may write to",
        errno.EPERM: "choose a folder that you may write to",
        errno.EROFS: "choose a folder that can be written",
        errno.ENOENT: f"make the folder first: mkdir -p {path.parent}",
        errno.ENAMETOOLONG: "choose a shorter name",
    }
    why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or type(error).__name__
    return CannotSave(f"{path} cannot be saved", why=why, hint=hints.get(error.errno or 0, "choose another output"))


def _names(path: Path, job_id: str) -> Iterator[Path]:
    yield path
    stem = f"{path.stem}-{job_id}"
    yield path.with_name(stem + path.suffix)
    for number in range(2, 100):
        yield path.with_name(f"{stem}-{number}{path.suffix}")


def _link(source: Path, path: Path) -> None:
    """Gives a file a second name if the name is free; the answer holds even against another process."""
    try:
        os.link(source, path)
    except FileExistsError:
        raise
    except OSError:
        # FAT, some network file systems: no links.
        _rename_to_free(source, path)


def _rename_to_free(source: Path, path: Path) -> None:
    """renameat2(2) with RENAME_NOREPLACE; where that is unknown, an empty placeholder claims the name first."""
    import ctypes

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # not Linux, or an old libc
        failed = errno.ENOSYS
    else:
        here, no_replace = -100, 1
        failed = renameat2(here, os.fsencode(source), here, os.fsencode(path), no_replace) and ctypes.get_errno()
    if failed not in (0, errno.ENOSYS, errno.EINVAL):
        raise OSError(failed, os.strerror(failed), str(path))
    if failed:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            _replace(source, path)
        except OSError:
            path.unlink()
            raise


def _replace(source: Path, path: Path) -> Path:
    for _ in range(20):
        try:
            return source.replace(path)
        except PermissionError:
            if os.name != "nt":
                raise
            time.sleep(0.05)  # a virus scanner may hold the new file for a moment
    return source.replace(path)


def _safe_name(name: str) -> str:
    """A name of ours for a file, good on every system, and short enough that a suffix still fits."""
    forbidden = r"[\x00-\x1f\x7f/\\<>:\"|?*]" if os.name == "nt" else r"[\x00-\x1f\x7f/\\]"
    name = re.sub(forbidden, "_", name).rstrip(". ") or "image"
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name):
        name = f"_{name}"
    encoded = os.fsencode(name)
    return name if len(encoded) <= _LONGEST_STEM else encoded[:_LONGEST_STEM].decode(errors="ignore")
