"""What a way to poll costs and how late it is, by simulation: job after job, each lesson learnt before the next."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from aeforge_cli.jobs.poll_schedule import LearnedSchedule, PollSchedule
from aeforge_cli.journal.interface import Lasted


@dataclass(frozen=True)
class Watched:
    """Many jobs watched: seconds from the end of each to the look that saw it, and looks a job."""

    lags: Sequence[float]
    looks: float
    rate: float

    @property
    def mean_lag(self) -> float:
        return fmean(self.lags)

    @property
    def median_lag(self) -> float:
        return median(self.lags)


def durations(middle: float, sigma: float, *, count: int, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [middle * math.exp(chance.gauss(0, sigma)) for _ in range(count)]


def watched(lasting: Sequence[float], schedule: PollSchedule, *, unseen: int = 0) -> Watched:
    """The first `unseen` jobs are learnt from, and not counted."""
    lags, looks, waits = [], [], []
    for number, seconds in enumerate(lasting):
        age, pending, count = schedule.pause(0.0, number), 0.0, 1
        while age < seconds:
            age, pending, count = age + schedule.pause(age, number), age, count + 1
        schedule.learn(Lasted(pending, age), number)
        if number >= unseen:
            lags.append(age - seconds)
            looks.append(count)
            waits.append(age)
    return Watched(lags, fmean(looks), sum(looks) / sum(waits))


def fixed_lag(lasting: Sequence[float], looks: float) -> float:
    """The mean lag of the fixed interval that takes so many looks a job on average."""
    low, high = 0.01, max(lasting)
    for _ in range(60):
        interval = (low + high) / 2
        if fmean(math.ceil(seconds / interval) for seconds in lasting) > looks:
            low = interval
        else:
            high = interval
    return fmean(math.ceil(seconds / high) * high - seconds for seconds in lasting)


@dataclass(frozen=True)
class Compared:
    """Learning against the fixed interval that costs the same, over several batches."""

    middle: float
    sigma: float
    lag: float
    median_lag: float
    looks: float
    rate: float
    ratio: float


def compared(middle: float, sigma: float, *, batches: int, count: int = 200, unseen: int = 0) -> Compared:
    runs, ratios = [], []
    for seed in range(batches):
        lasting = durations(middle, sigma, count=count, seed=seed)
        found = watched(lasting, LearnedSchedule(), unseen=unseen)
        runs.append(found)
        ratios.append(found.mean_lag / fixed_lag(lasting[unseen:], found.looks))
    lags = [lag for run in runs for lag in run.lags]
    looks, rate = fmean(run.looks for run in runs), fmean(run.rate for run in runs)
    return Compared(middle, sigma, fmean(lags), median(lags), looks, rate, fmean(ratios))
