"""The exit code of a command about several jobs: all well, all failed the same way, or partly."""

from collections.abc import Iterator
from contextlib import contextmanager

from aeforge_cli.errors import (
    AeforgeError,
    Blocked,
    BudgetReached,
    JobStillRunning,
    JournalUnreachable,
    OutputExists,
    Partial,
    SubmitUnknown,
)
from aeforge_cli.output.console import Console
from aeforge_cli.phrases import count


class Summary:
    """Counts jobs, reports each failure, and concludes with one error for all; `again` is what to do about it."""

    def __init__(self, console: Console, total: int, *, again: str) -> None:
        self._total = total
        self._console = console
        self._again = again
        self._done = 0
        self._failures: list[AeforgeError] = []

    @contextmanager
    def counted(self) -> Iterator[None]:
        """One job: a failure is reported, and the next job goes on; an interruption ends all."""
        try:
            yield
        except AeforgeError as error:
            self.failed(error)
        else:
            self.succeeded()

    def succeeded(self) -> None:
        self._done += 1

    def failed(self, error: AeforgeError) -> None:
        """Reports the failure at once, unless it may be the only one there is to report."""
        self._failures.append(error)
        if self._total > 1:
            self._console.failure(error)

    def conclude(self, *, stopped_by: BudgetReached | None = None) -> None:
        """Raises what all failures have in common, or Partial if some jobs succeeded or failed otherwise.

        `stopped_by` is why the rest was not tried, where that is no failure of a job.
        """
        if stopped_by is not None and not self._done and not self._failures:
            raise stopped_by
        if stopped_by is not None:
            why = f"budget {stopped_by.budget} reached: {stopped_by.why}"
            raise Partial(self._told, why=why, hint=f"{stopped_by.hint}; then {self._again}")
        if not self._failures:
            return
        last = self._failures[-1]
        if self._total == 1:
            raise last
        failed = self._total - self._done
        if not self._done and len({error.exit_status for error in self._failures}) == 1:
            untried = failed - len(self._failures)
            state = "still running" if isinstance(last, JobStillRunning) else "failed"
            told = f"{count(len(self._failures), 'job')} {state}, {untried} not tried"
            message = told if untried else f"All {failed} jobs {'are ' if state != 'failed' else ''}{state}"
            raise type(last)(message, why=last.why, hint=self._next, http_status=last.http_status)
        lost = next((error for error in self._failures if isinstance(error, JournalUnreachable)), None)
        if lost is not None:  # what is wrong with the others may come of it
            raise JournalUnreachable(self._told, why=f"{lost.message}: {lost.why}", hint=self._again)
        raise Partial(self._told, hint=self._next)

    @property
    def _next(self) -> str:
        """The same command again, unless all that failed needs another: it takes no file away and clears no doubt."""
        causes = [error for error in self._failures if not isinstance(error, Blocked)]
        hints = {error.hint for error in causes}
        return hints.pop() if len(hints) == 1 and isinstance(causes[0], (OutputExists, SubmitUnknown)) else self._again

    @property
    def _told(self) -> str:
        return f"{self._total - self._done} of {self._total} jobs did not succeed"
