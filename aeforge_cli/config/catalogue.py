"""What settings there are, each with its variable, its default and its check."""

import re
from collections.abc import Callable
from typing import NamedTuple

from aeforge_cli.api.urls import checked_base_url
from aeforge_cli.errors import Usage

DEFAULT_BASE_URL = "https://api.aetherforgeai.com/public/v1"


DEFAULT_PROFILE = "default"


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
    from aeforge_cli.api.operations import Quality

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
