"""The values that formats write: of one job, and laid flat for formats that have no lists."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from aeforge_cli.output.untrusted import clean

if TYPE_CHECKING:
    from aeforge_cli.jobs.results import JobResult
    from aeforge_cli.output.tables import Values

OF_JOBS = ("job_id", "status", "operation", "input", "seconds", "attached", "action", "index")
OF_FILES = ("path", "url", "bytes", "sha256", "width", "height", "format")
RESULT_FIELDS = (*OF_JOBS, *OF_FILES)
LISTS = ("image_urls", "files")
_EXACT = {"path", "input", "output", "prompt"}  # the user's own; all else may be the service's
_LONGEST = 8192


def result_values(done: "JobResult") -> dict[str, object]:
    """The documented values of one job: none is ever left out."""
    return {
        "job_id": done.job_id,
        "status": done.status,
        "operation": done.operation,
        "input": done.input,
        "image_urls": list(done.image_urls),
        "files": [asdict(file) for file in done.files],
        "seconds": done.seconds,
        "attached": done.attached,
        "index": done.index,
        "action": done.action,
    }


def flat_fields(fields: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the values once they are laid flat."""
    plain = tuple(name for name in fields if name not in LISTS)
    return plain + OF_FILES if set(LISTS) & set(fields) else plain


def flat(values: "Values") -> Iterator[dict[str, str]]:
    """A row for each file that the values list, else for each link, and one row in any case."""
    plain = {name: value for name, value in values.items() if name not in LISTS}
    files, urls = values.get("files"), values.get("image_urls")
    parts: list[Mapping[str, object]] = []
    if isinstance(files, list | tuple) and files:
        parts = [dict(file) for file in files]
    elif isinstance(urls, list) and urls:
        parts = [{"url": url} for url in urls]
    for part in parts or [{}]:
        yield {name: _text(name, value) for name, value in {**plain, **part}.items()}


def _text(name: str, value: object) -> str:
    """A value as text: nothing for null, `true` and `false` as in JSON."""
    match value:
        case None:
            return ""
        case str():
            return value if name in _EXACT else clean(value, _LONGEST)
        case _:
            return json.dumps(value)
