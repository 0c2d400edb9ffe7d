"""What a long journal costs: each question with 100 and with 100 000 rows, and durable changes a second.

    .venv/bin/python tests/benchmarks/journal.py                                   # in a temporary folder
    .venv/bin/python tests/benchmarks/journal.py postgresql://user@host/database   # an empty database, which it fills

The goal: at most 1.5 times the cost, in time and memory.
"""

import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import Claimed, Intent, Journal, Limit, Reuse, State, Step
from aeforge_cli.journal.opening import open_journal
from aeforge_cli.journal.rules import Run, new_row, stamp
from aeforge_cli.journal.sql_journal import SqlJournal
from aeforge_cli.journal.tables import Tables

FEW, MANY, CALLS, OPENED = 100, 100_000, 300, 50
EVERY = 10  # of so many jobs one has failed
NOW = datetime.now(UTC)
SERVICE, ACCOUNT = "https://api.test/v1", "a1b2"
QUESTIONS: dict[str, Callable[[Journal, int], object]] = {
    "rows(limit=5)": lambda journal, _: list(journal.rows(limit=5)),
    "rows(pending)": lambda journal, _: list(journal.rows(pending=True, limit=5)),
    "rows(failed)": lambda journal, _: list(journal.rows(failed=True, limit=5)),
    "last()": lambda journal, _: journal.last(),
    "row": lambda journal, which: journal.row(which + 1),
    "by_job_id": lambda journal, which: journal.by_job_id(job_id(which)),
    "begins_with": lambda journal, which: journal.begins_with(job_id(which)[:13]),
    "made": lambda journal, which: journal.made(f"sha-{which}"),
    "saved_at": lambda journal, which: journal.saved_at(f"/out/{which}.png"),
    "of_work": lambda journal, which: journal.of_work(f"work-{which}", SERVICE),
    "count_pending": lambda journal, _: journal.count_pending(),
    "claim (kept)": lambda journal, which: journal.claim(intent(which), NOW, Reuse.FINISHED),
}


def job_id(which: int) -> str:
    return f"{which * 2654435761 % 2**32:08x}-e29b-41d4-a716-{which:012d}"


def intent(which: int | str) -> Intent:
    return Intent(f"work-{which}", SERVICE, ACCOUNT, "inpaint", f"photos/{which}.png", "blue sky", f"/out/{which}.png")


def fill(journal: SqlJournal, numbers: range) -> None:
    """Finished jobs of a run that is over, in as few transactions as memory allows."""
    run = Run("an-earlier-run", journal.host, "9999", lives=lambda _run: False, lived=lambda _run: False)

    def some(first: int) -> Callable[[Tables], None]:
        def change(tables: Tables) -> None:
            for which in range(first, min(first + 10_000, numbers.stop)):
                failed = which % EVERY == 0
                row = new_row(intent(which), "2026-01-01T00:00:00.000+00:00", run)._replace(
                    state=State.FAILED if failed else State.SAVED, job_id=job_id(which)
                )
                saved = SavedFile(f"/out/{which}.png", "https://cdn.test/a.png", 7, f"sha-{which}", 16, 16, "png")
                number = tables.insert(row)
                tables.save_files(tables.file_values(number, [] if failed else [(0, saved)], row.updated), are_new=True)

        return change

    for first in range(numbers.start, numbers.stop, 10_000):
        journal._write(some(first))


class Cost(NamedTuple):
    """Milliseconds of a call, and of opening the journal for it as a command does; the peak of its memory in kB."""

    asked: float
    opened: float
    memory: float

    def __truediv__(self, other: "Cost") -> "Cost":
        return Cost(*(mine / its for mine, its in zip(self, other, strict=True)))


def measured(open_one: Callable[[], Journal], call: Callable[[Journal, int], object], rows: int) -> Cost:
    with closing(open_one()) as journal:
        asked = statistics.median(timed(partial(call, journal, which)) for which in some(rows, CALLS))
        tracemalloc.start()
        call(journal, 1)
        peak = tracemalloc.get_traced_memory()[1] / 1024
        tracemalloc.stop()

    def opened(which: int) -> None:
        with closing(open_one()) as journal:
            call(journal, which)

    return Cost(asked, statistics.median(timed(partial(opened, which)) for which in some(rows, OPENED)), peak)


def some(rows: int, count: int) -> list[int]:
    """Finished jobs, all over the journal."""
    found = ((number * 7919 + 1) % rows for number in range(count))
    return [which + (which % EVERY == 0) for which in found]


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def throughput(journal: Journal, threads: int, count: int, *, limits: list[Limit]) -> float:
    """Claims a second, each followed by a record of its id."""

    def one(number: int) -> None:
        claim = journal.claim(intent(f"{threads}-{len(limits)}-{number}"), NOW, Reuse.FINISHED, limits=limits)
        assert isinstance(claim, Claimed)
        journal.record(claim.number, Step(State.ACCEPTED, job_id=f"job-{number}"), NOW)

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(count)))
    return count / (time.perf_counter() - began)


def main(url: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:

        def open_one() -> Journal:
            return open_journal(url, Path(folder), history=True)

        with closing(open_one()) as journal:
            lengths(journal, open_one)
            rates(journal)


def lengths(journal: Journal, open_one: Callable[[], Journal]) -> None:
    assert isinstance(journal, SqlJournal)
    fill(journal, range(FEW))
    few = {name: measured(open_one, call, FEW) for name, call in QUESTIONS.items()}
    took = timed(lambda: fill(journal, range(FEW, MANY)))
    print(f"{MANY} rows written in {took / 1000:.1f} s\n")
    print(f"{'':16}{'opened and asked':>26}{'asked again':>26}{'memory':>8}")
    for name, call in QUESTIONS.items():
        short, long = few[name], measured(open_one, call, MANY)
        ratio = long / short
        print(
            f"{name:16}{short.opened:8.2f} ->{long.opened:6.2f} ms{ratio.opened:5.2f}x"
            f"{short.asked:8.3f} ->{long.asked:6.3f} ms{ratio.asked:5.2f}x{ratio.memory:7.2f}x"
        )


def rates(journal: Journal) -> None:
    budget = Limit(10**9, None, stamp(NOW), "a budget", "")
    for threads in (1, 12, 64):
        for limits in ([], [budget]):
            rate = throughput(journal, threads, 30 * threads + 100, limits=limits)
            print(f"{threads} threads{', a budget' if limits else ''}: {rate:.0f} claims with a record a second")


if __name__ == "__main__":
    main(*sys.argv[1:])
