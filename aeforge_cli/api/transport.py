"""The seam between the client and the network: one exchange in, one answer or one fault out."""

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Literal, NamedTuple, Protocol

from aeforge_cli.api.multipart import MultipartBody
from aeforge_cli.dataclass import dataclass


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
    MALFORMED_RESPONSE = "the answer was not complete HTTP"
    TOO_LARGE = "the answer was too large"
    ENCODED = "the answer was compressed, although that was declined, and not as it said"
    PRIVATE = "it redirects to a private network"


class TransportError(Exception):
    """There is no usable answer; `delivered` tells whether the whole request was handed to the kernel.

    `heard` is what came of the answer's body, at most 1 MiB.
    """

    def __init__(self, fault: Fault, *, delivered: bool, detail: str = "", heard: bytes = b"") -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.delivered = delivered
        self.detail = detail
        self.heard = heard

    @property
    def why(self) -> str:
        return f"{self.fault.value} ({self.detail})" if self.detail else self.fault.value


class Request(NamedTuple):
    """`signed` asks for the key, which the transport gives to the service's own origin only."""

    method: Literal["GET", "POST"]
    url: str
    signed: bool = True
    body: MultipartBody | None = None


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
    """One exchange with a server; never two. Raises TransportError where there is no usable answer."""

    def ask(self, request: Request) -> Answer: ...

    def fetch(self, url: str, sink: Sink) -> Answer:
        """A GET without the key whose body, if the status is 200, goes to the sink in blocks."""
        ...
