"""The service's API: one route for each row of the table of operations, and the job endpoint.

Statuses, fields and the texts of refusals are those of the service's public API reference.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations.
import inspect
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, BinaryIO, Literal, assert_never

from fastapi import APIRouter, Depends, FastAPI, File, Form, HTTPException, Request, Security, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile as SentFile

from aeforge_cli.sandbox import NO_USER_KEY
from aeforge_cli.sandbox.job_service import JobService, NotAPicture
from aeforge_cli.sandbox.operations import (
    OPERATIONS,
    Choice,
    Field,
    Flag,
    Number,
    Operation,
    Picture,
    Pictures,
    Rows,
    Text,
)
from aeforge_cli.sandbox.store import JobId

BASE = "/public/v1"


class Row(BaseModel):
    row: int
    title: str
    description: str


class JobMade(BaseModel):
    job_id: str


class JobAnswer(BaseModel):
    job_id: str
    status: Literal["Pending", "Succeed", "Failed"]
    image_urls: list[str]
    error_message: str | None = None
    """Why the job failed, on one line; the service's guides read it, though its reference does not list it."""


class Problem(BaseModel):
    detail: str


def _service(request: Request) -> JobService:
    service: JobService = request.app.state.service
    return service


Service = Annotated[JobService, Depends(_service)]

_documented: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request makes no sense"},
    401: {"model": Problem, "description": "Invalid API key"},
    404: {"model": Problem, "description": "Not found"},
}
_bearer = Security(HTTPBearer(auto_error=False, description=f"`{NO_USER_KEY}` is a valid key without a user."))
jobs = APIRouter(prefix=BASE, responses=_documented, dependencies=[_bearer], tags=["jobs"])
operations = APIRouter(
    prefix=BASE,
    responses={**_documented, 413: {"model": Problem, "description": "Too large"}},
    dependencies=[_bearer],
    tags=["operations"],
)


@jobs.get("/job/{job_id}", response_model_exclude_none=True)
async def job(service: Service, job_id: uuid.UUID) -> JobAnswer:
    known = JobId(str(job_id))
    if not service.is_known(known):
        raise HTTPException(404, "Job not found")
    ended = service.ended(known)
    if ended is None:
        return JobAnswer(job_id=known, status="Pending", image_urls=[])
    urls = [service.image_url(name) for name in ended.images]
    return JobAnswer(job_id=known, status=ended.status, image_urls=urls, error_message=ended.reason)


def add_api(app: FastAPI, service: JobService) -> None:
    app.state.service = service
    app.include_router(jobs)
    app.include_router(operations)


def _endpoint(operation: Operation) -> Callable[..., Awaitable[JobMade]]:
    async def make_job(service: JobService, **form: object) -> JobMade:
        fields, files = _taken(operation.form, form)
        try:
            job_id = await service.accept(operation.path, fields, files)
        except NotAPicture:
            raise HTTPException(400, "Invalid image file") from None
        except OSError as error:
            # With Retry-After, a 503 says that nothing was accepted: the job may be sent again.
            service.log(f"a job cannot be kept: {error}")
            detail = f"The sandbox cannot keep the job: {error.strerror or error}"
            raise HTTPException(503, detail, headers={"Retry-After": "5"}) from None
        return JobMade(job_id=job_id)

    service = inspect.Parameter("service", inspect.Parameter.KEYWORD_ONLY, annotation=Service)
    parameters = [service, *map(_parameter, operation.form)]
    make_job.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # FastAPI reads the form there
    return make_job


def _parameter(field: Field) -> inspect.Parameter:
    """A field as FastAPI checks it."""
    kind: object
    match field:
        case Text():
            kind = Annotated[str, Form()]
        case Rows():
            kind = Annotated[str, Form(json_schema_extra={"contentMediaType": "application/json"})]
        case Flag():
            kind = Annotated[bool, Form()]
        case Number(_, allowed):
            kind = Annotated[int, Form(json_schema_extra={"enum": [*allowed]})]
        case Choice(_, values, required):
            kind = Annotated[values if required else values | None, Form()]
        case Picture(_, required):
            kind = Annotated[UploadFile if required else UploadFile | None, File()]
        case Pictures():
            kind = Annotated[list[UploadFile], File()]
        case _:
            assert_never(field)
    default: object = [] if isinstance(field, Pictures) else None
    if field.required:
        default = inspect.Parameter.empty
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _taken(form: Sequence[Field], sent: Mapping[str, object]) -> tuple[dict[str, object], dict[str, list[BinaryIO]]]:
    """The fields and the files of a form, once what types alone do not say has been checked."""
    files = {field.name: _files(sent[field.name]) for field in form if isinstance(field, Picture | Pictures)}
    fields = {name: value for name, value in sent.items() if name not in files}
    for field in form:
        match field:
            case Rows(name):
                fields[name] = _rows(name, str(fields[name]))
            case Number(name, allowed) if fields[name] not in allowed:
                raise HTTPException(400, f"{name} must be one of {', '.join(map(str, allowed))}")
            case Pictures(name, most) if len(files[name]) > most(fields):
                raise HTTPException(400, f"{name} takes at most {most(fields)} files")
            case _:
                pass
    return fields, files


def _files(sent: object) -> list[BinaryIO]:
    several = sent if isinstance(sent, list) else [sent]
    return [upload.file for upload in several if isinstance(upload, SentFile)]


def _rows(name: str, text: str) -> list[dict[str, object]]:
    try:
        return [row.model_dump() for row in TypeAdapter(list[Row]).validate_json(text)]
    except ValidationError as wrong:
        problems = [{**problem, "loc": ("body", name, *problem["loc"])} for problem in wrong.errors(include_url=False)]
        raise RequestValidationError(problems) from wrong


for _operation in OPERATIONS:
    operations.add_api_route(
        f"/{_operation.path}",
        _endpoint(_operation),
        methods=["POST"],
        response_model=JobMade,
        name=_operation.path.replace("/", " "),
    )
