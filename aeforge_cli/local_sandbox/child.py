"""A sandbox that lives as long as the command that started it: it reads a pipe, and ends when the kernel closes it.

Its standard output is the base URL, then at its end the ids of jobs whose links nobody opened. Where the extra is not
installed, it is PACKAGES_MISSING alone.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aeforge_cli.errors import Unreachable, Usage
from aeforge_cli.files.locks import is_locked, is_removed

PACKAGES_MISSING = "packages missing"
_START_SECONDS = 20.0
_END_SECONDS = 5.0


@contextlib.contextmanager
def own_folder(state_dir: Path) -> Iterator[Path | None]:
    """Where unfinished jobs outlive the command, so that `job wait ID --sandbox` finds them.

    None while another command's sandbox lives there, or where no state can be kept.
    """
    path = state_dir / "sandbox.lock"
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = path.open("ab")
    except OSError:
        yield None
        return
    with stream:
        # One that ended between our opening and our locking has removed it.
        if is_locked(stream) or is_removed(stream):
            yield None
            return
        yield state_dir / "sandbox"
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def started(
    folder: Path | None, *, log: Callable[[str], None], ended: Callable[[Sequence[str]], None]
) -> Iterator[str]:
    """The base URL of a new sandbox that keeps its jobs in `folder`.

    `ended` gets the ids of the jobs whose links were given out, and whose results nobody fetched. Raises Usage where
    the extra is missing, Unreachable where the sandbox does not start.
    """
    command = [sys.executable, "-m", "aeforge_cli", "sandbox", "--child", "--port", "0"]
    process = subprocess.Popen(
        command + (["--state", str(folder)] if folder else []),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=os.name == "posix",  # Ctrl-C is for us; the sandbox answers until we have left
        text=True,
        errors="replace",
    )
    slow = threading.Timer(_START_SECONDS, process.kill)
    slow.start()
    try:
        base_url = _announced(process)
        slow.cancel()
        threading.Thread(target=_relay, args=(process, log), daemon=True).start()
        yield base_url
    finally:
        slow.cancel()
        ended(_end(process))


def _announced(process: "subprocess.Popen[str]") -> str:
    """The base URL, which is the first line of the sandbox's stdout."""
    line = process.stdout.readline().strip() if process.stdout else ""
    if line == PACKAGES_MISSING:
        from aeforge_cli.extras import install_hint

        raise Usage("The sandbox is not installed", hint=install_hint("sandbox"))
    if line:
        return line
    said = process.stderr.read().strip() if process.stderr else ""
    raise Unreachable("The sandbox did not start", why=said or "it said nothing", hint="to see why: aeforge sandbox")


def _relay(process: "subprocess.Popen[str]", log: Callable[[str], None]) -> None:
    """Passes on the sandbox's log."""
    with contextlib.suppress(ValueError):  # closed at the end
        for line in process.stderr or ():
            log(line.rstrip())


def _end(process: "subprocess.Popen[str]") -> list[str]:
    """The sandbox ends by itself when its standard input does; what it says on standard output then is returned."""
    slow = threading.Timer(_END_SECONDS, process.kill)
    slow.start()
    try:
        if process.stdin:
            process.stdin.close()
        last_words = process.stdout.read().split() if process.stdout else []
        process.wait()
    finally:
        slow.cancel()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
    return last_words
