"""What a format is: how results, rows, single objects and failures are written."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from aeforge_cli.errors import Failure

if TYPE_CHECKING:
    from aeforge_cli.jobs.results import JobResult
    from aeforge_cli.output.tables import Table, Values

# `str` is harmless text; `bytes` are exact, for scripts: the console makes them harmless where a terminal shows them.
Line = str | bytes


class OutputFormat(Protocol):
    """How results are written to standard output, line by line, and failures to standard error."""

    is_for_people: bool  # whether lines may be added that say more than the values do

    def check_jobs(self) -> None:
        """Raises Usage if the format asks for values that jobs do not have."""

    def result(self, done: "JobResult") -> Iterator[Line]: ...
    def status(self, done: "JobResult") -> Iterator[Line]: ...
    def table(self, table: "Table", width: int | None) -> Iterator[Line]: ...
    def record(self, values: "Values", text: Sequence[str]) -> Iterator[Line]: ...
    def failure(self, error: Failure, safe: Callable[[str], str]) -> Iterator[str]: ...
