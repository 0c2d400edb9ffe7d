"""What the terminal can show besides text: asked of it where it can be asked, and else by what it says of itself.

Sources: "XTerm Control Sequences" (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html: Send Device Attributes,
where 4 stands for sixel; XTSMGRAPHICS for the number of colours).
"""

import contextlib
import os
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from typing import IO

from rich.color import ColorSystem
from rich.console import Console

from aeforge_cli.dataclass import dataclass
from aeforge_cli.output.progress import can_show

HALF_BLOCK = "▀"
# Terminals answer within milliseconds, over a slow ssh in a few hundred; one that knows no answer costs this once.
TIME_LIMIT = 0.5
_ATTRIBUTES = b"\x1b[c", re.compile(rb"\x1b\[\?([\d;]*)c")  # a question that every terminal answers
# Asked only of those that know sixel: others might scroll, as they would print kitty's own question.
_REGISTERS = b"\x1b[?1;1;0S", re.compile(rb"\x1b\[\?1;(\d+;\d+)S")
_CELL = (10, 20)  # pixels of a cell where none are told, as of the VT340, whose sixels they are


class Unshowable(Exception):
    """Why no picture can be drawn here, in words for the user."""


class Protocol(Enum):
    """How a terminal takes pictures."""

    KITTY = "kitty"
    ITERM = "iTerm2"
    SIXEL = "sixel"


@dataclass(frozen=True)
class Screen:
    """A terminal: its size in cells, how it takes pictures, and the size of a cell in pixels.

    `colors` is None where half blocks cannot be drawn; `registers` are the colours of a sixel picture.
    """

    columns: int
    rows: int
    protocol: Protocol | None = None
    colors: ColorSystem | None = None
    cell: tuple[int, int] = _CELL
    registers: int = 256

    def fitted(self, width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
        """The cells that a picture of so many pixels fills, within a room of cells."""
        ratio = self.cell[1] / self.cell[0]
        scale = min(columns / width, rows * ratio / height)
        return max(1, round(width * scale)), max(1, round(height * scale / ratio))


def screen_of(stream: IO[str], environment: Mapping[str, str], *, color: bool) -> Screen:
    """What the terminal behind a stream can show. Raises Unshowable where that is text alone."""
    if not stream.isatty():
        raise Unshowable("standard error is not a terminal")
    if environment.get("TERM") == "dumb":
        raise Unshowable("this terminal cannot show pictures (TERM=dumb)")
    columns, rows = os.get_terminal_size(stream.fileno())
    protocol, registers = named_by(environment), 256
    if protocol is None and not _in_multiplexer(environment):
        answer = _asked(stream.fileno())
        protocol, registers = answer.protocol, answer.registers
    colors = _colors(environment) if color and can_show(stream, HALF_BLOCK) else None
    if protocol is None and colors is None:
        raise Unshowable(_why_no_blocks(environment, color=color))
    # Some terminals do not say their size.
    return Screen(columns or 80, rows or 24, protocol, colors, _cell(stream.fileno()), registers)


def _why_no_blocks(environment: Mapping[str, str], *, color: bool) -> str:
    if environment.get("NO_COLOR") or not color:
        return "this terminal cannot show pictures, and colour is off"
    return "this terminal cannot show pictures, nor 256 colours and block characters in their place"


def named_by(environment: Mapping[str, str]) -> Protocol | None:
    """TERM is the terminal's own; TERM_PROGRAM and KITTY_WINDOW_ID may be left from the one it was started in."""
    if _in_multiplexer(environment):
        return None
    if environment.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return Protocol.KITTY
    if program := environment.get("TERM_PROGRAM") or environment.get("LC_TERMINAL"):
        return _PROGRAMS.get(program)
    return Protocol.KITTY if environment.get("KITTY_WINDOW_ID") else None


def _in_multiplexer(environment: Mapping[str, str]) -> bool:
    """They draw the screen themselves; tmux claims sixel whatever the terminal around it knows."""
    is_named = any(environment.get(name) for name in ("TMUX", "STY", "ZELLIJ"))
    return is_named or environment.get("TERM", "").startswith(("tmux", "screen"))


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


def _cell(terminal: int) -> tuple[int, int]:
    """Most terminals that show pictures tell their size in pixels, too."""
    try:
        import fcntl
        import struct
        import termios

        told = fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8))
        rows, columns, width, height = struct.unpack("4H", told)
        cell = (width // columns, height // rows)
    except (ImportError, OSError, ZeroDivisionError):
        return _CELL
    return cell if cell[0] > 1 and 1 < cell[1] / cell[0] < 4 else _CELL


# ------------------------------------------------------------------ asking


@dataclass(frozen=True)
class _Abilities:
    """What the terminal said."""

    protocol: Protocol | None = None
    registers: int = 256


@cache
def _asked(terminal: int) -> _Abilities:
    """Asked once, and only where the answer comes to us and typing cannot be taken for it."""
    try:
        import termios
    except ImportError:  # Windows: its terminal takes half blocks
        return _Abilities()
    try:
        if not _is_keyboard_of(terminal):
            return _Abilities()
        with _unechoed(terminal):
            typed_ahead = select.select([terminal], [], [], 0)[0]
            return _Abilities() if typed_ahead else _told(terminal)
    except (OSError, termios.error):
        return _Abilities()


def _told(terminal: int) -> _Abilities:
    if b"4" not in _answer(terminal, *_ATTRIBUTES):
        return _Abilities()
    status, registers = _answer(terminal, *_REGISTERS) or (b"", b"")
    return _Abilities(Protocol.SIXEL, min(int(registers), 256) if status == b"0" else 256)


def _is_keyboard_of(terminal: int) -> bool:
    """Whether standard input is the same terminal; in the background, a question would stop the process."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    return os.fstat(sys.stdin.fileno()).st_rdev == os.fstat(terminal).st_rdev and _is_in_foreground(terminal)


def _is_in_foreground(terminal: int) -> bool:
    return os.tcgetpgrp(terminal) == os.getpgrp()


@contextlib.contextmanager
def _unechoed(keyboard: int) -> Iterator[None]:
    """Answers come at once, and are not shown; Ctrl-C stays what it is."""
    import termios

    before = termios.tcgetattr(keyboard)
    quiet = termios.tcgetattr(keyboard)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(keyboard, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def _answer(keyboard: int, question: bytes, form: re.Pattern[bytes]) -> list[bytes]:
    """The numbers of the answer; none where it does not come within the time limit."""
    os.write(keyboard, question)
    _unanswered.add(keyboard)
    heard, until = b"", time.monotonic() + TIME_LIMIT
    while not (found := form.search(heard)):
        if not select.select([keyboard], [], [], max(0.0, until - time.monotonic()))[0]:
            return []
        heard += os.read(keyboard, 4096)
    _unanswered.discard(keyboard)
    return found[1].split(b";")


_unanswered: set[int] = set()


def forget_late_answers() -> None:
    """At the end, throws away what came on the keyboard where the terminal did not answer in time.

    The shell would take it for typing.
    """
    for keyboard in _unanswered:
        import termios

        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(keyboard, termios.TCIFLUSH)
