"""Output formats: the same values as text, JSON Lines, CSV, or in a template of the user's."""

import csv
import json
from dataclasses import replace

import pytest

from aeforge_cli.errors import KeyRejected, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.output.console import Console
from aeforge_cli.output.formats import named
from aeforge_cli.output.formats.values import RESULT_FIELDS
from aeforge_cli.output.tables import Column, Values
from tests.unit.conftest import JOB, LINK

FILE = SavedFile("out/sky.png", LINK, 7, "ab", 16, 16, "png")
DONE = JobResult(JOB, "Succeed", "inpaint", "a, b.png", (LINK,), (), 1.5)
SAVED = replace(DONE, files=(FILE, replace(FILE, path="out/2.png")))
PENDING = JobResult(JOB, "Pending", "inpaint", "photo.png")
ROWS: list[Values] = [
    {"job_id": JOB, "state": "saved", "files": ({"path": "a.png", "bytes": 7},)},
    {"job_id": None, "state": "x"},
]
FIELDS = ("job_id", "state", "files")
Captured = pytest.CaptureFixture[str]


def console(form: str) -> Console:
    made = Console({})
    made.format = named(form)
    return made


# ------------------------------------------------------------------ CSV


def test_csv_has_a_header_and_a_row_for_each_file(capsys: Captured) -> None:
    writing = console("csv")
    for done in (SAVED, DONE, PENDING):
        writing.finished(done)

    out, err = capsys.readouterr()
    header, *rows = csv.reader(out.splitlines())
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert (tuple(header), err) == (RESULT_FIELDS, "")
    assert [(row["status"], row["input"], row["path"], row["url"]) for row in found] == [
        ("Succeed", "a, b.png", "out/sky.png", LINK),
        ("Succeed", "a, b.png", "out/2.png", LINK),
        ("Succeed", "a, b.png", "", LINK),
        ("Pending", "photo.png", "", ""),
    ]
    assert (found[0]["bytes"], found[0]["attached"], found[0]["action"]) == ("7", "false", "")


def test_csv_of_rows_has_the_fields_of_the_rows_and_of_their_files(capsys: Captured) -> None:
    console("csv").rows(ROWS, [Column.of("state")], fields=FIELDS)

    assert capsys.readouterr().out.splitlines() == [
        "job_id,state,path,url,bytes,sha256,width,height,format",
        f"{JOB},saved,a.png,,7,,,,",
        ",x,,,,,,,",
    ]


def test_csv_of_nothing_is_a_header(capsys: Captured) -> None:
    console("csv").rows([], [], fields=("job_id", "state"))

    assert capsys.readouterr().out == "job_id,state\n"


def test_a_name_that_is_no_utf8_is_kept_byte_for_byte(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    done = replace(DONE, files=(replace(FILE, path="caf\udce9.png"),))
    console("csv").finished(done)
    console("{path}").finished(done)

    assert capfdbinary.readouterr().out.count(b"caf\xe9.png") == 2


# ------------------------------------------------------------------ templates


@pytest.mark.parametrize(
    ("template", "printed"),
    [
        ("{job_id} {path}", f"{JOB} out/sky.png\n{JOB} out/2.png\n"),
        ("{job_id}", f"{JOB}\n"),
        (r"{status}\t{bytes}", "Succeed\t7\nSucceed\t7\n"),
        (r"{{{seconds}}}\\n", "{1.5}\\n\n"),
        ("{action}|{attached}", "|false\n"),
    ],
)
def test_a_template_is_filled_for_each_file_or_once_for_the_job(capsys: Captured, template: str, printed: str) -> None:
    console(template).finished(SAVED)

    assert capsys.readouterr().out == printed


def test_a_template_is_filled_for_each_link_where_nothing_is_saved(capsys: Captured) -> None:
    console("{url}").finished(replace(DONE, image_urls=(LINK, LINK + "?2")))
    console("{job_id},{path}").finished(PENDING)

    assert capsys.readouterr().out == f"{LINK}\n{LINK}?2\n{JOB},\n"


def test_a_template_shapes_rows_and_single_objects(capsys: Captured) -> None:
    console("{state}: {path}").rows(ROWS, [], fields=FIELDS)
    console("{path}").record({"path": "/config.toml"}, text=["other"])

    assert capsys.readouterr().out == "saved: a.png\nx: \n/config.toml\n"


def test_what_the_service_says_is_harmless_in_a_template(capsys: Captured) -> None:
    console("{status}").finished(replace(DONE, status="\x1b[2J\n"))

    assert capsys.readouterr().out == "^[[2J^J\n"


@pytest.mark.parametrize("template", ["{jobid}", "{files}", "{}", "{0}", "{files[0].path}"])
def test_a_field_that_does_not_exist_is_refused_with_those_that_do(template: str) -> None:
    with pytest.raises(Usage) as caught:
        console(template).expect_jobs()

    assert caught.value.message == f"{template} is not a field"
    assert caught.value.hint == "use " + ", ".join(RESULT_FIELDS)


def test_a_field_of_other_rows_is_refused_even_if_there_are_none() -> None:
    with pytest.raises(Usage, match=r"\{sha\} is not a field"):
        console("{sha}").rows([], [], fields=FIELDS)


@pytest.mark.parametrize("text", ["yaml", "", "{job_id", "{job_id!r}", "{seconds:.1f}"])
def test_what_is_no_format_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        named(text)


# ------------------------------------------------------------------ all of them


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("text", ["NAME  VALUE", "a     1"]),
        ("json", ['{"schema": 1, "profile": "work", "settings": [{"name": "a", "value": 1}]}']),
        ("csv", ["name,value", "a,1"]),
        ("{name}={value}", ["a=1"]),
    ],
)
def test_rows_of_a_whole_are_printed_in_every_format(capsys: Captured, form: str, printed: list[str]) -> None:
    columns = [Column.of("name"), Column.of("value")]

    row: Values = {"name": "a", "value": 1}
    console(form).rows([row], columns, key="settings", about={"profile": "work"})

    assert capsys.readouterr().out.splitlines() == printed


@pytest.mark.parametrize(
    ("form", "is_object"), [("text", False), ("json", True), ("csv", False), ("{path}", False)], ids=str
)
def test_only_json_makes_objects_of_failures(capsys: Captured, form: str, is_object: bool) -> None:
    console(form).failure(KeyRejected("No entry"))

    err = capsys.readouterr().err
    assert err == "error: No entry\n" if not is_object else json.loads(err)["error"]["message"] == "No entry"
