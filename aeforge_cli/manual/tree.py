"""What a command is, as a plain value: for the help, the man pages, the shells' completions and wrappers."""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from aeforge_cli.dataclass import dataclass
from aeforge_cli.manual.registry import SUMMARIES


class Takes(StrEnum):
    """What a value is, where a shell can offer some."""

    TEXT = "text"
    FILE = "file"
    FOLDER = "folder"
    JOB = "job"
    PROFILE = "profile"


@dataclass(frozen=True)
class Option:
    """An option: `opposites` are the names that say no, and `metavar` is empty for one that takes no value."""

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    opposites: tuple[str, ...] = ()
    default: str = ""
    choices: tuple[str, ...] = ()
    takes: Takes = Takes.TEXT
    required: bool = False
    repeatable: bool = False
    heading: str = ""

    @property
    def type(self) -> str:
        """What kind of value it takes, in a word: flag, choice, number, or what `takes` says."""
        if not self.metavar:
            return "flag"
        if self.choices and "|TEMPLATE" not in self.metavar:
            return "choice"
        return "number" if self.metavar == "N" else self.takes.value

    @property
    def brief(self) -> str:
        """The help without the words that can be chosen, for shells, which offer those anyway."""
        return LISTED.sub(".", self.help) if self.choices else self.help


# How a help text lists words that can be chosen.
LISTED = re.compile(r"(?:^|: )[Oo]ne of ([\w.-]+(?:, [\w.-]+)+)\.")


@dataclass(frozen=True)
class Argument:
    """A word that stands for itself; `repeatable` is the last one only."""

    name: str
    help: str
    choices: tuple[str, ...] = ()
    takes: Takes = Takes.TEXT
    required: bool = True
    repeatable: bool = False

    @property
    def usage(self) -> str:
        name = self.name if self.required else f"[{self.name}]"
        return f"{name}..." if self.repeatable else name


@dataclass(frozen=True)
class Command:
    """A command, or a group of them; `path` are the words that lead to it, `prose` its further paragraphs."""

    path: tuple[str, ...]
    summary: str
    examples: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    commands: tuple["Command", ...] = ()

    @property
    def name(self) -> str:
        return " ".join(self.path)

    @property
    def usage(self) -> str:
        if self.commands:
            return f"{self.name} COMMAND"
        required = [f"{min(option.names, key=len)} {option.metavar}" for option in self.options if option.required]
        return " ".join([self.name, *(argument.usage for argument in self.arguments), *required, "[OPTIONS]"])

    def walk(self) -> Iterator["Command"]:
        """This command, and all that it leads to."""
        yield self
        for command in self.commands:
            yield from command.walk()

    def at(self, words: Sequence[str]) -> "Command | None":
        """The command that the words lead to from here."""
        if not words:
            return self
        found = next((command for command in self.commands if command.path[-1] == words[0]), None)
        return found and found.at(words[1:])


# What to type first, second, third; each line fits 80 columns.
STEPS = (
    ("1. Try it free", 'aeforge inpaint photo.jpg -p "blue sky" -o sky.png --sandbox'),
    ("2. Sign in", "aeforge auth login"),
    ("3. Edit one", 'aeforge inpaint photo.jpg -p "blue sky" -o sky.png'),
    ("4. Edit many", 'aeforge inpaint photos/ -p "blue sky" -o out/ --resume'),
    ("5. See jobs", "aeforge job list"),
)


def root(commands: Sequence[Command], options: Sequence[Option]) -> Command:
    return Command(
        ("aeforge",),
        "Edit and create images with AetherForge, from a terminal, a script or CI.",
        examples=tuple(example for _, example in STEPS),
        prose=(
            (
                "With --sandbox, jobs run on this machine: no key, no cost."
                " After Ctrl-C, the same command again resumes the job: nothing is paid twice."
            ),
        ),
        commands=tuple(commands),
        options=tuple(options),
    )


HELP_OPTION = Option(("-h", "--help"), "Show this help.")
VERSION_OPTION = Option(("--version",), "Print the version.")


def bare_root() -> Command:
    """The root with nothing below its commands."""
    commands = [Command(("aeforge", name), summary) for name, summary in SUMMARIES.items()]
    return root(commands, (VERSION_OPTION, HELP_OPTION))
