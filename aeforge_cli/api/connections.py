"""Connections whose every exchange ends in time, and asks for exactly what it was told to.

requests' own limit starts again with every byte received, and its addresses are spelt anew on their way.
"""

import contextlib
import io
import math
import re
import socket
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from aeforge_cli.dataclass import dataclass

BLOCK = 256 * 1024  # bytes read at a time; larger blocks gain nothing
_PIECE = 64 * 1024  # bytes sent at a time: TLS would take a block whole, however slowly, before the clock is looked at


@dataclass(frozen=True)
class _Exchange:
    """`ends_at` is on the monotonic clock, `stalled` and `silence` are in seconds; see `exchange`."""

    ends_at: float = math.inf
    stalled: float = math.inf
    silence: float = math.inf
    target: str | None = None


_exchange: ContextVar[_Exchange] = ContextVar("exchange", default=_Exchange())  # noqa: B039 - frozen


@contextlib.contextmanager
def exchange(seconds: float, *, stalled: float, silence: float, target: str | None = None) -> Iterator[None]:
    """What happens within ends in `seconds`, and earlier where the other side takes or says nothing for too long.

    `stalled` is how long it may take no byte, `silence` how long it may say none. `target`
    is what the request line asks for, byte for byte: requests and urllib3 would spell it anew.
    """
    token = _exchange.set(_Exchange(time.monotonic() + seconds, stalled, silence, target))
    try:
        yield
    finally:
        _exchange.reset(token)


class _TimedSocket:
    """A connected socket whose every wait ends when the exchange must."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """As socket.sendall, whose own limit would be for the whole block instead of for each silence."""
        left = memoryview(data)
        while left:
            self._hurry(_exchange.get().stalled)
            left = left[self._sock.send(left[:_PIECE], flags) :]

    def recv_into(self, buffer: Any, count: int = 0) -> int:
        self._hurry(_exchange.get().silence)
        return self._sock.recv_into(buffer, count)

    def makefile(self, mode: str, buffering: int | None = None) -> io.BufferedReader:
        """What http.client reads answers through; SocketIO calls our recv_into."""
        if mode != "rb":
            raise ValueError("only answers are read as files")
        reader = socket.SocketIO(cast("socket.socket", self), "r")
        self._sock._io_refs += 1  # type: ignore[attr-defined]  # noqa: SLF001 - as socket.makefile does
        return io.BufferedReader(reader, buffering if buffering and buffering > 0 else BLOCK)

    def _hurry(self, silence: float) -> None:
        left = _exchange.get().ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        if (limit := min(left, silence)) < math.inf:
            self._sock.settimeout(limit)


def _timed(sock: Any) -> Any:
    # Inside a TLS tunnel to an https:// proxy there is no plain socket to time; urllib3's own limits hold there.
    return _TimedSocket(sock) if isinstance(sock, socket.socket) else sock


class _ExactTarget(HTTPConnection):
    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        exact = _exchange.get().target
        if exact is not None:  # a proxy for http:// is told the host, too
            url = "".join(re.findall(r"^[a-z]+://[^/?#]*", url)) + exact
        super().putrequest(method, url, skip_host, skip_accept_encoding)


class _TimedConnection(_ExactTarget):
    def connect(self) -> None:
        super().connect()
        self.sock = _timed(self.sock)


class _TimedSecureConnection(_ExactTarget, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _timed(self.sock)

    def _tunnel(self) -> None:
        """Asks a proxy for a tunnel; TLS then needs the bare socket back."""
        bare = self.sock
        self.sock = _timed(bare)
        try:
            super()._tunnel()
        finally:
            if self.sock is not None:
                self.sock = bare


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _TimedSecureConnection


TIMED_POOLS = {"http": _TimedPool, "https": _TimedSecurePool}
