"""Filling a hole from its surroundings: PatchMatch (Barnes et al. 2009), or one copied piece where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from aeforge_cli.sandbox.engine.arrays.membrane import interpolate_membrane, solve_laplace
from aeforge_cli.sandbox.engine.arrays.morphology import dilate

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, ByteArray, FloatArray

Indices: TypeAlias = npt.NDArray[np.int64]

_PATCH_RADIUS = 3


def inpaint(pixels: ByteArray, hole: BoolArray, forbidden: BoolArray | None = None) -> ByteArray:
    """`pixels` with the hole filled by PatchMatch, or by `clone_patch` where that is not installed.

    Args:
        pixels: H x W x 3, uint8, sRGB.
        hole: H x W.
        forbidden: H x W: what nothing is copied from.

    Returns:
        H x W x 3, uint8, sRGB; outside the hole unchanged.
    """
    try:
        import patchmatch
    except ImportError:
        return clone_patch(pixels, hole, forbidden)
    # The package installs without its compiled part on machines it has no wheel for.
    if not patchmatch.patchmatch_available:
        return clone_patch(pixels, hole, forbidden)
    patchmatch.set_random_seed(1)
    filled: ByteArray = patchmatch.inpaint(pixels, hole, global_mask=forbidden, patch_size=_PATCH_RADIUS)
    return filled


def clone_patch(pixels: ByteArray, hole: BoolArray, forbidden: BoolArray | None = None) -> ByteArray:
    """The piece of the picture whose rim fits best, its colours bent to the hole's rim.

    The correction is a membrane, as in Poisson cloning (Perez, Gangnet, Blake, "Poisson image editing", 2003).
    Arguments and result are those of `inpaint`.
    """
    rim = dilate(hole, 4) & ~hole
    usable = ~hole if forbidden is None else ~(hole | forbidden)
    shift = _best_offset(pixels.astype(np.float32), hole | rim, rim, usable)
    if shift is None:
        return interpolate_membrane(pixels, hole)
    moved = np.roll(pixels, shift, axis=(0, 1)).astype(np.float32)
    misfit = solve_laplace(np.where(rim[..., None], pixels - moved, 0).astype(np.float32), rim)
    bent = np.clip(moved + misfit + 0.5, 0, 255)
    return np.where(hole[..., None], bent, pixels).astype(np.uint8)


def _best_offset(pixels: FloatArray, needed: BoolArray, rim: BoolArray, usable: BoolArray) -> tuple[int, int] | None:
    """Over all directions and a few distances; what would come from the hole, or beyond the border, is out."""
    ys, xs = np.nonzero(needed)
    ys, xs = ys[:: max(1, len(ys) // 4000)], xs[:: max(1, len(xs) // 4000)]
    rim_ys, rim_xs = np.nonzero(rim)
    wanted, size = pixels[rim_ys, rim_xs], max(int(np.ptp(ys)), int(np.ptp(xs)))
    best: tuple[float, tuple[int, int]] | None = None
    for angle in np.linspace(0, 2 * np.pi, 32, endpoint=False):
        for distance in (1.02, 1.25, 1.6, 2.2, 3.0):
            down, across = round(size * distance * np.sin(angle)), round(size * distance * np.cos(angle))
            if not _inside(ys - down, xs - across, usable):
                continue
            misfit = float(np.abs(wanted - pixels[rim_ys - down, rim_xs - across]).mean())
            if best is None or misfit < best[0]:
                best = misfit, (down, across)
    return None if best is None else best[1]


def _inside(ys: Indices, xs: Indices, usable: BoolArray) -> bool:
    height, width = usable.shape
    if ys.min() < 0 or xs.min() < 0 or ys.max() >= height or xs.max() >= width:
        return False
    return bool(usable[ys, xs].all())
