"""How much of each pixel is subject: saliency, made to follow the picture's own edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine import Quality, Refused
from aeforge_cli.sandbox.engine.filters import Floats, box, guided, resized, unit
from aeforge_cli.sandbox.engine.saliency import saliency


@dataclass(frozen=True)
class Matte:
    """`alpha` and the subject's own `colours`, at a working size."""

    alpha: Floats
    colours: Floats


def subject_matte(picture: Image.Image, quality: Quality) -> Matte:
    image = np.asarray(picture, np.float32) / 255
    likely = _likely(picture, quality)
    _check(likely)
    alpha = _follow_edges(image, resized(likely, picture.size))
    return Matte(alpha, subject_colours(image, alpha))


def subject_colours(image: Floats, alpha: Floats) -> Floats:
    """What the subject would look like without what shines through (blur fusion, Forte 2021)."""
    longest = max(image.shape[:2])
    colours, behind = image, image
    for radius in (max(2, longest // 12), max(1, longest // 180)):
        colours, behind = _fuse(image, alpha, colours, behind, radius)
    return colours


def _fuse(image: Floats, alpha: Floats, colours: Floats, behind: Floats, radius: int) -> tuple[Floats, Floats]:
    a = alpha[..., None]
    weight = box(alpha, radius)[..., None]
    near = box(colours * a, radius) / (weight + 1e-5)
    far = box(behind * (1 - a), radius) / (1 - weight + 1e-5)
    residue = image - a * near - (1 - a) * far
    return unit(near + a * residue), unit(far + (1 - a) * residue)


def _likely(picture: Image.Image, quality: Quality) -> Floats:
    likely = saliency(picture)
    if quality == "pro":
        mirrored = saliency(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
        likely = (likely + mirrored[:, ::-1]) / 2
    return likely


def _check(likely: Floats) -> None:
    sure = float((likely > 0.5).mean())
    unsure = float(((likely > 0.1) & (likely < 0.9)).mean())
    if sure < 0.003 or unsure > 0.6 * max(sure, 0.02):
        raise Refused("No subject stands out clearly enough from the background to be cut out.")


def _follow_edges(image: Floats, likely: Floats) -> Floats:
    longest = max(image.shape[:2])
    fine = guided(image, likely, max(2, longest // 60), 1e-4)
    return unit((fine - 0.1) / 0.8)
