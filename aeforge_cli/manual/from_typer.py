"""How typer is given the command tree, and runs it; the help is laid out by us, and errors are ours."""

import os
import re
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TYPER_USE_RICH", "0")  # before typer is imported: help drawn by rich costs twice the time

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from aeforge_cli import __version__
from aeforge_cli.errors import ClosedStdoutError, Exit, Usage
from aeforge_cli.manual.registry import SUMMARIES, module_of

if TYPE_CHECKING:
    from aeforge_cli.manual.tree import Command


def whole_tree() -> "Command":
    """Every command, with all that is known of it."""
    from aeforge_cli.manual.typer_values import command_value

    return command_value(built(tuple(SUMMARIES)), ("aeforge",))


def built(names: Sequence[str]) -> TyperGroup:
    """The commands as typer runs them: those of the root that are named, and what is below them."""
    tree = typer.Typer(
        name="aeforge",
        cls=_ToldGroup,
        add_completion=False,
        pretty_exceptions_enable=False,  # a pretty traceback may print locals, and a local may be the key
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    tree.callback()(_root)
    for module in map(module_of, names):
        import_module(f"aeforge_cli.commands.{module}").register(tree)
    _tell(tree)
    group = get_command(tree)
    if not isinstance(group, TyperGroup):
        raise TypeError(f"typer made a {type(group).__name__} of the command tree")
    return group


def run(group: TyperGroup, arguments: Sequence[str], session: object) -> int:
    """Runs the command that the arguments name; raises Usage where they make no sense."""
    try:
        status = group.main(list(arguments), prog_name="aeforge", standalone_mode=False, obj=session)
    except typer.TyperException as error:
        raise Usage(_in_plain_words(error), hint=_help_hint(error)) from None
    except typer.Abort:
        raise Usage("Nothing was entered", hint="give it as an option, or on standard input") from None
    except SystemExit:  # typer's answer to a reader that has gone
        raise ClosedStdoutError from None
    return status if isinstance(status, int) else Exit.DONE


def _in_plain_words(error: typer.TyperException) -> str:
    """Typer's sentence without the names of its types, and with choices as they are written in the help."""
    message = error.format_message()
    message = re.sub(r"is not a valid int(eger)?( range)?\.$", "is not a whole number.", message)
    message = re.sub(r"is not a valid float( range)?\.$", "is not a number.", message)
    choices = getattr(getattr(getattr(error, "param", None), "type", None), "choices", ())
    if choices and " is not one of " in message:
        return f"{message.rpartition(' is not one of ')[0]} is not one of {', '.join(map(str, choices))}."
    return re.sub(r"is not in the range x>=(\d+)\.$", r"is less than \1.", message)


def _help_hint(error: typer.TyperException) -> str:
    command = getattr(getattr(error, "ctx", None), "command_path", "aeforge")
    return f"{command} --help"


def _root(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        typer.echo(f"aeforge {__version__}")
        raise typer.Exit


def _tell(tree: typer.Typer) -> None:
    """Has the help of all commands laid out by us."""
    for command in tree.registered_commands:
        command.cls = _ToldCommand
    for group in tree.registered_groups:
        group.cls = _ToldGroup
        if group.typer_instance:
            _tell(group.typer_instance)


class _ToldCommand(TyperCommand):
    def get_help(self, ctx: Any) -> str:
        return _told(self, ctx.command_path)


class _ToldGroup(TyperGroup):
    def get_help(self, ctx: Any) -> str:
        return _told(self, ctx.command_path)


def _told(command: TyperCommand | TyperGroup, path: str) -> str:
    from aeforge_cli.manual.help import laid_out
    from aeforge_cli.manual.typer_values import command_value

    return laid_out(command_value(command, tuple(path.split())))
