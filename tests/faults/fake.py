"""The service as these tests play it: jobs with a duration, results on another origin, a ledger of what was bought."""

import hashlib
import json
import ssl
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlsplit

from tests.conftest import png
from tests.faults.origin import Answer, Origin, Request, Script

API_KEY = "sk-test-0123456789abcdef.ABCDEF_~"
SIGNATURE = "c2lnbmVkLXF1ZXJ5LXN0cmluZw"


@dataclass(frozen=True)
class Upload:
    """One file of a form."""

    field: str
    filename: str
    content_type: str
    sha256: str


@dataclass(frozen=True)
class Post:
    """One POST that arrived whole; `charged` unless the answer told that no job was made."""

    path: str
    fields: tuple[tuple[str, str], ...]
    uploads: tuple[Upload, ...]
    charged: bool

    @property
    def input(self) -> tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]:
        return self.path, self.fields, tuple(upload.sha256 for upload in self.uploads)


@dataclass
class Job:
    """A job at the service: `Pending` for so many looks, then as `outcome` says."""

    pending: float
    outcome: str
    images: list[str]


class Fake:
    """A service on two origins of this machine. Everything can be scripted; nothing scripted is remembered wrongly."""

    def __init__(self, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.submissions, self.polls, self.downloads = Script(), Script(), Script()
        self.ledger: list[Post] = []
        self.jobs: dict[str, Job] = {}
        self.images: dict[str, bytes] = {}
        self.pending: float = 0
        self.outcome = "Succeed"
        self.results = 1
        self.repeats = 1
        self.keys = {API_KEY}
        self._lock = threading.Lock()
        self.api = Origin(self._api_script, self._api, self._settle, host=host, tls=tls)
        other = "localhost" if host == "127.0.0.1" else "127.0.0.1"
        self.cdn = Origin(lambda _method, _path: self.downloads, self._image, self._ignore, host=other, tls=tls)

    @property
    def base_url(self) -> str:
        return f"{self.api.url}/public/v1"

    @property
    def env(self) -> dict[str, str | None]:
        """What a process needs to use this service."""
        return {"AEFORGE_BASE_URL": self.base_url, "AEFORGE_API_KEY": API_KEY}

    @property
    def charged(self) -> list[Post]:
        return [post for post in self.ledger if post.charged]

    @property
    def bought_twice(self) -> list[object]:
        """The inputs that were paid for more often than this test allows."""
        return [
            bought for bought, times in Counter(post.input for post in self.charged).items() if times > self.repeats
        ]

    def posts(self) -> list[Request]:
        return [request for request in self.api.requests if request.method == "POST"]

    def looks(self) -> list[Request]:
        return [request for request in self.api.requests if request.method == "GET"]

    def add_job(self, *images: bytes) -> str:
        """A job with results, made by nobody's POST."""
        with self._lock:
            return self._new_job(images)

    def images_of(self, job_id: str) -> list[bytes]:
        return [self.images[urlsplit(url).path] for url in self.jobs[job_id].images]

    def accepts(self, job_id: str) -> Answer:
        """The answer to a submission that makes this very job."""
        return told_as_json({"job_id": job_id})

    def wait_for_looks(self, number: int, *, within: float = 60) -> None:
        """Until the service was asked so often about jobs."""
        self._wait(lambda: len(self.looks()) >= number, within)

    def wait_for_posts(self, number: int, *, within: float = 60) -> None:
        self._wait(lambda: len(self.posts()) >= number, within)

    def wait_for_fetches(self, number: int, *, within: float = 60) -> None:
        self._wait(lambda: len(self.cdn.requests) >= number, within)

    def _wait(self, arrived: Callable[[], bool], within: float) -> None:
        until = time.monotonic() + within
        while not arrived():
            assert time.monotonic() < until, "the service was not asked"
            time.sleep(0.01)

    def finish(self) -> None:
        """All jobs are done at the next look."""
        self.pending = 0
        for job in self.jobs.values():
            job.pending = 0

    def close(self) -> None:
        self.api.close()
        self.cdn.close()

    def job(self, job_id: str, **changes: object) -> Answer:
        """The service's own words about a finished job, changed."""
        told: dict[str, object] = {"job_id": job_id, "status": "Succeed", "image_urls": self.jobs[job_id].images}
        return told_as_json({**told, **changes})

    def _api_script(self, method: str, _path: str) -> Script:
        return self.submissions if method == "POST" else self.polls

    def _api(self, request: Request) -> Answer:
        if request.headers.get("authorization") not in {f"Bearer {key}" for key in self.keys}:
            return told_as_json({"detail": "Invalid API key"}, status=401)
        if request.method == "POST":
            with self._lock:
                made = self._new_job([png(len(self.images) + n + 1, side=8) for n in range(self.results)])
            return told_as_json({"job_id": made})
        return self._look(request.path.rpartition("/")[2])

    def _new_job(self, images: Sequence[bytes]) -> str:
        made = str(uuid.UUID(int=len(self.jobs) + 1, version=4))
        self.jobs[made] = Job(self.pending, self.outcome, [self._publish(made, image) for image in images])
        return made

    def _publish(self, job_id: str, image: bytes) -> str:
        path = f"/images/{job_id}-{len(self.images)}.png"
        self.images[path] = image
        return f"{self.cdn.url}{path}?Expires=1893456000&Signature={SIGNATURE}"

    def _look(self, job_id: str) -> Answer:
        job = self.jobs.get(job_id)
        if job is None:
            return told_as_json({"detail": "Job not found"}, status=404)
        if job.pending > 0:
            job.pending -= 1
            return told_as_json({"job_id": job_id, "status": "Pending", "image_urls": []})
        images = job.images if job.outcome == "Succeed" else []
        return told_as_json({"job_id": job_id, "status": job.outcome, "image_urls": images})

    def _image(self, request: Request) -> Answer:
        if f"Signature={SIGNATURE}" not in request.query or request.path not in self.images:
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"})
        return Answer(body=self.images[request.path], headers={"Content-Type": "image/png"})

    def _settle(self, request: Request, answer: Answer) -> None:
        if request.method == "POST" and request.complete and answer.read is None:
            fields, uploads = _form(request)
            with self._lock:
                self.ledger.append(Post(request.path, fields, uploads, answer.may_charge))

    def _ignore(self, request: Request, answer: Answer) -> None:
        """Nothing is bought from the results' origin."""


def told_as_json(value: object, *, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _form(request: Request) -> tuple[tuple[tuple[str, str], ...], tuple[Upload, ...]]:
    """RFC 7578, byte for byte."""
    boundary = str(_header(request.headers.get("content-type", "")).get_param("boundary", ""))
    fields: list[tuple[str, str]] = []
    uploads: list[Upload] = []
    for section in (b"\r\n" + request.body).split(f"\r\n--{boundary}".encode())[1:-1]:
        head, _, content = section[2:].partition(b"\r\n\r\n")
        named = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        disposition = _header(named["Content-Disposition"])
        name, filename = str(disposition.get_param("name")), disposition.get_param("filename")
        if filename is None:
            fields.append((name, content.decode()))
        else:
            digest = hashlib.sha256(content).hexdigest()
            uploads.append(Upload(name, str(filename), named["Content-Type"], digest))
    return tuple(fields), tuple(uploads)


def _header(value: str) -> Message:
    """The library parses parameters of a header of this name only."""
    message = Message()
    message["Content-Type"] = value
    return message
