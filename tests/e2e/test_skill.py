"""`aeforge skill`: the page for assistants says how to spend nothing by accident, and replaces nobody's file."""

import re
import subprocess

import pytest

from aeforge_cli.errors import Exit
from aeforge_cli.manual.from_typer import whole_tree
from tests.conftest import Aeforge
from tests.project.commandlines import fenced, invocations, wrong_with

SKILL = ".claude/skills/aeforge/SKILL.md"


@pytest.fixture
def page(aeforge: Aeforge) -> str:
    return aeforge("skill").stdout


@pytest.mark.parametrize(
    "rule", ["`--sandbox` first", "`--dry-run`", "Always pass `-o` and `--json`", "Never pass `--new`", "budget"]
)
def test_the_page_has_every_rule(page: str, rule: str) -> None:
    assert rule in page


@pytest.mark.parametrize(("code", "words"), [(8, "Never submit a new one"), (10, "do not pass `--new`")])
def test_the_page_says_what_to_do_after_doubtful_endings(page: str, code: int, words: str) -> None:
    [line] = [line for line in page.splitlines() if line.startswith(f"- {code}: ")]

    assert words in line


def test_the_page_has_every_command_and_exit_code(page: str) -> None:
    leaves = [command.name for command in whole_tree().walk() if not command.commands]

    assert [name for name in leaves if f"- `{name}" not in page] == []
    assert [code for code in Exit if f"\n- {int(code)}: " not in page] == []


def test_every_command_line_on_the_page_makes_sense(page: str) -> None:
    lines = [line for line in fenced(page, "sh") if list(invocations(line))]

    assert len(lines) == 4
    assert [
        problem for line in lines for words in invocations(line) for problem in wrong_with(words, whole_tree())
    ] == []


def test_it_is_installed_where_assistants_look_and_again_after_an_upgrade(aeforge: Aeforge, page: str) -> None:
    path = aeforge.home.root / SKILL

    first = aeforge("skill", "--install")
    path.write_text(path.read_text().replace("## Rules", "## Old rules"))
    second = aeforge("skill", "--install", "--json")

    assert (first.exit, first.stdout, second.rows[0]["path"]) == (0, f"{path}\n", str(path))
    text = path.read_text()
    assert re.match(r"---\nname: aeforge\ndescription: .{50,1000}\n---\n", text)
    assert text.endswith(page)


def test_what_installing_says_undoes_it(aeforge: Aeforge) -> None:
    installed = aeforge("skill", "--install")
    [said] = installed.stderr.splitlines()

    subprocess.run(["sh", "-c", said.removeprefix("to undo this: ")], check=True)

    assert list((aeforge.home.root / SKILL).parents[1].iterdir()) == []


def test_a_file_of_somebody_else_is_left_alone(aeforge: Aeforge) -> None:
    agents = aeforge.home.work / "AGENTS.md"
    agents.write_text("# Ours\n")

    run = aeforge("skill", "--to", "AGENTS.md", "--install", "--json")

    assert run.ending == (9, "output_exists")
    assert run.error["hint"] == "aeforge skill >> AGENTS.md"
    assert agents.read_text() == "# Ours\n"
    assert not (aeforge.home.root / SKILL).exists()


def test_a_new_file_is_written_without_the_front_matter_of_skills(aeforge: Aeforge, page: str) -> None:
    assert aeforge("skill", "--to", "docs/AGENTS.md").stdout == "docs/AGENTS.md\n"
    assert (aeforge.home.work / "docs/AGENTS.md").read_text() == page
