"""Texts and lists, from a file, a pipe or standard input: read whole, or line by line; never more than a bound."""

import codecs
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from aeforge_cli.errors import FileMissing, Usage
from aeforge_cli.files.inputs import MOST_TEXT, all_of, label_of, local_path

_MOST_LINE = 16 * 1024 * 1024  # bytes
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UNDECODED = "surrogateescape"  # for lists: names in them may hold bytes that are not UTF-8


def text_of(name: str, *, hint: str, purpose: str = "", errors: str = "strict", most: int = MOST_TEXT) -> str:
    """The text of a file, or of standard input if the name is `-`, without a byte order mark.

    `errors` says what becomes of bytes that are not UTF-8; UTF-16 is known by its mark. A file may be named as in
    `local_path`, and may be a pipe, as in `--from <(ls)`. Raises Usage with the hint where it cannot be read, is not
    UTF-8, or is longer than `most` bytes.
    """
    with _opened(name, purpose, hint) as stream:
        content = all_of(stream, label_of(name), most=most)
        if content.startswith(_UTF_16):  # as Excel and PowerShell 5 write texts
            return content.decode("utf-16")
        return content.decode("utf-8-sig", errors)


def lines_of(name: str, *, hint: str) -> Iterator[str]:
    """The lines of a text, each read when it is asked for; else as `text_of`."""
    with _opened(name, "", hint) as stream:
        encoding = "utf-8-sig"
        while line := stream.readline(_MOST_LINE + 1):
            if len(line) > _MOST_LINE:
                raise Usage(f"{label_of(name)} has a line longer than {_MOST_LINE >> 20} MiB", hint=hint)
            yield line.decode(encoding)
            encoding = "utf-8"


@contextlib.contextmanager
def _opened(name: str, purpose: str, hint: str) -> Iterator[BinaryIO]:
    """Raises Usage for what goes wrong while it is open, too."""
    try:
        with contextlib.nullcontext(standard_input()) if name == "-" else Path(local_path(name)).open("rb") as stream:
            yield stream
    except UnicodeDecodeError:
        why = "it is not UTF-8 text"
    except FileMissing as error:
        why = error.why or "it does not exist"
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not a valid name"
    else:
        return
    raise Usage(f"{label_of(name)} cannot be read{purpose}", why=why, hint=hint) from None


def standard_input() -> BinaryIO:
    """The bytes of standard input. Raises Usage if the process was started with it closed."""
    if sys.stdin is None:
        raise Usage("Standard input is closed", hint="name a file, or redirect one to standard input")
    return sys.stdin.buffer
