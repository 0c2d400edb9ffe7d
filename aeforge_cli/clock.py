"""Time as the rest sees it: monotonic for waiting, UTC for records, and a sleep that a signal ends."""

import time
from datetime import UTC, datetime
from typing import Protocol

from aeforge_cli.signals import Stop


class Clock(Protocol):
    """What waiting needs; a test's clock moves when it sleeps."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never set back."""
        ...

    def now(self) -> datetime:
        """The wall clock, in UTC: for records only, never for deadlines."""
        ...

    def sleep(self, seconds: float) -> None:
        """Waits; raises Interrupted as soon as a signal asks the process to end."""
        ...


class SystemClock:
    """The machine's clocks."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)
