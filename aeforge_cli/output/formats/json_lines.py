"""JSON Lines: one object per job, row or record, on one line, in ASCII; no field is ever left out."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from aeforge_cli.errors import Failure

if TYPE_CHECKING:
    from aeforge_cli.jobs.results import JobResult
    from aeforge_cli.output.formats.interface import Line
    from aeforge_cli.output.tables import Table, Values

SCHEMA = 1  # raised when a field goes or changes its meaning; a new field leaves it as it is


def line(values: "Values") -> str:
    return json.dumps({"schema": SCHEMA} | dict(values))


class JsonLines:
    """What `--json` prints."""

    is_for_people = False

    def check_jobs(self) -> None:
        pass

    def result(self, done: "JobResult") -> "Iterator[Line]":
        from aeforge_cli.output.formats.values import result_values

        yield line(result_values(done))

    status = result  # both say all that is known

    def table(self, table: "Table", width: int | None) -> "Iterator[Line]":
        if table.key:
            yield line({**table.about, table.key: list(table.rows)})
        else:
            yield from map(line, table.rows)

    def record(self, values: "Values", text: Sequence[str]) -> "Iterator[Line]":
        yield line(values)

    def failure(self, error: Failure, safe: Callable[[str], str]) -> Iterator[str]:
        yield json.dumps({"error": _made_safe(error.as_json(), safe)})


def _made_safe(value: object, safe: Callable[[str], str]) -> object:
    match value:
        case str():
            return safe(value)
        case list():
            return [_made_safe(each, safe) for each in value]
        case dict():
            return {name: _made_safe(each, safe) for name, each in value.items()}
        case _:
            return value
