"""What every command that buys a job does once it knows what to buy: plan, dry run, buy, wait, save, print."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from aeforge_cli.api.operations import Operation, Quality
from aeforge_cli.api.web_inputs import from_address, is_address
from aeforge_cli.commands._shared.options import OutputOptions, RunOptions
from aeforge_cli.errors import NotSignedIn, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.destination import Destination, Naming, destination
from aeforge_cli.files.inputs import from_path, from_stream
from aeforge_cli.files.picture import Picture
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from aeforge_cli.jobs.download import Delivery
    from aeforge_cli.jobs.lifecycle import Jobs
    from aeforge_cli.jobs.manifest import Wanted
    from aeforge_cli.jobs.orders import Finished, Order

Make = Callable[[Sequence[Picture], "Wanted"], Operation]


def picture(session: Session, text: str) -> Picture:
    """The picture a user named: a path, an address, or `-` for standard input."""
    if text == "-":
        return from_stream(sys.stdin.buffer, label="-", name="stdin")
    if is_address(text):
        return from_address(text, session.fetcher)
    return from_path(text)


def own_pictures(session: Session, wanted: "Wanted") -> list[Picture]:
    """A job's own pictures: one, or none."""
    return [picture(session, wanted.image)] if wanted.image else []


def check_stdin(text: str | None, *names: str | None) -> None:
    """Raises Usage where standard input would have to be two things: pictures, lists, or the text as `@-`."""
    if [*names, "-" if text == "@-" else None].count("-") > 1:
        raise Usage("Standard input can be read only once", hint="name files for the rest")


def chosen_quality(session: Session, given: str | None = None) -> Quality:
    """The quality that a list gives the job; else that of the option, the environment, the profile or the default."""
    return Quality(given or session.settings["quality"].text)


def words(text: str) -> str:
    """A prompt, or what `@FILE` or `@-` holds."""
    if not text.startswith("@"):
        return text
    if text == "@-":
        return sys.stdin.read().strip()
    try:
        return Path(text[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(
            f"{text[1:]} cannot be read as a prompt", why=type(error).__name__, hint="@FILE names a UTF-8 text file"
        ) from None


def place(session: Session, saving: OutputOptions) -> Destination | None:
    """Where `-o` wants results; None for links, or for standard output. Raises Usage."""
    if saving.output is None:
        if saving.overwrite or saving.skip_existing or saving.open or saving.preview:
            raise Usage("--overwrite, --skip-existing, --open and --preview need an output", hint="add -o FILE")
        return None
    if saving.output == "-":
        if not session.console.takes_pictures:
            raise Usage("A picture is not written to a terminal or among JSON", hint="use -o FILE, or a pipe")
        if saving.open or saving.preview:
            raise Usage("--open and --preview need a file", hint="use -o FILE")
        return None
    return destination(saving.output, overwrite=saving.overwrite)


def delivery(session: Session, saving: OutputOptions, naming: Naming, target: Destination | None) -> "Delivery | None":
    """How results reach the user; None where links are enough."""
    from aeforge_cli.jobs.download import Delivery

    return Delivery(naming, stdout=session.console.deliver) if saving.output == "-" else deliver(naming, target)


def deliver(naming: Naming, target: Destination | None) -> "Delivery | None":
    """To files, if there is a place for them."""
    from aeforge_cli.jobs.download import Delivery

    return Delivery(naming, target) if target else None


def buy(session: Session, operation: Operation, inputs: Sequence[Picture], terms: RunOptions) -> None:
    """Buys one job and prints what it came to."""
    saving, buying = terms.saving, terms.buying
    if not buying.wait and saving.output is not None:
        raise Usage("--no-wait leaves nothing to save", hint="save later: aeforge job wait ID -o FILE")
    name = inputs[0].name if inputs else operation.name
    naming = Naming(name, operation.name, session.clock.now().date(), several=operation.makes_several)
    label = inputs[0].label if inputs else ""
    target = place(session, saving)
    if target and saving.skip_existing and (kept := target.taken(naming)):
        session.console.note(f"{kept} exists; nothing was bought (--skip-existing)")
        from aeforge_cli.jobs.orders import Finished

        skipped = SavedFile(str(kept))
        session.console.finished(Finished(None, "Skipped", operation.name, label, files=(skipped,)))
        return
    path = target.check(naming, dry=buying.dry_run) if target else None
    if buying.dry_run:
        session.console.result_json(request_json(session, operation, path or saving.output))
        return
    from aeforge_cli.jobs.orders import Order

    order = Order(operation, label, delivery(session, saving, naming, target), claiming=buying.claiming)
    done = _bought(session.jobs(interval=terms.waiting.interval, kind=operation.name), order, wait=buying.wait)
    session.console.finished(done)
    preview(session, done, saving, source=inputs[0] if inputs else None)
    show(done.files, saving)


def _bought(jobs: "Jobs", order: "Order", *, wait: bool) -> "Finished":
    if wait:
        return jobs.run(order)
    ticket = jobs.buy(order, jobs.clock.monotonic() + jobs.timeout)
    return jobs.begun(ticket, order)


def request_json(session: Session, operation: Operation, output: Path | str | None) -> dict[str, object]:
    """What would be sent, for `--dry-run`."""
    try:
        _, source = session.settings.key() if not session.is_sandboxed else (None, "the sandbox")
    except NotSignedIn as error:
        session.console.warn(f"{error.message}: the request itself would be refused")
        source = None
    base_url = "the sandbox" if session.is_sandboxed else session.base_url
    form: dict[str, list[object]] = {}
    for part in operation.parts():
        value = _described(part.value) if isinstance(part.value, Picture) else part.value
        form.setdefault(part.name, []).append(value)
    return {
        "method": "POST",
        "url": f"{base_url}/{operation.path}",
        "key_from": source,
        "form": {name: values[0] if len(values) == 1 else values for name, values in form.items()},
        "output": output and str(output),
    }


def _described(picture: Picture) -> dict[str, object]:
    return {
        "input": picture.label,
        "content_type": picture.info.format.content_type,
        "bytes": picture.size,
        "sha256": picture.sha256,
        "width": picture.info.width,
        "height": picture.info.height,
    }


def preview(session: Session, done: "Finished", saving: OutputOptions, *, source: Picture | None = None) -> None:
    """Draws a job's input, if it is still there, and its first result; `source` is the input where that is at hand."""
    if not (saving.preview and done.files) or done.status == "Skipped":
        return
    after = done.files[0].path
    label = "after" if len(done.files) == 1 else f"after, 1 of {len(done.files)}"
    session.console.preview(_before(done, after, source), lambda: from_path(after).open(), label=label)


def _before(done: "Finished", after: str, source: Picture | None) -> "Callable[[], BinaryIO] | None":
    name = done.input or ""
    if os.path.realpath(name) == os.path.realpath(after):
        return None  # the result was saved in its place
    if source is not None:
        return source.open
    return None if not name or name == "-" or is_address(name) else lambda: from_path(name).open()


def show(files: Sequence[SavedFile], saving: OutputOptions) -> None:
    """Opens what was saved in the system's viewer."""
    if saving.open:
        for file in files:
            typer.launch(file.path)
