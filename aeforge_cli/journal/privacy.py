"""What only its owner may read: the state folder holds prompts, names of files and ids that were paid for."""

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

_OTHERS = 0o077


def make_private(folder: Path, names: Iterable[str]) -> None:
    """Takes the rights of others from the folder, and from those of its files, where they are this user's own.

    Not from a folder that is plainly meant for more: the root, a home, one that all may write to (`/tmp`).
    """
    if os.name == "nt":
        return
    if not _is_shared(folder):
        _restrict(folder)
    for name in names:
        if not (folder / name).is_symlink():
            _restrict(folder / name)


def _is_shared(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        is_sticky = bool(folder.stat().st_mode & stat.S_ISVTX)
        real = os.path.realpath(folder)
        return is_sticky or real in ("/", os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111 - raises nothing
    return True


def _restrict(path: Path) -> None:
    with contextlib.suppress(OSError):  # not there, or not ours to change
        found = path.stat()
        is_plain = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
        if is_plain and found.st_uid == os.geteuid() and found.st_mode & _OTHERS:
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
