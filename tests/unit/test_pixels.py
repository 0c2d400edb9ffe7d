"""The pixels of a picture, as Pillow reads and scales them for a terminal."""

import io
import zlib

import pytest
from PIL import Image

from aeforge_cli.output.pixels import MOST_PIXELS, opaque, read, scaled


def saved(image: Image.Image, kind: str = "PNG", **how: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream


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
    size: tuple[int, int], expected: bytes
) -> None:
    two = Image.new("RGB", (2, 1), "red")
    two.putpixel((1, 0), (0, 0, 255))

    found = scaled(read(saved(two)), *size).tobytes()

    assert all(abs(a - b) <= 1 for a, b in zip(found, expected, strict=True))


def test_what_is_transparent_shows_a_checkerboard_of_squares() -> None:
    clear = Image.new("RGBA", (16, 8), (255, 0, 0, 0))

    found = opaque(clear)

    light, dark = (0x99,) * 3, (0x66,) * 3
    assert found.mode == "RGB"
    assert [found.getpixel((x, 3)) for x in range(0, 16, 4)] == [light, dark, light, dark]
    assert [found.getpixel((x, 4)) for x in range(0, 16, 4)] == [dark, light, dark, light]


def test_a_picture_of_very_many_pixels_is_not_unpacked() -> None:
    header = bytearray(saved(Image.new("L", (1, 1))).getvalue())
    header[16:24] = (MOST_PIXELS // 2).to_bytes(4, "big") + (3).to_bytes(4, "big")
    header[29:33] = zlib.crc32(bytes(header[12:29])).to_bytes(4, "big")

    with pytest.raises(ValueError, match="too many to draw"):
        read(io.BytesIO(header))


def test_a_photograph_taken_with_the_camera_on_its_side_is_upright() -> None:
    lying = Image.new("RGB", (40, 20), "red")
    lying.paste("blue", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # the left side of what is stored belongs at the top

    found = read(saved(lying, "JPEG", exif=exif, quality=95))

    assert found.size == (20, 40)
    top, bottom = (scaled(found, 1, 2).getpixel((0, y)) for y in (0, 1))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top.index(max(top[:3])), bottom.index(max(bottom[:3]))) == (2, 0)


def test_a_large_jpeg_is_read_smaller() -> None:
    assert read(saved(Image.new("L", (4096, 2048)), "JPEG")).size == (2048, 1024)
