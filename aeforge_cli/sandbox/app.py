"""What is served where: the API and its pages on one origin, the results on another, as the service has them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI

from aeforge_cli.sandbox.http.fault_injection import FaultInjection, SeededRandom
from aeforge_cli.sandbox.http.middleware import BearerAuth, BodySizeLimit, BufferRequestBody, LoopbackOnly
from aeforge_cli.sandbox.job_service import JobService
from aeforge_cli.sandbox.routes.api import BASE, add_api
from aeforge_cli.sandbox.routes.identity import identity
from aeforge_cli.sandbox.routes.job_list import job_list
from aeforge_cli.sandbox.routes.pages import pages
from aeforge_cli.sandbox.routes.results import results

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from aeforge_cli.sandbox import SandboxOptions
    from aeforge_cli.sandbox.store import Job, JobStore

# Where `--sandbox` looks first, and the key that it brings.
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
    enqueue: Callable[[Job], None],
    log: Callable[[str], None],
) -> ASGIApp:
    faults = options.faults
    chance = SeededRandom(faults.seed)
    service = JobService(
        jobs,
        enqueue=enqueue,
        will_fail=lambda: chance.draw("fail") < faults.fail_jobs,
        image_url=lambda name: f"{origins.images}/images/{name}",
        log=log,
    )
    api = _api(options, origins, service)
    public = FaultInjection(BearerAuth(BodySizeLimit(api, options.max_body), options.keys), faults, chance, log)
    images = FaultInjection(results(jobs), faults, chance, log)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["server"][1] == origins.images_port:
            await images(scope, receive, send)
        elif scope["path"].startswith(BASE + "/"):
            await public(scope, receive, send)
        else:
            await api(scope, receive, send)

    return BufferRequestBody(LoopbackOnly(app))


def _api(options: SandboxOptions, origins: Origins, service: JobService) -> FastAPI:
    app = FastAPI(
        title="Sandbox: a stand-in for the AetherForge API",
        description="Runs on this machine and is not the AetherForge service.",
        version=version("aeforge"),
        docs_url=None,  # FastAPI's own pages load scripts from another host
        redoc_url=None,
        redirect_slashes=False,
    )
    add_api(app, service)
    app.include_router(pages())
    command = first_command(options, origins)
    app.include_router(job_list(service.store, engine=options.engine, base_url=origins.base_url, command=command))

    def about() -> dict[str, object]:
        return {"version": app.version, "engine": options.engine, "jobs": service.store.count()}

    app.include_router(identity(about, secret=options.secret, base_url=origins.base_url))
    return app


def first_command(options: SandboxOptions, origins: Origins) -> str:
    """What to type to reach this very sandbox, whichever others run."""
    edit = 'aeforge inpaint photo.jpg -p "Change background to blue sky" -o sky.png'
    if origins.api == USUAL_ORIGIN and options.secret:
        return f"{edit} --sandbox"
    key = USUAL_KEY if USUAL_KEY in options.keys else "YOUR-KEY"
    return f"AEFORGE_API_KEY={key} {edit} --base-url {origins.base_url}"
