"""What any journal promises, wherever it is kept: each test runs on all of them."""

import json
import os
import stat
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from aeforge_cli.errors import AeforgeError
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import (
    Claim,
    Claimed,
    Intent,
    Journal,
    Limit,
    Made,
    NoJournal,
    OtherAccount,
    OverLimit,
    Reuse,
    Row,
    State,
    Step,
    Taken,
    UsageRow,
)
from aeforge_cli.journal.sqlite import SqliteJournal
from aeforge_cli.journal.tables import known_state
from tests.journal.conftest import FILE, INTENT, JOB, NOW, Journals, bought, job_id

SERVICE, ACCOUNT = INTENT.service, INTENT.account
LATER = NOW + timedelta(seconds=5)


def works(count: int, **changes: Any) -> list[Intent]:
    return [INTENT._replace(work=f"work-{number}", **changes) for number in range(count)]


def row_of(journal: Journal, number: int) -> Row:
    row = journal.row(number)
    assert row is not None
    return row


def ids(rows: "list[Row] | Any") -> list[str | None]:
    return [row.job_id for row in rows]


# ------------------------------------------------------------------ the life of a row


def test_the_life_of_a_job_is_written_down_step_by_step(journal: Journal) -> None:
    assert journal.claim(INTENT, NOW, Reuse.UNFINISHED) == Claimed(1)
    assert journal.row(1) == Row(
        number=1,
        **INTENT._asdict(),
        run=journal.run,
        host=journal.host,
        state=State.SUBMITTING,
        job_id=None,
        created="2026-01-31T12:00:00.000+00:00",
        updated="2026-01-31T12:00:00.000+00:00",
        reason=None,
    )

    journal.record(1, Step(State.ACCEPTED, job_id=JOB), NOW)
    journal.record(1, Step(State.SUCCEEDED), NOW)
    journal.record(1, Step(State.SAVED, files=[FILE]), LATER)

    row = row_of(journal, 1)
    assert (row.job_id, row.state) == (JOB, State.SAVED)
    assert (row.created, row.updated) == ("2026-01-31T12:00:00.000+00:00", "2026-01-31T12:00:05.000+00:00")
    assert row.files == row.results == (replace(FILE, url="https://cdn.test/a.png?***"),)


def test_what_is_recorded_is_there_for_the_next_process(journal: Journal, journals: Journals) -> None:
    number = bought(journal, State.ACCEPTED)

    assert journals().row(number) == journal.row(number)


def test_an_id_once_known_is_never_lost_by_a_later_state(journal: Journal) -> None:
    number = bought(journal, State.ACCEPTED)
    journal.record(number, Step(State.SUCCEEDED, files=[FILE]), NOW)

    journal.record(number, Step(State.SUCCEEDED, reason="one result is missing"), NOW)

    row = row_of(journal, number)
    assert (row.job_id, len(row.files), row.reason) == (JOB, 1, "one result is missing")


def test_an_old_reason_does_not_outlive_its_state(journal: Journal) -> None:
    number = bought(journal, State.ACCEPTED)
    journal.record(number, Step(State.SUCCEEDED, reason="one result is missing"), NOW)

    journal.record(number, Step(State.SAVED, files=[FILE]), NOW)

    assert row_of(journal, number).reason is None


def test_a_number_that_is_not_known_changes_nothing(journal: Journal) -> None:
    journal.record(7, Step(State.ACCEPTED, job_id=JOB), NOW)

    assert (journal.row(7), list(journal.rows()), journal.made("ab")) == (None, [], [])


@pytest.mark.parametrize(
    "text", [os.fsdecode(b"caf\xe9.png"), "\0", "%s %(a)s {x} :name ?", "naïve 🦊 '\"\\", ""], ids=repr
)
def test_any_text_is_kept_as_it_is(journal: Journal, text: str) -> None:
    number = bought(journal, intent=INTENT._replace(input=text, prompt=text, output=text, details={"a": text}))
    journal.record(number, Step(State.FAILED, reason=text), NOW)

    row = row_of(journal, number)
    assert (row.input, row.prompt, row.output, row.details) == (text, text, text, {"a": text})
    assert row.reason == (text or None)


class Quality(StrEnum):
    PRO = "pro"


def test_a_word_of_an_enumeration_is_kept_as_the_word(journal: Journal) -> None:
    number = bought(journal, intent=INTENT._replace(quality=Quality.PRO, profile=Quality.PRO))

    row = row_of(journal, number)
    assert (str(row.quality), type(row.quality), row.profile) == ("pro", str, "pro")


def test_without_history_neither_prompts_nor_names_are_kept(journals: Journals) -> None:
    journal = journals(history=False)
    number = bought(journal, State.ACCEPTED)
    journal.record(number, Step(State.SAVED, files=[FILE]), NOW)

    row = row_of(journal, number)
    assert (row.job_id, row.input, row.prompt, row.output) == (JOB, None, None, "")
    assert row.details == {"inputs": [{"sha256": "aa"}]}
    assert [(file.path, file.sha256) for file in row.files] == [("", "ab")]
    assert [made.job_id for made in journal.made("ab")] == [JOB]
    kept = json.dumps([each._asdict() for each in journals().rows()], default=str)
    assert [word for word in ("photo", "sky", "Signature", "secret") if word in kept] == []


def test_a_change_that_fails_leaves_nothing_behind_and_stops_no_other(journal: Journal, journals: Journals) -> None:
    number = bought(journal, State.ACCEPTED)
    impossible = replace(FILE, path="/out/b.png", format="\udc80")  # no text that a database takes
    before = journal.row(number)

    with pytest.raises(UnicodeEncodeError):
        journal.record(number, Step(State.SAVED, files=[FILE, impossible]), LATER)

    assert journals().row(number) == before
    journal.record(number, Step(State.SAVED, files=[FILE]), LATER)
    assert (row_of(journals(), number).state, ids([journals().saved_at(FILE.path)])) == (State.SAVED, [JOB])


def test_a_change_that_fails_does_not_take_those_of_other_threads_along(journal: Journal) -> None:
    numbers = [bought(journal, intent=intent) for intent in works(8)]
    failures: list[BaseException] = []

    def record(number: int) -> None:
        files = [replace(FILE, format="\udc80")] if number == numbers[3] else []
        try:
            journal.record(number, Step(State.ACCEPTED, job_id=job_id(number), files=files), NOW)
        except UnicodeEncodeError as error:
            failures.append(error)

    _together([lambda number=number: record(number) for number in numbers])  # type: ignore[misc]  # bound as its default

    assert len(failures) == 1
    assert Counter(row.state for row in journal.rows()) == {State.ACCEPTED: 7, State.SUBMITTING: 1}


def test_a_closed_journal_answers_with_an_error_of_ours(journal: Journal) -> None:
    journal.close()

    with pytest.raises(AeforgeError):
        journal.last()


def test_a_journal_may_be_closed_twice(journal: Journal) -> None:
    bought(journal, State.ACCEPTED)

    journal.close()
    journal.close()


# ------------------------------------------------------------------ claims


FORBIDS = {
    (State.UNKNOWN, "/out"): True,
    (State.ACCEPTED, "/out"): True,
    (State.ACCEPTED, None): True,
    (State.SUCCEEDED, "/out"): True,
    (State.SUCCEEDED, None): True,  # this run has paid for it
    (State.SAVED, "/out"): True,
    (State.FAILED, "/out"): False,
    (State.LOST, "/out"): True,
    (State.NOT_SENT, "/out"): False,
    (State.REJECTED, "/out"): False,
}


@pytest.mark.parametrize(("state", "output"), FORBIDS, ids=str)
def test_the_same_work_named_twice_in_one_run_is_submitted_once(
    journal: Journal, state: State, output: str | None
) -> None:
    intent = INTENT._replace(output=output)
    bought(journal, state, intent=intent)

    assert isinstance(journal.claim(intent, NOW, Reuse.UNFINISHED), Taken) is FORBIDS[state, output]
    assert isinstance(journal.claim(intent, NOW, Reuse.NOTHING), Claimed)


@pytest.mark.parametrize("state", [State.SAVED, State.FAILED, State.NOT_SENT, State.REJECTED], ids=str)
def test_what_an_earlier_run_has_finished_forbids_nothing(journal: Journal, journals: Journals, state: State) -> None:
    bought(journal, state)
    journal.close()

    assert isinstance(journals().claim(INTENT, NOW, Reuse.UNFINISHED), Claimed)


def test_what_was_finished_beside_a_run_is_not_bought_by_it_after_the_other_has_ended(
    journal: Journal, journals: Journals
) -> None:
    bought(journal, State.SAVED)
    late = journals()
    journal.close()
    later = journals()

    assert isinstance(late.claim(INTENT, NOW, Reuse.UNFINISHED), Taken)
    assert isinstance(later.claim(INTENT, NOW, Reuse.UNFINISHED), Claimed)


def test_what_a_run_that_lives_has_finished_is_not_bought_beside_it(journal: Journal, journals: Journals) -> None:
    bought(journal, State.SAVED)

    assert isinstance(journals().claim(INTENT, NOW, Reuse.UNFINISHED), Taken)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.SUCCEEDED, State.SAVED], ids=str)
def test_resuming_takes_finished_work_for_done(journals: Journals, state: State) -> None:
    first = journals()
    number = bought(first, state)
    first.close()

    claim = journals().claim(INTENT, NOW, Reuse.FINISHED)

    assert isinstance(claim, Taken)
    assert (claim.row.number, claim.row.job_id, claim.row.state, claim.is_live) == (number, JOB, state, False)


def test_paid_work_that_is_not_finished_counts_whatever_was_tried_since(journals: Journals) -> None:
    first = journals()
    paid = bought(first, State.ACCEPTED)
    bought(first, State.ACCEPTED, State.FAILED, job_id=job_id(2))
    bought(first, State.NOT_SENT)
    first.close()

    claim = journals().claim(INTENT, NOW, Reuse.UNFINISHED)

    assert isinstance(claim, Taken)
    assert claim.row.number == paid


def test_results_that_cannot_be_had_any_more_forbid_nothing(journal: Journal, journals: Journals) -> None:
    gone = bought(journal, State.SAVED)
    other = journals()
    assert isinstance(other.claim(INTENT, NOW, Reuse.FINISHED), Taken)

    assert isinstance(other.claim(INTENT, NOW, Reuse.FINISHED, gone=[gone]), Claimed)


@pytest.mark.parametrize(
    "other", [INTENT._replace(work="beef"), INTENT._replace(service="https://other.test")], ids=["work", "service"]
)
def test_other_work_and_another_service_count_by_themselves(journal: Journal, other: Intent) -> None:
    bought(journal, State.ACCEPTED)

    assert isinstance(journal.claim(other, NOW, Reuse.FINISHED), Claimed)


def test_the_same_work_under_another_key_is_asked_about(journal: Journal) -> None:
    theirs = bought(journal, State.ACCEPTED, intent=INTENT._replace(account="ffff"))

    claim = journal.claim(INTENT, NOW, Reuse.UNFINISHED)

    assert isinstance(claim, OtherAccount)
    assert claim.row.number == theirs


def test_a_key_that_is_known_to_be_a_strangers_forbids_nothing(journal: Journal) -> None:
    bought(journal, State.ACCEPTED, intent=INTENT._replace(account="ffff"))

    assert isinstance(journal.claim(INTENT, NOW, Reuse.UNFINISHED, strangers=["ffff"]), Claimed)


def test_a_key_of_the_same_account_is_adopted(journal: Journal) -> None:
    theirs = bought(journal, State.ACCEPTED, intent=INTENT._replace(account="ffff"))
    elsewhere = bought(journal, intent=INTENT._replace(account="ffff", service="https://other.test"))

    journal.adopt(SERVICE, "ffff", ACCOUNT)

    claim = journal.claim(INTENT, NOW, Reuse.UNFINISHED)
    assert isinstance(claim, Taken)
    assert (claim.row.number, claim.row.account) == (theirs, ACCOUNT)
    assert row_of(journal, elsewhere).account == "ffff"
    journal.record(theirs, Step(State.SAVED), NOW)
    assert row_of(journal, theirs).account == ACCOUNT


# ------------------------------------------------------------------ other processes


def _together(calls: list[Callable[[], object]]) -> None:
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        barrier.wait(30)
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)


def test_of_many_threads_with_the_same_work_one_gets_it(journals: Journals) -> None:
    claims: list[Claim] = []
    opened = [journals() for _ in range(2)]

    def claim(journal: Journal) -> None:
        claims.append(journal.claim(INTENT, NOW, Reuse.UNFINISHED))

    _together([lambda journal=journal: claim(journal) for journal in opened * 8])  # type: ignore[misc]  # as above

    assert Counter(map(type, claims)) == {Claimed: 1, Taken: 15}
    assert {claim.is_live for claim in claims if isinstance(claim, Taken)} == {True}


def test_of_many_processes_with_the_same_list_each_job_goes_to_one(journals: Journals) -> None:
    names = [f"work-{number}" for number in range(25)]

    said = journals.together("race", names, names[::-1], names, names[12:] + names[:12])

    outcomes = Counter(line.split()[1] for lines in said for line in lines)
    assert outcomes == {"claimed": 25, "taken": 75}
    assert sorted(row.work for row in journals().rows()) == sorted(names)


def test_processes_buy_together_what_a_budget_allows_and_no_more(journals: Journals) -> None:
    lists = [[f"{who}-{number}" for number in range(20)] for who in "abcd"]

    said = journals.together("spend", *([str(33), *mine] for mine in lists))

    outcomes = Counter(line.split()[1] for lines in said for line in lines)
    assert outcomes == {"claimed": 33, "OverLimit": 47}
    assert journals().spent(SERVICE, ACCOUNT, "2026") == 33


def test_the_same_work_of_a_living_process_is_left_to_it(journals: Journals) -> None:
    worker = journals.worker("hold", "f00d", JOB)
    worker.hears()
    worker.go()
    assert [worker.hears(), worker.hears()] == ["claimed 1", "accepted"]

    claim = journals().claim(INTENT, NOW, Reuse.UNFINISHED)

    assert isinstance(claim, Taken)
    assert (claim.is_live, claim.row.state, claim.row.job_id) == (True, State.ACCEPTED, JOB)


def test_what_a_killed_process_was_sending_nobody_knows(journals: Journals) -> None:
    worker = journals.worker("die", "f00d")
    worker.go()
    worker.finish()

    claim = journals().claim(INTENT, NOW, Reuse.FINISHED)

    assert isinstance(claim, Taken)
    assert (worker.process.returncode, worker.lines) == (-9, ["open", "claimed 1"])
    assert (claim.is_live, claim.row.state, claim.row.reason) == (
        False,
        State.UNKNOWN,
        "the process ended before the answer",
    )
    assert journals().row(1) == claim.row


def test_what_a_dead_process_has_paid_for_is_taken_over_by_one(journals: Journals) -> None:
    worker = journals.worker("hold", "f00d", JOB)
    worker.hears()
    worker.go()
    assert [worker.hears(), worker.hears()] == ["claimed 1", "accepted"]
    worker.kill()
    first, second = journals(), journals()

    taken = first.claim(INTENT, NOW, Reuse.UNFINISHED)
    left = second.claim(INTENT, NOW, Reuse.UNFINISHED)

    assert (isinstance(taken, Taken), isinstance(left, Taken)) == (True, True)
    assert isinstance(taken, Taken)
    assert isinstance(left, Taken)
    assert (taken.is_live, taken.row.run, taken.row.job_id) == (False, first.run, JOB)
    assert (left.is_live, left.row.run) == (True, first.run)


def test_a_process_that_ended_well_is_dead_as_well(journals: Journals) -> None:
    first = journals()
    bought(first)
    first.close()

    claim = journals().claim(INTENT, NOW, Reuse.UNFINISHED)

    assert isinstance(claim, Taken)
    assert (claim.is_live, claim.row.state) == (False, State.UNKNOWN)


def test_finished_work_of_a_living_process_is_nothing_to_wait_for(journal: Journal, journals: Journals) -> None:
    bought(journal, State.SAVED)

    claim = journals().claim(INTENT, NOW, Reuse.FINISHED)

    assert isinstance(claim, Taken)
    assert claim.is_live is False


def test_what_was_taken_from_a_run_that_comes_back_goes_no_step_back(journals: Journals) -> None:
    paid, sending = journals(), journals()
    number = bought(paid, State.ACCEPTED)
    doubtful = bought(sending, intent=INTENT._replace(work="beef"))
    _presumed_dead(paid)
    _presumed_dead(sending)
    other = journals()
    assert isinstance(other.claim(INTENT, NOW, Reuse.UNFINISHED), Taken)
    assert isinstance(other.claim(INTENT._replace(work="beef"), NOW, Reuse.UNFINISHED), Taken)
    other.record(number, Step(State.SAVED, files=[FILE]), NOW)

    paid.record(number, Step(State.SUCCEEDED), LATER)
    sending.record(doubtful, Step(State.ACCEPTED, job_id=job_id(2)), LATER)

    assert row_of(other, number).state is State.SAVED
    assert (row_of(other, doubtful).state, row_of(other, doubtful).job_id) == (State.ACCEPTED, job_id(2))


def _presumed_dead(journal: Any) -> None:
    """Its lock is lost, though it still runs: as after a break of the network, or a sweep of the folder."""
    if isinstance(journal, SqliteJournal):
        journal._run.release()
    else:
        journal._session._connection.execute("SELECT pg_advisory_unlock_all()")


# ------------------------------------------------------------------ limits


def limit(amount: int, unit: str | None = None, since: str = "2026-01-31") -> Limit:
    return Limit(amount, unit, since, f"{amount} a day", "2026-02-01")


def test_a_budget_of_jobs_counts_what_was_sent(journal: Journal) -> None:
    first, second, third, fourth, fifth = works(5)
    bought(journal, State.ACCEPTED, intent=first)
    bought(journal, State.UNKNOWN, intent=second)
    bought(journal, State.NOT_SENT, intent=third)
    bought(journal, State.REJECTED, intent=third)
    bought(journal, State.FAILED, intent=third)

    assert isinstance(journal.claim(fourth, NOW, Reuse.FINISHED, limits=[limit(4)]), Claimed)
    assert journal.claim(fifth, NOW, Reuse.FINISHED, limits=[limit(4)]) == OverLimit(limit(4), 4)
    assert journal.spent(SERVICE, ACCOUNT, "2026-01-31") == 4


def test_a_budget_in_credits_counts_prices(journal: Journal) -> None:
    first, second, third = works(3)
    bought(journal, State.ACCEPTED, intent=first)
    bought(journal, State.ACCEPTED, intent=second._replace(unit="dollars"))
    budget = limit(2_900_000, "credits")

    assert journal.claim(third, NOW, Reuse.FINISHED, limits=[budget]) == OverLimit(budget, 1_500_000)
    assert isinstance(journal.claim(third._replace(price=1_400_000), NOW, Reuse.FINISHED, limits=[budget]), Claimed)
    assert journal.spent(SERVICE, ACCOUNT, "2026-01-31", "credits") == 2_900_000


def test_of_several_limits_the_smallest_holds(journal: Journal) -> None:
    first, second = works(2)
    bought(journal, State.ACCEPTED, intent=first)

    claim = journal.claim(second, NOW, Reuse.FINISHED, limits=[limit(9), limit(1), limit(2_000_000, "credits")])

    assert claim == OverLimit(limit(1), 1)


def test_a_budget_looks_at_its_own_time_and_account(journal: Journal) -> None:
    bought(journal, State.ACCEPTED, intent=INTENT._replace(work="1", account="ffff"))
    bought(journal, State.ACCEPTED, intent=INTENT._replace(work="2", service="sandbox"))
    bought(journal, State.ACCEPTED, intent=INTENT._replace(work="3"))

    assert journal.spent(SERVICE, ACCOUNT, "2026-01-31T12:00:00.001") == 0
    assert isinstance(journal.claim(INTENT, NOW, Reuse.FINISHED, limits=[limit(1, since="2026-02-01")]), Claimed)


def test_what_is_there_already_needs_no_budget(journal: Journal) -> None:
    bought(journal, State.ACCEPTED)

    assert isinstance(journal.claim(INTENT, NOW, Reuse.FINISHED, limits=[limit(0)]), Taken)


def test_what_was_spent_is_told_by_day_operation_quality_and_profile(journal: Journal) -> None:
    first, second, third, fourth, fifth, sixth = works(6)
    bought(journal, State.SAVED, intent=first)
    bought(journal, State.FAILED, intent=second._replace(operation="upscale", quality=None, price=None, unit=None))
    bought(journal, State.UNKNOWN, intent=third._replace(price=500_000))
    bought(journal, State.SAVED, intent=fourth._replace(service="sandbox"))
    bought(journal, State.REJECTED, intent=fifth)
    journal.claim(sixth, NOW + timedelta(days=1), Reuse.NOTHING)

    found = {by: journal.usage(by, "2026-01-31", "2026-02-01") for by in ("day", "operation", "quality", "profile")}

    paid, plain = (2, 0, 1, 2, 2_000_000, "credits"), (1, 1, 0, 0, 0, None)
    assert set(found["day"]) == {UsageRow("2026-01-31", *paid), UsageRow("2026-01-31", *plain)}
    assert found["operation"] == [UsageRow("inpaint", *paid), UsageRow("upscale", *plain)]
    assert set(found["quality"]) == {UsageRow("pro", *paid), UsageRow("-", *plain)}
    assert set(found["profile"]) == {UsageRow("work", *paid), UsageRow("work", *plain)}
    assert [usage.jobs for usage in journal.usage("day", "2026-02-01", "2026-02-02")] == [1]


# ------------------------------------------------------------------ questions


def test_rows_are_listed_newest_first_and_found_by_what_people_remember(journal: Journal) -> None:
    one, two, three = map(job_id, (1, 2, 3))
    bought(journal, State.SAVED, job_id=one, intent=INTENT._replace(work="1", prompt="Blue SKY"))
    bought(journal, State.ACCEPTED, job_id=two, intent=INTENT._replace(work="2", input="cat.png", prompt="x"))
    bought(
        journal, State.FAILED, job_id=three, intent=INTENT._replace(work="3", prompt="red", output=None, input="dog")
    )

    def found(**how: Any) -> list[str | None]:
        return ids(journal.rows(**how))

    assert found() == [three, two, one]
    assert found(pending=True) == [two]
    assert found(failed=True) == [three]
    assert found(search="blue sky") == [one]
    assert found(search="CAT") == [two]
    assert found(search="failed") == [three]
    assert found(search=one) == [one]
    assert found(search="png", limit=1) == [two]
    assert found(limit=2) == [three, two]
    assert found(limit=0) == []
    assert found(search="nothing") == []


def test_a_long_listing_has_each_row_once(journal: Journal) -> None:
    with ThreadPoolExecutor(64) as pool:  # whose claims share their commits
        list(pool.map(lambda intent: journal.claim(intent, NOW, Reuse.NOTHING), works(450)))
    oldest = row_of(journal, 1)

    assert [row.number for row in journal.rows()] == list(range(450, 0, -1))
    assert [row.number for row in journal.rows(limit=201)] == list(range(450, 249, -1))
    assert list(journal.rows(search=f"{oldest.prompt}", limit=450))[-1] == oldest
    assert journal.count_pending() == 450


def test_a_listing_that_is_not_read_to_its_end_holds_nothing_up(journal: Journal, journals: Journals) -> None:
    for intent in works(3):
        bought(journal, State.ACCEPTED, intent=intent)
    listing = journal.rows()

    assert next(listing).work == "work-2"
    journals().record(1, Step(State.SAVED), NOW)

    assert journal.count_pending() == 2


@pytest.mark.parametrize("output", ["/out", None], ids=["a file is wanted", "links are enough"])
def test_jobs_are_pending_until_all_that_was_wanted_is_there(journal: Journal, output: str | None) -> None:
    pending = {}
    for state in State:
        number = bought(journal, intent=INTENT._replace(work=state, output=output))
        journal.record(number, Step(state, job_id=JOB), NOW)
        pending[state] = number

    listed = {row.state for row in journal.rows(pending=True)}

    waiting = {State.SUBMITTING, State.UNKNOWN, State.ACCEPTED}
    assert listed == (waiting | {State.SUCCEEDED} if output else waiting)
    assert journal.count_pending() == len(listed)


@pytest.mark.parametrize(
    "asked", [JOB, JOB.upper(), JOB.replace("-", ""), JOB.upper().replace("-", "")], ids=["-", "A-", "a", "A"]
)
@pytest.mark.parametrize("told", [JOB, JOB.upper(), JOB.replace("-", "")], ids=["-", "A-", "a"])
def test_an_id_is_found_however_its_uuid_is_written(journal: Journal, told: str, asked: str) -> None:
    number = bought(journal, State.ACCEPTED, job_id=told)

    assert journal.by_job_id(asked) == journal.row(number)


def test_an_id_that_is_no_uuid_is_found_as_it_is(journal: Journal) -> None:
    number = bought(journal, State.ACCEPTED, job_id="Job-A1")

    assert (journal.by_job_id("Job-A1"), journal.by_job_id("job-a1")) == (journal.row(number), None)


def test_the_newest_row_of_a_job_is_found(journal: Journal) -> None:
    bought(journal, State.ACCEPTED)
    newest = bought(journal, State.ACCEPTED)
    bought(journal, State.NOT_SENT)

    assert journal.by_job_id(JOB) == journal.last() == journal.row(newest)


def test_an_empty_journal_knows_nothing(journal: Journal) -> None:
    assert (journal.last(), journal.by_job_id(JOB), journal.row(1), list(journal.rows())) == (None, None, None, [])
    assert (journal.begins_with(""), journal.of_work("f00d", SERVICE), journal.count_pending()) == ([], [], 0)
    assert (journal.made("ab"), journal.saved_at("/out/sky.png"), journal.doubt) == ([], None, "")
    assert (journal.spent(SERVICE, ACCOUNT, ""), journal.spent(SERVICE, ACCOUNT, "", "credits")) == (0, 0)
    assert (journal.usage("day", "", "z"), journal.prune("z"), journal.held_until(SERVICE, ACCOUNT)) == ([], 0, None)


BEGINNINGS = {
    "550e8400-e29b-41d4": [2, 1],
    "550E8400E29B": [2, 1],
    "550e8400-e29b-41d4-a716-000000000002": [2],
    "abc": [3],
    "ABC": [3],
    "abc-1": [3],
    "%": [],
    "_bc-1": [],
    "a%1": [],
    "\\": [],
    "": [3, 2, 1],
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_jobs_are_found_by_the_beginning_of_their_ids_which_is_no_pattern(journal: Journal, beginning: str) -> None:
    for each in (job_id(1), job_id(2), "abc-1"):
        bought(journal, State.ACCEPTED, job_id=each)
    bought(journal, State.NOT_SENT)

    assert [row.number for row in journal.begins_with(beginning)] == BEGINNINGS[beginning]


def test_what_is_not_utf8_is_no_id_and_no_beginning_of_one(journal: Journal) -> None:
    bought(journal, State.ACCEPTED, job_id="abc-1")

    assert (journal.by_job_id("abc-1\udcff"), journal.begins_with("\udcff"), journal.saved_at("\udcff")) == (
        None,
        [],
        None,
    )


def test_rows_of_one_work_are_those_that_were_sent_under_any_account(journal: Journal) -> None:
    ours = bought(journal, State.SAVED)
    theirs = bought(journal, State.FAILED, intent=INTENT._replace(account="ffff"))
    bought(journal, State.NOT_SENT)
    bought(journal, State.REJECTED)
    bought(journal, State.SAVED, intent=INTENT._replace(work="beef"))
    bought(journal, State.SAVED, intent=INTENT._replace(service="sandbox"))

    assert [row.number for row in journal.of_work("f00d", SERVICE)] == [theirs, ours]
    together = journal.of_works(["f00d", "other"], SERVICE)
    assert together == {"f00d": journal.of_work("f00d", SERVICE), "other": []}


# ------------------------------------------------------------------ files


def saved(journal: Journal, *files: SavedFile, work: str = "f00d", job_id: str = JOB) -> int:
    number = bought(journal, State.ACCEPTED, intent=INTENT._replace(work=work), job_id=job_id)
    journal.record(number, Step(State.SAVED, files=files), NOW)
    return number


def test_a_file_is_known_by_its_content_under_any_name(journal: Journal) -> None:
    saved(journal, FILE, job_id=job_id(1))
    saved(journal, replace(FILE, path="/out/b.png"), work="beef", job_id=job_id(2))
    saved(journal, replace(FILE, sha256="cd"), job_id=job_id(3))

    assert journal.made("ab") == [
        Made("ab", "beef", SERVICE, job_id(2), "/out/b.png", journal.host),
        Made("ab", "f00d", SERVICE, job_id(1), "/out/sky.png", journal.host),
    ]
    assert journal.made("ef") == []


def test_a_file_is_known_by_its_place_as_what_was_saved_there_last(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    first = saved(journal, replace(FILE, path="a.png"), job_id=job_id(1))
    second = saved(journal, replace(FILE, path="a.png", sha256="cd"), work="beef", job_id=job_id(2))
    assert journal.saved_at("a.png") == journal.row(second)

    journal.record(first, Step(State.SAVED, files=[replace(FILE, path="a.png")]), LATER)  # fetched once more

    assert journal.saved_at(str(tmp_path / "a.png")) == journal.row(first)
    assert journal.saved_at("b.png") is None


def test_every_place_of_a_result_is_kept_and_each_result_once(journal: Journal) -> None:
    one, two = FILE, replace(FILE, path="/out/2.png", sha256="cd")
    number = saved(journal, one, two)
    again = [replace(one, path="/new/1.png"), replace(two, path="/new/2.png")]

    journal.record(number, Step(State.SAVED, files=again), LATER)
    journal.record(number, Step(State.SAVED, files=again), LATER)

    row = row_of(journal, number)
    assert [file.path for file in row.files] == ["/out/sky.png", "/new/1.png", "/out/2.png", "/new/2.png"]
    assert [file.sha256 for file in row.results] == ["ab", "cd"]


def test_a_name_says_something_only_on_the_machine_that_saved_there(journals: Journals, tmp_path: Path) -> None:
    journal = journals()
    number = saved(journal, FILE)
    row = row_of(journal, number)
    elsewhere = journals()

    elsewhere.import_rows([row._replace(work="beef", host="another", files=(replace(FILE, path="/there.png"),))])

    assert journal.saved_at("/there.png") is None
    assert {made.host for made in journal.made("ab")} == {journal.host, "another"}


def test_this_machine_keeps_its_name(journals: Journals) -> None:
    assert journals().host == journals().host


# ------------------------------------------------------------------ holds, imports, the past


def test_the_latest_wait_that_the_service_asked_for_holds_for_all(journal: Journal, journals: Journals) -> None:
    other = journals()
    journal.hold(SERVICE, ACCOUNT, NOW + timedelta(seconds=9))
    other.hold(SERVICE, ACCOUNT, NOW + timedelta(seconds=3))

    assert other.held_until(SERVICE, ACCOUNT) == NOW + timedelta(seconds=9)
    assert other.held_until(SERVICE, "ffff") is None
    other.hold(SERVICE, ACCOUNT, NOW + timedelta(seconds=20))
    assert journal.held_until(SERVICE, ACCOUNT) == NOW + timedelta(seconds=20)


@pytest.fixture
def theirs(journals: Journals, tmp_path: Path) -> Journal:
    """A journal of another machine, always on its disk."""
    other = SqliteJournal(tmp_path / "theirs")
    journals.opened.append(other)
    return other


def test_a_row_of_another_journal_comes_with_all_that_it_says(journal: Journal, theirs: Journal) -> None:
    row = row_of(theirs, saved(theirs, FILE))
    bought(journal, intent=INTENT._replace(work="beef"))

    assert journal.import_rows([row]) == 1

    assert journal.by_job_id(JOB) == row._replace(number=2)
    assert journal.made("ab") == [Made("ab", "f00d", SERVICE, JOB, "/out/sky.png", theirs.host)]


def test_each_result_of_an_imported_row_is_there_once_wherever_it_was_saved(journal: Journal, theirs: Journal) -> None:
    number = saved(theirs, FILE, replace(FILE, path="/out/2.png", sha256="cd"))
    theirs.record(number, Step(State.SAVED, files=[replace(FILE, path="/new/1.png")]), LATER)
    row = row_of(theirs, number)

    assert journal.import_rows([row]) == 1

    there = row_of(journal, 1)
    assert (there.files, there.results) == (row.files, row.results)


def test_of_rows_that_are_imported_together_all_or_none_are_there(journal: Journal, theirs: Journal) -> None:
    rows = [row_of(theirs, bought(theirs, intent=INTENT._replace(work=work))) for work in ("one", "two")]

    with pytest.raises(TypeError, match="serializable"):
        journal.import_rows([rows[0], rows[1]._replace(details={"a": object()})])

    assert list(journal.rows()) == []
    assert journal.import_rows(rows) == 2


@pytest.mark.parametrize("state", State, ids=str)
def test_importing_twice_changes_nothing(journal: Journal, theirs: Journal, state: State) -> None:
    row = row_of(theirs, bought(theirs, state))
    assert journal.import_rows([row]) == 1

    assert journal.import_rows([row]) == 0

    assert len(list(journal.rows())) == 1


def test_of_the_same_job_the_newer_state_wins(journal: Journal, theirs: Journal) -> None:
    number = bought(theirs, State.ACCEPTED)
    accepted = row_of(theirs, number)
    theirs.record(number, Step(State.SAVED, files=[FILE]), LATER)
    done = row_of(theirs, number)

    assert [journal.import_rows([row]) for row in (accepted, done, accepted)] == [1, 1, 0]

    [row] = journal.rows()
    assert (row.state, [file.sha256 for file in row.files], row.updated) == (State.SAVED, ["ab"], done.updated)


def test_of_a_job_that_is_imported_in_another_spelling_there_is_one_row(journal: Journal, theirs: Journal) -> None:
    row = row_of(theirs, bought(theirs, State.ACCEPTED))

    spellings = (JOB, JOB.upper(), JOB.replace("-", ""))
    assert [journal.import_rows([row._replace(job_id=each, created=each)]) for each in spellings] == [1, 0, 0]


def test_a_try_without_an_id_is_the_same_by_its_time(journal: Journal, theirs: Journal) -> None:
    number = bought(theirs)
    sending = row_of(theirs, number)
    theirs.record(number, Step(State.ACCEPTED, job_id=JOB), LATER)
    accepted = row_of(theirs, number)

    journal.import_rows([sending, accepted, sending])

    assert [(row.state, row.job_id) for row in journal.rows()] == [(State.ACCEPTED, JOB)]


def test_what_another_machine_was_at_is_not_alive_here(journal: Journal, theirs: Journal) -> None:
    journal.import_rows([row_of(theirs, bought(theirs, State.ACCEPTED))])

    claim = journal.claim(INTENT, NOW, Reuse.UNFINISHED)

    assert isinstance(claim, Taken)
    assert (claim.is_live, claim.row.job_id, claim.row.run) == (False, JOB, journal.run)


def test_without_history_nothing_is_imported_that_would_not_be_written(journals: Journals, theirs: Journal) -> None:
    journal = journals(history=False)
    row = row_of(theirs, saved(theirs, FILE))

    journal.import_rows([row])

    [kept] = journal.rows()
    assert (kept.job_id, kept.prompt, kept.input, kept.files[0].path) == (JOB, None, None, "")


def test_only_settled_rows_are_forgotten_and_never_the_newest(journal: Journal) -> None:
    for state in State:
        number = bought(journal, intent=INTENT._replace(work=state))
        journal.record(number, Step(state, job_id=JOB, files=[FILE] if state is State.SAVED else []), NOW)
    late = bought(journal, State.SAVED, intent=INTENT._replace(work="late"))  # five seconds later
    newest = bought(journal, State.NOT_SENT, intent=INTENT._replace(work="newest"))

    assert journal.prune("2026-01-31T12:00:01") == 5

    kept = {State.SUBMITTING, State.UNKNOWN, State.ACCEPTED, State.SUCCEEDED}
    assert {row.work for row in journal.rows()} == {*kept, "late", "newest"}
    assert (journal.made("ab"), journal.saved_at(FILE.path)) == ([], None)
    assert journal.prune("2027") == 1
    assert [journal.row(late), row_of(journal, newest).state] == [None, State.NOT_SENT]
    assert journal.claim(INTENT, NOW, Reuse.NOTHING) == Claimed(newest + 1)


# ------------------------------------------------------------------ where nothing is kept, and the shells


def test_where_no_state_can_be_kept_everything_is_new() -> None:
    journal = NoJournal()
    journal.record(0, Step(State.ACCEPTED, job_id=JOB), NOW)

    assert journal.claim(INTENT, NOW, Reuse.FINISHED) == Claimed(0)
    assert (list(journal.rows()), journal.begins_with("5"), journal.by_job_id(JOB), journal.last()) == (
        [],
        [],
        None,
        None,
    )
    assert (journal.of_work("f00d", "x"), journal.made("ab")) == ([], [])


def test_ids_are_offered_to_the_shell_while_their_jobs_are_unfinished(journal: Journal, journals: Journals) -> None:
    bought(journal, State.SAVED, job_id=job_id(1), intent=INTENT._replace(work="1"))
    bought(journal, State.ACCEPTED, job_id=job_id(2), intent=INTENT._replace(work="2"))

    journal.close()

    listed = journals.folder / "pending-jobs"
    assert listed.read_text() == f"{job_id(2)}\n"
    assert stat.S_IMODE(listed.stat().st_mode) == 0o600
    assert [path.name for path in journals.folder.glob(".pending-*")] == []


def test_what_was_spent_counts_from_the_first_moment_of_its_time_and_for_its_own_account(journal: Journal) -> None:
    bought(journal, State.ACCEPTED)
    since = NOW.isoformat(timespec="milliseconds")
    later = (NOW + timedelta(milliseconds=1)).isoformat(timespec="milliseconds")

    spent = [
        journal.spent(SERVICE, account, time) for account, time in ((ACCOUNT, since), (ACCOUNT, later), ("f", since))
    ]

    assert spent == [1, 0, 0]


def test_a_state_of_a_newer_version_is_a_job_whose_end_is_not_known() -> None:
    assert (known_state("dreaming"), known_state("saved")) == (State.UNKNOWN, State.SAVED)
