"""HTTP, made of requests: what was handed over, how long it may take, and who may see the key.

requests' adapter is used without its Session, because each of the session's comforts is a way to lose money or the key:
~/.netrc replaces the key, redirects carry pictures to other hosts, cookies follow, retries repeat a paid POST.
"""

import contextlib
import http.client
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.response import HTTPResponse
from urllib3.util.retry import Retry

from aeforge_cli import __version__
from aeforge_cli.api.connections import BLOCK, TIMED_POOLS, exchange
from aeforge_cli.api.content_coding import BadCodingError, decoder
from aeforge_cli.api.proxies import Proxies
from aeforge_cli.api.transport import Answer, Fault, Request, Sink, TransportError
from aeforge_cli.api.urls import (
    Resolver,
    checked_result_link,
    is_this_machine,
    networks_inside,
    origin,
    redirected,
    requestable,
    resolve,
    target,
)
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import Usage
from aeforge_cli.redaction import Redactor, Secret, shown_url

# Nothing below us may repeat a request: `other=0` matters most, since urllib3 counts TLS errors there for any method.
_NO_RETRIES = Retry(total=0, connect=0, read=False, redirect=0, status=0, other=0, respect_retry_after_header=False)
_FOREIGN_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True)
class Limits:
    """Seconds: for a connection, for each silence, and in total for a submission, a question and a picture.

    TCP sends a lost SYN again after 1, 3 and 7 s, which `connect` lets happen. A submission is never sent again, so it
    is waited for to its end, longer than the minute or two after which proxies give up; `read` is for the silences of
    all others, and for how long the other side may take no byte of an upload. `answer` and `picture` are the most bytes
    of each.
    """

    connect: float = 10.0
    read: float = 30.0
    submit: float = 180.0
    ask: float = 30.0
    fetch: float = 600.0
    upload_rate: float = 64 * 1024  # bytes a second below which a long upload is given up
    answer: int = 1024 * 1024
    picture: int = 256 * 1024 * 1024


class RequestsTransport:
    """A Transport over HTTP: one exchange a call, never two. Safe to use from several threads.

    `redact` blanks what is logged; the key is blanked in whatever comes in, so that nobody can pass it on.
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: Secret | None,
        ca_bundle: str | None = None,
        limits: Limits = Limits(),
        log: Callable[[str], None] | None = None,
        redact: Redactor | None = None,
        through_proxy: bool = True,
        resolver: Resolver = resolve,
    ) -> None:
        self._origin = origin(base_url)
        self._local = is_this_machine(base_url, resolver)
        self._key = key
        self._limits = limits
        self._log = log or (lambda _line: None)
        self._redact = redact or Redactor()
        if key is not None:
            self._redact.hide(key)
        self._proxies = Proxies(resolver) if through_proxy else None
        self._resolver = resolver
        self._ca_bundle = ca_bundle
        self._tls: ssl.SSLContext | None = None
        self._kept = self._adapter()

    def close(self) -> None:
        self._kept.close()

    def check(self, url: str) -> None:
        """Raises Usage for a proxy, or for certificates, with which no request to the address could be made."""
        self._proxy(url)
        if url.startswith("https:"):
            self._context()

    def ask(self, request: Request) -> Answer:
        limits = self._limits
        if request.body is None:
            with exchange(limits.ask, stalled=limits.read, silence=limits.read):
                return self._exchange(self._kept, request, _Collected(), silence=limits.read)
        # A kept connection may be closed by the server at the very moment it is used, which would look like a lost
        # answer: a submission gets a connection of its own.
        fresh = self._adapter()
        seconds = limits.submit + len(request.body) / limits.upload_rate
        with contextlib.closing(fresh), exchange(seconds, stalled=limits.read, silence=seconds):
            return self._exchange(fresh, request, _Collected(), silence=seconds)

    def fetch(self, url: str, sink: Sink) -> Answer:
        """Fetches a result, redirects included.

        Raises ResultUnavailable, before a packet is sent, for a link that must not be followed.
        """
        link = self._checked(url)
        answer = self._get(link, sink)
        for _ in range(MOST_REDIRECTS):
            location = answer.headers.get("location", "")
            if answer.status not in REDIRECTS or not location:
                break
            link = self._checked(redirected(link, location) or "")
            answer = self._get(link, sink)
        return answer

    def _checked(self, url: str) -> str:
        return checked_result_link(
            url, service_is_local=self._local, resolver=lambda host, port: self._addresses(url, host, port)
        )

    def _addresses(self, url: str, host: str, port: int) -> list[str]:
        """A proxy looks hosts up itself, so there is nothing to judge."""
        return [] if self._proxy(url) else self._resolver(host, port)

    def fetch_input(self, url: str, sink: Sink, *, origin: str | None = None) -> Answer:
        """Fetches a picture from an address that the user named, or to which a redirect of `origin` led.

        Such a redirect must not lead into a network that is not public, unless `origin` is in one of the same kind.
        """
        if origin is not None and not self._networks(url) <= self._networks(origin):
            raise TransportError(Fault.PRIVATE, delivered=False)
        return self._get(requestable(url), sink)

    def _networks(self, url: str) -> set[str]:
        return networks_inside(requestable(url), lambda host, port: self._addresses(url, host, port))

    def _get(self, url: str, sink: Sink) -> Answer:
        limits = self._limits
        with exchange(limits.fetch, stalled=limits.read, silence=limits.read, target=target(url)):
            return self._exchange(self._kept, Request("GET", url, signed=False), sink, silence=limits.read)

    # -------------------------------------------------------------- one exchange

    def _exchange(self, adapter: HTTPAdapter, request: Request, sink: "Sink | _Collected", *, silence: float) -> Answer:
        started = time.monotonic()
        name = f"{request.method} {shown_url(request.url)}"
        self._log(f"> {name}")
        try:
            proxy = self._proxy(request.url)
            prepared = self._prepared(request)
            for header, value in prepared.headers.items():
                self._log(f">   {header}: {'Bearer ***' if header == 'Authorization' else value}")
            response = adapter.send(
                prepared, stream=True, timeout=(self._limits.connect, silence), verify=True, proxies=proxy
            )
            with contextlib.closing(response):
                most = self._limits.answer if isinstance(sink, _Collected) else self._limits.picture
                answer = self._without_key(_read(response, sink, most=most))
        except _FOREIGN_ERRORS as error:
            fault = _fault(error)
            self._log(f"< {name}: {fault.value}, after {time.monotonic() - started:.3f} s")
            # `from None`: the foreign error holds the request, and the request holds the key.
            raise TransportError(
                fault,
                delivered=request.body is None or request.body.delivered,
                detail=_reason(error, fault),
                heard=self._redact.bytes_without_keys(sink.body) if isinstance(sink, _Collected) else b"",
            ) from None
        self._log(f"< {answer.status}, after {time.monotonic() - started:.3f} s")
        for header in _LOGGED_HEADERS & answer.headers.keys():
            self._log(f"<   {header}: {self._redact(answer.headers[header], _LOGGED)}")
        if answer.body:
            self._log(f"<   {self._redact(answer.body.decode('utf-8', 'replace'), _LOGGED)}")
        return answer

    def _without_key(self, answer: Answer) -> Answer:
        headers = {name: self._redact.without_keys(value) for name, value in answer.headers.items()}
        return Answer(answer.status, headers, self._redact.bytes_without_keys(answer.body))

    def _prepared(self, request: Request) -> requests.PreparedRequest:
        headers = {"User-Agent": f"aeforge/{__version__}", "Accept-Encoding": "identity"}
        headers["Accept"] = "application/json" if request.signed else "image/*"
        if request.body is not None:
            headers["Content-Type"] = request.body.content_type
            headers["Connection"] = "close"
        if request.signed and self._key is not None and origin(request.url) == self._origin:
            headers["Authorization"] = f"Bearer {self._key.reveal()}"
        body = cast("Any", request.body)
        return requests.Request(request.method, request.url, headers=headers, data=body).prepare()

    def _proxy(self, url: str) -> dict[str, str]:
        """As requests takes it: by scheme. Raises Usage for a proxy that cannot be one."""
        return {} if self._proxies is None else self._proxies.of(url)

    def _adapter(self) -> HTTPAdapter:
        return _Adapter(self._context)

    def _context(self) -> ssl.SSLContext:
        """One for the process: loading the authorities costs 25 ms each time."""
        if self._tls is None:
            self._tls = _tls_context(self._ca_bundle)
        return self._tls


REDIRECTS = (301, 302, 303, 307, 308)
_KEPT = 32  # connections to one host that wait for the next request: more than the threads that ask it
MOST_REDIRECTS = 5  # a CDN that hands over to a storage, and that to a region, needs two
_LOGGED = 500  # characters of an answer
_LOGGED_HEADERS = {"content-type", "content-length", "retry-after", "date", "server", "x-request-id", "connection"}


def _tls_context(bundle: str | None) -> ssl.SSLContext:
    where = bundle or certifi.where()
    context = urllib3.util.ssl_.create_urllib3_context()
    try:
        if os.path.isdir(where):  # noqa: PTH112 - OpenSSL takes the text as it is
            context.load_verify_locations(capath=where)
        else:
            context.load_verify_locations(cafile=where)
    except OSError as error:
        raise Usage(
            f"The certificate bundle {where} cannot be used",
            why=error.strerror or "it holds no certificates",
            hint="correct REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE",
        ) from None
    return context


# ------------------------------------------------------------------ reading an answer


class _Collected:
    """The body of an answer of the API, which is small."""

    def __init__(self) -> None:
        self.body = b""

    def expect(self, size: int | None) -> None:
        """Small as it is, it needs no room made for it."""

    def write(self, block: bytes) -> None:
        self.body += block


class _TooLargeError(OSError):
    pass


class _MalformedResponseError(OSError):
    pass


def _read(response: requests.Response, sink: "Sink | _Collected", *, most: int) -> Answer:
    raw = cast("HTTPResponse", response.raw)
    headers = {name.lower(): value for name, value in raw.headers.items()}
    length = _announced_length(raw)
    coding = decoder(headers.get("content-encoding", ""), is_measured=length is not None)
    if not isinstance(sink, _Collected) and raw.status != 200:
        return Answer(raw.status, headers)
    if length is not None and length > most:
        raise _TooLargeError
    sink.expect(None if coding.changes else length)
    made = 0
    for block in _blocks(raw, at_once=isinstance(sink, _Collected)):  # urllib3 raises where it ends before its length
        for content in coding.blocks(block):
            made += len(content)
            if made > most:
                raise _TooLargeError
            sink.write(content)
    coding.close()
    raw.release_conn()
    return Answer(raw.status, headers, sink.body if isinstance(sink, _Collected) else b"")


def _blocks(raw: HTTPResponse, *, at_once: bool) -> Iterator[bytes]:
    """The content as it comes; `at_once` in smaller blocks, of which none is lost where the next does not come."""
    read = raw.read1 if at_once else raw.read
    while block := read(BLOCK, decode_content=False):
        yield block


def _announced_length(raw: HTTPResponse) -> int | None:
    """Content-Length, if it is a plain number; http.client would take a sign, or a cut number.

    A proxy may repeat it (RFC 9110 8.6); urllib3 has refused lengths that differ.
    """
    told = raw.headers.get("content-length")
    if told is None or "transfer-encoding" in raw.headers:
        return None
    length = told.partition(",")[0].strip()
    if not re.fullmatch(r"[0-9]{1,15}", length):
        raise _MalformedResponseError
    if raw.status == 204 or raw.status < 200:
        return None
    return int(length)


# ------------------------------------------------------------------ naming what went wrong


def _fault(error: BaseException) -> Fault:
    causes = list(_causes(error))
    for kind, fault in _FAULTS:
        if any(isinstance(cause, kind) for cause in causes):
            return fault
    return Fault.CLOSED


def _reason(error: BaseException, fault: Fault) -> str:
    """The system's own word for why no connection could be made: its limits and its firewall are no network."""
    if fault is not Fault.UNREACHED:
        return _proxy_refusal(error) if fault is Fault.PROXY else ""
    return next((cause.strerror for cause in _causes(error) if isinstance(cause, OSError) and cause.strerror), "")


_FAULTS: tuple[tuple[type[BaseException], Fault], ...] = (
    (_TooLargeError, Fault.TOO_LARGE),
    (BadCodingError, Fault.ENCODED),
    (_MalformedResponseError, Fault.MALFORMED_RESPONSE),
    (requests.exceptions.ProxyError, Fault.PROXY),
    (urllib3.exceptions.ProxyError, Fault.PROXY),
    (requests.exceptions.InvalidProxyURL, Fault.PROXY),
    (requests.exceptions.InvalidSchema, Fault.PROXY),
    (ssl.SSLCertVerificationError, Fault.CERTIFICATE),
    (urllib3.exceptions.NameResolutionError, Fault.NAME),
    (socket.gaierror, Fault.NAME),
    (ConnectionRefusedError, Fault.REFUSED),
    (urllib3.exceptions.NewConnectionError, Fault.UNREACHED),
    (requests.exceptions.ConnectTimeout, Fault.CONNECT_TIMEOUT),
    (urllib3.exceptions.ConnectTimeoutError, Fault.CONNECT_TIMEOUT),
    (requests.exceptions.ReadTimeout, Fault.TIMEOUT),
    (urllib3.exceptions.ReadTimeoutError, Fault.TIMEOUT),
    (TimeoutError, Fault.TIMEOUT),
    (ssl.SSLError, Fault.TLS),
    (urllib3.exceptions.SSLError, Fault.TLS),
    (http.client.RemoteDisconnected, Fault.CLOSED),
    (ConnectionError, Fault.CLOSED),
    (http.client.HTTPException, Fault.MALFORMED_RESPONSE),
    (urllib3.exceptions.HTTPError, Fault.MALFORMED_RESPONSE),
    (ValueError, Fault.MALFORMED_RESPONSE),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all it wraps: requests and urllib3 keep the cause in `args`, `reason` or the chain."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if isinstance(found, BaseException) and id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [*found.args, getattr(found, "reason", None), found.__cause__, found.__context__]


def _proxy_refusal(error: BaseException) -> str:
    """The status with which a proxy refused the tunnel; http.client gives it in the text only."""
    for cause in _causes(error):
        if found := re.search(r"Tunnel connection failed: (\d{3})", str(cause)):
            return "it wants credentials, HTTP 407" if found[1] == "407" else f"it answered HTTP {found[1]}"
    return ""


# ------------------------------------------------------------------ total time


class _Adapter(HTTPAdapter):
    """requests' adapter with our connections, one TLS context for all of them, and no retries."""

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context
        super().__init__(max_retries=_NO_RETRIES, pool_maxsize=_KEPT)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = TIMED_POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = TIMED_POOLS
        return manager

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host, tls = cast("tuple[Any, Any]", super().build_connection_pool_key_attributes(request, verify, cert))
        if host["scheme"] == "https":
            tls["ssl_context"] = self._context()
        return host, tls

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leaves the authorities to the context; requests would load them anew for every connection."""
        conn.cert_reqs = "CERT_REQUIRED"
