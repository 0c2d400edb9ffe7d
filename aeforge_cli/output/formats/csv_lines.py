"""CSV with a header (RFC 4180, lines ended by a newline): a row for each file, else for each link, else for the job."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aeforge_cli.output.formats.text import Text
from aeforge_cli.output.formats.values import RESULT_FIELDS, flat, flat_fields, result_values

if TYPE_CHECKING:
    from aeforge_cli.jobs.results import JobResult
    from aeforge_cli.output.formats.interface import Line
    from aeforge_cli.output.tables import Table, Values


class CsvLines(Text):
    """Failures are written as for people."""

    is_for_people = False

    def __init__(self) -> None:
        self._has_header = False

    def result(self, done: "JobResult") -> "Iterator[Line]":
        yield from self._rows(RESULT_FIELDS, flat(result_values(done)))

    status = result  # both say all that is known

    def table(self, table: "Table", width: int | None) -> "Iterator[Line]":
        fields = flat_fields(tuple(table.fields))
        yield from self._rows(fields, (row for values in table.rows for row in flat(values)))

    def record(self, values: "Values", text: Sequence[str]) -> "Iterator[Line]":
        yield from self._rows(flat_fields(tuple(values)), flat(values))

    def _rows(self, fields: Sequence[str], rows: Iterator[Mapping[str, str]]) -> "Iterator[Line]":
        if not self._has_header:
            self._has_header = True
            yield _line(fields)
        for row in rows:
            yield _line([row.get(name, "") for name in fields])


def _line(cells: Sequence[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(cells)
    return stream.getvalue().encode(errors="surrogateescape")
