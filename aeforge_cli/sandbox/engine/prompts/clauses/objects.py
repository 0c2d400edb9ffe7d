"""Objects to take away, by their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aeforge_cli.sandbox.engine.edits import Nothing, Part, Place
from aeforge_cli.sandbox.engine.prompts.clauses.saying import Clause, becomes, rule
from aeforge_cli.sandbox.engine.prompts.meaning import Impossible, Removal
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterable


def _removals(places: Iterable[Place | Impossible]) -> Clause:
    return tuple(place if isinstance(place, Impossible) else Removal(place) for place in places)


@rule(
    "clause",
    """
    (REMOVE [from [THE] PICTURE]|clear|i do not want|i do not need) <object_at>
    (locate|find|select|identify|detect) <object_at> [,] and REMOVE it
    (take|get|edit) <object_at> (out|away|off) [(of|from) [THE] PICTURE]
    BECOME <object_at> GONE
    <object_at> (:|NEEDS) REMOVE
    <object_at> REMOVE it
    [WANT] <object_at> [SHOULD|MUST] GONE
    IF_ONLY <object_at> BEING GONE
    MAY <object_at> [POLITELY] be GONE
    <object_at> [SHOULD|MUST|can] go
    """,
)
def _objects_removed(object_at: tuple[Place | Impossible, ...]) -> Clause:
    return _removals(object_at)


@rule(
    "clause",
    """
    REMOVE <object_at> (LIST|[,] then|, and then) [THE] [one|OBJECT] <object_at:second>
    REMOVE {cut_background} LIST <object_at:second>
    """,
)
@rule("clause", "REMOVE <object_at> LIST {cut_background}")
def _more_removed(
    object_at: tuple[Place | Impossible, ...] | None = None, second: tuple[Place | Impossible, ...] | None = None
) -> Clause:
    background = becomes(Part.BACKGROUND, Nothing())
    return tuple(
        said for places in (object_at, second) for said in (background if places is None else _removals(places))
    )


@rule(
    "clause",
    """
    <place> [,] REMOVE [THE] [ADJ] OBJECT
    (take|get|cut) [THE] [ADJ] OBJECT out of [ITS] <position:place> [of [THE] (PICTURE|frame)]
    """,
)
def _removed_at_place(place: Place | Impossible) -> Clause:
    return _removals([place])


# Nobody cuts a corner off a picture; a side may be meant so.
@rule("clause", "(REMOVE|clear) [THE] <position> [of [THE] PICTURE]")
def _place_cleared(position: Place | Impossible) -> Clause:
    if isinstance(position, Place) and 1 in (position.right - position.left, position.bottom - position.top):
        return (Impossible('Say what to take away: for example "the object on the left".'),)
    return _removals([position])


LANGUAGE.means("clause", (Removal(None),), "REMOVE [{it}]\n (take|get) {it} (out|away)\n BECOME {it} GONE")
LANGUAGE.means(
    "clause",
    (Impossible('Say where the object is: for example "remove the object in the upper right corner".'),),
    "REMOVE [THE] [ADJ] OBJECT",
)
LANGUAGE.means(
    "clause",
    (Impossible('An object can be named only by its place: for example "the object on the left".'),),
    """
    REMOVE [THE] {old} OBJECT {place}
    REMOVE [THE] [BACKGROUND] (SUBJECT|me|us|him|her|SKY) [(in|from|of|behind) [THE] (BACKGROUND|PICTURE|SUBJECT)]
    REMOVE [THE] SUBJECT {place}
    REMOVE [THE] [ADJ] OBJECT (in|from|behind) [THE] (BACKGROUND|SUBJECT|THEM)
    """,
)
LANGUAGE.means(
    "clause",
    (Impossible('The local engine does not remove "everything"; name each object by its place.'),),
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
