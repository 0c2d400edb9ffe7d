"""Which way of showing pictures a terminal has: what it says of itself, and what it answers when it is asked."""

import fcntl
import io
import os
import struct
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from rich.color import ColorSystem

from aeforge_cli.output import terminal
from aeforge_cli.output.terminal import Protocol, Screen, Unshowable, named_by, screen_of

XTERM = {"TERM": "xterm-256color"}
SIXEL = b"\x1b[?63;1;2;4;6;9;15;22c"
SIXTEEN = b"\x1b[?1;0;16S"
PLAIN = b"\x1b[?1;2c"


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty"}, Protocol.KITTY),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, Protocol.KITTY),
        ({"TERM": "xterm-ghostty"}, Protocol.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "ghostty"}, Protocol.KITTY),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Protocol.ITERM),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, Protocol.ITERM),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Protocol.ITERM),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "xterm-kitty", "TERM_PROGRAM": "iTerm.app"}, Protocol.KITTY),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "screen", "TERM_PROGRAM": "iTerm.app"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, None),
        ({"TERM": "xterm-kitty", "STY": "1.pts"}, None),
        ({"TERM": "xterm-kitty", "ZELLIJ": "0"}, None),
    ],
    ids=str,
)
def test_some_terminals_say_by_their_name_what_they_take(
    environment: Mapping[str, str], protocol: Protocol | None
) -> None:
    assert named_by(environment) is protocol


# ------------------------------------------------------------------ on a terminal


class Window:
    """A terminal window: `stream` is the program's side of it."""

    def __init__(self, size: tuple[int, int, int, int] = (30, 100, 0, 0)) -> None:
        self.screen, keyboard = os.openpty()
        fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("4H", *size))
        self.stream = os.fdopen(keyboard, "w+b", buffering=0)
        self.text = io.TextIOWrapper(self.stream, encoding="utf-8", write_through=True)

    @contextmanager
    def answering(self, *answers: bytes) -> Iterator[list[bytes]]:
        """Answers the questions as a terminal does, and keeps what was asked."""
        asked: list[bytes] = []

        def serve() -> None:
            for answer in answers:
                asked.append(os.read(self.screen, 4096))
                os.write(self.screen, answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield asked
        thread.join(5)

    def type_ahead(self, keys: bytes) -> None:
        os.write(self.screen, keys)
        expected = keys.replace(b"\n", b"\r\n")
        echo = b""
        while len(echo) < len(expected):  # it may come in pieces
            echo += os.read(self.screen, 100)
        assert echo == expected  # the keys have come

    def settings(self) -> list[object]:
        return termios.tcgetattr(self.stream.fileno())

    def close(self) -> None:
        self.text.close()
        os.close(self.screen)


@pytest.fixture
def open_window(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Window]]:
    """Opens windows; the process sits in the foreground of each, and its standard input is the last."""
    windows: list[Window] = []

    def open_(*size: int) -> Window:
        window = Window(size) if len(size) == 4 else Window()
        windows.append(window)
        monkeypatch.setattr(sys, "stdin", window.text)
        return window

    monkeypatch.setattr(terminal, "_is_in_foreground", lambda _terminal: True)
    terminal._asked.cache_clear()
    yield open_
    terminal._asked.cache_clear()
    terminal._unanswered.clear()
    for window in windows:
        window.close()


def test_a_terminal_that_knows_sixel_is_asked_for_its_colours_too(open_window: Callable[..., Window]) -> None:
    window = open_window()
    before = window.settings()

    with window.answering(SIXEL, SIXTEEN) as asked:
        screen = screen_of(window.text, XTERM, color=True)

    assert (screen.protocol, screen.registers) == (Protocol.SIXEL, 16)
    assert asked == [b"\x1b[c", b"\x1b[?1;1;0S"]
    assert window.settings() == before


@pytest.mark.parametrize(
    "answer", [b"\x1b[?1;2c", b"\x1b[?64;14;24c", b"\x1b[?c", b"\x1b[?62;22c"], ids=["VT100", "14", "none", "colour"]
)
def test_a_terminal_without_sixel_is_asked_nothing_more(open_window: Callable[..., Window], answer: bytes) -> None:
    window = open_window()

    with window.answering(answer) as asked:
        screen = screen_of(window.text, XTERM, color=True)

    assert (screen.protocol, asked) == (None, [b"\x1b[c"])


@pytest.mark.parametrize("answer", [b"\x1b[?1;0;65536S", b"\x1b[?1;3;0S"], ids=["many", "refused"])
def test_256_colours_are_enough(open_window: Callable[..., Window], answer: bytes) -> None:
    window = open_window()

    with window.answering(b"\x1b[?62;4c", answer):
        screen = screen_of(window.text, XTERM, color=True)

    assert (screen.protocol, screen.registers) == (Protocol.SIXEL, 256)


def test_a_terminal_is_asked_once(open_window: Callable[..., Window]) -> None:
    window = open_window()

    with window.answering(SIXEL, SIXTEEN):
        first = screen_of(window.text, XTERM, color=True)

    assert screen_of(window.text, XTERM, color=True) == first


def test_a_terminal_that_does_not_answer_gets_half_blocks_and_what_it_says_later_is_thrown_away(
    open_window: Callable[..., Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    before = window.settings()
    monkeypatch.setattr(terminal, "TIME_LIMIT", 0.05)

    screen = screen_of(window.text, XTERM, color=True)
    os.write(window.screen, SIXEL + b"\n")
    terminal.forget_late_answers()

    os.set_blocking(window.stream.fileno(), False)
    assert (screen.protocol, screen.colors) == (None, ColorSystem.EIGHT_BIT)
    assert window.settings() == before
    assert window.stream.read(100) is None


def test_what_the_user_types_ahead_is_left_alone(open_window: Callable[..., Window]) -> None:
    window = open_window()
    window.type_ahead(b"ls\n")

    screen = screen_of(window.text, XTERM, color=True)

    os.set_blocking(window.screen, False)
    with pytest.raises(BlockingIOError):
        os.read(window.screen, 100)
    assert (screen.protocol, window.stream.read(100)) == (None, b"ls\n")


def test_a_terminal_that_is_not_the_keyboards_is_not_asked(open_window: Callable[..., Window]) -> None:
    window, _ = open_window(), open_window()

    screen = screen_of(window.text, XTERM, color=True)

    os.set_blocking(window.screen, False)
    with pytest.raises(BlockingIOError):
        os.read(window.screen, 100)
    assert screen.protocol is None


def test_in_the_background_nothing_is_asked(
    open_window: Callable[..., Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    monkeypatch.setattr(terminal, "_is_in_foreground", lambda _terminal: False)

    assert screen_of(window.text, XTERM, color=True).protocol is None


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((30, 100, 0, 0), (100, 30, (10, 20))),
        ((30, 100, 1000, 660), (100, 30, (10, 22))),
        ((30, 100, 100, 30), (100, 30, (10, 20))),
        ((0, 0, 0, 0), (80, 24, (10, 20))),
    ],
    ids=["cells alone", "pixels, too", "cells instead of pixels", "nothing"],
)
def test_the_terminal_says_how_large_it_and_its_cells_are(
    open_window: Callable[..., Window], size: tuple[int, int, int, int], expected: tuple[int, int, tuple[int, int]]
) -> None:
    window = open_window(*size)

    with window.answering(PLAIN):
        screen = screen_of(window.text, XTERM, color=True)

    assert (screen.columns, screen.rows, screen.cell) == expected


# ------------------------------------------------------------------ where nothing can be shown


@pytest.mark.parametrize(
    ("environment", "color", "why"),
    [
        ({"TERM": "dumb"}, True, "this terminal cannot show pictures (TERM=dumb)"),
        (XTERM, False, "this terminal cannot show pictures, and colour is off"),
        (
            {"TERM": "linux"},
            True,
            "this terminal cannot show pictures, nor 256 colours and block characters in their place",
        ),
    ],
    ids=["dumb", "no colour", "few colours"],
)
def test_where_nothing_can_be_shown_the_reason_is_given(
    open_window: Callable[..., Window], environment: Mapping[str, str], color: bool, why: str
) -> None:
    window = open_window()
    window.type_ahead(b"x\n")  # so that it is not asked

    with pytest.raises(Unshowable) as caught:
        screen_of(window.text, environment, color=color)

    assert str(caught.value) == why


def test_what_is_no_terminal_shows_nothing() -> None:
    with pytest.raises(Unshowable, match="standard error is not a terminal"):
        screen_of(io.StringIO(), XTERM, color=True)


@pytest.mark.parametrize(
    ("environment", "colors"),
    [
        ({"TERM": "xterm-256color"}, ColorSystem.EIGHT_BIT),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, ColorSystem.TRUECOLOR),
        ({"TERM": "xterm", "COLORTERM": "24bit"}, ColorSystem.TRUECOLOR),
        ({"TERM": "xterm-kitty"}, None),
    ],
    ids=str,
)
def test_half_blocks_need_many_colours(
    open_window: Callable[..., Window], environment: Mapping[str, str], colors: ColorSystem | None
) -> None:
    window = open_window()
    window.type_ahead(b"x\n")

    screen: Screen = screen_of(window.text, environment, color=environment["TERM"] != "xterm-kitty")

    assert screen.colors is colors
