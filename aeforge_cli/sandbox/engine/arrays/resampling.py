"""Arrays and pictures at another size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray


def resize(
    values: FloatArray, size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> FloatArray:
    """`values`, or the part of them in `box`, at `size`: bilinear, with a wider support when shrinking (antialiased).

    Args:
        values: H x W or H x W x C, float32, any range.
        size: Width and height of the result, in pixels.
        box: Left, top, right, bottom in pixels of `values`; fractions count.
    """
    if values.ndim == 2:
        return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR, box), dtype=np.float32)
    return np.stack([resize(np.ascontiguousarray(values[..., i]), size, box) for i in range(values.shape[2])], axis=-1)


def resize_mask(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    """An H x W mask at `size` (width, height), by the nearest pixel."""
    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))


def downscale(picture: Image.Image, side: int) -> Image.Image:
    """The picture with no side longer than `side` pixels (Lanczos); never enlarged."""
    size = fit_within(picture.size, side)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def fit_within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height scaled so that neither exceeds `side`, and both are at least 1; never enlarged."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
