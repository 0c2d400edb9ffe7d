"""What a sky looks like: colour by height, and clouds of summed noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.arrays.filters import clip_unit, gaussian_filter
from aeforge_cli.sandbox.engine.arrays.resampling import fit_within, resize
from aeforge_cli.sandbox.engine.edits import Colour, SkyKind

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

# The same prompt paints the same sky.
_SEED = 7
_CLOUD_SIDE = 640


@dataclass(frozen=True)
class _Look:
    """Colours from zenith to horizon, and how much of the sky is cloud: 0 none, 1 all."""

    colours: tuple[Colour, ...]
    clouds: float
    softness: float
    lit: Colour = (255, 255, 255)
    shaded: Colour = (168, 182, 204)


_LOOKS = {
    SkyKind.CLEAR: _Look(((45, 104, 190), (92, 151, 220), (160, 200, 236), (206, 226, 240)), 0.0, 0.3),
    SkyKind.BLUE: _Look(((45, 104, 190), (92, 151, 220), (160, 200, 236), (206, 226, 240)), 0.33, 0.34),
    SkyKind.CLOUDY: _Look(((58, 112, 186), (104, 155, 214), (164, 198, 228), (208, 224, 236)), 0.56, 0.3),
    SkyKind.OVERCAST: _Look(
        ((150, 157, 167), (172, 178, 186), (192, 197, 202), (210, 213, 216)),
        clouds=0.95,
        softness=0.7,
        lit=(214, 217, 221),
        shaded=(142, 149, 159),
    ),
    SkyKind.SUNSET: _Look(
        ((52, 62, 120), (128, 92, 140), (226, 128, 108), (255, 190, 112)), 0.45, 0.32, (255, 196, 140), (122, 84, 122)
    ),
    SkyKind.NIGHT: _Look(((4, 7, 22), (9, 15, 38), (17, 27, 60), (32, 46, 84)), 0.0, 0.3),
}


def synthesise_sky(kind: SkyKind, size: tuple[int, int]) -> FloatArray:
    """A sky of `size` (width, height), the same at each call: H x W x 3, float32, sRGB, 0 to 1."""
    look, random = _LOOKS[kind], np.random.default_rng(_SEED)
    sky = _by_height(look.colours, size)
    if look.clouds:
        # Clouds have no detail that a larger picture would show.
        cover, light = (resize(layer, size) for layer in _clouds(look, fit_within(size, _CLOUD_SIDE), random))
        shade = np.array(look.shaded, np.float32) / 255
        colour = shade + (np.array(look.lit, np.float32) / 255 - shade) * light[..., None]
        sky = sky + (colour - sky) * cover[..., None]
    if kind is SkyKind.SUNSET:
        sky = sky + _sun(size)
    if kind is SkyKind.NIGHT:
        sky = sky + _stars(size, random)
    # Half a step of noise hides the bands that eight bits would show.
    return clip_unit(sky + random.uniform(-0.5, 0.5, sky.shape).astype(np.float32) / 255)


def _by_height(colours: tuple[Colour, ...], size: tuple[int, int]) -> FloatArray:
    at = np.linspace(0, 1, len(colours))
    down = np.linspace(0, 1, size[1])
    column = np.stack([np.interp(down, at, [colour[c] / 255 for colour in colours]) for c in range(3)], axis=-1)
    smooth = gaussian_filter(np.repeat(column[:, None], 2, axis=1).astype(np.float32), size[1] / 12)[:, :1]
    return np.broadcast_to(smooth, (size[1], size[0], 3)).copy()


def _clouds(look: _Look, size: tuple[int, int], random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Cover and light of a layer seen in perspective: small and flat towards the horizon, lit from above."""
    width, height = size
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    distance = 1 / (1.18 - down)
    across = (np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] * width / height) * distance
    density = _noise(across * 1.5 + 3, distance * 1.9 + np.zeros_like(across), random)
    edge = np.quantile(density, 1 - look.clouds)
    softness = look.softness * float(density.std()) * 3 + 1e-6
    thick = clip_unit((density - edge) / softness)
    cover = thick * thick * (3 - 2 * thick)
    below = gaussian_filter(density, height / 60)
    relief = clip_unit(0.62 + (below - np.roll(below, -max(1, height // 50), axis=0)) * 3.2 - 0.35 * (cover - 0.5))
    haze = clip_unit((1.02 - down) * 3.2)
    return cover * haze * np.float32(0.96), relief


def _noise(x: FloatArray, y: FloatArray, random: np.random.Generator) -> FloatArray:
    """Octaves of value noise, the coarser bending the finer (after Perlin, "An image synthesizer", 1985)."""
    grids = [random.uniform(0, 1, (64, 64)).astype(np.float32) for _ in range(7)]
    bend = _value(grids[0], x * 1.3, y * 1.3) - 0.5
    x, y = x + 0.7 * bend, y + 0.35 * bend
    return sum((_value(grid, x * 2.03**i, y * 2.03**i) * 0.53**i for i, grid in enumerate(grids[1:])), np.zeros_like(x))


def _value(grid: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    side = grid.shape[0]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    u, v = x - left, y - top
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    a, b = grid[top % side, left % side], grid[top % side, (left + 1) % side]
    c, d = grid[(top + 1) % side, left % side], grid[(top + 1) % side, (left + 1) % side]
    upper, lower = a + (b - a) * u, c + (d - c) * u
    mixed: FloatArray = upper + (lower - upper) * v
    return mixed


def _sun(size: tuple[int, int]) -> FloatArray:
    across = np.linspace(-0.62, 0.38, size[0], dtype=np.float32)[None, :] * size[0] / size[1]
    down = np.linspace(-0.88, 0.12, size[1], dtype=np.float32)[:, None]
    glow = np.exp(-((across**2 + (1.6 * down) ** 2) / 0.16))
    return glow[..., None] * np.array([0.26, 0.16, 0.02], np.float32)


def _stars(size: tuple[int, int], random: np.random.Generator) -> FloatArray:
    width, height = size
    stars = np.zeros((height, width), np.float32)
    count = max(60, width * height // 900)
    ys = (height * random.uniform(0, 1, count) ** 1.3).astype(int)
    stars[ys, random.integers(0, width, count)] = random.uniform(0.15, 1, count) ** 5
    glow = gaussian_filter(stars, max(0.5, max(size) / 1800)) * 6 + gaussian_filter(stars, max(size) / 500) * 6
    return glow[..., None] * np.array([0.9, 0.94, 1.0], np.float32)
