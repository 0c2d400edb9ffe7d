"""Result files on disk: whole or not at all, and never over a file that exists unasked."""

import contextlib
import errno
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from aeforge_cli.errors import CannotSave
from aeforge_cli.files.image_headers import ImageInfo, identify, is_complete
from aeforge_cli.files.locks import is_locked, is_removed, lock

PART_PREFIX, PART_SUFFIX = ".aeforge-", ".part"


_UMASK = os.umask(0)


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
            handle, name = tempfile.mkstemp(prefix=PART_PREFIX, suffix=PART_SUFFIX, dir=self._folder)
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
        for part in folder.glob(f"{PART_PREFIX}*{PART_SUFFIX}"):
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


def write_whole(path: Path, text: str) -> None:
    """Writes a text file of ours at once: readers see the old one or the new one. Raises CannotSave."""
    try:
        with PartFile(path.parent) as part:
            part.write(text.encode())
            part.keep(path, replace=True, job_id="")
    except OSError as error:
        raise cannot_save(path, error) from None


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
