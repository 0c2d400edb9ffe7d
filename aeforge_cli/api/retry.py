"""When to try again: full jitter, what the service asked for, and a budget that a dead service cannot exhaust us with.

Full jitter: M. Brooker, "Exponential Backoff And Jitter" (AWS, 2015). The budget is botocore's retry quota.
"""

import random
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 300.0  # seconds at a time; limits for a minute are common, and nobody watches a terminal for longer
MOMENT = 0.5  # seconds within which refusals are one: a pool of threads is refused together
FIRST_PAUSE = 0.5  # botocore's and the AWS SDKs' first back-off is about as long
LONGEST_PAUSE = 20.0  # the cap of the AWS SDKs' standard mode
SHORTEST_PAUSE = 0.25  # full jitter alone could be nothing at all, again and again
_FOREVER = 10**9  # seconds: a Retry-After beyond is as good as never, and must not overflow a clock


def jitter(attempt: int, *, chance: random.Random) -> float:
    """Seconds to wait after the failed attempt number `attempt`, counted from 0."""
    return chance.uniform(SHORTEST_PAUSE, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempt, 16)))


def pause(attempt: int, asked: float | None, *, chance: random.Random) -> float:
    """Seconds to wait before the next try: what the service asked for can lengthen our own pause, never shorten it.

    Never more than LONGEST_WAIT at a time, whatever was asked for.
    """
    return max(jitter(attempt, chance=chance), min(asked or 0.0, LONGEST_WAIT))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the service asked us to wait, from `Retry-After` (RFC 9110 10.2.3); None where it is absent or garbage.

    A date is compared with the answer's own `Date`, since our clock may be wrong, and with `now` where it has none.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return float(min(int(value[:20]), _FOREVER))
    when = _date(value)
    if when is None:
        return None
    return min(max(0.0, (when - (_date(headers.get("date", "")) or now)).total_seconds()), _FOREVER)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)  # `-0000` is read as a time without a zone


class RetryBudget:
    """100 tokens for the process, 5 for each retry, 1 back for each success.

    Prices as in botocore's standard mode (`botocore.retries.quota`), whose bucket of 500 serves a whole fleet.
    """

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
    """One answer of all workers to 429: everyone waits, the number in flight halves, and grows again with success.

    Additive increase, multiplicative decrease: D.-M. Chiu, R. Jain (1989), as TCP does.
    """

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._limit = float(most)
        self._not_before = 0.0
        self._halved_at = -MOMENT
        self._refusals = 0
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """How many jobs may be in flight."""
        return max(1, int(self._limit))

    @property
    def refusals(self) -> int:
        """How many there were in a row."""
        return self._refusals

    def hold(self, seconds: float, now: float) -> None:
        """The service asked for `seconds` of silence, of which at most LONGEST_WAIT are kept.

        Refusals of the same moment count once.
        """
        with self._lock:
            if now >= max(self._not_before, self._halved_at + MOMENT):
                self._halved_at = now
                self._refusals += 1
                self._limit = max(1.0, self._limit / 2)
            self._not_before = max(self._not_before, now + min(max(0.0, seconds), LONGEST_WAIT))

    def remaining(self, now: float) -> float:
        """Seconds until the service may be asked again."""
        return max(0.0, self._not_before - now)

    def earn(self) -> None:
        """A success: 20 of them allow one more in flight."""
        with self._lock:
            self._refusals = 0
            self._limit = min(float(self._most), self._limit + 1 / 20)
