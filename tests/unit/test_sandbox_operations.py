"""The sandbox's table of operations says the same as the client's, which was written without it."""

import types
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import get_args, get_type_hints

import pytest

from aeforge_cli.api import operations as client
from aeforge_cli.files.picture import Picture
from aeforge_cli.sandbox import operations as sandbox
from aeforge_cli.sandbox.routes.api import operations as routes

ROWS = {operation.path: operation for operation in sandbox.OPERATIONS}


@dataclass(frozen=True)
class Told:
    """A field of a form, as either side describes it."""

    name: str
    kind: str
    required: bool
    values: tuple[str, ...] = ()


def told_by_client(operation: type[client.Operation]) -> Iterator[Told]:
    hints = get_type_hints(operation)
    for field in fields(operation):
        hint = hints[field.name]
        parts = [part for part in get_args(hint) if part is not types.NoneType] or [hint]
        optional = types.NoneType in get_args(hint) or field.default == ()
        match parts[0]:
            case kind if kind is Picture:
                yield Told(field.name, "files" if ... in get_args(hint) else "file", not optional)
            case kind if issubclass(kind, Enum):
                yield Told(field.name, "choice", not optional, tuple(str(member.value) for member in kind))
            case kind if kind is int:
                yield Told(field.name, "number", not optional, tuple(map(str, operation.FRAMES)))  # type: ignore[attr-defined]  # of each that has frames
            case kind:
                yield Told(field.name, "flag" if kind is bool else "text", not optional)


def told_by_sandbox(operation: sandbox.Operation) -> Iterator[Told]:
    for field in operation.form:
        match field:
            case sandbox.Picture(name, required):
                yield Told(name, "file", required)
            case sandbox.Pictures(name, _, required):
                yield Told(name, "files", required)
            case sandbox.Choice(name, values, required):
                kind = "number" if issubclass(values, int) else "choice"
                yield Told(name, kind, required, tuple(str(member.value) for member in values))
            case sandbox.Number(name, allowed):
                yield Told(name, "number", True, tuple(map(str, allowed)))
            case sandbox.Flag(name):
                yield Told(name, "flag", True)
            case sandbox.Text(name) | sandbox.Rows(name):
                yield Told(name, "text", True)


def test_both_sides_know_the_same_operations() -> None:
    assert {operation.path for operation in client.OPERATIONS} == set(ROWS)


@pytest.mark.parametrize("operation", client.OPERATIONS, ids=lambda operation: operation.path)
def test_both_sides_ask_for_the_same_fields_with_the_same_values(operation: type[client.Operation]) -> None:
    assert set(told_by_sandbox(ROWS[operation.path])) == set(told_by_client(operation))


def test_both_sides_allow_as_many_pictures() -> None:
    [references] = [field for field in ROWS["generate/image"].form if isinstance(field, sandbox.Pictures)]
    overlays = [row for path, row in ROWS.items() if "overlay" in path]
    characters = [field for row in overlays for field in row.form if isinstance(field, sandbox.Pictures)]

    assert {model: references.most({"ai_model": model}) for model in client.AiModel} == {
        model: model.most_references for model in client.AiModel
    }
    assert [field.most({}) for field in characters] == [client.MOST_CHARACTERS] * 2


def test_every_row_of_the_table_is_a_route() -> None:
    assert [getattr(route, "path", "") for route in routes.routes] == [f"/public/v1/{path}" for path in ROWS]


def test_words_of_the_user_are_those_that_the_client_sends_as_such() -> None:
    assert {*client.WORDS, "rows"} == sandbox.WORDS
