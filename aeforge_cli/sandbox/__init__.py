"""What a sandbox can be asked to be; the server itself is imported only when it serves."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = [
    "NO_USER_KEY",
    "InjectedFaults",
    "PackagesMissing",
    "PortInUse",
    "SandboxOptions",
    "SandboxUnavailable",
    "serve",
]

# A valid key that belongs to nobody: the way to see the service's 404 "Not Found User".
NO_USER_KEY = "sandbox-no-user"

NEEDED = ("fastapi", "uvicorn", "python_multipart", "PIL", "numpy")
HOSTS = ("127.0.0.1", "localhost", "::1")
MEBIBYTE = 1 << 20


class SandboxUnavailable(Exception):
    """The sandbox cannot start; the message says why, and what to do."""


class PackagesMissing(SandboxUnavailable):
    """Those of the extra `sandbox` are not installed."""


class PortInUse(SandboxUnavailable):
    """Another program listens there."""


@dataclass(frozen=True)
class InjectedFaults:
    """What goes wrong on purpose, for people who test their own pipelines. Shares are from 0 to 1.

    delay        a job stays Pending at least so many seconds
    latency      seconds added to each answer
    fail_jobs    share of jobs that end Failed
    status       (HTTP status, share of requests that are answered so, with nothing done)
    retry_after  what a 429 or 503 out of `status` says in Retry-After
    drop         share of requests whose connection is closed without an answer, with nothing done
    lose_answer  share of POSTs whose job is made, but whose connection is closed without an answer
    seed         the same seed and the same requests in the same order meet the same faults
    """

    delay: float = 2.0
    latency: float = 0.0
    fail_jobs: float = 0.0
    status: tuple[tuple[int, float], ...] = ()
    retry_after: int | None = None
    drop: float = 0.0
    lose_answer: float = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        shares = [self.fail_jobs, self.drop, self.lose_answer, *(share for _, share in self.status)]
        if not all(0 <= share <= 1 for share in [*shares, sum(share for _, share in self.status)]):
            raise ValueError("A share lies between 0 and 1, and so does the sum of all shares of HTTP statuses.")
        if not all(400 <= status <= 599 for status, _ in self.status):
            raise ValueError("An HTTP status to answer with lies between 400 and 599.")
        if not all(0 <= seconds < math.inf for seconds in (self.delay, self.latency, self.retry_after or 0)):
            raise ValueError("A number of seconds lies between 0 and infinity.")


@dataclass(frozen=True)
class SandboxOptions:
    host: str = "127.0.0.1"
    port: int = 8765
    """0: any free one."""
    keys: tuple[str, ...] = ("sandbox",)
    state: Path | None = None
    """Where jobs outlive the sandbox. None: they live in a temporary folder that goes with it."""
    engine: str = "local"
    secret: str = field(default="", repr=False)
    """What only this machine's user and this sandbox know, to prove to him that it is his. Empty: nothing to prove."""
    faults: InjectedFaults = field(default_factory=InjectedFaults)
    tidy: bool = False
    """At exit, forget the jobs that nobody needs any more, and the state folder if that leaves it empty."""
    max_body: int = 64 * MEBIBYTE
    max_connections: int = 256


def serve(
    options: SandboxOptions,
    *,
    ready: Callable[[str], None],
    log: Callable[[str], None],
    stop_when: Callable[[], bool] | None = None,
) -> list[str]:
    """Serves until SIGINT, SIGTERM or `stop_when()`. `ready` gets the base URL, `log` one line for each event.

    Returns the ids of the jobs whose links were given out, and whose pictures nobody fetched: the links end here.
    Raises SandboxUnavailable.
    """
    if options.host not in HOSTS:
        raise SandboxUnavailable(f"The sandbox serves this machine alone: its host is one of {', '.join(HOSTS)}.")
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise PackagesMissing("The sandbox needs more packages")
    from aeforge_cli.sandbox import server

    return server.run(options, ready=ready, log=log, stop_when=stop_when or (lambda: False))
