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
from urllib.parse import unquote_to_bytes

from aeforge_cli.errors import AeforgeError, FileMissing, NotAnImage, Usage
from aeforge_cli.files.atomic import cannot_save
from aeforge_cli.files.image_headers import SIZED, ImageInfo, file_stamp, has_pixels, identify, is_complete
from aeforge_cli.files.picture import Picture
from aeforge_cli.files.regular import NotRegular, open_regular

MOST_BYTES = 256 * 1024 * 1024  # of a picture
MOST_TEXT = 64 * 1024 * 1024  # bytes of a list or a prompt
BLOCK = 256 * 1024
_LONGEST_PASTED = 16 * 1024  # characters: the longest path has 4096 bytes, and each may be quoted or encoded
_STEP = 2_000_000_000  # nanoseconds: the coarsest time of change, that of FAT


# ------------------------------------------------------------------ pictures in files


def from_path(text: str) -> Picture:
    """A picture in a file, named as a user may name it, see `local_path`. Raises FileMissing, NotAnImage or Usage."""
    path = Path(local_path(text))
    with _readable(text) as stream:
        return _judged(stream, label=text, name=path.name, opener=lambda: open_regular(path))


def peek(text: str) -> ImageInfo:
    """What a file is, mostly by its first and last bytes. Raises FileMissing, NotAnImage or Usage."""
    with _readable(text) as stream:
        return _described(stream, text)


def why_not_a_picture(text: str) -> str | None:
    """A sentence, with the file's name, that says why it cannot be sent; None if it can."""
    try:
        peek(text)
    except AeforgeError as error:
        return f"{error.message}: {error.why}" if error.why else error.message
    return None


def local_path(text: str) -> str:
    """The path that is meant: as it is if it exists, else without what a browser or a terminal adds on pasting.

    Understood are `file://` addresses (RFC 8089), quotes and backslashes as shells write them, and spaces around.
    """
    if os.path.lexists(text):
        return text
    if text[:5].lower() == "file:":
        return _path_of_address(text)
    if len(text) > _LONGEST_PASTED:
        return text
    import shlex

    try:
        words = shlex.split(text)
    except ValueError:  # a quote without its pair
        return text
    meant = words[0] if len(words) == 1 else text.strip()
    if meant[:5].lower() == "file:":
        meant = _path_of_address(meant)
    return meant if os.path.lexists(meant) else text


def _path_of_address(url: str) -> str:
    """Without `urlsplit`, which would take a `#` or `?` in a name for something else."""
    rest = url[5:]
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost"):
            return url
        rest = slash + path
    path = os.fsdecode(unquote_to_bytes(rest.encode(errors="surrogateescape")))
    return path.removeprefix("/") if os.name == "nt" else path


@contextlib.contextmanager
def _readable(text: str) -> Iterator[BinaryIO]:
    path = Path(local_path(text))
    try:
        with open_regular(path) as stream:
            yield stream
    except NotRegular as found:
        if stat.S_ISDIR(found.mode):
            raise Usage(f"{text} is a folder", hint="name the pictures in it") from None
        hint = "to read from a pipe, use - and standard input"
        raise NotAnImage(f"{text} is not a regular file", hint=hint) from None
    except ValueError:
        raise FileMissing(f"{text} cannot be read", why="it is not a valid name", hint="check the name") from None
    except FileNotFoundError as error:
        why = "it is a link to a file that does not exist" if path.is_symlink() else error.strerror or ""
        raise FileMissing(f"{text} cannot be read", why=why, hint="check the name") from None
    except OSError as error:
        raise FileMissing(f"{text} cannot be read", why=error.strerror or "", hint="check its permissions") from None


# ------------------------------------------------------------------ standard input, and texts


def label_of(name: str) -> str:
    """What a picture or a text is called in messages."""
    return "standard input" if name == "-" else name


def from_stream(stream: BinaryIO, label: str, name: str) -> Picture:
    """A picture from a pipe, kept in a nameless temporary file. Raises NotAnImage, FileMissing or CannotSave."""
    spool = Spool(label)
    for block in _blocks(stream, label):
        spool.write(block)
    return spool.picture(label, name)


def all_of(stream: BinaryIO, label: str, *, most: int = MOST_TEXT) -> bytes:
    """All that a stream holds, up to `most` bytes. Raises Usage where it holds more, FileMissing if it cannot be read.

    For lists and prompts: what is read whole must not fill the memory, whether it comes from a pipe or a device.
    """
    content = bytearray()
    for block in _blocks(stream, label):
        content += block
        if len(content) > most:
            raise Usage(f"{label} is longer than {most >> 20} MiB", hint="give a shorter text")
    return bytes(content)


def _blocks(stream: BinaryIO, label: str) -> Iterator[bytes]:
    try:
        while block := stream.read(BLOCK):
            yield block
    except OSError as error:
        raise FileMissing(f"{label} cannot be read", why=error.strerror or "", hint="check what it is") from None


# ------------------------------------------------------------------ judging


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
    label = label_of(label)
    size = stream.seek(0, os.SEEK_END)
    hint = "give a PNG, JPEG or WebP picture"
    if not size:
        raise NotAnImage(f"{label} is empty", hint=hint)
    if size > MOST_BYTES:
        raise _too_large(label)
    info = identify(stream)
    if info is None:
        raise NotAnImage(f"{label} is not a picture", why="its format is not known", hint=hint)
    if missing := _missing(stream, info):
        why = f"it begins as {info.format.value.upper()}, and its {missing} is missing"
        raise NotAnImage(f"{label} is not a complete picture", why=why, hint="copy or download it again")
    if not has_pixels(stream, info.format):
        raise NotAnImage(f"{label} is not a complete picture", why="it has no pixels", hint="copy or download it again")
    return info


def _missing(stream: BinaryIO, info: ImageInfo) -> str | None:
    if is_complete(stream, info.format) is False:
        return "end"
    return "size" if info.format in SIZED and not info.width else None


class Spool:
    """Bytes on their way in, in a file without a name: nothing is left behind however the process ends.

    Every method that writes raises CannotSave where the folder of temporary files has no room, and NotAnImage beyond
    MOST_BYTES.
    """

    def __init__(self, label: str) -> None:
        import tempfile

        self._label = label
        with _temporary():
            self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the picture
        self.size = 0
        self._lock = threading.Lock()
        weakref.finalize(self, self._file.close)

    def expect(self, size: int | None) -> None:
        if size is not None and size > MOST_BYTES:
            raise _too_large(self._label)

    def write(self, block: bytes) -> None:
        self.size += len(block)
        if self.size > MOST_BYTES:
            raise _too_large(self._label)
        with _temporary():
            self._file.write(block)

    def picture(self, label: str, name: str) -> Picture:
        with _temporary(), self.reader() as stream:
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
    """A reader with a place of its own in what it shares: jobs in flight at once may send the same picture."""

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


@contextlib.contextmanager
def _temporary() -> Iterator[None]:
    """The folder of temporary files may be full, or missing."""
    import tempfile

    try:
        yield
    except OSError as error:
        folder = Path(tempfile.tempdir or "the folder for temporary files")
        raise cannot_save(folder, error) from None


def _too_large(label: str) -> NotAnImage:
    return NotAnImage(f"{label} is larger than {MOST_BYTES >> 20} MiB", hint="make it smaller first")


def digest(stream: BinaryIO) -> str:
    """SHA-256 of the rest of the stream, in hex."""
    found = hashlib.sha256()
    while block := stream.read(BLOCK):
        found.update(block)
    return found.hexdigest()
