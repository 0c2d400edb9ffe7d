"""`--preview`: before and after on the terminal, and nothing where it shows no pictures."""

import base64
import io
import os
import signal
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pyte
import pytest
from PIL import Image

from tests.conftest import Aeforge, Run, png
from tests.faults.fake import Fake
from tests.faults.origin import Answer

RED, BLUE, GREEN = "ff0000", "0000ff", "00ff00"
TRUE = {"COLORTERM": "truecolor"}


def halves(left: str, right: str) -> bytes:
    """A square picture, its left and its right half of one colour each."""
    picture = Image.new("RGB", (16, 16), f"#{left}")
    picture.paste(f"#{right}", (8, 0, 16, 16))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


BEFORE, AFTER = halves(GREEN, RED), halves(RED, BLUE)


@pytest.fixture(autouse=True)
def known_pictures(fake: Fake, photo: Path) -> None:
    photo.write_bytes(BEFORE)
    fake.downloads.always(Answer(body=AFTER, headers={"Content-Type": "image/png"}))


def cells(run: Run, *, columns: int = 80, rows: int = 24) -> list[str]:
    """What the screen shows at last, a letter for each cell: R, G and B for colours, `.` for none."""
    screen = pyte.Screen(columns, rows)
    pyte.Stream(screen).feed(run.stderr)
    letters = {RED: "R", GREEN: "G", BLUE: "B"}
    return [
        "".join(
            letters.get(cell.fg, "?") if cell.data == "▀" and cell.fg == cell.bg else cell.data.replace(" ", ".")
            for cell in (screen.buffer[y][x] for x in range(columns))
        ).rstrip(".")
        for y in range(rows)
    ]


def previewed(user: Aeforge, photo: Path, out: Path, *words: str, env: Mapping[str, str | None] = TRUE) -> Run:
    command: list[str | Path] = ["inpaint", photo, "-p", "x", "-o", out, "--preview", *words]
    return user.terminal(*command, env=env).finish()


@pytest.fixture
def out(user: Aeforge) -> Path:
    return Path("sky.png")


@pytest.mark.parametrize("env", [TRUE, {}], ids=["24 bits", "256 colours"])
def test_before_and_after_are_drawn_below_the_result(
    user: Aeforge, photo: Path, out: Path, env: Mapping[str, str]
) -> None:
    run = previewed(user, photo, out, env=env)

    shown = cells(run)
    start = shown.index(out.name) + 1
    assert run.exit == 0
    assert shown[start].split(".") == ["before", *[""] * 17, "after"]
    assert shown[start + 1 : start + 13] == ["G" * 11 + "R" * 11 + ".." + "R" * 11 + "B" * 11] * 11 + [""]


def test_on_a_narrow_terminal_before_is_above_after(user: Aeforge, photo: Path, out: Path) -> None:
    run = user.terminal("inpaint", photo, "-p", "x", "-o", out, "--preview", env=TRUE, columns=50, rows=24).finish()

    shown = cells(run, columns=50)
    start = shown.index("before")
    assert shown[start + 1 : start + 12] == ["G" * 10 + "R" * 10] * 10 + ["after"]
    assert shown[start + 12 : start + 23] == ["R" * 10 + "B" * 10] * 10 + [""]


@pytest.mark.parametrize(
    ("words", "env"),
    [
        ((), {"TERM": "dumb"}),
        ((), {"TERM": "dumb", "KITTY_WINDOW_ID": "1"}),
        ((), {"NO_COLOR": "1"}),
        ((), {"TERM": "xterm"}),
        ((), {"PYTHONIOENCODING": "latin-1"}),
        (("--quiet",), TRUE),
        (("--quiet",), {"KITTY_WINDOW_ID": "1"}),
    ],
    ids=str,
)
def test_where_it_cannot_or_must_not_nothing_is_drawn(
    user: Aeforge, photo: Path, out: Path, words: tuple[str, ...], env: Mapping[str, str]
) -> None:
    run = previewed(user, photo, out, *words, env=env)

    assert run.exit == 0
    assert [word for word in ("before", "after", "▀", "\\u2580", "\x1b_G") if word in run.stderr] == []
    assert str(out) in run.stderr


@pytest.mark.parametrize(("columns", "rows"), [(8, 24), (80, 6)])
def test_on_a_terminal_that_is_too_small_nothing_is_drawn(
    user: Aeforge, photo: Path, out: Path, columns: int, rows: int
) -> None:
    command = ("inpaint", photo, "-p", "x", "-o", out, "--preview")
    run = user.terminal(*command, env=TRUE, columns=columns, rows=rows).finish()

    assert (run.exit, "▀" in run.stderr) == (0, False)


@pytest.mark.parametrize("env", [TRUE, {"KITTY_WINDOW_ID": "1"}, {"FORCE_COLOR": "1"}], ids=str)
def test_into_a_pipe_nothing_is_drawn(user: Aeforge, photo: Path, out: Path, env: Mapping[str, str]) -> None:
    run = user("inpaint", photo, "-p", "x", "-o", out, "--preview", env=env)

    assert (run.exit, run.stdout) == (0, f"{out}\n")
    assert [word for word in ("before", "after", "▀", "\x1b_G") if word in run.stderr] == []


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["plain", "json"])
def test_stdout_is_the_result_and_nothing_else(user: Aeforge, photo: Path, out: Path, words: tuple[str, ...]) -> None:
    screen, keyboard = os.openpty()
    termios.tcsetwinsize(keyboard, (24, 80))
    command: list[str | Path] = ["inpaint", photo, "-p", "x", "-o", out, "--preview", *words]
    run = user.start(*command, env=TRUE, stderr=keyboard).finish()
    os.close(keyboard)
    shown = os.read(screen, 1 << 16).decode()
    os.close(screen)

    assert "▀" in shown
    assert "\x1b" not in run.stdout
    assert [file["path"] for file in run.rows[0]["files"]] if words else [run.stdout.strip()] == [str(out)]
    assert run.stdout.count("\n") == 1


# ------------------------------------------------------------------ terminals that take files


def test_kitty_gets_both_files(user: Aeforge, photo: Path, out: Path) -> None:
    run = previewed(user, photo, out, env={"KITTY_WINDOW_ID": "1"})

    before, after = base64.b64encode(BEFORE).decode(), base64.b64encode(AFTER).decode()
    keys = "a=T,f=100,C=1,c=22,r=11,q=2,m=0"
    assert run.stderr.endswith(
        f"{out}\r\nbefore" + " " * 18 + "after" + "\r\n" * 12 + "\x1b[11A"
        f"\x1b7\x1b_G{keys};{before}\x1b\\\x1b8\x1b[22C  \x1b7\x1b_G{keys};{after}\x1b\\\x1b8\x1b[22C\r\n"
        + "\x1b[22C  \x1b[22C\r\n"
        * 10
    )


def test_iterm_gets_both_files(user: Aeforge, photo: Path, out: Path) -> None:
    run = previewed(user, photo, out, env={"TERM_PROGRAM": "iTerm.app"})

    before, after = base64.b64encode(BEFORE).decode(), base64.b64encode(AFTER).decode()
    assert f"\x1b]1337;File=inline=1;size={len(BEFORE)};width=22;height=11:{before}\x07" in run.stderr
    assert f"\x1b]1337;File=inline=1;size={len(AFTER)};width=22;height=11:{after}\x07" in run.stderr


def test_inside_tmux_no_files_are_sent(user: Aeforge, photo: Path, out: Path) -> None:
    run = previewed(user, photo, out, env={"KITTY_WINDOW_ID": "1", "TMUX": "/tmp/tmux-0/default,1,0"})

    assert ("▀" in run.stderr, "\x1b_G" in run.stderr) == (True, False)


def test_an_interruption_leaves_no_sequence_open(user: Aeforge, fake: Fake, photo: Path, out: Path) -> None:
    large = png(0x336699, side=500, packed=False)
    fake.downloads.always(Answer(body=large, headers={"Content-Type": "image/png"}))
    terminal = user.terminal("inpaint", photo, "-p", "x", "-o", out, "--preview", env={"KITTY_WINDOW_ID": "1"})
    terminal.shows("before")
    time.sleep(0.5)  # the terminal takes no more, in the middle of the second picture

    terminal.running.send(signal.SIGINT)
    run = terminal.finish()

    said = run.stderr.index("Interrupted")
    assert (run.exit, (user.home.work / out).read_bytes()) == (130, large)
    assert run.stderr.rindex("\x1b\\", 0, said) > run.stderr.rindex("\x1b_G", 0, said)


# ------------------------------------------------------------------ what is before, what is after


@pytest.mark.parametrize(
    "broken", [AFTER.replace(b"IDAT", b"IDOT"), AFTER[:60] + bytes(8) + AFTER[68:]], ids=["no pixels", "damaged"]
)
def test_a_result_that_cannot_be_drawn_is_saved_all_the_same(
    user: Aeforge, fake: Fake, photo: Path, out: Path, broken: bytes
) -> None:
    fake.downloads.always(Answer(body=broken, headers={"Content-Type": "image/png"}))

    run = previewed(user, photo, out)

    assert (run.exit, (user.home.work / out).read_bytes(), "▀" in run.stderr) == (0, broken, False)


def test_a_result_saved_in_place_of_its_input_stands_alone(user: Aeforge, photo: Path) -> None:
    run = previewed(user, photo, photo, "--overwrite")

    assert ("before" in run.stderr, cells(run).count("R" * 11 + "B" * 11)) == (False, 11)


def test_of_several_results_the_first_is_drawn_and_they_are_counted(user: Aeforge, fake: Fake, photo: Path) -> None:
    fake.results = 3
    folder = f"{user.home.work}/out/"

    run = user.terminal("split-layer", photo, "-k", "arm", "-o", folder, "--preview", env=TRUE).finish()

    assert "after, 1 of 3" in run.stderr
    assert cells(run).count("G" * 11 + "R" * 11 + ".." + "R" * 11 + "B" * 11) == 11


def test_what_was_made_of_nothing_has_no_before(user: Aeforge, out: Path) -> None:
    command = ("generate", "-p", "a cat", "--model", "nano-banana", "-o", out, "--preview")
    run = user.terminal(*command, env=TRUE).finish()

    assert ("before" in run.stderr, cells(run).count("R" * 11 + "B" * 11)) == (False, 11)


def test_a_job_that_is_waited_for_later_is_drawn_beside_the_input_that_the_journal_knows(
    user: Aeforge, photo: Path, out: Path
) -> None:
    bought = user("inpaint", photo, "-p", "x", "--no-wait")

    run = user.terminal("job", "wait", bought.stdout.strip(), "-o", out, "--preview", env=TRUE).finish()

    assert cells(run).count("G" * 11 + "R" * 11 + ".." + "R" * 11 + "B" * 11) == 11


def test_of_many_jobs_each_is_drawn_above_the_overview(user: Aeforge, photo: Path) -> None:
    for number in range(3):
        (user.home.work / f"in{number}.png").write_bytes(halves(GREEN, f"ff000{number}"))
    photo.unlink()

    command = ("inpaint", ".", "-p", "x", "-o", "out/", "--preview")
    run = user.terminal(*command, env=TRUE, columns=64, rows=60).finish()

    shown = cells(run, columns=64, rows=60)
    named = [line for line in shown if line.startswith("out/")]
    assert (run.exit, sorted(named)) == (0, ["out/in0.png", "out/in1.png", "out/in2.png"])
    assert [shown[shown.index(name) + 1].split(".")[0] for name in named] == ["before"] * 3
    assert sum(line.endswith("R" * 15 + "B" * 15) for line in shown) == 3 * 15
    assert [line for line in shown if line][-1].startswith("3.done;.3.submitted")


@pytest.fixture
def no_pillow(tmp_path: Path) -> Mapping[str, str]:
    (tmp_path / "PIL.py").write_text("raise ImportError\n")
    return {"PYTHONPATH": str(tmp_path)}


def test_without_pillow_one_line_says_how_to_get_it(
    user: Aeforge, photo: Path, out: Path, no_pillow: Mapping[str, str]
) -> None:
    run = previewed(user, photo, out, env={**TRUE, **no_pillow})

    assert run.stderr.count("no preview: reading it needs Pillow: ") == 1
    assert "pip install" in run.stderr.partition("no preview: ")[2]
    assert (run.exit, "before" in run.stderr) == (0, False)


def test_without_pillow_kitty_still_gets_files(
    user: Aeforge, photo: Path, out: Path, no_pillow: Mapping[str, str]
) -> None:
    run = previewed(user, photo, out, env={"KITTY_WINDOW_ID": "1", **no_pillow})

    assert run.stderr.count("\x1b_Ga=T,f=100") == 2


def test_a_terminal_that_answers_gets_sixels(user: Aeforge, photo: Path, out: Path) -> None:
    terminal = user.terminal("inpaint", photo, "-p", "x", "-o", out, "--preview", env=TRUE)
    terminal.shows("\x1b[c")
    terminal.types("\x1b[?63;1;2;4;6;9;15;22c")
    terminal.shows("\x1b[?1;1;0S")
    terminal.types("\x1b[?1;0;16S")

    run = terminal.finish()

    assert run.stderr.count('\x1bP0;1q"1;1;220;216') == 2
    assert "63;1;2;4" not in run.stderr


def test_why_nothing_is_drawn_is_said_once(user: Aeforge, photo: Path) -> None:
    for number in range(3):
        (user.home.work / f"in{number}.png").write_bytes(halves(GREEN, f"ff000{number}"))
    photo.unlink()

    run = user.terminal("inpaint", ".", "-p", "x", "-o", "out/", "--preview", env={"NO_COLOR": "1"}).finish()

    assert run.stderr.count("no preview: this terminal cannot show pictures, and colour is off") == 1


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ((), "add -o FILE"),
        (("-o", "-"), "use -o FILE"),
        (("--shard", "1/1"), "add -o FILE"),
        (("-o", "x.png", "--no-wait"), "save later: aeforge job wait ID -o FILE"),
    ],
    ids=["links", "standard output", "a share of one", "not waiting"],
)
def test_without_a_file_to_draw_nothing_is_bought(
    user: Aeforge, fake: Fake, photo: Path, words: tuple[str, ...], hint: str
) -> None:
    run = user("inpaint", photo, "-p", "x", "--preview", *words)

    assert (run.exit, run.stderr.splitlines()[-1]) == (2, f"next:  {hint}")
    assert fake.posts() == []


def test_the_drawing_is_loaded_only_when_it_is_asked_for(user: Aeforge, photo: Path, out: Path) -> None:
    tell = {"PYTHONVERBOSE": "1"}

    without = user("inpaint", photo, "-p", "x", "-o", out, env=tell)

    assert "aeforge_cli.output.console" in without.stderr
    assert [
        name for name in ("aeforge_cli.output.preview", "aeforge_cli.output.pixels", "PIL") if name in without.stderr
    ] == []
