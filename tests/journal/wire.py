"""A wire to a server that can be cut: a proxy on this machine."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Wire:
    """Passes bytes on, both ways, until it is cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.was_cut = False
        self.is_silent = False  # whether connections stay, and new ones are taken, and nothing is passed on
        self._is_down = False
        self._is_last = False
        self._last_words: bytes | None = None
        self._acted = threading.Event()
        self._clients: list[socket.socket] = []
        self._servers: list[socket.socket] = []
        self._is_half_open = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, words: bytes, *, for_good: bool = False) -> None:
        """Cuts as soon as the client has sent these, which the server gets: it acts, and the client cannot know.

        If it is `for_good`, no other connection gets through until it is mended.
        """
        self._last_words, self._is_last = words, for_good

    def mend(self) -> None:
        self._is_down = False

    def cut(self, *, only_here: bool = False) -> None:
        """Ends all that is open now; the next connection gets through. The server may not learn of it."""
        self._is_half_open = only_here
        for each in self._clients if only_here else self._clients + self._servers:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._clients.append(client)
                if self._is_down:
                    client.close()
                if self._is_down or self.is_silent:
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._servers.append(server)
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        for block in _blocks(client):
            if self._last_words is not None and self._last_words in block:
                self._last_words, self.was_cut, self._is_down = None, True, self._is_last
            with contextlib.suppress(OSError):
                if not self.is_silent:
                    server.sendall(block)
        _end(*([client] if self._is_half_open else [client, server]))

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        for block in _blocks(server):
            if self.was_cut and not self._acted.is_set():
                self._acted.set()
                break
            if self.is_silent:
                continue
            try:
                client.sendall(block)
            except OSError:
                break
        _end(client, server)


def _blocks(wire: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(OSError):
        while block := wire.recv(65536):
            yield block


def _end(*wires: socket.socket) -> None:
    for wire in wires:
        with contextlib.suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.close()
