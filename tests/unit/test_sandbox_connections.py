"""A connection may wait, but a request that does not become complete is given up."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from aeforge_cli.sandbox.http.connections import Connection
from aeforge_cli.sandbox.server import Server


class Hasty(Connection):
    request_timeout = 0.3


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(body)(scope, receive, send)


def conversation(*sent: bytes, pause: float) -> bytes:
    """What comes back until the server hangs up, or has been silent for two seconds."""

    async def talk() -> bytes:
        loop = asyncio.get_running_loop()
        with listening() as listener, socket.create_connection(listener.getsockname()) as client:
            client.setblocking(False)
            config = uvicorn.Config(echo, http=Hasty, lifespan="off", ws="none", log_config=None, limit_concurrency=9)
            stop = asyncio.Event()
            serving = asyncio.create_task(Server(config, ready=lambda: None, stop_when=stop.is_set).serve([listener]))
            heard = b""
            try:
                for part in sent:
                    await loop.sock_sendall(client, part)
                    await asyncio.sleep(pause)
                while part := await asyncio.wait_for(loop.sock_recv(client, 4096), 2):
                    heard += part
            except ConnectionError:
                heard += b"hung up"
            except TimeoutError:
                heard += b"silence"
            stop.set()
            await serving
            return heard

    return asyncio.run(talk())


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b"GET / HTTP/1.1\r\nHost: localhost\r\n"],
        [b"GET / HTTP/1.1\r\n", *[b"X: 1\r\n"] * 9],
        [b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n", *[b"drip"] * 9],
    ],
    ids=["nothing sent", "half a header", "a dripping header", "a dripping body"],
)
def test_a_request_that_never_becomes_whole_is_given_up(sent: list[bytes]) -> None:
    heard = conversation(*sent, pause=0.1)

    assert heard in {b"", b"hung up"}


def test_requests_that_become_whole_are_answered_on_a_kept_connection() -> None:
    request = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n%d%d"

    heard = conversation(*[request % (n, n) for n in range(5)], pause=0.1)

    answers = heard.split(b"HTTP/1.1 200 OK")[1:]
    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers] == [b"00", b"11", b"22", b"33", b"44silence"]
