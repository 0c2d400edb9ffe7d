"""Where every value comes from, and where the key is kept.

    option  >  environment  >  profile in the config file  >  default

The config file is TOML, private from its first instant, replaced whole, and safe under several writers:

    profile = "work"              # the profile used without --profile and AEFORGE_PROFILE
    [profiles.work]
    api_key = "..."
    quality = "pro"
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from aeforge_cli.config.catalogue import PROFILE, SETTINGS, Setting
from aeforge_cli.config.file import ConfigFile
from aeforge_cli.errors import NotSignedIn, Usage
from aeforge_cli.redaction import Secret, checked_key

# ------------------------------------------------------------------ values


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
