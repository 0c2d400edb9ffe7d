"""The edits this engine knows, as values: what a prompt comes down to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Colour: TypeAlias = tuple[int, int, int]


class Part(StrEnum):
    PICTURE = "picture"
    BACKGROUND = "background"
    SUBJECT = "subject"
    SKY = "sky"


class SkyKind(StrEnum):
    CLEAR = "clear"
    BLUE = "blue"
    CLOUDY = "cloudy"
    OVERCAST = "overcast"
    SUNSET = "sunset"
    NIGHT = "night"


class Tone(StrEnum):
    BRIGHTER = "brighter"
    DARKER = "darker"
    MORE_CONTRAST = "more contrast"
    LESS_CONTRAST = "less contrast"
    MORE_SATURATION = "more saturation"
    LESS_SATURATION = "less saturation"
    MONOCHROME = "black and white"
    SEPIA = "sepia"
    WARMER = "warmer"
    COOLER = "cooler"
    SHARPER = "sharper"
    BLURRED = "blurred"
    INVERTED = "inverted"


@dataclass(frozen=True)
class Gradient:
    start: Colour
    end: Colour


@dataclass(frozen=True)
class Studio:
    """A lit backdrop: bright behind the subject, falling off to the corners."""

    colour: Colour = (238, 238, 238)


@dataclass(frozen=True)
class Nothing:
    """No background at all: transparency."""


Backdrop: TypeAlias = SkyKind | Colour | Gradient | Studio | Nothing


@dataclass(frozen=True)
class Place:
    """A part of the picture, as shares of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class SetBackground:
    backdrop: Backdrop


@dataclass(frozen=True)
class SetSky:
    kind: SkyKind


@dataclass(frozen=True)
class RemoveObject:
    place: Place


@dataclass(frozen=True)
class Recolour:
    part: Part
    colour: Colour


@dataclass(frozen=True)
class Adjust:
    part: Part
    tone: Tone
    strength: float = 1.0


Edit: TypeAlias = SetBackground | SetSky | RemoveObject | Recolour | Adjust
