"""What may be asked of the service about sprites, as in `operations`; and the list of all that may be asked."""

import json
from dataclasses import dataclass
from enum import StrEnum

from aeforge_cli.errors import Usage
from aeforge_cli.operations import (
    EffectV1,
    EffectV2,
    Generate,
    Inpaint,
    Operation,
    Picture,
    Quality,
    Resolution,
    SplitLayer,
    Upscale,
    require_frames,
    require_text,
)

MOST_CHARACTERS = 4


class Style(StrEnum):
    PIXEL = "pixel"
    CARTOON = "cartoon"
    SD = "sd"
    QUARTER_VIEW = "quater_view"  # spelled so by the service


@dataclass(frozen=True)
class MakeSpriteV1(Operation):
    """Animates a picture as the text says."""

    path = "sprite/make-sprite/v1"
    name = "sprite make"
    makes_several = True
    FRAMES = (25, 36, 49, 64, 81, 100, 121, 144, 169)

    image: Picture
    text: str
    frame: int
    is_pixel: bool = False

    def __post_init__(self) -> None:
        require_text(self.text, "text")
        require_frames(self.frame, self.FRAMES)


@dataclass(frozen=True)
class MakeSpriteV2(Operation):
    """Animates from one picture, to another if there is one."""

    path = "sprite/make-sprite/v2"
    name = "sprite make"
    makes_several = True
    FRAMES = (49, 81, 121)

    start_frame_image: Picture
    text: str
    frame: int
    end_frame_image: Picture | None = None
    is_pixel: bool = False

    def __post_init__(self) -> None:
        require_text(self.text, "text")
        require_frames(self.frame, self.FRAMES)


@dataclass(frozen=True)
class ReskinV1(Operation):
    """Gives a sprite another look, at a resolution."""

    path = "sprite/reskin/v1"
    name = "sprite reskin"

    image: Picture
    description: str
    resolution: Resolution
    style: Style | None = None

    def __post_init__(self) -> None:
        require_text(self.description, "description")


@dataclass(frozen=True)
class ReskinV2(Operation):
    """Gives a sprite another look, at a quality."""

    path = "sprite/reskin/v2"
    name = "sprite reskin"

    image: Picture
    description: str
    quality: Quality
    style: Style | None = None

    def __post_init__(self) -> None:
        require_text(self.description, "description")


@dataclass(frozen=True)
class CharacterOverlayV1(Operation):
    """Puts characters over the rows of a sprite sheet; `rows` is a JSON list of row, title and description."""

    path = "sprite/character-overlay/v1"
    name = "sprite overlay"

    sprite_sheet: Picture
    character_images: tuple[Picture, ...]
    rows: str
    resolution: Resolution
    style: Style | None = None

    def __post_init__(self) -> None:
        _require_characters(self.character_images)
        _require_rows(self.rows)


@dataclass(frozen=True)
class CharacterOverlayV2(Operation):
    """As v1, with a quality in place of a resolution."""

    path = "sprite/character-overlay/v2"
    name = "sprite overlay"

    sprite_sheet: Picture
    character_images: tuple[Picture, ...]
    rows: str
    quality: Quality
    style: Style | None = None

    def __post_init__(self) -> None:
        _require_characters(self.character_images)
        _require_rows(self.rows)


OPERATIONS: tuple[type[Operation], ...] = (
    Inpaint,
    Upscale,
    SplitLayer,
    Generate,
    EffectV1,
    EffectV2,
    MakeSpriteV1,
    MakeSpriteV2,
    ReskinV1,
    ReskinV2,
    CharacterOverlayV1,
    CharacterOverlayV2,
)


def _require_characters(characters: tuple[Picture, ...]) -> None:
    if not 1 <= len(characters) <= MOST_CHARACTERS:
        raise Usage(
            f"An overlay takes 1 to {MOST_CHARACTERS} characters",
            why=f"{len(characters)} were given",
            hint="give 1 to 4",
        )


def _require_rows(rows: str) -> None:
    hint = 'for example: [{"row": 0, "title": "walk", "description": "walking right"}]'
    try:
        parsed = json.loads(rows)
    except ValueError:
        raise Usage("The rows are not JSON", hint=hint) from None
    match parsed:
        case [_, *_] if all(_is_row(row) for row in parsed):
            return
        case _:
            raise Usage("The rows are not a list of row, title and description", hint=hint)


def _is_row(row: object) -> bool:
    match row:
        case {"row": int(), "title": str(), "description": str()}:
            return True
        case _:
            return False
