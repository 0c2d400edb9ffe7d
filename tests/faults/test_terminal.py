"""Text from elsewhere is shown, and never obeyed: not by a terminal, not by markup, not by who reads line by line."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Run
from tests.faults.fake import Fake, told_as_json
from tests.faults.origin import Answer

JOB = "00000000-0000-4000-8000-000000000001"
MARKUP = "[red]r[/red][/][link=http://x]l[/link]:skull:"
HOSTILE = (
    "\x1b[31m\x1b]0;title\x07\x1b]52;c;QUJD\x07\x1b]8;;http://x\x07\x1b[2J\x1bc"
    "\r\b\x7f\x00\x9b31m\x85\u202e\u2066\u200f\u2028\ud800"
    f"{MARKUP}\nsaved out.png\n" + "::error::forged\r\nerror: forged"
)
FORGED = ("saved out.png", "::error::forged", "error: forged")


def _rejected(text: str) -> Callable[[Fake], None]:
    return lambda fake: fake.submissions.always(told_as_json({"detail": text}, status=422))


def _field(text: str) -> Callable[[Fake], None]:
    wrong = {"detail": [{"loc": ["body", text], "msg": text}]}
    return lambda fake: fake.submissions.always(told_as_json(wrong, status=422))


def _status(text: str) -> Callable[[Fake], None]:
    return lambda fake: fake.polls.says(told_as_json({"job_id": JOB, "status": text}))


def _reason(text: str) -> Callable[[Fake], None]:
    failed = {"job_id": JOB, "status": "Failed", "reason": text, "detail": text, "message": text}
    return lambda fake: fake.polls.says(told_as_json(failed))


def _job_id(text: str) -> Callable[[Fake], None]:
    return lambda fake: fake.submissions.says(told_as_json({"job_id": text}))


def _link(text: str) -> Callable[[Fake], None]:
    made = {"job_id": JOB, "status": "Succeed", "image_urls": [f"https://cdn.invalid/{text}"]}
    return lambda fake: fake.polls.always(told_as_json(made))


def _content_type(_: str) -> Callable[[Fake], None]:
    headers = {"Content-Type": "text/\x1b[31m\x9b[red]"}
    return lambda fake: fake.submissions.says(Answer(200, b"<html>", headers))


def _location(_: str) -> Callable[[Fake], None]:
    headers = {"Location": "http://\x1b[31m\x9b[red].invalid/"}
    return lambda fake: fake.submissions.says(Answer(302, headers=headers))


PLACES = pytest.mark.parametrize(
    "place",
    [_rejected, _field, _status, _reason, _job_id, _link, _content_type, _location],
    ids=lambda place: place.__name__.strip("_"),
)


def _assert_harmless(run: Run) -> None:
    lines = (run.stderr + run.stdout).replace("\r\n", "\n").split("\n")
    assert [line for line in lines if line.startswith(FORGED)] == []
    assert "Traceback" not in run.stderr
    assert "internal_error" not in run.stderr
    assert run.exit in {0, 2, 3, 5, 10}


@pytest.mark.row("F18", "F19", "F20", "F22", "B12")
@PLACES
@pytest.mark.parametrize("options", [("--json",), ("--debug",)], ids=["json", "debug"])
def test_what_the_service_says_is_shown_harmless(
    aeforge: Aeforge,
    fake: Fake,
    photo: Path,
    out: Path,
    place: Callable[[str], Callable[[Fake], None]],
    options: tuple[str, ...],
) -> None:
    place(HOSTILE)(fake)

    run = aeforge("inpaint", photo, "-p", "x", *options, "-o", out / "sky.png", env=fake.env)

    _assert_harmless(run)
    assert run.output.isascii()


@pytest.mark.row("F18", "F19")
@PLACES
def test_what_the_service_says_is_shown_harmless_on_a_terminal(
    aeforge: Aeforge, fake: Fake, photo: Path, place: Callable[[str], Callable[[Fake], None]]
) -> None:
    place(HOSTILE)(fake)

    run = aeforge.terminal("inpaint", photo, "-p", "x", env=fake.env).finish()

    _assert_harmless(run)


@pytest.mark.row("F19")
def test_markup_is_shown_as_it_is(aeforge: Aeforge, fake: Fake, photo: Path) -> None:
    _rejected(MARKUP)(fake)

    run = aeforge("inpaint", photo, "-p", "x", env={**fake.env, "FORCE_COLOR": "1"})

    assert MARKUP in run.stderr


@pytest.mark.row("F21")
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["plain", "json"])
def test_an_endless_message_is_cut(aeforge: Aeforge, fake: Fake, photo: Path, options: tuple[str, ...]) -> None:
    _rejected("x" * 1_000_000)(fake)

    run = aeforge("inpaint", photo, "-p", "x", *options, env=fake.env)

    assert run.exit == 2
    assert "x" * 100 in run.stderr
    assert "x" * 501 not in run.stderr


@pytest.mark.row("F18", "F22")
@pytest.mark.parametrize("words", [("job", "list"), ("job", "list", "--json"), ("job", "wait", JOB)], ids=" ".join)
def test_what_the_journal_remembers_is_shown_harmless(
    aeforge: Aeforge, fake: Fake, photo: Path, words: tuple[str, ...]
) -> None:
    fake.repeats = 2
    prompt = HOSTILE.replace("\0", "").replace("\ud800", "")
    named = photo.rename(photo.with_name("\x1b[31m\u202e[red]\r\nsaved out.png"))
    _reason(HOSTILE)(fake)
    aeforge("inpaint", named, "-p", prompt, env=fake.env)

    run = aeforge(*words, env=fake.env)
    shown = aeforge.terminal(*words, env=fake.env).finish()

    _assert_harmless(replace(run, output=b"" if "--json" in words else run.output))
    _assert_harmless(shown)


@pytest.mark.row("F22")
def test_every_line_of_json_is_ascii(aeforge: Aeforge, fake: Fake, photo: Path, out: Path) -> None:
    fake.results = 2
    named = photo.rename(photo.with_name("h\u00e9\U0001f600\u202e.png"))

    run = aeforge("inpaint", named, "-p", "\u5929\u7a7a", "--json", "-o", f"{out}/", env=fake.env)
    rows = aeforge("job", "list", "--json", env=fake.env)

    assert (run.output.isascii(), rows.output.isascii()) == (True, True)
    assert [json.loads(line)["input"] for line in run.stdout.splitlines()] == [str(named)]
    assert [row["prompt"] for row in rows.rows] == ["\u5929\u7a7a"]


@pytest.mark.row("F22")
def test_an_error_in_json_is_one_last_line_of_ascii(aeforge: Aeforge, fake: Fake, photo: Path) -> None:
    fake.pending = math.inf

    run = aeforge("inpaint", photo, "-p", "x", "--json", "--timeout", "1s", env=fake.env)

    expected = {"code", "message", "hint", "job_id", "http_status", "retryable", "exit"}
    assert (run.stderr.isascii(), set(run.error), run.error["exit"]) == (True, expected, run.exit)
