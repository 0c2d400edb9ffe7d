"""How long the command takes to start, as ratios to `python -c pass` in the same environment.

    .venv/bin/python tests/benchmarks/startup.py [ROUNDS]

Each round runs every command once, so that whatever else the machine does meets all alike; medians are compared.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import make_home, png

GOALS = {"--version": 2.0, "--help": 7.0, "inpaint --help": 7.0, "inpaint --dry-run": 8.0}


def commands(photo: Path) -> dict[str, list[str]]:
    aeforge = str(Path(sys.executable).with_name("aeforge"))
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        "--version": [aeforge, "--version"],
        "--help": [aeforge, "--help"],
        "inpaint --help": [aeforge, "inpaint", "--help"],
        "inpaint --dry-run": [aeforge, "inpaint", str(photo), "-p", "Change background to blue sky", "--dry-run"],
    }


def seconds(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Wall clock and processor time of one run."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=env, check=True, capture_output=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(rounds: int) -> dict[str, list[tuple[float, float]]]:
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        photo = home.work / "photo.png"
        photo.write_bytes(png(0x336699, side=640))
        env = {**home.env, "AEFORGE_API_KEY": "key-1234567890"}
        runs = commands(photo)
        for command in runs.values():
            seconds(command, env)  # bytecode is written, and files are in memory
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, command in runs.items():
                taken[name].append(seconds(command, env))
        return taken


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 31
    taken = measured(rounds)
    wall = {name: statistics.median(each for each, _ in runs) for name, runs in taken.items()}
    cpu = {name: statistics.median(each for _, each in runs) for name, runs in taken.items()}
    base = "python -c pass"
    print(
        f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores, medians of {rounds} rounds"
    )
    print(f"{'command':<20}{'ratio':>8}{'cpu':>8}{'goal':>8}")
    for name, clock in wall.items():
        goal = f"{GOALS[name]:.1f}" if name in GOALS else ""
        print(f"{name:<20}{clock / wall[base]:>8.2f}{cpu[name] / cpu[base]:>8.2f}{goal:>8}")


if __name__ == "__main__":
    main()
