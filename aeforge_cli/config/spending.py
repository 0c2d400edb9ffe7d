"""What may be spent, and what a job costs: the user's budgets and prices as the journal counts them."""

from datetime import datetime
from typing import TYPE_CHECKING

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
        self._budgets = budgets
        self._prices = prices

    @property
    def unit(self) -> str | None:
        """What prices are in, if there are any."""
        return self._prices.unit if self._prices.table else None

    def limits(self, now: datetime) -> list[Limit]:
        """All budgets, for the period of `now`."""
        return [self._limit(budget, now) for budget in self._budgets]

    def _limit(self, budget: "Budget", now: datetime) -> Limit:
        in_jobs = budget.unit is None
        return Limit(
            amount=int(budget.amount if in_jobs else budget.amount * MILLION),
            unit=None if in_jobs else self._prices.unit,
            since=stamp(budget.period_start(now)),
            text=str(budget),
            resets_at=f"{budget.resets_at(now):%Y-%m-%d %H:%M} UTC",
        )

    def price(self, operation: "Operation") -> int | None:
        """The price of a job in millionths of the unit; None where the user gave none."""
        details = [str(getattr(operation, name)) for name in _PRICED_BY if hasattr(operation, name)]
        price = self._prices.of(operation.name.replace(" ", "-"), *details)
        return None if price is None else int(price * MILLION)

    def require_price(self, operation: "Operation") -> None:
        """Raises Usage for a job without a price under a budget that is not in jobs: it is refused, never guessed."""
        for budget in self._budgets:
            if budget.unit is None:
                continue
            if not budget.is_in(self._prices.unit):
                raise Usage(
                    f"The budget is in {budget.unit}, and the prices are in {self._prices.unit}",
                    hint="give both in one unit: aeforge config path names the file",
                )
            if self.price(operation) is None:
                raise Usage(
                    f"There is no price for {operation.name}, and the budget {budget} needs one",
                    hint="add it to the prices table of the profile: aeforge config path names the file",
                )

    def cost(self, operations: "Sequence[Operation]") -> str:
        """What the jobs would cost, as a clause; empty where a price is missing."""
        prices = [self.price(operation) for operation in operations]
        known = [price for price in prices if price is not None]
        return f"; {_shown(sum(known))} {self.unit}" if known and len(known) == len(prices) else ""

    def left(self, journal: Journal, service: str, account: str, now: datetime) -> str:
        """What is left of each budget, as a clause; empty without one."""
        clauses = []
        for limit in self.limits(now):
            rest = max(0, limit.amount - journal.spent(service, account, limit.since, limit.unit))
            clauses.append(f"budget {limit.text}: {rest if limit.unit is None else _shown(rest)} left")
        return "".join(f"; {clause}" for clause in clauses)


def _shown(millionths: int) -> str:
    return f"{millionths / MILLION:.6f}".rstrip("0").rstrip(".")
