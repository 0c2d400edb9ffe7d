"""The results, on an origin of their own as the service has them: by random names, without a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from aeforge_cli.sandbox.store import JobStore


def results(jobs: JobStore) -> ASGIApp:
    async def image(request: Request) -> ASGIApp:
        name = request.path_params["name"]
        path = jobs.image(name)
        if path is None:
            raise HTTPException(404)
        return _Noted(FileResponse(path), jobs, name)

    return Starlette(routes=[Route("/images/{name}", image)])


class _Noted:
    """Notes that a result was fetched when its last bytes go to a client that is still there."""

    def __init__(self, response: ASGIApp, jobs: JobStore, name: str) -> None:
        self._response = response
        self._jobs = jobs
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if is_last and scope["method"] == "GET" and scope["state"]["is_connected"]():
                self._jobs.note_fetched(self._name)
            await send(message)

        await self._response(scope, receive, noted)
