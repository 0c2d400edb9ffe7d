"""What is served where: the API and its pages on one origin, the results on another, as the service has them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.routing import Route

from aeforge_cli.sandbox.http.fault_injection import FaultInjection, SeededRandom
from aeforge_cli.sandbox.http.middleware import BearerAuth, BodySizeLimit, BufferRequestBody, LoopbackOnly
from aeforge_cli.sandbox.routes import pages
from aeforge_cli.sandbox.routes.api import BASE, JobService, add_api
from aeforge_cli.sandbox.routes.job_list import gallery

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from aeforge_cli.sandbox import SandboxOptions
    from aeforge_cli.sandbox.store import Job, JobStore

# Where `--sandbox` looks for a sandbox that runs already, and the key that it brings.
USUAL_ORIGIN, USUAL_KEY = "http://127.0.0.1:8765", "sandbox"


@dataclass(frozen=True)
class Origins:
    api: str
    images: str
    images_port: int

    @property
    def base_url(self) -> str:
        return self.api + BASE


def create_app(
    options: SandboxOptions,
    jobs: JobStore,
    origins: Origins,
    *,
    take: Callable[[Job], None],
    log: Callable[[str], None],
) -> ASGIApp:
    behaviour = options.faults
    luck = SeededRandom(behaviour.seed)
    desk = JobService(
        jobs,
        take=take,
        will_fail=lambda: luck.draw("fail") < behaviour.fail_jobs,
        image_url=lambda name: f"{origins.images}/images/{name}",
        log=log,
    )
    api = _api(options, origins, desk)
    public = FaultInjection(BearerAuth(BodySizeLimit(api, options.max_body), options.keys), behaviour, luck, log)
    images = FaultInjection(_images(jobs), behaviour, luck, log)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["server"][1] == origins.images_port:
            await images(scope, receive, send)
        elif scope["path"].startswith(BASE + "/"):
            await public(scope, receive, send)
        else:
            await api(scope, receive, send)

    return BufferRequestBody(LoopbackOnly(app))


def _api(options: SandboxOptions, origins: Origins, desk: JobService) -> FastAPI:
    app = FastAPI(
        title="Sandbox: a stand-in for the AetherForge API",
        description="Runs on this machine and is not the AetherForge service.",
        version=version("aeforge"),
        docs_url=None,  # FastAPI's own pages load scripts from another host
        redoc_url=None,
        redirect_slashes=False,
    )
    add_api(app, desk)
    command = first_command(options, origins)
    app.include_router(gallery(desk.jobs, engine=options.engine, base_url=origins.base_url, command=command))

    @app.get("/", include_in_schema=False)
    async def front() -> HTMLResponse:
        return _page(pages.jobs())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return _page(pages.operations(app.openapi()))

    @app.get("/sandbox", include_in_schema=False)
    async def sandbox() -> dict[str, object]:
        about = {"version": app.version, "engine": options.engine, "jobs": desk.jobs.count(), "pid": os.getpid()}
        return {"sandbox": True, **about}

    return app


def first_command(options: SandboxOptions, origins: Origins) -> str:
    edit = 'aeforge inpaint photo.jpg -p "Change background to blue sky" -o sky.png'
    if origins.api == USUAL_ORIGIN and USUAL_KEY in options.keys:
        return f"{edit} --sandbox"
    key = USUAL_KEY if USUAL_KEY in options.keys else "YOUR-KEY"
    return f"AEFORGE_API_KEY={key} {edit} --base-url {origins.base_url}"


def _page(html: str) -> HTMLResponse:
    return HTMLResponse(html, headers=pages.headers(html))


def _images(jobs: JobStore) -> ASGIApp:
    async def image(request: Request) -> FileResponse:
        path = jobs.image(request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        return FileResponse(path)

    return Starlette(routes=[Route("/images/{name}", image)])
