"""What each tone does to colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from aeforge_cli.sandbox.engine.edits import Colour, Tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

# Rec. 709, on gamma-encoded values: what most editors call luminance.
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_STRIP = 256


def apply_tone(picture: Image.Image, tone: Tone, strength: float) -> Image.Image:
    """An RGB picture in another tone; strength 1 is what the bare word means."""
    match tone:
        case Tone.SHARPER:
            return picture.filter(ImageFilter.UnsharpMask(_reach(picture, 0.0018), round(110 * strength), 2))
        case Tone.BLURRED:
            return picture.filter(ImageFilter.GaussianBlur(_reach(picture, 0.012) * strength))
        case _:
            return by_strips(picture, lambda colours: _POINTWISE[tone](colours, strength))


def recolour(picture: Image.Image, colour: Colour) -> Image.Image:
    """An RGB picture with the hue and depth of the colour, and its own light and shade."""
    target = np.array(colour, np.float32) / 255
    light = float(target @ _LUMA)

    def paint(colours: FloatArray) -> FloatArray:
        luma = (colours @ _LUMA)[..., None]
        # Half of the way to the colour's own lightness, so that "black" is dark and white stays white.
        lifted = np.clip(luma + (light - 0.5) * 0.5 * 4 * luma * (1 - luma), 0, 1)
        below = target * np.minimum(lifted / max(light, 0.05), 1)
        above = target + (1 - target) * np.clip((lifted - light) / max(1 - light, 0.05), 0, 1)
        return np.where(lifted < light, below, above)

    return by_strips(picture, paint)


def by_strips(picture: Image.Image, change: Callable[[FloatArray], FloatArray]) -> Image.Image:
    """Change an RGB picture a few rows at a time, so that the largest photograph needs little memory.

    `change` gets and returns rows x W x 3, float32, sRGB, 0 to 1; what passes that is cut.
    """
    out = Image.new("RGB", picture.size)
    for top in range(0, picture.height, _STRIP):
        rows = picture.crop((0, top, picture.width, min(top + _STRIP, picture.height)))
        changed = change(np.asarray(rows, np.float32) / 255)
        out.paste(Image.fromarray((np.clip(changed, 0, 1) * 255 + 0.5).astype(np.uint8)), (0, top))
    return out


def _reach(picture: Image.Image, share: float) -> float:
    return max(0.5, max(picture.size) * share)


def _grey(colours: FloatArray) -> FloatArray:
    return np.repeat((colours @ _LUMA)[..., None], 3, axis=2)


def _saturation(colours: FloatArray, factor: float) -> FloatArray:
    grey = _grey(colours)
    return grey + (colours - grey) * np.float32(factor)


def _contrast(colours: FloatArray, strength: float) -> FloatArray:
    """A curve through black, middle and white: nothing is clipped."""
    curve = colours * colours * (3 - 2 * colours)
    return colours + (curve - colours) * np.float32(0.75 * strength)


def _sepia(colours: FloatArray, strength: float) -> FloatArray:
    browned = _grey(colours) ** np.array([0.82, 1.0, 1.28], np.float32)
    return colours + (browned - colours) * np.float32(min(strength, 1))


def _monochrome(colours: FloatArray, strength: float) -> FloatArray:
    return _saturation(colours, 1 - min(strength, 1) if strength < 1 else 0)


def _temperature(colours: FloatArray, strength: float) -> FloatArray:
    gains = np.array([1 + 0.11 * strength, 1 + 0.01 * strength, 1 - 0.13 * strength], np.float32)
    return colours * gains


# A tone that is neither here nor above is caught by a test that applies every one.
_POINTWISE: dict[Tone, Callable[[FloatArray, float], FloatArray]] = {
    Tone.BRIGHTER: lambda colours, strength: colours ** np.float32(0.72**strength),
    Tone.DARKER: lambda colours, strength: (colours ** np.float32(1.25**strength)) * np.float32(0.86**strength),
    Tone.MORE_CONTRAST: _contrast,
    Tone.LESS_CONTRAST: lambda colours, strength: 0.5 + (colours - 0.5) * np.float32(0.72**strength),
    Tone.MORE_SATURATION: lambda colours, strength: _saturation(colours, 1 + 0.45 * strength),
    Tone.LESS_SATURATION: lambda colours, strength: _saturation(colours, 0.5**strength),
    Tone.MONOCHROME: _monochrome,
    Tone.SEPIA: _sepia,
    Tone.WARMER: _temperature,
    Tone.COOLER: lambda colours, strength: _temperature(colours, -strength),
    Tone.INVERTED: lambda colours, _: 1 - colours,
}
