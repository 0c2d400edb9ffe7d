"""How an operation is made of what a user says: by options, by a line of a manifest, or by an asset of a build."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field
from enum import Enum
from importlib import import_module
from typing import Any

from aeforge_cli.api.operations import EXAMPLE_PROMPT, Operation, Quality
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import Usage
from aeforge_cli.files.picture import Picture

Reader = Callable[[str], object]
# The commands whose modules have recipes; `aeforge build` knows the operations by them.
COMMANDS = ("inpaint", "upscale", "split_layer", "generate", "effect", "sprite")


class Image(Enum):
    """Whether a job has a picture of its own."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class Values:
    """What is said of one job: pictures as read, options as parsed; an option that was not given is None."""

    options: Mapping[str, Any]
    pictures: Mapping[str, Sequence[Picture]]
    setting: Callable[[str], str]

    def __getitem__(self, name: str) -> Any:
        return self.options.get(name)

    @property
    def image(self) -> Picture:
        return self.pictures["image"][0]

    def optional(self, name: str) -> Picture | None:
        return next(iter(self.pictures.get(name, ())), None)

    @property
    def words(self) -> str:
        return self.options.get("prompt") or ""

    @property
    def quality(self) -> Quality:
        """The job's own, else that of the environment, the profile or the default."""
        return Quality(self.options.get("quality") or self.setting("quality"))


@dataclass(frozen=True, eq=False)
class Recipe:
    """One operation in the user's words.

    `options` are what may be said of a job beside its picture, prompt and output, each with how its text is read;
    `pictures` are options that name further pictures; `words` says what the prompt is called, if there is one. `either`
    are groups of options of which only one can be given: those of the versions of an operation.
    """

    name: str
    kind: type[Operation]
    make: Callable[[Values], Operation]
    options: Mapping[str, Reader] = field(default_factory=dict)
    image: Image = Image.REQUIRED
    pictures: tuple[str, ...] = ()
    words: str | None = "prompt"
    either: tuple[frozenset[str], ...] = ()

    @property
    def columns(self) -> list[str]:
        """The names of the options that a line may give."""
        return [*(["prompt"] if self.words else []), *self.options, *self.pictures]

    def excluded(self, given: Collection[str]) -> set[str]:
        """The options that cannot be given beside these."""
        chosen = [group for group in self.either if not group.isdisjoint(given)]
        return {name for group in self.either if chosen and group not in chosen for name in group}

    def read(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """The values that the texts stand for. Raises Usage."""
        return {name: self.options[name](text) if name in self.options else text for name, text in texts.items()}

    def require_words(self, options: Mapping[str, Any]) -> None:
        if self.words is None or options.get("prompt") is not None:
            return
        if self.words == "keyword":
            raise Usage("There is no keyword", hint="name the element to separate, for example: -k arm")
        raise Usage("There is no prompt", hint=f"say what you want, for example: -p '{EXAMPLE_PROMPT}'")


def recipes() -> dict[str, Recipe]:
    """All operations, by their names with hyphens: `inpaint`, `sprite-make`."""
    modules = (import_module(f"aeforge_cli.commands.{module}") for module in COMMANDS)
    return {recipe.name.replace(" ", "-"): recipe for module in modules for recipe in module.RECIPES}


def one_of(kind: type[Enum], what: str) -> Reader:
    """Reads a value of a closed set, in whatever case. Raises Usage with those that there are."""

    def read(text: str) -> Enum:
        for value in kind:
            if str(value.value).lower() == text.lower():
                return value
        raise Usage(f"{text!r} is not a valid {what}", hint=f"choose one of {', '.join(str(v.value) for v in kind)}")

    return read


def whole_number(text: str) -> int:
    """Raises Usage."""
    try:
        return int(text)
    except ValueError:
        raise Usage(f"{text!r} is not a whole number") from None


def truth(text: str) -> bool:
    """Raises Usage."""
    if text.lower() not in ("true", "false"):
        raise Usage(f"{text!r} must be true or false")
    return text.lower() == "true"
