"""One HTTP origin on this machine: it records all it is told and misbehaves as scripted, down to the socket."""

import socket
import ssl
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

JUNK = b"this is no record of TLS, and no answer of HTTP either\r\n"


class End(Enum):
    """What becomes of the connection after the answer."""

    KEEP = auto()  # open for the next request
    FIN = auto()  # closed in good order
    RESET = auto()  # RST: whatever the other side has not read is gone
    JUNK = auto()  # bytes that are no TLS, beside the encryption, then FIN
    STALL = auto()  # open, and silent until the other side gives up
    DEAF = auto()  # open, and not even reading
    DRAIN = auto()  # no more is said, the rest of the request is read and dropped


@dataclass(frozen=True)
class Answer:
    """What to say and how to end. `raw` replaces status line, headers and body; `cut` is how many bytes get out."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: int | None = None
    end: End = End.KEEP
    delay: float = 0.0
    pace: float = 0.0  # seconds between two bytes
    read: int | None = None  # bytes of the request's body that are read before answering; None is all of them
    charges: bool | None = None

    @property
    def may_charge(self) -> bool:
        """Whether a service that says this, or is cut off while saying it, may have made a job of the request."""
        if self.charges is not None:
            return self.charges
        asks_again = self.status == 503 and "Retry-After" in self.headers
        return self.raw is not None or not (asks_again or 300 <= self.status < 500) or self.status in {408, 409, 425}

    def wire(self) -> bytes:
        whole = self.raw if self.raw is not None else self._written()
        return whole if self.cut is None else whole[: self.cut]

    def _written(self) -> bytes:
        headers = {"Content-Length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} {self.status}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True)
class Request:
    """What arrived; `complete` if the body is as long as was announced."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    complete: bool
    at: float

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        return urlsplit(self.target).query


Scripted = Answer | Callable[[Request], Answer | None] | None


def slowly(seconds: float) -> Callable[[Request], None]:
    """The origin's own answer, after a while."""
    return lambda _: time.sleep(seconds)


@dataclass
class Script:
    """Answers in order, then the standing one; None is the origin's own answer."""

    queue: deque[Scripted] = field(default_factory=deque)
    standing: Scripted = None

    def says(self, *answers: Scripted) -> None:
        self.queue.extend(answers)

    def always(self, answer: Scripted) -> None:
        self.standing = answer

    def next(self) -> Scripted:
        try:
            return self.queue.popleft()
        except IndexError:
            return self.standing


class Origin(ThreadingHTTPServer):
    """Listens on a free port of `host` until closed; `script_for` and `reply` are the service behind it."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(
        self,
        script_for: Callable[[str, str], Script],
        reply: Callable[[Request], Answer],
        settled: Callable[[Request, Answer], None],
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__((host, 0), _Conversation)
        self.script_for, self.reply, self.settled = script_for, reply, settled
        self.host, self.tls = host, tls
        self.requests: list[Request] = []
        self.connections = 0
        self.stopping = threading.Event()
        self.mistakes: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._resets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.server_port}"

    def close(self) -> None:
        self.stopping.set()
        self.shutdown()
        with self._lock:
            for connection in self._open:
                _hang_up(connection)
        self.server_close()
        self._thread.join()
        assert self.mistakes == []

    def record(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    def reset(self, connection: socket.socket) -> None:
        """The last close sends RST, if nothing was shut down before it."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._resets.add(connection)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls:
            # The handshake is for the connection's own thread: a failed one must not stop the others.
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
            self.connections += 1
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if request in self._resets:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        with self._lock:
            self._open.discard(request)
        super().close_request(request)

    def handle_error(self, _request: object, _address: object) -> None:
        """A client that went away is what these tests are about; anything else is a mistake of ours."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.mistakes.append(error)


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Origin
    connection: socket.socket

    def setup(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def _talk(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        scripted = self.server.script_for(self.command, self.path).next()
        wanted = scripted.read if isinstance(scripted, Answer) and scripted.read is not None else length
        request = self._received(self.rfile.read(min(wanted, length)), length)
        self.server.record(request)
        answer = scripted(request) if callable(scripted) else scripted
        if answer is None:
            answer = self.server.reply(request)
        self.server.settled(request, answer)
        self._say(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _talk  # noqa: N815  # the names are http.server's

    def _received(self, body: bytes, length: int) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, self.path, headers, body, len(body) == length, time.monotonic())

    def _say(self, answer: Answer) -> None:
        self.server.stopping.wait(answer.delay)
        wire = answer.wire()
        if answer.pace:
            for byte in wire:
                self.wfile.write(bytes([byte]))
                self.server.stopping.wait(answer.pace)
        else:
            self.wfile.write(wire)
        self.close_connection = answer.end is not End.KEEP or answer.cut is not None or answer.raw is not None
        self._end(answer.end)

    def _end(self, end: End) -> None:
        match end:
            case End.RESET:
                self.server.reset(self.connection)
            case End.JUNK:
                with socket.socket(fileno=socket.dup(self.connection.fileno())) as beside:
                    beside.sendall(JUNK)
            case End.STALL:
                self._wait_for_hang_up()
            case End.DEAF:
                self.server.stopping.wait()
            case End.DRAIN:
                self.connection.shutdown(socket.SHUT_WR)
                self._wait_for_hang_up()
            case End.KEEP | End.FIN:
                pass

    def _wait_for_hang_up(self) -> None:
        while self.connection.recv(65536):
            pass

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
        """Silence: the requests are recorded."""
