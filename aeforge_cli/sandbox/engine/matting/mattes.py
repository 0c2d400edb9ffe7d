"""How much of each pixel is subject: what stands out, told apart by colour, made to follow the picture's own edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine import Quality, Refused
from aeforge_cli.sandbox.engine.arrays.filters import (
    Bools,
    Floats,
    at_most,
    box,
    follow,
    guided_coefficients,
    reduced,
    resized,
    unit,
)
from aeforge_cli.sandbox.engine.arrays.morphology import grown, labelled, overlap
from aeforge_cli.sandbox.engine.matting.bayesian import Unmixed, unmixed
from aeforge_cli.sandbox.engine.matting.closed_form import solve
from aeforge_cli.sandbox.engine.matting.saliency import saliency, saliency_of_views

if TYPE_CHECKING:
    from PIL import Image

# Long side, and steps, of the matting equation.
EFFORT: dict[Quality, tuple[int, int]] = {"standard": (640, 25), "pro": (1024, 40)}

# How much a look at the subject alone counts.
_CLOSER: dict[Quality, float] = {"standard": 0.35, "pro": 0.5}

_SMALLEST = 16


@dataclass(frozen=True)
class Matte:
    """`alpha` and the subject's own `colours`, at a working size."""

    alpha: Floats
    colours: Floats


def subject_matte(picture: Image.Image, likely: Floats, quality: Quality) -> Matte:
    alpha = alpha_of(picture, likely, quality)
    return Matte(alpha, subject_colours(np.asarray(picture, np.float32) / 255, alpha))


def alpha_of(picture: Image.Image, likely: Floats, quality: Quality) -> Floats:
    """The matte of what is likely the subject, in the picture's size."""
    side, steps = EFFORT[quality]
    small = reduced(picture, side)
    image = np.asarray(small, np.float32) / 255
    return enlarged(refined(image, _decided(resized(likely, small.size)), steps), image, picture)


def subject_colours(image: Floats, alpha: Floats) -> Floats:
    """What the subject would look like without what shines through (blur fusion, Forte 2021)."""
    full = (image.shape[1], image.shape[0])
    # Only edges take these colours; and the first pass is so wide that a small picture shows the same.
    size, coarse_size = at_most(full, 640), at_most(full, 256)
    middle, alpha = resized(image, size), resized(alpha, size)
    coarse, likewise = resized(middle, coarse_size), resized(alpha, coarse_size)
    far_colours, far_behind = _fuse(coarse, likewise, coarse, coarse, max(2, max(coarse_size) // 12))
    radius = max(1, max(size) // 180)
    colours, _ = _fuse(middle, alpha, resized(far_colours, size), resized(far_behind, size), radius)
    return resized(colours, full)


def likely_subject(picture: Image.Image, quality: Quality) -> Floats:
    """What stands out, looked at as a whole, then closer, which counts as far as it agrees."""
    if min(picture.size) < _SMALLEST:
        raise Refused("The picture is too small to tell a subject from its background.")
    likely = saliency_of_views(picture)
    frame = _frame(likely > 0.5)
    if frame is None:
        return likely
    whole = resized(likely, at_most(picture.size, 1024)).copy()
    left, top, right, bottom = _scaled(frame, likely.shape, whole.shape)
    crop = picture.crop(_scaled(frame, likely.shape, (picture.height, picture.width)))
    closer = resized(saliency_of_views(crop) if quality == "pro" else saliency(crop), (right - left, bottom - top))
    part = whole[top:bottom, left:right]
    part += _CLOSER[quality] * overlap(closer > 0.5, part > 0.5) * (closer - part)
    return whole


def _frame(subject: Bools) -> tuple[int, int, int, int] | None:
    """The subject with a sixth of its size around it; None if that is nearly the whole picture, or there is none."""
    ys, xs = np.nonzero(subject)
    if len(ys) == 0:
        return None
    across, down = int(np.ptp(xs)) // 6 + 1, int(np.ptp(ys)) // 6 + 1
    left, right = max(0, int(xs.min()) - across), min(subject.shape[1], int(xs.max()) + 1 + across)
    top, bottom = max(0, int(ys.min()) - down), min(subject.shape[0], int(ys.max()) + 1 + down)
    return None if (right - left) * (bottom - top) > 0.7 * subject.size else (left, top, right, bottom)


def _scaled(
    frame: tuple[int, int, int, int], before: tuple[int, ...], after: tuple[int, ...]
) -> tuple[int, int, int, int]:
    across, down = after[1] / before[1], after[0] / before[0]
    left, top = int(frame[0] * across), int(frame[1] * down)
    return left, top, max(left + 1, int(frame[2] * across)), max(top + 1, int(frame[3] * down))


def refined(image: Floats, likely: Floats, steps: int) -> Floats:
    """Likelihood into alpha: sure areas stay, the band between them and gaps near it are solved for."""
    longest = max(image.shape[:2])
    band = max(2, round(0.012 * longest))
    inside, outside = ~grown(likely <= 0.9, band), ~grown(likely > 0.1, band)
    core = ~grown(likely <= 0.9, 3 * band)
    core = core if core.sum() > 0.2 * inside.sum() else inside
    # Between hairs and leaves the network sees no gaps, but never far from the outline.
    asked = ~outside & (~inside | grown(outside, round(0.15 * longest)))
    told = unmixed(image, unit((likely - 0.1) / 0.8), core, outside, asked)
    inside &= ~_gaps(asked, told)
    known = inside | outside
    prior = np.where(known, inside, _filled(asked, told.share)).astype(np.float32)
    # Where colours cannot tell, as before brick or grass, edges mislead: the network is trusted instead.
    trust = 0.3 / (1 + told.variance / 0.02) * np.exp(-np.maximum(told.misfit - 9, 0) / 9)
    trust = np.maximum(trust, 0.01) + 0.5 * (1 - told.apart)
    alpha = solve(image, prior, np.where(known, 10, _filled(asked, trust)).astype(np.float32), steps)
    return unit((np.where(known, inside, alpha) - 0.03) / 0.94)


def _gaps(asked: Bools, told: Unmixed) -> Bools:
    """Where the background is seen through the subject; what is half seen counts only beside what is seen surely."""
    clear = (told.misfit < 9) & (told.apart > 0.9)
    share = _filled(asked, np.where(clear, told.share, 1), outside=1)
    return grown((share < 0.8) & grown(share < 0.3, 3), 1)


def enlarged(alpha: Floats, image: Floats, picture: Image.Image) -> Floats:
    """Alpha for a larger picture, with the larger picture's edges (fast guided filter, He, Sun 2015)."""
    height, width = alpha.shape
    if picture.size == (width, height):
        return alpha
    slope, offset = guided_coefficients(image, alpha, 2, 1e-4)
    guide = np.asarray(picture, np.float32) / 255
    return unit(follow(guide, resized(slope, picture.size), resized(offset, picture.size)))


def _decided(likely: Floats) -> Floats:
    """Half-likely things far from anything sure, and crumbs, would be see-through: they are background, or subject."""
    reach = max(2, round(0.018 * max(likely.shape)))
    edge = grown(likely > 0.9, reach) & grown(likely < 0.1, reach)
    doubtful = int(((likely > 0.1) & (likely < 0.9) & ~edge).sum())
    sure = int((likely > 0.5).sum())
    if sure < 0.003 * likely.size or doubtful > 0.8 * sure:
        raise Refused("No subject stands out clearly enough from the background to be cut out.")
    decided = np.where(edge, likely, likely > 0.5).astype(np.float32)
    labels, _ = labelled(decided > 0.1)
    sizes = np.bincount(labels.ravel(), weights=decided.ravel())
    large: Bools = sizes > 0.03 * sizes[1:].max(initial=0)
    return decided * large[labels]


def _filled(where: Bools, values: Floats, outside: float = 0) -> Floats:
    out = np.full(where.shape, outside, np.float32)
    out[where] = values
    return out


def _fuse(image: Floats, alpha: Floats, colours: Floats, behind: Floats, radius: int) -> tuple[Floats, Floats]:
    a = alpha[..., None]
    weight = box(alpha, radius)[..., None]
    near = box(colours * a, radius) / (weight + 1e-5)
    far = box(behind * (1 - a), radius) / (1 - weight + 1e-5)
    residue = image - a * near - (1 - a) * far
    return unit(near + a * residue), unit(far + (1 - a) * residue)
