"""Man pages: one a command, clean for both formatters, readable at 80 columns, with every option of the command."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aeforge_cli.manual.from_typer import whole_tree
from aeforge_cli.manual.man import pages
from aeforge_cli.manual.reference import EXIT_CODES
from aeforge_cli.manual.tree import Command
from tests.conftest import Home

TREE = whole_tree()
PAGES = pages(TREE)
FORMATTING = {"LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MAN_KEEP_FORMATTING": "", "PATH": os.environ["PATH"]}


def ran(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(str(words[0])) is None:
        pytest.skip(f"{words[0]} is not installed")
    return subprocess.run(words, capture_output=True, text=True, env=FORMATTING | environment, check=False)


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    path.write_text(PAGES[request.param])
    return path


def by_name(command: Command) -> str:
    return command.name


def test_mandoc_has_no_complaint(page: Path) -> None:
    run = ran("mandoc", "-T", "lint", "-W", "warning", page)

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_man_has_no_complaint(page: Path) -> None:
    run = ran("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page)

    assert (run.returncode, run.stderr) == (0, "")


def test_apropos_can_read_the_name(page: Path) -> None:
    run = ran("lexgrog", page)

    assert (run.returncode, f'"{page.stem} - ' in run.stdout) == (0, True)


def test_a_page_fits_into_80_columns(page: Path) -> None:
    shown = re.sub(r".\x08", "", ran("man", "-l", page).stdout)

    assert [line for line in shown.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("command", list(TREE.walk()), ids=by_name)
def test_a_page_tells_all_that_is_known_of_its_command(command: Command) -> None:
    source = PAGES[f"{'-'.join(command.path)}.1"].replace("\\-", "-").replace("\\(aq", "'")

    headings = re.findall(r'^\.SH "?([^"\n]+)', source, re.MULTILINE)
    names = [name for option in command.options for name in (*option.names, *option.opposites)]
    required = {
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "EXIT STATUS",
        "ENVIRONMENT",
        "FILES",
        "EXAMPLES",
        "SEE ALSO",
    }
    assert required - set(headings) == set()
    assert [name for name in names if f"\\fB{name}\\fP" not in source] == []
    assert [code for code in EXIT_CODES if f".B {code}\n" not in source] == []


def test_man_finds_the_page_of_a_subcommand(home: Home) -> None:
    folder = home.root / "share/man/man1"
    folder.mkdir(parents=True)
    for name, text in PAGES.items():
        (folder / name).write_text(text)

    run = ran("man", "aeforge-job-wait", MANPATH=str(folder.parent), MANPAGER="cat", HOME=str(home.root))

    assert (run.returncode, "aeforge-job-wait - wait for jobs" in run.stdout) == (0, True)
