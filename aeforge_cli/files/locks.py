"""File locks that the kernel frees however a process ends; on every system Python knows."""

import errno
import os
import sys
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# flock(2) says EWOULDBLOCK, CIFS passes on the server's EACCES, and msvcrt.locking says EACCES or EDEADLOCK.
_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class NoLocks(OSError):
    """The file system or the kernel has no file locks: some network mounts, FUSE, sandboxes (ENOSYS, ENOLCK, …)."""


def lock(stream: BinaryIO) -> None:
    """Takes the lock until the stream is closed.

    Raises BlockingIOError if another process or stream holds it, NoLocks where there are no locks.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        kind = BlockingIOError if error.errno in _HELD else NoLocks
        raise kind(error.errno, error.strerror) from None


def is_locked(stream: BinaryIO, *, without_locks: bool = True) -> bool:
    """Whether another process holds the lock; if none did, we do now. `without_locks` is the answer where none exist.

    The default is the careful answer: what may be in use is left alone.
    """
    try:
        lock(stream)
    except NoLocks:
        return without_locks
    except BlockingIOError:
        return True
    return False


def is_removed(stream: BinaryIO) -> bool:
    """Whether the file was removed since it was opened, which Windows forbids: a lock on it then keeps nobody away."""
    return sys.platform != "win32" and os.fstat(stream.fileno()).st_nlink == 0


def is_ours(stream: BinaryIO) -> bool:
    """Locks a file that was just made; whether nobody else has locked or removed it meanwhile.

    Without locks it is ours as well: who else looks for it finds it locked, see `is_locked`.
    """
    return not is_locked(stream, without_locks=False) and not is_removed(stream)
