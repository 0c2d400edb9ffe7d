"""The exit code of a command about several jobs: all well, all failed the same way, or partly."""

from collections.abc import Iterator
from contextlib import contextmanager

from aeforge_cli.console import Console
from aeforge_cli.errors import AeforgeError, Interrupted, Partial


class Outcomes:
    """Counts jobs, tells of each failure, and concludes with one error for all."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = 0
        self._failures: list[AeforgeError] = []

    @contextmanager
    def counted(self) -> Iterator[None]:
        """One job: a failure is told, and the next job goes on; an interruption ends all."""
        try:
            yield
            self._done += 1
        except Interrupted:
            raise
        except AeforgeError as error:
            if self._failures:
                self._console.failure(self._failures[-1])
            self._failures.append(error)

    def conclude(self) -> None:
        """Raises the last failure if all jobs failed the same way, Partial if only some did."""
        if not self._failures:
            return
        last = self._failures[-1]
        if not self._done and len({error.exit_status for error in self._failures}) == 1:
            raise last
        self._console.failure(last)
        total = self._done + len(self._failures)
        raise Partial(f"{len(self._failures)} of {total} jobs did not succeed", hint="aeforge job list")
