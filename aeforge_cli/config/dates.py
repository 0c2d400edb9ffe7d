"""Moments as people write them: a day, or an age."""

import re
from datetime import MAXYEAR, UTC, datetime, timedelta

from aeforge_cli.config.values import quoted
from aeforge_cli.errors import Usage

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """The beginning of a day in UTC (`2026-01-31`), or so long before `now` (`12h`, `30d`, `8w`). Raises Usage."""
    if found := re.fullmatch(r"([0-9]{1,5})([hdw])", text.strip()):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        return _day(text.strip())
    except ValueError:
        raise Usage(f"{quoted(text)} is not a valid date", hint="for example 2026-01-31, or an age: 30d") from None


def end_of(text: str, now: datetime) -> datetime:
    """As `moment`, but the end of a day that is named. Raises Usage."""
    found = moment(text, now)
    is_day = "-" in text
    return found + timedelta(days=1) if is_day and found.year < MAXYEAR else found


def _day(text: str) -> datetime:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
