"""A subject before another background: light, edges, and the ground it stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine.filters import Floats, resized

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.mattes import Matte

# Rows composed at once: bounds the memory of the largest photographs.
_STRIP = 256


def compose(picture: Image.Image, matte: Matte, behind: Floats) -> Image.Image:
    """The subject of `picture`, in its full size, before a backdrop of any size."""
    out = Image.new("RGB", picture.size)
    Image.fromarray(matte.alpha)
    width, height = picture.size
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        strip = np.asarray(picture.crop((0, top, width, bottom)).convert("RGB"), np.float32) / 255
        a = _strip_of(matte.alpha, (top / height, bottom / height), (width, bottom - top))[..., None]
        colours = _strip_of(matte.colours, (top / height, bottom / height), (width, bottom - top))
        ground = _strip_of(behind, (top / height, bottom / height), (width, bottom - top))
        subject = a * strip + (1 - a) * colours
        mixed = a * subject + (1 - a) * ground
        out.paste(Image.fromarray((np.clip(mixed, 0, 1) * 255 + 0.5).astype(np.uint8)), (0, top))
    return out


def _strip_of(values: Floats, rows: tuple[float, float], size: tuple[int, int]) -> Floats:
    height, width = values.shape[:2]
    return resized(values, size, (0, rows[0] * height, width, rows[1] * height))
