"""The one rule for what a job needs: keep, fetch, resume, buy or refuse, judged by content and by the journal.

| what stands at its place         | the journal knows       | action                                             |
|----------------------------------|-------------------------|----------------------------------------------------|
| a file that this work made       | that it was saved       | keep: nothing is sent                              |
| nothing                          | paid, and not failed    | resume, or fetch again: free                       |
| nothing                          | nothing                 | buy                                                |
| a file that other work made      | which                   | --update: as if nothing were there; else refuse    |
| a file that nobody knows         | nothing                 | refuse; --overwrite replaces it                    |
"""

import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from aeforge_cli.errors import AeforgeError, Blocked, JobNotFound, OutputExists, SentBefore, submit_anyway
from aeforge_cli.files.atomic import SavedFile, content_of
from aeforge_cli.files.destination import Destination, Naming
from aeforge_cli.files.image_headers import Format
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import Action
from aeforge_cli.journal import rules
from aeforge_cli.journal.interface import Journal, Known, Reuse, Row, State


class Need(NamedTuple):
    """What a job needs, and why: `row` is its earlier job, `files` what stands at its place already.

    `told` is what a sum says of it where that is more than its action.
    """

    action: Action
    row: Row | None = None
    files: tuple[SavedFile, ...] = ()
    error: AeforgeError | None = None
    told: str = ""


def need(order: Order, journal: Known, service: str, account: str | None) -> Need:
    """What the job needs just now; without an `account` (no key) rows of all accounts count."""
    rows = journal.of_work(order.work, service)
    ours = [row for row in rows if account is None or row.account == account]
    earlier = rules.blocker(ours, order.reuse, gone=order.gone)
    if order.reuse is Reuse.FINISHED and order.delivery is not None and order.delivery.destination is not None:
        saved = [row for row in rows if row.state is State.SAVED and row.results]
        found = _found_places(order.delivery, rows, saved, journal)
        if saved and found and all(place.file for place in found):
            return Need(Action.KEEP, saved[0], tuple(place.file for place in found if place.file))
        error = _in_the_way(order, order.delivery, found)
        # A process that was killed may have saved a result and not written so: the download finds them equal, or gives
        # the new one another name.
        if error is not None and not (earlier and rules.can_resume(earlier)):
            return Need(Action.REFUSE, error=error)
    if earlier is None and rules.blocker([row for row in rows if row not in ours], order.reuse, gone=order.gone):
        return Need(Action.BUY, told="to buy unless paid for with another key")
    return _of_earlier(earlier)


def _of_earlier(row: Row | None) -> Need:
    if row is None:
        return Need(Action.BUY)
    if rules.is_paid(row) or rules.can_resume(row):
        return Need(Action.RESUME if rules.can_resume(row) else Action.FETCH, row)
    if row.state is State.SUBMITTING:
        return Need(Action.RESUME, row)  # another process is at it, or was: the claim finds out
    return Need(Action.REFUSE, row, error=sent_before(row))


def foreseen(found: Need, journal: Journal, *, shares: bool) -> Need:
    """The need as the job's turn would find it: what other machines saved stays there if the run `shares`, what a
    living run holds is left to it, and what a dead one was sending is in doubt.
    """
    row = found.row
    if row is None or not row.number or found.action not in (Action.FETCH, Action.RESUME):
        return found
    stays = shares and row.host != journal.host
    if found.action is Action.FETCH:
        return (
            found._replace(action=Action.KEEP, told="saved elsewhere") if stays and row.state is State.SAVED else found
        )
    if journal.lives(row.run):
        return found._replace(action=Action.KEEP if stays else Action.FETCH, told="held by another run")
    if step := rules.after_crash(row):
        return Need(Action.REFUSE, row, error=sent_before(rules.advanced(row, step, row.updated)))
    return found


def sent_before(row: Row) -> AeforgeError:
    """Why work whose last submission is in doubt is not submitted again."""
    if row.state is State.LOST:
        return JobNotFound(
            f"The service no longer knows job {row.job_id}, which was paid for. It was not submitted again",
            why=f"first submitted at {row.created}: {row.reason or 'not found'}",
            hint=submit_anyway(),
            job_id=row.job_id,
        )
    return SentBefore(
        "The same job was submitted before, and its answer was lost: it may exist and be charged. Nothing was sent",
        why=f"first sent at {row.created}: {row.reason or 'no answer came'}",
        hint=submit_anyway(),
        job_id=row.job_id,
    )


def blocked(order: Order, by: Order) -> Blocked:
    """Why a job whose picture another job was to make is not submitted."""
    return Blocked(
        f"{order.called} was not submitted: it needs {by.called}, which failed",
        hint="fix what failed, then run the same command again",
    )


def results_of(order: Order, need: Need) -> dict[Path, SavedFile] | None:
    """The files that stand at the job's places once its need is met; None as long as that is not known."""
    if need.action is Action.KEEP:
        return {Path(file.path): file for file in need.files}
    if need.action is not Action.FETCH or need.row is None or not need.row.results or order.delivery is None:
        return None
    return dict(zip(_places(order.delivery, need.row), need.row.results, strict=True))


# ------------------------------------------------------------------ what stands at its place


class _Place(NamedTuple):
    """A place of a result: what stands there is that result (`file`), another (`is_stale`), or nobody's."""

    path: Path
    file: SavedFile | None = None
    is_stale: bool = False
    exists: bool = False


def _found_places(delivery: Delivery, rows: Sequence[Row], saved: Sequence[Row], journal: Known) -> list[_Place]:
    """The places of the results, where an earlier job of the work (`saved`) says which; else what is there already."""
    if delivery.destination is None:
        return []
    if not saved:
        own = {file.sha256 for row in rows for file in row.results}
        return list(_in_its_names(delivery.destination, delivery.naming, own, journal))
    return [
        _judged(path, {row.results[place].sha256 for row in saved if place < len(row.results)}, journal)
        for place, path in enumerate(_places(delivery, saved[0]))
    ]


def _in_its_names(
    destination: Destination, naming: Naming, own: Container[str | None], journal: Known
) -> Iterator[_Place]:
    """What stands where the results of a new job may go.

    Their format is known when they are here; until then a file in another than is documented is in the way only if it
    is a result.
    """
    for path in destination.existing(naming):
        yield _judged(path, own, journal)
    others = [each.extension for each in Format if each.extension != naming.extension]
    for extension in others if destination.names_format else ():
        for path in destination.existing(replace(naming, extension=extension)):
            if (found := _judged(path, own, journal)).is_stale:
                yield found


def _places(delivery: Delivery, saved: Row) -> list[Path]:
    """Where the results of an earlier job are to be."""
    destination, files = delivery.destination, saved.results
    if destination is None:
        return []
    named = replace(delivery.naming, job_id=saved.job_id or "")
    return [
        destination.path(replace(named.result(number, len(files)), extension=_extension(file)))
        for number, file in enumerate(files, 1)
    ]


def _extension(file: SavedFile) -> str:
    return Format(file.format).extension if file.format in set(Format) else Path(file.path).suffix.lstrip(".")


def _judged(path: Path, contents: Container[str | None], journal: Known) -> _Place:
    """What stands at the place of a result whose content is one of `contents`."""
    if not os.path.lexists(path):
        return _Place(path)
    sha256 = content_of(path)
    if sha256 and sha256 in contents:
        return _Place(path, SavedFile(str(path), bytes=path.stat().st_size, sha256=sha256), exists=True)
    return _Place(path, is_stale=bool(sha256 and journal.made(sha256)), exists=True)


def _in_the_way(order: Order, delivery: Delivery, found: Sequence[_Place]) -> AeforgeError | None:
    """Why the place cannot be used."""
    replaces = delivery.destination is not None and delivery.destination.replace
    for place in found:
        if place.file is not None or not place.exists:
            continue
        if not place.is_stale and not replaces:
            return OutputExists(
                f"{place.path} exists, and no job is known to have made it",
                why="it may have been drawn, edited or converted by hand",
                hint="choose another output, or add --overwrite to replace it",
            )
        if place.is_stale and not (order.update or replaces):
            return OutputExists(
                f"{place.path} was made of another picture or prompt",
                why="--resume only finishes what is missing",
                hint="add --update in place of --resume to replace what has changed",
            )
    return None
