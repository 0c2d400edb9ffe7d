"""`aeforge help`: the help of a command, a topic that concerns all of them, or the whole tree for a program."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Annotated

import typer

from aeforge_cli import __version__
from aeforge_cli.commands._shared.options import with_options
from aeforge_cli.errors import Usage
from aeforge_cli.manual import reference
from aeforge_cli.manual.help import examples, laid_out, terminal_width, titled, wrapped, wrapped_rows
from aeforge_cli.manual.tree import Command
from aeforge_cli.session import Session

WordsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[COMMAND|TOPIC]...", help="Command or topic, as listed above.")
]


def register(tree: typer.Typer) -> None:
    tree.command("help")(help_)


@with_options
def help_(
    session: Session,
    words: WordsArgument = None,
    json: Annotated[bool, typer.Option("--json", help="Print all help as one JSON object.")] = False,
) -> None:
    """Show help on a command or topic.

    Topics: exit-codes, errors, environment, scripting, manifest and output.

    Examples:

        aeforge help job wait

        aeforge help exit-codes

        aeforge help --json | jq -r '.command.commands[].name'
    """
    session.talk(output_format="json" if json else "text", quiet=False, verbose=False, debug=False)
    topic = _TOPICS.get(" ".join(words or ()))
    if json:
        session.console.result_json(_as_json(_found(words or ())))
    elif topic:
        session.console.result("\n\n".join(topic()))
    else:
        session.console.result(laid_out(_found(words or ())))


def _found(words: Sequence[str]) -> Command:
    from aeforge_cli.manual.from_typer import whole_tree

    root = whole_tree()
    if found := root.at(words):
        return found
    asked = " ".join(words)
    names = [*reference.TOPICS, *(command.name.removeprefix("aeforge ") for command in root.walk())]
    near = get_close_matches(asked, names, n=1)
    raise Usage(f"There is no help for {asked!r}", hint=f"aeforge help {near[0]}" if near else "aeforge help")


# ------------------------------------------------------------------ topics


def _exit_codes() -> Iterator[str]:
    yield reference.TOPICS["exit-codes"]
    rows = [(str(code), meaning) for code, meaning in reference.EXIT_CODES.items()]
    yield titled("Exit codes", wrapped_rows(rows, terminal_width()))
    yield "More: aeforge help errors"


def _errors() -> Iterator[str]:
    yield reference.TOPICS["errors"]
    rows = [
        (f"{word.exit or 'signal':<6}  {word.code}", word.meaning + (" (may be retried)" if word.retryable else ""))
        for word in reference.error_words()
    ]
    yield titled("Exit code, error.code", wrapped_rows(rows, terminal_width()))
    yield wrapped(reference.ERROR_OBJECT, terminal_width())


def _environment() -> Iterator[str]:
    yield reference.TOPICS["environment"]
    yield titled("Variables", wrapped_rows(list(reference.ENVIRONMENT.items()), terminal_width()))
    yield titled("Files", wrapped_rows(list(reference.FILES.items()), terminal_width()))
    yield wrapped(reference.PRECEDENCE, terminal_width())


def _scripting() -> Iterator[str]:
    yield reference.TOPICS["scripting"]
    yield examples(reference.SCRIPTING_EXAMPLES, terminal_width())
    for paragraph in reference.SCRIPTING:
        yield wrapped(paragraph, terminal_width())


_WITHOUT_LISTS = ("sprite overlay",)


def _manifest() -> Iterator[str]:
    from aeforge_cli.commands._shared.recipes import recipes

    yield reference.TOPICS["manifest"]
    yield examples(reference.MANIFEST_EXAMPLES, terminal_width())
    for paragraph in reference.MANIFEST:
        yield wrapped(paragraph, terminal_width())
    rows = [(each.name, ", ".join(each.columns)) for each in recipes().values() if each.name not in _WITHOUT_LISTS]
    yield titled("Options of the operations", wrapped_rows(rows, terminal_width()))


def _output() -> Iterator[str]:
    from aeforge_cli.output.formats.values import RESULT_FIELDS

    yield reference.TOPICS["output"]
    yield wrapped(reference.NAMING_TEXT, terminal_width())
    yield titled("Fields of names", wrapped_rows(list(reference.NAMING.items()), terminal_width()))
    yield titled("--format", wrapped_rows(list(reference.FORMATS.items()), terminal_width()))
    yield titled("Fields of formats", ["  " + wrapped(", ".join(RESULT_FIELDS), terminal_width() - 2, "  ")])


_TOPICS = {
    "exit-codes": _exit_codes,
    "errors": _errors,
    "environment": _environment,
    "scripting": _scripting,
    "manifest": _manifest,
    "output": _output,
}


# ------------------------------------------------------------------ for programs


def _as_json(command: Command) -> dict[str, object]:
    return {
        "version": __version__,
        "command": _command_json(command),
        "exit_codes": [{"exit": int(code), "meaning": meaning} for code, meaning in reference.EXIT_CODES.items()],
        "errors": [asdict(word) for word in reference.error_words()],
        "environment": [{"name": name, "meaning": meaning} for name, meaning in reference.ENVIRONMENT.items()],
    }


def _command_json(command: Command) -> dict[str, object]:
    return {
        "name": command.name,
        "summary": command.summary,
        "usage": command.usage,
        "description": list(command.prose),
        "examples": list(command.examples),
        "arguments": [asdict(argument) for argument in command.arguments],
        "options": [{**asdict(option), "type": option.type} for option in command.options],
        "commands": [_command_json(below) for below in command.commands],
    }
