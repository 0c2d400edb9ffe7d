"""Polling one job: which failures pass by themselves, what "not found" means, and when the timeout expires."""

from collections.abc import Callable

from aeforge_cli.api.client import Client
from aeforge_cli.api.responses import Failed, JobId, JobStatus, Pending, Retryable, Succeeded
from aeforge_cli.errors import AeforgeError, JobNotFound, JobStillRunning, resume_command
from aeforge_cli.jobs.events import Event, RetryScheduled, Waiting
from aeforge_cli.jobs.poll_schedule import PollSchedule
from aeforge_cli.process.clock import Clock

MISSING_SECONDS = 30.0  # one doubtful answer decides nothing about paid work: a gateway may say 404, too
MISSING_POLLS = 3
EMPTY_POLLS = 3  # how often a job that succeeded without results is polled again


class Poller:
    """Polls one job until it has ended; a step at a time, so that many can be polled by one thread.

    `accepted` is when the job was made, on the monotonic clock, if this process saw it; `until` when the timeout
    expires. `is_known` says that the journal has the job: only then is there a reason to doubt that it does not exist.
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
        is_known: bool = True,
    ) -> None:
        self._job_id = job_id
        self._client = client
        self._clock = clock
        self._schedule = schedule
        self._until = until
        self._accepted = accepted
        self._notify = notify
        self._is_known = is_known
        self._started = clock.monotonic()
        self._missing_since: float | None = None
        self._missing = 0
        self._failures = 0
        self._empty = 0

    def first_pause(self) -> float:
        """Seconds until the first poll: none for a job that is not new."""
        return 0.0 if self._accepted is None else self._schedule.pause(0.0)

    def poll(self) -> Succeeded | Failed | float:
        """One poll: how the job ended, or the seconds to wait before the next."""
        job = self.look()
        if not isinstance(job, Pending):
            return job
        self._notify(Waiting(self._job_id, job.status, self._waited))
        pause = self._schedule.pause(self._waited)
        return self._before_timeout(pause, self._still_running("the timeout expired"))

    def look(self) -> JobStatus | float:
        """One poll: how the job stands, or the seconds to wait before the next where the answer does not say."""
        try:
            job = self._client.poll(self._job_id, self._until)
        except Retryable as failure:
            return self._after(failure)
        self._failures, self._missing_since, self._missing = 0, None, 0
        return job

    @property
    def _waited(self) -> float:
        return self._clock.monotonic() - self._started

    def _after(self, failure: Retryable) -> float:
        self._empty += failure.kind == "no_urls"
        if self._empty > EMPTY_POLLS or (failure.kind == "missing" and self._is_lost()):
            raise self._lost(failure.error)
        pause = max(1.0, failure.pause(self._failures, chance=self._client.chance))
        self._failures += 1
        pause = self._before_timeout(pause, self._at_the_end(failure.error))
        self._notify(RetryScheduled(failure.error.why or failure.error.message, pause, self._job_id))
        return pause

    def _is_lost(self) -> bool:
        """Whether the service has said often and long enough that it does not know the job."""
        self._missing += 1
        if self._missing_since is None:
            self._missing_since = self._clock.monotonic()
        return not self._is_known or self._is_certain

    @property
    def _is_certain(self) -> bool:
        since = self._missing_since
        return (
            since is not None and self._missing >= MISSING_POLLS and self._clock.monotonic() - since >= MISSING_SECONDS
        )

    def _lost(self, error: AeforgeError) -> AeforgeError:
        if isinstance(error, JobNotFound):
            error.is_certain = self._is_certain
        return error

    def _at_the_end(self, error: AeforgeError) -> AeforgeError:
        if isinstance(error, JobNotFound):
            return self._still_running(f"the service does not know it ({error.why}), which may pass")
        return error

    def _before_timeout(self, pause: float, otherwise: AeforgeError) -> float:
        """The pause, cut so that a last poll falls on the timeout; then the error."""
        left = self._until - self._clock.monotonic()
        if left <= 0:
            raise otherwise
        return min(pause, left)

    def _still_running(self, why: str) -> JobStillRunning:
        return JobStillRunning(
            f"Job {self._job_id} is still running after {self._waited:.0f} s; nothing is lost",
            why=f"{why} (--timeout)",
            hint=resume_command(self._job_id),
            job_id=self._job_id,
        )
