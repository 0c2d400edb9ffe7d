"""What is refused before anything is sent: options that contradict one another, inputs, places for results."""

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from aeforge_cli.api.web_inputs import check_address, is_address
from aeforge_cli.commands._shared.options import OutputOptions, RunOptions
from aeforge_cli.commands._shared.purchases import need_of
from aeforge_cli.commands._shared.sources import BatchOptions
from aeforge_cli.errors import AeforgeError, CannotSave, FileMissing, OutputExists, Usage
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import Destination, Naming
from aeforge_cli.files.inputs import peek
from aeforge_cli.jobs.manifest import Line
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import Action
from aeforge_cli.journal.interface import NoJournal
from aeforge_cli.session import Session


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


def check_inputs(session: Session, lines: Sequence[Line]) -> None:
    """Raises what is wrong with the first input that cannot be used; names the others."""
    errors: list[AeforgeError] = []
    for line in lines:
        try:
            if line.file:
                peek(line.file)
            elif line.image and is_address(line.image):
                check_address(line.image)
        except AeforgeError as error:
            errors.append(in_line(error, line) if line.where or not line.file else error)
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
    OutputCollisions(order.places() for order in orders).check()
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
    names = [path for order in orders for path in order.places()]
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


def prepare_outputs(orders: Iterable[Order]) -> None:
    """Makes the folders, and tries each once whether it can be written. Raises CannotSave."""
    places: dict[Path, tuple[Destination, Naming]] = {}
    for order in orders:
        if order.delivery and (target := order.delivery.destination):
            places.setdefault(target.folder(order.delivery.naming), (target, order.delivery.naming))
    for target, naming in places.values():
        target.prepare(naming)


def in_line(error: AeforgeError, line: Line) -> AeforgeError:
    """The same error, said of its line of the list."""
    place = line.where or (line.image if line.index else "")
    if not place:
        return error
    return type(error)(f"{place}: {error.message}", why=error.why, hint=error.hint)
