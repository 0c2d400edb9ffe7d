"""How much of a pixel is subject, by its colour (Chuang, Curless, Salesin, Szeliski, "Bayesian matting", 2001).

Around each pixel the colours of the sure subject, and those of the sure background, are one Gaussian each. A
mixture of the two is again a Gaussian: a few values of alpha are tried, each as likely as the pixel's colour is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aeforge_cli.sandbox.engine.arrays.filters import box_filter, clip_unit
from aeforge_cli.sandbox.engine.arrays.linear_algebra import symmetric_inverse
from aeforge_cli.sandbox.engine.arrays.morphology import dilate, erode

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray, FloatArray
    from aeforge_cli.sandbox.engine.matting.trimap import Trimap

_ALPHAS = np.linspace(0, 1, 9, dtype=np.float32)
# Of the camera, in each channel.
_NOISE = np.float32(0.001)
# Anything may also have a colour that it has nowhere else near by.
_ANY_COLOUR = 1.0
# Fisher's criterion at which two sides count as told apart.
_FISHER_SCALE = 6.0
# The log of how densely colours lie around what a background can be told by.
_SAME_AS_BACKGROUND = 3.0
# How often the network errs though it is sure: where colours tell nothing, at first where they tell all, and there at
# least and at most once that was learnt from the picture.
_DOUBT = 0.01
_FIRST_DOUBT = 0.05
_LEARNT_DOUBT = (0.02, 0.2)
# Colours are gathered in blocks of that many pixels.
_BLOCK = 4
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


@dataclass(frozen=True)
class BayesianEstimate:
    """Of N pixels, float32 each: what their colours say.

    Attributes:
        alpha: The expected alpha, 0 to 1.
        variance: Of alpha: how unsure it is.
        misfit: Squared Mahalanobis distance of the colour from the best mixture, 0 and more.
        separability: How far foreground and background differ in colour at all (Fisher's criterion), 0 to 1.
    """

    alpha: FloatArray
    variance: FloatArray
    misfit: FloatArray
    separability: FloatArray


def bayesian_alpha(image: FloatArray, probability: FloatArray, trimap: Trimap, samples: BoolArray) -> BayesianEstimate:
    """Alpha of the trimap's unknown pixels by their colours, with the foreground probability for a prior.

    Args:
        image: H x W x 3, float32, sRGB, 0 to 1.
        probability: H x W, float32, 0 to 1: what is believed of each pixel without its colour.
        trimap: Its background gives the colours of the background.
        samples: H x W: where the colours of the foreground are taken from.

    Returns:
        Arrays of the N unknown pixels, in the order of `image[trimap.unknown]`.
    """
    unknown = trimap.unknown
    pixels, prior = image[unknown], probability[unknown]
    background = _local_gaussians(image, trimap.background, unknown)
    samples = samples & ~_gaps(pixels, background, unknown)
    elsewhere = np.full(len(pixels), _ANY_COLOUR)
    evidence = _evidence(pixels, _local_gaussians(image, samples, unknown), background, elsewhere)
    doubt = _learnt_doubt(evidence.posterior(prior, _FIRST_DOUBT), prior)
    first = evidence.posterior(prior, doubt)
    # Gaps that the first pass found are no longer taken for colours of the subject.
    alpha = probability.copy()
    alpha[unknown] = first.alpha
    cleaned = alpha > 0.98
    if not cleaned.any():
        return first
    # A dark visor is no gap where the subject is as dark in other places.
    elsewhere = elsewhere + _colour_density(image[cleaned], pixels)
    return _evidence(pixels, _local_gaussians(image, cleaned, unknown), background, elsewhere).posterior(prior, doubt)


def _learnt_doubt(first: BayesianEstimate, prior: FloatArray) -> float:
    """Between hairs and leaves the network is often wrong, and colours show it; elsewhere a few happen to match."""
    telling = (prior > 0.95) & (first.misfit < 9) & (first.separability > 0.9)
    gaps = float((first.alpha[telling] < 0.3).sum() / max(int(telling.sum()), 100))
    return float(np.clip(60 * gaps**2, *_LEARNT_DOUBT))


def _gaps(pixels: FloatArray, background: FloatArray, unknown: BoolArray) -> BoolArray:
    """What is thin and looks just like the background near by: not to be learnt as the subject's colour."""
    alike = np.zeros_like(unknown)
    alike[unknown] = (
        _log_density(*_distance(pixels - background[:, :3], background[:, 3:], _NOISE)) > _SAME_AS_BACKGROUND
    )
    radius = max(2, round(0.012 * max(unknown.shape)))
    return alike & ~dilate(erode(alike, radius), radius)


def _colour_density(colours: FloatArray, pixels: FloatArray) -> FloatArray:
    """How densely `colours` lie where each pixel's colour is, on a grid of 16 by 16 by 16."""
    cells = np.bincount(_cell(colours), minlength=16**3) / len(colours) * 16**3
    density: FloatArray = cells[_cell(pixels)]
    return density


def _cell(colours: FloatArray) -> npt.NDArray[np.int64]:
    red, green, blue = np.clip((colours * 16).astype(np.int64), 0, 15).T
    cell: npt.NDArray[np.int64] = (red * 16 + green) * 16 + blue
    return cell


def _local_gaussians(image: FloatArray, known: BoolArray, unknown: BoolArray) -> FloatArray:
    """Mean (3) and covariance (6) of the known colours: of near ones where there are any, else of farther ones."""
    moments = [known, *(image[..., c] * known for c in range(3))]
    moments += [image[..., i] * image[..., j] * known for i, j in _PAIRS]
    gathered = np.stack([_block_means(moment.astype(np.float32)) for moment in moments], axis=-1)
    total = gathered.sum(axis=(0, 1))
    anywhere = total[1:] / max(float(total[0]), 1e-6)
    around: FloatArray = np.broadcast_to(anywhere, (*gathered.shape[:2], 9)).astype(np.float32)
    for reach in (0.18, 0.06, 0.02):
        near = box_filter(gathered, max(1, round(reach * max(gathered.shape[:2]))))
        around = around + (near[..., 1:] / (near[..., :1] + 1e-6) - around) * clip_unit(near[..., :1] / 0.02)
    ys, xs = np.nonzero(unknown)
    colours = around[ys // _BLOCK, xs // _BLOCK]
    for n, (i, j) in enumerate(_PAIRS):
        colours[:, 3 + n] -= colours[:, i] * colours[:, j]
    return colours


def _block_means(values: FloatArray) -> FloatArray:
    height, width = values.shape
    padded = np.pad(values, ((0, -height % _BLOCK), (0, -width % _BLOCK)))
    rows, columns = padded.shape[0] // _BLOCK, padded.shape[1] // _BLOCK
    means: FloatArray = padded.reshape(rows, _BLOCK, columns, _BLOCK).mean(axis=(1, 3))
    return means


@dataclass(frozen=True)
class _Evidence:
    """What colours alone say: the log of how likely each share makes each pixel's colour."""

    logs: FloatArray
    misfit: FloatArray
    separability: FloatArray

    def posterior(self, prior: FloatArray, doubt: float) -> BayesianEstimate:
        weight = np.exp(
            _normal(self.separability * self.logs + _log_prior(prior, _DOUBT + (doubt - _DOUBT) * self.separability))
        )
        weight /= weight.sum(axis=0)
        mean = _ALPHAS @ weight
        variance = (weight * (_ALPHAS[:, None] - mean) ** 2).sum(axis=0)
        return BayesianEstimate(mean, variance, self.misfit, self.separability)


def _evidence(pixels: FloatArray, subject: FloatArray, background: FloatArray, elsewhere: FloatArray) -> _Evidence:
    fits = [_fit(pixels, subject, background, alpha) for alpha in _ALPHAS]
    logs = np.stack([_log_density(distance, spread) for distance, spread in fits])
    logs[0] = np.logaddexp(logs[0], np.log(_ANY_COLOUR))
    logs[-1] = np.logaddexp(logs[-1], np.log(elsewhere))
    misfit: FloatArray = np.stack([distance for distance, _ in fits]).min(axis=0)
    return _Evidence(logs, misfit, _separability(subject, background))


def _log_prior(prior: FloatArray, doubt: FloatArray) -> FloatArray:
    """All or nothing as the network has it, but for its doubt; anything between is rarer."""
    subject = np.clip(prior, doubt, 1 - doubt)
    between = np.minimum(subject, 1 - subject) / (len(_ALPHAS) - 2)
    return np.log(np.stack([1 - subject, *[between] * (len(_ALPHAS) - 2), subject]))


def _fit(
    pixels: FloatArray, subject: FloatArray, background: FloatArray, alpha: np.float32
) -> tuple[FloatArray, FloatArray]:
    """The pixel's squared distance from the mixture in standard deviations, and the log of the mixture's volume."""
    mean = alpha * subject[:, :3] + (1 - alpha) * background[:, :3]
    return _distance(pixels - mean, alpha**2 * subject[:, 3:] + (1 - alpha) ** 2 * background[:, 3:], _NOISE)


def _separability(subject: FloatArray, background: FloatArray) -> FloatArray:
    """Fisher's criterion for the two sides, brought to 0 to 1; before a texture of the subject's colours it is 0."""
    distance, _ = _distance(subject[:, :3] - background[:, :3], subject[:, 3:] + background[:, 3:], 2 * _NOISE)
    separability: FloatArray = 1 - np.exp(-((distance / _FISHER_SCALE) ** 2))
    return separability


def _distance(off: FloatArray, covariance: FloatArray, noise: np.float32) -> tuple[FloatArray, FloatArray]:
    diagonal = [covariance[:, n] + (noise if i == j else 0) for n, (i, j) in enumerate(_PAIRS)]
    inverse, determinant = symmetric_inverse(*diagonal)
    squares = sum((1 if i == j else 2) * inverse[n] * off[:, i] * off[:, j] for n, (i, j) in enumerate(_PAIRS))
    return np.asarray(squares), np.log(determinant)


def _log_density(distance: FloatArray, spread: FloatArray) -> FloatArray:
    """Of a Gaussian in three dimensions, of which `_distance` tells both."""
    return np.float32(-2.757) - (distance + spread) / 2


def _normal(logs: FloatArray) -> FloatArray:
    highest: FloatArray = logs.max(axis=0)
    return logs - highest
