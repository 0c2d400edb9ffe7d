"""What may be spent, and what a job costs: the user's budgets and prices as the journal counts them."""

import math
from datetime import datetime
from typing import TYPE_CHECKING

from aeforge_cli import phrases
from aeforge_cli.errors import Usage
from aeforge_cli.journal.interface import MILLION, Journal, Limit
from aeforge_cli.journal.rules import stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aeforge_cli.api.operations import Operation
    from aeforge_cli.config.budget import Budget
    from aeforge_cli.config.prices import Prices

# The fields of an operation that a price may depend on, the weightiest first.
_PRICED_BY = ("ai_model", "scale", "resolution", "quality", "frame")


class Spending:
    """The budgets that hold, and the prices that count against those that are not in jobs."""

    def __init__(self, budgets: "Sequence[Budget]", prices: "Prices") -> None:
        self._budgets = [*dict.fromkeys(budgets)]  # the same may be set in several places
        self._prices = prices

    @property
    def unit(self) -> str | None:
        """What prices are in, if there are any."""
        return self._prices.unit if self._prices.table else None

    def limits(self, now: datetime) -> list[Limit]:
        """All budgets, for the period of `now`."""
        return [self._limit(budget, now) for budget in self._budgets]

    def _limit(self, budget: "Budget", now: datetime) -> Limit:
        from aeforge_cli.config.budget import Period

        in_jobs = budget.unit is None
        return Limit(
            amount=int(budget.amount if in_jobs else budget.amount * MILLION),
            unit=None if in_jobs else self._prices.unit,
            since=stamp(budget.period_start(now)),
            text=str(budget),
            resets_at=f"{budget.resets_at(now):{'' if budget.period is Period.DAY else '%Y-%m-%d '}%H:%M} UTC",
        )

    def price(self, operation: "Operation") -> int | None:
        """The price of a job in millionths of the unit, by what is sent; None where the user gave none."""
        sent = {part.name: part.value for part in operation.parts() if isinstance(part.value, str)}
        price = self._prices.of(operation.name.replace(" ", "-"), *(sent[name] for name in _PRICED_BY if name in sent))
        return None if price is None else math.ceil(price * MILLION)

    def required_price(self, operation: "Operation") -> int | None:
        """As `price`; raises Usage for a job without one under a budget that is not in jobs: none is ever guessed."""
        for budget in self._budgets:
            if budget.unit is None:
                continue
            if not budget.is_in(self._prices.unit):
                raise Usage(
                    f"The budget is in {budget.unit}, and the prices are in {self._prices.unit}",
                    hint="use one unit for both; aeforge config path prints the file's name",
                )
            if self.price(operation) is None:
                raise Usage(
                    f"There is no price for {operation.name}, and the budget {budget} needs one",
                    hint="add it to the profile's prices; aeforge config path prints the file's name",
                )
        return self.price(operation)

    def cost(self, operations: "Sequence[Operation]") -> str:
        """What the jobs would cost, as a clause; empty without prices."""
        prices = [self.price(operation) for operation in operations]
        known = [each for each in prices if each is not None]
        if not known:
            return ""
        unpriced = len(prices) - len(known)
        more = f" and {phrases.count(unpriced, 'job')} without a price" if unpriced else ""
        return f"; {phrases.price(sum(known), self.unit)}{more}"

    def left(
        self, operations: "Sequence[Operation]", journal: Journal, service: str, account: str, now: datetime
    ) -> str:
        """What is left of each budget, and how many of the jobs that is too little for; empty without a budget."""
        limits = self.limits(now)
        left = [max(0, limit.amount - journal.spent(service, account, limit.since, limit.unit)) for limit in limits]
        told = "".join(
            f"; budget {limit.text}: {_amount(limit, rest)} left" for limit, rest in zip(limits, left, strict=True)
        )
        untried = len(operations) - self._affordable(operations, limits, left)
        return f"{told}; {untried} will not be tried" if untried else told

    def _affordable(self, operations: "Sequence[Operation]", limits: "Sequence[Limit]", left: "Sequence[int]") -> int:
        """How many are submitted before one is too dear: after that none is tried."""
        rests = [*left]
        for number, operation in enumerate(operations):
            price = self.price(operation) or 0
            rests = [rest - (1 if limit.unit is None else price) for limit, rest in zip(limits, rests, strict=True)]
            if any(rest < 0 for rest in rests):
                return number
        return len(operations)


def _amount(limit: Limit, amount: int) -> str:
    return str(amount) if limit.unit is None else phrases.amount(amount)
