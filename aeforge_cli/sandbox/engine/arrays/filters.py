"""Smoothing of arrays: box, Gaussian and guided filters, in numpy alone."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats: TypeAlias = npt.NDArray[np.floating]
Bools: TypeAlias = npt.NDArray[np.bool_]
Bytes: TypeAlias = npt.NDArray[np.uint8]


def box(values: Floats, radius: int) -> Floats:
    """The mean over a square window, cut at the border."""
    return _box_along(_box_along(values, radius, 0), radius, 1)


def gaussian(values: Floats, sigma: float) -> Floats:
    """Three box filters, which are a Gaussian to the eye (Wells 1986)."""
    if sigma <= 0.3:
        return values
    radius = max(1, round((np.sqrt(4 * sigma * sigma + 1) - 1) / 2))
    for _ in range(3):
        values = box(values, radius)
    return values


def guided(guide: Floats, values: Floats, radius: int, epsilon: float) -> Floats:
    """`values` made to follow the edges of a colour `guide` (He, Sun, Tang 2010)."""
    slope, offset = guided_coefficients(guide, values, radius, epsilon)
    return follow(guide, slope, offset)


def guided_coefficients(guide: Floats, values: Floats, radius: int, epsilon: float) -> tuple[Floats, Floats]:
    """The local linear model, which may be enlarged and applied to a larger guide (He, Sun 2015)."""
    mean_guide, mean_values = box(guide, radius), box(values, radius)
    cross = box(guide * values[..., None], radius) - mean_guide * mean_values[..., None]
    slope = _solve_covariance(guide, mean_guide, cross, radius, epsilon)
    offset = mean_values - np.einsum("ijc,ijc->ij", slope, mean_guide)
    return box(slope, radius), box(offset, radius)


def follow(guide: Floats, slope: Floats, offset: Floats) -> Floats:
    followed: Floats = np.einsum("ijc,ijc->ij", slope, guide) + offset
    return followed


def unit(values: Floats) -> Floats:
    """Cut to what a share can be, 0 to 1."""
    cut: Floats = np.clip(values, 0, 1).astype(np.float32)
    return cut


def resized(values: Floats, size: tuple[int, int], box: tuple[float, float, float, float] | None = None) -> Floats:
    """`values`, or the part of them in `box`, at `size` (width, height)."""
    if values.ndim == 2:
        return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR, box), dtype=np.float32)
    return np.stack([resized(np.ascontiguousarray(values[..., i]), size, box) for i in range(values.shape[2])], axis=-1)


def symmetric_inverse(
    rr: Floats, rg: Floats, rb: Floats, gg: Floats, gb: Floats, bb: Floats
) -> tuple[tuple[Floats, Floats, Floats, Floats, Floats, Floats], Floats]:
    """The same six entries of the inverses of many symmetric matrices of 3 by 3, and the determinants."""
    irr, irg, irb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    igg, igb, ibb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant: Floats = np.maximum(rr * irr + rg * irg + rb * irb, 1e-15)
    irr, irg, irb = irr / determinant, irg / determinant, irb / determinant
    return (irr, irg, irb, igg / determinant, igb / determinant, ibb / determinant), determinant


def reduced(picture: Image.Image, side: int) -> Image.Image:
    """The picture with no side longer than `side`."""
    size = at_most(picture.size, side)
    return picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def at_most(size: tuple[int, int], side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _box_along(values: Floats, radius: int, axis: int) -> Floats:
    ahead = np.moveaxis(values, axis, 0)
    length = len(ahead)
    sums = np.empty((length + 1 + 2 * radius, *ahead.shape[1:]), np.float64)
    sums[: radius + 1] = 0
    np.cumsum(ahead, axis=0, out=sums[radius + 1 : radius + 1 + length])
    sums[radius + 1 + length :] = sums[radius + length]
    places = np.arange(length)
    counts = np.minimum(places + radius + 1, length) - np.maximum(places - radius, 0)
    means = (sums[2 * radius + 1 :] - sums[:length]) / counts.reshape(-1, *[1] * (values.ndim - 1))
    return np.ascontiguousarray(np.moveaxis(means, 0, axis), np.float32)


def _solve_covariance(guide: Floats, mean: Floats, cross: Floats, radius: int, epsilon: float) -> Floats:
    """Solve (covariance + epsilon) slope = cross in every window."""

    def covariance(i: int, j: int) -> Floats:
        spread = box(guide[..., i] * guide[..., j], radius) - mean[..., i] * mean[..., j]
        return spread + np.float32(epsilon if i == j else 0)

    (irr, irg, irb, igg, igb, ibb), _ = symmetric_inverse(
        covariance(0, 0), covariance(0, 1), covariance(0, 2), covariance(1, 1), covariance(1, 2), covariance(2, 2)
    )
    r, g, b = cross[..., 0], cross[..., 1], cross[..., 2]
    return np.stack([irr * r + irg * g + irb * b, irg * r + igg * g + igb * b, irb * r + igb * g + ibb * b], axis=-1)
