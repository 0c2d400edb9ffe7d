"""Rows of values as a table for people: a header, aligned columns, and no line wider than the terminal."""

import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from aeforge_cli.dataclass import dataclass
from aeforge_cli.output.untrusted import clean
from aeforge_cli.phrases import ago

Values = Mapping[str, object]
_GAP = "  "
_NARROWEST = 8  # cells; a column that is cut further says nothing, and is left out
_LONGEST = 200
_SHORTEST_ID = 8  # the first group of a UUID


@dataclass(frozen=True)
class Column:
    """One column; `cell` is its text in a row, `brief` a shorter one for terminals.

    On a terminal that is too narrow the columns that are `flexible` are cut, the widest first; then the last of them
    is left out.
    """

    heading: str
    cell: Callable[[Values], str]
    brief: Callable[[Values], str] | None = None
    flexible: bool = False

    @classmethod
    def of(cls, name: str, *, flexible: bool = False) -> "Column":
        """The column of the value of that name."""
        return cls(name.upper().replace("_", " "), lambda row: _text(row.get(name)), flexible=flexible)


@dataclass(frozen=True)
class Table:
    """Rows, and how people see them; `fields` are the names of the rows' values.

    Where `key` is set the rows are one value of a larger object, under that name, beside what it says `about` them.
    The `footer` are rows of sums, which people alone see.
    """

    rows: Sequence[Values]
    columns: Sequence[Column]
    fields: Sequence[str] = ()
    key: str = ""
    about: Values = field(default_factory=dict)
    footer: Sequence[Values] = ()


def journal_columns(rows: Sequence[Values], now: datetime) -> list[Column]:
    """The columns for rows of the journal: on a terminal with short ids that work as arguments, and relative times."""
    short = _unique_length([str(row["job_id"]) for row in rows if row["job_id"]])
    return [
        Column("JOB", lambda row: _text(row["job_id"]), lambda row: _text(row["job_id"])[:short]),
        Column.of("state"),
        Column(
            "CREATED",
            lambda row: str(row["created"])[:16].replace("T", " "),
            lambda row: ago(datetime.fromisoformat(str(row["created"])), now),
        ),
        Column.of("operation"),
        Column.of("input", flexible=True),
        Column.of("prompt", flexible=True),
    ]


def _unique_length(ids: Sequence[str]) -> int:
    """How many characters tell the ids apart; no fewer than eight, so that later ids are told apart as well."""
    length = _SHORTEST_ID
    while len({each[:length] for each in ids}) < len(set(ids)):
        length += 1
    return length


def terminal_width() -> int:
    return shutil.get_terminal_size().columns


def drawn(table: Table, width: int | None) -> Iterator[str]:
    """The lines of the table; `width` is the terminal's in cells, None where no terminal limits it."""
    if not table.rows:
        return
    rows = [*table.rows, *table.footer]
    columns = [_column(column, rows, brief=width is not None) for column in table.columns]
    widths = [max(map(cells, column)) for column in columns]
    if width is not None:
        widths = _fitted(widths, [column.flexible for column in table.columns], width)
    for line in zip(*columns, strict=True):
        shown = [_padded(text, room) for text, room in zip(line, widths, strict=True) if room]
        yield _GAP.join(shown).rstrip()


def _column(column: Column, rows: Sequence[Values], *, brief: bool) -> list[str]:
    cell = column.brief if brief and column.brief else column.cell
    return [column.heading, *(clean(cell(row), _LONGEST) for row in rows)]


def _fitted(widths: Sequence[int], flexible: Sequence[bool], width: int) -> list[int]:
    """The widths that fit the terminal; 0 for a column that is left out."""
    fitted = list(widths)
    open_ = [place for place, is_flexible in enumerate(flexible) if is_flexible]
    while open_ and _total(_cut(fitted, open_, width)) > width:
        fitted[open_.pop()] = 0
    return _cut(fitted, open_, width)  # what is not flexible is wrapped by the terminal


def _cut(widths: Sequence[int], open_: Sequence[int], width: int) -> list[int]:
    """The widths with what is too much taken from the open ones, a cell at a time from the widest."""
    cut = list(widths)
    for _ in range(_total(cut) - width):
        widest = max(open_, key=lambda place: cut[place], default=None)
        if widest is None or cut[widest] <= _NARROWEST:
            break
        cut[widest] -= 1
    return cut


def _total(widths: Sequence[int]) -> int:
    shown = [width for width in widths if width]
    return sum(shown) + len(_GAP) * (len(shown) - 1)


def _padded(text: str, room: int) -> str:
    if cells(text) <= room:
        return text + " " * (room - cells(text))
    cut = text
    while cells(cut) > room - 1:
        cut = cut[:-1]
    return cut + "…" + " " * (room - 1 - cells(cut))


def cells(text: str) -> int:
    """How many cells of a terminal the text fills: East Asian characters are two wide, combining ones none."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def folded(text: str, width: int, indent: str) -> Iterator[str]:
    """The lines of a text that is broken between words alone."""
    line = ""
    for word in text.split(" "):
        if line.strip() and cells(line) + 1 + cells(word) > width:
            yield line.rstrip()
            line = indent + word
        else:
            line = f"{line} {word}" if line else word
    yield line


def tail(text: str, room: int) -> str:
    """The text, or its end where it fills more cells: of paths, that is what differs."""
    if cells(text) <= room:
        return text
    cut = text
    while cells(cut) > room - 1:
        cut = cut[1:]
    return f"…{cut}"


def _text(value: object) -> str:
    return "-" if value in (None, "") else str(value)
