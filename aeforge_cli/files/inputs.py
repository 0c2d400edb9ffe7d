"""Pictures to send: from a path, an address or standard input, judged by their content before anything is sent."""

import contextlib
import hashlib
import io
import os
import stat
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from aeforge_cli.errors import FileMissing, NotAnImage, Usage
from aeforge_cli.files.image_headers import ImageInfo, file_stamp, identify
from aeforge_cli.files.picture import Picture

MOST_BYTES = 256 * 1024 * 1024
BLOCK = 256 * 1024
_STEP = 2_000_000_000  # nanoseconds: the coarsest time of change, that of FAT


def from_path(text: str) -> Picture:
    """A picture in a file. Raises FileMissing or NotAnImage."""
    path = Path(text)
    with _readable(text) as stream:
        return _judged(stream, label=text, name=path.name, opener=lambda: path.open("rb"))


@contextlib.contextmanager
def _readable(text: str) -> Iterator[BinaryIO]:
    try:
        with _open_regular(Path(text)) as stream:
            yield stream
    except ValueError:
        raise FileMissing(f"{text} cannot be read", why="no file can have such a name", hint="check the name") from None
    except OSError as error:
        hint = "check the name" if isinstance(error, FileNotFoundError) else "check its permissions"
        raise FileMissing(f"{text} cannot be read", why=error.strerror or "", hint=hint) from None


def peek(text: str) -> ImageInfo:
    """What a file is, without reading all of it. Raises FileMissing or NotAnImage."""
    with _readable(text) as stream:
        return _described(stream, text)


def from_stream(stream: BinaryIO, label: str, name: str) -> Picture:
    """A picture from a pipe, kept in a nameless temporary file if it is large. Raises NotAnImage."""
    spool = Spool(label)
    while block := stream.read(BLOCK):
        spool.write(block)
    return spool.picture(label, name)


def _open_regular(path: Path) -> BinaryIO:
    """Opens a regular file; a FIFO or a device could keep us waiting for ever, or never end."""
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise Usage(f"{path} is a folder", hint="name the pictures in it")
    if not stat.S_ISREG(found.st_mode):
        raise NotAnImage(f"{path} is not a regular file", hint="to read from a pipe, use - and standard input")
    return path.open("rb")


def _judged(stream: BinaryIO, *, label: str, name: str, opener: Callable[[], BinaryIO]) -> Picture:
    info = _described(stream, label)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    stamp = file_stamp(stream)
    # A file that was changed just now could be changed again without a trace: file systems count in larger steps.
    quiet = time.time_ns() - max(stamp[-2:]) > _STEP
    return Picture(
        label=label, name=name, info=info, size=size, sha256=digest(stream), open=opener, stamp=stamp if quiet else None
    )


def _described(stream: BinaryIO, label: str) -> ImageInfo:
    size = stream.seek(0, os.SEEK_END)
    if not size:
        raise NotAnImage(f"{label} is empty", hint="give a PNG, JPEG or WebP picture")
    if size > MOST_BYTES:
        raise _too_large(label)
    info = identify(stream)
    if info is None:
        why = "its content is in no known format"
        raise NotAnImage(f"{label} is not a picture", why=why, hint="give a PNG, JPEG or WebP picture")
    return info


class Spool:
    """Bytes on their way in, in a file without a name: nothing is left behind however the process ends."""

    def __init__(self, label: str) -> None:
        import tempfile

        self._label = label
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the picture
        self.size = 0
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def expect(self, size: int | None) -> None:
        if size is not None and size > MOST_BYTES:
            raise _too_large(self._label)
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def write(self, block: bytes) -> None:
        self.size += len(block)
        if self.size > MOST_BYTES:
            raise _too_large(self._label)
        self._file.write(block)

    def picture(self, label: str, name: str) -> Picture:
        with self.reader() as stream:
            return _judged(stream, label=label, name=name, opener=self.reader)

    def reader(self) -> BinaryIO:
        """A reader at the first byte; it can be closed without losing the bytes, and there can be several at once."""
        return io.BufferedReader(_Reading(self), BLOCK)

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, start: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)


class _Reading(io.RawIOBase):
    """A reader with a place of its own in what it shares: jobs under way at once may send the same picture."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._place = 0

    def fileno(self) -> int:
        return self._spool.fileno()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a memoryview is what io hands over
        block = self._spool.read(self._place, len(buffer))
        buffer[: len(block)] = block
        self._place += len(block)
        return len(block)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._spool.size}[whence]
        return self._place


def _too_large(label: str) -> NotAnImage:
    return NotAnImage(f"{label} is larger than {MOST_BYTES >> 20} MiB", hint="make it smaller first")


def digest(stream: BinaryIO) -> str:
    """SHA-256 of the rest of the stream, in hex."""
    found = hashlib.sha256()
    while block := stream.read(BLOCK):
        found.update(block)
    return found.hexdigest()
