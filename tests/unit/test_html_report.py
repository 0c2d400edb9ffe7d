"""The page about a batch: every job with its pictures, nothing from elsewhere, nothing foreign obeyed."""

import base64
import hashlib
import re
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import NoReturn

import pytest

from aeforge_cli.api.operations import Inpaint
from aeforge_cli.errors import AeforgeError, CannotSave, JobFailed, Unreachable, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.jobs.batch import Outcome
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.output.html_report import check_report, write_report
from aeforge_cli.redaction import Redactor, Secret
from tests.conftest import png

JOB = "550e8400-e29b-41d4-a716-446655440000"
OTHER = "660e8400-e29b-41d4-a716-446655440000"
NASTY = '"><img src=x onerror=alert(1)></script>\x1b[31m\u202e\udcff'
TAMED = '"><img src=x onerror=alert(1)></script>^[[31m\\u202e\\udcff'


def never_made() -> Inpaint:
    raise AssertionError("a report buys nothing")


def item(number: int, name: str | Path, words: str = "blue sky") -> Order:
    return Order(never_made, Inpaint, str(name), words=words, index=number - 1)


def done(*paths: Path, status: str = "Succeed", urls: tuple[str, ...] = ()) -> JobResult:
    files = tuple(SavedFile(str(path)) for path in paths)
    return JobResult(JOB, status, "inpaint", "photo.png", urls, files, 3.2)


@dataclass
class Shown:
    """What a reader sees of one part of the page: its words, and its pictures by their description."""

    words: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)


class Page(HTMLParser):
    """The page as a browser takes it apart: the part above the jobs under "", each job under its id."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.parts: dict[str, Shown] = {"": Shown()}
        self.addresses: list[str] = []
        self.codes: dict[str, str] = {}
        self.policy = ""
        self._part = ""
        self._tag = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._tag = tag
        self.addresses += [values[name] for name in ("src", "href", "srcset", "action", "style") if name in values]
        if tag == "article":
            self._part = values["id"]
            self.parts[self._part] = Shown()
        if tag == "img":
            kind, _, content = values["src"].partition(";base64,")
            assert kind.startswith("data:image/")
            self._here.pictures[values["alt"]] = base64.b64decode(content)
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if tag in {"dt", "dd", "br", "p", "li", "figcaption", "figure", "h1", "h2", "span"}:
            self._here.words += "\n"

    def handle_data(self, data: str) -> None:
        if self._tag in {"style", "script"}:
            self.codes[self._tag] = data
        elif self._tag != "title":
            self._here.words += data

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""
        if tag == "article":
            self._part = ""

    @property
    def _here(self) -> Shown:
        return self.parts[self._part]

    def lines(self, part: str = "") -> list[str]:
        return [line.strip() for line in self.parts[part].words.splitlines() if line.strip()]


@pytest.fixture
def before(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(png(1))
    return path


@pytest.fixture
def after(tmp_path: Path) -> Path:
    path = tmp_path / "result.png"
    path.write_bytes(png(2))
    return path


@pytest.fixture
def shown(tmp_path: Path) -> Callable[..., Page]:
    def show(*outcomes: Outcome, **about: object) -> Page:
        write_report(tmp_path / "report.html", outcomes, **about)  # type: ignore[arg-type]
        return Page(tmp_path / "report.html")

    return show


Show = Callable[..., Page]


# ------------------------------------------------------------------ what is told


def test_the_page_begins_with_what_the_batch_came_to(shown: Show, before: Path, after: Path) -> None:
    failed, gone = JobFailed("Failed", job_id=JOB), Unreachable("No connection")

    page = shown(
        Outcome(item(1, before), done(after), 2.0),
        Outcome(item(2, before), done(after), 4.0),
        Outcome(item(3, before), done(after, status="Skipped")),
        Outcome(item(4, before), failed, 1.0),
        Outcome(item(5, before), gone, 1.0),
        Outcome(item(6, before), failed, 1.0),
        Outcome(item(7, before), None),
        Outcome(item(8, before), done(status="Pending"), 0.5),
        seconds=33.33,
    )

    assert page.lines()[:8] == [
        "aeforge: 8 jobs",
        "2 done",
        "1 submitted",
        "1 skipped",
        "3 failed",
        "1 not tried",
        "33.3 s in all; median 3.0 s a job",
        "2 job_failed: 4 6",
    ]
    assert page.lines()[8] == "1 unreachable: 5"


def test_a_job_is_shown_with_all_that_is_known_of_it(shown: Show, before: Path, after: Path) -> None:
    page = shown(Outcome(item(1, before), done(after), 3.21))

    assert page.parts["job-1"].pictures == {f"before: {before}": png(1), f"after: {before}": png(2)}
    assert page.lines("job-1") == [
        f"1. {before} done",
        "prompt",
        "blue sky",
        "saved",
        str(after),
        "seconds",
        "3.2",
        "job",
        JOB,
        "before",
        "after",
    ]


def test_a_failure_is_shown_with_its_reason_and_what_to_do(shown: Show, before: Path) -> None:
    error = JobFailed("The job failed", why="no reason is given", hint="change the prompt", job_id=OTHER)

    page = shown(Outcome(item(1, before), error, 1.0))

    assert page.parts["job-1"].pictures == {"before": png(1)}
    assert page.lines("job-1")[1:] == [
        *("prompt", "blue sky", "seconds", "1.0", "job", OTHER),
        *("reason", "job_failed", "error", "The job failed", "why", "no reason is given", "next", "change the prompt"),
        "before",
    ]


def test_a_job_that_was_not_tried_says_so(shown: Show, before: Path) -> None:
    page = shown(Outcome(item(1, before), None))

    assert page.lines("job-1") == [f"1. {before} not tried", "prompt", "blue sky"]


def test_jobs_stand_in_the_order_of_the_list_not_of_their_ends(shown: Show, before: Path, after: Path) -> None:
    page = shown(*(Outcome(item(number, before), done(after)) for number in (3, 1, 2)))

    assert list(page.parts) == ["", "job-1", "job-2", "job-3"]


def test_further_results_of_a_job_are_shown_too(shown: Show, before: Path, after: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.png"
    second.write_bytes(png(3))

    page = shown(Outcome(item(1, before), done(after, second)))

    assert list(page.parts["job-1"].pictures.values()) == [png(2), png(1), png(3)]


def test_a_job_without_a_picture_of_its_own_shows_what_it_made(shown: Show, after: Path) -> None:
    page = shown(Outcome(item(1, ""), done(after), 2.0), Outcome(item(2, ""), JobFailed("Failed", job_id=JOB)))

    assert page.parts["job-1"].pictures == {"result 1": after.read_bytes()}
    assert (page.lines("job-1")[0], page.parts["job-2"].pictures) == ("1.  done", {})
    assert "before" not in " ".join(page.lines("job-2"))


def test_a_prompt_keeps_its_lines(shown: Show, before: Path) -> None:
    page = shown(Outcome(item(1, before, "first\nsecond <b>line</b>"), None))

    assert page.lines("job-1")[2:] == ["first", "second <b>line</b>"]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif"])
def test_a_picture_is_shown_byte_for_byte(
    shown: Show, pictures: Mapping[str, bytes], tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / "unnamed"
    path.write_bytes(pictures[suffix])

    page = shown(Outcome(item(1, path), JobFailed("Failed")))

    assert page.parts["job-1"].pictures == {"before": pictures[suffix]}


# ------------------------------------------------------------------ pictures that cannot be shown

UNSHOWN = {
    "https://user:pass@a.test/cat.png?Signature=abc": "Nothing is fetched from the web for this page.",
    "-": "It came through standard input, and was not kept.",
    "gone.png": "gone.png cannot be read: No such file or directory.",
    "notes.txt": "notes.txt is not a picture: its format is not known.",
    "photo.tiff": "Browsers do not show TIFF pictures.",
    "large.png": "Left out: it is larger than 8.0 MB.",
    ".": ". is a folder.",
}


@pytest.mark.parametrize(("name", "reason"), UNSHOWN.items(), ids=UNSHOWN)
def test_where_a_picture_cannot_be_shown_the_page_says_why(
    shown: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("no picture")
    Path("photo.tiff").write_bytes(b"II*\0" + bytes(100))
    Path("large.png").write_bytes(png(1) + bytes(8_000_000))

    page = shown(Outcome(item(1, name), JobFailed("Failed")))

    assert page.parts["job-1"].pictures == {}
    assert page.lines("job-1")[-1] == f"before: {reason}"


def test_a_result_that_replaced_its_input_is_not_passed_off_as_both(shown: Show, after: Path) -> None:
    page = shown(Outcome(item(1, after), done(after)))

    assert page.parts["job-1"].pictures == {"after": png(2)}
    assert page.lines("job-1")[-2:] == ["before: The result was saved in its place.", "after"]


def test_a_result_that_was_not_saved_is_shown_by_its_address(shown: Show, before: Path) -> None:
    page = shown(Outcome(item(1, before), done(urls=("https://cdn.test/1.png?Signature=abc",))))

    assert page.lines("job-1")[3:5] == ["address", "https://cdn.test/1.png?***"]


def test_a_full_page_leaves_further_pictures_out_and_says_so(shown: Show, before: Path, after: Path) -> None:
    room = len(png(1)) + len(png(2)) + 10

    page = shown(*(Outcome(item(number, before), done(after)) for number in (1, 2)), room=room)

    left_out = "Left out: this page is full, with 156 bytes of pictures."
    assert len(page.parts["job-1"].pictures) == 2
    assert page.lines("job-2")[-2:] == [f"before: {left_out}", f"after: {left_out}"]


# ------------------------------------------------------------------ safety


def test_foreign_text_is_shown_and_never_obeyed(shown: Show) -> None:
    error = JobFailed(NASTY, why=NASTY, hint=NASTY, job_id=NASTY)
    calm = shown(Outcome(item(1, "a", "a"), JobFailed("a", why="a", hint="a", job_id="a")))

    page = shown(Outcome(item(1, NASTY, NASTY), error))

    assert page.lines("job-1")[:5] == [f"1. {TAMED} failed", "prompt", TAMED, "seconds", "0.0"]
    assert (page.addresses, page.parts["job-1"].pictures, list(page.codes)) == (calm.addresses, {}, ["style", "script"])


def test_the_description_of_a_picture_cannot_break_out(shown: Show, tmp_path: Path, after: Path) -> None:
    name = tmp_path / '"onerror="alert(1)'
    name.write_bytes(png(1))

    page = shown(Outcome(item(1, name), done(after)))

    assert page.parts["job-1"].pictures == {f"after: {name}": png(2), f"before: {name}": png(1)}


def test_the_page_asks_for_nothing_from_elsewhere(shown: Show, before: Path, after: Path) -> None:
    page = shown(
        Outcome(item(1, before), done(after)),
        Outcome(item(2, "https://a.test/cat.png"), done(urls=("https://a.test/1.png",))),
        Outcome(item(3, before), JobFailed("Failed")),
    )

    assert {re.sub(r"^(data:image/png|#).*", r"\1", address) for address in page.addresses} == {"data:image/png", "#"}
    assert "url(" not in page.codes["style"]


def test_nothing_but_our_own_style_and_script_may_act(shown: Show) -> None:
    page = shown()

    digests = {
        name: base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for name, code in page.codes.items()
    }
    assert page.policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digests['style']}';"
        f" script-src 'sha256-{digests['script']}'; base-uri 'none'; form-action 'none'"
    )


def test_a_key_that_the_service_repeats_is_not_kept(shown: Show, before: Path, tmp_path: Path) -> None:
    redact = Redactor()
    redact.hide(Secret("sk-0123456789"))

    page = shown(Outcome(item(1, before), Unreachable("Bad key sk-0123456789")), redact=redact)

    assert page.lines("job-1")[-3:-1] == ["error", "Bad key ***"]
    assert b"sk-0123456789" not in (tmp_path / "report.html").read_bytes()


# ------------------------------------------------------------------ the file


def test_an_earlier_report_is_replaced(shown: Show, before: Path) -> None:
    shown(Outcome(item(1, before), None), Outcome(item(2, before), None))

    assert shown(Outcome(item(1, before), None)).lines()[0] == "aeforge: 1 job"


def test_a_report_is_written_whole_or_not_at_all(shown: Show, before: Path, tmp_path: Path) -> None:
    def fail(_text: str) -> NoReturn:
        raise KeyboardInterrupt

    shown(Outcome(item(1, before), None))
    earlier = {path: path.read_bytes() for path in tmp_path.iterdir()}

    with pytest.raises(KeyboardInterrupt):
        shown(Outcome(item(1, before), None), Outcome(item(2, before), None), redact=fail)

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == earlier


def test_a_report_that_cannot_be_saved_says_so_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "report.html"

    with pytest.raises(CannotSave) as refused:
        write_report(path, [])

    assert told(refused.value) == (
        f"The report {path} cannot be saved",
        "No such file or directory",
        f"make the folder first: mkdir -p {tmp_path}",
    )


def test_many_pictures_take_no_more_memory_than_few(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png(1, side=600, packed=False))
    outcomes = [Outcome(item(number, path), JobFailed("Failed")) for number in range(1, 61)]

    tracemalloc.start()
    write_report(tmp_path / "report.html", outcomes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (tmp_path / "report.html").stat().st_size > 60_000_000
    assert peak < 8_000_000


@pytest.mark.parametrize("name", ["report.html", "REPORT.HTM"])
def test_a_report_that_can_be_written_leaves_no_trace_before_its_time(tmp_path: Path, name: str) -> None:
    check_report(tmp_path / name)

    assert list(tmp_path.iterdir()) == []


def test_a_report_that_could_not_be_written_is_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()

    def refusal(path: Path) -> tuple[type[AeforgeError], str]:
        with pytest.raises(AeforgeError) as refused:
            check_report(path)
        return type(refused.value), refused.value.message

    photo, folder, nowhere = tmp_path / "photo.png", tmp_path / "folder.html", tmp_path / "missing" / "report.html"
    assert [refusal(path) for path in (photo, folder, nowhere)] == [
        (Usage, f"{photo} is not the name of a web page"),
        (CannotSave, f"{folder} is a folder"),
        (CannotSave, f"The report {nowhere} cannot be saved"),
    ]


def told(error: AeforgeError) -> tuple[str, str, str]:
    return error.message, error.why, error.hint
