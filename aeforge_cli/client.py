"""The API in Python: operations in, jobs out; status codes and JSON end here.

Paths, statuses and error bodies are those of the service's public reference. Where it is silent, every answer is
sorted into one of four: it worked, it was refused, nothing happened yet (try again), or nobody can know.
"""

import json
import math
import random
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, NamedTuple, NewType, Protocol, TypeVar
from urllib.parse import urlsplit

from aeforge_cli.body import Body
from aeforge_cli.clock import Clock
from aeforge_cli.errors import (
    AccountNotFound,
    AeforgeError,
    JobNotFound,
    KeyRejected,
    PaymentRequired,
    RateLimited,
    Rejected,
    ResultUnavailable,
    ServiceError,
    SubmitUnknown,
    UnexpectedAnswer,
    Unreachable,
    go_on_with,
)
from aeforge_cli.links import host_of
from aeforge_cli.operations import Operation
from aeforge_cli.retry import LONGEST_WAIT, Budget, Throttle, jitter, retry_after

JobId = NewType("JobId", str)
T = TypeVar("T")

ATTEMPTS = 4  # of a POST that certainly was not accepted, when the service names no time to wait
NAMED_WAITS = 12  # of a POST that the service asked us to send later
LONGEST_PAUSE = 20.0  # seconds between looks of someone who does not wait for a job
MOST_URLS = 64


# ------------------------------------------------------------------ the wire, as this module needs it


class Fault(Enum):
    """Why there is no answer, in the words of a message."""

    NAME = "the host name is not known"
    REFUSED = "connection refused"
    UNREACHED = "no connection could be made"
    CONNECT_TIMEOUT = "no connection in time"
    PROXY = "the proxy could not be used"
    CERTIFICATE = "the server's certificate is not trusted"
    TLS = "the encrypted connection broke"
    CLOSED = "the connection was closed without an answer"
    TIMEOUT = "no answer in time"
    NONSENSE = "the answer was not complete HTTP"
    TOO_LARGE = "the answer was too large"
    ENCODED = "the answer was compressed, although that was declined"


class WireFault(Exception):
    """There is no usable answer; `delivered` tells whether the whole request was handed to the kernel."""

    def __init__(self, fault: Fault, *, delivered: bool, detail: str = "") -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.delivered = delivered
        self.detail = detail

    @property
    def why(self) -> str:
        return f"{self.fault.value} ({self.detail})" if self.detail else self.fault.value


class Request(NamedTuple):
    """`signed` asks for the key, which the transport gives to the service's own origin only."""

    method: Literal["GET", "POST"]
    url: str
    signed: bool = True
    body: Body | None = None


@dataclass(frozen=True)
class Answer:
    """Header names are in lower case; the body is at most 1 MiB, and empty where it went to a sink."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Sink(Protocol):
    """Where a fetched picture goes."""

    def expect(self, size: int | None) -> None:
        """A good answer begins; `size` is the announced length in bytes."""

    def write(self, block: bytes, /) -> object:
        """The next bytes."""


class Transport(Protocol):
    """One exchange with a server; never two. Raises WireFault where there is no usable answer."""

    def ask(self, request: Request) -> Answer: ...

    def fetch(self, url: str, sink: Sink) -> Answer:
        """A GET without the key whose body, if the status is 200, goes to the sink in blocks."""
        ...


# ------------------------------------------------------------------ jobs


class Pending(NamedTuple):
    """Queued or running; `status` is the service's own word, which may be one we do not know."""

    status: str = "Pending"


class Succeeded(NamedTuple):
    urls: tuple[str, ...]


class Failed(NamedTuple):
    reason: str = ""


Job = Pending | Succeeded | Failed


class NotYet(Exception):
    """Nothing usable came, and asking again costs nothing; `error` is what to raise when patience has ended."""

    def __init__(self, error: AeforgeError, *, wait: float | None = None, kind: str = "") -> None:
        super().__init__(error.message)
        self.error = error
        self.wait = wait
        self.kind = kind


class LinkExpired(Exception):
    """A result link is no longer good."""

    def __init__(self, error: AeforgeError) -> None:
        super().__init__(error.message)
        self.error = error


class Client:
    """Asks the service; `base_url` has no slash at its end."""

    def __init__(
        self,
        transport: Transport,
        *,
        base_url: str,
        clock: Clock,
        chance: random.Random | None = None,
        budget: Budget | None = None,
        throttle: Throttle | None = None,
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._clock = clock
        self.chance = chance or random.Random()  # noqa: S311 - spreads retries, hides nothing
        self.budget = budget or Budget()
        self.throttle = throttle or Throttle()

    @property
    def host(self) -> str:
        return urlsplit(self._base_url).netloc

    def _ask(self, request: Request, until: float = math.inf) -> Answer:
        """One exchange, after the common silence that an earlier 429 may have asked for.

        Raises NotYet where the silence lasts longer than patience, which ends at `until`. A look waits once: if
        submissions that are refused could silence it for ever, jobs that have ended would never make room.
        """
        while wait := self.throttle.remaining(now := self._clock.monotonic()):
            if now + wait > until:
                raise NotYet(_silenced(wait), wait=wait)
            self._clock.sleep(wait)
            if request.body is None:
                break
        answer = self._transport.ask(request)
        if answer.status == 429:
            silence = retry_after(answer.headers)
            self.throttle.hold(min(silence or 0.0, LONGEST_WAIT), self._clock.monotonic())
        elif answer.status < 400:
            self.throttle.earn()
        return answer

    # -------------------------------------------------------------- submission

    def submit(
        self,
        operation: Operation,
        *,
        until: float,
        uploaded: Callable[[int, int], None] = lambda _sent, _size: None,
        waiting: Callable[[str, float], None] = lambda _why, _seconds: None,
        queues: bool = True,
    ) -> JobId:
        """Buys one job; sends again only what the service certainly did not accept.

        Without `queues`, RateLimited is raised at once, for a caller who has other work meanwhile.

        `until` is when patience ends, on the clock's monotonic scale. Raises SubmitUnknown where a job may exist, and
        Rejected, KeyRejected, AccountNotFound, PaymentRequired, RateLimited, Unreachable or ServiceError where none
        does.
        """
        attempt = 0
        while True:
            try:
                return self._submit_once(operation, uploaded, until)
            except NotYet as unsent:
                if not queues and isinstance(unsent.error, RateLimited):
                    raise unsent.error from None
                wait = self._wait_before_sending_again(unsent, attempt, until)
                waiting(unsent.error.why or unsent.error.message, wait)
                self._clock.sleep(wait)
                attempt += 1

    def _submit_once(self, operation: Operation, uploaded: Callable[[int, int], None], until: float) -> JobId:
        body = Body(operation, uploaded)
        try:
            answer = self._ask(Request("POST", f"{self._base_url}/{operation.path}", body=body), until)
        except WireFault as fault:
            if fault.delivered:
                raise _unknown(fault.why) from None
            raise self._not_sent(fault) from None
        try:
            job_id = self._accepted(answer)
        except Rejected as error:
            if error.http_status == 413:
                error.why = f"{error.why}; what was sent has {len(body) / 1e6:.1f} MB"
            raise
        self.budget.earn()
        return job_id

    def _not_sent(self, fault: WireFault) -> Exception:
        error = Unreachable(
            f"Nothing was submitted: {self.host} could not be reached", why=fault.why, hint=_network_hint(fault)
        )
        return error if fault.fault is Fault.CERTIFICATE else NotYet(error)

    def _accepted(self, answer: Answer) -> JobId:
        status = answer.status
        if status in (200, 201, 202):
            return _new_job_id(answer)
        wait = retry_after(answer.headers)
        if status == 429:
            raise NotYet(_rate_limited(answer), wait=wait)
        if status == 503 and wait is not None:
            raise NotYet(_service_error(answer, "Nothing was submitted"), wait=wait)
        if 300 <= status < 400:
            raise ServiceError(
                "Nothing was submitted: the service redirected the request, which is refused",
                why=f"HTTP {status} to {_redirect_host(answer)}",
                hint="check the base URL: aeforge config get base_url",
                http_status=status,
            )
        if 400 <= status < 500 and status not in (408, 409, 425):
            raise _refusal(answer, about_job=None)
        raise _unknown(f"the service answered HTTP {status}", status)

    def _wait_before_sending_again(self, unsent: NotYet, attempt: int, until: float) -> float:
        """Seconds to wait; raises the error itself when it is not worth waiting."""
        wait = unsent.wait
        if attempt + 1 >= (ATTEMPTS if wait is None else NAMED_WAITS) or not self.budget.spend():
            raise unsent.error
        if wait is None:
            wait = jitter(attempt, chance=self.chance)
        left = min(LONGEST_WAIT, until - self._clock.monotonic())
        if wait > left:
            unsent.error.why = f"{unsent.error.why}; the next try would be due in {wait:.0f} s".lstrip("; ")
            raise unsent.error
        return wait

    # -------------------------------------------------------------- looking

    def look(self, job_id: JobId, until: float = math.inf) -> Job:
        """One look at a job. Raises NotYet where another look may help, and the error itself where none will.

        `until` is when patience ends: no silence that the service asked for is kept beyond it.
        """
        try:
            answer = self._ask(Request("GET", f"{self._base_url}/job/{job_id}"), until)
        except WireFault as fault:
            raise self._unheard(fault, job_id) from None
        return _job(answer, job_id)

    def key_is_good(self) -> bool:
        """Whether the service knows the key: asked about a job that cannot exist, it says 401 or 404, at no cost.

        Raises Unreachable, ServiceError or AccountNotFound where the answer does not say.
        """
        try:
            self.look(JobId(str(uuid.uuid4())))
        except KeyRejected:
            return False
        except NotYet as trouble:
            if isinstance(trouble.error, JobNotFound):
                return True
            trouble.error.job_id = None
            raise trouble.error from None
        return True

    def get(self, path: str) -> Answer:
        """One GET of any path. Raises NotYet where asking again may help, and the error itself where none will."""
        try:
            answer = self._ask(Request("GET", f"{self._base_url}/{path}"))
        except WireFault as fault:
            raise self._unheard(fault) from None
        if 200 <= answer.status < 300:
            return answer
        if path.startswith("job/"):
            raise _no_job(answer, JobId(path.removeprefix("job/")))
        if 400 <= answer.status < 500 and answer.status not in (408, 425, 429):
            raise _refusal(answer, about_job=None)
        raise NotYet(_service_error(answer, "The service could not say"), wait=retry_after(answer.headers))

    def insist(self, ask: Callable[[], T], trouble: Callable[[str, float], None], *, tries: int = 4) -> T:
        """Asks until there is an answer, a few times at most; `trouble` is told why, and how long the pause is."""
        for attempt in range(tries):
            try:
                return ask()
            except NotYet as nothing:
                if attempt + 1 == tries or nothing.kind == "missing":
                    raise nothing.error from None
                pause = jitter(attempt, chance=self.chance) if nothing.wait is None else nothing.wait
                pause = min(pause, LONGEST_PAUSE)
                trouble(nothing.error.why or nothing.error.message, pause)
                self._clock.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _unheard(self, fault: WireFault, job_id: JobId | None = None) -> Exception:
        error = Unreachable(
            f"{self.host} could not be reached", why=fault.why, hint=_network_hint(fault), job_id=job_id
        )
        return error if fault.fault is Fault.CERTIFICATE else NotYet(error)

    # -------------------------------------------------------------- results

    def fetch(self, url: str, sink: Sink, *, job_id: JobId) -> None:
        """One try to fetch a result, without the key.

        Raises LinkExpired for 400 and 403, NotYet where another try may help, ResultUnavailable where none will.
        """
        host = host_of(url)
        hint = f"{go_on_with(job_id)} -o ..."
        try:
            answer = self._transport.fetch(url, sink)
        except WireFault as fault:
            error = ResultUnavailable(
                f"The result could not be fetched from {host}", why=fault.why, hint=hint, job_id=job_id
            )
            raise error if fault.fault is Fault.CERTIFICATE else NotYet(error) from None
        if answer.status == 200:
            self.budget.earn()
            return
        error = ResultUnavailable(
            f"The result could not be fetched from {host}",
            why=f"it answered HTTP {answer.status}",
            hint=hint,
            job_id=job_id,
            http_status=answer.status,
        )
        if answer.status in (400, 401, 403, 410):
            raise LinkExpired(error)
        if answer.status == 404:
            raise NotYet(error, kind="missing")
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise NotYet(error, wait=retry_after(answer.headers))
        raise error


# ------------------------------------------------------------------ reading answers


def _new_job_id(answer: Answer) -> JobId:
    found = _object(answer)
    if found is None:
        kind = answer.headers.get("content-type", "").partition(";")[0]
        raise _unknown(f"the answer was not from the API ({kind[:40] or 'no content type'})", answer.status)
    job_id = found.get("job_id")
    if not isinstance(job_id, str) or not is_job_id(job_id):
        raise _unknown("the answer has no usable job id", answer.status)
    return JobId(job_id)


def is_job_id(text: str) -> bool:
    """A job id is documented as a UUID; any plain token is accepted, nothing that could change a URL."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text) is not None


def _job(answer: Answer, job_id: JobId) -> Job:
    if answer.status != 200:
        raise _no_job(answer, job_id)
    found = _object(answer)
    if found is None:
        raise NotYet(_unexpected("the answer is not a JSON object", job_id))
    if found.get("job_id") not in (None, job_id):
        raise NotYet(_unexpected("the answer is about another job", job_id))
    status = found.get("status")
    match status.lower() if isinstance(status, str) else status:
        case "succeed" | "succeeded":
            return Succeeded(_urls(found.get("image_urls"), job_id))
        case "failed":
            return Failed(_reason(found))
        case _:
            return Pending(status if isinstance(status, str) else f"unknown status {json.dumps(status)[:40]}")


def _urls(found: object, job_id: JobId) -> tuple[str, ...]:
    urls = [url for url in found if isinstance(url, str) and url] if isinstance(found, list) else []
    if not urls:
        raise NotYet(_unexpected("the job succeeded, but the answer names no result", job_id), kind="no_urls")
    return tuple(dict.fromkeys(urls))[:MOST_URLS]


def _reason(found: Mapping[str, object]) -> str:
    """None is documented; if the service ever gives one, it is passed on."""
    for name in ("reason", "error", "message", "detail"):
        if isinstance(text := found.get(name), str) and text:
            return text
    return ""


def _no_job(answer: Answer, job_id: JobId) -> Exception:
    status = answer.status
    if status == 404:
        error = _refusal(answer, about_job=job_id)
        return NotYet(error, kind="missing") if isinstance(error, JobNotFound) else error
    if status in (400, 401, 402, 403, 405, 410, 413, 414, 422):
        return _refusal(answer, about_job=job_id)
    if status == 429:
        limited = RateLimited(
            "The service limits how often it may be asked",
            why=_why(answer),
            hint=go_on_with(job_id),
            job_id=job_id,
            http_status=status,
        )
        return NotYet(limited, wait=retry_after(answer.headers))
    return NotYet(_service_error(answer, "The service could not say", job_id), wait=retry_after(answer.headers))


def _refusal(answer: Answer, *, about_job: JobId | None) -> AeforgeError:
    """What a 4xx means: for a submission (`about_job` is None), or for a question about a job."""
    status, why = answer.status, _why(answer)
    detail = _detail(answer).lower()
    sign_in = "aeforge auth login"
    if status == 402 or (status in (400, 403) and re.search(r"\b(credits?|quota|balance|payment)\b", detail)):
        return PaymentRequired(
            "The account cannot pay for this", why=why, hint="see the service's dashboard", http_status=status
        )
    if status in (401, 403):
        return KeyRejected(
            "The service does not accept the API key", why=why, hint=sign_in, job_id=about_job, http_status=status
        )
    if status == 404 and ("user" in detail or "account" in detail):
        return AccountNotFound(
            "The API key is good, but it belongs to no account",
            why=why,
            hint="check the account on the service's dashboard, or sign in with another key: aeforge auth login",
            job_id=about_job,
            http_status=status,
        )
    if status == 404 and about_job is None:
        return UnexpectedAnswer(
            "The service does not know this operation",
            why=why,
            hint="check the base URL: aeforge config get base_url",
            http_status=status,
        )
    if status == 404:
        return JobNotFound(
            "The service does not know this job",
            why=why,
            hint="check the id, and that it was made with this account: aeforge job list",
            job_id=about_job,
            http_status=status,
        )
    return Rejected(
        "The service rejects the request",
        why=why,
        hint="change what it names, then run the command again",
        job_id=about_job,
        http_status=status,
    )


def _rate_limited(answer: Answer) -> RateLimited:
    return RateLimited(
        "Nothing was submitted: the service limits how much may be asked of it",
        why=_why(answer),
        hint="wait, then run the same command again",
        http_status=answer.status,
    )


def _silenced(wait: float) -> RateLimited:
    return RateLimited(
        "The service limits how much may be asked of it",
        why=f"it asked for silence, for another {wait:.0f} s",
        hint="wait, then run the same command again",
        http_status=429,
    )


def _service_error(answer: Answer, message: str, job_id: JobId | None = None) -> ServiceError:
    return ServiceError(
        message,
        why=_why(answer),
        hint=go_on_with(job_id) if job_id else "run the same command again later",
        job_id=job_id,
        http_status=answer.status,
    )


def _unexpected(why: str, job_id: JobId) -> UnexpectedAnswer:
    return UnexpectedAnswer("The service's answer makes no sense", why=why, hint=go_on_with(job_id), job_id=job_id)


def _unknown(why: str, http_status: int | None = None) -> SubmitUnknown:
    return SubmitUnknown(
        "The request was sent, but its answer was lost: a job may exist and be charged. It was not sent again",
        why=why,
        hint="look at the service's dashboard; to send it again all the same, add --new to the command",
        http_status=http_status,
    )


def _why(answer: Answer) -> str:
    detail = _detail(answer)
    return f"HTTP {answer.status}: {detail}" if detail else f"HTTP {answer.status}"


def _detail(answer: Answer) -> str:
    """The service's own words: `detail` is a string, or FastAPI's list of what is wrong with which field."""
    detail = (_object(answer) or {}).get("detail")
    match detail:
        case str():
            return detail
        case list():
            return "; ".join(filter(None, (_field_error(item) for item in detail[:8])))
        case dict():
            return next((text for text in detail.values() if isinstance(text, str)), "")
        case _:
            return ""


def _field_error(item: object) -> str:
    match item:
        case {"msg": str(text), "loc": [*path]}:
            name = ".".join(str(step) for step in path if step != "body")
            return f"{name}: {text}" if name else text
        case {"msg": str(text)} | str(text):
            return text
        case _:
            return ""


def _object(answer: Answer) -> Mapping[str, object] | None:
    """The answer as a JSON object; None if it is anything else."""
    try:
        # A byte-order mark is allowed; a number of 5 000 digits or 200 000 brackets is a bad answer, not a crash.
        found = json.loads(answer.body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _redirect_host(answer: Answer) -> str:
    return host_of(answer.headers.get("location", "")) or "the same host"


def _network_hint(fault: WireFault) -> str:
    match fault.fault:
        case Fault.CERTIFICATE:
            return "if your network uses its own certificate authority, set SSL_CERT_FILE to its bundle"
        case Fault.PROXY:
            return "check HTTPS_PROXY and NO_PROXY, and the proxy's user name and password"
        case _:
            return "check the network and the base URL (aeforge doctor), then run the same command again"
