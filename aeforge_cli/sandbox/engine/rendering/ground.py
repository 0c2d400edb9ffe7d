"""What a subject stands on before a new background: a shadow where it touches the ground, and a ground below a sky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.arrays.filters import clip_unit, gaussian_filter

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray

_SEED = 7


def add_contact_shadow(behind: FloatArray, alpha: FloatArray) -> FloatArray:
    """The backdrop with a contact shadow where the subject touches the ground, if all of it is in the picture.

    Args:
        behind: H x W x 3, float32, sRGB, 0 to 1: the backdrop.
        alpha: H x W, float32, 0 to 1: the subject.

    Returns:
        The backdrop, darkened: H x W x 3, float32, sRGB, 0 to 1.
    """
    feet = _feet(alpha)
    return behind if feet is None else _shaded(behind, feet)


def add_ground_plane(sky: FloatArray, image: FloatArray, alpha: FloatArray) -> FloatArray:
    """The sky with a plain ground in the colour of the floor, for what stood on one; what hung or flew gets none.

    Args:
        sky: H x W x 3, float32, sRGB, 0 to 1.
        image: The photograph, likewise.
        alpha: H x W, float32, 0 to 1: the subject.

    Returns:
        H x W x 3, float32, sRGB, 0 to 1.
    """
    feet = _feet(alpha)
    floor = None if feet is None else _floor(image, alpha, feet)
    if feet is None or floor is None:
        return sky
    height, width = alpha.shape
    horizon = int(np.clip(feet.row - 0.4 * feet.tall, 0, height - 1))
    rows = np.arange(height, dtype=np.float32)
    depth = np.clip((rows - horizon) / (height - horizon), 0, 1)[:, None, None]
    haze = sky[horizon].mean(axis=0)
    near = 1 - 0.75 * np.exp(-6 * depth)
    ground = haze + (_lit(floor, sky[: horizon + 1]) * (1.06 - 0.22 * depth) - haze) * near
    ground = ground * (1 + depth * _grain((height, width))[..., None])
    # A hard line at the horizon would look cut.
    share = clip_unit((rows - horizon) / max(2.0, height * 0.006))[:, None, None]
    return _shaded(clip_unit(sky + (ground - sky) * share), feet)


@dataclass(frozen=True)
class _Feet:
    """The lowest row of a subject, its height, and where it touches the ground."""

    row: int
    tall: int
    touching: BoolArray


def _feet(alpha: FloatArray) -> _Feet | None:
    solid = alpha > 0.5
    rows = np.flatnonzero(solid.any(axis=1))
    if len(rows) == 0 or solid[[0, -1]].any() or solid[:, [0, -1]].any():
        return None
    row, tall = int(rows[-1]), int(rows[-1] - rows[0] + 1)
    lowest = len(solid) - 1 - np.argmax(solid[::-1], axis=0)
    # Wheels and legs farther away touch it a little higher up.
    standing = solid.any(axis=0) & (row - lowest < 0.2 * tall)
    off = np.abs(np.arange(len(solid))[:, None] - lowest[None, :])
    return _Feet(row, tall, (off <= max(1, tall // 50)) & standing)


def _shaded(behind: FloatArray, feet: _Feet) -> FloatArray:
    touching = feet.touching.astype(np.float32)
    close, wide = (
        gaussian_filter(touching, max(1.0, feet.tall * 0.012)),
        gaussian_filter(touching, max(2.0, feet.tall * 0.05)),
    )
    shadow: FloatArray = np.minimum(0.5 * close + 1.1 * wide, np.float32(0.55))
    return behind * (1 - shadow[..., None])


def _floor(image: FloatArray, alpha: FloatArray, feet: _Feet) -> FloatArray | None:
    """The colour beside and below the feet, if it is another than behind the head: then there was a floor."""
    empty = gaussian_filter(alpha, 2) < 0.02
    rows = np.arange(len(alpha))[:, None]
    below = image[empty & (rows > feet.row - 0.1 * feet.tall)]
    above = image[empty & (rows < feet.row - 0.6 * feet.tall)]
    if min(len(below), len(above)) < 50:
        return None
    floor: FloatArray = np.median(below, axis=0)
    return floor if np.abs(floor - np.median(above, axis=0)).max() > 0.1 else None


def _lit(floor: FloatArray, sky: FloatArray) -> FloatArray:
    """As bright as the sky lets it be, and a little in its colour."""
    light = sky.mean(axis=(0, 1))
    lit: FloatArray = floor * np.minimum(1, light.mean() / 0.55) * (light / light.mean()) ** 0.3
    return lit


def _grain(shape: tuple[int, int]) -> FloatArray:
    noise = np.random.default_rng(_SEED).normal(0, 1, shape).astype(np.float32)
    return 0.1 * gaussian_filter(noise, 3) + 0.024 * gaussian_filter(noise, 1)
