"""Picture files of every kind, in and out."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.pictures import decode, encode


def written(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pixels(picture: Image.Image) -> list[tuple[int, ...]]:
    return [tuple(pixel) for pixel in np.asarray(picture).reshape(-1, len(picture.getbands())).tolist()]


def test_a_photograph_taken_sideways_is_turned_upright() -> None:
    sideways = Image.new("RGB", (4, 2))
    exif = Image.Exif()
    exif[0x0112] = 6

    assert decode(written(sideways, "JPEG", exif=exif)).size == (2, 4)


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    deep = Image.fromarray(np.array([[0, 32768, 65535]], np.uint16))

    assert pixels(decode(written(deep))) == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]


def test_a_palette_with_a_transparent_colour_keeps_its_transparency() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putdata([0, 1])

    picture = decode(written(palette, transparency=1))

    assert pixels(picture) == [(255, 0, 0, 255), (0, 0, 255, 0)]


def test_transparency_is_kept_and_full_opacity_is_dropped() -> None:
    half = Image.new("RGBA", (1, 1), (10, 20, 30, 128))
    full = Image.new("RGBA", (1, 1), (10, 20, 30, 255))

    assert pixels(decode(written(half))) == [(10, 20, 30, 128)]
    assert pixels(decode(written(full))) == [(10, 20, 30)]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_of_colour_becomes_rgb(mode: str) -> None:
    white = Image.new("RGB", (3, 2), "white").convert(mode)
    kind = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"

    picture = decode(written(white, kind))

    assert (picture.mode, picture.size, set(pixels(picture))) == ("RGB", (3, 2), {(255, 255, 255)})


def with_red_and_blue_exchanged() -> bytes:
    """The sRGB profile, its table of tags saying that the first primary is blue and the last is red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")


def test_colours_of_another_profile_are_brought_to_srgb() -> None:
    red = Image.new("RGB", (1, 1), (255, 0, 0))

    converted = decode(written(red, icc_profile=with_red_and_blue_exchanged()))

    np.testing.assert_allclose(pixels(converted), [(0, 0, 255)], atol=2)


def test_a_profile_that_makes_no_sense_is_ignored() -> None:
    picture = Image.new("RGB", (1, 1), (60, 70, 80))

    assert pixels(decode(written(picture, icc_profile=b"nonsense"))) == [(60, 70, 80)]


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(Refused, match="cannot be read"):
        decode(b"not a picture")


def test_half_a_picture_is_refused() -> None:
    whole = written(Image.effect_noise((64, 64), 50))

    with pytest.raises(Refused, match="cannot be read"):
        decode(whole[: len(whole) // 2])


def test_a_picture_too_large_to_work_on_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 10_000, 5_001, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))

    with pytest.raises(Refused, match="more than 50 megapixels"):
        decode(b"\x89PNG\r\n\x1a\n" + chunk + end)


def test_what_goes_out_is_a_png_of_the_same_pixels() -> None:
    picture = Image.new("RGBA", (2, 2), (1, 2, 3, 4))

    back = Image.open(io.BytesIO(encode(picture)))

    assert (back.format, pixels(back)) == ("PNG", pixels(picture))
