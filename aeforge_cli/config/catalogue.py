"""What settings there are, each with its variable, its default, its check, and how its value may be shown."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from aeforge_cli.api.urls import checked_base_url
from aeforge_cli.config.values import quoted
from aeforge_cli.errors import Usage

DEFAULT_BASE_URL = "https://api.aetherforgeai.com/public/v1"
DEFAULT_DASHBOARD = "https://aetherforgeai.com"
DEFAULT_PROFILE = "default"


def seconds(text: str) -> float | None:
    """A duration: `90`, `90s`, `10m`, `1h`; None for `0`, which means no limit. Raises Usage."""
    found = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([smh]?)\s*", text)
    if found is None:
        raise Usage(f"{quoted(text)} is not a valid duration", hint="for example 90s, 10m or 1h; 0 means no limit")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] or None


def interval(text: str) -> float:
    """A pause in seconds, written as a duration, and longer than none. Raises Usage."""
    found = None if text.strip().startswith("-") else seconds(text)
    if found is None:
        raise Usage(
            f"{quoted(text)} is not a valid interval (from --poll-interval)",
            hint="for example 2s; leave it out to poll as advised",
        )
    return found


def _duration(text: str) -> str:
    seconds(text)
    return text


def _quality(text: str) -> str:
    from aeforge_cli.api.operations import Quality

    if text not in list(Quality):
        raise Usage(f"{quoted(text)} is not a valid quality", hint=f"choose one of {', '.join(Quality)}")
    return text


def _count(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise Usage(f"{quoted(text)} is not a valid number of jobs", hint="use a whole number from 1 to 9999")
    return text


def _account(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9._@+-]{1,64}", text):
        raise Usage(f"{quoted(text)} is not a valid account name", hint="use letters, digits and . _ @ + -")
    return text


def _journal(text: str) -> str:
    """Says nothing of the value: it may hold a password."""
    if text and not re.fullmatch(_JOURNAL, text):
        raise Usage(
            "The journal is not a PostgreSQL address",
            hint="for example postgresql://HOST/DATABASE?user=NAME; percent-encode special characters",
        )
    return text


# One `@` at most and no `#`: what follows one in a password that is not encoded would be taken for a part to show.
_JOURNAL = r"postgres(?:ql)?://(?=.{1,2000}$)(?:[!-\"$-.0->A-~]*@)?[!-\"$-?A-~]+"
_PLAIN = "user|host|hostaddr|port|dbname|sslmode|application_name|connect_timeout|target_session_attrs"


def shown_journal(text: str) -> str:
    """The address of a journal without what may be secret: passwords, and all parameters that are not known."""
    scheme, slashes, rest = text.partition("://")
    if not slashes:
        return "***" if text else ""
    account, at, place = rest.rpartition("@")
    user, colon, _password = account.partition(":")
    place = re.sub(rf"([?&#;])(?!(?:{_PLAIN})=)([^=&]*=)?[^&]*", r"\1\2***", place)
    return f"{scheme}://{user}{colon and ':***'}{at}{place}"


def _budget(text: str) -> str:
    from aeforge_cli.config.budget import parse_budget

    parse_budget(text)
    return text


def _output(text: str) -> str:
    from aeforge_cli.files.destination import destination

    if text == "-" or _has_controls(text):
        raise Usage(
            f"{quoted(text)} is not a valid output", hint="name a folder, or a template such as 'out/{stem}.{ext}'"
        )
    if text:
        destination(text, overwrite=False)
    return text


def _has_controls(text: str) -> bool:
    return re.search(r"[\x00-\x1f\x7f]", text) is not None


def _dashboard(text: str) -> str:
    if not re.fullmatch(r"https?://[\x21-\x7e]{1,500}", text):
        raise Usage(f"{quoted(text)} is not a web address", hint=f"for example {DEFAULT_DASHBOARD}")
    return text


def _command(text: str) -> str:
    import shlex

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise Usage("The command has unbalanced quotes", why=str(error), hint=_KEY_EXAMPLE) from None
    if text and not (words and words[0]):
        raise Usage("The command names no program", hint=_KEY_EXAMPLE)
    if _has_controls(text):
        raise Usage(f"{quoted(text)} is not a valid command", hint=_KEY_EXAMPLE)
    return text


def shown_command(text: str) -> str:
    """The program; its arguments may hold a key."""
    program, space, _ = text.strip().partition(" ")
    return f"{program}{space and ' ...'}"


_KEY_EXAMPLE = "for example 'op read op://vault/aeforge/key' or 'pass show aeforge'"


def checked_profile(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise Usage(f"{quoted(name)} is not a valid profile name", hint="use letters, digits, - and _")
    return name


def _as_it_is(text: str) -> str:
    return text


class Setting(NamedTuple):
    """One name in the config file; `check` returns the value or raises Usage, `shown` hides what is secret in it."""

    name: str
    variable: str
    default: str
    help: str
    check: Callable[[str], str]
    shown: Callable[[str], str] = _as_it_is


# It chooses among the profiles, and so stands above them in the file.
PROFILE = Setting(
    "profile", "AEFORGE_PROFILE", DEFAULT_PROFILE, "Profile whose key and settings are used", checked_profile
)


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("base_url", "AEFORGE_BASE_URL", DEFAULT_BASE_URL, "Address of the service", checked_base_url),
        Setting("quality", "AEFORGE_QUALITY", "standard", "Quality of results: standard or pro", _quality),
        Setting("timeout", "AEFORGE_TIMEOUT", "10m", "Maximum wait for a job; 0 means no limit", _duration),
        Setting("jobs", "AEFORGE_JOBS", "16", "Number of jobs in progress at once", _count),
        Setting("output", "AEFORGE_OUTPUT", "", "Folder or template for results where -o is not given", _output),
        Setting("budget", "AEFORGE_BUDGET", "", "Spending limit: 200/day, 1000/month, 30 credits/week", _budget),
        Setting("account", "AEFORGE_ACCOUNT", "", "Name of the account; a new key finds its earlier jobs", _account),
        Setting(
            "journal",
            "AEFORGE_JOURNAL",
            "",
            "PostgreSQL address of a journal that several machines share",
            _journal,
            shown_journal,
        ),
        Setting("dashboard", "AEFORGE_DASHBOARD", DEFAULT_DASHBOARD, "Web page where API keys are issued", _dashboard),
        Setting(
            "api_key_command", "AEFORGE_API_KEY_COMMAND", "", "Program that prints the API key", _command, shown_command
        ),
    )
}


def check_options(options: Mapping[str, str | None]) -> None:
    """Raises Usage for the first option that was given a value that its setting does not allow."""
    for name, text in options.items():
        if text is not None:
            checked(SETTINGS[name], text, option(SETTINGS[name]))


def option(setting: Setting) -> str:
    """The option that a setting is given by."""
    return f"--{setting.name.replace('_', '-')}"


def checked(setting: Setting, text: str, source: str) -> str:
    """The value, as the setting keeps it. Raises Usage, naming the source."""
    if text == setting.default:  # nothing is loaded to check what we wrote
        return text
    try:
        return setting.check(text)
    except Usage as error:
        raise Usage(f"{error.message} (from {source})", why=error.why, hint=error.hint) from None
