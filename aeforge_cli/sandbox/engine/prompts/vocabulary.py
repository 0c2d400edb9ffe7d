"""Which words the engine knows, and what each can mean; a word outside it is never guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from PIL import ImageColor

from aeforge_cli.sandbox.engine.edits import Colour, Part, SkyKind, Tone
from aeforge_cli.sandbox.engine.prompts.idioms import plain


class Kind(StrEnum):
    ACT = "act"
    PART = "part"
    PRONOUN = "pronoun"
    OBJECT = "object"
    SKY = "sky"
    LOOK = "look"
    TONE = "tone"
    COLOUR = "colour"
    SHADE = "shade"
    DEGREE = "degree"
    VERTICAL = "vertical"
    HORIZONTAL = "horizontal"
    MIDDLE = "middle"
    EXTENT = "extent"
    FROM = "from"
    JOIN = "join"
    FILLER = "filler"


class Act(StrEnum):
    CHANGE = "change"
    REMOVE = "remove"
    ISOLATE = "isolate"
    RECOLOUR = "recolour"
    KEEP = "keep"


@dataclass(frozen=True)
class Token:
    kind: Kind
    value: object
    words: str


class UnknownWord(Exception):
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def tokens(prompt: str) -> list[Token]:
    """The prompt as known phrases, the longest first; `UnknownWord` for anything else."""
    words = [_mended(word) for word in _split(prompt)]
    found: list[Token] = []
    while words:
        length, token = _longest(words)
        found.append(token)
        words = words[length:]
    return [token for token in found if token.kind is not Kind.FILLER]


def _split(prompt: str) -> list[str]:
    text = re.sub(r"(?:rgb|hsl)\([^)]*\)", lambda found: found[0].replace(" ", ""), plain(prompt))
    return re.findall(r"#[0-9a-z]+|(?:rgb|hsl)\([^)]*\)|\d+ ?%|b[&/]w|[;,.&+]|->|[^\W_]+(?:'[^\W_]+)?", text)


def _longest(words: list[str]) -> tuple[int, Token]:
    for length in range(min(4, len(words)), 0, -1):
        phrase = " ".join(words[:length])
        if (token := _meaning(phrase)) is not None:
            return length, token
    raise UnknownWord(words[0])


def _meaning(phrase: str) -> Token | None:
    if phrase in _PHRASES:
        kind, value = _PHRASES[phrase]
        return Token(kind, value, phrase)
    if (colour := _colour(phrase)) is not None:
        return Token(Kind.COLOUR, colour, phrase)
    if re.fullmatch(r"\d+ ?%", phrase):
        return Token(Kind.DEGREE, min(int(phrase.rstrip("% ")), 100) / 40, phrase)
    return None


def _colour(phrase: str) -> Colour | None:
    """A CSS colour, also when its name is written as two words."""
    if phrase in _COLOURS:
        return _COLOURS[phrase]
    name = phrase.replace(" ", "")
    if not (name in ImageColor.colormap or phrase.startswith(("#", "rgb(", "hsl("))):
        return None
    try:
        return ImageColor.getrgb(name)[:3]
    except ValueError:
        return None


def _mended(word: str) -> str:
    """The known word that a slip of the pen was meant to be: one letter off, two in long words."""
    if len(word) < 5 or word in _KNOWN or not word.isalpha():
        return word
    reach = 1 if len(word) < 8 else 2
    near = [(_slips(word, known), known) for known in _MENDABLE if known[0] == word[0] and word != known + "s"]
    slips, best = min(near, default=(reach + 1, word))
    return best if slips <= reach else word


def _slips(one: str, other: str) -> int:
    """Letters left out, put in, exchanged or swapped (Damerau 1964)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _table(kind: Kind, meanings: dict[object, str]) -> dict[str, tuple[Kind, object]]:
    return {phrase.strip(): (kind, value) for value, phrases in meanings.items() for phrase in phrases.split(",")}


VERY = 1.6

_PHRASES: dict[str, tuple[Kind, object]] = (
    _table(
        Kind.ACT,
        {
            Act.CHANGE: "change, make, turn, set, replace, replacement, swap, switch, put, place, give, apply, "
            "convert, insert, crank, push, transform, edit, modify, get, want, add, fill, paint, render, show, "
            "exchange, substitute, adjust, use, turn up, have, bump, swap out, change out, switch out",
            Act.REMOVE: "remove, removing, delete, erase, eliminate, get rid of, rid of, take out, take away, "
            "cut away, wipe, wipe out, drop, clean up, clear the, clear away, tidy up, strip, without, no, discard, "
            "retouch out, edit out, removal, removed, deleted, erased, disappear, vanish, go away, gone, invisible, "
            "hide",
            Act.ISOLATE: "cut out, isolate, extract, cutout, keep only, keep just, leave only, leave just, knock out",
            Act.KEEP: "keep, keeping, leave, leaving, preserve, preserving, maintain, maintaining, do not change, "
            "don't change, do not touch, don't touch, without changing, without touching, without affecting, "
            "except, apart from",
            Act.RECOLOUR: "recolour, recolor, tint, tinted, dye, colourise, colorise, colourize, colorize",
        },
    )
    | _table(
        Kind.PART,
        {
            Part.BACKGROUND: "background, backgrounds, backdrop, back ground, bg, scenery, behind, surroundings, "
            "in front of, everything else, anything else, the rest, against, onto, "
            "everything around the subject",
            Part.SKY: "sky, skies",
            Part.SUBJECT: "subject, subject's, foreground, main object, main subject, main thing, person, person's, "
            "people",
            Part.PICTURE: "picture, image, photo, photograph, pic, shot, everything, whole picture, whole image, "
            "whole photo, whole thing, picture's, image's, photo's, entire picture, entire image, entire photo",
        },
    )
    | _table(Kind.PRONOUN, {None: "it, it's"})
    | _table(
        Kind.OBJECT,
        {
            None: "object, objects, thing, things, item, items, stuff, element, something, whatever, whatever is, "
            "whatever's, what is, what's, thingy, obj, blob, clutter, junk"
        },
    )
    | _table(
        Kind.SKY,
        {
            SkyKind.CLEAR: "clear, cloudless, summer, sunny, sunnier",
            SkyKind.CLOUDY: "cloudy, cloudier, clouds, cloud, partly cloudy, white clouds, fluffy clouds, puffy "
            "clouds, few clouds, few white clouds, some clouds, fluffy white clouds, white fluffy clouds",
            SkyKind.OVERCAST: "overcast, grey clouds, gray clouds, dark clouds, rainy, rain clouds, "
            "stormy, storm clouds, gloomy",
            SkyKind.SUNSET: "sunset, sunrise, dusk, dawn, golden hour, evening, twilight, sundown, sun set, sun rise, "
            "dramatic sunset, colourful sunset, colorful sunset",
            SkyKind.NIGHT: "night, starry, stars, nighttime, night time, midnight, starlit, full of stars, milky way",
        },
    )
    | _table(
        Kind.LOOK,
        {
            "gradient": "gradient, fade, blend, ombre",
            "studio": "studio, photo studio",
            "nothing": "none, transparent, transparency, nothing, see through, empty",
        },
    )
    | _table(
        Kind.TONE,
        {
            Tone.BRIGHTER: "brighter, brighten, lighter, lighten, lightened, brightened, brighten up, brightness, "
            "exposure, lighten up, brighten it up, lighten it up",
            Tone.DARKER: "darker, darken, darkened, dim, dimmer",
            Tone.MORE_CONTRAST: "contrast, contrasty, punchy, punchier",
            Tone.LESS_CONTRAST: "flatter",
            Tone.MORE_SATURATION: "saturation, saturated, saturate, vivid, vibrant, colourful, colorful, vibrance, pop",
            Tone.LESS_SATURATION: "muted, desaturated, desaturate, faded, washed out",
            Tone.MONOCHROME: "black and white, black & white, b&w, b/w, bw, greyscale, grayscale, monochrome, "
            "grey scale, gray scale, black white, colourless, colorless, noir",
            Tone.SEPIA: "sepia, sepia tone, sepia tones, sepia toned",
            Tone.WARMER: "warmer, warm, warm up, warm it up, warmth, temperature",
            Tone.COOLER: "cooler, cool, colder, cold",
            Tone.SHARPER: "sharpen, sharpened, sharper, sharp, crisp, crisper, sharpness, in focus, clearer, "
            "deblur, unblur",
            Tone.BLURRED: "blur, blurry, blurred, blurrier, blurring, soften, softened, softer, soft, out of focus, "
            "blur out, fuzzy, gaussian blur, lens blur, defocus, defocused, bokeh, unfocused, soft focus",
            Tone.INVERTED: "invert, inverted, negative, invert the colours, invert the colors",
        },
    )
    | _table(Kind.SHADE, {"dark": "dark", "light": "light", "bright": "bright", "pale": "pale, pastel", "deep": "deep"})
    | _table(
        Kind.DEGREE,
        {
            0.5: "slightly, a bit, bit, a little, little, somewhat, subtly, subtle, gently, a touch, a little bit, "
            "mildly, slight, lightly, softly",
            1.0: "more, increase, raise, boost, enhance, higher, up, stronger, high, improve",
            VERY: "much, very, a lot, a lot more, lots, strongly, heavily, really, extremely, strong, heavy, "
            "much more, far more, way more, super, dramatically, drastically, significantly, considerably",
            -1.0: "less, decrease, reduce, reduced, low",
        },
    )
    | _table(
        Kind.VERTICAL, {"top": "upper, top, very top, above, uppermost", "bottom": "lower, bottom, very bottom, below"}
    )
    | _table(
        Kind.HORIZONTAL,
        {
            "left": "left, left hand, lefthand, leftmost, far left",
            "right": "right, right hand, righthand, rightmost, far right",
        },
    )
    | _table(Kind.MIDDLE, {None: "centre, center, middle, central"})
    | _table(
        Kind.EXTENT,
        {
            "corner": "corner, corners",
            "half": "half",
            "third": "third",
            "quarter": "quarter, quadrant",
            "side": "side, edge, border",
        },
    )
    | _table(Kind.JOIN, {"and": "and, &, +, plus, also, as well as, while, but, so, because, since"})
    | _table(Kind.JOIN, {"then": "then, ;, ., and then, after that, afterwards, next, finally"})
    | {",": (Kind.JOIN, "and"), ", and": (Kind.JOIN, "and"), ", then": (Kind.JOIN, "then")}
    | {", and then": (Kind.JOIN, "then"), "; then": (Kind.JOIN, "then")}
    | _table(Kind.FROM, {None: "from"})
    | _table(
        Kind.FILLER,
        {
            None: "the, a, an, to, with, into, of, in, at, on, for, as, by, please, pls, could, can, would, you, "
            "i, we, me, us, my, our, your, like, i'd, i'd like, kindly, just, now, thanks, thank you, so that, that, "
            "is, are, be, which, there, its, this, these, some, any, all, one, nice, beautiful, lovely, plain, solid, "
            "simple, single, pure, hi, hello, ok, okay, let's, need, colour, color, coloured, colored, colours, "
            "colors, shade, tone, tones, look, area, part, region, section, located, near, using, instead, ->, over, "
            "her, his, him, them, she, he, they, whole, entire, u, ur, teh, unwanted, only, professional, should, "
            "must, needs, love, i'd love, let, first, firstly, day, time, was, taken, see, smooth, seamless, "
            "weather, lighting, filter, effect, shades, linear, vertical, going, completely, fully, totally, "
            # Of what is there already, and of what shall come, these say nothing that must be known.
            "current, existing, original, dull, boring, ugly, messy, cluttered, busy, distracting, small, tiny, big, "
            "large, huge, clean, neutral, pretty, gorgeous, stunning, amazing, perfect, png, jpg, jpeg, file, "
            "product photo, product shot, passport photo, profile picture, profile photo, "
            # After "keep".
            "unchanged, unaltered, untouched, unaffected, intact, alone, same, as it is, nothing else"
        },
    )
)

_COLOURS: dict[str, Colour] = {
    "navy blue": (0, 0, 128),
    "baby blue": (137, 207, 240),
    "off white": (250, 249, 246),
    "cream": (255, 253, 208),
    "burgundy": (128, 0, 32),
    "charcoal": (54, 69, 79),
    "mustard": (225, 173, 1),
    "peach": (255, 218, 185),
    "lilac": (200, 162, 200),
    "mint": (189, 252, 201),
    "golden": (255, 215, 0),
    "bluer": (0, 0, 255),
    "whiter": (255, 255, 255),
    "green screen": (0, 177, 64),
    "greenscreen": (0, 177, 64),
    "chroma green": (0, 177, 64),
    "chroma key green": (0, 177, 64),
}

_MENDABLE = sorted(
    {
        word
        for phrase, (kind, value) in _PHRASES.items()
        if kind is not Kind.FILLER and value is not Act.KEEP  # a mountain is no slip for "maintain"
        for word in phrase.split()
        if len(word) > 4
    }
    | {"orange", "yellow", "purple", "green", "white", "black", "brown", "turquoise", "magenta", "silver"}
    | {"please", "could", "would", "colour", "color"}
)
_KNOWN = frozenset(word for phrase in [*_PHRASES, *_COLOURS] for word in phrase.split()) | frozenset(
    ImageColor.colormap
)
