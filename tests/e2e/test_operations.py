"""Every operation of the service, and any call to it, on the installed command."""

import hashlib
import json
import uuid
from dataclasses import dataclass

import pytest

from tests.conftest import Aeforge, Home, png
from tests.e2e.conftest import Sandbox
from tests.faults.fake import API_KEY, Fake, told_as_json
from tests.faults.origin import Answer, End

PHOTO, OTHER = png(0x336699), png(7)
FIRST = str(uuid.UUID(int=1, version=4))
ROWS = json.dumps([{"row": 0, "title": "walk", "description": "walks to the right"}])


@pytest.fixture(autouse=True)
def pictures_at_hand(photo: object, home: Home) -> None:
    (home.work / "other.png").write_bytes(OTHER)
    (home.work / "rows.json").write_text(f"{ROWS}\n")


@dataclass(frozen=True)
class Asked:
    """A command, and the form that the service must get: a picture by the name of its file here."""

    command: str
    path: str
    fields: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, str], ...] = ()
    extra: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.command


PHOTO_AS_IMAGE = (("image", "photo.png"),)
OPERATIONS = [
    Asked("upscale photo.png", "image-tune/upscale", (("scale", "2K"),), PHOTO_AS_IMAGE),
    Asked("upscale photo.png --scale 4k", "image-tune/upscale", (("scale", "4K"),), PHOTO_AS_IMAGE),
    Asked("split-layer photo.png -k arm", "image-tune/split-layer", (("keyword", "arm"),), PHOTO_AS_IMAGE),
    Asked("generate -p cat --model nano-banana", "generate/image", (("prompt", "cat"), ("ai_model", "Nano Banana"))),
    Asked(
        "generate -p cat --ref photo.png --ref other.png",
        "generate/image",
        (("prompt", "cat"), ("ai_model", "GPT Image 1.5")),
        (("ref_images", "photo.png"), ("ref_images", "other.png")),
        extra=("--model", "GPT Image 1.5"),
    ),
    Asked("effect -p boom", "generate/effect/v1", (("description", "boom"), ("resolution", "1K"))),
    Asked(
        "effect -p boom --resolution 4K --image photo.png",
        "generate/effect/v1",
        (("description", "boom"), ("resolution", "4K")),
        PHOTO_AS_IMAGE,
    ),
    Asked(
        "effect -p boom --frames 16",
        "generate/effect/v2",
        (("description", "boom"), ("quality", "standard"), ("frame", "16")),
    ),
    Asked(
        "effect -p boom -q pro --image photo.png",
        "generate/effect/v2",
        (("description", "boom"), ("quality", "pro"), ("frame", "4")),
        PHOTO_AS_IMAGE,
    ),
    Asked(
        "effect -p boom --api-version 2",
        "generate/effect/v2",
        (("description", "boom"), ("quality", "standard"), ("frame", "4")),
    ),
    Asked(
        "sprite make photo.png -p walks",
        "sprite/make-sprite/v1",
        (("text", "walks"), ("frame", "25"), ("is_pixel", "false")),
        PHOTO_AS_IMAGE,
    ),
    Asked(
        "sprite make photo.png -p walks --frames 169 --pixel",
        "sprite/make-sprite/v1",
        (("text", "walks"), ("frame", "169"), ("is_pixel", "true")),
        PHOTO_AS_IMAGE,
    ),
    Asked(
        "sprite make photo.png -p sits --to other.png",
        "sprite/make-sprite/v2",
        (("text", "sits"), ("frame", "49"), ("is_pixel", "false")),
        (("start_frame_image", "photo.png"), ("end_frame_image", "other.png")),
    ),
    Asked(
        "sprite make photo.png -p sits --api-version 2 --frames 121",
        "sprite/make-sprite/v2",
        (("text", "sits"), ("frame", "121"), ("is_pixel", "false")),
        (("start_frame_image", "photo.png"),),
    ),
    Asked(
        "sprite reskin photo.png -p robot --style quarter-view",
        "sprite/reskin/v1",
        (("description", "robot"), ("resolution", "1K"), ("style", "quater_view")),
        PHOTO_AS_IMAGE,
    ),
    Asked(
        "sprite reskin photo.png -p robot -q pro",
        "sprite/reskin/v2",
        (("description", "robot"), ("quality", "pro")),
        PHOTO_AS_IMAGE,
    ),
    Asked(
        "sprite overlay photo.png other.png photo.png --rows @rows.json --style sd",
        "sprite/character-overlay/v1",
        (("rows", ROWS), ("resolution", "1K"), ("style", "sd")),
        (("sprite_sheet", "photo.png"), ("character_images", "other.png"), ("character_images", "photo.png")),
    ),
    Asked(
        "sprite overlay photo.png other.png -q standard",
        "sprite/character-overlay/v2",
        (("rows", ROWS), ("quality", "standard")),
        (("sprite_sheet", "photo.png"), ("character_images", "other.png")),
        extra=("--rows", ROWS),
    ),
]
every_operation = pytest.mark.parametrize("asked", OPERATIONS, ids=str)


@every_operation
def test_the_service_is_sent_what_the_command_says(user: Aeforge, fake: Fake, home: Home, asked: Asked) -> None:
    run = user(*asked.command.split(), *asked.extra, "-o", "out.png")

    [post] = fake.ledger
    assert (run.exit, run.stdout) == (0, "out.png\n")
    assert (post.path, post.fields) == (f"/public/v1/{asked.path}", asked.fields)
    assert [(upload.field, upload.sha256) for upload in post.uploads] == [
        (field, hashlib.sha256((home.work / name).read_bytes()).hexdigest()) for field, name in asked.pictures
    ]


@every_operation
def test_a_dry_run_shows_the_same_form_and_sends_nothing(user: Aeforge, fake: Fake, asked: Asked) -> None:
    run = user(*asked.command.split(), *asked.extra, "--dry-run")

    shown = json.loads(run.stdout)
    texts = {name: value for name, value in shown["form"].items() if isinstance(value, str)}
    assert (run.exit, shown["url"], texts) == (0, f"{fake.base_url}/{asked.path}", dict(asked.fields))
    assert set(shown["form"]) - set(texts) == {field for field, _ in asked.pictures}
    assert fake.api.requests == []


def test_a_dry_run_lists_the_pictures_of_a_repeated_field(user: Aeforge) -> None:
    references = ("--ref", "photo.png") * 3

    run = user("generate", "-p", "cat", "--model", "nano-banana", *references, "--dry-run")

    assert [each["input"] for each in json.loads(run.stdout)["form"]["ref_images"]] == ["photo.png"] * 3


REFUSALS = {
    "a scale": "upscale photo.png --scale 8K",
    "no keyword": "split-layer photo.png",
    "no model": "generate -p cat",
    "an unknown model": "generate -p cat --model dall-e",
    "too many references": "generate -p cat --model grok-imagine-pro --ref photo.png --ref other.png",
    "frames that cannot be made": "effect -p boom --frames 7",
    "options of both versions": "effect -p boom --frames 4 --resolution 1K",
    "an option of the other version": "effect -p boom --frames 4 --api-version 1",
    "an end frame for version 1": "sprite make photo.png -p sits --to other.png --api-version 1",
    "frames of the other version": "sprite make photo.png -p sits --to other.png --frames 25",
    "an unknown style": "sprite reskin photo.png -p robot --style quater_view",
    "no characters": "sprite overlay photo.png --rows @rows.json",
    "too many characters": "sprite overlay photo.png a b c d e --rows @rows.json".replace(
        " a b c d e", " other.png" * 5
    ),
    "no rows": "sprite overlay photo.png other.png",
    "rows that are no JSON": "sprite overlay photo.png other.png --rows walk",
    "rows that are not there": "sprite overlay photo.png other.png --rows @none.json",
    "two things on standard input": "effect -p @- --image -",
    "the same picture twice on standard input": "sprite make - -p sits --to -",
    "a version that is none": "effect -p boom --api-version 3",
    "no prompt": "effect",
}


@pytest.mark.parametrize("command", REFUSALS.values(), ids=REFUSALS)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(user: Aeforge, fake: Fake, command: str) -> None:
    run = user(*command.split(), "--json", stdin=PHOTO)

    assert run.ending == (2, "usage")
    assert fake.api.requests == []


def test_every_refusal_says_what_to_do(user: Aeforge) -> None:
    runs = [user(*command.split(), "--json", stdin=PHOTO) for command in REFUSALS.values()]

    assert [run.args for run in runs if not run.error["hint"]] == []


@pytest.mark.parametrize(
    "command",
    [
        "upscale none.png",
        "sprite make photo.png -p x --to none.png",
        "generate -p x --model gpt-image-2 --ref none.png",
    ],
)
def test_every_picture_is_looked_for_before_anything_is_sent(user: Aeforge, fake: Fake, command: str) -> None:
    assert user(*command.split(), "--json").ending == (2, "file_not_found")
    assert fake.api.requests == []


@pytest.mark.parametrize("name", ["Nano Banana Pro", "nano-banana-pro", "NANO BANANA PRO"])
def test_a_model_is_named_as_people_like(user: Aeforge, fake: Fake, name: str) -> None:
    user("generate", "-p", "cat", "--model", name)

    assert dict(fake.ledger[0].fields)["ai_model"] == "Nano Banana Pro"


def test_what_is_made_from_words_alone_is_named_after_the_operation(user: Aeforge, home: Home) -> None:
    run = user("generate", "-p", "cat", "--model", "nano-banana", "-o", "out/", "--json")

    assert (run.rows[0]["operation"], run.rows[0]["files"][0]["path"]) == ("generate", "out/generate.png")


def test_a_sprite_is_named_after_its_first_picture(user: Aeforge) -> None:
    run = user("sprite", "make", "photo.png", "-p", "sits", "--to", "other.png", "-o", "{stem}-{operation}.{ext}")

    assert run.stdout == "photo-sprite-make.png\n"


def test_a_group_alone_explains_itself(user: Aeforge) -> None:
    assert "reskin" in user("sprite", "--help").stdout


# ------------------------------------------------------------------ against the sandbox

AT_THE_SANDBOX = [
    ("upscale photo.png --scale 1K", 1),
    ("split-layer photo.png -k arm", 2),
    ("generate -p cat --model nano-banana --ref photo.png", 1),
    ("effect -p boom --resolution 1K", 1),
    ("effect -p boom --frames 4", 1),
    ("sprite make photo.png -p walks", 17),
    ("sprite make photo.png -p walks --to other.png", 17),
    ("sprite reskin photo.png -p robot", 1),
    ("sprite reskin photo.png -p robot -q pro --style quarter-view", 1),
    ("sprite overlay photo.png other.png --rows @rows.json", 1),
    ("sprite overlay photo.png other.png --rows @rows.json -q pro", 1),
]


@pytest.mark.parametrize(("command", "count"), AT_THE_SANDBOX, ids=[command for command, _ in AT_THE_SANDBOX])
def test_the_sandbox_understands_every_operation(
    aeforge: Aeforge, sandbox: Sandbox, home: Home, command: str, count: int
) -> None:
    run = aeforge(*command.split(), "-o", "out/{n}.{ext}", env=sandbox.env)

    assert (run.exit, len(run.stdout.splitlines())) == (0, count)
    assert all((home.work / path).stat().st_size for path in run.stdout.splitlines())


# ------------------------------------------------------------------ any call


UPSCALE = ("api", "POST", "image-tune/upscale", "-F", "image=@photo.png", "-F", "scale=4K")


def test_a_post_by_hand_is_the_same_form_and_prints_the_answer_as_it_came(user: Aeforge, fake: Fake) -> None:
    fake.submissions.says(told_as_json({"job_id": FIRST, "extra": [1, 2]}))

    run = user(*UPSCALE)

    [post] = fake.ledger
    assert (run.exit, run.stdout) == (0, json.dumps({"job_id": FIRST, "extra": [1, 2]}))
    assert (post.path, post.fields, len(post.uploads)) == ("/public/v1/image-tune/upscale", (("scale", "4K"),), 1)
    assert fake.posts()[0].headers["authorization"] == f"Bearer {API_KEY}"


def test_a_post_by_hand_is_in_the_journal_and_can_be_waited_for(user: Aeforge, fake: Fake, home: Home) -> None:
    user(*UPSCALE)
    [row] = user("job", "list", "--json").rows

    run = user("job", "wait", "@last", "-o", "large.png")

    assert (row["job_id"], row["state"], row["operation"], row["input"]) == (FIRST, "accepted", "upscale", "photo.png")
    assert (run.exit, (home.work / "large.png").read_bytes()) == (0, fake.images_of(FIRST)[0])


def test_a_post_by_hand_is_not_sent_again_while_its_job_is_unfinished(user: Aeforge, fake: Fake) -> None:
    user(*UPSCALE)

    again, anew = user(*UPSCALE), user(*UPSCALE, "--new")

    assert (json.loads(again.stdout), again.exit) == ({"job_id": FIRST}, 0)
    assert "resuming job" in again.stderr
    assert json.loads(anew.stdout)["job_id"] != FIRST
    assert len(fake.posts()) == 2


@pytest.mark.parametrize(
    ("answer", "ending"),
    [
        (Answer(cut=0, end=End.FIN), (10, "submit_unknown")),
        (Answer(500), (10, "submit_unknown")),
        (told_as_json({"detail": "Invalid image file"}, status=400), (2, "rejected")),
        (told_as_json({"detail": "Payment required"}, status=402), (7, "payment_required")),
        (told_as_json({"detail": "Not Found User"}, status=404), (4, "account_not_found")),
    ],
    ids=["a lost answer", "500", "400", "402", "404"],
)
def test_a_post_by_hand_that_fails_is_sent_once(
    user: Aeforge, fake: Fake, answer: Answer, ending: tuple[int, str]
) -> None:
    fake.submissions.says(answer)

    run = user(*UPSCALE, "--json")

    assert (run.ending, run.stdout, len(fake.posts())) == (ending, "", 1)


def test_a_get_by_hand_prints_the_answer_as_it_came(user: Aeforge, fake: Fake) -> None:
    job_id = fake.add_job(png())

    run = user("api", "get", f"/job/{job_id}")

    assert (run.exit, run.stderr) == (0, "")
    assert json.loads(run.stdout) == {"job_id": job_id, "status": "Succeed", "image_urls": fake.jobs[job_id].images}


def test_a_get_by_hand_is_tried_again(user: Aeforge, fake: Fake) -> None:
    fake.polls.says(Answer(500), Answer(503, headers={"Retry-After": "0"}))

    run = user("api", "GET", f"job/{fake.add_job(png())}")

    assert (run.exit, len(fake.looks())) == (0, 3)


@pytest.mark.parametrize(
    ("path", "answer", "ending"),
    [
        (f"job/{FIRST}", None, (2, "job_not_found")),
        ("job/x", told_as_json({"detail": [{"msg": "no UUID"}]}, status=422), (2, "rejected")),
        ("user/me", told_as_json({"detail": "Not Found"}, status=404), (1, "unexpected_answer")),
        ("user/me", told_as_json({"detail": "Invalid API key"}, status=401), (4, "key_rejected")),
    ],
    ids=["no such job", "no id", "no such path", "a bad key"],
)
def test_a_get_by_hand_that_is_refused_says_why(
    user: Aeforge, fake: Fake, path: str, answer: Answer | None, ending: tuple[int, str]
) -> None:
    fake.polls.says(answer)

    run = user("api", "GET", path, "--json")

    assert (run.ending, run.stdout, len(fake.looks())) == (ending, "", 1)


def test_a_get_by_hand_of_a_broken_service_ends(user: Aeforge, fake: Fake) -> None:
    fake.polls.always(Answer(503, headers={"Retry-After": "0"}))

    assert user("api", "GET", "user/me", "--json").ending == (5, "service_error")
    assert len(fake.looks()) == 4


@pytest.mark.parametrize(
    "words",
    [
        ("GET", "../../private"),
        ("GET", "https://elsewhere.test/x"),
        ("GET", "a b"),
        ("GET", "job/x", "-F", "a=b"),
        ("DELETE", "job/x"),
        ("POST", "x", "-F", "no-value"),
        ("POST", "x", "-F", 'bad"name=1'),
        ("POST", "x", "-F", "a=@-", "-F", "b=@-"),
    ],
    ids=" ".join,
)
def test_a_call_by_hand_that_makes_no_sense_is_not_made(user: Aeforge, fake: Fake, words: tuple[str, ...]) -> None:
    assert user("api", *words, "--json", stdin=PHOTO).ending == (2, "usage")
    assert fake.api.requests == []


def test_on_a_terminal_an_answer_by_hand_is_harmless(user: Aeforge, fake: Fake) -> None:
    fake.polls.says(Answer(body=b'{"status": "\x1b[2J"}\n{"next": 1}'))

    run = user.terminal("api", "GET", "user/me").finish()

    assert run.stderr.replace("\r\n", "\n") == '{"status": "^[[2J"}\n{"next": 1}\n'


def test_without_a_key_no_call_is_made(user: Aeforge, fake: Fake) -> None:
    for words in (("api", "GET", "user/me"), UPSCALE):
        assert user(*words, "--json", env={"AEFORGE_API_KEY": None}).ending == (4, "not_signed_in")

    assert fake.api.requests == []
