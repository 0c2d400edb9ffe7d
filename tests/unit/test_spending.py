"""What may be spent, and what a job costs, in the words and numbers that the journal counts by."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aeforge_cli.api.operations import Inpaint, Operation, Quality, Resolution, Upscale
from aeforge_cli.config.budget import Budget, parse_budget
from aeforge_cli.config.prices import Prices, parse_prices
from aeforge_cli.config.spending import Spending
from aeforge_cli.config.toml_edit import parsed
from aeforge_cli.errors import Usage
from aeforge_cli.journal.interface import Intent, Limit, NoJournal, Reuse
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.unit.conftest import picture

NOW = datetime(2026, 11, 25, 18, 30, tzinfo=UTC)  # a Wednesday
PRICES = 'unit = "credits"\ninpaint.standard = 1\ninpaint.pro = 2.5\nupscale.4K = 0.0000001'


def spending(*budgets: str, prices: str = PRICES) -> Spending:
    found: list[Budget] = [budget for text in budgets if (budget := parse_budget(text))]
    return Spending(found, parse_prices(parsed(prices), "prices"))


def edit(quality: Quality = Quality.STANDARD) -> Operation:
    return Inpaint(picture(), "blue sky", quality)


def test_each_budget_is_a_limit_since_its_own_period_began() -> None:
    limits = spending("200/day", "1.5 credits/week", "30 credit/month").limits(NOW)

    assert limits == [
        Limit(200, None, "2026-11-25T00:00:00.000+00:00", "200/day", "00:00 UTC"),
        Limit(1_500_000, "credits", "2026-11-23T00:00:00.000+00:00", "1.5 credits/week", "2026-11-30 00:00 UTC"),
        Limit(30_000_000, "credits", "2026-11-01T00:00:00.000+00:00", "30 credit/month", "2026-12-01 00:00 UTC"),
    ]


@pytest.mark.parametrize(
    ("operation", "price"),
    [
        (edit(), 1_000_000),
        (edit(Quality.PRO), 2_500_000),
        (Upscale(picture(), Resolution.TWO_K), None),
        (Upscale(picture(), Resolution.FOUR_K), 1),  # less than can be counted is not nothing
    ],
    ids=["standard", "pro", "no price", "tiny"],
)
def test_a_price_is_counted_in_millionths(operation: Operation, price: int | None) -> None:
    assert spending().price(operation) == price


def test_a_budget_in_jobs_needs_no_prices() -> None:
    assert spending("5/day", prices="").required_price(edit()) is None


def test_under_a_budget_in_credits_work_without_a_price_is_refused() -> None:
    ours = spending("5/day", "30 credits/month")

    assert ours.required_price(edit()) == 1_000_000
    with pytest.raises(Usage, match="There is no price for upscale, and the budget 30 credits/month needs one"):
        ours.required_price(Upscale(picture()))


def test_a_budget_in_another_unit_than_the_prices_is_refused() -> None:
    with pytest.raises(Usage, match="The budget is in EUR, and the prices are in credits"):
        spending("5 EUR/day").required_price(edit())


@pytest.mark.parametrize(
    ("operations", "clause"),
    [
        ([edit(), edit(Quality.PRO)], "; 3.5 credits"),
        ([edit()], "; 1 credit"),
        ([edit(), Upscale(picture())], "; 1 credit and 1 job without a price"),
        ([Upscale(picture())], ""),
        ([], ""),
    ],
    ids=["all known", "one", "some known", "none known", "none"],
)
def test_what_a_plan_costs_is_said_as_far_as_it_is_known(operations: list[Operation], clause: str) -> None:
    assert spending().cost(operations) == clause


def test_what_is_left_of_each_budget_is_said(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path)
    for number in range(3):
        journal.claim(
            Intent(str(number), "service", "account", "inpaint", price=2_500_000, unit="credits"), NOW, Reuse.NOTHING
        )

    left = spending("5/day", "10 credits/month", "1/week").left([], journal, "service", "account", NOW)

    journal.close()
    assert left == "; budget 5/day: 2 left; budget 10 credits/month: 2.5 left; budget 1/week: 0 left"


def test_a_budget_that_is_set_in_several_places_is_said_once() -> None:
    assert [limit.text for limit in spending("5/day", "5 jobs/day", "6/day").limits(NOW)] == ["5/day", "6/day"]


@pytest.mark.parametrize(
    ("budgets", "untried"),
    [
        (("2/day",), "1 will not be tried"),
        (("9/day", "1/week"), "2 will not be tried"),
        (("3 credits/day",), "2 will not be tried"),
        (("3.5 credits/day", "3/day"), "1 will not be tried"),
        (("4.5 credits/day", "3/day"), "budget 3/day: 3 left"),
    ],
    ids=str,
)
def test_the_jobs_that_a_budget_is_too_little_for_are_counted(budgets: tuple[str, ...], untried: str) -> None:
    jobs = [edit(), edit(Quality.PRO), edit()]

    left = spending(*budgets).left(jobs, NoJournal(), "service", "account", NOW)

    assert left.split("; ")[-1] == untried


def test_without_prices_there_is_no_unit() -> None:
    assert (Spending((), Prices("credits", {})).unit, spending().unit) == (None, "credits")
