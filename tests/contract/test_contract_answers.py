"""What the API answers, as its documentation has it."""

import json
import uuid
from dataclasses import dataclass, field

import pytest
import requests

from tests.conftest import png
from tests.contract.service import File, Service, is_job_id, upload

PICTURE = upload(png(0x4080C0, side=24))
ROWS = json.dumps([{"row": 0, "title": "walk", "description": "walks to the right"}])


@dataclass(frozen=True)
class Asked:
    """A request that makes sense, and what its result looks like."""

    path: str
    fields: dict[str, str]
    files: list[File] = field(default_factory=list)
    optional: frozenset[str] = frozenset()
    several: bool = False

    def __str__(self) -> str:
        return self.path

    @property
    def required(self) -> set[str]:
        return (set(self.fields) | {name for name, _ in self.files}) - self.optional


OPERATIONS = [
    Asked("/image-tune/inpaint/v2", {"prompt": "Make it brighter", "quality": "standard"}, [PICTURE]),
    Asked("/image-tune/upscale", {"scale": "1K"}, [PICTURE]),
    Asked("/image-tune/split-layer", {"keyword": "arm"}, [PICTURE], several=True),
    Asked("/generate/image", {"prompt": "a red cat", "ai_model": "Nano Banana"}),
    Asked("/generate/effect/v1", {"description": "an explosion", "resolution": "1K"}),
    Asked("/generate/effect/v2", {"description": "an explosion", "quality": "standard", "frame": "4"}),
    Asked("/sprite/make-sprite/v1", {"text": "walks", "frame": "25", "is_pixel": "true"}, [PICTURE], several=True),
    Asked(
        "/sprite/make-sprite/v2",
        {"text": "walks", "frame": "49", "is_pixel": "false"},
        [upload(PICTURE[1][1], "start_frame_image"), upload(PICTURE[1][1], "end_frame_image")],
        optional=frozenset({"end_frame_image"}),
        several=True,
    ),
    Asked(
        "/sprite/reskin/v1",
        {"description": "in armour", "resolution": "1K", "style": "quater_view"},
        [PICTURE],
        optional=frozenset({"style"}),
    ),
    Asked("/sprite/reskin/v2", {"description": "in armour", "quality": "standard"}, [PICTURE]),
    Asked(
        "/sprite/character-overlay/v1",
        {"rows": ROWS, "resolution": "1K"},
        [upload(PICTURE[1][1], "sprite_sheet"), upload(PICTURE[1][1], "character_images")],
    ),
    Asked(
        "/sprite/character-overlay/v2",
        {"rows": ROWS, "quality": "standard"},
        [upload(PICTURE[1][1], "sprite_sheet"), *[upload(PICTURE[1][1], "character_images")] * 4],
    ),
]
INPAINT = OPERATIONS[0]
every_operation = pytest.mark.parametrize("asked", OPERATIONS, ids=str)
LAST_BYTES = {"image/png": b"IEND\xaeB`\x82", "image/gif": b"\x3b"}


@every_operation
def test_a_job_is_made_at_once_and_its_pictures_come_without_a_key_from_another_origin(
    paid_service: Service, asked: Asked
) -> None:
    made = paid_service.post(asked.path, asked.fields, asked.files)
    assert (made.status_code, list(made.json())) == (200, ["job_id"])
    job_id = made.json()["job_id"]
    assert is_job_id(job_id)

    ended = paid_service.wait(job_id)

    assert (ended["job_id"], ended["status"]) == (job_id, "Succeed")
    pictures = [requests.get(url, timeout=30) for url in ended["image_urls"]]
    assert len(pictures) > 1 if asked.several else len(pictures) == 1
    assert all(not url.startswith(paid_service.origin + "/") for url in ended["image_urls"])
    assert [picture.status_code for picture in pictures] == [200] * len(pictures)
    assert all(int(picture.headers["Content-Length"]) == len(picture.content) for picture in pictures)
    assert all(picture.content.endswith(LAST_BYTES[picture.headers["Content-Type"]]) for picture in pictures)


def test_a_job_is_pending_at_first_without_pictures(paid_service: Service) -> None:
    job_id = paid_service.job(INPAINT.path, INPAINT.fields, INPAINT.files)

    answer = paid_service.poll(job_id)

    assert answer == {"job_id": job_id, "status": "Pending", "image_urls": []}
    assert paid_service.wait(job_id)["status"] == "Succeed"


@every_operation
@pytest.mark.parametrize("key", ["", "not-the-key"], ids=["no key", "a wrong key"])
def test_without_a_good_key_no_operation_looks_at_its_fields(service: Service, asked: Asked, key: str) -> None:
    answer = service.post(asked.path, {"unknown": "field"}, key=key)

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})


def test_without_a_good_key_no_job_is_reported(service: Service) -> None:
    answer = service.get(f"/job/{uuid.uuid4()}", key="not-the-key")

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})


def test_an_unknown_job_is_not_found(service: Service) -> None:
    answer = service.get(f"/job/{uuid.uuid4()}")

    assert (answer.status_code, answer.json()) == (404, {"detail": "Job not found"})


def test_a_job_id_is_a_uuid(service: Service) -> None:
    answer = service.get("/job/what-is-it")

    [problem] = answer.json()["detail"]
    assert answer.status_code == 422
    assert (problem["type"], problem["loc"], problem["input"]) == ("uuid_parsing", ["path", "job_id"], "what-is-it")


@every_operation
def test_each_missing_field_is_named(service: Service, asked: Asked) -> None:
    answer = service.post(asked.path, {"unknown": "field"})

    named = {tuple(problem["loc"]): (problem["type"], problem["msg"]) for problem in answer.json()["detail"]}
    assert answer.status_code == 422
    assert named == {("body", name): ("missing", "Field required") for name in asked.required}


CHOICES = [
    ("/image-tune/inpaint/v2", "quality"),
    ("/image-tune/upscale", "scale"),
    ("/generate/image", "ai_model"),
    ("/generate/effect/v1", "resolution"),
    ("/generate/effect/v2", "quality"),
    ("/generate/effect/v2", "frame"),
    ("/sprite/make-sprite/v1", "frame"),
    ("/sprite/make-sprite/v2", "is_pixel"),
    ("/sprite/reskin/v1", "style"),
    ("/sprite/reskin/v2", "quality"),
    ("/sprite/character-overlay/v1", "rows"),
    ("/sprite/character-overlay/v2", "quality"),
]


@pytest.mark.parametrize(("path", "name"), CHOICES, ids=map(" ".join, CHOICES))
def test_a_value_that_is_not_among_the_choices_is_named(paid_service: Service, path: str, name: str) -> None:
    [asked] = [asked for asked in OPERATIONS if asked.path == path]

    answer = paid_service.post(path, {**asked.fields, name: "nonsense"}, asked.files)

    [problem] = answer.json()["detail"]
    assert answer.status_code == 422
    assert (problem["loc"], problem["input"]) == (["body", name], "nonsense")


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        ("[{]", [("json_invalid", ["body", "rows"])]),
        ('{"row": 0}', [("list_type", ["body", "rows"])]),
        (
            '[{"row": "x", "title": "walk"}]',
            [("int_parsing", ["body", "rows", 0, "row"]), ("missing", ["body", "rows", 0, "description"])],
        ),
    ],
    ids=["not JSON", "not a list", "not rows"],
)
def test_each_problem_of_the_rows_is_named(
    paid_service: Service, rows: str, problems: list[tuple[str, list[str | int]]]
) -> None:
    [asked] = [asked for asked in OPERATIONS if asked.path == "/sprite/character-overlay/v1"]

    answer = paid_service.post(asked.path, {**asked.fields, "rows": rows}, asked.files)

    assert answer.status_code == 422
    assert [(problem["type"], problem["loc"]) for problem in answer.json()["detail"]] == problems


@pytest.mark.parametrize(
    ("path", "frame"), [("/sprite/make-sprite/v1", "26"), ("/sprite/make-sprite/v2", "25")], ids=["v1", "v2"]
)
def test_a_sprite_of_any_number_of_frames_is_refused(paid_service: Service, path: str, frame: str) -> None:
    [asked] = [asked for asked in OPERATIONS if asked.path == path]

    answer = paid_service.post(path, {**asked.fields, "frame": frame}, asked.files)

    assert (answer.status_code, type(answer.json()["detail"])) == (400, str)


@pytest.mark.parametrize(
    ("model", "most"), [("Grok Imagine", 5), ("Grok Imagine Pro", 1), ("GPT Image 2", 10)], ids=str
)
def test_each_model_takes_its_number_of_reference_images(paid_service: Service, model: str, most: int) -> None:
    fields, references = {"prompt": "a red cat", "ai_model": model}, [upload(PICTURE[1][1], "ref_images")] * (most + 1)

    too_many = paid_service.post("/generate/image", fields, references)
    enough = paid_service.post("/generate/image", fields, references[1:])

    assert (too_many.status_code, type(too_many.json()["detail"])) == (400, str)
    assert enough.status_code == 200


@pytest.mark.parametrize("asked", [asked for asked in OPERATIONS if asked.files], ids=str)
def test_a_file_that_is_no_picture_is_refused(paid_service: Service, asked: Asked) -> None:
    files = [upload(b"not a picture", name) for name, _ in asked.files]

    answer = paid_service.post(asked.path, asked.fields, files)

    assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid image file"})


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif"])
def test_usual_formats_are_taken(paid_service: Service, pictures: dict[str, bytes], suffix: str) -> None:
    job_id = paid_service.job("/image-tune/upscale", {"scale": "1K"}, [upload(pictures[suffix])])

    assert paid_service.wait(job_id)["status"] == "Succeed"
