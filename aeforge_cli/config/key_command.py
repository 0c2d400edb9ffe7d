"""`api_key_command`: a program of the user's that prints the API key."""

import contextlib
import shlex
import subprocess
import sys
import threading

from aeforge_cli.errors import NotSignedIn

SECONDS = 30.0
_LONGEST = 10_000  # bytes; a key has at most 512


def program_of(command: str) -> str:
    """The program's name, for messages: its arguments may be private."""
    return (shlex.split(command) or [""])[0]


def printed_by(command: str, source: str, *, limit: float = SECONDS) -> str:
    """What the program prints, run without a shell; `limit` is in seconds.

    It may ask its own questions on the terminal. Raises NotSignedIn, which never holds what the program printed.
    """
    name = program_of(command)

    def failed(why: str) -> NotSignedIn:
        return NotSignedIn(f"The program of {source} printed no API key", why=why, hint=f"try it by itself: {name}")

    # Without a terminal nobody could answer it, and what it complains of might hold the key.
    errors = None if sys.stderr is not None and sys.stderr.isatty() else subprocess.DEVNULL
    try:
        process = subprocess.Popen(shlex.split(command), stdin=None, stdout=subprocess.PIPE, stderr=errors)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be started"
        raise failed(f"{name}: {why}") from None
    content: list[bytes] = []
    # Not `communicate`: a grandchild that keeps the pipe open would be waited for without end.
    reader = threading.Thread(target=_read, args=(process, content), daemon=True)
    try:
        reader.start()
        status = process.wait(limit)
        reader.join(1)
    except subprocess.TimeoutExpired:
        raise failed(f"{name} took longer than {limit:g} s") from None
    finally:
        process.kill()  # does nothing to one that has ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
    if status:
        raise failed(f"{name} " + (f"exited with status {status}" if status > 0 else f"was ended by signal {-status}"))
    text = b"".join(content)
    if len(text) > _LONGEST:
        raise failed(f"{name} printed more than a key")
    return text.decode("ascii", errors="replace")


def _read(process: "subprocess.Popen[bytes]", content: list[bytes]) -> None:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    size = 0
    with process.stdout as stream:
        while block := stream.read(1):
            size += 1
            if size <= _LONGEST + 1:
                content.append(block)
