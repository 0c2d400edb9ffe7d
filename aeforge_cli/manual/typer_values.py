"""What typer keeps of the commands, as plain values; a command that only runs does without them.

A command's docstring is its help: what it is for, in one sentence; `Examples:`, each an indented paragraph; and what
else there is to say. An option's metavar says what its value is, and so what a shell offers for it:

    FILE, IMAGE, SHEET, CHARACTER   a file          a|b|c     one of these words
    DIR                             a folder        ID        a job that is not finished
    PROFILE                         a profile       others    nothing

Where the words are not those of an enum, `One of a, b, c.` in the help names them, too. A metavar that has other
alternatives beside words, as `text|json|TEMPLATE`, offers the words and takes anything.
"""

import inspect
import re
from enum import Enum
from typing import Any

from typer.core import TyperArgument, TyperGroup, TyperOption

from aeforge_cli.manual.registry import SUMMARIES
from aeforge_cli.manual.tree import HELP_OPTION, LISTED, VERSION_OPTION, Argument, Command, Option, Takes, root


def command_value(command: Any, path: tuple[str, ...]) -> Command:
    """The command that typer keeps, and those below it; `path` are the words that lead to it."""
    return _group(command, path) if isinstance(command, TyperGroup) else _leaf(command, path)


def _group(group: TyperGroup, path: tuple[str, ...]) -> Command:
    below = [command_value(command, (*path, name)) for name, command in group.commands.items() if not command.hidden]
    if len(path) == 1:
        order = list(SUMMARIES)
        below.sort(key=lambda command: order.index(command.path[-1]))  # typer puts groups last
        return root(below, (VERSION_OPTION, HELP_OPTION))
    examples = tuple(command.examples[0] for command in below if command.examples)
    return Command(path, group.help or "", examples, options=(HELP_OPTION,), commands=tuple(below))


def _leaf(command: Any, path: tuple[str, ...]) -> Command:
    summary, examples, prose = _read(command.help or "")
    shown = [parameter for parameter in command.params if not parameter.hidden]
    arguments = tuple(_argument(found) for found in shown if isinstance(found, TyperArgument))
    options = (*(_option(found) for found in shown if isinstance(found, TyperOption)), HELP_OPTION)
    return Command(path, summary, examples, prose, arguments, options)


def _read(docstring: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What the command is for, its examples, and what else there is to say."""
    blocks = [block for block in re.split(r"\n\s*\n", docstring) if block.strip()]
    examples = tuple(inspect.cleandoc(block) for block in blocks if block.startswith("    "))
    summary, *prose = [" ".join(block.split()) for block in blocks if not block.startswith("    ")] or [""]
    return summary, examples, tuple(text for text in prose if text != "Examples:")


def _argument(found: TyperArgument) -> Argument:
    metavar = found.metavar or (found.name or "").upper()
    return Argument(
        name=re.sub(r"[\[\]]|\.\.\.", "", metavar),
        help=found.help or "",
        choices=_choices(found, metavar),
        takes=_taken(metavar),
        required=found.required,
        repeatable=found.nargs == -1,
    )


def _option(found: TyperOption) -> Option:
    choices = _choices(found, found.metavar or "")
    metavar = "" if found.is_flag else found.metavar or "|".join(choices) or "N"
    return Option(
        names=tuple(sorted(found.opts, key=len)),
        help=found.help or "",
        metavar=metavar,
        opposites=tuple(found.secondary_opts),
        default=_default(found),
        choices=choices,
        takes=_taken(metavar),
        required=found.required,
        repeatable=found.multiple,
        heading=found.rich_help_panel or "",
    )


def _default(found: TyperOption) -> str:
    if isinstance(found.show_default, str):
        return found.show_default
    match found.default:
        case None | False | []:
            return ""
        case True:
            return max(found.opts, key=len) if found.secondary_opts else ""
        case Enum() as chosen:
            return str(chosen.value)
        case other:
            return str(other)


def _choices(found: TyperArgument | TyperOption, metavar: str) -> tuple[str, ...]:
    if told := LISTED.search(found.help or ""):
        return tuple(told[1].split(", "))
    if "|" in metavar and (words := re.findall(r"(?<![^|])[a-z0-9][a-z0-9.-]*(?![^|])", metavar)):
        return tuple(words)
    # typer 0.29 has `type_descriptor` in place of `type`.
    described = getattr(found, "type_descriptor", None) or getattr(found, "type", None)
    return tuple(str(getattr(choice, "value", choice)) for choice in getattr(described, "choices", None) or ())


def _taken(metavar: str) -> Takes:
    words = set(re.findall(r"[A-Z]+", metavar))
    if words & {"FILE", "IMAGE", "SHEET", "CHARACTER"} and not set("@=") & set(metavar):
        return Takes.FILE
    return next((takes for word, takes in _TAKEN.items() if word in words), Takes.TEXT)


_TAKEN = {"DIR": Takes.FOLDER, "ID": Takes.JOB, "PROFILE": Takes.PROFILE}
