"""The object at a named place, and the picture without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.fill import fill
from aeforge_cli.sandbox.engine.filters import Bools, Floats, gaussian, guided, resized
from aeforge_cli.sandbox.engine.regions import grown, holes_filled, labelled
from aeforge_cli.sandbox.engine.saliency import saliency

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.edits import Place


def remove(picture: Image.Image, place: Place) -> Image.Image:
    small = picture.copy()
    small.thumbnail((768, 768), Image.Resampling.LANCZOS)
    hole = locate(small, place)
    if hole is None:
        raise Refused("No single object stands out at that place.")
    return without(picture, hole)


def without(picture: Image.Image, hole: Bools) -> Image.Image:
    pixels = np.asarray(picture)
    full = np.asarray(Image.fromarray(hole).resize(picture.size, Image.Resampling.NEAREST))
    full = grown(full, max(2, max(picture.size) // 170))
    filled = fill(pixels, full)
    soft = gaussian(full.astype(np.float32), 1.0)[..., None]
    return Image.fromarray((pixels * (1 - soft) + filled * soft + 0.5).astype(np.uint8))


def locate(picture: Image.Image, place: Place) -> Bools | None:
    """The mask of the object at a place, in the picture's own size."""
    width, height = picture.size
    votes = np.zeros((height, width), np.float32)
    count = 0
    for window in _windows(picture.size, place):
        votes += _seen_through(picture, window)
        count += 1
    votes /= count
    image = np.asarray(picture, np.float32) / 255
    fine = guided(image, votes, max(2, max(picture.size) // 80), 1e-3)
    labels, number = labelled(fine > 0.4)
    best, best_score = None, 0.0
    for label in range(1, number + 1):
        mask = labels == label
        ys, xs = np.nonzero(mask)
        inside = (place.left <= xs.mean() / width <= place.right) and (place.top <= ys.mean() / height <= place.bottom)
        share = mask.mean()
        if not inside or not 0.001 < share < 0.3:
            continue
        score = float(votes[mask].mean()) * share**0.3
        if score > best_score:
            best, best_score = mask, score
    return None if best is None else holes_filled(grown(best, 2))


def _windows(size: tuple[int, int], place: Place) -> list[tuple[int, int, int, int]]:
    width, height = size
    out = []
    for scale in (0.45, 0.6, 0.8):
        side = round(scale * max(size))
        w, h = min(side, width), min(side, height)
        cx, cy = (place.left + place.right) / 2 * width, (place.top + place.bottom) / 2 * height
        for slip in (-0.08, 0.08):
            left = int(np.clip(cx - w / 2 + slip * w, 0, width - w))
            top = int(np.clip(cy - h / 2 + slip * h, 0, height - h))
            out.append((left, top, left + w, top + h))
    return out


def _seen_through(picture: Image.Image, window: tuple[int, int, int, int]) -> Floats:
    left, top, right, bottom = window
    seen = resized(saliency(picture.crop(window)), (right - left, bottom - top))
    labels, number = labelled(seen > 0.5)
    kept = np.zeros_like(seen)
    for label in range(1, number + 1):
        mask = labels == label
        if not _cut(mask, window, picture.size):
            near = grown(mask, 6)
            kept[near] = seen[near]
    out = np.zeros((picture.height, picture.width), np.float32)
    out[top:bottom, left:right] = kept
    return out


def _cut(mask: Bools, window: tuple[int, int, int, int], size: tuple[int, int]) -> bool:
    """Whether the window, not the picture, ends the object."""
    left, top, right, bottom = window
    return bool(
        (left > 0 and mask[:, 0].any())
        or (top > 0 and mask[0].any())
        or (right < size[0] and mask[:, -1].any())
        or (bottom < size[1] and mask[-1].any())
    )
