"""Membrane interpolation: known pixels kept, and between them the smoothest surface (Laplace's equation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.arrays.resampling import resize

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, ByteArray, FloatArray

# After pull-push the error left has short waves, which this many steps of Jacobi's iteration smooth.
_RELAXATIONS = 60


def interpolate_membrane(pixels: ByteArray, hole: BoolArray) -> ByteArray:
    """H x W x 3 pixels (uint8, sRGB) with the `hole` (H x W) filled by the membrane that meets its border."""
    smooth = solve_laplace(pixels.astype(np.float32), ~hole)
    filled: ByteArray = np.where(hole[..., None], np.clip(smooth + 0.5, 0, 255), pixels).astype(np.uint8)
    return filled


def solve_laplace(values: FloatArray, known: BoolArray) -> FloatArray:
    """`values` (H x W x C, any range) where `known` (H x W), and the membrane between them elsewhere, in float32.

    Pull-push (Gortler et al., "The lumigraph", 1996) gives the start, Jacobi's iteration the rest.
    """
    smooth = _pull_push(values, known)
    for _ in range(_RELAXATIONS):
        smooth = np.where(known[..., None], values, _neighbour_mean(smooth))
    return smooth


def _pull_push(values: FloatArray, known: BoolArray) -> FloatArray:
    """Coarser and coarser means of what is known, brought back where it is not."""
    height, width = known.shape
    if known.all() or min(height, width) <= 1:
        return values
    weight = known.astype(np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    coarse_weight = resize(weight, size)
    coarse = resize(values * weight[..., None], size) / np.maximum(coarse_weight, 1e-6)[..., None]
    finer = resize(_pull_push(coarse, coarse_weight > 0), (width, height))
    return np.where(known[..., None], values, finer).astype(np.float32)


def _neighbour_mean(values: FloatArray) -> FloatArray:
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
    return (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
