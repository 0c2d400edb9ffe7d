"""What GitHub's runner would take for a command is printed so that it does not, and still means the same."""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.errors import KeyRejected
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.output.console import Console
from aeforge_cli.output.github import StepReport, harmless, harmless_body, harmless_path
from tests.unit.conftest import JOB

ON_THE_RUNNER = {"GITHUB_ACTIONS": "true"}
Captured = pytest.CaptureFixture[str]


def is_command(line: str) -> bool:
    """As actions/runner reads a line: `::name::` where it begins, `##[name]` anywhere."""
    start = line.lstrip()
    old = line.find("##[")
    return (start.startswith("::") and "::" in start[2:]) or (old >= 0 and "]" in line[old:])


LINES = {
    "plain": "plain",
    "::add-mask::a": "- ::add-mask::a",
    " \t::error::a": "-  \t::error::a",
    "\u2003::error::a": "- \u2003::error::a",
    "a::b::c": "a::b::c",
    "##[add-mask]a": r"##\[add-mask]a",
    "saved a##[error]b": r"saved a##\[error]b",
    "###[error]b": r"###\[error]b",
    "https://cdn.test/a##[error]b": "https://cdn.test/a##%5Berror]b",
    "##[a]::": r"##\[a]::",
    "# [error]": "# [error]",
}


@pytest.mark.parametrize(("line", "shown"), LINES.items(), ids=ascii)
def test_a_line_is_no_command(line: str, shown: str) -> None:
    assert harmless(line) == shown
    assert not is_command(shown)


@given(st.text(st.sampled_from("#[]: a\n\r\\{\u00a0")))
def test_no_line_whatever_is_a_command(text: str) -> None:
    assert not any(map(is_command, harmless(text.replace("\n", "").replace("\r", "")).split("\n")))


@given(
    st.recursive(
        st.text(st.sampled_from('#[]:"\\a')), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_stays_what_it_says(value: object) -> None:
    line = json.dumps({"said": value})

    assert json.loads(harmless(line)) == json.loads(harmless_body(line.encode())) == {"said": value}
    assert not is_command(harmless(line))


PATHS = {
    b"out/sky.png": b"out/sky.png",
    b"::add-mask::sky.png": b"./::add-mask::sky.png",
    b" ::error::.png": b"./ ::error::.png",
    b"out/::error::.png": b"out/::error::.png",
    b"/tmp/::a::.png": b"/tmp/::a::.png",
    b"##[error]x.png": rb"##\[error]x.png",
    b"a\n::error::b.png": b"a?::error::b.png",
    b"\xff::a.png": b"\xff::a.png",
}


@pytest.mark.parametrize(("path", "shown"), PATHS.items(), ids=ascii)
def test_a_path_is_no_command(path: bytes, shown: bytes) -> None:
    assert harmless_path(path) == shown
    assert not any(is_command(line) for line in os.fsdecode(shown).splitlines())


@pytest.mark.parametrize("name", ["::add-mask::sky.png", "##[error]sky.png", " ::x::.png"])
def test_a_path_can_still_be_used(tmp_path: Path, name: str) -> None:
    """As a script reads lines: by `read`, which takes a backslash away."""
    (tmp_path / name).write_text("here")
    (tmp_path / "list").write_bytes(harmless_path(os.fsencode(name)) + b"\n")

    read = subprocess.run(
        ["sh", "-c", f'cd {shlex.quote(str(tmp_path))} && IFS= read name < list && cat -- "$name"'],
        capture_output=True,
        check=True,
        text=True,
    )

    assert read.stdout == "here"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"a": "##[error]"}', rb'{"a": "##\u005berror]"}'),
        (b"::error::a\nb ##[error]\n", b"- ::error::a\nb ##\\[error]\n"),
        (b"\x89PNG\xff", b"\x89PNG\xff"),
    ],
)
def test_an_answer_is_no_command(body: bytes, shown: bytes) -> None:
    assert harmless_body(body) == shown


def done(path: str, given: str = "photo.png") -> JobResult:
    return JobResult(JOB, "Succeed", "inpaint", given, (), (SavedFile(path),), 1.5, attached=False)


def console(environment: Mapping[str, str]) -> Console:
    return Console(environment)


def test_elsewhere_than_on_the_runner_results_are_byte_for_byte_what_they_are(capsys: Captured) -> None:
    console({}).finished(done("::a::##[b].png"))

    assert capsys.readouterr().out == "::a::##[b].png\n"


def test_results_and_the_conversation_give_the_runner_no_command(capsys: Captured) -> None:
    runner = console(ON_THE_RUNNER)
    runner.finished(done("::a::##[b].png"))
    runner.result("::add-mask::x")
    runner.note("::error::x")
    runner.warn("a ##[error]x")
    runner.answer(b"::error::x")

    shown = capsys.readouterr()
    assert shown.out.splitlines() == [r"./::a::##\[b].png", "- ::add-mask::x", "- ::error::x"]
    assert [line for line in shown.err.splitlines() if is_command(line)] == []


def test_the_summary_calls_an_input_by_its_address_without_what_is_secret_in_it(tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    results = StepReport({"GITHUB_STEP_SUMMARY": str(summary), **ON_THE_RUNNER})

    results.finished(done("sky.png", "https://me:p4ss@host.test/a.png?X-Amz-Signature=c2ln"))
    results.write()

    assert ("p4ss" in summary.read_text(), "c2ln" in summary.read_text()) == (False, False)


# ------------------------------------------------------------------ annotations, outputs and the summary


def test_an_annotation_is_one_line_whatever_the_failure_says() -> None:
    line = StepReport({}).failed(KeyRejected("x"), "100 %\r\n::add-mask::a")

    assert line == "::error title=aeforge%3A key_rejected::100 %25%0D%0A::add-mask::a"
    assert StepReport({}).failed(KeyRejected("x"), "a##[group]b").endswith(r"::a##\[group]b")


def test_no_value_ends_an_output_of_the_step_or_begins_another(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.touch()
    hostile = "a.png\nfiles=stolen\nend"
    ends = []
    for _ in range(2):
        results = StepReport({"GITHUB_OUTPUT": str(output)})
        results.publish()
        results.finished(JobResult(JOB, "Succeed", files=(SavedFile(hostile),)))
        results.write()
        ends += [line.partition("<<")[2] for line in output.read_text().splitlines() if "<<" in line]

    assert all(end and end not in hostile for end in ends)
    assert len(set(ends)) == 6  # three outputs of each step, each with an end of its own


CELLS = {
    "<img src=x>": r"&lt;img src=x&gt;",
    "a|b": r"a\|b",
    "[text](https://evil.test)": r"\[text\]\(https\://evil.test\)",
    "two\nlines": "two lines",
    "`code` @someone #1": r"\`code\` \@someone \#1",
}


@pytest.mark.parametrize(("text", "shown"), CELLS.items(), ids=CELLS)
def test_a_failure_stays_text_in_the_table_of_the_summary(tmp_path: Path, text: str, shown: str) -> None:
    summary = tmp_path / "summary"
    results = StepReport({"GITHUB_STEP_SUMMARY": str(summary)})
    results.failed(KeyRejected("x"), text)

    results.write()

    assert summary.read_text().splitlines()[4] == rf"|  |  |  | key\_rejected\: {shown} |  |"
