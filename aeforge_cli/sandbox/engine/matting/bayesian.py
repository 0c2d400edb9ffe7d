"""How much of a pixel is subject, by its colour: Bayesian matting (Chuang, Curless, Salesin, Szeliski 2001).

Around each pixel the colours of the sure subject, and those of the sure background, are one Gaussian each. A share of
the one with the rest of the other is again a Gaussian: a few shares are tried, each as likely as the pixel's colour is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aeforge_cli.sandbox.engine.arrays.filters import Bools, Floats, box, symmetric_inverse, unit
from aeforge_cli.sandbox.engine.arrays.morphology import grown, shrunk

_SHARES = np.linspace(0, 1, 9, dtype=np.float32)
# Of the camera, in each channel.
_NOISE = np.float32(0.001)
# Anything may also have a colour that it has nowhere else near by.
_STRANGE = 1.0
# Fisher's criterion at which two sides count as told apart.
_APART = 6.0
# The log of how densely colours lie around what a background can be told by.
_PLAIN = 3.0
# How often the network errs though it is sure: where colours tell nothing, at first where they tell all, and there at
# least and at most once that was learnt from the picture.
_DOUBT = 0.01
_FIRST_DOUBT = 0.05
_LEARNT_DOUBT = (0.02, 0.2)
# Colours are gathered in blocks of that many pixels.
_BLOCK = 4
_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


@dataclass(frozen=True)
class Unmixed:
    """For each pixel asked about: the share of subject, how unsure it is, and how badly any share explains the colour.

    `apart` says how far the two sides differ at all, 0 to 1.
    """

    share: Floats
    variance: Floats
    misfit: Floats
    apart: Floats


def unmixed(image: Floats, likely: Floats, core: Bools, outside: Bools, where: Bools) -> Unmixed:
    """`core` and `outside` are the sure subject and the sure background, `likely` what is believed without colours."""
    pixels, believed = image[where], likely[where]
    behind = _colours_around(image, outside, where)
    core = core & ~_gaps(pixels, behind, where)
    elsewhere = np.full(len(pixels), _STRANGE)
    evidence = _evidence(pixels, _colours_around(image, core, where), behind, elsewhere)
    doubt = _learnt_doubt(evidence.judged(believed, _FIRST_DOUBT), believed)
    first = evidence.judged(believed, doubt)
    # Gaps that the first pass found are no longer taken for colours of the subject.
    share = likely.copy()
    share[where] = first.share
    cleaned = share > 0.98
    if not cleaned.any():
        return first
    # A dark visor is no gap where the subject is as dark in other places.
    elsewhere = elsewhere + _commonness(image[cleaned], pixels)
    return _evidence(pixels, _colours_around(image, cleaned, where), behind, elsewhere).judged(believed, doubt)


def _learnt_doubt(first: Unmixed, believed: Floats) -> float:
    """Between hairs and leaves the network is often wrong, and colours show it; elsewhere a few happen to match."""
    telling = (believed > 0.95) & (first.misfit < 9) & (first.apart > 0.9)
    gaps = float((first.share[telling] < 0.3).sum() / max(int(telling.sum()), 100))
    return float(np.clip(60 * gaps**2, *_LEARNT_DOUBT))


def _gaps(pixels: Floats, behind: Floats, where: Bools) -> Bools:
    """What is thin and looks just like the background near by: not to be learnt as the subject's colour."""
    alike = np.zeros_like(where)
    alike[where] = _log_density(*_distance(pixels - behind[:, :3], behind[:, 3:], _NOISE)) > _PLAIN
    radius = max(2, round(0.012 * max(where.shape)))
    return alike & ~grown(shrunk(alike, radius), radius)


def _commonness(colours: Floats, pixels: Floats) -> Floats:
    """How densely `colours` lie where each pixel's colour is, on a grid of 16 by 16 by 16."""
    cells = np.bincount(_cell(colours), minlength=16**3) / len(colours) * 16**3
    density: Floats = cells[_cell(pixels)]
    return density


def _cell(colours: Floats) -> npt.NDArray[np.int64]:
    red, green, blue = np.clip((colours * 16).astype(np.int64), 0, 15).T
    cell: npt.NDArray[np.int64] = (red * 16 + green) * 16 + blue
    return cell


def _colours_around(image: Floats, known: Bools, where: Bools) -> Floats:
    """Mean (3) and covariance (6) of the known colours: of near ones where there are any, else of farther ones."""
    moments = [known, *(image[..., c] * known for c in range(3))]
    moments += [image[..., i] * image[..., j] * known for i, j in _PAIRS]
    gathered = np.stack([_in_blocks(moment.astype(np.float32)) for moment in moments], axis=-1)
    total = gathered.sum(axis=(0, 1))
    anywhere = total[1:] / max(float(total[0]), 1e-6)
    around: Floats = np.broadcast_to(anywhere, (*gathered.shape[:2], 9)).astype(np.float32)
    for reach in (0.18, 0.06, 0.02):
        near = box(gathered, max(1, round(reach * max(gathered.shape[:2]))))
        around = around + (near[..., 1:] / (near[..., :1] + 1e-6) - around) * unit(near[..., :1] / 0.02)
    ys, xs = np.nonzero(where)
    colours = around[ys // _BLOCK, xs // _BLOCK]
    for n, (i, j) in enumerate(_PAIRS):
        colours[:, 3 + n] -= colours[:, i] * colours[:, j]
    return colours


def _in_blocks(values: Floats) -> Floats:
    height, width = values.shape
    padded = np.pad(values, ((0, -height % _BLOCK), (0, -width % _BLOCK)))
    rows, columns = padded.shape[0] // _BLOCK, padded.shape[1] // _BLOCK
    means: Floats = padded.reshape(rows, _BLOCK, columns, _BLOCK).mean(axis=(1, 3))
    return means


@dataclass(frozen=True)
class _Evidence:
    """What colours alone say: the log of how likely each share makes each pixel's colour."""

    logs: Floats
    misfit: Floats
    apart: Floats

    def judged(self, believed: Floats, doubt: float) -> Unmixed:
        weight = np.exp(_normal(self.apart * self.logs + _prior(believed, _DOUBT + (doubt - _DOUBT) * self.apart)))
        weight /= weight.sum(axis=0)
        mean = _SHARES @ weight
        variance = (weight * (_SHARES[:, None] - mean) ** 2).sum(axis=0)
        return Unmixed(mean, variance, self.misfit, self.apart)


def _evidence(pixels: Floats, subject: Floats, behind: Floats, elsewhere: Floats) -> _Evidence:
    fits = [_fit(pixels, subject, behind, share) for share in _SHARES]
    logs = np.stack([_log_density(distance, spread) for distance, spread in fits])
    logs[0] = np.logaddexp(logs[0], np.log(_STRANGE))
    logs[-1] = np.logaddexp(logs[-1], np.log(elsewhere))
    misfit: Floats = np.stack([distance for distance, _ in fits]).min(axis=0)
    return _Evidence(logs, misfit, _apart(subject, behind))


def _prior(believed: Floats, doubt: Floats) -> Floats:
    """All or nothing as the network has it, but for its doubt; anything between is rarer."""
    subject = np.clip(believed, doubt, 1 - doubt)
    between = np.minimum(subject, 1 - subject) / (len(_SHARES) - 2)
    return np.log(np.stack([1 - subject, *[between] * (len(_SHARES) - 2), subject]))


def _fit(pixels: Floats, subject: Floats, behind: Floats, share: np.float32) -> tuple[Floats, Floats]:
    """The pixel's squared distance from the mixture in standard deviations, and the log of the mixture's volume."""
    mean = share * subject[:, :3] + (1 - share) * behind[:, :3]
    return _distance(pixels - mean, share**2 * subject[:, 3:] + (1 - share) ** 2 * behind[:, 3:], _NOISE)


def _apart(subject: Floats, behind: Floats) -> Floats:
    """Fisher's criterion for the two sides, as a share; before a texture of the subject's colours it is nothing."""
    distance, _ = _distance(subject[:, :3] - behind[:, :3], subject[:, 3:] + behind[:, 3:], 2 * _NOISE)
    apart: Floats = 1 - np.exp(-((distance / _APART) ** 2))
    return apart


def _distance(off: Floats, covariance: Floats, noise: np.float32) -> tuple[Floats, Floats]:
    diagonal = [covariance[:, n] + (noise if i == j else 0) for n, (i, j) in enumerate(_PAIRS)]
    inverse, determinant = symmetric_inverse(*diagonal)
    squares = sum((1 if i == j else 2) * inverse[n] * off[:, i] * off[:, j] for n, (i, j) in enumerate(_PAIRS))
    return np.asarray(squares), np.log(determinant)


def _log_density(distance: Floats, spread: Floats) -> Floats:
    """Of a Gaussian in three dimensions, of which `_distance` tells both."""
    return np.float32(-2.757) - (distance + spread) / 2


def _normal(logs: Floats) -> Floats:
    highest: Floats = logs.max(axis=0)
    return logs - highest
