"""Things with a known outline, to paste where the engine should find them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable

_FINE = 4


def saucer(photo: Callable[[str], Image.Image]) -> Image.Image:
    """The coffee's saucer and cup: two ellipses, measured by hand."""
    coffee = photo("coffee")
    return _cut(coffee, _drawn(coffee.size, lambda draw, at: draw.ellipse(at(84, 22, 466, 388), 255)))


def ball(photo: Callable[[str], Image.Image]) -> Image.Image:
    del photo
    across, down = np.meshgrid(np.linspace(-1, 1, 300), np.linspace(-1, 1, 300))
    depth = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
    light = np.clip(-0.5 * across - 0.6 * down + 0.62 * depth, 0, 1)
    stripes = 0.5 + 0.5 * np.sign(np.sin(across * 7 + down * 3))
    colours = light[..., None] * (
        np.array([220, 60, 50]) * stripes[..., None] + np.array([240, 230, 210]) * (1 - stripes[..., None])
    )
    picture = Image.fromarray((colours * 0.9 + 18).astype(np.uint8))
    return _cut(picture, _drawn(picture.size, lambda draw, at: draw.ellipse(at(2, 2, 297, 297), 255)))


def horse(photo: Callable[[str], Image.Image]) -> Image.Image:
    """A horse's outline, covered with wood."""
    outline = photo("horse")
    wood = photo("coffee").crop((0, 250, 180, 400)).resize(outline.size)
    return _cut(wood, ImageChops.invert(outline.convert("L")))


def dahlia(photo: Callable[[str], Image.Image]) -> Image.Image:
    """Keyed by its colour: orange before green."""
    flower = photo("flower").crop((160, 60, 480, 360))
    red, _, blue = (np.asarray(channel, np.float32) for channel in flower.split())
    key = Image.fromarray((np.clip((red - blue - 20) / 60, 0, 1) * 255).astype(np.uint8))
    solid = key.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.MinFilter(13))
    inside = _drawn(flower.size, lambda draw, at: draw.ellipse(at(5, 15, 300, 291), 255))
    return _cut(flower, ImageChops.multiply(ImageChops.lighter(key, solid), inside))


def coin(photo: Callable[[str], Image.Image]) -> Image.Image:
    square = photo("coins").crop((303, 14, 367, 74)).resize((256, 240), Image.Resampling.LANCZOS)
    bronze = Image.fromarray((np.asarray(square, np.float32) * (1.0, 0.82, 0.58)).clip(0, 255).astype(np.uint8))
    return _cut(bronze, _drawn(bronze.size, lambda draw, at: draw.ellipse(at(10, 10, 243, 229), 255)))


def globe(photo: Callable[[str], Image.Image]) -> Image.Image:
    retina = photo("retina").resize((353, 353), Image.Resampling.LANCZOS)
    return _cut(retina, _drawn(retina.size, lambda draw, at: draw.ellipse(at(6, 6, 346, 346), 255)))


def gift(photo: Callable[[str], Image.Image]) -> Image.Image:
    """Without the shadow that the icon has below it: no matte of the box has one."""
    icon = photo("gift").resize((256, 256), Image.Resampling.LANCZOS)
    cover = icon.getchannel("A")
    solid = cover.point([0] * 250 + [255] * 6).filter(ImageFilter.MaxFilter(3))
    return _cut(icon, ImageChops.darker(cover, solid))


def thistle(photo: Callable[[str], Image.Image]) -> Image.Image:
    del photo
    return _hairy(seed=5, colour=(150, 80, 170), hairs=1500, core=0.18, reach=0.3, length=(0.06, 0.16), width=4)


def fur(photo: Callable[[str], Image.Image]) -> Image.Image:
    del photo
    return _hairy(seed=3, colour=(120, 86, 62), hairs=5200, core=0.3, reach=0.36, length=(0.05, 0.12), width=5)


def ring(photo: Callable[[str], Image.Image]) -> Image.Image:
    """With a hole, off its centre."""
    wood = photo("coffee").crop((0, 250, 180, 400)).resize((300, 300))
    outer = _drawn(wood.size, lambda draw, at: draw.ellipse(at(2, 2, 297, 297), 255))
    hole = _drawn(wood.size, lambda draw, at: draw.ellipse(at(70, 60, 230, 235), 255))
    return _cut(wood, ImageChops.subtract(outer, hole))


def fern(photo: Callable[[str], Image.Image]) -> Image.Image:
    """Nine fronds of strokes, with gaps between them."""
    del photo
    side, random = 320 * _FINE, np.random.default_rng(9)
    colours, cover = Image.new("RGB", (side, side), (60, 110, 50)), Image.new("L", (side, side))
    paint, covering = ImageDraw.Draw(colours), ImageDraw.Draw(cover)
    for frond in range(-4, 5):
        angle, tip = -np.pi / 2 + frond * 0.28, np.array([side / 2, side * 0.95])
        for step in range(60):
            stem, tip = tip, tip + side * 0.014 * np.array([np.cos(angle), np.sin(angle)])
            leaf = side * 0.1 * np.sin(np.pi * (step + 6) / 70)
            ends = [
                tip,
                *(stem + leaf * np.array([np.cos(angle + bend), np.sin(angle + bend)]) for bend in (-0.9, 0.9)),
            ]
            green = tuple(int(value * random.uniform(0.6, 1.3)) for value in (60, 110, 50))
            for end in ends:
                paint.line([*stem, *end], green, 10)
                covering.line([*stem, *end], 255, 10)
            angle += 0.006 * frond
    out = colours.resize((320, 320), Image.Resampling.BOX)
    out.putalpha(cover.resize((320, 320), Image.Resampling.BOX))
    return out.crop(out.getchannel("A").getbbox())


TUNING = (saucer, ball, horse, thistle)
TUNING_MATTES = (*TUNING, ring, fern)
HOLD_OUT = (dahlia, coin, globe, gift, fur)


def _hairy(
    seed: int,
    colour: tuple[int, int, int],
    *,
    hairs: int,
    core: float,
    reach: float,
    length: tuple[float, float],
    width: int,
) -> Image.Image:
    """A ball of hair: every hair is a stroke, so its edge is truly partly covered."""
    side, random = 320 * _FINE, np.random.default_rng(seed)
    colours = Image.new("RGB", (side, side), colour)
    alpha = _drawn(
        (320, 320), lambda draw, at: draw.ellipse(at(*[320 * (0.5 + end * core) for end in (-1, -1, 1, 1)]), 255)
    )
    cover = alpha.resize((side, side))
    paint, covering = ImageDraw.Draw(colours), ImageDraw.Draw(cover)
    for _ in range(hairs):
        angle, out = random.uniform(0, 2 * np.pi), side * reach * np.sqrt(random.uniform(0, 1))
        start = side / 2 + out * np.array([np.cos(angle), np.sin(angle)])
        bend, long = angle + random.normal(0, 0.45), side * random.uniform(*length)
        end = start + long * np.array([np.cos(bend), np.sin(bend)])
        tone = random.uniform(0.55, 1.25)
        paint.line([*start, *end], tuple(int(value * tone) for value in colour), width)
        covering.line([*start, *end], 255, width)
    out_picture = colours.resize((320, 320), Image.Resampling.BOX)
    out_picture.putalpha(cover.resize((320, 320), Image.Resampling.BOX))
    return out_picture


def _drawn(
    size: tuple[int, int], draw: Callable[[ImageDraw.ImageDraw, Callable[..., list[float]]], None]
) -> Image.Image:
    fine = Image.new("L", (size[0] * _FINE, size[1] * _FINE))
    draw(ImageDraw.Draw(fine), lambda *at: [value * _FINE for value in at])
    return fine.resize(size, Image.Resampling.BOX)


def _cut(picture: Image.Image, alpha: Image.Image) -> Image.Image:
    out = picture.convert("RGB")
    out.putalpha(alpha)
    return out.crop(alpha.getbbox())
