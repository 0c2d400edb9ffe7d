"""What an answer of the API means: a job, a refusal, something to retry, or something unknown."""

import json
import random
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, NewType

from aeforge_cli.api.retry import LONGEST_WAIT, pause, retry_after
from aeforge_cli.api.transport import Answer, Fault, TransportError
from aeforge_cli.api.urls import host_of
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import (
    AccountNotFound,
    AeforgeError,
    JobNotFound,
    KeyRejected,
    PaymentRequired,
    RateLimited,
    Rejected,
    ServiceError,
    SubmitUnknown,
    UnexpectedAnswer,
    command,
    invocation,
    resume_command,
    submit_anyway,
)
from aeforge_cli.phrases import size
from aeforge_cli.redaction import Redactor

JobId = NewType("JobId", str)


MOST_URLS = 64
_LONGEST_TEXT = 2000  # characters kept of what the service says
_DEEPEST = 4  # how far into nested objects a reason is looked for
_REASONS = ("error_message", "reason", "failure_reason", "error", "message", "detail", "msg")


@dataclass(frozen=True)
class Reply:
    """An answer as the rest of the program may see it: what it says is read, short, and without secrets.

    `content` is its JSON object, `detail` the service's own words about what is wrong, `wait` the seconds it asks for,
    `kind` its content type, `location` the host of a redirect, `body` what came, for what `content` does not say.
    """

    status: int
    content: Mapping[str, object] | None
    detail: str
    wait: float | None
    kind: str
    location: str
    body: bytes
    redact: Redactor

    def text(self, value: str, longest: int = _LONGEST_TEXT) -> str:
        """Text from the answer that is to be shown and kept."""
        return self.redact(value, longest)

    @property
    def why(self) -> str:
        return f"HTTP {self.status}: {self.detail}" if self.detail else f"HTTP {self.status}"

    @property
    def is_from_the_api(self) -> bool:
        """Whether the API itself refuses, and no gateway, portal or proxy on the way."""
        return self.content is not None and bool(self.detail) and "detail" in self.content


def read(answer: Answer, *, redact: Redactor, now: datetime) -> Reply:
    """Reads the answer; `now` is our clock, for a `Retry-After` whose answer has no date of its own."""
    content = json_object(answer.body)
    location = answer.headers.get("location", "")
    return Reply(
        status=answer.status,
        content=content,
        detail=redact(_detail(content or {}), _LONGEST_TEXT),
        wait=retry_after(answer.headers, now),
        kind=redact(answer.headers.get("content-type", "").partition(";")[0].strip(), 40) or "no content type",
        location=redact(host_of(location), 200) or "the same host",
        body=answer.body,
        redact=redact,
    )


class Pending(NamedTuple):
    """Queued or running; `status` is the service's own word, which may be one we do not know."""

    status: str = "Pending"


class Succeeded(NamedTuple):
    urls: tuple[str, ...]


class Failed(NamedTuple):
    reason: str = ""


JobStatus = Pending | Succeeded | Failed


class Retryable(Exception):
    """Nothing usable came, and asking again costs nothing; `error` is what to raise when patience has ended.

    `asked` is how many seconds the service asked for, `wait` as many of them as are waited for at a time, and None
    where it asked for nothing.
    `kind` is "missing" where the API itself, and nobody on the way, says that it does not know the job, or a host that
    it does not know the result; "no_urls" where a job succeeded without results.
    """

    def __init__(self, error: AeforgeError, *, wait: float | None = None, kind: str = "") -> None:
        super().__init__(error.message)
        self.error = error
        self.asked = wait or 0.0
        self.wait = min(wait, LONGEST_WAIT) if wait else None
        self.kind = kind

    def pause(self, attempt: int, *, chance: random.Random) -> float:
        """Seconds to wait after the failed attempt number `attempt`, counted from 0: ours, or longer if asked for."""
        return pause(attempt, self.wait, chance=chance)


class LinkExpired(Exception):
    """A result link is no longer good."""

    def __init__(self, error: AeforgeError) -> None:
        super().__init__(error.message)
        self.error = error


# ------------------------------------------------------------------ job ids


def is_job_id(text: str) -> bool:
    """A job id is documented as a UUID; any plain token is accepted, nothing that could change a URL."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text) is not None


def canonical_job_id(job_id: str) -> str:
    """One spelling for one id: of a UUID, capitals and hyphens say nothing (RFC 9562 4)."""
    plain = job_id.replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{32}", plain) or not re.fullmatch(_UUID, job_id):
        return job_id
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))


def same_job(one: str, other: str) -> bool:
    """Whether two ids name the same job, however each is spelt."""
    return canonical_job_id(one) == canonical_job_id(other)


_HYPHENATED = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_UUID = rf"{_HYPHENATED}|[0-9a-fA-F]{{32}}"


def job_id_within(body: bytes, status: int | None = 200) -> JobId | None:
    """The one job id that stands whole in a body which is otherwise cut or odd; None where there is none, or several.

    Only what is called a job id counts in pages and refusals: they have ids of their own, of requests and traces.
    """
    text = body.decode("utf-8", "replace")
    found = {*_CALLED.findall(text), *_CALLED_AND_CUT.findall(text)}
    if not found and status in (200, 201, 202) and text.lstrip("\ufeff \t\r\n")[:1] in ('"', "[", "{"):
        found = {*_ID.findall(text), *_ALONE.findall(text)}
    ids = {canonical_job_id(each): JobId(each) for each in found}
    return next(iter(ids.values())) if len(ids) == 1 else None


_CALLED = re.compile(r'"job_?id"\s*:\s*"([A-Za-z0-9_-]{1,128})"', re.IGNORECASE)
_CALLED_AND_CUT = re.compile(rf'"job_?id"\s*:\s*"({_HYPHENATED})$', re.IGNORECASE)
_ID = re.compile(rf'"(?:id|uuid|job|task_?id)"\s*:\s*"({_UUID})"', re.IGNORECASE)
_ALONE = re.compile(rf'(?:^|[\[,])\s*"({_UUID})"')


def new_job_id(reply: Reply) -> JobId:
    """The id in the answer to a submission. Raises SubmitUnknown where there is none as documented."""
    if reply.content is None:
        raise submit_unknown(f"the answer was not from the API ({reply.kind})", reply.status, reply.body)
    job_id = reply.content.get("job_id")
    if not isinstance(job_id, str) or not is_job_id(job_id):
        raise submit_unknown("the answer has no usable job id", reply.status, reply.body)
    return JobId(job_id)


# ------------------------------------------------------------------ how a job stands


def job_status(reply: Reply, job_id: JobId) -> JobStatus:
    if reply.status != 200:
        raise job_unavailable(reply, job_id)
    found = reply.content
    if found is None:
        raise Retryable(_unexpected("the answer is not a JSON object", job_id))
    about = found.get("job_id")
    if about is not None and not (isinstance(about, str) and same_job(about, job_id)):
        raise Retryable(_unexpected("the answer is about another job", job_id))
    status = found.get("status")
    match status.strip().lower() if isinstance(status, str) else status:
        case "succeed" | "succeeded":
            return Succeeded(_urls(reply, job_id))
        case "failed":
            return Failed(reply.text(_reason(found)))
        case _:
            unknown = f"unknown status {json.dumps(status)}"
            return Pending(reply.text(status, 200) if isinstance(status, str) else reply.text(unknown, 55))


def _urls(reply: Reply, job_id: JobId) -> tuple[str, ...]:
    """The links as they were given, but for white space behind them; each a text, or an object with a `url`."""
    found = (reply.content or {}).get("image_urls")
    links = [
        reply.redact.without_keys(url.rstrip()) for url in map(_url, found if isinstance(found, list) else ()) if url
    ]
    if not links:
        raise Retryable(_unexpected("the job succeeded, but the answer names no result", job_id), kind="no_urls")
    return tuple(dict.fromkeys(links))[:MOST_URLS]


def _url(found: object) -> str:
    match found:
        case str(url) | {"url": str(url)}:
            return url
        case _:
            return ""


def _reason(found: object, depth: int = 0) -> str:
    """Why a job failed, wherever the service says so: its reference knows no reason, its pages read `error_message`."""
    match found:
        case str() if depth:
            return found
        case list():
            return "; ".join(filter(None, (_reason(each, depth + 1) for each in found[:8])))
        case dict() if depth < _DEEPEST:
            named = (found[name] for name in _REASONS if name in found)
            nested = (value for name, value in found.items() if name not in _REASONS and isinstance(value, dict))
            return next(filter(None, (_reason(value, depth + 1) for value in (*named, *nested))), "")
        case _:
            return ""


def job_unavailable(reply: Reply, job_id: JobId) -> Exception:
    """What to raise where the answer does not say how the job stands.

    Of what says no, only the API itself is believed: a gateway's page is trouble that passes, since its word would
    decide about work that is paid.
    """
    status = reply.status
    if status in (401, 403):
        return refusal(reply, about_job=job_id)
    if status in (400, 402, 404, 405, 410, 413, 414, 422) and reply.is_from_the_api:
        error = refusal(reply, about_job=job_id)
        return Retryable(error, kind="missing") if isinstance(error, JobNotFound) else error
    if status == 429:
        limited = RateLimited(
            "The service limits the number of requests",
            why=reply.why,
            hint=resume_command(job_id),
            job_id=job_id,
            http_status=status,
        )
        return Retryable(limited, wait=reply.wait)
    return Retryable(service_error(reply, "The service failed to answer", job_id), wait=reply.wait)


# ------------------------------------------------------------------ refusals


def refusal(reply: Reply, *, about_job: JobId | None, sent: int = 0) -> AeforgeError:
    """What a 4xx means: for a submission of `sent` bytes (`about_job` is None), or for a question about a job."""
    status, why = reply.status, reply.why
    detail = reply.detail.lower()
    why_and_keys = "; ".join(filter(None, (why, invocation.keys_at)))
    if status == 402 or (status in (400, 403) and re.search(r"\b(credits?|quota|balance|payment)\b", detail)):
        return PaymentRequired(
            "The account cannot pay for this",
            why=why,
            hint="add credits on the service's dashboard, then run the same command again",
            http_status=status,
        )
    if status in (401, 403):
        return KeyRejected(
            "The service does not accept the API key",
            why=why_and_keys,
            hint=invocation.new_key,
            job_id=about_job,
            http_status=status,
        )
    if status == 404 and ("user" in detail or "account" in detail):
        return AccountNotFound(
            "The API key is valid, but it belongs to no account",
            why=why_and_keys,
            hint=f"check the account on the service's dashboard, or use another key: {invocation.new_key}",
            job_id=about_job,
            http_status=status,
        )
    if status == 404 and about_job is None:
        return UnexpectedAnswer(
            "The service does not know this operation",
            why=why,
            hint=f"check the base URL: {command('doctor')}",
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
        "The service rejects the request" if about_job is None else "The service does not accept this job id",
        why=f"{why}; {size(sent)} were sent" if status == 413 and sent else why,
        hint="correct the request, then run the command again"
        if about_job is None
        else "check the id: aeforge job list",
        job_id=about_job,
        http_status=status,
    )


def rate_limited(reply: Reply) -> RateLimited:
    return RateLimited(
        "Nothing was submitted: the service limits the number of requests",
        why=_why_later(reply),
        hint="wait, then run the same command again",
        http_status=reply.status,
    )


def unavailable(reply: Reply) -> ServiceError:
    """A service that says when to come back has accepted nothing."""
    return ServiceError(
        "Nothing was submitted", why=_why_later(reply), hint="run the same command again later", http_status=503
    )


def _why_later(reply: Reply) -> str:
    return f"{reply.why}; it asked us to wait {reply.wait:.0f} s (Retry-After)" if reply.wait else reply.why


def asked_to_wait(wait: float) -> RateLimited:
    return RateLimited(
        "The service limits the number of requests",
        why=f"it asked us to wait, for another {wait:.0f} s (Retry-After)",
        hint="wait, then run the same command again",
        http_status=429,
    )


def service_error(reply: Reply, message: str, job_id: JobId | None = None) -> ServiceError:
    by_whom = "" if reply.content is not None or not reply.body else f", not from the API ({reply.kind})"
    return ServiceError(
        message,
        why=f"{reply.why}{by_whom}",
        hint=resume_command(job_id) if job_id else "run the same command again later",
        job_id=job_id,
        http_status=reply.status,
    )


def _unexpected(why: str, job_id: JobId) -> UnexpectedAnswer:
    return UnexpectedAnswer("The service sent an invalid response", why=why, hint=resume_command(job_id), job_id=job_id)


def submit_unknown(why: str, http_status: int | None = None, body: bytes = b"") -> SubmitUnknown:
    """A job may exist; where `body`, what was heard of the answer, names one, it says which."""
    job_id = job_id_within(body, http_status)
    if job_id is not None:
        return SubmitUnknown(
            f"The answer to the request was damaged, but it names job {job_id}, which may be charged."
            " It was not sent again",
            why=why,
            hint=resume_command(job_id),
            job_id=job_id,
            http_status=http_status,
        )
    return SubmitUnknown(
        "The request was sent, but its answer was lost: a job may exist and be charged. It was not sent again",
        why=why,
        hint=submit_anyway(),
        http_status=http_status,
    )


def _detail(content: Mapping[str, object]) -> str:
    """The service's own words: `detail` is a string, or FastAPI's list of what is wrong with which field.

    Gateways before an API say it with other names.
    """
    match detail := content.get("detail"):
        case str():
            return detail
        case list():
            return "; ".join(filter(None, (_field_error(item) for item in detail[:8])))
        case dict():
            return _reason(detail) or next((text for text in detail.values() if isinstance(text, str)), "")
        case _:
            return _reason({name: value for name, value in content.items() if name in _REASONS})


def _field_error(item: object) -> str:
    match item:
        case {"msg": str(text), "loc": [*path]}:
            name = ".".join(str(step) for step in path if step != "body")
            return f"{name}: {text}" if name else text
        case {"msg": str(text)} | str(text):
            return text
        case _:
            return ""


def json_object(body: bytes) -> Mapping[str, object] | None:
    """The answer as a JSON object; None if it is anything else."""
    try:
        # A byte-order mark is allowed; a number of 5 000 digits or 200 000 brackets is a bad answer, not a crash.
        found = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def network_hint(fault: TransportError) -> str:
    match fault.fault:
        case Fault.CERTIFICATE:
            return "if your network uses its own certificate authority, set SSL_CERT_FILE to its bundle"
        case Fault.PROXY:
            return "check HTTPS_PROXY and NO_PROXY, and the proxy's user name and password"
        case _:
            return f"check the network and the base URL ({command('doctor')}), then run the same command again"
