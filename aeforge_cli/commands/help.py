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
from aeforge_cli.manual.help import laid_out, terminal_width, titled, wrapped_rows
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
    json: Annotated[bool, typer.Option("--json", help="Print all of it as one JSON object.")] = False,
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
    yield "For more than the code, scripts use --json: aeforge help errors"


def _errors() -> Iterator[str]:
    yield reference.TOPICS["errors"]
    rows = [
        (f"{word.exit or 'signal':<6}  {word.code}", word.meaning + (" (may be retried)" if word.retryable else ""))
        for word in reference.error_words()
    ]
    yield titled("Exit code, error.code", wrapped_rows(rows, terminal_width()))
    yield (
        'With --json the last line on standard error is\n{"error": {"code", "message", "hint", "job_id", "http_status",'
        ' "retryable", "exit"}}'
    )


def _environment() -> Iterator[str]:
    yield reference.TOPICS["environment"]
    yield titled("Variables", wrapped_rows(list(reference.ENVIRONMENT.items()), terminal_width()))
    yield titled("Files", wrapped_rows(list(reference.FILES.items()), terminal_width()))
    yield "Precedence: option, variable, profile, default. aeforge config list shows where each value comes from."


def _scripting() -> Iterator[str]:
    from textwrap import fill

    yield reference.TOPICS["scripting"]
    yield titled("Examples", (f"  {example}" for example in reference.SCRIPTING_EXAMPLES))
    for paragraph in reference.SCRIPTING:
        yield fill(paragraph, terminal_width())


_WITHOUT_LISTS = ("sprite overlay",)


def _manifest() -> Iterator[str]:
    from textwrap import fill

    from aeforge_cli.commands._shared.recipes import recipes

    yield reference.TOPICS["manifest"]
    yield titled("Examples", (f"  {example}" for example in reference.MANIFEST_EXAMPLES))
    for paragraph in reference.MANIFEST:
        yield fill(paragraph, terminal_width())
    rows = [(each.name, ", ".join(each.columns)) for each in recipes().values() if each.name not in _WITHOUT_LISTS]
    yield titled("Options of the operations", wrapped_rows(rows, terminal_width()))


def _output() -> Iterator[str]:
    from textwrap import fill

    from aeforge_cli.output.formats.values import RESULT_FIELDS

    yield reference.TOPICS["output"]
    yield fill(reference.NAMING_TEXT, terminal_width())
    yield titled("Fields of names", wrapped_rows(list(reference.NAMING.items()), terminal_width()))
    yield titled("--format", wrapped_rows(list(reference.FORMATS.items()), terminal_width()))
    yield titled(
        "Fields of formats",
        [fill(", ".join(RESULT_FIELDS), terminal_width(), initial_indent="  ", subsequent_indent="  ")],
    )


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
