"""The journal on this machine's disk: private, durable, and in one piece whatever happens to its file."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from aeforge_cli.errors import AeforgeError, CannotSave, JournalBusy, JournalDamaged, Usage
from aeforge_cli.journal.interface import Claimed, Journal, JournalUnwritable, Limit, Reuse, State, Step, Taken
from aeforge_cli.journal.opening import open_journal
from aeforge_cli.journal.run_locks import RunLock
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.faults.tracing import calls, failing, tracing
from tests.journal.conftest import FILE, INTENT, JOB, NOW, Journals, bought, job_id

Open = Callable[..., SqliteJournal]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "jobs.sqlite3"


@pytest.fixture
def open_one(folder: Path) -> Iterator[Open]:
    opened: list[SqliteJournal] = []

    def opening(folder: Path = folder, *, busy_seconds: float = 30.0) -> SqliteJournal:
        opened.append(SqliteJournal(folder, busy_seconds=busy_seconds))
        return opened[-1]

    yield opening
    for journal in opened:
        journal.close()


@pytest.fixture
def workers(folder: Path) -> Iterator[Journals]:
    found = Journals("", folder)
    yield found
    found.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process, say a backup, keeps the journal to itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield
        database.execute("ROLLBACK")


# ------------------------------------------------------------------ who may read it


def modes(folder: Path) -> dict[str, int]:
    return {found.name: stat.S_IMODE(found.stat().st_mode) for found in (folder, *folder.iterdir())}


def test_the_journal_is_private(folder: Path, open_one: Open) -> None:
    bought(open_one(), State.ACCEPTED)

    found = modes(folder)
    assert {name: found[name] for name in ("state", "runs")} == {"state": 0o700, "runs": 0o700}
    assert {name: mode for name, mode in found.items() if mode & 0o077} == {}


def test_a_folder_of_ours_that_others_may_read_is_made_private(folder: Path, open_one: Open) -> None:
    journal = open_one()
    bought(journal, State.ACCEPTED)
    journal.close()
    for each in (folder, *folder.iterdir()):
        each.chmod(0o755 if each.is_dir() else 0o644)

    open_one()

    assert {name: mode for name, mode in modes(folder).items() if mode & 0o077} == {}


def test_a_folder_that_all_may_write_to_is_left_as_it_is_but_not_the_files(tmp_path: Path, open_one: Open) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)

    bought(open_one(shared), State.ACCEPTED)

    found = modes(shared)
    assert (found.pop("shared"), {name: mode for name, mode in found.items() if mode & 0o077}) == (0o1777, {})


def test_nothing_of_it_is_readable_by_others_for_a_moment(workers: Journals, strace: str, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    worker = workers.worker("race", "f00d", under=tracing(strace, ("openat", "mkdir"), log))
    worker.go()
    assert worker.finish() == ["open", "f00d claimed 1"]

    ours = [call.text for call in calls(log) if str(workers.folder) in call.text]
    made = [text for text in ours if "O_CREAT|O_EXCL" in text or "mkdir(" in text]
    assert [text for text in made if "jobs.sqlite3" in text or "mkdir(" in text] != []
    assert [text for text in made if ".lock" not in text and "0600" not in text and "0700" not in text] == []


def test_the_rights_of_what_a_link_leads_to_are_not_touched(folder: Path, tmp_path: Path, open_one: Open) -> None:
    (tmp_path / "public").write_text("")
    (tmp_path / "public").chmod(0o644)
    open_one().close()
    (folder / "pending-jobs").symlink_to(tmp_path / "public")

    open_one()

    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o644


# ------------------------------------------------------------------ what stands in its place


def _fifo_beside(path: Path) -> None:
    os.mkfifo(path.with_name("fifo"))
    path.symlink_to("fifo")


PLACES: dict[str, Callable[[Path], object]] = {
    "a FIFO": os.mkfifo,
    "a folder": os.mkdir,
    "a link to a device": lambda path: path.symlink_to("/dev/null"),
    "a link to a FIFO": _fifo_beside,
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_regular_file_is_refused_in_a_sentence(path: Path, open_one: Open, place: str) -> None:
    path.parent.mkdir()
    PLACES[place](path)

    with pytest.raises(JournalUnwritable) as refused:
        open_one()

    assert refused.value.path == path.parent
    assert os.path.lexists(path)


@pytest.mark.timeout(10)
def test_a_fifo_beside_the_journal_hangs_nothing(folder: Path, open_one: Open) -> None:
    folder.mkdir()
    for name in ("machine", "pending-jobs", "journal-was-damaged"):
        os.mkfifo(folder / name)

    journal = open_one()
    bought(journal, State.ACCEPTED)

    assert (journal.doubt, bool(journal.host)) == ("", True)


def test_a_folder_that_cannot_be_used_is_told_apart(tmp_path: Path, open_one: Open) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(JournalUnwritable) as refused:
        open_one(tmp_path / "file" / "state")

    assert refused.value.path == tmp_path / "file" / "state"


def test_another_kind_of_url_is_refused(folder: Path) -> None:
    with pytest.raises(Usage, match="must be a URL that begins with postgresql://"):
        open_journal("mysql://db/x", folder, history=True)


# ------------------------------------------------------------------ damage


DAMAGE = {"text": b"this is no database" * 100, "a damaged header": b"SQLite format 3\0" + b"\xff" * 4096}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_journal_is_set_aside_and_never_deleted(path: Path, open_one: Open, content: bytes) -> None:
    path.parent.mkdir()
    for number in (1, 2):
        path.write_bytes(content)
        with pytest.raises(JournalDamaged) as damaged:
            open_one()
        assert damaged.value.message == f"The journal {path} was damaged"
        assert path.with_name(f"jobs.sqlite3.damaged-{number}").read_bytes() == content

    assert list(open_one().rows()) == []


def test_a_doubt_is_left_by_damage_until_the_user_says_to_go_on(path: Path, open_one: Open) -> None:
    path.parent.mkdir()
    path.write_bytes(DAMAGE["text"])
    with pytest.raises(JournalDamaged):
        open_one()

    first, second = open_one(), open_one()
    assert first.doubt == second.doubt
    assert f"set aside as {path}.damaged-1" in first.doubt

    first.clear_doubt()
    first.clear_doubt()

    assert (second.doubt, open_one().doubt) == ("", "")


def test_a_mark_of_damage_that_cannot_be_read_is_a_doubt_all_the_same(path: Path, open_one: Open) -> None:
    journal = open_one()
    path.with_name("journal-was-damaged").write_bytes(b"\xff")

    assert "set aside as jobs.sqlite3.damaged;" in journal.doubt


def test_a_doubt_is_on_the_disk_before_the_damaged_journal_is_out_of_the_way(
    path: Path, workers: Journals, strace: str, tmp_path: Path
) -> None:
    path.parent.mkdir()
    path.write_bytes(DAMAGE["text"])
    log = tmp_path / "calls"
    worker = workers.worker("race", "f00d", under=tracing(strace, ("openat", "fsync", "rename"), log))
    worker.finish()

    marks = [call for call in calls(log) if "journal-was-damaged" in call.text and "O_RDONLY" not in call.text]
    moves = [call for call in calls(log) if call.name == "rename" and ".damaged-1" in call.text]
    assert [call.name for call in (*marks, *moves)] == ["openat", "fsync", "rename"]
    assert "0600" in marks[0].text


def halved(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_damage_in_mid_run_is_told_by_every_call(path: Path, open_one: Open) -> None:
    journal = open_one()
    bought(journal, State.ACCEPTED)
    halved(path)

    for call in (journal.last, lambda: journal.record(1, Step(State.SAVED), NOW), lambda: bought(journal)):
        with pytest.raises(JournalDamaged, match="was damaged"):
            call()

    assert [found.name for found in path.parent.glob("*.damaged-*") if "journal" not in found.name] == [
        "jobs.sqlite3.damaged-1"
    ]


def test_the_new_journal_of_another_process_is_not_set_aside(path: Path, open_one: Open) -> None:
    first, second = open_one(), open_one()
    bought(first, State.ACCEPTED)
    halved(path)
    with pytest.raises(JournalDamaged):
        first.last()
    bought(open_one(), State.ACCEPTED, job_id=job_id(2))

    with pytest.raises(JournalDamaged, match="was damaged"):
        second.last()

    assert [row.job_id for row in open_one().rows()] == [job_id(2)]


@pytest.mark.parametrize("table", ["jobs (salary INTEGER)", "songs (title TEXT)"])
def test_a_database_of_another_program_is_set_aside(path: Path, open_one: Open, table: str) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE TABLE {table}")
        database.commit()

    with pytest.raises(JournalDamaged):
        open_one()

    assert bought(open_one()) == 1


def test_a_journal_of_a_newer_version_is_left_alone(path: Path, open_one: Open) -> None:
    open_one().close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=99")
    before = path.read_bytes()

    with pytest.raises(JournalDamaged, match="was written by a newer aeforge"):
        open_one()

    assert path.read_bytes() == before


# ------------------------------------------------------------------ locks


def test_no_lock_is_left_by_a_process_that_ended_well(folder: Path, open_one: Open) -> None:
    journal = open_one()
    bought(journal, State.ACCEPTED)
    during = [*(folder / "runs").iterdir()]

    journal.close()

    assert (len(during), [*(folder / "runs").iterdir()]) == (1, [])


@pytest.mark.parametrize("error", ["ENOSYS", "ENOLCK"])
def test_without_file_locks_nothing_is_claimed(workers: Journals, strace: str, error: str) -> None:
    worker = workers.worker("race", "f00d", under=failing(strace, ("flock", "1+"), error))

    worker.go()

    [opened, said] = worker.finish()
    assert opened == "open"
    assert said.startswith("CannotSave: ")
    assert said.endswith("; name a folder on a local disk with AEFORGE_STATE_DIR")
    with closing(SqliteJournal(workers.folder)) as journal:
        assert list(journal.rows()) == []


def test_a_run_that_nobody_can_find_out_about_still_lives(folder: Path) -> None:
    (folder / "another.lock").mkdir(parents=True)

    assert RunLock(folder).lives("another")


def test_a_run_is_none_of_the_others(folder: Path) -> None:
    folder.mkdir()
    ours, theirs = RunLock(folder / "runs"), RunLock(folder / "runs")

    assert (list(ours.others()), ours.name != theirs.name) == ([], True)
    assert list(ours.others()) == [theirs.name]
    for each in (ours, theirs):
        each.release()


def test_a_machine_keeps_the_name_that_it_was_given_first(folder: Path, open_one: Open) -> None:
    first = open_one().host
    (folder / "machine").write_text("laptop-of-ada\n")

    assert (first.strip(), open_one().host) == (first, "laptop-of-ada")


def test_without_file_locks_a_run_of_another_process_still_lives(folder: Path, strace: str) -> None:
    folder.mkdir()
    (folder / "another.lock").touch()
    asked = "import sys; from pathlib import Path; from aeforge_cli.journal.run_locks import RunLock"
    program = f"{asked}; print(RunLock(Path(sys.argv[1])).lives('another'))"
    command = [*failing(strace, ("flock", "1+"), "ENOLCK"), sys.executable, "-c", program, str(folder)]

    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert (answer, (folder / "another.lock").exists()) == ("True\n", True)


def test_a_folder_of_locks_that_cannot_be_made_is_told_of(folder: Path, open_one: Open) -> None:
    journal = open_one()
    (folder / "runs").write_text("")

    with pytest.raises(CannotSave, match="cannot hold a lock"):
        bought(journal)

    assert journal.last() is None


def test_no_process_writes_between_what_a_claim_reads_and_what_it_writes(folder: Path, path: Path) -> None:
    refusals: list[str] = []

    class Meddled(SqliteJournal):
        def _lives(self, run: str) -> bool:  # asked between the two
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
                try:
                    other.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    refusals.append(str(error))
            return super()._lives(run)

    with closing(SqliteJournal(folder)) as theirs, closing(Meddled(folder)) as ours:
        bought(theirs, State.ACCEPTED)
        ours.claim(INTENT, NOW, Reuse.UNFINISHED)

    assert refusals == ["database is locked"]


# ------------------------------------------------------------------ a journal that stays locked


def test_a_journal_that_stays_locked_fails_once_and_not_each_in_its_turn(path: Path, open_one: Open) -> None:
    journal = open_one(busy_seconds=2.0)
    paid = [bought(journal, intent=INTENT._replace(work=str(number))) for number in range(6)]
    began = time.monotonic()

    def record(number: int) -> Exception | None:
        return raised(lambda: journal.record(number, Step(State.ACCEPTED, job_id=JOB), NOW))

    def claim(number: int) -> Exception | None:
        return raised(lambda: journal.claim(INTENT._replace(work=f"new-{number}"), NOW, Reuse.NOTHING))

    with locked(path), ThreadPoolExecutor(12) as pool:
        failures = [*pool.map(record, paid), *pool.map(claim, range(6))]
        failures += [claim(number) for number in range(6, 9)]  # known to be locked: these wait no more

    assert {type(failure) for failure in failures} == {JournalBusy}
    assert str(failures[0]) == f"The journal {path} stayed locked for 2 s"
    assert time.monotonic() - began < 10  # in turn it would be 30
    assert journal.claim(INTENT, NOW, Reuse.NOTHING) == Claimed(7)


def raised(call: Callable[[], object]) -> Exception | None:
    try:
        call()
    except AeforgeError as error:
        return error
    return None


def test_a_claim_waits_for_a_lock_though_another_has_waited_before(path: Path, open_one: Open) -> None:
    journal = open_one()

    with ThreadPoolExecutor(2) as pool:
        with locked(path):
            first = pool.submit(journal.claim, INTENT, NOW, Reuse.NOTHING)
            time.sleep(1.2)  # the first has tried more than once by now
            second = pool.submit(journal.claim, INTENT, NOW, Reuse.NOTHING)
            time.sleep(2.2)
        claims = [first.result(), second.result()]

    assert {type(claim) for claim in claims} == {Claimed}


def test_what_waited_for_a_lock_is_written_when_it_is_free(path: Path, open_one: Open) -> None:
    journal, statements, together = open_one(), list[str](), list[int]()
    journal._database.set_trace_callback(statements.append)
    commit = journal._in_turn._commit

    def counted(batch: Any) -> None:
        together.append(len(batch))
        commit(batch)

    journal._in_turn._commit = counted
    with ThreadPoolExecutor(8) as pool:
        with locked(path):
            first = pool.submit(bought, journal)
            waiting_for(lambda: "BEGIN IMMEDIATE" in statements)
            others = [pool.submit(bought, journal) for _ in range(7)]
            waiting_for(lambda: 8 in together)
        numbers = [future.result(30) for future in (first, *others)]

    assert sorted(numbers) == list(range(1, 9))
    assert statements.count("COMMIT") <= 2  # a commit waits for the disk: those who wait share one


def test_a_commit_that_a_reader_holds_up_is_made_when_he_has_gone(path: Path, open_one: Open) -> None:
    journal, statements = open_one(), list[str]()
    journal._database.set_trace_callback(statements.append)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader, ThreadPoolExecutor(1) as pool:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM jobs").fetchall()
        number = pool.submit(bought, journal)
        waiting_for(lambda: "ROLLBACK" in statements)
        reader.execute("ROLLBACK")

        assert number.result(30) == 1
    assert [row.number for row in journal.rows()] == [1]


def waiting_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        threading.Event().wait(0.01)


def test_a_question_waits_for_a_lock_as_well(path: Path, open_one: Open) -> None:
    journal = open_one(busy_seconds=1.0)

    with locked(path), pytest.raises(JournalBusy):
        journal.last()
    assert journal.last() is None


def test_a_journal_that_is_locked_cannot_be_opened(path: Path, open_one: Open) -> None:
    open_one()

    with locked(path), pytest.raises(JournalBusy):
        open_one(busy_seconds=1.0)


# ------------------------------------------------------------------ durability


def test_a_claim_is_on_the_disk_before_it_is_answered(workers: Journals, strace: str, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    under = tracing(strace, ("fsync", "fdatasync", "write"), log)
    worker = workers.worker("race", "f00d", under=under)
    worker.go()
    assert worker.finish() == ["open", "f00d claimed 1"]

    names = [told for call in calls(log) if (told := _told(call.text))]
    # The rollback journal before the database is touched, the database, and the end of the rollback journal.
    assert names[names.index("claimed") - 3 : names.index("claimed")] == ["journal", "database", "journal"]


def _told(text: str) -> str:
    if "sync(" in text and "/jobs.sqlite3" in text:
        return "journal" if "-journal" in text else "database"
    return "claimed" if '"f00d claimed' in text else ""


def test_commits_wait_for_the_disk_whatever_the_library_was_built_with(open_one: Open) -> None:
    database = open_one()._database

    settings = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]

    assert settings == [3, "truncate"]


@pytest.mark.parametrize("call", [1, 3, 4], ids=["first", "header", "database"])
def test_a_failed_commit_leaves_nothing_behind(workers: Journals, strace: str, call: int) -> None:
    SqliteJournal(workers.folder).close()
    worker = workers.worker("race", "f00d", under=failing(strace, ("fdatasync", call), "EIO"))
    worker.go()

    said = worker.finish()

    assert [line.partition(":")[0] for line in said] == ["open", "CannotSave"]
    with closing(SqliteJournal(workers.folder)) as journal:
        assert list(journal.rows()) == []
        assert bought(journal) == 1


# ------------------------------------------------------------------ flat in its length


def plans(journal: SqliteJournal, question: Callable[[Journal], object]) -> list[str]:
    """How SQLite finds what the question asks for."""
    statements: list[str] = []
    journal._database.set_trace_callback(statements.append)
    question(journal)
    journal._database.set_trace_callback(None)
    asked = [text for text in statements if text.startswith(("SELECT", "UPDATE", "DELETE"))]
    found = [journal._database.execute(f"EXPLAIN QUERY PLAN {text}").fetchall() for text in asked]
    return [detail for plan in found for *_, detail in plan]


QUESTIONS: dict[str, Callable[[Journal], object]] = {
    "rows": lambda journal: list(journal.rows(limit=5)),
    "pending": lambda journal: list(journal.rows(pending=True, limit=5)),
    "failed": lambda journal: list(journal.rows(failed=True, limit=5)),
    "last": lambda journal: journal.last(),
    "row": lambda journal: journal.row(1),
    "by_job_id": lambda journal: journal.by_job_id(JOB),
    "begins_with": lambda journal: journal.begins_with("550e"),
    "made": lambda journal: journal.made("ab"),
    "saved_at": lambda journal: journal.saved_at(FILE.path),
    "of_work": lambda journal: journal.of_work(INTENT.work, INTENT.service),
    "count_pending": lambda journal: journal.count_pending(),
    "spent": lambda journal: journal.spent(INTENT.service, INTENT.account, "2026"),
    "credits": lambda journal: journal.spent(INTENT.service, INTENT.account, "2026", "credits"),
    "usage": lambda journal: journal.usage("day", "2026", "2027"),
    "held_until": lambda journal: journal.held_until(INTENT.service, INTENT.account),
    "claim": lambda journal: journal.claim(
        INTENT, NOW, Reuse.FINISHED, limits=[Limit(9, None, "2026", "9", "")], gone=[1]
    ),
    "taken": lambda journal: journal.claim(INTENT, NOW, Reuse.FINISHED),
    "record": lambda journal: journal.record(1, Step(State.SAVED, files=[FILE]), NOW),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_is_answered_by_an_index(open_one: Open, question: str) -> None:
    journal = open_one()
    for number in range(3):
        row = bought(journal, State.ACCEPTED, job_id=job_id(number), intent=INTENT._replace(work=f"work-{number}"))
        journal.record(row, Step(State.SAVED, files=[FILE]), NOW)
    bought(journal, State.ACCEPTED)

    found = plans(journal, QUESTIONS[question])

    assert found
    assert [plan for plan in found if plan.startswith("SCAN")] == []
    sorts = [plan for plan in found if "TEMP B-TREE FOR ORDER BY" in plan]
    assert len(sorts) == (question in {"begins_with", "usage"})  # of at most 100 rows, and of a handful of sums


def test_the_last_job_is_found_though_much_was_not_sent_since(open_one: Open) -> None:
    assert "SEARCH jobs USING INDEX jobs_with_id (number>?)" in plans(open_one(), QUESTIONS["last"])


def test_a_listing_reads_what_it_prints(open_one: Open) -> None:
    journal, statements = open_one(), list[str]()
    for number in range(10):
        bought(journal, State.ACCEPTED, intent=INTENT._replace(work=str(number)))
    journal._database.set_trace_callback(statements.append)

    rows = list(journal.rows(limit=3))

    assert len(rows) == 3
    assert [text for text in statements if "FROM jobs" in text] == [statements[0]]
    assert statements[0].endswith("LIMIT 3")


def test_a_row_that_is_kept_as_it_is_costs_no_write(open_one: Open, path: Path) -> None:
    first = open_one()
    bought(first, State.SAVED)
    first.close()
    journal = open_one()
    before = path.read_bytes()

    assert isinstance(journal.claim(INTENT, NOW, Reuse.FINISHED), Taken)

    assert path.read_bytes() == before


# ------------------------------------------------------------------ what a disk, or another program, left behind


EMPTIED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file without content": (lambda path: path.write_bytes(b""), "has lost its content"),
    "a database without tables": (lambda path: _executed(path, "PRAGMA user_version=0"), "has lost its content"),
}


def _executed(path: Path, *statements: str) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


@pytest.mark.parametrize(("empty", "why"), EMPTIED.values(), ids=EMPTIED)
def test_a_journal_that_has_lost_its_content_is_a_doubt(
    path: Path, open_one: Open, empty: Callable[[Path], object], why: str
) -> None:
    journal = open_one()
    bought(journal, State.ACCEPTED)
    journal.close()
    empty(path)

    first, second = open_one(), open_one()

    assert first.doubt == second.doubt == f"the journal {why}; what was paid for before is not known here"
    first.clear_doubt()
    assert open_one().doubt == ""


def test_an_empty_journal_that_nobody_has_written_in_is_new(path: Path, open_one: Open) -> None:
    path.parent.mkdir()
    path.write_bytes(b"")

    assert open_one().doubt == ""


def test_a_journal_that_stands_there_and_cannot_be_used_is_named(path: Path, open_one: Open, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to("on-a-disk-that-is-not-mounted")
    (tmp_path / "file").write_text("")

    with pytest.raises(JournalUnwritable) as hidden:
        open_one()
    with pytest.raises(JournalUnwritable) as absent:
        open_one(tmp_path / "file" / "state")

    assert (hidden.value.hidden, absent.value.hidden) == (path, None)


COLUMNS = (
    *("work", "service", "account", "run", "host", "operation", "state", "job_id", "input", "prompt", "output"),
    *("quality", "profile", "price", "unit", "details", "created", "updated", "reason"),
)
LEFT = {
    "bytes": b"\xff\xfe\x00",
    "a number": -(2**63),
    "a control sequence": "\x1b[2J",
    "a fraction": 1e300,
    "half": "{",
}


@pytest.mark.parametrize("value", LEFT.values(), ids=LEFT)
def test_what_is_no_value_in_a_row_hides_no_other(path: Path, open_one: Open, value: object) -> None:
    journal = open_one()
    bought(journal, State.ACCEPTED)
    whole = bought(journal, State.ACCEPTED)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for column in COLUMNS:
            database.execute(f"UPDATE jobs SET {column} = ? WHERE number <> ?", (value, whole))

            found = list(journal.rows())

            assert [row.number for row in found] == [whole, 1]
            for row in found:
                assert time.strptime(row.created[:10], "%Y-%m-%d")
                assert isinstance(row.details, dict)
                assert row.price is None or row.price + 0 == row.price


def test_an_id_that_cannot_be_one_is_a_job_whose_end_is_not_known(path: Path, open_one: Open) -> None:
    journal = open_one()
    number = bought(journal, State.ACCEPTED)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE jobs SET job_id = '../user'")

    row = journal.row(number)

    assert row is not None
    assert (row.job_id, row.state) == (None, State.UNKNOWN)


def test_an_id_that_a_locked_journal_did_not_take_is_recorded_by_the_next_process(path: Path, open_one: Open) -> None:
    journal = open_one(busy_seconds=0.2)
    number = bought(journal)
    with locked(path), pytest.raises(JournalBusy):
        journal.record(number, Step(State.ACCEPTED, job_id=JOB), NOW)

    row = open_one().row(number)

    assert row is not None
    assert (row.state, row.job_id) == (State.ACCEPTED, JOB)
    assert list(path.with_name("untaken").iterdir()) == []


def test_a_lock_file_that_cannot_be_removed_is_no_obstacle(folder: Path, workers: Journals, strace: str) -> None:
    under = failing(strace, ("unlink", "1+"), "EACCES")

    assert [workers.worker("race", "cafe", under=under).finish()[-1] for _ in range(2)] == [
        "cafe claimed 1",
        "cafe taken 1 unknown dead",
    ]
    assert len(list(folder.glob("runs/*.lock"))) == 2
