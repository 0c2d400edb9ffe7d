"""What people write, and what the engine takes it to mean."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageColor

from aeforge_cli.sandbox.engine import Refused
from aeforge_cli.sandbox.engine.edits import (
    Adjust,
    Backdrop,
    Colour,
    Edit,
    Gradient,
    Nothing,
    Place,
    Recolour,
    RemoveObject,
    SetBackground,
    SetSky,
    SkyKind,
    Studio,
)
from aeforge_cli.sandbox.engine.prompts import ABILITIES, parse

TABLE = Path(__file__).with_name("prompts.txt").read_text(encoding="utf-8")
ROWS = [
    (prompt.replace("\\n", "\n"), reading)
    for prompt, _, reading in (line.rpartition(" => ") for line in TABLE.splitlines() if " => " in line)
]
REFUSED = [(prompt, reading.removeprefix("REFUSED: ")) for prompt, reading in ROWS if reading.startswith("REFUSED")]
UNDERSTOOD = [row for row in ROWS if not row[1].startswith("REFUSED")]

# Words that mean more, or something else, beside one another.
WORDS = (
    "make change remove keep it the subject background sky picture object blue dark sunset clear gradient transparent "
    "brighter blurred 20% more less very too not enough left upper corner and then instead of from to cut out down "
    "in colour only + - % 50 ? . , : = ( #fff saturation increase set by everything but except is was i love please "
    "could you dog if than"
)

COLUMNS = {"left": (0, 0.5), "": (0, 1), "right": (0.5, 1), "centre": (0.25, 0.75)}
ROWS_OF_PLACES = {"upper": (0, 0.5), "": (0, 1), "lower": (0.5, 1), "centre": (0.25, 0.75)}
PLACES = {
    Place(left, top, right, bottom): f"{row} {column}".strip()
    for row, (top, bottom) in ROWS_OF_PLACES.items()
    for column, (left, right) in COLUMNS.items()
} | {
    Place(0, 0, 1, 0.5): "top",
    Place(0, 0.5, 1, 1): "bottom",
    Place(0.25, 0.25, 0.75, 0.75): "centre",
    Place(0.25, 0, 0.75, 0.5): "top centre",
    Place(0.25, 0.5, 0.75, 1): "bottom centre",
    Place(0, 0, 1 / 3, 1): "left third",
    Place(1 - 1 / 3, 0, 1, 1): "right third",
    Place(0, 0, 1, 1 / 3): "top third",
    Place(0, 1 - 1 / 3, 1, 1): "bottom third",
}
COLOUR_NAMES = {ImageColor.getrgb(name)[:3]: name for name in reversed(ImageColor.colormap)}


def coloured(colour: Colour) -> str:
    return COLOUR_NAMES.get(colour) or "#{:02x}{:02x}{:02x}".format(*colour)


def backdrop_named(backdrop: Backdrop) -> str:
    match backdrop:
        case SkyKind():
            return f"{backdrop} sky"
        case Gradient(start, end):
            return f"gradient {coloured(start)} {coloured(end)}"
        case Studio(colour):
            return f"studio {coloured(colour)}"
        case Nothing():
            return "none"
        case _:
            return coloured(backdrop)


def written(edit: Edit) -> str:
    match edit:
        case SetBackground(backdrop):
            return f"background: {backdrop_named(backdrop)}"
        case SetSky(kind):
            return f"sky: {kind}"
        case RemoveObject(place):
            return f"remove: {PLACES[place]}"
        case Recolour(part, colour):
            return f"{part}: recoloured {coloured(colour)}"
        case Adjust(part, tone, strength):
            return f"{part}: {tone}" if strength == 1 else f"{part}: {tone} x{strength:.3g}"


def read(prompt: str) -> str:
    return "; ".join(map(written, parse(prompt)))


def groups(rows: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Rows of the table, twenty to a test: a test of its own for each of them costs more than its reading."""
    return [rows[start : start + 20] for start in range(0, len(rows), 20)]


def first_prompt(rows: list[tuple[str, str]]) -> str:
    return rows[0][0]


@pytest.mark.parametrize("rows", groups(UNDERSTOOD), ids=first_prompt)
def test_prompts_are_read_as_the_table_says(rows: list[tuple[str, str]]) -> None:
    assert {prompt: reading_or_reason(prompt) for prompt, _ in rows} == dict(rows)


@pytest.mark.parametrize("rows", groups(REFUSED), ids=first_prompt)
def test_what_is_not_understood_is_refused_with_a_reason_that_names_it(rows: list[tuple[str, str]]) -> None:
    reasons = {prompt: reading_or_reason(prompt) for prompt, _ in rows}

    assert {prompt: reasons[prompt] for prompt, word in rows if word.lower() not in reasons[prompt].lower()} == {}
    assert [reason for reason in reasons.values() if not reason.startswith("REFUSED: ")] == []
    assert [reason for reason in reasons.values() if "\\n" in reason or "\n" in reason] == []


def reading_or_reason(prompt: str) -> str:
    """How the prompt is read, or why it is refused without what can be asked for instead."""
    try:
        return read(prompt)
    except Refused as refused:
        reason, _, abilities = refused.reason.partition(" It can ")
        assert f"It can {abilities}" == ABILITIES
        return f"REFUSED: {reason}"


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("keep the sky, change the background to white", "The prompt asks to change what it asks to keep."),
        ("make the picture sepia but keep the sky", "The prompt asks to change what it asks to keep."),
        ("keep the subject", "The prompt does not say what to change."),
        ("hello", "The prompt does not say what to change."),
        ("", "The prompt does not say what to change."),
        ("is the background white?", "The local engine does not answer a question; say what to change."),
        (
            "remove the person in the background",
            'An object can be named only by its place: for example "the object on the left".',
        ),
        ("remove the subject", 'An object can be named only by its place: for example "the object on the left".'),
        (
            "remove the red object on the left",
            'An object can be named only by its place: for example "the object on the left".',
        ),
        (
            "remove the person on the left",
            'An object can be named only by its place: for example "the object on the left".',
        ),
        ("remove the left side", 'Say what to take away: for example "the object on the left".'),
        ("remove the object", 'Say where the object is: for example "remove the object in the upper right corner".'),
        ("remove object in the corner", 'Say which corner: for example "upper right corner".'),
        (
            "replace the background",
            'Say what the background should become: for example "make the background a sunset".',
        ),
        ("remove the dog", 'The local engine does not know what "dog" means here.'),
        ("put a mountain behind him", 'The local engine does not know what "mountain" means here.'),
        ("make the sky more dramatic", 'The local engine does not know what "dramatic" means here.'),
        ("make the background #zzz", 'The local engine does not know what "#zzz" means here.'),
        ("don't blur the background", "The prompt only says what not to do."),
        ("don't blur it and make it brighter", "Say what to do first, and what not to do after it."),
        ("too dark, not brighter", "The prompt asks for what it asks not to do."),
        ("picture very dark, make it brighter", 'The prompt asks for "darker" and for "brighter".'),
        ("turn the colours around", 'The local engine does not know what to do with "around".'),
        (
            "saturation to 80",
            'The local engine does not know what to do with "80". Give amounts as "up by 20%", "-20%" or "to 80%".',
        ),
        (
            "white background on the left half",
            'The local engine cannot work on "on the left half" alone; it only removes an object at a place.',
        ),
        ("turn black and white into colour", "The local engine cannot colour a black and white picture."),
        ("contrast 20%", 'Say "to 20%", "up by 20%" or "down by 20%".'),
        ("increase brightness to 80%", '"to 80%" would lower it: the present value is 100%.'),
        ("brighten, then a white background and a black background", "The prompt asks for two backgrounds at once."),
    ],
)
def test_a_reason_is_a_short_sentence_and_what_can_be_done_follows(prompt: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(prompt)

    assert refused.value.reason == f"{reason} {ABILITIES}"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=10))
@settings(deadline=None)
def test_any_words_are_understood_or_refused(words: list[str]) -> None:
    with contextlib.suppress(Refused):
        assert parse(" ".join(words))


@given(st.text(max_size=40))
@settings(deadline=None)
def test_any_text_is_understood_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        assert parse(text)


# "Everything but the subject" and "everything but not the subject" are the same.
@given(st.data(), st.sampled_from([row for row in UNDERSTOOD if " but " not in row[0]]))
@settings(deadline=None, max_examples=200)
def test_a_negation_never_leaves_the_reading_as_it_was(data: st.DataObject, row: tuple[str, str]) -> None:
    assert reading_with(data, row[0], ["not", "don't", "never"]) != row[1]


@given(st.data(), st.sampled_from(UNDERSTOOD))
@settings(deadline=None, max_examples=200)
def test_a_word_that_is_not_known_is_never_passed_over(data: st.DataObject, row: tuple[str, str]) -> None:
    assert reading_with(data, row[0], ["dog", "if", "unless", "mountain", "than", "almost", "was", "twice"]) != row[1]


def reading_with(data: st.DataObject, prompt: str, words: list[str]) -> str:
    """How the prompt is read with one more word in it; nothing if it is refused."""
    said = prompt.split(" ")
    at = data.draw(st.integers(0, len(said)), label="at")
    said.insert(at, data.draw(st.sampled_from(words), label="word"))
    try:
        return read(" ".join(said))
    except Refused:
        return ""
