"""All that reaches the terminal: results on stdout, the conversation on stderr, foreign text made safe."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.errors import Interrupted, KeyRejected, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.jobs.events import Event, Receiving, RetryScheduled, Saved, Submitted, Submitting, Waiting
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.output.console import Console, Verbosity
from aeforge_cli.output.formats import named
from aeforge_cli.output.formats.values import result_values
from aeforge_cli.output.untrusted import clean
from aeforge_cli.redaction import Redactor, Secret
from tests.unit.conftest import JOB, LINK

KEY = "sk-live-0123456789abcdef"
FILE = SavedFile("out/sky.png", LINK, 7, "ab", 16, 16, "png")
DONE = JobResult(JOB, "Succeed", "inpaint", "photo.png", (LINK,), (), 1.5, attached=False)
Captured = pytest.CaptureFixture[str]


def console(
    environment: Mapping[str, str] | None = None, *, json: bool = False, talk: Verbosity = Verbosity.NORMAL
) -> Console:
    redact = Redactor()
    redact.hide(Secret(KEY))
    made = Console(environment or {}, redact=redact)
    made.format, made.verbosity = named("json" if json else "text"), talk
    return made


# ------------------------------------------------------------------ foreign text

TEXTS = {
    "plain": "plain",
    "": "",
    "two\nlines": "two^Jlines",
    "\x1b[31mred\x1b[0m": "^[[31mred^[[0m",
    "\x1b]0;title\x07": "^[]0;title^G",
    "\x00\x7f\x9b": "^@^?\\u009b",
    "over\rwritten": "over^Mwritten",
    "tab\there": "tab^Ihere",
    "\u202egnp.exe": "\\u202egnp.exe",
    "a\u200bb\u2066c": "a\\u200bb\\u2066c",
    "\u2028\u2029": "\\u2028\\u2029",
    "\ufeff": "\\ufeff",
    "\U000e0041": "\\U000e0041",
    "\udce9": "\\udce9",
    "日本 é ß 🎨": "日本 é ß 🎨",
    "[bold]x[/bold]": "[bold]x[/bold]",
    "[/x]": "[/x]",
    "no\u00a0break": "no\u00a0break",
}


@pytest.mark.parametrize(("text", "shown"), TEXTS.items(), ids=[ascii(text) for text in TEXTS])
def test_foreign_text_is_shown_harmlessly(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters()), st.integers(10, 600))
def test_no_text_whatever_reaches_a_terminal_as_more_than_one_harmless_line(text: str, longest: int) -> None:
    shown = clean(text, longest)

    assert len(shown) <= longest
    assert {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=500))
def test_harmless_text_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_long_text_is_cut_and_says_so() -> None:
    assert clean("a" * 501) == "a" * 497 + "..."


# ------------------------------------------------------------------ results


@pytest.mark.parametrize(
    ("done", "shown"),
    [
        (DONE, f"{LINK}\n"),
        (replace(DONE, image_urls=(LINK, LINK + "?2")), f"{LINK}\n{LINK}?2\n"),
        (replace(DONE, files=(FILE, replace(FILE, path="out/2.png"))), "out/sky.png\nout/2.png\n"),
        (replace(DONE, files=(replace(FILE, path="-"),)), ""),
        (replace(DONE, image_urls=("https://cdn.test/\x1b[2J",)), "https://cdn.test/^[[2J\n"),
    ],
    ids=["a link", "links", "files", "standard output", "a hostile link"],
)
def test_the_result_is_the_paths_or_else_the_links(capsys: Captured, done: JobResult, shown: str) -> None:
    console().finished(done)

    assert tuple(capsys.readouterr()) == (shown, "")


def test_a_job_that_is_not_waited_for_is_printed_by_its_id(capsys: Captured) -> None:
    console().finished(JobResult(JOB, "Pending", "inpaint", "photo.png"))

    assert tuple(capsys.readouterr()) == (f"{JOB}\n", "")


def test_as_json_a_job_is_one_line_with_every_field(capsys: Captured) -> None:
    done = replace(DONE, files=(FILE,), input="caf\udce9 \u202e.png")

    console(json=True).finished(done)

    out, err = capsys.readouterr()
    assert (out.count("\n"), out.isascii(), err) == (1, True, "")
    assert json.loads(out) == {
        "schema": 1,
        "job_id": JOB,
        "status": "Succeed",
        "operation": "inpaint",
        "input": "caf\udce9 \u202e.png",
        "image_urls": [LINK],
        "files": [
            {"path": "out/sky.png", "url": LINK, "bytes": 7, "sha256": "ab", "width": 16, "height": 16, "format": "png"}
        ],
        "seconds": 1.5,
        "attached": False,
        "index": None,
        "action": None,
    }


def test_of_many_jobs_each_says_which_it_is() -> None:
    assert result_values(replace(DONE, index=7))["index"] == 7
    assert result_values(DONE)["index"] is None


def test_json_is_never_wrapped(capsys: Captured) -> None:
    console({"COLUMNS": "20", "FORCE_COLOR": "1"}, json=True).finished(replace(DONE, input="x" * 5000))

    out = capsys.readouterr().out
    assert (out.count("\n"), "\x1b" in out) == (1, False)


def test_a_path_that_is_no_utf8_is_printed_byte_for_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    console().finished(replace(DONE, files=(replace(FILE, path="caf\udce9.png"),)))

    assert capfdbinary.readouterr().out == b"caf\xe9.png\n"


def test_the_bytes_of_a_picture_are_delivered_as_they_are(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    console().deliver([b"\x89PNG\r\n", b"\x00\xff"])

    assert capfdbinary.readouterr().out == b"\x89PNG\r\n\x00\xff"


def test_how_a_job_stands_is_one_line(capsys: Captured) -> None:
    console().status(replace(DONE, status="Queued\x1b[2J"))
    console(json=True).status(DONE)

    plain, as_json = capsys.readouterr().out.splitlines()
    assert plain == f"{JOB}  Queued^[[2J"
    assert json.loads(as_json) == {"schema": 1, **result_values(DONE)}


def test_lines_for_people_are_harmless_and_not_among_json(capsys: Captured) -> None:
    console().text("ok \x1b[2J")
    console(json=True).text("ok")

    assert capsys.readouterr().out == "ok ^[[2J\n"


# ------------------------------------------------------------------ errors


def test_an_error_is_three_lines_for_a_person(capsys: Captured) -> None:
    console().failure(KeyRejected("No entry", why="HTTP 401", hint="aeforge auth login"))

    assert tuple(capsys.readouterr()) == ("", "error: No entry\nwhy:   HTTP 401\nnext:  aeforge auth login\n")


def test_an_error_without_a_reason_or_advice_is_shorter(capsys: Captured) -> None:
    console().failure(Usage("The prompt is empty"))

    assert capsys.readouterr().err == "error: The prompt is empty\n"


def test_an_error_names_its_job_once(capsys: Captured) -> None:
    console().failure(Usage("It failed", job_id=JOB))
    console().failure(Usage(f"Job {JOB} failed", job_id=JOB))
    console().failure(Interrupted(2, hint=f"aeforge job wait {JOB}", job_id=JOB))

    assert capsys.readouterr().err.splitlines() == [
        f"error: It failed (job {JOB})",
        f"error: Job {JOB} failed",
        "error: Interrupted",
        f"next:  aeforge job wait {JOB}",
    ]


def test_as_json_an_error_is_one_object_on_one_line(capsys: Captured) -> None:
    console(json=True).failure(KeyRejected("No\nentry", why=f"Bearer {KEY}", http_status=401))

    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert json.loads(err) == {
        "error": {
            "code": "key_rejected",
            "message": "No^Jentry: Bearer ***",
            "hint": None,
            "job_id": None,
            "http_status": 401,
            "retryable": False,
            "exit": 4,
        }
    }


def test_an_error_among_many_is_one_line(capsys: Captured) -> None:
    error = Usage("a.png is no picture", why="it is empty")
    error.input, error.index = "a.png", 3

    console().failure(error)
    console(json=True).failure(error)

    plain, as_json = capsys.readouterr().err.splitlines()
    found = json.loads(as_json)["error"]
    assert plain == "a.png: a.png is no picture: it is empty"
    assert (found["input"], found["index"], found["code"]) == ("a.png", 3, "usage")


def test_an_error_among_jobs_without_pictures_names_the_job_by_its_place(capsys: Captured) -> None:
    error = Usage("No")
    error.index = 3

    console().failure(error)

    assert capsys.readouterr().err == "job 4: No\n"


@pytest.mark.parametrize(
    ("environment", "colored"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({"CI": "1"}, False)],
    ids=["a pipe", "FORCE_COLOR", "NO_COLOR wins", "CI"],
)
def test_colour_is_for_terminals_and_for_those_who_ask(
    capsys: Captured, environment: Mapping[str, str], colored: bool
) -> None:
    console(environment).failure(Usage("x"))

    assert capsys.readouterr().err == ("\x1b[31merror:\x1b[0m x\n" if colored else "error: x\n")


# ------------------------------------------------------------------ the conversation


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (Verbosity.QUIET, ["emergency"]),
        (Verbosity.NORMAL, ["note", "warning: warn", "emergency"]),
        (Verbosity.VERBOSE, ["note", "detail", "warning: warn", "emergency"]),
    ],
    ids=lambda value: getattr(value, "value", ""),
)
def test_how_much_is_said_is_the_users_choice(capsys: Captured, talk: Verbosity, said: list[str]) -> None:
    speaking = console(talk=talk)
    for say in (speaking.note, speaking.detail, speaking.warn, speaking.emergency):
        say(say.__name__)

    assert tuple(capsys.readouterr()) == ("", "".join(f"{line}\n" for line in said))


def test_debugging_says_much_but_never_the_key(capsys: Captured) -> None:
    speaking = console()
    speaking.debug("silent")
    speaking.debugs = True
    speaking.debug(f"> Authorization: Bearer {KEY} " + "x" * 1000)

    assert capsys.readouterr().err == f"debug: > Authorization: Bearer *** {'x' * 1000}\n"


EVENTS: list[Event] = [
    Submitting("photo.png"),
    Submitting("photo.png", 50, 100),
    Submitting("photo.png", 100, 100),
    Submitted(JOB, "photo.png"),
    Waiting(JOB, "Pending", 1.0),
    Waiting(JOB, "Pending", 2.0),
    RetryScheduled("HTTP 503", 4.0, JOB),
    RetryScheduled("HTTP 503", 8.0, JOB),
    Waiting(JOB, "Run\x1b[2Jning", 69.0),
    Receiving(JOB, 1, 2, 1000, 2_500_000),
    Receiving(JOB, 1, 2, 2_500_000, 2_500_000),
    Saved(JOB, FILE),
    Saved(JOB, FILE, renamed=True),
]


def test_without_a_terminal_each_change_of_state_is_one_plain_line(capsys: Captured) -> None:
    speaking = console()
    for event in EVENTS:
        speaking.notify(event)

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "sending photo.png",
        f"job {JOB} submitted",
        f"Pending, job {JOB}, 1 s",
        f"warning: job {JOB}: HTTP 503; trying again in 4 s",
        f"Run^[[2Jning, job {JOB}, 1 min 9 s",
        f"receiving result 1 of 2: 1 kB of 2.5 MB, job {JOB}",
        "the name was taken in the meantime; saved as out/sky.png",
    ]


def test_quiet_is_silent_about_events(capsys: Captured) -> None:
    speaking = console(talk=Verbosity.QUIET)
    for event in EVENTS:
        speaking.notify(event)

    assert tuple(capsys.readouterr()) == ("", "")


def test_a_job_that_is_resumed_is_reported_with_the_way_to_submit_another(capsys: Captured) -> None:
    console().notify(Submitted(JOB, "photo.png", attached=True))

    assert capsys.readouterr().err == f"resuming job {JOB} (already paid for; --new submits another)\n"


def test_an_upload_that_takes_long_tells_how_far_it_is(capsys: Captured) -> None:
    console().notify(Submitting("photo.png", 250, 1000))

    assert capsys.readouterr().err == "sending photo.png 25%\n"


def test_what_is_sent_is_not_being_sent(capsys: Captured) -> None:
    console().notify(Submitting("photo.png", 10, 10))

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Receiving(JOB, 1, 1, 0, None), f"receiving result: 0 bytes, job {JOB}"),
        (Receiving(JOB, 1, 1, 1, 900), f"receiving result: 1 byte of 900 bytes, job {JOB}"),
        (Receiving(JOB, 2, 3, 5_000, 0), f"receiving result 2 of 3: 5 kB, job {JOB}"),
    ],
    ids=["nothing yet", "small", "unknown length"],
)
def test_sizes_are_in_units_that_fit(capsys: Captured, event: Event, line: str) -> None:
    console().notify(event)

    assert capsys.readouterr().err == f"{line}\n"


def test_work_without_an_input_is_sent_without_a_name(capsys: Captured) -> None:
    console().notify(Submitting(""))

    assert capsys.readouterr().err == "sending\n"


def test_in_a_pipe_nothing_moves_and_nobody_is_asked() -> None:
    speaking = console({"FORCE_COLOR": "1", "TERM": "xterm"})

    assert (speaking.moves, speaking.can_ask, speaking.out_is_terminal) == (False, False, False)
