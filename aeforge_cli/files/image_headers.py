"""What bytes are: the format, size and completeness of a picture, by reading its headers and never its pixels.

Sources: PNG (RFC 2083), JPEG (ITU T.81 annex B), GIF89a, WebP (RIFF), BMP, TIFF 6.0, AVIF and HEIF (ISO 14496-12).
"""

import os
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import BinaryIO, NamedTuple

HEAD = 64 * 1024


class Format(StrEnum):
    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"
    GIF = "gif"
    BMP = "bmp"
    TIFF = "tiff"
    AVIF = "avif"
    HEIC = "heic"

    @property
    def content_type(self) -> str:
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        return "jpg" if self is Format.JPEG else self.value


class ImageInfo(NamedTuple):
    """A picture's format, and its width and height in pixels where the header tells them."""

    format: Format
    width: int | None = None
    height: int | None = None


def identify(stream: BinaryIO) -> ImageInfo | None:
    """What the stream holds, from its first bytes; None if it is no picture we know."""
    stream.seek(0)
    head = stream.read(HEAD)
    found = _format(head)
    if found is None:
        return None
    try:
        size = _SIZES[found](stream, head) if found in _SIZES else None
    except (struct.error, IndexError):
        size = None
    return ImageInfo(found, *(size or (None, None)))


def is_complete(stream: BinaryIO, found: Format) -> bool | None:
    """Whether the container reaches its own end: the only defence when an answer announced no length.

    None where the format does not say where it ends.
    """
    check = _ENDS.get(found)
    if check is None:
        return None
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    try:
        return check(stream, size)
    except (struct.error, IndexError):
        return False


def _format(head: bytes) -> Format | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12])
    return next((found for magic, found in _MAGIC if head.startswith(magic)), None)


_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"\xff\xd8\xff", Format.JPEG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"BM", Format.BMP),
    (b"II*\x00", Format.TIFF),
    (b"MM\x00*", Format.TIFF),
)
_BRANDS = {b"avif": Format.AVIF, b"avis": Format.AVIF, b"heic": Format.HEIC, b"heix": Format.HEIC, b"mif1": Format.HEIC}


def _png_size(_: BinaryIO, head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _gif_size(_: BinaryIO, head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


def _bmp_size(_: BinaryIO, head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", head, 18)
    return width, abs(height)


def _webp_size(_: BinaryIO, head: bytes) -> tuple[int, int] | None:
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            return None


def _jpeg_size(stream: BinaryIO, _: bytes) -> tuple[int, int] | None:
    for marker, start in _jpeg_segments(stream):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            stream.seek(start + 1)
            height, width = struct.unpack(">HH", stream.read(4))
            return width, height
    return None


_SIZES: dict[Format, Callable[[BinaryIO, bytes], tuple[int, int] | None]] = {
    Format.PNG: _png_size,
    Format.JPEG: _jpeg_size,
    Format.GIF: _gif_size,
    Format.WEBP: _webp_size,
    Format.BMP: _bmp_size,
}


def _jpeg_segments(stream: BinaryIO) -> list[tuple[int, int]]:
    """The (marker, start of its payload) of each segment up to and including the first scan."""
    segments: list[tuple[int, int]] = []
    position = 2
    while True:
        stream.seek(position)
        head = stream.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            return segments
        marker = head[1]
        if marker == 0xFF:  # a fill byte before the marker
            position += 1
            continue
        segments.append((marker, position + 4))
        if marker in (0xDA, 0xD9):
            return segments
        position += 2 + int.from_bytes(head[2:4], "big")


def _png_ends(stream: BinaryIO, size: int) -> bool:
    position = 8
    while position + 12 <= size:
        stream.seek(position)
        length: int = int.from_bytes(stream.read(4), "big")
        kind = stream.read(4)
        position += 12 + length
        if kind == b"IEND":
            return position <= size
    return False


def _jpeg_ends(stream: BinaryIO, size: int) -> bool:
    # An embedded thumbnail has an end mark of its own, so only one after the start of the scan counts.
    segments = _jpeg_segments(stream)
    if not segments or segments[-1][0] != 0xDA:
        return False
    stream.seek(max(segments[-1][1], size - 1024))
    return b"\xff\xd9" in stream.read(1024)


def _gif_ends(stream: BinaryIO, size: int) -> bool:
    stream.seek(10)
    stream.seek(13 + _color_table(stream.read(1)[0]))
    while stream.tell() < size:
        match stream.read(1):
            case b"\x3b":
                return True
            case b"\x21":
                stream.seek(1, os.SEEK_CUR)
            case b"\x2c":
                stream.seek(8, os.SEEK_CUR)
                stream.seek(_color_table(stream.read(1)[0]) + 1, os.SEEK_CUR)
            case _:
                return False
        while length := stream.read(1)[0]:
            stream.seek(length, os.SEEK_CUR)
    return False


def _color_table(flags: int) -> int:
    return 3 << (1 + (flags & 7)) if flags & 0x80 else 0


def _webp_ends(stream: BinaryIO, size: int) -> bool:
    return int(struct.unpack("<I", stream.read(8)[4:])[0]) + 8 <= size


def _bmp_ends(stream: BinaryIO, size: int) -> bool:
    return int(struct.unpack("<I", stream.read(6)[2:])[0]) <= size


def _boxes_end(stream: BinaryIO, size: int) -> bool:
    position = 0
    while position < size:
        stream.seek(position)
        length: int = struct.unpack(">I", stream.read(8)[:4])[0]
        if length == 1:
            (length,) = struct.unpack(">Q", stream.read(8))
        if length < 8:
            return length == 0  # "to the end of the file"
        position += length
    return position == size


_ENDS: dict[Format, Callable[[BinaryIO, int], bool]] = {
    Format.PNG: _png_ends,
    Format.JPEG: _jpeg_ends,
    Format.GIF: _gif_ends,
    Format.WEBP: _webp_ends,
    Format.BMP: _bmp_ends,
    Format.AVIF: _boxes_end,
    Format.HEIC: _boxes_end,
}


def file_stamp(stream: BinaryIO) -> tuple[int, ...]:
    """Which file this is, how large, and when its content and its record were changed last, in nanoseconds."""
    found = os.fstat(stream.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
