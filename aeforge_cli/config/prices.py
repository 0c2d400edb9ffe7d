"""What a job costs, as the user wrote it down: the service publishes no prices."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from aeforge_cli.config.values import quoted, text_of
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import ConfigInvalid, Usage

if TYPE_CHECKING:
    from decimal import Decimal

DEFAULT_UNIT = "credits"
_PRICE_EXAMPLE = "write a number, for example 4 or 0.25"


@dataclass(frozen=True)
class Prices:
    """Prices in one unit, by operation and whatever else of a job they depend on."""

    unit: str
    table: Mapping[str, "Decimal"]

    def of(self, operation: str, *details: str) -> "Decimal | None":
        """The price that says most of such a job; None where none applies.

        `details` are values of its options in the order of their weight, such as the model and the quality. Upper
        case, spaces and hyphens make no difference: `GPT Image 2` is `gpt-image-2`. Of two prices that say equally
        much, that of the weightier detail holds.
        """
        for count in range(len(details), -1, -1):
            for chosen in combinations(details, count):
                if (price := self.table.get(_normal((operation, *chosen)))) is not None:
                    return price
        return None


def parse_prices(table: Mapping[str, object], place: str) -> Prices:
    """The prices of a config file's table; `place` is its name. Raises ConfigInvalid, naming the key."""
    unit = table.get("unit", DEFAULT_UNIT)
    if not (isinstance(unit, str) and re.fullmatch(r"[^\s/0-9]{1,24}", unit) and unit.isprintable()):
        raise ConfigInvalid(f"{place}.unit is not a valid unit", hint='for example unit = "credits"')
    prices: dict[str, Decimal] = {}
    for path, value in _leaves({name: value for name, value in table.items() if name != "unit"}):
        key = ".".join((place, *(name if name.isidentifier() else f'"{name}"' for name in path)))
        if (name := _normal(path)) in prices:
            raise ConfigInvalid(f"{key} is a second price for the same thing", hint="remove one of them")
        _require_operation(path, key)
        prices[name] = _amount(value, key)
    return Prices(unit, prices)


def _leaves(table: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _require_operation(path: tuple[str, ...], key: str) -> None:
    """A price of nothing is a slip of the pen, and would be missed only when a job is refused."""
    from aeforge_cli.api.operations import OPERATIONS

    known = sorted({kind.name.replace(" ", "-") for kind in OPERATIONS})
    name = _normal(path)
    if not any(name == each or name.startswith(f"{each}-") for each in known):
        raise ConfigInvalid(f"{key} does not name an operation", hint=f"the operations are {', '.join(known)}")


def _amount(value: object, key: str) -> "Decimal":
    from decimal import Decimal

    try:
        text = text_of(value)  # numbers with a point arrive as text, so that none is rounded
    except Usage as error:
        raise ConfigInvalid(f"{key}: {error.message}", hint=_PRICE_EXAMPLE) from None
    if not re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,12})?", text):
        raise ConfigInvalid(f"{key} is not a valid price: {quoted(text)}", hint=_PRICE_EXAMPLE)
    return Decimal(text)


def _normal(path: tuple[str, ...]) -> str:
    return "-".join(re.sub(r"[\s._-]+", "-", name.strip()).casefold() for name in path)
