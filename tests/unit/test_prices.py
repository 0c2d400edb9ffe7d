"""Prices: the user's own, and of those that fit the one that says most of the job."""

from decimal import Decimal

import pytest

from aeforge_cli.config.prices import Prices, parse_prices
from aeforge_cli.config.toml_edit import parsed
from aeforge_cli.errors import ConfigInvalid

TEXT = """
unit = "credits"
inpaint.standard = 4
inpaint.pro = 10
upscale.4K = 0.30
"generate" = 3
"generate.GPT Image 2" = 12
"generate.gpt-image-1.5" = "7.5"
sprite.make.pro = 20
effect.pro = 5
effect.16 = 9
effect.pro-16 = 11
"""


def prices(text: str) -> Prices:
    return parse_prices(parsed(text), "prices")


OF = {
    ("inpaint", "pro"): "10",
    ("inpaint", "standard"): "4",
    ("inpaint", "best"): None,
    ("inpaint",): None,
    ("upscale", "4K"): "0.30",
    ("upscale", "4k"): "0.30",
    ("generate", "GPT Image 2"): "12",
    ("generate", "gpt-image-2"): "12",
    ("generate", "GPT Image 1.5"): "7.5",
    ("generate", "Nano Banana"): "3",
    ("sprite make", "121", "pro"): "20",
    ("effect", "pro", "4"): "5",
    ("effect", "pro", "16"): "11",
    ("effect", "standard", "16"): "9",
    ("split-layer",): None,
}


@pytest.mark.parametrize(("job", "price"), OF.items(), ids=str)
def test_the_price_that_says_most_of_a_job_holds(job: tuple[str, ...], price: str | None) -> None:
    assert prices(TEXT).of(*job) == (price and Decimal(price))


def test_of_two_that_say_equally_much_that_of_the_weightier_detail_holds() -> None:
    assert prices("effect.pro = 5\neffect.16 = 9").of("effect", "pro", "16") == 5


def test_numbers_are_kept_exactly() -> None:
    assert str(prices("inpaint.pro = 0.1000000001").of("inpaint", "pro")) == "0.1000000001"


def test_without_a_unit_prices_are_in_credits() -> None:
    assert prices("inpaint.pro = 1").unit == "credits"


WRONG = {
    "a text": ("inpaint.pro = 'much'", "prices.inpaint.pro is not a valid price: 'much'"),
    "a negative number": ("inpaint.pro = -1", "prices.inpaint.pro is not a valid price: '-1'"),
    "no number": ("inpaint.pro = nan", "prices.inpaint.pro is not a valid price: 'nan'"),
    "a truth": ("inpaint.pro = true", "prices.inpaint.pro: it must be text or a number, not true or false"),
    "a list": ("inpaint.pro = [1]", "prices.inpaint.pro: it must be text or a number, not a list"),
    "another operation": ("impaint.pro = 1", "prices.impaint.pro does not name an operation"),
    "a longer word": ("inpainting.pro = 1", "prices.inpainting.pro does not name an operation"),
    "twice": ("inpaint.pro = 1\ninpaint.PRO = 2", "prices.inpaint.PRO is a second price for the same thing"),
    "a number as unit": ("unit = 5", "prices.unit is not a valid unit"),
    "a unit of two words": ("unit = 'US dollars'", "prices.unit is not a valid unit"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_what_is_not_a_price_is_refused_with_its_name(text: str, message: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        prices(text)

    assert refused.value.message == message
