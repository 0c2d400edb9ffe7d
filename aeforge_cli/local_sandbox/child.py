"""A sandbox that a command starts; it ends when its standard input does and no other command uses it.

Its standard output is the base URL, then at its end the ids of jobs whose links nobody opened. Where the extra is not
installed, it is PACKAGES_MISSING alone.
"""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from aeforge_cli.errors import Unreachable, Usage
from aeforge_cli.files.locks import is_locked

PACKAGES_MISSING = "packages missing"
START_SECONDS = 20.0
_END_SECONDS = 5.0


class Child:
    """A new sandbox. Unfinished jobs are kept in the state folder, so that `job wait ID --sandbox` finds them."""

    def __init__(self, state_dir: Path | None, *, log: Callable[[str], None]) -> None:
        """Without a state folder nobody else finds it. Raises Usage where the extra is missing, Unreachable where the
        sandbox does not start.
        """
        folder = None if state_dir is None or _is_in_use(state_dir / "sandbox") else state_dir / "sandbox"
        # Done by the first poll: here nobody waits for a service that only pretends to be slow.
        command = [sys.executable, "-m", "aeforge_cli", "sandbox", "--child", "--port", "0", "--delay", "0.5"]
        self.keeps_jobs = folder is not None
        self._process = subprocess.Popen(
            command + (["--state", str(folder)] if folder else []),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=os.name == "posix",  # Ctrl-C is for us; the sandbox answers until we have left
            text=True,
            errors="replace",
        )
        slow = threading.Timer(START_SECONDS, self._process.kill)
        slow.start()
        try:
            self.base_url = self._announced()
        except BaseException:
            self.end(is_used=False)
            raise
        finally:
            slow.cancel()
        threading.Thread(target=self._relay, args=(log,), daemon=True).start()

    def _announced(self) -> str:
        """The base URL, which is the first line of the sandbox's stdout."""
        line = self._process.stdout.readline().strip() if self._process.stdout else ""
        if line == PACKAGES_MISSING:
            from aeforge_cli.extras import install_hint

            raise Usage("The sandbox is not installed", hint=install_hint("sandbox"))
        if line:
            return line
        said = self._process.stderr.read().strip() if self._process.stderr else ""
        why = said or "it said nothing"
        raise Unreachable("The sandbox did not start", why=why, hint="to see why: aeforge sandbox")

    def _relay(self, log: Callable[[str], None]) -> None:
        """Passes on the sandbox's log."""
        with contextlib.suppress(ValueError):  # closed at the end
            for line in self._process.stderr or ():
                log(line.rstrip())

    def end(self, *, is_used: bool) -> list[str]:
        """Waits for its end; the ids of jobs whose links were given out, and whose results nobody fetched.

        One that `is_used` by others is left to them, and says nothing yet.
        """
        slow = threading.Timer(_END_SECONDS, self._process.kill)
        last_words: list[str] = []
        try:
            if self._process.stdin:
                self._process.stdin.close()
            if not is_used:
                slow.start()
                last_words = self._process.stdout.read().split() if self._process.stdout else []
                self._process.wait()
        finally:
            slow.cancel()
            for stream in (self._process.stdout, self._process.stderr):
                if stream and not is_used:
                    stream.close()
        return last_words


def _is_in_use(folder: Path) -> bool:
    """Whether a sandbox keeps its jobs there that could not be asked to prove itself."""
    try:
        with (folder / "sandbox.lock").open("ab") as stream:
            return is_locked(stream)
    except FileNotFoundError:
        return False
    except OSError:
        return True
