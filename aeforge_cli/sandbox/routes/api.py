"""What the AetherForge API answers: its twelve operations and its job endpoint, as their documentation has them."""

# No `from __future__ import annotations`: FastAPI reads the annotations.
import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, File, Form, HTTPException, Request, Security, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BaseModel, TypeAdapter, ValidationError

from aeforge_cli.sandbox import NO_USER_KEY
from aeforge_cli.sandbox.store import Job, JobId, JobStore

BASE = "/public/v1"
SPRITE_V1_FRAMES = (25, 36, 49, 64, 81, 100, 121, 144, 169)
SPRITE_V2_FRAMES = (49, 81, 121)
MOST_CHARACTERS = 4
NO_PICTURES: list[UploadFile] = []


class Quality(StrEnum):
    standard = "standard"
    pro = "pro"


class Resolution(StrEnum):
    one_k = "1K"
    two_k = "2K"
    four_k = "4K"


class Style(StrEnum):
    pixel = "pixel"
    cartoon = "cartoon"
    sd = "sd"
    quater_view = "quater_view"


class Model(StrEnum):
    gpt_image_1_5 = "GPT Image 1.5"
    gpt_image_2 = "GPT Image 2"
    grok_imagine = "Grok Imagine"
    grok_imagine_pro = "Grok Imagine Pro"
    nano_banana = "Nano Banana"
    nano_banana_2 = "Nano Banana 2"
    nano_banana_pro = "Nano Banana Pro"

    @property
    def most_references(self) -> int:
        return {Model.grok_imagine: 5, Model.grok_imagine_pro: 1}.get(self, 10)


class EffectFrames(IntEnum):
    four = 4
    nine = 9
    sixteen = 16


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


class Problem(BaseModel):
    detail: str


@dataclass(frozen=True)
class JobService:
    """Where jobs are taken in and asked for."""

    jobs: JobStore
    take: Callable[[Job], None]
    will_fail: Callable[[], bool]
    image_url: Callable[[str], str]
    log: Callable[[str], None]

    async def accept(
        self, operation: str, fields: Mapping[str, object], pictures: Mapping[str, Sequence[UploadFile]]
    ) -> JobMade:
        uploads = {f"{field}-{n}": file for field, files in pictures.items() for n, file in enumerate(files)}
        names = {field: [f"{field}-{n}" for n in range(len(files))] for field, files in pictures.items()}
        job = Job(JobId(str(uuid.uuid4())), operation, fields, names, time.time(), self.will_fail())
        await asyncio.to_thread(self._store, job, uploads)
        self.log(f"job {job.job_id} made: {operation} {json.dumps(fields, ensure_ascii=False)}")
        self.take(job)
        return JobMade(job_id=job.job_id)

    def answer(self, job_id: JobId) -> JobAnswer | None:
        if not self.jobs.known(job_id):
            return None
        ended = self.jobs.report(job_id)
        if ended is None:
            return JobAnswer(job_id=job_id, status="Pending", image_urls=[])
        return JobAnswer(job_id=job_id, status=ended.status, image_urls=[self.image_url(name) for name in ended.images])

    def _store(self, job: Job, uploads: Mapping[str, UploadFile]) -> None:
        from aeforge_cli.sandbox.workers.renderers import media_type

        for upload in uploads.values():
            if media_type(upload.file) is None:
                raise HTTPException(400, "Invalid image file")
            upload.file.seek(0)
        self.jobs.add(job, ((name, upload.file) for name, upload in uploads.items()))


def _desk(request: Request) -> JobService:
    desk: JobService = request.app.state.desk
    return desk


DeskHere = Annotated[JobService, Depends(_desk)]
Picture = Annotated[UploadFile, File()]
Pictures = Annotated[list[UploadFile], File()]
Text = Annotated[str, Form()]
Rows = Annotated[str, Form(json_schema_extra={"contentMediaType": "application/json"})]

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


@jobs.get("/job/{job_id}")
async def job(desk: DeskHere, job_id: uuid.UUID) -> JobAnswer:
    answer = desk.answer(JobId(str(job_id)))
    if answer is None:
        raise HTTPException(404, "Job not found")
    return answer


@operations.post("/image-tune/inpaint/v2")
async def inpaint(desk: DeskHere, image: Picture, prompt: Text, quality: Annotated[Quality, Form()]) -> JobMade:
    return await desk.accept("image-tune/inpaint/v2", {"prompt": prompt, "quality": quality}, {"image": [image]})


@operations.post("/image-tune/upscale")
async def upscale(desk: DeskHere, image: Picture, scale: Annotated[Resolution, Form()]) -> JobMade:
    return await desk.accept("image-tune/upscale", {"scale": scale}, {"image": [image]})


@operations.post("/image-tune/split-layer")
async def split_layer(desk: DeskHere, image: Picture, keyword: Text) -> JobMade:
    return await desk.accept("image-tune/split-layer", {"keyword": keyword}, {"image": [image]})


@operations.post("/generate/image")
async def generate_image(
    desk: DeskHere, prompt: Text, ai_model: Annotated[Model, Form()], ref_images: Pictures = NO_PICTURES
) -> JobMade:
    if len(ref_images) > ai_model.most_references:
        raise HTTPException(400, f"{ai_model} takes at most {ai_model.most_references} reference images")
    return await desk.accept("generate/image", {"prompt": prompt, "ai_model": ai_model}, {"ref_images": ref_images})


@operations.post("/generate/effect/v1")
async def effect_v1(
    desk: DeskHere, description: Text, resolution: Annotated[Resolution, Form()], image: Picture | None = None
) -> JobMade:
    fields = {"description": description, "resolution": resolution}
    return await desk.accept("generate/effect/v1", fields, {"image": _if_any(image)})


@operations.post("/generate/effect/v2")
async def effect_v2(
    desk: DeskHere,
    description: Text,
    quality: Annotated[Quality, Form()],
    frame: Annotated[EffectFrames, Form()],
    image: Picture | None = None,
) -> JobMade:
    fields = {"description": description, "quality": quality, "frame": frame}
    return await desk.accept("generate/effect/v2", fields, {"image": _if_any(image)})


@operations.post("/sprite/make-sprite/v1")
async def make_sprite_v1(
    desk: DeskHere, image: Picture, text: Text, frame: Annotated[int, Form()], is_pixel: Annotated[bool, Form()]
) -> JobMade:
    _check_frame(frame, SPRITE_V1_FRAMES)
    fields = {"text": text, "frame": frame, "is_pixel": is_pixel}
    return await desk.accept("sprite/make-sprite/v1", fields, {"image": [image]})


@operations.post("/sprite/make-sprite/v2")
async def make_sprite_v2(
    desk: DeskHere,
    start_frame_image: Picture,
    text: Text,
    frame: Annotated[int, Form()],
    is_pixel: Annotated[bool, Form()],
    end_frame_image: Picture | None = None,
) -> JobMade:
    _check_frame(frame, SPRITE_V2_FRAMES)
    fields = {"text": text, "frame": frame, "is_pixel": is_pixel}
    pictures = {"start_frame_image": [start_frame_image], "end_frame_image": _if_any(end_frame_image)}
    return await desk.accept("sprite/make-sprite/v2", fields, pictures)


@operations.post("/sprite/reskin/v1")
async def reskin_v1(
    desk: DeskHere,
    image: Picture,
    description: Text,
    resolution: Annotated[Resolution, Form()],
    style: Annotated[Style | None, Form()] = None,
) -> JobMade:
    fields = {"description": description, "resolution": resolution, "style": style}
    return await desk.accept("sprite/reskin/v1", fields, {"image": [image]})


@operations.post("/sprite/reskin/v2")
async def reskin_v2(
    desk: DeskHere,
    image: Picture,
    description: Text,
    quality: Annotated[Quality, Form()],
    style: Annotated[Style | None, Form()] = None,
) -> JobMade:
    fields = {"description": description, "quality": quality, "style": style}
    return await desk.accept("sprite/reskin/v2", fields, {"image": [image]})


@operations.post("/sprite/character-overlay/v1")
async def character_overlay_v1(
    desk: DeskHere,
    sprite_sheet: Picture,
    character_images: Pictures,
    rows: Rows,
    resolution: Annotated[Resolution, Form()],
    style: Annotated[Style | None, Form()] = None,
) -> JobMade:
    fields = {"rows": _parsed(rows), "resolution": resolution, "style": style}
    pictures = {"sprite_sheet": [sprite_sheet], "character_images": _few(character_images)}
    return await desk.accept("sprite/character-overlay/v1", fields, pictures)


@operations.post("/sprite/character-overlay/v2")
async def character_overlay_v2(
    desk: DeskHere,
    sprite_sheet: Picture,
    character_images: Pictures,
    rows: Rows,
    quality: Annotated[Quality, Form()],
    style: Annotated[Style | None, Form()] = None,
) -> JobMade:
    fields = {"rows": _parsed(rows), "quality": quality, "style": style}
    pictures = {"sprite_sheet": [sprite_sheet], "character_images": _few(character_images)}
    return await desk.accept("sprite/character-overlay/v2", fields, pictures)


def add_api(app: FastAPI, desk: JobService) -> None:
    app.state.desk = desk
    app.include_router(jobs)
    app.include_router(operations)


def _if_any(image: UploadFile | None) -> list[UploadFile]:
    return [image] if image else []


def _few(characters: list[UploadFile]) -> list[UploadFile]:
    if len(characters) > MOST_CHARACTERS:
        raise HTTPException(400, f"At most {MOST_CHARACTERS} character images")
    return characters


def _parsed(rows: str) -> list[dict[str, object]]:
    try:
        return [row.model_dump() for row in TypeAdapter(list[Row]).validate_json(rows)]
    except ValidationError as wrong:
        problems = [
            {**problem, "loc": ("body", "rows", *problem["loc"])} for problem in wrong.errors(include_url=False)
        ]
        raise RequestValidationError(problems) from wrong


def _check_frame(frame: int, allowed: tuple[int, ...]) -> None:
    if frame not in allowed:
        raise HTTPException(400, f"frame must be one of {', '.join(map(str, allowed))}")
