"""The client's own `dataclass` does what the standard library's does."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from aeforge_cli.dataclass import dataclass

KINDS = (dataclasses.dataclass, dataclass)


def made(kind: Callable[..., Any]) -> Any:
    @kind(frozen=True)
    class Base:
        first: int
        second: str = "two"

    @kind(frozen=True)
    class Point(Base):
        """Has a default of each kind, and fields that equality and hash leave out."""

        third: list[int] = dataclasses.field(default_factory=list, hash=False)
        fourth: int = dataclasses.field(default=4, compare=False)

        def __post_init__(self) -> None:
            if self.first < 0:
                raise ValueError("negative")

    return Point


def seen(call: Callable[[], Any]) -> object:
    try:
        return call()
    except (TypeError, ValueError, AttributeError) as error:
        return type(error)


@pytest.mark.parametrize(
    "question",
    [
        lambda point: repr(point(1)).rpartition(".")[2],
        lambda point: dataclasses.asdict(point(1, "b", [3], 5)),
        lambda point: dataclasses.asdict(point(second="b", first=1)),
        lambda point: dataclasses.asdict(dataclasses.replace(point(1), third=[2])),
        lambda point: point(1) == point(1, fourth=9),
        lambda point: point(1) == point(2),
        lambda point: point(1) == 1,
        lambda point: hash(point(1)) == hash(point(1, third=[8], fourth=9)),
        lambda point: hash(point(1)) == hash(point(2)),
        lambda point: point(1).third is point(1).third,
        lambda point: point(),
        lambda point: point(-1),
        lambda point: point(1, "b", [], 4, 5),
        lambda point: point(1, first=1),
        lambda point: point(1, fifth=5),
        lambda point: setattr(point(1), "first", 2),
        lambda point: delattr(point(1), "first"),
        lambda point: point.second,
        lambda point: point.__match_args__,
    ],
)
def test_a_frozen_one_answers_alike(question: Callable[[Any], object]) -> None:
    theirs, ours = (seen(partial(question, made(kind))) for kind in KINDS)

    assert ours == theirs


@pytest.mark.parametrize("eq", [True, False])
def test_one_that_can_change_answers_alike(eq: bool) -> None:
    answers = []
    for kind in KINDS:
        counted: Any = kind(eq=eq)(type("Count", (), {"__annotations__": {"number": int}, "__doc__": "", "number": 0}))
        count = counted()
        count.number = 1
        answers.append((count.number, count == counted(1), seen(partial(set, [count])) is TypeError))

    assert answers[0] == answers[1] == (1, eq, eq)
