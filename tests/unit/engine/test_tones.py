"""Tones: each does what its name says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from aeforge_cli.sandbox.engine.edits import Tone
from aeforge_cli.sandbox.engine.rendering.tones import apply_tone, recolour

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray


def swatches() -> Image.Image:
    """Dull red, green and blue, dark and light."""
    colours = [[(120, 60, 60), (60, 120, 60), (60, 60, 120)], [(220, 160, 160), (160, 220, 160), (160, 160, 220)]]
    return Image.fromarray(np.array(colours, np.uint8)).resize((60, 40), Image.Resampling.NEAREST)


def values(picture: Image.Image) -> FloatArray:
    return np.asarray(picture, np.float32)


def spread_of_colour(picture: Image.Image) -> float:
    return float(np.ptp(values(picture), axis=2).mean())


def warmth(picture: Image.Image) -> float:
    return float((values(picture)[..., 0] - values(picture)[..., 2]).mean())


def detail(picture: Image.Image) -> float:
    return float(np.abs(np.diff(values(picture), axis=1)).max())


@pytest.mark.parametrize(
    ("tone", "more"),
    [
        (Tone.BRIGHTER, lambda picture: values(picture).mean()),
        (Tone.DARKER, lambda picture: -values(picture).mean()),
        (Tone.MORE_CONTRAST, lambda picture: values(picture).std()),
        (Tone.LESS_CONTRAST, lambda picture: -values(picture).std()),
        (Tone.MORE_SATURATION, spread_of_colour),
        (Tone.LESS_SATURATION, lambda picture: -spread_of_colour(picture)),
        (Tone.MONOCHROME, lambda picture: -spread_of_colour(picture)),
        (Tone.SEPIA, warmth),
        (Tone.WARMER, warmth),
        (Tone.COOLER, lambda picture: -warmth(picture)),
        (Tone.SHARPER, detail),
        (Tone.BLURRED, lambda picture: -detail(picture)),
    ],
    ids=lambda value: str(value) if isinstance(value, Tone) else "",
)
def test_a_tone_does_what_it_is_called_and_more_of_it_when_stronger(tone: Tone, more: object) -> None:
    assert callable(more)
    picture = swatches()

    amounts = [more(picture), more(apply_tone(picture, tone, 0.5)), more(apply_tone(picture, tone, 1.0))]

    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[2]


@pytest.mark.parametrize("tone", Tone)
def test_every_tone_keeps_the_size_and_changes_something(tone: Tone) -> None:
    changed = apply_tone(swatches(), tone, 1.0)

    assert (changed.size, changed.mode) == (swatches().size, "RGB")
    assert (values(changed) != values(swatches())).any()


def test_black_and_white_leaves_no_colour() -> None:
    assert spread_of_colour(apply_tone(swatches(), Tone.MONOCHROME, 1.0)) == 0


def test_inverting_twice_gives_the_picture_back() -> None:
    twice = apply_tone(apply_tone(swatches(), Tone.INVERTED, 1.0), Tone.INVERTED, 1.0)

    np.testing.assert_array_equal(values(twice), values(swatches()))


def test_white_and_black_survive_brightness_and_contrast() -> None:
    ends = Image.fromarray(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))

    for tone in (Tone.BRIGHTER, Tone.MORE_CONTRAST):
        np.testing.assert_array_equal(values(apply_tone(ends, tone, 1.0)), values(ends))


def test_recolouring_takes_the_hue_and_keeps_light_and_shade() -> None:
    ramp = Image.fromarray(np.repeat(np.linspace(20, 235, 32, dtype=np.uint8)[None, :, None], 3, axis=2))

    green = values(recolour(ramp, (0, 128, 0)))

    assert (green[..., 1] >= green[..., 0]).all()
    assert (green[..., 0] == green[..., 2]).all()
    assert (np.diff(green.mean(axis=2)) >= 0).all()
    assert green[0, 16, 1] > green[0, 16, 0] + 40
