"""What a subject stands on before a new background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.edits import SkyKind
from aeforge_cli.sandbox.engine.rendering.ground import add_contact_shadow, add_ground_plane
from aeforge_cli.sandbox.engine.rendering.sky_synthesis import synthesise_sky

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

SKY = synthesise_sky(SkyKind.BLUE, (120, 100))
WALL, FLOOR = np.array((0.8, 0.8, 0.75), np.float32), np.array((0.45, 0.3, 0.15), np.float32)


def block(top: int = 20, bottom: int = 80) -> FloatArray:
    alpha = np.zeros((100, 120), np.float32)
    alpha[top:bottom, 45:75] = 1
    return alpha


def room() -> FloatArray:
    return np.where((np.arange(100) < 60)[:, None, None], WALL, FLOOR) + np.zeros((1, 120, 1), np.float32)


def test_what_stood_on_a_floor_gets_a_ground_of_its_colour_below_the_sky() -> None:
    behind = add_ground_plane(SKY, room(), block())

    np.testing.assert_array_equal(behind[:50], SKY[:50])
    red, _, blue = behind[90:, :30].mean(axis=(0, 1))
    assert red > blue * 1.5


def test_what_hung_before_an_even_wall_stays_before_the_sky() -> None:
    wall = np.broadcast_to(WALL, (100, 120, 3))

    np.testing.assert_array_equal(add_ground_plane(SKY, wall, block()), SKY)


def test_what_the_picture_cuts_off_stands_on_nothing_and_casts_no_shadow() -> None:
    np.testing.assert_array_equal(add_ground_plane(SKY, room(), block(bottom=100)), SKY)
    np.testing.assert_array_equal(add_contact_shadow(SKY, block(bottom=100)), SKY)


def test_the_shadow_lies_where_the_subject_touches_the_ground() -> None:
    white = np.ones((100, 120, 3), np.float32)

    shadow = 1 - add_contact_shadow(white, block())[..., 0]

    assert shadow[81, 60] > 0.3
    assert shadow[81, 60] > 3 * shadow[81, 30]
    assert shadow[:60].max() < 0.01
