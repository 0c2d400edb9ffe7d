"""How a command's help is laid out: what it is for, examples as they are typed, and then the details."""

import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from aeforge_cli.manual.tree import STEPS, Command, Option

_WIDEST = 100
_COLUMN = 26  # where explanations begin
_STEP = 16  # where what to type begins
# Those that most people need come first.
_HEADINGS = ("", "Inputs", "Output", "Batch", "Submission", "Waiting", "Account", "Verbosity")


def laid_out(command: Command, width: int | None = None) -> str:
    """The help of a command; `width` is the terminal's, if none is given."""
    return "\n\n".join(_paragraphs(command, width or terminal_width()))


def terminal_width() -> int:
    """The columns for text: a little less than the terminal has, and no more than can be read with ease."""
    return max(min(shutil.get_terminal_size().columns - 2, _WIDEST), 40)


def _paragraphs(command: Command, width: int) -> Iterator[str]:
    yield wrapped(command.summary, width)
    if len(command.path) == 1:
        yield titled("Start here", _steps(width))
    elif command.examples:
        yield examples(command.examples, width)
    yield wrapped(f"Usage: {command.usage}", width, "  ")
    for text in command.prose:
        yield wrapped(text, width)
    if command.commands:
        yield titled("Commands", wrapped_rows([(found.path[-1], found.summary) for found in command.commands], width))
    if command.arguments:
        yield titled("Arguments", wrapped_rows([(found.usage, found.help) for found in command.arguments], width))
    for heading, options in groupby(ordered(command.options), lambda option: option.heading or "Options"):
        yield titled(heading, wrapped_rows([(spelled(option), explained(option)) for option in options], width))
    yield wrapped(_more(command), width, "  ")


def ordered(options: Sequence[Option]) -> Sequence[Option]:
    """The command's own options first; each heading's together."""
    headings = [*_HEADINGS, *(option.heading for option in options)]
    return sorted(options, key=lambda option: headings.index(option.heading))


def _more(command: Command) -> str:
    if command.commands:
        return f"More: {command.name} COMMAND --help, man {'-'.join(command.path)}"
    topics = ["manifest", "output"] if any(option.heading == "Batch" for option in command.options) else []
    return "More: " + ", ".join([f"man {'-'.join(command.path)}", *(f"aeforge help {each}" for each in topics)])


def spelled(option: Option) -> str:
    """How the option is typed: `-o, --output FILE`."""
    names = ", ".join(option.names) + "".join(f" / {name}" for name in option.opposites)
    return f"{names} {option.metavar}".rstrip()


def explained(option: Option) -> str:
    """What the option does, and what is so without it."""
    notes = [f"default: {option.default}"] if option.default else []
    notes += ["required"] if option.required else []
    return f"{option.help} [{', '.join(notes)}]" if notes else option.help


def examples(commands: Iterable[str], width: int) -> str:
    """The examples, as they are typed."""
    return titled("Examples", (f"  {line}" for command in commands for line in continued(command, width - 2)))


def _steps(width: int) -> Iterator[str]:
    for what, example in STEPS:
        first, *others = continued(example, width - _STEP - 2)
        yield f"  {what:<{_STEP}}{first}"
        yield from (" " * (_STEP + 2) + line for line in others)


def continued(command: str, width: int) -> Iterator[str]:
    """The lines of a command, none wider than that if its words allow it, and all of them still to be pasted."""
    line = ""
    words = re.findall(r"""(?:-[\w-]+ (?=[^\s-]))?(?:[^\s'"]|'[^']*'|"[^"]*")+""", command)
    for number, word in enumerate(words, 1):
        backslash = 0 if number == len(words) else 2
        if line and len(line) + 1 + len(word) > width - backslash:
            yield f"{line} \\"
            line = f"    {word}"
        else:
            line = f"{line} {word}" if line else word
    yield line


def wrapped(text: str, width: int, indent: str = "") -> str:
    """Running text; names such as `grok-imagine` stay whole."""
    return textwrap.fill(text, width, subsequent_indent=indent, break_on_hyphens=False)


def titled(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"{title}:", *lines])


def wrapped_rows(pairs: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Names at the left, explanations wrapped at their right; below a name that is too long for its column."""
    column = min(max(len(name) for name, _ in pairs) + 4, _COLUMN)
    for name, text in pairs:
        lines = wrapped(text, max(width - column, 20)).splitlines() or [""]
        if len(name) + 4 > column:
            yield f"  {name}"
        else:
            yield f"{f'  {name}'.ljust(column)}{lines.pop(0)}".rstrip()
        yield from (" " * column + line for line in lines)
