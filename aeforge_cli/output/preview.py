"""Before and after on a terminal: side by side where there is room, else one above the other, each below its label."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, BinaryIO

from aeforge_cli.dataclass import dataclass
from aeforge_cli.extras import install_hint
from aeforge_cli.files.image_headers import Format, identify
from aeforge_cli.output import picture_protocols
from aeforge_cli.output.pixels import read
from aeforge_cli.output.terminal import Protocol, Screen, Unshowable

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_FILE = 8_000_000  # bytes; base64 makes a third more of them
BESIDE = 60  # columns from which on two pictures stand side by side
_GAP = 2
_LEAST_COLUMNS, _LEAST_ROWS = 8, 3
_MOST_SIXELS = 1000  # pixels to a side; xterm shows no more unless its maxGraphicSize is set

Opener = Callable[[], BinaryIO]


def before_and_after(before: Opener | None, after: Opener, screen: Screen, *, label: str = "after") -> str:
    """What draws the two. Raises Unshowable where the second cannot be drawn; the first is then left out."""
    beside = before is None or screen.columns >= BESIDE
    width = (screen.columns - 1 - _GAP) // 2 if before and beside else screen.columns - 1
    height = screen.rows // 2 - 1 if beside else (screen.rows - 4) // 2
    if width < _LEAST_COLUMNS or height < _LEAST_ROWS:
        raise Unshowable("the terminal is too small")
    second = _shown(label, after, screen, width, height)
    tiles = [*_first(before, screen, width, height), second]
    return "\n".join(_lines(tiles) if beside else [line for tile in tiles for line in _lines([tile])])


def _first(before: Opener | None, screen: Screen, width: int, height: int) -> "Iterator[_Tile]":
    try:
        if before:
            yield _shown("before", before, screen, width, height)
    except Unshowable:
        return


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


def _shown(label: str, opener: Opener, screen: Screen, columns: int, rows: int) -> _Tile:
    try:
        with opener() as stream:
            return _as_file(label, stream, screen, columns, rows) or _as_pixels(label, stream, screen, columns, rows)
    except Unshowable:
        raise
    except ImportError:
        raise Unshowable(f"reading it needs Pillow: {install_hint('preview')}") from None
    except Exception as error:
        raise Unshowable("the picture cannot be read") from error


def _as_file(label: str, stream: BinaryIO, screen: Screen, columns: int, rows: int) -> _Tile | None:
    """For terminals that read picture files themselves."""
    info = identify(stream)
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not (info and info.width and info.height) or size > LARGEST_FILE:
        return None
    wide, high = screen.fitted(info.width, info.height, columns, rows)
    match screen.protocol:
        case Protocol.KITTY if info.format is Format.PNG:
            return _floating(label, picture_protocols.kitty_file(stream.read(), wide, high), wide, high)
        case Protocol.ITERM:
            return _floating(label, picture_protocols.iterm_file(stream.read(), wide, high), wide, high)
        case _:
            return None


def _as_pixels(label: str, stream: BinaryIO, screen: Screen, columns: int, rows: int) -> _Tile:
    stream.seek(0)
    image = read(stream)
    wide, high = screen.fitted(image.width, image.height, columns, rows)
    match screen.protocol:
        case Protocol.KITTY:
            return _floating(label, picture_protocols.kitty_pixels(image, wide, high), wide, high)
        case Protocol.SIXEL:
            return _floating(label, _sixel(image, screen, wide, high), wide, high)
        case _ if screen.colors is not None:
            return _Tile(label, wide, list(picture_protocols.half_blocks(image, wide, high, screen.colors)))
        case _:
            raise Unshowable("the file is too large for this terminal")


def _sixel(image: "Image", screen: Screen, columns: int, rows: int) -> str:
    width, height = columns * screen.cell[0], rows * screen.cell[1]
    scale = min(1.0, _MOST_SIXELS / max(width, height))
    return picture_protocols.sixel(image, round(width * scale), round(height * scale), screen.registers)


def _floating(label: str, picture: str, columns: int, rows: int) -> _Tile:
    """The first line draws all of it, from where the cursor then is again; no line writes over it."""
    over = f"\x1b[{columns}C"
    return _Tile(label, columns, [f"\x1b7{picture}\x1b8{over}", *[over] * (rows - 1)], floats=True)
