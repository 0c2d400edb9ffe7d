"""One picture is a list of one: the same refusals, fields and exit codes for one picture and for two."""

from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, Run, png
from tests.faults.fake import Fake

NAMES = ("a.png", "b.png")
COUNTS = pytest.mark.parametrize("names", [NAMES[:1], NAMES], ids=["one", "two"])
WHICH = ("--resume", "--update", "--new", "--skip-existing")


@pytest.fixture(autouse=True)
def photos(home: Home) -> None:
    for shade, name in enumerate(NAMES):
        (home.work / name).write_bytes(png(shade))


def _ending(run: Run) -> tuple[int, str]:
    return run.ending if run.exit else (run.exit, "")


def _both(user: Aeforge, *options: str) -> list[Run]:
    return [user("inpaint", *names, "-p", "x", "--json", *options) for names in (NAMES[:1], NAMES)]


@pytest.mark.parametrize(
    "options",
    [
        ["--overwrite", "--dry-run"],
        ["--skip-existing", "--dry-run"],
        ["--no-wait", "-o", "out/", "--dry-run"],
        ["--timeout", "-1", "--dry-run"],
        ["-o", "out/", "--dry-run"],
    ],
    ids=" ".join,
)
def test_one_picture_is_accepted_or_refused_as_two_are(user: Aeforge, options: list[str]) -> None:
    one, two = _both(user, *options)

    assert _ending(one) == _ending(two)


@pytest.mark.parametrize("second", WHICH[1:])
@COUNTS
def test_choices_of_what_to_buy_exclude_each_other(user: Aeforge, names: tuple[str, ...], second: str) -> None:
    run = user("inpaint", *names, "-p", "x", "-o", "out/", "--json", WHICH[0], second)

    assert run.exit == 2


@COUNTS
def test_where_everything_is_there_no_key_is_needed(user: Aeforge, home: Home, names: tuple[str, ...]) -> None:
    (home.work / "out").mkdir()
    for name in names:
        (home.work / "out" / name).write_bytes(png())

    run = user("inpaint", *names, "-p", "x", "-o", "out/", "--skip-existing", "--json", env={"AEFORGE_API_KEY": None})

    assert run.exit == 0
    assert [(row["index"], row["status"]) for row in run.rows] == [(n, "Skipped") for n in range(len(names))]


def test_a_row_of_one_picture_has_the_fields_of_a_row_of_two(user: Aeforge) -> None:
    one, two = _both(user, "-o", "out/", "--dry-run")

    assert (one.exit, two.exit) == (0, 0)
    assert one.rows[0].keys() == two.rows[0].keys()


# ------------------------------------------------------------------ outside a dry run


@COUNTS
def test_a_purchase_tells_its_place_in_the_list(user: Aeforge, fake: Fake, names: tuple[str, ...]) -> None:
    run = user("inpaint", *names, "-p", "x", "-o", "out/", "--json")

    rows = sorted(run.rows, key=lambda row: row["index"])
    assert (run.exit, len(fake.jobs)) == (0, len(names))
    assert [(row["index"], row["input"], row["files"][0]["path"]) for row in rows] == [
        (place, name, f"out/{name}") for place, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    "options",
    [["--no-wait", "-o", "out/"], ["--no-wait", "--resume"], ["--open"], ["--overwrite"], ["--report", "report.txt"]],
    ids=" ".join,
)
def test_what_is_refused_of_one_picture_is_refused_of_two_with_the_same_words(
    user: Aeforge, fake: Fake, options: list[str]
) -> None:
    one, two = _both(user, *options)

    assert _ending(one) == _ending(two) == (2, "usage")
    assert one.error["message"] == two.error["message"]
    assert (fake.jobs, one.stdout, two.stdout) == ({}, "", "")


@pytest.mark.parametrize("options", [["-o", "-"], ["-o", "out/", "--open"]], ids=" ".join)
def test_what_only_one_result_can_be_is_refused_of_two_before_anything_is_sent(
    user: Aeforge, fake: Fake, options: list[str]
) -> None:
    run = user("inpaint", *NAMES, "-p", "x", *options)

    assert (run.exit, run.output, fake.jobs) == (2, b"", {})


def test_one_result_to_a_pipe_is_the_picture_and_nothing_else(user: Aeforge) -> None:
    run = user("inpaint", "a.png", "-p", "x", "-o", "-")

    assert (run.exit, run.output[:8]) == (0, b"\x89PNG\r\n\x1a\n")


@COUNTS
def test_a_report_tells_of_each_picture(user: Aeforge, home: Home, names: tuple[str, ...]) -> None:
    run = user("inpaint", *names, "-p", "x", "-o", "out/", "--report", "report.html")

    page = (home.work / "report.html").read_text()
    assert (run.exit, [name in page for name in NAMES]) == (0, [name in names for name in NAMES])


@pytest.fixture
def there(home: Home) -> Path:
    """A folder in which all results stand already."""
    folder = home.work / "out"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(png())
    return folder


def test_a_list_of_which_all_is_skipped_says_that_it_is_done(user: Aeforge, there: Path, fake: Fake) -> None:
    run = user("inpaint", *NAMES, "-p", "x", "-o", "out/", "--skip-existing")

    assert run.exit == 0
    assert run.stderr.splitlines()[-1].startswith("2 done; 2 kept; ")
    assert fake.jobs == {}


@COUNTS
def test_what_is_kept_has_its_files_and_its_place_again(user: Aeforge, fake: Fake, names: tuple[str, ...]) -> None:
    bought = user("inpaint", *names, "-p", "x", "-o", "out/", "--json")

    again = user("inpaint", *names, "-p", "x", "-o", "out/", "--resume", "--json")

    def told(run: Run) -> list[tuple[int, str, str]]:
        return sorted((row["index"], row["job_id"], row["files"][0]["path"]) for row in run.rows)

    assert (again.exit, told(again), len(fake.jobs)) == (0, told(bought), len(names))
    assert {(row["status"], row["attached"]) for row in again.rows} == {("Skipped", True)}
