"""Filling a hole from its surroundings: PatchMatch (Barnes et al. 2009), or diffusion where it cannot be loaded."""

from __future__ import annotations

import numpy as np

from aeforge_cli.sandbox.engine.filters import Bools, Bytes, Floats, resized


def fill(pixels: Bytes, hole: Bools, forbidden: Bools | None = None) -> Bytes:
    """`pixels` with the hole filled; nothing is copied from what is `forbidden`."""
    try:
        import patchmatch
    except ImportError:
        return diffuse(pixels, hole)
    if not patchmatch.patchmatch_available:
        return diffuse(pixels, hole)
    patchmatch.set_random_seed(1)
    filled: Bytes = patchmatch.inpaint(pixels, hole, global_mask=forbidden, patch_size=3)
    return filled


def diffuse(pixels: Bytes, hole: Bools) -> Bytes:
    """The smoothest surface that meets the hole's border: push-pull, then Laplace (Perez et al. 2003)."""
    values, known = pixels.astype(np.float32), ~hole
    smooth = _pull_push(values, known)
    for _ in range(60):
        smooth = np.where(hole[..., None], _neighbours(smooth), values)
    rounded: Bytes = np.clip(smooth + 0.5, 0, 255).astype(np.uint8)
    return rounded


def _pull_push(values: Floats, known: Bools) -> Floats:
    height, width = known.shape
    if known.all() or min(height, width) <= 1:
        return values
    weight = known.astype(np.float32)
    size = ((width + 1) // 2, (height + 1) // 2)
    less = resized(weight, size)
    coarse = resized(values * weight[..., None], size) / np.maximum(less, 1e-6)[..., None]
    finer = resized(_pull_push(coarse, less > 0), (width, height))
    return np.where(known[..., None], values, finer).astype(np.float32)


def _neighbours(values: Floats) -> Floats:
    padded = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
    return (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
