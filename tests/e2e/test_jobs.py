"""`aeforge job`: jobs that were bought, looked at, waited for and listed."""

import csv
import json
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, png
from tests.faults.fake import Fake, told_as_json
from tests.faults.origin import Answer

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"

pytestmark = pytest.mark.usefixtures("photo")


def begin(user: Aeforge, *options: str, prompt: str = "blue sky") -> str:
    """A job bought and not waited for."""
    [row] = user("inpaint", "photo.png", "-p", prompt, "--no-wait", "--json", *options).rows
    return str(row["job_id"])


# ------------------------------------------------------------------ status


@pytest.mark.parametrize(
    ("pending", "outcome", "exit_code", "word"),
    [(0, "Succeed", 0, "Succeed"), (0, "Failed", 3, "Failed"), (9, "Succeed", 8, "Pending")],
    ids=["done", "failed", "pending"],
)
def test_the_status_exits_as_the_job_stands(
    user: Aeforge, fake: Fake, pending: int, outcome: str, exit_code: int, word: str
) -> None:
    fake.pending, fake.outcome = pending, outcome
    job_id = fake.add_job(png())

    run = user("job", "status", job_id)

    assert (run.exit, run.stdout) == (exit_code, f"{job_id}  {word}\n")


def test_the_status_of_an_unknown_job_is_2(user: Aeforge) -> None:
    run = user("job", "status", UNKNOWN, "--json")

    assert (run.ending, run.stdout) == ((2, "job_not_found"), "")


def test_the_status_as_json_is_one_object(user: Aeforge, fake: Fake) -> None:
    job_id = begin(user)

    run = user("job", "status", job_id, "--json")

    assert run.rows == [
        {
            "schema": 1,
            "job_id": job_id,
            "status": "Succeed",
            "operation": "inpaint",
            "input": "photo.png",
            "image_urls": fake.jobs[job_id].images,
            "files": [],
            "seconds": None,
            "attached": True,
            "index": None,
            "action": None,
        }
    ]


def test_a_job_of_another_machine_can_be_asked_about(user: Aeforge, fake: Fake) -> None:
    job_id = fake.add_job(png())

    [row] = user("job", "status", job_id, "--json").rows

    assert (row["operation"], row["input"], row["attached"]) == (None, None, False)


@pytest.mark.parametrize("name", ["@last", "0000", "00000000-0000-4000-8000-000000000001"], ids=["last", "part", "all"])
def test_a_job_can_be_named_in_short(user: Aeforge, name: str) -> None:
    job_id = begin(user)

    run = user("job", "status", name)

    assert (run.exit, run.stdout) == (0, f"{job_id}  Succeed\n")


def test_the_beginning_of_several_ids_is_not_guessed(user: Aeforge) -> None:
    ids = [begin(user, prompt=prompt) for prompt in ("one", "two")]

    run = user("job", "status", "00000000", "--json")

    assert run.ending == (2, "usage")
    assert run.error["hint"] == f"give more of it: {ids[1]}, {ids[0]}"


@pytest.mark.parametrize("name", ["../user", "a b", "a/b", ""], ids=["a path", "two words", "a slash", "nothing"])
def test_what_is_no_id_is_never_sent(user: Aeforge, fake: Fake, name: str) -> None:
    assert user("job", "status", name, "--json").ending == (2, "usage")
    assert fake.api.requests == []


def test_of_several_jobs_each_is_told_and_the_exit_code_sums_up(user: Aeforge, fake: Fake) -> None:
    good = fake.add_job(png())
    fake.outcome = "Failed"
    bad, worse = fake.add_job(), fake.add_job()

    mixed, alike = user("job", "status", good, bad, "--json"), user("job", "status", bad, worse, "--json")

    assert ([row["status"] for row in mixed.rows], mixed.ending) == (["Succeed", "Failed"], (6, "partial"))
    assert ([row["status"] for row in alike.rows], alike.ending) == (["Failed", "Failed"], (3, "job_failed"))


def test_a_status_that_cannot_be_heard_is_asked_for_a_few_times(user: Aeforge, fake: Fake) -> None:
    fake.polls.says(Answer(500), Answer(502))
    job_id = fake.add_job(png())

    run = user("job", "status", job_id)

    assert (run.exit, len(fake.looks())) == (0, 3)


# ------------------------------------------------------------------ waiting


def test_a_job_is_waited_for_and_saved(user: Aeforge, fake: Fake, home: Home) -> None:
    fake.pending = 1
    job_id = begin(user)

    run = user("job", "wait", "@last", "-o", "sky.png")

    assert (run.exit, run.stdout) == (0, "sky.png\n")
    assert (home.work / "sky.png").read_bytes() == fake.images_of(job_id)[0]


def test_without_an_output_the_links_are_printed(user: Aeforge, fake: Fake) -> None:
    job_id = begin(user)

    assert user("job", "wait", job_id).stdout.splitlines() == fake.jobs[job_id].images


def test_a_waited_for_result_is_named_after_its_input(user: Aeforge, fake: Fake) -> None:
    job_id, foreign = begin(user), fake.add_job(png(9))

    run = user("job", "wait", job_id, foreign, "-o", "out/{stem}-{operation}.{ext}")

    assert sorted(run.stdout.splitlines()) == sorted(["out/photo-inpaint.png", f"out/{foreign}-job.png"])


def test_ids_are_read_from_a_pipe(user: Aeforge, fake: Fake, home: Home) -> None:
    ids = [begin(user, prompt=prompt) for prompt in ("one", "two", "three")]

    run = user("job", "wait", "-", "-o", "out/{job_id}.{ext}", stdin="\n".join([*ids, ids[0]]).encode())

    assert run.exit == 0
    assert sorted(run.stdout.splitlines()) == sorted(f"out/{job_id}.png" for job_id in ids)
    saved = {path.stem: path.read_bytes() for path in (home.work / "out").iterdir()}
    assert saved == {job_id: fake.images_of(job_id)[0] for job_id in ids}


def test_an_empty_pipe_names_no_job_and_is_no_mistake(user: Aeforge) -> None:
    run = user("job", "wait", "-", "--json", stdin=b"\n")

    assert (run.exit, run.stdout, run.stderr) == (0, "", "")


def test_two_jobs_never_go_to_one_file(user: Aeforge, fake: Fake) -> None:
    ids = [begin(user, prompt=prompt) for prompt in ("one", "two")]
    asked = len(fake.api.requests)

    run = user("job", "wait", *ids, "-o", "out/", "--json")

    assert (run.ending, len(fake.api.requests) - asked) == ((9, "output_exists"), 0)


def test_of_several_jobs_those_that_succeed_are_saved(user: Aeforge, fake: Fake) -> None:
    good = fake.add_job(png(1))
    fake.outcome = "Failed"
    bad = fake.add_job()

    run = user("job", "wait", bad, good, "-o", "{job_id}.{ext}", "--json")

    assert ([row["files"][0]["path"] for row in run.rows], run.ending) == ([f"{good}.png"], (6, "partial"))


def test_patience_ends_and_nothing_is_lost(user: Aeforge, fake: Fake) -> None:
    fake.pending = 1000
    job_id = begin(user)

    run = user("job", "wait", job_id, "--timeout", "1s", "--json")

    assert run.ending == (8, "still_running")
    assert (run.error["job_id"], run.error["hint"]) == (job_id, f"aeforge job wait {job_id}")


def test_a_saved_job_can_be_saved_again_elsewhere(user: Aeforge, fake: Fake, home: Home) -> None:
    user("inpaint", "photo.png", "-p", "blue sky", "-o", "one.png")

    run = user("job", "wait", "@last", "-o", "two.png")

    assert (run.exit, len(fake.posts())) == (0, 1)
    assert (home.work / "one.png").read_bytes() == (home.work / "two.png").read_bytes()


def test_one_result_goes_to_a_pipe(user: Aeforge, fake: Fake) -> None:
    job_id = begin(user)

    assert user("job", "wait", job_id, "-o", "-").output == fake.images_of(job_id)[0]


def test_several_jobs_do_not_go_to_a_pipe(user: Aeforge) -> None:
    ids = [begin(user, prompt=prompt) for prompt in ("one", "two")]

    run = user("job", "wait", *ids, "-o", "-")

    assert (run.exit, run.output) == (2, b"")


# ------------------------------------------------------------------ the list


def test_the_list_is_newest_first_with_every_field(user: Aeforge, fake: Fake, home: Home) -> None:
    user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png")
    fake.submissions.says(told_as_json({"detail": "Invalid image file"}, status=400))
    user("inpaint", "photo.png", "-p", "red sky")

    rejected, saved = user("job", "list", "--json").rows

    assert {name: saved.pop(name) for name in ("created", "updated")}
    assert {name: rejected.pop(name) for name in ("created", "updated")}
    [file] = saved.pop("files")
    job_id = next(iter(fake.jobs))
    assert saved == {
        "schema": 1,
        "job_id": job_id,
        "state": "saved",
        "operation": "inpaint",
        "input": "photo.png",
        "prompt": "blue sky",
        "output": str(home.work / "sky.png"),
        "service": fake.base_url,
        "reason": None,
    }
    assert (Path(file["path"]).name, file["url"]) == ("sky.png", fake.jobs[job_id].images[0].partition("?")[0] + "?***")
    assert rejected == {
        "schema": 1,
        "job_id": None,
        "state": "rejected",
        "operation": "inpaint",
        "input": "photo.png",
        "prompt": "red sky",
        "output": None,
        "files": [],
        "service": fake.base_url,
        "reason": "HTTP 400: Invalid image file",
    }


def test_the_list_is_narrowed(user: Aeforge, fake: Fake) -> None:
    user("inpaint", "photo.png", "-p", "one sky")
    user("inpaint", "photo.png", "-p", "two skies", "-o", "two.png")
    fake.pending = 9
    pending = begin(user, prompt="three clouds")

    def prompts(*options: str) -> list[str]:
        return [row["prompt"] for row in user("job", "list", "--json", *options).rows]

    assert prompts() == ["three clouds", "two skies", "one sky"]
    assert prompts("--pending") == ["three clouds"]
    assert prompts("--search", "SK") == ["two skies", "one sky"]
    assert prompts("--limit", "1") == ["three clouds"]
    assert prompts("--search", pending) == ["three clouds"]
    assert prompts("--search", "nothing like it") == []


def test_the_list_for_people_is_aligned(user: Aeforge, fake: Fake) -> None:
    user("inpaint", "photo.png", "-p", "blue sky")

    run = user("job", "list")

    [header, line] = run.stdout.splitlines()
    job_id = next(iter(fake.jobs))
    assert header.split() == ["JOB", "STATE", "CREATED", "OPERATION", "INPUT", "PROMPT"]
    words = line.split()
    assert (words[0], words[1], words[4:]) == (job_id, "succeeded", ["inpaint", "photo.png", "blue", "sky"])


def test_an_empty_list_is_no_error(user: Aeforge) -> None:
    assert (user("job", "list").exit, user("job", "list").stdout) == (0, "")


def test_the_list_needs_no_key(user: Aeforge) -> None:
    begin(user)

    assert user("job", "list", env={"AEFORGE_API_KEY": None}).exit == 0


def test_pending_jobs_go_through_a_pipeline(user: Aeforge, fake: Fake) -> None:
    ids = [begin(user, prompt=prompt) for prompt in ("one", "two")]
    listed = user("job", "list", "--pending", "--json").output

    found = "\n".join(json.loads(line)["job_id"] for line in listed.splitlines())
    run = user("job", "wait", "-", "--json", stdin=found.encode())

    assert sorted(row["job_id"] for row in run.rows) == sorted(ids)


def test_without_history_the_list_keeps_ids_only(user: Aeforge, home: Home) -> None:
    user("inpaint", "photo.png", "-p", "my secret garden", "-o", "sky.png", env={"AEFORGE_NO_HISTORY": "1"})

    [row] = user("job", "list", "--json").rows

    assert (row["state"], row["input"], row["prompt"]) == ("saved", None, None)
    assert [path for path in home.state.rglob("*") if path.is_file() and b"garden" in path.read_bytes()] == []


# ------------------------------------------------------------------ forms


def test_a_template_prints_a_line_for_each_saved_file(user: Aeforge, fake: Fake) -> None:
    fake.results = 2

    run = user("split-layer", "photo.png", "-k", "arm", "-o", "out/", "--format", r"{job_id}\t{path}")

    job_id = next(iter(fake.jobs))
    assert run.stdout.splitlines() == [f"{job_id}\tout/photo-1.png", f"{job_id}\tout/photo-2.png"]


def test_csv_of_jobs_and_of_the_journal_can_be_read_by_programs(user: Aeforge, fake: Fake) -> None:
    bought = user("inpaint", "photo.png", "-p", "blue, or green", "-o", "sky.png", "--format", "csv")
    listed = user("job", "list", "--format", "csv")

    [result] = csv.DictReader(bought.stdout.splitlines())
    [row] = csv.DictReader(listed.stdout.splitlines())
    assert (result["path"], result["status"], row["state"]) == ("sky.png", "Succeed", "saved")
    assert row["path"].endswith("/sky.png")  # the whole path: the current folder is another one next time
    assert (row["prompt"], row["job_id"]) == ("blue, or green", result["job_id"])


def test_a_field_that_jobs_do_not_have_is_refused_before_anything_is_sent(user: Aeforge, fake: Fake) -> None:
    run = user("inpaint", "photo.png", "-p", "x", "--format", "{jobid}")

    assert (run.exit, fake.posts()) == (2, [])
    assert run.stderr.splitlines()[0] == "error: {jobid} is not a field"
    assert "use job_id, status, operation, input" in run.stderr


@pytest.mark.parametrize("words", [("--format", "yaml"), ("--json", "--format", "csv")], ids=" ".join)
def test_what_is_no_format_is_refused(user: Aeforge, words: tuple[str, ...]) -> None:
    assert user("job", "list", *words).exit == 2


def test_format_json_is_what_json_is(user: Aeforge) -> None:
    user("inpaint", "photo.png", "-p", "x")

    assert user("job", "list", "--format", "json").rows == user("job", "list", "--json").rows
    assert user("job", "status", "x", "--format", "json").error["code"] == "job_not_found"


def test_on_a_terminal_the_list_has_short_ids_that_work(user: Aeforge, fake: Fake) -> None:
    user("inpaint", "photo.png", "-p", "blue sky", "--no-wait")
    job_id = next(iter(fake.jobs))

    shown = user.terminal("job", "list").finish().stderr.splitlines()

    short = shown[1].split()[0]
    assert (len(short), job_id.startswith(short), "s ago" in shown[1]) == (8, True, True)
    assert user("job", "status", short, "--format", "{job_id}").stdout == f"{job_id}\n"
