"""How fast and how cheap: figures against goals and peers, on this machine, now. Run by hand:

    .venv/bin/python tests/benchmarks/run.py [--quick] [--only PART ...]

It needs curl, jq and xargs. A ratio to the goal of at most 1 is a goal reached; nothing is asserted.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, median

from aeforge_cli.jobs.poll_schedule import PollSchedule
from tests.benchmarks import peers, schedule
from tests.benchmarks.processes import Cost, Place, median_cost, place

STARTUP = Path(__file__).with_name("startup.py")
LARGE = 200_000_000
PROMPT = ("-p", "blue sky")


@dataclass(frozen=True)
class Row:
    """One line of the table; `figure` and `goal` are in the same unit."""

    what: str
    figure: float
    goal: float
    unit: str = "x"
    remark: str = ""

    def __str__(self) -> str:
        goal, figure = f"{self.goal:.4g} {self.unit}", f"{self.figure:.3g} {self.unit}"
        return f"{self.what:<70} {goal:>12} {figure:>12} {self.figure / self.goal:>6.2f}  {self.remark}"


HEADER = f"{'what':<70} {'at most':>12} {'figure':>12} {'ratio':>6}"
Part = Callable[[bool], Iterator[Row]]


def main() -> None:
    parts: dict[str, Part] = {
        "transfer": transfers,
        "one": one_job,
        "many": many_jobs,
        "memory": memory,
        "schedule": schedules,
        "lag": real_lag,
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, fewer jobs")
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts), metavar="PART", help=", ".join(parts))
    given = parser.parse_args()
    missing = [tool for tool in ("curl", "jq", "xargs") if shutil.which(tool) is None]
    if missing:
        parser.error(f"install {' and '.join(missing)} first")
    print(machine(), HEADER, sep="\n", flush=True)
    for name in given.only:
        for row in parts[name](given.quick):
            print(row, flush=True)
    if STARTUP.exists() and given.only == list(parts):
        subprocess.run([sys.executable, STARTUP], check=True)


def machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{platform.platform()}, {os.cpu_count()} cores, {_processor()}, {python}; load {load}"


def _processor() -> str:
    described = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in described.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


# ------------------------------------------------------------------ one transfer


def transfers(quick: bool) -> Iterator[Row]:
    """Whole processes, less what the same command takes for a small picture."""
    runs = 1 if quick else 5
    with place(median=0, bytes=LARGE) as large, place(median=0) as small:
        for here, size in ((large, LARGE), (small, 1000)):
            here.draw("photo.png", size)
        time.sleep(3)  # a file that was written just now is hashed twice
        for name, ours, theirs in (("up", upload, upload_by_curl), ("down", download, download_by_curl)):
            our = median_cost(runs, partial(ours, large)).over(median_cost(runs, partial(ours, small)))
            peer = median_cost(runs, partial(theirs, large)).over(median_cost(runs, partial(theirs, small)))
            seconds = f"{our.seconds:.2f} s, curl {peer.seconds:.2f} s; cpu {our.cpu:.2f} s, curl {peer.cpu:.2f} s"
            yield Row(
                f"200 MB {name}: time over a small picture, to curl's", our.seconds / peer.seconds, 2.5, "x", seconds
            )
            yield Row(f"200 MB {name}: memory over a small picture", our.memory, 40, "MB", f"curl {peer.memory:.0f} MB")


def upload(here: Place) -> Cost:
    return here.aeforge("inpaint", "photo.png", *PROMPT, "--no-wait", "--new")


def upload_by_curl(here: Place) -> Cost:
    url = f"{here.service.base_url}/image-tune/inpaint/v2"
    return here.run("curl", "-sf", url, "-F", "image=@photo.png", "-F", "prompt=blue sky", "-F", "quality=standard")


def download(here: Place) -> Cost:
    return here.aeforge("job", "wait", here.service.job(), "-o", "out.png", "--overwrite")


def download_by_curl(here: Place) -> Cost:
    return here.run("curl", "-sf", f"{here.service.origin}/images/1.png", "-o", "out.png")


# ------------------------------------------------------------------ one job


def one_job(quick: bool) -> Iterator[Row]:
    runs = 3 if quick else 9
    with place(median=2) as here:
        here.draw("photo.png", 100_000)
        edit = ("inpaint", "photo.png", *PROMPT, "-o", "out.png", "--overwrite")
        ours = median_cost(runs, lambda: here.aeforge(*edit))
        script = median_cost(runs, lambda: here.run(sys.executable, peers.__file__, "photo.png", "out.png"))
    remark = f"{ours.cpu:.2f} s, the script {script.cpu:.2f} s; {ours.memory:.0f} MB, the script {script.memory:.0f} MB"
    yield Row("one job of 2 s: processor, to a plain requests script's", ours.cpu / script.cpu, 1.3, "x", remark)


# ------------------------------------------------------------------ many jobs


def many_jobs(quick: bool) -> Iterator[Row]:
    jobs, seconds = (60 if quick else 200), 2
    for under_way, goal in ((64, 1.15), (200, 1.5)):
        with batch_of(jobs, median=seconds) as here:
            ours = here.aeforge("inpaint", "photos", *PROMPT, "-o", "out/", "--yes", "-j", str(under_way))
            lag, polls = mean_lag(here), polls_a_job(here)
        with batch_of(jobs, median=seconds) as here:
            theirs = here.run(*("sh", "-c", XARGS, "sh", str(under_way), peers.SHELL_LOOP))
        limit = -(-jobs // under_way) * seconds
        name = f"{jobs} jobs of {seconds} s, {min(jobs, under_way)} under way"
        times = f"{ours.seconds:.2f} s, xargs {theirs.seconds:.2f} s; mean lag {lag:.2f} s, {polls:.1f} polls a job"
        yield Row(f"{name}: time, to the limit of {limit} s", ours.seconds / limit, goal, "x", times)
        remark = f"{ours.cpu:.2f} s, xargs {theirs.cpu:.2f} s"
        yield Row(f"{name}: processor, to xargs with curl and jq", ours.cpu / theirs.cpu, 0.1, "x", remark)


XARGS = """mkdir out; ls photos | xargs -P "$1" -I{} sh -c "$2" sh photos/{} out/{}"""


@contextmanager
def batch_of(jobs: int, **options: float) -> Iterator[Place]:
    """A place with a folder of pictures, each another."""
    with place(**options) as here:
        (here.root / "photos").mkdir()
        for number in range(jobs):
            here.draw(f"photos/{number:05}.png", 1000 + number)
        yield here


def mean_lag(here: Place) -> float:
    return fmean(job["seen"] - job["over"] for job in here.service.ledger()["jobs"])


def polls_a_job(here: Place) -> float:
    return fmean(job["polls"] for job in here.service.ledger()["jobs"])


def memory(quick: bool) -> Iterator[Row]:
    few, many = 50, (1000 if quick else 5000)
    costs = []
    for jobs in (few, many):
        with batch_of(jobs, median=0.5) as here:
            costs.append(here.aeforge("inpaint", "photos", *PROMPT, "-o", "out/", "--yes", "-j", "200"))
    remark = f"{costs[0].memory:.0f} MB, {costs[1].memory:.0f} MB; {costs[1].seconds:.0f} s, cpu {costs[1].cpu:.0f} s"
    yield Row(f"{many} jobs: memory over {few} jobs", costs[1].memory - costs[0].memory, 50, "MB", remark)


# ------------------------------------------------------------------ when to poll


def schedules(quick: bool) -> Iterator[Row]:
    """By simulation: batches of 200 jobs with 64 in flight; see README.md for how others compare."""
    seeds = range(2 if quick else 10)
    for name in schedule.batches(0):
        found = [schedule.watched(schedule.batches(seed)[name], PollSchedule()) for seed in seeds]
        lag, middle = fmean(each.mean_lag for each in found), fmean(each.median_lag for each in found)
        remark = (
            f"lag: mean {lag:.2f} s, median {middle:.2f} s; {fmean(each.polls_a_job for each in found):.1f} polls a job"
        )
        yield Row(f"200 jobs, {name}: time, to the limit", fmean(each.ratio for each in found), 1.15, "x", remark)


def real_lag(quick: bool) -> Iterator[Row]:
    """As the service saw it."""
    jobs = 60 if quick else 200
    with batch_of(jobs, median=3, sigma=0.3) as here:
        here.aeforge("inpaint", "photos", *PROMPT, "-o", "out/", "--yes", "-j", "64")
        told = here.service.ledger()
    lags = [job["seen"] - job["over"] for job in told["jobs"]]
    waits = sum(job["seen"] - job["made"] for job in told["jobs"])
    polls = sum(job["polls"] for job in told["jobs"])
    name = f"{jobs} real jobs of median 3 s, sigma 0.3, 64 under way"
    yield Row(f"{name}: median lag", median(lags), 0.5, "s", f"mean {fmean(lags):.2f} s")
    remark = f"{polls / jobs:.2f} polls a job, {told['connections']} connections"
    yield Row(f"{name}: polls a second", polls / waits, 1, "/s", remark)


if __name__ == "__main__":
    main()
