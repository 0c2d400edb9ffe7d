"""The engine of this machine: each edit of the prompt done in turn, with nothing but the processor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, assert_never

import numpy as np
from PIL import Image

from aeforge_cli.sandbox.engine import Instruction, Quality, Refused
from aeforge_cli.sandbox.engine.arrays.filters import gaussian_filter
from aeforge_cli.sandbox.engine.arrays.resampling import downscale, resize
from aeforge_cli.sandbox.engine.edits import (
    Adjust,
    Backdrop,
    Edit,
    Nothing,
    Part,
    Recolour,
    RemoveObject,
    SetBackground,
    SetSky,
    SkyKind,
    Tone,
)
from aeforge_cli.sandbox.engine.matting.flat_background import flat_background_matte
from aeforge_cli.sandbox.engine.matting.mattes import (
    SMALLEST_SIDE,
    Matte,
    estimate_foreground,
    subject_matte,
    subject_probability,
)
from aeforge_cli.sandbox.engine.matting.sky_segmentation import segment_sky
from aeforge_cli.sandbox.engine.prompts import parse
from aeforge_cli.sandbox.engine.removal.object_removal import remove_object
from aeforge_cli.sandbox.engine.rendering.backdrops import render_backdrop
from aeforge_cli.sandbox.engine.rendering.composite import Light, composite
from aeforge_cli.sandbox.engine.rendering.ground import add_contact_shadow, add_ground_plane
from aeforge_cli.sandbox.engine.rendering.tones import apply_tone, recolour

if TYPE_CHECKING:
    from collections.abc import Callable

    from aeforge_cli.sandbox.engine.arrays.dtypes import FloatArray

# The long side at which mattes and backdrops are made; they are enlarged to fit anything larger.
_WORKING_SIDE: dict[Quality, int] = {"standard": 1024, "pro": 1600}


class LocalEngine:
    def edit(self, picture: Image.Image, instruction: Instruction, progress: Callable[[float], None]) -> Image.Image:
        edits = parse(instruction.prompt)
        photo = _opened(picture, instruction.quality)
        for done, edit in enumerate(edits):
            progress(done / len(edits))
            photo = _edited(photo, edit)
        progress(1.0)
        return photo.picture()


@dataclass(frozen=True)
class _Photo:
    """A photograph between two edits: its colours, and its transparency if it has any."""

    colours: Image.Image
    alpha: Image.Image | None
    quality: Quality
    # The same at the size for mattes and backdrops.
    small: Image.Image

    def picture(self) -> Image.Image:
        out = self.colours.copy()
        if self.alpha is not None:
            out.putalpha(self.alpha)
        return out

    def pixels(self) -> FloatArray:
        return np.asarray(self.small, np.float32) / 255

    @cached_property
    def _looked_at(self) -> tuple[FloatArray, float]:
        return subject_probability(self.small, self.quality)

    @property
    def probability(self) -> FloatArray:
        return self._looked_at[0]

    @cached_property
    def _flat_background(self) -> Matte | None:
        return flat_background_matte(self.pixels(), resize(self.probability, self.small.size))

    def is_portrait(self) -> bool:
        """Whether the subject takes much of the picture, down to its lower edge: no landscape is behind it."""
        sure = self.probability > 0.5
        return bool(sure.mean() > 0.35 and sure[-1].mean() > 0.2)

    def subject(self) -> Matte:
        """The cut-out; a picture that is one already says so in its transparency."""
        if self.alpha is None:
            return self._flat_background or subject_matte(self.small, *self._looked_at, self.quality)
        return Matte(np.asarray(self.alpha.resize(self.small.size), np.float32) / 255, self.pixels())

    def foreground_of_sky(self) -> Matte | None:
        subject = self.probability if min(self.small.size) >= SMALLEST_SIDE else None
        sky = segment_sky(self.small, self.quality, subject)
        return None if sky is None else Matte(1 - sky, estimate_foreground(self.pixels(), 1 - sky))


def _opened(picture: Image.Image, quality: Quality) -> _Photo:
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    return _photo(picture.convert("RGB"), alpha, quality)


def _photo(colours: Image.Image, alpha: Image.Image | None, quality: Quality) -> _Photo:
    return _Photo(colours, alpha, quality, downscale(colours, _WORKING_SIDE[quality]))


def _edited(photo: _Photo, edit: Edit) -> _Photo:
    match edit:
        case SetBackground(Nothing()):
            return replace(photo, alpha=_mask(photo.subject().alpha, photo.colours.size))
        case SetBackground(backdrop):
            return _before(photo, backdrop)
        case SetSky(kind):
            colours = composite(photo.colours, _sky_of(photo), render_backdrop(kind, photo.small.size), Light())
        case RemoveObject(place):
            colours = remove_object(photo.colours, place, photo.quality)
        case Recolour(part, colour):
            colours = _on_part(photo, part, recolour(photo.colours, colour))
        case Adjust(Part.BACKGROUND, Tone.BLURRED, strength):
            colours = _blurred_background(photo, strength)
        case Adjust(part, tone, strength):
            colours = _on_part(photo, part, apply_tone(photo.colours, tone, strength))
        case _:
            assert_never(edit)
    return _photo(colours, photo.alpha, photo.quality)


def _before(photo: _Photo, backdrop: Backdrop) -> _Photo:
    """A sky where a landscape has one; anything else behind the subject, with a ground for what stands on one."""
    # numpy works on one core: the other paints meanwhile.
    with ThreadPoolExecutor(1) as painter:
        painting = painter.submit(render_backdrop, backdrop, photo.small.size)
        sky = photo.foreground_of_sky() if isinstance(backdrop, SkyKind) and photo.alpha is None else None
        if sky is not None and photo.is_portrait():
            sky = None
        matte = sky or photo.subject()
    behind = painting.result()
    if sky is None:
        if isinstance(backdrop, SkyKind):
            behind = add_ground_plane(behind, photo.pixels(), matte.alpha)
        else:
            behind = add_contact_shadow(behind, matte.alpha)
    return _photo(composite(photo.colours, matte, behind, Light()), None, photo.quality)


def _sky_of(photo: _Photo) -> Matte:
    matte = photo.foreground_of_sky()
    if matte is None:
        raise Refused(
            "This picture shows no sky that could be told from the rest. "
            'To put a sky behind the subject, say "change the background to blue sky".'
        )
    return matte


def _on_part(photo: _Photo, part: Part, changed: Image.Image) -> Image.Image:
    match part:
        case Part.PICTURE:
            return changed
        case Part.SUBJECT:
            share = photo.subject().alpha
        case Part.BACKGROUND:
            share = 1 - photo.subject().alpha
        case Part.SKY:
            share = 1 - _sky_of(photo).alpha
        case _:
            assert_never(part)
    return Image.composite(changed, photo.colours, _mask(share, changed.size))


def _mask(share: FloatArray, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray((share * 255 + 0.5).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)


def _blurred_background(photo: _Photo, strength: float) -> Image.Image:
    """Blurred without the subject, so that no glow of it is left around it."""
    matte, pixels = photo.subject(), photo.pixels()
    sigma = max(pixels.shape[:2]) * 0.015 * strength
    share = (1 - matte.alpha) ** 2
    behind = gaussian_filter(pixels * share[..., None], sigma) / (gaussian_filter(share, sigma) + 1e-4)[..., None]
    return composite(photo.colours, matte, behind)
