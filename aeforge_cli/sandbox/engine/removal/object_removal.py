"""The picture without the object at a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine import Quality, Refused
from aeforge_cli.sandbox.engine.arrays.filters import clip_unit, gaussian_filter
from aeforge_cli.sandbox.engine.arrays.morphology import dilate
from aeforge_cli.sandbox.engine.arrays.resampling import downscale, resize
from aeforge_cli.sandbox.engine.matting.saliency import foreground_probability
from aeforge_cli.sandbox.engine.removal.inpainting import inpaint
from aeforge_cli.sandbox.engine.removal.localisation import Doubt, locate_object

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray
    from aeforge_cli.sandbox.engine.edits import Place

_REASONS = {
    Doubt.NOTHING: "At that place no single object can be told from what is around it. "
    "Another place, or another photograph, may work.",
    Doubt.SEVERAL: "At that place more than one object stands out. Name a place with only one of them, "
    'such as "upper left corner".',
    Doubt.PART: "What stands out at that place is part of something larger, such as the picture's main subject.",
}
_SMALLEST = 16
SEARCHED_SIDE = 768
# The hole and as much again around it are filled at this size.
_FILLED_SIDE: dict[Quality, int] = {"standard": 640, "pro": 1024}


def remove_object(picture: Image.Image, place: Place, quality: Quality) -> Image.Image:
    """The RGB picture without the object at a place.

    Raises:
        Refused: where it is doubtful what the object is.
    """
    if min(picture.size) < _SMALLEST:
        raise Refused("The picture is too small to tell an object from what is around it.")
    small = downscale(picture, SEARCHED_SIDE)
    whole = salient_map(small)
    hole = hole_mask(small, place, whole)
    if isinstance(hole, Doubt):
        raise Refused(_REASONS[hole])
    return fill_hole(picture, hole, whole > 0.5, quality)


def salient_map(small: Image.Image) -> FloatArray:
    """What stands out in an RGB picture, in its shape, float32, 0 to 1."""
    return resize(foreground_probability(small), small.size)


def hole_mask(small: Image.Image, place: Place, whole: FloatArray) -> BoolArray | Doubt:
    """What to take away so that nothing of the object is left, H x W in the picture's shape, or why nothing is.

    Args:
        small: RGB, no larger than the size that is searched.
        place: Where the object is.
        whole: What stands out in the picture, from `salient_map`.
    """
    found = locate_object(small, place, whole)
    return found if isinstance(found, Doubt) else with_soft_edge(found)


def with_soft_edge(outline: BoolArray) -> BoolArray:
    """The network draws outlines a little tight; soft edges and thin shadows lie just outside."""
    return dilate(outline, max(2, round(max(outline.shape) / 170)))


def fill_hole(picture: Image.Image, hole: BoolArray, subject: BoolArray, quality: Quality) -> Image.Image:
    """The RGB picture with the hole filled from its surroundings.

    Args:
        picture: RGB.
        hole: H x W, at any size.
        subject: H x W, at any size: not copied into the hole.
        quality: Pro fills at a larger size.
    """
    around = _surroundings(hole, picture.size)
    crop = picture.crop(around)
    small = downscale(crop, _FILLED_SIDE[quality])
    # Outlines of bigger pictures are as coarse as the search was: a pixel more, and none is left.
    empty = _seen(hole, picture.size, around, small.size)
    kept = _forbidden(_seen(subject, picture.size, around, small.size), empty)
    filled = Image.fromarray(inpaint(np.asarray(small), empty, kept))
    soft = clip_unit(2 * gaussian_filter(dilate(empty, 1).astype(np.float32), 1.0))
    patch = Image.fromarray((np.maximum(soft, empty) * 255).astype(np.uint8))
    out = picture.copy()
    out.paste(
        filled.resize(crop.size, Image.Resampling.BICUBIC),
        around[:2],
        patch.resize(crop.size, Image.Resampling.BILINEAR),
    )
    return out


def _surroundings(hole: BoolArray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The hole's frame and, on every side, as much again."""
    ys, xs = np.nonzero(hole)
    scale_x, scale_y = size[0] / hole.shape[1], size[1] / hole.shape[0]
    reach = max(int(np.ptp(xs)) * scale_x, int(np.ptp(ys)) * scale_y, 48)
    return (
        max(0, int(xs.min() * scale_x - reach)),
        max(0, int(ys.min() * scale_y - reach)),
        min(size[0], int((xs.max() + 1) * scale_x + reach)),
        min(size[1], int((ys.max() + 1) * scale_y + reach)),
    )


def _seen(mask: BoolArray, size: tuple[int, int], around: tuple[int, int, int, int], to: tuple[int, int]) -> BoolArray:
    """A mask of the whole picture, in a part of it, at another size."""
    scale_x, scale_y = mask.shape[1] / size[0], mask.shape[0] / size[1]
    box = (around[0] * scale_x, around[1] * scale_y, around[2] * scale_x, around[3] * scale_y)
    image = Image.fromarray(mask.astype(np.uint8) * 255).resize(to, Image.Resampling.BILINEAR, box)
    return np.asarray(image) > 100


def _forbidden(subject: BoolArray, hole: BoolArray) -> BoolArray | None:
    """A face must not be copied into the hole, unless the hole is in the face; and something must be left to copy."""
    forbidden = dilate(subject, 3) & ~hole
    border = dilate(hole, 4) & ~hole
    left = ~(forbidden | hole)
    within = forbidden[border].mean() > 0.4
    return forbidden if forbidden.any() and not within and left.sum() > 1.5 * hole.sum() else None
