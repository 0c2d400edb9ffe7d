"""The command in this process, for properties that need many tries: a home for each, and a service that works."""

import contextlib
import io
import itertools
import os
import re
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from aeforge_cli.api.transport import Answer, Request, Sink, Transport
from aeforge_cli.cli import main
from aeforge_cli.errors import Exit
from aeforge_cli.process.clock import Clock
from aeforge_cli.session import Session
from tests.conftest import Home, make_home, png
from tests.unit.conftest import made, stands

# How many examples a property of this kind takes, times this: a long search sets it.
EFFORT = int(os.environ.get("AEFORGE_TEST_EFFORT", "1"))


@dataclass(frozen=True)
class Shown:
    """What a command that has ended showed, and its exit code; `screen` is what of stdout went to a terminal."""

    exit: int
    screen: str
    stdout: str
    stderr: str
    posts: int


@dataclass
class WorkingService:
    """Accepts every submission; each job has succeeded at its first poll."""

    posts: list[str] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def ask(self, request: Request) -> Answer:
        if request.method == "GET":
            job_id = request.url.rpartition("/")[2]
            return stands("Succeed", f"https://cdn.test/{job_id}.png", job_id=job_id)
        if request.body is not None:
            b"".join(request.body)
        self.posts.append(request.url)
        return made(str(uuid.UUID(int=next(self._ids))))

    def fetch(self, url: str, sink: Sink) -> Answer:
        content = png(len(url))
        sink.expect(len(content))
        sink.write(content)
        return Answer(200)


@dataclass
class HurriedClock:
    """Runs as time does, and a sleep takes no time."""

    _ahead: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._ahead)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._ahead += max(0.0, seconds)


@contextlib.contextmanager
def at_home() -> Iterator[Home]:
    """An empty home whose folder for work, with one picture, is the working folder."""
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        home = make_home(Path(folder) / "home")
        with contextlib.chdir(home.work):
            Path("photo.png").write_bytes(png())
            yield home


@contextlib.contextmanager
def own_process() -> Iterator[None]:
    """For the time of a test, this process is the command's, which takes over what belongs to all of it."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers, hook, stdin = [signal.getsignal(number) for number in numbers], sys.unraisablehook, sys.stdin
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)
    sys.unraisablehook, sys.stdin = hook, stdin


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bytes = b"",
    transport: Transport | None = None,
    clock: Clock | None = None,
    stdout_is_terminal: bool = False,
) -> Shown:
    """One command; with a transport there is no network."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    streams[0].isatty = lambda: stdout_is_terminal  # type: ignore[method-assign]
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8", errors="surrogateescape")
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        contextlib.redirect_stdout(streams[0]),
        contextlib.redirect_stderr(streams[1]),
    ):
        status = int(main(arguments, Session(environment, transport=transport, clock=clock)))
    out, err = (OWN_COLOUR.sub(r"\1", stream.buffer.getvalue().decode(errors="replace")) for stream in streams)
    posts = len(transport.posts) if isinstance(transport, WorkingService) else 0
    return Shown(status, out if stdout_is_terminal else "", out, err, posts)


# What no file, argument or answer may bring to a stream: controls, and characters that are not seen or turn the others.
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
OWN_COLOUR = re.compile(r"^\x1b\[\d+m(\w+:)\x1b\[0m", re.MULTILINE)
LONGEST_LINE = 4200


def is_passed(text: str) -> bool:
    """Whether it can be an argument, or the value of a variable, at all."""
    return "\0" not in text and not any(
        "\ud800" <= letter < "\udc80" or "\udcff" < letter <= "\udfff" for letter in text
    )


def require_plain(shown: Shown) -> None:
    """Success, or one failure that is told in words, under a documented exit code; nothing raw, and 2 sent nothing."""
    assert "This is a bug" not in shown.stderr, shown
    assert "Traceback" not in shown.stdout + shown.stderr, shown
    assert RAW.search(shown.screen + shown.stderr) is None, shown
    assert shown.exit in set(Exit), shown
    failures = [line for line in shown.stderr.splitlines() if line.startswith(("error: ", '{"error":'))]
    assert len(failures) == (shown.exit != 0), shown
    assert all(len(line) < LONGEST_LINE for line in shown.stderr.splitlines()), "a message of many pages"
    assert shown.exit != Exit.USAGE or not shown.posts, shown
