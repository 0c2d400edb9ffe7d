"""Which object is at a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from aeforge_cli.sandbox.engine.arrays.morphology import label_components
from aeforge_cli.sandbox.engine.edits import Place
from aeforge_cli.sandbox.engine.removal.localisation import Doubt, locate_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray

UPPER_RIGHT = Place(0.5, 0.0, 1.0, 0.5)
SQUARE = (160, 30, 210, 80)
NOWHERE = np.zeros((240, 240), np.float32)


def picture(*squares: tuple[int, int, int, int]) -> Image.Image:
    """White squares on a ground that is darker above than below."""
    rows = np.linspace(40, 120, 240).astype(np.uint8)
    ground = Image.fromarray(np.repeat(rows[:, None], 240, axis=1)).convert("RGB")
    for square in squares:
        ground.paste((255, 255, 255), square)
    return ground


def white(crop: Image.Image) -> FloatArray:
    """A network that sees what is white."""
    return (np.asarray(crop.convert("L")) > 200).astype(np.float32)


def white_if_upright(crop: Image.Image) -> FloatArray:
    pixels = np.asarray(crop.convert("L"), np.float32)
    return white(crop) * np.float32(pixels[:8].mean() < pixels[-8:].mean())


def white_if_large(crop: Image.Image) -> FloatArray:
    """It sees the square from near by, and from farther away something else."""
    seen = white(crop)
    return seen if seen.mean() > 0.3 else np.flipud(seen)


def found(
    *squares: tuple[int, int, int, int], see: Callable[[Image.Image], FloatArray] = white, whole: FloatArray = NOWHERE
) -> BoolArray | Doubt:
    return locate_object(picture(*squares), UPPER_RIGHT, whole, see)


def test_what_stands_out_either_way_up_is_the_object() -> None:
    mask = found(SQUARE)

    assert isinstance(mask, np.ndarray)
    ys, xs = np.nonzero(mask)
    assert [xs.min(), ys.min(), xs.max(), ys.max()] == pytest.approx([160, 30, 209, 79], abs=3)


@pytest.mark.parametrize("see", [white_if_upright, white_if_large])
def test_what_does_not_look_the_same_every_time_is_no_object(see: Callable[[Image.Image], FloatArray]) -> None:
    assert found(SQUARE, see=see) is Doubt.NOTHING


def test_where_nothing_stands_out_there_is_no_object() -> None:
    assert found() is Doubt.NOTHING


def test_an_object_at_another_place_is_not_meant() -> None:
    assert found((20, 150, 70, 200)) is Doubt.NOTHING


def test_what_goes_on_beyond_the_middle_of_the_picture_is_not_on_one_side_of_it() -> None:
    """Two cars that run together, or a horse and the child who leads it; at the centre a thing may be larger."""
    across, centre = (80, 30, 210, 80), (40, 90, 200, 130)

    assert found(across) is Doubt.NOTHING
    assert isinstance(locate_object(picture(centre), Place(0.25, 0.25, 0.75, 0.75), NOWHERE, white), np.ndarray)


def test_of_two_objects_neither_is_meant() -> None:
    assert found((130, 20, 170, 60), (190, 60, 230, 100)) is Doubt.SEVERAL


def test_of_a_box_and_the_ball_before_it_neither_is_meant() -> None:
    """A network that sees the box, and where that fills its window, the ball."""
    box, ball = (130, 20, 215, 100), (150, 40, 190, 80)
    scene = picture()
    scene.paste((180, 180, 180), box)
    scene.paste((255, 255, 255), ball)
    whole = NOWHERE.copy()
    whole[40:80, 150:190] = 1

    def box_or_ball(crop: Image.Image) -> FloatArray:
        seen = np.asarray(crop.convert("L")) > 150
        return seen.astype(np.float32) if seen.mean() < 0.5 else white(crop)

    assert locate_object(scene, UPPER_RIGHT, whole, box_or_ball) is Doubt.SEVERAL


def test_what_stands_out_elsewhere_does_not_draw_the_looks_away() -> None:
    """A network that sees only the largest thing in each window."""
    main = (10, 60, 150, 230)
    whole = NOWHERE.copy()
    whole[60:230, 10:150] = whole[30:80, 160:210] = 1

    def largest(crop: Image.Image) -> FloatArray:
        seen = white(crop)
        labels, count = label_components(seen > 0)
        sizes = [int((labels == label).sum()) for label in range(1, count + 1)]
        return (labels == 1 + int(np.argmax(sizes))).astype(np.float32) if sizes else seen

    mask = found(SQUARE, main, see=largest, whole=whole)

    assert isinstance(mask, np.ndarray)
    assert not mask[:, :150].any()


def test_a_speck_beside_an_object_does_not_compete() -> None:
    assert isinstance(found((130, 20, 180, 70), (200, 90, 214, 104)), np.ndarray)


def test_a_hat_is_part_of_the_person_who_wears_it() -> None:
    person = NOWHERE.copy()
    person[25:140, 130:235] = 1  # all around it

    assert found(SQUARE, whole=person) is Doubt.PART


def test_an_answer_takes_no_more_than_eight_looks() -> None:
    """Each costs a quarter of a second."""
    looks = 0

    def counting(crop: Image.Image) -> FloatArray:
        nonlocal looks
        looks += 1
        return white(crop)

    found((130, 20, 170, 60), (190, 60, 230, 100), (125, 75, 150, 100), see=counting)

    assert looks <= 8
