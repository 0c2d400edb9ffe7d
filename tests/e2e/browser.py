"""A real browser for tests of pages: Chromium without a window."""

import base64
import contextlib
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None or sys.platform == "win32", reason="chromium is not installed"
)
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
# CSS pixels of the least target that WCAG 2.2 takes at level AA (2.5.8).
FINGER = 24
SMALLEST_LINK = (
    "Math.min(...[...document.links].map(link => link.getBoundingClientRect())"
    ".flatMap(place => [place.width, place.height]))"
)
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
        self.until_loaded()

    def until_loaded(self) -> None:
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


@contextlib.contextmanager
def running_browser(home: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in the folder `home`."""
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
