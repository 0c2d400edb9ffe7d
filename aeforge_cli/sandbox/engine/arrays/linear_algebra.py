"""Many small matrices at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray


def symmetric_inverse(
    rr: FloatArray, rg: FloatArray, rb: FloatArray, gg: FloatArray, gb: FloatArray, bb: FloatArray
) -> tuple[tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]:
    """Inverses of symmetric 3 x 3 matrices, given and returned as their six upper entries, and their determinants.

    Each entry is an array of one shape, with one value per matrix; the dtype is kept. Determinants are at least 1e-15.
    """
    irr, irg, irb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    igg, igb, ibb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant: FloatArray = np.maximum(rr * irr + rg * irg + rb * irb, 1e-15)
    irr, irg, irb = irr / determinant, irg / determinant, irb / determinant
    return (irr, irg, irb, igg / determinant, igb / determinant, ibb / determinant), determinant
