"""Which job a person means: the content of a file says more than its path, and nothing is guessed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aeforge_cli.errors import JobNotFound, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.jobs.lookup import FoundBy, digest, job_of, known_job_id
from aeforge_cli.journal.interface import Journal, State, Step
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.conftest import png
from tests.journal.conftest import INTENT, bought, job_id

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path / "state")
    yield opened
    opened.close()


def saved(journal: Journal, number: int, path: Path, content: bytes) -> str:
    """The id of a job that saved the content there."""
    path.write_bytes(content)
    known = job_id(number)
    row = bought(journal, State.ACCEPTED, intent=INTENT._replace(work=str(number)), job_id=known)
    file = SavedFile(str(path), None, len(content), digest(path), 16, 16, "png")
    journal.record(row, Step(State.SAVED, job_id=known, files=[file]), NOW)
    return known


def test_the_content_of_a_file_says_more_than_its_place(journal: Journal, tmp_path: Path) -> None:
    first = saved(journal, 1, tmp_path / "a.png", png(1))
    saved(journal, 2, tmp_path / "b.png", png(2))
    (tmp_path / "a.png").rename(tmp_path / "b.png")

    found = job_of(journal, str(tmp_path / "b.png"))

    assert (found.row.job_id, found.by) == (first, FoundBy.CONTENT)


def test_an_edited_file_is_found_by_its_place(journal: Journal, tmp_path: Path) -> None:
    known = saved(journal, 1, tmp_path / "a.png", png(1))
    (tmp_path / "a.png").write_bytes(b"edited")

    found = job_of(journal, str(tmp_path / "a.png"))

    assert (found.row.job_id, found.by) == (known, FoundBy.PATH)


def test_a_file_that_no_job_has_made_is_told(journal: Journal, tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_bytes(png())

    with pytest.raises(JobNotFound, match="No job is known that made"):
        job_of(journal, str(tmp_path / "mine.png"))


def test_an_id_may_be_cut_as_long_as_one_job_has_it(journal: Journal) -> None:
    ids = [job_id(1), job_id(12)]
    for number, known in enumerate(ids):
        bought(journal, State.ACCEPTED, intent=INTENT._replace(work=str(number)), job_id=known)

    assert known_job_id(journal, ids[0]) == ids[0]
    assert known_job_id(journal, ids[1][:-1]) == ids[1]
    with pytest.raises(Usage, match="is the beginning of 2 job ids"):
        known_job_id(journal, "550e8400")


def test_a_whole_id_is_its_own_job_though_another_begins_with_it(journal: Journal) -> None:
    for number, known in enumerate(("abc", "abcdef")):
        bought(journal, State.ACCEPTED, intent=INTENT._replace(work=str(number)), job_id=known)

    assert (known_job_id(journal, "abc"), known_job_id(journal, "abcd")) == ("abc", "abcdef")


def test_an_id_that_is_not_known_is_taken_as_it_is(journal: Journal) -> None:
    assert known_job_id(journal, "elsewhere-7") == "elsewhere-7"


def test_where_there_is_no_job_there_is_no_last_one(journal: Journal) -> None:
    with pytest.raises(Usage, match="There is no last job"):
        known_job_id(journal, "@last")

    bought(journal, State.ACCEPTED)
    bought(journal, State.NOT_SENT, intent=INTENT._replace(work="never sent"))
    assert known_job_id(journal, "@last") == "550e8400-e29b-41d4-a716-446655440000"
