"""How a signal ends the process: at once where nothing is at stake, after the answer where a paid job's id is due.

The first INT, TERM or HUP raises `Interrupted` in the main thread, unless a shield is up or results are being printed:
then it is raised afterwards. A second one leaves at once, with no word but of what the journal does not hold.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from aeforge_cli.errors import Interrupted

REPORTING = 2.0  # seconds for what is printed when a signal comes: nobody may read it
_UNREPORTED = "not all finished jobs could be printed: aeforge job list"
# Seconds: on Windows, Ctrl-C does not reach who waits for a lock, and he may wait so long at most.
DEAF: float | None = 1.0 if sys.platform == "win32" else None
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class _Own(threading.local):
    """Of each thread: whether its shield is up, and what ends the process where it holds a signal off for too long."""

    shield = False
    last_moment: threading.Timer | None = None


class Stop:
    """Whether the process was asked to end."""

    def __init__(self, *, grace: float = 35.0, say: Callable[[str], None] = lambda _text: None) -> None:
        """`grace` is how many seconds a shield may hold after a signal; `say` writes to the user from the handler."""
        self.grace = grace
        self._say = say
        self.untold: Callable[[], Iterable[str]] = tuple  # what must be said before the process leaves
        self._signal: signal.Signals | None = None
        # Let go by the signal. An Event's own lock would be taken by the handler: for ever, if it came upon its holder.
        self._asleep = threading.Lock()
        self._asleep.acquire()
        self._wake: Callable[[Interrupted], object] | None = None
        self._own = _Own()

    def listen(self) -> None:
        """Takes the signals over; one that was ignored at the start (nohup) stays ignored.

        What a signal raises within a finalizer or the callback of a weak reference is dropped by Python, which would
        print it with a traceback; the next `check` or `wait` raises it again.
        """
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._received)
        report = sys.unraisablehook
        sys.unraisablehook = lambda dropped: None if dropped.exc_type is Interrupted else report(dropped)

    @property
    def requested(self) -> bool:
        return self._signal is not None

    def wait(self, seconds: float) -> None:
        """Sleeps for up to `seconds`; raises Interrupted when a signal came, before or meanwhile."""
        until = time.monotonic() + seconds
        while True:
            left = max(0.0, until - time.monotonic())
            if self._asleep.acquire(timeout=left if DEAF is None else min(left, DEAF)):
                self._asleep.release()  # for the next one who waits
            self.check()
            if not left:
                return

    def check(self) -> None:
        """Raises Interrupted if a signal came: asked before each thing that costs money."""
        if self._signal is not None:
            raise Interrupted(self._signal)

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """Lets the body finish when a signal comes in the middle; it counts at the next `check` or `wait`."""
        self._own.shield = True
        try:
            yield
        finally:
            self._own.shield = False
            self._calm_down()

    @contextmanager
    def uninterrupted(self, wake: Callable[[Interrupted], object]) -> Iterator[None]:
        """A signal that comes in the middle is raised at the end; `wake` is called by the handler, to end a wait."""
        self._wake = wake
        try:
            yield
        finally:
            self._wake = None
            self._calm_down()
        self.check()

    @contextmanager
    def hurried(self, number: int) -> Iterator[None]:
        """Ends the process if the body, which prints what had ended before the signal, takes too long."""
        self._leave_after(REPORTING, number, _UNREPORTED)
        try:
            yield
        finally:
            self._calm_down()

    def request(self, number: int) -> None:
        """Asks the process to end, as a signal would."""
        if not self.requested:
            self._signal = signal.Signals(number)
            self._asleep.release()

    def say_what_is_awaited(self) -> None:
        """Tells the user what the process still waits for after a signal."""
        self._say("waiting for the answer to what was already sent; once more leaves at once")

    def _received(self, number: int, _frame: FrameType | None) -> None:
        if self.requested:
            self._exit(number)
        self.request(number)
        if self._wake is not None:
            self._wake(Interrupted(number))
            self._leave_after(REPORTING, number, _UNREPORTED)
        elif self._own.shield:
            self.say_what_is_awaited()
            self._leave_after(self.grace, number, "no answer came; the job may exist: aeforge job list --pending")
        else:
            raise Interrupted(number)

    def _leave_after(self, seconds: float, number: int, last_words: str) -> None:
        self._own.last_moment = threading.Timer(seconds, self._leave, [number, last_words])
        self._own.last_moment.daemon = True
        self._own.last_moment.start()

    def _calm_down(self) -> None:
        if self._own.last_moment is not None:
            self._own.last_moment.cancel()

    def _leave(self, number: int, last_words: str) -> None:
        self._say(last_words)
        self._exit(number)

    def _exit(self, number: int) -> NoReturn:
        for text in self.untold():
            self._say(text)
        os._exit(128 + number)
