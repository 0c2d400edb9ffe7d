"""What clauses mean beside one another: what "it" and "the rest" are, what is kept, what is said twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations, zip_longest
from typing import TypeAlias

from aeforge_cli.sandbox.engine.edits import (
    Adjust,
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
from aeforge_cli.sandbox.engine.prompts.meaning import (
    Change,
    Denied,
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
from aeforge_cli.sandbox.engine.prompts.values import OPPOSITES
from aeforge_cli.sandbox.engine.prompts.vocabulary import SKY_OF_COLOUR


@dataclass(frozen=True)
class Item:
    """A clause, and what joins it to the one before: an "and", at least a comma, or neither."""

    said: tuple[Said, ...]
    is_joined: bool
    is_in_sentence: bool


Items: TypeAlias = tuple[Item, ...]


def edits_of(items: Items) -> tuple[Edit, ...] | Impossible:
    """The edits that clauses ask for, in order; or why they do not."""
    try:
        return _Context(items).edits()
    except _CannotBe as cannot:
        return cannot.impossible


class _CannotBe(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.impossible = Impossible(reason)


_WHICH = 'Say which part "it" is: "the background", "the subject" or "the picture".'
_WHICH_EACH = 'Say for each change which part it is for: "the background", "the subject" or "the picture".'
NOTHING_ASKED = "The prompt does not say what to change."
_COMPLEMENTS = {Part.SUBJECT: Part.BACKGROUND, Part.BACKGROUND: Part.SUBJECT}


@dataclass
class _Context:
    """What a prompt has spoken of so far."""

    items: Items
    done: list[tuple[Edit, Change | Removal]] = field(default_factory=list)
    topic: Topic | None = None
    has_exception: bool = False
    denied: list[Change | Removal] = field(default_factory=list)
    # What a denial just spoke of; and whether what was spoken of last is an object, or a background to keep.
    denied_part: Part | None = None
    is_it_open: bool = False

    def edits(self) -> tuple[Edit, ...]:
        for item, following in zip_longest(self.items, self.items[1:]):
            for said in item.said:
                self._take(said, item, following)
        if self.topic is not None:
            raise _CannotBe(
                self.topic.reason
                or ("The prompt ends with a statement; say what to change." if self.done else NOTHING_ASKED)
            )
        if any(_denies(denied, done) for denied in self.denied for done, _ in self.done):
            raise _CannotBe("The prompt asks for what it asks not to do.")
        edits = _sparing(self._wanted(), self._kept())
        if not edits:
            raise _CannotBe("The prompt only says what not to do." if self.denied else NOTHING_ASKED)
        return _consistent(edits)

    def _take(self, said: Said, item: Item, following: Item | None) -> None:
        match said:
            case Impossible(reason):
                raise _CannotBe(reason)
            case Topic():
                self._no_open_topic()
                self.topic = said
            case Kept(part, is_exception=is_exception):
                self.is_it_open = part in {Part.BACKGROUND, Part.SKY}
                self.has_exception |= is_exception and bool(self.done)
            case Denied():
                self._deny(said, following)
            case Removal(place):
                self._add(self._removal(place), said)
            case Change():
                self._add(self._change(said, item, following), said)

    def _add(self, done: Edit | Impossible, said: Change | Removal) -> None:
        if isinstance(done, Impossible):
            raise _CannotBe(done.reason)
        if self.topic is not None and self.topic.reason and self.topic.about not in {_part_of(done), _place_of(done)}:
            raise _CannotBe(self.topic.reason)
        if self.has_exception and _part_of(done) is Part.PICTURE:
            raise _CannotBe(_WHICH_EACH)
        self.topic = self.denied_part = None
        self.is_it_open = False
        self.done.append((done, said))

    def _deny(self, denied: Denied, following: Item | None) -> None:
        """What follows may speak of its part as "it"; an "and" leaves open how far the denial reaches."""
        if following is not None and following.is_joined:
            raise _CannotBe("Say what to do first, and what not to do after it.")
        self.denied.append(denied.said)
        match denied.said:
            case Change(Part() as part):
                self.denied_part = part
            case Removal():
                self.is_it_open = True
            case _:
                pass

    def _no_open_topic(self) -> None:
        if self.topic is not None and self.topic.reason:
            raise _CannotBe(self.topic.reason)

    def _removal(self, place: Place | None) -> Edit:
        if place is None and self.topic is not None:
            if isinstance(self.topic.about, Place):
                return RemoveObject(self.topic.about)
            if self.topic.about is Part.BACKGROUND:
                return SetBackground(Nothing())
        if place is None:
            raise _CannotBe("Say what to remove.")
        return RemoveObject(place)

    def _change(self, change: Change, item: Item, following: Item | None) -> Edit | Impossible:
        match change.part:
            case Reference.IT:
                part = self._it(change)
            case Reference.REST:
                part = self._rest()
            case Reference.UNSAID:
                part = self._unsaid(change, item, following)
            case _:
                part = change.part
        return _edit(part, change.value)

    def _it(self, change: Change) -> Part:
        """What was named last; after a new background, though, the picture."""
        is_backdrop = not isinstance(change.value, Toned | Tint)
        if self.topic is not None:
            return self.topic.about if isinstance(self.topic.about, Part) else Part.PICTURE
        if self.denied_part is not None:
            return self.denied_part
        if self.is_it_open:
            raise _CannotBe(_WHICH)
        last = self.done[-1][0] if self.done else None
        match last:
            case SetBackground() if is_backdrop:
                return Part.BACKGROUND
            case SetSky() if is_backdrop:
                return Part.SKY
            case SetSky() | SetBackground(SkyKind()):
                raise _CannotBe(_WHICH)
            case SetBackground() if _may_be_of_backdrop(last, change.value):
                raise _CannotBe(_WHICH)
            case Adjust(part) | Recolour(part):
                if {part} < {_part_of(done) for done, _ in self.done}:
                    raise _CannotBe(_WHICH)
                return part
            case _:
                return Part.PICTURE

    def _rest(self) -> Part:
        named = self._kept() or {_part_of(done) for done, _ in self.done[-1:]}
        rest = [_COMPLEMENTS.get(part) for part in named if part is not None]
        match rest:
            case [Part() as part]:
                return part
            case _:
                raise _CannotBe('Say which part "the rest" is: "the background" or "the subject".')

    def _unsaid(self, change: Change, item: Item, following: Item | None) -> Part:
        """The picture; beside an edit of one part of it, "and" leaves open which is meant."""
        if isinstance(change.value, SkyKind):
            is_of_sky = any(said == Topic(Part.SKY) for item in self.items for said in item.said)
            return Part.SKY if is_of_sky else Part.BACKGROUND
        beside = [
            said.part
            for said in (following.said if following and following.is_joined else ())
            if isinstance(said, Change) and isinstance(said.value, Toned)
        ]
        if self.topic is not None and self.topic.reason and isinstance(self.topic.about, Part):
            return self.topic.about  # "only the sky, darker"
        last = self.done[-1][0] if self.done and item.is_in_sentence else None
        if last is not None and _may_be_of_backdrop(last, change.value):
            raise _CannotBe(_WHICH_EACH)
        before = [last.part] if isinstance(last, Adjust | Recolour) and item.is_joined else []
        if any(
            isinstance(part, Part) and part is not Part.PICTURE
            for part in [*before, *(beside if not self.done else [])]
        ):
            raise _CannotBe(_WHICH_EACH)
        return Part.PICTURE

    def _kept(self) -> frozenset[Part]:
        kept = [said.part for item in self.items for said in item.said if isinstance(said, Kept)]
        parts = {Part.PICTURE if part is Reference.IT else part for part in kept}
        return frozenset(part for part in parts if isinstance(part, Part))

    def _wanted(self) -> list[Edit]:
        """Without complaints that are answered by what is asked."""
        asked = {done.tone for done, said in self.done if isinstance(done, Adjust) and not _complains(said)}
        answered = asked | {OPPOSITES.get(tone) for tone in asked}
        return [
            done
            for done, said in self.done
            if not (_complains(said) and isinstance(done, Adjust) and done.tone in answered)
        ]


def _may_be_of_backdrop(done: Edit, value: Value) -> bool:
    """Whether a tone beside a new background may be meant for it; a white one cannot become warmer."""
    match done, value:
        case SetBackground(Nothing()), Toned(tone):
            return tone is Tone.BLURRED
        case SetSky() | SetBackground(), Toned(tone):
            return tone in {Tone.BRIGHTER, Tone.DARKER, Tone.SHARPER, Tone.BLURRED}
        case _:
            return False


def _denies(denied: Change | Removal, done: Edit) -> bool:
    if isinstance(denied, Removal):
        return isinstance(done, RemoveObject) and denied.place in {None, done.place}
    part = _part_of(done)
    if part is None or (isinstance(denied.part, Part) and denied.part not in _TOUCHED[part]):
        return False
    match denied.value, done:
        case Toned(tone), Adjust():
            return tone is done.tone
        case value, SetBackground(given) | SetSky(given) | Recolour(_, given):
            return given == value or (isinstance(value, tuple) and given is SKY_OF_COLOUR.get(value))
        case _:
            return False


def _complains(said: Change | Removal) -> bool:
    return isinstance(said, Change) and said.is_complaint


def _edit(part: Part, value: Value) -> Edit | Impossible:
    """What gives a part a value, if this engine can."""
    if part is Part.SKY and isinstance(value, tuple):
        value = SKY_OF_COLOUR.get(value, value)
    match part, value:
        case _, Toned(tone, strength):
            return Adjust(part, tone, strength)
        case (Part.PICTURE | Part.BACKGROUND, Tint(colour)) | (Part.SUBJECT, (_, _, _) as colour):
            return Recolour(part, colour)
        case (Part.PICTURE | Part.BACKGROUND, SkyKind() as backdrop):
            return SetBackground(backdrop)
        case (Part.BACKGROUND, (Gradient() | Studio() | Nothing() | (_, _, _)) as backdrop):
            return SetBackground(backdrop)
        case Part.SKY, SkyKind():
            return SetSky(value)
        case _:
            return Impossible(_CANNOT[part])


_CANNOT = {
    Part.PICTURE: 'Say which part should become so: "the background" or "the subject".',
    Part.SUBJECT: "The local engine can only recolour the subject or change its tones.",
    Part.BACKGROUND: "The local engine cannot make the background so.",
    Part.SKY: "The local engine makes clear, blue, cloudy, overcast, sunset and night skies.",
}


def _place_of(done: Edit) -> Place | None:
    return done.place if isinstance(done, RemoveObject) else None


def _part_of(done: Edit) -> Part | None:
    match done:
        case SetBackground():
            return Part.BACKGROUND
        case SetSky():
            return Part.SKY
        case RemoveObject():
            return None
        case _:
            return done.part


# The sky is a part of the background.
_TOUCHED = {
    Part.PICTURE: set(Part),
    Part.SUBJECT: {Part.PICTURE, Part.SUBJECT},
    Part.BACKGROUND: {Part.PICTURE, Part.BACKGROUND, Part.SKY},
    Part.SKY: {Part.PICTURE, Part.BACKGROUND, Part.SKY},
}


def _sparing(edits: list[Edit], kept: frozenset[Part]) -> list[Edit]:
    """The edits without what shall stay as it is."""
    return [_spared(done, kept) for done in edits]


def _spared(done: Edit, kept: frozenset[Part]) -> Edit:
    part = _part_of(done)
    if part is None:
        return done
    if isinstance(done, Adjust) and part is Part.PICTURE and kept in ({Part.SUBJECT}, {Part.BACKGROUND}):
        return replace(done, part=_COMPLEMENTS[next(iter(kept))])
    if kept & _TOUCHED[part]:
        raise _CannotBe("The prompt asks to change what it asks to keep.")
    return done


def _consistent(edits: list[Edit]) -> tuple[Edit, ...]:
    """Without what is said twice; two different backgrounds are not both meant."""
    out: list[Edit] = []
    for done in edits:
        is_behind = bool(out) and out[-1] == SetBackground(Nothing()) and isinstance(done, SetSky)
        if out and _again(out[-1], done):
            out.pop()
        # "Remove the background and add a blue sky": there is no other sky any more.
        out.append(SetBackground(done.kind) if is_behind and isinstance(done, SetSky) else done)
    for one, other in combinations([done for done in out if isinstance(done, Adjust)], 2):
        if one.part is other.part and OPPOSITES.get(one.tone) is other.tone:
            raise _CannotBe(f'The prompt asks for "{one.tone}" and for "{other.tone}".')
    if len({done for done in out if isinstance(done, SetBackground | SetSky)}) > 1:
        raise _CannotBe("The prompt asks for two backgrounds at once.")
    return tuple(out)


def _again(done: Edit, following: Edit) -> bool:
    """Whether the next edit is the same once more, or says more of it."""
    if isinstance(done, Adjust) and isinstance(following, Adjust):
        return (done.part, done.tone) == (following.part, following.tone)
    if done == SetBackground(Nothing()):
        return isinstance(following, SetBackground | SetSky)  # "remove the background and put a blue one"
    return done == following and not isinstance(done, RemoveObject)
