"""Closed-form matting (Levin, Lischinski, Weiss 2008): the smoothest alpha that the picture's local colours allow.

Between what is surely subject and what is surely not, alpha minimises  a'La + (a - prior)' D (a - prior),  with L the
matting Laplacian over windows of 3 by 3, applied without being built (He, Sun, Tang 2010), and conjugate gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.arrays.linear_algebra import symmetric_inverse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

# Smaller follows fainter edges and more noise.
_REGULARITY = np.float32(1e-5)


def closed_form_alpha(image: FloatArray, prior: FloatArray, confidence: FloatArray, steps: int) -> FloatArray:
    """`prior` pulled to the picture's edges, the less the more confidence it has there.

    Args:
        image: H x W x 3, sRGB, 0 to 1; at least 3 x 3.
        prior: H x W, float32, 0 to 1.
        confidence: H x W, float32, 0 and more: the diagonal D.
        steps: Of conjugate gradients.

    Returns:
        Alpha, H x W, float32; it may pass 0 and 1 a little.
    """
    laplacian = _Laplacian.of(image)
    return _conjugate_gradients(
        lambda alpha: laplacian.times(alpha) + confidence * alpha,
        confidence * prior,
        start=prior,
        scale=confidence + laplacian.windows * np.float32(0.3),
        steps=steps,
    )


@dataclass(frozen=True)
class _Laplacian:
    channels: Sequence[FloatArray]
    means: Sequence[FloatArray]
    # Of each window's covariance, regularised.
    inverse: Sequence[Sequence[FloatArray]]
    # How many windows each pixel is in.
    windows: FloatArray

    @classmethod
    def of(cls, image: FloatArray) -> _Laplacian:
        channels = [np.ascontiguousarray(image[..., c], np.float32) for c in range(3)]
        means = [_window_sums(channel) / 9 for channel in channels]
        entries = []
        for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)):
            covariance = _window_sums(channels[i] * channels[j]) / 9 - means[i] * means[j]
            # In flat windows hardly more than the regularity is left, and single precision would lose it.
            entries.append(covariance.astype(np.float64) + (_REGULARITY if i == j else 0))
        rr, rg, rb, gg, gb, bb = (entry.astype(np.float32) for entry in symmetric_inverse(*entries)[0])
        windows = _spread(np.ones_like(means[0]), image.shape[:2])
        return cls(channels, means, ((rr, rg, rb), (rg, gg, gb), (rb, gb, bb)), windows)

    def times(self, alpha: FloatArray) -> FloatArray:
        """In each window the best linear model of alpha by colour; what it leaves over, per pixel."""
        mean = _window_sums(alpha) / 9
        cross = [_window_sums(c * alpha) / 9 - m * mean for c, m in zip(self.channels, self.means, strict=True)]
        slopes = [row[0] * cross[0] + row[1] * cross[1] + row[2] * cross[2] for row in self.inverse]
        offset = mean - slopes[0] * self.means[0] - slopes[1] * self.means[1] - slopes[2] * self.means[2]
        left = self.windows * alpha - _spread(offset, alpha.shape)
        for slope, channel in zip(slopes, self.channels, strict=True):
            left -= _spread(slope, alpha.shape) * channel
        return left


def _window_sums(values: FloatArray) -> FloatArray:
    rows = values[:-2] + values[1:-1] + values[2:]
    return rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]


def _spread(values: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Each window's value added to its nine pixels."""
    rows = np.zeros((values.shape[0], shape[1]), np.float32)
    out = np.zeros((shape[0], shape[1]), np.float32)
    for shift in range(3):
        rows[:, shift : shift + values.shape[1]] += values
    for shift in range(3):
        out[shift : shift + values.shape[0]] += rows
    return out


def _conjugate_gradients(
    apply: Callable[[FloatArray], FloatArray], target: FloatArray, *, start: FloatArray, scale: FloatArray, steps: int
) -> FloatArray:
    solution, residue = start.copy(), target - apply(start)
    scaled = residue / scale
    direction, strength = scaled, float((residue * scaled).sum())
    for _ in range(steps):
        applied = apply(direction)
        step = strength / (float((direction * applied).sum()) + 1e-12)
        solution, residue = solution + step * direction, residue - step * applied
        scaled = residue / scale
        before, strength = strength, float((residue * scaled).sum())
        direction = scaled + (strength / (before + 1e-12)) * direction
    return solution
