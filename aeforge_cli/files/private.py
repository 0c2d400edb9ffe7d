"""Files and folders of our own, which others must not read."""

import os
import stat
from pathlib import Path

# A file of these names may be readable by others without its folder being meant for them.
_OUR_FILES = ("config.toml", "config.lock", "jobs.sqlite3")


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
