"""Changes of a TOML text that leave everything else as it is: comments, order, line ends, ways of writing."""

import copy
import re
from collections.abc import Mapping
from typing import Any

Change = str | bool | None  # what a name is set to; None removes it


class CannotEdit(Exception):
    """The text is written in a way that cannot be changed without a risk to the rest of it."""


def parsed(text: str) -> dict[str, Any]:
    """The content of a TOML text; numbers with a point as text, exactly as they are written.

    Raises ValueError, of which `tomllib.TOMLDecodeError` is one: tomllib lets that of a number of over 4300 digits out.
    """
    import tomllib

    try:
        return tomllib.loads(text, parse_float=lambda number: number.replace("_", ""))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def edited(text: str, profile: str | None, changes: Mapping[str, Change]) -> str:
    """The text with names of a profile's table set or removed; without a profile those above all tables.

    Raises CannotEdit unless the parser agrees that this and nothing else has changed, and ValueError for a text that
    is not TOML.
    """
    wanted = _changed(parsed(text), profile, changes)
    result = text
    for name, value in changes.items():
        result = _with(result, profile, name, value)
    if _has_windows_line_ends(text):
        result = re.sub(r"(?<!\r)\n", "\r\n", result)
    try:
        agrees = _without_empty_tables(parsed(result)) == _without_empty_tables(wanted)
    except ValueError:
        agrees = False
    if not agrees:
        raise CannotEdit
    return result


def _has_windows_line_ends(text: str) -> bool:
    return "\r\n" in text and re.search(r"(?<!\r)\n", text) is None


def _changed(content: Mapping[str, Any], profile: str | None, changes: Mapping[str, Change]) -> dict[str, Any]:
    """The content as it should be afterwards."""
    wanted = copy.deepcopy(dict(content))
    section = wanted if profile is None else _table(_table(wanted, "profiles"), profile)
    for name, value in changes.items():
        section.pop(name, None) if value is None else section.update({name: value})
    return wanted


def _table(above: dict[str, Any], name: str) -> dict[str, Any]:
    found = above.setdefault(name, {})
    if not isinstance(found, dict):
        raise CannotEdit
    return found


def _without_empty_tables(content: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names leave no table behind when the last of them is removed."""
    kept = {name: _without_empty_tables(value) if isinstance(value, dict) else value for name, value in content.items()}
    return {name: value for name, value in kept.items() if value != {}}


def _with(text: str, profile: str | None, name: str, value: Change) -> str:
    """The text with one name set or removed; tomlkit keeps the rest."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        if profile is None:
            table: Any = document
        else:
            profiles: Any = document.get("profiles", {})
            table = profiles.get(profile)
            if table is None:
                return text if value is None else _with_profile(document, profile, name, value)
        if value is None:
            table.pop(name, None)
        elif name in table:
            table[name] = value
        elif profile is None:
            return f"{name} = {_written(value)}\n" + (f"\n{text}" if text.strip() else "")
        else:
            _add(table, name, value)
        return tomlkit.dumps(document)
    except (TOMLKitError, RecursionError):
        raise CannotEdit from None


def _with_profile(document: Any, profile: str, name: str, value: Change) -> str:
    """The text with a profile that was not there; its table comes last, whatever stands between the others."""
    import tomlkit
    from tomlkit.items import InlineTable

    profiles = document.get("profiles")
    if isinstance(profiles, InlineTable):
        profiles[profile] = tomlkit.inline_table()
        profiles[profile][name] = value
        return tomlkit.dumps(document)
    text = tomlkit.dumps(document)
    gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}[profiles.{profile}]\n{name} = {_written(value)}\n"


def _add(table: Any, name: str, value: Change) -> None:
    """Adds a name below the last one of a table, above any remark on what comes next."""
    from tomlkit.items import Item, Table

    if not isinstance(table, Table) or table.is_super_table():
        table[name] = value
        return
    own: list[Item] = [item for key, item in table.value.body if key is not None and not key.is_dotted()]
    values = [item for item in own if not isinstance(item, Table)]
    above = (values or [table])[-1].trivia
    indent = above.indent if values else ""
    above.trail = f"{above.trail or chr(10)}{indent}{name} = {_written(value)}\n"


def _written(value: Change) -> str:
    import tomlkit

    return tomlkit.item(value).as_string()
