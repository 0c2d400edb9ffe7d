"""What a worker is told to do, and what it says came of it: one JSON object on one line each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Order:
    """`pictures` is form field to paths of its files; results go into the folder `images`."""

    operation: str
    fields: dict[str, object]
    pictures: dict[str, list[str]]
    images: str

    def field(self, name: str) -> str:
        return str(self.fields.get(name, ""))

    def as_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Order:
        return cls(**json.loads(line))


@dataclass(frozen=True)
class Rendered:
    """The names of the files that were made, in the order's folder."""

    images: list[str]

    def as_line(self) -> bytes:
        return json.dumps({"images": self.images}).encode() + b"\n"


@dataclass(frozen=True)
class NotRendered:
    """Why nothing was made, on one line."""

    reason: str

    def as_line(self) -> bytes:
        return json.dumps({"failed": self.reason}).encode() + b"\n"


Outcome = Rendered | NotRendered


def outcome_from(line: bytes) -> Outcome:
    match json.loads(line):
        case {"images": list(images)}:
            return Rendered([str(name) for name in images])
        case other:
            return NotRendered(str(other["failed"]))
