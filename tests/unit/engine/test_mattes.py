"""Cutting out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.arrays.filters import gaussian_filter
from aeforge_cli.sandbox.engine.matting.mattes import (
    estimate_alpha,
    estimate_foreground,
    feather,
    refine_alpha,
    subject_matte,
    subject_probability,
)

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

ORANGE, TEAL = np.array((0.9, 0.5, 0.1), np.float32), np.array((0.1, 0.4, 0.5), np.float32)


def soft_disc() -> FloatArray:
    """Three quarters covered at the edge: the truth."""
    y, x = np.mgrid[0:120, 0:120]
    return gaussian_filter((np.hypot(y - 60, x - 60) < 35).astype(np.float32), 1.5)


def before_teal(alpha: FloatArray) -> FloatArray:
    return alpha[..., None] * ORANGE + (1 - alpha[..., None]) * TEAL


def test_a_rough_guess_is_refined_to_the_true_matte() -> None:
    truth = soft_disc()
    guess = gaussian_filter((np.roll(truth, 2, axis=1) > 0.5).astype(np.float32), 3)

    alpha = refine_alpha(before_teal(truth), guess, 40)

    assert np.abs(alpha - truth).mean() < np.abs(guess - truth).mean() / 4


def test_the_subject_keeps_its_own_colour_where_the_background_shines_through() -> None:
    truth = soft_disc()

    colours = estimate_foreground(before_teal(truth), truth)

    edge = (truth > 0.2) & (truth < 0.8)
    assert np.abs(colours[edge] - ORANGE).max() < 0.1


@pytest.mark.parametrize("size", [(64, 64), (8, 8), (300, 1)], ids=str)
def test_where_nothing_stands_out_nothing_is_cut_out(size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, (90, 90, 90))

    with pytest.raises(Refused):
        estimate_alpha(picture, subject_probability(picture, "standard")[0], "standard")


def test_a_subject_of_which_most_is_unsure_is_not_cut_out_but_a_thin_one_with_soft_edges_is() -> None:
    picture, unsure, thin = Image.new("RGB", (200, 200)), np.zeros((200, 200)), np.zeros((200, 200))
    picture.paste((255, 255, 255), (98, 20, 102, 180))
    unsure[50:150, 50:150], unsure[50:90, 50:90] = 0.5, 1
    thin[20:180, 96:104], thin[20:180, 99:101] = 0.5, 1

    with pytest.raises(Refused):
        estimate_alpha(picture, unsure.astype(np.float32), "standard")
    assert estimate_alpha(picture, thin.astype(np.float32), "standard")[100, 100] > 0.9


def test_a_subject_that_another_look_does_not_see_is_refused() -> None:
    picture, seen = Image.new("RGB", (200, 200)), np.zeros((200, 200), np.float32)
    picture.paste((255, 255, 255), (60, 60, 140, 140))
    seen[60:140, 60:140] = 1

    assert subject_matte(picture, seen, 0.9, "standard").alpha[100, 100] > 0.9
    with pytest.raises(Refused, match="doubtful"):
        subject_matte(picture, seen, 0.4, "standard")


def test_a_closer_look_counts_for_nothing_where_its_frame_crosses_the_picture() -> None:
    """A step there would be a straight cut through the subject."""
    weights = feather((100, 80), (0, 40, 80, 140), (200, 200))

    assert weights[50, 40] == 1
    assert weights[0, 40] < 0.2
    assert weights[-1, 40] < 0.2
    assert weights[50, -1] < 0.2
    assert weights[50, 0] == 1
