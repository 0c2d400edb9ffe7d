"""How much of each pixel is subject: what stands out, told apart by colour, made to follow the picture's own edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine import Quality, Refused
from aeforge_cli.sandbox.engine.filters import Bools, Floats, box, follow, guided_coefficients, reduced, resized, unit
from aeforge_cli.sandbox.engine.matting import solve
from aeforge_cli.sandbox.engine.regions import grown, labelled
from aeforge_cli.sandbox.engine.saliency import saliency

# Long side, and steps, of the matting equation.
EFFORT: dict[Quality, tuple[int, int]] = {"standard": (640, 40), "pro": (1024, 60)}

_SMALLEST = 16


@dataclass(frozen=True)
class Matte:
    """`alpha` and the subject's own `colours`, at a working size."""

    alpha: Floats
    colours: Floats


def subject_matte(picture: Image.Image, quality: Quality) -> Matte:
    alpha = subject_alpha(picture, quality)
    return Matte(alpha, subject_colours(np.asarray(picture, np.float32) / 255, alpha))


def subject_alpha(picture: Image.Image, quality: Quality) -> Floats:
    if min(picture.size) < _SMALLEST:
        raise Refused("The picture is too small to tell a subject from its background.")
    likely = likely_subject(picture, quality)
    _check(likely)
    side, steps = EFFORT[quality]
    small = reduced(picture, side)
    image = np.asarray(small, np.float32) / 255
    alpha = refined(image, _without_ghosts(resized(likely, small.size)), steps)
    return enlarged(alpha, image, picture)


def subject_colours(image: Floats, alpha: Floats) -> Floats:
    """What the subject would look like without what shines through (blur fusion, Forte 2021)."""
    longest = max(image.shape[:2])
    colours, behind = image, image
    for radius in (max(2, longest // 12), max(1, longest // 180)):
        colours, behind = _fuse(image, alpha, colours, behind, radius)
    return colours


def likely_subject(picture: Image.Image, quality: Quality) -> Floats:
    """What stands out, looked at as a whole, then closer; in better quality each also mirrored."""
    likely = _seen(picture, quality)
    ys, xs = np.nonzero(likely > 0.5)
    if len(ys) == 0:
        return likely
    side = likely.shape[0]
    width, height = xs.max() + 1 - xs.min(), ys.max() + 1 - ys.min()
    left, right = max(0, xs.min() - width // 6), min(side, xs.max() + 1 + width // 6)
    top, bottom = max(0, ys.min() - height // 6), min(side, ys.max() + 1 + height // 6)
    if (right - left) * (bottom - top) > 0.7 * side * side:
        return likely
    scale_x, scale_y = picture.width / side, picture.height / side
    crop = (round(left * scale_x), round(top * scale_y), round(right * scale_x), round(bottom * scale_y))
    size = (min(1024, picture.width), min(1024, picture.height))
    whole = resized(likely, size).copy()
    at = [round(value * size[i % 2] / side) for i, value in enumerate((left, top, right, bottom))]
    closer = resized(_seen(picture.crop(crop), quality), (at[2] - at[0], at[3] - at[1]))
    part = whole[at[1] : at[3], at[0] : at[2]]
    part += 0.65 * (closer - part)
    return whole


def refined(image: Floats, likely: Floats, steps: int) -> Floats:
    """Likelihood into alpha: sure areas stay, the band between them is solved for."""
    band = max(2, round(0.012 * max(image.shape[:2])))
    inside, outside = ~grown(likely <= 0.9, band), ~grown(likely > 0.1, band)
    by_colour, separable = _told_by_colour(image, inside, outside)
    told = 0.6 * separable * by_colour.fit
    prior = told * by_colour.alpha + (1 - told) * unit((likely - 0.1) / 0.8)
    # Where colours cannot tell, as before brick or grass, edges mislead: the network is trusted instead.
    trust = 0.01 + 0.05 * told + (1 - separable)
    known = inside | outside
    prior = np.where(known, inside, prior).astype(np.float32)
    alpha = solve(image, prior, np.where(known, 10, trust).astype(np.float32), steps)
    return unit((np.where(known, inside, alpha) - 0.03) / 0.94)


def enlarged(alpha: Floats, image: Floats, picture: Image.Image) -> Floats:
    """Alpha for a larger picture, with the larger picture's edges (fast guided filter, He, Sun 2015)."""
    height, width = alpha.shape
    if picture.size == (width, height):
        return alpha
    slope, offset = guided_coefficients(image, alpha, 2, 1e-4)
    guide = np.asarray(picture, np.float32) / 255
    return unit(follow(guide, resized(slope, picture.size), resized(offset, picture.size)))


def _seen(picture: Image.Image, quality: Quality) -> Floats:
    likely = saliency(picture)
    if quality == "standard":
        return likely
    mirrored = saliency(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    return 0.65 * likely + 0.35 * mirrored[:, ::-1]


def _check(likely: Floats) -> None:
    sure = float((likely > 0.5).mean())
    unsure = float(((likely > 0.1) & (likely < 0.9)).mean())
    if sure < 0.003 or unsure > 0.6 * max(sure, 0.02):
        raise Refused("No subject stands out clearly enough from the background to be cut out.")


def _without_ghosts(likely: Floats) -> Floats:
    """Half-likely things far from anything sure, and crumbs, would be see-through: they are background, or subject."""
    reach = max(2, round(0.018 * max(likely.shape)))
    near_subject, near_background = grown(likely > 0.9, reach), grown(likely < 0.1, reach)
    decided = np.where(near_subject & near_background, likely, likely > 0.5).astype(np.float32)
    labels, _ = labelled(decided > 0.1)
    sizes = np.bincount(labels.ravel(), weights=decided.ravel())
    large: Bools = sizes > 0.03 * sizes[1:].max(initial=0)
    return decided * large[labels]


@dataclass(frozen=True)
class _ByColour:
    """Alpha by the nearest known colours alone, and how well those explain the pixel."""

    alpha: Floats
    fit: Floats


def _told_by_colour(image: Floats, inside: Bools, outside: Bools) -> tuple[_ByColour, Floats]:
    subject, subject_spread = _colours_of(image, inside)
    behind, behind_spread = _colours_of(image, outside)
    between = subject - behind
    apart = (between**2).sum(axis=2)
    alpha = unit(((image - behind) * between).sum(axis=2) / (apart + 1e-5))
    noise = 0.0016 + subject_spread + behind_spread
    unexplained = ((image - behind - alpha[..., None] * between) ** 2).sum(axis=2)
    separable = apart / (apart + 0.0016 + 4 * (subject_spread + behind_spread))
    return _ByColour(alpha, np.exp(-unexplained / (2 * noise))), separable


def _colours_of(image: Floats, known: Bools) -> tuple[Floats, Floats]:
    """Mean and spread of the known colours around each pixel: near by where there are any, else from farther."""
    there = known.astype(np.float32)
    longest = max(image.shape[:2])
    colours, spread = np.zeros_like(image), np.zeros_like(there)
    for radius in (max(2, round(0.06 * longest)), max(2, round(0.02 * longest))):
        weight = box(there, radius)
        mean = box(image * there[..., None], radius) / (weight + 1e-6)[..., None]
        squares = box((image**2).sum(axis=2) * there, radius) / (weight + 1e-6)
        near = unit(weight / 0.02)
        colours = colours + (mean - colours) * near[..., None]
        spread = spread + (np.maximum(squares - (mean**2).sum(axis=2), 0) - spread) * near
    return colours, spread


def _fuse(image: Floats, alpha: Floats, colours: Floats, behind: Floats, radius: int) -> tuple[Floats, Floats]:
    a = alpha[..., None]
    weight = box(alpha, radius)[..., None]
    near = box(colours * a, radius) / (weight + 1e-5)
    far = box(behind * (1 - a), radius) / (1 - weight + 1e-5)
    residue = image - a * near - (1 - a) * far
    return unit(near + a * residue), unit(far + (1 - a) * residue)
