"""When to look at a job: as the service advises at first, then where earlier jobs of its kind have ended.

With durations learnt, the next look is the one that costs least: the expected lag between the job's end and the look
that sees it, plus a price for each look (dynamic programming over a grid of time, for lognormal durations). Jobs that
still run teach as well: in a batch the first to end are the shortest, and alone they would mislead.
"""

import bisect
import math
import statistics
import threading
from collections import deque
from collections.abc import Collection, Hashable, Sequence
from typing import Protocol

from aeforge_cli.journal.interface import Lasted

SOONEST, LATEST = 1.0, 5.0  # seconds between two looks at one job, within what the service recommends
FIRST = 1.0
_UNTAUGHT = 1.05  # as soon as allowed, but not on whole seconds: limits and clocks fall there, a moment after a look
EXPLORERS = 24  # jobs whose first look is spread over a second
ENOUGH = 5  # jobs seen to end before their durations say anything
PRICE = 0.03  # seconds of lag that one look is worth
_STEPS = 400  # of the grid, about
_REMEMBERED = 200
_SETTLED = 0.05  # of a standard deviation: a search with smaller steps would find nothing worth knowing
_SHARPEST = 0.01  # the least standard deviation of the logarithm that is looked for
_GOLDEN = (math.sqrt(5) - 1) / 2
_SPREAD = 0.025  # the least standard deviation of the logarithm that is relied on: answers take their time, too


class PollSchedule(Protocol):
    """How long to wait for the next look at a job that is `elapsed` seconds old and, if that is not 0, still runs."""

    def pause(self, elapsed: float, job: Hashable) -> float: ...

    def learn(self, lasted: Lasted, job: Hashable) -> None: ...


class FixedSchedule:
    """The user's own interval, in seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval

    def pause(self, elapsed: float, job: Hashable) -> float:
        del job
        return min(self._interval, FIRST) if elapsed <= 0 else self._interval

    def learn(self, lasted: Lasted, job: Hashable) -> None:
        pass


class LearnedSchedule:
    """Every 1 s at first and up to every 5 s later; better once it has seen jobs end. Safe to share by threads."""

    def __init__(self, earlier: Sequence[Lasted] = (), *, explores: bool = False) -> None:
        """With `explores`, the first looks at a few jobs are spread over a second: equal jobs so betray their length.

        That makes those few late, and is worth it only where more jobs follow.
        """
        self._explorers = EXPLORERS if explores else 0
        self._seen = deque(earlier, maxlen=_REMEMBERED)
        self._running: dict[Hashable, float] = {}
        self._lock = threading.Lock()
        self._schedule: _Schedule | None = None
        self._is_stale = True
        self._lessons = len(self._seen)
        self._next_lesson = max(ENOUGH, self._lessons * 5 // 4)

    def pause(self, elapsed: float, job: Hashable) -> float:
        if elapsed > 0:
            self._note_running(elapsed, job)
        schedule = self._learnt()
        if schedule is not None and (pause := schedule.pause(elapsed)) is not None:
            return pause if elapsed <= 0 else min(LATEST, pause)
        if elapsed <= 0:
            return FIRST + self._detour()
        return min(LATEST, max(_UNTAUGHT, 0.15 * elapsed))

    def _detour(self) -> float:
        """Seconds by which the first look at one of the first jobs comes later, for what it tells."""
        with self._lock:
            if self._explorers == 0:
                return 0.0
            self._explorers -= 1
            # Multiples of the golden ratio lie evenly in a second, however many of them there are.
            return (self._explorers * _GOLDEN) % 1

    def _note_running(self, elapsed: float, job: Hashable) -> None:
        with self._lock:
            self._running.pop(job, None)
            self._running[job] = elapsed
            if len(self._running) > _REMEMBERED:
                del self._running[next(iter(self._running))]

    def learn(self, lasted: Lasted, job: Hashable) -> None:
        with self._lock:
            self._running.pop(job, None)
            self._seen.append(lasted)
            self._lessons += 1
            if self._lessons >= self._next_lesson:
                self._next_lesson = self._lessons * 5 // 4 + 1
                self._is_stale = True

    def _learnt(self) -> "_Schedule | None":
        """The schedule; made anew only when it is asked for, since the last jobs of a batch teach nobody."""
        with self._lock:
            if self._is_stale:
                self._is_stale = False
                self._schedule = _schedule(self._seen, self._running.values())
            return self._schedule


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


def _schedule(seen: Collection[Lasted], running: Collection[float] = ()) -> _Schedule | None:
    """What is best for jobs like those that were seen to end, and those that are `running`, of such ages."""
    if len(seen) < ENOUGH:
        return None
    mean, sharp = _lognormal(seen, running)
    spread = max(sharp, _SPREAD)
    longest = math.exp(mean + 4 * spread)
    # A whole number of steps to the shortest pause, or no plan could look as often as it may.
    step = SOONEST / min(100, max(1, round(_STEPS * SOONEST / longest)))
    step = max(step, longest / (2 * _STEPS))
    # The grid goes on to the look after the longest, or a look just before its end would seem to cost nothing.
    ages = [step * place for place in range(math.ceil((longest + SOONEST) / step) + 1)]
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
        soonest = now + max(1, math.ceil(SOONEST / step - 0.01)) if now else 1
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


def _lognormal(seen: Collection[Lasted], running: Collection[float]) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of durations of which only bounds are known.

    Maximum likelihood of interval-censored data (Turnbull 1976), found by pattern search (Hooke, Jeeves 1961): the
    likelihood has one summit.
    """
    bounds = [(math.log(max(each.pending_at, 0.01)), math.log(max(each.ended_by, 0.02))) for each in seen]
    middles = [(low + high) / 2 for low, high in bounds]
    widths = [high - low for low, high in bounds]
    point = statistics.fmean(middles), math.log(statistics.pstdev(middles) + statistics.fmean(widths) / 4 + _SHARPEST)
    bounds += [(math.log(age), math.inf) for age in running]
    best, step = _likelihood(bounds, *point), 0.5
    while step > _SETTLED:
        mean, size = point
        # A narrow distribution is missed by wide strides: those of the mean are in standard deviations.
        stride = step * math.exp(size)
        around = [(mean + stride, size), (mean - stride, size), (mean, size + step), (mean, size - step)]
        likelihood, found = max((_likelihood(bounds, *each), each) for each in around)
        if likelihood > best:
            best, point = likelihood, found
        else:
            step /= 2
    return point[0], math.exp(point[1])


def _likelihood(bounds: Sequence[tuple[float, float]], mean: float, size: float) -> float:
    """The logarithm of how likely such bounds are, when `size` is the logarithm of the standard deviation."""
    scale = max(_SHARPEST, math.exp(size)) * math.sqrt(2)
    return sum(math.log(_between((low - mean) / scale, (high - mean) / scale)) for low, high in bounds)


def _between(low: float, high: float) -> float:
    """Twice the share of a normal distribution between two bounds; never nothing, so that an outlier is no wall."""
    share = math.erfc(low) - math.erfc(high) if low > 0 else math.erfc(-high) - math.erfc(-low)
    return max(share, 1e-12)
