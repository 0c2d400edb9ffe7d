"""The command tree as plain values: the one place that knows in which module a command is, and how typer keeps it.

A command's docstring is its help: what it is for, in one sentence; a block of examples, each a paragraph that is
indented; and what else there is to say. An option's metavar says what its value is, and so what a shell offers:

    FILE, IMAGE, SHEET, CHARACTER   a file                 a|b|c     one of these words
    DIR                             a folder               ID        a job that is not finished
    PROFILE                         a profile              others    nothing
"""

import inspect
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module

os.environ.setdefault("TYPER_USE_RICH", "0")  # before typer is imported: help drawn by rich costs twice the time

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command


@dataclass(frozen=True)
class Branch:
    """A command at the root, told without loading it; a test holds the summary to the command's own."""

    module: str
    summary: str


ROOT_SUMMARY = "Edit and make images with AetherForge: in a terminal, in pipelines and in CI."
ROOT_EXAMPLES = (
    'aeforge inpaint photo.jpg -p "Change background to blue sky" -o sky.png --sandbox',
    "aeforge help inpaint",
)
BRANCHES = {
    "inpaint": Branch("inpaint", "Edit part of a picture as a prompt says."),
    "upscale": Branch("pictures", "Make a picture larger."),
    "split-layer": Branch("pictures", "Separate one element of a picture into a layer of its own."),
    "generate": Branch("pictures", "Make a picture from a prompt."),
    "effect": Branch("pictures", "Make a visual effect."),
    "sprite": Branch("sprites", "Animate pictures, give sprites another look, put characters over them."),
    "job": Branch("job", "Look at jobs, wait for them, list them."),
    "auth": Branch("account", "Sign in, sign out, and see which key is used."),
    "config": Branch("config", "See and change the settings, and where each comes from."),
    "sandbox": Branch("sandbox", "Serve the AetherForge API on this machine, without a key of yours and at no cost."),
    "doctor": Branch("doctor", "Check that everything is set up, and say what to do where it is not."),
    "completion": Branch("completion", "Print the script that completes aeforge in a shell."),
    "help": Branch("help", "Show the help of a command, or explain a topic."),
}


class Takes(Enum):
    """What a value is, where a shell can offer some."""

    TEXT = "text"
    FILE = "file"
    FOLDER = "folder"
    JOB = "job"
    PROFILE = "profile"


@dataclass(frozen=True)
class Option:
    """An option; `opposites` are the names that say no, `metavar` is empty for one that takes no value."""

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
    def long(self) -> str:
        """The name that says most."""
        return max(self.names, key=len)


@dataclass(frozen=True)
class Argument:
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
            return f"{self.name} COMMAND [OPTIONS]"
        required = [f"{option.names[-1]} {option.metavar}" for option in self.options if option.required]
        return " ".join([self.name, *(argument.usage for argument in self.arguments), *required, "[OPTIONS]"])

    def below(self) -> Iterator["Command"]:
        """This command, and all that it leads to."""
        yield self
        for command in self.commands:
            yield from command.below()

    def at(self, words: Sequence[str]) -> "Command | None":
        """The command that the words lead to from here."""
        if not words:
            return self
        found = next((command for command in self.commands if command.path[-1] == words[0]), None)
        return found and found.at(words[1:])


HELP_OPTION = Option(("-h", "--help"), "Show this help.")
VERSION_OPTION = Option(("--version",), "Print the version.")


def bare_root() -> Command:
    """The root for its own help: its commands with nothing below them, none of them loaded."""
    commands = tuple(Command(("aeforge", name), branch.summary) for name, branch in BRANCHES.items())
    options = (VERSION_OPTION, HELP_OPTION)
    return Command(("aeforge",), ROOT_SUMMARY, ROOT_EXAMPLES, options=options, commands=commands)


def whole_tree() -> Command:
    """Every command, with all that is known of it."""
    root = _command(built(tuple(BRANCHES)), ("aeforge",))
    return Command(root.path, ROOT_SUMMARY, ROOT_EXAMPLES, options=root.options, commands=root.commands)


# ------------------------------------------------------------------ what typer makes of it


def built(names: Sequence[str], show_help: "Callable[[Command], str] | None" = None) -> TyperGroup:
    """The commands as typer runs them: those at the root that are named, and what is below them."""
    tree = typer.Typer(
        name="aeforge",
        add_completion=False,
        pretty_exceptions_enable=False,  # a pretty traceback may print locals, and a local may be the key
        rich_markup_mode=None,
        invoke_without_command=True,
        context_settings={"help_option_names": list(HELP_OPTION.names)},
    )
    tree.callback()(_root)
    for module in dict.fromkeys(BRANCHES[name].module for name in names):
        import_module(f"aeforge_cli.commands.{module}").register(tree)
    _lay_out_help(tree)
    group = get_command(tree)
    if not isinstance(group, TyperGroup):
        raise TypeError("typer makes a group of an application with commands")
    return group


def _root(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


class _Formatter:
    pass


def _lay_out_help(tree: typer.Typer) -> None:
    for command in tree.registered_commands:
        command.cls = _ToldCommand
    for group in tree.registered_groups:
        group.cls = _ToldGroup
        if group.typer_instance:
            _lay_out_help(group.typer_instance)
