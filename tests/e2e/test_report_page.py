"""The report in a real browser: what a reader sees, and how the slider obeys keyboard, mouse and finger."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aeforge_cli.api.operations import Inpaint
from aeforge_cli.errors import JobFailed
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.jobs.batch import Outcome
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.output.html_report import write_report
from tests.conftest import Aeforge, Home, png
from tests.e2e.browser import FINGER, SMALLEST_LINK, Browser, needs_chromium, running_browser
from tests.faults.fake import Fake
from tests.faults.origin import Answer

pytestmark = needs_chromium

RED, BLUE = 0xFF0000, 0x0000FF


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


def never_made() -> Inpaint:
    raise AssertionError("a report buys nothing")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Two jobs: a red square that became blue, and one that failed with a text that would like to be obeyed."""
    for name, shade in (("before.png", RED), ("after.png", BLUE)):
        (tmp_path / name).write_bytes(png(shade, side=400))
    good, bad = (Order(never_made, Inpaint, str(tmp_path / "before.png"), words="blue sky", index=n) for n in range(2))
    saved = (SavedFile(str(tmp_path / "after.png")),)
    outcomes = [
        Outcome(good, JobResult("550e8400", "Succeed", files=saved), 2.0),
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


def are_side_by_side(browser: Browser, place: Place) -> bool:
    """Whether all of a square before stands beside all of a square after."""
    shades = [browser.colour(*place.at(share)) for share in (0.05, 0.45, 0.55, 0.95)]
    return shades == [(255, 0, 0)] * 2 + [(0, 0, 255)] * 2 and place.width > 1.9 * place.height


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

    assert are_side_by_side(browser, stage())


def test_on_paper_pictures_stand_side_by_side(browser: Browser, page: Path, stage: Callable[[], Place]) -> None:
    browser.open(page)

    browser.tell("Emulation.setEmulatedMedia", media="print")

    assert are_side_by_side(browser, stage())
    assert browser.asks("document.querySelector('.views').checkVisibility()") is False


def test_without_scripts_pictures_stand_side_by_side(
    browser: Browser, page: Path, stage: Callable[[], Place], tmp_path: Path
) -> None:
    (tmp_path / "blank.html").touch()
    browser.open(tmp_path / "blank.html")
    browser.tell("Emulation.setScriptExecutionDisabled", value=True)
    browser.events.clear()
    browser.tell("Page.navigate", url=page.as_uri())
    browser.until_loaded()

    assert are_side_by_side(browser, stage())


def test_links_are_large_enough_for_a_finger(browser: Browser, page: Path) -> None:
    browser.open(page, width=390, height=844, phone=True)

    assert browser.asks(SMALLEST_LINK) >= FINGER


def test_a_prompt_that_is_read_from_the_right_begins_there(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.asks("document.querySelector('.prompt').textContent = 'اجعل الخلفية بيضاء'")

    assert browser.asks("getComputedStyle(document.querySelector('.prompt')).direction") == "rtl"


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
