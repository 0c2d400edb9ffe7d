"""A forward proxy of this machine: tunnels to where it is told, whatever name was asked for, or refuses."""

import socket
import threading
from contextlib import suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer


class Proxy(ThreadingTCPServer):
    """`asked` is what was asked for, in order: the first line and the headers of each request."""

    daemon_threads = False
    allow_reuse_address = True

    def __init__(self, *, to: tuple[str, int], refusal: bytes = b"") -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.to, self.refusal = to, refusal
        self.asked: list[str] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Tunnel(BaseRequestHandler):
    server: Proxy
    request: socket.socket

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (block := self.request.recv(4096)):
            head += block
        self.server.asked.append(head.decode("latin-1"))
        if self.server.refusal:
            self.request.sendall(self.server.refusal)
            return
        with socket.create_connection(self.server.to) as service:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pour, args=(service, self.request))
            back.start()
            _pour(self.request, service)
            back.join()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    """Until either side hangs up."""
    with suppress(OSError):
        while block := source.recv(65536):
            sink.sendall(block)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
