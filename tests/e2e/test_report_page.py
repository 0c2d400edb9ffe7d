"""The report in a real browser: what a reader sees, and how the slider obeys keyboard, mouse and finger."""

import base64
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

from aeforge_cli.batch import Item, Outcome
from aeforge_cli.errors import JobFailed
from aeforge_cli.orders import Finished, Order
from aeforge_cli.outputs import SavedFile
from aeforge_cli.report import write_report
from tests.conftest import Aeforge, Home, png
from tests.faults.fake import Fake
from tests.faults.origin import Answer

pytestmark = pytest.mark.skipif(
    shutil.which("chromium") is None or sys.platform == "win32", reason="chromium is not installed"
)

RED, BLUE = 0xFF0000, 0x0000FF
_FLAGS = [
    "--headless",
    "--no-sandbox",  # as root it starts only so
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]
# DevTools speaks through the descriptors 3 and 4, each message ended by a zero byte.
_ADOPT_PIPES = (
    "import os, sys; r, w = map(int, sys.argv[1:3]); os.dup2(r, 3); os.dup2(w, 4); os.execvp(sys.argv[3], sys.argv[3:])"
)


@dataclass
class Browser:
    """Chromium without a window, asked through its DevTools protocol."""

    process: subprocess.Popen[bytes]
    _orders: IO[bytes]
    _answers: IO[bytes]
    events: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _tab: str | None = None

    def tell(self, method: str, **words: object) -> dict[str, Any]:
        number = next(self._numbers)
        order: dict[str, object] = {"id": number, "method": method, "params": words}
        if self._tab is not None:
            order["sessionId"] = self._tab
        self._orders.write(json.dumps(order).encode() + b"\0")
        self._orders.flush()
        while (answer := self._next()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer["error"]
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        text = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has gone"
            text += byte
        found: dict[str, Any] = json.loads(text)
        return found

    def open(self, path: Path, *, width: int = 1200, height: int = 900, phone: bool = False) -> None:
        """Shows a page in a tab of its own, until it is loaded."""
        self._tab, self.events[:] = None, []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._tab = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.tell(f"{domain}.enable")
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.tell("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.events.clear()
        self.tell("Page.navigate", url=path.as_uri())
        while not self._happened("Page.loadEventFired"):
            self.events.append(self._next())

    def _happened(self, method: str) -> bool:
        return any(event.get("method") == method for event in self.events)

    def asks(self, expression: str) -> Any:
        """The value of an expression on the page."""
        told = self.tell("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def presses(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            self.tell("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def drags(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """With a finger."""
        for kind, point in (("touchStart", begin), ("touchMove", end)):
            self.tell("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": point[0], "y": point[1]}])
        self.tell("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def colour(self, x: float, y: float) -> tuple[int, int, int]:
        """What the reader sees at a point."""
        from PIL import Image

        self.asks("Promise.all([...document.images].map(image => image.decode()))")
        shot = base64.b64decode(self.tell("Page.captureScreenshot", format="png")["data"])
        with Image.open(io.BytesIO(shot)) as image:
            red, green, blue = image.convert("RGB").getpixel((int(x), int(y)))  # type: ignore[misc]
        return red, green, blue

    @property
    def requests(self) -> list[str]:
        """What the page asked for, data: apart."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        urls = [str(event["params"]["request"]["url"]) for event in sent]
        return [url for url in urls if not url.startswith("data:")]

    @property
    def complaints(self) -> list[str]:
        """What the browser says of the page: refusals by its policy, errors of its script."""
        entries = [event["params"]["entry"]["text"] for event in self.events if event.get("method") == "Log.entryAdded"]
        return entries + [str(each["params"]) for each in self.events if each["method"] == "Runtime.exceptionThrown"]

    def close(self) -> None:
        self._tab = None
        self.tell("Browser.close")
        self.process.wait(20)
        self._orders.close()
        self._answers.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    home = tmp_path_factory.mktemp("browser")
    theirs, ours = os.pipe()
    mine, its = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-SEc", _ADOPT_PIPES, str(theirs), str(its), "chromium", *_FLAGS, f"--user-data-dir={home}"],
        pass_fds=(theirs, its),
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    os.close(its)
    found = Browser(process, os.fdopen(ours, "wb"), os.fdopen(mine, "rb"))
    yield found
    found.close()


def never_made() -> Order:
    raise AssertionError("a report buys nothing")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Two jobs: a red square that became blue, and one that failed with a text that would like to be obeyed."""
    for name, shade in (("before.png", RED), ("after.png", BLUE)):
        (tmp_path / name).write_bytes(png(shade, side=400))
    good, bad = (Item(n, str(tmp_path / "before.png"), "blue sky", never_made) for n in range(2))
    saved = (SavedFile(str(tmp_path / "after.png")),)
    outcomes = [
        Outcome(good, Finished("550e8400", "Succeed", files=saved), 2.0),
        Outcome(bad, JobFailed("<img src=x onerror='document.title=1'><script>document.title=2</script>"), 1.0),
    ]
    write_report(tmp_path / "report.html", outcomes)
    return tmp_path / "report.html"


# The slider's place on the page, and how much of the picture before it shows.
STAGE = "JSON.stringify(document.querySelector('.stage').getBoundingClientRect())"
SHOWN = "getComputedStyle(document.querySelector('.stage')).getPropertyValue('--at')"


@dataclass(frozen=True)
class Place:
    left: float
    top: float
    width: float
    height: float

    def at(self, share: float) -> tuple[float, float]:
        return self.left + share * self.width, self.top + self.height / 2


@pytest.fixture
def stage(browser: Browser) -> Callable[[], Place]:
    def find() -> Place:
        found = json.loads(browser.asks(STAGE))
        return Place(found["left"], found["top"], found["width"], found["height"])

    return find


def test_before_and_after_meet_at_the_slider(browser: Browser, page: Path, stage: Callable[[], Place]) -> None:
    browser.open(page)

    place = stage()
    assert (browser.colour(*place.at(0.25)), browser.colour(*place.at(0.75))) == ((255, 0, 0), (0, 0, 255))


def test_the_slider_obeys_the_keyboard(browser: Browser, page: Path, stage: Callable[[], Place]) -> None:
    browser.open(page)
    browser.asks("document.querySelector('.stage input').focus()")

    browser.presses("ArrowRight", 39)
    one_step = browser.asks(SHOWN)
    browser.presses("End", 35)

    assert (one_step, browser.asks(SHOWN)) == ("51%", "100%")
    assert browser.colour(*stage().at(0.75)) == (255, 0, 0)


def test_the_slider_obeys_a_finger_on_a_phone(browser: Browser, page: Path, stage: Callable[[], Place]) -> None:
    browser.open(page, width=390, height=844, phone=True)

    place = stage()
    browser.drags(place.at(0.5), place.at(0.1))

    assert 5 <= float(browser.asks(SHOWN).removesuffix("%")) <= 15
    assert browser.colour(*place.at(0.25)) == (0, 0, 255)


def test_a_phone_need_not_scroll_sideways(browser: Browser, page: Path) -> None:
    browser.open(page, width=320, height=600, phone=True)

    assert browser.asks("document.documentElement.scrollWidth") == 320


def test_pictures_can_be_put_side_by_side(browser: Browser, page: Path, stage: Callable[[], Place]) -> None:
    browser.open(page)

    browser.asks("document.querySelector('#beside').click()")

    place = stage()
    assert (browser.colour(*place.at(0.1)), browser.colour(*place.at(0.6))) == ((255, 0, 0), (0, 0, 255))


def test_what_is_done_can_be_put_aside(browser: Browser, page: Path) -> None:
    browser.open(page)

    browser.asks("document.querySelector('#troubled').click()")

    heights = "[...document.querySelectorAll('article')].map(job => job.getBoundingClientRect().height > 0)"
    assert browser.asks(heights) == [False, True]


def test_the_page_asks_for_nothing_and_obeys_no_foreign_text(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.asks("Promise.all([...document.images].map(image => image.decode()))")

    assert (browser.requests, browser.complaints) == ([page.as_uri()], [])
    assert browser.asks("document.title") == "aeforge report"


def test_a_batch_writes_its_page(browser: Browser, aeforge: Aeforge, home: Home) -> None:
    for number in range(3):
        (home.work / f"{number}.png").write_bytes(png(number))
    fake = Fake()
    fake.submissions.says(Answer(400, b'{"detail": "Invalid image file"}'))

    run = aeforge(
        *("inpaint", "0.png", "1.png", "2.png", "-p", "blue sky", "-o", "out/", "--report", "page.html"), env=fake.env
    )
    fake.close()
    browser.open(home.work / "page.html")

    assert run.exit == 6
    assert browser.asks("[...document.querySelectorAll('.counts li')].map(each => each.textContent)") == [
        "2 done",
        "1 failed",
    ]
    assert browser.asks("document.querySelectorAll('.stage').length") == 2
