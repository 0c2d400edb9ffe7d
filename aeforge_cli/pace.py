"""When to look at a job: as the service advises at first, then where earlier jobs of its kind have ended.

With durations learnt, the next look is the one that costs least: the expected lag between the job's end and the look
that sees it, plus a price for each look (dynamic programming over a grid of time, for lognormal durations).
"""

import bisect
import math
import random
import statistics
import threading
from collections import deque
from collections.abc import Collection, Sequence
from typing import Protocol

from aeforge_cli.journal import Lasted

SOONEST, LATEST = 1.0, 5.0  # seconds between two looks at one job, within what the service recommends
FIRST = 1.0
EXPLORERS = 24  # jobs whose first look is spread over a second
ENOUGH = 5  # jobs seen to end before their durations say anything
PRICE = 0.04  # seconds of lag that one look is worth
_STEPS = 400
_REMEMBERED = 200
_ROUNDS = 10  # of expectation-maximisation
_SPREAD = 0.04  # the least standard deviation of the logarithm that so few looks can tell


class Pace(Protocol):
    """How long to wait for the next look at a job that is `elapsed` seconds old."""

    def pause(self, elapsed: float) -> float: ...

    def learn(self, lasted: Lasted) -> None: ...


class SteadyPace:
    """The user's own interval, in seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval

    def pause(self, elapsed: float) -> float:
        return min(self._interval, FIRST) if elapsed <= 0 else self._interval

    def learn(self, lasted: Lasted) -> None:
        pass


class LearningPace:
    """Every 1 s at first and up to every 5 s later; better once it has seen jobs end. Safe to share by threads."""

    def __init__(self, earlier: Sequence[Lasted] = (), *, chance: random.Random | None = None) -> None:
        """With `chance`, the first looks at a few jobs are spread over a second: equal jobs so betray their length."""
        self._chance = chance
        self._explorers = EXPLORERS
        self._seen = deque(earlier, maxlen=_REMEMBERED)
        self._lock = threading.Lock()
        self._schedule = _schedule(self._seen)
        self._lessons = len(self._seen)
        self._next_lesson = max(ENOUGH, self._lessons * 5 // 4)

    def pause(self, elapsed: float) -> float:
        schedule = self._schedule
        if schedule is not None and (pause := schedule.pause(elapsed)) is not None:
            return pause if elapsed <= 0 else min(LATEST, pause)
        if elapsed <= 0:
            return FIRST + self._detour()
        return min(LATEST, max(SOONEST, 0.15 * elapsed))

    def _detour(self) -> float:
        """Seconds by which the first look at one of the first jobs comes later, for what it tells."""
        with self._lock:
            if self._chance is None or self._explorers == 0:
                return 0.0
            self._explorers -= 1
            return self._chance.random()

    def learn(self, lasted: Lasted) -> None:
        with self._lock:
            self._seen.append(lasted)
            self._lessons += 1
            if self._lessons >= self._next_lesson:
                self._next_lesson = self._lessons * 5 // 4 + 1
                self._schedule = _schedule(self._seen)


class _Schedule:
    """The best next look for each age on a grid, as far as the durations reach."""

    def __init__(self, ages: list[float], looks: list[float]) -> None:
        self._ages = ages
        self._looks = looks

    def pause(self, elapsed: float) -> float | None:
        """None beyond the durations learnt."""
        place = bisect.bisect_left(self._ages, elapsed)
        if place >= len(self._ages):
            return None
        return max(SOONEST if elapsed > 0 else 0.05, self._looks[place] - elapsed)


def _schedule(seen: Collection[Lasted]) -> _Schedule | None:
    if len(seen) < ENOUGH:
        return None
    mean, spread = _lognormal(seen)
    longest = math.exp(mean + 4 * spread)
    step = max(longest / _STEPS, 0.01)
    ages = [step * place for place in range(_STEPS + 1)]
    ended = [0.0, *(0.5 * math.erfc((mean - math.log(age)) / (spread * math.sqrt(2))) for age in ages[1:])]
    return _Schedule(ages, _best_looks(ages, ended, step))


def _best_looks(ages: list[float], ended: list[float], step: float) -> list[float]:
    """For each age of a job that still runs, when to look next; backwards from the longest durations.

    `cost[i]` is what is still to come at age i, times the share of jobs that get there. Lag adds up as the integral
    of the share that has ended unseen.
    """
    gathered = [0.0]
    for share in ended:
        gathered.append(gathered[-1] + share * step)
    cost = [PRICE * (1 - share) for share in ended]
    looks = [age + SOONEST for age in ages]
    for now in range(len(ages) - 1, -1, -1):
        soonest = now + max(1, math.ceil(SOONEST / step)) if now else 1
        latest = now + max(1, int(LATEST / step)) if now else len(ages) - 1
        alive = 1 - ended[now]
        best = math.inf
        for then in range(soonest, min(latest, len(ages) - 1) + 1):
            lag = gathered[then] - gathered[now] - ended[now] * (then - now) * step
            if (price := PRICE * alive + lag + cost[then]) < best:
                best, looks[now] = price, ages[then]
        if best < math.inf:
            cost[now] = best
    return looks


def _lognormal(seen: Collection[Lasted]) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of durations of which only bounds are known.

    Expectation-maximisation for interval-censored normal data (Dempster, Laird, Rubin 1977, section 4.1).
    """
    bounds = [(math.log(max(each.pending_at, 0.01)), math.log(max(each.ended_by, 0.02))) for each in seen]
    moments = [((low + high) / 2, (high - low) ** 2 / 12) for low, high in bounds]
    mean, spread = _fit(moments)
    for _ in range(_ROUNDS):
        moments = [_between(low, high, mean, spread) for low, high in bounds]
        mean, spread = _fit(moments)
    return mean, spread


def _fit(moments: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The normal distribution of values of which each is known by its own mean and variance."""
    mean = statistics.fmean(middle for middle, _ in moments)
    variance = statistics.fmean((middle - mean) ** 2 + own for middle, own in moments)
    return mean, max(_SPREAD, math.sqrt(variance))


def _between(low: float, high: float, mean: float, spread: float) -> tuple[float, float]:
    """Mean and variance of a normal variable that is known to lie between two bounds."""
    a, b = (low - mean) / spread, (high - mean) / spread
    inside = 0.5 * (math.erfc(-b / math.sqrt(2)) - math.erfc(-a / math.sqrt(2)))
    if inside < 1e-9:
        return min(max(mean, low), high), 0.0
    left, right = _density(a) / inside, _density(b) / inside
    shift = left - right
    return mean + spread * shift, max(0.0, spread**2 * (1 + a * left - b * right - shift**2))


def _density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
