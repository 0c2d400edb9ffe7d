"""The plan: every input found and judged, every output named, what each job needs, before anything is sent."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aeforge_cli.api.web_inputs import is_address, label_of
from aeforge_cli.commands._shared.checks import (
    check_batch,
    check_inputs,
    check_outputs,
    check_own_files,
    check_places,
    in_line,
    prepare_outputs,
)
from aeforge_cli.commands._shared.options import OutputOptions, RunOptions, SubmissionOptions
from aeforge_cli.commands._shared.pictures import Pictures, unread, values_of
from aeforge_cli.commands._shared.purchases import Once, ReadAhead, need_of
from aeforge_cli.commands._shared.recipes import Recipe
from aeforge_cli.commands._shared.sources import ASK_ABOVE, BatchOptions, words
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import AeforgeError, Usage, command, invocation
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import Naming, destination, file_name
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.manifest import Line, shard
from aeforge_cli.jobs.needs import Need
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import Action
from aeforge_cli.journal.interface import Reuse
from aeforge_cli.session import Session


@dataclass(frozen=True, eq=False)
class Planned:
    """A job of the plan, and what it needs as far as that is known before it begins."""

    order: Order
    need: Need

    @property
    def path(self) -> Path | None:
        """Where its result goes, if that is known before the job is."""
        delivery = self.order.delivery
        return delivery.path(delivery.naming) if delivery and delivery.is_predictable else None


@dataclass(frozen=True, eq=False)
class Ask:
    """What is asked for in all: the recipe, the options that hold for every job, and how to run."""

    recipe: Recipe
    lines: Sequence[Line]
    options: Mapping[str, Any]
    run: RunOptions
    batch: BatchOptions


def planned(session: Session, ask: Ask) -> list[Planned]:
    """The jobs in order, checked. Raises Usage, FileMissing, NotAnImage, OutputExists, CannotSave."""
    _check_options(session, ask)
    lines = shard(ask.lines, ask.batch.shard) if ask.batch.shard else ask.lines
    pictures = Pictures(session)
    orders = _orders(session, ask, lines, pictures)
    if ask.batch.resume or ask.batch.update or ask.run.output.skip_existing:
        orders = _without_results(orders, lines)
    check_inputs(session, [line for line in lines if line.index in {order.index for order in orders}])
    check_outputs(session, orders, ask.run.output, reuses=ask.batch.resume or ask.batch.update)
    check_own_files(orders, ask.batch)
    if ask.run.submission.dry_run or reuse(ask.run.submission, ask.batch) is Reuse.FINISHED:
        pictures.foresee(name for line in lines for name in _names_of_pictures(ask, line))
    once = Once()
    if ask.batch.max_jobs is not None or (len(orders) > ASK_ABOVE and not ask.batch.yes):
        _read_pictures(ask, lines, orders)
    ahead = ReadAhead(session, orders) if _is_asked_of_all(session, ask) else None
    plan = [Planned(order, once.need(order, _need(session, order, ask, ahead))) for order in orders]
    if pictures.foreseen and not ask.run.submission.dry_run:
        pictures.foreseen.clear()
        for order in orders:
            order.reconsider()
    if not ask.run.submission.dry_run:
        prepare_outputs(each.order for each in plan if each.need.action is not Action.KEEP)
    return plan


def _check_options(session: Session, ask: Ask) -> None:
    """The same for one job and for many. Raises Usage, or CannotSave for the report."""
    output, submission, batch = ask.run.output, ask.run.submission, ask.batch
    several = invocation.is_list = len(ask.lines) > 1
    if several and any(line.image == "-" for line in ask.lines):
        raise Usage("Standard input is one picture", hint="name it alone, or read paths with --from -")
    check_places(session, output, several=several, has_outputs=any(line.output for line in ask.lines))
    if not submission.wait and (output.output or batch.resume or batch.update):
        raise Usage("--no-wait leaves nothing to save", hint=f"save later: {command('job wait ID -o FILE')}")
    excluding = {
        "--resume": batch.resume,
        "--update": batch.update,
        "--new": submission.new,
        "--skip-existing": output.skip_existing,
    }
    given = [name for name, is_given in excluding.items() if is_given]
    if len(given) > 1:
        raise Usage(f"{given[0]} and {given[1]} cannot be combined", hint=f"leave {given[1]} out")
    check_batch(session, ask.run, batch)


def _orders(session: Session, ask: Ask, lines: Sequence[Line], pictures: Pictures) -> list[Order]:
    return [_order(session, ask, line, pictures, is_alone=len(ask.lines) == 1) for line in lines]


def _order(session: Session, ask: Ask, line: Line, pictures: Pictures, *, is_alone: bool) -> Order:
    recipe = ask.recipe
    try:
        options = _options_of(line, recipe, ask.options)
        values = values_of(session, recipe, line.image, options, unread)
        operation = recipe.make(values)  # what is wrong with the words and numbers shows before pictures are read
    except Usage as error:
        raise in_line(error, line) from None
    name = _name(recipe, line, is_alone=is_alone)
    naming = Naming(name, operation.name, session.clock.now().date(), several=operation.makes_several)
    return Order(
        make=lambda: recipe.make(values_of(session, recipe, line.image, options, pictures.read)),
        kind=type(operation),
        input=label_of(line.image or ""),
        words=operation.words,
        asked=operation,
        delivery=_delivery(session, naming, line.output, ask.run.output),
        reuse=reuse(ask.run.submission, ask.batch),
        update=ask.batch.update,
        index=line.index,
    )


def reuse(submission: SubmissionOptions, batch: BatchOptions) -> Reuse:
    if submission.new:
        return Reuse.NOTHING
    return Reuse.FINISHED if batch.resume or batch.update or batch.share else Reuse.UNFINISHED


def _options_of(line: Line, recipe: Recipe, common: Mapping[str, Any]) -> dict[str, Any]:
    options = {**common, **recipe.read(line.values)}
    if isinstance(text := line.values.get("prompt"), str):
        options["prompt"] = words(text)
    recipe.require_words(options)
    return options


def _names_of_pictures(ask: Ask, line: Line) -> Iterator[str]:
    """Every picture of a line, its own and those of its options."""
    options = {**ask.options, **line.values}
    for given in (line.image, *(options.get(name) for name in ("image", *ask.recipe.pictures))):
        yield from [given] if isinstance(given, str) else given or ()


def _name(recipe: Recipe, line: Line, *, is_alone: bool) -> str:
    """What results are named after: the picture; without one the operation, numbered in a list."""
    if line.image:
        return "stdin" if line.image == "-" else file_name(line.image)
    return recipe.name if is_alone else f"{recipe.name}-{line.index + 1}"


def _delivery(session: Session, naming: Naming, own: str | None, output: OutputOptions) -> Delivery | None:
    if own is not None:
        return Delivery(naming, destination(_inside(own, output.output), overwrite=output.overwrite))
    return delivery(session, naming, output)


def delivery(session: Session, naming: Naming, output: OutputOptions) -> Delivery | None:
    """How results reach the user; None where links are enough."""
    if output.output == "-":
        return Delivery(naming, stdout=session.console.deliver)
    if output.output is None:
        return None
    return Delivery(naming, destination(output.output, overwrite=output.overwrite))


def _inside(own: str, folder: str | None) -> str:
    """A relative output of a line stands inside the folder of `-o DIR/`."""
    if folder is None or folder == "-":
        return own
    place = Path(folder)
    if not (folder.endswith("/") or place.is_dir()):
        return own
    return str(place / own) + ("/" if own.endswith("/") else "")


def _without_results(orders: Sequence[Order], lines: Sequence[Line]) -> list[Order]:
    """What an earlier run saved into a folder of inputs is no input."""
    results = OutputCollisions(order.places() for order in orders)
    files = {line.index: line.file for line in lines}
    return [order for order in orders if not ((file := files[order.index]) and file in results)]


def _is_asked_of_all(session: Session, ask: Ask) -> bool:
    """Whether each order's earlier jobs are looked for, so that its pictures are read."""
    return reuse(ask.run.submission, ask.batch) is Reuse.FINISHED and session.has_journal


def _need(session: Session, order: Order, ask: Ask, ahead: ReadAhead | None) -> Need:
    if ask.run.output.skip_existing and (there := order.delivery and order.delivery.taken()):
        from aeforge_cli.files.atomic import SavedFile

        return Need(Action.KEEP, files=(SavedFile(str(there)),))
    return need_of(session, order, certain=ask.run.submission.dry_run, ahead=ahead)


def _read_pictures(ask: Ask, lines: Sequence[Line], orders: Sequence[Order]) -> None:
    """So that jobs of the same work are counted once; pictures of the web are left where they are."""
    names = {line.index: list(_names_of_pictures(ask, line)) for line in lines}
    for order in orders:
        if not any(map(is_address, names[order.index])):
            with contextlib.suppress(AeforgeError):
                _ = order.work
