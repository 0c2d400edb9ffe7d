"""Result files on disk: whole or not at all, and never over a file that exists unasked."""

import codecs
import contextlib
import errno
import hashlib
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import CannotSave
from aeforge_cli.files.image_headers import ImageInfo, identify, is_complete
from aeforge_cli.files.locks import is_locked, is_ours
from aeforge_cli.files.regular import is_replaceable, open_regular

PART_PREFIX, PART_SUFFIX = ".aeforge-", ".part"
_LONGEST_NAME = 255  # bytes, on nearly every file system

_UMASK = os.umask(0)  # it can only be read by setting it
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


class PartFile:
    """A picture on its way to disk, beside its final place under a name that no one takes for a result.

    It is a client's Sink. Without a folder it lies among temporary files. Leaving the context removes it, unless `keep`
    gave it its name. Every method raises CannotSave where the disk fails.
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

        with self._saving(self._folder):
            handle, name = tempfile.mkstemp(prefix=PART_PREFIX, suffix=PART_SUFFIX, dir=self._folder)
        self._path = Path(name)
        _open_parts.add(self._path)
        self._stream: BinaryIO = os.fdopen(handle, "w+b")
        if is_ours(self._stream):
            return True
        self._stream.close()
        _open_parts.discard(self._path)
        return False

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk may complain once more; the file goes all the same
            self._stream.close()
        with contextlib.suppress(OSError):  # so does a file that has taken the folder's place
            self._path.unlink()
        _open_parts.discard(self._path)

    @contextlib.contextmanager
    def _saving(self, path: Path | None = None) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise cannot_save(path or self._path, error) from None

    def expect(self, size: int | None) -> None:
        """Starts over: another try of the same fetch begins. `size` is in bytes, None if it was not announced."""
        self.expected = size
        self.size = 0
        self._digest = hashlib.sha256()
        with self._saving():
            self._stream.seek(0)
            self._stream.truncate()

    def write(self, block: bytes) -> None:
        with self._saving():
            self._stream.write(block)
        self.size += len(block)
        self._digest.update(block)

    @property
    def sha256(self) -> str:
        """Of what arrived, in hex."""
        return self._digest.hexdigest()

    def picture(self) -> ImageInfo | None:
        """What arrived; None unless it is a complete picture."""
        with self._saving():
            self._stream.flush()
            found = identify(self._stream)
            complete = found and is_complete(self._stream, found.format)
        # A format that does not say where it ends is trusted only if the answer said how long it is.
        return found if complete or (complete is None and self.expected is not None) else None

    def looks_cut(self) -> bool:
        """Whether what arrived is the beginning of a picture, or nothing at all."""
        with self._saving():
            return self.size == 0 or identify(self._stream) is not None

    def looks_like_error_page(self) -> bool:
        """Whether what arrived is a text (HTML, JSON, XML, plain), or nothing but zeros."""
        with self._saving():
            self._stream.seek(0)
            head = self._stream.read(4096)
        return _is_text(head) or not head.strip(b"\0")

    def blocks(self) -> Iterator[bytes]:
        """What arrived, from its beginning."""
        with self._saving():
            self._stream.seek(0)
        while True:
            with self._saving():
                block = self._stream.read(256 * 1024)
            if not block:
                return
            yield block

    def keep(self, path: Path, *, replace: bool, job_id: str) -> Path:
        """Gives the picture its name, or another if that was taken meanwhile: paid work is not thrown away.

        Only a regular file, or a link, is ever replaced.
        """
        with self._saving(path):
            self._stream.flush()
            os.fsync(self._stream.fileno())
            with contextlib.suppress(OSError):  # FAT and FUSE may know no modes; what is paid for is saved all the same
                self._published()
            if replace and is_replaceable(path):
                return _replace(self._path, path)
            for candidate in names_beside(path, job_id):
                if self._take(candidate):
                    return candidate
        raise CannotSave(f"No free name was found next to {path}", hint="choose another output")

    def _published(self) -> None:
        if hasattr(os, "fchmod"):
            os.fchmod(self._stream.fileno(), 0o666 & ~_UMASK)  # mkstemp made it private

    def described(self, path: str, url: str, info: ImageInfo) -> SavedFile:
        return SavedFile(
            path=path,
            url=url,
            bytes=self.size,
            sha256=self.sha256,
            width=info.width,
            height=info.height,
            format=info.format.value,
        )

    def _take(self, path: Path) -> bool:
        """Whether the picture now stands at `path`: put there, or found there already, byte for byte."""
        try:
            _link(self._path, path)
        except FileExistsError:
            return holds(path, self.sha256)
        return True


def _is_text(head: bytes) -> bool:
    """Whether bytes begin a text: in UTF-16 with its mark, or in UTF-8 without unusual control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text)


def holds(path: Path, sha256: str | None) -> bool:
    """Whether a regular file of this content, and no link, stands at `path`."""
    return sha256 is not None and content_of(path) == sha256


def content_of(path: Path) -> str | None:
    """The content's SHA-256; None for a link, for what is no regular file, and for what cannot be read."""
    try:
        if path.is_symlink():
            return None
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


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
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(part, flags)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        return
    with os.fdopen(number, "r+b") as stream:
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
        errno.ENOTDIR: "choose another output: a part of this path is not a folder",
        errno.EEXIST: "choose another output: a part of this path is not a folder",
        errno.EPIPE: "keep the reader running",
    }
    whys = {errno.ENOSPC: "the disk is full", errno.EPIPE: "its reader has closed it"}
    why = whys.get(error.errno or 0) or error.strerror or type(error).__name__
    return CannotSave(f"{path} cannot be saved", why=why, hint=hints.get(error.errno or 0, "choose another output"))


def names_beside(path: Path, job_id: str) -> Iterator[Path]:
    """The names that a result of the job may get, the best first: its own, and others if that is taken."""
    yield path
    if not job_id:  # it is no result, but a file of ours
        return
    yield with_tag(path, job_id)
    for number in range(2, 100):
        yield with_tag(path, f"{job_id}-{number}")


def with_tag(path: Path, tag: str) -> Path:
    """The path with `-tag` before its suffix; a stem is cut where the name would be longer than file systems allow."""
    end = f"-{tag}{path.suffix}"
    return path.with_name(cut(path.stem, _LONGEST_NAME - len(os.fsencode(end))) + end)


def cut(name: str, most: int) -> str:
    """The beginning of a name that has at most so many bytes, cut between two characters."""
    encoded = os.fsencode(name)
    if len(encoded) <= most:
        return name
    return encoded[: max(0, most)].decode(sys.getfilesystemencoding(), errors="ignore")


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
    if failed in (errno.ENOSYS, errno.EINVAL):
        _rename_to_placeholder(source, path)
    elif failed:
        raise OSError(failed, os.strerror(failed), str(path))


def _rename_to_placeholder(source: Path, path: Path) -> None:
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
