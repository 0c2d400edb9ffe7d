"""Pictures on a terminal: as files where it takes them, else in half blocks, else not at all.

Of a picture nothing but base64 and numbers is written. Sources: kitty's "Terminal graphics protocol"
(https://sw.kovidgoyal.net/kitty/graphics-protocol/), iTerm2's "Inline Images Protocol"
(https://iterm2.com/documentation-images.html).
"""

import base64
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, zip_longest
from typing import IO, BinaryIO

from rich.color import Color, ColorSystem
from rich.console import Console
from rich.style import Style

from aeforge_cli.files.image_headers import Format, identify
from aeforge_cli.output.pixels import Raster, read
from aeforge_cli.output.progress import can_show

LARGEST_FILE = 8_000_000  # bytes; base64 makes a third more of them
BESIDE = 60  # columns from which on two pictures stand side by side
_GAP = 2
_LEAST_COLUMNS, _LEAST_ROWS = 8, 3
_CHUNK = 4096  # characters of base64; kitty takes no more at once
_HALF = "▀"
_CHECKER = (0x99, 0x66)

Opener = Callable[[], BinaryIO]


class Protocol(Enum):
    """How a terminal takes picture files."""

    KITTY = "kitty"
    ITERM = "iTerm2"


@dataclass(frozen=True)
class Screen:
    """A terminal: its size in cells, what it takes besides text, and how much higher than wide a cell is."""

    columns: int
    rows: int
    protocol: Protocol | None = None
    colors: ColorSystem | None = None
    ratio: float = 2.0

    def fitted(self, width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
        """The cells that a picture of so many pixels fills, within a room of cells."""
        scale = min(columns / width, rows * self.ratio / height)
        return max(1, round(width * scale)), max(1, round(height * scale / self.ratio))


def screen_of(stream: IO[str], environment: Mapping[str, str], *, color: bool) -> Screen:
    """What the terminal behind a stream can show; without colour, half blocks would say nothing."""
    try:
        columns, rows = os.get_terminal_size(stream.fileno())
    except OSError:
        columns, rows = 0, 0
    return Screen(
        columns or 80,  # some terminals do not say
        rows or 24,
        _protocol(environment),
        _colors(environment) if color and can_show(stream, _HALF) else None,
        _ratio(stream),
    )


def _protocol(environment: Mapping[str, str]) -> Protocol | None:
    """TERM is the terminal's own; TERM_PROGRAM and KITTY_WINDOW_ID may be left from the one it was started in."""
    term = environment.get("TERM", "")
    if any(environment.get(name) for name in ("TMUX", "STY", "ZELLIJ")) or term.startswith(("tmux", "screen")):
        return None  # it draws the screen itself, and would swallow what it does not know
    if term in ("xterm-kitty", "xterm-ghostty"):
        return Protocol.KITTY
    if program := environment.get("TERM_PROGRAM") or environment.get("LC_TERMINAL"):
        return _PROGRAMS.get(program)
    return Protocol.KITTY if environment.get("KITTY_WINDOW_ID") else None


_PROGRAMS = {
    "ghostty": Protocol.KITTY,
    "iTerm.app": Protocol.ITERM,
    "iTerm2": Protocol.ITERM,  # LC_TERMINAL, which ssh passes on
    "WezTerm": Protocol.ITERM,  # takes both; this one in every format
}


def _colors(environment: Mapping[str, str]) -> ColorSystem | None:
    """Sixteen colours show no picture."""
    found = Console(force_terminal=True, _environ=environment).color_system
    return {"256": ColorSystem.EIGHT_BIT, "truecolor": ColorSystem.TRUECOLOR}.get(found or "")


def _ratio(stream: IO[str]) -> float:
    """Most terminals that show pictures tell their size in pixels, too."""
    try:
        import fcntl
        import struct
        import termios

        told = fcntl.ioctl(stream.fileno(), termios.TIOCGWINSZ, bytes(8))
        rows, columns, width, height = struct.unpack("4H", told)
        found = (height / rows) / (width / columns)
    except (ImportError, OSError, ZeroDivisionError):
        return 2.0
    return found if 1 < found < 4 else 2.0


# ------------------------------------------------------------------ the drawing


def before_and_after(before: Opener | None, after: Opener, screen: Screen, *, label: str = "after") -> str:
    """What draws the two side by side, or one above the other; empty where the second cannot be shown."""
    beside = before is None or screen.columns >= BESIDE
    width = (screen.columns - 1 - _GAP) // 2 if before and beside else screen.columns - 1
    height = screen.rows // 2 - 1 if beside else (screen.rows - 4) // 2
    if width < _LEAST_COLUMNS or height < _LEAST_ROWS:
        return ""
    second = _shown(label, after, screen, width, height)
    if second is None:
        return ""
    first = _shown("before", before, screen, width, height) if before else None
    tiles = [first, second] if first else [second]
    return "\n".join(_lines(tiles) if beside else [line for tile in tiles for line in _lines([tile])])


@dataclass(frozen=True)
class _Tile:
    """A picture as lines that leave the cursor so many columns to the right; `floats` if one of them draws it all."""

    label: str
    columns: int
    lines: Sequence[str]
    floats: bool = False


def _lines(tiles: Sequence[_Tile]) -> Iterator[str]:
    """Tiles side by side, each below its label."""
    rows = max(len(tile.lines) for tile in tiles)
    widths = [max(tile.columns, len(tile.label)) for tile in tiles]
    labels = (tile.label.ljust(width) for tile, width in zip(tiles, widths, strict=True))
    # Room is made first: a terminal that scrolls for a picture would draw the next one in the wrong place.
    room = "\n" * rows + f"\x1b[{rows}A" if any(tile.floats for tile in tiles) else ""
    yield (" " * _GAP).join(labels).rstrip()
    for number, cells in enumerate(zip_longest(*(tile.lines for tile in tiles))):
        line = "".join(
            " " * (width + _GAP) if cell is None else cell + " " * (width - tile.columns + _GAP)
            for tile, width, cell in zip(tiles, widths, cells, strict=True)
        )
        yield (room if number == 0 else "") + line.rstrip()


def _shown(label: str, opener: Opener, screen: Screen, columns: int, rows: int) -> _Tile | None:
    try:
        with opener() as stream:
            return _as_file(label, stream, screen, columns, rows) or _as_pixels(label, stream, screen, columns, rows)
    except Exception:  # noqa: BLE001 - a broken picture may raise anything, and the job is done and paid for
        return None


# ------------------------------------------------------------------ terminals that take files


def _as_file(label: str, stream: BinaryIO, screen: Screen, columns: int, rows: int) -> _Tile | None:
    info = identify(stream)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if screen.protocol is None or not (info and info.width and info.height) or size > LARGEST_FILE:
        return None
    if screen.protocol is Protocol.KITTY and info.format is not Format.PNG:
        return None
    wide, high = screen.fitted(info.width, info.height, columns, rows)
    if screen.protocol is Protocol.KITTY:
        return _floating(label, _kitty("f=100", stream.read(), wide, high), wide, high)
    return _floating(label, _iterm(stream.read(), wide, high), wide, high)


def _kitty(kind: str, content: bytes, columns: int, rows: int) -> str:
    """Without an answer (q=2), which the shell would take for typing, and without moving the cursor (C=1)."""
    text = base64.b64encode(content).decode()
    chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    keys = [f"a=T,{kind},C=1,c={columns},r={rows},", *[""] * (len(chunks) - 1)]
    more = [*[1] * (len(chunks) - 1), 0]
    return "".join(
        f"\x1b_G{first}q=2,m={rest};{chunk}\x1b\\" for first, rest, chunk in zip(keys, more, chunks, strict=True)
    )


def _iterm(content: bytes, columns: int, rows: int) -> str:
    text = base64.b64encode(content).decode()
    return f"\x1b]1337;File=inline=1;size={len(content)};width={columns};height={rows}:{text}\x07"


def _floating(label: str, picture: str, columns: int, rows: int) -> _Tile:
    """The first line draws all of it, from where the cursor then is again; no line writes over it."""
    over = f"\x1b[{columns}C"
    return _Tile(label, columns, [f"\x1b7{picture}\x1b8{over}", *[over] * (rows - 1)], floats=True)


# ------------------------------------------------------------------ terminals that take pixels


def _as_pixels(label: str, stream: BinaryIO, screen: Screen, columns: int, rows: int) -> _Tile | None:
    if screen.protocol is not Protocol.KITTY and screen.colors is None:
        return None
    stream.seek(0)
    raster = read(stream)
    if raster is None:
        return None
    wide, high = screen.fitted(raster.width, raster.height, columns, rows)
    if screen.protocol is Protocol.KITTY:
        width, height = min(10 * wide, raster.width), min(20 * high, raster.height)  # it scales to the cells itself
        packed = zlib.compress(raster.scaled(width, height))
        return _floating(label, _kitty(f"f=32,s={width},v={height},o=z", packed, wide, high), wide, high)
    return _Tile(label, wide, list(_blocks(raster, wide, high, screen.colors))) if screen.colors else None


def _blocks(raster: Raster, columns: int, rows: int, colors: ColorSystem) -> Iterator[str]:
    """Two pixels to a cell: the block's colour above, the background's below."""
    pixels = raster.scaled(columns, 2 * rows)
    for row in range(rows):
        pairs = [(_color(pixels, columns, x, 2 * row), _color(pixels, columns, x, 2 * row + 1)) for x in range(columns)]
        yield "".join(
            Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)).render(
                _HALF * len(list(alike)), color_system=colors
            )
            for (upper, lower), alike in groupby(pairs)
        )


def _color(pixels: bytes, columns: int, x: int, y: int) -> tuple[int, int, int]:
    """The pixel over a checkerboard, which shines through where it is transparent."""
    red, green, blue, alpha = pixels[4 * (y * columns + x) :][:4]
    ground = _CHECKER[(x // 4 + y // 4) % 2] * (255 - alpha)
    return (red * alpha + ground) // 255, (green * alpha + ground) // 255, (blue * alpha + ground) // 255
