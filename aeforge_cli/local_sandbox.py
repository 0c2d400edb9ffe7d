"""The sandbox of `--sandbox`: one that runs already, or one of its own for the length of a command.

A sandbox started here lives no longer than its parent: it reads a pipe, and ends when the kernel closes it.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from aeforge_cli.errors import Unreachable, Usage
from aeforge_cli.files.locks import is_locked, is_removed

START_SECONDS = 20.0
PORT = 8765


@contextlib.contextmanager
def running_sandbox(
    state_dir: Path, say: Callable[[str], None], standing: str = f"http://127.0.0.1:{PORT}/public/v1"
) -> Iterator[str]:
    """The base URL of a sandbox; `standing` is asked for first, `say` gets what it has to tell.

    Raises Usage where the extra is missing, Unreachable where it does not start.
    """
    if _answers(standing):
        yield standing
        return
    with _own_folder(state_dir) as folder, _started(folder, say) as base_url:
        yield base_url


def reason_of_failure(base_url: str, job_id: str) -> str:
    """Why a job of the sandbox failed; the API itself, like the service's, does not say."""
    found = _asked(f"{_origin(base_url)}/sandbox/jobs/{job_id}")
    lines = [line.strip() for line in str(found.get("reason") or "").splitlines()]
    items = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    return " ".join([*(line for line in lines if not line.startswith("- ")), "; ".join(items)]).strip()


@contextlib.contextmanager
def _own_folder(state_dir: Path) -> Iterator[Path | None]:
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


def _answers(base_url: str) -> bool:
    """Whether a sandbox of ours listens there; anything else on the port is left alone."""
    return _asked(f"{_origin(base_url)}/sandbox").get("sandbox") is True


def _origin(base_url: str) -> str:
    return base_url.removesuffix("/public/v1")


def _asked(url: str) -> Mapping[str, object]:
    """What a sandbox tells of itself; nothing where none answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy's loopback is not ours
    try:
        with opener.open(url, timeout=1) as answer:
            found = json.load(answer)
    except (OSError, ValueError, http.client.HTTPException):
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _started(folder: Path | None, say: Callable[[str], None]) -> Iterator[str]:
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
    slow = threading.Timer(START_SECONDS, process.kill)
    slow.start()
    try:
        base_url = _announced(process)
        slow.cancel()
        threading.Thread(target=_relay, args=(process, say), daemon=True).start()
        yield base_url
    finally:
        slow.cancel()
        _end(process)


def _announced(process: "subprocess.Popen[str]") -> str:
    """The base URL, which is the first line of the sandbox's stdout."""
    if process.stdout and (line := process.stdout.readline().strip()):
        return line
    said = process.stderr.read().strip() if process.stderr else ""
    if "aeforge[sandbox]" in said:
        raise Usage(
            "The sandbox is not installed", hint='pip install "aeforge[sandbox]", or pipx install "aeforge[sandbox]"'
        )
    raise Unreachable("The sandbox did not start", why=said or "it said nothing", hint="aeforge sandbox shows why")


def _relay(process: "subprocess.Popen[str]", say: Callable[[str], None]) -> None:
    """Passes on the sandbox's log."""
    with contextlib.suppress(ValueError):  # closed at the end
        for line in process.stderr or ():
            say(line.rstrip())


def _end(process: "subprocess.Popen[str]") -> None:
    """The sandbox ends by itself when its standard input does."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
