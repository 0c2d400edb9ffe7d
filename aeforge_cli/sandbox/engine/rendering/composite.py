"""A subject before another background: its edges and its light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine.arrays.filters import clip_unit, gaussian_filter
from aeforge_cli.sandbox.engine.arrays.resampling import resize

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray
    from aeforge_cli.sandbox.engine.matting.mattes import Matte

# Rows composed at once: bounds the memory of the largest photographs.
_STRIP = 256


@dataclass(frozen=True)
class Light:
    """How far the subject takes on the light of its new surroundings."""

    tint: float = 0.08
    wrap: float = 0.18


def composite(picture: Image.Image, matte: Matte, behind: FloatArray, light: Light | None = None) -> Image.Image:
    """The subject of `picture` over a backdrop (Porter, Duff, "Compositing digital images", 1984).

    Args:
        picture: RGB, in its full size.
        matte: The subject, at a working size.
        behind: H x W x 3, float32, sRGB, 0 to 1: the backdrop, at any size.
        light: How far the subject takes on the backdrop's light; None leaves its colours alone.

    Returns:
        RGB, in the size of `picture`.
    """
    behind = resize(behind, (matte.alpha.shape[1], matte.alpha.shape[0]))
    gain, wrap = np.ones(3, np.float32), np.zeros_like(matte.alpha)
    if light is not None:
        gain, wrap = _gain(picture, matte, behind, light.tint), _wrap(matte.alpha) * np.float32(light.wrap)
    layers = (matte.alpha, wrap, matte.foreground, behind)
    out = Image.new("RGB", picture.size)
    for top in range(0, picture.height, _STRIP):
        rows = (top, min(top + _STRIP, picture.height))
        a, shining, colours, ground = (_strip(layer, rows, picture.size) for layer in layers)
        sharp = np.asarray(picture.crop((0, rows[0], picture.width, rows[1])).convert("RGB"), np.float32) / 255
        a, shining = a[..., None], shining[..., None]
        # Inside, the photograph itself; at the edge, the subject's own colour without the old background.
        subject = clip_unit((sharp * a + colours * (1 - a)) * gain)
        subject = subject + (1 - subject) * ground * shining
        out.paste(_image(subject * a + ground * (1 - a)), (0, top))
    return out


def _gain(picture: Image.Image, matte: Matte, behind: FloatArray, tint: float) -> FloatArray:
    """From the colour of the old light to that of the new, a little of the way, at equal brightness."""
    size = (matte.alpha.shape[1], matte.alpha.shape[0])
    before = np.asarray(picture.convert("RGB").resize(size), np.float32) / 255
    outside = 1 - matte.alpha
    old = (before * outside[..., None]).sum(axis=(0, 1)) / (outside.sum() + 1e-3) + 0.05
    new = behind.mean(axis=(0, 1)) + 0.05
    ratio = np.clip((new / new.mean()) / (old / old.mean()), 0.6, 1.5)
    dimmer = min(float(new.mean() / 0.45), 1.0)
    gain: FloatArray = (ratio**tint * dimmer ** (2 * tint)).astype(np.float32)
    return gain


def _wrap(alpha: FloatArray) -> FloatArray:
    """Light from behind creeps around the edge."""
    return clip_unit(gaussian_filter(1 - alpha, max(1.0, max(alpha.shape) / 250))) * alpha


def _strip(values: FloatArray, rows: tuple[int, int], size: tuple[int, int]) -> FloatArray:
    height, width = values.shape[:2]
    scale = height / size[1]
    if size == (width, height):
        return values[rows[0] : rows[1]]
    return resize(values, (size[0], rows[1] - rows[0]), (0, rows[0] * scale, width, rows[1] * scale))


def _image(colours: FloatArray) -> Image.Image:
    return Image.fromarray((clip_unit(colours) * 255 + 0.5).astype(np.uint8))
