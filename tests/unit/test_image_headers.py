"""What bytes are is judged by what they hold."""

import io
import struct
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.files.image_headers import Format, ImageInfo, has_pixels, identify, is_complete
from tests.conftest import chunk, png

FORMATS = {"png": Format.PNG, "jpg": Format.JPEG, "webp": Format.WEBP, "gif": Format.GIF}
every_format = pytest.mark.parametrize("suffix", FORMATS)


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def brands(major: bytes, *others: bytes) -> bytes:
    """The first box of a picture that is made of boxes."""
    return box(b"ftyp", major + bytes(4) + b"".join(others))


def bmp(width: int, height: int, *, bits: int = 24, compression: int = 0, stored: int = 0, pixels: int = 0) -> bytes:
    """A header of 40 bytes that tells nothing of the file's size, and so many bytes of pixels."""
    sizes = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, stored, 0, 0, 0, 0)
    return b"BM" + bytes(8) + struct.pack("<I", 14 + len(sizes)) + sizes + bytes(pixels)


AVIF = brands(b"avif") + box(b"meta", b"abc") + box(b"mdat", b"pixels")
META = box(b"meta", b"abc")
VECTORS = {
    "bmp": (bmp(7, 5), Format.BMP, 7, 5),
    "bmp from the top": (bmp(7, -5), Format.BMP, 7, 5),
    "bmp of os/2": (b"BM" + bytes(8) + struct.pack("<IIHHHH", 26, 12, 7, 5, 1, 24), Format.BMP, 7, 5),
    "bigtiff, little end first": (b"II+\0\x08\0\0\0" + bytes(8), Format.TIFF, None, None),
    "bigtiff, big end first": (b"MM\0+\0\x08\0\0" + bytes(8), Format.TIFF, None, None),
    "avif under a general brand": (brands(b"mif1", b"miaf", b"avif"), Format.AVIF, None, None),
    "avif under a brand of films": (brands(b"iso8", b"mp41", b"avif", b"miaf"), Format.AVIF, None, None),
    "avif sequence": (brands(b"msf1", b"iso8", b"avis"), Format.AVIF, None, None),
    "heif of any codec": (brands(b"mif1", b"miaf"), Format.HEIC, None, None),
    "heif under a private brand": (brands(b"MiHE", b"mif1", b"heic"), Format.HEIC, None, None),
    "heif sequence": (brands(b"msf1"), Format.HEIC, None, None),
    "heif sequence of hevc": (brands(b"hevc", b"msf1", b"iso8"), Format.HEIC, None, None),
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
        brands(b"qt  ", b"qt  ", b"mp41"),
        b"RIFF1234WAVE",
        b"BMW is a maker of cars and motorcycles, whose name no header should be made of\n",
        b"BM",
    ],
    ids=["nothing", "too little", "html", "pdf", "zip", "a film", "another film", "sound", "a text", "two letters"],
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
    assert ends == [27, len(AVIF)]


def test_a_box_may_have_a_long_length_or_reach_to_the_end() -> None:
    long_box = META + struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 20) + b"abcd"
    empty_box = struct.pack(">I", 8) + b"free"
    open_box = META + struct.pack(">I", 0) + b"mdat" + b"abcd"

    assert is_complete(io.BytesIO(long_box), Format.AVIF) is True
    assert is_complete(io.BytesIO(long_box[:-1]), Format.AVIF) is False
    assert is_complete(io.BytesIO(empty_box + long_box), Format.AVIF) is True
    assert is_complete(io.BytesIO(open_box), Format.HEIC) is True


@pytest.mark.parametrize("trailer", [b"\0" * 5, b"\n", b"SEFT", bytes(range(128, 160))], ids=repr)
def test_what_was_appended_to_a_box_format_is_no_matter(trailer: bytes) -> None:
    assert is_complete(io.BytesIO(AVIF + trailer), Format.AVIF) is True


@pytest.mark.parametrize(
    "boxes", [brands(b"heic"), brands(b"heic") + box(b"mdat", b"pixels")], ids=["head", "no index"]
)
def test_pixels_without_an_index_are_no_complete_picture(boxes: bytes) -> None:
    assert is_complete(io.BytesIO(boxes), Format.HEIC) is False


@pytest.mark.parametrize("size", [1, 5_000, 3_000_000])
@every_format
def test_what_was_appended_to_a_picture_is_no_matter(pictures: Mapping[str, bytes], suffix: str, size: int) -> None:
    appended = io.BytesIO(pictures[suffix] + b"ftypmp42" + bytes(size))

    assert is_complete(appended, FORMATS[suffix]) is True


def test_the_end_of_a_jpeg_is_found_across_the_blocks_in_which_it_is_read(pictures: Mapping[str, bytes]) -> None:
    whole = pictures["jpg"]
    scan = whole.index(b"\xff\xda")
    start = scan + 4  # of what the scan is searched from
    padded = whole[:-2] + bytes(1024 * 1024 - (len(whole) - 2 - start) - 1) + whole[-2:]

    assert is_complete(io.BytesIO(padded + bytes(5000)), Format.JPEG) is True
    assert is_complete(io.BytesIO(padded[:-1] + bytes(5000)), Format.JPEG) is False


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\xff\xd8\xff\xe0", Format.JPEG),
        (b"\xff\xd8\xff\xe0\0\0\xff\xd9", Format.JPEG),
        (bmp(7, 5), Format.BMP),
        (b"II*\0\xff\xff\0\0" + bytes(100), Format.TIFF),
        (b"MM\0+\0\x08\0\0\0\0\0\0\0\1\0\0" + bytes(100), Format.TIFF),
    ],
    ids=["4 bytes", "no length", "bmp header", "tiff head", "bigtiff head"],
)
def test_the_head_of_a_picture_alone_is_no_complete_one(content: bytes, found: Format) -> None:
    identified = identify(io.BytesIO(content))

    assert identified is not None
    assert identified.format is found
    assert is_complete(io.BytesIO(content), found) is False


def test_a_thumbnails_end_is_not_the_end_of_a_jpeg(pictures: Mapping[str, bytes]) -> None:
    whole = pictures["jpg"]
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + len(whole)) + whole
    outer = whole[:2] + thumbnail + whole[2:]

    assert is_complete(io.BytesIO(outer), Format.JPEG) is True
    assert is_complete(io.BytesIO(outer[: 4 + len(thumbnail)]), Format.JPEG) is False


BMPS = {
    "with padded rows": bmp(7, 5, pixels=5 * 24 - 3),
    "from the top": bmp(7, -5, pixels=5 * 24 - 3),
    "of two colours": bmp(9, 3, bits=1, pixels=2 * 4 + 2),
    "compressed": bmp(7, 5, bits=8, compression=1, stored=11, pixels=11),
}


@pytest.mark.parametrize("content", BMPS.values(), ids=BMPS)
def test_a_bmp_is_complete_with_its_last_pixel_whatever_it_says_of_its_size(content: bytes) -> None:
    assert is_complete(io.BytesIO(content), Format.BMP) is True
    assert is_complete(io.BytesIO(content + bytes(3)), Format.BMP) is True
    assert is_complete(io.BytesIO(content[:-1]), Format.BMP) is False


@pytest.mark.parametrize("made_as", ["BMP", "TIFF"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_bmp_and_tiff_made_by_others_are_not_called_incomplete(made_as: str, mode: str) -> None:
    from PIL import Image

    drawn = io.BytesIO()
    Image.new(mode, (17, 5)).save(drawn, made_as)

    identified = identify(drawn)
    assert identified is not None
    assert identified.format is Format(made_as.lower())
    assert is_complete(drawn, identified.format) is not False


def test_a_tiff_does_not_say_where_it_ends() -> None:
    assert is_complete(io.BytesIO(b"II*\0" + bytes(8)), Format.TIFF) is None


def test_a_gif_with_extensions_and_tables_is_walked_to_its_end() -> None:
    screen = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + bytes(6)
    extension = b"\x21\xf9\x04" + bytes(4) + b"\0"
    image = b"\x2c" + bytes(8) + b"\x80" + bytes(6) + b"\x02" + b"\x02\x4c\x01" + b"\0"

    assert is_complete(io.BytesIO(screen + extension + image + b"\x3b"), Format.GIF) is True
    assert is_complete(io.BytesIO(screen + extension + image + b"\0\0\x3b"), Format.GIF) is True
    assert is_complete(io.BytesIO(screen + extension + image + b"\0\0"), Format.GIF) is False
    assert is_complete(io.BytesIO(screen + extension + image), Format.GIF) is False
    assert is_complete(io.BytesIO(screen + extension + image + b"?"), Format.GIF) is False


MAGIC = [
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBP",
    b"BM",
    bmp(1, 1)[:20],
    b"II*\0",
    b"II+\0",
    b"\0\0\0\x10ftypavif",
    b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\1mdat",
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


def test_a_png_without_pixels_is_whole_and_shows_nothing() -> None:
    empty = io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""))

    assert (is_complete(empty, Format.PNG), has_pixels(empty, Format.PNG)) == (True, False)
