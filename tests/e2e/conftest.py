"""The services that the installed command is tried against: one that obeys scripts, and the sandbox."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from tests.conftest import Aeforge, Home, make_home
from tests.e2e.forked import Forked, ForkServer
from tests.faults.fake import Fake


@pytest.fixture
def fake() -> Iterator[Fake]:
    service = Fake()
    yield service
    service.close()


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer | None]:
    """Linux alone has sockets without a file, and forks that are safe beside its frameworks."""
    if sys.platform != "linux":
        yield None
        return
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture
def aeforge(home: Home, fork_server: ForkServer | None) -> Iterator[Aeforge]:
    command = Forked(home, server=fork_server)
    yield command
    command.close()


@pytest.fixture
def user(aeforge: Aeforge, fake: Fake, home: Home) -> Aeforge:
    """The command, signed in to the scripted service by its environment alone."""
    signed_in = {name: value for name, value in fake.env.items() if value is not None}
    aeforge.home = replace(home, env={**home.env, **signed_in})
    return aeforge


@dataclass(frozen=True)
class Sandbox:
    """`aeforge sandbox` as its own process."""

    base_url: str
    key: str = "sandbox"

    @property
    def env(self) -> dict[str, str | None]:
        return {"AEFORGE_BASE_URL": self.base_url, "AEFORGE_API_KEY": self.key}


@contextmanager
def running_sandbox(home: Home, *options: str) -> Iterator[Sandbox]:
    """Serves until the context is left, which ends it as Ctrl-C does."""
    command = [Aeforge(home).command, "sandbox", "--port", "0", *options]
    with subprocess.Popen(
        command, env=dict(home.env), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield Sandbox(process.stdout.readline().strip())
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(make_home(tmp_path_factory.mktemp("sandbox") / "home"), "--delay", "0.2") as started:
        yield started
