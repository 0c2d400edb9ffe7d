"""Several processes with one list: nothing is paid for twice, and what one leaves behind the others finish.

On one machine they share a state folder; machines each have their own, and share a journal on a server.
"""

import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aeforge_cli.errors import Exit
from aeforge_cli.jobs.batch import UPLOADERS
from tests.conftest import Aeforge, Run, Running, make_home, png
from tests.faults.conftest import SOAK
from tests.faults.fake import Fake
from tests.faults.origin import Request
from tests.journal.cluster import Cluster
from tests.journal.test_group_commit import wait_until

PROCESSES = 4
JOBS = 40 if SOAK == 1 else 250 * SOAK
OVERHEAD = 1.5  # polls a job that all processes together may take beyond those that one needs
SILENCE = 50.0  # seconds
if SOAK > 1:
    pytestmark = pytest.mark.timeout(0)  # see Farm.finish


@dataclass
class Farm:
    """Processes with one journal; `url` is a server's, or nothing for the file in a state folder that all share."""

    root: Path
    fake: Fake
    url: str = ""
    machines: list[Aeforge] = field(default_factory=list)
    workers: list[Running] = field(default_factory=list)

    def machine(self) -> Aeforge:
        """Another place to work in, with a disk of its own if the journal is a server's."""
        self.machines.append(Aeforge(make_home(self.root / f"machine-{len(self.machines)}")))
        return self.machines[-1]

    def start(self, *options: str, out: Path | None = None) -> Running:
        """One more process with the whole list."""
        here = self.machine()
        shared = {"AEFORGE_JOURNAL": self.url} if self.url else {"AEFORGE_STATE_DIR": str(self.root / "state")}
        self.workers.append(
            here.start(
                *("inpaint", self.photos, "-p", "blue sky", "-o", f"{out or here.home.work / 'out'}/"),
                *("--yes", "--resume", "--json", "-j", "16", *options),
                env={**self.fake.env, **shared},
            )
        )
        return self.workers[-1]

    @property
    def photos(self) -> Path:
        return self.root / "photos"

    def files(self, machine: int) -> list[str]:
        return sorted(path.name for path in (self.machines[machine].home.work / "out").glob("*.png"))

    def finish(self, *workers: Running) -> list[Run]:
        """Hears all at once: one whose pipe is full stops, and others may wait for what it holds.

        However slow the machine is, they may go on; those that have not asked the service for a while are ended.
        """
        heard = workers or self.workers
        with ThreadPoolExecutor(PROCESSES) as pool:
            ends = [pool.submit(worker.finish, within=None) for worker in heard]
            asked = -1
            while wait(ends, SILENCE).not_done and asked != (asked := self._asked):
                pass
            for worker in heard:
                worker.process.kill()
            return [end.result() for end in ends]

    @property
    def _asked(self) -> int:
        return len(self.fake.api.requests) + len(self.fake.cdn.requests)

    @property
    def polls(self) -> float:
        """Polls a job."""
        return len(self.fake.looks()) / JOBS


@pytest.fixture
def fake() -> Iterator[Fake]:
    found = Fake()
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgres"])
def farm(request: pytest.FixtureRequest, tmp_path: Path, fake: Fake) -> Iterator[Farm]:
    url = request.getfixturevalue("database") if request.param == "postgres" else ""
    found = Farm(tmp_path, fake, url)
    found.photos.mkdir()
    for number in range(JOBS):
        (found.photos / f"{number:03}.png").write_bytes(png(1000 + number))
    yield found
    for machine in found.machines:
        machine.close()


def paid_once(farm: Farm) -> bool:
    return (len(farm.fake.charged), farm.fake.bought_twice) == (JOBS, [])


def test_each_process_has_the_whole_list_on_its_disk_and_each_job_is_paid_for_once(farm: Farm) -> None:
    for _ in range(PROCESSES):
        farm.start()

    runs = farm.finish()

    assert [run.exit for run in runs] == [0] * PROCESSES
    assert paid_once(farm)
    assert [len(farm.files(machine)) for machine in range(PROCESSES)] == [JOBS] * PROCESSES
    assert farm.polls <= PROCESSES + OVERHEAD  # a result is had by polling: once for each folder that it goes to


def test_processes_that_save_to_one_folder_poll_little_more_than_one_process(farm: Farm, tmp_path: Path) -> None:
    farm.fake.pending = 1
    for _ in range(PROCESSES):
        farm.start(out=tmp_path / "out")

    runs = farm.finish()

    assert [run.exit for run in runs] == [0] * PROCESSES
    assert paid_once(farm)
    assert len(list((tmp_path / "out").glob("*.png"))) == JOBS
    assert farm.polls <= 2 + OVERHEAD


@pytest.fixture
def machines(tmp_path: Path, fake: Fake, farm: Farm) -> Farm:
    if not farm.url:
        pytest.skip("one state folder is one machine")
    return farm


def test_machines_that_share_leave_to_each_other_what_each_has_made(machines: Farm) -> None:
    machines.fake.pending = 1
    for _ in range(PROCESSES):
        machines.start("--share")

    runs = machines.finish()

    statuses = Counter(row["status"] for run in runs for row in run.rows)
    assert [run.exit for run in runs] == [0] * PROCESSES
    assert paid_once(machines)
    assert statuses == {"Succeed": JOBS, "Elsewhere": (PROCESSES - 1) * JOBS}
    assert sorted(name for machine in range(PROCESSES) for name in machines.files(machine)) == [
        f"{number:03}.png" for number in range(JOBS)
    ]
    assert machines.polls <= 2 + OVERHEAD


def test_a_machine_that_comes_late_leaves_to_the_others_what_they_have_made(machines: Farm) -> None:
    machines.finish(machines.start("--share"))

    [dry, late] = (machines.finish(machines.start("--share", *options))[0] for options in (("--dry-run",), ()))

    assert dry.stderr.splitlines()[-1] == f"{JOBS} saved elsewhere"
    assert (late.exit, {row["status"] for row in late.rows}, machines.files(1)) == (0, {"Elsewhere"}, [])
    assert f"{JOBS} done; {JOBS} elsewhere; " in late.stderr
    assert paid_once(machines)


def test_what_a_killed_process_had_paid_for_is_finished_and_what_it_was_sending_is_in_doubt(farm: Farm) -> None:
    farm.fake.pending = 2
    silence = Silence(after=8)
    farm.fake.submissions.always(silence)
    killed = farm.start()
    farm.fake.wait_for_posts(silence.after + 2)
    killed.send(signal.SIGKILL)
    killed.finish()
    silence.ends.set()
    for _ in range(PROCESSES - 1):
        farm.start()

    survivors = farm.finish(*farm.workers[1:])

    (lost,) = {tuple(sorted(lost_answers(run))) for run in survivors}
    assert 2 <= len(lost) <= UPLOADERS
    assert [len(run.rows) for run in survivors] == [JOBS - len(lost)] * (PROCESSES - 1)
    assert [run.exit for run in survivors] == [Exit.PARTIAL] * (PROCESSES - 1)
    assert farm.fake.bought_twice == []


@pytest.mark.skipif(SOAK == 1, reason="takes 30 s: AEFORGE_SOAK=2")
def test_what_a_stopped_process_had_paid_for_is_finished_by_the_others(farm: Farm) -> None:
    farm.fake.pending = 1000
    stopped = farm.start("-j", "8")  # taken over after a quarter of the others' timeout
    farm.fake.wait_for_looks(24)  # all eight are paid for, and known to be
    stopped.send(signal.SIGSTOP)
    farm.fake.finish()
    for _ in range(PROCESSES - 1):
        farm.start("--timeout", f"{60 * SOAK}")

    survivors = farm.finish(*farm.workers[1:])
    stopped.send(signal.SIGCONT)
    late = stopped.finish()

    assert [run.exit for run in (*survivors, late)] == [0] * PROCESSES
    assert [len(farm.files(machine)) for machine in range(PROCESSES)] == [JOBS] * PROCESSES
    assert paid_once(farm)


@dataclass
class Silence:
    """Answers so many submissions; the others wait until it ends."""

    after: int
    answered: int = 0
    ends: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, _request: Request) -> None:
        with self.lock:
            self.answered += 1
            is_heard = self.answered <= self.after
        if not is_heard:
            self.ends.wait(40)


def lost_answers(run: Run) -> list[int]:
    """The places in the list of the jobs that may or may not exist."""
    errors = [json.loads(line)["error"] for line in run.stderr.splitlines() if line.startswith('{"error"')]
    return [error["index"] for error in errors if error["exit"] == Exit.SUBMIT_UNKNOWN]


def test_a_server_that_is_started_again_in_mid_run_costs_neither_a_job_nor_a_second_payment(
    machines: Farm, cluster: Cluster
) -> None:
    machines.fake.pending = 1000
    for _ in range(PROCESSES):
        machines.start()
    machines.fake.wait_for_posts(10)
    living = "SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
    wait_until(lambda: len(cluster.run(living)) == PROCESSES)
    cluster.stop()
    machines.fake.finish()
    time.sleep(1.0)
    cluster.start()

    runs = machines.finish()

    assert [(run.exit, run.stderr.count('"error"')) for run in runs] == [(0, 0)] * PROCESSES
    assert paid_once(machines)
    assert [len(machines.files(machine)) for machine in range(PROCESSES)] == [JOBS] * PROCESSES
