"""What shall stay, and what only tells."""

from __future__ import annotations

from aeforge_cli.sandbox.engine.edits import Part, Place
from aeforge_cli.sandbox.engine.prompts.clauses.saying import Clause, PartSaid, rule
from aeforge_cli.sandbox.engine.prompts.meaning import Impossible, Kept, Reference, Topic
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

# --- What shall stay ---


# These need no join before them: "... without touching the subject".
@rule("kept", "KEEP <part_named:part> [AS_IS]")
@rule("clause", "<part_named:part> [should|must] (stay|stays|remain|remains) AS_IS\n <part_named:part> in colour")
def _kept(part: PartSaid) -> Clause:
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


# --- What only tells, and asks for nothing ---


@rule(
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
    return (Topic(part, f'Say what the {part} shall become: for example "make the {part} a sunset".'),)
