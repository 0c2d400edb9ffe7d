"""The two things that unit tests fake: the network, as a transport with scripted answers, and time."""

import hashlib
import io
import json
import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from aeforge_cli.api.client import Client
from aeforge_cli.api.operations import Inpaint
from aeforge_cli.api.responses import JobId
from aeforge_cli.api.transport import Answer, Fault, Request, Sink, TransportError
from aeforge_cli.errors import invocation
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.lifecycle import Lifecycle
from aeforge_cli.jobs.orders import Order
from aeforge_cli.jobs.results import JobResult
from tests.conftest import png

BASE = "https://api.test/public/v1"
JOB = JobId("550e8400-e29b-41d4-a716-446655440000")
LINK = "https://cdn.test/images/abc123.png"


@pytest.fixture(autouse=True)
def _no_command_was_given() -> None:
    """Hints repeat the options of the command that runs, and a test before may have run one."""
    invocation.forget()


@dataclass
class FakeClock:
    """Sleeping moves it, and nothing else does."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += max(0.0, seconds)


@dataclass(frozen=True)
class Heard:
    """One request as a service would see it."""

    method: str
    url: str
    signed: bool
    body: bytes = b""


Scripted = Answer | TransportError | tuple[Answer, bytes]


@dataclass
class FakeTransport:
    """Gives scripted answers in their order; `heard` is what was asked. An answer with bytes is a fetched picture."""

    script: list[Scripted] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def says(self, *answers: Scripted) -> None:
        self.script.extend(answers)

    @property
    def asked(self) -> list[str]:
        """The requests in short: `POST /image-tune/inpaint/v2`."""
        return [f"{heard.method} {heard.url.removeprefix(BASE)}" for heard in self.heard]

    def ask(self, request: Request) -> Answer:
        body = b"".join(request.body) if request.body is not None else b""
        self.heard.append(Heard(request.method, request.url, request.signed, body))
        answer = self._next()
        assert isinstance(answer, Answer), "a picture was scripted where a question was asked"
        return answer

    def fetch(self, url: str, sink: Sink) -> Answer:
        self.heard.append(Heard("GET", url, signed=False))
        scripted = self._next()
        answer, content = scripted if isinstance(scripted, tuple) else (scripted, b"")
        if answer.status == 200:
            sink.expect(len(content))
            sink.write(content)
        return answer

    def _next(self) -> Answer | tuple[Answer, bytes]:
        assert self.script, f"an answer was needed that nobody scripted: {self.heard[-1]}"
        scripted = self.script.pop(0)
        if isinstance(scripted, TransportError):
            raise scripted
        return scripted


@pytest.fixture
def transport() -> Iterator[FakeTransport]:
    fake = FakeTransport()
    yield fake
    assert fake.script == [], "scripted answers were left over"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(transport: FakeTransport, clock: FakeClock) -> Client:
    return Client(transport, base_url=BASE, clock=clock, chance=random.Random(7))


def told(value: object, status: int = 200, **headers: str) -> Answer:
    """A JSON answer; `retry_after="3"` is the header `retry-after`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, {"content-type": "application/json", **named}, json.dumps(value).encode())


def made(job_id: str = JOB) -> Answer:
    """The answer to a submission."""
    return told({"job_id": job_id})


def stands(status: str, *urls: str, job_id: str = JOB) -> Answer:
    """The answer about a job."""
    return told({"job_id": job_id, "status": status, "image_urls": list(urls)})


def delivered(content: bytes) -> tuple[Answer, bytes]:
    """A result that arrives."""
    return Answer(200), content


def unsent(fault: Fault = Fault.REFUSED) -> TransportError:
    """The request never reached the service."""
    return TransportError(fault, delivered=False)


def unanswered(fault: Fault = Fault.CLOSED) -> TransportError:
    """The request reached the service, its answer was lost."""
    return TransportError(fault, delivered=True)


def picture(content: bytes = b"", *, label: str = "photo.png", found: Format = Format.PNG) -> Picture:
    sent = content or png(0x336699)
    digest = hashlib.sha256(sent).hexdigest()
    return Picture(label, label, ImageInfo(found, 16, 16), len(sent), digest, lambda: io.BytesIO(sent))


def inpaint(prompt: str = "blue sky", content: bytes = b"") -> Inpaint:
    return Inpaint(picture(content), prompt)


def some_job_ids(count: int) -> Iterable[str]:
    return [str(uuid.UUID(int=number, version=4)) for number in range(1, count + 1)]


def done_by(life: Lifecycle, order: Order) -> JobResult:
    """The steps that a batch takes with an order, one after the other."""
    started = life.clock.monotonic()
    until = started + life.timeout
    job = life.obtain_now(order, until)
    [(job, end)] = life.wait_for_all([job], until)
    status = end()
    files = life.save(job, status.urls, order.delivery, until) if order.delivery else []
    return life.result(job, order, status, files, started)
