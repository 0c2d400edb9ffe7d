"""What moves on a terminal: what it says while it lasts, and that it leaves a clean screen behind."""

from pathlib import Path

import pyte
import pytest

from tests.conftest import Aeforge, Run
from tests.faults.fake import Fake

pytestmark = pytest.mark.usefixtures("photo")


def shown(run: Run, columns: int) -> list[str]:
    """The lines that are left on the screen."""
    screen = pyte.Screen(columns, 24)
    pyte.Stream(screen).feed(run.stderr)
    return [line.rstrip() for line in screen.display if line.strip()]


@pytest.mark.parametrize("columns", [56, 60, 80, 200])
def test_ctrl_c_leaves_no_half_drawn_line(user: Aeforge, fake: Fake, columns: int) -> None:
    fake.pending = 1000
    terminal = user.terminal("inpaint", "photo.png", "-p", "blue sky", columns=columns)
    terminal.shows("Pending")

    terminal.types("\x03")
    run = terminal.finish()

    job_id = next(iter(fake.jobs))
    first, *rest = shown(run, columns)
    assert run.exit == 130
    assert first == f"job {job_id} submitted"
    assert rest[0].startswith("error: Interrupted")
    assert [line for line in rest if "Pending" in line or "^C" in line] == []


def test_ctrl_c_leaves_no_half_drawn_overview(user: Aeforge, fake: Fake) -> None:
    fake.pending = 1000
    (user.home.work / "more").mkdir()
    (user.home.work / "more" / "other.png").write_bytes((user.home.work / "photo.png").read_bytes() + b"\0")
    terminal = user.terminal("inpaint", "photo.png", "more/other.png", "-p", "blue sky", columns=60)
    terminal.shows("2 running")

    terminal.types("\x03")
    run = terminal.finish()

    lines = shown(run, 60)
    assert run.exit == 130
    assert [line for line in lines if "━" in line or "^C" in line or "2 running" in line] == []


def test_a_result_that_cannot_be_written_leaves_no_half_drawn_line(user: Aeforge, fake: Fake) -> None:
    with Path("/dev/full").open("wb") as full:
        terminal = user.terminal("inpaint", "photo.png", "-p", "blue sky", "-o", "-", stdout=full.fileno())
        run = terminal.finish()

    assert (run.exit, shown(run, 80)) == (
        141,
        [f"job {next(iter(fake.jobs))} submitted", "error: standard output cannot be written: No space left on device"],
    )


def test_while_a_job_is_polled_it_is_not_said_to_be_sent(user: Aeforge, fake: Fake) -> None:
    fake.pending = 1000
    terminal = user.terminal("inpaint", "photo.png", "-p", "blue sky")
    terminal.shows("waiting for job")
    terminal.shows("Pending")
    terminal.shows(", 1 s")
    terminal.types("\x03")

    after = terminal.finish().stderr.partition("submitted")[2]

    assert "sending" not in after
