"""How `--sandbox` finds a sandbox on any port, and knows that it is this user's.

STATE_DIR/sandboxes/PID-TOKEN.json, 0600 in a folder of 0700: {"base_url", "secret"}, there while the sandbox runs

Any user of the machine may listen on any port, so an address proves nothing. Who answers has to prove that it knows
the secret, which only this user can read, by an HMAC over a fresh nonce; the secret itself is never sent.
"""

import contextlib
import errno
import hashlib
import hmac
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from aeforge_cli.local_sandbox.loopback import get_json

_LONGEST = 4096  # bytes of a file; ours has about 150
_SECONDS = 1.0  # for one sandbox to prove itself; it takes milliseconds
_SECONDS_IN_ALL = 3.0
_LOOPBACK = ("127.0.0.1", "::1")


class Registration:
    """The file of one running sandbox. `publish` makes it, `withdraw` takes it away again."""

    def __init__(self, state_dir: Path) -> None:
        """Raises OSError where the state folder takes no private file."""
        self.secret = secrets.token_hex(32)
        self._path = private_folder(state_dir) / f"{os.getpid()}-{secrets.token_hex(4)}.json"

    def publish(self, base_url: str) -> None:
        """From now on `--sandbox` finds the sandbox at this address. Raises OSError."""
        content = json.dumps({"base_url": base_url, "secret": self.secret}).encode()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(self._path, flags, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(content)

    def withdraw(self) -> None:
        with contextlib.suppress(OSError):  # one that stays is recognised as stale
            self._path.unlink(missing_ok=True)


def find(state_dir: Path, *, first: int) -> str | None:
    """The base URL of a sandbox that proved to be this user's: the one on the port `first`, else the newest.

    Files of sandboxes that have ended are removed. Never raises for what it finds in the folder.
    """
    until = time.monotonic() + _SECONDS_IN_ALL
    for each in sorted(_registered(state_dir), key=lambda each: (each.port != first, -each.started)):
        match _asked_for_proof(each) if time.monotonic() < until else _Proof.MISSING:
            case _Proof.GIVEN:
                return each.base_url
            case _Proof.IMPOSSIBLE:
                with contextlib.suppress(OSError):
                    each.path.unlink(missing_ok=True)
            case _Proof.MISSING:
                pass
    return None


class _Proof(Enum):
    GIVEN = auto()
    MISSING = auto()
    """It may be ours, and be busy or stopped; it is not used."""
    IMPOSSIBLE = auto()
    """Nobody listens there, or a sandbox with another secret: while ours lives, no other process can."""


class _Registered(NamedTuple):
    path: Path
    base_url: str
    secret: str
    port: int
    started: int
    """Nanoseconds of the wall clock."""


def _asked_for_proof(sandbox: _Registered) -> _Proof:
    nonce = secrets.token_hex(32)
    try:
        answer = get_json(sandbox.base_url, f"/sandbox/proof?nonce={nonce}", seconds=_SECONDS)
    except ConnectionRefusedError:
        return _Proof.IMPOSSIBLE
    except OSError:
        return _Proof.MISSING
    match answer:
        case {"proof": str(given)}:
            return _Proof.GIVEN if hmac.compare_digest(given.encode(), _proof(sandbox, nonce)) else _Proof.IMPOSSIBLE
        case _:
            return _Proof.MISSING


def _proof(sandbox: _Registered, nonce: str) -> bytes:
    message = f"aeforge sandbox\n{sandbox.base_url}\n{nonce}"
    return hmac.new(sandbox.secret.encode(), message.encode(), hashlib.sha256).hexdigest().encode()


def _registered(state_dir: Path) -> Iterator[_Registered]:
    folder = _folder(state_dir)
    try:
        if not _is_ours(folder.lstat(), stat.S_IFDIR, closed_to=0o022):
            return
        paths = list(folder.glob("*.json"))
    except OSError:
        return
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            if found := _read(path):
                yield found


def _read(path: Path) -> _Registered | None:
    """None for what is not a private file of this user's that names a loopback address. Raises OSError, ValueError."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - a descriptor has no path
        found = os.fstat(file.fileno())
        if not _is_ours(found, stat.S_IFREG, closed_to=0o077):
            return None
        content = json.loads(file.read(_LONGEST))
    match content:
        case {"base_url": str(base_url), "secret": str(secret)} if len(secret) >= 32:
            place = urlsplit(base_url)
            if place.scheme == "http" and place.hostname in _LOOPBACK and place.port:
                return _Registered(path, base_url, secret, place.port, found.st_mtime_ns)
    return None


def private_folder(state_dir: Path) -> Path:
    """The folder of what is known about running sandboxes. Raises OSError where the state folder takes none."""
    folder = _folder(state_dir)
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours(folder.lstat(), stat.S_IFDIR, closed_to=0):
        raise PermissionError(errno.EPERM, "it is not a folder of this user", str(folder))
    folder.chmod(0o700)
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    return folder


def _folder(state_dir: Path) -> Path:
    return state_dir / "sandboxes"


def _is_ours(found: os.stat_result, kind: int, *, closed_to: int) -> bool:
    """Whether it is of that kind and of this user, and grants nobody what `closed_to` forbids; Windows has no modes."""
    if stat.S_IFMT(found.st_mode) != kind:
        return False
    if sys.platform == "win32":
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & closed_to
