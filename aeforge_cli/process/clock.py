"""Time as the rest sees it: monotonic for waiting, UTC for records, and a sleep that a signal ends."""

import time
from typing import TYPE_CHECKING, Protocol

from aeforge_cli.process.signals import Stop

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """What waiting needs; a test's clock moves when it sleeps."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never set back."""
        ...

    def now(self) -> "datetime":
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

    def now(self) -> "datetime":
        from datetime import UTC, datetime

        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)
