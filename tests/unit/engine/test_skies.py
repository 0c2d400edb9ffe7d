"""Skies found, and skies painted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from aeforge_cli.sandbox.engine.edits import SkyKind
from aeforge_cli.sandbox.engine.matting.sky_segmentation import segment_sky
from aeforge_cli.sandbox.engine.rendering.sky_synthesis import synthesise_sky

HORIZON = 60


def landscape(sky: tuple[int, int, int]) -> Image.Image:
    """An even sky over dark, rough ground, with a tower in front of it."""
    random = np.random.default_rng(1)
    pixels = np.empty((120, 160, 3), np.float32)
    pixels[:HORIZON] = np.array(sky) + random.normal(0, 1, (HORIZON, 160, 3))
    pixels[HORIZON:] = np.array((70, 80, 40)) + random.normal(0, 25, (120 - HORIZON, 160, 3))
    pixels[20:HORIZON, 70:90] = np.array((120, 50, 40)) + random.normal(0, 12, (HORIZON - 20, 20, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def test_the_sky_is_found_around_what_stands_before_it() -> None:
    share = segment_sky(landscape((120, 170, 230)), "standard")

    assert share is not None
    assert share[5:15].mean() > 0.98
    assert share[30:55, 74:86].mean() < 0.02
    assert share[65:].mean() < 0.02


def test_the_sky_goes_on_beyond_a_tower_that_reaches_the_upper_edge() -> None:
    picture = np.asarray(landscape((120, 170, 230))).copy()
    picture[:HORIZON, 70:90] = picture[HORIZON:, 70:90]
    # To its right a twig is before every column's upper end.
    picture[2:4, 90:] = (40, 30, 20)

    share = segment_sky(Image.fromarray(picture), "standard")

    assert share is not None
    assert share[15:50, 100:].mean() > 0.95
    assert share[15:50, 74:86].mean() < 0.02
    assert share[65:].mean() < 0.02


def test_a_subject_of_the_sky_s_colour_is_not_washed_over() -> None:
    picture = np.asarray(landscape((120, 170, 230))).copy()
    suit = np.s_[25:HORIZON, 70:90]
    picture[suit] = (118, 168, 228)
    subject = np.zeros((120, 160), np.float32)
    subject[suit] = 1

    washed, kept = (segment_sky(Image.fromarray(picture), "standard", known) for known in (None, subject))

    assert washed is not None
    assert kept is not None
    assert washed[suit].mean() > 0.5
    assert kept[30:55, 74:86].mean() < 0.1
    assert kept[5:15].mean() > 0.95


WALLS = {
    "white": (225, 220, 210),
    "grey": (128, 128, 128),
    "brick": (200, 120, 90),
    "teal": (120, 182, 188),
    "dark": (41, 66, 76),
}


@pytest.mark.parametrize("wall", WALLS.values(), ids=WALLS)
def test_a_plain_wall_is_not_a_sky(wall: tuple[int, int, int]) -> None:
    assert segment_sky(landscape(wall), "standard") is None


def test_a_picture_too_small_to_tell_has_no_sky() -> None:
    assert segment_sky(Image.new("RGB", (8, 8), (100, 150, 230)), "standard") is None


@pytest.mark.parametrize("kind", SkyKind)
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (160, 90)], ids=str)
def test_a_sky_of_any_size_is_painted_the_same_each_time(kind: SkyKind, size: tuple[int, int]) -> None:
    sky = synthesise_sky(kind, size)

    assert sky.shape == (size[1], size[0], 3)
    assert 0 <= sky.min() <= sky.max() <= 1
    np.testing.assert_array_equal(sky, synthesise_sky(kind, size))


def test_each_sky_looks_like_its_name() -> None:
    red, green, blue = range(3)
    mean = {kind: synthesise_sky(kind, (160, 120)).mean(axis=(0, 1)) for kind in SkyKind}
    grey = {kind: synthesise_sky(kind, (160, 120)).std() for kind in SkyKind}

    assert all(mean[kind][blue] > mean[kind][green] > mean[kind][red] for kind in (SkyKind.CLEAR, SkyKind.BLUE))
    assert mean[SkyKind.CLEAR][red] < mean[SkyKind.BLUE][red] < mean[SkyKind.CLOUDY][red]
    assert np.ptp(mean[SkyKind.OVERCAST]) < 0.06
    assert mean[SkyKind.SUNSET][red] > mean[SkyKind.SUNSET][blue]
    assert mean[SkyKind.NIGHT].max() < 0.25
    assert grey[SkyKind.OVERCAST] < grey[SkyKind.CLOUDY]
