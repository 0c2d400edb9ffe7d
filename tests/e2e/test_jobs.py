"""`aeforge job`: jobs that were bought, looked at, waited for and listed."""

import csv
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, Run, make_home, png
from tests.faults.fake import API_KEY, SIGNATURE, Fake, told_as_json
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
    assert run.error["hint"] == f"type more of it: {ids[1]}, {ids[0]}"


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


# ------------------------------------------------------------------ journals of other machines


@pytest.fixture
def machine(tmp_path: Path, user: Aeforge) -> Iterator[Aeforge]:
    """Another machine of the same user: the same key and pictures, and a journal of its own."""
    new = make_home(tmp_path / "other")
    signed_in = {name: user.home.env[name] for name in ("AEFORGE_BASE_URL", "AEFORGE_API_KEY")}
    other = Aeforge(replace(new, env={**new.env, **signed_in}))
    (other.home.work / "photos").mkdir()
    for number in range(3):
        (other.home.work / "photos" / f"{number}.png").write_bytes(png(number + 1))
    yield other
    other.close()


def buy_list(aeforge: Aeforge, *options: str) -> list[str]:
    """Three jobs; the names of the files that were saved."""
    return sorted(aeforge("inpaint", "photos", "-p", "blue sky", "-o", "out/", *options).stdout.split())


def carry(here: Aeforge, there: Aeforge) -> Run:
    return there("job", "import", "-", "--json", stdin=here("job", "export").output)


def test_a_fresh_machine_with_the_old_journal_buys_nothing_again(user: Aeforge, machine: Aeforge, fake: Fake) -> None:
    (user.home.work / "photos").symlink_to(machine.home.work / "photos")
    saved = buy_list(user)
    bought = len(fake.posts())

    told = carry(user, machine)

    assert (told.exit, told.rows) == (0, [{"schema": 1, "imported": 3, "known": 0}])
    assert buy_list(machine, "--resume") == saved
    assert (bought, len(fake.posts())) == (3, 3)
    assert [(machine.home.work / name).read_bytes() for name in saved] == [
        (user.home.work / name).read_bytes() for name in saved
    ]


def test_what_a_vanished_machine_was_waiting_for_is_resumed(user: Aeforge, machine: Aeforge, fake: Fake) -> None:
    (user.home.work / "photos").symlink_to(machine.home.work / "photos")
    fake.pending = 10_000
    running = user.start("inpaint", "photos", "-p", "blue sky", "-o", "out/")
    fake.wait_for_looks(3)
    running.send(signal.SIGKILL)
    running.finish()
    fake.finish()

    carry(user, machine)

    assert buy_list(machine) == ["out/0.png", "out/1.png", "out/2.png"]
    assert len(fake.posts()) == 3


def test_importing_twice_changes_nothing_and_the_newer_state_stays(user: Aeforge, machine: Aeforge) -> None:
    old = begin(user)
    early = user("job", "export").output
    user("job", "wait", old, "-o", "sky.png")
    late = user("job", "export").output

    told = [machine("job", "import", "-", "--json", stdin=text).rows[0] for text in (late, late, early)]

    assert [(each["imported"], each["known"]) for each in told] == [(1, 0), (0, 1), (0, 1)]
    [row] = machine("job", "list", "--json").rows
    assert (row["state"], row["job_id"]) == ("saved", old)


def test_jobs_stay_in_their_order_when_they_move(user: Aeforge, machine: Aeforge) -> None:
    for prompt in ("one", "two", "three"):
        begin(user, prompt=prompt)

    carry(user, machine)

    assert [row["prompt"] for row in machine("job", "list", "--json").rows] == ["three", "two", "one"]


def test_an_export_holds_no_key_and_no_signed_link(user: Aeforge, home: Home) -> None:
    user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png")
    signed = f"https://a.test/x.png?Signature={SIGNATURE}"
    user("api", "POST", "image-tune/upscale", "-F", "scale=4K", "-F", f"image_url={signed}")

    exported = user("job", "export").output

    assert len(exported.splitlines()) == 2
    assert (API_KEY.encode() in exported, SIGNATURE.encode() in exported) == (False, False)


def test_a_path_of_another_machine_is_not_taken_for_a_file_of_this_one(user: Aeforge, machine: Aeforge) -> None:
    user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png")
    row = json.loads(user("job", "export").output)
    moved = row | {"host": "another-machine", "files": [row["files"][0] | {"path": str(machine.home.work / "a.png")}]}
    machine("job", "import", "-", stdin=json.dumps(moved).encode())
    (machine.home.work / "a.png").write_bytes(png(5))

    assert machine("job", "show", "a.png", "--json").ending == (2, "job_not_found")
    assert machine("job", "show", row["job_id"], "--json").rows[0]["host"] == "another-machine"


BROKEN = {
    "no JSON": "{",
    "cut off": '{"schema": 1, "work": "x"',
    "another schema": {"schema": 2},
    "no state": {"state": None},
    "a state that is not known": {"state": "sold"},
    "no service": {"service": ""},
    "a service with a NUL": {"service": "http://a\0b"},
    "no time": {"created": "yesterday"},
    "a time without a zone": {"updated": "2026-01-01T00:00:00"},
    "an id that is none": {"job_id": "../../user"},
    "a price that is none": {"price": -1},
    "a price of 1.5": {"price": 1.5},
    "files that are none": {"files": [{"path": 7}]},
    "details that are none": {"details": []},
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_broken_line_refuses_the_whole_file_and_is_named(
    user: Aeforge, machine: Aeforge, change: str | dict[str, object]
) -> None:
    begin(user)
    good = user("job", "export").stdout.strip()
    broken = change if isinstance(change, str) else json.dumps(json.loads(good) | change)
    (machine.home.work / "j.jsonl").write_text(f"{good}\n\n{broken}\n")

    run = machine("job", "import", "j.jsonl")

    assert (run.exit, run.stdout) == (2, "")
    assert run.stderr.startswith("error: j.jsonl:3 is not a row of a journal; nothing was imported\nwhy:   ")
    assert machine("job", "list", "--json").rows == []


def test_without_a_journal_nothing_is_imported(user: Aeforge, photo: Path) -> None:
    begin(user)
    exported = user("job", "export").output

    run = user("job", "import", "-", "--json", stdin=exported, env={"AEFORGE_STATE_DIR": f"{photo}/state"})

    assert run.ending == (9, "cannot_save")


# ------------------------------------------------------------------ prune


def test_settled_jobs_before_a_date_are_forgotten_and_others_stay(user: Aeforge, fake: Fake) -> None:
    user("inpaint", "photo.png", "-p", "saved", "-o", "sky.png")
    fake.pending = 1000
    begin(user, prompt="unfinished")
    begin(user, prompt="newest")
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()

    kept, run = user("job", "prune", "--before", "1d"), user("job", "prune", "--before", tomorrow)

    assert (kept.stdout, run.stdout) == ("0 jobs forgotten\n", "1 job forgotten\n")
    assert [row["prompt"] for row in user("job", "list", "--json").rows] == ["newest", "unfinished"]


def test_what_a_budget_counts_is_not_forgotten(user: Aeforge, fake: Fake) -> None:
    user("inpaint", "photo.png", "-p", "one", "-o", "one.png")
    user("inpaint", "photo.png", "-p", "two", "-o", "two.png")
    user("config", "set", "budget", "2/month")

    run = user("job", "prune", "--before", "0h")
    refused = user("inpaint", "photo.png", "-p", "three", "--json")

    assert (run.stdout, "the budget counts them" in run.stderr) == ("0 jobs forgotten\n", True)
    assert (refused.ending, len(fake.posts())) == ((7, "limit_reached"), 2)


@pytest.mark.parametrize("date", ["", "yesterday", "2026-13-01", "30", "-1d", "1y"])
def test_what_is_no_date_prunes_nothing(user: Aeforge, date: str) -> None:
    assert user("job", "prune", "--before", date, "--json").ending == (2, "usage")
