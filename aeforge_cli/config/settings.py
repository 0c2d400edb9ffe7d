"""Where every value comes from, and where the key is kept.

    option  >  environment  >  profile in the config file  >  default

Two things differ: of budgets all that are set hold, and the key of a profile that was named by an option wins over the
environment. The config file is TOML, private from its first instant, replaced whole, and safe under several writers:

    profile = "work"              # the profile used without --profile and AEFORGE_PROFILE
    [profiles.work]
    api_key = "..."               # or api_key_command = "op read ...", or keyring = true
    quality = "pro"
    [profiles.work.prices]
    unit = "credits"
    inpaint.pro = 4
"""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aeforge_cli.config.catalogue import DEFAULT_DASHBOARD, DEFAULT_PROFILE, PROFILE, SETTINGS, Setting, checked, option
from aeforge_cli.config.file import ConfigFile
from aeforge_cli.config.values import quoted, text_of
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import ConfigInvalid, NotSignedIn, Usage
from aeforge_cli.redaction import Secret, checked_key

if TYPE_CHECKING:
    from aeforge_cli.config.budget import Budget
    from aeforge_cli.config.prices import Prices

DEFAULT = "the default"
_BUDGET = SETTINGS["budget"]
_COMMAND = SETTINGS["api_key_command"]

# ------------------------------------------------------------------ values


class Value(NamedTuple):
    """A setting's value, and where it comes from in words for people."""

    text: str
    source: str


class Shown(NamedTuple):
    """A setting as it may be shown, whatever is wrong with it: `error` says that."""

    text: str
    source: str
    error: Usage | None = None


@dataclass(frozen=True)
class KeySource:
    """Where the API key comes from; `read` gets it. Raises NotSignedIn.

    What is not `is_at_hand` comes from a program or a keyring, which may ask the user something.
    """

    name: str
    read: Callable[[], str]
    is_of_profile: bool
    is_at_hand: bool = True


class Settings:
    """The settings of one invocation; `options` are those given on the command line.

    `warn` shows a sentence to the user. A value is checked when it is asked for, so that a wrong one can be mended.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        profile: str | None = None,
        options: Mapping[str, str | None] | None = None,
        warn: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self._environment = environment
        self._options = {PROFILE.name: profile, **(options or {})}
        self._may_be_new = False
        self.config_dir = _folder(environment, "AEFORGE_CONFIG_DIR", "user_config_path")
        self.state_dir = _folder(environment, "AEFORGE_STATE_DIR", "user_state_path")
        self.file = ConfigFile(self.config_dir / "config.toml", warn)

    # -------------------------------------------------------------- the profile

    @property
    def profile(self) -> str:
        """The profile in use. Raises Usage if an option or the environment names one that does not exist."""
        name, source = self[PROFILE.name]
        if source in (option(PROFILE), PROFILE.variable) and not self._may_be_new:
            self.require_profile(name)
        return name

    def allow_new_profile(self) -> None:
        """The command makes the profile if it does not exist."""
        self._may_be_new = True

    def require_profile(self, name: str) -> None:
        """Raises Usage, with the known ones, if there is no such profile."""
        known = {DEFAULT_PROFILE, *self.file.profiles}
        if name not in known:
            raise Usage(
                f"There is no profile {name}",
                why=self.file.key_refusal or f"known profiles: {', '.join(map(_plain, sorted(known)))}",
                hint=f"to make it: {self._sign_in(name)}",
            )

    @property
    def sign_in(self) -> str:
        """The command that stores a key where this invocation looks for it."""
        return self._sign_in(self._options.get(PROFILE.name))

    def _sign_in(self, profile: str | None) -> str:
        given = ((option(PROFILE), profile), ("--base-url", self._options.get("base_url")))
        named = [word for name, value in given if value is not None for word in (name, value)]
        if not named:
            return "aeforge auth login"
        import shlex

        return shlex.join(["aeforge", "auth", "login", *named])

    def another_key(self, source: str) -> str:
        """What to do where the service refuses the key of that source."""
        if source == "AEFORGE_API_KEY":
            return f"set AEFORGE_API_KEY to another key; or unset it and sign in: {self.sign_in}"
        if source == _COMMAND.variable:
            return f"check what the program in {source} prints; or unset it and sign in: {self.sign_in}"
        return f"{self.sign_in} --keyring" if source.startswith("the system's keyring") else self.sign_in

    @property
    def where_keys_are(self) -> str:
        """A clause on where a key is got, for every message about a missing or refused one."""
        shown = self.shown("dashboard")
        return f"API keys are issued at {DEFAULT_DASHBOARD if shown.error else shown.text}"

    # -------------------------------------------------------------- single values

    @property
    def keeps_history(self) -> bool:
        return self._environment.get("AEFORGE_NO_HISTORY", "") in ("", "0")

    @property
    def output(self) -> str | None:
        """The folder, with a slash at its end, or the template for results where no output is named."""
        text = self["output"].text
        if not text:
            return None
        home = str(_expanded(text, SETTINGS["output"].variable)) if text.startswith("~") else text
        return home if "{" in text or home.endswith("/") else f"{home}/"

    def __getitem__(self, name: str) -> Value:
        """The value of a setting, checked. Raises Usage, naming the source."""
        setting = PROFILE if name == PROFILE.name else SETTINGS[name]
        value, source = self._found(setting)
        return Value(checked(setting, self._text(name, value, source), source), source)

    def shown(self, name: str) -> Shown:
        """The value of a setting, without secrets, and what is wrong with it."""
        setting = PROFILE if name == PROFILE.name else SETTINGS[name]
        try:
            value, source = self._found(setting)
        except Usage as error:  # it is not even known which profile to read
            return Shown("", "", error)
        try:
            return Shown(setting.shown(checked(setting, self._text(name, value, source), source)), source)
        except Usage as error:
            return Shown(setting.shown(value) if isinstance(value, str) else "", source, error)

    def check(self, *, is_sandboxed: bool = False) -> None:
        """Raises Usage for the first setting whose value is wrong, also of those that are not needed now."""
        for setting in SETTINGS.values():
            if not (is_sandboxed and setting.name == "base_url"):
                _ = self[setting.name]
        _ = self.budgets(), self.prices() if "prices" in self._kept else None

    def _found(self, setting: Setting) -> tuple[object, str]:
        if (given := self._options.get(setting.name)) is not None:
            return given, option(setting)
        if given := self._environment.get(setting.variable):
            return given, setting.variable
        if setting is PROFILE:
            table, place = self.file.content, str(self.file.path)
        else:
            table, place = self._kept, self.place
        kept = table.get(setting.name)
        return (setting.default, DEFAULT) if kept is None else (kept, place)

    def _text(self, name: str, value: object, source: str) -> str:
        try:
            return text_of(value)
        except Usage as error:
            raise ConfigInvalid(f"{name} is not valid: {error.message} (from {source})", hint=error.hint) from None

    @property
    def _kept(self) -> Mapping[str, object]:
        """What the file says of the profile in use."""
        return self.file.profile(self.profile)

    @property
    def place(self) -> str:
        """The profile in the config file, as the source of a value."""
        return f"profile {self.profile} in {self.file.path}"

    # -------------------------------------------------------------- what is made of several values

    def budgets(self) -> "list[tuple[Budget, str]]":
        """The budgets of the option, the environment and the profile, each with its source: all of them hold.

        So no option and no variable can raise what the file says. Raises Usage.
        """
        given = [(self._options.get(_BUDGET.name), option(_BUDGET))]
        given += [(self._environment.get(_BUDGET.variable), _BUDGET.variable)]
        texts = [(text, source) for text, source in given if text]
        if (kept := self._kept.get(_BUDGET.name)) is not None:
            texts.append((self._text(_BUDGET.name, kept, self.place), self.place))
        if not texts:
            return []
        from aeforge_cli.config.budget import parse_budget

        found = [(parse_budget(checked(_BUDGET, text, source)), source) for text, source in texts]
        return [(budget, source) for budget, source in found if budget is not None]

    def prices(self) -> "Prices":
        """The profile's own prices. Raises ConfigInvalid, naming the key."""
        from aeforge_cli.config.prices import parse_prices

        table = self._kept.get("prices", {})
        place = f"profiles.{self.profile}.prices"
        if not isinstance(table, dict):
            raise ConfigInvalid(f"{self.file.path}: {place} is not a table", hint=f"correct the file: {self.file.path}")
        return parse_prices(table, f"{self.file.path}: {place}")

    # -------------------------------------------------------------- the key

    def key(self) -> tuple[Secret, str]:
        """The API key and its source; a program that prints it is run once. Raises NotSignedIn without one."""
        return self._key

    @cached_property
    def _key(self) -> tuple[Secret, str]:
        source = self.key_source()
        return checked_key(source.read(), source.name, self.another_key(source.name)), source.name

    def key_from(self) -> str:
        """The name of the key's source; a key that is at hand is checked. Raises NotSignedIn."""
        source = self.key_source()
        return self.key()[1] if source.is_at_hand else source.name

    def key_source(self) -> KeySource:
        """Where the key comes from, without getting it. Raises NotSignedIn if there is none."""
        if self._options[PROFILE.name] is not None and (of_profile := self._profile_key):
            return of_profile
        if given := self._environment.get("AEFORGE_API_KEY"):
            return KeySource("AEFORGE_API_KEY", partial(str, given), False)
        if given := self._environment.get(_COMMAND.variable):
            return self._command(given, _COMMAND.variable, False)
        if of_profile := self._profile_key:
            return of_profile
        nowhere = f"neither AEFORGE_API_KEY nor profile {self.profile} has one"
        raise NotSignedIn(
            "There is no API key",
            why=self.file.key_refusal or f"{nowhere}; {self.where_keys_are}; --sandbox needs none",
            hint=self.sign_in,
        )

    @property
    def _profile_key(self) -> KeySource | None:
        kept = self._kept
        if kept.get("api_key") is not None:
            source = KeySource(self.place, lambda: self._text("api_key", kept["api_key"], self.place), True)
        elif kept.get("keyring") is True:
            source = KeySource(f"the system's keyring, for {self.place}", self._of_keyring, True, is_at_hand=False)
        elif command := self._text(_COMMAND.name, kept.get(_COMMAND.name, ""), self.place):
            name = f"{_COMMAND.name} of {self.place}"
            source = self._command(checked(_COMMAND, command, self.place), name, True)
        else:
            return None
        return KeySource(source.name, self._refused, True) if self.file.key_refusal else source

    def _refused(self) -> str:
        raise NotSignedIn(
            f"The API key of {self.place} is not used",
            why=self.file.key_refusal,
            hint="set AEFORGE_API_KEY and leave --profile out, or name a folder of your own with AEFORGE_CONFIG_DIR",
        )

    def _command(self, command: str, name: str, is_of_profile: bool) -> KeySource:
        def read() -> str:
            from aeforge_cli.config.key_command import printed_by

            return printed_by(checked(_COMMAND, command, name), name)

        return KeySource(name, read, is_of_profile, is_at_hand=False)

    def _of_keyring(self) -> str:
        from aeforge_cli.config.keyring_store import stored

        key = stored(self.keyring_name)
        if key is None:
            raise NotSignedIn(
                "The system's keyring holds no API key for aeforge",
                why=f"{self.place} expects one there; {self.where_keys_are}",
                hint=f"{self.sign_in} --keyring",
            )
        return key

    @property
    def keyring_name(self) -> str:
        """The name of the profile's key in the keyring: another config file's profile of the same name has its own."""
        return f"{self.profile} in {self.file.path}"


def _plain(name: str) -> str:
    """A profile's name for a message; the file may hold any."""
    return name if name.isidentifier() or name.replace("-", "").isalnum() else quoted(name)


def _folder(environment: Mapping[str, str], variable: str, standard: str) -> Path:
    if named := environment.get(variable):
        return _expanded(named, variable)
    import platformdirs

    return Path(getattr(platformdirs, standard)("aeforge", appauthor=False))


def _expanded(text: str, source: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except (OSError, RuntimeError):  # no such user, or the working folder is gone
        raise Usage(f"{quoted(text)} cannot be found (from {source})", hint="write the whole path") from None
