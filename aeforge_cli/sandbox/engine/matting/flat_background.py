"""Drawings, sprites and products on one flat colour: the background is flooded from the border, as a magic wand does.

A saliency network loses what is thin: a tail, a brim, a strap. Before a flat colour nothing needs to be guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine.arrays.morphology import dilate, label_components
from aeforge_cli.sandbox.engine.matting.mattes import Matte

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray, IndexArray

# JPEG makes a white of 245 to 255 beside strong edges.
_TOLERANCE = 10 / 255
# A wall in even light is as plain as a drawing's paper to the eye, but its colours run from one to the next.
_SAME = 3 / 255
_LEAST_SAME = 0.8
# The subject may be cut off by the border, as busts are.
_FLAT_BORDER = 0.7
_SMALLEST_BACKGROUND = 0.1
# Width of an anti-aliased edge, in pixels; a soft shadow is wider, and no one wants it kept.
_EDGE = 2
_WIDEST_EDGE = 4.0
_SHADOW = 0.25
# Of the subject that the network is sure of: if the flood runs into more, the subject has the background's colour.
_LEAK = 0.03
# The least size of a thing, as a share of the picture, and how much of what is no background must be such things.
_LEAST_THING, _LEAST_SOLID = 0.001, 0.5


def flat_background_matte(image: FloatArray, probability: FloatArray) -> Matte | None:
    """The subject before a flat colour, or None where the background is not flat, or is the subject's colour too.

    Args:
        image: H x W x 3, float32, sRGB, 0 to 1.
        probability: H x W, float32, 0 to 1: what a saliency network takes for the subject.
    """
    flood = _Flood.of(image)
    if flood is None or flood.has_soft_edge() or _leaks(flood.background, probability) or _is_grain(~flood.background):
        return None
    return flood.matte(image, _with_holes(flood, probability))


@dataclass(frozen=True)
class _Flood:
    colour: FloatArray
    # Of each pixel from that colour, in the channel where it is largest.
    distance: FloatArray
    background: BoolArray

    @classmethod
    def of(cls, image: FloatArray) -> _Flood | None:
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        colour = np.median(border, axis=0).astype(np.float32)
        if (np.abs(border - colour).max(axis=1) <= _TOLERANCE).mean() < _FLAT_BORDER:
            return None
        distance = np.abs(image - colour).max(axis=2)
        background = _reaching_border(distance <= _TOLERANCE)
        if not _SMALLEST_BACKGROUND < background.mean() < 1 or (distance[background] <= _SAME).mean() < _LEAST_SAME:
            return None
        return cls(colour, distance, background)

    def has_soft_edge(self) -> bool:
        """Whether much of what is nearly the background's colour lies beside it: a shadow, a glow, a blur."""
        outline = dilate(self.background, 1) & ~self.background
        beside = dilate(self.background, 8 * _EDGE) & (self.distance > _TOLERANCE) & (self.distance < _SHADOW)
        return bool(beside.sum() > _WIDEST_EDGE * outline.sum())

    def matte(self, image: FloatArray, background: BoolArray) -> Matte:
        alpha = (~background).astype(np.float32)
        foreground = image.copy()
        ys, xs = np.nonzero(dilate(background, _EDGE) & ~background)
        alpha[ys, xs] = covered = self._coverage(image, ys, xs)
        share = np.maximum(covered, 0.1)[:, None]
        foreground[ys, xs] = np.clip((image[ys, xs] - (1 - share) * self.colour) / share, 0, 1)
        return Matte(alpha, foreground)

    def _coverage(self, image: FloatArray, ys: IndexArray, xs: IndexArray) -> FloatArray:
        """How far an edge pixel is on the line from the background's colour to the purest colour near by."""
        pure = self._purest(image, ys, xs) - self.colour
        own = image[ys, xs] - self.colour
        length = (pure * pure).sum(axis=1)
        share = (own * pure).sum(axis=1) / np.maximum(length, 1e-6)
        beside = np.abs(own - share[:, None] * pure).max(axis=1)
        # A colour beside the line is the subject's own, not a mixture.
        mixed = (beside < 0.06) & (length > _TOLERANCE**2)
        return np.where(mixed, np.clip(share, 0, 1), 1).astype(np.float32)

    def _purest(self, image: FloatArray, ys: IndexArray, xs: IndexArray) -> FloatArray:
        height, width = self.distance.shape
        steps = np.arange(-_EDGE, _EDGE + 1)
        rows = np.clip(ys[:, None] + np.repeat(steps, len(steps)), 0, height - 1)
        columns = np.clip(xs[:, None] + np.tile(steps, len(steps)), 0, width - 1)
        best = self.distance[rows, columns].argmax(axis=1)
        pixels = np.arange(len(ys))
        purest: FloatArray = image[rows[pixels, best], columns[pixels, best]]
        return purest


def _reaching_border(mask: BoolArray) -> BoolArray:
    labels, count = label_components(mask)
    reaching = np.zeros(count + 1, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        reaching[edge] = True
    reaching[0] = False
    return reaching[labels]


def _leaks(background: BoolArray, probability: FloatArray) -> bool:
    sure = probability > 0.9
    return bool((sure & background).sum() > _LEAK * sure.sum())


def _is_grain(subject: BoolArray) -> bool:
    """Whether most of it is specks, as on paper or plaster: a subject is of one piece, or of a few."""
    labels, _ = label_components(subject)
    sizes = np.bincount(labels.ravel())[1:]
    return bool(sizes[sizes > _LEAST_THING * subject.size].sum() < _LEAST_SOLID * sizes.sum())


def _with_holes(flood: _Flood, probability: FloatArray) -> BoolArray:
    """Enclosed areas of the background's colour are seen through, as in a ring, if the network takes them for that."""
    labels, count = label_components((flood.distance <= _TOLERANCE) & ~flood.background)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sums = np.bincount(labels.ravel(), weights=probability.ravel(), minlength=count + 1)
    holes = (sums < 0.3 * sizes) & (sizes > 8)
    holes[0] = False
    opened: BoolArray = flood.background | holes[labels]
    return opened
