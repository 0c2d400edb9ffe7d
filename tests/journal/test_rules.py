"""What forbids a purchase, what a crash means and what is kept, apart from any database."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal import rules
from aeforge_cli.journal.interface import Claimed, Limit, OtherAccount, OverLimit, Reuse, Row, State, Step, Taken
from aeforge_cli.journal.rules import Run
from tests.journal.conftest import FILE, INTENT, JOB

OURS, LIVING, DEAD = "ours", "living", "dead"
RUN = Run(OURS, "here", "9999", lambda run: run != DEAD, lambda run: run != DEAD)
NOW = "2026-01-31T12:00:00.000+00:00"
LATER = "2026-01-31T12:00:05.000+00:00"


def a_row(state: State, number: int = 1, **changes: Any) -> Row:
    row = rules.new_row(INTENT, NOW, RUN)._replace(number=number, state=state, run=DEAD)
    known = state not in {State.SUBMITTING, State.NOT_SENT, State.REJECTED, State.UNKNOWN}
    return row._replace(**{"job_id": JOB if known else None} | changes)


@dataclass
class FakeTransaction:
    """The rows of one work, the newest first, and what was done with them."""

    rows: list[Row] = field(default_factory=list)
    already_spent: int = 0
    updated: list[Row] = field(default_factory=list)

    def rows_of_work(self, work: str, service: str) -> list[Row]:
        return self.rows

    def insert(self, row: Row) -> int:
        self.rows.insert(0, row._replace(number=len(self.rows) + 1))
        return self.rows[0].number

    def update(self, row: Row) -> None:
        self.updated.append(row)

    def spent(self, service: str, account: str, since: str, unit: str | None) -> int:
        return self.already_spent


def claimed(database: FakeTransaction, reuse: Reuse = Reuse.UNFINISHED, **how: Any) -> Any:
    return rules.claimed(database, INTENT, LATER, reuse, RUN, **how)


# ------------------------------------------------------------------ what forbids a purchase

# Of an earlier run that is dead: whether a row in this state forbids buying its work again.
FORBIDS = {
    State.SUBMITTING: (True, True),
    State.UNKNOWN: (True, True),
    State.LOST: (True, True),
    State.ACCEPTED: (True, True),
    State.SUCCEEDED: (True, True),
    State.SAVED: (False, True),
    State.FAILED: (False, False),
    State.NOT_SENT: (False, False),
    State.REJECTED: (False, False),
}


@pytest.mark.parametrize("state", State, ids=str)
def test_each_state_forbids_what_the_table_says(state: State) -> None:
    row = a_row(state)

    found = [
        rules.blocker([row], reuse, concurrent=RUN.is_concurrent) == row for reuse in (Reuse.UNFINISHED, Reuse.FINISHED)
    ]

    assert tuple(found) == FORBIDS[state]
    assert rules.blocker([row], Reuse.NOTHING, concurrent=RUN.is_concurrent) is None


def test_links_that_are_enough_are_finished_when_the_job_is() -> None:
    row = a_row(State.SUCCEEDED, output=None)

    assert rules.blocker([row], Reuse.UNFINISHED, concurrent=RUN.is_concurrent) is None
    assert rules.blocker([row], Reuse.FINISHED, concurrent=RUN.is_concurrent) == row


@pytest.mark.parametrize("state", [State.SAVED, State.SUCCEEDED, State.ACCEPTED], ids=str)
def test_what_this_run_has_paid_for_is_not_bought_twice(state: State) -> None:
    row = a_row(state, run=OURS)

    assert rules.blocker([row], Reuse.UNFINISHED, concurrent=RUN.is_concurrent) == row


@pytest.mark.parametrize("run", [OURS, LIVING], ids=["this run", "another that lives"])
def test_what_was_paid_for_beside_this_run_is_not_bought_twice_and_what_was_before_it_may_be(run: str) -> None:
    beside, before = a_row(State.SAVED, run=run), a_row(State.SAVED, run=DEAD)
    ended_meanwhile = before._replace(updated="9999-01-01")

    assert rules.blocker([beside], Reuse.UNFINISHED, concurrent=RUN.is_concurrent) == beside
    assert rules.blocker([before], Reuse.UNFINISHED, concurrent=RUN.is_concurrent) is None
    assert rules.blocker([ended_meanwhile], Reuse.UNFINISHED, concurrent=RUN.is_concurrent) == ended_meanwhile


def test_an_older_job_that_a_later_run_has_taken_up_and_finished_is_not_bought_beside_it() -> None:
    run = RUN._replace(lived=lambda _run: False)

    assert run.is_concurrent(a_row(State.SAVED, run=LIVING))


def test_what_was_bought_in_the_moment_in_which_this_run_began_was_bought_beside_it() -> None:
    run = RUN._replace(since=NOW)

    before = a_row(State.SAVED, created="2026-01-31T11:00:00.000+00:00")
    assert run.is_concurrent(before._replace(updated=NOW))
    assert not run.is_concurrent(before._replace(updated="2026-01-31T11:59:59.999+00:00"))


@pytest.mark.parametrize("state", [State.UNKNOWN, State.LOST, State.SUBMITTING], ids=str)
def test_a_doubt_counts_until_the_user_has_sent_the_work_again(state: State) -> None:
    doubtful = a_row(state, 1)

    assert rules.blocker([a_row(State.FAILED, 2), doubtful], Reuse.FINISHED, concurrent=RUN.is_concurrent) is None
    assert (
        rules.blocker([a_row(State.NOT_SENT, 2), doubtful], Reuse.UNFINISHED, concurrent=RUN.is_concurrent) == doubtful
    )


def test_a_job_that_a_sandbox_forgot_forbids_nothing() -> None:
    forgotten = a_row(State.LOST, service=rules.SANDBOX)

    assert rules.blocker([forgotten], Reuse.FINISHED, concurrent=RUN.is_concurrent) is None


@pytest.mark.parametrize("reuse", [Reuse.UNFINISHED, Reuse.FINISHED], ids=str)
@pytest.mark.parametrize("before", [State.FAILED, State.SAVED], ids=str)
def test_a_doubt_about_the_newest_try_counts_whatever_was_before_it(before: State, reuse: Reuse) -> None:
    doubtful = a_row(State.UNKNOWN, 2)

    assert rules.blocker([doubtful, a_row(before, 1)], reuse, concurrent=RUN.is_concurrent) == doubtful


def test_paid_work_that_is_not_finished_counts_however_old_it_is() -> None:
    paid = a_row(State.ACCEPTED, 1)
    since = [a_row(State.NOT_SENT, 4), a_row(State.FAILED, 3), a_row(State.SAVED, 2)]

    assert rules.blocker([*since, paid], Reuse.UNFINISHED, concurrent=RUN.is_concurrent) == paid


def test_finished_work_counts_though_it_failed_since() -> None:
    done = a_row(State.SAVED, 1)

    assert rules.blocker([a_row(State.FAILED, 2), done], Reuse.FINISHED, concurrent=RUN.is_concurrent) == done


def test_rows_whose_results_are_gone_do_not_count() -> None:
    gone, older = a_row(State.SAVED, 2), a_row(State.SAVED, 1)

    assert rules.blocker([gone, older], Reuse.FINISHED, concurrent=RUN.is_concurrent, gone=[2]) == older
    assert rules.blocker([gone, older], Reuse.FINISHED, concurrent=RUN.is_concurrent, gone=[1, 2]) is None


# ------------------------------------------------------------------ claims


def test_work_that_nothing_forbids_is_written_before_it_is_sent() -> None:
    database = FakeTransaction()

    assert claimed(database) == Claimed(1)
    [row] = database.rows
    assert (row.state, row.run, row.host, row.created, row.work) == (State.SUBMITTING, OURS, "here", LATER, INTENT.work)


@pytest.mark.parametrize("state", [State.SUBMITTING, State.UNKNOWN, State.ACCEPTED, State.SUCCEEDED], ids=str)
def test_what_a_living_run_is_at_is_left_to_it(state: State) -> None:
    row = a_row(state, run=LIVING)
    database = FakeTransaction([row])

    assert (claimed(database), database.updated) == (Taken(row, is_live=True), [])


@pytest.mark.parametrize("state", [State.SAVED, State.LOST], ids=str)
def test_what_a_living_run_has_settled_is_nothing_to_wait_for(state: State) -> None:
    row = a_row(state, run=LIVING)
    database = FakeTransaction([row])

    assert (claimed(database, Reuse.FINISHED), database.updated) == (Taken(row), [])


@pytest.mark.parametrize("state", [State.ACCEPTED, State.SUCCEEDED], ids=str)
def test_what_a_dead_run_has_paid_for_is_ours_from_now_on(state: State) -> None:
    database = FakeTransaction([a_row(state)])

    taken = a_row(state)._replace(run=OURS, host="here")
    assert (claimed(database), database.updated) == (Taken(taken), [taken])


def test_what_a_dead_run_was_sending_is_in_doubt_and_nobodys() -> None:
    database = FakeTransaction([a_row(State.SUBMITTING)])

    doubtful = a_row(State.UNKNOWN)._replace(reason="the process ended before the answer", updated=LATER)
    assert (claimed(database), database.updated) == (Taken(doubtful), [doubtful])


@pytest.mark.parametrize("state", [State.SAVED, State.UNKNOWN, State.LOST], ids=str)
def test_what_does_not_change_is_not_written(state: State) -> None:
    row = a_row(state)
    database = FakeTransaction([row])

    assert (claimed(database, Reuse.FINISHED), database.updated) == (Taken(row), [])


def test_what_another_thread_of_this_run_is_sending_is_waited_for() -> None:
    sending, accepted = a_row(State.SUBMITTING, run=OURS), a_row(State.ACCEPTED, run=OURS)

    assert claimed(FakeTransaction([sending])) == Taken(sending, is_live=True)
    assert claimed(FakeTransaction([accepted])) == Taken(accepted, is_live=False)


def test_rows_of_our_own_account_come_before_those_of_others() -> None:
    ours, theirs = a_row(State.ACCEPTED, 1, run=OURS), a_row(State.ACCEPTED, 2, account="ffff")

    assert claimed(FakeTransaction([theirs, ours])) == Taken(ours)
    assert claimed(FakeTransaction([theirs])) == OtherAccount(theirs)
    assert claimed(FakeTransaction([theirs]), strangers=["ffff"]) == Claimed(2)


def test_results_of_another_account_that_are_gone_forbid_nothing() -> None:
    theirs = a_row(State.SAVED, 2, account="ffff")

    assert claimed(FakeTransaction([theirs]), Reuse.FINISHED) == OtherAccount(theirs)
    assert claimed(FakeTransaction([theirs]), Reuse.FINISHED, gone=[2]) == Claimed(2)


@pytest.mark.parametrize(
    ("limit", "spent", "allowed"),
    [
        (Limit(10, None, "", "10/day", ""), 9, True),
        (Limit(10, None, "", "10/day", ""), 10, False),
        (Limit(4_000_000, "credits", "", "", ""), 2_500_000, True),
        (Limit(4_000_000, "credits", "", "", ""), 2_500_001, False),
        (Limit(0, None, "", "", ""), 0, False),
    ],
    ids=["the last job", "one job too many", "the last credit", "one millionth too many", "nothing allowed"],
)
def test_a_limit_allows_its_last_unit_and_no_more(limit: Limit, spent: int, allowed: bool) -> None:
    database = FakeTransaction(already_spent=spent)

    assert claimed(database, limits=[limit]) == (Claimed(1) if allowed else OverLimit(limit, spent))
    assert len(database.rows) == allowed


# ------------------------------------------------------------------ what is kept


def test_a_step_keeps_what_it_does_not_say_but_no_old_reason() -> None:
    row = a_row(State.ACCEPTED, reason="slow")

    assert rules.advanced(row, Step(State.SUCCEEDED, files=[FILE]), LATER) == row._replace(
        state=State.SUCCEEDED, reason=None, updated=LATER, files=(FILE,)
    )


@pytest.mark.parametrize(
    ("row", "told", "state"),
    [
        (State.UNKNOWN, State.ACCEPTED, State.ACCEPTED),
        (State.UNKNOWN, State.NOT_SENT, State.NOT_SENT),
        (State.UNKNOWN, State.REJECTED, State.REJECTED),
        (State.SAVED, State.SUCCEEDED, State.SAVED),
        (State.SAVED, State.SAVED, State.SAVED),
        (State.ACCEPTED, State.SAVED, State.SAVED),
        (State.FAILED, State.ACCEPTED, State.FAILED),
    ],
    ids=str,
)
def test_of_a_row_that_was_taken_from_its_run_what_is_further_along_stands(
    row: State, told: State, state: State
) -> None:
    after = rules.overtaken(a_row(row, run=LIVING), Step(told, job_id=JOB, files=[FILE]), LATER)

    assert (after.state, after.job_id, after.files, after.run) == (state, JOB, (FILE,), LIVING)


def test_an_id_that_a_run_heard_after_its_row_was_taken_is_not_lost() -> None:
    heard = Step(State.UNKNOWN, job_id=JOB)

    row = rules.overtaken(a_row(State.NOT_SENT), heard, LATER)

    assert (row.state, row.job_id) == (State.NOT_SENT, JOB)


def test_a_place_holds_what_was_saved_there_last() -> None:
    again = replace(FILE, sha256="cd")
    other = replace(FILE, path="/out/2.png")

    assert rules.merged_files([FILE], [again, other]) == (again, other)


def test_without_history_only_hashes_are_left() -> None:
    row = a_row(State.SAVED, files=(FILE,))

    kept = rules.without_history(row)

    assert (kept.input, kept.prompt, kept.output, kept.details) == (None, None, "", {"inputs": [{"sha256": "aa"}]})
    assert kept.files == (replace(FILE, path=""),)
    assert rules.without_history(row._replace(output=None, details={})).output is None


@given(st.sampled_from(State), st.sampled_from(State), st.sampled_from([NOW, LATER]), st.sampled_from([NOW, LATER]))
def test_of_two_journals_at_most_one_knows_more(one: State, two: State, then: str, now: str) -> None:
    ours, theirs = a_row(one, updated=then), a_row(two, updated=now)

    assert (rules.newer(ours, theirs), rules.newer(theirs, ours)) in {(True, False), (False, True), (False, False)}
    assert rules.newer(ours, ours) is False


@given(st.uuids(), st.booleans(), st.booleans())
def test_a_uuid_is_one_job_however_it_is_written(identifier: Any, upper: bool, bare: bool) -> None:
    text = identifier.hex if bare else str(identifier)

    assert rules.job_key(text.upper() if upper else text) == str(identifier)


@given(st.uuids(), st.integers(1, 36), st.booleans())
def test_a_uuid_is_found_by_each_of_its_beginnings(identifier: Any, length: int, upper: bool) -> None:
    text = str(identifier)[:length]

    assert any(str(identifier).startswith(key) for key in rules.key_beginnings(text.upper() if upper else text))


@given(st.text())
def test_another_id_is_as_it_is(text: str) -> None:
    assert rules.job_key(f"job-{text}") == f"job-{text}"


def test_a_saved_file_keeps_no_signature() -> None:
    assert rules.cut_url("https://u:p@cdn.test/a.png?Signature=secret") == "https://cdn.test/a.png?***"
    assert rules.cut_url(None) is None
    assert rules.without_paths([SavedFile("/a", sha256="ab")]) == (SavedFile("", sha256="ab"),)
