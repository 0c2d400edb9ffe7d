"""Lines that people paste into a shell: the `aeforge` commands in them, and what is wrong with each."""

import re
import shlex
from collections.abc import Iterator, Sequence

from aeforge_cli.manual.tree import Command, Option

_OPERATORS = frozenset("|&;<>()")


def fenced(markdown: str, *languages: str) -> Iterator[str]:
    """The lines in fenced blocks of these languages, continued ones joined."""
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL):
        if language in languages:
            yield from block.replace("\\\n", " ").splitlines()


def invocations(line: str) -> Iterator[list[str]]:
    """The arguments of every `aeforge` in a line of shell: in pipes, in `$(...)`, and by a path."""
    opened = re.sub(r'"?[$<]\(([^()]*)\)"?', r" x ; \1 ;", line.partition(" # ")[0])
    words: list[str] = []
    for word in (*_words(opened), ";"):
        if not set(word) <= _OPERATORS:
            words.append(word)
            continue
        yield from _arguments(words)
        words = []


def _words(line: str) -> list[str]:
    reader = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    reader.commenters = ""
    reader.wordchars += "@,:{}$%!#[]^"
    return list(reader)


def _arguments(words: Sequence[str]) -> Iterator[list[str]]:
    """What follows the command's name; words before it are variables, or a command that runs it."""
    for number, word in enumerate(words):
        installs = any(before.startswith(("install", "inject")) for before in words[:number])
        if word.rpartition("/")[2] == "aeforge" and "=" not in word and not installs:
            yield list(words[number + 1 :])
            return


def wrong_with(arguments: Sequence[str], tree: Command) -> list[str]:
    """What the command tree does not know about the arguments; nothing where they make sense."""
    command, rest = tree, list(arguments)
    while rest and (below := command.at([rest[0]])) and command.commands:
        command, rest = below, rest[1:]
    options = {name: option for option in command.options for name in (*option.names, *option.opposites)}
    found: list[str] = []
    given: set[tuple[str, ...]] = set()
    values = 0
    while rest:
        word = rest.pop(0)
        name, joined, _ = word.partition("=") if word.startswith("--") else (word, "", "")
        if not word.startswith("-") or word == "-":
            values += 1
        elif name not in options:
            found.append(f"{command.name} knows no {name}")
        else:
            given.add(options[name].names)
            found += _wrong_value(options[name], word.partition("=")[2] if joined else None, rest)
    return [*found, *_missing(command, given, values)]


def _wrong_value(option: Option, joined: str | None, rest: list[str]) -> Iterator[str]:
    if not option.metavar:
        return
    if joined is None and not rest:
        yield f"{option.names[-1]} lacks its value"
        return
    value = rest.pop(0) if joined is None else joined
    is_open = any(alternative.isupper() for alternative in option.metavar.split("|"))
    if option.choices and value not in option.choices and not (is_open and "|" in option.metavar):
        yield f"{option.names[-1]} cannot be {value}"


def _missing(command: Command, given: set[tuple[str, ...]], values: int) -> Iterator[str]:
    asks_for_help = any("--help" in names for names in given)
    if asks_for_help:
        return
    if command.commands and len(command.path) > 1:
        yield f"{command.name} lacks its command"
    yield from (
        f"{option.names[-1]} is missing" for option in command.options if option.required and option.names not in given
    )
    least = sum(argument.required for argument in command.arguments)
    most = None if any(argument.repeatable for argument in command.arguments) else len(command.arguments)
    if values < least or (most is not None and values > most):
        yield f"{command.name} takes other than {values} arguments"
