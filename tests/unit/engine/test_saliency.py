"""What stands out, asked of the network in several ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from aeforge_cli.sandbox.engine.matting.saliency import (
    INPUT_SIDE,
    augmented_foreground_probability,
    foreground_probability,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray


def seen(answer: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """By a network that sees what `answer` says in the red channel it is shown."""
    return looked_at(answer)[0]


def looked_at(answer: Callable[[FloatArray], FloatArray]) -> tuple[FloatArray, float]:
    return augmented_foreground_probability(red_in_a_corner(), lambda planes: answer(planes[0, 0]).astype(np.float32))


def red_in_a_corner() -> Image.Image:
    picture = Image.new("RGB", (INPUT_SIDE, INPUT_SIDE), (0, 0, 0))
    picture.paste((255, 0, 0), (20, 30, 120, 90))
    return picture


def test_every_look_shows_the_picture_another_way_up_and_finds_the_thing_in_the_same_place() -> None:
    shown: list[FloatArray] = []

    def sees_red(red: FloatArray) -> FloatArray:
        shown.append(red)
        return (red > 0).astype(np.float32)

    likely = seen(sees_red)

    assert len({red.tobytes() for red in shown}) == 4
    np.testing.assert_array_equal(likely > 0.5, np.asarray(red_in_a_corner())[..., 0] > 0)
    assert set(np.unique(likely.round(4))) == {0, 1}


def test_a_look_that_leaves_half_of_the_thing_unsure_hardly_counts() -> None:
    def sure_only_upright(red: FloatArray) -> FloatArray:
        upright = red[: INPUT_SIDE // 2].max() > 0 and red[:, : INPUT_SIDE // 2].max() > 0
        return np.where(red > 0, 1 if upright else np.where(np.arange(INPUT_SIDE) % 2, 0.8, 0.2)[:, None], 0)

    assert seen(sure_only_upright)[30:90, 20:120].min() > 0.9


def test_a_look_that_sees_nothing_hardly_counts() -> None:
    likely = seen(lambda red: np.where(red[: INPUT_SIDE // 2].max() > 0, red > 0, np.full(red.shape, 0.2)))

    assert likely[30:90, 20:120].min() > 0.9


def test_looks_agree_as_far_as_all_of_them_see_the_same() -> None:
    def sees_half_upside_down(red: FloatArray) -> FloatArray:
        rows = np.arange(INPUT_SIDE)[:, None]
        seen = (red > 0) & ((red[: INPUT_SIDE // 2].max() > 0) | (rows < INPUT_SIDE - 60))
        likely: FloatArray = seen.astype(np.float32)
        return likely

    assert looked_at(lambda red: (red > 0).astype(np.float32))[1] == 1
    assert looked_at(lambda red: (red < 0).astype(np.float32))[1] == 1
    assert looked_at(sees_half_upside_down)[1] == pytest.approx(0.5)


def test_a_black_picture_has_no_subject_and_is_no_error() -> None:
    assert augmented_foreground_probability(Image.new("RGB", (3, 2)))[0].max() < 0.5
    assert foreground_probability(Image.new("RGB", (1, 1))).shape == (INPUT_SIDE, INPUT_SIDE)
