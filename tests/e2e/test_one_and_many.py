"""One picture is a list of one: the same refusals, fields and exit codes for one picture and for two."""

import pytest

from tests.conftest import Aeforge, Home, Run, png

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
