"""Whatever is given for an option or an argument of any command: it is used, or refused in one sentence, unsent."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.api.transport import Answer, Request, Sink
from aeforge_cli.manual.from_typer import whole_tree
from tests.e2e import in_process
from tests.e2e.in_process import at_home, require_plain
from tests.e2e.test_setting_values import WORST

# What each command needs beside the value that is tried: its arguments, then options.
NEEDED = {
    "inpaint": ["photo.png", "-p", "x"],
    "upscale": ["photo.png", "--scale", "2K"],
    "split-layer": ["photo.png", "-k", "x"],
    "generate": ["-p", "x", "--model", "nano-banana"],
    "effect": ["-p", "x"],
    "sprite make": ["photo.png", "-p", "x"],
    "sprite reskin": ["photo.png", "-p", "x"],
    "sprite overlay": ["photo.png", "photo.png", "--rows", "[]"],
    "job status": ["@last"],
    "job wait": ["@last"],
    "job show": ["@last"],
    "job verify": ["photo.png"],
    "job import": ["photo.png"],
    "auth login": ["--with-token", "--no-verify"],
    "config get": ["quality"],
    "config set": ["quality", "pro"],
    "config unset": ["quality"],
    "sandbox": ["--port", "99999"],
    "help": ["inpaint"],
    "api": ["GET", "/job/1"],
    "completion": ["bash"],
}


@dataclass(frozen=True)
class Place:
    """Where a value is given: the option of a command, or the argument of this number."""

    command: tuple[str, ...]
    option: str = ""
    argument: int = 0


PLACES = [
    Place(command.path[1:], option, argument)
    for command in whole_tree().walk()
    if not command.commands
    for option, argument in (
        *((each.names[-1], 0) for each in command.options if each.metavar),
        *(("", number) for number in range(len(command.arguments))),
    )
]
ALONE = {("sandbox", "--port"): ["--engine", "nosuch"]}  # a server must not start


def typed(place: Place, text: str) -> list[str]:
    needed = ALONE.get((place.command[0], place.option)) or NEEDED.get(" ".join(place.command), [])
    if place.option:
        return [*place.command, *needed, f"{place.option}={text}"]
    count = next((number for number, word in enumerate(needed) if word.startswith("-")), len(needed))
    words, options = needed[:count], needed[count:]
    words[place.argument : place.argument + 1] = [text]
    return [*place.command, *options, "--", *words]


class Unwilling:
    """A service that accepts no key; `asked` is what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, request: Request) -> Answer:
        self.asked.append(request.url)
        return Answer(401, {"content-type": "application/json"}, b'{"detail": "Invalid API key"}')

    def fetch(self, url: str, sink: Sink) -> Answer:
        self.asked.append(url)
        return Answer(404)

    def fetch_input(self, url: str, sink: Sink, *, origin: str | None = None) -> Answer:
        return self.fetch(url, sink)

    def close(self) -> None:
        """Nothing is open."""


def forbidden(text: str) -> bool:
    """What no system hands to a program, and what would write outside of the home."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return True
    return "\0" in text or (text.startswith("/") and text != "/dev/full")


TEXTS = st.sampled_from(WORST) | st.text(max_size=20)


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    with in_process.own_process():
        yield


@given(st.sampled_from(PLACES), TEXTS)
@hypothesis.settings(max_examples=100)
def test_any_value_of_any_option_or_argument_is_used_or_refused(place: Place, text: str) -> None:
    hypothesis.assume(not forbidden(text))
    service = Unwilling()
    with at_home() as home:
        key = "sk-1234567890"
        env = {**home.env, "AEFORGE_API_KEY": key}
        shown = in_process.run(typed(place, text), env, stdin=key.encode(), transport=service)

    require_plain(shown)
    assert shown.exit != 2 or service.asked == []
