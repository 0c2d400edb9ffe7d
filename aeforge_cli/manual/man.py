"""The man pages, one a command, written from the command tree in man(7)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from aeforge_cli import __version__
from aeforge_cli.manual.help import continued, explained, ordered
from aeforge_cli.manual.reference import ENVIRONMENT, EXIT_CODES, FILES, SCRIPTING, SCRIPTING_EXAMPLES
from aeforge_cli.manual.tree import Argument, Command, Option

RELEASED = "2026-11-22"  # changed with the version: a date of the day would make every page differ every day


def pages(tree: Command) -> dict[str, str]:
    """Every page by its file name."""
    return {f"{_title(command)}.1": _page(command, tree) for command in tree.walk()}


def _title(command: Command) -> str:
    return "-".join(command.path)


def _page(command: Command, tree: Command) -> str:
    return "\n".join([*_head(command), *_body(command, tree), ""])


def _head(command: Command) -> Iterator[str]:
    summary = command.summary.rstrip(".")
    yield f'.TH {_title(command).upper()} 1 {RELEASED} "aeforge {__version__}" "aeforge manual"'
    yield ".nh"  # no hyphens of the formatter's among those of options and paths
    yield ".ad l"
    yield ".SH NAME"
    yield f"{_bare(_title(command))} \\- {_text(summary[0].lower() + summary[1:])}"
    yield ".SH SYNOPSIS"
    yield f'.SY "{_bare(command.name)}"'
    yield from _synopsis(command)
    yield ".YS"


def _synopsis(command: Command) -> Iterator[str]:
    if command.commands:
        yield ".I COMMAND"
        yield ".RI [ OPTION \\&.\\|.\\|.\\&]"
        return
    for argument in command.arguments:
        yield _argument_usage(argument)
    for option in command.options:
        if option.required:
            yield f".B {_bare(min(option.names, key=len))}"
            yield f".I {_bare(option.metavar)}"
    yield ".RI [ OPTION \\&.\\|.\\|.\\&]"


def _argument_usage(argument: Argument) -> str:
    more = " \\&.\\|.\\|.\\&" if argument.repeatable else ""
    return f".RI {_bare(argument.name)}{more}" if argument.required else f".RI [ {_bare(argument.name)}{more or ' '}]"


def _body(command: Command, tree: Command) -> Iterator[str]:
    yield from _section("DESCRIPTION", _paragraphs([command.summary, *command.prose]))
    if command.arguments:
        yield from _section("ARGUMENTS", _listed((f".I {_bare(a.usage)}", a.help) for a in command.arguments))
    yield from _section("OPTIONS", _options(command.options))
    if command.commands:
        below = [(f".BR {_bare(_title(found))} (1)", found.summary) for found in command.commands]
        yield from _section("COMMANDS", _listed(below))
    codes = [(f".B {code}", meaning) for code, meaning in EXIT_CODES.items()]
    yield from _section("EXIT STATUS", _listed(codes, indent="5n"))
    yield from _section("ENVIRONMENT", _listed((f".B {_bare(name)}", text) for name, text in ENVIRONMENT.items()))
    yield from _section("FILES", _listed((f".I {_bare(path)}", text) for path, text in FILES.items()))
    examples = [*command.examples, *(SCRIPTING_EXAMPLES if len(command.path) == 1 else ())]
    yield from _section("EXAMPLES", _examples(examples))
    if len(command.path) == 1:
        yield from _section("USE IN SCRIPTS", _paragraphs(SCRIPTING))
    yield from _section("SEE ALSO", _see_also(command, tree))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {title}" if " " not in title else f'.SH "{title}"'
    yield from lines


def _paragraphs(texts: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number:
            yield ".PP"
        yield from _sentences(text)


def _options(options: Sequence[Option]) -> Iterator[str]:
    """The command's own first, and then each group below its heading."""
    for heading, those in groupby(ordered(options), lambda option: option.heading):
        if heading:
            yield f".SS {_bare(heading)}"
        yield from _listed((_tag(option), explained(option)) for option in those)


def _tag(option: Option) -> str:
    names = ", ".join(f"\\fB{_bare(name)}\\fP" for name in (*option.names, *option.opposites))
    return f"{names} \\fI{_bare(option.metavar)}\\fP" if option.metavar else names


def _listed(rows: Iterable[tuple[str, str]], indent: str = "") -> Iterator[str]:
    for tag, text in rows:
        yield f".TP {indent}".rstrip()
        yield tag
        yield from _sentences(text)


def _examples(examples: Sequence[str]) -> Iterator[str]:
    for number, example in enumerate(examples):
        if number:
            yield ".PP"
        yield ".EX"
        yield from (_bare(line) for line in continued(example, _WIDEST))
        yield ".EE"


_WIDEST = 70  # for a page of 80 columns


def _see_also(command: Command, tree: Command) -> Iterator[str]:
    """The way up, and what stands beside it."""
    above = tree.at(command.path[1:-1]) if len(command.path) > 1 else None
    beside = above.commands if above else command.commands
    related = [found for found in (above, *beside) if found and found != command]
    for number, found in enumerate(related, 1):
        yield f".BR {_bare(_title(found))} (1){',' if number < len(related) else ''}"


def _sentences(text: str) -> Iterator[str]:
    """One sentence a line, as the source of a page should be; long ones go on in the next."""
    for sentence in re.split(r"(?<=[.;:]) (?=[A-Z])", text):
        line = ""
        for word in sentence.split():
            if line and len(line) + 1 + len(word) > _LONGEST:
                yield _text(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        yield _text(line)


_LONGEST = 72


def _text(text: str) -> str:
    """Running text: nothing in it is a request or an escape, and options keep their hyphens."""
    return _shielded(re.sub(r"(?<![\w])-|-(?=-)", r"\\-", text.replace("\\", "\\e")))


def _bare(text: str) -> str:
    """Text to be typed: every hyphen is a minus, every quote and accent is itself."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha")
    return _shielded(plain.replace("~", "\\(ti").replace("`", "\\(ga"))


def _shielded(line: str) -> str:
    return f"\\&{line}" if line.startswith((".", "'")) else line
