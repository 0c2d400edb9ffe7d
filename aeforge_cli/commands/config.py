"""`aeforge config`: the settings, where each comes from, and how to change them."""

from collections.abc import Mapping
from typing import Annotated

import typer

from aeforge_cli.commands._shared.options import VerbosityOptions, with_options
from aeforge_cli.config.catalogue import PROFILE, SETTINGS, Setting, checked
from aeforge_cli.config.values import quoted
from aeforge_cli.errors import AeforgeError, NotSignedIn, Usage
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

    An option wins over the environment, that over the profile in the config file, and that over the default; of
    budgets all hold. Keys and passwords are masked. A value that is not valid is shown with what is wrong.

    Examples:

        aeforge config list

        aeforge config list --profile work --json | jq -r '.settings[] | "\\(.name)=\\(.value)"'
    """
    _begin(session, verbosity, profile)
    _ = session.settings.profile  # a file that cannot be read has no settings to show
    rows = [_row(session, setting) for setting in _NAMED.values()]
    rows += [_prices_row(session), _key_row(session)]
    columns = [Column.of("name"), Column.of("value", flexible=True), Column.of("source", flexible=True)]
    session.console.rows(rows, columns, key="settings", about={"profile": session.settings.shown(PROFILE.name).text})
    for row in rows:
        if row.get("error"):
            name, error = str(row["name"]), str(row["error"])
            session.console.warn(error if name in error else f"{name}: {error}")


def _row(session: Session, setting: Setting) -> dict[str, str | None]:
    """One setting; with `error`, what is wrong with its value, so that it can be seen and mended."""
    shown = session.settings.shown(setting.name)
    row = {"name": setting.name, "value": shown.text, "source": shown.source or None, "variable": setting.variable}
    if shown.error:
        return row | {"error": _sentence(shown.error)}
    if setting.name == "budget" and (budgets := session.settings.budgets()):
        texts, sources = zip(*((str(budget), source) for budget, source in budgets), strict=True)
        return row | {"value": " and ".join(texts), "source": " and ".join(sources)}
    return row


def _prices_row(session: Session) -> dict[str, str | None]:
    row: dict[str, str | None] = {"name": "prices", "value": None, "source": None, "variable": None}
    try:
        prices = session.settings.prices()
        place = session.settings.place
    except Usage as error:
        return row | {"error": _sentence(error)}
    return row | {"value": f"{len(prices.table)} in {prices.unit}", "source": place} if prices.table else row


def _key_row(session: Session) -> dict[str, str | None]:
    """The key, masked; a program or a keyring that holds it is not asked for it."""
    row: dict[str, str | None] = {"name": "api_key", "value": None, "source": None, "variable": "AEFORGE_API_KEY"}
    try:
        source = session.settings.key_source()
    except NotSignedIn:
        return row
    except AeforgeError as error:
        return row | {"error": _sentence(error)}
    if not source.is_at_hand:
        return row | {"source": source.name}
    try:
        key, name = session.settings.key()
    except AeforgeError as error:
        return row | {"source": source.name, "error": _sentence(error)}
    return row | {"value": key.masked, "source": name}


def _sentence(error: AeforgeError) -> str:
    return f"{error.message}: {error.why}" if error.why else error.message


def _columns(row: Mapping[str, str | None]) -> tuple[str, ...]:
    source = "not valid" if row.get("error") else row["source"]
    return str(row["name"]), row["value"] or "-", source or "-"


@with_options
def get(session: Session, name: NameArgument, verbosity: VerbosityOptions, profile: ProfileOption = None) -> None:
    """Print one setting's value.

    Examples:

        aeforge config get quality

        aeforge config get base_url --profile work --json
    """
    _begin(session, verbosity, profile)
    setting = _setting(session, name)
    _ = session.settings[setting.name]
    row = _row(session, setting)
    session.console.record(row, text=[row["value"] or ""])


@with_options
def set_(
    session: Session,
    name: NameArgument,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="New value.")],
    verbosity: VerbosityOptions,
    profile: ProfileOption = None,
) -> None:
    """Store a setting in a profile, or choose the default profile.

    A profile that does not exist is made. The rest of the config file stays as it is, comments included.

    Examples:

        aeforge config set quality pro

        aeforge config set profile work

        aeforge config set timeout 30m --profile work
    """
    _begin(session, verbosity, profile)
    settings = session.settings
    setting = _setting(session, name)
    value = checked(setting, _as_text(value), "the command line")
    if setting is PROFILE:
        settings.require_profile(value)
    settings.allow_new_profile()
    place = _place(session, setting, profile)
    is_new = place is not None and place not in settings.file.profiles
    settings.file.change(place, {setting.name: value})
    shown = setting.shown(value)
    of = f"{setting.name} of {'the new ' if is_new else ''}profile {place}" if place else "the profile"
    session.console.note(f"{of} is {shown}")
    if setting.name == "api_key_command" and "api_key" in settings.file.profile(settings.profile):
        session.console.warn("the profile also has a stored key, which is used; remove it: aeforge auth logout")
    if session.environment.get(setting.variable):
        more = "holds as well" if setting.name == "budget" else "wins over the stored value"
        session.console.warn(f"{setting.variable} is set and {more}")


def _as_text(value: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise Usage("The value is not UTF-8 text", hint="use the setting's variable for it")
    return value


@with_options
def unset(session: Session, name: NameArgument, verbosity: VerbosityOptions, profile: ProfileOption = None) -> None:
    """Remove a setting from a profile; the default applies again.

    Examples:

        aeforge config unset quality

        aeforge config unset timeout --profile work
    """
    _begin(session, verbosity, profile)
    setting = _setting(session, name)
    session.settings.file.change(_place(session, setting, profile), {setting.name: None})
    current = session.settings.shown(setting.name)
    if current.error:
        session.console.warn(f"{setting.name} still has a value that is not valid: {_sentence(current.error)}")
    else:
        session.console.note(f"{setting.name} is {current.text or 'not set'}, from {current.source}")


@with_options
def path(session: Session, verbosity: VerbosityOptions) -> None:
    """Print the path of the config file, whether it exists or not.

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


def _setting(session: Session, name: str) -> Setting:
    """The setting of that name, however its words are joined; raises Usage where there is none."""
    found = _NAMED.get(name.replace("-", "_"))
    if found:
        return found
    if name.replace("-", "_") == "api_key":
        raise Usage("The API key is not given as an argument", why="others could see it", hint=session.settings.sign_in)
    if name == "prices" or name.startswith("prices."):
        raise Usage("Prices are a table of the config file", hint=f"edit it by hand: {session.settings.file.path}")
    raise Usage(f"There is no setting {quoted(name)}", hint=f"choose one of {', '.join(_NAMED)}")


def _place(session: Session, setting: Setting, profile: str | None) -> str | None:
    """The profile that keeps the setting; None for the choice among profiles, which is kept above them."""
    if setting is not PROFILE:
        return session.settings.profile
    if profile is not None:
        raise Usage("The default profile is not a setting of a profile", hint="leave --profile out")
    return None
