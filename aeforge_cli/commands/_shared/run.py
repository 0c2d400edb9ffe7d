"""What every command does that submits jobs, one or many: plan, guard the spending, run, print, sum up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from aeforge_cli.api.operations import Operation
from aeforge_cli.commands._shared.options import RunOptions
from aeforge_cli.commands._shared.recipes import Recipe
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions, check_stdin, named_lines, words
from aeforge_cli.errors import Interrupted, Partial, resume_command
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import Action
from aeforge_cli.phrases import count
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from aeforge_cli.commands._shared.plan import Planned
    from aeforge_cli.commands._shared.results import Results
    from aeforge_cli.jobs.batch import Batch
    from aeforge_cli.jobs.delivery import Delivery
    from aeforge_cli.jobs.displaced import Displaced


def submit_all(
    session: Session,
    recipe: Recipe,
    run: RunOptions,
    batch: BatchOptions,
    inputs: InputOptions | None = None,
    *,
    options: Mapping[str, Any],
    image: str | None = None,
) -> None:
    """Does the one job that was named, or each of a list, and prints what it came to.

    `options` hold where a list says nothing else; `image` is the picture of a job that can do without one. Raises what
    failed, Partial, or what all failures have in common.
    """
    from aeforge_cli.commands._shared.plan import Ask, planned  # here, for a help page needs no plan

    run.apply(session, quality=options.get("quality"), jobs=batch.jobs)
    if run.output.output is None and run.submission.wait and (place := session.settings.output):
        run = replace(run, output=replace(run.output, output=place))
    prompt = options.get("prompt")
    pictures = [name for each in recipe.pictures for name in _names(options.get(each))]
    arguments = [*(inputs.images or ()), inputs.from_] if inputs else []
    check_stdin(prompt, *arguments, batch.manifest, image, *pictures)
    lines = named_lines(recipe, batch, inputs, image, session.console.warn)
    common = {**options, "prompt": words(prompt)} if prompt is not None else options
    run_plan(session, planned(session, Ask(recipe, lines, common, run, batch)), run, batch)


def _names(given: object) -> Iterable[str]:
    return [given] if isinstance(given, str) else given if isinstance(given, list | tuple) else ()


def run_plan(
    session: Session, plan: Sequence["Planned"], run: RunOptions, batch: BatchOptions, others: Iterable["Delivery"] = ()
) -> None:
    """Runs a plan that was checked; `others` are jobs of its list that are left out.

    Raises Partial, or what all failures have in common.
    """
    from aeforge_cli.commands._shared.purchases import guard
    from aeforge_cli.commands._shared.results import Results

    wanted = [each.order.asked for each in plan if each.need.action is Action.BUY and each.order.asked]
    for operation in wanted:
        session.spending.required_price(operation)
    if run.submission.dry_run:
        _dry_run(session, plan, wanted, batch)
        return
    settled = _settled(plan)
    rest = [each for each in plan if each.order not in settled]
    purchases = guard(session, wanted, batch) if rest else 0
    results = Results(session, plan, run.output, batch)
    displaced = _displaced(session, plan, settled, others)
    for each in plan:
        if each.order in settled:
            results.kept(each)
    if all(each.need.error for each in rest):  # nobody needs to be asked, and no key is needed to say so
        for each in rest:
            results.refused(each)
        displaced.discard()
        results.conclude()
        return
    _learn(session)
    _Run(session, rest, run, batch, results, displaced).go(purchases)


def _learn(session: Session) -> None:
    """Takes over into the journal what the record knows: from here on each job asks the journal alone."""
    if session.recorded:
        host, account = session.journal.host, session.account_name
        session.journal.import_rows([row._replace(host=host, account=account) for row in session.recorded])


def _settled(plan: Sequence["Planned"]) -> set[Order]:
    """The jobs that need nothing, whatever comes: what they are made of is there as well."""
    kept = {each.order for each in plan if each.need.action is Action.KEEP}
    after = {each.order: each.order.after for each in plan}
    settled: set[Order] = set()
    for order in TopologicalSorter(after).static_order():
        if order in kept and settled.issuperset(order.after):
            settled.add(order)
    return settled


def _displaced(
    session: Session, plan: Sequence["Planned"], settled: Iterable[Order], others: Iterable["Delivery"]
) -> "Displaced":
    from aeforge_cli.jobs.displaced import Displaced
    from aeforge_cli.journal.interface import NoJournal

    journal = session.journal if session.has_journal else NoJournal()
    return Displaced(journal, [each.order for each in plan], ended=settled, others=others)


def _dry_run(session: Session, plan: Sequence["Planned"], wanted: Sequence[Operation], batch: BatchOptions) -> None:
    """Prints what the run would do, and ends as it would where that is known."""
    from aeforge_cli.commands._shared.purchases import require_within, to_confirm
    from aeforge_cli.commands._shared.results import request_json

    session.check_network()
    plan = _foreseen(session, plan, batch)
    for each in plan:
        session.console.result_json(request_json(session, each))
    if asks := to_confirm(session, len(wanted), batch):
        session.console.note(f"{asks}: without a terminal to confirm on, the run needs --yes")
    session.console.note(f"{sum_of(plan)}{session.spending.cost(wanted)}{session.budget_left(wanted)}")
    require_within(batch, len(wanted))
    refused = [each.need.error for each in plan if each.need.error is not None]
    if len(refused) == len(plan) and len({error.exit_status for error in refused}) == 1:
        raise refused[0]
    if refused:
        message = f"{len(refused)} of {count(len(plan), 'job')} would be refused: {refused[0].message}"
        raise Partial(message, why=refused[0].why, hint=refused[0].hint)


def _foreseen(session: Session, plan: Sequence["Planned"], batch: BatchOptions) -> list["Planned"]:
    from aeforge_cli.jobs.needs import foreseen

    if not session.has_journal:
        return [*plan]
    inputs = {order for each in plan for order in each.order.after}  # what others are made of is needed here
    return [
        replace(each, need=foreseen(each.need, session.journal, shares=batch.share and each.order not in inputs))
        for each in plan
    ]


def sum_of(plan: Sequence["Planned"]) -> str:
    """`18 kept, 2 fetched free, 8 to buy`."""
    words = {
        Action.KEEP: "kept",
        Action.FETCH: "to fetch free",
        Action.RESUME: "to resume free",
        Action.BUY: "to buy",
        Action.REFUSE: "refused",
    }
    counts = Counter(each.need.told or words[each.need.action] for each in plan)
    order = [*words.values(), *counts]
    return ", ".join(f"{counts[word]} {word}" for word in dict.fromkeys(order) if counts[word])


class _Run:
    """The plan in progress."""

    def __init__(
        self,
        session: Session,
        plan: Sequence["Planned"],
        run: RunOptions,
        batch: BatchOptions,
        results: "Results",
        displaced: "Displaced",
    ) -> None:
        self._session = session
        self._plan = plan
        self._run = run
        self._batch = batch
        self._results = results
        self._displaced = displaced

    def go(self, purchases: int | None) -> None:
        batch = self._prepared(purchases)
        try:
            with self._session.console.overview(batch.tally if batch.tally.total > 1 else None):
                for outcome in batch.outcomes(self._results.report):
                    self._results.shown(outcome)
        except Interrupted as interrupted:
            with self._session.stop.hurried(interrupted.signal_number):
                for outcome in batch.unreported():
                    self._results.report(outcome)
            unfinished = list(batch.unfinished())
            self._results.interrupted(unfinished, batch.tally)
            raise self._resumable(interrupted, batch) from None
        self._displaced.discard()
        self._results.conclude(batch.tally)

    def _prepared(self, purchases: int | None) -> "Batch":
        from aeforge_cli.jobs.batch import Batch

        orders = [each.order for each in self._plan]
        lifecycle = self._session.lifecycle(
            interval=self._run.waiting.interval, in_flight=self._session.in_flight, confirmed=self._batch.yes
        )
        return Batch(
            lifecycle,
            orders,
            fail_fast=self._batch.fail_fast,
            wait=self._run.submission.wait,
            purchases=purchases,
            share=self._batch.share,
            displaced=self._displaced,
        )

    def _resumable(self, interrupted: Interrupted, batch: "Batch") -> Interrupted:
        running = [outcome.result for outcome in batch.unfinished() if outcome.result is not None]
        if batch.tally.total == 1 and running:
            job_id = getattr(running[0], "job_id", "")
            message, hint = f"Interrupted; job {job_id} continues at the service", resume_command(job_id)
            return Interrupted(interrupted.signal_number, message, hint=hint, job_id=job_id)
        if batch.tally.total == 1:
            return interrupted
        left = f"{count(len(running), 'job')} in progress at the service (aeforge job list --pending)"
        hint = self._session.again(*self._batch.finishing)
        return Interrupted(interrupted.signal_number, f"Interrupted; {left}", hint=hint)
