"""What can be asked for: the path, the form and the renderer of each operation, in one table.

Paths, fields, allowed values and limits are those of the service's public API reference. A new operation is one row
of `OPERATIONS`: its route, the checks of its form and its place in the OpenAPI document follow from that row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Fields = Mapping[str, object]
    """What a form says, files apart."""


class Quality(StrEnum):
    standard = "standard"
    pro = "pro"


class Resolution(StrEnum):
    """The long side of the result, in pixels: 1024, 2048, 4096."""

    one_k = "1K"
    two_k = "2K"
    four_k = "4K"


class Style(StrEnum):
    pixel = "pixel"
    cartoon = "cartoon"
    sd = "sd"
    quater_view = "quater_view"  # spelled so by the service


class Model(StrEnum):
    gpt_image_1_5 = "GPT Image 1.5"
    gpt_image_2 = "GPT Image 2"
    grok_imagine = "Grok Imagine"
    grok_imagine_pro = "Grok Imagine Pro"
    nano_banana = "Nano Banana"
    nano_banana_2 = "Nano Banana 2"
    nano_banana_pro = "Nano Banana Pro"

    @property
    def most_references(self) -> int:
        return {Model.grok_imagine: 5, Model.grok_imagine_pro: 1}.get(self, 10)


class EffectFrames(IntEnum):
    four = 4
    nine = 9
    sixteen = 16


@dataclass(frozen=True)
class Text:
    name: str
    required: bool = True


@dataclass(frozen=True)
class Rows:
    """A JSON list of `{"row": int, "title": str, "description": str}`."""

    name: str
    required: bool = True


@dataclass(frozen=True)
class Flag:
    name: str
    required: bool = True


@dataclass(frozen=True)
class Number:
    """Any other number is answered 400, as the reference says of frames of sprites."""

    name: str
    allowed: tuple[int, ...]
    required: bool = True


@dataclass(frozen=True)
class Choice:
    """Any other value is answered 422."""

    name: str
    values: type[StrEnum | IntEnum]
    required: bool = True


@dataclass(frozen=True)
class Picture:
    name: str
    required: bool = True


@dataclass(frozen=True)
class Pictures:
    """Several files in one field; more than `most` are answered 400."""

    name: str
    most: Callable[[Fields], int]
    required: bool = True


Field = Text | Rows | Flag | Number | Choice | Picture | Pictures


class Renderer(Enum):
    """What a worker does for an operation: an edit and an enlargement are real, all else is a placeholder."""

    EDIT = auto()
    ENLARGE = auto()
    SPLIT = auto()
    ANIMATE = auto()
    PLACEHOLDER = auto()


@dataclass(frozen=True)
class Operation:
    path: str
    """Below the base URL."""
    form: tuple[Field, ...]
    renderer: Renderer


def _references(fields: Fields) -> int:
    return Model(str(fields["ai_model"])).most_references


def _characters(_fields: Fields) -> int:
    return 4


IMAGE = Picture("image")
MAYBE_IMAGE = Picture("image", required=False)
QUALITY = Choice("quality", Quality)
RESOLUTION = Choice("resolution", Resolution)
STYLE = Choice("style", Style, required=False)
DESCRIPTION = Text("description")
SPRITE_V1_FRAMES = (25, 36, 49, 64, 81, 100, 121, 144, 169)
SPRITE_V2_FRAMES = (49, 81, 121)
RESKIN = (IMAGE, DESCRIPTION, STYLE)
OVERLAY = (Picture("sprite_sheet"), Pictures("character_images", _characters), Rows("rows"), STYLE)
SPRITE = (Text("text"), Flag("is_pixel"))

OPERATIONS = (
    Operation("image-tune/inpaint/v2", (IMAGE, Text("prompt"), QUALITY), Renderer.EDIT),
    Operation("image-tune/upscale", (IMAGE, Choice("scale", Resolution)), Renderer.ENLARGE),
    Operation("image-tune/split-layer", (IMAGE, Text("keyword")), Renderer.SPLIT),
    Operation(
        "generate/image",
        (Text("prompt"), Choice("ai_model", Model), Pictures("ref_images", _references, required=False)),
        Renderer.PLACEHOLDER,
    ),
    Operation("generate/effect/v1", (DESCRIPTION, RESOLUTION, MAYBE_IMAGE), Renderer.PLACEHOLDER),
    Operation(
        "generate/effect/v2", (DESCRIPTION, QUALITY, Choice("frame", EffectFrames), MAYBE_IMAGE), Renderer.PLACEHOLDER
    ),
    Operation("sprite/make-sprite/v1", (IMAGE, *SPRITE, Number("frame", SPRITE_V1_FRAMES)), Renderer.ANIMATE),
    Operation(
        "sprite/make-sprite/v2",
        (
            Picture("start_frame_image"),
            *SPRITE,
            Number("frame", SPRITE_V2_FRAMES),
            Picture("end_frame_image", required=False),
        ),
        Renderer.ANIMATE,
    ),
    Operation("sprite/reskin/v1", (*RESKIN, RESOLUTION), Renderer.PLACEHOLDER),
    Operation("sprite/reskin/v2", (*RESKIN, QUALITY), Renderer.PLACEHOLDER),
    Operation("sprite/character-overlay/v1", (*OVERLAY, RESOLUTION), Renderer.PLACEHOLDER),
    Operation("sprite/character-overlay/v2", (*OVERLAY, QUALITY), Renderer.PLACEHOLDER),
)
RENDERERS = {operation.path: operation.renderer for operation in OPERATIONS}
WORDS = {field.name for operation in OPERATIONS for field in operation.form if isinstance(field, Text | Rows)}
"""The fields that carry the user's own words."""
