"""What is shown of the jobs to the user of this machine: pictures sent and made, times, and why a job failed.

GET /sandbox/jobs               the newest jobs
GET /sandbox/jobs/<job id>      one job, however old
GET /sandbox/jobs/<job id>/<n>  a picture that was sent, if the job is among the newest
GET /sandbox/images/<name>      a picture that was made

Reading it does not count as the report of a job's end, needs no key, and meets no injected fault.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations.
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse

from aeforge_cli.sandbox.operations import WORDS
from aeforge_cli.sandbox.store import Job, JobId, JobStore

# Of text that may be a megabyte, looked at each second.
LONGEST_TEXT = 1000
# No page elsewhere may embed them, and none of them may act as a page.
PICTURE_HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Shown:
    job_id: str
    operation: str
    prompt: str
    options: Mapping[str, str]
    status: Literal["Pending", "Succeed", "Failed"]
    """As the API tells it at this moment."""
    reason: str | None
    made: float
    seconds: float
    """Until it ended, or until now."""
    before: list[str]
    after: list[str]


@dataclass(frozen=True)
class JobList:
    engine: str
    base_url: str
    command: str
    """What to type to make a job here."""
    total: int
    jobs: list[Shown]


def job_list(jobs: JobStore, *, engine: str, base_url: str, command: str) -> APIRouter:
    router = APIRouter(prefix="/sandbox", include_in_schema=False)

    @router.get("/jobs")
    def newest(response: Response) -> JobList:
        response.headers["Cache-Control"] = "no-store"
        return JobList(engine, base_url, command, jobs.count(), [_shown(jobs, job_id) for job_id in jobs.newest()])

    @router.get("/jobs/{job_id}")
    def one(job_id: uuid.UUID, response: Response) -> Shown:
        response.headers["Cache-Control"] = "no-store"
        return _shown(jobs, _known(jobs, job_id))

    @router.get("/jobs/{job_id}/{number}")
    def sent(job_id: uuid.UUID, number: int) -> FileResponse:
        from aeforge_cli.sandbox.workers.renderers import media_type

        job = jobs.job(_known(jobs, job_id))
        paths = [jobs.path(job, name) for name in _sent(job)]
        if not 0 <= number < len(paths) or not paths[number].exists():
            raise HTTPException(404, "Picture not found")
        with paths[number].open("rb") as picture:
            return FileResponse(paths[number], headers=PICTURE_HEADERS, media_type=media_type(picture))

    @router.get("/images/{name}")
    def made(name: str) -> FileResponse:
        path = jobs.image(name)
        if path is None:
            raise HTTPException(404, "Picture not found")
        return FileResponse(path, headers=PICTURE_HEADERS)

    return router


def _known(jobs: JobStore, asked: uuid.UUID) -> JobId:
    job_id = JobId(str(asked))
    if not jobs.is_known(job_id):
        raise HTTPException(404, "Job not found")
    return job_id


def _shown(jobs: JobStore, job_id: JobId) -> Shown:
    job, ended = jobs.job(job_id), jobs.seen(job_id)
    prompt = next((name for name in job.fields if name in WORDS), "")
    options = {name: _text(value) for name, value in job.fields.items() if name != prompt and value is not None}
    return Shown(
        job_id,
        job.operation,
        _text(job.fields.get(prompt, "")),
        options,
        ended.status if ended else "Pending",
        ended.reason if ended else None,
        job.made,
        max(0.0, (ended.since if ended else time.time()) - job.made),
        [f"/sandbox/jobs/{job_id}/{number}" for number, _ in enumerate(_sent(job))],
        [f"/sandbox/images/{name}" for name in ended.images] if ended else [],
    )


def _sent(job: Job) -> list[str]:
    return list(chain.from_iterable(job.pictures.values()))


def _text(value: object) -> str:
    match value:
        case bool():
            text = str(value).lower()
        case list(rows):
            text = "; ".join(f"{row['title']}: {row['description']}" for row in rows)
        case _:
            text = str(value)
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
