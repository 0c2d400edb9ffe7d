"""What GitHub Actions is given: failures as annotations, results in the job's summary and in the step's outputs."""

import html
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aeforge_cli.api.web_inputs import label_of
from aeforge_cli.errors import Failure, Usage

if TYPE_CHECKING:
    from aeforge_cli.jobs.results import JobResult

_MOST_ROWS = 500  # a step's summary may hold 1 MiB
_LONGEST_CELL = 300
_HEADER = ("Input", "Operation", "Job", "Result", "Seconds")


# What the runner takes for a command, on both streams (actions/runner, ActionCommand.cs): `::name::` where a line
# begins, white space aside, and `##[name]` anywhere in it.


def harmless(line: str) -> str:
    """The line so that the runner does not take it for a command, whoever wrote what is in it.

    JSON stays the same value and a link the same place; a path that is pasted into a shell is the same file.
    """
    text = line.replace("##[", f"##{_bracket(line)}")
    return f"- {text}" if text.lstrip().startswith("::") else text


def _bracket(line: str) -> str:
    if line.startswith(("{", "[")):
        return "\\u005b"
    return "%5B" if line.startswith(("https://", "http://")) else "\\["


def harmless_path(path: bytes) -> bytes:
    """A path on a line of its own, for scripts: the same file, by a name that is no command."""
    text = re.sub(r"[\r\n]", "?", os.fsdecode(path)).replace("##[", r"##\[")
    return os.fsencode(f"./{text}" if text.lstrip().startswith("::") else text)


def harmless_body(body: bytes) -> bytes:
    """An answer of the service as it came, if that is JSON; else line by line."""
    if body.lstrip().startswith((b"{", b"[", b'"')):
        return body.replace(b"##[", b"##\\u005b")
    lines = body.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    return "".join(map(harmless, lines)).encode("utf-8", "surrogateescape")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A").replace("##[", r"##\[")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


class StepReport:
    """What came of the jobs of one command, written for GitHub when the command ends.

    The forms are those of https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._summary = environment.get("GITHUB_STEP_SUMMARY")
        self._output = environment.get("GITHUB_OUTPUT")
        self._rows: list[tuple[str, ...]] = []
        self._jobs: list[JobResult] = []
        self._publishes = False
        self.is_read_by_the_runner = environment.get("GITHUB_ACTIONS") == "true"

    def publish(self) -> None:
        """Asks for outputs of the step. Raises Usage where no step asks for any."""
        if not self._output:
            raise Usage("--github-output needs a step of GitHub Actions", why="GITHUB_OUTPUT is not set")
        self._publishes = True

    def finished(self, done: "JobResult") -> None:
        what = ", ".join(file.path for file in done.files) or f"{done.status}, {len(done.image_urls)} links"
        seconds = "" if done.seconds is None else f"{done.seconds:.1f}"
        self._rows.append((label_of(done.input or ""), done.operation or "", done.job_id or "", what, seconds))
        self._jobs.append(done)

    def failed(self, error: Failure, text: str) -> str:
        """Takes note of a job's failure, or the command's own; returns the line that makes it an annotation."""
        if error.index is not None or not self._rows:
            self._rows.append((label_of(error.input or ""), "", error.job_id or "", f"{error.code}: {text}", ""))
        return f"::error title={_escaped_property(f'aeforge: {error.code}')}::{_escaped(text)}"

    def write(self) -> None:
        """Appends to the files that GitHub names; raises OSError."""
        if self._summary and self._rows:
            _append(self._summary, _table(self._rows))
        if self._output and self._publishes:
            _append(self._output, "".join(self._outputs()))

    def _outputs(self) -> Iterator[str]:
        yield _output("job_id", [done.job_id for done in self._jobs if done.job_id])
        yield _output("files", [file.path for done in self._jobs for file in done.files])
        yield _output("image_urls", [url for done in self._jobs for url in done.image_urls])


def _append(path: str, text: str) -> None:
    with Path(path).open("a", encoding="utf-8", errors="surrogateescape", newline="\n") as stream:
        stream.write(text)


def _output(name: str, values: Sequence[str]) -> str:
    """One value a line, between marks that no value can guess."""
    mark = f"end-{secrets.token_hex(16)}"
    return "\n".join([f"{name}<<{mark}", *values, mark, ""])


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    lines = [_HEADER, tuple("---" for _ in _HEADER)]
    lines += [tuple(map(_cell, row)) for row in rows[:_MOST_ROWS]]
    table = "".join(f"| {' | '.join(row)} |\n" for row in lines)
    more = len(rows) - _MOST_ROWS
    return f"### aeforge\n\n{table}\n" + (f"and {more} more\n\n" if more > 0 else "")


def _cell(text: str) -> str:
    """Foreign text that stays text in a table of GitHub's Markdown."""
    shown = text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 3]}..."
    line = html.escape(" ".join(shown.split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~@:-])", r"\\\1", line).encode("utf-8", "backslashreplace").decode()
