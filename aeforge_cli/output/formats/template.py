"""A template of the user's, such as `{job_id} {path}`: a line for each file, else for each link, else for the job."""

import re
import string
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aeforge_cli.errors import Usage
from aeforge_cli.output.formats.text import Text
from aeforge_cli.output.formats.values import OF_FILES, RESULT_FIELDS, flat, flat_fields, result_values

if TYPE_CHECKING:
    from aeforge_cli.jobs.results import JobResult
    from aeforge_cli.output.formats.interface import Line
    from aeforge_cli.output.tables import Table, Values

_ESCAPES = {r"\t": "\t", r"\n": "\n", r"\\": "\\"}  # shells pass them on as they are typed


class Template(Text):
    """Failures are written as for people."""

    is_for_people = False

    def __init__(self, text: str) -> None:
        """Raises Usage for braces that do not pair."""
        try:
            self._parts = [_part(*part) for part in string.Formatter().parse(text)]
        except ValueError as error:
            raise Usage(f"{text!r} is not a valid template", why=str(error), hint=_HINT) from None
        self._text = text
        self._names = [name for _, name in self._parts if name is not None]

    def check_jobs(self) -> None:
        self._check(RESULT_FIELDS)

    def _check(self, fields: Sequence[str]) -> None:
        for name in self._names:
            if name not in fields:
                raise Usage(f"{{{name}}} is not a field", hint=f"use {', '.join(fields)}")

    def result(self, done: "JobResult") -> "Iterator[Line]":
        self._check(RESULT_FIELDS)
        yield from self._lines(result_values(done))

    status = result  # both say all that is known

    def table(self, table: "Table", width: int | None) -> "Iterator[Line]":
        self._check(flat_fields(tuple(table.fields)))
        for values in table.rows:
            yield from self._lines(values)

    def record(self, values: "Values", text: Sequence[str]) -> "Iterator[Line]":
        self._check(flat_fields(tuple(values)))
        yield from self._lines(values)

    def _lines(self, values: "Values") -> "Iterator[Line]":
        """One line for the job where the template asks nothing of its files."""
        rows = list(flat(values))
        for row in rows if set(self._names) & set(OF_FILES) else rows[:1]:
            pieces = (literal + (row.get(name, "") if name is not None else "") for literal, name in self._parts)
            yield "".join(pieces).encode(errors="surrogateescape")


def _part(literal: str, name: str | None, spec: str | None, conversion: str | None) -> tuple[str, str | None]:
    if spec or conversion:
        raise ValueError("a field is a name alone, in braces")
    return re.sub(r"\\[tn\\]", lambda found: _ESCAPES[found[0]], literal), name


_HINT = "for example: --format '{job_id} {path}'; a brace itself is typed twice"
