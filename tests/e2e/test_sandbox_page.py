"""The sandbox's page in a real browser: what someone sees who tries it for the first time."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import requests
from PIL import Image

from aeforge_cli.sandbox import InjectedFaults, SandboxOptions
from tests.conftest import Home, png
from tests.contract.service import Sandbox, upload
from tests.e2e.browser import FINGER, SMALLEST_LINK, Browser, needs_chromium, running_browser

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with running_browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


BLUE = 0x0000FF
HOSTILE = "<img/src=x/onerror=document.title=1><script>document.title=2</script>"
READY = "document.querySelector('#base-url')?.textContent"
DECODED = """Promise.all([...document.images].map(image => (image.loading = "eager", image.decode())))"""
LINES = "cell => { const r = new Range(); r.selectNodeContents(cell); return r.getClientRects().length; }"
TEXTS = "[...document.querySelectorAll('{}')].map(each => each.textContent)"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    started = Sandbox(SandboxOptions(port=0, engine="obedient", faults=InjectedFaults(delay=0)))
    yield started
    started.close()


@pytest.fixture
def inpaint(sandbox: Sandbox) -> Callable[[str], str]:
    def inpaint(prompt: str) -> str:
        picture = upload(png(BLUE, side=400))
        return sandbox.service.job("/image-tune/inpaint/v2", {"prompt": prompt, "quality": "standard"}, [picture])

    return inpaint


Visit = Callable[..., None]


@pytest.fixture
def visit(browser: Browser, sandbox: Sandbox, tmp_path: Path) -> Visit:
    blank = tmp_path / "blank.html"
    blank.touch()

    def visit(path: str = "/", *, ready: str = READY, width: int = 1280, phone: bool = False, **media: str) -> None:
        browser.open(blank, width=width, phone=phone)
        features = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in media.items()]
        browser.tell("Emulation.setEmulatedMedia", features=features)
        browser.events.clear()
        browser.tell("Page.navigate", url=sandbox.service.origin + path)
        until(browser, ready)

    return visit


def until(browser: Browser, claim: str) -> None:
    """Waits until it holds on the page."""
    end = time.monotonic() + 60
    while not browser.asks(f"!!({claim})"):
        assert time.monotonic() < end, f"never: {claim}; instead: {browser.asks('document.body.innerText')}"
        time.sleep(0.05)


def texts(browser: Browser, selector: str) -> list[str]:
    return list(browser.asks(TEXTS.format(selector)))


def test_an_empty_sandbox_shows_the_first_command_to_type(browser: Browser, visit: Visit, sandbox: Sandbox) -> None:
    visit()

    [command] = texts(browser, "#command")
    assert command.endswith(
        f'inpaint photo.jpg -p "Change background to blue sky" -o sky.png --base-url {sandbox.service.base_url}'
    )
    assert browser.asks("document.querySelector('#empty').getBoundingClientRect().height > 0")


def test_the_command_on_the_page_works_as_it_stands(
    browser: Browser, visit: Visit, home: Home, pictures: Mapping[str, bytes]
) -> None:
    (home.work / "photo.jpg").write_bytes(pictures["jpg"])
    visit()
    [command] = texts(browser, "#command")

    path = os.pathsep.join([str(Path(sys.executable).parent), home.env["PATH"]])
    typed = subprocess.run(
        ["sh", "-c", command], env={**home.env, "PATH": path}, cwd=home.work, timeout=40, check=False
    )

    assert (typed.returncode, (home.work / "sky.png").read_bytes()[:4]) == (0, b"\x89PNG")
    until(browser, "document.querySelector('#news').textContent === '1 job: 1 done'")
    assert texts(browser, "article h2") == ["Change background to blue sky"]


def test_the_page_says_that_it_is_a_stand_in(browser: Browser, visit: Visit) -> None:
    visit()

    assert texts(browser, "strong") == ["A stand-in, not the AetherForge service."]


def test_jobs_appear_and_end_while_one_looks(browser: Browser, visit: Visit, inpaint: Callable[[str], str]) -> None:
    visit()

    inpaint("refuse gladly")
    until(browser, "document.querySelector('#news').textContent === '1 job: 1 failed'")
    inpaint("sleep")
    inpaint("sky")
    until(browser, "document.querySelector('#news').textContent === '3 jobs: 1 pending, 1 done, 1 failed'")

    assert texts(browser, "h2") == ["No job yet", "sky", "sleep", "refuse gladly"]
    assert texts(browser, ".state") == ["done", "pending", "failed"]
    assert texts(browser, ".well p") == ["In progress …", "gladly"]
    assert browser.asks("document.querySelector('#empty').getBoundingClientRect().height") == 0


def test_before_and_after_stand_side_by_side(browser: Browser, visit: Visit, inpaint: Callable[[str], str]) -> None:
    inpaint("sky")
    visit()
    until(browser, "document.querySelectorAll('img').length === 2")
    browser.asks(DECODED)

    centres = browser.asks(
        "[...document.images].map(i => i.getBoundingClientRect()).map(r => [r.x + r.width / 2, r.y + r.height / 2])"
    )

    assert centres[0][0] < 640 < centres[1][0]
    assert centres[0][1] == centres[1][1]
    assert [browser.colour(*centre) for centre in centres] == [(0, 0, 255)] * 2
    assert browser.asks("[...document.images].map(image => image.alt)") == ["Before: what was sent", "After: sky"]


@pytest.mark.parametrize("width", [320, 390, 700])
def test_on_a_phone_there_is_one_column_and_no_scrolling_sideways(
    browser: Browser, visit: Visit, inpaint: Callable[[str], str], width: int
) -> None:
    inpaint("refuse " + "x" * 400)
    inpaint("sky" * 100)

    visit(width=width, phone=True)

    until(browser, "document.querySelectorAll('img').length === 3")
    assert browser.asks("document.documentElement.scrollWidth") == width
    lefts = "[...document.querySelectorAll('figure')].map(each => each.getBoundingClientRect().left)"
    assert len(set(browser.asks(lefts))) == 1


def test_pictures_are_reached_and_seen_by_keyboard(
    browser: Browser, visit: Visit, inpaint: Callable[[str], str]
) -> None:
    inpaint("sky")
    visit()
    until(browser, "document.querySelectorAll('img').length === 2")

    reached = []
    for _ in range(4):
        browser.presses("Tab", 9)
        reached.append(browser.asks("document.activeElement.textContent || document.activeElement.firstChild.alt"))
        assert browser.asks("getComputedStyle(document.activeElement).outline").endswith("solid 3px")

    assert reached == ["Operations", "OpenAPI", "Before: what was sent", "After: sky"]


def test_the_page_follows_the_readers_light_or_dark(browser: Browser, visit: Visit) -> None:
    papers = []
    for scheme in ("light", "dark"):
        visit(color_scheme=scheme)
        papers.append(browser.asks("getComputedStyle(document.body).backgroundColor"))

    assert papers == ["rgb(244, 245, 247)", "rgb(19, 21, 25)"]


@pytest.mark.parametrize(("motion", "moving"), [("reduce", 0), ("no-preference", 1)])
def test_nothing_moves_for_those_who_want_less_motion(
    browser: Browser, visit: Visit, inpaint: Callable[[str], str], motion: str, moving: int
) -> None:
    inpaint("sleep")

    visit(reduced_motion=motion)

    until(browser, "document.querySelector('.working')")
    # Styles are worked out with the next frame.
    frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    assert browser.asks(f"{frame}.then(() => document.getAnimations().length)") == moving


def test_an_animation_is_a_link_for_those_who_want_less_motion(
    browser: Browser, visit: Visit, sandbox: Sandbox
) -> None:
    fields = {"text": "walks", "frame": "25", "is_pixel": "false"}
    sandbox.service.wait(sandbox.service.job("/sprite/make-sprite/v1", fields, [upload(png(BLUE, side=64))]))

    visit(reduced_motion="reduce")

    until(browser, "document.querySelectorAll('.several a').length === 17")
    assert browser.asks("document.querySelectorAll('.several img').length") == 16
    assert texts(browser, ".several a").count("The animation") == 1


def test_the_page_asks_only_its_own_origin_and_obeys_no_foreign_text(
    browser: Browser, visit: Visit, sandbox: Sandbox, inpaint: Callable[[str], str]
) -> None:
    inpaint(HOSTILE)
    inpaint(f"refuse {HOSTILE}")
    visit()
    until(browser, "document.querySelectorAll('.Failed').length === 1 && document.querySelectorAll('.Succeed').length")

    assert (HOSTILE in texts(browser, "h2"), texts(browser, ".reason")) == (True, [HOSTILE])
    assert (browser.complaints, browser.asks("document.title")) == ([], "aeforge sandbox")
    assert {url[: len(sandbox.service.origin) + 1] for url in browser.requests} == {sandbox.service.origin + "/"}


def test_the_list_of_operations_is_readable_on_a_phone(browser: Browser, visit: Visit) -> None:
    visit("/docs", ready="document.querySelectorAll('h2').length === 13", width=320, phone=True)

    assert (browser.complaints, browser.asks("document.documentElement.scrollWidth")) == ([], 320)
    assert browser.asks("getComputedStyle(document.querySelector('h2')).fontSize") == "16px"


@pytest.mark.parametrize(("path", "ready"), [("/", READY), ("/docs", "document.querySelector('section')")])
def test_links_are_large_enough_for_a_finger(browser: Browser, visit: Visit, path: str, ready: str) -> None:
    visit(path, ready=ready, width=390, phone=True)

    assert browser.asks(SMALLEST_LINK) >= FINGER


def test_on_a_phone_no_value_of_a_field_is_broken_within_a_word(browser: Browser, visit: Visit) -> None:
    visit("/docs", ready="document.querySelector('section')", width=360, phone=True)

    words = "[...document.querySelectorAll('td:nth-child(3)')].filter(cell => cell.textContent.includes('quater_view'))"
    lines = "cell => { const r = new Range(), t = cell.firstChild, at = t.data.indexOf('quater'); r.setStart(t, at);"
    lines += " r.setEnd(t, at + 11); return r.getClientRects().length; }"
    assert browser.asks(f"Math.max(...{words}.map({lines}))") == 1


@pytest.mark.parametrize("width", [320, 1280])
def test_every_field_of_every_operation_is_listed_with_its_values_in_whole_words(
    browser: Browser, visit: Visit, sandbox: Sandbox, width: int
) -> None:
    paths = requests.get(f"{sandbox.service.origin}/openapi.json", timeout=30).json()["paths"]

    visit("/docs", ready="document.querySelectorAll('h2').length === 13", width=width, phone=width < 700)

    assert [title.split()[1] for title in texts(browser, "h2")] == list(paths)
    upscale = "[...document.querySelectorAll('section')].find(each => each.innerText.includes('upscale')).innerText"
    listed = "POST /public/v1/image-tune/upscale image required file scale required 1K | 2K | 4K"
    assert " ".join(browser.asks(upscale).split()) == listed
    assert "49 | 81 | 121" in texts(browser, "td")
    assert browser.asks(f"Math.max(...[...document.querySelectorAll('td:nth-child(-n + 2)')].map({LINES}))") == 1


def test_a_script_that_is_not_the_pages_own_is_stopped(browser: Browser, visit: Visit) -> None:
    visit()

    browser.asks("document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))")

    assert browser.asks("document.title") == "aeforge sandbox"


def test_an_ended_sandbox_is_told_and_its_jobs_stay_to_be_read(
    browser: Browser, visit: Visit, sandbox: Sandbox, inpaint: Callable[[str], str]
) -> None:
    inpaint("refuse gladly")
    visit()
    until(browser, "document.querySelector('.Failed')")

    sandbox.close()

    until(browser, "document.querySelector('#news').textContent.startsWith('The sandbox does not answer')")
    assert texts(browser, ".reason") == ["gladly"]


def test_a_picture_that_the_browser_does_not_know_is_named_so(browser: Browser, visit: Visit, sandbox: Sandbox) -> None:
    sandbox.service.job("/image-tune/upscale", {"scale": "1K"}, [upload(tiff())])

    visit()

    until(browser, "document.querySelector('.Succeed')")
    until(browser, "document.querySelector('.well p')")
    assert texts(browser, ".well p") == ["This browser cannot show the picture."]


def tiff() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "TIFF")
    return data.getvalue()
