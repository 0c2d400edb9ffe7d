"""The process: what it listens on, and what ends it."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from aeforge_cli.sandbox import PortInUse, SandboxUnavailable
from aeforge_cli.sandbox.app import Origins, create_app
from aeforge_cli.sandbox.engine import engine_names
from aeforge_cli.sandbox.http.connections import Connection
from aeforge_cli.sandbox.store import JobStore
from aeforge_cli.sandbox.workers.worker_pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from aeforge_cli.sandbox import SandboxOptions

STAND_IN = ("X-Aeforge-Sandbox", "stand-in; not the AetherForge service")
SHUTDOWN_SECONDS = 1
# Longer than anyone waits between two polls: a connection closed as a request goes out is a fault nobody asked for.
KEEP_ALIVE_SECONDS = 75
LONGEST_LINE = 300


def run(
    options: SandboxOptions, *, ready: Callable[[str], None], log: Callable[[str], None], stop_when: Callable[[], bool]
) -> list[str]:
    if options.engine not in engine_names():
        raise SandboxUnavailable(f"There is no engine {options.engine!r}. There are: {', '.join(engine_names())}.")
    with ExitStack() as stack:
        folder = options.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aeforge-sandbox-")))
        sockets = [stack.enter_context(_listening(options.host, port)) for port in (options.port, 0)]
        jobs = JobStore(folder)
        stack.enter_context(jobs.opened())
        asyncio.run(_serve(options, jobs, sockets, ready=ready, log=_in_one_line(log), stop_when=stop_when))
        unfetched = list[str](jobs.unfetched())
        if options.tidy and options.state:
            jobs.tidy()
        return unfetched


async def _serve(
    options: SandboxOptions,
    jobs: JobStore,
    sockets: list[socket.socket],
    *,
    ready: Callable[[str], None],
    log: Callable[[str], None],
    stop_when: Callable[[], bool],
) -> None:
    worker_pool = WorkerPool(jobs, engine=options.engine, delay=options.faults.delay, log=log)
    api, images = sockets
    origins = Origins(api=_origin(api), images=_origin(images), images_port=images.getsockname()[1])
    config = uvicorn.Config(
        create_app(options, jobs, origins, enqueue=worker_pool.enqueue, log=log),
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        headers=[STAND_IN],
        limit_concurrency=options.max_connections,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    with _uvicorn_logged(log):
        async with asyncio.TaskGroup() as tasks:
            working = tasks.create_task(worker_pool.work())
            if not options.tidy:  # else it ends with the command that started it
                log(f"page {origins.api}/ shows the jobs")
            await Server(config, ready=lambda: ready(origins.base_url), stop_when=stop_when).serve(sockets)
            working.cancel()


class Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None], stop_when: Callable[[], bool]) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop_when = stop_when

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stop_when()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn's own, this does not raise the signal again: to be stopped is how a sandbox ends."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in _stop_signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def _stop_signals() -> Iterator[signal.Signals]:
    yield from (signal.SIGINT, signal.SIGTERM)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as under nohup
        yield signal.SIGHUP


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        why = f"The sandbox cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}."
        raise (PortInUse if error.errno == errno.EADDRINUSE else SandboxUnavailable)(why) from error
    with listener:
        yield listener


def _origin(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _in_one_line(log: Callable[[str], None]) -> Callable[[str], None]:
    """Text from clients reaches a terminal in the end: nothing in it may steer one."""

    def one_line(text: str) -> None:
        cut = text if len(text) <= LONGEST_LINE else text[:LONGEST_LINE] + "…"
        log("".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut))

    return one_line


@contextmanager
def _uvicorn_logged(log: Callable[[str], None]) -> Iterator[None]:
    logger = logging.getLogger("uvicorn.error")
    handler = _ToLog(log)
    before = logger.propagate, logger.level
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate, logger.level = before


class _ToLog(logging.Handler):
    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        self._log(record.getMessage().strip() + (f": {cause!r}" if cause else ""))
