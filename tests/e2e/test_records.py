"""Which job made a file: `job show`, the record that `--record` keeps, and `job verify`."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Aeforge, Home, Run, png
from tests.faults.fake import Fake, told_as_json

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def art(home: Home) -> Path:
    """A folder with three pictures in `in/`."""
    (home.work / "in").mkdir()
    for number, name in enumerate("abc"):
        (home.work / "in" / f"{name}.png").write_bytes(png(number + 1))
    return home.work


def make(user: Aeforge, *options: str) -> None:
    run = user("inpaint", "in", "-p", "blue sky", "-o", "out/", "--record", "art.jsonl", *options)
    assert run.exit == 0, run.stderr


# ------------------------------------------------------------------ job show


def test_a_file_tells_which_job_made_it_with_everything_known(user: Aeforge, fake: Fake, photo: Path) -> None:
    user("inpaint", "photo.png", "-p", "blue sky", "-q", "pro", "-o", "sky.png")
    saved = photo.with_name("sky.png")

    [shown] = user("job", "show", "sky.png", "--json").rows

    job_id = next(iter(fake.jobs))
    assert shown.pop("created") <= shown.pop("updated")
    assert shown.pop("version")
    assert (shown.pop("account"), shown.pop("host")) != ("", "")
    [file] = shown.pop("files")
    assert (file["path"], file["sha256"], file["bytes"]) == (str(saved), sha256(saved), saved.stat().st_size)
    assert shown == {
        "schema": 1,
        "job_id": job_id,
        "state": "saved",
        "operation": "inpaint",
        "input": "photo.png",
        "prompt": "blue sky",
        "output": str(saved),
        "service": fake.base_url,
        "reason": None,
        "profile": "default",
        "quality": "pro",
        "price": None,
        "unit": None,
        "fields": {"prompt": "blue sky", "quality": "pro"},
        "inputs": [{"field": "image", "input": "photo.png", "sha256": sha256(photo)}],
        "found_by": "content",
    }


def test_people_read_the_prompt_the_input_and_every_file_of_the_job(user: Aeforge, fake: Fake, photo: Path) -> None:
    fake.results = 2
    user("split-layer", "photo.png", "-k", "left arm", "-o", "out/")

    shown = user("job", "show", "out/photo-2.png").stdout

    words = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert (words["job"], words["state"], words["operation"]) == (next(iter(fake.jobs)), "saved", "split-layer")
    assert words["prompt"] == "left arm"
    assert words["input"] == f"image photo.png, sha256 {sha256(photo)}"
    assert [line.split()[1] for line in shown.splitlines() if line.startswith("file")] == [
        f"{photo.parent}/out/photo-{number}.png," for number in (1, 2)
    ]


@pytest.mark.parametrize("name", ["@last", "00000000", "00000000-0000-4000-8000-000000000001"])
@pytest.mark.usefixtures("photo")
def test_a_job_is_shown_by_its_id_its_beginning_or_as_the_last(user: Aeforge, name: str) -> None:
    user("inpaint", "photo.png", "-p", "blue sky")

    [shown] = user("job", "show", name, "--json").rows

    assert (shown["prompt"], shown["found_by"], shown["files"]) == ("blue sky", "id", [])


def test_a_renamed_file_is_known_by_its_content_and_a_changed_one_by_its_path(user: Aeforge, photo: Path) -> None:
    user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png")
    saved = photo.with_name("sky.png")
    saved.rename(photo.with_name("renamed.png"))
    renamed, gone = user("job", "show", "renamed.png", "--json"), user("job", "show", "sky.png", "--json")
    saved.write_bytes(png(77))
    edited = user("job", "show", "sky.png", "--json")

    assert [run.rows[0]["found_by"] for run in (renamed, gone, edited)] == ["content", "path", "path"]
    assert (gone.stderr, edited.stderr) == ("", "sky.png has changed since this job saved it\n")


def test_of_two_jobs_that_a_file_may_be_of_its_content_decides(user: Aeforge, fake: Fake, photo: Path) -> None:
    user("inpaint", "photo.png", "-p", "one", "-o", "one.png")
    user("inpaint", "photo.png", "-p", "two", "-o", "two.png")
    photo.with_name("one.png").replace(photo.with_name("two.png"))

    assert user("job", "show", "two.png", "--json").rows[0]["prompt"] == "one"


@pytest.mark.parametrize("name", ["photo.png", "nothing.png", UNKNOWN, "a\x1b[2Jb"])
@pytest.mark.usefixtures("photo")
def test_what_no_job_is_known_for_is_job_not_found(user: Aeforge, fake: Fake, name: str) -> None:
    run = user("job", "show", name, "--json")

    assert (run.ending, run.stdout, fake.api.requests) == ((2, "job_not_found"), "", [])
    assert "\x1b" not in run.stderr


@pytest.mark.usefixtures("photo")
def test_showing_needs_no_key_and_asks_nobody(user: Aeforge, fake: Fake) -> None:
    user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png")
    asked = len(fake.api.requests)

    assert user("job", "show", "sky.png", env={"AEFORGE_API_KEY": None}).exit == 0
    assert len(fake.api.requests) == asked


@pytest.mark.usefixtures("photo")
def test_no_text_that_is_shown_acts_on_the_terminal(user: Aeforge) -> None:
    user("inpaint", "photo.png", "-p", "blue \x1b[2J sky\nstate  failed", "--no-wait")

    shown = user("job", "show", "@last").stdout

    assert "\x1b" not in shown
    assert "prompt     blue ^[[2J sky^Jstate  failed\n" in shown


# ------------------------------------------------------------------ --record


def test_a_record_has_a_line_for_each_saved_file_sorted_by_path(user: Aeforge, fake: Fake, art: Path) -> None:
    make(user)

    lines = lines_of(art / "art.jsonl")
    assert [line["path"] for line in lines] == ["out/a.png", "out/b.png", "out/c.png"]
    first, file = lines[0], art / "out/a.png"
    assert first.pop("created") <= first.pop("saved")
    assert first.pop("version")
    assert len(first.pop("work")) == 64
    assert fake.images_of(first.pop("job_id")) == [file.read_bytes()]
    assert first == {
        "path": "out/a.png",
        "result": 1,
        "results": 1,
        "sha256": sha256(file),
        "bytes": file.stat().st_size,
        "size": [8, 8],
        "format": "png",
        "operation": "inpaint",
        "fields": {"prompt": "blue sky", "quality": "standard"},
        "prompt": "blue sky",
        "inputs": [{"field": "image", "input": "in/a.png", "sha256": sha256(art / "in/a.png")}],
        "service": fake.base_url,
    }


def test_what_is_kept_changes_no_line(user: Aeforge, art: Path) -> None:
    make(user)
    before = (art / "art.jsonl").read_bytes(), (art / "art.jsonl").stat().st_mtime_ns

    make(user, "--resume")
    make(user, "--skip-existing")
    user("job", "wait", "@last", "-o", "elsewhere/")  # the journal's row changes, the recorded file does not
    make(user, "--update")

    assert ((art / "art.jsonl").read_bytes(), (art / "art.jsonl").stat().st_mtime_ns) == before


@pytest.mark.parametrize("option", ["--resume", "--skip-existing"])
def test_what_is_kept_is_recorded_too(user: Aeforge, art: Path, option: str) -> None:
    make(user)
    recorded = (art / "art.jsonl").read_text()
    (art / "art.jsonl").unlink()

    make(user, option)

    assert (art / "art.jsonl").read_text() == recorded


def test_only_the_line_of_the_job_that_changed_is_another(user: Aeforge, art: Path) -> None:
    make(user)
    before = (art / "art.jsonl").read_text().splitlines()
    (art / "in" / "b.png").write_bytes(png(99))

    make(user, "--update")

    after = (art / "art.jsonl").read_text().splitlines()
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]
    assert json.loads(after[1])["inputs"][0]["sha256"] == sha256(art / "in" / "b.png")


def test_a_record_of_several_commands_keeps_what_others_made(user: Aeforge, art: Path) -> None:
    make(user)

    user("inpaint", "in/a.png", "-p", "red sky", "-o", "out/red.png", "--record", "art.jsonl")

    assert [line["path"] for line in lines_of(art / "art.jsonl")] == [
        "out/a.png",
        "out/b.png",
        "out/c.png",
        "out/red.png",
    ]


def test_paths_are_relative_to_the_record_wherever_the_command_runs(user: Aeforge, art: Path, home: Home) -> None:
    (art / "meta").mkdir()
    user("inpaint", str(art / "in" / "a.png"), "-p", "x", "-o", f"{art}/out/", "--record", "../work/meta/r.jsonl")

    [line] = lines_of(art / "meta" / "r.jsonl")
    assert line["path"] == "../out/a.png"
    assert user("job", "verify", str(art / "meta" / "r.jsonl"), cwd=home.root).exit == 0


def test_failures_are_not_recorded_and_successes_beside_them_are(user: Aeforge, fake: Fake, art: Path) -> None:
    fake.submissions.says(told_as_json({"detail": "no"}, status=400))

    run = user("inpaint", "in", "-p", "x", "-o", "out/", "--record", "art.jsonl", "-j", "1")

    assert run.exit == 6
    assert [line["path"] for line in lines_of(art / "art.jsonl")] == ["out/b.png", "out/c.png"]


def test_a_name_that_is_no_unicode_text_is_recorded(user: Aeforge, art: Path) -> None:
    name = os.fsdecode(b"out/\xff \xe2\x80\xa8.png")
    user("inpaint", "in/a.png", "-p", "ünïcode \u2028 sky", "-o", name, "--record", "art.jsonl")

    [line] = lines_of(art / "art.jsonl")
    assert (line["path"], line["prompt"]) == (name, "ünïcode \u2028 sky")
    assert user("job", "verify", "art.jsonl").exit == 0


NOT_WRITABLE = {
    "a folder": ("in", 9),
    "a missing folder": ("nowhere/r.jsonl", 9),
    "a device": ("/dev/null", 9),
    "no record": ("prose", 2),
}


@pytest.mark.parametrize(("name", "exit_code"), NOT_WRITABLE.values(), ids=NOT_WRITABLE)
def test_a_record_that_cannot_be_written_is_refused_before_anything_is_sent(
    user: Aeforge, fake: Fake, art: Path, name: str, exit_code: int
) -> None:
    (art / "prose").write_text('{"path": "a.png"}\n<<<<<<< HEAD\n')

    run = user("inpaint", "in/a.png", "-p", "x", "-o", "out/", "--record", name)

    assert (run.exit, fake.api.requests) == (exit_code, [])
    assert name != "prose" or "prose:2 is not a line of a record" in run.stderr


# ------------------------------------------------------------------ job verify


def test_files_as_they_were_saved_are_verified_silently(user: Aeforge, art: Path) -> None:
    make(user)

    run = user("job", "verify", "art.jsonl")

    assert (run.exit, run.stdout, run.stderr) == (0, "", "3 files as recorded\n")


def test_changed_and_missing_files_are_named_one_a_line(user: Aeforge, art: Path) -> None:
    make(user)
    recorded = {line["path"]: line["sha256"] for line in lines_of(art / "art.jsonl")}
    (art / "out/a.png").write_bytes(png(5))
    (art / "out/c.png").unlink()

    run, told = user("job", "verify", "art.jsonl"), user("job", "verify", "art.jsonl", "--json")

    assert (run.exit, run.stdout.splitlines()) == (6, ["out/a.png", "out/c.png"])
    assert told.ending == (6, "partial")
    assert told.rows == [
        {
            "schema": 1,
            "path": "out/a.png",
            "problem": "changed",
            "sha256": recorded["out/a.png"],
            "found": sha256(art / "out/a.png"),
        },
        {"schema": 1, "path": "out/c.png", "problem": "missing", "sha256": recorded["out/c.png"], "found": None},
    ]


OWN_PLACES = {
    "a result": ("-o", "sky.png", "--record", "sky.png"),
    "a result in other letters": ("-o", "sky.png", "--record", "SKY.png"),
    "one of several results": ("-o", "{stem}-{n}.png", "--record", "photo-1.png"),
    "the folder of a result": ("-o", "out/", "--record", "out"),
    "a folder above it": ("-o", "r.html/all/{stem}.png", "--report", "r.html"),
    "the report": ("-o", "sky.png", "--record", "r.html", "--report", "r.html"),
}


@pytest.mark.parametrize("words", OWN_PLACES.values(), ids=OWN_PLACES)
def test_no_record_or_report_in_the_place_of_a_result_is_begun(
    user: Aeforge, fake: Fake, photo: Path, words: tuple[str, ...]
) -> None:
    run = user("inpaint", "photo.png", "-p", "x", *words, "--json")

    assert run.ending in ((9, "output_exists"), (2, "usage"))
    assert fake.posts() == []
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


def test_no_record_in_the_place_of_an_asset_is_begun(user: Aeforge, fake: Fake, photo: Path) -> None:
    line = {"out": "art/sky.png", "operation": "inpaint", "image": "photo.png", "prompt": "x"}
    photo.with_name("assets.jsonl").write_text(json.dumps(line) + "\n")

    run = user("build", "assets.jsonl", "--record", "art", "--json")

    assert (run.ending, fake.posts()) == ((9, "output_exists"), [])
    assert run.error["message"] == "--record art would be saved in the place of a result"


@pytest.mark.parametrize("text", [None, "[]\n", '{"path": 1}\n', "\xff"], ids=["missing", "a list", "no path", "bytes"])
def test_what_is_no_record_cannot_be_verified(user: Aeforge, home: Home, text: str | None) -> None:
    if text is not None:
        (home.work / "r.jsonl").write_bytes(text.encode("latin-1"))

    assert user("job", "verify", "r.jsonl", "--json").ending == (2, "usage")


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(user: Aeforge, art: Path) -> None:
    make(user)
    (art / "out/a.png").unlink()
    os.mkfifo(art / "out/a.png")

    assert user("job", "verify", "art.jsonl", within=10).stdout == "out/a.png\n"


# ------------------------------------------------------------------ what a record knows


@pytest.fixture
def clone(user: Aeforge, art: Path, home: Home) -> dict[str, str | None]:
    """The project on a machine whose journal knows nothing of it; its files and its record are there."""
    make(user)
    return {"AEFORGE_STATE_DIR": str(home.root / "fresh")}


AGAIN = ("inpaint", "in", "-p", "blue sky", "-o", "out/", "--record", "art.jsonl", "--json")


def actions(run: Run) -> list[str]:
    return [row["action"] for row in run.rows]


@pytest.mark.parametrize("option", ["--resume", "--update"])
def test_in_a_clone_what_the_record_knows_is_kept_without_network_or_key(
    user: Aeforge, fake: Fake, art: Path, clone: dict[str, str | None], option: str
) -> None:
    asked, before = len(fake.api.requests), (art / "art.jsonl").read_bytes()

    run = user(*AGAIN, option, env={**clone, "AEFORGE_API_KEY": None})

    assert (run.exit, actions(run)) == (0, ["keep"] * 3)
    assert (len(fake.api.requests), (art / "art.jsonl").read_bytes()) == (asked, before)


def test_in_a_clone_a_missing_file_is_fetched_and_only_what_changed_is_bought(
    user: Aeforge, fake: Fake, art: Path, clone: dict[str, str | None]
) -> None:
    (art / "out" / "a.png").unlink()
    (art / "in" / "b.png").write_bytes(png(77))
    kept = (art / "out" / "c.png").read_bytes()

    plan = user(*AGAIN, "--update", "--dry-run", env=clone)
    run = user(*AGAIN, "--update", env=clone)
    again = user(*AGAIN, "--update", env=clone)

    assert actions(plan) == ["fetch", "buy", "keep"]
    assert (run.exit, sorted(actions(run)), len(fake.posts())) == (0, ["buy", "fetch", "keep"], 4)
    assert (art / "out" / "c.png").read_bytes() == kept
    assert {Path(line["path"]).name: line["sha256"] for line in lines_of(art / "art.jsonl")} == {
        path.name: sha256(path) for path in (art / "out").iterdir()
    }
    assert (actions(again), len(fake.posts())) == (["keep"] * 3, 4)


def test_a_dry_run_in_a_clone_leaves_no_journal_behind(
    user: Aeforge, art: Path, home: Home, clone: dict[str, str | None]
) -> None:
    run = user(*AGAIN, "--update", "--dry-run", env=clone)

    assert actions(run) == ["keep"] * 3
    assert not (home.root / "fresh").exists()


def test_in_a_clone_what_is_made_of_a_kept_asset_is_made(
    user: Aeforge, fake: Fake, art: Path, clone: dict[str, str | None]
) -> None:
    listed = art / "assets.jsonl"
    first = {"out": "fox.png", "operation": "inpaint", "image": "in/a.png", "prompt": "x"}
    second = {"out": "big.png", "operation": "upscale", "image": "fox.png"}
    listed.write_text(json.dumps(first) + "\n")
    user("build", "assets.jsonl", "--record", "built.jsonl")
    listed.write_text(json.dumps(first) + "\n" + json.dumps(second) + "\n")
    bought = len(fake.posts())

    run = user("build", "assets.jsonl", "--record", "built.jsonl", "--json", env=clone)

    assert (run.exit, sorted(actions(run)), len(fake.posts()) - bought) == (0, ["buy", "keep"], 1)


@pytest.mark.parametrize(
    "change",
    [{"size": 7}, {"result": "x"}, {"created": "soon"}, {"job_id": "../x"}, {"bytes": -1}, {"inputs": [7]}],
    ids=str,
)
def test_a_record_whose_jobs_are_impossible_is_refused_with_its_line(
    user: Aeforge, fake: Fake, art: Path, clone: dict[str, str | None], change: dict[str, object]
) -> None:
    first, *others = lines_of(art / "art.jsonl")
    (art / "art.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in (*others, first | change)))

    run = user(*AGAIN, "--update", env=clone)

    assert (run.exit, len(fake.posts())) == (2, 3)
    assert "art.jsonl:3 is not a line of a record" in run.stderr
