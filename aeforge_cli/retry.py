"""When to try again: full jitter, what the service asked for, and a budget that a dead service cannot exhaust us with.

Full jitter: M. Brooker, "Exponential Backoff And Jitter" (AWS, 2015). The budget is botocore's retry quota.
"""

import random
import re
import threading
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 300.0


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


class Budget:
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

    def earn(self) -> None:
        with self._lock:
            self._tokens = min(self._most, self._tokens + 1)
