"""What every command does that buys many jobs: plan, guard the spending, run, print, sum up."""

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aeforge_cli.api.operations import Operation
from aeforge_cli.commands._shared.buying import Make, deliver, own_pictures, preview, request_json, show
from aeforge_cli.commands._shared.options import OutputOptions, RunOptions, SubmissionOptions
from aeforge_cli.commands._shared.sources import ASK_ABOVE, BatchOptions
from aeforge_cli.commands._shared.summary import Outcomes
from aeforge_cli.errors import AeforgeError, CannotSave, Interrupted, LimitReached, OutputExists, Usage
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import Destination, Naming, destination, file_name
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.inputs import digest
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.manifest import Wanted, check_inputs, check_twins, shard
from aeforge_cli.jobs.orders import Finished, Order
from aeforge_cli.journal.interface import Claiming
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from aeforge_cli.jobs.batch import Item, Outcome
    from aeforge_cli.jobs.events import Tally


def buy_many(
    session: Session,
    kind: type[Operation],
    wanted: Sequence[Wanted],
    make: Make,
    terms: RunOptions,
    listing: BatchOptions,
) -> None:
    """Buys the jobs, and prints each result when it is ready. Raises Partial, or what all failures have in common."""
    saving, buying = terms.saving, terms.buying
    lines = _planned(session, kind, wanted, make, terms, listing)
    skipped = [line for line in lines if line.there and saving.skip_existing]
    orders = [line for line in lines if not (line.there and saving.skip_existing)]
    if buying.dry_run:
        for line in orders:
            operation = make(own_pictures(session, line.wanted), line.wanted)
            session.console.result_json(request_json(session, operation, line.path))
        return
    _guard(session, len([line for line in orders if not (listing.resume and line.there)]), listing)
    run = _Run(session, lines, make, saving, buying, listing)
    run.skip(skipped)
    run.buy(orders, interval=terms.waiting.interval, kind=kind.name)


@dataclass(frozen=True)
class _Line:
    """One job of the plan, and where its results go; `asked` is what is asked of its picture, whatever that is."""

    wanted: Wanted
    asked: Operation
    naming: Naming
    destination: Destination | None

    @property
    def path(self) -> Path | None:
        """Where its result goes, if that is known before the job is."""
        return self.destination.path(self.naming) if self.destination and self.destination.is_predictable else None

    @property
    def names(self) -> list[Path]:
        return self.destination.names(self.naming) if self.destination else []

    @cached_property
    def there(self) -> Path | None:
        """What exists in the place of its result, or of the first of several."""
        return self.destination.taken(self.naming) if self.destination else None


# ------------------------------------------------------------------ planning


def _planned(
    session: Session,
    kind: type[Operation],
    wanted: Sequence[Wanted],
    make: Make,
    terms: RunOptions,
    listing: BatchOptions,
) -> list[_Line]:
    saving, buying = terms.saving, terms.buying
    _check_options(wanted, saving, buying, listing)
    is_alone = len(wanted) == 1  # in the whole list, whatever the share
    if listing.shard:
        wanted = shard(wanted, listing.shard)
    check_inputs(wanted, session.console.warn)
    day = session.clock.now().date()
    lines = [_line(each, _judged(make, each), _name(each, kind, is_alone), day, saving) for each in wanted]
    if saving.preview and not any(line.destination for line in lines):
        raise Usage("--preview needs an output", hint="add -o FOLDER/")
    if listing.resume or saving.skip_existing:
        # What an earlier run saved into a folder of inputs is no input.
        results = OutputCollisions(line.names for line in lines)
        lines = [line for line in lines if not (line.wanted.file and line.wanted.file in results)]
    OutputCollisions(line.names for line in lines).check()
    if not (saving.skip_existing or saving.overwrite or listing.resume):
        _refuse_existing(lines)
    if not buying.dry_run:
        for line in {line.destination.folder(line.naming): line for line in lines if line.destination}.values():
            if line.destination:
                line.destination.prepare(line.naming)
    if not buying.new:
        check_twins([(line.wanted, line.asked.fingerprint()) for line in lines], _digest)
    return lines


def _check_options(
    wanted: Sequence[Wanted], saving: OutputOptions, buying: SubmissionOptions, listing: BatchOptions
) -> None:
    """Refuses what makes no sense for many jobs. Raises Usage, or CannotSave for the report."""
    if len(wanted) > 1 and any(each.image == "-" for each in wanted):
        raise Usage("Standard input is one picture", hint="name it alone, or read paths with --from -")
    if saving.output == "-":
        raise Usage("Standard output takes one picture", hint="save several with -o FOLDER/")
    if len(wanted) > 1 and saving.open:
        raise Usage("--open shows the result of one job", hint="leave it out, and open the folder afterwards")
    if not buying.wait and (saving.output or listing.resume):
        raise Usage("--no-wait leaves nothing to save", hint="save later: aeforge job wait ID -o FOLDER/")
    if listing.report:
        from aeforge_cli.output.html_report import check_report

        check_report(listing.report)


def _judged(make: Make, wanted: Wanted) -> Operation:
    """What is asked for, with a stand-in for the picture until its turn comes to be read. Raises Usage."""
    unread = Picture(wanted.called, "", ImageInfo(Format.PNG), size=0, sha256="", open=io.BytesIO)
    try:
        return make([unread] if wanted.image else [], wanted)
    except Usage as error:
        error.message = f"{wanted.called}: {error.message}"
        raise


def _name(wanted: Wanted, kind: type[Operation], is_alone: bool) -> str:
    """What results are named after: the picture; without one the operation, numbered in a list."""
    if wanted.image:
        return "stdin" if wanted.image == "-" else file_name(wanted.image)
    return kind.name if is_alone else f"{kind.name}-{wanted.index + 1}"


def _line(wanted: Wanted, operation: Operation, name: str, day: date, saving: OutputOptions) -> _Line:
    naming = Naming(name, operation.name, day, several=operation.makes_several)
    text = wanted.output or saving.output
    return _Line(wanted, operation, naming, destination(text, overwrite=saving.overwrite) if text else None)


def _refuse_existing(lines: Sequence[_Line]) -> None:
    there = [line for line in lines if line.there]
    if there:
        raise OutputExists(
            f"{there[0].there} exists",
            why=f"{len(there)} of {len(lines)} outputs exist; nothing was sent",
            hint="choose another folder, or add --resume, --overwrite or --skip-existing",
        )


def _digest(path: str) -> str:
    with Path(path).open("rb") as stream:
        return digest(stream)


def _guard(session: Session, count: int, listing: BatchOptions) -> None:
    """The spending guard. Raises LimitReached, or Usage where nobody can be asked."""
    if listing.max_jobs is not None and count > listing.max_jobs:
        raise LimitReached(
            f"{count} jobs would be bought, more than --max-jobs {listing.max_jobs}; nothing was sent",
            hint="raise the limit, or list fewer pictures",
        )
    if count <= ASK_ABOVE or listing.yes or session.is_sandboxed:
        return
    if not session.console.can_ask:
        raise Usage(f"{count} jobs would be bought, and nobody can be asked", hint="add --yes to buy them")
    if not typer.confirm(f"Buy {count} jobs?", err=True):
        raise LimitReached("Nothing was bought", hint="list fewer pictures, or answer yes")


# ------------------------------------------------------------------ running


class _Run:
    """The plan under way: prints outcomes, counts them, and sums up."""

    def __init__(
        self,
        session: Session,
        lines: Sequence[_Line],
        make: Make,
        saving: OutputOptions,
        buying: SubmissionOptions,
        listing: BatchOptions,
    ) -> None:
        self._session = session
        self._make = make
        self._saving = saving
        self._buying = buying
        self._listing = listing
        self._outcomes = Outcomes(session.console, len(lines))
        self._results: list[Outcome] = []  # for the report alone: a long list of jobs takes little memory without
        self._reasons: Counter[str] = Counter()
        self._started = session.clock.monotonic()

    def skip(self, lines: Sequence[_Line]) -> None:
        """Outputs that exist already, with --skip-existing."""
        from aeforge_cli.jobs.batch import Outcome

        for line, item in zip(lines, self._items(lines), strict=True):
            there = (SavedFile(str(line.there)),)
            done = Finished(None, "Skipped", line.naming.operation, item.name or None, files=there)
            self._told(Outcome(item, done))
            show(done.files, self._saving)

    def buy(self, lines: Sequence[_Line], *, interval: float | None, kind: str) -> None:
        from aeforge_cli.jobs.batch import Batch

        under_way = int(self._session.settings["jobs"].text)
        jobs = self._session.jobs(interval=interval, under_way=under_way, in_all=len(lines), kind=kind)
        batch = Batch(jobs, self._items(lines), fail_fast=self._listing.fail_fast, wait=self._buying.wait)
        try:
            with self._session.console.overview(batch.tally):
                for outcome in batch.outcomes(self._told):
                    if isinstance(done := outcome.result, Finished):
                        preview(self._session, done, self._saving)
                        show(done.files, self._saving)
        except Interrupted as interrupted:
            with self._session.stop.hurried(interrupted.signal_number):
                for outcome in batch.untold():
                    self._told(outcome)
            self._results += batch.unfinished() if self._listing.report else ()
            self._sum_up(batch.tally)
            try:
                self._report()
            except CannotSave as error:
                self._session.console.warn(f"{error.message}: {error.why}")
            raise _resumable(interrupted, batch.tally) from None
        self._sum_up(batch.tally)
        self._report()
        self._outcomes.conclude()

    def _items(self, lines: Sequence[_Line]) -> "list[Item]":
        from aeforge_cli.jobs.batch import Item

        return [
            Item(line.wanted.index, line.wanted.image or "", line.asked.words, _Maker(self, line)) for line in lines
        ]

    def order(self, line: _Line) -> Order:
        """Reads and judges the picture, when its turn has come."""
        operation = self._make(own_pictures(self._session, line.wanted), line.wanted)
        how = Claiming.RESUME if self._listing.resume else self._buying.claiming
        return Order(operation, line.wanted.image or "", deliver(line.naming, line.destination), claiming=how)

    def _told(self, outcome: "Outcome") -> None:
        if self._listing.report:
            self._results.append(outcome)
        match outcome.result:
            case Finished() as done:
                self._outcomes.succeeded()
                self._session.console.finished(replace(done, index=outcome.item.index))
            case AeforgeError() as error:
                self._reasons[error.code] += 1
                error.input, error.index = outcome.item.name or None, outcome.item.index
                self._outcomes.failed(error)
            case None:
                pass  # told in the sum

    def _sum_up(self, tally: "Tally") -> None:
        reasons = ", ".join(f"{code} {count}" for code, count in self._reasons.items())
        parts = [f"{tally.done} done"]
        parts += [f"{tally.failed} failed ({reasons})"] if reasons else []
        parts += [f"{tally.untried} not tried"] if tally.untried else []
        self._session.console.note(f"{', '.join(parts)}; {tally.bought} bought; {self._seconds:.1f} s")

    @property
    def _seconds(self) -> float:
        return self._session.clock.monotonic() - self._started

    def _report(self) -> None:
        if self._listing.report:
            from aeforge_cli.output.html_report import write_report

            write_report(self._listing.report, self._results, seconds=self._seconds, redact=self._session.redact)


def _resumable(interrupted: Interrupted, tally: "Tally") -> Interrupted:
    return Interrupted(
        interrupted.signal_number,
        f"Interrupted; {tally.running} jobs go on at the service (aeforge job list --pending)",
        hint="the same command with --resume does only what is not finished",
    )


@dataclass(frozen=True)
class _Maker:
    run: _Run
    line: _Line

    def __call__(self) -> Order:
        return self.run.order(self.line)
