"""Help that teaches: what a command is for, examples that can be pasted, topics, near names, and the tree as JSON."""

import json
import re

import pytest

from aeforge_cli.commands._shared.recipes import recipes
from aeforge_cli.errors import Exit
from aeforge_cli.manual.from_typer import whole_tree
from aeforge_cli.manual.help import explained, laid_out
from aeforge_cli.manual.reference import TOPICS, error_words
from aeforge_cli.manual.registry import SUMMARIES
from aeforge_cli.manual.tree import Argument, Command, Option
from tests.conftest import Aeforge

COMMANDS = [command for command in whole_tree().walk() if command.path != ("aeforge",)]


def by_name(command: Command) -> str:
    return command.name


def test_without_arguments_the_help_is_shown(aeforge: Aeforge) -> None:
    run = aeforge(env={"AEFORGE_API_KEY": "sk-live-0123456789abcdef"})

    assert (run.exit, run.stdout, run.stderr) == (0, aeforge("--help").stdout, "")
    assert run.stdout.startswith("Edit and create images with AetherForge, from a terminal, a script or CI.\n")


def test_the_help_of_the_root_shows_what_to_type_first_second_and_third(aeforge: Aeforge) -> None:
    lines = aeforge("--help", env={"COLUMNS": "80"}).stdout.splitlines()

    steps = lines[lines.index("Start here:") + 1 :][:3]
    assert [line.split("  ")[1] for line in steps] == ["1. Try it free", "2. Sign in", "3. Edit one"]
    assert [line for line in lines if len(line) > 80] == []


HEADINGS = {"", "Inputs", "Output", "Batch", "Submission", "Waiting", "Account", "Verbosity"}
# Models are many, and their names are long.
LONGER = {"--model"}


@pytest.mark.parametrize("command", COMMANDS, ids=by_name)
def test_every_option_is_explained_in_one_line_of_80_columns_below_a_noun(command: Command) -> None:
    longer = {
        name
        for option in command.options
        if not any(len(line) < 80 and explained(option) in line for line in laid_out(command, 79).splitlines())
        for name in option.names[-1:]
    }

    assert longer <= LONGER
    assert {option.heading for option in command.options} <= HEADINGS


def test_the_help_of_the_root_names_every_command_with_its_own_summary() -> None:
    assert {command.path[-1]: command.summary for command in whole_tree().commands} == SUMMARIES


@pytest.mark.parametrize("command", COMMANDS, ids=by_name)
def test_every_command_says_what_it_is_for_and_gives_two_examples(command: Command) -> None:
    assert command.summary.endswith(".")
    assert len(command.examples) >= 2


@pytest.mark.parametrize("command", COMMANDS, ids=by_name)
def test_every_option_and_argument_is_explained(command: Command) -> None:
    explained: list[Option | Argument] = [*command.options, *command.arguments]

    assert [value for value in explained if not value.help.endswith((".", ")"))] == []


def test_the_help_begins_with_the_purpose_and_examples_as_they_are_typed(aeforge: Aeforge) -> None:
    run = aeforge("inpaint", "--help", env={"COLUMNS": "60"})

    assert run.stdout.splitlines()[:4] == [
        "Edit part of an image as a prompt describes.",
        "",
        "Examples:",
        "  aeforge inpaint photo.png \\",
    ]


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("command", COMMANDS, ids=by_name)
def test_no_line_of_the_help_is_wider_than_the_terminal_and_examples_stay_whole(command: Command, width: int) -> None:
    lines = laid_out(command, width - 2).splitlines()

    text = re.sub(r" \\\n +", " ", "\n".join(lines))
    assert [line for line in lines if len(line) >= width] == []
    assert [example for each in command.examples for example in each.splitlines() if example not in text] == []


def test_help_and_the_option_say_the_same(aeforge: Aeforge) -> None:
    assert aeforge("help", "job", "wait").stdout == aeforge("job", "wait", "--help").stdout


def test_help_never_holds_escapes_even_where_others_colour(aeforge: Aeforge) -> None:
    run = aeforge("inpaint", "--help", env={"GITHUB_ACTIONS": "true", "FORCE_COLOR": "1"})

    assert "\x1b" not in run.stdout


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_is_explained(aeforge: Aeforge, topic: str) -> None:
    run = aeforge("help", topic)

    assert (run.exit, run.stdout.splitlines()[0], run.stderr) == (0, TOPICS[topic], "")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["inpiant"], "'inpaint'"),
        (["job", "wiat"], "'wait'"),
        (["inpaint", "--promt", "x"], "--prompt"),
        (["help", "jub", "wait"], "aeforge help job wait"),
        (["help", "exit-code"], "aeforge help exit-codes"),
    ],
    ids=" ".join,
)
def test_a_near_name_is_suggested(aeforge: Aeforge, typed: list[str], meant: str) -> None:
    run = aeforge(*typed)

    assert (run.exit, meant in run.stderr) == (Exit.USAGE, True)


def test_a_reader_that_leaves_ends_the_help_silently(aeforge: Aeforge) -> None:
    running = aeforge.start("inpaint", "--help")
    assert running.process.stdout is not None
    running.process.stdout.close()
    running.process.stdout = None

    run = running.finish()

    assert (run.exit, run.stderr) == (Exit.STDOUT_CLOSED, "")


def test_the_tree_is_given_to_programs(aeforge: Aeforge) -> None:
    told = json.loads(aeforge("help", "--json").stdout)

    (inpaint,) = (command for command in told["command"]["commands"] if command["name"] == "aeforge inpaint")
    (quality,) = (option for option in inpaint["options"] if "--quality" in option["names"])
    assert set(told) == {"schema", "version", "command", "exit_codes", "errors", "environment"}
    assert (quality["choices"], quality["default"], quality["type"]) == (["standard", "pro"], "standard", "choice")
    types = {option["names"][-1]: option["type"] for option in inpaint["options"]}
    assert [types[name] for name in ("--json", "--output", "--profile", "--jobs", "--timeout", "--format")] == [
        *("flag", "file", "profile", "number", "text", "text")
    ]
    assert [word["code"] for word in told["errors"]] == [word.code for word in error_words()]
    assert {0, 2, 10, 130} < {row["exit"] for row in told["exit_codes"]}


def test_one_command_is_given_to_programs(aeforge: Aeforge) -> None:
    told = json.loads(aeforge("help", "job", "wait", "--json").stdout)

    assert told["command"]["usage"] == "aeforge job wait ID... [OPTIONS]"


def test_help_on_manifests_names_every_option_that_a_line_may_give(aeforge: Aeforge) -> None:
    told = " ".join(aeforge("help", "manifest").stdout.split())

    assert "upscale scale" in told
    for name, recipe in recipes().items():
        assert name == "sprite-overlay" or f"{recipe.name} {', '.join(recipe.columns)}" in told


NOT_A_VALUE = {
    "a word for a whole number": (("--limit", "x"), "'x' is not a whole number."),
    "a part for a whole number": (("--limit", "1.5"), "'1.5' is not a whole number."),
    "too small a number": (("--limit", "0"), "0 is less than 1."),
}


@pytest.mark.parametrize(("words", "message"), NOT_A_VALUE.values(), ids=NOT_A_VALUE)
def test_a_value_that_an_option_does_not_take_is_refused_in_plain_words(
    aeforge: Aeforge, words: tuple[str, ...], message: str
) -> None:
    run = aeforge("job", "list", *words)

    assert run.exit == 2
    assert run.stderr.splitlines()[0] == f"error: Invalid value for '--limit': {message}"


def test_the_choices_of_an_option_are_named_as_they_are_written(aeforge: Aeforge) -> None:
    run = aeforge("inpaint", "a.png", "-q", "best", "-p", "x")

    assert run.stderr.splitlines()[0].endswith("'best' is not one of standard, pro.")
