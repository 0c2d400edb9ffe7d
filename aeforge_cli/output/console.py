"""All that reaches the terminal: results on stdout; progress, notes and errors on stderr; foreign text made safe."""

import io
import json
import os
import sys
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from enum import Enum
from typing import IO, TYPE_CHECKING, BinaryIO, assert_never

from aeforge_cli.errors import ClosedStdoutError, Failure
from aeforge_cli.redaction import Redactor

if TYPE_CHECKING:
    from aeforge_cli.jobs.events import Event, Tally
    from aeforge_cli.jobs.results import JobResult
    from aeforge_cli.output.batch_progress import BatchProgress
    from aeforge_cli.output.github import Results
    from aeforge_cli.output.progress import Drawing, LiveLine

_LONGEST = 500
_HEARTBEAT = 30.0


class Verbosity(Enum):
    """How much is said on stderr; stdout is the same for all."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


def clean(text: str, longest: int = _LONGEST) -> str:
    """Foreign text on one line, with nothing in it that a terminal would act on.

    C0 controls become `^X`; DEL, C1, bidirectional and other invisible characters become `\\uXXXX`.
    """
    safe = "".join(map(_visible, text[: longest + 1]))
    return safe if len(safe) <= longest else safe[: longest - 3] + "..."


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return f"^{chr(code + 64)}"
    if code == 0x7F:
        return "^?"
    if character != " " and unicodedata.category(character) in _UNSAFE:
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    return character


_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Console:
    """The conversation with the user. `environment` decides about motion and colour, never about stdout."""

    def __init__(self, environment: Mapping[str, str], *, redact: Redactor | None = None) -> None:
        self._environment = environment
        self._redact = redact or Redactor()
        self._out: IO[str] | None = sys.stdout  # None where the process was started with it closed
        self._err: IO[str] = sys.stderr or _nowhere()
        self._lock = threading.RLock()
        self._live: Drawing | None = None
        self._tally: Tally | None = None
        self._standing: BatchProgress | None = None
        self._said: dict[str, tuple[str, float]] = {}
        self._warned: set[str] = set()
        self.talk = Verbosity.NORMAL
        self.json = False
        self.debugs = False
        self._github = _github_of(environment)
        for stream in (self._out, self._err):
            # A console that knows fewer characters than we do must not end a paid job with an encoding error.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    # -------------------------------------------------------------- stdout: the result

    def result(self, line: str) -> None:
        """One line of the result, as it is: for paths, links and ids."""
        with self._lock, self._delivering() as out:
            out.write(f"{self._harmless(line)}\n")
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

    def record(self, value: Mapping[str, object]) -> None:
        """One object about something else than a job, on one line, whatever the format."""
        self.result_json({"schema": 1, **value})

    def path(self, path: str) -> None:
        """A saved path: byte for byte for a script, harmless for a terminal."""
        if self.out_is_terminal:
            self.result(clean(path, 8192))
        else:
            with self._lock, self._delivering() as out:
                out.flush()
                name = os.fsencode(path)
                if self._is_read_by_a_runner:
                    from aeforge_cli.output.github import harmless_path

                    name = harmless_path(name)
                out.buffer.write(name + b"\n")  # type: ignore[attr-defined]
                out.buffer.flush()  # type: ignore[attr-defined]

    def result_json(self, value: object) -> None:
        """One JSON object on one line, in ASCII."""
        self.result(json.dumps(value))

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
                out.buffer.write(block)  # type: ignore[attr-defined]
            out.flush()

    @property
    def out_is_terminal(self) -> bool:
        return _is_terminal(self._out)

    def finished(self, done: "JobResult") -> None:
        """What one job came to: JSON, else the saved paths, else the links."""
        with self._lock, self._room():
            if self._standing is not None:
                self._standing.forget(done.job_id)
            if self._github:
                self._github.finished(done)
            if self.json:
                self.result_json(finished_json(done))
            elif done.files:
                for file in done.files:
                    if file.path != "-":
                        self.path(file.path)
            elif done.image_urls:
                for url in done.image_urls:
                    self.result(clean(url, 8192))
            elif done.job_id is not None and done.status == "Pending":
                self.result(done.job_id)

    def preview(self, before: Callable[[], BinaryIO] | None, after: Callable[[], BinaryIO], *, label: str) -> None:
        """Draws a picture and what became of it, where the terminal can show pictures."""
        if self.talk is Verbosity.QUIET or not _is_terminal(self._err) or self._environment.get("TERM") == "dumb":
            return
        from aeforge_cli.output.preview import before_and_after, screen_of

        screen = screen_of(self._err, self._environment, color=self.has_color)
        drawn = before_and_after(before, after, screen, label=label)
        if not drawn:
            self.detail("no preview: this terminal cannot show it (more can with aeforge[preview])")
            return
        with self._lock, self._room(on_err=True):
            try:
                self._put(drawn)
            except BaseException:
                self._put("\x1b\\\x1b[0m")  # a sequence left open would swallow what is said next
                raise

    def status(self, job: "JobResult") -> None:
        """How one job stands."""
        if self.json:
            self.result_json(finished_json(job))
        else:
            self.result(f"{job.job_id}  {clean(job.status, 40)}")

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Aligned columns; the last one is cut on a terminal that is too narrow for it."""
        cells = [[clean(cell, 60) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            self.result("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    # -------------------------------------------------------------- stderr: the conversation

    def warn_once(self, text: str) -> None:
        """A warning that would be the same for each of many jobs."""
        if text not in self._warned:
            self._warned.add(text)
            self.warn(text)

    def note(self, text: str) -> None:
        if self.talk is not Verbosity.QUIET:
            self._say(text)

    def detail(self, text: str) -> None:
        if self.talk is Verbosity.VERBOSE:
            self._say(text)

    def debug(self, text: str) -> None:
        if self.debugs:
            self._say(f"debug: {text}", longest=4000)

    def warn(self, text: str) -> None:
        if self.talk is not Verbosity.QUIET:
            self._say(f"warning: {text}")

    def emergency(self, text: str) -> None:
        """Past quiet and past any display: the user must see this."""
        self._say(text)

    def failure(self, error: Failure, *, brief: bool = False) -> None:
        """What, why and what to do next; with --json, one object on the last line."""
        with self._lock, self._room(on_err=True):
            if self._standing is not None:
                self._standing.forget(error.job_id, error.input)
            self._annotate(error)
            if self.json:
                self._write(json.dumps({"error": _redacted(error.as_json(), self._redact)}))
                return
            if brief:
                about = error.input or f"job {(error.index or 0) + 1}"
                self._write(self._safe(f"{about}: {error.message}" + (f": {error.why}" if error.why else "")))
                return
            lines = [("error", error.message), ("why", error.why), ("next", error.hint)]
            if error.job_id and error.job_id not in f"{error.message} {error.hint}":
                lines[0] = ("error", f"{error.message} (job {error.job_id})")
            lines[1:1] = [("", str(each["message"])) for each in error.mistakes[1:]]
            for label, text in lines:
                if text:
                    self._write(f"{self._style(label)} {self._safe(text)}")

    def _annotate(self, error: Failure) -> None:
        if self._github:
            text = self._safe(f"{error.message}: {error.why}" if error.why else error.message)
            self._put(self._github.failed(error, text))

    def publish(self) -> None:
        """Asks for outputs of the step of GitHub Actions; raises Usage outside of one."""
        from aeforge_cli.output.github import Results

        self._github = self._github or Results(self._environment)
        self._github.publish()

    def conclude(self) -> None:
        """The command has ended: GitHub gets its results."""
        try:
            if self._github:
                self._github.write()
        except OSError as error:
            self.warn(f"GitHub's summary or output cannot be written: {error.strerror}")

    def _style(self, label: str) -> str:
        text = f"{label}:".ljust(6) if label else " " * 6
        return f"\x1b[31m{text}\x1b[0m" if label == "error" and self.has_color else text

    def _say(self, text: str, longest: int = _LONGEST) -> None:
        with self._lock:
            if self._live is None:
                self._write(self._safe(text, longest))
            else:
                self._live.print(self._safe(text, longest))

    def _safe(self, text: str, longest: int = _LONGEST) -> str:
        return clean(self._redact(text), longest)

    def _write(self, line: str) -> None:
        self._put(self._harmless(line))

    def _harmless(self, line: str) -> str:
        """The line so that GitHub's runner, if it reads us, does not take it for a command."""
        if not self._is_read_by_a_runner:
            return line
        from aeforge_cli.output.github import harmless

        return harmless(line)

    @property
    def _is_read_by_a_runner(self) -> bool:
        return self._github is not None and self._github.is_read_by_the_runner

    def _put(self, line: str) -> None:
        try:
            self._err.write(f"{line}\n")
            self._err.flush()
        except (OSError, ValueError):
            # Nobody listens: stderr is closed or full. The work goes on, and the exit code still tells.
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

    # -------------------------------------------------------------- progress

    @contextmanager
    def overview(self, tally: "Tally | None") -> Iterator[None]:
        """Shows a batch while it lasts: a bar, its counts and the jobs that matter most, or a plain line at times."""
        self._tally = tally
        if tally is not None and self.moves and self.talk is not Verbosity.QUIET:
            from aeforge_cli.output.batch_progress import BatchProgress
            from aeforge_cli.output.progress import Overview

            self._standing = standing = BatchProgress()
            self._live = Overview(
                self._err, tally, lambda: list(map(self._safe, standing.lines())), color=self.has_color
            )
        try:
            yield
        finally:
            self._tally = self._standing = None
            self.hush()

    @property
    def can_ask(self) -> bool:
        """Whether a person sits at the terminal."""
        return _is_terminal(sys.stdin) and _is_terminal(self._err)

    @contextmanager
    def _room(self, *, on_err: bool = False) -> Iterator[None]:
        """Room for a result: the line of a job goes for good, the overview of a batch until the result is written."""
        if self._tally is None:
            self.hush()
        self._beat()
        overview = self._live if on_err or self.out_is_terminal else None
        if overview is not None:
            overview.pause()
        yield
        if overview is not None:
            overview.go_on()

    def _beat(self) -> None:
        """A sign of life of a batch where nothing moves."""
        now = time.monotonic()
        _, when = self._said.get("batch", ("", 0.0))
        if self._tally is not None and self._live is None and now - when >= _HEARTBEAT:
            self._said["batch"] = ("", now)
            self.note(str(self._tally))

    def hush(self) -> None:
        """Takes the live line away, for good output to come."""
        with self._lock:
            if self._live is not None:
                self._live.close()
                self._live = None

    def notify(self, event: "Event") -> None:
        """Renders one event; an Observer, from any thread."""
        from aeforge_cli.jobs.events import Receiving, RetryScheduled, Saved, Submitted, Submitting, Waiting

        if self.talk is Verbosity.QUIET:
            return
        with self._lock:
            if self._tally is not None:
                self._notify_of_many(event)
                return
            match event:
                case Submitting(name, sent, size):
                    self._submitting(name, sent, size)
                case Submitted(job_id, _, attached):
                    self._submitted(job_id, attached=attached)
                case Waiting(job_id, status, seconds):
                    self._progress(job_id, status, f"{clean(status, 40)}, job {job_id}", seconds)
                case RetryScheduled(what, seconds, job_id):
                    self._trouble(what, seconds, job_id)
                case Receiving(job_id, number, count, received, size):
                    share = f" of {_bytes(size)}" if size else ""
                    self._progress(
                        job_id, "receiving", f"receiving {number}/{count}: {_bytes(received)}{share}, job {job_id}"
                    )
                case Saved(_, file, renamed):
                    self._saved(file.path, renamed=renamed)
                case _:
                    assert_never(event)

    def _notify_of_many(self, event: "Event") -> None:
        from aeforge_cli.jobs.events import RetryScheduled, Saved, Submitted

        if self._standing is not None:
            self._standing.hear(event)
        match event:
            case RetryScheduled(what, seconds, _):
                self._trouble(what, seconds, None)
            case Saved(_, file, renamed=True):
                self._saved(file.path, renamed=True)
            case Submitted(job_id, name, attached=True):
                self.detail(f"{name or job_id}: going on with job {job_id}, bought before and not finished")
            case _:
                pass

    def _submitting(self, name: str, sent: int, size: int) -> None:
        share = f" {100 * sent // size}%" if size and sent < size else ""
        self._progress(name, "sending", f"sending {clean(name, 60)}{share}".rstrip())

    def _submitted(self, job_id: str, *, attached: bool) -> None:
        if attached:
            self._say(f"going on with job {job_id}, bought before and not finished (--new buys another)")
        else:
            # Printed, not only shown: a line that is drawn over disappears with Ctrl-C.
            self._say(f"job {job_id} submitted")

    def _trouble(self, what: str, seconds: float, job_id: str | None) -> None:
        about = f"job {job_id}: " if job_id else ""
        text = f"{about}{what}"
        if self._said.get(about, ("", 0.0))[0] != text:
            self._said[about] = (text, time.monotonic())
            self._say(f"warning: {text}; trying again in {seconds:.0f} s" if seconds >= 1 else f"warning: {text}")

    def _saved(self, path: str, *, renamed: bool) -> None:
        if renamed:
            self._say(f"the name wanted was taken meanwhile; saved as {path}")
        else:
            self.detail(f"saved {path}")

    def _progress(self, subject: str, state: str, line: str, waited: float | None = None) -> None:
        """A live line where it may move; elsewhere a plain one when the state changes, and a sign of life at times."""
        now = time.monotonic()
        if self.moves:
            self._live_line().show(self._safe(line), None if waited is None else now - waited)
            return
        said, when = self._said.get(subject, ("", 0.0))
        if state != said or now - when >= _HEARTBEAT:
            self._said[subject] = (state, now)
            self._say(line if waited is None else f"{line}, {waited:.0f} s")

    def _live_line(self) -> "LiveLine":
        from aeforge_cli.output.progress import LiveLine

        if not isinstance(self._live, LiveLine):
            self._live = LiveLine(self._err, color=self.has_color)
        return self._live


def _github_of(environment: Mapping[str, str]) -> "Results | None":
    if environment.get("GITHUB_ACTIONS") != "true":
        return None
    from aeforge_cli.output.github import Results

    return Results(environment)


def _nowhere() -> IO[str]:
    return open(os.devnull, "w")  # noqa: PTH123 - lives as long as the process


def _is_terminal(stream: IO[str] | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed meanwhile
        return False


def _bytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} kB"


def finished_json(done: "JobResult") -> dict[str, object]:
    """The documented object for one job: no field is ever left out."""
    return {
        "schema": 1,
        "job_id": done.job_id,
        "status": done.status,
        "operation": done.operation,
        "input": done.input,
        "image_urls": list(done.image_urls),
        "files": [asdict(file) for file in done.files],
        "seconds": done.seconds,
        "attached": done.attached,
        "index": done.index,
        "action": done.action and str(done.action),
    }


def _redacted(value: Mapping[str, object], redact: Redactor) -> dict[str, object]:
    return {name: _cleaned(each, redact) for name, each in value.items()}


def _cleaned(value: object, redact: Redactor) -> object:
    match value:
        case str():
            return clean(redact(value))
        case list():
            return [_cleaned(each, redact) for each in value]
        case dict():
            return {name: _cleaned(each, redact) for name, each in value.items()}
        case _:
            return value
