"""What an answer of the API means: a job, a refusal, something to retry, or something unknown."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple, NewType

from aeforge_cli.api.retry import retry_after
from aeforge_cli.api.transport import Answer, Fault, TransportError
from aeforge_cli.api.urls import host_of
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
    go_on_with,
)

JobId = NewType("JobId", str)


MOST_URLS = 64


class Pending(NamedTuple):
    """Queued or running; `status` is the service's own word, which may be one we do not know."""

    status: str = "Pending"


class Succeeded(NamedTuple):
    urls: tuple[str, ...]


class Failed(NamedTuple):
    reason: str = ""


JobStatus = Pending | Succeeded | Failed


class Retryable(Exception):
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


def new_job_id(answer: Answer) -> JobId:
    found = json_object(answer)
    if found is None:
        kind = answer.headers.get("content-type", "").partition(";")[0]
        raise submit_unknown(f"the answer was not from the API ({kind[:40] or 'no content type'})", answer.status)
    job_id = found.get("job_id")
    if not isinstance(job_id, str) or not is_job_id(job_id):
        raise submit_unknown("the answer has no usable job id", answer.status)
    return JobId(job_id)


def is_job_id(text: str) -> bool:
    """A job id is documented as a UUID; any plain token is accepted, nothing that could change a URL."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,128}", text) is not None


def job_status(answer: Answer, job_id: JobId) -> JobStatus:
    if answer.status != 200:
        raise job_unavailable(answer, job_id)
    found = json_object(answer)
    if found is None:
        raise Retryable(_unexpected("the answer is not a JSON object", job_id))
    if found.get("job_id") not in (None, job_id):
        raise Retryable(_unexpected("the answer is about another job", job_id))
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
        raise Retryable(_unexpected("the job succeeded, but the answer names no result", job_id), kind="no_urls")
    return tuple(dict.fromkeys(urls))[:MOST_URLS]


def _reason(found: Mapping[str, object]) -> str:
    """None is documented; if the service ever gives one, it is passed on."""
    for name in ("reason", "error", "message", "detail"):
        if isinstance(text := found.get(name), str) and text:
            return text
    return ""


def job_unavailable(answer: Answer, job_id: JobId) -> Exception:
    status = answer.status
    if status == 404:
        error = refusal(answer, about_job=job_id)
        return Retryable(error, kind="missing") if isinstance(error, JobNotFound) else error
    if status in (400, 401, 402, 403, 405, 410, 413, 414, 422):
        return refusal(answer, about_job=job_id)
    if status == 429:
        limited = RateLimited(
            "The service limits how often it may be asked",
            why=_why(answer),
            hint=go_on_with(job_id),
            job_id=job_id,
            http_status=status,
        )
        return Retryable(limited, wait=retry_after(answer.headers))
    return Retryable(service_error(answer, "The service could not say", job_id), wait=retry_after(answer.headers))


def refusal(answer: Answer, *, about_job: JobId | None) -> AeforgeError:
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


def rate_limited(answer: Answer) -> RateLimited:
    return RateLimited(
        "Nothing was submitted: the service limits how much may be asked of it",
        why=_why(answer),
        hint="wait, then run the same command again",
        http_status=answer.status,
    )


def asked_to_wait(wait: float) -> RateLimited:
    return RateLimited(
        "The service limits how much may be asked of it",
        why=f"it asked for silence, for another {wait:.0f} s",
        hint="wait, then run the same command again",
        http_status=429,
    )


def service_error(answer: Answer, message: str, job_id: JobId | None = None) -> ServiceError:
    return ServiceError(
        message,
        why=_why(answer),
        hint=go_on_with(job_id) if job_id else "run the same command again later",
        job_id=job_id,
        http_status=answer.status,
    )


def _unexpected(why: str, job_id: JobId) -> UnexpectedAnswer:
    return UnexpectedAnswer("The service's answer makes no sense", why=why, hint=go_on_with(job_id), job_id=job_id)


def submit_unknown(why: str, http_status: int | None = None) -> SubmitUnknown:
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
    detail = (json_object(answer) or {}).get("detail")
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


def json_object(answer: Answer) -> Mapping[str, object] | None:
    """The answer as a JSON object; None if it is anything else."""
    try:
        # A byte-order mark is allowed; a number of 5 000 digits or 200 000 brackets is a bad answer, not a crash.
        found = json.loads(answer.body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def redirect_host(answer: Answer) -> str:
    return host_of(answer.headers.get("location", "")) or "the same host"


def network_hint(fault: TransportError) -> str:
    match fault.fault:
        case Fault.CERTIFICATE:
            return "if your network uses its own certificate authority, set SSL_CERT_FILE to its bundle"
        case Fault.PROXY:
            return "check HTTPS_PROXY and NO_PROXY, and the proxy's user name and password"
        case _:
            return "check the network and the base URL (aeforge doctor), then run the same command again"
