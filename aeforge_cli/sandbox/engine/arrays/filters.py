"""Smoothing of arrays: box, Gaussian and guided filters, in numpy alone. Windows are cut at the border."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.arrays.linear_algebra import symmetric_inverse

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray


def box_filter(values: FloatArray, radius: int) -> FloatArray:
    """The mean over a window of 2·radius + 1 pixels square (running sums, so its cost does not grow with `radius`).

    Args:
        values: H x W or H x W x C, any range. The result has the same shape, in float32.
        radius: In pixels.
    """
    return _box_filter_along(_box_filter_along(values, radius, 0), radius, 1)


def gaussian_filter(values: FloatArray, sigma: float) -> FloatArray:
    """A Gaussian as three box filters (Wells, "Efficient synthesis of Gaussian filters", 1986).

    Args:
        values: H x W or H x W x C, float32, any range. The result has the same shape.
        sigma: In pixels; at 0.3 or less nothing changes.
    """
    if sigma <= 0.3:
        return values
    radius = max(1, round((np.sqrt(4 * sigma * sigma + 1) - 1) / 2))
    for _ in range(3):
        values = box_filter(values, radius)
    return values


def guided_filter_coefficients(
    guide: FloatArray, values: FloatArray, radius: int, epsilon: float
) -> tuple[FloatArray, FloatArray]:
    """The local linear model of `values` by colour (He, Sun, Tang, "Guided image filtering", 2010).

    The coefficients may be enlarged and applied to a larger guide (He, Sun, "Fast guided filter", 2015).

    Args:
        guide: H x W x 3, float32, sRGB, 0 to 1.
        values: H x W, float32, 0 to 1.
        radius: Of the windows, in pixels.
        epsilon: Variance of colour (0 to 1, squared) below which an edge of the guide is smoothed over.

    Returns:
        Slope H x W x 3 and offset H x W, for `apply_linear_model`.
    """
    mean_guide, mean_values = box_filter(guide, radius), box_filter(values, radius)
    cross = box_filter(guide * values[..., None], radius) - mean_guide * mean_values[..., None]
    slope = _solve_covariance(guide, mean_guide, cross, radius, epsilon)
    offset = mean_values - np.einsum("ijc,ijc->ij", slope, mean_guide)
    return box_filter(slope, radius), box_filter(offset, radius)


def apply_linear_model(guide: FloatArray, slope: FloatArray, offset: FloatArray) -> FloatArray:
    """slope · guide + offset at each pixel: H x W from a guide H x W x 3, a slope H x W x 3 and an offset H x W."""
    modelled: FloatArray = np.einsum("ijc,ijc->ij", slope, guide) + offset
    return modelled


def clip_unit(values: FloatArray) -> FloatArray:
    """`values` of any shape cut to 0 to 1, in float32."""
    cut: FloatArray = np.clip(values, 0, 1).astype(np.float32)
    return cut


def _box_filter_along(values: FloatArray, radius: int, axis: int) -> FloatArray:
    ahead = np.moveaxis(values, axis, 0)
    length = len(ahead)
    # In double precision: over a large picture, running sums in single precision would lose the last digits.
    sums = np.empty((length + 1 + 2 * radius, *ahead.shape[1:]), np.float64)
    sums[: radius + 1] = 0
    np.cumsum(ahead, axis=0, out=sums[radius + 1 : radius + 1 + length])
    sums[radius + 1 + length :] = sums[radius + length]
    places = np.arange(length)
    counts = np.minimum(places + radius + 1, length) - np.maximum(places - radius, 0)
    means = (sums[2 * radius + 1 :] - sums[:length]) / counts.reshape(-1, *[1] * (values.ndim - 1))
    return np.ascontiguousarray(np.moveaxis(means, 0, axis), np.float32)


def _solve_covariance(
    guide: FloatArray, mean: FloatArray, cross: FloatArray, radius: int, epsilon: float
) -> FloatArray:
    """Solve (covariance + epsilon) slope = cross in every window."""

    def covariance(i: int, j: int) -> FloatArray:
        spread = box_filter(guide[..., i] * guide[..., j], radius) - mean[..., i] * mean[..., j]
        return spread + np.float32(epsilon if i == j else 0)

    (irr, irg, irb, igg, igb, ibb), _ = symmetric_inverse(
        covariance(0, 0), covariance(0, 1), covariance(0, 2), covariance(1, 1), covariance(1, 2), covariance(2, 2)
    )
    r, g, b = cross[..., 0], cross[..., 1], cross[..., 2]
    return np.stack([irr * r + irg * g + irb * b, irg * r + igg * g + igb * b, irb * r + igb * g + ibb * b], axis=-1)
