"""Which single object is at a place: what stands out whole through some window, and still does when looked at alone.

A saliency network always finds something. What tells an object from a patch of grass is that it stays the same when the
window changes: each candidate is looked at again, closer and wider, and must be seen with the same outline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray
from aeforge_cli.sandbox.engine.arrays.filters import gaussian_filter
from aeforge_cli.sandbox.engine.arrays.membrane import interpolate_membrane
from aeforge_cli.sandbox.engine.arrays.morphology import dilate, erode, fill_holes, iou, label_components
from aeforge_cli.sandbox.engine.arrays.resampling import resize
from aeforge_cli.sandbox.engine.matting.saliency import INPUT_SIDE, foreground_probability, uncertainty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aeforge_cli.sandbox.engine.edits import Place

# What stands out in a picture, as `saliency` says it.
See: TypeAlias = Callable[[Image.Image], FloatArray]

# Chosen on pictures with known objects; see tests/benchmarks/editing.
_ENOUGH = 0.9
_BEYOND_DOUBT = 1.2
_MARGIN = 0.12
# An object upside down is still one; part of a face, or of a lamp, often is not.
_STILL_THERE = 0.6


@dataclass(frozen=True)
class _Window:
    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        return self.right - self.left, self.bottom - self.top

    @property
    def box(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.right, self.bottom

    def whole(self, seen: FloatArray, size: tuple[int, int]) -> FloatArray:
        """What is seen through the window, as a map of the picture."""
        out = np.zeros((size[1], size[0]), np.float32)
        out[self.top : self.bottom, self.left : self.right] = resize(seen, self.size)
        return out


@dataclass(frozen=True)
class _Candidate:
    mask: BoolArray
    score: float


def locate_object(
    picture: Image.Image, place: Place, subject: BoolArray, see: See = foreground_probability
) -> BoolArray | None:
    """The mask of the object at a place, in the picture's size, or None where nothing is surely one."""
    best: _Candidate | None = None
    for probability in _standing_out(picture, place, see):
        if best is not None and iou(best.mask, probability > 0.5) > 0.6:
            continue
        candidate = _looked_at_closely(picture, place, probability, subject, see)
        if candidate is None or candidate.score < (_ENOUGH if best is None else best.score):
            continue
        # The last test costs two more looks.
        if iou(_look(picture, candidate.mask, 1.5, _upside_down(see)) > 0.5, candidate.mask) < _STILL_THERE:
            continue
        best = candidate
        if best.score > _BEYOND_DOUBT:
            break
    return None if best is None else best.mask


def main_subject_mask(picture: Image.Image) -> BoolArray:
    """What the picture is of: parts of it are not taken away, nor copied into holes."""
    return resize(foreground_probability(picture), picture.size) > 0.5


def _standing_out(picture: Image.Image, place: Place, see: See) -> Iterator[FloatArray]:
    """Maps of single things that stand out, the likeliest windows first."""
    for number, window in enumerate(_windows(picture.size, place)):
        for probability in _seen_through(picture, window, 2 if number < _WIDE else 1, see):
            if _is_at(probability > 0.5, place) and _clear(probability):
                yield probability


# The first windows show the whole place and more; what is cut off there is worth hiding for a second look.
_WIDE = 2


def _windows(size: tuple[int, int], place: Place) -> Iterator[_Window]:
    yield _window(size, place, 0.55, 0.5, 0.5)
    yield _window(size, place, 0.8, 0.5, 0.5)
    for across in (0.15, 0.85):
        for down in (0.15, 0.85):
            yield _window(size, place, 0.38, across, down)


def _window(size: tuple[int, int], place: Place, share: float, across: float, down: float) -> _Window:
    side = share * max(size)
    width, height = round(min(side, size[0])), round(min(side, size[1]))
    x = (place.left + (place.right - place.left) * across) * size[0] - width / 2
    y = (place.top + (place.bottom - place.top) * down) * size[1] - height / 2
    left, top = round(float(np.clip(x, 0, size[0] - width))), round(float(np.clip(y, 0, size[1] - height)))
    return _Window(left, top, left + width, top + height)


def _seen_through(picture: Image.Image, window: _Window, looks: int, see: See) -> Iterator[FloatArray]:
    """What stands out whole; if it is only part of something, that is hidden and the rest looked at again."""
    crop = _cropped(picture, window)
    for look in range(looks):
        seen = see(crop)
        things = [thing for thing in _separate(seen > 0.5) if thing.sum() > 0.002 * INPUT_SIDE * INPUT_SIDE]
        for thing in things:
            if not _cut_off(thing, window, picture.size):
                yield window.whole(np.where(dilate(thing, 8), seen, 0).astype(np.float32), picture.size)
        hidden = dilate(seen > 0.3, 5)
        if not things or hidden.mean() > 0.6 or look + 1 == looks:
            return
        crop = Image.fromarray(interpolate_membrane(np.asarray(crop), hidden))


def _separate(mask: BoolArray) -> list[BoolArray]:
    labels, number = label_components(mask)
    return [labels == label for label in range(1, number + 1)]


def _cut_off(mask: BoolArray, window: _Window, size: tuple[int, int]) -> bool:
    """Whether the window, not the picture, ends it."""
    return bool(
        (window.left > 0 and mask[:, :2].any())
        or (window.top > 0 and mask[:2].any())
        or (window.right < size[0] and mask[:, -2:].any())
        or (window.bottom < size[1] and mask[-2:].any())
    )


def _is_at(mask: BoolArray, place: Place) -> bool:
    height, width = mask.shape
    rows = slice(round(place.top * height), round(place.bottom * height))
    columns = slice(round(place.left * width), round(place.right * width))
    return bool(0.002 < mask.mean() < 0.3 and mask[rows, columns].sum() > 0.6 * mask.sum())


def _clear(probability: FloatArray) -> bool:
    return float(probability[probability > 0.5].mean()) > 0.72 and uncertainty(probability, _MARGIN) < 1.5


def _looked_at_closely(
    picture: Image.Image, place: Place, probability: FloatArray, subject: BoolArray, see: See
) -> _Candidate | None:
    mask = fill_holes(probability > 0.5)
    near = _look(picture, mask, 1.5, see)
    if iou(near > 0.5, mask) < 0.35:
        return None
    far = _look(picture, mask, 2.2, see)
    agreement = [iou(look > 0.5, mask) for look in (near, far)]
    sharper = near if agreement[0] >= agreement[1] else far
    if max(agreement) < 0.6:
        return None
    outline = fill_holes(_main(sharper > 0.4, mask))
    if not _is_at(outline, place):
        return None
    doubt = min(uncertainty(probability, _MARGIN), 1.0) + min(uncertainty(sharper, _MARGIN), 1.0)
    score = 0.7 * max(agreement) + 0.3 * min(agreement) + 0.2 * min(_edge(picture, outline), 3) - 0.3 * doubt
    # An eye or a badge stands out too, but nobody means it: it is part of the subject.
    score -= 0.4 * _share_around(outline, subject)
    return _Candidate(outline, score)


def _look(picture: Image.Image, mask: BoolArray, margin: float, see: See) -> FloatArray:
    """What stands out in a window a little larger than the object."""
    window = _around(mask, margin)
    crop = _cropped(picture, window)
    seen, own = see(crop), _through(mask, window)
    if iou(seen > 0.5, own) < 0.5:
        beside = dilate(seen > 0.3, 3) & ~dilate(own, 6)
        if beside.mean() > 0.02:
            seen = see(Image.fromarray(interpolate_membrane(np.asarray(crop), beside)))
    return window.whole(seen, picture.size)


def _upside_down(see: See) -> See:
    return lambda crop: np.ascontiguousarray(see(crop.transpose(Image.Transpose.ROTATE_180))[::-1, ::-1])


def _around(mask: BoolArray, margin: float) -> _Window:
    height, width = mask.shape
    ys, xs = np.nonzero(mask)
    x, y = (xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2
    half = margin * max(int(np.ptp(xs)), int(np.ptp(ys)), 8) / 2
    left, top = max(0, round(x - half)), max(0, round(y - half))
    return _Window(left, top, min(width, round(x + half)), min(height, round(y + half)))


def _cropped(picture: Image.Image, window: _Window) -> Image.Image:
    return picture.crop(window.box).resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.LANCZOS)


def _through(mask: BoolArray, window: _Window) -> BoolArray:
    part = Image.fromarray(mask[window.top : window.bottom, window.left : window.right])
    return np.asarray(part.resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.NEAREST))


def _main(seen: BoolArray, mask: BoolArray) -> BoolArray:
    """The parts of what is seen that touch the object."""
    parts = [part for part in _separate(seen) if (part & mask).any()]
    joined: BoolArray = np.logical_or.reduce([mask & seen, *parts])
    return joined


def _share_around(mask: BoolArray, subject: BoolArray) -> float:
    """How much of what surrounds the object is the picture's main subject."""
    ring = dilate(mask, 6) & ~dilate(mask, 2)
    return float(subject[ring].mean()) if ring.any() else 0.0


def _edge(picture: Image.Image, mask: BoolArray) -> float:
    """How much steeper the picture is at the outline than on both sides of it."""
    grey = gaussian_filter(np.asarray(picture.convert("L"), np.float32) / 255, 1.0)
    steep = np.hypot(*np.gradient(grey))
    border = dilate(mask, 1) & ~erode(mask, 2)
    around = dilate(mask, max(2, round(0.2 * float(np.sqrt(mask.sum())))))
    return float(steep[border].mean() / (steep[around].mean() + 1e-3))
