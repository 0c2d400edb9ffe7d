"""Commands as the system accounts for them: time, processor, memory; each in a place of its own beside a server."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.server import picture

SERVER = Path(__file__).with_name("server.py")


@dataclass(frozen=True)
class Cost:
    """What a command took, with all the processes it started and waited for; `memory` is that of the largest, in MB."""

    seconds: float
    cpu: float
    memory: float

    def over(self, idle: "Cost") -> "Cost":
        return Cost(self.seconds - idle.seconds, self.cpu - idle.cpu, self.memory - idle.memory)


def cost_of(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path) -> Cost:
    """Runs the command; raises CalledProcessError if it fails, and shows what it said.

    Linux counts the memory of this process at its largest to the command's: keep it small.
    """
    with tempfile.TemporaryFile() as said:
        began = time.monotonic()
        process = subprocess.Popen(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            print(said.read()[-2000:].decode(errors="replace"), file=sys.stderr)
            raise subprocess.CalledProcessError(process.returncode, [str(word) for word in command])
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes elsewhere
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def median_cost(runs: int, run: Callable[[], Cost]) -> Cost:
    costs = [run() for _ in range(runs)]
    return Cost(*(median(getattr(cost, name) for cost in costs) for name in ("seconds", "cpu", "memory")))


@dataclass(frozen=True)
class Service:
    """A running server."""

    base_url: str

    @property
    def origin(self) -> str:
        return self.base_url.removesuffix("/public/v1")

    def ledger(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.origin}/ledger") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def job(self) -> str:
        """A job that nobody asked for."""
        with urllib.request.urlopen(f"{self.base_url}/image-tune/inpaint/v2", data=b"x") as answer:
            return str(json.load(answer)["job_id"])


@contextlib.contextmanager
def service(**options: float) -> Iterator[Service]:
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, str(SERVER), *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Service(process.stdout.readline().strip())
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True)
class Place:
    """A folder of its own, and a home in which nothing has happened yet."""

    root: Path
    service: Service

    @property
    def env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        ours = {"HOME": str(self.root), "AEFORGE_API_KEY": "benchmark", "AEFORGE_BASE_URL": self.service.base_url}
        return {**kept, **ours, "AEFORGE_CONFIG_DIR": f"{self.root}/config", "AEFORGE_STATE_DIR": f"{self.root}/state"}

    def aeforge(self, *words: str | Path) -> Cost:
        return cost_of([Path(sys.executable).with_name("aeforge"), *words], self.env, self.root)

    def draw(self, name: str, size: int) -> None:
        """A picture in a file, each size another."""
        with (self.root / name).open("wb") as stream:
            stream.writelines(picture(size))

    def run(self, *words: str | Path) -> Cost:
        return cost_of(words, self.env, self.root)


@contextlib.contextmanager
def place(**options: float) -> Iterator[Place]:
    with service(**options) as running, tempfile.TemporaryDirectory(prefix="aeforge-benchmark-") as folder:
        yield Place(Path(folder), running)
