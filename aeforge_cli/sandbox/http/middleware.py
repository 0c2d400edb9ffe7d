"""What is refused before the app sees it: by host, number of connections, size or key."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from aeforge_cli.sandbox import NO_USER_KEY

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = {"127.0.0.1", "localhost", "[::1]"}


class BufferRequestBody:
    """Answers when the request has arrived whole: a client that is cut off while it sends may never see the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        more = True

        async def received() -> Message:
            nonlocal more
            message = await receive()
            more = message.get("more_body", False)
            return message

        async def answer(message: Message) -> None:
            while more:
                await received()
            await send(message)

        await self._app(scope, received, answer)


class LoopbackOnly:
    """Only this machine, by name: a page elsewhere whose host name was bent to 127.0.0.1 gets nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _without_port(Headers(scope=scope).get("host", "")) not in NAMES:
            await _refuse(HTTPStatus.BAD_REQUEST, "Invalid host header", scope, receive, send)
        elif scope["state"]["crowded"]():
            await _refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections", scope, receive, send)
        else:
            await self._app(scope, receive, send)


class BearerAuth:
    def __init__(self, app: ASGIApp, keys: Collection[str]) -> None:
        self._app = app
        self._keys = {key.encode() for key in keys}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _bearer(scope)
        if key == NO_USER_KEY.encode():
            await _refuse(HTTPStatus.NOT_FOUND, "Not Found User", scope, receive, send)
        elif key not in self._keys:
            await _refuse(HTTPStatus.UNAUTHORIZED, "Invalid API key", scope, receive, send)
        else:
            await self._app(scope, receive, send)


class BodySizeLimit:
    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self._app = app
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def measured() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body:
                # Starlette lets it pass through its parser, and answers with it.
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"More than {self._max_body} bytes")
            return message

        await self._app(scope, measured, send)


async def _refuse(status: HTTPStatus, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"Retry-After": "1"} if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    await JSONResponse({"detail": detail}, status, headers)(scope, receive, send)


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def _bearer(scope: Scope) -> bytes:
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, key = header.partition(b" ")
    return key.strip() if scheme.lower() == b"bearer" else b""
