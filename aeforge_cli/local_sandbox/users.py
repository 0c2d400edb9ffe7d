"""Who uses the sandbox that commands of this user share: it ends when the last of them has left.

STATE_DIR/sandboxes/NAME.lock  one for each command that uses a sandbox, locked while its process exists
STATE_DIR/sandboxes/turn       locked while a command joins, and while a sandbox that nobody uses ends
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from aeforge_cli.files.locks import is_locked
from aeforge_cli.journal.run_locks import RunLock
from aeforge_cli.local_sandbox.registration import private_folder

_POLL_SECONDS = 0.05


class SandboxUsers:
    def __init__(self, state_dir: Path) -> None:
        """Raises OSError where the state folder takes no private file."""
        folder = private_folder(state_dir)
        self._turn = folder / "turn"
        self._lock = RunLock(folder)

    def join(self) -> None:
        """Keeps the sandbox running until `leave`, or the end of this process. Raises CannotSave without file locks."""
        _ = self._lock.name

    def leave(self) -> None:
        self._lock.release()

    def has_others(self) -> bool:
        return any(self._lock.others())

    @contextlib.contextmanager
    def turn(self, *, seconds: float = 0) -> Iterator[bool]:
        """Whether nobody else joins or ends a sandbox meanwhile; waits so long for those who do. Raises OSError."""
        until = time.monotonic() + seconds
        with self._turn.open("ab") as stream:
            while (held := is_locked(stream)) and time.monotonic() < until:
                time.sleep(_POLL_SECONDS)
            yield not held
