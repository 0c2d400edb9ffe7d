"""What can stand behind a subject, painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.edits import Backdrop, Colour, Gradient, Nothing, SkyKind, Studio
from aeforge_cli.sandbox.engine.rendering.sky_synthesis import synthesise_sky

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray


def render_backdrop(backdrop: Backdrop, size: tuple[int, int]) -> FloatArray:
    """A backdrop of `size` (width, height): H x W x 3, float32, sRGB, 0 to 1 (a studio's light passes 1 a little).

    Raises:
        ValueError: for `Nothing`, which is transparency.
    """
    match backdrop:
        case SkyKind():
            return synthesise_sky(backdrop, size)
        case Gradient(start, end):
            down = np.linspace(0, 1, size[1], dtype=np.float32)[:, None, None]
            return np.broadcast_to(_flat(start) + (_flat(end) - _flat(start)) * down, (size[1], size[0], 3)).copy()
        case Studio(colour):
            return _flat(colour) * _falloff(size)
        case Nothing():
            raise ValueError("nothing cannot be painted")
        case _:
            return np.broadcast_to(_flat(backdrop), (size[1], size[0], 3)).copy()


def _flat(colour: Colour) -> FloatArray:
    return np.array(colour, np.float32) / 255


def _falloff(size: tuple[int, int]) -> FloatArray:
    across = np.linspace(-1, 1, size[0], dtype=np.float32)[None, :]
    down = np.linspace(-0.85, 1.15, size[1], dtype=np.float32)[:, None]
    light: FloatArray = 1.04 - 0.16 * np.hypot(across * 0.9, down) ** 2
    return light[..., None]
