"""What shall stay, and what only tells."""

from __future__ import annotations

from aeforge_cli.sandbox.engine.edits import Part, Place, Tone
from aeforge_cli.sandbox.engine.prompts.clauses.saying import Clause, PartSaid, rule
from aeforge_cli.sandbox.engine.prompts.meaning import (
    Change,
    Denied,
    Impossible,
    Kept,
    Reference,
    Removal,
    Toned,
    Topic,
    Value,
)
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

# --- What shall stay ---


# These need no join before them: "... without touching the subject".
@rule("kept", "KEEP <part_named:part> [AS_IS]")
@rule(
    "clause",
    """
    <part_named:part> [should|must] (stay|stays|remain|remains) [AS_IS|{flat}]
    <part_named:part> (in colour|: AS_IS|unchanged|untouched|unaffected|as is)
    KEEP (<old_background:part>|<old_sky:part>)
    """,
)
@rule("kept", "KEEP [THE] SUBJECT ['s] [OLD] COLOURS\n KEEP COLOURS of [THE] SUBJECT")
def _kept(part: PartSaid = Part.SUBJECT) -> Clause:
    return (Kept(part),)


@rule(
    "kept",
    """
    EXCEPT <part_named:part>
    with <part_named:part> [staying|remaining|left|kept] (in colour|sharp|in focus)
    , not <part_named:part>
    """,
)
def _excepted(part: PartSaid) -> Clause:
    return (Kept(part, is_exception=True),)


# --- What shall not be done ---


@rule("clause", "NOT <clause:denied> [,] INSTEAD <clause>\n OVER <clause:denied> <clause>")
@rule("story", "NOT <clause:denied>")
@rule("kept", "OVER <clause:denied>")
def _denied(denied: Clause, clause: Clause = ()) -> Clause | None:
    match denied:
        case [Change() | Removal() as said]:
            return (Denied(said), *clause)
        case [Impossible()]:
            return denied
        case _:
            return None


@rule("kept", ", not [THE] <denied_value> [one|BACKGROUND|SKY]\n OVER <denied_value> [one|BACKGROUND|SKY]")
@rule("clause", "OVER <denied_value> [,] <clause>")
def _value_denied(denied_value: Value, clause: Clause = ()) -> Clause:
    return (Denied(Change(Reference.UNSAID, denied_value)), *clause)


@rule("denied_value", "<any_tone:tone>\n <tone_effect:tone>")
def _denied_tone(tone: Tone) -> Toned:
    return Toned(tone)


LANGUAGE.either("denied_value", "flat", "skywords", "transparent")
LANGUAGE.means("NOT", value=True, patterns="do not\n OVER")
LANGUAGE.phrase("OVER", "without, instead of, rather than", None)
LANGUAGE.phrase("INSTEAD", "but, just, but just, only, but only, instead, rather, but rather, but instead", None)


@rule("clause", "KEEP {everything} [AS_IS] [,] (BUT|just|only) <clause>")
def _all_else_kept(clause: Clause) -> Clause:
    return clause


@rule(
    "clause",
    """
    (CHANGE|DO) nothing BUT <part_named:part>
    KEEP {everything} [AS_IS] EXCEPT <part_named:part>
    (only|just) <part_named:part>
    """,
)
def _only_of(part: PartSaid) -> Clause:
    return (Topic(part if isinstance(part, Part) else None, f'Say what to do with "{part}".'),)


# --- What only tells, and asks for nothing ---


@rule(
    "story",
    """
    <told> IS [SO] ({state}|{any_tone}|{tone_effect}|{flat}|{skywords})
    <told> IS TOO {state}
    <told> IS not [SO] {state}
    (i|we) like <part:told>
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


@rule(
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


@rule("story", "<place> there is [SO] [THE] [ADJ] OBJECT")
def _object_there(place: Place | Impossible) -> Clause | None:
    if isinstance(place, Impossible):
        return None
    return (Topic(place, "Say what to do with the object: it can only be removed."),)


@rule("clause", "CHANGE (<any_background:part>|<any_sky:part>)")
def _change_of(part: Part) -> Clause:
    return (Topic(part, f'Say what the {part} should become: for example "make the {part} a sunset".'),)
