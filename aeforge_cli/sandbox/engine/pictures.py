"""What a picture file is to the engine: upright sRGB, eight bits, RGB or RGBA; PNG on the way out."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

from aeforge_cli.sandbox.engine import Refused

LARGEST = 50_000_000


def decode(data: bytes) -> Image.Image:
    """A picture file as RGB, or as RGBA where anything is transparent: upright, in sRGB, eight bits a channel.

    Raises:
        Refused: for what cannot be read, and for more than 50 megapixels.
    """
    try:
        with Image.open(io.BytesIO(data)) as file:
            if file.width * file.height > LARGEST:
                raise Refused(f"The picture has more than {LARGEST // 1_000_000} megapixels.")
            file.load()
            upright = ImageOps.exif_transpose(file)
    except (OSError, SyntaxError, ValueError) as broken:
        # Pillow's formats raise any of these for bytes that are damaged, or that claim an absurd size.
        raise Refused(
            "The picture cannot be read: it is damaged, or in a format this engine does not know."
        ) from broken
    return _to_srgb(upright)


def encode(picture: Image.Image) -> bytes:
    """The picture as a PNG file."""
    out = io.BytesIO()
    # Level 6 takes seconds on large photographs and saves a few per cent.
    picture.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _to_srgb(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    alpha = _alpha(picture)
    colour = _eight_bits(picture)
    rgb = _from_profile(colour, profile) if isinstance(profile, bytes) else colour.convert("RGB")
    if alpha is not None:
        rgb.putalpha(alpha)
    return rgb


def _alpha(picture: Image.Image) -> Image.Image | None:
    if not picture.has_transparency_data:
        return None
    alpha = picture.convert("RGBA").getchannel("A")
    return None if alpha.getextrema() == (255, 255) else alpha


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Pillow clips sixteen bits at 255; photographs need them scaled."""
    if picture.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        values = np.asarray(picture, dtype=np.float32)
        brightest = 1.0 if picture.mode == "F" and values.max() <= 1 else 65535.0
        return Image.fromarray((np.clip(values / brightest, 0, 1) * 255 + 0.5).astype(np.uint8))
    if picture.mode in ("RGB", "L", "CMYK", "LAB"):
        return picture
    return picture.convert("RGBA").convert("RGB")


def _from_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        # A profile that does not fit the pixels is ignored by every viewer, so here too.
        return picture.convert("RGB")
    return picture.convert("RGB") if converted is None else converted
