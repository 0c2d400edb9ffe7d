"""What the clauses of all kinds are made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from aeforge_cli.sandbox.engine.edits import Part
from aeforge_cli.sandbox.engine.prompts.meaning import Change, Impossible, Reference, Said, Value
from aeforge_cli.sandbox.engine.prompts.vocabulary import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterable


Clause: TypeAlias = tuple[Said, ...]
PartSaid: TypeAlias = Part | Reference
rule = LANGUAGE.rule


def becomes(part: PartSaid, value: Value | Impossible) -> Clause:
    return (value,) if isinstance(value, Impossible) else (Change(part, value),)


def all_become(parts: Iterable[PartSaid], values: Iterable[Value | Impossible]) -> Clause:
    values = tuple(values)
    return tuple(said for part in parts for value in values for said in becomes(part, value))
