"""When to try again: full jitter, what the service asked for, and a budget that a dead service cannot exhaust us with.

Full jitter: M. Brooker, "Exponential Backoff And Jitter" (AWS, 2015). The budget is botocore's retry quota.
"""

import random
import re
import threading
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 300.0
MOMENT = 0.5  # seconds within which refusals are one


def jitter(attempt: int, *, chance: random.Random, first: float = 0.5, longest: float = 20.0) -> float:
    """Seconds to wait after the failed attempt number `attempt`, counted from 0."""
    return chance.uniform(0, min(longest, first * 2 ** min(attempt, 16)))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the service asked us to wait, from `Retry-After` (RFC 9110 10.2.3); None where it is absent or garbage.

    A date is compared with the answer's own `Date`, since our clock may be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,20}", value):
        return float(value)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, wait.total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


class RetryBudget:
    """100 tokens for the process, 5 for each retry, 1 back for each success."""

    def __init__(self, tokens: int = 100) -> None:
        self._most = self._tokens = tokens
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Whether a retry may be made."""
        with self._lock:
            if self._tokens < 5:
                return False
            self._tokens -= 5
            return True

    @property
    def is_spent(self) -> bool:
        return self._tokens < 5

    def earn(self) -> None:
        with self._lock:
            self._tokens = min(self._most, self._tokens + 1)


class ConcurrencyLimiter:
    """One answer of all workers to 429: everyone waits, the number under way halves, and grows again with success."""

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._limit = float(most)
        self._not_before = 0.0
        self._halved_at = -MOMENT
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """How many jobs may be under way."""
        return max(1, int(self._limit))

    def hold(self, seconds: float, now: float) -> None:
        """The service asked for `seconds` of silence; refusals of the same moment count once."""
        with self._lock:
            if now >= max(self._not_before, self._halved_at + MOMENT):
                self._halved_at = now
                self._limit = max(1.0, self._limit / 2)
            self._not_before = max(self._not_before, now + seconds)

    def remaining(self, now: float) -> float:
        """Seconds until the service may be asked again."""
        return max(0.0, self._not_before - now)

    def earn(self) -> None:
        """A success: 20 of them allow one more under way."""
        with self._lock:
            self._limit = min(float(self._most), self._limit + 1 / 20)
