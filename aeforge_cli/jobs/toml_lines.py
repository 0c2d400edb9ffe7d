"""On which lines of a TOML text its tables and keys stand: the parser of the standard library does not say."""

import re
from collections.abc import Iterator
from dataclasses import field

from aeforge_cli.dataclass import dataclass

# Strings and comments are skipped whole: brackets and line ends in them are text.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)
_NAME = r"""\s*([A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')\s*"""
_HEADER = re.compile(rf"(\[\[?){_NAME}(?:\.{_NAME})?")
_KEY = re.compile(rf"{_NAME}[=.]")


@dataclass
class TableLines:
    """Where a table begins, and its keys, counted from 1."""

    line: int
    keys: dict[str, int] = field(default_factory=dict)


def table_lines(text: str) -> dict[str, list[TableLines]]:
    """The tables of a valid TOML text by name, in their order; that of the names above all tables is called ""."""
    here = TableLines(1)
    tables = {"": [here]}
    for line, statement in _statements(text):
        if header := _HEADER.match(statement):
            brackets, name, below = header[1], _bare(header[2]), header[3]
            known = tables.setdefault(name, [])
            if below and known:
                known[-1].keys.setdefault(_bare(below), line)
                here = TableLines(line)
            elif brackets == "[[" or not known:
                here = TableLines(line)
                known.append(here)
        elif key := _KEY.match(statement):
            here.keys.setdefault(_bare(key[1]), line)
    return tables


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each header and each key with its value, and the line on which it begins."""
    start = depth = 0
    line = 1
    for token in _TOKEN.finditer(text + "\n"):
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and depth == 0:
            yield line, text[start : token.start()].strip()
            line += text.count("\n", start, token.end())
            start = token.end()


def _bare(name: str) -> str:
    return name.strip("\"'")
