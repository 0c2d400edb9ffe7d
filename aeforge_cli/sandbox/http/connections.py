"""How long a client may take to send a request, and how many clients there may be at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState


class Connection(H11Protocol):
    """uvicorn's connection, closed when a request is not complete in `request_timeout` seconds."""

    request_timeout = 30.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        limit = config.limit_concurrency or 0
        super().__init__(config, server_state, app_state, _loop)
        self._limit = limit
        self.limit_concurrency = None  # uvicorn would answer in plain text, without Retry-After
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.app_state = {
            "hang_up": transport.close,
            "is_connected": lambda: not transport.is_closing(),
            "crowded": lambda: len(self.connections) > self._limit,
        }
        if len(self.connections) > 2 * self._limit:
            transport.abort()
        self._watch_deadline()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()

    def _watch_deadline(self) -> None:
        """The time runs from the first byte of a request to its last: bytes that drip in do not extend it."""
        waiting = self._request_is_incomplete()
        if waiting and self._deadline is None:
            self._deadline = self.loop.call_later(self.request_timeout, self.transport.abort)
        elif not waiting and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _request_is_incomplete(self) -> bool:
        if self.conn.their_state is h11.IDLE:
            fresh = self.cycle is None
            return fresh or bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY

    def send_400_response(self, msg: str) -> None:
        body = json.dumps({"detail": msg}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *self.server_state.default_headers,
        ]
        response = h11.Response(status_code=400, reason=b"Bad Request", headers=headers)
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
