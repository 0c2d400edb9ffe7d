"""Connected regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.arrays.morphology import dilate, erode, fill_holes, label_components

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray


def drawn(*rows: str) -> BoolArray:
    return np.array([[letter != "." for letter in row] for row in rows])


def test_regions_that_touch_by_a_side_or_a_corner_are_one() -> None:
    labels, number = label_components(drawn("##..#", "..#.#", "....#", "#...."))

    assert number == 3
    assert labels[0, 0] == labels[0, 1] == labels[1, 2]
    assert labels[0, 4] == labels[1, 4] == labels[2, 4]
    assert len({labels[0, 0], labels[0, 4], labels[3, 0]}) == 3


def test_two_arms_that_meet_below_are_one_region() -> None:
    labels, number = label_components(drawn("#.#.#", "#.#.#", "#####"))

    assert number == 1
    np.testing.assert_array_equal(labels, drawn("#.#.#", "#.#.#", "#####"))


def test_an_empty_mask_has_no_regions() -> None:
    labels, number = label_components(np.zeros((3, 4), bool))

    assert number == 0
    assert not labels.any()


def test_a_hole_is_filled_and_a_bay_is_not() -> None:
    filled = fill_holes(drawn("#####", "#.#.#", "###.#"))

    np.testing.assert_array_equal(filled, drawn("#####", "###.#", "###.#"))


def test_growing_and_shrinking_go_by_whole_pixels() -> None:
    dot = drawn(".....", ".....", "..#..", ".....", ".....")

    np.testing.assert_array_equal(dilate(dot, 1), drawn(".....", ".###.", ".###.", ".###.", "....."))
    np.testing.assert_array_equal(dilate(dot, 2), np.ones((5, 5), bool))
    np.testing.assert_array_equal(erode(dilate(dot, 1), 1), dot)
    np.testing.assert_array_equal(dilate(dot, 0), dot)
