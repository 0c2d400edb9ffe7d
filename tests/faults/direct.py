"""The core in this process, for rows that need many tries, long waits or small limits: a real wire, a jumping clock."""

import hashlib
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from aeforge_cli.api.client import Client
from aeforge_cli.api.operations import Inpaint
from aeforge_cli.api.requests_transport import Limits, RequestsTransport
from aeforge_cli.errors import AeforgeError
from aeforge_cli.files.destination import Naming, destination
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.lifecycle import Account, Lifecycle
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.journal.interface import Reuse, Row
from aeforge_cli.journal.sqlite import SqliteJournal
from aeforge_cli.process.signals import Stop
from aeforge_cli.redaction import Redactor, Secret
from tests.conftest import png
from tests.faults.fake import API_KEY
from tests.unit.conftest import done_by

SHORT = Limits(connect=0.8, read=1.0, submit=2.5, ask=2.0, fetch=2.0)
DONE = "done 0"


@dataclass
class JumpingClock:
    """Sleeping moves it, and nothing else does; `drift` is added to what the calendar says."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list, repr=False)
    drift: Callable[[], float] = lambda: 0.0

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time + self.drift())

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


def picture(content: bytes | None = None) -> Picture:
    sent = png(0x336699) if content is None else content
    digest = hashlib.sha256(sent).hexdigest()
    return Picture("photo.png", "photo.png", ImageInfo(Format.PNG, 16, 16), len(sent), digest, lambda: io.BytesIO(sent))


def inpaint(content: bytes | None = None) -> Inpaint:
    return Inpaint(picture(content), "blue sky")


def order(output: str | Path | None = None, *, anew: bool = False, content: bytes | None = None) -> Order:
    """What `aeforge inpaint photo.png -p "blue sky" -o OUTPUT` asks for."""
    naming = Naming(name="photo.png", operation="inpaint", day=date(2026, 1, 1))
    return Order(
        lambda: inpaint(content),
        Inpaint,
        "photo.png",
        delivery=Delivery(naming, destination(str(output), overwrite=False)) if output else None,
        reuse=Reuse.NOTHING if anew else Reuse.UNFINISHED,
    )


@dataclass
class Direct:
    """One user of one service: what they waited, were told, and have in their journal."""

    wire: RequestsTransport
    clock: JumpingClock
    client: Client
    journal: SqliteJournal
    life: Lifecycle
    events: list[object] = field(repr=False)
    _failure: AeforgeError | None = None

    def submit(self, operation: Inpaint | None = None) -> str:
        """The job's id, or the stable word of the error and its exit code."""
        try:
            return self.client.submit(operation or inpaint(), until=self.clock.time + 600)
        except AeforgeError as error:
            return self._failed(error)

    def run(self, asked: Order | None = None) -> str:
        """How the whole life of a job ends: the stable word and the exit code."""
        return self.ending(lambda: self.life_of(asked or order()))

    def life_of(self, asked: Order) -> JobResult:
        """What the whole life of a job comes to."""
        return done_by(self.life, asked)

    def ending(self, step: Callable[[], object]) -> str:
        try:
            step()
        except AeforgeError as error:
            return self._failed(error)
        return DONE

    def _failed(self, error: AeforgeError) -> str:
        self._failure = error
        return f"{error.code} {error.exit_status}"

    @property
    def failure(self) -> AeforgeError:
        """What the last failure said."""
        assert self._failure is not None
        return self._failure

    def rows(self) -> list[Row]:
        return list(reversed(list(self.journal.rows())))

    def states(self) -> list[str]:
        return [entry.state.value for entry in self.rows()]

    def close(self) -> None:
        self.wire.close()
        self.journal.close()


def direct(base_url: str, folder: Path, *, ca_bundle: str | None = None, limits: Limits = SHORT) -> Direct:
    redact = Redactor()
    wire = RequestsTransport(base_url=base_url, key=Secret(API_KEY), limits=limits, ca_bundle=ca_bundle, redact=redact)
    clock = JumpingClock()
    client = Client(wire, base_url=base_url, clock=clock, chance=random.Random(7), redact=redact)
    journal = SqliteJournal(folder)
    events: list[object] = []
    account = Account(base_url, "account")
    life = Lifecycle(client, journal, clock, Stop(), account, events.append, notify=events.append)
    return Direct(wire, clock, client, journal, life, events)
