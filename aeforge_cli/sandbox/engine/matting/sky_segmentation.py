"""Skies: where a photograph shows one, and what stands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aeforge_cli.sandbox.engine.arrays.filters import gaussian_filter
from aeforge_cli.sandbox.engine.arrays.morphology import dilate, erode, label_components
from aeforge_cli.sandbox.engine.arrays.resampling import downscale, resize
from aeforge_cli.sandbox.engine.matting.mattes import EFFORT, refine_alpha, upsample_alpha

if TYPE_CHECKING:
    from PIL import Image

    from aeforge_cli.sandbox.engine import Quality
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray

Rows = npt.NDArray[np.int64]

_SMALLEST = 16
_SURELY_SUBJECT = 0.7
# A subject that takes more of the sky than that is the sky between the parts of a bridge.
_MOST_TAKEN = 0.3
# The median of the gradient, of grey from 0 to 1, in each pixel: clouds have up to 0.002, a town in haze 0.01.
_ROUGHEST = 0.005


def segment_sky(picture: Image.Image, quality: Quality, subject: FloatArray | None = None) -> FloatArray | None:
    """Alpha of the sky in an RGB picture, in its shape, float32, 0 to 1; None where the picture shows no real sky.

    Args:
        picture: RGB.
        quality: Pro works at a larger size.
        subject: H x W at any size, float32, 0 to 1: what is likely the subject. A grey ship is no cloud.
    """
    if min(picture.size) < _SMALLEST:
        return None
    side, steps = EFFORT[quality]
    small = downscale(picture, side)
    image = np.asarray(small, np.float32) / 255
    steep = _steepness(image)
    above = np.arange(image.shape[0])[:, None] < _skyline(image, steep)[None, :]
    if not _is_sky(image, steep, above):
        return None
    sky = _sky_probability(image, above)
    if subject is not None:
        sky = _without_subject(sky, resize(subject, small.size) > _SURELY_SUBJECT)
    return upsample_alpha(refine_alpha(image, sky, steps), image, picture)


def _without_subject(sky: FloatArray, subject: BoolArray) -> FloatArray:
    taken = (subject & (sky > 0.5)).sum() / max(int((sky > 0.5).sum()), 1)
    return sky if taken > _MOST_TAKEN else np.where(subject, 0, sky).astype(np.float32)


def _skyline(image: FloatArray, steep: FloatArray) -> Rows:
    """The first strong edge down each column, at the threshold that parts the picture best.

    After Shen, Wang, "Sky region detection in a single image for autonomous ground robot navigation", 2013.
    """
    candidates = [_first(steep > threshold) for threshold in np.linspace(0.008, 0.12, 14)]
    return max(candidates, key=lambda border: _parting(image, border))


def _steepness(image: FloatArray) -> FloatArray:
    grey = gaussian_filter(image.mean(axis=2), 1.5)
    steep: FloatArray = np.hypot(np.gradient(grey, axis=0), np.gradient(grey, axis=1))
    return steep


def _first(strong: BoolArray) -> Rows:
    rows: Rows = np.where(strong.any(axis=0), strong.argmax(axis=0), strong.shape[0])
    return rows


def _parting(image: FloatArray, border: Rows) -> float:
    """How alike the colours are above the border and below it."""
    above = np.arange(image.shape[0])[:, None] < border[None, :]
    if not 0.02 < above.mean() < 0.98:
        return -1.0
    # One pixel in nine tells as much.
    spreads = [_spread(image[::3, ::3][region[::3, ::3]]) for region in (above, ~above)]
    return 1 / (2 * spreads[0] + spreads[1] + 1e-6)


def _spread(colours: FloatArray) -> float:
    covariance = np.cov(colours.T)
    return float(np.linalg.det(covariance) * 1e6 + np.linalg.eigvalsh(covariance)[-1])


def _is_sky(image: FloatArray, steep: FloatArray, above: BoolArray) -> bool:
    """Large, along the top, smooth, and blue: walls and studio backdrops are as even as skies, but grey or teal."""
    if above.mean() < 0.12 or above[0].mean() < 0.5 or np.median(steep[above]) > _ROUGHEST:
        return False
    red, green, blue = image[above].mean(axis=0)
    bluer_than_teal = blue - green > 0.25 * (blue - red)
    day_or_dusk = blue > 0.4 or blue > max(0.25, 1.25 * green)
    return bool(blue > red * 1.08 and bluer_than_teal and day_or_dusk)


def _sky_probability(image: FloatArray, above: BoolArray) -> FloatArray:
    """Sky is what has the colours of the sky at its height; this finds it behind towers and between leaves too."""
    found = _sky(_colour_model(image, above), above, above)
    # What was found beyond a tower tells how the sky goes on there; the tower itself is no longer taken for sky.
    alike = _colour_model(image, found)
    sky = _sky(alike, found, above)
    return np.where(sky, alike, np.minimum(alike, 0.45) * dilate(sky, 3)).astype(np.float32)


def _sky(alike: FloatArray, found: BoolArray, above: BoolArray) -> BoolArray:
    like = alike > 0.5
    return like & (_level(_lowest(above), len(above)) | _high(like, _lowest(found)))


def _level(border: Rows, height: int) -> BoolArray:
    """Above the skyline of some column near by: through a lattice, beside a tower, but not below the horizon."""
    reach = max(3, len(border) // 8)
    lowest = np.lib.stride_tricks.sliding_window_view(np.pad(border, reach), 2 * reach + 1).max(axis=1)
    level: BoolArray = np.arange(height)[:, None] < lowest[None, :]
    return level


def _high(alike: BoolArray, border: Rows) -> BoolArray:
    """Large and mostly above the skyline of most columns: sky that a tower parts from the rest."""
    labels, _ = label_components(alike)
    high = np.arange(len(alike))[:, None] < np.quantile(border, 0.75)
    sizes = np.bincount(labels.ravel())
    highs = np.bincount(labels.ravel(), weights=(alike & high).ravel())
    parts: BoolArray = (highs > 0.5 * sizes) & (sizes > 0.01 * alike.size)
    return parts[labels]


def _lowest(sky: BoolArray) -> Rows:
    """The row below the last of the sky in each column."""
    rows: Rows = np.where(sky.any(axis=0), len(sky) - sky[::-1].argmax(axis=0), 0)
    return rows


def _colour_model(image: FloatArray, above: BoolArray) -> FloatArray:
    """1 on a smooth surface of colour fitted to the sure sky, a half at 3.5 standard deviations from it."""
    height, width = above.shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    down, across = down / height, across / width
    terms = np.stack([np.ones_like(down), down, across, down * down, down * across, across * across], axis=-1)
    sure = erode(above, 3)
    sure = sure if sure.sum() > 100 else above
    rows = np.flatnonzero(sure.ravel())[:: max(1, int(sure.sum()) // 20000)]
    surface, *_ = np.linalg.lstsq(terms.reshape(-1, 6)[rows], image.reshape(-1, 3)[rows], rcond=None)
    off = image - terms @ surface
    covariance = np.cov(off.reshape(-1, 3)[rows].T) + 4e-4 * np.eye(3)
    squares = np.einsum("ijc,cd,ijd->ij", off, np.linalg.inv(covariance), off)
    alike: FloatArray = np.exp(-squares / 18).astype(np.float32)
    return alike
