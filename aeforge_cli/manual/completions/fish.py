"""Completion for fish, 3.3 and later: one `complete` for each word, under the condition where it may stand."""

from collections.abc import Iterator

from aeforge_cli.manual.completions import Offer, words_to
from aeforge_cli.manual.tree import Argument, Command, Option, Takes


def script(tree: Command) -> str:
    return "\n".join([_HEAD, *_walk(tree), *_completes(tree), ""])


def _walk(tree: Command) -> Iterator[str]:
    """A function that says at which command the cursor is, and how many arguments stand before it."""
    yield "# Where the cursor is: the command, and the number of its arguments so far"
    yield "function __aeforge_place"
    yield "    set -l place"
    yield "    set -l count 0"
    yield "    set -l words (commandline -opc)"
    yield "    set -l skip no"
    yield "    set -l ended no"
    yield "    for word in $words[2..-1]"
    yield "        if test $skip = yes"
    yield "            set skip no"
    yield "        else if test $ended = no; and string match -qr -- '^-' $word"
    yield '            test "$word" = --; and set ended yes'
    yield '            contains -- "$place $word" $__aeforge_taking; and set skip yes'
    yield '        else if contains -- (string trim -- "$place $word") $__aeforge_commands'
    yield '            set place (string trim -- "$place $word")'
    yield "        else"
    yield "            set count (math $count + 1)"
    yield "        end"
    yield "    end"
    yield "    echo $place"
    yield "    echo $count"
    yield "end"
    yield ""
    commands = [words_to(command) for command in tree.walk()][1:]
    yield "set -g __aeforge_commands " + " ".join(map(_quoted, commands))
    yield "set -g __aeforge_taking " + " ".join(map(_quoted, _taking(tree)))
    yield ""
    yield _CONDITIONS


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
        yield f"complete -c aeforge -n {condition} {_offered(offer)}"


def _option(option: Option) -> Iterator[str]:
    spelled = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    value = ""
    if option.metavar:
        offer = Offer(option.takes, option.choices)
        value = " -x" if offer.is_nothing else f" -r {_offered(offer)}"
    yield f"{spelled}{value} -d {_quoted(option.help)}"
    for name in option.opposites:
        yield f"-l {name[2:]} -d {_quoted('The opposite of ' + option.names[-1] + '.')}"


def _offered(offer: Offer) -> str:
    if offer.words:
        return f"-f -a {_quoted(' '.join(offer.words))}"
    return _OFFERED[offer.takes]


_OFFERED = {
    Takes.FILE: "-F",
    Takes.FOLDER: "-f -a '(__fish_complete_directories)'",
    Takes.JOB: "-f -a '(__aeforge_jobs)'",
    Takes.PROFILE: "-f -a '(__aeforge_profiles)'",
}


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_CONDITIONS = """\
# True at a command: anywhere, or where the argument of a number (or of a range of numbers) is due
function __aeforge_at -a place first last
    set -l here (__aeforge_place)
    test "$here[1]" = "$place"; or return 1
    test -z "$first"; and return 0
    test -n "$last"; or set last $first
    test $here[2] -ge $first -a $here[2] -le $last
end

# The first of: a folder that is named, the one of XDG, and the system's own
function __aeforge_folder -a named xdg usual
    if test -n "$named"
        string replace -r -- '^~' $HOME $named
    else if test -n "$xdg"
        echo $xdg/aeforge
    else if test -d "$HOME/Library/Application Support/aeforge"
        echo "$HOME/Library/Application Support/aeforge"
    else
        echo $HOME/$usual/aeforge
    end
end

function __aeforge_jobs
    echo @last
    set -l file (__aeforge_folder "$AEFORGE_STATE_DIR" "$XDG_STATE_HOME" .local/state)/pending-jobs
    test -r "$file"; and string match -r '.+' <"$file"
end

function __aeforge_profiles
    set -l file (__aeforge_folder "$AEFORGE_CONFIG_DIR" "$XDG_CONFIG_HOME" .config)/config.toml
    test -r "$file"; or return
    string replace -rf '^\\s*\\[\\s*profiles\\s*\\.\\s*"?([A-Za-z0-9_-]+)"?\\s*\\].*$' '$1' <"$file"
end
"""

_HEAD = """\
# fish completion for aeforge, written by: aeforge completion fish
# It starts no process.
"""
