"""Completion for PowerShell, 5.1 and later: a table of the commands, and one block that finds its way in it."""

from collections.abc import Iterator

from aeforge_cli.manual.completions import Offer, filled, words_to
from aeforge_cli.manual.tree import Command


def script(tree: Command) -> str:
    return filled("aeforge.ps1.in", table="\n".join(_table(tree)))


def _table(tree: Command) -> Iterator[str]:
    for command in tree.walk():
        yield f"    {_quoted(words_to(command))} = @{{"
        yield "        Commands = [ordered]@{"
        yield from (f"            {_quoted(below.path[-1])} = {_quoted(below.summary)}" for below in command.commands)
        yield "        }"
        yield "        Options = [ordered]@{"
        for option in command.options:
            offer = _offer(Offer(option.takes, option.choices)) if option.metavar else "''"
            for name in (*option.names, *option.opposites):
                yield f"            {_quoted(name)} = @({_quoted(option.brief)}, {offer})"
        yield "        }"
        arguments = [(argument.repeatable, Offer(argument.takes, argument.choices)) for argument in command.arguments]
        yield f"        Arguments = @({', '.join(_offer(offer) for _, offer in arguments)})"
        yield f"        Repeats = ${str(any(repeats for repeats, _ in arguments)).lower()}"
        yield "    }"


def _offer(offer: Offer) -> str:
    return _quoted(f"words {' '.join(offer.words)}" if offer.words else offer.takes.value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
