"""Text for people, and for scripts that want paths or links alone."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from aeforge_cli.errors import Failure
from aeforge_cli.output.untrusted import clean

if TYPE_CHECKING:
    from aeforge_cli.jobs.results import JobResult
    from aeforge_cli.output.formats.interface import Line
    from aeforge_cli.output.tables import Table, Values

_LONGEST_URL = 8192


class Text:
    """The saved paths, else the links, else the id of a job that is not waited for."""

    is_for_people = True

    def check_jobs(self) -> None:
        pass

    def result(self, done: "JobResult") -> "Iterator[Line]":
        if done.files:
            # Byte for byte: a name that is not UTF-8 must still name its file.
            yield from (os.fsencode(file.path) for file in done.files if file.path != "-")
        elif done.image_urls:
            yield from (clean(url, _LONGEST_URL) for url in done.image_urls)
        elif done.job_id is not None and done.status == "Pending":
            yield done.job_id

    def status(self, done: "JobResult") -> "Iterator[Line]":
        yield f"{done.job_id}  {clean(done.status, 40)}"

    def table(self, table: "Table", width: int | None) -> "Iterator[Line]":
        from aeforge_cli.output.tables import drawn

        yield from drawn(table, width)

    def record(self, values: "Values", text: Sequence[str]) -> "Iterator[Line]":
        yield from (os.fsencode(line) for line in text)

    def failure(self, error: Failure, safe: Callable[[str], str]) -> Iterator[str]:
        """One line for one of many jobs; else what, why, and what to do next."""
        if error.index is not None:
            about = error.input or f"job {error.index + 1}"
            yield safe(f"{about}: {error.message}" + (f": {error.why}" if error.why else ""))
            return
        message = error.message
        if error.job_id and error.job_id not in f"{message} {error.hint}":
            message += f" (job {error.job_id})"
        others = [("", str(mistake["message"])) for mistake in error.mistakes[1:]]
        for label, text in (("error:", message), *others, ("why:", error.why), ("next:", error.hint)):
            if text:
                yield f"{label:<6} {safe(text)}"
