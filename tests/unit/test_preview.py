"""Pictures on a terminal: as files or pixels where it takes them, else in half blocks, else not at all."""

import base64
import contextlib
import io
import re
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.color import ColorSystem

from aeforge_cli.errors import Interrupted
from aeforge_cli.output.preview import LARGEST_FILE, Opener, before_and_after
from aeforge_cli.output.terminal import Protocol, Screen, Unshowable
from tests.conftest import png

TRUE = Screen(80, 24, colors=ColorSystem.TRUECOLOR)
COARSE = Screen(80, 24, colors=ColorSystem.EIGHT_BIT)
KITTY = Screen(80, 24, Protocol.KITTY, ColorSystem.TRUECOLOR)
ITERM = Screen(80, 24, Protocol.ITERM, ColorSystem.TRUECOLOR)
SIXEL = Screen(80, 24, Protocol.SIXEL, ColorSystem.TRUECOLOR)
RED = png(0xFF0000)
BLUE = png(0x0000FF)
SQUARE = 22  # columns of a square picture on 24 rows


def opener(content: bytes) -> Opener:
    return lambda: io.BytesIO(content)


def saved(picture: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind)
    return stream.getvalue()


def drawn(after: bytes, screen: Screen, before: bytes | None = None) -> str:
    return before_and_after(None if before is None else opener(before), opener(after), screen)


# ------------------------------------------------------------------ half blocks


def test_two_pixels_stand_in_one_cell() -> None:
    red_over_blue = Image.new("RGB", (11, 22), "red")
    for y in range(1, 22, 2):
        red_over_blue.paste("blue", (0, y, 11, y + 1))

    lines = drawn(saved(red_over_blue, "PNG"), TRUE).split("\n")

    assert lines == ["after", *["\x1b[38;2;255;0;0;48;2;0;0;255m" + "▀" * 11 + "\x1b[0m"] * 11]


def test_with_256_colours_the_nearest_are_taken() -> None:
    assert drawn(RED, COARSE).split("\n")[1] == "\x1b[38;5;196;48;5;196m" + "▀" * SQUARE + "\x1b[0m"


def test_before_and_after_stand_side_by_side_where_there_is_room() -> None:
    lines = drawn(BLUE, TRUE, RED).split("\n")

    red = "\x1b[38;2;255;0;0;48;2;255;0;0m" + "▀" * SQUARE + "\x1b[0m"
    blue = "\x1b[38;2;0;0;255;48;2;0;0;255m" + "▀" * SQUARE + "\x1b[0m"
    assert lines == ["before" + " " * (SQUARE - 6 + 2) + "after", *[f"{red}  {blue}"] * 11]


def test_before_stands_above_after_where_there_is_not() -> None:
    lines = drawn(BLUE, replace(TRUE, columns=59), RED).split("\n")

    assert [number for number, line in enumerate(lines) if "▀" not in line] == [0, 11]
    assert (lines[0], lines[11], len(lines)) == ("before", "after", 22)


def test_the_shorter_of_two_pictures_leaves_room_for_the_other() -> None:
    wide = saved(Image.new("RGB", (40, 10)), "PNG")

    lines = drawn(RED, TRUE, wide).split("\n")

    assert [line.count("▀") for line in lines[1:]] == [38 + SQUARE] * 5 + [SQUARE] * 6
    assert lines[-1].startswith(" " * 40 + "\x1b[38;2;255;0;0")


def test_a_picture_narrower_than_its_label_leaves_room_for_it() -> None:
    narrow = saved(Image.new("RGB", (1, 100)), "PNG")

    lines = drawn(RED, TRUE, narrow).split("\n")

    assert lines[0] == "before  after"
    assert re.sub(r"\x1b\[[\d;]*m", "", lines[1]) == "▀       " + "▀" * SQUARE


def test_what_is_transparent_shows_a_checkerboard() -> None:
    clear = saved(Image.new("RGBA", (16, 16), (255, 0, 0, 0)), "PNG")
    half = saved(Image.new("RGBA", (16, 16), (255, 0, 0, 128)), "PNG")

    assert set(re.findall(r"8;2;([\d;]+?)(?=;48|m)", drawn(clear, TRUE))) == {"153;153;153", "102;102;102"}
    assert set(re.findall(r"8;2;([\d;]+?)(?=;48|m)", drawn(half, TRUE))) == {"204;76;76", "179;51;51"}


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "BMP", "PNG"])
def test_every_usual_format_is_drawn(kind: str) -> None:
    assert drawn(saved(Image.new("RGB", (8, 8)), kind), TRUE).count("▀") == SQUARE * 11


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        RED[:40],
        RED.replace(b"IDAT", b"IDOT"),
        RED[:43] + bytes(20) + RED[63:],
        saved(Image.new("RGB", (8, 8)), "JPEG")[:300],
        saved(Image.new("RGB", (8, 8)), "TIFF"),
    ],
    ids=["empty", "text", "cut", "without pixels", "damaged", "a cut JPEG", "a TIFF"],
)
def test_a_picture_that_cannot_be_read_is_not_drawn(content: bytes) -> None:
    for before in (None, RED):
        with pytest.raises(Unshowable, match="the picture cannot be read"):
            drawn(content, TRUE, before=before)
    assert drawn(RED, TRUE, before=content) == drawn(RED, replace(TRUE, columns=39))


def test_a_file_that_is_gone_is_not_drawn() -> None:
    def gone() -> io.BytesIO:
        raise FileNotFoundError

    with pytest.raises(Unshowable, match="the picture cannot be read"):
        before_and_after(opener(RED), gone, TRUE)


def test_an_interruption_is_none_of_a_pictures_troubles() -> None:
    def interrupted() -> io.BytesIO:
        raise Interrupted(2)

    with pytest.raises(Interrupted):
        before_and_after(None, interrupted, TRUE)


@pytest.mark.parametrize("screen", [replace(TRUE, columns=8), replace(TRUE, rows=7), replace(TRUE, columns=40, rows=9)])
def test_a_terminal_that_is_too_small_shows_nothing(screen: Screen) -> None:
    with pytest.raises(Unshowable, match="the terminal is too small"):
        drawn(RED, screen, RED)


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.integers(8, 300), st.integers(3, 100))
def test_a_picture_stays_in_its_room_and_in_its_proportion(width: int, height: int, columns: int, rows: int) -> None:
    wide, high = TRUE.fitted(width, height, columns, rows)

    assert 1 <= wide <= columns
    assert 1 <= high <= rows
    assert wide == columns or high == rows
    scale = min(columns / width, 2 * rows / height)
    assert abs(wide - max(1, scale * width)) <= 0.5
    assert abs(2 * high - max(2, scale * height)) <= 1


# ------------------------------------------------------------------ kitty

KITTY_SEQUENCE = re.compile(r"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\")


def payload(text: str) -> bytes:
    return base64.b64decode("".join(part for _, part in KITTY_SEQUENCE.findall(text)))


def test_kitty_gets_a_png_file_as_it_is() -> None:
    content = base64.b64encode(RED).decode()

    assert drawn(RED, KITTY) == (
        "after\n"
        + "\n" * 11
        + f"\x1b[11A\x1b7\x1b_Ga=T,f=100,C=1,c=22,r=11,q=2,m=0;{content}\x1b\\\x1b8\x1b[22C\n"
        + "\n".join(["\x1b[22C"] * 10)
    )


def test_a_large_file_comes_in_pieces_that_kitty_takes() -> None:
    noise = png(0x123456, side=100, packed=False)

    parts = KITTY_SEQUENCE.findall(drawn(noise, KITTY))

    assert payload(drawn(noise, KITTY)) == noise
    assert [len(content) for _, content in parts[:-1]] == [4096] * (len(parts) - 1)
    assert [keys for keys, _ in parts] == [
        "a=T,f=100,C=1,c=22,r=11,q=2,m=1",
        *["q=2,m=1"] * (len(parts) - 2),
        "q=2,m=0",
    ]


def test_kitty_gets_pixels_of_other_formats() -> None:
    jpeg = saved(Image.new("L", (64, 32), 0x33), "JPEG")

    (keys, _), *_ = KITTY_SEQUENCE.findall(drawn(jpeg, KITTY))

    assert keys == "a=T,f=32,s=64,v=32,o=z,C=1,c=44,r=11,q=2,m=0"
    assert zlib.decompress(payload(drawn(jpeg, KITTY))) == bytes((0x33, 0x33, 0x33, 0xFF)) * 64 * 32


# ------------------------------------------------------------------ iTerm2


def test_iterm_gets_files_as_they_are_and_side_by_side() -> None:
    jpeg = saved(Image.new("RGB", (32, 16)), "JPEG")
    before, after = base64.b64encode(jpeg).decode(), base64.b64encode(BLUE).decode()

    assert drawn(BLUE, ITERM, jpeg).split("\n") == [
        "before" + " " * 34 + "after",
        *[""] * 11,
        (
            f"\x1b[11A\x1b7\x1b]1337;File=inline=1;size={len(jpeg)};width=38;height=10:{before}\x07\x1b8\x1b[38C  "
            f"\x1b7\x1b]1337;File=inline=1;size={len(BLUE)};width=22;height=11:{after}\x07\x1b8\x1b[22C"
        ),
        *["\x1b[38C  \x1b[22C"] * 9,
        " " * 40 + "\x1b[22C",
    ]


# ------------------------------------------------------------------ sixel

SIXEL_SEQUENCE = re.compile(r'\x1bP0;1q"1;1;(\d+);(\d+)((?:#[\d;]+)*?)((?:#\d+[!\d?-~]*[$-]?)+)\x1b\\')


def decoded(text: str) -> dict[tuple[int, int], tuple[int, ...]]:
    """The pixels that a VT340 would show, by column and row; colours in percent."""
    found = SIXEL_SEQUENCE.search(text)
    assert found is not None
    colors = {
        int(number): tuple(map(int, rgb.split(";"))) for number, rgb in re.findall(r"#(\d+);2;([\d;]+)", found[3])
    }
    pixels: dict[tuple[int, int], tuple[int, ...]] = {}
    for band, line in enumerate(found[4].split("-")):
        for color, plane in re.findall(r"#(\d+)([!\d?-~]*)", line):
            sixels = "".join(char * int(count or 1) for count, char in re.findall(r"(?:!(\d+))?([?-~])", plane))
            for x, char in enumerate(sixels):
                for bit in range(6):
                    if ord(char) - 63 >> bit & 1:
                        pixels[x, 6 * band + bit] = colors[int(color)]
    return pixels


def test_sixels_show_every_pixel_of_the_picture_in_its_colour() -> None:
    halves = Image.new("RGB", (30, 20), "red")
    halves.paste("blue", (10, 0, 30, 20))

    pixels = decoded(drawn(saved(halves, "PNG"), SIXEL))

    width, height = 330, 216  # 33 columns of 10 pixels, 11 rows of 20, cut to whole bands of six
    assert pixels.keys() == {(x, y) for x in range(width) for y in range(height)}
    assert {pixels[x, y] for x in range(110) for y in range(height)} == {(100, 0, 0)}
    assert {pixels[x, y] for x in range(110, width) for y in range(height)} == {(0, 0, 100)}


def test_sixels_use_no_more_colours_than_the_terminal_has() -> None:
    ramp = Image.linear_gradient("L").resize((64, 64))

    pixels = decoded(drawn(saved(ramp, "PNG"), replace(SIXEL, registers=16)))

    assert 8 <= len(set(pixels.values())) <= 16


def test_sixels_are_as_large_as_the_cells_they_fill_and_no_larger_than_a_terminal_shows() -> None:
    pixels = decoded(drawn(RED, replace(SIXEL, rows=60, columns=200, cell=(8, 16))))
    huge = decoded(drawn(RED, replace(SIXEL, rows=200, columns=400, cell=(20, 40))))

    assert (max(x for x, _ in pixels) + 1, max(y for _, y in pixels) + 1) == (58 * 8, 29 * 16 - 29 * 16 % 6)
    assert max(max(place) for place in huge) < 1000


@pytest.mark.parametrize("screen", [KITTY, ITERM], ids=["kitty", "iTerm2"])
def test_a_file_that_is_too_large_to_send_is_drawn_by_its_pixels(screen: Screen) -> None:
    large = RED + bytes(LARGEST_FILE)

    assert len(drawn(large, screen)) < 50_000
    assert ("▀" in drawn(large, screen)) == (screen is ITERM)


ALLOWED = re.compile(r"\x1b(\[[\d;]*[mAC]|[78]|_G[\w=,;+/]*\x1b\\|\]1337;[\w=,;:+/]*\x07|P0;1q[\"#;\d!$?-~-]*\x1b\\)")


@given(st.binary(max_size=200))
def test_nothing_of_a_file_is_written_as_it_is(content: bytes) -> None:
    hostile = RED[:33] + b"\x1b]0;title\x07\x9b31m" + content

    for screen in (TRUE, KITTY, ITERM, SIXEL):
        with contextlib.suppress(Unshowable):
            assert set(ALLOWED.sub("", drawn(hostile, screen))) <= set("after▀ \n")
