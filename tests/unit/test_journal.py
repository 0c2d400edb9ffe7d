"""What was bought and what became of it survives everything: other processes, crashes, damage, newer versions."""

import multiprocessing
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aeforge_cli.errors import AeforgeError, JournalDamaged, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import (
    Claimed,
    Claiming,
    JournalUnwritable,
    Lasted,
    NoJournal,
    State,
    Step,
    Taken,
    Work,
    known_job_id,
)
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.unit.conftest import JOB, some_job_ids

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
WORK = Work("f00d", "https://api.test/v1", "a1b2", "inpaint", "photo.png", "blue sky", "/out/sky.png")
FILE = SavedFile("/out/sky.png", "https://cdn.test/a.png?Signature=secret", 7, "ab", 16, 16, "png")


Open = Callable[..., SqliteJournal]


@pytest.fixture
def open_journal(tmp_path: Path) -> Iterator[Open]:
    """Each call is another process with the same journal."""
    opened: list[SqliteJournal] = []

    def open_one(folder: Path = tmp_path / "state", *, history: bool = True) -> SqliteJournal:
        opened.append(SqliteJournal(folder, history=history))
        return opened[-1]

    yield open_one
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(open_journal: Open) -> SqliteJournal:
    return open_journal()


def bought(journal: SqliteJournal, *states: State, job_id: str = JOB, work: Work = WORK) -> int:
    """The number of a row that went through the states."""
    claim = journal.claim(work, NOW, Claiming.ANEW)
    assert isinstance(claim, Claimed)
    for state in states:
        known = None if state in {State.NOT_SENT, State.REJECTED, State.UNKNOWN} else job_id
        journal.record(claim.number, Step(state, job_id=known), NOW + timedelta(seconds=5))
    return claim.number


# ------------------------------------------------------------------ rows


def test_the_life_of_a_job_is_written_down_step_by_step(journal: SqliteJournal) -> None:
    claim = journal.claim(WORK, NOW, Claiming.GO_ON)
    assert claim == Claimed(1)
    [row] = journal.entries()
    assert row.as_json() == {
        "job_id": None,
        "state": "submitting",
        "operation": "inpaint",
        "input": "photo.png",
        "prompt": "blue sky",
        "output": "/out/sky.png",
        "service": "https://api.test/v1",
        "created": "2026-01-31T12:00:00.000+00:00",
        "updated": "2026-01-31T12:00:00.000+00:00",
        "files": (),
        "reason": None,
    }

    journal.record(1, Step(State.ACCEPTED, job_id=JOB), NOW)
    journal.record(1, Step(State.SUCCEEDED, lasted=Lasted(2.0, 3.5)), NOW)
    journal.record(1, Step(State.SAVED, files=[FILE]), NOW + timedelta(seconds=5))

    [row] = journal.entries()
    assert (row.job_id, row.state, row.updated) == (JOB, State.SAVED, "2026-01-31T12:00:05.000+00:00")
    assert row.saved_files == (replace(FILE, url="https://cdn.test/a.png?***"),)
    assert journal.durations("inpaint", "https://api.test/v1") == [Lasted(2.0, 3.5)]


def test_what_is_recorded_is_there_for_the_next_process(journal: SqliteJournal, open_journal: Open) -> None:
    bought(journal, State.ACCEPTED)
    rows = journal.entries()

    assert open_journal().entries() == rows


def test_an_id_once_known_is_never_lost_by_a_later_state(journal: SqliteJournal) -> None:
    number = bought(journal, State.ACCEPTED)
    journal.record(number, Step(State.SUCCEEDED, files=[FILE]), NOW)

    journal.record(number, Step(State.SUCCEEDED, reason="one result is missing"), NOW)

    [row] = journal.entries()
    assert (row.job_id, len(row.saved_files), row.reason) == (JOB, 1, "one result is missing")


def test_without_history_neither_prompts_nor_names_are_kept(tmp_path: Path, open_journal: Open) -> None:
    journal = open_journal(tmp_path / "private", history=False)
    number = bought(journal, State.ACCEPTED)
    journal.record(number, Step(State.SAVED, files=[FILE]), NOW)

    [row] = journal.entries()
    assert (row.job_id, row.input, row.prompt, row.output) == (JOB, None, None, "")
    assert row.saved_files == ()
    journal.close()
    content = b"".join(path.read_bytes() for path in (tmp_path / "private").rglob("*") if path.is_file())
    assert [word for word in (b"photo", b"sky", b"Signature", b"secret") if word in content] == []


def test_a_name_that_is_no_utf8_is_kept_as_it_is(journal: SqliteJournal) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    bought(journal, State.ACCEPTED, work=WORK._replace(input=name))

    assert journal.entries()[0].input == name


def test_rows_are_listed_newest_first_and_found_by_what_people_remember(journal: SqliteJournal) -> None:
    one, two, three = some_job_ids(3)
    bought(journal, State.ACCEPTED, State.SAVED, job_id=one, work=WORK._replace(key="1", prompt="Blue SKY"))
    bought(journal, State.ACCEPTED, job_id=two, work=WORK._replace(key="2", input="cat.png", output=None, prompt="x"))
    bought(journal, State.ACCEPTED, State.FAILED, job_id=three, work=WORK._replace(key="3", prompt="red", output=None))

    def found(**how: object) -> list[str | None]:
        return [row.job_id for row in journal.entries(**how)]  # type: ignore[arg-type]  # each test gives its own

    assert found() == [three, two, one]
    assert found(pending=True) == [two]
    assert found(search="blue sky") == [one]
    assert found(search="CAT") == [two]
    assert found(search="failed") == [three]
    assert found(search=one) == [one]
    assert found(limit=2) == [three, two]
    assert found(search="nothing") == []


def test_durations_are_those_of_the_same_operation_and_service(journal: SqliteJournal) -> None:
    for seconds, work in (
        (1.0, WORK),
        (2.0, WORK._replace(operation="upscale")),
        (3.0, WORK._replace(service="other")),
    ):
        journal.record(
            bought(journal, State.ACCEPTED, work=work), Step(State.SUCCEEDED, lasted=Lasted(0.0, seconds)), NOW
        )
    journal.record(bought(journal, State.ACCEPTED), Step(State.SUCCEEDED, lasted=Lasted(0.0, 4.0)), NOW)

    assert journal.durations("inpaint", WORK.service) == [Lasted(0.0, 4.0), Lasted(0.0, 1.0)]
    assert journal.durations("inpaint", WORK.service, limit=1) == [Lasted(0.0, 4.0)]


def test_ids_are_offered_to_the_shell_while_their_jobs_are_unfinished(tmp_path: Path, open_journal: Open) -> None:
    one, two = some_job_ids(2)
    journal = open_journal()
    bought(journal, State.ACCEPTED, State.SAVED, job_id=one, work=WORK._replace(key="1"))
    bought(journal, State.ACCEPTED, job_id=two, work=WORK._replace(key="2"))

    journal.close()

    assert (tmp_path / "state" / "pending-jobs").read_text() == f"{two}\n"
    assert [path.name for path in (tmp_path / "state").glob(".pending-*")] == []


# ------------------------------------------------------------------ ids in short


def test_a_job_is_named_by_the_beginning_of_its_id_or_as_the_last(journal: SqliteJournal) -> None:
    bought(journal, State.ACCEPTED, job_id="abc-1")
    bought(journal, State.ACCEPTED, job_id="abd-2")
    bought(journal, State.NOT_SENT)

    assert known_job_id(journal, "@last") == "abd-2"
    assert known_job_id(journal, "abc") == "abc-1"
    assert known_job_id(journal, "abd-2") == "abd-2"
    assert known_job_id(journal, "from-elsewhere") == "from-elsewhere"


def test_a_beginning_of_several_ids_is_not_guessed(journal: SqliteJournal) -> None:
    for job_id in ("abc-1", "abd-2", "abc-1"):
        bought(journal, State.ACCEPTED, job_id=job_id)

    with pytest.raises(Usage) as refused:
        known_job_id(journal, "ab")

    assert (refused.value.message, refused.value.hint) == (
        "ab is the beginning of 2 job ids",
        "give more of it: abc-1, abd-2",
    )
    assert known_job_id(journal, "abc") == "abc-1"


@pytest.mark.parametrize(
    ("text", "job_id"), [("%", "%"), ("_bc-1", "_bc-1"), ("a%1", "a%1"), ("\\", "\\"), ("ABC", "abc-1")]
)
def test_the_beginning_of_an_id_is_no_pattern(journal: SqliteJournal, text: str, job_id: str) -> None:
    bought(journal, State.ACCEPTED, job_id="abc-1")

    assert known_job_id(journal, text) == job_id


def test_an_empty_journal_has_no_last_job(journal: SqliteJournal) -> None:
    with pytest.raises(Usage, match="There is no last job"):
        known_job_id(journal, "@last")


def test_where_no_state_can_be_kept_everything_is_new() -> None:
    journal = NoJournal()
    journal.record(0, Step(State.ACCEPTED, job_id=JOB), NOW)

    assert journal.claim(WORK, NOW, Claiming.GO_ON) == Claimed(0)
    assert (journal.entries(), journal.begins_with("5"), journal.by_job_id(JOB)) == ([], [], None)
    assert (journal.durations("inpaint", "x"), journal.latest("f00d", "x", "y")) == ([], None)
    assert known_job_id(journal, JOB) == JOB


# ------------------------------------------------------------------ claims


IN_THE_WAY = {
    (State.UNKNOWN, "/out"): True,
    (State.ACCEPTED, "/out"): True,
    (State.ACCEPTED, None): True,
    (State.SUCCEEDED, "/out"): True,
    (State.SUCCEEDED, None): False,
    (State.SAVED, "/out"): False,
    (State.FAILED, "/out"): False,
    (State.LOST, "/out"): False,
    (State.NOT_SENT, "/out"): False,
    (State.REJECTED, "/out"): False,
}


@pytest.mark.parametrize(("state", "output"), IN_THE_WAY, ids=str)
def test_only_paid_work_that_is_not_finished_stands_in_the_way(
    journal: SqliteJournal, state: State, output: str | None
) -> None:
    work = WORK._replace(output=output)
    bought(journal, state, work=work)

    claim = journal.claim(work, NOW, Claiming.GO_ON)

    assert isinstance(claim, Taken) is IN_THE_WAY[state, output]
    assert isinstance(journal.claim(work, NOW, Claiming.ANEW), Claimed)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.SUCCEEDED, State.SAVED], ids=str)
def test_resuming_takes_finished_work_for_done(journal: SqliteJournal, state: State) -> None:
    bought(journal, state)

    claim = journal.claim(WORK, NOW, Claiming.RESUME)

    assert isinstance(claim, Taken)
    assert (claim.entry.job_id, claim.entry.state) == (JOB, state)


@pytest.mark.parametrize(
    "other",
    [WORK._replace(key="beef"), WORK._replace(service="https://other.test"), WORK._replace(account="ffff")],
    ids=["other work", "another service", "another account"],
)
def test_only_the_same_work_for_the_same_account_counts(journal: SqliteJournal, other: Work) -> None:
    bought(journal, State.ACCEPTED)

    assert isinstance(journal.claim(other, NOW, Claiming.GO_ON), Claimed)


def test_the_same_work_of_a_living_process_is_waited_for(journal: SqliteJournal, open_journal: Open) -> None:
    bought(open_journal())

    claim = journal.claim(WORK, NOW, Claiming.GO_ON)

    assert isinstance(claim, Taken)
    assert (claim.is_live, claim.entry.state) == (True, State.SUBMITTING)


def test_of_a_process_that_ended_while_submitting_nobody_knows(journal: SqliteJournal, open_journal: Open) -> None:
    dead = open_journal()
    bought(dead)
    dead.close()

    claim = journal.claim(WORK, NOW, Claiming.GO_ON)

    assert isinstance(claim, Taken)
    assert (claim.is_live, claim.entry.state, claim.entry.reason) == (
        False,
        State.UNKNOWN,
        "the process ended before the answer",
    )


def _claim_and_die(folder: Path) -> None:
    SqliteJournal(folder).claim(WORK, NOW, Claiming.GO_ON)
    os._exit(9)


def test_a_killed_process_is_known_to_be_dead(tmp_path: Path, open_journal: Open) -> None:
    process = multiprocessing.get_context("fork").Process(target=_claim_and_die, args=(tmp_path / "state",))
    process.start()
    process.join(30)
    journal = open_journal()

    claim = journal.claim(WORK, NOW, Claiming.GO_ON)

    assert isinstance(claim, Taken)
    assert (process.exitcode, claim.entry.state) == (9, State.UNKNOWN)


def test_of_many_threads_with_the_same_work_one_gets_it(open_journal: Open) -> None:
    journals = [open_journal() for _ in range(2)]
    claims: list[Claimed | Taken] = []
    threads = [
        threading.Thread(target=lambda each=each: claims.append(each.claim(WORK, NOW, Claiming.GO_ON)))
        for each in journals * 8
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert [type(claim) for claim in claims].count(Claimed) == 1
    assert len(claims) == 16


# ------------------------------------------------------------------ the file


def test_the_journal_is_private(tmp_path: Path, journal: SqliteJournal) -> None:
    bought(journal, State.ACCEPTED)

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state", *(tmp_path / "state").iterdir())
    }
    assert (modes["state"], modes["jobs.sqlite3"], modes["runs"]) == (0o700, 0o600, 0o700)


def test_no_lock_is_left_by_a_process_that_ended_well(tmp_path: Path, open_journal: Open) -> None:
    journal = open_journal()
    bought(journal, State.ACCEPTED)
    during = [*(tmp_path / "state" / "runs").iterdir()]

    journal.close()

    assert (len(during), [*(tmp_path / "state" / "runs").iterdir()]) == (1, [])


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4096], ids=["text", "a damaged header"]
)
def test_a_damaged_journal_is_set_aside_and_never_deleted(tmp_path: Path, open_journal: Open, content: bytes) -> None:
    path = tmp_path / "state" / "jobs.sqlite3"
    path.parent.mkdir()
    for number in (1, 2):
        path.write_bytes(content)
        with pytest.raises(JournalDamaged) as damaged:
            open_journal()
        assert damaged.value.message == f"The journal {path} was damaged"
        assert (tmp_path / "state" / f"jobs.sqlite3.damaged-{number}").read_bytes() == content

    assert open_journal().entries() == []


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path, open_journal: Open) -> None:
    open_journal().close()
    path = tmp_path / "state" / "jobs.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    before = path.read_bytes()

    with pytest.raises(JournalDamaged, match="was written by a newer aeforge"):
        open_journal()

    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_used_is_told_apart(tmp_path: Path, open_journal: Open) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(JournalUnwritable) as refused:
        open_journal(tmp_path / "file" / "state")

    assert refused.value.path == tmp_path / "file" / "state"


# ------------------------------------------------------------------ all together


@dataclass
class Row:
    """The model of a row."""

    work: Work
    process: int
    state: State = State.SUBMITTING

    @property
    def is_unfinished(self) -> bool:
        return self.state is State.ACCEPTED or (self.state is State.SUCCEEDED and self.work.output is not None)


WORKS = [WORK, WORK._replace(key="beef", output=None)]
NEXT = {
    State.SUBMITTING: [State.NOT_SENT, State.REJECTED, State.UNKNOWN, State.ACCEPTED],
    State.ACCEPTED: [State.SUCCEEDED, State.FAILED, State.LOST],
    State.SUCCEEDED: [State.SAVED, State.SUCCEEDED],
}


class JournalMachine(RuleBasedStateMachine):
    """Two processes that claim, record, crash and come back, against a model of what must be in the way."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp())
        self.rows: list[Row] = []
        self.born = 2
        self.journals = {0: SqliteJournal(self.folder), 1: SqliteJournal(self.folder)}
        self.alive = {0: 0, 1: 1}

    @rule(who=st.sampled_from([0, 1]), work=st.sampled_from(WORKS), how=st.sampled_from(Claiming))
    def claim(self, who: int, work: Work, how: Claiming) -> None:
        expected = self._in_the_way(work, how)

        found = self.journals[who].claim(work, NOW, how)

        if expected is None:
            self.rows.append(Row(work, self.alive[who]))
            assert found == Claimed(len(self.rows))
        else:
            assert isinstance(found, Taken)
            assert (found.entry.number, found.entry.state) == (expected, self.rows[expected - 1].state)
            assert found.is_live is (self.rows[expected - 1].process in self.alive.values())

    def _in_the_way(self, work: Work, how: Claiming) -> int | None:
        sent = [
            (number, row)
            for number, row in reversed([*enumerate(self.rows, 1)])
            if row.work == work and row.state not in {State.NOT_SENT, State.REJECTED}
        ]
        if how is Claiming.ANEW or not sent:
            return None
        number, latest = sent[0]
        if latest.state is State.SUBMITTING and latest.process not in self.alive.values():
            latest.state = State.UNKNOWN
        done = {State.ACCEPTED, State.SUCCEEDED, State.SAVED} if how is Claiming.RESUME else set()
        if latest.state in {State.SUBMITTING, State.UNKNOWN} | done:
            return number
        return next((number for number, row in sent if row.is_unfinished), None)

    @rule(who=st.sampled_from([0, 1]), data=st.data())
    def record(self, who: int, data: st.DataObject) -> None:
        numbers = [number for number, row in enumerate(self.rows, 1) if row.state in NEXT]
        if numbers:
            number = data.draw(st.sampled_from(numbers))
            state = data.draw(st.sampled_from(NEXT[self.rows[number - 1].state]))
            self.journals[who].record(
                number, Step(state, job_id=f"job-{number}" if state is State.ACCEPTED else None), NOW
            )
            self.rows[number - 1].state = state

    @rule(who=st.sampled_from([0, 1]))
    def end_and_begin_again(self, who: int) -> None:
        self.journals[who].close()
        self.journals[who] = SqliteJournal(self.folder)
        self.alive[who] = self.born
        self.born += 1

    @invariant()
    def both_processes_see_every_row(self) -> None:
        for journal in self.journals.values():
            assert [row.state for row in reversed(journal.entries())] == [row.state for row in self.rows]
            assert {row.number for row in journal.entries(pending=True)} == {
                number
                for number, row in enumerate(self.rows, 1)
                if row.state in {State.SUBMITTING, State.UNKNOWN} or row.is_unfinished
            }

    def teardown(self) -> None:
        for journal in getattr(self, "journals", {}).values():
            journal.close()
        rmtree(getattr(self, "folder", "/nonexistent"), ignore_errors=True)


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = hypothesis.settings(max_examples=15, stateful_step_count=25)


def test_an_error_of_the_journal_is_one_of_ours(tmp_path: Path, open_journal: Open) -> None:
    journal = open_journal()
    journal.close()

    with pytest.raises(AeforgeError):
        journal.entries()
