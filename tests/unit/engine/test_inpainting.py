"""Holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from aeforge_cli.sandbox.engine.arrays.membrane import interpolate_membrane
from aeforge_cli.sandbox.engine.removal.inpainting import clone_patch, inpaint

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, ByteArray


def hole(size: tuple[int, int] = (96, 96)) -> BoolArray:
    mask = np.zeros(size, bool)
    mask[40:56, 36:60] = True
    return mask


def stripes() -> ByteArray:
    """A pattern that repeats every eight pixels."""
    row = np.array([40, 60, 90, 140, 200, 140, 90, 60] * 12, np.uint8)
    return np.repeat(np.tile(row, (96, 1))[..., None], 3, axis=2)


@pytest.mark.parametrize("way", [inpaint, clone_patch, interpolate_membrane])
def test_only_the_hole_changes(way: object) -> None:
    assert callable(way)
    pixels = stripes()
    pixels[hole()] = 255

    filled = way(pixels, hole())

    np.testing.assert_array_equal(filled[~hole()], pixels[~hole()])
    assert (filled[hole()] < 255).all()


@pytest.mark.parametrize("way", [inpaint, clone_patch])
def test_a_pattern_goes_on_through_the_hole(way: object) -> None:
    assert callable(way)
    damaged = stripes()
    damaged[hole()] = 255

    error = np.abs(way(damaged, hole()).astype(float) - stripes())[hole()].mean()
    smooth = np.abs(interpolate_membrane(damaged, hole()).astype(float) - stripes())[hole()].mean()

    assert error < smooth / 3


@pytest.mark.parametrize("way", [inpaint, clone_patch])
def test_nothing_is_copied_from_what_is_forbidden(way: object) -> None:
    assert callable(way)
    pixels = np.full((96, 96, 3), 120, np.uint8)
    pixels[:, 70:] = (255, 0, 0)
    forbidden = np.zeros((96, 96), bool)
    forbidden[:, 70:] = True

    filled = way(pixels, hole(), forbidden)

    np.testing.assert_array_equal(filled[hole()], np.full((hole().sum(), 3), 120))


def test_where_no_piece_fits_the_hole_is_smoothed_over() -> None:
    pixels = np.full((20, 20, 3), 80, np.uint8)
    almost_all = np.zeros((20, 20), bool)
    almost_all[1:19, 1:19] = True
    pixels[almost_all] = 0

    filled = clone_patch(pixels, almost_all)

    np.testing.assert_allclose(filled, 80, atol=1)
