"""The name of this machine in the rows that it writes: who shares a state folder shares a disk.

The host's own name would not do: laptops change it with the network, containers with every start.
"""

import contextlib
import os
import platform
import re
import uuid
from pathlib import Path

_LONGEST = 300  # characters


def this_machine(folder: Path) -> str:
    """The name in the state folder, made at the first time; the host's own where none can be kept."""
    path = folder / "machine"
    kept = _kept(path)
    if kept is None:
        _keep(path, f"{_host()}-{uuid.uuid4().hex[:8]}")
        kept = _kept(path)  # again: another process may have been faster
    return kept or _host()


def _host() -> str:
    return re.sub(r"[^\w.-]", "-", platform.node(), flags=re.ASCII)[:100] or "machine"


def _kept(path: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError):
        if path.is_file():
            text = path.read_text("ascii").strip()
            return text if 0 < len(text) < _LONGEST else None
    return None


def _keep(path: Path, name: str) -> None:
    staged = path.with_name(f".machine-{uuid.uuid4().hex}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged.touch(mode=0o600)
        staged.write_text(f"{name}\n", "ascii")
        with contextlib.suppress(FileExistsError):
            os.link(staged, path)  # whole from its first instant, and never over one that is there
    with contextlib.suppress(OSError):
        staged.unlink()
