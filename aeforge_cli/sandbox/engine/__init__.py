"""What an engine is: something that edits a photograph as an instruction says, or refuses with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Literal, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    import PIL.Image

__all__ = ["Engine", "Instruction", "Quality", "Refused", "edit_bytes", "engine_names", "load_engine"]

ENTRY_POINTS = "aeforge.engines"

Quality = Literal["standard", "pro"]


class Refused(Exception):
    """The engine cannot do this honestly; `reason` says why, and what it can do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Instruction:
    prompt: str
    quality: Quality = "standard"


class Engine(Protocol):
    """What to write for an engine of one's own.

    Register a callable without arguments that returns one, under the entry point group `aeforge.engines`.
    The picture arrives as RGB or RGBA, upright, in sRGB; the answer has the same size, in either mode.
    `progress` takes the share done so far, 0 to 1. Raise `Refused` for anything that cannot be done honestly.
    """

    def edit(
        self, picture: PIL.Image.Image, instruction: Instruction, progress: Callable[[float], None]
    ) -> PIL.Image.Image: ...


def engine_names() -> list[str]:
    return ["local", *sorted(name for name in _plugged_in() if name != "local")]


def load_engine(name: str) -> Engine:
    if name == "local":
        from aeforge_cli.sandbox.engine.local import LocalEngine

        return LocalEngine()
    plugged_in = _plugged_in()
    if name not in plugged_in:
        raise LookupError(f"There is no engine called {name!r}. There are: {', '.join(engine_names())}.")
    make = cast("Callable[[], Engine]", plugged_in[name].load())
    return make()


def edit_bytes(engine: Engine, data: bytes, prompt: str, quality: Quality, progress: Callable[[float], None]) -> bytes:
    """A picture file in, a PNG of the same size out."""
    from aeforge_cli.sandbox.engine import pictures

    picture = pictures.decode(data)
    edited = engine.edit(picture, Instruction(prompt, quality), progress)
    return pictures.encode(edited)


def _plugged_in() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
