"""All that reaches the terminal: results on stdout; progress, notes and errors on stderr."""

import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from typing import IO, TYPE_CHECKING, BinaryIO

from aeforge_cli.errors import ClosedStdoutError, Failure
from aeforge_cli.output.formats.text import Text
from aeforge_cli.output.untrusted import LONGEST, clean
from aeforge_cli.redaction import Redactor

if TYPE_CHECKING:
    from aeforge_cli.jobs.events import Event, Tally
    from aeforge_cli.jobs.results import JobResult
    from aeforge_cli.output.batch_progress import BatchProgress
    from aeforge_cli.output.formats.interface import Line, OutputFormat
    from aeforge_cli.output.github import StepReport
    from aeforge_cli.output.narration import Narrator
    from aeforge_cli.output.progress import Drawing
    from aeforge_cli.output.tables import Column, Values

_LONGEST_EXACT = 8192  # characters of a path or a link on a terminal
_HEARTBEAT = 30.0  # seconds; CI systems end jobs that are silent for minutes


class Verbosity(Enum):
    """How much is said on stderr; stdout is the same for all."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


class Console:
    """The conversation with the user. `environment` decides about motion and colour, never about stdout.

    `format` writes results and failures; commands hand over values, and do not ask which format it is.
    """

    def __init__(self, environment: Mapping[str, str], *, redact: Redactor | None = None) -> None:
        self._environment = environment
        self._redact = redact or Redactor()
        self._out: IO[str] | None = sys.stdout  # None where the process was started with it closed
        self._err: IO[str] = sys.stderr or _nowhere()
        self._lock = threading.RLock()
        self._live: Drawing | None = None
        self._narrator: Narrator | None = None
        self._tally: Tally | None = None
        self._batch_progress: BatchProgress | None = None
        self._said_of_batch = 0.0  # when, on the monotonic clock
        self._explained: set[str] = set()
        self._at_end: set[Callable[[], None]] = set()
        self.format: OutputFormat = Text()
        self.verbosity = Verbosity.NORMAL
        self.debugs = False
        self._github = _github_of(environment)
        for stream in (self._out, self._err):
            # A console that knows fewer characters than we do must not end a paid job with an encoding error.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    # -------------------------------------------------------------- stdout: the result

    def finished(self, done: "JobResult") -> None:
        """What one job came to."""
        with self._lock, self._room():
            if self._batch_progress is not None:
                self._batch_progress.forget(done.job_id)
            if self._github:
                self._github.finished(done)
            self._print(self.format.result(done))

    def status(self, job: "JobResult") -> None:
        """How one job stands."""
        self._print(self.format.status(job))

    def rows(
        self,
        rows: "Sequence[Values]",
        columns: "Sequence[Column]",
        *,
        fields: Sequence[str] = (),
        key: str = "",
        about: "Values | None" = None,
        footer: "Sequence[Values]" = (),
    ) -> None:
        """Rows of a list, as a table for people; see `Table` for the rest. Raises Usage where a template asks for
        values that the rows do not have."""
        from aeforge_cli.output.tables import Table, terminal_width

        names = tuple(fields or (rows[0] if rows else ()))
        width = terminal_width() if self.out_is_terminal else None
        self._print(self.format.table(Table(rows, columns, names, key, about or {}, footer), width))

    def record(self, values: "Values", *, text: Sequence[str]) -> None:
        """One object; `text` are the lines that people see in its place."""
        self._print(self.format.record(values, text))

    def text(self, line: str) -> None:
        """A line for people, of what the other formats get as a whole."""
        if self.format.is_for_people:
            self.result(clean(line))

    def result(self, line: str) -> None:
        """One line of the result, as it is, in every format."""
        self._print([line])

    def result_json(self, values: "Values") -> None:
        """One JSON object on one line, in every format."""
        from aeforge_cli.output.formats.json_lines import line

        self._print([line(values)])

    def answer(self, body: bytes) -> None:
        """The body of an answer, as it came."""
        if self._is_read_by_a_runner:
            from aeforge_cli.output.github import harmless_body

            body = harmless_body(body)
        self.deliver([body])

    def deliver(self, blocks: Iterable[bytes]) -> None:
        """The bytes of a picture."""
        with self._lock, self._delivering() as out:
            for block in blocks:
                out.buffer.write(block)  # type: ignore[attr-defined]  # text streams of the process have one
            out.flush()

    def expect_jobs(self) -> None:
        """Raises Usage, before anything is sent, for a template that asks for values that jobs do not have."""
        self.format.check_jobs()

    @property
    def takes_pictures(self) -> bool:
        """Whether the bytes of a picture may be written to stdout."""
        return self.format.is_for_people and not self.out_is_terminal

    @property
    def out_is_terminal(self) -> bool:
        return _is_terminal(self._out)

    def _print(self, lines: "Iterable[Line]") -> None:
        with self._lock, self._delivering() as out:
            for line in lines:
                if isinstance(line, str):
                    out.write(f"{self._harmless(line)}\n")
                elif self.out_is_terminal:
                    out.write(clean(os.fsdecode(line), _LONGEST_EXACT) + "\n")
                else:
                    out.flush()
                    out.buffer.write(self._harmless_path(line) + b"\n")  # type: ignore[attr-defined]  # as in `deliver`
                    out.buffer.flush()  # type: ignore[attr-defined]  # as in `deliver`
                out.flush()

    @contextmanager
    def _delivering(self) -> Iterator[IO[str]]:
        """Raises ClosedStdoutError where stdout is closed, or says why it cannot be written."""
        if self._out is None:
            self.emergency("error: standard output is closed")
            raise ClosedStdoutError
        try:
            yield self._out
        except BrokenPipeError:
            raise ClosedStdoutError from None
        except OSError as error:
            self.emergency(f"error: standard output cannot be written: {error.strerror}")
            raise ClosedStdoutError from None

    # -------------------------------------------------------------- stderr: the conversation

    def note(self, text: str) -> None:
        if self.verbosity is not Verbosity.QUIET:
            self.say(text)

    def detail(self, text: str) -> None:
        if self.verbosity is Verbosity.VERBOSE:
            self.say(text)

    def debug(self, text: str) -> None:
        if self.debugs:
            self.say(f"debug: {text}", longest=4000)

    def warn(self, text: str) -> None:
        if self.verbosity is not Verbosity.QUIET:
            self.say(f"warning: {text}")

    def warn_once(self, text: str) -> None:
        """A warning that would be the same for each of many jobs."""
        if text not in self._explained:
            self._explained.add(text)
            self.warn(text)

    def emergency(self, text: str) -> None:
        """Past quiet and past any display: the user must see this."""
        self.say(text)

    def say(self, text: str, longest: int = LONGEST) -> None:
        with self._lock:
            if self._live is None:
                self._write(self._safe(text, longest))
            else:
                self._live.print(self._safe(text, longest))

    def say_at_once(self, text: str) -> None:
        """Past Python's buffers and locks, as a signal handler must; in place of what is drawn, which comes again."""
        drawn = self._live.height if self._live else 0
        above = f"\x1b[{drawn - 1}A" if drawn > 1 else ""
        erased = f"\r{above}\x1b[J" if drawn else ""
        room = "\n" * max(1, drawn)  # for rich to erase, which knows nothing of this
        with suppress(OSError):
            os.write(2, f"{erased}{text}{room}".encode())

    def failure(self, error: Failure) -> None:
        """What, why and what to do next."""
        with self._lock, self._room(on_err=True):
            if self._batch_progress is not None:
                self._batch_progress.forget(error.job_id, error.input)
            if self._github:
                text = self._safe(f"{error.message}: {error.why}" if error.why else error.message)
                self._put(self._github.failed(error, text))
            for whole in self.format.failure(error, self._safe):
                for line in self._folded(whole):
                    self._write(self._painted(line))

    def _folded(self, line: str) -> Iterator[str]:
        """The lines that fit the terminal; a command to be pasted is left to the terminal, which knows it as one."""
        width = _columns(self._err) if self.format.is_for_people else 0
        if not width or len(line) * 2 <= width or line.startswith("next:"):
            return iter([line])
        from aeforge_cli.output.tables import folded

        return folded(line, width, " " * 7 if line.startswith(("error:", "why:")) else "  ")

    def preview(self, before: Callable[[], BinaryIO] | None, after: Callable[[], BinaryIO], *, label: str) -> None:
        """Draws a picture and what became of it, or says once why this terminal cannot show them."""
        if self.verbosity is Verbosity.QUIET:
            return
        from aeforge_cli.output.preview import before_and_after
        from aeforge_cli.output.terminal import Unshowable, forget_late_answers, screen_of

        self._at_end.add(forget_late_answers)
        try:
            with self._lock, self._room(on_err=True):  # the terminal may be asked, which nothing else must disturb
                screen = screen_of(self._err, self._environment, color=self.has_color)
            drawn = before_and_after(before, after, screen, label=label)
        except Unshowable as why:
            self._explain_once(f"no preview: {why}")
            return
        with self._lock, self._room(on_err=True):
            try:
                self._put(drawn)
            except BaseException:
                self._put("\x1b\\\x1b[0m")  # a sequence left open would swallow what is said next
                raise

    def publish(self) -> None:
        """Asks for outputs of the step of GitHub Actions; raises Usage outside of one."""
        from aeforge_cli.output.github import StepReport

        self._github = self._github or StepReport(self._environment)
        self._github.publish()

    def conclude(self) -> None:
        """The command has ended: nothing moves any more, and GitHub gets its results."""
        self.hush()
        for end in self._at_end:
            end()
        try:
            if self._github:
                self._github.write()
        except OSError as error:
            self.warn(f"GitHub's summary or output cannot be written: {error.strerror}")

    def _explain_once(self, text: str) -> None:
        if text not in self._explained:
            self._explained.add(text)
            self.note(text)

    def _painted(self, line: str) -> str:
        """`error:` in red, where there is colour."""
        return line.replace("error:", "\x1b[31merror:\x1b[0m", 1) if self.has_color and line[:6] == "error:" else line

    def _safe(self, text: str, longest: int = LONGEST) -> str:
        return clean(self._redact(text), longest)

    def _write(self, line: str) -> None:
        self._put(self._harmless(line))

    def _harmless(self, line: str) -> str:
        """The line so that GitHub's runner, if it reads us, does not take it for a command."""
        if not self._is_read_by_a_runner:
            return line
        from aeforge_cli.output.github import harmless

        return harmless(line)

    def _harmless_path(self, line: bytes) -> bytes:
        if not self._is_read_by_a_runner:
            return line
        from aeforge_cli.output.github import harmless_path

        return harmless_path(line)

    @property
    def _is_read_by_a_runner(self) -> bool:
        return self._github is not None and self._github.is_read_by_the_runner

    def _put(self, line: str) -> None:
        try:
            self._err.write(f"{line}\n")
            self._err.flush()
        except (OSError, ValueError):
            # Nobody listens: stderr is closed or full. The jobs continue, and the exit code still says how they ended.
            self._err = _nowhere()
            with suppress(OSError, ValueError):
                os.dup2(self._err.fileno(), 2)  # what Python still holds must go somewhere, or it exits with 120

    # -------------------------------------------------------------- what the surroundings allow

    @property
    def moves(self) -> bool:
        """Whether a line may be drawn over again."""
        return _is_terminal(self._err) and self._environment.get("TERM") != "dumb" and not self._environment.get("CI")

    @property
    def has_color(self) -> bool:
        if self._environment.get("NO_COLOR"):
            return False
        return bool(self._environment.get("FORCE_COLOR")) or self.moves

    @property
    def can_ask(self) -> bool:
        """Whether a person sits at the terminal."""
        return _is_terminal(sys.stdin) and _is_terminal(self._err)

    # -------------------------------------------------------------- progress

    def notify(self, event: "Event") -> None:
        """Says what is worth saying of an event; an Observer, from any thread."""
        if self.verbosity is Verbosity.QUIET:
            return
        with self._lock:
            if self._narrator is None:
                from aeforge_cli.output.narration import OneJob

                self._narrator = OneJob(self)
            self._narrator.hear(event)

    @contextmanager
    def overview(self, tally: "Tally | None") -> Iterator[None]:
        """Shows a batch while it lasts: a bar, its counts and the jobs that matter most, or a plain line at times.

        Without a tally there is one job, which needs no overview.
        """
        if tally is None:
            yield
            return
        from aeforge_cli.output.narration import ManyJobs

        self._tally = tally
        if self.moves and self.verbosity is not Verbosity.QUIET:
            from aeforge_cli.output.batch_progress import BatchProgress
            from aeforge_cli.output.progress import Overview

            self._batch_progress = progress = BatchProgress()
            self._live = Overview(
                self._err, tally, lambda: list(map(self._safe, progress.lines())), color=self.has_color
            )
        self._narrator = ManyJobs(self, self._batch_progress)
        try:
            yield
        finally:
            self._tally = self._batch_progress = self._narrator = None
            self.hush()

    def show(self, line: str, since: float | None) -> bool:
        """Draws the line in place of the last one, with the time since that moment; False where nothing may move."""
        if not self.moves:
            return False
        from aeforge_cli.output.progress import LiveLine

        if not isinstance(self._live, LiveLine):
            self._live = LiveLine(self._err, color=self.has_color)
        self._live.show(self._safe(line), since)
        return True

    def hush(self) -> None:
        """Takes the live line away, for good output to come."""
        with self._lock:
            if self._live is not None:
                self._live.close()
                self._live = None

    @contextmanager
    def _room(self, *, on_err: bool = False) -> Iterator[None]:
        """Room for a result: the line of a job goes for good, the overview of a batch until the result is written."""
        if self._tally is None:
            self.hush()
        self._beat()
        overview = self._live if on_err or self.out_is_terminal else None
        if overview is not None:
            overview.pause()
        try:
            yield
        finally:
            if overview is not None:
                overview.go_on()

    def _beat(self) -> None:
        """A sign of life of a batch where nothing moves."""
        now = time.monotonic()
        if self._tally is not None and self._live is None and now - self._said_of_batch >= _HEARTBEAT:
            self._said_of_batch = now
            self.note(str(self._tally))


def _github_of(environment: Mapping[str, str]) -> "StepReport | None":
    if environment.get("GITHUB_ACTIONS") != "true":
        return None
    from aeforge_cli.output.github import StepReport

    return StepReport(environment)


def _nowhere() -> IO[str]:
    return open(os.devnull, "w")  # noqa: PTH123 - lives as long as the process


def _columns(stream: IO[str]) -> int:
    """The width of the terminal; 0 where there is none, or it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def _is_terminal(stream: IO[str] | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed meanwhile
        return False
