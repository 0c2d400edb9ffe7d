"""A multipart/form-data body that is sent once, in blocks, and knows whether all of it was handed over.

Whether a paid request may be sent again hangs on that knowledge: a server cannot run a form whose last byte is missing.
RFC 7578. The file name that is sent is a constant of ours, so that a local name is never shown and never needs quoting.
"""

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterator
from typing import BinaryIO

from aeforge_cli.api.operations import Operation, Part
from aeforge_cli.errors import FileMissing
from aeforge_cli.files.image_headers import file_stamp
from aeforge_cli.files.picture import Picture

BLOCK = 1024 * 1024


class MultipartBody:
    """An iterable with a length, as requests takes it; it refuses to be iterated twice, so nothing sends it again."""

    def __init__(self, operation: Operation, progress: Callable[[int, int], None] = lambda _sent, _size: None) -> None:
        self._boundary = f"aeforge-{secrets.token_hex(16)}"
        self._sections = [(self._head(part), part.value) for part in operation.parts()]
        self._end = f"--{self._boundary}--\r\n".encode()
        self._progress = progress
        self._size = len(self._end) + sum(len(head) + _size(value) + 2 for head, value in self._sections)
        self._started = False
        self.delivered = False

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        if self._started:
            raise RuntimeError("a paid request is sent once")
        self._started = True
        return self._blocks()

    def _blocks(self) -> Iterator[bytes]:
        sent = 0
        for block in self._content():
            yield block  # the caller comes back for more only when the kernel took it
            sent += len(block)
            self._progress(sent, self._size)
        self.delivered = True

    def _content(self) -> Iterator[bytes]:
        for head, value in self._sections:
            yield head
            if isinstance(value, Picture):
                yield from _unchanged(value)
            else:
                yield value.encode()
            yield b"\r\n"
        yield self._end

    def _head(self, part: Part) -> bytes:
        lines = [f"--{self._boundary}", f'Content-Disposition: form-data; name="{part.name}"']
        if isinstance(part.value, Picture):
            found = part.value.info.format
            lines[1] += f'; filename="image.{found.extension}"'
            lines.append(f"Content-Type: {found.content_type}")
        return "\r\n".join([*lines, "", ""]).encode()


def _size(value: str | Picture) -> int:
    return value.size if isinstance(value, Picture) else len(value.encode())


def _unchanged(picture: Picture) -> Iterator[bytes]:
    """The picture's bytes; the last block only if they are what was hashed before. Raises FileMissing.

    The stamp of a file spares the second hash, which takes as long as sending does.
    """
    with _opened(picture) as stream:
        stamped = picture.stamp is not None and picture.stamp == file_stamp(stream)
        found = hashlib.sha256()

        def is_changed() -> bool:
            return file_stamp(stream) != picture.stamp if stamped else found.hexdigest() != picture.sha256

        left = picture.size
        while left:
            block = stream.read(min(BLOCK, left))
            left -= len(block)
            if not stamped:
                found.update(block)
            if not block or (not left and (stream.read(1) or is_changed())):
                raise FileMissing(
                    f"{picture.label} changed while it was being sent",
                    why="the rest was held back, so no job was made",
                    hint="run the command again when nothing else writes to the file",
                )
            yield block


@contextlib.contextmanager
def _opened(picture: Picture) -> Iterator[BinaryIO]:
    """Raises FileMissing where the file is gone or cannot be read: to the transport an OSError is the network's."""
    try:
        with picture.open() as stream:
            yield stream
    except OSError as error:
        raise FileMissing(
            f"{picture.label} could not be read while it was being sent",
            why=f"{error.strerror or type(error).__name__}; the rest was held back, so no job was made",
            hint="check that the file is still there, and run the command again",
        ) from None
