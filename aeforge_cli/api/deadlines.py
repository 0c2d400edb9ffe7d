"""A total time limit for one HTTP exchange: requests' own limit starts again with every byte received."""

import contextlib
import io
import socket
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

BLOCK = 256 * 1024  # bytes read at a time; larger blocks gain nothing


@dataclass(frozen=True)
class _Deadline:
    ends_at: float = float("inf")
    silence: float | None = None


_deadline: ContextVar[_Deadline] = ContextVar("patience", default=_Deadline())  # noqa: B039 - frozen


@contextlib.contextmanager
def time_limit(seconds: float, silence: float) -> Iterator[None]:
    """The whole exchange ends in time: requests' own limit starts again with every byte received."""
    token = _deadline.set(_Deadline(time.monotonic() + seconds, silence))
    try:
        yield
    finally:
        _deadline.reset(token)


class _TimedSocket:
    """A connected socket whose every wait ends when the exchange must."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: bytes, flags: int = 0) -> None:
        self._hurry()
        self._sock.sendall(data, flags)

    def recv_into(self, buffer: Any, count: int = 0) -> int:
        self._hurry()
        return self._sock.recv_into(buffer, count)

    def makefile(self, mode: str, buffering: int | None = None) -> io.BufferedReader:
        """What http.client reads answers through; SocketIO calls our recv_into."""
        if mode != "rb":
            raise ValueError("only answers are read as files")
        reader = socket.SocketIO(cast("socket.socket", self), "r")
        self._sock._io_refs += 1  # type: ignore[attr-defined]  # noqa: SLF001 - as socket.makefile does
        return io.BufferedReader(reader, buffering if buffering and buffering > 0 else BLOCK)

    def _hurry(self) -> None:
        patience = _deadline.get()
        left = patience.ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        if patience.silence is not None:
            self._sock.settimeout(min(left, patience.silence))


def _timed(sock: Any) -> Any:
    # Inside a TLS tunnel to an https:// proxy there is no plain socket to time; urllib3's own limits hold there.
    return _TimedSocket(sock) if isinstance(sock, socket.socket) else sock


class _TimedConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _timed(self.sock)


class _TimedSecureConnection(HTTPSConnection):
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
