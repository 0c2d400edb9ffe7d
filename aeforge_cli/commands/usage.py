"""`aeforge usage`: how many jobs were submitted in a time, and what they cost."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Annotated

import typer

from aeforge_cli.commands._shared.options import VerbosityOptions, with_options
from aeforge_cli.config.dates import end_of, moment
from aeforge_cli.errors import Usage
from aeforge_cli.journal.interface import UsageRow
from aeforge_cli.journal.rules import stamp
from aeforge_cli.output.tables import Column, Values
from aeforge_cli.phrases import amount
from aeforge_cli.session import Session


class By(StrEnum):
    DAY = "day"
    OPERATION = "operation"
    QUALITY = "quality"
    PROFILE = "profile"


def register(tree: typer.Typer) -> None:
    tree.command("usage")(usage)


@with_options
def usage(
    session: Session,
    verbosity: VerbosityOptions,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="First day (UTC), or age: 7d.", show_default="month's 1st"),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Last day.", show_default="now")] = None,
    by: Annotated[By, typer.Option("--by", help="How to group the jobs.")] = By.DAY,
) -> None:
    """Show how many jobs were submitted, and what they cost.

    Counted in this machine's journal, in all accounts; refused and unsent jobs and those of the sandbox are left out.
    Prices are those of your config file at the time. Unknown jobs may have been charged.

    Examples:

        aeforge usage

        aeforge usage --since 2026-01-01 --by operation --format csv
    """
    verbosity.apply(session)
    now = session.clock.now()
    end = end_of(until, now) if until else None
    begin = moment(since, now) if since else _month_of(end or now)
    _require_order(begin, end, now)
    found = session.journal.usage(by, stamp(begin), stamp(end) if end else _OPEN_END)
    rows = list(_rows(found, by))
    if not rows:
        session.console.note("no jobs were submitted in this period")
    session.console.rows(rows, _columns(rows, by), fields=(str(by), *_FIELDS), footer=_total(found, by))


_FIELDS = ("jobs", "failed", "unknown", "price", "unit", "unpriced")
_OPEN_END = "9999-12-31"  # after every time that is written


def _month_of(end: datetime) -> datetime:
    """The beginning of the month that ends, or is cut short, then."""
    last = end - timedelta(microseconds=1)
    return last.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _require_order(begin: datetime, end: datetime | None, now: datetime) -> None:
    if end is None and begin >= now:
        raise Usage("--since is in the future", hint="for example: --since 7d")
    if begin >= (end or now):
        raise Usage("--until is before --since", hint="for example: --since 2026-01-01 --until 2026-01-31")


def _rows(found: Sequence[UsageRow], by: By) -> Iterator[Values]:
    """A row for each heading; several for one whose prices are in several units."""
    for key, parts in groupby(found, key=lambda each: each.key):
        for unit, jobs in _by_unit(list(parts)):
            yield {str(by): key, **_sum(jobs, unit)}


def _by_unit(parts: Sequence[UsageRow]) -> Iterator[tuple[str | None, list[UsageRow]]]:
    """The parts by unit; jobs without any price go to the only unit there is."""
    units = sorted({each.unit for each in parts if each.unit and each.priced})
    if len(units) < 2:
        yield (units[0] if units else None), list(parts)
        return
    for unit in units:
        yield unit, [each for each in parts if each.unit == unit and each.priced]
    if rest := [each for each in parts if not (each.unit and each.priced)]:
        yield None, rest


def _sum(parts: Sequence[UsageRow], unit: str | None) -> dict[str, object]:
    jobs, priced = (sum(getattr(each, name) for each in parts) for name in ("jobs", "priced"))
    return {
        "jobs": jobs,
        "failed": sum(each.failed for each in parts),
        "unknown": sum(each.unknown for each in parts),
        "price": _number(amount(sum(each.price for each in parts))) if priced else None,
        "unit": unit if priced else None,
        "unpriced": jobs - priced,
    }


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _total(found: Sequence[UsageRow], by: By) -> list[Values]:
    """The line below the table."""
    return [{str(by): "total", **_sum(parts, unit)} for unit, parts in _by_unit(found)] if found else []


def _columns(rows: Sequence[Values], by: By) -> list[Column]:
    """Prices only where there are any."""
    columns = [Column.of(name) for name in (str(by), "jobs", "failed", "unknown")]
    if any(row["price"] is not None for row in rows):
        columns.append(Column("PRICE", _price))
        if any(row["unpriced"] for row in rows):
            columns.append(Column("WITHOUT PRICE", lambda row: str(row["unpriced"])))
    return columns


def _price(row: Values) -> str:
    return "-" if row["price"] is None else f"{row['price']} {row['unit']}"
