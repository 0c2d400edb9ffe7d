"""What is written for people is true: each command line in the README, in the help and on man pages makes sense."""

import re
from pathlib import Path

import pytest

from aeforge_cli.manual.from_typer import whole_tree
from aeforge_cli.manual.reference import EXIT_CODES, SCRIPTING_EXAMPLES, error_words
from tests.project.commandlines import fenced, invocations, wrong_with

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TREE = whole_tree()
LINES = [line for line in fenced(README, "sh", "bash", "console", "yaml", "make") if list(invocations(line))]
EXAMPLES = list(
    dict.fromkeys((*(example for command in TREE.walk() for example in command.examples), *SCRIPTING_EXAMPLES))
)


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_in_the_readme_makes_sense(line: str) -> None:
    assert [problem for words in invocations(line) for problem in wrong_with(words, TREE)] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_makes_sense(example: str) -> None:
    found = list(invocations(example))

    assert found
    assert [problem for words in found for problem in wrong_with(words, TREE)] == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("aeforge inpaint a.png -p x --colour red", "aeforge inpaint knows no --colour"),
        ("cat x | aeforge inpaint - -p x --quality best", "--quality cannot be best"),
        ('id="$(aeforge job status)"', "aeforge job status takes other than 0 arguments"),
        ("aeforge job wait @last -o", "--output lacks its value"),
        ("aeforge sprite", "aeforge sprite lacks its command"),
    ],
    ids=["option", "choice", "argument", "value", "command"],
)
def test_a_command_line_that_makes_no_sense_is_found(line: str, problem: str) -> None:
    assert problem in [found for words in invocations(line) for found in wrong_with(words, TREE)]


@pytest.mark.parametrize("span", sorted(set(re.findall(r"`(aeforge [^`]+)`", README))))
def test_every_command_named_in_the_text_of_the_readme_exists(span: str) -> None:
    """It may lack its arguments: `aeforge inpaint` names the command alone."""
    found = [problem for words in invocations(span) for problem in wrong_with(words, TREE)]
    command = TREE.at([word for word in span.split()[1:3] if not re.search(r"[^a-z-]|^-", word)]) or TREE.at(
        span.split()[1:2]
    )

    assert command is not None
    assert [problem for problem in found if "knows no" in problem or "cannot be" in problem] == []


def test_every_option_named_in_the_text_of_the_readme_exists() -> None:
    known = {
        name for command in TREE.walk() for option in command.options for name in (*option.names, *option.opposites)
    }
    prose = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    named = {
        option
        for span in re.findall(r"`([^`]+)`", prose)
        if not span.startswith(("uv ", "pipx ", "pip "))
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", span)
    }

    assert named
    assert named - known == set()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "tests/photos/README.md"])
def test_every_file_that_is_linked_is_there(name: str) -> None:
    document = ROOT / name
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("path", re.findall(r"`((?:\w+/)+\w+\.\w+)`", CONTRIBUTING))
def test_every_module_that_contributors_are_sent_to_is_there(path: str) -> None:
    assert any((ROOT / folder / path).exists() for folder in (".", "aeforge_cli"))


def test_the_readme_names_every_exit_code_and_every_error_word() -> None:
    assert [code for code in EXIT_CODES if str(code) not in README] == []
    assert [word.code for word in error_words() if f"`{word.code}`" not in README] == []
