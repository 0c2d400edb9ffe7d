"""What a prompt can name: the parts of a picture, and the places of objects in it."""

from __future__ import annotations

from aeforge_cli.sandbox.engine.edits import Part, Place
from aeforge_cli.sandbox.engine.prompts.meaning import Impossible
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

LANGUAGE.means(
    "background",
    Part.BACKGROUND,
    """
    [THE] [WHOLE] BACKGROUND [(of|in|from|behind) [THE] (PICTURE|SUBJECT|THEM)]
    [THE] (PICTURE|SUBJECT) ['s] BACKGROUND
    (everything|all|what is|whatever is|THE area) BEHIND [THE] (SUBJECT|THEM)
    everything [that is] in [THE] BACKGROUND
    (everything|all|[THE] [WHOLE] PICTURE) BUT [THE] (SUBJECT|THEM)
    """,
)
LANGUAGE.means(
    "subject",
    Part.SUBJECT,
    """
    [THE] [WHOLE] SUBJECT [(of|in) [THE] PICTURE]
    (me|us|him|her|them)
    (everything|all|[THE] [WHOLE] PICTURE) BUT [THE] BACKGROUND
    """,
)
LANGUAGE.means("sky", Part.SKY, "[THE] [WHOLE] SKY [(in|of|behind|over|above) [THE] (PICTURE|BACKGROUND|SUBJECT|THEM)]")
LANGUAGE.means("picture", Part.PICTURE, "[THE] [WHOLE] PICTURE\n all of [THE] PICTURE\n {everything}")
LANGUAGE.either("part_named", "background", "sky", "subject", "picture", "it", "rest")

# "A darker background": the part by its mere name, with something said of it before.
LANGUAGE.means("bare_part", Part.BACKGROUND, "BACKGROUND")
LANGUAGE.means("bare_part", Part.SKY, "SKY")
LANGUAGE.means("bare_part", Part.SUBJECT, "SUBJECT")
LANGUAGE.means("bare_part", Part.PICTURE, "PICTURE")

# With what it looks like now, which is of no account: "replace the dull grey sky with ...".
LANGUAGE.means(
    "old",
    value=True,
    patterns="""
    (OLD|{named}|{skyword}|{shade} {named})
    (OLD|{named}|{skyword}) [,|and] (OLD|{skyword}|{named})
    """,
)
LANGUAGE.means(
    "old_background", Part.BACKGROUND, "[THE] {old} BACKGROUND [(of|in|from|behind) [THE] (PICTURE|SUBJECT|THEM)]"
)
LANGUAGE.means("old_sky", Part.SKY, "[THE] {old} SKY [(in|of) [THE] (PICTURE|BACKGROUND)]")
LANGUAGE.means("old_picture", Part.PICTURE, "[THE] {old} PICTURE")
for _name in ("background", "sky", "subject"):
    LANGUAGE.rule(f"only_{_name}", f"(only|just) <{_name}:part>\n <{_name}:part> only")(lambda part: part)
    LANGUAGE.either(f"any_{_name}", _name, f"only_{_name}")
for _name in ("background", "sky"):
    LANGUAGE.either(f"any_{_name}", f"old_{_name}")
LANGUAGE.either("part", "part_named", "only_background", "only_sky", "only_subject")
LANGUAGE.either("any_part", "part", "old_background", "old_sky", "old_picture")


# "White background, subject in black and white": what is said before one of several parts may be a wish of its own.
@LANGUAGE.rule("listed_parts", "<part>\n <part> LIST <listed_parts>")
def _listed_parts(part: Part, listed_parts: tuple[Part, ...] = ()) -> tuple[Part, ...]:
    return (part, *listed_parts)


@LANGUAGE.rule("parts", "<any_part>")
def _one_part(any_part: Part) -> tuple[Part, ...]:
    return (any_part,)


LANGUAGE.either("parts", "listed_parts")


# --- Places ---


@LANGUAGE.rule(
    "position",
    """
    [FAR] <vertical> <horizontal> [hand] [<extent>]
    [FAR] <horizontal> [hand] <vertical> [<extent>]
    [FAR] (<vertical>|<horizontal>) [hand] [<extent>]
    [FAR] <vertical> AT [ITS] (<horizontal> [hand]|<middle>) [<extent>]
    <middle> [<extent>]
    (<vertical>|<horizontal>) <middle> [<extent>]
    <middle> (<vertical>|<horizontal>) [<extent>]
    <extent>
    <corner:extent> AT [ITS] <vertical> [(AT|and) [ITS]] <horizontal>
    """,
)
def _position(
    vertical: str | None = None, horizontal: str | None = None, middle: str | None = None, extent: str | None = None
) -> Place | Impossible:
    if extent == "corner" and (vertical is None or horizontal is None):
        return Impossible('Say which corner: for example "upper right corner".')
    if vertical is horizontal is middle is None:
        return Impossible(f'Say which {extent}: for example "the left {extent}".')
    if extent == "half" and [vertical, horizontal, middle].count(None) < 2:
        return Impossible('Say "left half", "right half", "top half" or "bottom half".')
    share = 1 / 3 if extent == "third" else 0.5
    left, right = _span(horizontal, share, is_middle=middle is not None, low="left")
    top, bottom = _span(vertical, share, is_middle=middle is not None, low="top")
    return Place(left, top, right, bottom)


def _span(said: str | None, share: float, *, is_middle: bool, low: str) -> tuple[float, float]:
    if said is None:
        margin = 0.25 if is_middle else 0.0
        return margin, 1 - margin
    return (0.0, share) if said == low else (1 - share, 1.0)


LANGUAGE.phrase("corner", "corner", "corner")


@LANGUAGE.rule("place", "[AT] [ITS] <position> [(of|in|from) [THE] [WHOLE] (PICTURE|frame)]")
def _place(position: Place | Impossible) -> Place | Impossible:
    return position


@LANGUAGE.rule(
    "object_at",
    """
    [THE] [ADJ] OBJECT [LOCATED|,] <place>
    WHATEVER [OBJECT] [is] [LOCATED] <place>
    [THE] [ADJ] <position:place> OBJECT [(in|of|from) [THE] PICTURE]
    """,
)
def _object_at(place: Place | Impossible) -> tuple[Place | Impossible, ...]:
    return (place,)


@LANGUAGE.rule("object_at", "[THE] [ADJ] OBJECT [LOCATED] <place:first> LIST [ITS] [one|ones|OBJECT] <place:second>")
def _objects_at(first: Place | Impossible, second: Place | Impossible) -> tuple[Place | Impossible, ...]:
    return first, second


@LANGUAGE.rule("object_at", "[THE] [ADJ] OBJECT AT [ITS] <vertical> <horizontal> LIST [ITS] <position:second>")
def _objects_in_corners(vertical: str, horizontal: str, second: Place | Impossible) -> tuple[Place | Impossible, ...]:
    return _position(vertical, horizontal), second
