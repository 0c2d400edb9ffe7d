"""What a browser sees: the jobs on one page and the operations on another, which ask nothing of other hosts."""

# No `from __future__ import annotations`: FastAPI reads the annotations.
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response

STATIC = files("aeforge_cli.sandbox.routes") / "static"
MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
# Only the page's own files may act, even if text of a job were ever taken for more than text.
POLICY = {
    "default-src": "'none'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "style-src": "'self'",
    "script-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {allowed}" for what, allowed in POLICY.items()),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def pages() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def jobs() -> Response:
        return _file("jobs.html")

    @router.get("/docs")
    def operations() -> Response:
        return _file("operations.html")

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in {file.name for file in STATIC.iterdir()}:
            raise HTTPException(404, "Not found")
        return _file(name)

    return router


def _file(name: str) -> Response:
    return Response((STATIC / name).read_bytes(), headers=HEADERS, media_type=MEDIA_TYPES[Path(name).suffix])
