"""Which process works which job when: a few slots, each with one process and one job at a time, oldest job first."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING, assert_never, cast

from aeforge_cli.sandbox.store import Ended
from aeforge_cli.sandbox.workers.order import NotRendered, Order, Rendered, outcome_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from aeforge_cli.sandbox.store import Job, JobStore
    from aeforge_cli.sandbox.workers.order import Outcome

SLOTS = 2
# One line carries an outcome: a few names, or the reason of a failure.
LONGEST_LINE = 1 << 20


class WorkerPool:
    def __init__(self, jobs: JobStore, *, engine: str, delay: float, log: Callable[[str], None]) -> None:
        self._jobs = jobs
        self._engine = engine
        self._delay = delay
        self._log = log
        self._queue: asyncio.Queue[Job] = asyncio.Queue()

    def enqueue(self, job: Job) -> None:
        self._queue.put_nowait(job)

    async def work(self) -> None:
        """Until cancelled: first what an earlier sandbox left unfinished, then what is enqueued."""
        for job in self._jobs.unfinished():
            self._log(f"job {job.job_id} resumes: {job.operation}")
            self.enqueue(job)
        async with asyncio.TaskGroup() as slots:
            for _ in range(SLOTS):
                slots.create_task(self._slot())

    async def _slot(self) -> None:
        worker = _Worker(self._engine, self._log)
        try:
            while True:
                await self._work_off(await self._queue.get(), worker)
        finally:
            await worker.stop()

    async def _work_off(self, job: Job, worker: _Worker) -> None:
        outcome: Outcome = NotRendered("chosen by the sandbox's options")
        if not job.will_fail:
            outcome = await worker.carry_out(self._order(job))
        since = max(time.time(), job.made + self._delay)
        match outcome:
            case Rendered(images):
                ended, told = Ended("Succeed", images, since), "done"
            case NotRendered(reason):
                ended, told = Ended("Failed", [], since, reason), f"failed: {reason}"
            case _:
                assert_never(outcome)
        try:
            await asyncio.to_thread(self._jobs.end, job, ended)
        except OSError as error:
            self._log(f"job {job.job_id} cannot be kept, and is left for the next start: {error}")
            return
        line = f"job {job.job_id} {told} ({since - job.made:.1f} s)"
        asyncio.get_running_loop().call_later(since - time.time(), self._log, line)

    def _order(self, job: Job) -> Order:
        pictures = {field: [str(self._jobs.path(job, name)) for name in names] for field, names in job.pictures.items()}
        return Order(job.operation, dict(job.fields), pictures, str(self._jobs.images))


class _Worker:
    """One process, started when there is something to work, and anew after it died."""

    def __init__(self, engine: str, log: Callable[[str], None]) -> None:
        self._engine = engine
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._relay: asyncio.Task[None] | None = None

    async def carry_out(self, order: Order) -> Outcome:
        process = self._process
        if process is None or process.returncode is not None:
            process = await self._start()
        # Made with pipes, so that neither is None.
        orders, outcomes = cast("asyncio.StreamWriter", process.stdin), cast("asyncio.StreamReader", process.stdout)
        orders.write(order.as_line())
        line = await outcomes.readline()
        if line.endswith(b"\n"):
            return outcome_from(line)
        return NotRendered(f"its process died (exit {await process.wait()})")

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._relay is not None:
            self._relay.cancel()

    async def _start(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        # -P: a numpy.py in the current folder is not ours. One BLAS thread: as fast here, for 40 % less CPU.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "aeforge_cli.sandbox.workers.worker", self._engine,
            stdin=pipe, stdout=pipe, stderr=pipe, limit=LONGEST_LINE,
            env={"OPENBLAS_NUM_THREADS": "1", **os.environ},
        )  # fmt: skip
        self._relay = asyncio.create_task(self._relay_stderr(self._process))
        return self._process

    async def _relay_stderr(self, process: asyncio.subprocess.Process) -> None:
        stderr = cast("asyncio.StreamReader", process.stderr)
        while text := await stderr.read(LONGEST_LINE):
            for line in text.decode(errors="replace").splitlines():
                self._log(f"worker: {line}")
