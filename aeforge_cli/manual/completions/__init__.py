"""Completion scripts: each is written from the command tree, and then needs no Python at a TAB.

Job ids come from the file `pending-jobs` that the journal keeps, profiles from the headings in `config.toml`; both are
read by the shell itself. Where they are is said here once more, because a shell cannot ask `settings`.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from importlib import import_module
from pathlib import Path

from aeforge_cli.dataclass import dataclass
from aeforge_cli.manual.reference import TOPICS
from aeforge_cli.manual.tree import Command, Takes


class Shell(StrEnum):
    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


FILE_NAMES = {
    Shell.BASH: "aeforge.bash",
    Shell.ZSH: "_aeforge",
    Shell.FISH: "aeforge.fish",
    Shell.POWERSHELL: "aeforge.ps1",
}


def script(shell: Shell, tree: Command) -> str:
    """The whole script for one shell."""
    text: str = import_module(f"aeforge_cli.manual.completions.{shell}").script(_with_help_of(tree))
    return text


def filled(template: str, **parts: str) -> str:
    """The program in the template file, with a part in place of each comment `# @name@`.

    The programs are files of their own, so that linters and editors can read them.
    """
    text = Path(__file__).with_name(template).read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"# @{name}@", part)
    return text


def _with_help_of(tree: Command) -> Command:
    """The tree whose `help` leads to every command and topic, as its arguments do."""
    topics = [Command(("aeforge", "help", name), summary) for name, summary in TOPICS.items()]
    told = [_mirrored(command, ("aeforge", "help")) for command in tree.commands]
    commands = [
        replace(command, commands=(*told, *topics), arguments=()) if command.path[-1] == "help" else command
        for command in tree.commands
    ]
    return replace(tree, commands=tuple(commands))


def _mirrored(command: Command, path: tuple[str, ...]) -> Command:
    here = (*path, command.path[-1])
    return Command(here, command.summary, commands=tuple(_mirrored(below, here) for below in command.commands))


@dataclass(frozen=True)
class Offer:
    """What a shell offers for a value: files, folders, jobs, profiles, or these words."""

    takes: Takes
    words: Sequence[str] = ()

    @property
    def is_nothing(self) -> bool:
        return self.takes is Takes.TEXT and not self.words


def words_to(command: Command) -> str:
    """The words after `aeforge` that lead to a command."""
    return " ".join(command.path[1:])
