"""Texts and lists, read whole: from a file, a pipe or standard input, and never more than a bound."""

import sys
from pathlib import Path
from typing import BinaryIO

from aeforge_cli.errors import FileMissing, Usage
from aeforge_cli.files.inputs import MOST_TEXT, all_of, local_path

UNDECODED = "surrogateescape"  # for lists: names in them may hold bytes that are not UTF-8


def text_of(name: str, *, hint: str, purpose: str = "", errors: str = "strict", most: int = MOST_TEXT) -> str:
    """The text of a file, or of standard input if the name is `-`, without a byte order mark.

    `errors` says what becomes of bytes that are not UTF-8. A file may be named as in `local_path`, and may be a pipe,
    as in `--from <(ls)`. Raises Usage with the hint where it cannot be read, is not UTF-8, or is longer than `most`
    bytes.
    """
    label = "standard input" if name == "-" else name
    try:
        return _content(name, label, most).decode("utf-8-sig", errors)
    except UnicodeDecodeError:
        why = "it is not UTF-8 text"
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not a valid name"
    except FileMissing as error:
        why = error.why or "it does not exist"
    raise Usage(f"{label} cannot be read{purpose}", why=why, hint=hint) from None


def _content(name: str, label: str, most: int) -> bytes:
    if name == "-":
        return all_of(standard_input(), label, most=most)
    with Path(local_path(name)).open("rb") as stream:
        return all_of(stream, label, most=most)


def standard_input() -> BinaryIO:
    """The bytes of standard input. Raises Usage if the process was started with it closed."""
    if sys.stdin is None:
        raise Usage("Standard input is closed", hint="name a file, or redirect one to standard input")
    return sys.stdin.buffer
