"""Cutting out."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.filters import Floats, gaussian
from aeforge_cli.sandbox.engine.mattes import refined, subject_alpha, subject_colours

ORANGE, TEAL = np.array((0.9, 0.5, 0.1), np.float32), np.array((0.1, 0.4, 0.5), np.float32)


def soft_disc() -> Floats:
    """Three quarters covered at the edge: the truth."""
    y, x = np.mgrid[0:120, 0:120]
    return gaussian((np.hypot(y - 60, x - 60) < 35).astype(np.float32), 1.5)


def before_teal(alpha: Floats) -> Floats:
    return alpha[..., None] * ORANGE + (1 - alpha[..., None]) * TEAL


def test_a_rough_guess_is_refined_to_the_true_matte() -> None:
    truth = soft_disc()
    guess = gaussian((np.roll(truth, 2, axis=1) > 0.5).astype(np.float32), 3)

    alpha = refined(before_teal(truth), guess, 40)

    assert np.abs(alpha - truth).mean() < np.abs(guess - truth).mean() / 4


def test_the_subject_keeps_its_own_colour_where_the_background_shines_through() -> None:
    truth = soft_disc()

    colours = subject_colours(before_teal(truth), truth)

    edge = (truth > 0.2) & (truth < 0.8)
    np.testing.assert_allclose(colours[edge], np.broadcast_to(ORANGE, (edge.sum(), 3)), atol=0.1)


@pytest.mark.parametrize("size", [(64, 64), (8, 8), (300, 1)], ids=str)
def test_where_nothing_stands_out_nothing_is_cut_out(size: tuple[int, int]) -> None:
    with pytest.raises(Refused):
        subject_alpha(Image.new("RGB", size, (90, 90, 90)), "standard")
