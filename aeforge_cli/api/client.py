"""The API in Python: operations in, jobs out; status codes and JSON end here.

Paths, statuses and error bodies are those of the service's public reference. Where it is silent, every answer is
sorted into one of four: it worked, it was refused, nothing happened yet (try again), or nobody can know.
"""

import math
import random
import uuid
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from aeforge_cli.api.multipart import MultipartBody
from aeforge_cli.api.operations import Operation
from aeforge_cli.api.responses import (
    JobId,
    JobStatus,
    LinkExpired,
    Reply,
    Retryable,
    asked_to_wait,
    job_status,
    job_unavailable,
    network_hint,
    new_job_id,
    rate_limited,
    read,
    refusal,
    service_error,
    submit_unknown,
    unavailable,
)
from aeforge_cli.api.retry import LONGEST_WAIT, ConcurrencyLimiter, RetryBudget, jitter, retry_after
from aeforge_cli.api.transport import Answer, Fault, Request, Sink, Transport, TransportError
from aeforge_cli.api.urls import host_of
from aeforge_cli.errors import (
    KeyRejected,
    RateLimited,
    ResultUnavailable,
    ServiceError,
    UnexpectedAnswer,
    Unreachable,
    command,
)
from aeforge_cli.process.clock import Clock
from aeforge_cli.redaction import Redactor

T = TypeVar("T")

# A POST that certainly was not accepted is sent once and three times more, as the AWS SDKs' legacy mode does; 12 times
# where the service itself says when: a limit for each minute, which is common, has passed by then.
ATTEMPTS = 4
NAMED_WAITS = 12
LONGEST_PAUSE = 20.0  # seconds between polls for someone who sits and waits for an answer, not for a job


# ------------------------------------------------------------------ jobs


class Client:
    """Asks the service; `base_url` has no slash at its end.

    `redact` blanks secrets in all that the service says, before anybody else sees it: errors, reasons and states can
    be shown, kept and published as they are.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        base_url: str,
        clock: Clock,
        chance: random.Random | None = None,
        budget: RetryBudget | None = None,
        limiter: ConcurrencyLimiter | None = None,
        redact: Redactor | None = None,
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._clock = clock
        self.chance = chance or random.Random()  # noqa: S311 - spreads retries, hides nothing
        self.budget = budget or RetryBudget()
        self.limiter = limiter or ConcurrencyLimiter()
        self._redact = redact or Redactor()

    @property
    def host(self) -> str:
        return urlsplit(self._base_url).netloc

    def _ask(self, request: Request, until: float = math.inf) -> Reply:
        """One exchange, after the common silence that an earlier 429 may have asked for.

        Raises Retryable where the silence lasts beyond `until`. A poll waits once: if
        submissions that are refused could silence it for ever, jobs that have ended would never make room.
        """
        while wait := self.limiter.remaining(now := self._clock.monotonic()):
            if now + wait > until:
                raise Retryable(asked_to_wait(wait), wait=wait)
            self._clock.sleep(wait)
            if request.body is None:
                break
        reply = read(self._transport.ask(request), redact=self._redact, now=self._clock.now())
        if reply.status == 429:
            self._hold(reply.wait)
        elif reply.status < 400:
            self.limiter.earn()
        return reply

    def _hold(self, asked: float | None) -> None:
        """All workers keep the silence that the service asks for, and each time it refuses them again, a longer one."""
        own = jitter(self.limiter.refusals, chance=self.chance) if asked else 0.0
        self.limiter.hold(max(asked or 0.0, own), self._clock.monotonic())

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

        `until` is when the timeout expires, on the clock's monotonic scale. Raises SubmitUnknown where a job may exist,
        and Rejected, KeyRejected, AccountNotFound, PaymentRequired, RateLimited, Unreachable or ServiceError where none
        does.
        """
        attempt = 0
        while True:
            try:
                return self._submit_once(operation, uploaded, until)
            except Retryable as unsent:
                if not queues and isinstance(unsent.error, RateLimited):
                    raise unsent.error from None
                wait = self._wait_before_sending_again(unsent, attempt, until)
                waiting(unsent.error.why or unsent.error.message, wait)
                self._clock.sleep(wait)
                attempt += 1

    def _submit_once(self, operation: Operation, uploaded: Callable[[int, int], None], until: float) -> JobId:
        body = MultipartBody(operation, uploaded)
        try:
            reply = self._ask(Request("POST", f"{self._base_url}/{operation.path}", body=body), until)
        except TransportError as fault:
            if fault.delivered:
                raise submit_unknown(fault.why, body=fault.heard) from None
            raise self._not_sent(fault) from None
        job_id = self._accepted(reply, sent=len(body))
        self.budget.earn()
        return job_id

    def _not_sent(self, fault: TransportError) -> Exception:
        error = Unreachable(
            f"Nothing was submitted: {self.host} could not be reached", why=fault.why, hint=network_hint(fault)
        )
        return error if fault.fault is Fault.CERTIFICATE else Retryable(error)

    def _accepted(self, reply: Reply, *, sent: int) -> JobId:
        status = reply.status
        if status in (200, 201, 202):
            return new_job_id(reply)
        if status == 429:
            raise Retryable(rate_limited(reply), wait=reply.wait)
        if status == 503 and reply.wait is not None:
            raise Retryable(unavailable(reply), wait=reply.wait)
        if 300 <= status < 400:
            raise ServiceError(
                "Nothing was submitted: the service redirected the request, which is refused",
                why=f"HTTP {status} to {reply.location}",
                hint=f"check the base URL: {command('doctor')}",
                http_status=status,
            )
        if 400 <= status < 500 and status not in (408, 409, 425):
            raise refusal(reply, about_job=None, sent=sent)
        raise submit_unknown(f"the service answered HTTP {status}", status, reply.body)

    def _wait_before_sending_again(self, unsent: Retryable, attempt: int, until: float) -> float:
        """Seconds to wait; raises the error itself when it is not worth waiting."""
        if attempt + 1 >= (NAMED_WAITS if unsent.wait else ATTEMPTS) or not self.budget.spend():
            raise unsent.error
        wait = unsent.pause(attempt, chance=self.chance)
        if unsent.asked > LONGEST_WAIT or wait > until - self._clock.monotonic():
            raise unsent.error
        return wait

    # -------------------------------------------------------------- polling

    def poll(self, job_id: JobId, until: float = math.inf) -> JobStatus:
        """One poll of a job. Raises Retryable where another poll may help, and the error itself where none will.

        `until` is when the timeout expires: no silence that the service asked for is kept beyond it.
        """
        try:
            reply = self._ask(Request("GET", f"{self._base_url}/job/{job_id}"), until)
        except TransportError as fault:
            raise self._unheard(fault, job_id) from None
        return job_status(reply, job_id)

    def key_is_good(self) -> bool:
        """Whether the service knows the key: asked about a job that cannot exist, it says 401 or 404, at no cost.

        Raises Unreachable, ServiceError or AccountNotFound where the answer does not say.
        """
        try:
            reply = self._ask(Request("GET", f"{self._base_url}/job/{uuid.uuid4()}"))
        except TransportError as fault:
            raise self._unreachable(fault) from None
        if reply.status == 200 and reply.content is not None:
            return True
        refuses = reply.status in (400, 402, 404, 405, 410, 422) and reply.is_from_the_api
        if reply.status not in (401, 403) and not refuses:
            raise service_error(reply, "The service failed to answer")
        match error := refusal(reply, about_job=None):
            case KeyRejected():
                return False
            case UnexpectedAnswer():  # 404: it looked, and there is no such job
                return True
            case _:
                raise error

    def get(self, path: str) -> Answer:
        """One GET of any path. Raises Retryable where asking again may help, and the error itself where none will."""
        try:
            reply = self._ask(Request("GET", f"{self._base_url}/{path}"))
        except TransportError as fault:
            raise self._unheard(fault) from None
        if 200 <= reply.status < 300:
            return Answer(reply.status, body=self._redact.bytes_without_keys(reply.body))
        if path.startswith("job/"):
            raise job_unavailable(reply, JobId(path.removeprefix("job/")))
        if 400 <= reply.status < 500 and reply.status not in (408, 425, 429):
            raise refusal(reply, about_job=None)
        raise Retryable(service_error(reply, "The service failed to answer"), wait=reply.wait)

    def insist(self, ask: Callable[[], T], retrying: Callable[[str, float], None], *, tries: int = 4) -> T:
        """Asks until there is an answer, a few times at most; `retrying` hears why, and how long the pause is."""
        for attempt in range(tries):
            try:
                return ask()
            except Retryable as nothing:
                if attempt + 1 == tries or nothing.kind == "missing":
                    raise nothing.error from None
                pause = min(nothing.pause(attempt, chance=self.chance), LONGEST_PAUSE)
                retrying(nothing.error.why or nothing.error.message, pause)
                self._clock.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _unheard(self, fault: TransportError, job_id: JobId | None = None) -> Exception:
        error = self._unreachable(fault, job_id)
        return error if fault.fault is Fault.CERTIFICATE else Retryable(error)

    def _unreachable(self, fault: TransportError, job_id: JobId | None = None) -> Unreachable:
        return Unreachable(f"{self.host} could not be reached", why=fault.why, hint=network_hint(fault), job_id=job_id)

    # -------------------------------------------------------------- results

    def fetch(self, url: str, sink: Sink, *, job_id: JobId, again: str) -> None:
        """One try to fetch a result, without the key; `again` is the command that fetches it once more, for hints.

        Raises LinkExpired for 400 and 403, Retryable where another try may help, ResultUnavailable where none will.
        """
        host = self._redact(host_of(url), 200)
        try:
            answer = self._transport.fetch(url, sink)
        except TransportError as fault:
            error = ResultUnavailable(
                f"The result could not be fetched from {host}", why=fault.why, hint=again, job_id=job_id
            )
            raise error if fault.fault is Fault.CERTIFICATE else Retryable(error) from None
        if answer.status == 200:
            self.budget.earn()
            return
        error = ResultUnavailable(
            f"The result could not be fetched from {host}",
            why=f"it answered HTTP {answer.status}",
            hint=again,
            job_id=job_id,
            http_status=answer.status,
        )
        if answer.status in (400, 401, 403, 410):
            raise LinkExpired(error)
        if answer.status == 404:
            raise Retryable(error, kind="missing")
        if answer.status in (408, 425, 429) or answer.status >= 500:
            raise Retryable(error, wait=retry_after(answer.headers, self._clock.now()))
        raise error
