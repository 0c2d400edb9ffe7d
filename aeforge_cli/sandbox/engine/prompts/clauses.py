"""The clauses that a prompt is made of, and what each of them says."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from aeforge_cli.sandbox.engine.edits import Backdrop, Colour, Nothing, Part, Place, SkyKind, Tone
from aeforge_cli.sandbox.engine.prompts import nouns, values
from aeforge_cli.sandbox.engine.prompts.meaning import (
    Change,
    Impossible,
    Kept,
    Reference,
    Removal,
    Said,
    Tint,
    Toned,
    Topic,
    Value,
)
from aeforge_cli.sandbox.engine.prompts.values import OPPOSITES, by_amount, by_degree, by_percent, to_percent
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aeforge_cli.sandbox.engine.prompts.values import Amount

# Their rules are those that the clauses are made of.
__all__ = ["LANGUAGE", "Clause", "nouns", "values"]

Clause: TypeAlias = tuple[Said, ...]
_Part: TypeAlias = Part | Reference
_rule = LANGUAGE.rule


def _becomes(part: _Part, value: Value | Impossible) -> Clause:
    return (value,) if isinstance(value, Impossible) else (Change(part, value),)


def _all_become(parts: Iterable[_Part], values: Iterable[Value | Impossible]) -> Clause:
    values = tuple(values)
    return tuple(said for part in parts for value in values for said in _becomes(part, value))


# --- Courtesies ---

LANGUAGE.means(
    "REQUEST",
    value=True,
    patterns="""
    (could|can|would|will) (you|somebody|someone) [POLITELY] [POLITELY]
    (could|can) we [POLITELY]
    (could|can|may) (i|we) [POLITELY] (have|get|ask you to|ask for)
    ((i|we) (was|were|am|are) wondering|i wonder) (if|whether) you (could|can|would|might) [POLITELY]
    (would|do) you mind
    (would|could) you [POLITELY] BE_KIND to
    would it be [at all] possible [for you] to
    """,
)
LANGUAGE.means("BE_KIND", value=True, patterns="be so (kind|good) [as]\n be (kind|good) enough")
LANGUAGE.means(
    "COURTESY",
    value=True,
    patterns="""
    GREETING [WHOM]
    THANKS [again|in advance|so much|very much|a lot|a million]
    (i|we) [would] [POLITELY] (want|need|like|love|appreciate it if) you (to|could|would)
    (i|we) (want|need|would [POLITELY] like|would love) to
    (i|we) (would|should) be [SO|most] GRATEFUL if you (could|would)
    it would be [SO] NICE if you (could|would)
    if you (can|could|would|do not mind|would not mind|like|please)
    (if|when|whenever|once) you (have|get|find) (THE|some) (moment|minute|second|chance|time)
    BE_KIND [and|to]
    [i] hope you are [doing] (well|fine|ok)
    [i am] sorry (to|for) (bother|bothering|disturb|disturbing|trouble) you [again] [, but|but]
    [i] [really] appreciate it
    for [THE] PURPOSE
    (it|that|this|he|she|they) (is|looks|are) [SO|TOO] {dislike}
    (it|that|this) (bothers|annoys|distracts) me
    i (do not like|hate|dislike) (it|that|this)
    """,
)
# What is said after these is wished for: "it would be great if the sky was blue", "could the background be white?".
LANGUAGE.means(
    "IF_ONLY",
    value=True,
    patterns="""
    it would be [SO] NICE if
    i (wish|would [POLITELY] (like|love|prefer|appreciate) it if) [that]
    (i|we) (want|need|would like) (that|it so that)
    (make sure|see to it|make it so|ensure) [that]
    """,
)
LANGUAGE.means(
    "WANT",
    value=True,
    patterns="(i|we) [would] [POLITELY] (want|need|prefer)\n (i|we) would [POLITELY] (like|love|rather have)",
)
LANGUAGE.means("SHOULD", value=True, patterns="MUST BE [DONE_TO]\n (:|=|->|to)")
LANGUAGE.means("BEING", value=True, patterns="COULD_BE [DONE_TO]")
LANGUAGE.means("DONE_TO", value=True, patterns="DONE [to|into|with|by|in|for]")
LANGUAGE.means("TO", value=True, patterns="[to be] DONE_TO")

# --- Backgrounds ---


@_rule(
    "clause",
    """
    (BECOME|WANT) <any_background:part> [TO] <backdrop:value>
    (BECOME|WANT) [THE] colour of <any_background:part> [TO] <backdrop:value>
    (BECOME|WANT) <any_background:part> colour [TO] <backdrop:value>
    CHANGE <any_background:part> [colour] from [THE] ({flat}|{skywords}) to <backdrop:value>
    <background:part> [colour] (in|into) <backdrop:value>
    <any_background:part> [colour] SHOULD <backdrop:value>
    IF_ONLY <background:part> BEING <backdrop:value>
    MAY <background:part> be [DONE_TO] <backdrop:value>
    <background:part> [colour] <backdrop:value>
    [make] <background:part> <from_to:value>
    (BECOME|WANT) <it:part> [TO] <but_weather:value>
    """,
)
def _part_becomes(part: _Part, value: Backdrop | Impossible) -> Clause:
    return _becomes(part, value)


LANGUAGE.either("but_weather", "flat", "gradient", "studio", "skyscape", "sight", "transparent", "skylook_one")


@_rule(
    "clause",
    """
    [(GIVE|WANT) [me|us|THE PICTURE|{it}|THE SUBJECT|him|her]] [with] <backdrop:value> BACKGROUND
    [GIVE|WANT] [THE] <backdrop:value> BACKGROUND (to|for|in|on|behind|of) [THE] (PICTURE|SUBJECT|THEM|it)
    [GIVE|WANT] <backdrop:value> BACKGROUND instead [of {former}]
    [GIVE|WANT] {background} (of|with|that is|in) <backdrop:value>
    [GIVE|WANT] <painted:value> (in|as|for|on|to) [THE] BACKGROUND
    [GIVE|WANT] <painted:value> BEHIND [THE] (SUBJECT|THEM|it)
    PUT [THE] (SUBJECT|THEM|it|PICTURE) (ON|under) <painted:value>
    PUT [THE] (SUBJECT|THEM|it|PICTURE) ON <backdrop:value> BACKGROUND
    [[THE] (SUBJECT|THEM)] ON <painted:value>
    [[THE] (SUBJECT|THEM)] ON <backdrop:value> BACKGROUND
    (ISOLATE|isolated|cutout) [THE] [SUBJECT|THEM|it] ON <painted:value>
    (ISOLATE|isolated) [THE] [SUBJECT|THEM|it] ON <backdrop:value> BACKGROUND
    (BECOME|GIVE|WANT) [THE] (PICTURE|day) [TO] <sight:value>
    (GIVE|WANT) [me|us] <sight:value>
    day [in] (to|into) <sight:value>
    <gradient:value>
    <studio:value>
    [THE] GRADIENT BACKGROUND <from_to:value>
    {flat} BACKGROUND [OPEN|:|,] <hex:value> [CLOSE]
    """,
)
def _background_becomes(value: Backdrop | Impossible) -> Clause:
    return _becomes(Part.BACKGROUND, value)


@_rule("clause", "<skylike> [instead [of {former}]]")
def _sky_alone(skylike: SkyKind | Impossible) -> Clause:
    return _becomes(Reference.UNSAID, skylike)


LANGUAGE.phrase("ON", "on, onto, in front of, against", None)
LANGUAGE.means("former", value=True, patterns="[THE] ({old}|{skywords}|{colour}) [one|BACKGROUND|SKY]")
LANGUAGE.means(
    "clause",
    _becomes(Part.BACKGROUND, Nothing()),
    """
    REMOVE ({cut_background}|{all_but_subject}) [(from|of|behind) [THE] (PICTURE|SUBJECT|THEM|it)] [FULLY]
    (take|get|cut|edit) {cut_background} (out|away|off)
    (no|without|without the|without a|without any) BACKGROUND [at all]
    BECOME {cut_background} GONE
    [WANT] {cut_background} [SHOULD] GONE
    IF_ONLY {cut_background} BEING GONE
    MAY {cut_background} be GONE
    BACKGROUND removal
    i do not (want|need) [THE|any] BACKGROUND
    ISOLATE [THE] (SUBJECT|THEM) [(from|out of|of) [THE] (PICTURE|BACKGROUND)]
    cut [THE] (SUBJECT|THEM) out [(from|of) [THE] (PICTURE|BACKGROUND)]
    [THE] [SUBJECT] (cutout|cut out)
    cut out {cut_background}
    [i] [KEEP|want|need] (only|just|nothing but) [THE] (SUBJECT|THEM)
    [i] [KEEP|want|need] [THE] (SUBJECT|THEM) only
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
LANGUAGE.means("all_but_subject", value=True, patterns="(everything|all) [else] BUT [THE] (SUBJECT|THEM)")

# --- Skies ---


@_rule(
    "clause",
    """
    (BECOME|WANT) [THE colour of] {any_sky} [TO] <skyvalue:value>
    CHANGE {any_sky} from [THE] ({flat}|{skywords}) to <skyvalue:value>
    {sky} (SHOULD|like) <skyvalue:value>
    IF_ONLY {sky} BEING <skyvalue:value>
    MAY {sky} be [DONE_TO] <skyvalue:value>
    with <skyscape:value>
    (GIVE|BECOME|WANT) [me|us|{it}|THE PICTURE] <skyscape:value>
    (BECOME|WANT) (it|THE PICTURE) [TO] <weather_day:value>
    (GIVE|add) <clouds:value> [(to|in|into) {sky}]
    (BECOME|WANT) {any_sky} [TO] <flat:value>
    """,
)
def _sky_becomes(value: SkyKind | Colour | Impossible) -> Clause:
    return _becomes(Part.SKY, value)


# --- Colours of the subject, and tints ---


@_rule(
    "clause",
    """
    (make|turn|change|set|colour|paint|WANT|TINT) [THE colour of] <any_subject:subject> [to|into|in] <flat>
    <subject> SHOULD <flat>
    IF_ONLY <subject> BEING <flat>
    MAY <subject> be [DONE_TO] <flat>
    """,
)
def _subject_becomes(subject: Part, flat: Colour) -> Clause:
    return _becomes(subject, flat)


@_rule("clause", "TINT <tintable> [TO] <flat>\n GIVE <tintable> <flat> tint\n GIVE <flat> tint (to|on|over) <tintable>")
def _tinted(tintable: _Part, flat: Colour) -> Clause:
    return _becomes(tintable, Tint(flat))


LANGUAGE.either("tintable", "any_background", "picture", "it")

# --- Tones ---


@_rule(
    "clause",
    """
    (BECOME|WANT) <parts> [TO] <predicates>
    GIVE me <parts> in <predicates>
    <parts> (SHOULD|in) <predicates>
    <parts> <predicates>
    IF_ONLY <parts> BEING <predicates>
    MAY <parts> be [DONE_TO] <predicates>
    """,
)
def _parts_toned(parts: tuple[_Part, ...], predicates: tuple[Toned | Impossible, ...]) -> Clause:
    return _all_become(parts, predicates)


@_rule(
    "clause",
    """
    [(GIVE|WANT) [me|us]] [THE] <predicates> <bare_part:part>
    GIVE <part> [THE] <predicates> (look|tone|tones|feel|effect|filter|style)
    """,
)
def _part_toned(part: _Part, predicates: tuple[Toned | Impossible, ...]) -> Clause:
    return _all_become((part,), predicates)


@_rule("clause", "<toned>\n [BECOME] (in|to|into) <toned>\n make <toned>")
def _toned_alone(toned: Toned | Impossible) -> Clause:
    return _becomes(Reference.UNSAID, toned)


@_rule("verbs", "<tone_verb:verb>\n <tone_verb:verb> LIST <verbs>")
def _verbs(verb: Tone, verbs: tuple[Tone, ...] = ()) -> tuple[Tone, ...]:
    return (verb, *verbs)


@_rule(
    "clause",
    """
    <verb_degree:amount> <verbs> [<parts>]
    <verbs> [<parts>] [<amount>]
    <verbs> <amount> <parts>
    <parts> (:|NEEDS) <verbs> [<amount>]
    """,
)
def _toned_by_verb(
    verbs: tuple[Tone, ...], parts: tuple[_Part, ...] = (Reference.UNSAID,), amount: Amount = None
) -> Clause:
    return _all_become(parts, (by_amount(tone, amount) for tone in verbs))


@_rule("clause", "<tone_up:tone> <parts> up [<amount>]\n <tone_down:tone> <parts> down [<amount>]")
def _toned_up_or_down(tone: Tone, parts: tuple[_Part, ...], amount: Amount = None) -> Clause:
    return _all_become(parts, [by_amount(tone, amount)])


@_rule(
    "clause",
    """
    (GIVE|add) [THE] [<noun_degree>] <effect> [look|filter|effect|tone|style] [(to|on|over) <part>]
    GIVE <part> [THE] [<noun_degree>] <effect> [look|filter|effect|tone|style]
    [<noun_degree>] <effect> [look|filter|effect|tone|style] [(to|on|over) <part>]
    """,
)
def _effect(effect: Tone, part: _Part = Reference.UNSAID, noun_degree: float = 1.0) -> Clause:
    return _becomes(part, Toned(effect, noun_degree if effect is Tone.BLURRED else min(noun_degree, 1.0)))


LANGUAGE.means(
    "clause", _becomes(Part.BACKGROUND, Toned(Tone.BLURRED)), "portrait mode\n [add] [a] [shallow] depth of field"
)
LANGUAGE.means("clause", _becomes(Part.BACKGROUND, Toned(Tone.MONOCHROME)), "colour splash\n selective colour")

# --- Colours as a whole ---


@_rule("clause", "BECOME COLOURS [of <part>] [TO] <toned>\n [GIVE] <toned> COLOURS [(of|in) <part>]")
def _colours_toned(toned: Toned | Impossible, part: _Part = Part.PICTURE) -> Clause | None:
    of_colour = {Tone.WARMER, Tone.COOLER, Tone.MORE_SATURATION, Tone.LESS_SATURATION, Tone.INVERTED}
    return _becomes(part, toned) if isinstance(toned, Impossible) or toned.tone in of_colour else None


@_rule(
    "clause",
    """
    <colour_verb:tone> COLOURS [(of|in) <part>] [<amount>]
    <colour_verb:tone> [THE] <bare_part:part> ['s] COLOURS [<amount>]
    <colour_split:tone> [<amount>]
    """,
)
def _colours_by_verb(tone: Tone, part: _Part = Part.PICTURE, amount: Amount = None) -> Clause:
    return _becomes(part, by_amount(tone, amount))


LANGUAGE.means("colour_verb", Tone.MORE_SATURATION, "UP\n (saturate|more|stronger|richer|punchier|bolder)")
LANGUAGE.means("colour_verb", Tone.LESS_SATURATION, "DOWN\n (mute|desaturate|less|fewer)")
LANGUAGE.means("colour_verb", Tone.WARMER, "warm [up]")
LANGUAGE.means("colour_verb", Tone.COOLER, "cool [down]")
LANGUAGE.means("colour_verb", Tone.INVERTED, "invert")
LANGUAGE.means("colour_split", Tone.MORE_SATURATION, "MOVE COLOURS up")
LANGUAGE.means("colour_split", Tone.LESS_SATURATION, "MOVE COLOURS down")
LANGUAGE.means("colour_split", Tone.WARMER, "warm COLOURS up")
LANGUAGE.means("colour_split", Tone.COOLER, "cool COLOURS down")


@_rule(
    "clause",
    """
    (REMOVE|drain|take|pull) COLOURS [out] [(of|from|in) <part>]
    (no|without) (colours|colour|saturation)
    FULLY desaturate [<part>]
    desaturate [<part>] FULLY
    """,
)
def _no_colours(part: _Part = Part.PICTURE) -> Clause:
    return _becomes(part, Toned(Tone.MONOCHROME))


LANGUAGE.means(
    "clause",
    (Impossible("The engine cannot colour what has no colour."),),
    """
    [BECOME] [from] [THE] {tone_effect} [PICTURE] [TO] [full] (colour|coloured)
    (BECOME|WANT) [{part}] [TO] [full] (colour|coloured)
    (TINT|colour) [THE] [{tone_effect}] PICTURE
    """,
)

# --- Measures: "the contrast" ---

_Measured: TypeAlias = tuple[tuple[_Part, Tone, "Amount"], ...]


@_rule(
    "measured",
    """
    [THE] <quantity:measure> [(of|in|on|for|to) <part>] [<amount>]
    [THE] <bare_part:part> ['s] <quantity:measure> [<amount>]
    [THE] <quantity:measure> <amount> (of|in|on|for) <part>
    """,
)
def _measured(measure: Tone, part: _Part = Reference.UNSAID, amount: Amount = None) -> _Measured:
    return ((part, measure, amount),)


@_rule("measured", "[THE] <quantity:measure> LIST <measured>\n [THE] <quantity:measure> <amount> LIST <measured>")
def _measures(measure: Tone, measured: _Measured, amount: Amount = None) -> _Measured:
    """ "Brightness and contrast of the subject by 20 %": what is said of the last is said of all."""
    part, _, last = measured[0]
    return ((part, measure, last), *measured) if amount is None else ((Reference.UNSAID, measure, amount), *measured)


@_rule(
    "clause",
    """
    (UP|UPPED) <measured>
    <verb_degree:amount> UP <measured>
    [MOVE|SET] <measured> up [<amount>]
    (WANT|BECOME|MAY) <measured> [be] UPPED [<amount>]
    <measured> SHOULD UPPED [<amount>]
    """,
)
def _raised(measured: _Measured, amount: Amount = None) -> Clause | None:
    return _moved(measured, amount, lambda tone: tone)


@_rule(
    "clause",
    """
    (DOWN|DOWNED) <measured>
    <verb_degree:amount> DOWN <measured>
    [MOVE|SET] <measured> (down|back) [<amount>]
    (WANT|BECOME|MAY) <measured> [be] DOWNED [<amount>]
    <measured> SHOULD DOWNED [<amount>]
    """,
)
def _lowered(measured: _Measured, amount: Amount = None) -> Clause | None:
    return _moved(measured, amount, OPPOSITES.__getitem__)


def _moved(measured: _Measured, amount: Amount, direction: Callable[[Tone], Tone]) -> Clause | None:
    if amount is not None and any(own is not None for _, _, own in measured):
        return None
    moved = ((part, by_amount(direction(tone), amount if own is None else own)) for part, tone, own in measured)
    return tuple(said for part, value in moved for said in _becomes(part, value))


@_rule("measures", "<quantity:measure>\n <quantity:measure> LIST <measures>")
def _listed(measure: Tone, measures: tuple[Tone, ...] = ()) -> tuple[Tone, ...]:
    return (measure, *measures)


@_rule(
    "clause",
    """
    [GIVE|WANT|BECOME|with] [me|it] <more_degree:degree> <measures> [(to|in|on|for|of) <part>]
    (GIVE|WANT) <part> <more_degree:degree> <measures>
    [<part>] NEEDS <more_degree:degree> <measures>
    (GIVE|add) <noun_degree:degree> <measures> [(to|on|in) <part>]
    GIVE <part> <noun_degree:degree> <measures>
    [GIVE|add] [<noun_degree:degree>] <bare_part:part> <blur:measures>
    [GIVE|add] [<noun_degree:degree>] <blur:measures> (to|on) <part>
    """,
)
def _more_or_less(measures: tuple[Tone, ...], degree: float = 1.0, part: _Part = Reference.UNSAID) -> Clause:
    return _all_become((part,), (by_degree(measure, degree) for measure in measures))


LANGUAGE.means("blur", (Tone.BLURRED,), "blur")
LANGUAGE.phrase("blur_alone", "blur", Tone.BLURRED)
LANGUAGE.either("quantity", "measure", "blur_alone")

# --- Measures by numbers ---


@_rule(
    "clause",
    """
    (+|plus) <steps> <measure> [(of|in|on|for|to) <part>]
    [<bare_part:part> ['s|:]] <measure> [:|=|by] (+|plus) <steps>
    [THE] <measure> (of|in|on|for) <part> [:|=|by] (+|plus) <steps>
    <part> [:] (+|plus) <steps> <measure>
    <percent:steps> more <measure> [(to|in|on|for) <part>]
    SET [THE] <measure> [of <part>] by + <steps>
    """,
)
def _plus(steps: int, measure: Tone, part: _Part = Reference.UNSAID) -> Clause:
    return _becomes(part, by_percent(measure, steps))


@_rule(
    "clause",
    """
    (-|minus) <steps> <measure> [(of|in|on|for|to) <part>]
    [<bare_part:part> ['s|:]] <measure> [:|=|by] (-|minus) <steps>
    [THE] <measure> (of|in|on|for) <part> [:|=|by] (-|minus) <steps>
    <part> [:] (-|minus) <steps> <measure>
    <percent:steps> less <measure> [(to|in|on|for) <part>]
    SET [THE] <measure> [of <part>] by - <steps>
    """,
)
def _minus(steps: int, measure: Tone, part: _Part = Reference.UNSAID) -> Clause:
    return _becomes(part, by_percent(OPPOSITES[measure], steps))


@_rule(
    "clause",
    """
    [SET] [THE] <measure> [level] [(of|in|for|on) <part>] (SHOULD|at) <percent>
    [SET] [THE] <measure> [(of|in|for|on) <part>] to <above:percent>
    [SET] [THE] <bare_part:part> ['s] <measure> (SHOULD|at) <percent>
    [SET [it] to|with|at|use] <percent> <measure>
    set [THE] <measure> <percent>
    <part> (at|with) <percent> <measure>
    """,
)
def _measure_to(percent: int, measure: Tone, part: _Part = Reference.UNSAID) -> Clause:
    return _becomes(part, to_percent(measure, percent))


@_rule("above", "<number>")
def _above(number: int) -> int | None:
    """Without a sign, a number is a share of today's value only where no slider goes so far."""
    return number if number > 100 else None


@_rule(
    "clause",
    """
    <direction> [THE] <measure> [of <part>] to <percent>
    (MOVE|SET) [THE] <measure> [of <part>] <way:direction> to <percent>
    """,
)
def _moved_to(direction: int, percent: int, measure: Tone, part: _Part = Reference.UNSAID) -> Clause:
    if (percent - 100) * direction <= 0:
        return (Impossible(f'"{percent}%" of what it is now would be the opposite.'),)
    return _becomes(part, to_percent(measure, percent))


LANGUAGE.phrase("way", "up", 1)
LANGUAGE.phrase("way", "down", -1)
LANGUAGE.means("direction", 1, "UP")
LANGUAGE.means("direction", -1, "DOWN")


@_rule(
    "clause",
    """
    <measure> [SHOULD|at] <zero> [%]
    <zero> <measure>
    (SET|DOWN) [THE] <measure> to <zero> [%]
    (MOVE|SET) [THE] <measure> down to <zero> [%]
    """,
)
def _measure_to_zero(measure: Tone, zero: int) -> Clause:
    return _becomes(Reference.UNSAID, to_percent(measure, zero))


LANGUAGE.phrase("zero", "0, zero", 0)


@_rule("clause", "{measure} <percent>\n SET [THE] {measure} [by] <percent>")
def _no_direction(percent: int) -> Clause | None:
    ask = Impossible(f'Say whether it goes "to {percent}%", or up or down "by {percent}%".')
    return (ask,) if percent else None


@_rule("clause", "double [THE] <measure> [of <part>]")
def _doubled(measure: Tone, part: _Part = Reference.UNSAID) -> Clause:
    return _becomes(part, to_percent(measure, 200))


@_rule("clause", "(halve|half) [THE] <measure> [of <part>]")
def _halved(measure: Tone, part: _Part = Reference.UNSAID) -> Clause:
    return _becomes(part, to_percent(measure, 50))


# --- Complaints: the opposite is wished for ---


@_rule("clause", "[<part> IS] TOO <too_toned>\n <part> TOO <too_toned>")
def _too(too_toned: tuple[Tone, ...], part: _Part = Reference.UNSAID) -> Clause:
    return tuple(Change(part, Toned(OPPOSITES[tone]), is_complaint=True) for tone in too_toned)


@_rule("too_toned", "<any_tone>\n <any_tone> LIST [TOO] <too_toned>")
def _too_toned(any_tone: Tone, too_toned: tuple[Tone, ...] = ()) -> tuple[Tone, ...] | None:
    return (any_tone, *too_toned) if any_tone in OPPOSITES else None


LANGUAGE.phrase(
    "TOO", "too, much too, far too, way too, a bit too, a little too, slightly too, really too, just too", None
)


@_rule(
    "clause",
    """
    [<part> IS] not <any_tone:tone> enough
    [there is] (not enough|too little) <measure:tone> [(in|on) <part>]
    <part> lacks <measure:tone>
    """,
)
def _not_enough(tone: Tone, part: _Part = Reference.UNSAID) -> Clause:
    return (Change(part, Toned(tone), is_complaint=True),)


@_rule("clause", "[there is] too much <measure> [(in|on) <part>]\n <part> has too much <measure>")
def _too_much(measure: Tone, part: _Part = Reference.UNSAID) -> Clause:
    return (Change(part, Toned(OPPOSITES[measure]), is_complaint=True),)


@_rule("clause", "[<part> IS] [SO] <exposed>")
def _badly_exposed(exposed: Tone, part: _Part = Reference.UNSAID) -> Clause:
    return (Change(part, Toned(exposed), is_complaint=True),)


LANGUAGE.phrase("exposed", "underexposed", Tone.BRIGHTER)
LANGUAGE.phrase("exposed", "overexposed", Tone.DARKER)

# --- Objects at places ---


def _removals(places: Iterable[Place | Impossible]) -> Clause:
    return tuple(place if isinstance(place, Impossible) else Removal(place) for place in places)


@_rule(
    "clause",
    """
    (REMOVE|clear|i do not want|i do not need) <object_at>
    (take|get|edit) <object_at> (out|away|off) [(of|from) [THE] PICTURE]
    BECOME <object_at> GONE
    <object_at> (:|NEEDS) REMOVE
    <object_at> REMOVE it
    [WANT] <object_at> [SHOULD] GONE
    IF_ONLY <object_at> BEING GONE
    MAY <object_at> be GONE
    <object_at> [SHOULD|(has|have|needs|need) to|can] go
    """,
)
def _objects_removed(object_at: tuple[Place | Impossible, ...]) -> Clause:
    return _removals(object_at)


@_rule(
    "clause",
    "REMOVE <object_at> LIST [THE] [one|OBJECT] <object_at:second>\n REMOVE {cut_background} LIST <object_at:second>",
)
@_rule("clause", "REMOVE <object_at> LIST {cut_background}")
def _more_removed(
    object_at: tuple[Place | Impossible, ...] | None = None, second: tuple[Place | Impossible, ...] | None = None
) -> Clause:
    background = _becomes(Part.BACKGROUND, Nothing())
    return tuple(
        said for places in (object_at, second) for said in (background if places is None else _removals(places))
    )


@_rule(
    "clause",
    """
    <place> [,] REMOVE [THE] [ADJ] OBJECT
    (take|get|cut) [THE] [ADJ] OBJECT out of [ITS] <position:place> [of [THE] (PICTURE|frame)]
    """,
)
def _removed_at_place(place: Place | Impossible) -> Clause:
    return _removals([place])


# Nobody cuts a corner off a picture; a side may be meant so.
@_rule("clause", "(REMOVE|clear) [THE] <position> [of [THE] PICTURE]")
def _place_cleared(position: Place | Impossible) -> Clause:
    if isinstance(position, Place) and 1 in (position.right - position.left, position.bottom - position.top):
        return (Impossible('Say what to take away: for example "the object on the left".'),)
    return _removals([position])


LANGUAGE.means("clause", (Removal(None),), "REMOVE {it}\n (take|get) {it} (out|away)\n BECOME {it} GONE")
LANGUAGE.means(
    "clause",
    (Impossible('Say where the object is: for example "remove the object in the upper right corner".'),),
    "REMOVE [THE] [ADJ] OBJECT",
)
LANGUAGE.means(
    "clause",
    (Impossible("An object can be named by its place only."),),
    """
    REMOVE [THE] {old} OBJECT {place}
    REMOVE [THE] [BACKGROUND] (SUBJECT|me|us|him|her|SKY) [(in|from|of|behind) [THE] (BACKGROUND|PICTURE|SUBJECT)]
    REMOVE [THE] SUBJECT {place}
    REMOVE [THE] [ADJ] OBJECT (in|from|behind) [THE] (BACKGROUND|SUBJECT|THEM)
    """,
)
LANGUAGE.means(
    "clause",
    (Impossible('The engine does not remove "everything"; name each object by its place.'),),
    "REMOVE (everything|all|both) [OBJECT] [{place}|in [THE] BACKGROUND]",
)
LANGUAGE.means(
    "clause",
    (Impossible('Say what to do with it: for example "remove the background" or "blur the background".'),),
    "(clean|clean up|clear|clear up|tidy|tidy up|declutter) {part}",
)
LANGUAGE.means(
    "clause",
    (Impossible('Say "transparent" or "a clear sky".'),),
    "(BECOME|WANT) {background} clear\n clear BACKGROUND",
)

# --- What shall stay ---


# These need no join before them: "... without touching the subject".
@_rule("kept", "KEEP <part_named:part> [AS_IS]")
@_rule("clause", "<part_named:part> [should|must] (stay|stays|remain|remains) AS_IS\n <part_named:part> in colour")
def _kept(part: _Part) -> Clause:
    return (Kept(part),)


@_rule(
    "kept",
    """
    EXCEPT <part_named:part>
    with <part_named:part> [staying|remaining|left|kept] (in colour|sharp|in focus)
    , not <part_named:part>
    """,
)
def _excepted(part: _Part) -> Clause:
    return (Kept(part, is_exception=True),)


# --- What only tells, and asks for nothing ---


@_rule(
    "story",
    """
    <told> IS [SO] ({state}|{any_tone}|{tone_effect}|{flat}|{skywords})
    <told> IS TOO {state}
    <told> was (taken|shot) [{circumstance}] [{circumstance}]
    (i|we) (took|shot) <told> [{circumstance}] [{circumstance}]
    (i|we) [really] (love|hate|dislike) <told>
    (i|we) (really like|do not like) <told>
    this is [THE] [PLAIN] PICTURE [of ({sight}|THE SUBJECT)]
    """,
)
def _story(told: Part | Reference | None = None) -> Clause:
    return (Topic(told if isinstance(told, Part) else None),)


LANGUAGE.either("told", "any_part")
LANGUAGE.means("told", Part.SKY, "[THE] {skyscape}")


@_rule(
    "story",
    """
    there is [SO] <object_at>
    <object_at> [IS [SO|TOO] ({dislike}|{state})]
    <object_at> (bothers|annoys|distracts) me
    """,
)
def _object_told(object_at: tuple[Place | Impossible, ...]) -> Clause | None:
    match object_at:
        case [place]:
            return _object_there(place)
        case _:
            return None


@_rule("story", "<place> there is [SO] [THE] [ADJ] OBJECT")
def _object_there(place: Place | Impossible) -> Clause | None:
    if isinstance(place, Impossible):
        return None
    return (Topic(place, "Say what to do with the object: it can only be removed."),)


@_rule("clause", "CHANGE (<any_background:part>|<any_sky:part>)")
def _change_of(part: Part) -> Clause:
    return (Topic(part, f'Say what the {part} shall become: for example "make the {part} a sunset".'),)
