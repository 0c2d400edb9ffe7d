"""What a prompt asks for: a grammar of known words, and refusal of everything else.

    prompt = clause { ("and" | "then" | "," | ";" | ".") clause }
    clause = words of known kinds, in any order, that together name exactly one edit

Every word must be known or a slip of the pen for a known one: nothing here knows what a dog is, and doing
something else instead would not be honest.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import takewhile
from math import prod
from typing import cast

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.edits import (
    Adjust,
    Backdrop,
    Colour,
    Edit,
    Gradient,
    Nothing,
    Part,
    Place,
    Recolour,
    RemoveObject,
    SetBackground,
    SetSky,
    SkyKind,
    Studio,
    Tone,
)
from aeforge_cli.sandbox.engine.prompts.vocabulary import VERY, Act, Kind, Token, UnknownWord, tokens

# With a reason before it this fits into the 500 characters that a terminal gets of a service's words.
ABILITIES = """\
It can:
- make the background a sky (blue, clear, cloudy, overcast, sunset, night), a colour ("#ff8800"), a gradient, \
a studio, or transparent
- replace the sky
- remove the object at a place ("in the upper right corner")
- recolour subject or background
- change brightness, contrast, saturation, warmth, sharpness; blur, sepia, black and white, inverted
- keep a part as it is
- several of these, joined by "and" or "then\""""


def parse(prompt: str) -> tuple[Edit, ...]:
    """The edits a prompt asks for, in order; `Refused` if any of it is not understood."""
    try:
        said = tokens(prompt)
    except UnknownWord as unknown:
        raise _refused(f'The local engine does not know what "{unknown.word}" means here.') from None
    if not any(token.kind is not Kind.JOIN for token in said):
        raise _refused("The prompt asks for nothing.")
    asked: list[Edit | _Kept] = []
    for sentence in _parted(said, "then"):
        asked += _sentence(sentence)
    kept = frozenset[Part]().union(*(each.parts for each in asked if isinstance(each, _Kept)))
    edits = [_sparing(each, kept) for each in asked if not isinstance(each, _Kept)]
    if not edits:
        raise _refused("The prompt asks for nothing.")
    # "It is too dark, so brighten it" is one thing to do.
    return tuple(edit for edit, following in zip(edits, [*edits[1:], None], strict=True) if not _again(edit, following))


@dataclass(frozen=True)
class _Clause:
    """The words of one clause by what they can be; what is not said is None, False or empty."""

    act: Act | None = None
    parts: frozenset[Part] = frozenset()
    pronoun: bool = False
    thing: bool = False
    sky: SkyKind | None = None
    look: str | None = None
    tone: Tone | None = None
    colours: tuple[tuple[Colour, str], ...] = ()
    degree: float | None = None
    place: Place | None = None

    def says_only(self, *names: str) -> bool:
        return all(field.name in (*names, "pronoun") or not getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class _Kept:
    """What no edit may change ("... and keep the subject as it is")."""

    parts: frozenset[Part]


class _Unclear(Exception):
    pass


def _refused(reason: str) -> Refused:
    return Refused(f"{reason}\n{ABILITIES}")


_AND = Token(Kind.JOIN, "and", "and")


def _parted(said: list[Token], join: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in said:
        if token.kind is Kind.JOIN and token.value == join:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if any(token.kind is not Kind.JOIN for token in part)]


def _sentence(said: list[Token]) -> list[Edit | _Kept]:
    """One edit if the whole can be read so ("from red and gold"), else an edit for each part between "and"s."""
    said = [each for token in said for each in ((_AND, token) if token.value is Act.KEEP else (token,))]
    try:
        return [_edit(_clause(said))]
    except _Unclear as unclear:
        parts = _parted(said, "and")
        if len(parts) == 1:
            raise _refused(str(unclear)) from None
    return _joined(parts)


def _joined(parts: list[list[Token]]) -> list[Edit | _Kept]:
    """What a later part leaves out ("... and sharper") is what an earlier one said."""
    edits: list[Edit | _Kept] = []
    earlier = _Clause()
    for number, part in enumerate(parts):
        rest = [token for following in parts[number:] for token in following]
        try:
            clause = _completed(_clause(part), earlier)
            edits.append(_edit(clause))
        except _Unclear as unclear:
            try:
                return [*edits, _edit(_completed(_clause(rest), earlier))]
            except _Unclear:
                raise _refused(str(unclear)) from None
        if clause.act is not Act.KEEP:
            earlier = clause
    return edits


def _completed(clause: _Clause, earlier: _Clause) -> _Clause:
    """What a clause leaves out, or calls "it", is what the one before it named."""
    is_of_the_picture = clause.tone is not None and earlier.tone is None and earlier.parts & {Part.BACKGROUND, Part.SKY}
    if clause.parts or is_of_the_picture:
        # "Darken the background and blur it": after a new background, though, "it" is the picture.
        return clause
    if clause.act is None:
        return replace(clause, act=earlier.act, parts=earlier.parts, thing=clause.thing or earlier.thing)
    takes_up = clause.pronoun or (clause.colours and earlier.act is Act.REMOVE)
    return replace(clause, parts=earlier.parts) if takes_up else clause


def _clause(said: list[Token]) -> _Clause:
    by_kind: dict[Kind, list[Token]] = {}
    for token in _without_what_was(_shaded(said)):
        by_kind.setdefault(token.kind, []).append(token)
    degrees = [cast("float", token.value) for token in by_kind.get(Kind.DEGREE, [])]
    act = _act(by_kind.get(Kind.ACT, []))
    colours = tuple((cast("Colour", token.value), token.words) for token in by_kind.get(Kind.COLOUR, []))
    one = Kind.JOIN not in by_kind and (len(colours) < 2 or Kind.LOOK in by_kind)
    return _Clause(
        act=act,
        parts=_parts(by_kind.get(Kind.PART, []), act, one=one),
        pronoun=Kind.PRONOUN in by_kind,
        thing=Kind.OBJECT in by_kind,
        sky=_sky({cast("SkyKind", token.value) for token in by_kind.get(Kind.SKY, [])}),
        look=_one(by_kind.get(Kind.LOOK, [])),
        tone=cast("Tone | None", _one(by_kind.get(Kind.TONE, []))),
        colours=colours,
        degree=prod(degrees) if degrees else None,
        place=_place(by_kind),
    )


_ELSE = {"everything else", "anything else", "everything", "the rest"}


def _parts(said: list[Token], act: Act | None, *, one: bool) -> frozenset[Part]:
    """The parts that are named; with `one`, neither the picture it is a part of nor what lies before it is meant."""
    parts = frozenset(cast("Part", token.value) for token in said)
    if act is Act.KEEP and any(token.words in _ELSE for token in said):
        return frozenset()
    if not one or len(parts) < 2:
        return parts
    parts -= {Part.PICTURE}
    if Part.BACKGROUND not in parts:
        return parts
    # "The person in the background" is not the subject.
    if act is Act.REMOVE and said[0].value is Part.SUBJECT and not said[0].words.endswith("'s"):
        return parts
    # "Put the subject on a white background", "the subject's background".
    return parts - {Part.SUBJECT}


def _one(said: list[Token]) -> str | None:
    values = {cast("str", token.value) for token in said}
    if len(values) > 1:
        words = " and ".join(f'"{token.words}"' for token in said)
        raise _Unclear(f"{words} cannot both be done in one step.")
    return values.pop() if values else None


def _act(said: list[Token]) -> Act | None:
    """ "I want it recoloured", "make it without background": the verb that says more wins."""
    acts = {cast("Act", token.value) for token in said} - {Act.CHANGE}
    if len(acts) > 1:
        raise _Unclear('These are two things to do; join them with "then".')
    return acts.pop() if acts else (Act.CHANGE if said else None)


_REPLACING = {"replace", "swap", "swap out", "change", "exchange", "switch", "substitute", "turn", "convert"}
_ALIKE = ({Kind.COLOUR, Kind.SKY, Kind.LOOK}, {Kind.TONE})


def _without_what_was(said: list[Token]) -> list[Token]:
    """ "Replace the grey sky with a blue one", "change the sky from grey to blue": if what it becomes follows."""
    verb = next((i for i, token in enumerate(said) if token.words in _REPLACING or token.words == "make"), None)
    part = next((i for i, token in enumerate(said) if token.kind is Kind.PART), None)
    if verb is None or part is None:
        return said
    replaces = said[verb].words in _REPLACING
    has_look = any(token.kind is Kind.LOOK for token in said)
    # "Make a blue background with a white gradient" names both of its colours.
    was = set(range(verb + 1, part)) if replaces or not has_look else set()
    if replaces and not has_look:
        was |= {i for i in range(part + 1, len(said)) if said[i - 1].kind is Kind.FROM}
    following = takewhile(lambda token: token.kind is not Kind.JOIN, said[max(was, default=part) + 1 :])
    becomes = {token.kind for token in following}
    replaced = any({said[i].kind for i in was} <= kinds and becomes & kinds for kinds in _ALIKE)
    return [token for i, token in enumerate(said) if i not in was] if replaced else said


# --- Shades, skies and places ---


def _shaded(said: list[Token]) -> list[Token]:
    """ "dark purple" is one colour; "dark" without a colour is a tone."""
    out: list[Token] = []
    for token in said:
        before = out[-1] if out else None
        if token.kind is Kind.COLOUR and before is not None and before.kind is Kind.SHADE:
            colour = _shade(cast("Colour", token.value), cast("str", before.value))
            out[-1] = Token(Kind.COLOUR, colour, f"{before.words} {token.words}")
        else:
            out.append(token)
    saying = [token for token, to in zip(out, [*out[1:], None], strict=True) if not (to and _adds_nothing(token, to))]
    return [_as_tone(token) if token.kind is Kind.SHADE else token for token in saying]


def _adds_nothing(said: Token, to: Token) -> bool:
    """ "Soft pink", "very white", "a dark night"."""
    if to.kind is Kind.COLOUR:
        return said.words in _OF_COLOURS or said.value == VERY
    return to.kind is Kind.SKY and (said.words in _OF_COLOURS or said.kind is Kind.SHADE or said.value == VERY)


_OF_COLOURS = {"soft", "warm", "cool", "cold", "vivid", "vibrant", "muted"}
_SHADES = {"dark": (0, 0.45), "deep": (0, 0.25), "light": (255, 0.45), "pale": (255, 0.6), "bright": (255, 0.1)}
_SHADE_TONES = {
    "dark": Tone.DARKER,
    "light": Tone.BRIGHTER,
    "bright": Tone.BRIGHTER,
    "pale": Tone.LESS_SATURATION,
    "deep": Tone.MORE_SATURATION,
}


def _shade(colour: Colour, shade: str) -> Colour:
    towards, share = _SHADES[shade]
    red, green, blue = (round(value + (towards - value) * share) for value in colour)
    return red, green, blue


def _as_tone(token: Token) -> Token:
    return Token(Kind.TONE, _SHADE_TONES[cast("str", token.value)], token.words)


_COLOURED_SKIES = {
    "blue": SkyKind.BLUE,
    "orange": SkyKind.SUNSET,
    "pink": SkyKind.SUNSET,
    "red": SkyKind.SUNSET,
    "purple": SkyKind.SUNSET,
    "golden": SkyKind.SUNSET,
    "gold": SkyKind.SUNSET,
    "grey": SkyKind.OVERCAST,
    "gray": SkyKind.OVERCAST,
    "black": SkyKind.NIGHT,
    "navy": SkyKind.NIGHT,
    "dark blue": SkyKind.NIGHT,
    "bluer": SkyKind.BLUE,
}
# What the words of one sky come to; a kind adds nothing to those after it.
_SKY_PRECEDENCE = (SkyKind.BLUE, SkyKind.CLEAR, SkyKind.CLOUDY, SkyKind.OVERCAST, SkyKind.SUNSET, SkyKind.NIGHT)
_CONTRADICTIONS = (
    {SkyKind.CLEAR, SkyKind.CLOUDY},
    {SkyKind.CLEAR, SkyKind.OVERCAST},
    {SkyKind.BLUE, SkyKind.OVERCAST},
    {SkyKind.OVERCAST, SkyKind.SUNSET},
    {SkyKind.OVERCAST, SkyKind.NIGHT},
    {SkyKind.SUNSET, SkyKind.NIGHT},
)


def _sky(kinds: set[SkyKind]) -> SkyKind | None:
    if any(pair <= kinds for pair in _CONTRADICTIONS):
        raise _Unclear("That is two kinds of sky.")
    return max(kinds, key=_SKY_PRECEDENCE.index) if kinds else None


def _coloured_sky(clause: _Clause) -> SkyKind:
    kinds = {clause.sky} if clause.sky else set()
    for _, words in clause.colours:
        kind = _COLOURED_SKIES.get(words) or _COLOURED_SKIES.get(words.split()[-1])
        if kind is None:
            raise _Unclear(f'The engine has no "{words}" sky.')
        kinds.add(kind)
    sky = _sky(kinds)
    if sky is None:
        raise _Unclear("Say which sky.")
    return sky


def _place(by_kind: dict[Kind, list[Token]]) -> Place | None:
    across, down = _one(by_kind.get(Kind.HORIZONTAL, [])), _one(by_kind.get(Kind.VERTICAL, []))
    extent, middle = _one(by_kind.get(Kind.EXTENT, [])), Kind.MIDDLE in by_kind
    if across is None and down is None and not middle:
        if extent is not None and extent != "corner":
            raise _Unclear(f'Say which {extent}: for example "the left {extent}".')
        if extent is None:
            return None
    if extent == "corner" and (across is None or down is None):
        raise _Unclear('Say which corner: for example "upper right corner".')
    share = {"half": 0.5, "third": 1 / 3, "quarter": 0.5, None: 0.5, "corner": 0.5, "side": 0.5}[extent]
    left, right = _span(across, share, middle=middle, low="left")
    top, bottom = _span(down, share, middle=middle, low="top")
    return Place(left, top, right, bottom)


def _span(said: str | None, share: float, *, middle: bool, low: str) -> tuple[float, float]:
    if said is None:
        margin = 0.25 if middle else 0.0
        return margin, 1 - margin
    return (0.0, share) if said == low else (1 - share, 1.0)


# --- The edits a clause can name ---


def _edit(clause: _Clause) -> Edit | _Kept:
    if clause.act is Act.KEEP and clause.says_only("act", "parts"):
        return _Kept(clause.parts)
    for reading in (_removal, _cut_out, _sky_edit, _backdrop, _recolouring, _adjustment):
        edit = reading(clause)
        if edit is not None:
            return edit
    if (
        clause.parts in ({Part.BACKGROUND}, {Part.SKY})
        and clause.act is Act.CHANGE
        and clause.says_only("act", "parts")
    ):
        [part] = clause.parts
        raise _Unclear(f'Say what the {part} shall become: for example "make the {part} a sunset".')
    raise _Unclear("The local engine cannot tell what to do from these words.")


def _removal(clause: _Clause) -> Edit | None:
    if clause.act is not Act.REMOVE or not (clause.thing or clause.place or Part.SUBJECT in clause.parts):
        return None
    place = clause.place
    if place is None and Part.SUBJECT not in clause.parts:
        raise _Unclear('Say where the object is: for example "remove the object in the upper right corner".')
    if not (place and clause.parts <= {Part.PICTURE} and clause.says_only("act", "thing", "parts", "place")):
        raise _Unclear("An object can be named by its place only.")
    if not clause.thing and 1 in (place.right - place.left, place.bottom - place.top):
        # Nobody cuts a corner off a picture; a side may be meant so.
        raise _Unclear('Say what to take away: for example "the object on the left".')
    return RemoveObject(place)


def _cut_out(clause: _Clause) -> Edit | None:
    if Part.SKY in clause.parts or not clause.says_only("act", "parts", "look"):
        return None
    removed = clause.act is Act.REMOVE and Part.BACKGROUND in clause.parts and clause.look in (None, "nothing")
    made = clause.act is not Act.REMOVE and Part.SUBJECT not in clause.parts and clause.look == "nothing"
    return SetBackground(Nothing()) if removed or made or clause.act is Act.ISOLATE else None


def _sky_edit(clause: _Clause) -> Edit | None:
    if [words for _, words in clause.colours] == ["sky blue"] and not clause.parts and clause.act is not None:
        clause = replace(clause, parts=frozenset({Part.SKY}), colours=(((0, 0, 255), "blue"),))
    spoken = clause.sky is not None or Part.SKY in clause.parts
    if not spoken or clause.act not in (None, Act.CHANGE) or not clause.says_only("act", "parts", "sky", "colours"):
        return None
    if Part.SKY not in clause.parts and (
        clause.sky is SkyKind.CLEAR
        or (clause.colours and clause.parts != {Part.BACKGROUND} and clause.sky is not SkyKind.SUNSET)
    ):
        return None
    if clause.parts == {Part.SKY} and clause.act is not None:
        return SetSky(_coloured_sky(clause))
    return SetBackground(_coloured_sky(clause)) if Part.SUBJECT not in clause.parts else None


def _backdrop(clause: _Clause) -> Edit | None:
    if not clause.says_only("act", "parts", "look", "colours", "sky", "place"):
        return None
    if clause.act is Act.ISOLATE:
        clause = replace(clause, parts=frozenset({Part.BACKGROUND}))
    elif clause.act not in (None, Act.CHANGE):
        return None
    if clause.parts - {Part.BACKGROUND, Part.PICTURE} or not (clause.look or clause.colours):
        return None
    if Part.BACKGROUND not in clause.parts and clause.look is None:
        return None
    if clause.sky not in (None, SkyKind.CLEAR):
        return None
    return SetBackground(_painted(clause))


def _painted(clause: _Clause) -> Backdrop:
    colours = [colour for colour, _ in clause.colours]
    match clause.look, colours:
        case "studio", []:
            return Studio()
        case "studio", [colour]:
            return Studio(colour)
        case "gradient" | None, [start, end]:
            return Gradient(start, end)
        case "gradient", [colour]:
            return Gradient(colour, _shade(colour, "pale"))
        case "gradient", []:
            raise _Unclear('Say which colours: for example "a gradient from navy to white".')
        case None, [colour]:
            return colour
        case _:
            raise _Unclear("That is more than one background.")


def _recolouring(clause: _Clause) -> Edit | None:
    if not clause.says_only("act", "parts", "colours") or len(clause.colours) != 1:
        return None
    [(colour, _)] = clause.colours
    parts = clause.parts - {Part.PICTURE}
    if clause.act is Act.RECOLOUR and parts <= {Part.BACKGROUND} | {Part.SUBJECT} and len(parts) <= 1:
        return Recolour(next(iter(parts), Part.PICTURE), colour)
    return Recolour(Part.SUBJECT, colour) if parts == {Part.SUBJECT} and clause.act in (None, Act.CHANGE) else None


_OPPOSITES = {
    Tone.BRIGHTER: Tone.DARKER,
    Tone.MORE_CONTRAST: Tone.LESS_CONTRAST,
    Tone.MORE_SATURATION: Tone.LESS_SATURATION,
    Tone.WARMER: Tone.COOLER,
    Tone.SHARPER: Tone.BLURRED,
}
_OPPOSITES |= {one: other for other, one in _OPPOSITES.items()}


def _adjustment(clause: _Clause) -> Edit | None:
    if clause.tone is None or not clause.says_only("act", "parts", "tone", "degree"):
        return None
    if len(clause.parts) > 1 or clause.act not in (None, Act.CHANGE):
        return None
    strength = 1.0 if clause.degree is None else clause.degree
    tone = clause.tone
    if strength < 0:
        if tone not in _OPPOSITES:
            raise _Unclear(f'"Less {tone}" means nothing to the engine.')
        tone = _OPPOSITES[tone]
    return Adjust(next(iter(clause.parts), Part.PICTURE), tone, abs(strength))


# --- Edits among others ---


_WITHIN = {Part.PICTURE: {Part.SUBJECT, Part.BACKGROUND, Part.SKY}, Part.BACKGROUND: {Part.SKY}}


def _sparing(edit: Edit, kept: frozenset[Part]) -> Edit:
    """The edit without what shall stay as it is; `Refused` if nothing of it is left."""
    match edit:
        case RemoveObject():
            return edit
        case SetBackground():
            part = Part.BACKGROUND
        case SetSky():
            part = Part.SKY
        case _:
            part = edit.part
            if part is Part.PICTURE and kept in ({Part.SUBJECT}, {Part.BACKGROUND}):
                return replace(edit, part=Part.BACKGROUND if Part.SUBJECT in kept else Part.SUBJECT)
    if kept & {Part.PICTURE, part, *_WITHIN.get(part, ())}:
        raise _refused("The prompt asks for a change of what it asks to keep.")
    return edit


def _again(edit: Edit, following: Edit | None) -> bool:
    """Whether the next edit is the same once more, or says more of it."""
    if isinstance(edit, Adjust) and isinstance(following, Adjust):
        return (edit.part, edit.tone) == (following.part, following.tone)
    if edit == SetBackground(Nothing()):
        return isinstance(following, SetBackground)  # "remove the background and put a blue one"
    return edit == following and not isinstance(edit, RemoveObject)
