"""What the background, the sky and the subject shall become."""

from __future__ import annotations

from aeforge_cli.sandbox.engine.edits import Backdrop, Colour, Nothing, Part, SkyKind
from aeforge_cli.sandbox.engine.prompts.clauses.saying import Clause, PartSaid, becomes, rule
from aeforge_cli.sandbox.engine.prompts.meaning import Impossible, Reference, Tint
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

# --- Backgrounds ---


@rule(
    "clause",
    """
    (BECOME|WANT) <any_background:part> [TO] <backdrop:value> [BACKGROUND]
    <background:part> [colour] (BECOME|WANT) [TO] <backdrop:value>
    BECOME <flat:value> <background:part>
    <it:part> SHOULD <but_weather:value>
    [BECOME|WANT] [THE] colour of <any_background:part> [TO] <backdrop:value>
    (BECOME|WANT) <any_background:part> colour [TO] <backdrop:value>
    CHANGE <any_background:part> [colour] from [THE] ({flat}|{skywords}) to <backdrop:value>
    <background:part> [colour] (in|into) <backdrop:value>
    <any_background:part> [colour] SHOULD <backdrop:value>
    IF_ONLY <background:part> BEING <backdrop:value>
    MAY <background:part> [POLITELY] be [DONE_TO] <backdrop:value>
    <background:part> [colour|replacement|swap|change] [:|=|to] <backdrop:value>
    [make] <background:part> <from_to:value>
    (BECOME|WANT) <it:part> [TO] <but_weather:value>
    """,
)
def _part_becomes(part: PartSaid, value: Backdrop | Impossible) -> Clause:
    return becomes(part, value)


LANGUAGE.either("but_weather", "flat", "gradient", "studio", "skyscape", "sight", "transparent", "skylook_one")


@rule(
    "clause",
    """
    [(GIVE|WANT) [me|us|THE PICTURE|{it}|THE SUBJECT|him|her]] [with] <scene:value>
    REMOVE {cut_background} [,|and|, and] GIVE [THE] <flat:value> one
    SHOWN (NEEDS|MUST have) <scene:value>
    (GIVE|generate|WANT) [me|us] [a version of] SHOWN (with|ON) <scene:value>
    [GIVE|WANT] [THE] <scene:value> (to|for|in|on|behind|of) SHOWN
    [GIVE|WANT] <scene:value> instead [of {former}]
    [GIVE|WANT] {background} (of|with|that is|in) <backdrop:value>
    [GIVE|WANT] <painted:value> (in|as|for|on|to) [THE] BACKGROUND
    [GIVE|WANT|BECOME {it}] <painted:value> BEHIND [THE] (SUBJECT|THEM|it)
    (PUT|WANT) SHOWN (ON|under) <setting:value>
    [SHOWN [MUST be]] ON <setting:value>
    (ISOLATE|isolated|cutout) [THE] [SUBJECT|THEM|it] ON <setting:value>
    (BECOME|GIVE|WANT) [THE] (PICTURE|day) [TO] <sight:value>
    (GIVE|WANT) [me|us] <sight:value>
    day [in] (to|into) <sight:value>
    <gradient:value>
    <studio:value>
    [THE] [DIRECTION] GRADIENT BACKGROUND <from_to:value>
    """,
)
def _background_becomes(value: Backdrop | Impossible) -> Clause:
    return becomes(Part.BACKGROUND, value)


LANGUAGE.means("SHOWN", value=True, patterns="[THE] (PICTURE|SUBJECT|THEM|it)")
rule("scene", "<backdrop:value> BACKGROUND\n {flat} BACKGROUND [OPEN|:|,] <hex:value> [CLOSE]")(lambda value: value)
LANGUAGE.either("setting", "painted", "scene")


@rule("clause", "<skylike> [instead [of {former}]]")
def _sky_alone(skylike: SkyKind | Impossible) -> Clause:
    return becomes(Reference.UNSAID, skylike)


LANGUAGE.phrase("ON", "on, onto, in front of, against", None)
LANGUAGE.means("former", value=True, patterns="[THE] ({old}|{skywords}|{colour}) [one|BACKGROUND|SKY]")
LANGUAGE.means(
    "clause",
    becomes(Part.BACKGROUND, Nothing()),
    """
    REMOVE ({cut_background}|{all_but_subject}) [(from|of|behind) [THE] (PICTURE|SUBJECT|THEM|it)] [FULLY]
    (take|get|cut|edit) {cut_background} (out|away|off) [FULLY]
    (no|without|without the|without a|without any) BACKGROUND [at all]
    BECOME {cut_background} GONE
    [WANT] {cut_background} [SHOULD] GONE
    IF_ONLY {cut_background} BEING GONE
    MAY {cut_background} [POLITELY] be GONE
    BACKGROUND removal
    i do not (want|need) [THE|any] BACKGROUND
    ISOLATE [THE] (SUBJECT|THEM) [(from|out of|of) [THE] (PICTURE|BACKGROUND)]
    cut [THE] (SUBJECT|THEM) out [(from|of) [THE] (PICTURE|BACKGROUND)]
    [THE] [SUBJECT] (cutout|cut out)
    cut out {cut_background}
    [i] [KEEP|want|need] (only|just|nothing but) [THE] (SUBJECT|THEM) [{cut_out}]
    (only|just) KEEP [THE] (SUBJECT|THEM)
    (GIVE|WANT) [me|us] [THE] (SUBJECT|THEM|PICTURE) {cut_out}
    REMOVE from [THE] PICTURE {cut_background}
    {all_but_subject} [MUST] go
    [i] [KEEP|want|need] [THE] (SUBJECT|THEM) only [{cut_out}]
    [GIVE|WANT] {transparent}
    leave {background} {transparent}
    {cut_background} (:|NEEDS) REMOVE
    {background} [colour] (:|=|to) none
    """,
)
LANGUAGE.means(
    "cut_background",
    value=True,
    patterns="[THE] [WHOLE] [{old}] BACKGROUND [of [THE] (PICTURE|SUBJECT)]\n [THE] (PICTURE|SUBJECT) ['s] BACKGROUND",
)
LANGUAGE.means(
    "cut_out",
    value=True,
    patterns="""
    [,] (without|no|with no) [THE|any] BACKGROUND
    (with|on) [THE] {transparent} [BACKGROUND]
    [,] nothing else
    """,
)
LANGUAGE.means(
    "all_but_subject", value=True, patterns="(everything|anything|all) [else] (BUT|BEHIND) [THE] (SUBJECT|THEM)"
)


# --- Skies ---


@rule(
    "clause",
    """
    (BECOME|WANT) [THE colour of] {any_sky} [TO] <skyvalue:value>
    CHANGE {any_sky} from [THE] ({flat}|{skywords}) to <skyvalue:value>
    {sky} (SHOULD|like|BECOME [TO]) <skyvalue:value>
    {sky} (replacement|swap|change) [:|=|to] <skyvalue:value>
    IF_ONLY {sky} BEING <skyvalue:value>
    MAY {sky} [POLITELY] be [DONE_TO] <skyvalue:value>
    with <skyscape:value>
    (GIVE|BECOME|WANT) [me|us|{it}|THE PICTURE] <skyscape:value>
    (BECOME|WANT) (it|THE PICTURE) [TO] <weather_day:value>
    (GIVE|add) <clouds:value> [(to|in|into) {sky}]
    (BECOME|WANT) {any_sky} [TO] <flat:value>
    """,
)
def _sky_becomes(value: SkyKind | Colour | Impossible) -> Clause:
    return becomes(Part.SKY, value)


# --- Colours of the subject, and tints ---


@rule(
    "clause",
    """
    (make|turn|change|set|colour|paint|WANT|TINT) [THE colour of] <any_subject:subject> [to|into|in] <flat>
    <subject> SHOULD <flat>
    IF_ONLY <subject> BEING <flat>
    MAY <subject> [POLITELY] be [DONE_TO] <flat>
    """,
)
def _subject_becomes(subject: Part, flat: Colour) -> Clause:
    return becomes(subject, flat)


@rule("clause", "TINT <tintable> [TO] <flat>\n GIVE <tintable> <flat> tint\n GIVE <flat> tint (to|on|over) <tintable>")
def _tinted(tintable: PartSaid, flat: Colour) -> Clause:
    return becomes(tintable, Tint(flat))


LANGUAGE.either("tintable", "any_background", "picture", "it")
