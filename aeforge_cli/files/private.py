"""Files and folders of our own: private, and looked at before they are opened, locked or replaced."""

import errno
import os
import stat
from pathlib import Path

# A file of these names may be readable by others without its folder being meant for them.
_OUR_FILES = ("config.toml", "config.lock", "jobs.sqlite3")
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# A FIFO would wait for a writer, and a terminal become the process's own.
_HARMLESS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


class NotRegular(OSError):
    """A device, FIFO, socket or folder stands where a file of ours should be."""


def require_regular(found: os.stat_result, path: Path) -> None:
    """Raises NotRegular, an OSError whose `strerror` says what stands at `path`."""
    if not stat.S_ISREG(found.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(found.st_mode)), "something else")
        raise NotRegular(errno.EINVAL, f"it is {kind}, not a regular file", str(path))


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """A descriptor of the regular file at `path`, followed through links; with O_CREAT a new file is private.

    Nothing else is opened, since opening alone has effects on some devices, and waits on a FIFO. Raises NotRegular and
    OSError.
    """
    try:
        require_regular(path.stat(), path)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    handle = os.open(path, flags | _HARMLESS, 0o600)
    try:
        require_regular(os.fstat(handle), path)  # another may have taken the name in between
    except BaseException:
        os.close(handle)
        raise
    return handle


def is_ours(found: os.stat_result) -> bool:
    """Whether the file belongs to the user of this process; on Windows the folder's own rules hold."""
    return os.name != "posix" or found.st_uid == os.geteuid()


def private_folder(path: Path) -> list[str]:
    """Makes a folder that only its owner may enter, with its parents; an existing one is treated by `made_private`.

    Returns warnings for the user. Raises OSError where it cannot be made, or something else stands there.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return made_private(path)


def made_private(path: Path) -> list[str]:
    """Takes the rights of others away from a file or folder of ours, and returns what the user should know of it.

    A folder of another user, and one that also holds what others may read (/tmp, a project), stays as it is: what we
    put there is private by itself. Raises OSError only where `path` cannot be looked at.
    """
    found = path.stat()
    if os.name != "posix" or not found.st_mode & 0o077 or not is_ours(found):
        return []
    try:
        if stat.S_ISDIR(found.st_mode) and _is_shared(path, found):
            return []
        path.chmod(found.st_mode & 0o700)
    except OSError as error:  # a disk that is mounted read-only
        return [f"{path} can be read by others, and cannot be made private ({error.strerror})"]
    return [f"{path} could be read by others; it is private now"]


def _is_shared(path: Path, found: os.stat_result) -> bool:
    if found.st_mode & stat.S_ISVTX:
        return True
    with os.scandir(path) as entries:
        return any(_is_for_others(entry) for entry in entries)


def _is_for_others(entry: "os.DirEntry[str]") -> bool:
    mode = entry.stat(follow_symlinks=False).st_mode
    return not stat.S_ISLNK(mode) and bool(mode & 0o044) and not entry.name.startswith(_OUR_FILES)
