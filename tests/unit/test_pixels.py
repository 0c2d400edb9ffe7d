"""The pixels of a picture: by Pillow where it is installed, else of plain PNG files alone."""

import io
import random
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from aeforge_cli.output.pixels import MOST_PIXELS, MOST_UNAIDED, read, read_plain_png
from tests.conftest import chunk, png

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
KINDS = pytest.mark.parametrize("kind", CHANNELS, ids=["grey", "RGB", "palette", "grey with alpha", "RGBA"])
WIDTH, HEIGHT = 7, 10


def predicted(kind: int, left: int, above: int, corner: int) -> int:
    """As the specification words it; Paeth's is the first of those nearest to left + above - corner."""
    nearest = min((left, above, corner), key=lambda near: abs(left + above - corner - near))
    return (0, left, above, (left + above) // 2, nearest)[kind]


def filtered(rows: list[bytes], step: int) -> bytes:
    """The rows as a PNG file holds them, by each filter in turn."""
    lines, before = bytearray(), bytes(step + len(rows[0]))
    for number, row in enumerate(rows):
        led = bytes(step) + row
        lines.append(number % 5)
        lines += bytes(
            (led[i] - predicted(number % 5, led[i - step], before[i], before[i - step])) % 256
            for i in range(step, len(led))
        )
        before = led
    return bytes(lines)


def file(
    kind: int, lines: bytes, *, depth: int = 8, interlaced: int = 0, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> io.BytesIO:
    """A PNG file; its pixels lie in two chunks, as any number is allowed."""
    packed = zlib.compress(lines)
    header = struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, interlaced)
    chunks = [chunk(b"IHDR", header)]
    chunks += [chunk(b"PLTE", bytes(range(255, -1, -1)) * 3), chunk(b"tRNS", bytes(range(100)))] if kind == 3 else []
    chunks += [chunk(b"IDAT", packed[:9]), chunk(b"IDAT", packed[9:]), chunk(b"IEND", b"")]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def noise(kind: int) -> list[bytes]:
    chance = random.Random(kind)
    return [chance.randbytes(WIDTH * CHANNELS[kind]) for _ in range(HEIGHT)]


@KINDS
def test_without_pillow_the_pixels_of_a_png_are_those_that_pillow_reads(kind: int) -> None:
    picture = file(kind, filtered(noise(kind), CHANNELS[kind]))

    found = read_plain_png(picture)

    assert found is not None
    assert (found.width, found.height) == (WIDTH, HEIGHT)
    assert found.scaled(WIDTH, HEIGHT) == Image.open(picture).convert("RGBA").tobytes()


@pytest.mark.parametrize("reader", [read, read_plain_png], ids=["with Pillow", "without"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), bytes((127, 0, 127, 255))),
        ((2, 1), bytes((255, 0, 0, 255, 0, 0, 255, 255))),
        ((4, 1), bytes((255, 0, 0, 255)) * 2 + bytes((0, 0, 255, 255)) * 2),
    ],
    ids=["smaller", "the same", "larger"],
)
def test_a_picture_is_averaged_when_it_gets_smaller_and_repeated_when_larger(
    reader: Callable[[io.BytesIO], object], size: tuple[int, int], expected: bytes
) -> None:
    two = file(2, b"\0" + bytes((255, 0, 0, 0, 0, 255)), size=(2, 1))

    found = read(two) if reader is read else read_plain_png(two)

    assert found is not None
    assert all(abs(a - b) <= 1 for a, b in zip(found.scaled(*size), expected, strict=True))


@pytest.mark.parametrize(
    "picture",
    [
        file(2, filtered(noise(2), 3), interlaced=1),
        file(2, filtered(noise(2), 3) * 2, depth=16),
        file(5, b""),
        file(2, b"", size=(0, 0)),
        file(2, filtered(noise(2), 3)[:-1]),
        file(6, b"", size=(MOST_UNAIDED // 4, 1)),
        io.BytesIO(b"GIF89a" + bytes(40)),
        io.BytesIO(b""),
    ],
    ids=["interlaced", "16 bits", "unknown kind", "no pixels", "cut short", "too large", "a GIF", "nothing"],
)
def test_what_the_own_reader_cannot_read_is_left_alone(picture: io.BytesIO) -> None:
    assert read_plain_png(picture) is None


def test_a_file_that_unpacks_to_more_than_it_said_takes_no_more_memory() -> None:
    row = b"\0" + bytes((1, 2, 3)) * 8

    found = read_plain_png(file(2, row * 8 + bytes(10_000_000), size=(8, 8)))

    assert found is not None
    assert found.scaled(1, 1) == bytes((1, 2, 3, 255))


def test_a_picture_of_very_many_pixels_is_not_unpacked() -> None:
    assert read(file(2, b"", size=(MOST_PIXELS // 2, 3))) is None


def test_a_photograph_taken_with_the_camera_on_its_side_is_upright() -> None:
    lying, stream = Image.new("RGB", (40, 20), "red"), io.BytesIO()
    lying.paste("blue", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # the left side of what is stored belongs at the top
    lying.save(stream, "JPEG", exif=exif, quality=95)

    found = read(stream)

    assert found is not None
    assert (found.width, found.height) == (20, 40)
    top, bottom = found.scaled(1, 2)[:3], found.scaled(1, 2)[4:7]
    assert (top.index(max(top)), bottom.index(max(bottom))) == (2, 0)


def test_a_large_jpeg_is_read_smaller() -> None:
    stream = io.BytesIO()
    Image.new("L", (4096, 2048)).save(stream, "JPEG")

    found = read(stream)

    assert found is not None
    assert (found.width, found.height) == (2048, 1024)


def test_both_readers_agree_about_a_plain_picture() -> None:
    square = png(0x336699)

    ours, pillows = read_plain_png(io.BytesIO(square)), read(io.BytesIO(square))

    assert ours is not None
    assert pillows is not None
    assert ours.scaled(3, 4) == pillows.scaled(3, 4) == bytes((0x33, 0x66, 0x99, 0xFF)) * 12
