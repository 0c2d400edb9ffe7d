"""Many jobs at once: every one ends once, none is bought that need not be, and nothing hangs."""

import math
import random
import re
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from aeforge_cli.api.client import ATTEMPTS, NAMED_WAITS, Client
from aeforge_cli.api.operations import Inpaint
from aeforge_cli.api.retry import FIRST_PAUSE, ConcurrencyLimiter, RetryBudget
from aeforge_cli.api.transport import Answer, Fault, Request, Sink, TransportError
from aeforge_cli.errors import AeforgeError, Interrupted, JournalUnreachable
from aeforge_cli.files.destination import Naming, destination
from aeforge_cli.jobs.batch import LOST_ANSWERS, Batch, Outcome
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.events import Observer, RetryScheduled, Tally
from aeforge_cli.jobs.lifecycle import Account, Lifecycle
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.poll_schedule import PollSchedule
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.journal.interface import Claim, Claimed, Limit, Reuse, State, Step
from aeforge_cli.journal.sqlite import SqliteJournal
from aeforge_cli.process.clock import SystemClock
from aeforge_cli.process.signals import Stop
from tests.conftest import png
from tests.unit.conftest import BASE, inpaint, made, stands, told, unanswered, unsent

Said = Answer | TransportError | Exception


class OutOfReach(JournalUnreachable):
    may_return = True


PATIENCE = 20.0  # seconds until a test that waits for something gives up


class Calm(random.Random):
    """No pause by chance is longer than none."""

    def uniform(self, a: float, b: float) -> float:
        return a


@dataclass
class Service:
    """Serves many threads: job `j7` is made of the prompt `7`, and its result is the 7th picture.

    `says` replaces what is answered to a submission of a prompt, `hears` runs while one is on its way.
    """

    says: Mapping[str, Said] = field(default_factory=dict)
    hears: Callable[[str], object] = lambda _prompt: None
    has_ended: Callable[[str], bool] = lambda _prompt: True
    fails: frozenset[str] = frozenset()
    looked_at: Said | None = None
    delivers: Callable[[str], Said | None] = lambda _prompt: None
    posts: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    under_way: int = 0
    most_under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: Request) -> Answer:
        with self._lock:
            self.threads.add(threading.get_ident())
        if request.body is None:
            return self._look(request.url.rpartition("/j")[2])
        found = re.search(rb'name="prompt"\r\n\r\n(.*?)\r\n', b"".join(request.body))
        assert found
        return self._make(found[1].decode())

    def fetch(self, url: str, sink: Sink) -> Answer:
        prompt = Path(url).stem
        with self._lock:
            self.fetches.append(prompt)
        said = self.delivers(prompt)
        if said is not None:
            return _given(said)
        sink.expect(None)
        sink.write(png(int(prompt)))
        return Answer(200)

    def wait_for(self, posts: int) -> None:
        wait_until(lambda: len(self.posts) >= posts)

    def _make(self, prompt: str) -> Answer:
        with self._lock:
            self.posts.append(prompt)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        self.hears(prompt)
        if prompt in self.says:
            self._over()
            return _given(self.says[prompt])
        return made(f"j{prompt}")

    def _look(self, prompt: str) -> Answer:
        with self._lock:
            self.looks.append(prompt)
        if self.looked_at is not None:
            return _given(self.looked_at)
        if not self.has_ended(prompt):
            return stands("Pending", job_id=f"j{prompt}")
        self._over()
        if prompt in self.fails:
            return stands("Failed", job_id=f"j{prompt}")
        return stands("Succeed", link(prompt), job_id=f"j{prompt}")

    def _over(self) -> None:
        with self._lock:
            self.under_way -= 1


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


def _given(said: Said) -> Answer:
    if isinstance(said, Answer):
        return said
    raise said


def link(prompt: str) -> str:
    return f"https://cdn.test/images/{prompt}.png"


@dataclass
class Studio:
    """One user with a service, and a list of pictures that are told apart by their prompts: `0`, `1`, `2` ..."""

    service: Service
    life: Lifecycle
    folder: Path
    reuse: Reuse = Reuse.UNFINISHED

    def orders(self, count: int, **made_otherwise: Callable[[], Inpaint]) -> list[Order]:
        return [self.order(index, made_otherwise.get(f"_{index}")) for index in range(count)]

    def batch(self, count: int, *, fail_fast: bool = False, wait: bool = True) -> Batch:
        return Batch(self.life, self.orders(count), fail_fast=fail_fast, wait=wait)

    def limited(self, under_way: int) -> "Studio":
        self.life.client.limiter = ConcurrencyLimiter(under_way)
        return self

    def heard_by(self, observer: Observer) -> "Studio":
        return replace(self, life=replace(self.life, notify=observer))

    def resuming(self) -> "Studio":
        return replace(self, reuse=Reuse.FINISHED)

    def order(self, index: int, make: Callable[[], Inpaint] | None = None, *, after: tuple[Order, ...] = ()) -> Order:
        naming = Naming(f"{index}.png", "inpaint", date(2026, 1, 31))
        return Order(
            make or (lambda: inpaint(str(index))),
            Inpaint,
            f"{index}.png",
            delivery=Delivery(naming, destination(f"{self.folder}/", overwrite=False)),
            reuse=self.reuse,
            index=index,
            after=after,
        )

    @property
    def rows(self) -> list[tuple[str, str | None]]:
        """(state, id) of each row of the journal."""
        return sorted((row.state.value, row.job_id) for row in self.life.journal.rows())

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    stop, service = Stop(), Service()
    clock, journal = SystemClock(stop), SqliteJournal(tmp_path / "state")
    (tmp_path / "out").mkdir()
    client = Client(service, base_url=BASE, clock=clock, chance=Calm(), limiter=ConcurrencyLimiter(16))
    life = Lifecycle(
        client=client,
        journal=journal,
        clock=clock,
        stop=stop,
        account=Account(BASE, "a1b2"),
        emergency=lambda _text: None,
        schedule=PollSchedule(0.01),
    )
    yield Studio(service, life, tmp_path / "out")
    journal.close()


def ending(outcome: Outcome) -> str:
    match outcome.result:
        case JobResult(status=status):
            return status
        case AeforgeError(code=code):
            return code
        case None:
            return "not tried"


def run(batch: Batch) -> dict[int, str]:
    """How each item ended; each ended once."""
    outcomes = list(batch.outcomes())
    assert max(Counter(outcome.order.index for outcome in outcomes).values()) == 1
    return {outcome.order.index: ending(outcome) for outcome in outcomes}


def refusal(status: int) -> Answer:
    return told({"detail": "no"}, status)


# ------------------------------------------------------------------ it goes well


def test_every_item_ends_once_with_its_own_result(studio: Studio) -> None:
    looked = Counter[str]()

    def has_ended(prompt: str) -> bool:
        looked[prompt] += 1
        return looked[prompt] > int(prompt) % 4

    studio.service.has_ended = has_ended

    outcomes = list(studio.batch(60).outcomes())

    by_index = {outcome.order.index: outcome.result for outcome in outcomes}
    assert (len(outcomes), sorted(by_index)) == (60, list(range(60)))
    for index, result in by_index.items():
        assert isinstance(result, JobResult)
        assert (result.input, result.job_id, result.image_urls) == (f"{index}.png", f"j{index}", (link(str(index)),))
        assert [file.path for file in result.files] == [str(studio.folder / f"{index}.png")]
    assert studio.files() == {f"{index}.png": png(index) for index in range(60)}
    assert Counter(studio.service.posts) == Counter(str(index) for index in range(60))
    assert studio.rows == sorted(("saved", f"j{index}") for index in range(60))


def test_the_count_is_right_in_the_end(studio: Studio) -> None:
    studio.service.says = {"2": refusal(400)}
    studio.service.fails = frozenset("3")
    batch = studio.batch(6)

    endings = run(batch)

    assert endings == {0: "Succeed", 1: "Succeed", 2: "rejected", 3: "job_failed", 4: "Succeed", 5: "Succeed"}
    assert batch.tally == Tally(6, in_flight=0, bought=5, done=4, failed=2, untried=0)
    assert batch.stopped_by is None


def test_a_list_without_items_ends_at_once(studio: Studio) -> None:
    assert list(studio.batch(0).outcomes()) == []


@pytest.mark.parametrize("limit", [1, 3, 16])
def test_as_many_are_under_way_as_allowed_and_never_more(studio: Studio, limit: int) -> None:
    # No job ends before as many as allowed were under way.
    studio.service.has_ended = lambda _prompt: studio.service.most_under_way >= limit

    endings = run(studio.limited(limit).batch(40))

    assert (set(endings.values()), studio.service.most_under_way) == ({"Succeed"}, limit)


class Silence(ConcurrencyLimiter):
    """A service that wants to be left alone until the test ends it; `asked` is how often somebody looked."""

    is_over = False
    asked = 0

    def remaining(self, now: float) -> float:
        self.asked += 1
        return 0.0 if self.is_over else 0.02


def test_while_the_service_asks_to_be_left_alone_nothing_is_begun(studio: Studio) -> None:
    silence = studio.life.client.limiter = Silence(16)
    batch, ended = studio.batch(3), dict[int, str]()
    thread = threading.Thread(target=lambda: ended.update(run(batch)))
    thread.start()

    wait_until(lambda: silence.asked >= 10)
    in_flight = batch.tally.in_flight
    silence.is_over = True
    thread.join(PATIENCE)

    assert (in_flight, ended) == (0, dict.fromkeys(range(3), "Succeed"))


def test_fewer_are_under_way_after_the_service_asked_for_less(studio: Studio) -> None:
    studio.limited(8).life.client.limiter.hold(0.0, studio.life.clock.monotonic())

    endings = run(studio.batch(12))

    assert (set(endings.values()), studio.service.most_under_way <= 4) == ({"Succeed"}, True)


# ------------------------------------------------------------------ refused for now


class Steady(ConcurrencyLimiter):
    """Keeps as many in flight as before, and of any silence only a moment."""

    def hold(self, seconds: float, now: float) -> None:
        self._not_before = now + min(seconds, 0.1)


@dataclass
class Refusing:
    """Refuses the first submissions of a prompt with 429, as many as `times`."""

    studio: Studio
    prompt: str
    times: int
    wait: str | None = None

    def __post_init__(self) -> None:
        self.studio.service.hears = self._hears

    def _hears(self, prompt: str) -> None:
        if prompt == self.prompt:
            refused = self.studio.service.posts.count(prompt) <= self.times
            named = {"retry_after": self.wait} if self.wait else {}
            self.studio.service.says = {prompt: told({"detail": "too many"}, 429, **named)} if refused else {}


def test_a_silence_beyond_the_timeout_ends_what_was_refused(studio: Studio) -> None:
    hurried = replace(studio, life=replace(studio.life, timeout=1.0)).limited(1)
    Refusing(hurried, "0", times=1, wait="3")

    assert run_in_time(hurried.batch(2)) == {0: "rate_limited", 1: "not tried"}
    assert studio.service.posts == ["0"]


def test_a_silence_beyond_the_timeout_is_not_waited_for(studio: Studio) -> None:
    hurried = replace(studio, life=replace(studio.life, timeout=1.0))
    hurried.life.client.limiter.hold(3.0, studio.life.clock.monotonic())

    assert run_in_time(hurried.batch(2))[0] == "rate_limited"
    assert studio.service.posts == []


@pytest.mark.parametrize(("wait", "times"), [("1", NAMED_WAITS - 1), (None, ATTEMPTS - 1)])
def test_with_nothing_in_flight_a_few_refusals_are_waited_for(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, wait: str | None, times: int
) -> None:
    monkeypatch.setattr("aeforge_cli.jobs.batch.MOMENT", 0.0)
    studio.life.client.limiter = Steady(1)
    Refusing(studio, "0", times, wait)

    assert run_in_time(studio.batch(2)) == dict.fromkeys(range(2), "Succeed")
    assert studio.service.posts.count("0") == times + 1


@pytest.mark.parametrize(("wait", "times"), [("1", NAMED_WAITS), (None, ATTEMPTS)])
def test_with_nothing_in_flight_one_more_refusal_is_final(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, wait: str | None, times: int
) -> None:
    monkeypatch.setattr("aeforge_cli.jobs.batch.MOMENT", 0.0)
    studio.life.client.limiter = Steady(1)
    Refusing(studio, "0", times, wait)

    assert run_in_time(studio.batch(2))[0] == "rate_limited"
    assert studio.service.posts.count("0") == times


def test_while_a_job_runs_any_number_of_refusals_is_waited_for(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aeforge_cli.jobs.batch.MOMENT", 0.0)
    studio.life.client.limiter = Steady(2)
    times = 2 * ATTEMPTS
    Refusing(studio, "1", times)
    studio.service.has_ended = lambda _prompt: studio.service.posts.count("1") > times

    assert run_in_time(studio.batch(2)) == dict.fromkeys(range(2), "Succeed")


class Longest(random.Random):
    """Each pause by chance is as long as it may be."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_after_a_refusal_that_names_no_time_there_is_a_pause_of_our_own(studio: Studio) -> None:
    asked: list[float] = []

    class Listening(Steady):
        def hold(self, seconds: float, now: float) -> None:
            asked.append(seconds)
            super().hold(seconds, now)

    studio.life.client.limiter, studio.life.client.chance = Listening(1), Longest()
    Refusing(studio, "0", times=1)

    assert run_in_time(studio.batch(2)) == dict.fromkeys(range(2), "Succeed")
    assert max(asked) == FIRST_PAUSE * 2


def test_threads_are_few_however_many_jobs_wait(studio: Studio) -> None:
    studio.service.has_ended = lambda _prompt: len(studio.service.posts) == 64

    endings = run(studio.limited(64).batch(64))

    assert (set(endings.values()), studio.service.most_under_way) == ({"Succeed"}, 64)
    assert len(studio.service.threads) <= 36


def test_another_job_begins_while_results_are_still_fetched(studio: Studio) -> None:
    def after_the_next_submission(prompt: str) -> None:
        if prompt == "0":
            studio.service.wait_for(posts=2)

    studio.service.delivers = after_the_next_submission

    assert run(studio.limited(1).batch(2)) == {0: "Succeed", 1: "Succeed"}


def test_without_waiting_each_ends_with_its_id(studio: Studio) -> None:
    outcomes = list(studio.batch(5, wait=False).outcomes())

    ids = {o.order.index: o.result.job_id for o in outcomes if isinstance(o.result, JobResult)}
    assert ids == {index: f"j{index}" for index in range(5)}
    assert (studio.service.looks, studio.rows) == ([], [("accepted", f"j{index}") for index in range(5)])


def test_after_an_early_end_nothing_that_ended_is_untold(studio: Studio) -> None:
    batch = studio.batch(5)
    outcomes = batch.outcomes()
    first = next(outcomes)
    wait_until(lambda: batch.tally.done == 5)

    batch.close()

    rest = list(batch.unreported())
    assert {outcome.order.index for outcome in (first, *rest)} == set(range(5))
    assert (len(rest), list(batch.unreported()), list(batch.unfinished())) == (4, [], [])


# ------------------------------------------------------------------ failures of one, failures of all


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (refusal(400), "rejected"),
        (refusal(422), "rejected"),
        (told({}, 307, location="https://elsewhere.test/"), "service_error"),
        (unanswered(), "submit_unknown"),
    ],
    ids=["400", "422", "a redirect", "a lost answer"],
)
def test_a_failure_of_one_item_is_its_own(studio: Studio, said: Said, code: str) -> None:
    studio.service.says = {"1": said}

    assert run(studio.limited(1).batch(4)) == {0: "Succeed", 1: code, 2: "Succeed", 3: "Succeed"}


@pytest.mark.parametrize(
    ("status", "code"), [(401, "key_rejected"), (402, "payment_required"), (403, "key_rejected")], ids=str
)
def test_when_the_account_is_refused_nothing_more_is_submitted(studio: Studio, status: int, code: str) -> None:
    studio.service.says = {"1": refusal(status)}
    batch = studio.limited(1).batch(5)

    endings = run(batch)

    assert endings == {0: "Succeed", 1: code, 2: "not tried", 3: "not tried", 4: "not tried"}
    assert studio.service.posts == ["0", "1"]
    assert (batch.stopped_by and batch.stopped_by.code, batch.tally.untried) == (code, 3)


def test_what_is_under_way_when_the_account_is_refused_is_still_saved(studio: Studio) -> None:
    studio.service.has_ended = lambda _prompt: "2" in studio.service.posts
    studio.service.says = {"2": refusal(402)}

    endings = run(studio.limited(3).batch(3))

    assert endings == {0: "Succeed", 1: "Succeed", 2: "payment_required"}
    assert studio.files() == {"0.png": png(0), "1.png": png(1)}


def test_asked_to_fail_fast_nothing_is_submitted_after_a_failure(studio: Studio) -> None:
    studio.service.fails = frozenset("1")

    endings = run(studio.limited(1).batch(4, fail_fast=True))

    assert endings == {0: "Succeed", 1: "job_failed", 2: "not tried", 3: "not tried"}
    assert studio.service.posts == ["0", "1"]


def test_what_is_paid_for_already_is_fetched_also_after_the_budget_is_spent(studio: Studio) -> None:
    assert run(Batch(studio.life, [studio.order(2)], wait=False)) == {2: "Pending"}
    limited = Account(BASE, "a1b2", limits=lambda: [Limit(2, None, "", "2/day", "")])
    studio = replace(studio.limited(1), life=replace(studio.life, account=limited))

    assert run(studio.batch(4)) == {0: "Succeed", 1: "limit_reached", 2: "Succeed", 3: "limit_reached"}
    assert studio.service.posts == ["2", "0"]


def test_what_was_refused_is_none_of_the_purchases_that_were_agreed_to(studio: Studio) -> None:
    studio.service.says = {"0": refusal(400)}

    ended = run(Batch(studio.limited(1).life, studio.orders(2), purchases=1))

    assert ended == {0: "rejected", 1: "Succeed"}


def test_a_lost_answer_is_one_of_the_purchases_that_were_agreed_to(studio: Studio) -> None:
    studio.service.says = {"0": unanswered()}

    ended = run(Batch(studio.limited(1).life, studio.orders(2), purchases=1))

    assert ended == {0: "submit_unknown", 1: "limit_reached"}


def test_after_five_lost_answers_in_a_row_no_more_is_risked(studio: Studio) -> None:
    studio.service.says = {str(index): unanswered() for index in range(20)}

    endings = run(studio.limited(1).batch(20))

    assert Counter(endings.values()) == {"submit_unknown": LOST_ANSWERS, "not tried": 15}
    assert studio.service.posts == ["0", "1", "2", "3", "4"]


def test_an_answer_that_came_begins_the_count_of_lost_ones_anew(studio: Studio) -> None:
    studio.service.says = {str(index): unanswered() for index in range(12) if index % 5 != 4}

    endings = run(studio.limited(1).batch(12))

    assert Counter(endings.values()) == {"submit_unknown": 10, "Succeed": 2}


def test_answers_that_an_earlier_run_lost_keep_nothing_else_from_being_bought(studio: Studio) -> None:
    studio.service.says = {str(index): unanswered() for index in range(5)}
    run(studio.limited(1).batch(5))

    endings = run(studio.resuming().batch(8))

    assert Counter(endings.values()) == {"submit_unknown": 5, "Succeed": 3}


def test_a_service_that_cannot_be_reached_is_given_up_when_the_budget_is_spent(studio: Studio) -> None:
    studio.service.says = {str(index): unsent(Fault.REFUSED) for index in range(50)}
    studio.life.client.budget = RetryBudget(tokens=20)  # four retries

    endings = run(studio.limited(1).batch(50))

    assert Counter(endings.values()) == {"unreachable": 2, "not tried": 48}
    assert Counter(studio.service.posts) == {"0": 4, "1": 2}


def test_a_moment_without_a_network_stops_nothing(studio: Studio) -> None:
    studio.service.says = {"1": unsent(Fault.REFUSED)}

    assert run(studio.limited(1).batch(3)) == {0: "Succeed", 1: "unreachable", 2: "Succeed"}


def test_a_place_that_cannot_be_written_any_more_stops_the_buying(studio: Studio) -> None:
    batch = studio.limited(1).batch(4)

    def lose_the_folder(prompt: str) -> None:
        if prompt == "1":
            wait_until(lambda: batch.tally.done == 1)
            shutil.rmtree(studio.folder)
            studio.folder.write_text("a file in its place")
        if prompt == "2":
            wait_until(lambda: batch.tally.failed == 1)

    studio.service.hears = lose_the_folder

    endings = run(batch)

    assert endings.pop(2) in {"cannot_save", "not tried"}  # was it on its way when the other could not be saved?
    assert endings == {0: "Succeed", 1: "cannot_save", 3: "not tried"}


def test_patience_that_ends_is_the_failure_of_that_item(studio: Studio) -> None:
    studio.service.has_ended = lambda prompt: prompt != "1"
    studio.life = replace(studio.life, timeout=0.3)

    assert run(studio.batch(3)) == {0: "Succeed", 1: "still_running", 2: "Succeed"}


# ------------------------------------------------------------------ bugs


class Mistake(Exception):
    """What no code foresaw."""


def broken() -> Inpaint:
    raise Mistake


BUGS: dict[str, Callable[[Studio], Batch]] = {
    "reading a picture": lambda studio: Batch(studio.life, studio.orders(20, _3=broken)),
    "submitting": lambda studio: told_by(studio, Service(says={"3": Mistake()})),
    "looking": lambda studio: told_by(studio, Service(looked_at=Mistake())),
    "fetching": lambda studio: told_by(studio, Service(delivers=lambda _prompt: Mistake())),
}


def told_by(studio: Studio, service: Service) -> Batch:
    studio.life = replace(
        studio.life, client=Client(service, base_url=BASE, clock=studio.life.clock, limiter=ConcurrencyLimiter(16))
    )
    return studio.batch(20)


@pytest.mark.parametrize("arrange", BUGS.values(), ids=BUGS)
def test_a_bug_is_raised_where_it_is_seen_and_nothing_hangs(studio: Studio, arrange: Callable[[Studio], Batch]) -> None:
    before = threading.active_count()

    with pytest.raises(Mistake):
        run(arrange(studio))

    wait_until(lambda: threading.active_count() <= before)


# ------------------------------------------------------------------ ending early


def test_once_closed_nothing_new_is_begun(studio: Studio) -> None:
    before = threading.active_count()
    batch = studio.limited(2).batch(100)
    outcomes = batch.outcomes()
    next(outcomes)

    batch.close()
    begun = list(studio.service.posts)

    wait_until(lambda: threading.active_count() <= before)
    assert studio.service.posts == begun
    assert len(begun) < 100


def test_leaving_the_loop_closes_the_batch(studio: Studio) -> None:
    before = threading.active_count()

    for _ in studio.limited(2).batch(100).outcomes():
        break

    wait_until(lambda: threading.active_count() <= before)
    assert len(studio.service.posts) < 100


def test_closing_waits_for_the_answer_to_what_was_sent(studio: Studio) -> None:
    closing = threading.Event()

    def answer_comes_late(prompt: str) -> None:
        if prompt == "1":
            assert closing.wait(PATIENCE)
            time.sleep(0.1)

    studio.service.hears = answer_comes_late
    batch = studio.limited(1).batch(5)
    outcomes = batch.outcomes()
    next(outcomes)
    studio.service.wait_for(posts=2)

    closing.set()
    batch.close()

    assert {job_id for _, job_id in studio.rows} == {"j0", "j1"}
    assert studio.service.posts == ["0", "1"]


def test_what_is_on_its_way_when_a_signal_comes_is_the_last_that_is_bought(studio: Studio) -> None:
    before = threading.active_count()
    first_was_told, signalled = threading.Event(), threading.Event()

    def signal_comes(prompt: str) -> None:
        if prompt == "1":
            assert first_was_told.wait(PATIENCE)
            studio.life.stop.request(signal.SIGINT)
            signalled.set()

    studio.service.hears = signal_comes
    batch = studio.limited(1).batch(5)
    outcomes = batch.outcomes()
    next(outcomes)
    first_was_told.set()
    assert signalled.wait(PATIENCE)

    batch.close()

    wait_until(lambda: threading.active_count() <= before)
    assert studio.service.posts == ["0", "1"]
    assert {job_id for _, job_id in studio.rows} == {"j0", "j1"}


def test_a_signal_that_only_the_others_noticed_ends_the_batch_too(studio: Studio) -> None:
    studio.service.has_ended = lambda _prompt: False
    batch = studio.batch(3)
    studio.service.hears = lambda _prompt: studio.life.stop.request(signal.SIGTERM)

    with pytest.raises(Interrupted):
        list(batch.outcomes())


# ------------------------------------------------------------------ going on


def test_what_an_earlier_run_has_saved_is_skipped(studio: Studio) -> None:
    run(studio.batch(3))
    (studio.folder / "1.png").unlink()
    again = studio.resuming().batch(5)

    endings = run(again)

    assert endings == {0: "Skipped", 1: "Succeed", 2: "Skipped", 3: "Succeed", 4: "Succeed"}
    assert Counter(studio.service.posts) == Counter(["0", "1", "2", "3", "4"])
    assert again.tally == Tally(5, kept=2, fetched=1, bought=2, done=5)
    assert studio.files() == {f"{index}.png": png(index) for index in range(5)}


def test_what_is_still_under_way_from_an_earlier_run_is_gone_on_with(studio: Studio) -> None:
    studio.life = replace(studio.life, timeout=0.2)
    studio.service.has_ended = lambda _prompt: False
    first = run(studio.batch(3))
    studio.service.has_ended = lambda _prompt: True

    second = run(studio.resuming().batch(3))

    assert (set(first.values()), set(second.values())) == ({"still_running"}, {"Succeed"})
    assert Counter(studio.service.posts) == Counter(["0", "1", "2"])


# ------------------------------------------------------------------ jobs that need one another


def test_a_job_begins_when_what_it_needs_has_ended(studio: Studio) -> None:
    first = studio.order(0)
    second = studio.order(1, lambda: made_of(studio.folder / "0.png", "1"), after=(first,))
    third = studio.order(2, lambda: made_of(studio.folder / "1.png", "2"), after=(second,))

    endings = run(Batch(studio.life, [third, second, first]))

    assert endings == {0: "Succeed", 1: "Succeed", 2: "Succeed"}
    assert studio.service.posts == ["0", "1", "2"]


def made_of(path: Path, prompt: str) -> Inpaint:
    assert path.exists(), "it began before its picture was there"
    return inpaint(prompt)


def test_what_needs_a_job_that_failed_is_not_submitted(studio: Studio) -> None:
    studio.service.fails = frozenset("0")
    first = studio.order(0)
    second = studio.order(1, after=(first,))
    third = studio.order(2, after=(second,))

    endings = run(Batch(studio.life, [first, second, third, studio.order(3)]))

    assert endings == {0: "job_failed", 1: "blocked", 2: "blocked", 3: "Succeed"}
    assert sorted(studio.service.posts) == ["0", "3"]


def test_the_longest_chain_begins_first(studio: Studio) -> None:
    alone, first = studio.order(0), studio.order(1)
    second = studio.order(2, after=(first,))
    third = studio.order(3, after=(second,))

    run(Batch(studio.limited(1).life, [alone, first, second, third]))

    assert studio.service.posts[0] == "1"


def test_a_long_chain_is_blocked_as_a_whole(studio: Studio) -> None:
    studio.service.fails = frozenset("0")
    chain = [studio.order(0)]
    for index in range(1, 1500):
        chain.append(studio.order(index, after=(chain[-1],)))

    endings = run(Batch(studio.life, chain))

    assert Counter(endings.values()) == Counter(blocked=1499, job_failed=1)


def test_what_others_are_made_of_is_fetched_also_from_another_machine(studio: Studio) -> None:
    elsewhere = studio.resuming()
    run(elsewhere.batch(3))
    for path in studio.folder.iterdir():
        path.unlink()
    studio.life.journal.host = "another"  # type: ignore[misc]  # the rows are of the machine that we were
    first, *others = elsewhere.orders(3)
    others[0].after = (first,)

    outcomes = {each.order.index: each.result for each in Batch(studio.life, [first, *others], share=True).outcomes()}

    statuses = [getattr(outcomes[index], "status", None) for index in range(3)]
    assert (statuses, list(studio.files())) == (["Succeed", "Elsewhere", "Elsewhere"], ["0.png"])


# ------------------------------------------------------------------ purchases that were not foreseen


@pytest.mark.parametrize("status", [404, 410])
def test_a_result_of_this_run_that_is_gone_is_not_bought_again(studio: Studio, status: int) -> None:
    studio.service.delivers = lambda _prompt: Answer(status)
    studio.life = replace(studio.life, timeout=1.0)

    assert run(studio.batch(1)) == {0: "result_unavailable"}
    assert studio.service.posts == ["0"]


def test_a_result_that_is_gone_is_copied_from_where_this_disk_has_it(studio: Studio) -> None:
    run(studio.batch(1))
    shutil.copy(studio.folder / "0.png", studio.folder / "copy.png")
    row = next(studio.life.journal.rows())
    placed = [replace(file, path=str(studio.folder / "copy.png")) for file in row.files]
    studio.life.journal.record(row.number, Step(State.SAVED, files=placed), studio.life.clock.now())
    (studio.folder / "0.png").unlink()
    studio.service.delivers = lambda _prompt: Answer(410)

    endings = run(studio.resuming().batch(1))

    assert (endings, studio.files()["0.png"], studio.service.posts) == ({0: "Succeed"}, png(0), ["0"])


def test_a_result_that_is_gone_is_bought_again_within_what_was_agreed_to(studio: Studio) -> None:
    run(studio.batch(3))
    for path in studio.folder.iterdir():
        path.unlink()
    studio.service.delivers = lambda prompt: Answer(410) if studio.service.posts.count(prompt) < 2 else None

    batch = Batch(studio.resuming().life, studio.resuming().orders(3), purchases=1)

    endings = Counter("limit_reached" if each == "not tried" else each for each in run(batch).values())
    assert endings == {"Succeed": 1, "limit_reached": 2}
    assert (len(studio.service.posts), batch.tally.bought) == (4, 1)


def test_a_result_found_gone_after_the_list_has_stopped_does_not_hold_the_list_up(studio: Studio) -> None:
    run(studio.batch(3))
    for path in studio.folder.iterdir():
        path.unlink()
    batch = Batch(studio.resuming().life, studio.resuming().orders(3), purchases=0)

    def gone(prompt: str) -> Answer:
        if prompt == "2":
            wait_until(lambda: batch.stopped_by is not None)
            time.sleep(0.1)  # the threads that submit end meanwhile
        return Answer(410)

    studio.service.delivers = gone

    endings = Counter("limit_reached" if each == "not tried" else each for each in run(batch).values())

    assert (endings, len(studio.service.posts)) == ({"limit_reached": 3}, 3)


# ------------------------------------------------------------------ the same job in two runs


def test_two_runs_of_one_list_share_it_and_buy_each_job_once(studio: Studio, tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "state")
    other = replace(studio, life=replace(studio.life, journal=journal))
    endings: list[dict[int, str]] = []
    runs = [threading.Thread(target=lambda each=each: endings.append(run(each.batch(30)))) for each in (studio, other)]

    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join(PATIENCE * 2)

    journal.close()
    assert [set(each.values()) for each in endings] == [{"Succeed"}, {"Succeed"}]
    assert Counter(studio.service.posts) == Counter(str(index) for index in range(30))
    assert studio.files() == {f"{index}.png": png(index) for index in range(30)}


@pytest.fixture
def elsewhere(studio: Studio, tmp_path: Path) -> Iterator[Callable[[State], None]]:
    """Another process has the job of picture 0 in a state, and lives."""
    journal = SqliteJournal(tmp_path / "state")

    def has(state: State) -> None:
        claim = journal.claim(studio.life._intent(studio.order(0)), studio.life.clock.now(), Reuse.NOTHING)
        assert isinstance(claim, Claimed)
        if state is not State.SUBMITTING:
            journal.record(claim.number, Step(state, job_id="j0"), studio.life.clock.now())

    yield has
    journal.close()


def run_in_time(batch: Batch) -> dict[int, str]:
    """As `run`, for what may wait without end."""
    ended = dict[int, str]()
    thread = threading.Thread(target=lambda: ended.update(run(batch)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return ended


def test_a_job_that_another_process_is_at_is_not_waited_for_beyond_the_timeout(
    studio: Studio, elsewhere: Callable[[State], None]
) -> None:
    elsewhere(State.SUBMITTING)
    hurried = replace(studio, life=replace(studio.life, timeout=0.6))

    assert run_in_time(hurried.batch(1)) == {0: "still_running"}
    assert studio.service.posts == []


def test_while_another_process_is_at_a_job_its_row_alone_is_asked_for(
    studio: Studio, elsewhere: Callable[[State], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(State.SUBMITTING)
    hurried = replace(studio, life=replace(studio.life, timeout=1.2)).resuming()
    of_work = Mock(wraps=studio.life.journal.of_work)
    monkeypatch.setattr(studio.life.journal, "of_work", of_work)

    assert run_in_time(hurried.batch(1)) == {0: "still_running"}
    assert of_work.call_count == 1


def test_without_waiting_a_job_that_another_process_has_paid_for_is_told_at_once(
    studio: Studio, elsewhere: Callable[[State], None]
) -> None:
    elsewhere(State.ACCEPTED)

    assert run_in_time(studio.batch(1, wait=False)) == {0: "Pending"}
    assert studio.service.posts == []


def test_what_another_machine_saves_just_before_the_claim_stays_there(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = SqliteJournal(tmp_path / "state")
    journal.host = "another"
    other = replace(studio, life=replace(studio.life, journal=journal), folder=tmp_path / "theirs")
    has_ended = threading.Event()
    studio.service.has_ended = lambda _prompt: has_ended.is_set()
    running = threading.Thread(target=run, args=(other.batch(1),))
    running.start()
    wait_until(lambda: [state for state, _ in studio.rows] == ["accepted"])
    ours = studio.life.journal.claim

    def late(*words: Any, **named: Any) -> Claim:
        has_ended.set()
        wait_until(lambda: [state for state, _ in studio.rows] == ["saved"])
        return ours(*words, **named)

    monkeypatch.setattr(studio.life.journal, "claim", late)
    endings = run(Batch(studio.life, studio.resuming().orders(1), share=True))
    running.join(PATIENCE)

    journal.close()
    assert (endings, studio.files(), studio.service.posts) == ({0: "Elsewhere"}, {}, ["0"])


# ------------------------------------------------------------------ the journal's server is away


@dataclass
class Away:
    """A journal whose server cannot be reached for the first claims, as many as `claims`."""

    claims: float
    asked: int = 0

    def over(self, journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
        claim = journal.claim

        def claimed(*args: Any, **options: Any) -> Claim:
            self.asked += 1
            if self.asked <= self.claims:
                raise OutOfReach("The journal cannot be reached")
            return claim(*args, **options)

        monkeypatch.setattr(journal, "claim", claimed)
        monkeypatch.setattr("aeforge_cli.jobs.batch.AWAY_PAUSE", 0.05)


def test_claims_wait_for_a_journal_that_comes_back(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(studio.life.journal, SqliteJournal)
    Away(20).over(studio.life.journal, monkeypatch)
    heard: list[object] = []

    assert set(run(studio.heard_by(heard.append).batch(8)).values()) == {"Succeed"}
    assert Counter(studio.service.posts) == Counter(map(str, range(8)))
    [told] = [event for event in heard if isinstance(event, RetryScheduled)]
    assert told.what == "nothing is submitted: The journal cannot be reached"


def test_a_journal_that_stays_away_ends_the_list(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(studio.life.journal, SqliteJournal)
    Away(math.inf).over(studio.life.journal, monkeypatch)
    monkeypatch.setattr("aeforge_cli.jobs.batch.RETRIED_FOR", 0.3)
    batch = studio.batch(100)

    endings = Counter(run(batch).values())

    assert endings.keys() == {"journal_unreachable", "not tried"}
    assert endings["not tried"] > 0
    assert studio.service.posts == []
    assert isinstance(batch.stopped_by, JournalUnreachable)
