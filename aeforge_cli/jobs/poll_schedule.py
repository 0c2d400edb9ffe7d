"""When to poll a job: soon at first, then the less often the longer it has taken.

Schedules that learn from earlier jobs were measured against this rule (tests/benchmarks/README.md): they save polls,
but after a change of durations a batch took up to three times as long.
"""

from aeforge_cli.dataclass import dataclass

FIRST = 1.0  # seconds; the service's job lifecycle page: "first poll 1 s after creation"
# Its inpaint page says every 1 to 2 s. A little over 1 s, since limits and clocks are set to whole seconds: a poll on
# the second itself often comes a moment too early, and the next a whole pause later.
SHORTEST = 1.05
LONGEST = 5.0  # the lifecycle page: every 2 to 5 s
SHARE = 0.05  # of the job's age: on average a result is noticed 2.5 % late, whatever the job's length


@dataclass(frozen=True)
class PollSchedule:
    """The pauses between polls, in seconds; `interval` is the user's own."""

    interval: float | None = None

    def pause(self, elapsed: float) -> float:
        """Seconds until the next poll of a job that was created `elapsed` seconds ago and, if that is not 0, runs."""
        if elapsed <= 0:
            return min(self.interval, FIRST) if self.interval else FIRST
        return self.interval or min(LONGEST, max(SHORTEST, SHARE * elapsed))
