"""Journals of every kind, and other processes with the same one."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.journal.interface import Claimed, Intent, Journal, Reuse, State, Step
from aeforge_cli.journal.opening import open_journal
from tests.journal.cluster import Cluster, running
from tests.journal.wire import Wire, wire_to

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
JOB = "550e8400-e29b-41d4-a716-446655440000"
INTENT = Intent(
    work="f00d",
    service="https://api.test/v1",
    account="a1b2",
    operation="inpaint",
    input="photo.png",
    prompt="blue sky",
    output="/out/sky.png",
    quality="pro",
    profile="work",
    price=1_500_000,
    unit="credits",
    details={"fields": {"prompt": "blue sky"}, "inputs": [{"name": "photo.png", "sha256": "aa"}]},
)
FILE = SavedFile("/out/sky.png", "https://cdn.test/a.png?Signature=secret", 7, "ab", 16, 16, "png")


def job_id(number: int) -> str:
    return f"550e8400-e29b-41d4-a716-{number:012d}"


@dataclass
class Worker:
    """Another process; `lines` are those that it said so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def hears(self) -> str:
        assert self.process.stdout is not None
        self.lines.append(self.process.stdout.readline().rstrip("\n"))
        return self.lines[-1]

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def finish(self) -> list[str]:
        """All that it said, once it has ended."""
        output, _ = self.process.communicate("\n\n\n", timeout=100)
        self.lines += output.splitlines()
        return self.lines

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@dataclass
class Journals:
    """One journal; each call opens it once more, as another process would."""

    url: str
    folder: Path
    opened: list[Journal] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)

    def __call__(self, *, history: bool = True, folder: Path | None = None) -> Journal:
        self.opened.append(open_journal(self.url, folder or self.folder, history=history))
        return self.opened[-1]

    def worker(self, action: str, *words: str, under: Sequence[str] = ()) -> Worker:
        """A process that opens the journal, and waits for `go`; `under` is a command that runs another."""
        process = subprocess.Popen(
            [*under, sys.executable, "-m", "tests.journal.worker", self.url, str(self.folder), action, *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.workers.append(Worker(process))
        return self.workers[-1]

    def together(self, action: str, *words: list[str]) -> list[list[str]]:
        """Processes that begin at the same time; what each said after it had opened the journal."""
        workers = [self.worker(action, *mine) for mine in words]
        for worker in workers:
            assert worker.hears() == "open"
        for worker in workers:
            worker.go()
        return [worker.finish()[1:] for worker in workers]

    def close(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.kill()
            for pipe in (worker.process.stdin, worker.process.stdout):
                if pipe is not None:
                    pipe.close()
        for journal in self.opened:
            journal.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running() as found:
        yield found


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The URL of an empty database."""
    yield cluster.url()
    cluster.run("DROP SCHEMA IF EXISTS aeforge CASCADE")


@pytest.fixture(params=["sqlite", "postgres"])
def journals(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journals]:
    url = request.getfixturevalue("database") if request.param == "postgres" else ""
    found = Journals(url, tmp_path / "state")
    yield found
    found.close()


@pytest.fixture
def journal(journals: Journals) -> Journal:
    return journals()


def bought(journal: Journal, *states: State, intent: Intent = INTENT, job_id: str = JOB) -> int:
    """The number of a row that went through the states."""
    claim = journal.claim(intent, NOW, Reuse.NOTHING)
    assert isinstance(claim, Claimed)
    for state in states:
        known = None if state in {State.NOT_SENT, State.REJECTED, State.UNKNOWN} else job_id
        journal.record(claim.number, Step(state, job_id=known), NOW + timedelta(seconds=5))
    return claim.number


@pytest.fixture
def wire(cluster: Cluster) -> Iterator[Wire]:
    with wire_to(cluster.port) as found:
        yield found
