"""How much of each pixel is subject: what stands out, told apart by colour, made to follow the picture's own edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aeforge_cli.sandbox.engine import Quality, Refused
from aeforge_cli.sandbox.engine.arrays.filters import (
    apply_linear_model,
    box_filter,
    clip_unit,
    guided_filter_coefficients,
)
from aeforge_cli.sandbox.engine.arrays.morphology import dilate, iou, label_components
from aeforge_cli.sandbox.engine.arrays.resampling import downscale, fit_within, resize
from aeforge_cli.sandbox.engine.matting.bayesian import BayesianEstimate, bayesian_alpha
from aeforge_cli.sandbox.engine.matting.closed_form import closed_form_alpha
from aeforge_cli.sandbox.engine.matting.plausibility import require_whole_subject
from aeforge_cli.sandbox.engine.matting.saliency import augmented_foreground_probability, foreground_probability
from aeforge_cli.sandbox.engine.matting.trimap import Trimap

if TYPE_CHECKING:
    from PIL import Image

    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray

# Long side, and steps, of the matting equation.
EFFORT: dict[Quality, tuple[int, int]] = {"standard": (640, 25), "pro": (1024, 40)}

# How much a look at the subject alone counts.
_CLOSER: dict[Quality, float] = {"standard": 0.35, "pro": 0.5}

SMALLEST_SIDE = 16
# As a share of the subject. Rooms and crowds, of which the network picks bits, have more; people, animals and things
# that stand alone have less than 0.35.
_MOST_DOUBTFUL = 0.37
# Of the four looks; wholes had at least 0.66, but for wallpapers of abstract shapes.
_LEAST_AGREEMENT = 0.65


@dataclass(frozen=True)
class Matte:
    """A subject at a working size.

    Attributes:
        alpha: H x W, float32, 0 to 1.
        foreground: H x W x 3, float32, sRGB, 0 to 1: the subject's own colours, without what shines through.
    """

    alpha: FloatArray
    foreground: FloatArray


def subject_matte(picture: Image.Image, probability: FloatArray, agreement: float, quality: Quality) -> Matte:
    """The subject of an RGB picture, in its size, from `subject_probability`.

    Raises:
        Refused: where no subject stands out, or only part of one does.
    """
    if agreement < _LEAST_AGREEMENT:
        raise Refused("It is doubtful what the subject is: mirrored or upside down, the picture seems to have another.")
    image = np.asarray(picture, np.float32) / 255
    alpha = estimate_alpha(picture, probability, quality)
    require_whole_subject(image, alpha)
    return Matte(alpha, estimate_foreground(image, alpha))


def estimate_alpha(picture: Image.Image, probability: FloatArray, quality: Quality) -> FloatArray:
    """Alpha in the picture's size, H x W, float32, 0 to 1; `probability` may have any size.

    Raises:
        Refused: where no subject stands out.
    """
    side, steps = EFFORT[quality]
    small = downscale(picture, side)
    image = np.asarray(small, np.float32) / 255
    return upsample_alpha(
        refine_alpha(image, _binarise_doubtful(resize(probability, small.size)), steps), image, picture
    )


def estimate_foreground(image: FloatArray, alpha: FloatArray) -> FloatArray:
    """The subject's colours without what shines through (Forte, "Approximate fast foreground colour estimation", 2021).

    Args:
        image: H x W x 3, float32, sRGB, 0 to 1.
        alpha: H x W, float32, 0 to 1.

    Returns:
        H x W x 3, float32, sRGB, 0 to 1; where alpha is 0 it means nothing.
    """
    full = (image.shape[1], image.shape[0])
    # Only edges take these colours; and the first pass is so wide that a small picture shows the same.
    size, coarse_size = fit_within(full, 640), fit_within(full, 256)
    middle, alpha = resize(image, size), resize(alpha, size)
    coarse, likewise = resize(middle, coarse_size), resize(alpha, coarse_size)
    far_colours, far_behind = _blur_fusion(coarse, likewise, coarse, coarse, max(2, max(coarse_size) // 12))
    radius = max(1, max(size) // 180)
    colours, _ = _blur_fusion(middle, alpha, resize(far_colours, size), resize(far_behind, size), radius)
    return resize(colours, full)


def subject_probability(picture: Image.Image, quality: Quality) -> tuple[FloatArray, float]:
    """How likely each pixel is subject: looked at as a whole, then closer, which counts as far as it agrees.

    Args:
        picture: RGB, any size.
        quality: Pro looks closer in four ways.

    Returns:
        H x W, float32, 0 to 1: a square of 320, or the picture's shape, at most 1024 long; and the agreement, 0 to 1,
        of the looks at the whole.

    Raises:
        Refused: for a picture smaller than 16 pixels.
    """
    if min(picture.size) < SMALLEST_SIDE:
        raise Refused("The picture is too small to tell a subject from its background.")
    probability, agreement = augmented_foreground_probability(picture)
    frame = _bounding_box(probability > 0.5)
    if frame is None:
        return probability, agreement
    whole = resize(probability, fit_within(picture.size, 1024)).copy()
    left, top, right, bottom = _scaled(frame, probability.shape, whole.shape)
    crop = picture.crop(_scaled(frame, probability.shape, (picture.height, picture.width)))
    closer = resize(
        augmented_foreground_probability(crop)[0] if quality == "pro" else foreground_probability(crop),
        (right - left, bottom - top),
    )
    part = whole[top:bottom, left:right]
    weight = _CLOSER[quality] * iou(closer > 0.5, part > 0.5)
    part += weight * feather(part.shape, (left, top, right, bottom), whole.shape) * (closer - part)
    return whole, agreement


def _bounding_box(subject: BoolArray) -> tuple[int, int, int, int] | None:
    """The subject with a sixth of its size around it; None if that is nearly the whole picture, or there is none."""
    ys, xs = np.nonzero(subject)
    if len(ys) == 0:
        return None
    across, down = int(np.ptp(xs)) // 6 + 1, int(np.ptp(ys)) // 6 + 1
    left, right = max(0, int(xs.min()) - across), min(subject.shape[1], int(xs.max()) + 1 + across)
    top, bottom = max(0, int(ys.min()) - down), min(subject.shape[0], int(ys.max()) + 1 + down)
    return None if (right - left) * (bottom - top) > 0.7 * subject.size else (left, top, right, bottom)


def feather(shape: tuple[int, ...], frame: tuple[int, int, int, int], picture: tuple[int, ...]) -> FloatArray:
    """Weights of a closer look, which fall to 0 at its frame: a step there would be a straight cut.

    Args:
        shape: Rows and columns of the result.
        frame: Left, top, right, bottom in the picture; where it is the picture's border, weights do not fall.
        picture: Rows and columns.

    Returns:
        In that shape, float32, 0 to 1.
    """
    left, top, right, bottom = frame
    rise = []
    for length, open_start, open_end in ((shape[0], top, picture[0] - bottom), (shape[1], left, picture[1] - right)):
        ramp = np.minimum(np.arange(1, length + 1) / (0.08 * length), 1).astype(np.float32)
        ones = np.ones_like(ramp)
        rise.append(np.minimum(ramp if open_start else ones, ramp[::-1] if open_end else ones))
    weights: FloatArray = rise[0][:, None] * rise[1][None, :]
    return weights


def _scaled(
    frame: tuple[int, int, int, int], before: tuple[int, ...], after: tuple[int, ...]
) -> tuple[int, int, int, int]:
    across, down = after[1] / before[1], after[0] / before[0]
    left, top = int(frame[0] * across), int(frame[1] * down)
    return left, top, max(left + 1, int(frame[2] * across)), max(top + 1, int(frame[3] * down))


def refine_alpha(image: FloatArray, probability: FloatArray, steps: int) -> FloatArray:
    """From foreground probability to alpha: sure pixels stay, the unknown band between them is solved for.

    Args:
        image: H x W x 3, float32, sRGB, 0 to 1.
        probability: H x W, float32, 0 to 1.
        steps: Of conjugate gradients.

    Returns:
        H x W, float32, 0 to 1.
    """
    longest = max(image.shape[:2])
    band = max(2, round(0.012 * longest))
    foreground, background = ~dilate(probability <= 0.9, band), ~dilate(probability > 0.1, band)
    core = ~dilate(probability <= 0.9, 3 * band)
    core = core if core.sum() > 0.2 * foreground.sum() else foreground
    # Between hairs and leaves the network sees no gaps, but never far from the outline.
    unknown = ~background & (~foreground | dilate(background, round(0.15 * longest)))
    trimap = Trimap(foreground, background, unknown)
    estimate = bayesian_alpha(image, clip_unit((probability - 0.1) / 0.8), trimap, core)
    foreground &= ~_gaps(unknown, estimate)
    known = foreground | background
    prior = np.where(known, foreground, _scatter(unknown, estimate.alpha)).astype(np.float32)
    confidence = np.where(known, 10, _scatter(unknown, _confidence(estimate))).astype(np.float32)
    alpha = closed_form_alpha(image, prior, confidence, steps)
    # What is hardly there, or hardly not there, would leave a veil.
    return clip_unit((np.where(known, foreground, alpha) - 0.03) / 0.94)


def _confidence(estimate: BayesianEstimate) -> FloatArray:
    """Where colours cannot tell, as before brick or grass, edges mislead: the network is trusted instead."""
    explained = np.exp(-np.maximum(estimate.misfit - 9, 0) / 9)
    confidence: FloatArray = np.maximum(0.3 / (1 + estimate.variance / 0.02) * explained, 0.01)
    return confidence + 0.5 * (1 - estimate.separability)


def _gaps(unknown: BoolArray, estimate: BayesianEstimate) -> BoolArray:
    """Where the background is seen through the subject; what is half seen counts only beside what is seen surely."""
    clear = (estimate.misfit < 9) & (estimate.separability > 0.9)
    alpha = _scatter(unknown, np.where(clear, estimate.alpha, 1), outside=1)
    return dilate((alpha < 0.8) & dilate(alpha < 0.3, 3), 1)


def upsample_alpha(alpha: FloatArray, image: FloatArray, picture: Image.Image) -> FloatArray:
    """Alpha for a larger picture, with the larger picture's edges (He, Sun, "Fast guided filter", 2015).

    Args:
        alpha: H x W, float32, 0 to 1.
        image: H x W x 3, float32, sRGB, 0 to 1: what alpha was made from.
        picture: The same at the size that is wanted, RGB.

    Returns:
        In the picture's shape, float32, 0 to 1.
    """
    height, width = alpha.shape
    if picture.size == (width, height):
        return alpha
    slope, offset = guided_filter_coefficients(image, alpha, 2, 1e-4)
    guide = np.asarray(picture, np.float32) / 255
    return clip_unit(apply_linear_model(guide, resize(slope, picture.size), resize(offset, picture.size)))


def _binarise_doubtful(probability: FloatArray) -> FloatArray:
    """Doubtful pixels far from anything sure, and crumbs, would be see-through: they are background, or subject."""
    reach = max(2, round(0.018 * max(probability.shape)))
    edge = dilate(probability > 0.9, reach) & dilate(probability < 0.1, reach)
    doubtful = int(((probability > 0.1) & (probability < 0.9) & ~edge).sum())
    sure = int((probability > 0.5).sum())
    if sure < 0.003 * probability.size or doubtful > _MOST_DOUBTFUL * sure:
        raise Refused("No subject stands out clearly enough from the background to be cut out.")
    decided = np.where(edge, probability, probability > 0.5).astype(np.float32)
    labels, _ = label_components(decided > 0.1)
    sizes = np.bincount(labels.ravel(), weights=decided.ravel())
    large: BoolArray = sizes > 0.03 * sizes[1:].max(initial=0)
    return decided * large[labels]


def _scatter(where: BoolArray, values: FloatArray, outside: float = 0) -> FloatArray:
    out = np.full(where.shape, outside, np.float32)
    out[where] = values
    return out


def _blur_fusion(
    image: FloatArray, alpha: FloatArray, colours: FloatArray, behind: FloatArray, radius: int
) -> tuple[FloatArray, FloatArray]:
    a = alpha[..., None]
    weight = box_filter(alpha, radius)[..., None]
    near = box_filter(colours * a, radius) / (weight + 1e-5)
    far = box_filter(behind * (1 - a), radius) / (1 - weight + 1e-5)
    residue = image - a * near - (1 - a) * far
    return clip_unit(near + a * residue), clip_unit(far + (1 - a) * residue)
