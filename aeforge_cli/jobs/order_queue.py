"""Which order is to be begun next: one that needs the results of others waits until they are there."""

import bisect
from collections import deque
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter

from aeforge_cli.jobs.orders import Order


class OrderQueue:
    """The orders of a run that have not been begun; true while one may be begun.

    The longest chains begin first: nothing else decides when the whole list is done. The caller keeps threads apart.
    """

    def __init__(self, orders: Sequence[Order]) -> None:
        among = set(orders)
        needs = {order: {each for each in order.after if each in among} for order in orders}
        self._dependents: dict[Order, list[Order]] = {}
        for order, needed in needs.items():
            for each in needed:
                self._dependents.setdefault(each, []).append(order)
        self._inputs = frozenset(self._dependents)
        self._heights: dict[Order, int] = {}  # how long the chain is that waits for each
        for order in TopologicalSorter(self._dependents).static_order():
            after = self._dependents.get(order, ())
            self._heights[order] = max((1 + self._heights[each] for each in after), default=0)
        self._waiting = {order: needed for order, needed in needs.items() if needed}
        self._ready = deque(sorted((order for order in orders if not needs[order]), key=self._turn))

    def _turn(self, order: Order) -> int:
        return -self._heights.get(order, 0)

    def __bool__(self) -> bool:
        return bool(self._ready)

    def __iter__(self) -> Iterator[Order]:
        return iter((*self._ready, *self._waiting))

    @property
    def has_waiting(self) -> bool:
        """Whether orders wait for the results of others."""
        return bool(self._waiting)

    def is_input(self, order: Order) -> bool:
        """Whether others are made of its result."""
        return order in self._inputs

    def take(self) -> Order:
        return self._ready.popleft()

    def put_first(self, order: Order) -> None:
        self._ready.appendleft(order)

    def put_last(self, order: Order) -> None:
        self._ready.append(order)

    def skip(self, share: float) -> None:
        """Goes on in another part of the list, so far from here; where orders wait for others, their turns decide."""
        if not self._inputs:
            self._ready.rotate(-int(share * len(self._ready)))

    def release(self, done: Order) -> None:
        """Its result is there: an order whose needs are all met may begin."""
        for dependent in self._dependents.pop(done, ()):
            if needed := self._waiting.get(dependent):
                needed.discard(done)
                if not needed:
                    del self._waiting[dependent]
                    bisect.insort(self._ready, dependent, key=self._turn)

    def drop_dependents(self, failed: Order) -> Iterator[tuple[Order, Order]]:
        """Takes out all that need its result, directly or through others: each with the one that it waited for."""
        gone = [failed]
        while gone:
            by = gone.pop()
            for dependent in self._dependents.pop(by, ()):
                if self._waiting.pop(dependent, None):
                    yield dependent, by
                    gone.append(dependent)

    def clear(self) -> list[Order]:
        """Takes out all that is left."""
        left = list(self)
        self._ready.clear()
        self._waiting.clear()
        return left
