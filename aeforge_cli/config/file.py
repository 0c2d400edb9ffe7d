"""The config file: TOML, private from its first instant, replaced whole, safe under several writers."""

import contextlib
import json
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aeforge_cli.config.catalogue import PROFILE, SETTINGS
from aeforge_cli.errors import CannotSave, ConfigInvalid
from aeforge_cli.files.locks import is_locked

_LOCK_SECONDS = 30


TOP_NAMES = (PROFILE.name,)


PROFILE_NAMES = ("api_key", "verified", *SETTINGS)


class ConfigFile:
    """The config file; read when first asked, changed under a lock. `warnings` are for the user to see."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.warnings: list[str] = []
        self._content: dict[str, object] | None = None

    @property
    def content(self) -> Mapping[str, object]:
        if self._content is None:
            self._content = self._parsed(self._text())
            self._warn_of_unknown(self._content)
        return self._content

    @property
    def profiles(self) -> Mapping[str, object]:
        profiles = self.content.get("profiles", {})
        if not isinstance(profiles, dict):
            raise ConfigInvalid(f"{self.path}: `profiles` is no table", hint=f"correct the file: {self.path}")
        return profiles

    def profile(self, name: str) -> Mapping[str, object]:
        """The profile's values; empty for one that does not exist."""
        values = self.profiles.get(name, {})
        if not isinstance(values, dict):
            raise ConfigInvalid(f"{self.path}: profile {name} is no table", hint=f"correct the file: {self.path}")
        return values

    def change(self, profile: str | None, values: Mapping[str, str | None]) -> None:
        """Sets values of a profile, or removes those that are None; other lines stay as they are.

        Without a profile they stand above all profiles. Raises CannotSave, and ConfigInvalid for a file that cannot be
        read.
        """
        try:
            self._make_folder()
            with self._locked():
                text = self._text()
                before = self._parsed(text)
                for name, value in values.items():
                    text = _edited(text, profile and f"profiles.{profile}", name, value)
                self._require_same(before, self._parsed(text), profile, values)
                self._replace(text)
        except OSError as error:
            raise CannotSave(
                f"{self.path} cannot be written",
                why=error.strerror or type(error).__name__,
                hint="name a folder that can be written with AEFORGE_CONFIG_DIR, or use AEFORGE_API_KEY",
            ) from None
        self._content = None

    # -------------------------------------------------------------- reading

    def _text(self) -> str:
        try:
            with self.path.open("rb") as stream:
                self._require_private(os.fstat(stream.fileno()))
                return stream.read().decode("utf-8-sig")
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except UnicodeDecodeError:
            raise ConfigInvalid(f"{self.path} is not UTF-8 text", hint=f"correct the file: {self.path}") from None
        except OSError as error:
            raise ConfigInvalid(
                f"{self.path} cannot be read", why=error.strerror or "", hint="correct its permissions"
            ) from None

    def _require_private(self, found: os.stat_result) -> None:
        if os.name != "posix":
            return
        if found.st_uid not in (os.geteuid(), 0):
            raise ConfigInvalid(
                f"{self.path} belongs to another user", hint="make it yours, or name another with AEFORGE_CONFIG_DIR"
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            self.warnings.append(f"{self.path} could be read by others; it is private now")
            with contextlib.suppress(OSError):  # a read-only disk; the warning stands
                self.path.chmod(0o600)

    def _parsed(self, text: str) -> dict[str, object]:
        if not text:
            return {}
        import tomllib

        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigInvalid(f"{self.path} is not valid TOML", why=str(error), hint="correct that line") from None

    def _warn_of_unknown(self, content: Mapping[str, object]) -> None:
        unknown = [name for name in content if name not in (*TOP_NAMES, "profiles")]
        profiles = content.get("profiles")
        for profile, values in profiles.items() if isinstance(profiles, dict) else ():
            if isinstance(values, dict):
                unknown += [f"profiles.{profile}.{name}" for name in values if name not in PROFILE_NAMES]
        self.warnings += [f"{self.path}: {name} is not known, and ignored" for name in unknown]

    # -------------------------------------------------------------- writing

    def _make_folder(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        deadline = time.monotonic() + _LOCK_SECONDS
        path = self.path.with_name("config.lock")
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as stream:
            while is_locked(stream):
                if time.monotonic() > deadline:
                    raise CannotSave(
                        f"{path} stayed locked for {_LOCK_SECONDS} s", hint="end the process that holds it"
                    )
                time.sleep(0.02)
            yield

    def _require_same(
        self,
        before: Mapping[str, object],
        after: Mapping[str, object],
        profile: str | None,
        values: Mapping[str, str | None],
    ) -> None:
        """A line-wise edit of TOML is only good if the parser agrees that nothing else changed."""
        wanted = json.loads(json.dumps(before, default=str))
        section = _section(wanted, profile)
        for name, value in values.items():
            section.pop(name, None) if value is None else section.update({name: value})
        got = json.loads(json.dumps(after, default=str))
        _section(got, profile)
        if got != wanted:
            raise ConfigInvalid(
                f"{self.path} is written in a way that cannot be changed safely", hint="edit it by hand"
            )

    def _replace(self, text: str) -> None:
        import secrets

        target = self.path.resolve()  # through a link, as people who keep their config in a repository expect
        for left in target.parent.glob(".config.toml.*.tmp"):
            left.unlink(missing_ok=True)  # a killed writer's; it may hold a key, and we hold the lock
        staged = target.with_name(f".config.toml.{secrets.token_hex(8)}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            with os.fdopen(os.open(staged, flags, 0o600), "w", encoding="utf-8", newline="\n") as stream:
                if hasattr(os, "fchmod"):
                    os.fchmod(stream.fileno(), 0o600)  # whatever the umask
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            staged.replace(target)
        except OSError:
            staged.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _section(content: dict[str, Any], profile: str | None) -> dict[str, Any]:
    """The table to change; made where there is none."""
    section: dict[str, Any] = content if profile is None else content.setdefault("profiles", {}).setdefault(profile, {})
    return section


def _edited(text: str, table: str | None, name: str, value: str | None) -> str:
    """The TOML text with one string of a table, or above all tables, set, or removed if `value` is None."""
    lines = text.splitlines()
    header = -1 if table is None else next((i for i, line in enumerate(lines) if _header(line) == table), None)
    if header is None:
        if value is None:
            return text
        lines += ["", f"[{table}]"] if lines else [f"[{table}]"]
        header = len(lines) - 1
    end = next((i for i in range(header + 1, len(lines)) if _header(lines[i])), len(lines))
    old = next((i for i in range(header + 1, end) if re.match(rf'\s*"?{re.escape(name)}"?\s*=', lines[i])), None)
    new = [] if value is None else [f"{name} = {json.dumps(value)}"]
    if old is not None:
        lines[old : old + 1] = new
    elif table is None:
        lines[:0] = [*new, ""] if new and lines else new  # a remark may lead what comes first by now
    else:
        last = max((i for i in range(header, end) if lines[i].strip()), default=header)
        lines[last + 1 : last + 1] = new
    return "\n".join(lines) + "\n" if lines else ""


def _header(line: str) -> str | None:
    found = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$", line)
    return found and found[1].replace('"', "").replace(" ", "")
