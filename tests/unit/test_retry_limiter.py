"""Too many requests: one answer of all threads, which are silent together, do less, and try more again."""

import math
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.api.client import Client
from aeforge_cli.api.responses import Pending, Retryable
from aeforge_cli.api.retry import LONGEST_WAIT, ConcurrencyLimiter
from aeforge_cli.errors import RateLimited
from tests.unit.conftest import BASE, JOB, FakeClock, FakeTransport, inpaint, made, stands, told

PENDING = stands("Pending")


def together(threads: int, work: Callable[[], object]) -> None:
    """All threads do it at the same moment."""
    start = threading.Barrier(threads)

    def one() -> None:
        start.wait()
        work()

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(one) for _ in range(threads)]:
            done.result()


# ------------------------------------------------------------------ how many may be under way


def test_refusals_of_many_threads_at_once_halve_it_once() -> None:
    limiter = ConcurrencyLimiter(16)

    together(16, lambda: limiter.hold(2.0, now=100.0))

    assert (limiter.limit, limiter.remaining(100.0)) == (8, 2.0)


def test_refusals_at_once_that_name_no_silence_halve_it_once_too() -> None:
    limiter = ConcurrencyLimiter(16)

    together(16, lambda: limiter.hold(0.0, now=100.0))

    assert limiter.limit == 8


def test_a_refusal_after_the_silence_halves_it_again() -> None:
    limiter = ConcurrencyLimiter(16)

    limiter.hold(2.0, now=100.0)
    limiter.hold(2.0, now=101.9)
    during = limiter.limit
    limiter.hold(2.0, now=104.0)

    assert (during, limiter.limit) == (8, 4)


def test_successes_of_many_threads_all_count() -> None:
    limiter = ConcurrencyLimiter(100)
    for moment in range(6):
        limiter.hold(0.5, now=float(moment))
    before = limiter.limit

    def succeed_often() -> None:
        for _ in range(100):
            limiter.earn()

    together(16, succeed_often)

    assert (before, limiter.limit) == (1, 81)


def test_without_refusals_successes_change_nothing() -> None:
    limiter = ConcurrencyLimiter(16)
    for _ in range(1000):
        limiter.earn()

    assert limiter.limit == 16


@given(
    st.integers(1, 64), st.lists(st.one_of(st.none(), st.tuples(st.floats(0, 300), st.floats(0, 10_000))), max_size=60)
)
def test_it_stays_between_one_and_what_the_user_allowed(most: int, events: list[tuple[float, float] | None]) -> None:
    limiter = ConcurrencyLimiter(most)

    limits = []
    for event in events:
        if event is None:
            limiter.earn()
        else:
            limiter.hold(*event)
        limits.append(limiter.limit)

    assert all(1 <= limit <= most for limit in limits)


# ------------------------------------------------------------------ silence


@given(st.lists(st.floats(0, 300), min_size=1), st.floats(0, 1000))
def test_the_longest_silence_asked_for_is_kept(asked: list[float], now: float) -> None:
    limiter = ConcurrencyLimiter(16)
    for seconds in asked:
        limiter.hold(seconds, now)

    assert limiter.remaining(now) == pytest.approx(max(asked))
    assert limiter.remaining(now + 300) == pytest.approx(0, abs=1e-9)


@pytest.fixture
def throttled(transport: FakeTransport, clock: FakeClock) -> Client:
    return Client(transport, base_url=BASE, clock=clock, chance=random.Random(7), limiter=ConcurrencyLimiter(16))


def test_what_is_refused_to_one_question_silences_all_others(
    throttled: Client, transport: FakeTransport, clock: FakeClock
) -> None:
    transport.says(told({}, 429, retry_after="7"), PENDING)
    with pytest.raises(Retryable):
        throttled.poll(JOB)

    job = throttled.poll(JOB)

    assert (job, clock.slept, throttled.limiter.limit) == (Pending(), [7.0], 8)


def test_a_refused_question_silences_submissions_too(
    throttled: Client, transport: FakeTransport, clock: FakeClock
) -> None:
    transport.says(told({}, 429, retry_after="7"), made())
    with pytest.raises(Retryable):
        throttled.poll(JOB)

    job_id = throttled.submit(inpaint(), until=math.inf)

    assert (job_id, clock.slept) == (JOB, [7.0])


def test_a_refused_submission_is_sent_again_after_the_silence(
    throttled: Client, transport: FakeTransport, clock: FakeClock
) -> None:
    transport.says(told({}, 429, retry_after="7"), made())

    job_id = throttled.submit(inpaint(), until=math.inf)

    assert (job_id, sum(clock.slept), throttled.limiter.limit) == (JOB, 7.0, 8)


def test_a_service_that_refuses_again_and_again_is_left_alone_for_longer_than_it_asks(
    throttled: Client, transport: FakeTransport, clock: FakeClock
) -> None:
    transport.says(*[told({}, 429, retry_after="1")] * 12, PENDING)
    silences = []
    for _ in range(12):
        with pytest.raises(Retryable):
            throttled.poll(JOB)
        silences.append(throttled.limiter.remaining(clock.monotonic()))

    throttled.poll(JOB)

    assert (silences[0], min(silences), max(silences) > 5) == (1.0, 1.0, True)
    assert throttled.limiter.refusals == 0


@given(st.floats(allow_nan=False), st.floats(0, 1000))
def test_no_silence_is_longer_than_five_minutes(seconds: float, now: float) -> None:
    limiter = ConcurrencyLimiter(16)

    limiter.hold(seconds, now)

    assert 0 <= limiter.remaining(now) <= LONGEST_WAIT + 1e-9


def test_a_silence_beyond_patience_is_an_error_at_once(
    throttled: Client, transport: FakeTransport, clock: FakeClock
) -> None:
    transport.says(told({}, 429, retry_after="60"))
    with pytest.raises(Retryable):
        throttled.poll(JOB)

    with pytest.raises(Retryable) as unheard:
        throttled.poll(JOB, until=clock.monotonic() + 10)

    assert (type(unheard.value.error), unheard.value.wait, clock.slept) == (RateLimited, 60.0, [])
    assert unheard.value.error.why == "it asked us to wait, for another 60 s (Retry-After)"


def test_no_service_silences_us_for_hours(throttled: Client, transport: FakeTransport, clock: FakeClock) -> None:
    transport.says(told({}, 429, retry_after="86400"))

    with pytest.raises(Retryable):
        throttled.poll(JOB)

    assert throttled.limiter.remaining(clock.monotonic()) == LONGEST_WAIT


def test_every_good_answer_counts_as_a_success(throttled: Client, transport: FakeTransport, clock: FakeClock) -> None:
    transport.says(told({}, 429, retry_after="1"), *[PENDING] * 41)
    with pytest.raises(Retryable):
        throttled.poll(JOB)

    for _ in range(41):
        throttled.poll(JOB)

    assert throttled.limiter.limit == 10


def test_a_bad_answer_is_no_success(throttled: Client, transport: FakeTransport) -> None:
    transport.says(told({}, 429, retry_after="1"), *[told({}, 500)] * 41)
    for _ in range(42):
        with pytest.raises(Retryable):
            throttled.poll(JOB)

    assert throttled.limiter.limit == 8
