"""One list in several processes that share a journal: how near to what the service allows, and how many polls.

    .venv/bin/python tests/benchmarks/farm.py [--jobs 500] [--seconds 5] [--processes 4] [--connections 16] [KIND ...]

KIND is one of `one` (a single process with as many connections as all have), `sqlite`, `postgres` and `share`.
The goal: a wall of at most 1.3 times the limit, 1.5 polls a job more than one process needs, and nothing bought twice.
"""

import argparse
import contextlib
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.processes import Place, place
from tests.benchmarks.server import picture
from tests.journal.cluster import running

KINDS = ("one", "sqlite", "postgres", "share")


@dataclass(frozen=True)
class Figures:
    """What a list took: seconds in all, processor seconds of each process, polls a job, jobs beyond the list."""

    wall: float
    cpu: list[float]
    polls: float
    twice: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    given = parser.parse_args()
    limit = math.ceil(given.jobs / (given.processes * given.connections)) * given.seconds
    print(f"limit {limit:.1f} s; load {os.getloadavg()[0]:.1f}; {os.cpu_count()} cores", flush=True)
    for kind in given.kinds or KINDS:
        found = measured(kind, given)
        cpu = " ".join(f"{each:.1f}" for each in found.cpu)
        print(
            f"{kind:<9} wall {found.wall:6.1f} s  x {found.wall / limit:.2f}  polls {found.polls:.2f}"
            f"  bought twice {found.twice}  cpu {cpu} s",
            flush=True,
        )


def measured(kind: str, given: argparse.Namespace) -> Figures:
    with journal_of(kind) as url, place(median=given.seconds, sigma=0) as here:
        (here.root / "photos").mkdir()
        for number in range(given.jobs):
            content = b"".join(picture(1000 + number))
            (here.root / "photos" / f"{number:04}.png").write_bytes(content)
        number = 1 if kind == "one" else given.processes
        connections = given.connections * given.processes // number
        began = time.monotonic()
        processes = [start(here, kind, url, which, connections) for which in range(number)]
        cpu = [ended(process) for process in processes]
        wall = time.monotonic() - began
        jobs = here.service.ledger()["jobs"]
        return Figures(wall, cpu, sum(job["polls"] for job in jobs) / given.jobs, len(jobs) - given.jobs)


@contextlib.contextmanager
def journal_of(kind: str) -> Iterator[str]:
    """The URL of a durable database; nothing for the file in a state folder."""
    if kind not in ("postgres", "share"):
        yield ""
        return
    with running(fast=False) as cluster:
        yield cluster.url()


def start(here: Place, kind: str, url: str, which: int, connections: int) -> "subprocess.Popen[bytes]":
    """A machine of its own where the journal is a server's; results go to one folder, unless each keeps its own."""
    env = here.env | ({"AEFORGE_JOURNAL": url, "AEFORGE_STATE_DIR": f"{here.root}/state-{which}"} if url else {})
    out = f"out-{which}/" if kind == "share" else "out/"
    words = ["inpaint", "photos", "-p", "blue sky", "-o", out, "--resume", "--yes", "--quiet", "-j", f"{connections}"]
    words += ["--share"] if kind == "share" else []
    command = [str(Path(sys.executable).with_name("aeforge")), *words]
    return subprocess.Popen(command, env=env, cwd=here.root, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def ended(process: "subprocess.Popen[bytes]") -> float:
    """Its processor time. Raises CalledProcessError."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
