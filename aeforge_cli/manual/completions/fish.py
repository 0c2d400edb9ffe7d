"""Completion for fish, 3.3 and later: one `complete` for each word, under the condition where it may stand."""

from collections.abc import Iterator

from aeforge_cli.manual.completions import Offer, filled, words_to
from aeforge_cli.manual.tree import Argument, Command, Option, Takes


def script(tree: Command) -> str:
    return filled("aeforge.fish.in", lists="\n".join(_lists(tree)), completes="\n".join(_completes(tree)))


def _lists(tree: Command) -> Iterator[str]:
    commands = [words_to(command) for command in tree.walk()][1:]
    yield "set -g __aeforge_commands " + " ".join(map(_quoted, commands))
    yield "set -g __aeforge_taking " + " ".join(map(_quoted, _taking(tree)))


def _taking(tree: Command) -> Iterator[str]:
    """The options that the next word belongs to."""
    for command in tree.walk():
        for option in command.options:
            if option.metavar:
                yield from (f"{words_to(command)} {name}" for name in option.names)


def _completes(tree: Command) -> Iterator[str]:
    yield "complete -c aeforge -e"
    yield "complete -c aeforge -f"
    for command in tree.walk():
        place = words_to(command)
        condition = f"-n {_quoted(f'__aeforge_at {_quoted(place)}'.strip())}"
        for below in command.commands:
            yield f"complete -c aeforge {condition} -a {below.path[-1]} -d {_quoted(below.summary)}"
        for number, argument in enumerate(command.arguments):
            yield from _argument(argument, place, number)
        for option in command.options:
            yield from (f"complete -c aeforge {condition} {text}" for text in _option(option))


def _argument(argument: Argument, place: str, number: int) -> Iterator[str]:
    """An argument that is repeated is offered at its place and everywhere after it."""
    offer = Offer(argument.takes, argument.choices)
    if not offer.is_nothing:
        last = " 999" if argument.repeatable else ""
        condition = _quoted(f"__aeforge_at {_quoted(place)} {number}{last}")
        yield f"complete -c aeforge -n {condition} {_offered(offer, argument.name)}"


def _option(option: Option) -> Iterator[str]:
    spelled = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    value = ""
    if option.metavar:
        offer = Offer(option.takes, option.choices)
        value = " -x" if offer.is_nothing else f" -r {_offered(offer, option.names[-1])}"
    yield f"{spelled}{value} -d {_quoted(option.brief)}"
    for name in option.opposites:
        yield f"-l {name[2:]} -d {_quoted('The opposite of ' + option.names[-1] + '.')}"


def _offered(offer: Offer, of: str) -> str:
    """Each word says what it is one of, or fish would show the option's whole description beside it."""
    if offer.words:
        kind = of.strip("-[].").lower().replace("-", " ")
        return "-f -a " + _quoted(" ".join(f"{word}\\t'{kind}'" for word in offer.words))
    return _OFFERED[offer.takes]


_OFFERED = {
    Takes.FILE: "-F",
    Takes.FOLDER: "-f -a '(__fish_complete_directories)'",
    Takes.JOB: "-f -a '(__aeforge_jobs)'",
    Takes.PROFILE: "-f -a '(__aeforge_profiles)'",
}


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
