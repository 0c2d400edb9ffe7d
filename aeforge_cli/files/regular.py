"""What stands at a path: only regular files are read, locked and replaced; pipes and devices are written to.

Opening anything else can wait for ever (a FIFO), never end (/dev/zero), or act (a tape rewinds); renaming a file over a
device removes the device.
"""

import errno
import os
import re
import stat
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

# Windows has neither FIFOs in its folders nor these flags, but O_BINARY, which others lack.
_NONBLOCK, _NOCTTY, _BINARY = (getattr(os, f"O_{name}", 0) for name in ("NONBLOCK", "NOCTTY", "BINARY"))
_OPEN_FILES = re.compile(r"/proc/[^/]+(/task/\d+)?/fd|/dev/fd")


class NotRegular(OSError):
    """What stands there is a folder, a pipe, a socket or a device; `mode` is its `st_mode`."""

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__(errno.EINVAL, f"it is {what_is(mode)}, not a regular file", str(path))
        self.mode = mode


def what_is(mode: int) -> str:
    """The kind of file that `st_mode` stands for, with its article."""
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFREG: "a file"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def open_regular(path: Path) -> BufferedReader:
    """Opens a file for reading, through links. Raises NotRegular or another OSError, or ValueError for a name."""
    return os.fdopen(descriptor_of(path), "rb")


def descriptor_of(path: Path, flags: int = os.O_RDONLY) -> int:
    """As `open_regular`, the descriptor alone; with O_CREAT in `flags` a new file is private."""
    try:
        require_regular(path.stat(), path)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    # A FIFO would wait for a writer, and a terminal become the process's own.
    number = os.open(path, flags | _NONBLOCK | _NOCTTY | _BINARY, 0o600)
    try:
        require_regular(os.fstat(number), path)  # it may have been replaced since
    except OSError:
        os.close(number)
        raise
    return number


def require_regular(found: os.stat_result, path: Path) -> None:
    """Raises NotRegular, whose `strerror` says what stands at `path`."""
    if not stat.S_ISREG(found.st_mode):
        raise NotRegular(path, found.st_mode)


def can_be_a_name(text: str) -> bool:
    """Whether a path can be written so: lists may hold zeros, and halves of characters."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def is_replaceable(path: Path) -> bool:
    """Whether a file may be renamed to this path: nothing is there, or a regular file, or a link to one or to none."""
    if is_stream(path):
        return False
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def is_stream(path: Path) -> bool:
    """Whether the path, through links, is a pipe, a socket or a device, or stands for a file that a process has open.

    The latter is /dev/stdout in `aeforge … -o /dev/stdout > a.png`: it is a link that no file may replace, not even
    while standard output is closed.
    """
    try:
        if _open_file(path) is not None:
            return True
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def is_writable(path: Path) -> bool:
    """Whether this process may write to what stands at the path."""
    own = _own_descriptor(path)
    if own is None:
        return os.access(path, os.W_OK)
    import fcntl

    return fcntl.fcntl(own, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY


def _open_file(path: Path) -> Path | None:
    """The entry for a process's open file that the path leads to, such as /proc/4711/fd/1."""
    for _ in range(40):  # as many links as Linux follows
        folder = os.path.realpath(path.parent)
        if _OPEN_FILES.fullmatch(folder):
            return Path(folder, path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _own_descriptor(path: Path) -> int | None:
    """The number of the file that this process has open under such a name."""
    entry = _open_file(path)
    ours = {f"/proc/{os.getpid()}/fd", "/dev/fd"}
    return int(entry.name) if entry and str(entry.parent) in ours and entry.name.isdecimal() else None


def is_standard_output(path: Path) -> bool:
    """Whether the path is another name for this process's standard output, such as /dev/stdout."""
    return is_stream(path) and _own_descriptor(path) == 1


def is_terminal(path: Path) -> bool:
    """Whether the path is the terminal that this process has for standard input, output or error."""
    mode = path.stat()
    if not stat.S_ISCHR(mode.st_mode):
        return False
    return str(path) == "/dev/tty" or any(_is_terminal_at(number, mode.st_rdev) for number in range(3))


def _is_terminal_at(number: int, device: int) -> bool:
    try:
        return os.isatty(number) and os.fstat(number).st_rdev == device
    except OSError:
        return False


def open_stream(path: Path) -> BinaryIO | None:
    """Opens a pipe or a device for writing; None for a FIFO that nobody reads yet. Raises OSError.

    What this process has open already is written where it stands: opened anew, `>> log` would be overwritten.
    """
    own = _own_descriptor(path)
    if own is not None:
        return os.fdopen(os.dup(own), "wb")
    try:
        number = os.open(path, os.O_WRONLY | _NONBLOCK | _BINARY | _NOCTTY)
    except OSError as error:
        if error.errno == errno.ENXIO and stat.S_ISFIFO(path.stat().st_mode):
            return None
        raise
    if _NONBLOCK:
        os.set_blocking(number, True)
    return os.fdopen(number, "wb")
