"""`aeforge config`: what the settings are, where each comes from, and how to change them."""

from typing import Annotated

import typer

from aeforge_cli.commands._shared.options import VerbosityOptions, with_options
from aeforge_cli.config.catalogue import DEFAULT_PROFILE, PROFILE, SETTINGS, Setting
from aeforge_cli.errors import NotSignedIn, Usage
from aeforge_cli.output.tables import Column
from aeforge_cli.session import Session

_NAMED = {PROFILE.name: PROFILE, **SETTINGS}
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(_NAMED)}.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", metavar="PROFILE", help="Profile to read or change.")]


def register(tree: typer.Typer) -> None:
    config = typer.Typer(help="Show and change settings.")
    config.command("list")(list_)
    config.command("get")(get)
    config.command("set")(set_)
    config.command("unset")(unset)
    config.command("path")(path)
    tree.add_typer(config, name="config")


@with_options
def list_(session: Session, verbosity: VerbosityOptions, profile: ProfileOption = None) -> None:
    """Show every setting, its value, and where it comes from.

    Precedence: option, environment, profile in the config file, default. The API key is shown masked.

    Examples:

        aeforge config list

        aeforge config list --profile work --json | jq -r '.settings[] | "\\(.name)=\\(.value)"'
    """
    _begin(session, verbosity, profile)
    rows = [_row(session, setting) for setting in _NAMED.values()]
    rows.append(_key_row(session))
    columns = [Column.of("name"), Column.of("value", flexible=True), Column.of("source", flexible=True)]
    session.console.rows(rows, columns, key="settings", about={"profile": session.settings.profile})


def _row(session: Session, setting: Setting) -> dict[str, str | None]:
    value = session.settings[setting.name]
    return {"name": setting.name, "value": value.text, "source": value.source, "variable": setting.variable}


def _key_row(session: Session) -> dict[str, str | None]:
    row: dict[str, str | None] = {"name": "api_key", "value": None, "source": None, "variable": "AEFORGE_API_KEY"}
    try:
        key, source = session.settings.key()
    except NotSignedIn:
        return row
    return row | {"value": key.masked, "source": source}


@with_options
def get(session: Session, name: NameArgument, verbosity: VerbosityOptions, profile: ProfileOption = None) -> None:
    """Print one setting's value.

    Examples:

        aeforge config get quality

        aeforge config get base_url --profile work --json
    """
    _begin(session, verbosity, profile)
    setting = _setting(name)
    session.console.record(_row(session, setting), text=[session.settings[setting.name].text])


@with_options
def set_(
    session: Session,
    name: NameArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="New value.")],
    verbosity: VerbosityOptions,
    profile: ProfileOption = None,
) -> None:
    """Store a setting in a profile, or choose the default profile.

    The rest of the config file is kept, comments included.

    Examples:

        aeforge config set quality pro

        aeforge config set profile work

        aeforge config set timeout 30m --profile work
    """
    _begin(session, verbosity, profile)
    setting = _setting(name)
    checked = setting.check(value)
    if setting is PROFILE:
        _require_profile(session, checked)
    place = _place(session, setting, profile)
    session.settings.file.change(place, {setting.name: checked})
    session.console.note(f"{setting.name} of profile {place} is {value}" if place else f"the profile is {value}")
    current = session.settings[setting.name]
    if current.source == setting.variable:
        session.console.warn(f"{setting.variable} is set, and wins over the stored value")


@with_options
def unset(session: Session, name: NameArgument, verbosity: VerbosityOptions, profile: ProfileOption = None) -> None:
    """Remove a setting from a profile; the default applies again.

    Examples:

        aeforge config unset quality

        aeforge config unset timeout --profile work
    """
    _begin(session, verbosity, profile)
    setting = _setting(name)
    session.settings.file.change(_place(session, setting, profile), {setting.name: None})
    current = session.settings[setting.name]
    session.console.note(f"{setting.name} is {current.text}, from {current.source}")


@with_options
def path(session: Session, verbosity: VerbosityOptions) -> None:
    """Print the path of the config file.

    Examples:

        aeforge config path

        cat "$(aeforge config path)"
    """
    verbosity.apply(session)
    place = str(session.settings.file.path)
    session.console.record({"path": place}, text=[place])


def _begin(session: Session, verbosity: VerbosityOptions, profile: str | None) -> None:
    verbosity.apply(session)
    session.use(profile=profile, sandbox=False, options={})


def _setting(name: str) -> Setting:
    """The setting of that name, however its words are joined; raises Usage where there is none."""
    found = _NAMED.get(name.replace("-", "_"))
    if found:
        return found
    if name.replace("-", "_") == "api_key":
        raise Usage("The API key is no setting to be typed", why="others could see it", hint="aeforge auth login")
    raise Usage(f"There is no setting {name!r}", hint=f"choose one of {', '.join(_NAMED)}")


def _place(session: Session, setting: Setting, profile: str | None) -> str | None:
    """The profile that keeps the setting; None for the choice among profiles, which is kept above them."""
    if setting is not PROFILE:
        return session.settings.profile
    if profile is not None:
        raise Usage("The choice of a profile is kept in none of them", hint="leave --profile out")
    return None


def _require_profile(session: Session, name: str) -> None:
    """A slip of the finger would leave every command without its key."""
    there = session.settings.file.profiles
    if name not in there and name != DEFAULT_PROFILE:
        raise Usage(
            f"There is no profile {name}",
            why=f"those there are: {', '.join(sorted(there)) or DEFAULT_PROFILE}",
            hint=f"make it first: aeforge auth login --profile {name}",
        )
