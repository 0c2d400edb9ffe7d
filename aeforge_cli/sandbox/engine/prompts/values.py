"""What a part can become: a backdrop, a sky, a tone; and by how much."""

from __future__ import annotations

from typing import TypeAlias

from aeforge_cli.sandbox.engine.edits import Colour, Gradient, Nothing, SkyKind, Studio, Tone
from aeforge_cli.sandbox.engine.prompts.colours import shaded
from aeforge_cli.sandbox.engine.prompts.meaning import Impossible, Toned
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE, SHADED_BY_NAME

_rule = LANGUAGE.rule

# --- Colours ---


@_rule(
    "colour",
    """
    <named>
    [hex] [code|colour] <hex:named>
    OPEN <hex:named> CLOSE
    {named} [OPEN] <hex:named> [CLOSE]
    <hex:named> OPEN {named} CLOSE
    """,
)
def _colour(named: Colour) -> Colour:
    return named


@_rule("colour", "<shade> [SOFT] <named>")
def _shade(shade: str, named: Colour) -> Colour | None:
    return None if (shade, named) in SHADED_BY_NAME else shaded(named, shade)


@_rule("colour", "SOFT <colour>")
def _soft(colour: Colour) -> Colour:
    return colour


LANGUAGE.either("flat", "colour")


@_rule(
    "flat",
    """
    [THE] [something] [PLAIN [,]] [PLAIN] <colour> [NOUN]
    [of|in] [THE] colour <colour>
    [THE] (very|really) <extreme:colour>
    """,
)
def _flat(colour: Colour) -> Colour:
    return colour


LANGUAGE.phrase("extreme", "white", (255, 255, 255))
LANGUAGE.phrase("extreme", "black", (0, 0, 0))

# --- Backdrops ---

_TWO = """
    [THE] [DIRECTION] [DIRECTION] GRADIENT [from|of|between|with|:|,] <flat:start> (to|and|into|->|,) <flat:end>
    [THE] [DIRECTION] GRADIENT BACKGROUND <flat:start> (to|into|->) <flat:end>
    [THE] [DIRECTION] <flat:start> (to|and|into|->) <flat:end> [DIRECTION] GRADIENT
    [THE] [DIRECTION] GRADIENT from <flat:start> at the top to <flat:end> at the bottom
    (fade|fading|go|going) from <flat:start> (to|into) <flat:end>
    <flat:start> fading (to|into) <flat:end>
"""


@_rule("gradient", _TWO)
@_rule("from_to", "(from|of|between|with|:|,) <flat:start> (to|and|into|->) <flat:end>")
def _gradient(start: Colour, end: Colour) -> Gradient:
    return Gradient(start, end)


@_rule("gradient", "[THE] [DIRECTION] <flat> [DIRECTION] GRADIENT\n [THE] [DIRECTION] GRADIENT (of|in) <flat>")
def _gradient_to_pale(flat: Colour) -> Gradient:
    return Gradient(flat, shaded(flat, "pale"))


@_rule(
    "studio", "[THE] [PLAIN|professional] STUDIO\n [THE] [PLAIN] <colour> STUDIO\n STUDIO [BACKGROUND] [in] <colour>"
)
def _studio(colour: Colour | None = None) -> Studio:
    return Studio() if colour is None else Studio(colour)


LANGUAGE.means("transparent", Nothing(), "[THE] [PLAIN] TRANSPARENT")

# --- Skies ---

_Sky: TypeAlias = SkyKind | Impossible
# What words of two kinds of sky come to, together; what is not here contradicts itself.
_TOGETHER = {
    frozenset({SkyKind.BLUE, SkyKind.CLEAR}): SkyKind.CLEAR,
    frozenset({SkyKind.BLUE, SkyKind.CLOUDY}): SkyKind.CLOUDY,
    frozenset({SkyKind.CLOUDY, SkyKind.OVERCAST}): SkyKind.OVERCAST,
    frozenset({SkyKind.CLEAR, SkyKind.NIGHT}): SkyKind.NIGHT,
    frozenset({SkyKind.CLOUDY, SkyKind.SUNSET}): SkyKind.SUNSET,
}


def _together(one: _Sky, other: _Sky | None) -> _Sky:
    if other is None or one is other or isinstance(one, Impossible):
        return one
    if isinstance(other, Impossible):
        return other
    return _TOGETHER.get(frozenset({one, other}), Impossible("The prompt names two kinds of sky."))


LANGUAGE.means("clouds", SkyKind.CLOUDY, "[SOME] [SOME] [SOME] (cloud|clouds)")


@_rule("skywords", "[PLAIN] [PLAIN] <skyword>\n [PLAIN] <skyword> [and|,] <skywords>")
def _skywords(skyword: SkyKind, skywords: _Sky | None = None) -> _Sky:
    return _together(skyword, skywords)


@_rule("skywith", "(with|and|full of) <clouds>")
def _with_clouds(clouds: SkyKind) -> SkyKind:
    return clouds


@_rule("skyscape", "[THE] <skywords> SKY [<skywith>]\n [THE] [PLAIN] SKY <skywith:skywords>")
@_rule("sight", "[THE] [PLAIN] <skynoun:skywords> [GRADIENT] [<skywith>]\n [THE] <skywords> <skynoun:skywith>")
@_rule("skyvalue", "[THE] [PLAIN] <skywords> [one] [<skywith>]")
def _skyscape(skywords: _Sky, skywith: _Sky | None = None) -> _Sky:
    is_clear_between = (skywords, skywith) == (SkyKind.CLEAR, SkyKind.CLOUDY)
    return SkyKind.CLOUDY if is_clear_between else _together(skywords, skywith)


# "The sky", "a sunset", "a sunny day"; and after "make the sky", "blue" alone.
@_rule("weather_day", "[THE] [PLAIN] <weather>")
def _weather_day(weather: SkyKind) -> SkyKind:
    return weather


LANGUAGE.either("skylike", "skyscape", "sight", "weather_day")
LANGUAGE.either("skyvalue", "skylike", "skywith")


@_rule("skylook_one", "[THE] <skylook>")
def _skylook(skylook: SkyKind) -> SkyKind:
    return skylook


LANGUAGE.either("painted", "flat", "gradient", "studio", "skylike", "transparent")
LANGUAGE.either("backdrop", "painted", "skylook_one")

# --- Tones ---

OPPOSITES = {
    Tone.BRIGHTER: Tone.DARKER,
    Tone.MORE_CONTRAST: Tone.LESS_CONTRAST,
    Tone.MORE_SATURATION: Tone.LESS_SATURATION,
    Tone.WARMER: Tone.COOLER,
    Tone.SHARPER: Tone.BLURRED,
}
OPPOSITES |= {one: other for other, one in OPPOSITES.items()}
_LESSENING = {Tone.DARKER, Tone.LESS_CONTRAST, Tone.LESS_SATURATION}
# At 40 % a tone is as strong as its bare word.
_PERCENT = 1 / 40


def by_degree(tone: Tone, degree: float) -> Toned:
    return Toned(tone, degree) if degree >= 0 else Toned(OPPOSITES[tone], -degree)


def by_percent(tone: Tone, percent: int) -> Toned | Impossible:
    if tone is Tone.LESS_SATURATION and percent == 100:
        return Toned(Tone.MONOCHROME)
    if percent == 0 or percent > 300 or (tone in _LESSENING and percent >= 100):
        return _too_far(percent)
    return Toned(tone, percent * _PERCENT)


def _too_far(percent: int) -> Impossible:
    return Impossible(f'The local engine cannot change this by "{percent}%".')


def to_percent(measure: Tone, percent: int) -> Toned | Impossible:
    """80 % of what it is are 20 % less."""
    if percent == 100:
        return Impossible('"100%" is the present value; say for example "to 80%" or "up by 20%".')
    value = by_percent(measure if percent > 100 else OPPOSITES[measure], abs(percent - 100))
    return _too_far(percent) if isinstance(value, Impossible) else value


@_rule("percent", "[ABOUT] <number> %")
def _percent(number: int) -> int:
    return number


# The bare number is that of a slider; one below this may count stops.
_LEAST_BARE = 5


@_rule("steps", "<percent>\n <number>\n half")
def _steps(percent: int = 50, number: int | None = None) -> int | None:
    if number is None:
        return percent
    return number if number >= _LEAST_BARE else None


@_rule(
    "amount",
    """
    <verb_degree>
    by <steps>
    [with] <percent:steps>
    [{verb_degree}] OPEN <percent:steps> CLOSE
    """,
)
def _amount(verb_degree: float | None = None, steps: int = 0) -> Amount:
    return steps if verb_degree is None else verb_degree


# A percentage is an integer, a degree is not.
Amount: TypeAlias = int | float | None


def by_amount(tone: Tone, amount: Amount) -> Toned | Impossible:
    match amount:
        case None:
            return Toned(tone)
        case _ if tone is Tone.INVERTED:
            return Impossible("The local engine inverts all colours or none.")
        case int():
            return by_percent(tone, amount)
        case _:
            return Toned(tone, amount)


@_rule("toned", "<tone_adjective:tone>\n [FULLY|PLAIN] <tone_effect:tone>")
def _toned(tone: Tone) -> Toned:
    return Toned(tone)


LANGUAGE.means("toned", Toned(Tone.MONOCHROME), "FULLY desaturated")


LANGUAGE.either("any_tone", "tone_plain", "tone_adjective")


@_rule("toned", "<adjective_degree:degree> <any_tone:tone>")
def _toned_by_degree(degree: float, tone: Tone) -> Toned:
    return by_degree(tone, degree)


@_rule(
    "toned",
    """
    <percent> <tone_adjective:tone>
    <tone_adjective:tone> by <percent>
    <percent> more <any_tone:tone>
    more <any_tone:tone> [,|by] <percent>
    """,
)
def _toned_by_percent(percent: int, tone: Tone) -> Toned | Impossible:
    return by_percent(tone, percent)


@_rule("toned", "<percent> less <any_tone:tone>\n less <any_tone:tone> [,|by] <percent>")
def _less_by_percent(percent: int, tone: Tone) -> Toned | Impossible:
    return by_percent(OPPOSITES[tone], percent)


@_rule("toned", "<percent> <tone_effect:tone>\n <tone_effect:tone> [,|:|at] <percent>")
def _share_of_effect(percent: int, tone: Tone) -> Toned | Impossible:
    if tone is Tone.INVERTED or not 0 < percent <= 100:
        return _too_far(percent)
    return Toned(tone, percent / 100)


@_rule("predicate", "<toned>\n <tone_plain>")
def _predicate(toned: Toned | Impossible | None = None, tone_plain: Tone | None = None) -> Toned | Impossible | None:
    return toned if tone_plain is None else Toned(tone_plain)


@_rule("graded", "[THE] <tone_effect> [PICTURE] with [THE] (<more_degree:degree>|<noun_degree:degree>|high) <measure>")
def _graded(tone_effect: Tone, measure: Tone, degree: float = 1.0) -> tuple[Toned, ...]:
    return Toned(tone_effect), by_degree(measure, degree)


LANGUAGE.either("predicates", "graded")


@_rule("predicates", "[THE] <predicate> [look|tone|tones|one|PICTURE]\n <predicate> LIST <predicates>")
def _predicates(
    predicate: Toned | Impossible, predicates: tuple[Toned | Impossible, ...] = ()
) -> tuple[Toned | Impossible, ...]:
    return (predicate, *predicates)
