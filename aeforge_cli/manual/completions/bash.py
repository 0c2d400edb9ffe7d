"""Completion for bash, 3.2 and later: tables of the commands, and one function that finds its way in them."""

from collections.abc import Iterator

from aeforge_cli.manual.completions import Offer, filled, words_to
from aeforge_cli.manual.tree import Command


def script(tree: Command) -> str:
    tables = [
        _table("_aeforge_about", _about(tree)),
        _table("_aeforge_value", _values(tree)),
        _table("_aeforge_argument", _arguments(tree)),
    ]
    return filled("aeforge.bash.in", tables="\n".join(tables))


def _table(name: str, rows: Iterator[str]) -> str:
    return "\n".join([f"{name}() {{", "    case $1 in", *(f"        {row} ;;" for row in rows), "    esac", "}", ""])


def _about(tree: Command) -> Iterator[str]:
    for command in tree.walk():
        names = [name for option in command.options for name in (*option.names, *option.opposites)]
        below = " ".join(found.path[-1] for found in command.commands)
        yield f"'{words_to(command)}') commands='{below}' options='{' '.join(names)}'"


def _values(tree: Command) -> Iterator[str]:
    for command in tree.walk():
        for option in command.options:
            if option.metavar:
                patterns = "|".join(f"'{words_to(command)} {name}'" for name in option.names)
                yield f"{patterns}) REPLY={_quoted(Offer(option.takes, option.choices))}"


def _arguments(tree: Command) -> Iterator[str]:
    for command in tree.walk():
        for number, argument in enumerate(command.arguments):
            offer = Offer(argument.takes, argument.choices)
            pattern = f"'{words_to(command)} '*" if argument.repeatable else f"'{words_to(command)} {number}'"
            yield f"{pattern}) REPLY={_quoted(offer)}"


def _quoted(offer: Offer) -> str:
    return f"'words {' '.join(offer.words)}'" if offer.words else f"'{offer.takes}'"
