"""How the results of a plan reach the user: printed when they are ready, shown, reported, recorded and summed up."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO

import typer

from aeforge_cli.api.web_inputs import is_address
from aeforge_cli.commands._shared.options import OutputOptions
from aeforge_cli.commands._shared.plan import Planned
from aeforge_cli.commands._shared.sources import BatchOptions
from aeforge_cli.commands._shared.summary import Summary
from aeforge_cli.errors import AeforgeError, BudgetReached, CannotSave, NotSignedIn
from aeforge_cli.files.inputs import from_path
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.events import Tally
from aeforge_cli.jobs.results import Action, JobResult
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from aeforge_cli.jobs.batch import Outcome


class Results:
    """Tells of each job of a plan, and concludes with one error for all that failed."""

    def __init__(self, session: Session, plan: Sequence[Planned], output: OutputOptions, batch: BatchOptions) -> None:
        self._session = session
        self._output = output
        self._batch = batch
        self._is_one = len(plan) == 1
        self._kept = 0
        self._summary = Summary(session.console, len(plan), again=session.again(*batch.finishing))
        self._outcomes: list[Outcome] = []  # for the report alone: a long list takes little memory without
        self._reasons: Counter[str] = Counter()
        self._over_budget: BudgetReached | None = None
        self._started = session.clock.monotonic()

    def kept(self, each: Planned) -> None:
        """A job that needs nothing."""
        from aeforge_cli.jobs.batch import Outcome, kept_result

        self._kept += 1
        row = each.need.row
        result = kept_result(each.order, each.need.files, row.job_id if row else None)
        if self._is_one and result.files:
            state, why = ("exists", " (--skip-existing)") if row is None else ("is up to date", "")
            self._session.console.note(f"{result.files[0].path} {state}; nothing was submitted{why}")
        outcome = Outcome(each.order, result)
        self.report(outcome)
        self.shown(outcome)

    def refused(self, each: Planned) -> None:
        """A job that cannot be begun."""
        from aeforge_cli.jobs.batch import Outcome

        self.report(Outcome(each.order, each.need.error))

    def report(self, outcome: "Outcome") -> None:
        """Prints an outcome; the whole of it, whatever signal comes."""
        if self._batch.report or self._batch.record:
            self._outcomes.append(outcome)
        match outcome.result:
            case JobResult() as result:
                self._summary.succeeded()
                self._session.console.finished(result)
            case BudgetReached() as error if not self._is_one:
                self._over_budget = self._over_budget or error  # said in the sum: it would be the same for each
            case AeforgeError() as error:
                self._reasons[error.code] += 1
                if not self._is_one:
                    error.input, error.index = outcome.order.label or None, outcome.order.index
                self._summary.failed(error)
            case None:
                pass  # said in the sum

    def shown(self, outcome: "Outcome") -> None:
        """What the user asked to see of a result."""
        if isinstance(result := outcome.result, JobResult):
            preview(self._session, result, self._output)
            show(result, self._output)

    def interrupted(self, unfinished: "Sequence[Outcome]", tally: Tally) -> None:
        self._outcomes += unfinished if self._batch.report else ()
        self._sum_up(tally)
        try:
            self._write()
        except CannotSave as error:
            self._session.console.warn(f"{error.message}: {error.why}")

    def conclude(self, tally: Tally | None = None) -> None:
        """Sums up. Raises Partial, or what all failures have in common."""
        self._sum_up(tally or Tally(0))
        self._write()
        self._summary.conclude(stopped_by=self._over_budget)

    def _sum_up(self, tally: Tally) -> None:
        if self._is_one:
            return
        kept = self._kept + tally.kept
        ways = {
            "kept": kept,
            "elsewhere": tally.elsewhere,
            "fetched": tally.fetched,
            "resumed": tally.resumed,
            "submitted": tally.bought,
        }
        by_way = ", ".join(f"{number} {way}" for way, number in ways.items() if number) or "0 submitted"
        reasons = ", ".join(f"{code} {number}" for code, number in self._reasons.items())
        parts = [f"{self._kept + tally.done} done"]
        parts += [f"{sum(self._reasons.values())} failed ({reasons})"] if reasons else []
        untried = f"{tally.untried} not tried"
        if self._over_budget is not None:
            parts += [f"budget {self._over_budget.budget} reached", untried, f"resets at {self._over_budget.resets_at}"]
        elif tally.untried:
            parts.append(untried)
        seconds = self._session.clock.monotonic() - self._started
        told = "; ".join(parts) if self._over_budget else ", ".join(parts)
        self._session.console.note(f"{told}; {by_way}; {seconds:.1f} s")

    def _write(self) -> None:
        if self._batch.report:
            from aeforge_cli.output.html_report import write_report

            seconds = self._session.clock.monotonic() - self._started
            write_report(self._batch.report, self._outcomes, seconds=seconds, redact=self._session.redact)
        if self._batch.record:
            from aeforge_cli.jobs.record import write_record

            results = [outcome.result for outcome in self._outcomes if isinstance(outcome.result, JobResult)]
            write_record(self._batch.record, results, self._session.journal)


# ------------------------------------------------------------------ what would be sent


def request_json(session: Session, each: Planned) -> dict[str, object]:
    """What would be sent for a job, and whether, for `--dry-run`."""
    try:
        operation = each.order.operation
    except AeforgeError:
        if each.need.error is None or each.order.asked is None:
            raise
        operation = each.order.asked  # its picture cannot be read, which is why it is refused
    base_url = "the sandbox" if session.is_sandboxed else session.base_url
    form: dict[str, list[object]] = {}
    for part in operation.parts():
        value = _described(part.value) if isinstance(part.value, Picture) else part.value
        form.setdefault(part.name, []).append(value)
    delivery = each.order.delivery
    output = "-" if delivery and delivery.stdout else each.path
    return {
        "method": "POST",
        "url": f"{base_url}/{operation.path}",
        "key_from": _key_source(session),
        "form": {name: values[0] if len(values) == 1 else values for name, values in form.items()},
        "output": str(output) if output else delivery.target if delivery else None,
        "action": str(each.need.action),
    }


def _key_source(session: Session) -> str | None:
    if session.is_sandboxed:
        return "the sandbox"
    try:
        return session.settings.key_from()
    except NotSignedIn as error:
        session.console.warn_once(f"{error.message}: the request itself would be refused")
        return None


def _described(picture: Picture) -> dict[str, object]:
    """The picture; of one that is still to be made nothing is known but its name."""
    return {
        "input": picture.label,
        "content_type": picture.info.format.content_type if picture.sha256 else None,
        "bytes": picture.size if picture.sha256 else None,
        "sha256": picture.sha256 or None,
        "width": picture.info.width,
        "height": picture.info.height,
    }


# ------------------------------------------------------------------ pictures


def preview(session: Session, result: JobResult, output: OutputOptions) -> None:
    """Draws a job's input, if it is still there, and its first result."""
    if not (output.preview and result.files) or result.action is Action.KEEP:
        return
    after = result.files[0].path
    label = "after" if len(result.files) == 1 else f"after, 1 of {len(result.files)}"
    session.console.preview(_before(result, after), lambda: from_path(after).open(), label=label)


def _before(result: JobResult, after: str) -> "Callable[[], BinaryIO] | None":
    name = result.input or ""
    if not name or name == "-" or is_address(name) or os.path.realpath(name) == os.path.realpath(after):
        return None
    return lambda: from_path(name).open()


def show(result: JobResult, output: OutputOptions) -> None:
    """Opens what was saved in the system's viewer."""
    if output.open:
        for file in result.files:
            typer.launch(file.path)
