"""A journal's server that falls silent while an answer of the service is written: what was paid for is told."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Running, make_home, png
from tests.faults.fake import Fake
from tests.faults.origin import Request
from tests.journal.cluster import Cluster
from tests.journal.wire import Wire

ONE = ("inpaint", "0.png", "-p", "blue sky", "-o", "sky.png")
MANY = ("inpaint", "0.png", "1.png", "2.png", "-p", "blue sky", "-o", "out/", "--resume", "-j", "1")


@pytest.fixture
def fake() -> Iterator[Fake]:
    found = Fake()
    yield found
    found.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Aeforge]:
    found = Aeforge(make_home(tmp_path / "machine"))
    for number in range(3):
        (found.home.work / f"{number}.png").write_bytes(png(number))
    yield found
    found.close()


def silenced(machine: Aeforge, fake: Fake, wire: Wire, url: str, words: tuple[str, ...]) -> Running:
    """The command, once the service has answered it, and the server of the journal answers no more."""

    def fall_silent(_request: Request) -> None:
        wire.is_silent = True

    fake.submissions.always(fall_silent)
    # A runner of CI is given 5 s to end.
    running = machine.start(*words, env={**fake.env, "AEFORGE_JOURNAL": url, "CI": "true"})
    until = time.monotonic() + 60
    while not list(machine.home.state.glob("untaken/*.json")):
        assert time.monotonic() < until, "no note was kept"
        time.sleep(0.05)
    return running


@pytest.mark.parametrize("signals", [1, 2])
@pytest.mark.parametrize("words", [ONE, MANY], ids=["one", "many"])
def test_an_id_that_is_not_recorded_yet_is_told_when_a_signal_ends_the_process(
    cluster: Cluster, database: str, machine: Aeforge, fake: Fake, wire: Wire, words: tuple[str, ...], signals: int
) -> None:
    running = silenced(machine, fake, wire, database.replace(f":{cluster.port}", f":{wire.port}"), words)

    running.send(signal.SIGINT)
    if signals == 2:
        time.sleep(0.5)
        running.send(signal.SIGINT)
    run = running.finish()

    [job_id] = fake.jobs
    told = [line for line in run.stderr.splitlines() if line.startswith("RECORD THIS")]
    assert (run.exit, told) == (130, [f"RECORD THIS: job {job_id}"])


@pytest.mark.parametrize("words", [ONE, MANY], ids=["one", "many"])
def test_what_a_process_could_not_record_before_it_was_killed_is_resumed_by_the_same_command(
    cluster: Cluster, database: str, machine: Aeforge, fake: Fake, wire: Wire, words: tuple[str, ...]
) -> None:
    running = silenced(machine, fake, wire, database.replace(f":{cluster.port}", f":{wire.port}"), words)
    running.send(signal.SIGKILL)
    running.finish()
    url = database.replace(f":{cluster.port}", f":{wire.port}")
    wire.cut()
    wire.is_silent = False
    fake.submissions.always(lambda _request: None)

    run = machine(*words, env={**fake.env, "AEFORGE_JOURNAL": url})

    assert (run.exit, len(fake.charged), fake.bought_twice) == (0, 3 if words == MANY else 1, [])
