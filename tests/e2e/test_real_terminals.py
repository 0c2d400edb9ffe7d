"""`--preview` in real terminals on a virtual screen: what is drawn is looked at, pixel by pixel."""

import io
import os
import shlex
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tests.conftest import Aeforge
from tests.faults.fake import Fake
from tests.faults.origin import Answer

GREEN, RED, BLUE = (0, 255, 0), (255, 0, 0), (0, 0, 255)
# Neither can have drawn half blocks: xterm says TERM=xterm, which stands for 16 colours, and kitty takes files.
TERMINALS = {
    "xterm": ("xterm", "-ti", "vt340", "-geometry", "100x30", "-e"),
    "kitty": ("kitty", "--config", "NONE", "-o", "remember_window_size=no", "-o", "initial_window_width=900"),
}

pytestmark = pytest.mark.timeout(120)


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> bytes:
    picture = Image.new("RGB", (64, 64), left)
    picture.paste(right, (32, 0, 64, 64))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A virtual screen of its own."""
    if any(shutil.which(name) is None for name in ("Xvfb", "import")):
        pytest.skip("Xvfb or ImageMagick is not installed")
    reader, writer = os.pipe()
    command = ("Xvfb", "-displayfd", str(writer), "-screen", "0", "1000x800x24", "-nolisten", "tcp")
    screen = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    yield f":{number}"
    screen.kill()
    screen.wait()


def seen(display: str) -> Image.Image:
    """What the virtual screen shows."""
    shot = subprocess.run(["import", "-display", display, "-window", "root", "png:-"], capture_output=True, check=True)
    return Image.open(io.BytesIO(shot.stdout)).convert("RGB")


def areas(picture: Image.Image) -> Counter[str]:
    """How many pixels are nearly of each colour: a terminal of few colours may miss one by a little."""
    found: Counter[str] = Counter()
    red, green, blue = (channel.point(lambda value: 255 if value > 247 else 0) for channel in picture.split())
    dark = [channel.point(lambda value: 255 if value < 8 else 0) for channel in picture.split()]
    for name, masks in {
        "red": (red, dark[1], dark[2]),
        "green": (dark[0], green, dark[2]),
        "blue": (dark[0], dark[1], blue),
    }.items():
        found[name] = ImageChops.darker(ImageChops.darker(masks[0], masks[1]), masks[2]).histogram()[255]
    return found


@pytest.fixture(params=TERMINALS)
def words(request: pytest.FixtureRequest) -> Sequence[str]:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return TERMINALS[request.param]


def test_before_and_after_are_seen_side_by_side(
    user: Aeforge, fake: Fake, photo: Path, display: str, words: Sequence[str], tmp_path: Path
) -> None:
    photo.write_bytes(halves(GREEN, RED))
    fake.downloads.always(Answer(body=halves(RED, BLUE), headers={"Content-Type": "image/png"}))
    ended = tmp_path / "ended"
    ours = shlex.join([user.command, "inpaint", str(photo), "-p", "x", "-o", "sky.png", "--preview"])
    environment = {**user.home.env, "DISPLAY": display, "LIBGL_ALWAYS_SOFTWARE": "1"}

    window = subprocess.Popen(
        [*words, "sh", "-c", f"{ours}; echo $? >{shlex.quote(str(ended))}; read -r _"],
        env=environment,
        cwd=user.home.work,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        found = _looked_until_drawn(display, ended)
    finally:
        window.kill()
        window.wait()

    assert ended.read_text() == "0\n"
    # Two squares of a few thousand pixels: green and red, red and blue.
    assert found["green"] > 3000
    assert found["green"] == pytest.approx(found["blue"], rel=0.05)
    assert found["red"] == pytest.approx(found["green"] + found["blue"], rel=0.05)


def _looked_until_drawn(display: str, ended: Path) -> Counter[str]:
    until = time.monotonic() + 60
    while True:
        found = areas(seen(display))
        if (ended.exists() and found["blue"] > 3000) or time.monotonic() > until:
            return found
