"""What may be asked of the service: one frozen dataclass per endpoint, its fields named as on the wire.

Paths, fields and allowed values are those of the service's public reference; a value exists only if it is allowed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar

from aeforge_cli.errors import Usage
from aeforge_cli.files.picture import Picture


@dataclass(frozen=True)
class Part:
    """One part of the form: text, or a picture."""

    name: str
    value: str | Picture


class Quality(StrEnum):
    STANDARD = "standard"
    PRO = "pro"


class Resolution(StrEnum):
    """The long side of the result: 1024, 2048 or 4096 pixels."""

    ONE_K = "1K"
    TWO_K = "2K"
    FOUR_K = "4K"


class AiModel(StrEnum):
    GPT_IMAGE_15 = "GPT Image 1.5"
    GPT_IMAGE_2 = "GPT Image 2"
    GROK_IMAGINE = "Grok Imagine"
    GROK_IMAGINE_PRO = "Grok Imagine Pro"
    NANO_BANANA = "Nano Banana"
    NANO_BANANA_2 = "Nano Banana 2"
    NANO_BANANA_PRO = "Nano Banana Pro"

    @property
    def most_references(self) -> int:
        """How many reference pictures the model takes; the service answers 400 over that."""
        return {AiModel.GROK_IMAGINE: 5, AiModel.GROK_IMAGINE_PRO: 1}.get(self, 10)


WORDS = ("prompt", "description", "text", "keyword")  # the fields that may carry the user's own words


@dataclass(frozen=True)
class Operation:
    """A paid job to be: `path` is its endpoint below the base URL, `name` what people call it.

    `makes_several` says that a job may have more than one result; how many is not documented.
    """

    path: ClassVar[str]
    name: ClassVar[str]
    makes_several: ClassVar[bool] = False

    def parts(self) -> Iterator[Part]:
        """The form: a picture is a file, a tuple repeats its field, `None` is left out."""
        for field in fields(self):
            value = getattr(self, field.name)
            for item in value if isinstance(value, tuple) else (value,):
                if item is not None:
                    yield Part(field.name, item if isinstance(item, Picture) else _text(item))

    def pictures(self) -> Iterator[Picture]:
        return (part.value for part in self.parts() if isinstance(part.value, Picture))

    @property
    def words(self) -> str:
        """The user's own words: the prompt, whichever field carries it."""
        for field in WORDS:
            if isinstance(value := getattr(self, field, None), str):
                return value
        return ""

    def fingerprint(self) -> str:
        """The same for the same work: the endpoint, every field, and the pictures by their content."""
        import hashlib

        form = [
            [part.name, part.value.sha256 if isinstance(part.value, Picture) else part.value] for part in self.parts()
        ]
        return hashlib.sha256(json.dumps([self.path, form]).encode()).hexdigest()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def require_text(value: str, what: str) -> None:
    if not value.isprintable() and any("\ud800" <= character <= "\udfff" for character in value):
        raise Usage(f"The {what} is not valid Unicode text", hint="write it as UTF-8")
    if not value.strip():
        raise Usage(f"The {what} is empty", hint=f"say what you want, for example: -p {EXAMPLE_PROMPT!r}")


EXAMPLE_PROMPT = "Change background to blue sky"


@dataclass(frozen=True)
class Inpaint(Operation):
    """Edits part of a picture as the prompt says: which area, and what should be there."""

    path = "image-tune/inpaint/v2"
    name = "inpaint"

    image: Picture
    prompt: str
    quality: Quality = Quality.STANDARD

    def __post_init__(self) -> None:
        require_text(self.prompt, "prompt")


@dataclass(frozen=True)
class Upscale(Operation):
    """Makes a picture larger: its long side becomes `scale`."""

    path = "image-tune/upscale"
    name = "upscale"

    image: Picture
    scale: Resolution = Resolution.TWO_K


@dataclass(frozen=True)
class SplitLayer(Operation):
    """Separates the element that `keyword` names ("arm", "body") into a layer of its own."""

    path = "image-tune/split-layer"
    name = "split-layer"
    makes_several = True

    image: Picture
    keyword: str

    def __post_init__(self) -> None:
        require_text(self.keyword, "keyword")


@dataclass(frozen=True)
class Generate(Operation):
    """Makes a picture from a prompt, and from reference pictures if there are any."""

    path = "generate/image"
    name = "generate"

    prompt: str
    ai_model: AiModel
    ref_images: tuple[Picture, ...] = ()

    def __post_init__(self) -> None:
        require_text(self.prompt, "prompt")
        if len(self.ref_images) > self.ai_model.most_references:
            raise Usage(
                f"{self.ai_model} takes at most {self.ai_model.most_references} reference pictures",
                why=f"{len(self.ref_images)} were given",
                hint="leave some out, or choose another model",
            )


@dataclass(frozen=True)
class EffectV1(Operation):
    """Makes a visual effect at a resolution."""

    path = "generate/effect/v1"
    name = "effect"

    description: str
    resolution: Resolution
    image: Picture | None = None

    def __post_init__(self) -> None:
        require_text(self.description, "description")


@dataclass(frozen=True)
class EffectV2(Operation):
    """Makes a visual effect as a number of frames."""

    path = "generate/effect/v2"
    name = "effect"
    makes_several = True
    FRAMES = (4, 9, 16)

    description: str
    quality: Quality
    frame: int
    image: Picture | None = None

    def __post_init__(self) -> None:
        require_text(self.description, "description")
        require_frames(self.frame, self.FRAMES)


def require_frames(frame: int, allowed: tuple[int, ...]) -> None:
    if frame not in allowed:
        raise Usage(f"{frame} frames cannot be made", hint="choose one of " + ", ".join(map(str, allowed)))


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
