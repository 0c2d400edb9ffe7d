"""The config file: TOML, private from its first instant, replaced whole, safe under several writers."""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from aeforge_cli.config.catalogue import PROFILE, SETTINGS
from aeforge_cli.config.toml_edit import CannotEdit, Change, edited, parsed
from aeforge_cli.errors import CannotSave, ConfigInvalid
from aeforge_cli.files.locks import lock
from aeforge_cli.files.private import is_ours, made_private, private_folder
from aeforge_cli.files.regular import descriptor_of, open_regular, require_regular

_LOCK_SECONDS = 30
_LARGEST = 1 << 20  # bytes; a config file has a few hundred
# What a lock that another process holds shows as; anything else means that this disk has no locks.
_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_BOM = "\ufeff"

KEY_NAMES = ("api_key", "keyring", "api_key_command")
TOP_NAMES = (PROFILE.name,)
PROFILE_NAMES = (*KEY_NAMES, "verified", "prices", *SETTINGS)


class ConfigFile:
    """The config file; read when first asked, changed under a lock. `warn` shows a sentence to the user."""

    def __init__(self, path: Path, warn: Callable[[str], None] = lambda _sentence: None) -> None:
        self.path = path
        self._warn = warn
        self._content: dict[str, object] | None = None
        self._refusal = ""

    @property
    def content(self) -> Mapping[str, object]:
        """All that the file says; nothing where there is none. Raises ConfigInvalid."""
        if self._content is None:
            self._content = self._parsed(self._text().removeprefix(_BOM))
            self._warn_of_unknown(self._content)
        return self._content

    @property
    def key_refusal(self) -> str:
        """Why a key in the file is not used; empty where it may be."""
        _ = self.content
        return self._refusal

    @property
    def profiles(self) -> Mapping[str, object]:
        profiles = self.content.get("profiles", {})
        if not isinstance(profiles, dict):
            raise ConfigInvalid(f"{self.path}: `profiles` is not a table", hint=f"correct the file: {self.path}")
        return profiles

    def profile(self, name: str) -> Mapping[str, object]:
        """The profile's values; empty for one that does not exist."""
        values = self.profiles.get(name, {})
        if not isinstance(values, dict):
            raise ConfigInvalid(f"{self.path}: profile {name} is not a table", hint=f"correct the file: {self.path}")
        return values

    def change(self, profile: str | None, values: Mapping[str, Change]) -> None:
        """Sets values of a profile, or removes those that are None; the rest of the file stays as it is.

        Without a profile they stand above all profiles. Raises CannotSave, and ConfigInvalid for a file that cannot be
        read, or not be changed without a risk to the rest of it.
        """
        try:
            for warning in private_folder(self.path.parent):
                self._warn(warning)
            with self._locked():
                before = self._text()
                if self._refusal and values.keys() & KEY_NAMES:
                    raise CannotSave(f"{self.path} cannot hold a key for you", why=self._refusal, hint=_OTHER_FOLDER)
                after = self._edited(before, profile, values)
                if after != before:
                    self._replace(after)
        except OSError as error:
            raise CannotSave(
                f"{self.path} cannot be written",
                why=error.strerror or type(error).__name__,
                hint="name a folder that can be written with AEFORGE_CONFIG_DIR, or use AEFORGE_API_KEY",
            ) from None
        self._content = None

    # -------------------------------------------------------------- reading

    def _text(self) -> str:
        """The text with its line ends as they are; empty for no file, and for another user's that may not be read."""
        self._refusal = ""
        try:
            return self._bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except UnicodeDecodeError:
            raise ConfigInvalid(f"{self.path} is not UTF-8 text", hint=f"correct the file: {self.path}") from None
        except OSError as error:
            why = error.strerror or type(error).__name__
            if isinstance(error, PermissionError) and not self._is_ours():
                self._refusal = f"{self.path} cannot be read: {why}"
                self._warn(f"{self._refusal}; its settings are not used")
                return ""
            raise ConfigInvalid(f"{self.path} cannot be read", why=why, hint=_OTHER_FOLDER) from None

    def _is_ours(self) -> bool:
        try:
            return is_ours(self.path.stat())
        except OSError:  # in a folder of another user
            return False

    def _bytes(self) -> bytes:
        with open_regular(self.path) as stream:
            found = os.fstat(stream.fileno())
            if not is_ours(found) and found.st_uid != 0:
                self._refusal = f"{self.path} belongs to another user (uid {found.st_uid})"
            for place in (self.path.parent, self.path):
                for warning in made_private(place):
                    self._warn(warning)
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ConfigInvalid(f"{self.path} is larger than {_LARGEST} bytes", hint=f"correct the file: {self.path}")
        return content

    def _parsed(self, text: str) -> dict[str, object]:
        if not text:
            return {}
        try:
            return parsed(text)
        except ValueError as error:
            raise ConfigInvalid(f"{self.path} is not valid TOML", why=str(error), hint="correct that line") from None

    def _warn_of_unknown(self, content: Mapping[str, object]) -> None:
        unknown = [name for name in content if name not in (*TOP_NAMES, "profiles")]
        profiles = content.get("profiles")
        for profile, values in profiles.items() if isinstance(profiles, dict) else ():
            if isinstance(values, dict):
                unknown += [f"profiles.{profile}.{name}" for name in values if name not in PROFILE_NAMES]
        for name in unknown:
            self._warn(f"{self.path}: {name} is not a known setting, and is ignored")

    # -------------------------------------------------------------- writing

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        path = self.path.with_name("config.lock")
        with os.fdopen(descriptor_of(path, os.O_RDWR | os.O_CREAT), "r+b") as stream:
            with contextlib.suppress(OSError):  # it locks all the same; only its owner may find it closed to him
                _give(stream.fileno(), path.parent.stat())
            deadline = time.monotonic() + _LOCK_SECONDS
            while True:
                try:
                    lock(stream)
                    break
                except OSError as error:
                    if error.errno not in _HELD:
                        break  # the file is still replaced whole; only two changes at once could lose one
                if time.monotonic() > deadline:
                    raise CannotSave(
                        f"{path} stayed locked for {_LOCK_SECONDS} s", hint="end the process that holds it"
                    )
                time.sleep(0.02)
            yield

    def _edited(self, text: str, profile: str | None, values: Mapping[str, Change]) -> str:
        mark = _BOM if text.startswith(_BOM) else ""
        self._parsed(text.removeprefix(_BOM))  # says what is wrong with it
        try:
            return mark + edited(text.removeprefix(_BOM), profile, values)
        except CannotEdit:
            raise ConfigInvalid(
                f"{self.path} is written in a way that cannot be changed safely", hint=f"edit it by hand: {self.path}"
            ) from None

    def _replace(self, text: str) -> None:
        import secrets

        # Through a link, as people who keep their config in a repository expect.
        target = Path(os.path.realpath(self.path))
        _remove_left_over(target.parent)
        staged = target.with_name(f".config.toml.{secrets.token_hex(8)}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        try:
            with os.fdopen(os.open(staged, flags, 0o600), "wb") as stream:
                if hasattr(os, "fchmod"):
                    os.fchmod(stream.fileno(), 0o600)  # whatever the umask
                with contextlib.suppress(FileNotFoundError):
                    found = target.stat()
                    require_regular(found, target)
                    _give(stream.fileno(), found)
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
            staged.replace(target)
        except OSError:
            staged.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


_OTHER_FOLDER = "name a folder of your own with AEFORGE_CONFIG_DIR"


def _give(handle: int, like: os.stat_result) -> None:
    """Lets what root makes beside another user's files belong to that user, who could not open it otherwise."""
    if hasattr(os, "fchown") and os.geteuid() == 0 and like.st_uid != 0:
        os.fchown(handle, like.st_uid, like.st_gid)


def _remove_left_over(folder: Path) -> None:
    """What a killed writer left may hold a key; whoever calls holds the lock."""
    for left in folder.glob(".config.toml.*.tmp"):
        with contextlib.suppress(IsADirectoryError, PermissionError):  # not made by us
            left.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
