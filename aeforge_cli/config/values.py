"""Values as the config file holds them, and as messages show them."""

from aeforge_cli.errors import Usage

_LONGEST = 60


def quoted(text: str) -> str:
    """A value for a message: its beginning, with whatever cannot be printed escaped."""
    return repr(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}...")


def text_of(value: object) -> str:
    """A value of the config file as text. Raises Usage for what is neither text nor a number."""
    match value:
        case str():
            return value
        case bool():
            kind = "true or false"
        case int():
            try:
                return str(value)
            except ValueError:  # over 4300 digits, written as hexadecimal
                kind = "so large a number"
        case list():
            kind = "a list"
        case dict():
            kind = "a table"
        case _:
            kind = "a date or time"
    raise Usage(f"it must be text or a number, not {kind}", hint="correct the value in the config file")
