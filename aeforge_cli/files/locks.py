"""File locks that the kernel frees however a process ends; on every system Python knows."""

import os
import sys
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def lock(stream: BinaryIO) -> None:
    """Takes the lock; raises OSError if another process holds it."""
    if sys.platform == "win32":
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_locked(stream: BinaryIO) -> bool:
    """Whether another process holds the lock; if none did, we do now."""
    try:
        lock(stream)
    except OSError:
        return True
    return False


def is_removed(stream: BinaryIO) -> bool:
    """Whether the file was removed since it was opened, which Windows forbids: a lock on it then keeps nobody away."""
    return sys.platform != "win32" and os.fstat(stream.fileno()).st_nlink == 0
