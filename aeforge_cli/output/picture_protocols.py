"""How terminals take pictures: each way makes text of a picture, nothing but base64, numbers and its own alphabet.

Our own code, about 60 lines, in place of a library: textual-image asks the terminal when it is imported, needs Python
3.12 and knows no iTerm2; term-image needs a Pillow of two years ago; chafa.py is a C library unmaintained since 2024.

Sources: kitty's "Terminal graphics protocol" (https://sw.kovidgoyal.net/kitty/graphics-protocol/), iTerm2's "Inline
Images Protocol" (https://iterm2.com/documentation-images.html), and for sixel "VT330/VT340 Programmer Reference Manual,
Volume 2", chapter 14 (https://vt100.net/docs/vt3xx-gp/chapter14.html).
"""

import base64
import re
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from rich.color import Color, ColorSystem
from rich.style import Style

from aeforge_cli.output.pixels import opaque, scaled
from aeforge_cli.output.terminal import HALF_BLOCK

if TYPE_CHECKING:
    from PIL.Image import Image

_CHUNK = 4096  # characters of base64; kitty takes no more at once
BAND = 6  # rows of pixels that are one row of sixels
_REPEATED = re.compile(rb"(.)\1{3,}", re.DOTALL)


def kitty_file(png: bytes, columns: int, rows: int) -> str:
    return _kitty("f=100", png, columns, rows)


def kitty_pixels(image: "Image", columns: int, rows: int) -> str:
    """Kitty scales to the cells itself; more pixels than it shows would only take time."""
    small = scaled(image, min(10 * columns, image.width), min(20 * rows, image.height))
    return _kitty(f"f=32,s={small.width},v={small.height},o=z", zlib.compress(small.tobytes()), columns, rows)


def _kitty(kind: str, content: bytes, columns: int, rows: int) -> str:
    """Without an answer (q=2), which the shell would take for typing, and without moving the cursor (C=1)."""
    text = base64.b64encode(content).decode()
    chunks = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    keys = [f"a=T,{kind},C=1,c={columns},r={rows},", *[""] * (len(chunks) - 1)]
    more = [*[1] * (len(chunks) - 1), 0]
    return "".join(
        f"\x1b_G{first}q=2,m={rest};{chunk}\x1b\\" for first, rest, chunk in zip(keys, more, chunks, strict=True)
    )


def iterm_file(content: bytes, columns: int, rows: int) -> str:
    text = base64.b64encode(content).decode()
    return f"\x1b]1337;File=inline=1;size={len(content)};width={columns};height={rows}:{text}\x07"


def sixel(image: "Image", width: int, height: int, registers: int) -> str:
    """The picture in so many pixels and at most so many colours; what is lower than a band at the end is left out."""
    from PIL.Image import Dither, Quantize

    shown = opaque(scaled(image, width, max(BAND, height - height % BAND)))
    few = shown.quantize(registers, Quantize.MEDIANCUT, dither=Dither.FLOYDSTEINBERG)
    palette = few.getpalette() or []
    parts = [round(value * 100 / 255) for value in palette]  # sixel counts in percent
    colors = "".join(f"#{i};2;{parts[3 * i]};{parts[3 * i + 1]};{parts[3 * i + 2]}" for i in range(len(parts) // 3))
    pixels = few.tobytes()
    bands = (pixels[start : start + BAND * width] for start in range(0, len(pixels), BAND * width))
    return f'\x1bP0;1q"1;1;{few.width};{few.height}{colors}{"-".join(_band(band, width) for band in bands)}\x1b\\'


def _band(pixels: bytes, width: int) -> str:
    """A row of sixels: for each colour the columns where it stands, six bits each, and back to the beginning ($)."""
    planes: dict[int, bytearray] = {}
    for place, color in enumerate(pixels):
        plane = planes.setdefault(color, bytearray(b"?") * width)
        plane[place % width] += 1 << place // width
    return "$".join(f"#{color}{_shortened(bytes(plane))}" for color, plane in planes.items())


def _shortened(plane: bytes) -> str:
    """Runs of the same sixel as `!` and their length; nothing for a run of none at the end."""
    return _REPEATED.sub(lambda run: b"!%d%b" % (len(run[0]), run[1]), plane.rstrip(b"?")).decode("ascii")


def half_blocks(image: "Image", columns: int, rows: int, colors: ColorSystem) -> Iterator[str]:
    """Two pixels to a cell: the block's colour above, the background's below."""
    pixels = opaque(scaled(image, columns, 2 * rows)).tobytes()
    for row in range(rows):
        upper, lower = (_colors(pixels, columns, 2 * row + half) for half in (0, 1))
        yield "".join(
            Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)).render(
                HALF_BLOCK * len(list(alike)), color_system=colors
            )
            for (above, below), alike in groupby(zip(upper, lower, strict=True))
        )


def _colors(pixels: bytes, columns: int, row: int) -> list[tuple[int, int, int]]:
    line = pixels[3 * columns * row : 3 * columns * (row + 1)]
    return list(zip(line[::3], line[1::3], line[2::3], strict=True))
