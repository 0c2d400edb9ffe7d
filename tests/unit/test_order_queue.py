"""Which order is begun next."""

from aeforge_cli.api.operations import Generate, Operation
from aeforge_cli.jobs.order_queue import OrderQueue
from aeforge_cli.jobs.orders import Order


def order(name: str, *after: Order) -> Order:
    def never_read() -> Operation:
        raise AssertionError("the queue reads no picture")

    return Order(never_read, Generate, name, after=after)


def names(orders: OrderQueue) -> str:
    found = ""
    while orders:
        found += orders.take().input
    return found


def test_an_order_that_needs_two_others_begins_after_both() -> None:
    a, b = order("a"), order("b")
    both = order("c", a, b)
    orders = OrderQueue([both, a, b])

    assert names(orders) == "ab"
    orders.release(a)
    assert (names(orders), orders.has_waiting) == ("", True)
    orders.release(b)
    assert (names(orders), orders.has_waiting) == ("c", False)


def test_of_two_failures_that_an_order_waits_for_the_first_ends_it() -> None:
    a, b = order("a"), order("b")
    both = order("c", a, b)
    last = order("d", both)
    orders = OrderQueue([a, b, both, last])

    assert list(orders.drop_dependents(a)) == [(both, a), (last, both)]
    assert list(orders.drop_dependents(b)) == []


def test_the_longest_chain_begins_first() -> None:
    alone, first = order("a"), order("b")
    orders = OrderQueue([alone, first, order("c", first)])

    assert names(orders) == "ba"


def test_an_order_is_not_held_up_by_what_is_not_in_the_list() -> None:
    assert names(OrderQueue([order("b", order("a"))])) == "b"


def test_what_was_put_back_is_next_and_what_is_tried_again_is_last() -> None:
    a, b = order("a"), order("b")
    orders = OrderQueue([a, b])

    orders.put_last(orders.take())
    orders.put_first(orders.take())

    assert names(orders) == "ba"


def test_all_that_is_left_includes_what_waits() -> None:
    a = order("a")
    b = order("b", a)
    orders = OrderQueue([b, a])

    assert orders.clear() == [a, b]
    assert (bool(orders), orders.has_waiting, orders.clear()) == (False, False, [])


def test_only_what_others_are_made_of_is_an_input() -> None:
    a = order("a")
    b = order("b", a)
    orders = OrderQueue([a, b])

    assert (orders.is_input(a), orders.is_input(b)) == (True, False)


def test_where_another_run_is_at_work_the_list_goes_on_elsewhere() -> None:
    orders = OrderQueue([order(name) for name in "abcdef"])

    first = orders.take().input
    orders.skip(0.5)

    assert first + names(orders) == "adefbc"


def test_an_order_that_others_wait_for_keeps_its_turn() -> None:
    a = order("a")
    orders = OrderQueue([a, order("b"), order("c", a), order("d")])

    orders.skip(0.9)

    assert names(orders) == "abd"
