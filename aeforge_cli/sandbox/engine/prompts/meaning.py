"""What a clause of a prompt can say, before it is known what its "it" and its "rest" are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from aeforge_cli.sandbox.engine.edits import Backdrop, Colour, Part, Place, Tone


class Reference(StrEnum):
    """A part by what was named before."""

    IT = "it"
    REST = "the rest"
    # No part is named at all: "brighter".
    UNSAID = "unsaid"


@dataclass(frozen=True)
class Toned:
    tone: Tone
    strength: float = 1.0


@dataclass(frozen=True)
class Tint:
    """A colour given to what is there, and not put in its place."""

    colour: Colour


Value: TypeAlias = Toned | Tint | Backdrop


@dataclass(frozen=True)
class Change:
    part: Part | Reference
    value: Value
    # "It is too dark" wishes for the same as "make it brighter", and so adds nothing to it.
    is_complaint: bool = False


@dataclass(frozen=True)
class Removal:
    """Of the object at a place; without a place, of what was named before."""

    place: Place | None


@dataclass(frozen=True)
class Kept:
    part: Part | Reference
    # "Except the subject" is said of what was asked before; "keep the subject" of all that is asked.
    is_exception: bool = False


@dataclass(frozen=True)
class Denied:
    """What shall not be done: "do not blur it, brighten it"."""

    said: Change | Removal


@dataclass(frozen=True)
class Topic:
    """What is spoken of, with nothing asked yet: "the background is ugly", "I love the blue sky"."""

    about: Part | Place | None
    # "Change the background" has to be followed by what it becomes.
    reason: str = ""


@dataclass(frozen=True)
class Impossible:
    reason: str


Said: TypeAlias = Change | Removal | Kept | Denied | Topic | Impossible
