"""A journal of the first schema comes along whole, whenever the process is killed."""

import fcntl
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aeforge_cli.errors import JournalBusy, JournalDamaged
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import Claimed, Reuse, Row, State, Taken
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.faults.tracing import killing
from tests.journal.conftest import FILE, INTENT, JOB, NOW, Journals, job_id

SCHEMA_1 = """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY, work TEXT NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL, run TEXT NOT NULL,
    operation TEXT NOT NULL, state TEXT NOT NULL, job_id TEXT, input TEXT, prompt TEXT, output TEXT,
    created TEXT NOT NULL, updated TEXT NOT NULL, files TEXT NOT NULL DEFAULT '[]', reason TEXT,
    pending_at REAL, ended_by REAL
);
CREATE INDEX by_work ON jobs (work, service, account);
CREATE INDEX by_job_id ON jobs (job_id);
CREATE INDEX by_state ON jobs (state);
PRAGMA user_version=1;
"""
CREATED = "2026-01-31T12:00:00.000+00:00"
UPDATED = "2026-01-31T12:00:05.000+00:00"


def an_old_journal(folder: Path, rows: int = 3, file: str = "/out/sky.png") -> None:
    """Rows in every state, in turn, the first of them saved, as the first schema had them."""
    folder.mkdir(exist_ok=True)
    states = [State.SAVED, *(state for state in State if state is not State.SAVED)]
    with closing(sqlite3.connect(folder / "jobs.sqlite3")) as database:
        database.executescript(SCHEMA_1)
        for number in range(1, rows + 1):
            state = states[(number - 1) % len(states)]
            files = [{"path": file, "url": "https://cdn.test/a.png?***", "bytes": 7, "sha256": "ab"}]
            files = [each | {"width": 16, "height": 16, "format": "png"} for each in files]
            database.execute(
                "INSERT INTO jobs VALUES (?, ?, ?, ?, 'run', 'inpaint', ?, ?, ?, ?, ?, ?, ?, ?, NULL, 2.0, 3.5)",
                (
                    *(number, f"work-{number}", INTENT.service, INTENT.account, state, job_id(number).upper()),
                    *(json.dumps("caf\udce9.png"), json.dumps("blue sky"), json.dumps("/out/sky.png")),
                    *(CREATED, UPDATED, json.dumps(files if state is State.SAVED else [])),
                ),
            )
        database.commit()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def workers(folder: Path) -> Iterator[Journals]:
    found = Journals("", folder)
    yield found
    found.close()


def test_a_journal_that_cannot_be_converted_is_set_aside_as_it_was(folder: Path) -> None:
    an_old_journal(folder)
    with closing(sqlite3.connect(folder / "jobs.sqlite3")) as database:
        database.executescript("CREATE TABLE holds (x)")  # in the place of one of ours

    with pytest.raises(JournalDamaged):
        SqliteJournal(folder)

    with closing(sqlite3.connect(folder / "jobs.sqlite3.damaged-1")) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert (tables, database.execute("SELECT count(*) FROM jobs").fetchone()) == ({"jobs", "holds"}, (3,))


def test_every_row_of_the_first_schema_comes_along(folder: Path) -> None:
    an_old_journal(folder, rows=9)

    with closing(SqliteJournal(folder)) as journal:
        rows = list(journal.rows())

        assert [row.number for row in rows] == list(range(9, 0, -1))
        assert journal.row(1) == Row(
            number=1,
            work="work-1",
            service=INTENT.service,
            account=INTENT.account,
            run="run",
            host=journal.host,
            operation="inpaint",
            state=State.SAVED,
            job_id=job_id(1).upper(),
            input="caf\udce9.png",
            prompt="blue sky",
            output="/out/sky.png",
            quality=None,
            profile=None,
            price=None,
            unit=None,
            details={},
            created=CREATED,
            updated=UPDATED,
            reason=None,
            files=(SavedFile("/out/sky.png", "https://cdn.test/a.png?***", 7, "ab", 16, 16, "png"),),
            results=(SavedFile("/out/sky.png", "https://cdn.test/a.png?***", 7, "ab", 16, 16, "png"),),
        )


def test_the_rows_that_came_along_answer_every_question(folder: Path) -> None:
    an_old_journal(folder, rows=9)

    with closing(SqliteJournal(folder)) as journal:
        assert [made.work for made in journal.made("ab")] == ["work-1"]
        assert journal.saved_at(FILE.path) == journal.by_job_id(job_id(1)) == journal.row(1)
        pending = {State.SUBMITTING, State.UNKNOWN, State.ACCEPTED, State.SUCCEEDED}
        assert {row.state for row in journal.rows(pending=True)} == pending
        assert isinstance(journal.claim(INTENT._replace(work="work-1"), NOW, Reuse.FINISHED), Taken)
        assert journal.claim(INTENT, NOW, Reuse.FINISHED) == Claimed(10)


def test_a_state_that_is_not_known_is_one_whose_end_is_not_known(folder: Path) -> None:
    an_old_journal(folder)
    with closing(sqlite3.connect(folder / "jobs.sqlite3")) as database:
        database.execute("UPDATE jobs SET state = 'levitating'")
        database.commit()

    with closing(SqliteJournal(folder)) as journal:
        assert {row.state for row in journal.rows(pending=True)} == {State.UNKNOWN}
        assert journal.count_pending() == 3


def test_a_name_that_was_typed_is_made_whole_where_the_file_stands(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here.png").write_bytes(b"7 bytes")
    monkeypatch.chdir(tmp_path)
    an_old_journal(folder, file="here.png")
    other = tmp_path / "other"
    an_old_journal(other, file="elsewhere.png")

    with closing(SqliteJournal(folder)) as journal, closing(SqliteJournal(other)) as second:
        assert [made.path for made in journal.made("ab")] == [str(tmp_path / "here.png")]
        assert [made.path for made in second.made("ab")] == ["elsewhere.png"]


def test_an_empty_journal_of_the_first_schema_comes_along(folder: Path) -> None:
    an_old_journal(folder, rows=0)

    with closing(SqliteJournal(folder)) as journal:
        assert journal.last() is None


def test_processes_that_open_an_old_journal_together_convert_it_once(workers: Journals) -> None:
    an_old_journal(workers.folder, rows=300)

    workers.together("race", *([[f"work-{who}"] for who in range(4)]))

    with closing(SqliteJournal(workers.folder)) as journal:
        assert {row.work for row in journal.rows()} == {f"work-{number}" for number in range(301)}


def test_an_older_aeforge_that_still_runs_keeps_its_journal(folder: Path) -> None:
    an_old_journal(folder)
    (folder / "runs").mkdir()
    before = (folder / "jobs.sqlite3").read_bytes()

    with (folder / "runs" / "run.lock").open("xb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(JournalBusy, match="in use by an older aeforge"):
            SqliteJournal(folder)

    assert (folder / "jobs.sqlite3").read_bytes() == before
    with closing(SqliteJournal(folder)) as journal:
        assert [row.number for row in journal.rows()] == [3, 2, 1]


POINTS = (
    *(("pwrite64", number) for number in (1, 2, 40, 90, 150)),
    *(("fdatasync", number) for number in (1, 2, 3, 4, 5)),
    ("ftruncate", 1),
)


@pytest.mark.parametrize(("call", "number"), POINTS, ids=str)
def test_killed_while_it_converts_nothing_is_lost(
    workers: Journals, strace: str, tmp_path: Path, call: str, number: int
) -> None:
    an_old_journal(workers.folder, rows=300)
    an_old_journal(tmp_path / "other", rows=300)
    with closing(SqliteJournal(tmp_path / "other")) as other:
        expected = [row._replace(host="") for row in other.rows()]
    worker = workers.worker("race", under=killing(strace, (call, number)))

    assert "open" not in worker.finish()

    with closing(sqlite3.connect(workers.folder / "jobs.sqlite3")) as database:
        version = database.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert (version, tables) in [((1,), {"jobs"}), ((2,), {"jobs", "files", "holds"})]
    with closing(SqliteJournal(workers.folder)) as journal:
        assert [row._replace(host="") for row in journal.rows()] == expected
        assert journal.by_job_id(JOB) is None
