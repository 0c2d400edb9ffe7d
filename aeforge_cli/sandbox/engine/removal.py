"""The object at a named place, and the picture without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.fill import fill
from aeforge_cli.sandbox.engine.filters import Bools, gaussian
from aeforge_cli.sandbox.engine.finding import find_object
from aeforge_cli.sandbox.engine.regions import grown

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.edits import Place


def remove(picture: Image.Image, place: Place) -> Image.Image:
    hole = hole_at(picture, place)
    if hole is None:
        raise Refused("No single object stands out at that place.")
    return without(picture, hole)


def hole_at(picture: Image.Image, place: Place) -> Bools | None:
    """What to take away so that nothing of the object is left, in the picture's size."""
    small = picture.copy()
    small.thumbnail((768, 768), Image.Resampling.LANCZOS)
    found = find_object(small, place)
    if found is None:
        return None
    full = np.asarray(Image.fromarray(found).resize(picture.size, Image.Resampling.NEAREST))
    return grown(full, max(2, max(picture.size) // 170))


def without(picture: Image.Image, hole: Bools) -> Image.Image:
    pixels = np.asarray(picture)
    filled = fill(pixels, hole)
    soft = gaussian(hole.astype(np.float32), 1.0)[..., None]
    return Image.fromarray((pixels * (1 - soft) + filled * soft + 0.5).astype(np.uint8))
