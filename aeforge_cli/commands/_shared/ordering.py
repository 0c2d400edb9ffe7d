"""What every command does that may buy one job or many: find out which was asked for."""

from collections.abc import Sequence
from dataclasses import fields, replace

from aeforge_cli.api.operations import EXAMPLE_PROMPT, Operation
from aeforge_cli.commands._shared.buying import Make, buy, check_stdin, own_pictures, picture, words
from aeforge_cli.commands._shared.options import RunOptions
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions, asked
from aeforge_cli.errors import Usage
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.manifest import Wanted, columns
from aeforge_cli.session import Session


def buy_all(
    session: Session,
    kind: type[Operation],
    make: Make,
    terms: RunOptions,
    listing: BatchOptions,
    pictures: InputOptions | None = None,
    *,
    shared: Sequence[str] = (),
    image: str | None = None,
    prompt: str | None = None,
) -> None:
    """Buys the one job that was named, or each of a list, and prints what it came to.

    `make` builds a job of its own picture, if it has one, followed by those that all jobs have `shared`; and of what
    the user said of it. `image` and `prompt` hold where a list says nothing else. Raises what failed, Partial, or what
    all failures have in common.
    """
    named = [*(pictures.images or ()), pictures.from_] if pictures else []
    check_stdin(prompt, *named, listing.manifest, image, *shared)
    found = asked(kind, listing, pictures)
    text = words(prompt) if prompt is not None else None
    wanted = [replace(each, image=each.image or image, prompt=each.prompt or text) for each in found.wanted]
    _check_words(kind, wanted)
    among = [picture(session, name) for name in shared]

    def made(own: Sequence[Picture], each: Wanted) -> Operation:
        return make([*own, *among], each)

    if found.is_list:
        from aeforge_cli.commands._shared.many import buy_many

        buy_many(session, kind, wanted, made, terms, listing)
    else:
        [one] = wanted
        own = own_pictures(session, one)
        buy(session, made(own, one), own, terms)


def _check_words(kind: type[Operation], wanted: Sequence[Wanted]) -> None:
    if "prompt" not in columns(kind) or all(each.prompt is not None for each in wanted):
        return
    if "keyword" in {field.name for field in fields(kind)}:
        raise Usage("There is no keyword", hint="name the element to separate, for example: -k arm")
    raise Usage("There is no prompt", hint=f"say what you want, for example: -p '{EXAMPLE_PROMPT}'")
