"""Skies: where a photograph shows one, and how to paint another."""

from __future__ import annotations

import numpy as np

from aeforge_cli.sandbox.engine.edits import SkyKind
from aeforge_cli.sandbox.engine.filters import Floats, gaussian, guided, unit

_SEED = 20
# Zenith and horizon, sRGB.
_GRADIENTS = {
    SkyKind.CLEAR: ((58, 118, 200), (190, 219, 240)),
    SkyKind.BLUE: ((58, 118, 200), (190, 219, 240)),
    SkyKind.CLOUDY: ((78, 128, 196), (196, 214, 230)),
    SkyKind.OVERCAST: ((148, 156, 166), (206, 210, 214)),
    SkyKind.SUNSET: ((58, 70, 128), (252, 178, 104)),
    SkyKind.NIGHT: ((6, 10, 28), (34, 46, 84)),
}


def find_sky(image: Floats) -> Floats | None:
    """The share of sky in each pixel, or None where the picture shows no real sky."""
    border = _skyline(image)
    rows = np.arange(image.shape[0])[:, None]
    rough = (rows < border[None, :]).astype(np.float32)
    if not _is_sky(image, rough > 0.5):
        return None
    return unit((_refine(image, rough) - 0.1) / 0.8)


def paint_sky(kind: SkyKind, size: tuple[int, int]) -> Floats:
    width, height = size
    zenith, horizon = (np.array(c, np.float32) / 255 for c in _GRADIENTS[kind])
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    return zenith + (horizon - zenith) * down**0.9 + np.zeros((height, width, 3), np.float32)


def _skyline(image: Floats) -> np.ndarray:
    """The first strong edge down each column, at the threshold that parts the picture best (Shen, Wang 2013)."""
    grey = gaussian(image.mean(axis=2), 1.5)
    steep = np.hypot(np.gradient(grey, axis=0), np.gradient(grey, axis=1))
    best, border = -1.0, np.zeros(image.shape[1], int)
    for threshold in np.linspace(0.008, 0.12, 14):
        strong = steep > threshold
        candidate = np.where(strong.any(axis=0), strong.argmax(axis=0), image.shape[0])
        energy = _parting(image, candidate)
        if energy > best:
            best, border = energy, candidate
    return border


def _parting(image: Floats, border: np.ndarray) -> float:
    above = np.arange(image.shape[0])[:, None] < border[None, :]
    share = above.mean()
    if not 0.02 < share < 0.98:
        return -1.0
    spreads = []
    for region in (above, ~above):
        covariance = np.cov(image[region].T)
        spreads.append(np.linalg.det(covariance) * 1e6 + np.linalg.eigvalsh(covariance)[-1])
    return float(1 / (2 * spreads[0] + spreads[1] + 1e-6))


def _is_sky(image: Floats, above: np.ndarray) -> bool:
    if above.mean() < 0.12 or above[0].mean() < 0.5:
        return False
    red, _, blue = image[above].mean(axis=0)
    return bool(blue > red * 1.08 and blue > 0.25)


def _refine(image: Floats, rough: Floats) -> Floats:
    return guided(image, rough, max(2, max(image.shape[:2]) // 40), 1e-4)
