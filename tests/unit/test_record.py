"""Records of a project: relative paths, stable lines, and nothing of a foreign file believed."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.errors import CannotSave, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.jobs.record import differing, read_record, require_writable, write_record
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.journal.interface import Claimed, Intent, Journal, NoJournal, Reuse, State, Step
from aeforge_cli.journal.sqlite import SqliteJournal

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SHA = {text: f"{number:064x}" for number, text in enumerate("abc")}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "state")
    yield opened
    opened.close()


def saved(journal: Journal, *paths: Path, job_id: str = "j1") -> JobResult:
    """A job whose results were saved there."""
    claim = journal.claim(Intent(job_id, "service", "account", "inpaint", prompt="blue sky"), NOW, Reuse.NOTHING)
    assert isinstance(claim, Claimed)
    files = [SavedFile(str(path), sha256=SHA[path.stem[0]], bytes=3, format="png") for path in paths]
    journal.record(claim.number, Step(State.SAVED, job_id=job_id, files=files), NOW)
    return JobResult(job_id, "Succeed", files=tuple(files))


def names(record: Path) -> list[object]:
    return [line["path"] for line in read_record(record)]


def test_lines_are_sorted_by_path_and_replaced_by_path(tmp_path: Path, journal: SqliteJournal) -> None:
    record = tmp_path / "r.jsonl"
    write_record(record, [saved(journal, tmp_path / "b.png", tmp_path / "a.png")], journal)

    write_record(record, [saved(journal, tmp_path / "a.png", tmp_path / "art" / "c.png", job_id="j2")], journal)

    assert [(line["path"], line["job_id"]) for line in read_record(record)] == [
        ("a.png", "j2"),
        ("art/c.png", "j2"),
        ("b.png", "j1"),
    ]


def test_the_same_result_again_writes_nothing(tmp_path: Path, journal: SqliteJournal) -> None:
    record, result = tmp_path / "r.jsonl", saved(journal, tmp_path / "a.png")
    write_record(record, [result], journal)
    record.chmod(0o400)
    before = record.stat()

    write_record(record, [result, replace(result, status="Skipped")], journal)

    after = record.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_run_without_any_file_leaves_an_empty_record(tmp_path: Path) -> None:
    write_record(tmp_path / "r.jsonl", [JobResult("j1", "Pending")], NoJournal())

    assert (tmp_path / "r.jsonl").read_text() == ""


def test_a_result_on_standard_output_is_no_file_of_the_project(tmp_path: Path, journal: SqliteJournal) -> None:
    result = saved(journal, tmp_path / "a.png")
    piped = replace(result, files=(replace(result.files[0], path="-"),))

    write_record(tmp_path / "r.jsonl", [piped], journal)

    assert names(tmp_path / "r.jsonl") == []


def test_a_file_that_no_job_is_known_for_is_not_recorded(tmp_path: Path) -> None:
    result = JobResult("j1", "Succeed", files=(SavedFile(str(tmp_path / "a.png"), sha256=SHA["a"]),))

    write_record(tmp_path / "r.jsonl", [result], NoJournal())

    assert read_record(tmp_path / "r.jsonl") == []


def test_through_a_linked_folder_the_path_still_leads_to_the_file(tmp_path: Path, journal: SqliteJournal) -> None:
    (tmp_path / "deep" / "project").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "project")

    write_record(tmp_path / "link" / "r.jsonl", [saved(journal, tmp_path / "a.png")], journal)

    assert names(tmp_path / "link" / "r.jsonl") == ["../../a.png"]


# Names as the system has them: any bytes, of which those that are no UTF-8 become lone surrogates.
NAMES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), max_size=20),
    st.binary(max_size=20).map(lambda name: os.fsdecode(name.replace(b"/", b"").replace(b"\0", b""))),
)


@given(NAMES)
def test_any_name_is_written_and_read_again(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("record")
    journal = SqliteJournal(folder / "state")
    path = folder / f"a{name}.png"

    write_record(folder / "r.jsonl", [saved(journal, path)], journal)

    journal.close()
    assert names(folder / "r.jsonl") == [path.name]
    assert len((folder / "r.jsonl").read_text(encoding="utf-8").split("\n")) == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"path": 1}', "<<<<<<< HEAD"], ids=["cut", "a list", "no path", "git"])
def test_a_line_that_is_none_is_named_before_anything_is_sent(tmp_path: Path, text: str) -> None:
    record = tmp_path / "r.jsonl"
    record.write_text(f'{{"path": "a.png"}}\n\n{text}\n')

    with pytest.raises(Usage, match=r"r\.jsonl:3 is not a line of a record"):
        require_writable(record)


def test_a_record_is_neither_a_folder_nor_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none" / "r.jsonl"):
        with pytest.raises(CannotSave):
            require_writable(path)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_line_without_a_hash_verifies_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "r.jsonl").write_text(json.dumps({"path": "a.png"}))

    [found] = differing(tmp_path / "r.jsonl", read_record(tmp_path / "r.jsonl"))

    assert (found.problem, found.sha256) == ("changed", None)
