"""What bytes are: the format, size and completeness of a picture, by reading its headers and never its pixels.

Sources: PNG (RFC 2083), JPEG (ITU T.81 annex B), GIF89a, WebP (RFC 9649), BMP (Windows' BITMAPINFOHEADER and OS/2's
BITMAPCOREHEADER), TIFF 6.0 and BigTIFF, HEIF and AVIF (boxes: ISO 14496-12; brands: ISO 23008-12 and AV1's AVIF 1.1).
"""

import os
import struct
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import BinaryIO, Literal, NamedTuple

HEAD = 64 * 1024  # bytes
_BLOCK = 1024 * 1024
# More chunks, segments, blocks or boxes than any picture of 256 MiB has: what is made to have more is given up.
_MOST_PIECES = 2_000_000


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
    """Whether the container reaches its own end, whatever was appended to it; None where the format does not say.

    The only defence when an answer announced no length, and against sending half a picture.
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
        return _boxed_format(head)
    if head[:2] == b"BM":
        return Format.BMP if _bmp_header(head) else None  # a text may begin so
    return next((found for magic, found in _MAGIC if head.startswith(magic)), None)


_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"\xff\xd8\xff", Format.JPEG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"II*\x00", Format.TIFF),
    (b"MM\x00*", Format.TIFF),
    (b"II+\x00", Format.TIFF),  # BigTIFF
    (b"MM\x00+", Format.TIFF),
)


def _boxed_format(head: bytes) -> Format | None:
    """By all the brands of the first box: the major one may only say that it is some HEIF."""
    length = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(length, len(head)), 4))}
    if brands & {b"avif", b"avis"}:
        return Format.AVIF
    return Format.HEIC if brands & _HEIF_BRANDS else None


_HEIF_BRANDS = {b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}


class _BmpHeader(NamedTuple):
    """Sizes in pixels; `end` is the byte behind the last pixel, without the padding of the last row."""

    width: int
    height: int
    end: int


def _bmp_header(head: bytes) -> _BmpHeader | None:
    """None where the fields make no sense. The size of the file, in bytes 2 to 6, is wrong too often to be believed."""
    if len(head) < 40:
        head = head.ljust(40, b"\0")
    start, length = struct.unpack_from("<II", head, 10)
    if length == 12:  # BITMAPCOREHEADER
        width, height, planes, bits = struct.unpack_from("<HHHH", head, 18)
        compression = stored = 0
    elif length in {16, 40, 52, 56, 64, 108, 124}:
        width, height, planes, bits = struct.unpack_from("<iiHH", head, 18)
        compression, stored = struct.unpack_from("<II", head, 30) if length >= 40 else (0, 0)
    else:
        return None
    if planes != 1 or width <= 0 or height == 0 or bits not in {0, 1, 2, 4, 8, 16, 24, 32, 64}:
        return None
    row = (width * bits + 31) // 32 * 4
    plain = row * (abs(height) - 1) + (width * bits + 7) // 8
    return _BmpHeader(width, abs(height), start + (stored if compression in _BMP_COMPRESSED else plain))


_BMP_COMPRESSED = {1, 2, 4, 5}  # RLE8, RLE4, JPEG, PNG


def _png_size(_: BinaryIO, head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", head, 16)
    return width, height


def _gif_size(_: BinaryIO, head: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", head, 6)
    return width, height


def _bmp_size(_: BinaryIO, head: bytes) -> tuple[int, int] | None:
    header = _bmp_header(head)
    return header and (header.width, header.height)


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
        if _begins_frame(marker):
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
SIZED = frozenset(_SIZES)  # the formats whose size `identify` finds in every good picture


_SOS, _EOI = 0xDA, 0xD9


def _begins_frame(marker: int) -> bool:
    """SOF0 to SOF15; DHT, JPG and DAC stand among them."""
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)


def _jpeg_segments(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """The (marker, start of its payload) of each segment up to and including the first scan."""
    position = 2
    for _ in range(_MOST_PIECES):
        stream.seek(position)
        head = stream.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            return
        marker, length = head[1], int.from_bytes(head[2:4], "big")
        if marker == 0xFF:  # a fill byte before the marker
            position += 1
            continue
        yield marker, position + 4
        if marker in (_SOS, _EOI) or length < 2:
            return
        position += 2 + length


def _png_chunks(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """The kind of each chunk, and where it ends, up to IEND or as far as the file goes."""
    position = 8
    for _ in range(_MOST_PIECES):
        if position + 12 > size:
            return
        stream.seek(position)
        length: int = int.from_bytes(stream.read(4), "big")
        kind = stream.read(4)
        position += 12 + length
        yield kind, position
        if kind == b"IEND":
            return


def _png_ends(stream: BinaryIO, size: int) -> bool:
    return any(kind == b"IEND" and end <= size for kind, end in _png_chunks(stream, size))


def has_pixels(stream: BinaryIO, found: Format) -> bool:
    """Whether there is anything to see. A result without pixels is saved: it is paid for; as an input it is refused."""
    if found is not Format.PNG:
        return True
    size = stream.seek(0, os.SEEK_END)
    return any(kind == b"IDAT" for kind, _ in _png_chunks(stream, size))


def _jpeg_ends(stream: BinaryIO, size: int) -> bool:
    # An embedded thumbnail has an end mark of its own, so only one after the start of the scan counts; there 0xFF is
    # followed by 0 or by a restart mark. Cameras append films and maps, so that the end may be far from the file's.
    for marker, start in _jpeg_segments(stream):
        if marker == _SOS:
            return _has_jpeg_end(stream, max(start, size - 1024)) or _has_jpeg_end(stream, start)
    return False


def _has_jpeg_end(stream: BinaryIO, start: int) -> bool:
    stream.seek(start)
    last = b""
    while block := stream.read(_BLOCK):
        if b"\xff\xd9" in last + block:
            return True
        last = block[-1:]
    return False


def _gif_ends(stream: BinaryIO, _: int) -> bool:
    stream.seek(10)
    stream.seek(13 + _color_table(stream.read(1)[0]))
    for _piece in range(_MOST_PIECES):
        match stream.read(1):
            case b"\x3b":
                return True
            case b"\0":  # some encoders end a row of blocks twice
                continue
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
    header = _bmp_header(stream.read(HEAD))
    return header is not None and header.end <= size


def _tiff_ends(stream: BinaryIO, size: int) -> bool | None:
    """Whether it can be whole: the first directory, which may stand anywhere, must be in the file."""
    head = stream.read(16)
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    is_big = head[2:4] in (b"+\0", b"\0+")
    directory = int.from_bytes(head[8:16] if is_big else head[4:8], order)
    return None if directory + 2 <= size else False


def _boxes_end(stream: BinaryIO, size: int) -> bool:
    """Whether the last box ends where the file does; what follows the pictures, and is no box, was appended."""
    position, kinds = 0, set[bytes]()
    for _ in range(_MOST_PIECES):
        if position == size:
            return bool(kinds & _BOX_INDEXES)
        stream.seek(position)
        head = stream.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or not kind.isalnum():
            return bool(kinds & _BOX_INDEXES) and b"mdat" in kinds
        if length == 1:
            length = int.from_bytes(stream.read(8), "big")
        kinds.add(kind)
        if length == 0:  # "to the end of the file"
            return bool(kinds & _BOX_INDEXES)
        if length < 8 or position + length > size:
            return False
        position += length
    return False


_BOX_INDEXES = {b"meta", b"moov"}  # what says where the pictures, or the frames of a sequence, are


_ENDS: dict[Format, Callable[[BinaryIO, int], bool | None]] = {
    Format.PNG: _png_ends,
    Format.JPEG: _jpeg_ends,
    Format.GIF: _gif_ends,
    Format.WEBP: _webp_ends,
    Format.BMP: _bmp_ends,
    Format.TIFF: _tiff_ends,
    Format.AVIF: _boxes_end,
    Format.HEIC: _boxes_end,
}


def file_stamp(stream: BinaryIO) -> tuple[int, ...]:
    """Which file this is, how large, and when its content and its record were changed last, in nanoseconds."""
    found = os.fstat(stream.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
