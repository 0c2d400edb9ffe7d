"""What the service asks one process to wait, every process of the account waits."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aeforge_cli.api.retry import LONGEST_WAIT
from aeforge_cli.errors import CannotSave, JournalUnreachable
from aeforge_cli.jobs.lifecycle import Account
from aeforge_cli.jobs.shared_limiter import READ_EVERY, UNREAD_EVERY, SharedLimiter
from aeforge_cli.journal.interface import Journal, NoJournal
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.unit.conftest import FakeClock

OURS = Account("service", "ours")


@dataclass
class Process:
    """One process of an account, with a monotonic clock of its own."""

    journal: Journal
    clock: FakeClock
    account: Account = OURS
    told: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limiter = SharedLimiter(
            8, journal=self.journal, account=self.account, clock=self.clock, held=self.told.append
        )

    def remaining(self) -> float:
        return round(self.limiter.remaining(self.clock.monotonic()), 3)

    def hold(self, seconds: float) -> None:
        self.limiter.hold(seconds, self.clock.monotonic())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    opened = SqliteJournal(tmp_path)
    yield opened
    opened.close()


def test_another_process_waits_as_long_and_says_so_once(journal: SqliteJournal, clock: FakeClock) -> None:
    first, second = Process(journal, clock), Process(journal, clock)

    first.hold(12.0)
    waits = [second.remaining()]
    clock.time += 5
    waits += [second.remaining(), first.remaining()]
    clock.time += 7

    assert (waits, second.remaining()) == ([12.0, 7.0, 7.0], 0.0)
    assert (first.told, second.told) == ([], [12.0])


def test_who_only_hears_of_it_keeps_as_many_jobs_in_flight(journal: SqliteJournal, clock: FakeClock) -> None:
    first, second = Process(journal, clock), Process(journal, clock)

    first.hold(12.0)
    second.remaining()

    assert (first.limiter.limit, second.limiter.limit) == (4, 8)


OTHERS = {"another account": Account("service", "theirs"), "another service": Account("elsewhere", "ours")}


@pytest.mark.parametrize("account", OTHERS.values(), ids=OTHERS)
def test_others_do_not_wait(journal: SqliteJournal, clock: FakeClock, account: Account) -> None:
    Process(journal, clock).hold(12.0)

    assert Process(journal, clock, account).remaining() == 0.0


def test_the_journal_is_asked_at_most_once_a_second(clock: FakeClock) -> None:
    class Counting(NoJournal):
        asked = 0

        def held_until(self, service: str, account: str) -> None:
            self.asked += 1

    counting = Counting()
    process = Process(counting, clock)

    for _ in range(100):
        process.remaining()
        clock.time += READ_EVERY / 20

    assert 5 <= counting.asked <= 6


def test_a_clock_that_is_hours_off_makes_nobody_wait_for_hours(journal: SqliteJournal, clock: FakeClock) -> None:
    journal.hold("service", "ours", clock.now() + timedelta(hours=5))
    process = Process(journal, clock)

    first = process.remaining()
    clock.time += LONGEST_WAIT

    assert (first, process.remaining()) == (LONGEST_WAIT, 0.0)


def test_no_wait_is_asked_of_others_for_longer_than_one_answer_can_ask(
    journal: SqliteJournal, clock: FakeClock
) -> None:
    Process(journal, clock).hold(2 * LONGEST_WAIT)

    assert journal.held_until("service", "ours") == clock.now() + timedelta(seconds=LONGEST_WAIT)


def test_what_is_over_in_a_moment_is_not_asked_of_others(journal: SqliteJournal, clock: FakeClock) -> None:
    Process(journal, clock).hold(0.9)

    assert Process(journal, clock).remaining() == 0.0


def test_a_shorter_wait_of_others_does_not_shorten_ours(journal: SqliteJournal, clock: FakeClock) -> None:
    process = Process(journal, clock)
    process.hold(0.9)
    journal.hold("service", "ours", clock.now() + timedelta(seconds=0.5))

    assert process.remaining() == 0.9


def test_a_later_answer_lengthens_the_wait_of_all(journal: SqliteJournal, clock: FakeClock) -> None:
    first, second = Process(journal, clock), Process(journal, clock)
    first.hold(5.0)
    second.remaining()
    clock.time += 5

    first.hold(30.0)
    clock.time += 1

    assert (second.remaining(), second.told) == (29.0, [5.0, 29.0])


def test_a_journal_that_cannot_be_written_does_not_end_the_wait(clock: FakeClock) -> None:
    class Full(NoJournal):
        def hold(self, *_: object) -> None:
            raise CannotSave("The journal cannot record the job", why="the disk is full")

    process = Process(Full(), clock)

    process.hold(9.0)

    assert process.remaining() == 9.0


def test_a_journal_that_cannot_be_read_makes_nobody_wait_and_is_left_alone_for_a_while(clock: FakeClock) -> None:
    class Gone(NoJournal):
        asked = 0

        def held_until(self, service: str, account: str) -> None:
            self.asked += 1
            raise JournalUnreachable("The journal cannot be reached")

    gone = Gone()
    process = Process(gone, clock)

    waits = set()
    for _ in range(20):
        waits.add(process.remaining())
        clock.time += UNREAD_EVERY / 10

    assert (waits, gone.asked) == ({0.0}, 2)


def test_nobody_waits_for_a_journal_that_does_not_answer(clock: FakeClock) -> None:
    answers = threading.Event()

    class Silent(NoJournal):
        def held_until(self, service: str, account: str) -> datetime | None:
            answers.wait(30)
            return clock.now() + timedelta(seconds=9)

    process = Process(Silent(), clock)
    began = time.monotonic()
    waits = [process.remaining() for _ in range(3)]
    assert time.monotonic() - began < 10
    answers.set()
    process.limiter._reading.join(10)

    assert (waits, process.remaining()) == ([0.0, 0.0, 0.0], 9.0)
