"""Which single object is at a place: what stands out whole through several windows, and alone, and upside down.

A saliency network always finds something. What tells an object from a patch of grass is that its outline stays the same
when the window changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray
from aeforge_cli.sandbox.engine.arrays.filters import gaussian_filter
from aeforge_cli.sandbox.engine.arrays.membrane import interpolate_membrane
from aeforge_cli.sandbox.engine.arrays.morphology import dilate, erode, fill_holes, iou, label_components
from aeforge_cli.sandbox.engine.arrays.resampling import downscale, resize, resize_mask
from aeforge_cli.sandbox.engine.matting.saliency import INPUT_SIDE, foreground_probability, uncertainty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray
    from aeforge_cli.sandbox.engine.edits import Place

# What stands out in a picture, as `foreground_probability` says it.
See: TypeAlias = Callable[[Image.Image], FloatArray]


class Doubt(Enum):
    """Why nothing is taken away."""

    NOTHING = auto()
    SEVERAL = auto()
    PART = auto()


# How much larger than the object a window is, and whether it is upside down: an object still is one then; part of a
# face, or of a lamp, often is not.
_VIEWS = ((1.5, False), (2.2, False), (1.5, True))
# Chosen by leaving out each source of photographs in turn; see tests/benchmarks/editing.
LEAST_AGREEMENT, MIDDLE_AGREEMENT = 0.5, 0.7
_LEAST_EDGE = 1.2
_MOST_UNCERTAIN = 1.2
# The smallest and the largest object, as shares of the picture.
_SMALLEST, _LARGEST = 0.002, 0.3
# How much of an object lies at the place that was named. The centre is small, and large things are there; what stands
# on one side of the picture and goes on far beyond its middle is two things, or more than what was meant.
_AT_CENTRE, _AT_SIDE = 0.55, 0.75
# How much of a place is taken by what does not belong there.
_INTRUDES = 0.2
_SAME = 0.6
_MARGIN = 0.12
# A rival is at least that large, beside the best; it may be a vase on the shelf that is the best.
RIVAL = 0.1
# An eye or a badge stands out too, but nobody means it: something much larger goes on around it. Through a narrow
# window a hat or a hand looks whole, so there it needs less.
_WHOLE = 1.6
AROUND = (0.6, 0.3)
_EXAMINED = 2
# Each look takes a quarter of a second, and a refusal should not take three.
_MOST_LOOKS = 8


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

    def on_picture(self, seen: FloatArray, size: tuple[int, int]) -> FloatArray:
        """What is seen through the window, as a map of the picture."""
        out = np.zeros((size[1], size[0]), np.float32)
        out[self.top : self.bottom, self.left : self.right] = resize(seen, self.size)
        return out


@dataclass(frozen=True)
class _Proposal:
    probability: FloatArray
    mask: BoolArray
    sightings: int = 1


@dataclass(frozen=True)
class Evidence:
    """What three looks at a proposal say.

    Attributes:
        outline: H x W: the object, as they have it on average.
        agreement: Intersection over union of the proposal with each look.
        unsure: How much of it is neither surely seen nor surely not, 0 to 2.
        edge: How much steeper the picture is at the outline than around it.
    """

    outline: BoolArray
    agreement: tuple[float, ...]
    unsure: float
    edge: float

    def agrees(self, least: float = LEAST_AGREEMENT, middle: float = MIDDLE_AGREEMENT) -> bool:
        """Whether no look contradicts, and most see the very same: one may be drawn away by what is near by."""
        return min(self.agreement) >= least and sorted(self.agreement)[1] >= middle

    def is_clear(self, place: Place) -> bool:
        return self.unsure < _MOST_UNCERTAIN and self.edge > _LEAST_EDGE and _is_at(self.outline, place)


def locate_object(
    picture: Image.Image, place: Place, whole: FloatArray, see: See = foreground_probability
) -> BoolArray | Doubt:
    """The object at a place of an RGB picture, as a mask in its shape, or why none is told.

    Args:
        picture: RGB, reduced to the size that is searched.
        place: Where most of the object is.
        whole: H x W, float32, 0 to 1: what stands out in the picture as a whole.
        see: The network.
    """
    looks = Looks.at_place(picture, place, whole, see)
    for proposals, around in zip(propose(looks, place, whole), AROUND, strict=True):
        evidence = [examine(looks, proposal) for proposal in proposals[:_EXAMINED]]
        clear = [seen.outline for seen in evidence if seen and seen.agrees() and seen.is_clear(place)]
        answer = _chosen(clear, whole > 0.5, around)
        if answer is not Doubt.NOTHING:
            return answer
    return Doubt.NOTHING


class Looks:
    """Looks at parts of a picture, of which there are so many and no more."""

    def __init__(self, picture: Image.Image, see: See) -> None:
        self.picture = picture
        self.left = _MOST_LOOKS
        self._see = see

    @classmethod
    def at_place(
        cls, picture: Image.Image, place: Place, whole: FloatArray, see: See = foreground_probability
    ) -> Looks:
        return cls(_without_what_is_elsewhere(picture, place, whole), see)

    def at(self, window: _Window, *, upside_down: bool = False) -> FloatArray:
        self.left -= 1
        crop = self.picture.crop(window.box).resize((INPUT_SIDE, INPUT_SIDE), Image.Resampling.LANCZOS)
        if not upside_down:
            return self._see(crop)
        return np.ascontiguousarray(self._see(crop.transpose(Image.Transpose.ROTATE_180))[::-1, ::-1])


def _chosen(outlines: list[BoolArray], subject: BoolArray, around: float) -> BoolArray | Doubt:
    """The first of what was seen clearly, if it is no part of anything and nothing else competes."""
    found: list[BoolArray] = []
    for outline in outlines:
        if not is_part(outline, subject, around) and not any(iou(outline, other) > _SAME for other in found):
            found.append(outline)
    if not found:
        return Doubt.PART if outlines else Doubt.NOTHING
    return Doubt.SEVERAL if any(rival.sum() > RIVAL * found[0].sum() for rival in found[1:]) else found[0]


def _without_what_is_elsewhere(picture: Image.Image, place: Place, whole: FloatArray) -> Image.Image:
    """The picture with what stands out at other places smoothed over: the main subject would draw every look."""
    labels, count = label_components(whole > 0.3)
    elsewhere = np.zeros(whole.shape, bool)
    for label in range(1, count + 1):
        thing = labels == label
        # What reaches far into the place may be the object, run together with what is beside it.
        intrudes = thing[_at(place, thing.shape)].mean() > _INTRUDES
        if thing.mean() > _SMALLEST and _share_at(thing, place) < _AT_CENTRE and not intrudes:
            elsewhere |= thing
    if not elsewhere.any():
        return picture
    hidden = dilate(elsewhere, 6)
    # The membrane has no detail that a larger picture would show.
    small = downscale(picture, INPUT_SIDE)
    smooth = Image.fromarray(interpolate_membrane(np.asarray(small), resize_mask(hidden, small.size)))
    return Image.composite(smooth.resize(picture.size, Image.Resampling.BILINEAR), picture, Image.fromarray(hidden))


def propose(looks: Looks, place: Place, whole: FloatArray) -> Iterator[list[_Proposal]]:
    """What may be meant; the second answer is for what is too small to be seen through the windows of the first."""
    for windows in (_wide_windows(looks.picture.size, place), _narrow_windows(looks.picture.size, place)):
        yield _proposals(looks, windows, whole, place)


def _proposals(looks: Looks, windows: list[_Window], whole: FloatArray, place: Place) -> list[_Proposal]:
    """Single things that stand out at the place; first what was seen most often, then what was seen first."""
    proposals: list[_Proposal] = []
    for probability in _sightings(looks, windows, whole):
        mask = probability > 0.5
        if not _is_at(mask, place):
            continue
        for number, known in enumerate(proposals):
            if iou(known.mask, mask) > _SAME:
                proposals[number] = _Proposal(known.probability, known.mask, known.sightings + 1)
                break
        else:
            proposals.append(_Proposal(probability, mask))
    return sorted(proposals, key=lambda proposal: -proposal.sightings)


def _sightings(looks: Looks, windows: list[_Window], whole: FloatArray) -> Iterator[FloatArray]:
    """Maps of the picture, each with one thing that stands out whole."""
    yield from _separate(whole)
    for window in windows:
        if not looks.left:
            return
        for thing in _separate(looks.at(window)):
            if not _cut_off(thing > 0.5, window, looks.picture.size):
                yield window.on_picture(thing, looks.picture.size)


def _separate(seen: FloatArray) -> Iterator[FloatArray]:
    """Each connected thing alone, with its soft edge; crumbs are left out."""
    labels, count = label_components(seen > 0.5)
    for label in range(1, count + 1):
        thing = labels == label
        if thing.mean() > _SMALLEST:
            yield np.where(dilate(thing, 8), seen, 0).astype(np.float32)


def examine(looks: Looks, proposal: _Proposal, least: float = LEAST_AGREEMENT) -> Evidence | None:
    """Look at a proposal from near by, farther away, and upside down; None where a look agrees less than `least`."""
    mask = fill_holes(proposal.mask)
    size = looks.picture.size
    if looks.left < len(_VIEWS):
        return None
    seen, agreement = [], []
    for margin, upside_down in _VIEWS:
        window = _window_around(mask, margin)
        seen.append(window.on_picture(looks.at(window, upside_down=upside_down), size))
        agreement.append(iou(fill_holes(seen[-1] > 0.5), mask))
        if agreement[-1] < least:
            return None
    outline = fill_holes(_touching(np.mean(seen, axis=0) > 0.45, mask))
    unsure = min(uncertainty(proposal.probability, _MARGIN), 1.0) + min(uncertainty(seen[0], _MARGIN), 1.0)
    return Evidence(outline, tuple(agreement), unsure, _edge_strength(looks.picture, outline))


def _wide_windows(size: tuple[int, int], place: Place) -> list[_Window]:
    return [_window_at(size, place, share, (0.5, 0.5)) for share in (0.55, 0.8)]


def _narrow_windows(size: tuple[int, int], place: Place) -> list[_Window]:
    """Two, one beside the other along the longer side of the place."""
    upright = (place.bottom - place.top) * size[1] > (place.right - place.left) * size[0]
    middles = ((0.5, 0.15), (0.5, 0.85)) if upright else ((0.15, 0.5), (0.85, 0.5))
    return [_window_at(size, place, 0.38, middle) for middle in middles]


def _window_at(size: tuple[int, int], place: Place, share: float, middle: tuple[float, float]) -> _Window:
    """A share of the long side wide and high, its middle in the place as shares of it, and within the picture."""
    side = share * max(size)
    width, height = round(min(side, size[0])), round(min(side, size[1]))
    x = (place.left + (place.right - place.left) * middle[0]) * size[0] - width / 2
    y = (place.top + (place.bottom - place.top) * middle[1]) * size[1] - height / 2
    left, top = round(float(np.clip(x, 0, size[0] - width))), round(float(np.clip(y, 0, size[1] - height)))
    return _Window(left, top, left + width, top + height)


def _window_around(mask: BoolArray, margin: float) -> _Window:
    height, width = mask.shape
    ys, xs = np.nonzero(mask)
    x, y = (xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2
    half = margin * max(int(np.ptp(xs)), int(np.ptp(ys)), 8) / 2
    left, top = max(0, round(x - half)), max(0, round(y - half))
    return _Window(left, top, min(width, round(x + half)), min(height, round(y + half)))


def _cut_off(mask: BoolArray, window: _Window, size: tuple[int, int]) -> bool:
    """Whether the window, not the picture, ends it."""
    return bool(
        (window.left > 0 and mask[:, :2].any())
        or (window.top > 0 and mask[:2].any())
        or (window.right < size[0] and mask[:, -2:].any())
        or (window.bottom < size[1] and mask[-2:].any())
    )


def _is_at(mask: BoolArray, place: Place) -> bool:
    """Whether most of it, and its middle, lie at the place, and well within: what fills two halves is in neither."""
    inside = min(place.left, place.top, 1 - place.right, 1 - place.bottom) > 0
    if not _SMALLEST < mask.mean() < _LARGEST or _share_at(mask, place) < (_AT_CENTRE if inside else _AT_SIDE):
        return False
    ys, xs = np.nonzero(mask)
    return _is_within(float(xs.mean() / mask.shape[1]), place.left, place.right) and _is_within(
        float(ys.mean() / mask.shape[0]), place.top, place.bottom
    )


def _is_within(middle: float, start: float, end: float) -> bool:
    """Beyond the picture's border nothing can be: there the place has no margin."""
    margin = 0.1 * (end - start)
    return start + (margin if start > 0 else 0) <= middle <= end - (margin if end < 1 else 0)


def _share_at(mask: BoolArray, place: Place) -> float:
    return float(mask[_at(place, mask.shape)].sum() / mask.sum())


def _at(place: Place, shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape
    rows = slice(round(place.top * height), round(place.bottom * height))
    return rows, slice(round(place.left * width), round(place.right * width))


def is_part(outline: BoolArray, subject: BoolArray, around: float) -> bool:
    """Whether the picture's subject, where it meets the object, is much larger and lies around so much of it."""
    labels, _ = label_components(subject)
    met = np.unique(labels[outline & subject])
    larger = np.isin(labels, met[met > 0]).sum() > _WHOLE * outline.sum()
    ring = dilate(outline, 6) & ~dilate(outline, 2)
    return bool(larger and ring.any() and subject[ring].mean() > around)


def _touching(seen: BoolArray, mask: BoolArray) -> BoolArray:
    """The parts of what is seen that touch the object."""
    labels, count = label_components(seen)
    touched = np.zeros(count + 1, bool)
    touched[labels[mask]] = True
    touched[0] = False
    joined: BoolArray = touched[labels]
    return joined


def _edge_strength(picture: Image.Image, outline: BoolArray) -> float:
    """How much steeper the picture is at the outline than on both sides of it."""
    grey = gaussian_filter(np.asarray(picture.convert("L"), np.float32) / 255, 1.0)
    steep = np.hypot(*np.gradient(grey))
    border = dilate(outline, 1) & ~erode(outline, 2)
    around = dilate(outline, max(2, round(0.2 * float(np.sqrt(outline.sum())))))
    return float(steep[border].mean() / (steep[around].mean() + 1e-3)) if border.any() else 0.0
