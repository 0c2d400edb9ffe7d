"""How a signal ends the process: at once where nothing is at stake, after the answer where a paid job's id is due."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from aeforge_cli.errors import Interrupted
from aeforge_cli.process.clock import SystemClock
from aeforge_cli.process.signals import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
every_signal = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)


@pytest.fixture
def stop() -> Iterator[Stop]:
    """One that listens; what handled the signals before does so again afterwards."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    hook = sys.unraisablehook
    listening = Stop()
    listening.listen()
    yield listening
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


@every_signal
def test_a_signal_ends_what_is_not_shielded_at_once(stop: Stop, number: signal.Signals) -> None:
    with pytest.raises(Interrupted) as interrupted:
        os.kill(os.getpid(), number)

    assert (interrupted.value.signal_number, stop.requested) == (number, True)


def test_foreign_code_does_not_take_a_signal_for_a_failure_of_its_own(stop: Stop) -> None:
    def start() -> None:  # as threading.Thread.start is made
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except Exception:  # noqa: BLE001 - what the test is about
            pytest.fail("taken for a failure")

    with pytest.raises(Interrupted):
        start()


class Finalized:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0)  # where the handler runs at the latest


def test_a_signal_that_a_finalizer_swallows_counts_all_the_same(stop: Stop, capsys: pytest.CaptureFixture[str]) -> None:
    Finalized()

    with pytest.raises(Interrupted):
        stop.wait(30)
    assert capsys.readouterr().err == ""


def test_other_failures_of_finalizers_are_told(stop: Stop) -> None:
    told: list[sys.UnraisableHookArgs] = []
    sys.unraisablehook = told.append
    stop.listen()

    class Failing:
        def __del__(self) -> None:
            raise ValueError

    Failing()

    assert [unraisable.exc_type for unraisable in told] == [ValueError]


def test_a_shield_lets_the_answer_arrive_and_then_counts(stop: Stop) -> None:
    heard = []

    with stop.shielded():
        os.kill(os.getpid(), signal.SIGTERM)
        heard.append("the answer")

    assert heard == ["the answer"]
    with pytest.raises(Interrupted) as interrupted:
        stop.check()
    assert interrupted.value.exit_status == 143


def test_a_shield_that_is_down_protects_no_more(stop: Stop) -> None:
    with stop.shielded():
        pass

    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGINT)


def test_without_a_signal_nothing_is_interrupted(stop: Stop) -> None:
    stop.check()
    stop.wait(0.0)
    stop.wait(-5.0)

    assert stop.requested is False


def test_a_signal_ends_a_sleep(stop: Stop) -> None:
    clock = SystemClock(stop)
    threading.Timer(0.05, stop.request, [signal.SIGINT]).start()
    before = clock.monotonic()

    with pytest.raises(Interrupted):
        clock.sleep(30.0)

    assert clock.monotonic() - before < 25


def test_records_are_in_utc(stop: Stop) -> None:
    assert str(SystemClock(stop).now().tzinfo) == "UTC"


def test_a_signal_that_was_ignored_at_the_start_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    others = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.unraisablehook
    try:
        Stop().listen()
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGHUP, before)
        for number, handler in others.items():
            signal.signal(number, handler)


def test_what_is_told_is_told_whole_and_then_the_signal_counts(stop: Stop) -> None:
    heard: list[object] = []

    def tell() -> None:
        with stop.uninterrupted(heard.append):
            os.kill(os.getpid(), signal.SIGTERM)
            heard.append("told")

    with pytest.raises(Interrupted) as interrupted:
        tell()

    assert [type(each) for each in heard] == [Interrupted, str]
    assert interrupted.value.exit_status == 143


def test_without_a_signal_what_is_told_ends_as_it_ends(stop: Stop) -> None:
    with stop.uninterrupted(lambda interrupted: pytest.fail(str(interrupted))):
        pass

    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGINT)


@contextmanager
def ready(program: str, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", IO[str]]]:
    """A process that runs the program and has said that it is ready, with what it says next."""
    with subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process, process.stdout
        finally:
            process.kill()


SHIELDED = """
import sys, time
from aeforge_cli.process.signals import Stop
stop = Stop(grace=float(sys.argv[1]), say=lambda text: print(text, flush=True))
stop.untold = lambda: ["RECORD THIS"] * (len(sys.argv) > 2)
stop.listen()
with stop.shielded():
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_second_signal_leaves_at_once() -> None:
    with ready(SHIELDED, "50") as (process, told):
        process.send_signal(signal.SIGINT)
        said = told.readline()
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 143
        assert said == "waiting for the answer to what was already sent; once more leaves at once\n"


@pytest.mark.parametrize("grace", ["50", "0.2"], ids=["a second signal", "the end of the grace"])
def test_before_it_leaves_it_says_what_the_journal_does_not_hold(grace: str) -> None:
    with ready(SHIELDED, grace, "untold") as (process, told):
        process.send_signal(signal.SIGINT)
        told.readline()
        process.send_signal(signal.SIGINT)
        process.wait(20)

        assert told.readlines()[-1] == "RECORD THIS\n"


UNREAD = """
import sys, threading, time
from aeforge_cli.process.signals import Stop
stop = Stop(say=lambda text: print(text, flush=True))
stop.listen()
def submit():
    with stop.shielded():
        while not stop.requested:
            time.sleep(0.01)
submitting = threading.Thread(target=submit)
submitting.start()
with stop.uninterrupted(lambda interrupted: None):
    print("ready", flush=True)
    submitting.join()
    time.sleep(60)
"""


def test_what_another_thread_finishes_does_not_give_the_telling_more_time() -> None:
    with ready(UNREAD) as (process, told):
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 143
        assert told.read() == "not all finished jobs could be printed: aeforge job list\n"


HURRIED = """
import time
from aeforge_cli.process.signals import Stop
stop = Stop(say=lambda text: print(text, flush=True))
with stop.hurried(15):
    pass
time.sleep(2.5)
print("ready", flush=True)
with stop.hurried(15):
    time.sleep(60)
"""


def test_what_is_told_after_a_signal_has_its_time_and_no_more() -> None:
    with ready(HURRIED) as (process, told):
        assert process.wait(20) == 143
        assert told.read() == "not all finished jobs could be printed: aeforge job list\n"


def test_a_shield_does_not_hold_for_ever() -> None:
    began = time.monotonic()
    with ready(SHIELDED, "0.2") as (process, told):
        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 130
        assert told.readlines()[-1] == "no answer came; the job may exist: aeforge job list --pending\n"
    assert time.monotonic() - began < 55


SLEEPER = """
from aeforge_cli.errors import Interrupted
from aeforge_cli.process.signals import Stop
stop = Stop()
stop.listen()
try:
    print("ready", flush=True)
    while True:
        stop.wait(0)
except Interrupted as interrupted:
    raise SystemExit(interrupted.exit_status)
"""


def test_a_signal_comes_through_at_any_moment_of_a_sleep() -> None:
    for _ in range(10):
        with ready(SLEEPER) as (process, _):
            process.send_signal(signal.SIGTERM)

            assert process.wait(20) == 143
