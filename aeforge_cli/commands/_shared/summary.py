"""The exit code of a command about several jobs: all well, all failed the same way, or partly."""

import re
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
    followed_by,
)
from aeforge_cli.output.console import Console
from aeforge_cli.phrases import count

_AGAIN = re.compile(r",? ?(?:then )?run the (?:same )?command again")  # in a hint, which cannot name the command


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
        first, then = self._advice()
        failed = self._total - self._done
        if not self._done and len({error.exit_status for error in self._failures}) == 1:
            untried = failed - len(self._failures)
            state = "still running" if isinstance(last, JobStillRunning) else "failed"
            told = f"{count(len(self._failures), 'job')} {state}, {untried} not tried"
            message = told if untried else f"All {failed} jobs {'are ' if state != 'failed' else ''}{state}"
            why = "; ".join(filter(None, (last.why, first)))
            raise type(last)(message, why=why, hint=then, http_status=last.http_status)
        lost = next((error for error in self._failures if isinstance(error, JournalUnreachable)), None)
        if lost is not None:  # what is wrong with the others may come of it
            raise JournalUnreachable(self._told, why=f"{lost.message}: {lost.why}", hint=self._again)
        raise Partial(self._told, why=first, hint=then)

    def _advice(self) -> tuple[str, str]:
        """What all that failed needs first, if that is one thing and no command; and the command to run next."""
        causes = [error for error in self._failures if not isinstance(error, Blocked)]
        hints = {error.hint for error in causes}
        if len(hints) != 1:
            return "", self._again
        hint = hints.pop()
        if isinstance(causes[0], (OutputExists, SubmitUnknown)):
            return "", hint  # the same command again would end in the same way
        if causes[0].job_id and causes[0].job_id in hint:
            return "", self._again
        first = _AGAIN.split(hint)[0]
        if first.startswith("aeforge "):
            return "", followed_by(first, self._again)
        return first and f"first {first}", self._again

    @property
    def _told(self) -> str:
        return f"{self._total - self._done} of {self._total} jobs did not succeed"
