"""What may be asked of the service: one frozen dataclass per endpoint, its fields named as in its form.

Paths, fields and allowed values are those of the service's public reference; a value exists only if it is allowed.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields
from enum import StrEnum
from typing import Any, ClassVar

from aeforge_cli.dataclass import dataclass
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


MOST_CHARACTERS = 4


# ------------------------------------------------------------------ what a field may hold

Check = Callable[[str, Any], None]
_CHECK = "check"
EXAMPLE_PROMPT = "Change background to blue sky"


def _words(name: str, text: str) -> None:
    """Refuses a prompt that nobody can have meant: it would be paid for."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Usage(f"The {name} is not valid Unicode text", hint="write it as UTF-8")
    hint = f"say what you want, for example: -p {EXAMPLE_PROMPT!r}"
    visible = "".join(filter(_is_visible, text))
    if not visible:
        invisible = bool(text.strip())
        raise Usage(
            f"The {name} is empty", why="it holds only characters that are invisible" if invisible else "", hint=hint
        )
    if not visible.strip("-"):
        raise Usage(f"The {name} is only {visible!r}", hint="to read it from standard input, write @-")


def _is_visible(character: str) -> bool:
    """Neither white space nor a control, format or combining character, nor one of the blanks among the letters."""
    return unicodedata.category(character) not in _INVISIBLE and character not in _BLANKS


_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"}
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # fillers of Hangul and the empty pattern of Braille


def _is_one_of(*allowed: int) -> Check:
    def check(_name: str, number: int) -> None:
        if number not in allowed:
            raise Usage(f"{number} frames cannot be made", hint="choose one of " + ", ".join(map(str, allowed)))

    return check


def _characters(_name: str, pictures: tuple[Picture, ...]) -> None:
    if not 1 <= len(pictures) <= MOST_CHARACTERS:
        raise Usage(
            f"An overlay takes 1 to {MOST_CHARACTERS} characters",
            why=f"{len(pictures)} were given",
            hint=f"give 1 to {MOST_CHARACTERS}",
        )


def _rows(_name: str, rows: str) -> None:
    hint = 'for example: [{"row": 0, "title": "walk", "description": "walking right"}]'
    try:
        parsed = json.loads(rows)
    except (ValueError, RecursionError):
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


def _checked(check: Check) -> Mapping[str, Check]:
    """The metadata of a field whose values are to pass the check."""
    return {_CHECK: check}


PROMPT = _checked(_words)  # the metadata of the field that carries the user's own words


# ------------------------------------------------------------------ the operations


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
        for each in fields(self):
            value = getattr(self, each.name)
            for item in value if isinstance(value, tuple) else (value,):
                if item is not None:
                    yield Part(each.name, item if isinstance(item, Picture) else _text(item))

    def pictures(self) -> Iterator[Picture]:
        return (part.value for part in self.parts() if isinstance(part.value, Picture))

    def __post_init__(self) -> None:
        """Raises Usage for a value that the service would refuse, or that nobody can have meant."""
        for each in fields(self):
            if check := each.metadata.get(_CHECK):
                check(each.name, getattr(self, each.name))

    @classmethod
    def words_field(cls) -> str | None:
        """The name of the field that carries the user's own words, if there is one."""
        return next((each.name for each in fields(cls) if each.metadata.get(_CHECK) is _words), None)

    @property
    def words(self) -> str:
        """The user's own words: the prompt, whichever field carries it."""
        name = self.words_field()
        return str(getattr(self, name)) if name else ""

    def fingerprint(self) -> str:
        """The same for the same work: the endpoint, every field, and the pictures by their content."""
        import hashlib

        form = [
            [part.name, part.value.sha256 if isinstance(part.value, Picture) else part.value] for part in self.parts()
        ]
        return hashlib.sha256(json.dumps([self.path, form]).encode()).hexdigest()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Inpaint(Operation):
    """Edits part of a picture as the prompt says: which area, and what should be there."""

    path = "image-tune/inpaint/v2"
    name = "inpaint"

    image: Picture
    prompt: str = field(metadata=PROMPT)
    quality: Quality = Quality.STANDARD


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
    keyword: str = field(metadata=PROMPT)


@dataclass(frozen=True)
class Generate(Operation):
    """Makes a picture from a prompt, and from reference pictures if there are any."""

    path = "generate/image"
    name = "generate"

    prompt: str = field(metadata=PROMPT)
    ai_model: AiModel
    ref_images: tuple[Picture, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.ref_images) > self.ai_model.most_references:
            raise Usage(
                f"{self.ai_model} takes at most {self.ai_model.most_references} reference pictures",
                why=f"{len(self.ref_images)} were given",
                hint="leave some out, or choose another model",
            )


@dataclass(frozen=True)
class _Effect(Operation):
    """Makes a visual effect."""

    name = "effect"

    description: str = field(metadata=PROMPT)


@dataclass(frozen=True)
class EffectV1(_Effect):
    """At a resolution."""

    path = "generate/effect/v1"

    resolution: Resolution
    image: Picture | None = None


@dataclass(frozen=True)
class EffectV2(_Effect):
    """As a number of frames."""

    path = "generate/effect/v2"
    makes_several = True
    FRAMES = (4, 9, 16)

    quality: Quality
    frame: int = field(metadata=_checked(_is_one_of(*FRAMES)))
    image: Picture | None = None


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
    text: str = field(metadata=PROMPT)
    frame: int = field(metadata=_checked(_is_one_of(*FRAMES)))
    is_pixel: bool = False


@dataclass(frozen=True)
class MakeSpriteV2(Operation):
    """Animates from one picture, to another if there is one."""

    path = "sprite/make-sprite/v2"
    name = "sprite make"
    makes_several = True
    FRAMES = (49, 81, 121)

    start_frame_image: Picture
    text: str = field(metadata=PROMPT)
    frame: int = field(metadata=_checked(_is_one_of(*FRAMES)))
    end_frame_image: Picture | None = None
    is_pixel: bool = False


@dataclass(frozen=True)
class _Reskin(Operation):
    """Gives a sprite another look."""

    name = "sprite reskin"

    image: Picture
    description: str = field(metadata=PROMPT)


@dataclass(frozen=True)
class ReskinV1(_Reskin):
    """At a resolution."""

    path = "sprite/reskin/v1"

    resolution: Resolution
    style: Style | None = None


@dataclass(frozen=True)
class ReskinV2(_Reskin):
    """At a quality."""

    path = "sprite/reskin/v2"

    quality: Quality
    style: Style | None = None


@dataclass(frozen=True)
class _CharacterOverlay(Operation):
    """Puts characters over the rows of a sprite sheet; `rows` is a JSON list of row, title and description."""

    name = "sprite overlay"

    sprite_sheet: Picture
    character_images: tuple[Picture, ...] = field(metadata=_checked(_characters))
    rows: str = field(metadata=_checked(_rows))


@dataclass(frozen=True)
class CharacterOverlayV1(_CharacterOverlay):
    """At a resolution."""

    path = "sprite/character-overlay/v1"

    resolution: Resolution
    style: Style | None = None


@dataclass(frozen=True)
class CharacterOverlayV2(_CharacterOverlay):
    """At a quality."""

    path = "sprite/character-overlay/v2"

    quality: Quality
    style: Style | None = None


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

WORDS = tuple(dict.fromkeys(name for kind in OPERATIONS if (name := kind.words_field())))
