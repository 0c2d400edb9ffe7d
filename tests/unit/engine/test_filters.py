"""Smoothing."""

from __future__ import annotations

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine.arrays.filters import (
    apply_linear_model,
    box_filter,
    gaussian_filter,
    guided_filter_coefficients,
)
from aeforge_cli.sandbox.engine.arrays.resampling import downscale, resize


def test_a_box_filter_is_the_mean_over_the_window_also_at_the_border() -> None:
    values = np.arange(20, dtype=np.float32).reshape(4, 5)

    smooth = box_filter(values, 1)

    naive = [[values[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].mean() for x in range(5)] for y in range(4)]
    np.testing.assert_allclose(smooth, naive, rtol=1e-6)


def test_smoothing_neither_adds_nor_takes_light() -> None:
    flat = np.full((30, 40), 0.3, np.float32)

    np.testing.assert_allclose(gaussian_filter(flat, 5), flat, rtol=1e-5)


def test_a_guided_filter_moves_a_misplaced_edge_to_the_edge_of_the_picture() -> None:
    guide = np.zeros((40, 40, 3), np.float32)
    guide[:, 20:] = 0.8
    misplaced = np.zeros((40, 40), np.float32)
    misplaced[:, 23:] = 1

    followed = apply_linear_model(guide, *guided_filter_coefficients(guide, misplaced, 8, 1e-4))

    steepest = np.abs(np.diff(followed[20])).argmax()
    assert steepest == 19


def test_a_part_of_a_plane_can_be_enlarged_alone() -> None:
    plane = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)

    whole = resize(plane, (16, 16))
    lower = resize(plane, (16, 8), (0, 4, 8, 8))

    np.testing.assert_allclose(lower[2:], whole[10:], atol=1e-5)


def test_a_picture_is_reduced_to_its_long_side_and_never_enlarged() -> None:
    assert downscale(Image.new("RGB", (400, 100)), 200).size == (200, 50)
    assert downscale(Image.new("RGB", (40, 10)), 200).size == (40, 10)
    assert downscale(Image.new("RGB", (4000, 1)), 200).size == (200, 1)
