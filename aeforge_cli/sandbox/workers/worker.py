"""The process in which pictures are worked: what may take seconds, gigabytes or a crash stays out of the server.

One order per line on stdin, one outcome per line on stdout.
"""

from __future__ import annotations

import functools
import os
import queue
import re
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from aeforge_cli.sandbox.engine import Refused, load_engine
from aeforge_cli.sandbox.workers.order import NotRendered, Order, Outcome, Rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aeforge_cli.sandbox.engine import Engine

LONGEST_REASON = 2000


def main() -> None:
    # A Ctrl-C, or a service manager's end, reaches all processes: it is the server's to judge, or this job would fail.
    for name in {"SIGINT", "SIGTERM", "SIGHUP"} & set(dir(signal)):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(5)  # the server answers first
    outcomes = _claim_stdout()
    engine = functools.cache(lambda: load_engine(sys.argv[1]))
    for line in _lines(sys.stdin.buffer):
        outcomes.write(carry_out(Order.from_line(line), engine).as_line())
        outcomes.flush()


def carry_out(order: Order, engine: Callable[[], Engine]) -> Outcome:
    """Saves what the order makes; whatever goes wrong on the way is the reason why nothing was made."""
    from aeforge_cli.sandbox.workers import renderers

    try:
        return Rendered([_save(made, Path(order.images)) for made in renderers.make(order, engine)])
    except Refused as refused:
        return NotRendered(_one_line(refused.reason))
    except Exception as error:  # noqa: BLE001 - whatever a picture does to an engine, the next job is worked
        return NotRendered(_one_line(f"{type(error).__name__}: {error}"))


def _save(made: tuple[str, bytes], folder: Path) -> str:
    suffix, data = made
    name = f"{secrets.token_hex(16)}.{suffix}"
    (folder / name).write_bytes(data)
    return name


def _one_line(reason: str) -> str:
    """A reason is read in logs, in terminals and in JSON: an engine's list of what it can do becomes a sentence."""
    listed = re.sub(r"\s*\n\s*- ", "; ", reason).replace(":; ", ": ")
    text = " ".join(listed.split())
    return text if len(text) <= LONGEST_REASON else text[:LONGEST_REASON] + "…"


def _claim_stdout() -> BinaryIO:
    """What engines and their libraries print goes to stderr: stdout carries outcomes alone."""
    outcomes = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return outcomes


def _lines(orders: BinaryIO) -> Iterator[bytes]:
    """Ends this process, in the middle of a job too, as soon as the server is gone."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in orders:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield lines.get()


if __name__ == "__main__":
    main()
