"""The pixels of a picture: by Pillow where it is installed, else of plain PNG files alone.

Source: PNG (RFC 2083: chunks in chapter 3, filters in chapter 6).
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 40_000_000
MOST_UNAIDED = 4_500_000  # bytes of pixels; Python itself takes a second or two for so many
# TIFF is left out: its library writes warnings, with words of the file, to stderr by itself.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


class Raster(Protocol):
    """Pixels, upright, of so many columns and rows."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def scaled(self, width: int, height: int) -> bytes:
        """Red, green, blue and alpha of each pixel of the picture in another size."""


def read(stream: BinaryIO) -> Raster | None:
    """The picture's pixels; None where they cannot be had. What is broken may raise anything."""
    try:
        from PIL import Image
    except ImportError:
        return read_plain_png(stream)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes, which are judged here, and of odd metadata
        image = Image.open(stream, formats=_FORMATS)
        return _ByPillow(image) if image.width * image.height <= MOST_PIXELS else None


class _ByPillow:
    def __init__(self, image: "Image") -> None:
        from PIL import ImageOps

        image.draft("RGB", (1024, 1024))  # a large JPEG is decoded smaller, which takes less time
        self._image = ImageOps.exif_transpose(image).convert("RGBA")
        self.width, self.height = self._image.size

    def scaled(self, width: int, height: int) -> bytes:
        from PIL.Image import Resampling

        way = Resampling.BOX if width * height < self.width * self.height else Resampling.NEAREST
        return self._image.resize((width, height), way).tobytes()


# ------------------------------------------------------------------ PNG without a library

_CHANNELS = {0: (0, 0, 0), 2: (0, 1, 2), 3: (0, 0, 0), 4: (0, 0, 0, 1), 6: (0, 1, 2, 3)}  # red, green, blue, alpha
_PALETTE = 3


def read_plain_png(stream: BinaryIO) -> Raster | None:
    """The pixels of a PNG file of 8 bits a channel that is neither interlaced nor large; None for any other."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(33)
    if size > 2 * MOST_UNAIDED or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head[16:29])
    channels = _CHANNELS.get(kind)
    if channels is None or depth != 8 or interlaced or not width * height:
        return None
    step = max(channels) + 1
    expected = (width * step + 1) * height
    if expected > MOST_UNAIDED:
        return None
    chunks: dict[bytes, list[bytes]] = {b"tRNS": []}
    for name, content in _chunks(stream):
        chunks.setdefault(name, []).append(content)
    lines = zlib.decompressobj().decompress(b"".join(chunks[b"IDAT"]), expected)
    if len(lines) < expected:
        return None
    rows = _unfiltered(lines, width * step, step)
    if kind == _PALETTE:
        rows = (_looked_up(row, chunks[b"PLTE"][0], b"".join(chunks[b"tRNS"])) for row in rows)
        channels, step = (0, 1, 2, 3), 4
    return _Rows(width, height, [_as_rgba(row, channels, step) for row in rows])


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := stream.read(8)) == 8:
        yield head[4:], stream.read(int.from_bytes(head[:4], "big"))
        stream.seek(4, os.SEEK_CUR)  # the checksum


def _unfiltered(lines: bytes, length: int, step: int) -> Iterator[bytes]:
    """The rows of bytes; each is led by a byte that names its filter, which predicts from the neighbours."""
    above = bytearray(step + length)  # led by the pixel left of the first, which counts as 0
    for start in range(0, len(lines), length + 1):
        row = bytearray(step) + lines[start + 1 : start + 1 + length]
        if predicted := _FILTERS[lines[start]]:
            for i in range(step, step + length):
                row[i] = row[i] + predicted(row[i - step], above[i], above[i - step]) & 0xFF
        yield bytes(row[step:])
        above = row


def _paeth(left: int, above: int, corner: int) -> int:
    to_left, to_above = abs(above - corner), abs(left - corner)
    to_corner = abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


_FILTERS: tuple[Callable[[int, int, int], int] | None, ...] = (
    None,
    lambda left, _above, _corner: left,
    lambda _left, above, _corner: above,
    lambda left, above, _corner: (left + above) // 2,
    _paeth,
)


def _looked_up(row: bytes, palette: bytes, alpha: bytes) -> bytes:
    tables = [palette[channel::3].ljust(256, b"\0") for channel in range(3)] + [alpha.ljust(256, b"\xff")]
    return _woven([row.translate(table) for table in tables])


def _as_rgba(row: bytes, channels: tuple[int, ...], step: int) -> bytes:
    planes = [row[channel::step] for channel in channels]
    return _woven(planes if len(planes) == 4 else [*planes, b"\xff" * len(planes[0])])


def _woven(planes: list[bytes]) -> bytes:
    pixels = bytearray(4 * len(planes[0]))
    for channel, plane in enumerate(planes):
        pixels[channel::4] = plane
    return bytes(pixels)


class _Rows:
    """A picture as rows of bytes, four to a pixel."""

    def __init__(self, width: int, height: int, rows: list[bytes]) -> None:
        self.width, self.height = width, height
        self._rows = rows

    def scaled(self, width: int, height: int) -> bytes:
        found = bytearray()
        for top, bottom in _spans(self.height, height):
            rows = self._rows[top:bottom]
            for left, right in _spans(self.width, width):
                for channel in range(4):
                    total = sum(sum(row[4 * left + channel : 4 * right : 4]) for row in rows)
                    found.append(total // ((right - left) * len(rows)))
        return bytes(found)


def _spans(size: int, parts: int) -> list[tuple[int, int]]:
    """Where each of the parts begins and ends; at least one wide, so that they overlap if there are too many."""
    starts = [size * part // parts for part in range(parts + 1)]
    return [(start, max(end, start + 1)) for start, end in pairwise(starts)]
