"""Nothing is forgotten: every operation, error and exit code is everywhere it belongs."""

from pathlib import Path
from typing import TypeVar

from aeforge_cli.api.operations import OPERATIONS, Operation, Quality
from aeforge_cli.errors import Exit, Failure
from aeforge_cli.manual.from_typer import whole_tree
from aeforge_cli.manual.reference import ERROR_WORDS, EXIT_CODES, error_words
from aeforge_cli.manual.tree import Takes
from aeforge_cli.sandbox.routes.api import operations as routes

Kind = TypeVar("Kind")
TREE = whole_tree()
PATHS = {f"/{operation.path}" for operation in OPERATIONS}


def kinds(kind: type[Kind]) -> set[type[Kind]]:
    found = {kind}
    for below in kind.__subclasses__():
        found |= kinds(below)
    return found


def test_every_operation_is_listed() -> None:
    """What has no path of its own is what the versions of an operation share."""
    ours = {kind for kind in kinds(Operation) if kind.__module__.startswith("aeforge_cli.") and hasattr(kind, "path")}

    assert ours == set(OPERATIONS)
    assert len(ours) == 12


def test_every_operation_has_a_command() -> None:
    commands = {command.name.removeprefix("aeforge ") for command in TREE.walk()}

    assert {operation.name for operation in OPERATIONS} - commands == set()


def test_every_operation_has_a_route_in_the_sandbox_and_the_sandbox_has_no_other() -> None:
    below = {str(getattr(route, "path", "")).removeprefix("/public/v1") for route in routes.routes}

    assert below - {"/job/{job_id}"} == PATHS


def test_every_operation_has_a_contract_test() -> None:
    asked = (Path(__file__).parents[1] / "contract/test_contract_answers.py").read_text("utf-8")

    assert [path for path in PATHS if f'"{path}"' not in asked] == []


def test_every_exit_code_and_every_error_is_explained() -> None:
    codes = {kind.code for kind in kinds(Failure)}

    assert [code for code in Exit if int(code) not in EXIT_CODES] == []
    assert codes - {"refused"} == set(ERROR_WORDS) == {word.code for word in error_words()}
    assert [word.code for word in error_words() if word.exit is not None and word.exit not in EXIT_CODES] == []


def test_the_qualities_that_can_be_typed_are_those_that_can_be_bought() -> None:
    offered = {option.choices for command in TREE.walk() for option in command.options if "--quality" in option.names}

    assert offered == {tuple(Quality)}


def test_every_value_that_names_a_file_or_a_folder_is_completed() -> None:
    names = ("FILE", "DIR", "IMAGE", "SHEET", "CHARACTER")
    values = [(option.metavar, option.takes) for command in TREE.walk() for option in command.options]
    values += [(argument.name, argument.takes) for command in TREE.walk() for argument in command.arguments]

    plain = {metavar for metavar, takes in values if takes is Takes.TEXT and any(name in metavar for name in names)}

    assert plain == {"JSON|@FILE", "NAME=VALUE|NAME=@IMAGE"}
