"""Who is asked: a sandbox in a process of its own, always; the live service too, when a key for it is given.

AEFORGE_LIVE_KEY, AEFORGE_LIVE_URL    the live service; it is asked what is free to ask
AEFORGE_LIVE_PAY=1                    it is asked for jobs too, which cost what they cost
"""

import os
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import pytest

from aeforge_cli.sandbox import InjectedFaults, SandboxOptions
from tests.contract.service import Sandbox, Service

LIVE_KEY = os.environ.get("AEFORGE_LIVE_KEY", "")
LIVE_URL = os.environ.get("AEFORGE_LIVE_URL", "")
ASKED = ["sandbox"]
if LIVE_KEY and LIVE_URL:
    ASKED.append("live")
PAYING = os.environ.get("AEFORGE_LIVE_PAY") == "1"

Start = Callable[..., Sandbox]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts sandboxes on free ports, with any options; they end with the test."""
    started: list[Sandbox] = []

    def start(env: Mapping[str, str] = MappingProxyType({}), **options: object) -> Sandbox:
        quick = {"port": 0, "engine": "obedient", "faults": InjectedFaults(delay=0)}
        chosen = SandboxOptions(**{**quick, **options})  # type: ignore[arg-type]  # each test's to get right
        started.append(Sandbox(chosen, **env))
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.close()


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(SandboxOptions(port=0, faults=InjectedFaults(delay=0.3)))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def obedient() -> Iterator[Sandbox]:
    sandbox = Sandbox(SandboxOptions(port=0, engine="obedient", faults=InjectedFaults(delay=0)))
    yield sandbox
    sandbox.close()


@pytest.fixture(params=[name if name == "sandbox" else pytest.param(name, marks=pytest.mark.live) for name in ASKED])
def service(request: pytest.FixtureRequest) -> Service:
    if request.param == "live":
        return Service(LIVE_URL, LIVE_KEY, timeout=600)
    sandbox: Sandbox = request.getfixturevalue("shared_sandbox")
    return sandbox.service


@pytest.fixture
def paid_service(service: Service) -> Service:
    """For what makes a job, or could be taken for one."""
    if service.base_url == LIVE_URL and not PAYING:
        pytest.skip("jobs of the live service cost money; AEFORGE_LIVE_PAY=1 allows them")
    return service
