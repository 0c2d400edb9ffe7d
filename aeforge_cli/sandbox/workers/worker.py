"""The process in which pictures are worked: what may take seconds, gigabytes or a crash stays out of the server.

One order per line on stdin, one answer per line on stdout:
    {"operation", "fields", "pictures": {field: [path]}, "images": folder}  ->  {"images": [name]} or {"failed": reason}
"""

from __future__ import annotations

import functools
import json
import os
import queue
import secrets
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from aeforge_cli.sandbox.engine import Refused, load_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aeforge_cli.sandbox.engine import Engine

LONGEST_REASON = 2000


@dataclass(frozen=True)
class Order:
    operation: str
    fields: dict[str, object]
    pictures: dict[str, list[str]]
    images: str

    def field(self, name: str) -> str:
        return str(self.fields.get(name, ""))


def main() -> None:
    # A Ctrl-C, or a service manager's end, reaches all processes: it is the server's to judge, or this job would fail.
    for name in {"SIGINT", "SIGTERM", "SIGHUP"} & set(dir(signal)):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(5)  # the server answers first
    answers = _claim_stdout()
    engine = functools.cache(lambda: load_engine(sys.argv[1]))
    for line in _lines(sys.stdin.buffer):
        answers.write(json.dumps(answer(Order(**json.loads(line)), engine)).encode() + b"\n")
        answers.flush()


def answer(order: Order, engine: Callable[[], Engine]) -> dict[str, object]:
    from aeforge_cli.sandbox.workers import renderers

    try:
        return {"images": [_save(made, Path(order.images)) for made in renderers.make(order, engine)]}
    except Refused as refused:
        return {"failed": _cut(refused.reason)}
    except Exception as error:  # noqa: BLE001 - whatever a picture does to an engine, the next job is worked
        return {"failed": _cut(f"{type(error).__name__}: {error}")}


def _save(made: tuple[str, bytes], folder: Path) -> str:
    suffix, data = made
    name = f"{secrets.token_hex(16)}.{suffix}"
    (folder / name).write_bytes(data)
    return name


def _cut(reason: str) -> str:
    return reason if len(reason) <= LONGEST_REASON else reason[:LONGEST_REASON] + "…"


def _claim_stdout() -> BinaryIO:
    """What engines and their libraries print goes to stderr: stdout carries answers alone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


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
