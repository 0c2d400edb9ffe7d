"""What each job of a plan needs, and whether as many may be bought."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice

import typer

from aeforge_cli.api.operations import Operation
from aeforge_cli.commands._shared.sources import ASK_ABOVE, BatchOptions
from aeforge_cli.errors import AeforgeError, JournalBusy, JournalUnreachable, LimitReached, Usage
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.needs import Need, need
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import Action
from aeforge_cli.journal.interface import Known, Made, NoJournal, Reuse, Row
from aeforge_cli.phrases import count
from aeforge_cli.session import Session

_AT_ONCE = 200  # orders that a journal is asked about


class ReadAhead:
    """What the journal knows of a list: it is asked about many orders at once, since its server may be far away."""

    def __init__(self, session: Session, orders: Iterable[Order]) -> None:
        self._session = session
        self._orders = iter(orders)
        self._asked: set[str] = set()
        self._rows: dict[str, list[Row]] = {}

    def of_work(self, work: str, service: str) -> list[Row]:
        if work not in self._asked:
            works = {work, *self._next_works()} - self._asked
            self._asked |= works
            self._rows |= self._session.journal.of_works(sorted(works), service)
        rows = self._rows.pop(work, None)  # a long list keeps none
        return self._session.journal.of_work(work, service) if rows is None else rows

    def made(self, sha256: str) -> list[Made]:
        return self._session.journal.made(sha256)

    def _next_works(self) -> Iterator[str]:
        for order in islice(self._orders, _AT_ONCE):
            with suppress(AeforgeError):  # said in its turn
                yield order.work


def need_of(session: Session, order: Order, *, certain: bool = False, ahead: Known | None = None) -> Need:
    """What the job needs by the journal and the disk; `ahead` has been asked about the list.

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
        known = ahead or (session.journal if session.has_journal else NoJournal())
        if session.recorded:
            from aeforge_cli.jobs.record import WithRecord

            known = WithRecord(known, session.recorded)
        return need(order, known, session.service, session.account_if_known(runs=not certain))
    except (JournalBusy, JournalUnreachable):
        raise  # each job of the list would wait for the journal in its turn, and then the purchase once more
    except AeforgeError:
        return Need(Action.BUY)  # its turn will say what is wrong with it


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
