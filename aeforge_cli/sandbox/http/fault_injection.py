"""What goes wrong on purpose between the app and its client, by chance that a seed repeats."""

from __future__ import annotations

import asyncio
import random
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from aeforge_cli.sandbox import InjectedFaults

ASK_LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class SeededRandom:
    """A stream of chance for each kind of event: how often a client polls does not change which jobs fail."""

    def __init__(self, seed: int | None) -> None:
        self._seed = secrets.randbits(64) if seed is None else seed
        self._streams: dict[str, random.Random] = {}

    def draw(self, event: str) -> float:
        """At least 0, less than 1."""
        if event not in self._streams:
            self._streams[event] = random.Random(f"{self._seed} {event}")  # noqa: S311 - no secret hangs on it
        return self._streams[event].random()


class FaultInjection:
    def __init__(self, app: ASGIApp, faults: InjectedFaults, chance: SeededRandom, log: Callable[[str], None]) -> None:
        self._app = app
        self._faults = faults
        self._chance = chance
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = _kind(scope)
        send = self._late(send)
        if self._chance.draw(f"drop {kind}") < self._faults.drop:
            self._log(f"dropped: {kind}")
            await _hang_up(scope, receive)
        elif status := self._status(kind):
            self._log(f"answered {status}: {kind}")
            await self._failure(status)(scope, receive, send)
        elif scope["method"] == "POST" and self._chance.draw("lose answer") < self._faults.lose_answer:
            await self._app(scope, receive, self._losing(scope, receive, send))
        else:
            await self._app(scope, receive, send)

    def _status(self, kind: str) -> int | None:
        drawn = self._chance.draw(f"status {kind}")
        for status, share in self._faults.status:
            if drawn < share:
                return status
            drawn -= share
        return None

    def _failure(self, status: int) -> JSONResponse:
        after = self._faults.retry_after
        headers = {"Retry-After": str(after)} if after is not None and status in ASK_LATER else None
        return JSONResponse({"detail": f"{status}, as the sandbox's options ask"}, status, headers)

    def _late(self, send: Send) -> Send:
        async def late(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(self._faults.latency)
            await send(message)

        return late

    def _losing(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Only an answer that tells of a job gets lost: a refusal arrives."""
        lost = False

        async def lose(message: Message) -> None:
            nonlocal lost
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
                lost = True
                self._log("job made, answer lost")
                await _hang_up(scope, receive)
            if not lost:
                await send(message)

        return lose


def _kind(scope: Scope) -> str:
    return f"{scope['method']} {'image' if scope['path'].startswith('/images/') else 'API'}"


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["state"]["hang_up"]()
    while (await receive())["type"] != "http.disconnect":
        pass
