"""One GET to a sandbox on this machine: past every proxy, without redirects, bounded in time and size."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

_LARGEST = 1 << 20


def get_json(base_url: str, path: str, *, seconds: float) -> Mapping[str, object]:
    """The JSON object that is answered; an empty one for any other answer.

    Raises ConnectionRefusedError where nothing listens, and OSError where no answer came in `seconds`.
    """
    place = urlsplit(base_url)
    # Unlike urllib and requests, http.client knows nothing of proxies.
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=seconds)
    with contextlib.closing(connection):
        connection.connect()
        with _hung_up_after(seconds, connection.sock):
            try:
                connection.request("GET", path)
                body = connection.getresponse().read(_LARGEST)
                found = json.loads(body)
            except (ValueError, http.client.HTTPException):
                return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _hung_up_after(seconds: float, connected: socket.socket) -> Iterator[None]:
    """A timeout bounds each read, and not what drips in byte by byte: this bounds all of them."""
    end = threading.Timer(seconds, _hang_up, [connected])
    end.daemon = True
    end.start()
    try:
        yield
    finally:
        end.cancel()


def _hang_up(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
