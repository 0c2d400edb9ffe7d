"""One answer of all processes of an account to 429: what the service asked one to wait, all wait."""

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from aeforge_cli.api.retry import LONGEST_WAIT, ConcurrencyLimiter
from aeforge_cli.errors import AeforgeError, JournalBusy
from aeforge_cli.jobs.lifecycle import Account
from aeforge_cli.journal.interface import Journal
from aeforge_cli.process.clock import Clock

READ_EVERY = 1.0  # seconds: a question to the journal for each request would cost more than it saves
UNREAD_EVERY = 30.0  # seconds, where the last question had no answer
_ANSWER_SECONDS = 0.5  # for which a request waits for the journal, before it uses what is known
_SHORTEST = 1.0  # seconds: over before another process has read of it


class SharedLimiter(ConcurrencyLimiter):
    """A limiter whose waits are rows of the journal as well.

    `held` hears, in seconds, of a wait that another process was asked for.
    """

    def __init__(
        self, most: int, *, journal: Journal, account: Account, clock: Clock, held: Callable[[float], None]
    ) -> None:
        super().__init__(most)
        self._journal = journal
        self._account = account
        self._clock = clock
        self._held = held
        self._read_at = -READ_EVERY
        self._reading = threading.Thread()
        self._known: datetime | None = None  # the latest end that was written or read here

    def hold(self, seconds: float, now: float) -> None:
        super().hold(seconds, now)
        if seconds < _SHORTEST:
            return
        until = self._clock.now() + timedelta(seconds=min(seconds, LONGEST_WAIT))
        self._known = max(until, self._known or until)
        try:
            self._journal.hold(self._account.service, self._account.name, until)
        except AeforgeError:
            return  # this process waits all the same; what the journal lacks it says when something must be kept

    def remaining(self, now: float) -> float:
        if now - self._read_at >= READ_EVERY and not self._reading.is_alive():
            self._read_at = now
            # In a thread of its own: a server that drops packets answers nobody for a minute, and jobs must be polled.
            self._reading = threading.Thread(target=self._heed, args=(now,), daemon=True)
            with contextlib.suppress(RuntimeError):  # no more threads: it is asked again in a second
                self._reading.start()
                self._reading.join(_ANSWER_SECONDS)
        return super().remaining(now)

    def _heed(self, now: float) -> None:
        try:
            until = self._journal.held_until(self._account.service, self._account.name)
        except JournalBusy:
            return  # it is asked again in a second
        except AeforgeError:
            # A claim says what is wrong with the journal. Connecting in vain takes time, in which no job is polled.
            self._read_at = self._clock.monotonic() + UNREAD_EVERY - READ_EVERY
            return
        if until is None or (self._known is not None and until <= self._known):
            return
        # Counted from when it was read first, and never longer than one answer can ask for: clocks differ.
        self._known = until
        rest = min((until - self._clock.now()).total_seconds(), LONGEST_WAIT)
        if rest > 0:
            with self._lock:  # another thread may be held at the same moment
                self._not_before = max(self._not_before, now + rest)
            self._held(rest)
