"""A journal on a server: what is lost with a connection, who may use it, and what is refused."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aeforge_cli.errors import AeforgeError, JournalBusy, JournalUnreachable, Usage
from aeforge_cli.extras import install_hint
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import Claim, Claimed, Intent, Journal, Limit, Reuse, State, Step, Taken
from aeforge_cli.journal.opening import open_journal
from aeforge_cli.journal.postgres import PostgresJournal
from aeforge_cli.journal.postgres_session import Server, run_key
from aeforge_cli.journal.tables import Tables
from aeforge_cli.journal.untaken import Note, Untaken
from tests.journal.cluster import Cluster, running
from tests.journal.conftest import FILE, INTENT, JOB, NOW, ROOT, Journals, bought, job_id
from tests.journal.pool import pool
from tests.journal.test_group_commit import wait_until
from tests.journal.wire import Wire, wire_to

Open = Callable[..., PostgresJournal]


@pytest.fixture
def open_one(database: str, tmp_path: Path) -> Iterator[Open]:
    opened: list[PostgresJournal] = []

    def opening(url: str = database, **how: Any) -> PostgresJournal:
        opened.append(PostgresJournal(url, tmp_path / "state", **how))
        return opened[-1]

    yield opening
    for journal in opened:
        journal.close()


@pytest.fixture
def workers(database: str, tmp_path: Path) -> Iterator[Journals]:
    found = Journals(database, tmp_path / "state")
    yield found
    found.close()


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that may be stopped."""
    with running() as found:
        yield found


def taken(claim: Claim) -> Taken:
    assert isinstance(claim, Taken)
    return claim


def refusal(call: Callable[[], object]) -> AeforgeError:
    with pytest.raises(AeforgeError) as refused:
        call()
    return refused.value


def is_live(journal: Journal, intent: Intent = INTENT) -> bool:
    return taken(journal.claim(intent, NOW, Reuse.UNFINISHED)).is_live


def cut_off(cluster: Cluster, journal: PostgresJournal) -> None:
    """An administrator, or the network, ends its connection."""
    assert journal._session is not None
    cluster.run(f"SELECT pg_terminate_backend({journal._session.process}, 10000)")


# ------------------------------------------------------------------ a connection that is lost


def test_a_connection_cut_between_claim_and_record_loses_nothing(
    cluster: Cluster, open_one: Open, workers: Journals
) -> None:
    journal, other = open_one(), open_one()
    number = bought(journal)
    cut_off(cluster, journal)

    journal.record(number, Step(State.ACCEPTED, job_id=JOB), NOW)

    row = other.by_job_id(JOB)
    assert row is not None
    assert (row.number, row.state, is_live(other)) == (number, State.ACCEPTED, True)


def test_a_claim_after_a_cut_is_made_once(cluster: Cluster, open_one: Open) -> None:
    journal = open_one()
    cut_off(cluster, journal)

    assert isinstance(journal.claim(INTENT, NOW, Reuse.UNFINISHED), Claimed)
    assert [row.state for row in journal.rows()] == [State.SUBMITTING]


def test_a_run_that_was_cut_off_is_alive_again_when_it_is_back(cluster: Cluster, open_one: Open) -> None:
    journal, other = open_one(), open_one()
    bought(journal, State.ACCEPTED)
    cut_off(cluster, journal)
    journal.last()

    assert is_live(other)


def test_what_another_run_took_meanwhile_goes_no_step_back(cluster: Cluster, open_one: Open) -> None:
    journal, other = open_one(), open_one()
    number = bought(journal, State.ACCEPTED)
    cut_off(cluster, journal)
    assert taken(other.claim(INTENT, NOW, Reuse.UNFINISHED)).row.run == other.run
    other.record(number, Step(State.SAVED, files=[FILE]), NOW)

    journal.record(number, Step(State.SUCCEEDED), NOW)

    row = other.row(number)
    assert row is not None
    assert (row.state, row.run) == (State.SAVED, other.run)


def test_a_half_open_connection_does_not_keep_the_lock_of_the_run(
    cluster: Cluster, database: str, open_one: Open, wire: Wire
) -> None:
    journal, other = open_one(database.replace(f":{cluster.port}", f":{wire.port}")), open_one()
    bought(journal, State.ACCEPTED)
    assert journal._session is not None
    before = journal._session.process

    wire.cut(only_here=True)
    assert journal.last() is not None

    assert cluster.run(f"SELECT 1 FROM pg_stat_activity WHERE pid = {before}") == []
    assert is_live(other)


def test_a_claim_whose_commit_was_not_answered_is_taken_back(
    cluster: Cluster, database: str, open_one: Open, wire: Wire
) -> None:
    journal, other = open_one(database.replace(f":{cluster.port}", f":{wire.port}")), open_one()
    wire.cut_after(b"COMMIT")

    assert journal.claim(INTENT, NOW, Reuse.UNFINISHED) == Claimed(2)
    assert wire.was_cut
    assert [(row.state, row.reason) for row in other.rows()] == [
        (State.SUBMITTING, None),
        (State.NOT_SENT, "the connection to the journal was lost"),
    ]


def test_a_record_whose_commit_was_not_answered_is_written_once(
    cluster: Cluster, database: str, open_one: Open, wire: Wire
) -> None:
    journal, other = open_one(database.replace(f":{cluster.port}", f":{wire.port}")), open_one()
    number = bought(journal)
    wire.cut_after(b"COMMIT")

    journal.record(number, Step(State.SAVED, job_id=JOB, files=[FILE]), NOW)

    assert wire.was_cut
    [row] = other.rows()
    assert (row.state, len(row.files)) == (State.SAVED, 1)


def test_a_claim_that_was_not_answered_before_the_server_went_is_taken_back_later(
    own_cluster: Cluster, open_one: Open
) -> None:
    with wire_to(own_cluster.port) as wire:
        journal = open_one(own_cluster.url().replace(f":{own_cluster.port}", f":{wire.port}"))
        other = open_one(own_cluster.url())
        wire.cut_after(b"COMMIT", for_good=True)

        failure = refusal(lambda: journal.claim(INTENT, NOW, Reuse.UNFINISHED))

        assert isinstance(failure, JournalUnreachable)
        assert [row.state for row in other.rows()] == [State.SUBMITTING]  # though nobody was told
        wire.mend()
        journal.last()
        assert [row.state for row in other.rows()] == [State.NOT_SENT]


def test_what_two_write_to_one_row_at_a_time_is_both_kept(cluster: Cluster, open_one: Open) -> None:
    journal, other = open_one(), open_one()
    number = bought(journal, intent=INTENT._replace(account="old"))
    is_in, goes_on = threading.Event(), threading.Event()

    def adopt(tables: Tables) -> None:
        tables.adopt(INTENT.service, "old", INTENT.account)
        is_in.set()
        goes_on.wait(30)

    with ThreadPoolExecutor(2) as pool_:
        adopted = pool_.submit(other._write, adopt)
        assert is_in.wait(20)
        told = pool_.submit(journal.record, number, Step(State.ACCEPTED, job_id=JOB), NOW)
        wait_until(lambda: bool(cluster.run("SELECT 1 FROM pg_locks WHERE NOT granted")))
        goes_on.set()
        adopted.result(20)
        told.result(20)

    row = other.row(number)
    assert row is not None
    assert (row.account, row.state) == (INTENT.account, State.ACCEPTED)


# ------------------------------------------------------------------ a server that is gone


def test_the_server_may_be_restarted_in_mid_run(own_cluster: Cluster, open_one: Open) -> None:
    journal, other = open_one(own_cluster.url()), open_one(own_cluster.url())
    number = bought(journal)

    own_cluster.restart()

    journal.record(number, Step(State.ACCEPTED, job_id=JOB), NOW)
    assert isinstance(journal.claim(INTENT._replace(work="beef"), NOW, Reuse.UNFINISHED), Claimed)
    assert [row.state for row in other.rows()] == [State.SUBMITTING, State.ACCEPTED]
    assert is_live(other)


def test_without_the_server_claims_stop_at_once_and_records_wait_for_it(own_cluster: Cluster, open_one: Open) -> None:
    journal = open_one(own_cluster.url())
    number = bought(journal)
    own_cluster.stop()
    began = time.monotonic()

    with ThreadPoolExecutor(2) as pool_:
        told = pool_.submit(journal.record, number, Step(State.ACCEPTED, job_id=JOB), NOW)
        failures = [refusal(lambda: bought(journal)) for _ in range(20)]
        assert time.monotonic() - began < 15  # a second for each, if they waited
        assert not told.done()
        own_cluster.start()
        told.result(90)

    assert {(type(failure).__mro__[1], failure.code, failure.exit_status) for failure in failures} == {
        (JournalUnreachable, "journal_unreachable", 5)
    }
    [row] = journal.rows()
    assert (row.state, row.job_id) == (State.ACCEPTED, JOB)


def test_without_the_server_nobody_waits_to_hear_how_long_to_wait(own_cluster: Cluster, open_one: Open) -> None:
    journal = open_one(own_cluster.url())
    own_cluster.stop()
    began = time.monotonic()

    failures = [refusal(lambda: journal.held_until(INTENT.service, INTENT.account)) for _ in range(5)]

    assert {failure.code for failure in failures} == {"journal_unreachable"}
    assert time.monotonic() - began < 30  # a record waits for 60 s
    own_cluster.start()


def test_each_failure_is_the_callers_own(own_cluster: Cluster, open_one: Open) -> None:
    journal = open_one(own_cluster.url())
    own_cluster.stop()

    first = refusal(lambda: bought(journal))
    first.job_id = JOB
    second = refusal(lambda: bought(journal))
    second.job_id = job_id(2)

    assert [first.job_id, second.job_id, refusal(lambda: bought(journal)).job_id] == [JOB, job_id(2), None]
    own_cluster.start()


def test_a_server_that_does_not_answer_is_waited_for_once_and_not_by_each_in_its_turn(
    cluster: Cluster, database: str, open_one: Open, wire: Wire
) -> None:
    journal = open_one(f"{database.replace(f':{cluster.port}', f':{wire.port}')}?connect_timeout=5")
    wire.is_silent = True
    wire.cut()
    began = time.monotonic()

    with ThreadPoolExecutor(8) as pool_:
        failures = list(pool_.map(lambda _: refusal(lambda: bought(journal)), range(8)))

    assert {failure.code for failure in failures} == {"journal_unreachable"}
    assert time.monotonic() - began < 30  # in turn it would be 40


def test_a_run_is_dead_as_soon_as_its_journal_is_closed(open_one: Open) -> None:
    first = open_one()
    assert first._session
    busy = first._session.process
    os.kill(busy, signal.SIGSTOP)
    threading.Timer(0.4, os.kill, (busy, signal.SIGCONT)).start()

    first.close()

    assert run_key(first.run) not in open_one()._met


def test_closing_waits_for_no_server_that_is_silent(
    cluster: Cluster, database: str, open_one: Open, wire: Wire
) -> None:
    journal = open_one(database.replace(f":{cluster.port}", f":{wire.port}"))
    wire.is_silent = True
    began = time.monotonic()

    journal.close()

    assert time.monotonic() - began < 20  # a question waits for 40 s


def test_while_one_tries_to_reach_a_server_that_drops_packets_claims_stop_at_once(
    cluster: Cluster, database: str, open_one: Open, wire: Wire
) -> None:
    journal = open_one(f"{database.replace(f':{cluster.port}', f':{wire.port}')}?connect_timeout=3", silent_seconds=1.0)
    number = bought(journal)
    wire.is_silent = True

    with ThreadPoolExecutor(1) as pool_:
        told = pool_.submit(journal.record, number, Step(State.ACCEPTED, job_id=JOB), NOW)
        refusal(lambda: bought(journal))  # the first to find out
        wait_until(lambda: journal._reconnects)
        began = time.monotonic()
        failures = [refusal(lambda: bought(journal)) for _ in range(5)]
        assert time.monotonic() - began < 10  # in turn it would be 15
        wire.is_silent = False
        told.result(90)

    assert {failure.code for failure in failures} == {"journal_unreachable"}
    assert [(row.state, row.job_id) for row in journal.rows()] == [(State.ACCEPTED, JOB)]


def test_a_record_is_given_up_after_a_while(own_cluster: Cluster, open_one: Open) -> None:
    journal = open_one(own_cluster.url(), retried_for=1.5)
    number = bought(journal)
    own_cluster.stop()
    began = time.monotonic()

    failure = refusal(lambda: journal.record(number, Step(State.ACCEPTED, job_id=JOB), NOW))

    assert isinstance(failure, JournalUnreachable)
    assert 0.5 < time.monotonic() - began < 30
    journal.close()
    own_cluster.start()


def test_an_id_that_was_not_recorded_is_taken_by_the_next_process_of_this_machine(
    own_cluster: Cluster, open_one: Open, tmp_path: Path
) -> None:
    journal = open_one(own_cluster.url(), retried_for=1.5)
    number = bought(journal)
    own_cluster.stop()
    refusal(lambda: journal.record(number, Step(State.ACCEPTED, job_id=JOB), NOW))
    journal.close()
    own_cluster.start()

    claim = open_one(own_cluster.url()).claim(INTENT, NOW, Reuse.UNFINISHED)

    assert (taken(claim).row.state, taken(claim).row.job_id, taken(claim).is_live) == (State.ACCEPTED, JOB, False)
    assert list((tmp_path / "state/untaken").iterdir()) == []


def test_a_note_of_another_database_or_row_changes_nothing(
    cluster: Cluster, database: str, open_one: Open, tmp_path: Path
) -> None:
    number = bought(open_one())
    for address in (open_one()._server.address, "postgresql://elsewhere/x"):
        with pytest.raises(OSError, match="gone"), Untaken(tmp_path / "state", address).kept(Note("r", number, JOB)):
            raise OSError("gone")
    (tmp_path / "state/untaken/torn.json").write_text("{")

    [row] = open_one().rows()

    assert (row.state, row.job_id) == (State.SUBMITTING, None)
    assert len(list((tmp_path / "state/untaken").iterdir())) == 2


def test_what_is_committed_outlives_the_server_that_is_set_to_be_quick(own_cluster: Cluster, open_one: Open) -> None:
    journal = open_one(own_cluster.url())
    assert own_cluster.run("SHOW synchronous_commit") == [("off",)]
    assert journal._execute("SHOW synchronous_commit", {}) == [("on",)]

    for number in range(20):
        bought(journal, intent=INTENT._replace(work=str(number)))
    own_cluster.restart()

    assert len(list(journal.rows())) == 20


def test_a_server_that_cannot_be_reached_is_told_of_at_once(tmp_path: Path) -> None:
    failure = refusal(lambda: open_journal("postgresql://me:hunter22@127.0.0.1:9/games", tmp_path, history=True))

    assert isinstance(failure, JournalUnreachable)
    assert failure.message == "The journal postgresql://me@127.0.0.1:9/games cannot be reached"
    assert "refused" in failure.why
    assert not (tmp_path / "jobs.sqlite3").exists()  # there is no fall-back


def test_a_server_that_falls_silent_is_left_and_what_was_paid_for_is_recorded(
    cluster: Cluster, database: str, open_one: Open
) -> None:
    journal, other = open_one(silent_seconds=1.0), open_one()
    number = bought(journal)
    assert journal._session is not None
    silent = journal._session.process
    os.kill(silent, signal.SIGSTOP)
    try:
        journal.record(number, Step(State.ACCEPTED, job_id=JOB), NOW)

        assert [row.state for row in other.rows()] == [State.ACCEPTED]
        assert is_live(other)
        failure = refusal(lambda: bought(journal))  # its sign of life is still in the hands of the old session
        assert isinstance(failure, JournalBusy)
    finally:
        os.kill(silent, signal.SIGCONT)
    wait_until(lambda: not cluster.run(f"SELECT 1 FROM pg_stat_activity WHERE pid = {silent}"))
    assert bought(journal, intent=INTENT._replace(work="beef")) > number
    assert is_live(other, INTENT._replace(work="beef"))


def test_a_silent_server_holds_up_nobody_who_closes_the_journal(
    cluster: Cluster, database: str, open_one: Open, wire: Wire
) -> None:
    url = database.replace(f":{cluster.port}", f":{wire.port}")
    asks, records = open_one(url), open_one(url)
    for journal in (asks, records):
        number = bought(journal, State.ACCEPTED, State.SUCCEEDED, intent=INTENT._replace(work=journal.run))
    wire.is_silent = True
    told = threading.Thread(target=lambda: refusal(lambda: records.record(number, Step(State.SAVED), NOW)), daemon=True)
    told.start()
    time.sleep(0.5)
    began = time.monotonic()

    asks.close()
    records.close()

    assert time.monotonic() - began < 20  # it stays silent for 40 s before it is given up
    wire.cut()
    told.join(90)


# ------------------------------------------------------------------ others who hold things up


def test_a_stopped_process_keeps_what_it_is_at(workers: Journals, open_one: Open) -> None:
    worker = workers.worker("hold", "f00d", JOB)
    worker.hears()
    worker.go()
    assert [worker.hears(), worker.hears()] == ["claimed 1", "accepted"]
    os.kill(worker.process.pid, signal.SIGSTOP)

    journal = open_one()
    assert is_live(journal)

    os.kill(worker.process.pid, signal.SIGCONT)
    worker.finish()
    assert not is_live(journal)


def test_a_process_that_stops_within_a_claim_holds_nobody_up_for_long(database: str, open_one: Open) -> None:
    is_in, goes_on = threading.Event(), threading.Event()

    class Stopped(PostgresJournal):
        def _lives(self, run: str) -> bool:  # asked in the middle of a claim
            is_in.set()
            goes_on.wait(30)
            return super()._lives(run)

    dead, other = open_one(), open_one()
    bought(dead, State.ACCEPTED)
    dead.close()
    with closing(Stopped(database, dead._folder)) as stopped, ThreadPoolExecutor(1) as pool_:
        stopped._execute("SET idle_in_transaction_session_timeout = '500ms'", {})
        claim = pool_.submit(stopped.claim, INTENT, NOW, Reuse.UNFINISHED)
        assert is_in.wait(20)
        assert taken(other.claim(INTENT, NOW, Reuse.UNFINISHED)).row.run == other.run
        goes_on.set()
        assert taken(claim.result(30)).is_live


def test_who_waits_for_a_lock_does_not_wait_for_ever(open_one: Open) -> None:
    other, journal = open_one(), open_one(busy_seconds=0.5)
    is_in, goes_on = threading.Event(), threading.Event()

    def stop(_tables: object) -> None:
        is_in.set()
        goes_on.wait(30)

    with ThreadPoolExecutor(1) as pool_:
        change = pool_.submit(other._write, stop, locks=[f"work {INTENT.service} {INTENT.work}"])
        assert is_in.wait(20)
        failure = refusal(lambda: bought(journal))
        goes_on.set()
        change.result(30)

    assert isinstance(failure, JournalBusy)
    assert bought(journal) > 0


def test_both_ends_notice_when_the_other_machine_is_gone(open_one: Open) -> None:
    journal = open_one()
    assert journal._session is not None

    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
    server = [journal._execute(f"SHOW {name}", {}) for name in (*names, "idle_in_transaction_session_timeout")]
    client = journal._session._connection.info.get_parameters()

    assert server == [[("10",)], [("5",)], [("3",)], [("25000",)], [("10s",)]]
    assert [client[name] for name in ("keepalives_idle", "keepalives_interval", "keepalives_count")] == ["10", "5", "3"]


INTERRUPTED = """
import signal, sys, time
from pathlib import Path
from aeforge_cli.errors import Interrupted
from aeforge_cli.journal.interface import State, Step
from aeforge_cli.journal.postgres import PostgresJournal
from tests.journal.conftest import NOW, bought

def handler(number, _frame):
    raise Interrupted(number)

journal = PostgresJournal(sys.argv[1], Path(sys.argv[2]))
number = bought(journal)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.5)
began = time.monotonic()
try:
    journal._write(lambda tables: tables._execute("SELECT pg_sleep(30)", {}))
except Interrupted:
    print(time.monotonic() - began < 25)
signal.setitimer(signal.ITIMER_REAL, 0.5)
try:
    journal._read(lambda tables: tables._execute("SELECT pg_sleep(30)", {}))
except Interrupted:
    print(time.monotonic() - began < 25)
journal.record(number, Step(State.ACCEPTED, job_id="x"), NOW)
print([row.state.value for row in journal.rows()])
journal.close()
"""


def test_a_signal_in_the_middle_of_a_statement_ends_the_wait_and_nothing_else(database: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, database, str(tmp_path / "state")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert (run.stdout.splitlines(), run.stderr) == (["True", "True", "['accepted']"], "")


# ------------------------------------------------------------------ who may use it


@pytest.fixture
def roles(cluster: Cluster) -> Iterator[Cluster]:
    cluster.run(
        "CREATE ROLE guest LOGIN",
        "CREATE ROLE member LOGIN",
        "CREATE ROLE locked LOGIN PASSWORD 'hunter22@!'",
        "GRANT CREATE ON DATABASE postgres TO locked",
    )
    cluster.allow("host all locked 127.0.0.1/32 scram-sha-256")
    yield cluster
    cluster.run("DROP SCHEMA IF EXISTS aeforge CASCADE", "DROP OWNED BY guest, member, locked")
    cluster.run("DROP ROLE guest, member, locked")


def test_a_user_without_rights_is_told_so(roles: Cluster, database: str, open_one: Open) -> None:
    failure = refusal(lambda: open_one(roles.url(user="guest")))
    assert (type(failure), failure.why) == (JournalUnreachable, "permission denied for database postgres")

    open_one()  # by somebody who may make tables
    failure = refusal(lambda: open_one(roles.url(user="guest")))
    assert (type(failure), failure.why) == (JournalUnreachable, "permission denied for schema aeforge")


def test_a_schema_that_an_administrator_made_needs_no_right_to_make_one(roles: Cluster, open_one: Open) -> None:
    roles.run("CREATE SCHEMA aeforge AUTHORIZATION member")

    assert bought(open_one(roles.url(user="member"))) == 1


def test_a_user_who_may_only_read_claims_nothing(roles: Cluster, open_one: Open) -> None:
    bought(open_one(), State.ACCEPTED)
    roles.run("GRANT USAGE ON SCHEMA aeforge TO guest", "GRANT SELECT ON ALL TABLES IN SCHEMA aeforge TO guest")
    journal = open_one(roles.url(user="guest"))

    assert [row.job_id for row in journal.rows()] == [JOB]
    failure = refusal(lambda: bought(journal))
    assert (type(failure), failure.why) == (JournalUnreachable, "permission denied for table jobs")


def test_the_password_comes_from_the_url_or_the_environment_and_is_never_shown(
    roles: Cluster, open_one: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = roles.url(user="locked")
    monkeypatch.setenv("PGPASSWORD", "hunter22@!")
    open_one(url)
    monkeypatch.setenv("PGPASSWORD", "hunter33@!")

    failure = refusal(lambda: open_one(url))
    assert failure.hint == "set PGPASSWORD, or write the password to ~/.pgpass"

    open_one(url.replace("locked@", "locked:hunter22%40!@"))
    failures = [failure, refusal(lambda: open_one(url.replace("locked@", "locked:hunter44%40!@")))]
    for each in failures:
        assert isinstance(each, JournalUnreachable)
        assert "password authentication failed" in each.why
        assert "hunter" not in f"{each.as_json()} {each!r} {each.__cause__!r}"


def test_what_a_server_says_is_shown_on_one_line_and_without_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter33")
    server = Server("postgresql://me:hunter22@db/x", busy_seconds=1, silent_seconds=1)

    said = server.shown("connection failed: no hunter22,\n\tno hunter33\n - and no end" + 1000 * "!")

    assert said.startswith("no ***,; no ***; and no end!!!")
    assert (len(said), server.address) == (500, "postgresql://me@db/x")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter22@127.0.0.1:port/x",
        "postgresql://me:hunter22@[::1/x",
        "postgresql://127.0.0.1/x?pass=hunter22",
    ],
)
def test_a_url_that_is_none_is_refused_without_repeating_it(tmp_path: Path, url: str) -> None:
    failure = refusal(lambda: open_journal(url, tmp_path, history=True))

    assert failure.exit_status in (2, 5)
    assert "hunter22" not in f"{failure.as_json()} {failure!r} {failure.__cause__!r}"


def test_a_journal_of_a_newer_aeforge_is_left_alone(cluster: Cluster, open_one: Open) -> None:
    bought(open_one())
    cluster.run("UPDATE aeforge.meta SET schema_version = 99")

    failure = refusal(open_one)

    assert isinstance(failure, JournalUnreachable)
    assert failure.message.endswith("was written by a newer aeforge")
    assert failure.hint == "upgrade aeforge on this machine"
    assert cluster.run("SELECT count(*) FROM aeforge.jobs") == [(1,)]


OTHERS = {
    "a table": ["CREATE TABLE aeforge.users (id int)"],
    "a table of a name of ours": ["CREATE TABLE aeforge.jobs (id int)"],
    "another meta": ["CREATE TABLE aeforge.meta (id int)"],
    "a meta of text": ["CREATE TABLE aeforge.meta (schema_version text)", "INSERT INTO aeforge.meta VALUES ('x')"],
    "a meta without a version": ["CREATE TABLE aeforge.meta (schema_version int)"],
    "a meta of nothing": ["CREATE TABLE aeforge.meta (schema_version int)", "INSERT INTO aeforge.meta VALUES (NULL)"],
}


@pytest.mark.parametrize("statements", OTHERS.values(), ids=OTHERS)
def test_a_schema_of_another_program_is_left_alone(cluster: Cluster, open_one: Open, statements: list[str]) -> None:
    cluster.run("DROP SCHEMA IF EXISTS aeforge CASCADE", "CREATE SCHEMA aeforge", *statements)

    failure = refusal(open_one)

    assert isinstance(failure, JournalUnreachable)
    assert failure.message.endswith("is another program's: its schema aeforge holds other tables")
    assert len(cluster.run("SELECT 1 FROM pg_tables WHERE schemaname = 'aeforge'")) == 1


@pytest.mark.parametrize(
    "statement", ["DROP TABLE aeforge.files", "UPDATE aeforge.meta SET schema_version = 1"], ids=["a table", "older"]
)
def test_a_journal_that_lacks_a_table_is_refused_before_anything_is_claimed(
    cluster: Cluster, open_one: Open, statement: str
) -> None:
    bought(open_one())
    cluster.run(statement)

    failure = refusal(open_one)

    assert isinstance(failure, JournalUnreachable)
    assert failure.message.endswith("lacks its tables")


def test_a_role_with_a_short_time_for_statements_waits_for_a_lock_as_others_do(
    cluster: Cluster, database: str, open_one: Open
) -> None:
    bought(open_one())
    cluster.run("CREATE ROLE hasty SUPERUSER LOGIN", "ALTER ROLE hasty SET statement_timeout = '100ms'")
    try:
        hasty = open_one(database.replace("tester@", "hasty@"))
        with psycopg.connect(database) as other, ThreadPoolExecutor(1) as pool_:
            other.execute("LOCK TABLE aeforge.jobs IN ACCESS EXCLUSIVE MODE")
            claim = pool_.submit(hasty.claim, INTENT._replace(work="other"), NOW, Reuse.UNFINISHED)
            wait_until(lambda: bool(cluster.run("SELECT 1 FROM pg_locks WHERE NOT granted")))
            time.sleep(0.2)
            other.rollback()

            assert isinstance(claim.result(20), Claimed)
        hasty.close()
    finally:
        cluster.run("DROP ROLE hasty")


def test_a_record_that_an_administrator_cancels_is_written_all_the_same(
    cluster: Cluster, database: str, open_one: Open
) -> None:
    journal, other = open_one(), open_one()
    number = bought(journal)
    waiting = "SELECT pid FROM pg_locks WHERE NOT granted"
    with psycopg.connect(database) as holder, ThreadPoolExecutor(1) as pool_:
        holder.execute("LOCK TABLE aeforge.jobs IN ACCESS EXCLUSIVE MODE")
        record = pool_.submit(journal.record, number, Step(State.ACCEPTED, job_id=JOB), NOW)
        wait_until(lambda: bool(cluster.run(waiting)))
        cluster.run(f"SELECT pg_cancel_backend(pid) FROM ({waiting}) AS waiting")
        wait_until(lambda: bool(cluster.run(waiting)))
        holder.rollback()
        record.result(20)

    assert [row.state for row in other.rows()] == [State.ACCEPTED]


def test_a_user_that_may_only_read_is_told_so(cluster: Cluster, database: str, open_one: Open) -> None:
    bought(open_one())
    cluster.run("CREATE ROLE reader SUPERUSER LOGIN", "ALTER ROLE reader SET default_transaction_read_only = on")
    try:
        reader = open_one(database.replace("tester@", "reader@"))

        failure = refusal(lambda: reader.claim(INTENT._replace(work="other"), NOW, Reuse.UNFINISHED))

        assert failure.message.endswith("takes no changes")
        assert failure.hint == "name a server and a user that may write"
        assert [row.state for row in reader.rows()] == [State.SUBMITTING]
        reader.close()
    finally:
        cluster.run("DROP ROLE reader")


def test_tables_that_are_gone_are_told_of(cluster: Cluster, open_one: Open) -> None:
    journal = open_one()
    cluster.run("DROP TABLE aeforge.jobs")

    failure = refusal(journal.last)

    assert (type(failure), failure.why) == (JournalUnreachable, 'relation "jobs" does not exist')


SPEAKS = {
    "no encoding": "ENCODING 'SQL_ASCII' LOCALE 'C'",
    # Where the order of words is that of a dictionary, ranges of ids and of times would go wrong.
    "a language": "LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C.UTF-8'",
}


@pytest.mark.parametrize("speaks", SPEAKS.values(), ids=SPEAKS)
def test_what_the_database_speaks_does_not_matter(cluster: Cluster, open_one: Open, speaks: str) -> None:
    cluster.run(f"CREATE DATABASE old TEMPLATE template0 {speaks}")
    journal = open_one(cluster.url("old"))

    number = bought(journal, State.ACCEPTED, intent=INTENT._replace(prompt="naïve 🦊", profile="büro"))

    row = journal.row(number)
    assert row is not None
    assert (row.prompt, row.profile) == ("naïve 🦊", "büro")
    assert [row.number for row in journal.begins_with(JOB[:10])] == [number]
    journal.close()
    cluster.run("DROP DATABASE old")


# ------------------------------------------------------------------ pools


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pool_that_gives_sessions_away_is_refused(cluster: Cluster, database: str, open_one: Open, mode: str) -> None:
    with pool(cluster, mode) as url:
        failure = refusal(lambda: open_one(url))

    assert isinstance(failure, JournalUnreachable)
    assert failure.hint == "connect to the server itself, or to a pool in session mode"


@pytest.mark.parametrize("size", [1, 10])
def test_a_pool_that_keeps_sessions_is_as_good_as_the_server(cluster: Cluster, open_one: Open, size: int) -> None:
    with pool(cluster, "session", size) as url:
        journal, other = open_one(url), open_one()
        bought(journal, State.ACCEPTED)
        assert is_live(other)
        journal.close()
        wait_until(lambda: not is_live(other))


def test_a_session_that_is_given_away_in_mid_run_claims_nothing(open_one: Open) -> None:
    journal = open_one()
    assert journal._session is not None
    journal._session.process += 1  # as if a pool had moved us

    failure = refusal(lambda: bought(journal))

    assert failure.message.endswith("is behind a pool that gives each transaction another session")
    assert list(journal.rows()) == []


# ------------------------------------------------------------------ the driver


WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = None
from pathlib import Path
from aeforge_cli.errors import Usage
from aeforge_cli.journal.opening import open_journal
try:
    open_journal("postgresql://localhost/x", Path(sys.argv[1]), history=True)
except Usage as error:
    print(error.exit_status, error.message, error.hint)
open_journal("", Path(sys.argv[1]), history=True).close()
"""


def test_without_the_driver_its_installation_is_told(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVER, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert run.stdout == f"2 The journal needs the driver of PostgreSQL {install_hint('postgres')}\n"


def test_the_driver_is_loaded_only_for_a_journal_on_a_server(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from aeforge_cli.journal.opening import open_journal;"
        " open_journal('', Path(sys.argv[1]), history=True).close(); print('psycopg' in sys.modules)"
    )

    run = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)

    assert run.stdout == "False\n"


@pytest.mark.parametrize("url", ["mysql://h/x", "postgres", "/a/file", "http://h/x"])
def test_another_kind_of_address_is_no_journal(tmp_path: Path, url: str) -> None:
    assert type(refusal(lambda: open_journal(url, tmp_path, history=True))) is Usage


# ------------------------------------------------------------------ flat in its length


MANY = (
    """
    INSERT INTO aeforge.jobs OVERRIDING SYSTEM VALUE
    SELECT 100 + n, 'w' || n, service, account, run, host, operation, state, 'j' || n, 'j' || n, input, prompt, output,
        quality, profile, price, unit, details, created, updated, reason, unfinished
    FROM aeforge.jobs, generate_series(1, 5000) n WHERE number = 4""",
    """
    INSERT INTO aeforge.files
    SELECT 100 + n, 0, '"/out/' || n || '.png"', host, saved, 's' || n
    FROM aeforge.files, generate_series(1, 5000) n WHERE sha256 = 'cd'""",
    "ANALYZE aeforge.jobs, aeforge.files",
)


def test_no_question_reads_a_whole_table(cluster: Cluster, open_one: Open) -> None:
    journal = open_one()
    for number in range(3):
        bought(journal, State.FAILED, intent=INTENT._replace(work=f"failed-{number}"), job_id=job_id(number))
    number = bought(journal, State.SAVED)
    journal.record(number, Step(State.SAVED, files=[FILE, SavedFile("/out/2.png", sha256="cd")]), NOW)
    cluster.run(*MANY)
    journal.close()
    wait_until(lambda: not _others(cluster))  # a session tells its statistics when it ends
    before = _scans(cluster)
    asking = open_one()
    for question in QUESTIONS:
        question(asking)
    asking.close()  # its statistics are told then

    wait_until(lambda: _scans(cluster) != before)
    after = _scans(cluster)
    assert {name: after[name][0] - before[name][0] for name in after} == {"jobs": 0, "files": 0}


def _others(cluster: Cluster) -> object:
    return cluster.run(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )


def _scans(cluster: Cluster) -> dict[str, tuple[int, int]]:
    """How often each table was read whole, and by an index."""
    found = cluster.run(
        "SELECT relname, seq_scan, idx_scan FROM pg_stat_user_tables WHERE relname IN ('jobs', 'files')"
    )
    return {str(name): (int(str(whole)), int(str(indexed))) for name, whole, indexed in found}


QUESTIONS: tuple[Callable[[Journal], object], ...] = (
    lambda journal: list(journal.rows(limit=5)),
    lambda journal: list(journal.rows(pending=True, limit=5)),
    lambda journal: list(journal.rows(failed=True, limit=5)),
    lambda journal: journal.last(),
    lambda journal: journal.row(104),
    lambda journal: journal.by_job_id(JOB),
    lambda journal: journal.begins_with("j77"),
    lambda journal: journal.made("cd"),
    lambda journal: journal.saved_at(FILE.path),
    lambda journal: journal.of_work("w9", INTENT.service),
    lambda journal: journal.count_pending(),
    lambda journal: journal.spent(INTENT.service, INTENT.account, "2027"),
    lambda journal: journal.held_until(INTENT.service, INTENT.account),
    lambda journal: journal.claim(INTENT, NOW, Reuse.FINISHED, limits=[Limit(9, None, "2027", "9", "")]),
    lambda journal: journal.record(4, Step(State.SAVED, files=[replace(FILE, path="/out/3.png")]), NOW),
)
