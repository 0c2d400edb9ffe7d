"""Rows carried to another journal: every line is checked before one is taken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aeforge_cli.errors import Usage
from aeforge_cli.files.inputs import MOST_TEXT
from aeforge_cli.files.texts import lines_of
from aeforge_cli.jobs.exchange import SCHEMA, exported, imported
from aeforge_cli.journal.interface import Journal, State
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.journal.conftest import INTENT, bought, job_id


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "ours")
    yield opened
    opened.close()


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "theirs")
    yield opened
    opened.close()


@pytest.fixture
def line(theirs: Journal) -> dict[str, Any]:
    """A row as it is carried."""
    number = bought(theirs, State.ACCEPTED)
    row = theirs.row(number)
    assert row is not None
    return {"schema": SCHEMA, **exported(row)}


def text(*lines: dict[str, Any]) -> list[str]:
    return [f"{json.dumps(line)}\n" for line in lines]


def ids(journal: Journal) -> list[str | None]:
    """Of all rows, the newest first."""
    return [row.job_id for row in journal.rows()]


def test_rows_come_in_the_order_in_which_they_were_made(ours: Journal, line: dict[str, Any]) -> None:
    rows = [
        line | {"work": str(day), "job_id": job_id(day), "created": f"2026-01-{day:02}T00:00:00.000+00:00"}
        for day in (3, 1, 2)
    ]

    assert imported(text(*rows), "jobs.jsonl", ours) == (3, 3)
    assert ids(ours) == [job_id(day) for day in (3, 2, 1)]


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a newer schema": ({"schema": 2}, "it comes from a newer aeforge"),
    "another schema": ({"schema": 0}, "it has no schema 1"),
    "no schema": ({"schema": None}, "it has no schema 1"),
    "an unknown state": ({"state": "dreaming"}, "its state is not known"),
    "an id that leads elsewhere": ({"job_id": "../../user"}, "job_id is not a job id"),
    "a negative price": ({"price": -1}, "price is not a whole number"),
    "a price that no database holds": ({"price": 1 << 62}, "price is not a whole number"),
    "a price that is a boolean": ({"price": True}, "price is not a whole number"),
    "a price with a point": ({"price": 1.5}, "price is not a whole number"),
    "a time without a zone": ({"created": "2026-01-31T12:00:00"}, "created is not a time"),
    "no time": ({"updated": "soon"}, "updated is not a time"),
    "no work": ({"work": ""}, "work is not text"),
    "a zero byte": ({"service": "a\0b"}, "service is not printable"),
    "half of a surrogate pair": ({"prompt": "\ud800"}, "it holds half of a surrogate pair"),
    "half of one in the details": ({"details": {"a": ["\udfff"]}}, "it holds half of a surrogate pair"),
    "details that are a list": ({"details": []}, "details is not an object"),
    "files that are none": ({"files": [7]}, "files is not a list of files"),
    "a file of a negative size": ({"files": [{"path": "a", "bytes": -1}]}, "files is not a list of files"),
}


@pytest.mark.parametrize(("change", "why"), BROKEN.values(), ids=BROKEN)
def test_one_bad_line_and_none_is_taken(ours: Journal, line: dict[str, Any], change: dict[str, Any], why: str) -> None:
    with pytest.raises(Usage, match=r"jobs\.jsonl:2 is not a row of a journal; nothing was imported") as refused:
        imported(text(line, line | change), "jobs.jsonl", ours)

    assert (refused.value.why.startswith(why), ids(ours)) == (True, [])


def test_what_is_not_json_is_named_by_its_line(ours: Journal, line: dict[str, Any]) -> None:
    with pytest.raises(Usage, match=r"jobs\.jsonl:3"):
        imported([*text(line), "\n", "{half"], "jobs.jsonl", ours)

    assert ids(ours) == []


def test_a_budget_counts_what_was_bought_elsewhere(ours: Journal, line: dict[str, Any]) -> None:
    imported(text(line), "jobs.jsonl", ours)

    assert ours.spent(INTENT.service, INTENT.account, "2026-01-31", "credits") == INTENT.price


def test_an_export_may_be_longer_than_a_list_may_be(ours: Journal, line: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    blank = b" " * (1 << 20) + b"\n"
    path.write_bytes(text(line)[0].encode() + blank * (MOST_TEXT >> 20) + text(line | {"work": "beef"})[0].encode())

    assert imported(lines_of(str(path), hint=""), "jobs.jsonl", ours) == (2, 2)


def test_a_text_without_an_end_of_line_is_not_read_for_ever() -> None:
    with pytest.raises(Usage, match="/dev/zero has a line longer than 16 MiB"):
        list(lines_of("/dev/zero", hint=""))


def test_a_file_that_is_not_utf_8_is_no_export(ours: Journal, tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    path.write_bytes(b"\xff\xfe{\0")

    with pytest.raises(Usage, match="cannot be read") as refused:
        imported(lines_of(str(path), hint=""), "jobs.jsonl", ours)
    assert refused.value.why == "it is not UTF-8 text"


def test_rows_of_one_work_find_each_other_within_one_import(ours: Journal, line: dict[str, Any]) -> None:
    later = line | {"state": "saved", "updated": "2026-02-01T00:00:00.000+00:00"}
    others = [line | {"work": f"{number}"} for number in range(700)]

    assert imported(text(*others, line, later, line), "jobs.jsonl", ours) == (702, 703)
    assert [row.state for row in ours.of_work(line["work"], line["service"])] == [State.SAVED]
