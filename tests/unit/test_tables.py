"""Tables: aligned, harmless, and never wider than the terminal."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.output.tables import Column, Table, Values, cells, drawn, folded, journal_columns
from aeforge_cli.output.untrusted import clean

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FIRST, SECOND = "550e8400-e29b-41d4-a716-446655440000", "661f9511-f3ac-42e5-b827-557766551111"


def entry(job_id: str | None = FIRST, input_: str | None = "photo.png", prompt: str | None = "blue sky") -> Values:
    created = "2026-11-25T11:57:00+00:00"
    return {
        "job_id": job_id,
        "state": "saved",
        "created": created,
        "operation": "inpaint",
        "input": input_,
        "prompt": prompt,
    }


def listed(rows: list[Values], width: int | None) -> list[str]:
    return list(drawn(Table(rows, journal_columns(rows, NOW)), width))


def test_columns_are_aligned_below_their_headings_and_cells_are_harmless() -> None:
    columns = [Column.of("name"), Column.of("base_url")]

    lines = list(
        drawn(Table([{"name": "longer", "base_url": "\x1b[2J"}, {"name": "a", "base_url": None}], columns), None)
    )

    assert lines == ["NAME    BASE URL", "longer  ^[[2J", "a       -"]


def test_a_table_without_rows_is_empty() -> None:
    assert listed([], 80) == []


def test_on_a_terminal_ids_are_short_and_times_relative() -> None:
    assert listed([entry(), entry(SECOND)], 80) == [
        "JOB       STATE  CREATED    OPERATION  INPUT      PROMPT",
        "550e8400  saved  3 min ago  inpaint    photo.png  blue sky",
        "661f9511  saved  3 min ago  inpaint    photo.png  blue sky",
    ]


def test_in_a_pipe_ids_and_times_are_whole() -> None:
    assert listed([entry()], None)[1] == f"{FIRST}  saved  2026-11-25 11:57  inpaint    photo.png  blue sky"


def test_ids_that_begin_alike_are_shown_as_far_as_they_differ() -> None:
    rows = [entry("550e8400-e29b"), entry("550e8400-e2ff"), entry(None)]

    assert [line.split()[0] for line in listed(rows, 80)] == ["JOB", "550e8400-e29", "550e8400-e2f", "-"]


def test_on_a_narrow_terminal_long_cells_are_cut_and_say_so() -> None:
    lines = listed([entry(prompt="Change the background to a blue sky with a few clouds in it")], 80)

    assert lines[1] == "550e8400  saved  3 min ago  inpaint    photo.png  Change the background to a bl…"


def test_where_that_is_not_enough_the_last_columns_are_left_out() -> None:
    lines = listed([entry(input_="photos/holiday/beach.png", prompt="Change the background")], 52)

    assert lines == [
        "JOB       STATE  CREATED    OPERATION  INPUT",
        "550e8400  saved  3 min ago  inpaint    photos/holid…",
    ]


def test_a_wide_terminal_shows_all_there_is() -> None:
    prompt = "Change the background to a blue sky with a few clouds in it"

    assert listed([entry(prompt=prompt)], 200)[1].endswith(prompt)


def test_characters_of_two_cells_are_counted_as_two() -> None:
    lines = listed([entry(input_="日本.png"), entry(input_="e\u0301.png")], 80)

    assert [cells(line.partition("blue")[0]) for line in lines[1:]] == [49, 49]


text = st.none() | st.text(st.characters(), max_size=80)


@pytest.mark.parametrize("width", [50, 60, 80, 200])
@given(st.lists(st.builds(entry, st.just(FIRST), text, text), min_size=1, max_size=5))
def test_no_line_is_wider_than_the_terminal(width: int, rows: list[Values]) -> None:
    lines = listed(rows, width)

    assert [line for line in lines if cells(line) > width or line != clean(line)] == []


def test_text_is_broken_between_words_and_by_the_cells_that_they_fill() -> None:
    text = "error: 写真.jpg cannot be read and is far too long"

    assert list(folded(text, 24, "       ")) == [
        "error: 写真.jpg cannot",
        "       be read and is",
        "       far too long",
    ]
    assert list(folded("why:   https://example.com/a-link-that-is-long", 10, "  ")) == [
        "why:",
        "  https://example.com/a-link-that-is-long",
    ]
