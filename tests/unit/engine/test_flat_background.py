"""Drawings and sprites on one flat colour."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from aeforge_cli.sandbox.engine.matting.flat_background import flat_background_matte

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray
    from aeforge_cli.sandbox.engine.matting.mattes import Matte

PAPER = (250, 250, 250)
BODY, RING_HOLE = (96, 110), (40, 40)
# A row through the tail, which is 2.2 pixels wide there.
TAIL = np.s_[60, 150:190]


def drawing() -> Image.Image:
    """An animal with a thin tail, and a ring beside it: anti-aliased, on paper."""
    fine = Image.new("RGB", (800, 800), PAPER)
    draw = ImageDraw.Draw(fine)
    draw.ellipse((240, 320, 520, 560), (200, 110, 40))
    draw.line([(500, 420), (660, 240), (700, 120)], (60, 30, 10), 8)
    draw.ellipse((80, 80, 240, 240), (40, 90, 160))
    draw.ellipse((120, 120, 200, 200), PAPER)
    return fine.resize((200, 200), Image.Resampling.BOX)


def values(picture: Image.Image) -> FloatArray:
    return np.asarray(picture, np.float32) / 255


def seen_by_network() -> FloatArray:
    """It sees the body and the ring, and not the tail."""
    picture = Image.new("L", (200, 200))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 80, 130, 140), 250)
    draw.ellipse((20, 20, 60, 60), 250)
    draw.ellipse((30, 30, 50, 50), 20)
    return values(picture)


def cut_out(picture: Image.Image) -> Matte | None:
    return flat_background_matte(values(picture), seen_by_network())


def at(matte: Matte, point: tuple[int, int]) -> float:
    return float(matte.alpha[point[1], point[0]])


def test_a_thin_tail_that_the_network_does_not_see_is_kept() -> None:
    matte = cut_out(drawing())

    assert matte is not None
    assert at(matte, BODY) == matte.alpha[TAIL].max() == 1
    assert matte.alpha[TAIL].sum() == pytest.approx(2.2, abs=0.3)
    assert at(matte, (5, 190)) == at(matte, (120, 30)) == 0


def test_one_sees_through_a_ring() -> None:
    matte = cut_out(drawing())

    assert matte is not None
    assert at(matte, RING_HOLE) == 0
    assert at(matte, (26, 40)) == 1


def test_the_edge_is_as_soft_as_it_was_and_has_no_fringe_of_paper() -> None:
    picture = drawing()
    matte = cut_out(picture)

    assert matte is not None
    edge = (matte.alpha > 0.15) & (matte.alpha < 0.95)
    assert edge.sum() > 100
    # The body's edge is orange, not the mixture of orange and paper that the drawing shows.
    body = edge & (np.arange(200)[:, None] > 110) & (np.arange(200) < 120)
    assert np.abs(matte.foreground[body] - np.array((200, 110, 40)) / 255).max() < 0.2
    again = matte.alpha[..., None] * matte.foreground + (1 - matte.alpha[..., None]) * np.array(PAPER) / 255
    assert np.abs(again - values(picture)).max() < 0.05


def test_jpeg_noise_on_the_paper_is_still_paper() -> None:
    file = io.BytesIO()
    drawing().save(file, "JPEG", quality=80)
    matte = cut_out(Image.open(file))

    assert matte is not None
    assert matte.alpha[TAIL].max() > 0.9
    assert at(matte, (120, 30)) == 0


@pytest.mark.parametrize("kind", ["shadow", "wall", "photograph"])
def test_what_is_not_flat_is_left_to_the_network(kind: str) -> None:
    picture = drawing()
    if kind == "shadow":
        soft = Image.new("L", picture.size, 255)
        ImageDraw.Draw(soft).ellipse((50, 120, 150, 160), 150)
        shade = soft.filter(ImageFilter.GaussianBlur(9))
        picture = Image.composite(picture, Image.new("RGB", picture.size, (90, 90, 90)), shade)
    elif kind == "wall":
        light = np.linspace(0.9, 1, 200)[None, :, None]
        picture = Image.fromarray((np.asarray(picture) * light).astype(np.uint8))
    else:
        picture = Image.effect_noise(picture.size, 60).convert("RGB")

    assert cut_out(picture) is None


def test_a_subject_of_the_background_s_colour_is_left_to_the_network() -> None:
    pale = drawing()
    # Its belly is as white as the paper, and open to it.
    ImageDraw.Draw(pale).rectangle((70, 110, 120, 145), PAPER)

    assert cut_out(pale) is None


def test_the_grain_of_paper_is_no_subject() -> None:
    specks = np.random.default_rng(1).random((200, 200)) < 0.03
    paper = np.where(specks[..., None], 215, 250).astype(np.uint8).repeat(3, axis=2)

    assert flat_background_matte(values(Image.fromarray(paper)), np.zeros((200, 200), np.float32)) is None
