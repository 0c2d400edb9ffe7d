"""What a browser sees: the jobs on one page and the operations on another, which ask nothing of other hosts."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from aeforge_cli.sandbox import NO_USER_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:3rem auto;padding:0 1rem}"
    "code{background:#8882;overflow-wrap:anywhere}td{padding-right:1.5rem;vertical-align:top}"
    "h2{font-size:1rem;margin-top:2rem}"
)


def jobs() -> str:
    return files("aeforge_cli.sandbox.routes").joinpath("static", "jobs.html").read_text(encoding="utf-8")


def headers(page: str) -> dict[str, str]:
    """By their digests only the page's own style and script may act, even if text of a job were ever taken for more."""
    policy = {
        "default-src": "'none'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "style-src": _digest(page, "style"),
        "script-src": _digest(page, "script"),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{what} {allowed}" for what, allowed in policy.items()),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _digest(page: str, tag: str) -> str:
    found = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    return f"'sha256-{b64encode(sha256(found[1].encode()).digest()).decode()}'" if found else "'none'"


def operations(openapi: Mapping[str, Any]) -> str:
    rows = (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2><table>{''.join(_fields(openapi, operation))}</table>"
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    )
    keys = f"<p>The key <code>{NO_USER_KEY}</code> is a valid one without a user. <a href='/'>Jobs</a>.</p>"
    return _page("Operations of the sandbox, a stand-in for AetherForge", keys + "".join(rows))


def _fields(openapi: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    if "requestBody" not in operation:
        return
    [content] = operation["requestBody"]["content"].values()
    schema = _resolved(openapi, content["schema"])
    for name, field in schema["properties"].items():
        need = "required" if name in schema.get("required", []) else "optional"
        yield f"<tr><td><code>{escape(name)}</code><td>{need}<td>{escape(_values(openapi, field))}</tr>"


def _values(openapi: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    full = _resolved(openapi, field)
    choices = [part for part in full.get("anyOf", [full]) if part.get("type") != "null"]
    known = _resolved(openapi, choices[0])
    if "enum" in known:
        return " | ".join(map(str, known["enum"]))
    if "contentMediaType" in known:
        return "JSON" if known["contentMediaType"] == "application/json" else "file"
    return "files" if known["type"] == "array" else str(known["type"])


def _resolved(openapi: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    resolved: Mapping[str, Any] = openapi["components"]["schemas"][name] if name else schema
    return resolved


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1>{body}</html>"
    )
