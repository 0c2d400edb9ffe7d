"""The command in this process, for properties that need many tries: each in a home of its own."""

import contextlib
import io
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from aeforge_cli.api.transport import Transport
from aeforge_cli.cli import main
from aeforge_cli.errors import Exit
from aeforge_cli.session import Session
from tests.conftest import Home, make_home, png


class Shown(NamedTuple):
    """What a command that has ended showed, and its exit code."""

    exit: int
    stdout: str
    stderr: str


@contextlib.contextmanager
def at_home() -> Iterator[Home]:
    """An empty home whose folder for work, with one picture, is the working folder."""
    with TemporaryDirectory() as folder:
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
    arguments: Sequence[str], environment: Mapping[str, str], *, stdin: bytes = b"", transport: Transport | None = None
) -> Shown:
    """A command that runs in this process; a transport is its network."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8", errors="surrogateescape")
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        status = int(main(arguments, Session(environment, transport=transport)))
    out, err = (stream.buffer.getvalue().decode(errors="replace") for stream in streams)
    return Shown(status, out, err)


# What no argument, file or answer may bring to a terminal: controls, and characters that are not seen or turn others.
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
LONGEST_LINE = 4200


def require_plain(shown: Shown) -> None:
    """Success, or a failure that is told in words, under an exit code that is documented."""
    for text in shown[1:]:
        assert "This is a bug" not in text
        assert "internal_error" not in text
        assert "Traceback" not in text
    assert UNSEEN.search(shown.stderr) is None, shown
    assert shown.exit in set(Exit), shown
    assert shown.exit == 0 or shown.stderr.strip(), "a failure without a word"
    assert all(len(line) < LONGEST_LINE for line in shown.stderr.splitlines()), "a message of many pages"
