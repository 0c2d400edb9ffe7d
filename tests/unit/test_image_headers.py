"""What bytes are is judged by what they hold."""

import io
import struct
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.files.image_headers import Format, ImageInfo, identify, is_complete
from tests.conftest import png

FORMATS = {"png": Format.PNG, "jpg": Format.JPEG, "webp": Format.WEBP, "gif": Format.GIF}
every_format = pytest.mark.parametrize("suffix", FORMATS)


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


AVIF = box(b"ftyp", b"avif" + bytes(4)) + box(b"meta", b"abc") + box(b"mdat", b"pixels")
VECTORS = {
    "bmp": (b"BM" + struct.pack("<I", 30) + bytes(12) + struct.pack("<ii", 7, 5) + bytes(4), Format.BMP, 7, 5),
    "bmp from the top": (b"BM" + bytes(16) + struct.pack("<ii", 7, -5), Format.BMP, 7, 5),
    "webp lossy": (b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 0x4000 | 9, 0xC000 | 8), Format.WEBP, 9, 8),
    "webp lossless": (b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + struct.pack("<I", 9 | 8 << 14), Format.WEBP, 10, 9),
    "webp extended": (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x09\0\0\x08\0\0", Format.WEBP, 10, 9),
    "webp of an unknown kind": (b"RIFF\0\0\0\0WEBPXXXX", Format.WEBP, None, None),
    "gif of 1987": (b"GIF87a" + struct.pack("<HH", 3, 2), Format.GIF, 3, 2),
    "tiff, little end first": (b"II*\0" + bytes(8), Format.TIFF, None, None),
    "tiff, big end first": (b"MM\0*" + bytes(8), Format.TIFF, None, None),
    "avif": (AVIF, Format.AVIF, None, None),
    "heic": (box(b"ftyp", b"heic"), Format.HEIC, None, None),
    "jpeg whose frame is missing": (b"\xff\xd8\xff\xe0\0\4ab\xff\xda\0\2", Format.JPEG, None, None),
    "png cut in its header": (png()[:20], Format.PNG, None, None),
}


@pytest.mark.parametrize(("content", "found", "width", "height"), VECTORS.values(), ids=VECTORS)
def test_format_and_size_are_read_from_the_header(
    content: bytes, found: Format, width: int | None, height: int | None
) -> None:
    assert identify(io.BytesIO(content)) == ImageInfo(found, width, height)


@every_format
def test_pictures_made_by_others_are_recognised(pictures: Mapping[str, bytes], suffix: str) -> None:
    assert identify(io.BytesIO(pictures[suffix])) == ImageInfo(FORMATS[suffix], 16, 16)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PN",
        b"<html><body>error</body></html>",
        b"%PDF-1.7",
        b"PK\3\4",
        box(b"ftyp", b"isom"),
        b"RIFF1234WAVE",
    ],
    ids=["nothing", "too little", "html", "pdf", "zip", "a film", "sound"],
)
def test_what_is_no_picture_is_not_taken_for_one(content: bytes) -> None:
    assert identify(io.BytesIO(content)) is None


def test_a_size_behind_a_large_thumbnail_is_found(pictures: Mapping[str, bytes]) -> None:
    head, rest = pictures["jpg"][:2], pictures["jpg"][2:]
    thumbnail = b"\xff\xe1" + struct.pack(">H", 65533) + bytes(65531)

    found = identify(io.BytesIO(head + thumbnail * 3 + rest))

    assert found == ImageInfo(Format.JPEG, 16, 16)


@every_format
def test_a_picture_is_complete_with_its_last_byte_only(pictures: Mapping[str, bytes], suffix: str) -> None:
    whole, found = pictures[suffix], FORMATS[suffix]

    cuts = {length: is_complete(io.BytesIO(whole[:length]), found) for length in range(len(whole))}

    assert is_complete(io.BytesIO(whole), found) is True
    assert [length for length, complete in cuts.items() if complete is not False] == []


def test_a_box_format_is_complete_with_its_last_box_only() -> None:
    ends = [length for length in range(1, len(AVIF) + 1) if is_complete(io.BytesIO(AVIF[:length]), Format.AVIF)]

    # A cut between two boxes cannot be seen; anywhere else it is.
    assert ends == [16, 27, len(AVIF)]


def test_a_box_may_have_a_long_length_or_reach_to_the_end() -> None:
    long_box = struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 20) + b"abcd"
    empty_box = struct.pack(">I", 8) + b"free"
    open_box = struct.pack(">I", 0) + b"mdat" + b"abcd"

    assert is_complete(io.BytesIO(long_box), Format.AVIF) is True
    assert is_complete(io.BytesIO(long_box[:-1]), Format.AVIF) is False
    assert is_complete(io.BytesIO(empty_box + long_box), Format.AVIF) is True
    assert is_complete(io.BytesIO(open_box), Format.HEIC) is True


def test_a_thumbnails_end_is_not_the_end_of_a_jpeg(pictures: Mapping[str, bytes]) -> None:
    whole = pictures["jpg"]
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + len(whole)) + whole
    outer = whole[:2] + thumbnail + whole[2:]

    assert is_complete(io.BytesIO(outer), Format.JPEG) is True
    assert is_complete(io.BytesIO(outer[: 4 + len(thumbnail)]), Format.JPEG) is False


def test_a_bmp_says_itself_how_long_it_is() -> None:
    content = VECTORS["bmp"][0]

    assert is_complete(io.BytesIO(content), Format.BMP) is True
    assert is_complete(io.BytesIO(content[:-1]), Format.BMP) is False


def test_a_tiff_does_not_say_where_it_ends() -> None:
    assert is_complete(io.BytesIO(b"II*\0" + bytes(8)), Format.TIFF) is None


def test_a_gif_with_extensions_and_tables_is_walked_to_its_end() -> None:
    screen = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + bytes(6)
    extension = b"\x21\xf9\x04" + bytes(4) + b"\0"
    image = b"\x2c" + bytes(8) + b"\x80" + bytes(6) + b"\x02" + b"\x02\x4c\x01" + b"\0"

    assert is_complete(io.BytesIO(screen + extension + image + b"\x3b"), Format.GIF) is True
    assert is_complete(io.BytesIO(screen + extension + image), Format.GIF) is False
    assert is_complete(io.BytesIO(screen + extension + image + b"?"), Format.GIF) is False


MAGIC = [
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBP",
    b"BM",
    b"II*\0",
    b"\0\0\0\x10ftypavif",
]


@given(st.sampled_from(MAGIC), st.binary(max_size=200))
def test_no_bytes_whatever_make_the_readers_fail(magic: bytes, rest: bytes) -> None:
    stream = io.BytesIO(magic + rest)

    found = identify(stream)

    assert all(is_complete(stream, each) in (True, False, None) for each in _formats(found))


def _formats(found: ImageInfo | None) -> Iterator[Format]:
    yield from ([found.format] if found else Format)


@pytest.mark.parametrize("found", Format, ids=str)
def test_each_format_has_a_media_type_and_a_usual_suffix(found: Format) -> None:
    suffixes = {Format.JPEG: "jpg"}

    assert (found.content_type, found.extension) == (f"image/{found}", suffixes.get(found, str(found)))
