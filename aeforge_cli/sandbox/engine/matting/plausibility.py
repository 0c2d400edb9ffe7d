"""Whether a cut-out can be the whole of a subject: half a building, or a hill without its foot, is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.arrays.filters import gaussian_filter
from aeforge_cli.sandbox.engine.arrays.morphology import dilate, label_components
from aeforge_cli.sandbox.engine.arrays.resampling import fit_within, resize

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray

_EXAMINED_SIDE = 320
# Pixels to each side of the outline, and how much colours must differ there to be an edge.
_REACH = 3
_EDGE = 0.06
# Of good cut-outs of people, animals and things nearly always more than 0.9, and at least 0.83.
_LEAST_SUPPORTED = 0.82
# As a share of the picture's long side; good cut-outs had at most 0.08.
_LONGEST_STRAIGHT = 0.15
_ACROSS = 0.97
_FOOT = 0.3


def require_whole_subject(image: FloatArray, alpha: FloatArray) -> None:
    """Judge a cut-out.

    Args:
        image: H x W x 3, float32, sRGB, 0 to 1.
        alpha: H x W, float32, 0 to 1.

    Raises:
        Refused: where the outline crosses what shows no edge, or what is left would float.
    """
    size = fit_within((image.shape[1], image.shape[0]), _EXAMINED_SIDE)
    image, alpha = resize(image, size), resize(alpha, size)
    solid = alpha > 0.5
    if _floats(solid):
        raise Refused(
            "What stands out runs across the whole picture, and what it stands on is background: it would float."
        )
    if _straight_cut(image, solid):
        raise Refused("The subject would be cut off along a straight line where the picture shows no edge.")
    if _supported(image, alpha) < _LEAST_SUPPORTED:
        raise Refused("The subject has no clear outline: much of it goes over into the background.")


def _floats(solid: BoolArray) -> bool:
    """Whether one part of the subject reaches from side to side, and not down to the lower border."""
    labels, count = label_components(solid)
    for label in range(1, count + 1):
        part = labels == label
        if part.any(axis=0).mean() > _ACROSS and part[-1].mean() < _FOOT and _ends_inside(part):
            return True
    return False


def _ends_inside(part: BoolArray) -> bool:
    """Whether both ends are cut by the picture's sides, and not merely near them."""
    return bool(part[:, :2].any(axis=1).mean() > 0.04 and part[:, -2:].any(axis=1).mean() > 0.04)


def _straight_cut(image: FloatArray, solid: BoolArray) -> bool:
    """A long level or upright stretch of the outline at which colours are the same on both sides."""
    length = max(4, round(_LONGEST_STRAIGHT * max(solid.shape)))
    turned = (image.transpose(1, 0, 2), solid.T)
    return any(
        _level_cut(colours[::step], mask[::step], length)
        for colours, mask in ((image, solid), turned)
        for step in (1, -1)
    )


def _level_cut(image: FloatArray, solid: BoolArray, length: int) -> bool:
    height, width = solid.shape
    if width < length:
        return False
    ends = solid[:-1] & ~solid[1:]
    # The outline of a matte wavers by a pixel.
    ends[:-1] |= ends[1:]
    rows = np.arange(height - 1)
    above, below = image[np.maximum(rows - _REACH, 0)], image[np.minimum(rows + _REACH + 1, height - 1)]
    plain = ends & (np.abs(above - below).max(axis=2) < _EDGE)
    sums = np.cumsum(np.pad(plain, ((0, 0), (1, 0))), axis=1)
    return bool((sums[:, length:] - sums[:, :-length] == length).any())


def _supported(image: FloatArray, alpha: FloatArray) -> float:
    """The share of the outline, within the picture, at which the colours on both sides differ."""
    outline = (alpha > 0.5) & dilate(alpha <= 0.5, 1)
    outline[[0, -1]] = outline[:, [0, -1]] = False
    ys, xs = np.nonzero(outline)
    if len(ys) == 0:
        return 1.0
    soft = gaussian_filter(alpha, 2)
    down, across = (np.gradient(soft, axis=axis)[ys, xs] for axis in (0, 1))
    steepness = np.hypot(down, across) + 1e-6
    down, across = down / steepness, across / steepness
    inner, outer = (_colours_at(image, ys + reach * down, xs + reach * across) for reach in (_REACH, -_REACH))
    return float((np.abs(inner - outer).max(axis=1) > _EDGE).mean())


def _colours_at(image: FloatArray, ys: FloatArray, xs: FloatArray) -> FloatArray:
    height, width = image.shape[:2]
    rows, columns = np.clip(np.round(ys), 0, height - 1), np.clip(np.round(xs), 0, width - 1)
    colours: FloatArray = image[rows.astype(int), columns.astype(int)]
    return colours
