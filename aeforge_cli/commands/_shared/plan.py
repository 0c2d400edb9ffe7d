"""The plan: every input found and judged, every output named, what each job needs, before anything is sent."""

import contextlib
import io
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

from aeforge_cli.api.operations import Operation
from aeforge_cli.api.web_inputs import check_address, is_address, label_of
from aeforge_cli.commands._shared.options import OutputOptions, RunOptions, SubmissionOptions
from aeforge_cli.commands._shared.recipes import Image, Recipe, Values
from aeforge_cli.commands._shared.sources import ASK_ABOVE, BatchOptions, picture, words
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import (
    AeforgeError,
    CannotSave,
    FileMissing,
    JournalUnreachable,
    LimitReached,
    OutputExists,
    Usage,
    command,
    invocation,
)
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import Destination, Naming, destination, file_name
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.inputs import peek
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.manifest import Line, shard
from aeforge_cli.jobs.needs import Need, need
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import Action
from aeforge_cli.journal.interface import Known, NoJournal, Reuse
from aeforge_cli.phrases import count
from aeforge_cli.session import Session

_FETCHERS = 8  # addresses of pictures asked at once, as results are downloaded


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
    _check_inputs(session, [line for line in lines if line.index in {order.index for order in orders}])
    check_outputs(session, orders, ask.run.output, reuses=ask.batch.resume or ask.batch.update)
    check_own_files(orders, ask.batch)
    if ask.run.submission.dry_run or reuse(ask.run.submission, ask.batch) is Reuse.FINISHED:
        pictures.foresee(name for line in lines for name in _names_of_pictures(ask, line))
    once = Once()
    if ask.batch.max_jobs is not None or (len(orders) > ASK_ABOVE and not ask.batch.yes):
        _read_pictures(ask, lines, orders)
    plan = [Planned(order, once.need(order, _need(session, order, ask))) for order in orders]
    if pictures.foreseen and not ask.run.submission.dry_run:
        pictures.foreseen.clear()
        for order in orders:
            order.reconsider()
    if not ask.run.submission.dry_run:
        prepare_outputs(each.order for each in plan if each.need.action is not Action.KEEP)
    return plan


# ------------------------------------------------------------------ options that do not go together


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


def check_batch(session: Session, run: RunOptions, batch: BatchOptions) -> None:
    """Raises Usage or CannotSave now rather than after the plan was read."""
    if batch.report:
        from aeforge_cli.output.html_report import check_report

        check_report(batch.report)
    if batch.record:
        from aeforge_cli.jobs.record import recorded_jobs, require_writable

        require_writable(batch.record)
        # Without a journal a run could not learn from the record that nothing is to be bought.
        if run.submission.dry_run or not isinstance(session.journal, NoJournal):
            account = session.account_if_known(runs=not run.submission.dry_run)
            session.recorded = [row._replace(account=account or "") for row in recorded_jobs(batch.record)]
    _ = session.timeout, session.in_flight, run.waiting.interval


def check_places(session: Session, output: OutputOptions, *, several: bool, has_outputs: bool = False) -> None:
    """Raises Usage where the options for results contradict one another."""
    if output.output is None and not has_outputs:
        if output.overwrite or output.skip_existing or output.open or output.preview:
            where = "FOLDER/" if several else "FILE"
            raise Usage("--overwrite, --skip-existing, --open and --preview need an output", hint=f"add -o {where}")
        return
    if output.output == "-":
        if several:
            raise Usage("Standard output takes one picture", hint="save several with -o FOLDER/")
        if not session.console.takes_pictures:
            raise Usage("A picture is not written to a terminal or among JSON", hint="use -o FILE, or a pipe")
        if output.open or output.preview:
            raise Usage("--open and --preview need a file", hint="use -o FILE")
    if several and output.open:
        raise Usage("--open shows the result of one job", hint="leave it out, and open the folder afterwards")


# ------------------------------------------------------------------ orders


def _orders(session: Session, ask: Ask, lines: Sequence[Line], pictures: "Pictures") -> list[Order]:
    return [_order(session, ask, line, pictures, is_alone=len(ask.lines) == 1) for line in lines]


def _order(session: Session, ask: Ask, line: Line, pictures: "Pictures", *, is_alone: bool) -> Order:
    recipe = ask.recipe
    try:
        options = _options_of(line, recipe, ask.options)
        values = values_of(session, recipe, line.image, options, unread)
        operation = recipe.make(values)  # what is wrong with the words and numbers shows before pictures are read
    except Usage as error:
        raise _at(error, line) from None
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


def values_of(
    session: Session, recipe: Recipe, image: str | None, options: Mapping[str, Any], read: Callable[[str], Picture]
) -> Values:
    own = image or options.get("image")  # of its own, or one that all jobs of a list share
    named: dict[str, list[str]] = {"image": [own] if own else []}
    for name in recipe.pictures:
        given = options.get(name)
        named[name] = [given] if isinstance(given, str) else list(given or ())
    pictures = {name: tuple(map(read, texts)) for name, texts in named.items()}
    if recipe.image is Image.REQUIRED and not pictures["image"]:
        raise Usage("There is no picture", hint="name one, or a folder of them")
    return Values(options, pictures, lambda name: session.settings[name].text)


def unread(text: str) -> Picture:
    """A stand-in for a picture whose turn to be read has not come."""
    return Picture(label_of(text), "", ImageInfo(Format.PNG), size=0, sha256="", open=io.BytesIO)


class Pictures:
    """Reads the pictures of a plan; standard input cannot be read twice.

    What is `foreseen` of addresses holds until the plan is made: what their pictures are, without their content.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stdin: Picture | None = None
        self.foreseen: dict[str, Picture | AeforgeError] = {}

    def read(self, text: str) -> Picture:
        found = self.foreseen.get(text)
        if isinstance(found, AeforgeError):
            raise found
        if found or text != "-":
            return found or picture(self._session, text)
        self._stdin = self._stdin or picture(self._session, text)
        return self._stdin

    def foresee(self, names: Iterable[str]) -> None:
        """Fetches each address once; what a plan needs to know of 300 must not fill the disk."""
        addresses = list(dict.fromkeys(filter(is_address, names)))
        with ThreadPoolExecutor(_FETCHERS) as pool:
            self.foreseen.update(zip(addresses, pool.map(self._foreseen, addresses), strict=True))

    def _foreseen(self, address: str) -> Picture | AeforgeError:
        try:
            return replace(picture(self._session, address), open=io.BytesIO)
        except AeforgeError as error:
            return error


def _names_of_pictures(ask: Ask, line: Line) -> Iterator[str]:
    """Every picture of a line, its own and those of its options."""
    options = {**ask.options, **line.values}
    for given in (line.image, *(options.get(name) for name in ("image", *ask.recipe.pictures))):
        yield from [given] if isinstance(given, str) else given or ()


def _at(error: AeforgeError, line: Line) -> AeforgeError:
    """The same error, said of its line of the list."""
    place = line.where or (line.image if line.index else "")
    if not place:
        return error
    return type(error)(f"{place}: {error.message}", why=error.why, hint=error.hint)


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


# ------------------------------------------------------------------ checks


def _without_results(orders: Sequence[Order], lines: Sequence[Line]) -> list[Order]:
    """What an earlier run saved into a folder of inputs is no input."""
    results = OutputCollisions(_names(order) for order in orders)
    files = {line.index: line.file for line in lines}
    return [order for order in orders if not ((file := files[order.index]) and file in results)]


def _names(order: Order) -> list[Path]:
    return order.delivery.names() if order.delivery else []


def _check_inputs(session: Session, lines: Sequence[Line]) -> None:
    """Raises what is wrong with the first input that cannot be used; names the others."""
    errors: list[AeforgeError] = []
    for line in lines:
        try:
            if line.file:
                peek(line.file)
            elif line.image and is_address(line.image):
                check_address(line.image)
        except AeforgeError as error:
            errors.append(_at(error, line) if line.where or not line.file else error)
    if not errors:
        return
    for other in errors[1:6]:
        session.console.warn(other.message)
    first = errors[0]
    if isinstance(first, FileMissing):
        first.hint = _quoting(session.arguments, [line.image for line in lines if line.image]) or first.hint
    if len(errors) == 1:
        raise first
    why = f"{first.why}; {len(errors)} inputs cannot be used, and nothing was sent".lstrip("; ")
    raise type(first)(first.message, why=why, hint=first.hint)


def _quoting(words: Sequence[str], pictures: Collection[str]) -> str:
    """What to quote, where a shell has split a name or a prompt at its spaces; empty if nothing looks like that."""
    import itertools
    import shlex

    missing = [at for at, word in enumerate(words) if word in pictures and not os.path.lexists(word)]
    for at in missing:
        first = last = at
        while first and not words[first - 1].startswith("-"):
            first -= 1
        while last + 1 < len(words) and not words[last + 1].startswith("-"):
            last += 1
        for start, end in itertools.combinations(range(first, last + 2), 2):
            name = " ".join(words[start:end])
            if start <= at < end and " " in name and os.path.lexists(name):
                return f"quote the name: {shlex.quote(name)}"
        if first < at and words[first - 1] in ("-p", "--prompt"):
            prompt = " ".join(word for word in words[first : last + 1] if not os.path.lexists(word))
            return f"if it belongs to the prompt, quote that: -p {shlex.quote(prompt)}"
    return ""


def check_outputs(session: Session, orders: Sequence[Order], output: OutputOptions, *, reuses: bool) -> None:
    """Raises OutputExists where two jobs could write one file, or one would write over a file unasked."""
    for order in orders:
        if order.delivery and order.delivery.destination:
            check_place(order.delivery.destination, order.delivery.naming)
    OutputCollisions(map(_names, orders)).check()
    if output.skip_existing or output.overwrite or reuses:
        return
    taken = [path for order in orders if (path := _taken(session, order))]
    if taken:
        others = f"; {len(taken)} outputs exist, and nothing was sent" if len(taken) > 1 else ""
        raise OutputExists(
            f"{taken[0]} exists{others}",
            hint="choose another output, or add --overwrite or --skip-existing"
            + (", or --resume to finish what is missing" if len(orders) > 1 else ""),
        )


def check_own_files(orders: Sequence[Order], batch: BatchOptions) -> None:
    """Raises Usage or OutputExists where the record or the report would take the place of a result or of its folder."""
    own = [(name, path) for name, path in (("--record", batch.record), ("--report", batch.report)) if path]
    if not own:
        return
    if len({os.path.realpath(path) for _, path in own}) < len(own):
        raise Usage("--record and --report name the same file", hint="choose another file for one of them")
    names = [path for order in orders for path in _names(order)]
    results = OutputCollisions([names])
    folders = {os.path.realpath(above) for folder in {path.parent for path in names} for above in _and_above(folder)}
    for name, path in own:
        if str(path) in results or os.path.realpath(path) in folders:
            raise OutputExists(
                f"{name} {path} would be saved in the place of a result", hint=f"choose another file for {name}"
            )


def _and_above(folder: Path) -> tuple[Path, ...]:
    return folder, *folder.parents


def check_place(target: Destination, naming: Naming) -> None:
    """Refuses what could not be saved, as far as that shows without making anything; what exists is judged apart."""
    path = target.path(naming)
    try:
        path.absolute()
    except OSError:
        raise CannotSave(
            f"{path} cannot be saved",
            why="the current folder does not exist any more",
            hint="change to a folder that exists",
        ) from None
    replace(target, replace=True).check(naming, dry=True)


def _taken(session: Session, order: Order) -> Path | None:
    """The file that exists where a result is to go.

    Of several results some may be there because a run was cut short: the same command resumes its job.
    """
    if order.delivery is None or order.delivery.destination is None:
        return None
    target, naming = order.delivery.destination, order.delivery.naming
    found = target.taken(naming)
    if found and target.taken(replace(naming, several=False)) is None:
        return None if need_of(session, order).action is Action.RESUME else found
    return found


def prepare_outputs(orders: "Any") -> None:
    """Makes the folders, and tries each once whether it can be written. Raises CannotSave."""
    places: dict[Path, tuple[Destination, Naming]] = {}
    for order in orders:
        if order.delivery and (target := order.delivery.destination):
            places.setdefault(target.folder(order.delivery.naming), (target, order.delivery.naming))
    for target, naming in places.values():
        target.prepare(naming)


# ------------------------------------------------------------------ what each job needs


def _need(session: Session, order: Order, ask: Ask) -> Need:
    if ask.run.output.skip_existing and (there := order.delivery and order.delivery.taken()):
        from aeforge_cli.files.atomic import SavedFile

        return Need(Action.KEEP, files=(SavedFile(str(there)),))
    return need_of(session, order, certain=ask.run.submission.dry_run)


def need_of(session: Session, order: Order, *, certain: bool = False) -> Need:
    """What the job needs by the journal and the disk.

    Where nothing could be used again all is to be bought, unless that must be `certain`: reading all pictures takes its
    time. What is wrong with a picture refuses its job.
    """
    if order.reuse is Reuse.NOTHING:
        return Need(Action.BUY)
    if order.reuse is Reuse.UNFINISHED and not certain and not session.has_unfinished:
        return Need(Action.BUY)
    try:
        _ = order.work
    except AeforgeError as error:
        return Need(Action.REFUSE, error=error)
    try:
        known: Known = session.journal if session.has_journal else NoJournal()
        if session.recorded:
            from aeforge_cli.jobs.record import WithRecord

            known = WithRecord(known, session.recorded)
        return need(order, known, session.service, session.account_if_known(runs=not certain))
    except JournalUnreachable:
        raise  # each job of the list would wait for the server in its turn
    except AeforgeError:
        return Need(Action.BUY)  # its turn will say what is wrong with it


def _read_pictures(ask: Ask, lines: Sequence[Line], orders: Sequence[Order]) -> None:
    """So that jobs of the same work are counted once; pictures of the web are left where they are."""
    names = {line.index: list(_names_of_pictures(ask, line)) for line in lines}
    for order in orders:
        if not any(map(is_address, names[order.index])):
            with contextlib.suppress(AeforgeError):
                _ = order.work


class Once:
    """Of jobs of the same work, which one is to be bought: the others fetch its results."""

    def __init__(self) -> None:
        self._bought: set[object] = set()

    def need(self, order: Order, found: Need) -> Need:
        """What the job needs, given those that were asked about before it.

        Where its pictures have not been read by now, they are not read for this alone.
        """
        if found.action is not Action.BUY or order.reuse is Reuse.NOTHING or order.known_work is None:
            return found
        # What a picture will be that is still to be made shows in its name alone.
        to_come = [
            part.value.label
            for part in order.operation.parts()
            if isinstance(part.value, Picture) and not part.value.sha256
        ]
        work = (order.known_work, *to_come)
        if work in self._bought:
            return Need(Action.FETCH)
        self._bought.add(work)
        return found


# ------------------------------------------------------------------ the spending guard


def guard(session: Session, asked: Sequence[Operation], batch: BatchOptions) -> int | None:
    """Raises LimitReached, or Usage where no terminal can be asked. Returns how many may be submitted; None: all.

    What the account has submitted in the last hour counts as well: a loop of single commands is a batch, too. Where
    nothing is to be submitted, it may still have to be, because an earlier result turns out to be gone.
    """
    number = len(asked)
    require_within(batch, number)
    if batch.yes or session.is_sandboxed:
        return batch.max_jobs
    recent = _bought_lately(session)
    if not _is_many(number, recent):
        return min(max(0, ASK_ABOVE - recent), batch.max_jobs or ASK_ABOVE)
    wanted = count(number, "job")
    cost = f"{session.spending.cost(asked)}{session.budget_left(asked)}"
    if not session.console.can_ask:
        raise Usage(f"{_would_be(number, recent)}{cost}; there is no terminal to confirm on", hint="pass --yes")
    if not typer.confirm(f"Submit {wanted}{_after(recent)}{cost}?", err=True):
        raise LimitReached("Nothing was submitted", hint="list fewer pictures, or answer yes")
    return batch.max_jobs or number


def require_within(batch: BatchOptions, number: int) -> None:
    """Raises LimitReached for more purchases than --max-jobs allows."""
    if batch.max_jobs is not None and number > batch.max_jobs:
        raise LimitReached(
            f"{count(number, 'job')} would be submitted, more than --max-jobs {batch.max_jobs}; nothing was sent",
            hint="raise the limit, or list fewer pictures",
        )


def to_confirm(session: Session, number: int, batch: BatchOptions) -> str:
    """What the run would ask about so many purchases; empty where it would not. No program is run for the key."""
    if batch.yes or session.is_sandboxed:
        return ""
    recent = _bought_lately(session, runs=False) if session.has_journal else 0
    return _would_be(number, recent) if _is_many(number, recent) else ""


def _is_many(number: int, recent: int) -> bool:
    return number > 0 and number + recent > ASK_ABOVE


def _would_be(number: int, recent: int) -> str:
    return f"{count(number, 'job')} would be submitted{_after(recent)}"


def _after(recent: int) -> str:
    return f", after {recent} in the last hour" if recent else ""


def _bought_lately(session: Session, *, runs: bool = True) -> int:
    account = session.account_if_known(runs=runs)
    if account is None:
        return 0
    since = (session.clock.now() - timedelta(hours=1)).isoformat(timespec="milliseconds")
    return session.journal.spent(session.service, account, since)
