"""Colours by name: those of CSS in one word or more ("light blue"), and some that people use beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import ImageColor

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.edits import Colour

# Names that people write for what they show, and not for its colour: "a snow background".
_THINGS = {"snow", "peru", "wheat", "orchid", "seashell", "linen", "thistle", "tomato", "cornsilk", "chocolate"}
_MORE: dict[str, Colour] = {
    "navy blue": (0, 0, 128),
    "baby blue": (137, 207, 240),
    "cobalt blue": (0, 71, 171),
    "off white": (250, 249, 246),
    "snow white": (255, 255, 255),
    "jet black": (0, 0, 0),
    "pitch black": (0, 0, 0),
    "cream": (255, 253, 208),
    "burgundy": (128, 0, 32),
    "charcoal": (54, 69, 79),
    "mustard": (225, 173, 1),
    "peach": (255, 218, 185),
    "lilac": (200, 162, 200),
    "mauve": (224, 176, 255),
    "mint": (189, 252, 201),
    "mint green": (189, 252, 201),
    "emerald": (80, 200, 120),
    "olive green": (128, 128, 0),
    "golden": (255, 215, 0),
    "terracotta": (226, 114, 91),
    "scarlet": (255, 36, 0),
    "sand": (210, 180, 140),
    "taupe": (72, 60, 50),
    "green screen": (0, 177, 64),
    "greenscreen": (0, 177, 64),
    "chroma green": (0, 177, 64),
    "chroma key green": (0, 177, 64),
    "bluish": (150, 170, 210),
    "reddish": (205, 140, 140),
    "purplish": (165, 140, 185),
    "greenish": (150, 185, 150),
    "pinkish": (235, 205, 212),
    "yellowish": (230, 222, 160),
    "greyish": (128, 128, 128),
}
# Towards black or white, and how far.
SHADES = {
    "dark": (0, 0.45),
    "darker": (0, 0.45),
    "deep": (0, 0.25),
    "light": (255, 0.45),
    "lighter": (255, 0.45),
    "pale": (255, 0.6),
    "pastel": (255, 0.6),
    "bright": (255, 0.1),
}
# What the names of CSS are made of.
_WORDS = frozenset(
    {
        *("white", "black", "grey", "red", "green", "blue", "yellow", "orange", "pink", "purple", "brown", "cyan"),
        *("magenta", "gold", "violet", "olive", "salmon", "slate", "sky", "sea", "spring", "forest", "steel", "royal"),
        *("midnight", "navy", "dark", "light", "medium", "deep", "pale", "hot", "lawn", "lime", "powder", "cadet"),
        *("golden", "goldenrod", "turquoise", "aquamarine", "rosy", "misty", "rose", "floral", "ghost", "antique"),
        *("alice", "lemon", "coral", "khaki"),
    }
)


def named_colours() -> dict[tuple[str, ...], Colour]:
    """Each way to write each name; "gray" is spelt "grey"."""
    css = {name.replace("gray", "grey"): ImageColor.getrgb(name)[:3] for name in ImageColor.colormap}
    names = {way: colour for name, colour in css.items() if name not in _THINGS for way in _ways(name)}
    return names | {tuple(name.split()): colour for name, colour in _MORE.items()}


def _ways(name: str) -> list[tuple[str, ...]]:
    ways: list[tuple[str, ...]] = [(name,)]
    for word in _WORDS:
        if name.startswith(word) and name != word:
            ways += [(word, *rest) for rest in _ways(name.removeprefix(word)) if set(rest) <= _WORDS]
    return ways


def shaded(colour: Colour, shade: str) -> Colour:
    towards, share = SHADES[shade]
    red, green, blue = (round(value + (towards - value) * share) for value in colour)
    return red, green, blue


def hex_colour(word: str) -> Colour | None:
    """`#fff`, `#ffffff`, `rgb(1,2,3)`, `hsl(1,2%,3%)`."""
    if not word.startswith(("#", "rgb(", "hsl(")):
        return None
    try:
        return ImageColor.getrgb(word)[:3]
    except ValueError:
        return None
