"""What a poll schedule costs and how late it is, by simulation: a batch with so many jobs in flight."""

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from aeforge_cli.jobs.poll_schedule import PollSchedule

SUBMITTING = 0.03  # seconds that one submission takes, as against server.py
UPLOADERS = 12
ANSWER = 0.012  # seconds that one poll takes


@dataclass(frozen=True)
class Watched:
    """A batch: seconds in all, seconds without any lag, seconds from the end of each job to the poll that saw it."""

    seconds: float
    limit: float
    lags: Sequence[float]
    polls: int

    @property
    def ratio(self) -> float:
        return self.seconds / self.limit

    @property
    def mean_lag(self) -> float:
        return fmean(self.lags)

    @property
    def median_lag(self) -> float:
        return median(self.lags)

    @property
    def polls_a_job(self) -> float:
        return self.polls / len(self.lags)


def watched(lasting: Sequence[float], schedule: PollSchedule, *, in_flight: int = 64) -> Watched:
    """The jobs in their order; one whose end is seen makes room for the next."""
    left, uploaders = list(reversed(lasting)), [0.0] * UPLOADERS
    due: list[tuple[float, float, float]] = []  # when to poll; when the job was created; how long it takes
    lags, polls, now = [], 0, 0.0
    while left or due:
        while left and len(due) < in_flight:
            created = max(now, heapq.heappop(uploaders)) + SUBMITTING
            heapq.heappush(uploaders, created)
            heapq.heappush(due, (created + schedule.pause(0.0), created, left.pop()))
        now, created, seconds = heapq.heappop(due)
        polls += 1
        now += ANSWER
        if now - created < seconds + ANSWER:
            heapq.heappush(due, (now + schedule.pause(now - created), created, seconds))
        else:
            lags.append(now - created - seconds)
    return Watched(now, limit(lasting, in_flight), lags, polls)


def limit(lasting: Sequence[float], in_flight: int) -> float:
    """Seconds that the jobs take in their order, if each begins the moment that there is room."""
    free = [0.0] * in_flight
    for seconds in lasting:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def lognormal(middle: float, sigma: float, *, count: int = 200, seed: int = 0) -> list[float]:
    chance = random.Random(seed)
    return [middle * math.exp(chance.gauss(0, sigma)) for _ in range(count)]


def drifting(first: float, last: float, *, count: int = 200, seed: int = 0) -> list[float]:
    spread = lognormal(1, 0.1, count=count, seed=seed)
    return [each * (first + (last - first) * place / count) for place, each in enumerate(spread)]


def changing(first: float, then: float, *, count: int = 200, seed: int = 0) -> list[float]:
    spread = lognormal(1, 0.1, count=count, seed=seed)
    return [each * (first if place < count / 2 else then) for place, each in enumerate(spread)]


def two_kinds(standard: float, pro: float, *, count: int = 200, seed: int = 0) -> list[float]:
    chance = random.Random(seed)
    return [each * chance.choice((standard, pro)) for each in lognormal(1, 0.1, count=count, seed=seed + 1000)]


def even(shortest: float, longest: float, *, count: int = 200, seed: int = 0) -> list[float]:
    chance = random.Random(seed)
    return [chance.uniform(shortest, longest) for _ in range(count)]


def batches(seed: int) -> dict[str, list[float]]:
    """Durations in seconds of 200 jobs each, by what is special about them."""
    return {
        "all 2 s": [2.0] * 200,
        "all 2.2 s": [2.2] * 200,
        "all 10 s": [10.0] * 200,
        "median 3 s, sigma 0.3": lognormal(3, 0.3, seed=seed),
        "median 3 s, sigma 0.6": lognormal(3, 0.6, seed=seed),
        "median 10 s, sigma 0.3": lognormal(10, 0.3, seed=seed),
        "median 10 s, sigma 0.6": lognormal(10, 0.6, seed=seed),
        "median 40 s, sigma 0.3": lognormal(40, 0.3, seed=seed),
        "drift from 3 to 9 s": drifting(3, 9, seed=seed),
        "3 s, then 9 s": changing(3, 9, seed=seed),
        "9 s, then 3 s": changing(9, 3, seed=seed),
        "two kinds, 2 and 9 s": two_kinds(2, 9, seed=seed),
        "80 to 130 s": even(80, 130, seed=seed),
    }
