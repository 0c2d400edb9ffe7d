"""Changes that share a transaction: each gets its own end, and whoever leads passes the lead on."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from aeforge_cli.errors import CannotSave, JournalBusy
from aeforge_cli.journal.group_commit import Change, GroupCommit, OwnFailure, fail_all, run_all

LONG = 60.0  # seconds


def change(made: Callable[[list[str]], str]) -> Change[list[str], str]:
    return Change(made, LONG)


def adding(word: str) -> Change[list[str], str]:
    def add(database: list[str]) -> str:
        database.append(word)
        return word

    return change(add)


@dataclass
class Database:
    """A list that transactions add to; `before` runs at the beginning of each, with the number of its changes."""

    before: Callable[[int], object] = lambda _number: None
    content: list[str] = field(default_factory=list)

    def commit(self, batch: Sequence[Change[list[str], Any]]) -> None:
        assert batch, "there is nothing to commit"
        self.before(len(batch))
        draft = list(self.content)
        try:
            run_all(batch, draft, (JournalBusy,))
        except OwnFailure as failed:
            failed.change.fail(failed.failure)
            return
        except JournalBusy as failure:
            fail_all(batch, failure)
            return
        self.content = draft
        for each in batch:
            each.succeed()


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.001)


def refused(_database: list[str]) -> str:
    raise CannotSave("full")


def busy(_database: list[str]) -> str:
    raise JournalBusy("busy")


def test_one_after_the_other_is_committed() -> None:
    database = Database()
    in_turn = GroupCommit(database.commit)

    assert [in_turn(adding(word)) for word in "abc"] == ["a", "b", "c"]
    assert database.content == ["a", "b", "c"]


def test_after_a_wait_that_a_signal_ended_the_next_is_committed_and_the_other_is_not() -> None:
    def ended(_number: int) -> None:
        database.before = lambda _number: None
        raise KeyboardInterrupt

    database = Database(ended)
    in_turn = GroupCommit(database.commit)
    with pytest.raises(KeyboardInterrupt):
        in_turn(adding("interrupted"))

    assert in_turn(adding("next")) == "next"
    assert database.content == ["next"]


@pytest.fixture
def interrupting() -> Iterator[None]:
    """SIGUSR1 ends what this thread waits for."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("interrupting")
@pytest.mark.parametrize("is_tried", [False, True], ids=["not tried yet", "in the transaction"])
def test_a_change_whose_thread_a_signal_has_taken_away_is_not_waited_for(is_tried: bool) -> None:
    other, has_left = adding("other"), threading.Event()

    def commit(batch: Sequence[Change[list[str], Any]]) -> None:
        if other in batch:
            wait_until(lambda: len(in_turn._queue) + len(batch) == 2)
            if is_tried and len(batch) == 1:
                return
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            assert has_left.wait(LONG)
            batch = [other]
        for each in batch:
            each.run([])
            each.succeed()

    in_turn = GroupCommit(commit)
    threads = [threading.Thread(target=in_turn, args=(each,), daemon=True) for each in (other, adding("next"))]
    threads[0].start()
    wait_until(lambda: other.leads)
    with pytest.raises(KeyboardInterrupt):
        in_turn(adding("interrupted"))
    has_left.set()
    threads[0].join(LONG)
    threads[1].start()
    threads[1].join(LONG / 20)

    assert [thread.is_alive() for thread in threads] == [False, False]


class Crowd:
    """Threads whose changes wait while the first is committed, and then share a transaction."""

    def __init__(self, *waiting: Change[list[str], str]) -> None:
        self.database = Database(self._first)
        self.in_turn = GroupCommit(self.database.commit)
        self.ends: dict[Change[list[str], str], object] = {}
        self.sizes: list[int] = []
        self._waiting = waiting
        self._threads = [threading.Thread(target=self._ask, args=(each,)) for each in waiting]

    def run(self) -> None:
        assert self.in_turn(adding("first")) == "first"
        for thread in self._threads:
            thread.join(LONG)
        assert [thread.is_alive() for thread in self._threads] == [False] * len(self._threads)

    def _first(self, _number: int) -> None:
        self.database.before = self.sizes.append
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.in_turn._queue) == len(self._waiting))

    def _ask(self, each: Change[list[str], str]) -> None:
        try:
            self.ends[each] = self.in_turn(each)
        except (CannotSave, JournalBusy) as failure:
            self.ends[each] = failure


def test_those_who_come_meanwhile_share_the_next_transaction() -> None:
    crowd = Crowd(*map(adding, "abcd"))

    crowd.run()

    assert crowd.sizes == [4]
    assert sorted(crowd.database.content) == ["a", "b", "c", "d", "first"]
    assert crowd.in_turn(adding("later")) == "later"


def test_a_change_that_fails_by_itself_takes_no_other_along() -> None:
    bad = change(refused)
    crowd = Crowd(adding("a"), bad, adding("b"))

    crowd.run()

    assert (type(crowd.ends[bad]), sorted(crowd.database.content)) == (CannotSave, ["a", "b", "first"])


def test_what_concerns_all_is_told_to_each_in_an_error_of_its_own() -> None:
    crowd = Crowd(adding("a"), change(busy), adding("b"))

    crowd.run()

    assert {type(end) for end in crowd.ends.values()} == {JournalBusy}
    assert len({id(end) for end in crowd.ends.values()}) == 3
    assert crowd.database.content == ["first"]
