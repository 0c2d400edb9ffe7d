"""Results that stand where others are to go: none is replaced before what may still be wanted of it is kept.

A list whose results were given one another's names finds the last copy of one where the next is to be saved. Where the
service has that one no more, replacing it would mean to pay for it again.
"""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from aeforge_cli.files.atomic import SavedFile, content_of, holds
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.copies import ASIDE_PREFIX, ASIDE_SUFFIX, FilesBySize, aside_path, keep_aside
from aeforge_cli.files.destination import replaces_nothing
from aeforge_cli.jobs.copies import copied
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.orders import Order
from aeforge_cli.journal.interface import Journal, Made, Reuse, Row

_TRIES = 3  # another thread may replace a file between the search for it and its copy, and has kept it aside by then


class Displaced:
    """The results that the orders of one run replace, and those that they find on this disk instead.

    Before a result is replaced that an order may want which has not `ended`, it gets a second, hidden name beside where
    that one wants it. A run that is cut short leaves it there, and the next one finds it. So does a run for only a part
    of a list, with results that were saved where the `others` of the list go.
    """

    def __init__(
        self, journal: Journal, orders: Iterable[Order], *, ended: Iterable[Order] = (), others: Iterable[Delivery] = ()
    ) -> None:
        self._journal = journal
        self._others = [(each, OutputCollisions([each.names()])) for each in others]
        self._ended = set(ended)
        self._open = set(orders) - self._ended
        self._may_replace = any(
            each.update or (each.delivery and each.delivery.destination and each.delivery.destination.replace)
            for each in self._open | self._ended
        )
        self._kept: set[str] = set()
        self._files = FilesBySize()
        self._lock = threading.Lock()
        self._by_work, self._in_doubt = self._waiting()

    def end(self, order: Order) -> None:
        """The results of the order are where it wants them."""
        with self._lock:
            self._open.discard(order)
            self._ended.add(order)

    # -------------------------------------------------------------- before a result takes a place

    def replaces(self, order: Order) -> Callable[[Path], bool]:
        """Says of a file whether a result may take its place: when updating, if its content is known to be a result.

        What may be wanted of it is kept then. Raises CannotSave where that fails.
        """
        target = order.delivery.destination if order.delivery else None
        if target is None or not (order.update or target.replace):
            return replaces_nothing
        return lambda path: self._is_free(path) and order.update

    def _is_free(self, path: Path) -> bool:
        """Whether what stands there is a result, kept aside if it may be wanted."""
        for _ in range(_TRIES):
            sha256 = content_of(path)
            made = self._journal.made(sha256) if sha256 else []
            if sha256 is None or not made:
                return False
            folder = self._wanted_in(made)
            if folder is None:
                return True
            if keep_aside(path, sha256, folder):
                with self._lock:
                    self._kept.add(sha256)
                return True
        return False

    def _wanted_in(self, made: Sequence[Made]) -> Path | None:
        """The folder of an order that may want the result; None if there is none."""
        for order in self._who_may_want(made):
            if order.delivery and order.delivery.folder:
                return order.delivery.make_folder()
        return next((other.make_folder() for other in self._others_of(made)), None)

    def _who_may_want(self, made: Sequence[Made]) -> Iterator[Order]:
        """The orders that have not ended whose result is that of one of these jobs, then those of which it may be.

        What an order comes to is not known as long as its pictures are still to come.
        """
        works = {each.work for each in made}
        wanting = [order for work in works for order in self._by_work.get(work, ())]
        in_doubt = [order for order in self._in_doubt if order in self._open]
        wanting += [order for order in in_doubt if order.known_work in works]
        yield from (order for order in wanting if order in self._open)
        in_doubt = [order for order in in_doubt if order.known_work is None]
        if in_doubt:
            rows = [self._journal.by_job_id(each.job_id or "") for each in made]
            operations = {row.operation for row in rows if row}
            yield from (order for order in in_doubt if None in rows or order.kind.name in operations)

    def _waiting(self) -> tuple[Mapping[str, Sequence[Order]], Sequence[Order]]:
        """The orders that may take results of earlier jobs: by their works, and those that had none in the plan."""
        by_work: dict[str, list[Order]] = defaultdict(list)
        in_doubt = []
        for order in sorted(self._open, key=lambda each: each.index):
            if order.reuse is Reuse.FINISHED and order.known_work is not None:
                by_work[order.known_work].append(order)
            elif order.reuse is Reuse.FINISHED:
                in_doubt.append(order)
        return by_work, in_doubt

    def _others_of(self, made: Sequence[Made]) -> Iterator[Delivery]:
        """Where the result was saved that is not asked for now, and does not stand any more."""
        paths = [each.path for each in made if each.path]
        if not any(holds(Path(path), made[0].sha256) for path in paths):
            yield from (other for other, names in self._others if any(path in names for path in paths))

    # -------------------------------------------------------------- results from this disk

    def copied(self, row: Row, order: Order) -> list[SavedFile]:
        """All results of the job at the places of the order, if each stands somewhere near; else none.

        Raises CannotSave.
        """
        if order.delivery is None:
            return []
        for _ in range(_TRIES):
            if files := copied(row, order.delivery, self._files, self._folders, self.replaces(order)):
                return files
        return []

    @cached_property
    def _folders(self) -> list[Path]:
        """Where all results of the list go."""
        with self._lock:
            orders = sorted(self._open | self._ended, key=lambda each: each.index)
        deliveries = [*(order.delivery for order in orders), *(other for other, _names in self._others)]
        return list(dict.fromkeys(filter(None, (each.folder for each in deliveries if each))))

    # -------------------------------------------------------------- in the end

    def discard(self) -> None:
        """Removes what was kept aside, by this run or by one that was cut short, and is wanted no more."""
        for folder in self._folders if self._may_replace else ():
            with contextlib.suppress(OSError):
                for path in folder.glob(f"{ASIDE_PREFIX}*{ASIDE_SUFFIX}"):
                    sha256 = path.name.removeprefix(ASIDE_PREFIX).removesuffix(ASIDE_SUFFIX)
                    if path == aside_path(folder, sha256) and self._is_done_with(sha256):
                        path.unlink()

    def _is_done_with(self, sha256: str) -> bool:
        made = self._journal.made(sha256)
        if any(self._who_may_want(made)) or any(self._others_of(made)):
            return False
        works = {order.known_work for order in self._ended}
        return sha256 in self._kept or any(
            each.work in works or (each.path and each.path in self._names) for each in made
        )

    @cached_property
    def _names(self) -> OutputCollisions:
        """What the results of the orders may be called; a result that another run kept for another list is not ours."""
        return OutputCollisions(order.delivery.names() if order.delivery else [] for order in self._ended | self._open)
