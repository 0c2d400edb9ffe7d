"""Pictures made so that the truth is known: what was pasted, where, and what is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageFilter

from tests.benchmarks.editing import objects, photographs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from aeforge_cli.sandbox.engine.arrays.dtypes import BoolArray

Part = Literal["tuning", "hold-out", "wider"]

# So that every part gives objects at other places and in other sizes.
_CORNER_SEEDS: dict[Part, int] = {"tuning": 11, "hold-out": 29, "wider": 5}
_SUBJECT_SEEDS: dict[Part, int] = {"tuning": 77, "hold-out": 37, "wider": 53}
_OBJECTS = {"tuning": objects.TUNING, "hold-out": objects.HOLD_OUT, "wider": objects.TUNING + objects.HOLD_OUT}
PHOTOGRAPHS = {"tuning": photographs.TUNING, "hold-out": photographs.HOLD_OUT, "wider": photographs.WIDER}
# Larger photographs are searched no more finely.
_LONGEST = 1200


@dataclass(frozen=True)
class Composite:
    name: str
    photograph: str
    picture: Image.Image
    behind: Image.Image
    alpha: Image.Image
    corner: str


def corners(part: Part, folder: Path) -> Iterator[Composite]:
    """An object in each corner of each photograph, an eighth to a quarter of its long side wide."""
    random, things = np.random.default_rng(_CORNER_SEEDS[part]), _OBJECTS[part]
    for i, name in enumerate(PHOTOGRAPHS[part]):
        # Of the many photographs of one source, two corners each.
        for j, corner in enumerate(photographs.CORNERS if part != "wider" else photographs.CORNERS[i % 2 :: 2]):
            thing = things[(i + j) % len(things)]
            behind = _at_most(photographs.photograph(name, folder))
            cut = _sized(_object(thing, folder), max(behind.size) * random.uniform(0.13, 0.25))
            yield _pasted(name, f"{name} {corner} {thing.__name__}", behind, cut, corner, random)


def subjects(part: Part, folder: Path) -> Iterator[Composite]:
    """Objects, large, before each photograph; what has a subject of its own is thrown out of focus."""
    random = np.random.default_rng(_SUBJECT_SEEDS[part])
    things = objects.TUNING_MATTES if part == "tuning" else objects.HOLD_OUT
    for i, (name, source) in enumerate(PHOTOGRAPHS[part].items()):
        for thing in things if part == "tuning" else (things[i % len(things)], things[(i + 2) % len(things)]):
            behind = photographs.photograph(name, folder)
            if not source.texture:
                behind = behind.filter(ImageFilter.GaussianBlur(max(behind.size) / 20))
            cut = _sized(_object(thing, folder), min(behind.size) * random.uniform(0.45, 0.8))
            if random.random() < 0.5:
                cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            yield _pasted(name, f"{name} {thing.__name__}", behind, cut, "centre", random)


def _at_most(picture: Image.Image) -> Image.Image:
    smaller = picture.copy()
    smaller.thumbnail((_LONGEST, _LONGEST))
    return smaller


def verdict(hole: BoolArray, truth: BoolArray) -> str:
    """Of a removal: nearly all of the object, and less than as much again, is a hit."""
    found, excess = (truth & hole).sum() / truth.sum(), (hole & ~truth).sum() / truth.sum()
    return "hit" if found > 0.9 and excess < 0.8 else "partial" if found > 0.5 else "wrong"


def wheel_of(part: Part, composite: Composite) -> str:
    return PHOTOGRAPHS[part][composite.photograph].wheel


def _object(thing: Callable[..., Image.Image], folder: Path) -> Image.Image:
    return thing(lambda name: photographs.photograph(name, folder))


def _sized(cut: Image.Image, longest: float) -> Image.Image:
    scale = longest / max(cut.size)
    return cut.resize((round(cut.width * scale), round(cut.height * scale)), Image.Resampling.LANCZOS)


def _pasted(
    photograph: str, name: str, behind: Image.Image, cut: Image.Image, corner: str, random: np.random.Generator
) -> Composite:
    across, down = (random.uniform(0.05, 0.3) for _ in range(2))
    across = 1 - across if "right" in corner else across
    down = 1 - down if "lower" in corner else down
    if corner == "centre":
        across, down = (random.uniform(0.3, 0.7) for _ in range(2))
    at = (round((behind.width - cut.width) * across), round((behind.height - cut.height) * down))
    alpha = Image.new("L", behind.size)
    alpha.paste(cut.getchannel("A"), at)
    colours = cut.convert("RGB")
    if _colourless(behind):
        colours = colours.convert("L").convert("RGB")
    front = behind.copy()
    front.paste(colours, at)
    return Composite(name, photograph, Image.composite(front, behind, alpha), behind, alpha, corner)


def _colourless(picture: Image.Image) -> bool:
    red, green, blue = (np.asarray(channel) for channel in picture.split())
    return bool((red == green).all() and (green == blue).all())
