"""How counts, sizes and times are put into words, the same in every message."""

from datetime import datetime


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 job`, `2 jobs`; `plural` for a noun that takes more than an s."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def size(number: int) -> str:
    """A number of bytes in the largest decimal unit that fits."""
    if number < 1000:
        return count(number, "byte")
    return f"{number / 1e3:.0f} kB" if number < 999_500 else f"{number / 1e6:.1f} MB"


def amount(millionths: int) -> str:
    """`2.5`: a price, without zeros at its end."""
    text = f"{millionths // 1_000_000}.{millionths % 1_000_000:06}"
    return text.rstrip("0").rstrip(".")


def price(millionths: int, unit: str | None) -> str:
    """`2.5 credits`, `1 credit`."""
    number = amount(millionths)
    return f"{number} {'credit' if number == '1' and unit == 'credits' else unit}"


def duration(seconds: float) -> str:
    """`9 s`, `2 min 5 s`, `1 h 3 min`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole // 60 % 60} min"


def ago(then: datetime, now: datetime) -> str:
    """How long ago that was in its largest unit, as `3 min ago`; days for all that is older than two of them."""
    seconds = max(0, int((now - then).total_seconds()))
    for limit, unit, word in ((60, 1, "s"), (3600, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds // unit} {word} ago"
    return f"{count(seconds // 86400, 'day')} ago"
