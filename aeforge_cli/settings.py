"""Where every value comes from, and where the key is kept.

    option  >  environment  >  profile in the config file  >  default

The config file is TOML, private from its first instant, replaced whole, and safe under several writers:

    profile = "work"              # the profile used without --profile and AEFORGE_PROFILE
    [profiles.work]
    api_key = "..."
    quality = "pro"
"""

import contextlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aeforge_cli.errors import CannotSave, ConfigInvalid, NotSignedIn, Usage
from aeforge_cli.links import checked_base_url
from aeforge_cli.locks import is_locked
from aeforge_cli.redaction import Secret, checked_key

DEFAULT_BASE_URL = "https://api.aetherforgeai.com/public/v1"
DEFAULT_PROFILE = "default"
_LOCK_SECONDS = 30


# ------------------------------------------------------------------ values


def seconds(text: str) -> float | None:
    """A duration: `90`, `90s`, `10m`, `1h`; None for `0`, which means without limit. Raises Usage."""
    found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([smh]?)\s*", text)
    if found is None:
        raise Usage(f"{text!r} is no duration", hint="for example: 90, 90s, 10m or 1h; 0 means without limit")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] or None


def _duration(text: str) -> str:
    seconds(text)
    return text


def _quality(text: str) -> str:
    from aeforge_cli.operations import Quality

    if text not in list(Quality):
        raise Usage(f"{text!r} is no quality", hint=f"choose one of {', '.join(Quality)}")
    return text


def _count(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise Usage(f"{text!r} is no number of jobs", hint="a whole number from 1 to 9999")
    return text


class Setting(NamedTuple):
    """One name in the config file; `check` returns the value or raises Usage."""

    name: str
    variable: str
    default: str
    help: str
    check: Callable[[str], str]


def checked_profile(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise Usage(f"{name!r} is no name for a profile", hint="use letters, digits, - and _")
    return name


# It chooses among the profiles, and so stands above them in the file.
PROFILE = Setting("profile", "AEFORGE_PROFILE", DEFAULT_PROFILE, "whose settings and key are used", checked_profile)
SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("base_url", "AEFORGE_BASE_URL", DEFAULT_BASE_URL, "the service's address", checked_base_url),
        Setting("quality", "AEFORGE_QUALITY", "standard", "standard or pro", _quality),
        Setting("timeout", "AEFORGE_TIMEOUT", "10m", "patience for one job; 0 means without limit", _duration),
        Setting("jobs", "AEFORGE_JOBS", "16", "how many jobs may be under way at once", _count),
    )
}


class Value(NamedTuple):
    """A setting's value, and where it comes from in words for people."""

    text: str
    source: str


class Settings:
    """The settings of one invocation; `options` are those given on the command line."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        profile: str | None = None,
        options: Mapping[str, str | None] | None = None,
    ) -> None:
        self._environment = environment
        self._options = {PROFILE.name: profile, **(options or {})}
        self.config_dir = _folder(environment, "AEFORGE_CONFIG_DIR", "user_config_path")
        self.state_dir = _folder(environment, "AEFORGE_STATE_DIR", "user_state_path")
        self.file = ConfigFile(self.config_dir / "config.toml")

    @property
    def profile(self) -> str:
        return self[PROFILE.name].text

    @property
    def keeps_history(self) -> bool:
        return self._environment.get("AEFORGE_NO_HISTORY", "") in ("", "0")

    def __getitem__(self, name: str) -> Value:
        """The value of a setting, checked. Raises Usage, naming the source."""
        setting = PROFILE if name == PROFILE.name else SETTINGS[name]
        value = self._found(setting)
        try:
            return Value(setting.check(value.text), value.source)
        except Usage as error:
            error.message = f"{error.message} (from {value.source})"
            raise

    def _found(self, setting: Setting) -> Value:
        if (given := self._options.get(setting.name)) is not None:
            return Value(given, f"--{setting.name.replace('_', '-')}")
        if given := self._environment.get(setting.variable):
            return Value(given, setting.variable)
        if setting is PROFILE:
            table, place = self.file.content, str(self.file.path)
        else:
            table, place = self.file.profile(self.profile), self._place
        kept = table.get(setting.name)
        return Value(setting.default, "the default") if kept is None else Value(str(kept), place)

    @property
    def _place(self) -> str:
        return f"profile {self.profile} in {self.file.path}"

    def key(self) -> tuple[Secret, str]:
        """The API key and its source. Raises NotSignedIn without one."""
        if given := self._environment.get("AEFORGE_API_KEY"):
            return checked_key(given, "AEFORGE_API_KEY"), "AEFORGE_API_KEY"
        kept = self.file.profile(self.profile).get("api_key")
        if isinstance(kept, str):
            return checked_key(kept, self._place), self._place
        raise NotSignedIn(
            "There is no API key",
            why=f"neither AEFORGE_API_KEY nor profile {self.profile} has one",
            hint="aeforge auth login, or try the same command with --sandbox, which needs none and costs nothing",
        )


def _folder(environment: Mapping[str, str], variable: str, standard: str) -> Path:
    if named := environment.get(variable):
        return Path(named).expanduser().absolute()
    import platformdirs

    return Path(getattr(platformdirs, standard)("aeforge", appauthor=False))


# ------------------------------------------------------------------ the file

_TOP = (PROFILE.name,)
_IN_PROFILE = ("api_key", "verified", *SETTINGS)


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
        unknown = [name for name in content if name not in (*_TOP, "profiles")]
        profiles = content.get("profiles")
        for profile, values in profiles.items() if isinstance(profiles, dict) else ():
            if isinstance(values, dict):
                unknown += [f"profiles.{profile}.{name}" for name in values if name not in _IN_PROFILE]
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
