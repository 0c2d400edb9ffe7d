"""Completion for zsh: a function for each command, made of zsh's own `_arguments`."""

from collections.abc import Iterator

from aeforge_cli.manual.completions import Offer, filled, words_to
from aeforge_cli.manual.tree import HELP_OPTION, VERSION_OPTION, Argument, Command, Option, Takes


def script(tree: Command) -> str:
    return filled("aeforge.zsh.in", functions="\n".join(_function(command) for command in tree.walk()))


def _name(command: Command) -> str:
    return "_aeforge_at" + "".join(f"_{word}" for word in words_to(command).split())


def _function(command: Command) -> str:
    lines = [f"{_name(command)}() {{"]
    if command.commands:
        lines += ['    local curcontext="$curcontext" state', "    typeset -A opt_args", "    local -a commands=("]
        lines += [f"        {_quoted(_described(below))}" for below in command.commands]
        lines += ["    )"]
    specs = [spec for option in command.options for spec in _option(option)]
    specs += [_argument(argument, number) for number, argument in enumerate(command.arguments, 1)]
    specs += ["'1: :->command'", "'*:: :->rest'"] if command.commands else []
    lines += [" \\\n        ".join(["    _arguments -s -S -C" if command.commands else "    _arguments -s -S", *specs])]
    if command.commands:
        lines += [f"    _aeforge_descend {_name(command)}"]
    return "\n".join([*lines, "}", ""])


def _described(command: Command) -> str:
    return f"{command.path[-1]}:{command.summary}"


def _option(option: Option) -> Iterator[str]:
    """One spec for each name, since the opposites say something else."""
    if option in (HELP_OPTION, VERSION_OPTION):
        yield from (f"'(- *)'{name}{_quoted(f'[{option.brief}]')}" for name in option.names)
        return
    for name in (*option.names, *option.opposites):
        others = " ".join((*option.names, *option.opposites))
        alone = "'*'" if option.repeatable else f"'({others})'"
        yield f"{alone}{name}{_joint(name) if option.metavar else ''}{_quoted(_told(option))}"


def _joint(name: str) -> str:
    """How the value may be joined to the name: `-o FILE`, `-oFILE`, `--output FILE`, `--output=FILE`."""
    return "=" if name.startswith("--") else "+"


def _told(option: Option) -> str:
    text = f"[{_escaped(option.brief)}]"
    if not option.metavar:
        return text
    return f"{text}:{_message(option.metavar)}:{_action(Offer(option.takes, option.choices))}"


def _argument(argument: Argument, number: int) -> str:
    place = "*" if argument.repeatable else str(number)
    optional = "" if argument.required or argument.repeatable else ":"
    offer = Offer(argument.takes, argument.choices)
    return _quoted(f"{place}:{optional}{_message(argument.name)}:{_action(offer)}")


def _action(offer: Offer) -> str:
    if offer.words:
        return f"({' '.join(offer.words)})"
    return _ACTIONS[offer.takes]


_ACTIONS = {
    Takes.TEXT: " ",
    Takes.FILE: "_files",
    Takes.FOLDER: "_path_files -/",
    Takes.JOB: "_aeforge_jobs",
    Takes.PROFILE: "_aeforge_profiles",
}


def _message(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
