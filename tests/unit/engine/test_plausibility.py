"""Cut-outs that cannot be the whole of a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.arrays.filters import gaussian_filter
from aeforge_cli.sandbox.engine.matting.plausibility import require_whole_subject

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray

HEIGHT, WIDTH = 160, 240
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]


def picture(of: BoolArray) -> FloatArray:
    """Something brown on green, with a little noise."""
    colours = np.where(of[..., None], np.array((0.5, 0.3, 0.2)), np.array((0.2, 0.5, 0.3)))
    return (colours + np.random.default_rng(1).normal(0, 0.01, colours.shape)).astype(np.float32)


def alpha(of: BoolArray) -> FloatArray:
    return gaussian_filter(of.astype(np.float32), 0.8)


BALL = np.hypot(ROWS - 80, COLUMNS - 120) < 45
BUST = np.hypot(ROWS - 150, (COLUMNS - 120) / 1.5) < 60
BOX = (ROWS > 40) & (ROWS < 130) & (COLUMNS > 60) & (COLUMNS < 180)
HILL = (60 + 20 * np.sin(COLUMNS / 40) < ROWS) & (120 + 10 * np.sin(COLUMNS / 15) > ROWS)


@pytest.mark.parametrize("subject", [BALL, BUST, BOX], ids=["ball", "bust", "box"])
def test_a_whole_subject_is_cut_out(subject: BoolArray) -> None:
    require_whole_subject(picture(subject), alpha(subject))


@pytest.mark.parametrize("half", [COLUMNS < 120, ROWS < 80], ids=["upright", "level"])
def test_a_straight_cut_through_something_is_refused(half: BoolArray) -> None:
    with pytest.raises(Refused, match="straight line"):
        require_whole_subject(picture(BOX), alpha(BOX & half))


def test_a_hill_without_its_foot_is_refused() -> None:
    with pytest.raises(Refused, match="would float"):
        require_whole_subject(picture(HILL), alpha(HILL))


def test_a_hill_that_goes_down_to_the_lower_border_is_cut_out() -> None:
    down = 60 + 20 * np.sin(COLUMNS / 40) < ROWS

    require_whole_subject(picture(down), alpha(down))


def test_an_outline_where_the_picture_shows_none_is_refused() -> None:
    wavy = np.hypot(ROWS - 80, COLUMNS - 120) < 40 + 6 * np.sin(np.arctan2(ROWS - 80, COLUMNS - 120) * 9)

    with pytest.raises(Refused, match="no clear outline"):
        require_whole_subject(picture(np.zeros_like(wavy)), alpha(wavy))
