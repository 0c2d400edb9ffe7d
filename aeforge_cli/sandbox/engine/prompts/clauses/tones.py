"""What shall become brighter, warmer, blurred: by adjectives, verbs, colours as a whole and complaints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aeforge_cli.sandbox.engine.edits import Part, Tone
from aeforge_cli.sandbox.engine.prompts.clauses.saying import Clause, PartSaid, all_become, becomes, rule
from aeforge_cli.sandbox.engine.prompts.meaning import Change, Impossible, Reference, Toned
from aeforge_cli.sandbox.engine.prompts.values import OPPOSITES, by_amount
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

if TYPE_CHECKING:
    from aeforge_cli.sandbox.engine.prompts.values import Amount


# --- Tones ---


@rule(
    "clause",
    """
    (BECOME|WANT) <parts> [TO] <predicates>
    BECOME <predicates> <parts>
    <parts> (BECOME|WANT) [TO] <predicates>
    GIVE me <parts> in <predicates>
    <parts> (SHOULD|in) <predicates>
    <parts> <predicates>
    IF_ONLY <parts> BEING <predicates>
    MAY <parts> [POLITELY] be [DONE_TO] <predicates>
    """,
)
def _parts_toned(parts: tuple[PartSaid, ...], predicates: tuple[Toned | Impossible, ...]) -> Clause:
    return all_become(parts, predicates)


@rule(
    "clause",
    """
    [(GIVE|WANT) [me|us]] [THE] <predicates> <bare_part:part>
    GIVE <part> [THE] <predicates> (look|tone|tones|feel|effect|filter|style)
    """,
)
def _part_toned(part: PartSaid, predicates: tuple[Toned | Impossible, ...]) -> Clause:
    return all_become((part,), predicates)


@rule("clause", "<toned>\n [BECOME] (in|to|into) <toned>\n WANT <toned>\n make <predicate:toned>")
def _toned_alone(toned: Toned | Impossible) -> Clause:
    return becomes(Reference.UNSAID, toned)


@rule("clause", "[BECOME] <graded>")
def _graded_alone(graded: tuple[Toned, ...]) -> Clause:
    return all_become((Reference.UNSAID,), graded)


@rule("verbs", "<tone_verb:verb>\n <tone_verb:verb> LIST <verbs>")
def _verbs(verb: Tone, verbs: tuple[Tone, ...] = ()) -> tuple[Tone, ...]:
    return (verb, *verbs)


@rule(
    "clause",
    """
    <verb_degree:amount> <verbs> [<parts>]
    <verbs> [<parts>] [<amount>]
    <verbs> <amount> <parts>
    <parts> (:|NEEDS) <verbs> [<amount>]
    """,
)
def _toned_by_verb(
    verbs: tuple[Tone, ...], parts: tuple[PartSaid, ...] = (Reference.UNSAID,), amount: Amount = None
) -> Clause:
    return all_become(parts, (by_amount(tone, amount) for tone in verbs))


@rule("clause", "<tone_up:tone> <parts> up [<amount>]\n <tone_down:tone> <parts> down [<amount>]")
def _toned_up_or_down(tone: Tone, parts: tuple[PartSaid, ...], amount: Amount = None) -> Clause:
    return all_become(parts, [by_amount(tone, amount)])


@rule(
    "clause",
    """
    (GIVE|add) [THE] [<noun_degree>] <effect> [look|filter|effect|tone|style] [(to|on|over) <part>]
    GIVE <part> [THE] [<noun_degree>] <effect> [look|filter|effect|tone|style]
    [<noun_degree>] <effect> [look|filter|effect|tone|style] [(to|on|over) <part>]
    """,
)
def _effect(effect: Tone, part: PartSaid = Reference.UNSAID, noun_degree: float = 1.0) -> Clause:
    return becomes(part, Toned(effect, noun_degree if effect is Tone.BLURRED else min(noun_degree, 1.0)))


@rule("clause", "[GIVE|WANT] [<noun_degree>|<more_degree:noun_degree>] bokeh [effect|BACKGROUND|{bokeh_place}]")
def _bokeh(noun_degree: float = 1.0) -> Clause | None:
    return becomes(Part.BACKGROUND, Toned(Tone.BLURRED, noun_degree)) if noun_degree > 0 else None


LANGUAGE.means("bokeh_place", value=True, patterns="(in|to) ({background}|{picture})\n behind [THE] (SUBJECT|THEM)")
LANGUAGE.means(
    "clause", becomes(Part.BACKGROUND, Toned(Tone.BLURRED)), "portrait mode\n [add] [a] [shallow] depth of field"
)
LANGUAGE.means(
    "clause",
    becomes(Part.BACKGROUND, Toned(Tone.MONOCHROME)),
    "colour splash\n selective colour\n [KEEP] (only|just) [THE] SUBJECT in colour",
)


# --- Colours as a whole ---


@rule("clause", "BECOME COLOURS [of <part>] [TO] <toned>\n [GIVE] <toned> COLOURS [(of|in) <part>]")
def _colours_toned(toned: Toned | Impossible, part: PartSaid = Part.PICTURE) -> Clause | None:
    of_colour = {Tone.WARMER, Tone.COOLER, Tone.MORE_SATURATION, Tone.LESS_SATURATION, Tone.INVERTED}
    return becomes(part, toned) if isinstance(toned, Impossible) or toned.tone in of_colour else None


@rule(
    "clause",
    """
    <colour_verb:tone> COLOURS [(of|in) <part>] [<amount>]
    [BECOME|WANT] COLOURS [(of|in) <part>] [<verb_degree:amount>] <colour_look:tone>
    <colour_verb:tone> [THE] <bare_part:part> ['s] COLOURS [<amount>]
    <colour_split:tone> [<amount>]
    """,
)
def _colours_by_verb(tone: Tone, part: PartSaid = Part.PICTURE, amount: Amount = None) -> Clause:
    return becomes(part, by_amount(tone, amount))


LANGUAGE.means("colour_verb", Tone.MORE_SATURATION, "UP\n (saturate|more|stronger|richer|punchier|bolder|deeper)")
LANGUAGE.means("colour_verb", Tone.LESS_SATURATION, "DOWN\n (mute|desaturate|less|fewer)")
LANGUAGE.means("colour_verb", Tone.WARMER, "warm [up]")
LANGUAGE.means("colour_verb", Tone.COOLER, "cool [down]")
LANGUAGE.means("colour_verb", Tone.INVERTED, "invert")
LANGUAGE.phrase(
    "colour_look",
    "stronger, richer, punchier, bolder, deeper, more intense, more strong, more rich",
    Tone.MORE_SATURATION,
)
LANGUAGE.phrase("colour_look", "weaker, paler, less intense, less strong, less rich", Tone.LESS_SATURATION)
LANGUAGE.means("colour_split", Tone.MORE_SATURATION, "MOVE COLOURS up")
LANGUAGE.means("colour_split", Tone.LESS_SATURATION, "MOVE COLOURS down")
LANGUAGE.means("colour_split", Tone.WARMER, "warm COLOURS up")
LANGUAGE.means("colour_split", Tone.COOLER, "cool COLOURS down")


@rule(
    "clause",
    """
    (REMOVE|drain|take|pull) COLOURS [out] [(of|from|in) <part>]
    (no|without) (colours|colour|saturation)
    FULLY desaturate [<part>]
    desaturate [<part>] FULLY
    """,
)
def _no_colours(part: PartSaid = Part.PICTURE) -> Clause:
    return becomes(part, Toned(Tone.MONOCHROME))


LANGUAGE.means(
    "clause",
    (Impossible("The local engine cannot colour a black and white picture."),),
    """
    [BECOME] [from] [THE] {tone_effect} [PICTURE] [TO] [full] (colour|coloured)
    (BECOME|WANT) [{part}] [TO] [full] (colour|coloured)
    (TINT|colour) [THE] [{tone_effect}] PICTURE
    """,
)


# --- Complaints ---


@rule("clause", "[[<part>] IS] TOO <too_toned>\n <part> TOO <too_toned>")
def _too(too_toned: tuple[Tone, ...], part: PartSaid = Reference.UNSAID) -> Clause:
    return tuple(Change(part, Toned(OPPOSITES[tone]), is_complaint=True) for tone in too_toned)


@rule("too_toned", "<any_tone>\n <any_tone> LIST [TOO] <too_toned>")
def _too_toned(any_tone: Tone, too_toned: tuple[Tone, ...] = ()) -> tuple[Tone, ...] | None:
    return (any_tone, *too_toned) if any_tone in OPPOSITES else None


LANGUAGE.phrase(
    "TOO",
    "too, too much, much too, far too, way too, a bit too, a little too, slightly too, really too, just too",
    None,
)


@rule(
    "clause",
    """
    [<part> IS] not <any_tone:tone> enough
    [there is] (not enough|too little) <measure:tone> [(in|on) <part>]
    <part> lacks <measure:tone>
    """,
)
def _not_enough(tone: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return (Change(part, Toned(tone), is_complaint=True),)


@rule("clause", "[there is] too much <measure> [(in|on) <part>]\n <part> has too much <measure>")
def _too_much(measure: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return (Change(part, Toned(OPPOSITES[measure]), is_complaint=True),)


# A colour that lies over all of it; of a part it may be the colour that the part has.
@rule("clause", "[<all_of_it:part> IS] TOO <cast>\n (BECOME|MAY) <all_of_it:part> [be] less <cast>")
def _cast(cast: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return (Change(part, Toned(OPPOSITES[cast]), is_complaint=True),)


LANGUAGE.either("all_of_it", "picture", "it")


LANGUAGE.phrase("cast", "yellow, yellowish, orange", Tone.WARMER)
LANGUAGE.phrase("cast", "blue, bluish", Tone.COOLER)


@rule("clause", "[THE] <measure> [of <part>] [IS] TOO <extent_of:degree>")
@rule("clause", "[THE] <measure> [IS] TOO <extent_of:degree> (in|on|for) <part>")
@rule("clause", "COLOURS [(of|in) <part>] [IS] <strength_of:degree>")
def _too_high(degree: int, measure: Tone = Tone.MORE_SATURATION, part: PartSaid = Reference.UNSAID) -> Clause:
    return (Change(part, Toned(measure if degree < 0 else OPPOSITES[measure]), is_complaint=True),)


LANGUAGE.phrase("extent_of", "high, strong, much", 1)
LANGUAGE.phrase("extent_of", "low, weak", -1)
LANGUAGE.means("strength_of", 1, "TOO (strong|intense|vivid|saturated|vibrant|much)")
LANGUAGE.means("strength_of", -1, "[SO|TOO] (dull|muted|faded|weak|pale|washed out)")


@rule("clause", "[<part> IS] [SO] <exposed>")
def _badly_exposed(exposed: Tone, part: PartSaid = Reference.UNSAID) -> Clause:
    return (Change(part, Toned(exposed), is_complaint=True),)


LANGUAGE.phrase("exposed", "underexposed", Tone.BRIGHTER)
LANGUAGE.phrase("exposed", "overexposed", Tone.DARKER)
