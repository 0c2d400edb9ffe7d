"""Every test in this folder ends with the invariants, asked of all it ran."""

import os
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.conftest import Aeforge, Home, Run, Running, png
from tests.faults.direct import Direct, direct
from tests.faults.fake import Fake
from tests.faults.invariants import Rules, assert_invariants, journal

if sys.platform == "win32":
    collect_ignore_glob = ["test_*"]  # signals, strace and terminals are those of POSIX


# Multiplies how many scripts, cuts and kills are tried; 1 is for the gate.
SOAK = int(os.environ.get("AEFORGE_SOAK", "1"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rules(**exceptions): which invariants cannot hold after this test, see Rules")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Larger numbers take longer."""
    for item in items:
        if SOAK > 1 and item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(60 * SOAK))


@pytest.fixture
def fakes() -> Iterator[list[Fake]]:
    started: list[Fake] = []
    yield started
    for fake in started:
        fake.close()


@pytest.fixture
def fake(fakes: list[Fake]) -> Fake:
    fakes.append(Fake())
    return fakes[-1]


@pytest.fixture
def out(home: Home) -> Path:
    """Where results are saved; only complete images may ever stand here."""
    folder = home.work / "out"
    folder.mkdir()
    return folder


@dataclass(frozen=True)
class Edit:
    """`aeforge inpaint photo.png -p "blue sky" --json`, with the service and the picture of the test."""

    aeforge: Aeforge
    fake: Fake
    photo: Path

    def __call__(self, *options: str | Path, env: Mapping[str, str | None] | None = None, within: float = 100) -> Run:
        return self.start(*options, env=env).finish(within=within)

    def start(
        self, *options: str | Path, env: Mapping[str, str | None] | None = None, under: Sequence[str] = ()
    ) -> Running:
        return self.aeforge.start(*self.words, *options, env={**self.fake.env, **(env or {})}, under=under)

    @property
    def words(self) -> tuple[str | Path, ...]:
        return ("inpaint", self.photo, "-p", "blue sky", "--json")

    def states(self) -> list[str]:
        """What the journal says of each job, oldest first."""
        return [row["state"] for row in reversed(journal(self.aeforge.home))]


@pytest.fixture
def edit(aeforge: Aeforge, fake: Fake, photo: Path) -> Edit:
    return Edit(aeforge, fake, photo)


@pytest.fixture
def users() -> Iterator[list[Direct]]:
    """Those who work in this process, each with a journal of their own."""
    made: list[Direct] = []
    yield made
    for user in made:
        user.close()


@pytest.fixture
def user(users: list[Direct], fake: Fake, tmp_path: Path) -> Direct:
    users.append(direct(fake.base_url, tmp_path / "user"))
    return users[-1]


@pytest.fixture
def photos(home: Home) -> list[Path]:
    """60 pictures, each another."""
    folder = home.work / "photos"
    folder.mkdir()
    paths = [folder / f"{n:03}.png" for n in range(60)]
    for n, path in enumerate(paths):
        path.write_bytes(png(1000 + n))
    return paths


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """What a server with this certificate speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def secure(fakes: list[Fake], authority: trustme.CA) -> Fake:
    """A service over TLS, trusted where `authority` is."""
    fakes.append(Fake(tls=tls(authority.issue_cert("127.0.0.1", "localhost"))))
    return fakes[-1]


@pytest.fixture
def bundle(authority: trustme.CA, home: Home) -> str:
    """The file with the certificate of the authority, for those who trust it."""
    path = home.root / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(autouse=True)
def invariants(
    aeforge: Aeforge, fakes: list[Fake], users: list[Direct], out: Path, request: pytest.FixtureRequest
) -> Iterator[None]:
    yield
    marker = request.node.get_closest_marker("rules")
    assert_invariants(aeforge, fakes, users, out, Rules(**marker.kwargs) if marker else Rules())
