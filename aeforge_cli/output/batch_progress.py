"""What the jobs of a batch are at, and the few of them that a person should see.

Those in trouble come first, then large pictures on their way, then the jobs that have taken longest.
"""

import threading
import time
from collections.abc import Callable

from aeforge_cli.dataclass import dataclass
from aeforge_cli.jobs.events import Event, Receiving, RetryScheduled, Submitted, Submitting, Waiting
from aeforge_cli.output.tables import tail
from aeforge_cli.phrases import duration
from aeforge_cli.phrases import size as bytes_of

SHOWN = 3
LONGEST_NAME = 30  # cells; what the job is at must be seen on a terminal of 60 columns
LARGE = 4_000_000  # bytes; a smaller picture has arrived before its line was read


@dataclass
class _JobLine:
    """One line to be; a smaller `rank` matters more, `until` is when a trouble is over."""

    name: str
    since: float
    doing: str = ""
    rank: int = 2
    until: float = 0.0


class BatchProgress:
    """Hears the events of many jobs, from any thread; its lines are still untrusted text."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._jobs: dict[str, _JobLine] = {}

    def hear(self, event: Event) -> None:
        with self._lock:
            match event:
                case Submitting(name, sent, size) if sent < size and size >= LARGE:
                    self._update(name, f"sending {100 * sent // size}% of {bytes_of(size)}", rank=1)
                case Submitted(job_id, name):
                    self._jobs.pop(name, None)
                    self._jobs[job_id] = _JobLine(name or job_id, self._now(), "submitted")
                case Waiting(job_id, status):
                    self._update(job_id, status, rank=2)
                case Receiving(job_id, _, _, received, size) if size is not None and size >= LARGE:
                    self._update(job_id, f"receiving {100 * received // size}% of {bytes_of(size)}", rank=1)
                case RetryScheduled(what, seconds, str(job_id)):
                    self._update(job_id, what, rank=0, until=self._now() + seconds)
                case _:
                    pass

    def _update(self, key: str, doing: str, *, rank: int, until: float = 0.0) -> None:
        job = self._jobs.setdefault(key, _JobLine(key or "a job", self._now()))
        job.doing, job.rank, job.until = doing, rank, until

    def forget(self, *keys: str | None) -> None:
        """The job with this id, or the picture of this name, has ended."""
        with self._lock:
            for key in keys:
                self._jobs.pop(key or "", None)

    def lines(self) -> list[str]:
        with self._lock:
            now = self._now()
            foremost = sorted(self._jobs.values(), key=lambda job: (job.rank, job.since))[:SHOWN]
            return [_line(job, now) for job in foremost]


def _line(job: _JobLine, now: float) -> str:
    again = f"; again in {job.until - now:.0f} s" if job.rank == 0 and job.until > now else ""
    return f"{tail(job.name, LONGEST_NAME)}: {job.doing}{again}, {duration(now - job.since)}"
