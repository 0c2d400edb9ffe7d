"""Waiting for a job: which troubles pass by themselves, and when patience ends."""

from collections.abc import Callable

from aeforge_cli.api.client import Client
from aeforge_cli.api.responses import Failed, JobId, Pending, Retryable, Succeeded
from aeforge_cli.api.retry import jitter
from aeforge_cli.errors import AeforgeError, JobStillRunning, go_on_with
from aeforge_cli.jobs.events import Event, RetryScheduled, Waiting
from aeforge_cli.jobs.poll_schedule import PollSchedule
from aeforge_cli.journal.interface import Lasted
from aeforge_cli.process.clock import Clock

MISSING_SECONDS = 30.0  # how long "not found" may mean "not yet known everywhere"
EMPTY_LOOKS = 3  # how often a job that succeeded without results is looked at again


class Poller:
    """Looks at one job until it has ended; a step at a time, so that many can be watched by one thread.

    `accepted` is when the job was made, on the monotonic clock, if this process saw it; `until` when patience ends.
    `lasted` tells how long the job took, once it has succeeded before our eyes.
    """

    def __init__(
        self,
        job_id: JobId,
        *,
        client: Client,
        clock: Clock,
        schedule: PollSchedule,
        until: float,
        accepted: float | None,
        notify: Callable[[Event], None],
    ) -> None:
        self._job_id = job_id
        self._client = client
        self._clock = clock
        self._schedule = schedule
        self._until = until
        self._accepted = accepted
        self._notify = notify
        self._started = clock.monotonic()
        self._pending_at = 0.0
        self.lasted: Lasted | None = None
        self._failures = 0
        self._empty = 0

    def to_the_end(self) -> Succeeded | Failed:
        """Waits. Raises JobStillRunning when patience ends, or what the last looks met."""
        self._clock.sleep(self.first_pause())
        while isinstance(found := self.look(), float):
            self._clock.sleep(found)
        return found

    def first_pause(self) -> float:
        """Seconds until the first look: none at a job that is not new."""
        return 0.0 if self._accepted is None else self._schedule.pause(0.0, self._job_id)

    def look(self) -> Succeeded | Failed | float:
        """One look: how the job ended, or the seconds to wait before the next."""
        try:
            job = self._client.look(self._job_id, self._until)
        except Retryable as trouble:
            return self._after(trouble)
        self._failures = 0
        match job:
            case Pending(status):
                self._pending_at = self._waited
                self._notify(Waiting(self._job_id, status, self._waited))
                return self._within_patience(self._schedule.pause(self._waited, self._job_id), self._still_running())
            case Succeeded() if self._accepted is not None:
                self.lasted = Lasted(self._pending_at, self._waited)
                self._schedule.learn(self.lasted, self._job_id)
        return job

    @property
    def _waited(self) -> float:
        return self._clock.monotonic() - self._started

    def _after(self, trouble: Retryable) -> float:
        self._empty += trouble.kind == "no_urls"
        if self._empty > EMPTY_LOOKS or (trouble.kind == "missing" and not self._is_new()):
            raise trouble.error
        pause = trouble.wait
        if pause is None:
            pause = max(1.0, jitter(self._failures, chance=self._client.chance))
        self._failures += 1
        pause = self._within_patience(pause, trouble.error)
        self._notify(RetryScheduled(trouble.error.why or trouble.error.message, pause, self._job_id))
        return pause

    def _is_new(self) -> bool:
        return self._accepted is not None and self._clock.monotonic() - self._accepted < MISSING_SECONDS

    def _within_patience(self, pause: float, otherwise: AeforgeError) -> float:
        """The pause, cut so that a last look falls on the end of patience; at the end, the error."""
        left = self._until - self._clock.monotonic()
        if left <= 0:
            raise otherwise
        return min(pause, left)

    def _still_running(self) -> JobStillRunning:
        return JobStillRunning(
            f"Job {self._job_id} is still running after {self._waited:.0f} s; nothing is lost",
            why="patience ended (--timeout)",
            hint=go_on_with(self._job_id),
            job_id=self._job_id,
        )
