"""`aeforge inpaint *.png -p "..." -o out/`: many jobs at once, of any operation, on the installed command."""

import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, Run, png
from tests.faults.fake import Fake
from tests.faults.origin import Answer, End, Request

QUICK = ("-p", "blue sky", "--poll-interval", "0.1")
LOST = Answer(cut=0, end=End.FIN)
OUT = ("-o", "out/")
WRONG = ("0", "-1", "many")


def problem(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, b'{"detail": "no"}', {"Content-Type": "application/json", **named})


@dataclass
class Studio:
    """A folder of pictures, and a service that makes of each a result of its own."""

    user: Aeforge
    fake: Fake
    home: Home

    def __post_init__(self) -> None:
        self._names: dict[bytes, str] = {}
        self._lock = threading.Lock()
        self.troubles: dict[str, list[Answer]] = {}
        self.several = 1
        self.fake.submissions.always(self.made)

    def photograph(self, *names: str) -> tuple[str, ...]:
        for name in names:
            path = self.home.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shade = len(self._names)
            path.write_bytes(png(shade))
            self._names[png(shade)] = name
        return names

    def photographs(self, count: int, folder: str = "in") -> tuple[str, ...]:
        return self.photograph(*(f"{folder}/{number:03}.png" for number in range(count)))

    def trouble(self, name: str, *answers: Answer) -> None:
        """What is answered to the next submissions of a picture."""
        self.troubles[name] = list(answers)

    def made_of(self, name: str) -> bytes:
        """The result of a picture."""
        return png(1000 + list(self._names.values()).index(name), side=8)

    def bought(self) -> Counter[str]:
        """How often each picture was paid for."""
        shown = {hashlib.sha256(content).hexdigest(): name for content, name in self._names.items()}
        return Counter(shown[post.uploads[0].sha256] for post in self.fake.charged)

    def saved(self, folder: str = "out") -> dict[str, bytes]:
        root = self.home.work / folder
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def results(self, names: Iterable[str]) -> dict[str, bytes]:
        """What `-o out/` makes of these pictures."""
        return {Path(name).name: self.made_of(name) for name in names}

    def write(self, name: str, *lines: str) -> str:
        (self.home.work / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return name

    def inpaint(self, *args: str, stdin: bytes | None = None) -> Run:
        return self.user("inpaint", *args, *QUICK, stdin=stdin)

    def made(self, request: Request) -> Answer:
        name = next((name for content, name in self._names.items() if content in request.body), None)
        if name is None:
            return problem(400)  # a request that was cut off, or a picture that nobody took
        with self._lock:
            if answers := self.troubles.get(name):
                return answers.pop(0)
        return self.fake.accepts(self.fake.add_job(*[self.made_of(name)] * self.several))


@pytest.fixture
def studio(user: Aeforge, fake: Fake, home: Home) -> Studio:
    return Studio(user, fake, home)


def once(names: Iterable[str]) -> Counter[str]:
    return Counter(names)


def summary(run: Run) -> str:
    """The last line for people, without the time."""
    [line] = [line for line in run.stderr.splitlines() if re.search(r"^\d+ done.*; [0-9.]+ s$", line)]
    return re.sub(r"; [0-9.]+ s$", "", line)


# ------------------------------------------------------------------ where jobs are listed


def test_several_pictures_are_saved_under_their_own_names(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")

    run = studio.inpaint(*names, *OUT)

    assert (run.exit, sorted(run.stdout.splitlines())) == (0, ["out/a.png", "out/b.png", "out/c.png"])
    assert studio.saved() == studio.results(names)
    assert (studio.bought(), summary(run)) == (once(names), "3 done; 3 submitted")


def test_a_folder_stands_for_its_pictures(studio: Studio) -> None:
    names = studio.photographs(3)
    studio.photograph("in/deep/other.png")
    studio.write("in/notes.txt", "no picture")

    run = studio.inpaint("in", *OUT)

    assert (run.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))


def test_folders_of_folders_are_taken_when_asked_for(studio: Studio) -> None:
    names = studio.photograph("in/a.png", "in/deep/b.png", "in/deep/deeper/c.png")

    run = studio.inpaint("in", "--recursive", *OUT)

    assert (run.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))


@pytest.mark.parametrize("as_csv", [False, True], ids=["JSON", "CSV"])
def test_a_manifest_says_prompt_quality_and_place_of_each(studio: Studio, fake: Fake, as_csv: bool) -> None:
    studio.photograph("a.png", "b.png")
    manifest = (
        studio.write("jobs.csv", "image,prompt,quality,output", "a.png,red sea,pro,deep/x.png", "b.png,,,")
        if as_csv
        else studio.write(
            "jobs.jsonl",
            '{"image": "a.png", "prompt": "red sea", "quality": "pro", "output": "deep/x.png"}',
            '{"image": "b.png"}',
        )
    )

    run = studio.inpaint("--manifest", manifest, *OUT)

    assert (run.exit, sorted(run.stdout.splitlines())) == (0, ["out/b.png", "out/deep/x.png"])
    assert sorted(post.fields for post in fake.ledger) == [
        (("prompt", "blue sky"), ("quality", "standard")),
        (("prompt", "red sea"), ("quality", "pro")),
    ]
    assert (studio.home.work / "out" / "deep" / "x.png").read_bytes() == studio.made_of("a.png")


def test_a_bad_line_of_a_manifest_is_named_and_nothing_is_sent(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png")
    studio.write("jobs.jsonl", '{"image": "a.png"}', '{"image": "a.png", "promt": "x"}')

    run = studio.inpaint("--manifest", "jobs.jsonl", *OUT, "--json")

    assert (run.ending, run.error["message"]) == ((2, "usage"), "jobs.jsonl:2 has an unknown column 'promt'")
    assert fake.api.requests == []


def test_pictures_of_a_manifest_that_cannot_be_read_are_named_with_their_lines(studio: Studio) -> None:
    studio.home.work.joinpath("jobs.csv").write_text("image,prompt\nno.png,x\nhttp://[,x\nnone.png,x\n")

    run = studio.inpaint("--manifest", "jobs.csv", *OUT)

    assert (run.exit, studio.fake.api.requests) == (2, [])
    assert "warning: jobs.csv:4: none.png cannot be read" in run.stderr.splitlines()
    assert "error: jobs.csv:2: no.png cannot be read" in run.stderr.splitlines()


@pytest.mark.parametrize("option", ["--from", "--manifest"])
def test_a_list_can_be_piped(studio: Studio, option: str) -> None:
    names = studio.photograph("a.png", "b with blanks.png")
    text = "image\n" * (option == "--manifest") + "".join(f"{name}\n" for name in names)

    run = studio.inpaint(option, "-", *OUT, stdin=text.encode())

    assert (run.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))


@pytest.mark.parametrize(
    ("option", "text"), [("--manifest", "image\na.png\nb.png\n"), pytest.param("--from", "a.png\nb.png\n")]
)
def test_a_list_can_begin_with_a_byte_order_mark(studio: Studio, option: str, text: str) -> None:
    names = studio.photograph("a.png", "b.png")

    run = studio.inpaint(option, "-", *OUT, stdin=f"\ufeff{text}".encode())

    assert (run.exit, studio.saved()) == (0, studio.results(names))


def test_a_piped_list_can_hold_names_that_are_no_unicode(studio: Studio) -> None:
    names = studio.photograph("\udcff.png", "b.png")
    most_locales = {"PYTHONIOENCODING": "utf-8:strict"}

    run = studio.user("inpaint", "--from", "-", *QUICK, *OUT, stdin=b"\xff.png\nb.png\n", env=most_locales)

    assert (run.exit, studio.saved()) == (0, studio.results(names))


def test_standard_input_is_read_once(studio: Studio, fake: Fake) -> None:
    run = studio.inpaint("--manifest", "-", "--from", "-", "--json", stdin=b"")

    assert (run.ending, fake.api.requests) == ((2, "usage"), [])


def test_results_are_matched_to_inputs_as_json(studio: Studio) -> None:
    names = studio.photographs(12)

    run = studio.inpaint(*names, *OUT, "--json")

    assert sorted(row["index"] for row in run.rows) == list(range(12))
    for row in run.rows:
        [file] = row["files"]
        assert row["input"] == names[row["index"]]
        assert file["sha256"] == hashlib.sha256(studio.made_of(row["input"])).hexdigest()
        assert (studio.home.work / file["path"]).read_bytes() == studio.made_of(row["input"])
    assert (run.exit, studio.bought()) == (0, once(names))


def test_each_result_is_told_when_it_is_ready(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png", "b.png")
    fake.pending = 1000
    running = studio.user.start("inpaint", "a.png", "b.png", *QUICK, "--quiet", "-j", "2")
    fake.wait_for_posts(2)
    fake.wait_for_looks(2)
    first, second = fake.jobs.values()

    first.pending = 0
    assert running.process.stdout is not None
    told = running.process.stdout.readline().decode().strip()
    second.pending = 0

    assert [told] == first.images
    assert running.finish().stdout.splitlines() == second.images


@pytest.mark.parametrize("limit", ["1", "3"])
def test_no_more_jobs_are_under_way_than_allowed(studio: Studio, fake: Fake, limit: str) -> None:
    names = studio.photographs(6)
    fake.pending = 1000
    running = studio.user.start("inpaint", *names, *QUICK, *OUT, "-j", limit)
    fake.wait_for_looks(int(limit) * 3)
    at_most = len(fake.posts())
    fake.finish()

    run = running.finish()

    assert (at_most, run.exit, studio.bought()) == (int(limit), 0, once(names))


@pytest.mark.parametrize("number", [*(pytest.param(text) for text in WRONG), ""])
def test_what_is_no_number_of_jobs_is_a_mistake(studio: Studio, fake: Fake, number: str) -> None:
    names = studio.photograph("a.png", "b.png")

    run = studio.inpaint(*names, "-j", number, "--json")

    assert (run.ending, fake.api.requests) == ((2, "usage"), [])


# ------------------------------------------------------------------ refused before anything is sent


def test_one_bad_input_and_nothing_is_sent(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png", "b.png")
    studio.write("notes.png", "no picture")

    run = studio.inpaint("a.png", "notes.png", "b.png", *OUT, "--json")

    assert (run.ending, fake.api.requests) == ((2, "not_an_image"), [])


@pytest.mark.parametrize("image", ["a\\u0000.png", "\\ud800.png"], ids=["a null byte", "half a character"])
def test_a_name_that_no_file_can_have_is_missing(studio: Studio, fake: Fake, image: str) -> None:
    studio.write("jobs.jsonl", f'{{"image": "{image}"}}')

    run = studio.inpaint("--manifest", "jobs.jsonl", "--json")

    assert (run.ending, fake.api.requests) == ((2, "file_not_found"), [])


def test_a_prompt_that_is_no_text_is_refused_before_anything_is_sent(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png")
    studio.write("jobs.jsonl", '{"image": "a.png", "prompt": "blue \\ud800 sky"}')

    run = studio.inpaint("--manifest", "jobs.jsonl", "--resume", "--json")

    assert (run.ending, fake.api.requests) == ((2, "usage"), [])


@pytest.mark.parametrize(
    ("one", "other"),
    [("x/a.png", "y/a.png"), ("Bear.png", "bEAR.png"), ("B\u00e4r.png", "Ba\u0308r.png"), ("a.png", "a.jpg")],
    ids=["the same name", "but for case", "but for Unicode form", "but for the suffix"],
)
def test_results_that_would_share_a_file_are_refused(studio: Studio, fake: Fake, one: str, other: str) -> None:
    studio.photograph(one, other)

    run = studio.inpaint(one, other, *OUT, "--json")

    assert (run.ending, fake.api.requests) == ((9, "output_exists"), [])


def test_results_that_exist_are_refused(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png")
    (studio.home.work / "out").mkdir()
    studio.write("out/b.png", "mine")

    run = studio.inpaint(*names, *OUT, "--json")

    assert (run.ending, fake.api.requests, studio.saved()) == ((9, "output_exists"), [], {"b.png": b"mine\n"})


def test_results_that_exist_are_skipped_when_asked(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")
    (studio.home.work / "out").mkdir()
    studio.write("out/b.png", "mine")

    run = studio.inpaint(*names, *OUT, "--skip-existing", "--json")

    assert (run.exit, studio.bought()) == (0, once(["a.png", "c.png"]))
    assert studio.saved() == {**studio.results(["a.png", "c.png"]), "b.png": b"mine\n"}
    assert {row["input"]: row["status"] for row in run.rows} == {
        "a.png": "Succeed",
        "b.png": "Skipped",
        "c.png": "Succeed",
    }
    assert {row["input"]: row["index"] for row in run.rows} == {"a.png": 0, "b.png": 1, "c.png": 2}


def test_results_that_exist_are_replaced_when_asked(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png")
    (studio.home.work / "out").mkdir()
    studio.write("out/b.png", "mine")

    run = studio.inpaint(*names, *OUT, "--overwrite")

    assert (run.exit, studio.saved()) == (0, studio.results(names))


def test_the_same_picture_twice_is_bought_once_and_saved_to_each_place(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png")
    (studio.home.work / "copy.png").write_bytes((studio.home.work / "a.png").read_bytes())

    run = studio.inpaint("a.png", "copy.png", *OUT)

    assert (run.exit, len(fake.posts())) == (0, 1)
    assert studio.saved() == {name: studio.made_of("a.png") for name in ("a.png", "copy.png")}


def test_the_same_work_is_bought_once_whoever_named_the_quality(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png")
    manifest = studio.write("jobs.csv", "image,quality,output", "a.png,standard,x.png", "a.png,,y.png")

    run = studio.inpaint("--manifest", manifest)

    assert (run.exit, len(fake.posts()), sorted(run.stdout.split())) == (0, 1, ["x.png", "y.png"])


def test_a_dry_run_shows_each_request_and_sends_nothing(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png")

    run = studio.inpaint(*names, *OUT, "--dry-run")

    shown = [(row["form"]["image"]["input"], row["output"]) for row in map(json.loads, run.stdout.splitlines())]
    assert (run.exit, shown) == (0, [("a.png", "out/a.png"), ("b.png", "out/b.png")])
    assert (fake.api.requests, (studio.home.work / "out").exists()) == ([], False)


@pytest.mark.skipif(sys.platform != "linux", reason="another system has another viewer")
@pytest.mark.parametrize("more", [(), ("--report", "report.html")], ids=["alone", "as a list of one"])
def test_one_result_is_shown_in_the_systems_viewer(studio: Studio, more: tuple[str, ...]) -> None:
    [name] = studio.photograph("a.png")
    viewer = studio.home.work / "bin/xdg-open"
    viewer.parent.mkdir()
    viewer.write_text('#!/bin/sh\nprintf %s "$1" > shown\n')
    viewer.chmod(0o755)
    path = os.pathsep.join([str(viewer.parent), studio.home.env["PATH"]])

    run = studio.user("inpaint", name, *QUICK, *OUT, "--open", *more, env={"PATH": path})

    shown, end = studio.home.work / "shown", time.monotonic() + 60
    while not (shown.exists() and shown.read_text()) and time.monotonic() < end:  # nobody waits for a viewer
        time.sleep(0.05)
    assert (run.exit, shown.read_text()) == (0, "out/a.png")


def test_many_results_are_not_shown(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png")

    run = studio.inpaint(*names, *OUT, "--open", "--json")

    assert (run.ending, len(fake.posts())) == ((2, "usage"), 0)


# ------------------------------------------------------------------ the spending guard


def test_more_jobs_than_the_user_allows_are_refused(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")

    run = studio.inpaint(*names, *OUT, "--max-jobs", "2", "--json")

    assert (run.ending, fake.api.requests) == ((7, "limit_reached"), [])


def test_as_many_jobs_as_the_user_allows_are_bought(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png")

    assert (studio.inpaint(*names, "--max-jobs", "2").exit, studio.bought()) == (0, once(names))


def test_what_is_there_already_counts_for_no_limit(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png")
    studio.inpaint("a.png", *OUT)

    run = studio.inpaint(*names, *OUT, "--resume", "--max-jobs", "1")

    assert (run.exit, studio.bought()) == (0, once(names))


def test_51_jobs_need_a_yes_where_nobody_can_be_asked(studio: Studio, fake: Fake) -> None:
    studio.photographs(51)

    run = studio.inpaint("in", *OUT, "--json")

    assert (run.ending, fake.api.requests) == ((2, "usage"), [])
    assert "--yes" in run.error["hint"]


def test_50_jobs_need_no_yes_and_51_are_bought_with_one(studio: Studio) -> None:
    names = studio.photographs(51)

    fifty = studio.inpaint(*names[:50], "--no-wait")
    all_of_them = studio.inpaint("in", "--no-wait", "--yes", "--new")

    assert (fifty.exit, all_of_them.exit) == (0, 0)
    assert studio.bought() == once([*names[:50], *names])


@pytest.mark.parametrize(
    ("answer", "exit_code", "bought"), [("y\n", 0, 51), ("n\n", 7, 0), ("\n", 7, 0)], ids=["yes", "no", "nothing"]
)
def test_a_person_is_asked_about_51_jobs(studio: Studio, answer: str, exit_code: int, bought: int) -> None:
    studio.photographs(51)
    terminal = studio.user.terminal("inpaint", "in", "--no-wait", *QUICK)

    terminal.shows("Submit 51 jobs?")
    before = studio.bought()
    terminal.types(answer)

    assert (terminal.finish().exit, before, studio.bought().total()) == (exit_code, Counter(), bought)


# ------------------------------------------------------------------ while it goes on


def test_a_person_sees_counts_and_the_jobs_that_matter_also_after_a_failure(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")
    studio.trouble("b.png", problem(400))
    studio.fake.pending = 1_000_000

    terminal = studio.user.terminal("inpaint", *names, *QUICK, *OUT)
    terminal.shows("b.png: The service rejects the request")
    terminal.shows("1/3: 0 waiting, 2 running, 0 done, 1 failed")
    terminal.shows("a.png: Pending, ")
    for job in studio.fake.jobs.values():
        job.pending = 0

    assert terminal.finish().exit == 6
    assert studio.saved() == studio.results(["a.png", "c.png"])


# ------------------------------------------------------------------ how it ends


def test_a_failed_item_is_told_with_its_name_and_the_others_go_on(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")
    studio.trouble("b.png", problem(400))

    run = studio.inpaint(*names, *OUT, "--json")

    errors = [json.loads(line)["error"] for line in run.stderr.splitlines() if line.startswith('{"error"')]
    assert [(error.get("input"), error.get("index"), error["code"]) for error in errors] == [
        ("b.png", 1, "rejected"),
        (None, None, "partial"),
    ]
    assert (run.exit, sorted(row["input"] for row in run.rows)) == (6, ["a.png", "c.png"])
    assert (studio.saved(), summary(run)) == (
        studio.results(["a.png", "c.png"]),
        "2 done, 1 failed (rejected 1); 2 submitted",
    )


def test_for_a_person_a_failed_item_is_one_line(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png")
    studio.trouble("b.png", problem(400))

    run = studio.inpaint(*names, *OUT)

    assert "b.png: The service rejects the request: HTTP 400: no" in run.stderr.splitlines()
    assert run.stderr.splitlines()[-3:] == [
        "error: 1 of 2 jobs did not succeed",
        "why:   first correct the request",
        "next:  aeforge inpaint a.png b.png -o out/ -p 'blue sky' --poll-interval 0.1 --resume",
    ]


def test_when_all_fail_the_same_way_that_is_the_exit_code(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png")
    fake.outcome = "Failed"

    run = studio.inpaint(*names, *OUT, "--json")

    assert (run.ending, summary(run)) == ((3, "job_failed"), "0 done, 2 failed (job_failed 2); 2 submitted")


def test_without_credit_nothing_more_is_sent(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png", "c.png", "d.png")
    studio.trouble("b.png", problem(402))

    run = studio.inpaint(*names, *OUT, "-j", "1", "--json")

    assert (run.exit, len(fake.posts()), studio.saved()) == (6, 2, studio.results(["a.png"]))
    assert summary(run) == "1 done, 1 failed (payment_required 1), 2 not tried; 1 submitted"


def test_with_a_wrong_key_nothing_more_is_sent(studio: Studio, fake: Fake) -> None:
    names = studio.photographs(8)
    for name in names:
        studio.trouble(name, problem(401))

    run = studio.inpaint(*names, *OUT, "-j", "1", "--json")

    assert (run.ending, len(fake.posts())) == ((4, "key_rejected"), 1)


def test_asked_to_fail_fast_nothing_is_sent_after_a_failure(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")
    studio.trouble("a.png", problem(400))

    run = studio.inpaint(*names, *OUT, "-j", "1", "--fail-fast", "--json")

    assert (run.ending, len(fake.posts())) == ((2, "rejected"), 1)
    assert summary(run) == "0 done, 1 failed (rejected 1), 2 not tried; 0 submitted"


def test_quiet_tells_failures_alone(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png")

    run = studio.inpaint(*names, *OUT, "--quiet")

    assert (run.exit, run.stderr, len(run.stdout.splitlines())) == (0, "", 2)


def test_without_waiting_the_ids_are_the_result(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")

    run = studio.inpaint(*names, "--no-wait")

    assert (run.exit, sorted(run.stdout.splitlines()), fake.looks()) == (0, sorted(fake.jobs), [])


def test_a_storm_of_429_is_waited_out(studio: Studio, fake: Fake) -> None:
    names = studio.photographs(12)
    for name in names[:6]:
        studio.trouble(name, problem(429, Retry_After="1"))

    run = studio.inpaint(*names, *OUT, "-j", "6")

    assert (run.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "1"}], ids=["without a time", "with a time"])
def test_a_service_that_allows_few_jobs_at_once_gets_no_more(
    studio: Studio, fake: Fake, headers: dict[str, str]
) -> None:
    names = studio.photographs(24)

    def few(request: Request) -> Answer:
        running = [job for job in fake.jobs.values() if job.pending > 0]
        return studio.made(request) if len(running) < 4 else problem(429, **headers)

    fake.pending = 4
    fake.submissions.always(few)

    run = studio.inpaint(*names, *OUT, "-j", "16")

    assert (run.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))


def test_a_silence_that_the_service_asks_for_is_kept_by_all(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")
    studio.trouble("a.png", problem(429, Retry_After="1"))

    run = studio.inpaint(*names, "-j", "1")

    refused, *later = [request.at for request in fake.api.requests]
    assert (run.exit, len(fake.posts())) == (0, 4)
    assert min(later) - refused >= 0.99


def test_the_report_shows_each_input(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")
    studio.trouble("b.png", problem(400))

    run = studio.inpaint(*names, *OUT, "--report", "report.html")

    page = (studio.home.work / "report.html").read_text()
    assert (run.exit, [name in page for name in names]) == (6, [True, True, True])


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_sent(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png")

    run = studio.inpaint(*names, *OUT, "--report", "none/report.html", "--json")

    assert (run.ending, fake.api.requests) == ((9, "cannot_save"), [])


def test_when_the_reader_leaves_nothing_more_is_bought(studio: Studio, fake: Fake) -> None:
    studio.photographs(40)
    script = f"{{ {studio.user.command} inpaint in -p sky --poll-interval 0.1 -j 1 --quiet; echo $? >&2; }} | head -1"

    done = subprocess.run(
        ["sh", "-c", script],
        cwd=studio.home.work,
        env=studio.user.environment({}),
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
    )

    assert (len(done.stdout.splitlines()), done.stderr) == (1, "141\n")
    assert studio.bought().total() < 10


# ------------------------------------------------------------------ going on after an end that came too soon


def killed_in_the_middle(studio: Studio, fake: Fake, *args: str, how: Callable[[Fake], None]) -> None:
    running = studio.user.start("inpaint", *args)
    how(fake)
    running.send(signal.SIGKILL)
    assert running.finish().exit == 137


@pytest.mark.parametrize("posts", [2, 9], ids=["early", "late"])
def test_after_a_kill_the_rest_is_done_and_nothing_is_bought_twice(studio: Studio, fake: Fake, posts: int) -> None:
    names = studio.photographs(12)
    fake.submissions.always(lambda request: replace(studio.made(request), delay=0.05))
    command = (*names, *QUICK, *OUT, "-j", "3")
    killed_in_the_middle(studio, fake, *command, how=lambda fake: fake.wait_for_posts(posts))

    run = studio.user("inpaint", *command, "--resume", "--json")

    unheard = [error for error in errors_of(run) if error["code"] == "submit_unknown"]
    done = [name for name in names if name not in {error.get("input") for error in unheard}]
    assert max(studio.bought().values()) == 1
    assert run.exit == (6 if unheard else 0)
    assert len(unheard) <= 3
    assert studio.saved() == studio.results(done)


def errors_of(run: Run) -> list[dict[str, object]]:
    found = [json.loads(line)["error"] for line in run.stderr.splitlines() if line.startswith('{"error"')]
    return [error for error in found if "index" in error]


def test_a_kill_while_jobs_run_loses_none_of_them(studio: Studio, fake: Fake) -> None:
    names = studio.photographs(6)
    fake.pending = 1000
    command = (*names, *QUICK, *OUT)
    killed_in_the_middle(studio, fake, *command, how=lambda fake: fake.wait_for_looks(12))
    fake.finish()

    run = studio.user("inpaint", *command, "--resume")

    assert (run.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))
    assert summary(run) == "6 done; 6 resumed"


def test_ctrl_c_says_how_to_go_on_and_so_it_goes_on(studio: Studio, fake: Fake) -> None:
    names = studio.photographs(6)
    fake.pending = 1000
    command = ("inpaint", *names, *QUICK, *OUT, "-j", "3")
    running = studio.user.start(*command, "--json")
    fake.wait_for_looks(6)

    running.send(signal.SIGINT)

    run = running.finish()
    fake.finish()
    again = studio.user(*command, "--resume")
    assert (run.ending, run.error["hint"]) == (
        (130, "interrupted"),
        shlex.join(["aeforge", *command, "--json", "--resume"]),
    )
    assert run.error["message"] == "Interrupted; 3 jobs in progress at the service (aeforge job list --pending)"
    assert (again.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))


def test_ctrl_c_before_a_job_was_made_says_that_none_goes_on(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")
    for name in names:
        studio.trouble(name, problem(429, Retry_After="60"))
    running = studio.user.start("inpaint", *names, *QUICK, *OUT, "--json")
    fake.wait_for_posts(1)

    running.send(signal.SIGINT)

    assert re.search("[1-9][0-9]* jobs? go on", running.finish().error["message"]) is None


def test_a_report_of_an_interrupted_run_names_the_jobs_that_go_on_and_those_not_tried(
    studio: Studio, fake: Fake
) -> None:
    names = studio.photographs(5)
    fake.pending = 1_000_000
    command = ("inpaint", *names, *QUICK, *OUT, "-j", "2", "--report", "report.html")
    running = studio.user.start(*command)
    fake.wait_for_looks(4)

    running.send(signal.SIGINT)

    assert running.finish().exit == 130
    page = (studio.home.work / "report.html").read_text(encoding="utf-8")
    assert [page.count(f"<small>{state}</small>") for state in ("submitted", "not tried", "done")] == [2, 3, 0]
    assert all(page.count(f"<dt>job<dd>{job_id}") == 1 for job_id in fake.jobs)


def test_resuming_what_is_finished_buys_nothing(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png")
    studio.inpaint(*names, *OUT)
    asked = len(fake.api.requests)

    run = studio.inpaint(*names, *OUT, "--resume", "--json")

    assert (run.exit, {row["status"] for row in run.rows}) == (0, {"Skipped"})
    assert len(fake.api.requests) == asked


def test_resuming_fetches_a_deleted_result_again(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png")
    studio.inpaint(*names, *OUT)
    (studio.home.work / "out" / "a.png").unlink()

    run = studio.inpaint(*names, *OUT, "--resume")

    assert (run.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))


def test_resuming_leaves_alone_what_no_job_is_known_to_have_made(studio: Studio) -> None:
    names = studio.photograph("a.png", "b.png")
    (studio.home.work / "out").mkdir()
    (studio.home.work / "out" / "a.png").write_bytes(studio.made_of("a.png"))

    run = studio.inpaint(*names, *OUT, "--resume", "--json")

    assert [(error["input"], error["code"]) for error in errors_of(run)] == [("a.png", "output_exists")]
    assert (run.exit, studio.saved(), studio.bought()) == (6, studio.results(names), once(["b.png"]))


def test_resuming_buys_nothing_anew_whose_answer_was_lost(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png", "c.png")
    studio.trouble("b.png", LOST)
    first = studio.inpaint(*names, *OUT, "--json")

    second = studio.inpaint(*names, *OUT, "--resume", "--json")

    told = [[(error["input"], error["exit"]) for error in errors_of(run)] for run in (first, second)]
    assert (told, first.exit, second.exit) == ([[("b.png", 10)]] * 2, 6, 6)
    assert (len(fake.posts()), studio.saved()) == (3, studio.results(["a.png", "c.png"]))


def test_resuming_goes_on_after_a_stop_for_lost_answers(studio: Studio) -> None:
    names = studio.photographs(8)
    for name in names[:5]:
        studio.trouble(name, LOST)
    studio.inpaint(*names, *OUT, "-j", "1")

    run = studio.inpaint(*names, *OUT, "--resume", "-j", "1")

    assert (run.exit, studio.saved()) == (6, studio.results(names[5:]))


def test_resuming_with_another_prompt_takes_no_result_of_the_first_for_its_own(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b_%.png")
    studio.inpaint(*names, *OUT)
    studio.photograph("c.png")

    run = studio.user("inpaint", *names, "c.png", "-p", "night sky", *OUT, "--resume", "--json")

    assert (run.exit, {each["input"]: each["code"] for each in errors_of(run)}) == (
        6,
        {"a.png": "output_exists", "b_%.png": "output_exists"},
    )
    assert (len(fake.posts()), studio.saved()) == (3, studio.results([*names, "c.png"]))


def test_resuming_a_folder_buys_nothing_of_the_results_in_it(studio: Studio, fake: Fake) -> None:
    studio.photograph("in/a.png", "in/b.png")
    beside = ("in", "-o", "in/{stem}-sky.{ext}")
    studio.inpaint(*beside)

    run = studio.inpaint(*beside, "--resume")

    assert (run.exit, len(fake.posts())) == (0, 2)


# ------------------------------------------------------------------ shares


def test_shares_together_buy_everything_once(studio: Studio) -> None:
    names = studio.photographs(8)
    studio.write("jobs.csv", "image", *names)

    runs = [studio.inpaint("--manifest", "jobs.csv", *OUT, "--shard", f"{share}/3") for share in (1, 2, 3)]

    assert ([run.exit for run in runs], [len(run.stdout.splitlines()) for run in runs]) == ([0, 0, 0], [3, 3, 2])
    assert (studio.saved(), studio.bought()) == (studio.results(names), once(names))


def test_a_share_is_the_same_in_whatever_order_the_list_comes(studio: Studio) -> None:
    names = studio.photographs(5)

    runs = [
        studio.user("inpaint", *order, *QUICK, *OUT, "--shard", "2/2", "--dry-run")
        for order in (names, tuple(reversed(names)))
    ]

    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.splitlines()) == 2


def test_an_index_counts_in_the_whole_list_also_in_a_share(studio: Studio) -> None:
    names = studio.photographs(4)

    runs = [studio.inpaint(*names, "--shard", f"{share}/2", "--json") for share in (1, 2)]

    assert {row["index"]: row["input"] for run in runs for row in run.rows} == dict(enumerate(names))


def test_a_share_can_be_empty(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png")

    run = studio.inpaint("a.png", "--shard", "2/2")

    assert (run.exit, run.stdout, fake.api.requests) == (0, "", [])


def test_what_is_no_share_is_a_mistake(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png")

    run = studio.inpaint(*names, "--shard", "3/2", "--json")

    assert (run.ending, fake.api.requests) == ((2, "usage"), [])


# ------------------------------------------------------------------ every operation

EVERY = {
    "upscale": ("image-tune/upscale", ("--scale", "4k"), (("scale", "4K"),)),
    "split-layer": ("image-tune/split-layer", ("-k", "arm"), (("keyword", "arm"),)),
    "sprite make": (
        "sprite/make-sprite/v1",
        ("-p", "walks", "--pixel"),
        (("text", "walks"), ("frame", "25"), ("is_pixel", "true")),
    ),
    "sprite reskin": ("sprite/reskin/v2", ("-p", "robot", "-q", "pro"), (("description", "robot"), ("quality", "pro"))),
}
every_operation = pytest.mark.parametrize(
    ("operation", "path", "options", "fields"), [(name, *asked) for name, asked in EVERY.items()], ids=EVERY
)
every_name = pytest.mark.parametrize("operation", EVERY)
SOON = ("--poll-interval", "0.1")


def settings_of(fake: Fake) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """Which forms were sent, but for their pictures."""
    return {(post.path.removeprefix("/public/v1/"), post.fields) for post in fake.ledger}


@every_operation
def test_every_operation_takes_a_list(
    studio: Studio, fake: Fake, operation: str, path: str, options: tuple[str, ...], fields: tuple[tuple[str, str], ...]
) -> None:
    names = studio.photographs(3)

    run = studio.user(*operation.split(), "in", *options, *OUT, *SOON, "-j", "2", "--json")

    assert (run.exit, studio.saved(), studio.bought()) == (0, studio.results(names), once(names))
    assert settings_of(fake) == {(path, fields)}
    assert {row["index"]: (row["operation"], row["input"]) for row in run.rows} == {
        index: (operation, name) for index, name in enumerate(names)
    }


@every_operation
def test_one_picture_is_no_list(
    studio: Studio, fake: Fake, operation: str, path: str, options: tuple[str, ...], fields: tuple[tuple[str, str], ...]
) -> None:
    studio.photograph("a.png")

    run = studio.user(*operation.split(), "a.png", *options, "-o", "b.png", *SOON, "--json")

    assert (run.exit, [row["index"] for row in run.rows], settings_of(fake)) == (0, [0], {(path, fields)})
    assert (studio.home.work / "b.png").read_bytes() == studio.made_of("a.png")


@every_operation
def test_a_dry_run_shows_each_request_of_a_list(
    studio: Studio, fake: Fake, operation: str, path: str, options: tuple[str, ...], fields: tuple[tuple[str, str], ...]
) -> None:
    names = studio.photographs(2)

    run = studio.user(*operation.split(), *names, *options, *OUT, "--dry-run")

    assert [(row["url"], row["output"]) for row in run.rows] == [
        (f"{fake.base_url}/{path}", f"out/{Path(name).name}") for name in names
    ]
    assert [set(dict(fields).items()) <= set(shown_texts(row)) for row in run.rows] == [True, True]
    assert (run.exit, fake.api.requests, (studio.home.work / "out").exists()) == (0, [], False)


def shown_texts(row: dict[str, dict[str, object]]) -> Iterable[tuple[str, object]]:
    return [(name, value) for name, value in row["form"].items() if isinstance(value, str)]


@every_name
def test_without_a_picture_and_without_a_list_nothing_is_sent(studio: Studio, fake: Fake, operation: str) -> None:
    run = studio.user(*operation.split(), "--json")

    assert (run.ending, run.error["message"]) == ((2, "usage"), "No picture was named")
    assert fake.api.requests == []


@pytest.mark.parametrize(
    ("operation", "missing"), [("split-layer", "keyword"), ("sprite make", "prompt"), ("sprite reskin", "prompt")]
)
def test_without_words_nothing_is_sent(studio: Studio, fake: Fake, operation: str, missing: str) -> None:
    studio.photograph("a.png", "b.png")
    studio.write("jobs.csv", "image,prompt", "a.png,x", "b.png,")

    runs = [studio.user(*operation.split(), *named, "--json") for named in (["a.png"], ["--manifest", "jobs.csv"])]

    message = f"There is no {missing}"
    assert [(run.ending, run.error["message"]) for run in runs] == [
        ((2, "usage"), message),
        ((2, "usage"), f"jobs.csv:3: {message}"),
    ]
    assert fake.api.requests == []


def test_a_manifest_of_pictures_is_enough_to_enlarge_them(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png", "b.png")
    studio.write("jobs.csv", "image,output", "a.png,x.png", "b.png,")

    run = studio.user("upscale", "--manifest", "jobs.csv", *OUT, *SOON)

    assert (run.exit, sorted(run.stdout.splitlines())) == (0, ["out/b.png", "out/x.png"])
    assert settings_of(fake) == {("image-tune/upscale", (("scale", "2K"),))}


@pytest.mark.parametrize(
    ("operation", "field"), [("split-layer", "keyword"), ("sprite make", "text"), ("sprite reskin", "description")]
)
def test_the_prompt_of_a_manifest_is_what_the_operation_is_told(
    studio: Studio, fake: Fake, operation: str, field: str
) -> None:
    studio.photograph("a.png", "b.png")
    studio.write("jobs.jsonl", '{"image": "a.png", "prompt": "left"}', '{"image": "b.png"}')
    default = "-k" if operation == "split-layer" else "-p"

    run = studio.user(*operation.split(), "--manifest", "jobs.jsonl", default, "right", *OUT, *SOON)

    assert (run.exit, sorted(dict(post.fields)[field] for post in fake.ledger)) == (0, ["left", "right"])


@pytest.mark.parametrize(
    ("operation", "column", "known"),
    [
        ("upscale", "prompt", "image, scale, output"),
        ("upscale", "quality", "image, scale, output"),
        ("split-layer", "keyword", "image, prompt, output"),
        ("sprite make", "quality", "image, prompt, frames, pixel, api_version, to, output"),
        ("generate --model gpt-image-2", "image", "prompt, model, ref, output"),
    ],
)
def test_a_column_that_the_operation_does_not_know_is_refused(
    studio: Studio, fake: Fake, operation: str, column: str, known: str
) -> None:
    studio.photograph("a.png")
    studio.write("jobs.csv", f"prompt,{column}" if column == "image" else f"image,{column}", "a.png,pro")

    run = studio.user(*operation.split(), "--manifest", "jobs.csv", *OUT, "--json")

    assert (run.ending, run.error["message"]) == ((2, "usage"), f"jobs.csv:2 has an unknown column '{column}'")
    assert (run.error["hint"].endswith(f"are {known}"), fake.api.requests) == (True, [])


def test_a_quality_in_a_manifest_asks_for_the_version_that_knows_it(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png", "b.png")
    manifest = studio.write("jobs.csv", "image,quality", "a.png,pro", "b.png,")
    command = ("sprite", "reskin", "--manifest", manifest, "-p", "robot", *OUT, *SOON)

    refused = studio.user(*command, "--resolution", "2K", "--json")
    run = studio.user(*command)

    assert (refused.ending, run.exit) == ((2, "usage"), 0)
    assert settings_of(fake) == {
        ("sprite/reskin/v2", (("description", "robot"), ("quality", "pro"))),
        ("sprite/reskin/v1", (("description", "robot"), ("resolution", "1K"))),
    }


@pytest.mark.parametrize(
    "command",
    ["sprite make {} -p walks --frames 7", "sprite reskin {} -p robot -q pro --resolution 2K", "split-layer {} -k ''"],
)
def test_what_makes_no_sense_for_any_of_a_list_is_refused_before_anything_is_sent(
    studio: Studio, fake: Fake, command: str
) -> None:
    studio.photographs(3)

    run = studio.user(*shlex.split(command.format("in")), *OUT, "--json")

    assert (run.ending, fake.api.requests, (studio.home.work / "out").exists()) == ((2, "usage"), [], False)


def test_the_same_picture_twice_is_bought_once_whatever_is_asked_of_it(studio: Studio, fake: Fake) -> None:
    studio.photograph("a.png")
    (studio.home.work / "b.png").write_bytes((studio.home.work / "a.png").read_bytes())

    run = studio.user("upscale", "a.png", "b.png", *OUT, *SOON)

    assert (run.exit, len(fake.posts()), sorted(studio.saved())) == (0, 1, ["a.png", "b.png"])


def test_a_list_can_share_a_picture_that_was_piped(studio: Studio, fake: Fake) -> None:
    names = studio.photographs(6)
    end = png(77, side=64)

    run = studio.user("sprite", "make", "in", "--to", "-", "-p", "sits", *OUT, *SOON, stdin=end)

    shown = hashlib.sha256(end).hexdigest()
    assert (run.exit, studio.bought()) == (0, once(names))
    assert [[(each.field, each.sha256) for each in post.uploads[1:]] for post in fake.ledger] == [
        [("end_frame_image", shown)]
    ] * len(names)


def test_one_piped_picture_can_be_reported(studio: Studio) -> None:
    studio.photograph("a.png")

    run = studio.user(
        "upscale", "-", *OUT, *SOON, "--report", "r.html", stdin=(studio.home.work / "a.png").read_bytes()
    )

    assert (run.exit, studio.saved()) == (0, {"stdin.png": studio.made_of("a.png")})


def test_standard_input_cannot_be_a_picture_and_a_list(studio: Studio, fake: Fake) -> None:
    run = studio.user("sprite", "make", "--from", "-", "--to", "-", "-p", "sits", "--json", stdin=b"a.png\n")

    assert (run.ending, fake.api.requests) == ((2, "usage"), [])


# ------------------------------------------------------------------ several results of each job


def numbered(studio: Studio, names: Iterable[str]) -> dict[str, bytes]:
    """What `-o out/` makes of these pictures if each becomes several."""
    return {
        f"{Path(name).stem}-{number}.png": studio.made_of(name)
        for name in names
        for number in range(1, studio.several + 1)
    }


@pytest.mark.parametrize("command", ["split-layer in -k arm", "sprite make in -p walks"])
def test_several_results_of_each_job_are_numbered(studio: Studio, command: str) -> None:
    names = studio.photographs(3)
    studio.several = 12

    run = studio.user(*command.split(), *OUT, *SOON)

    assert (run.exit, studio.saved()) == (0, numbered(studio, names))
    assert (sorted(run.stdout.splitlines()), studio.bought()) == (
        sorted(f"out/{name}" for name in numbered(studio, names)),
        once(names),
    )


@pytest.mark.parametrize("template", ["out/", "out/{n}.{ext}", "out/{stem}{n}.{ext}"])
def test_results_that_could_share_a_name_are_refused_before_anything_is_sent(
    studio: Studio, fake: Fake, template: str
) -> None:
    names = studio.photograph("a.png", "a-1.png") if template == "out/" else studio.photograph("a.png", "a1.png")

    run = studio.user("sprite", "make", *names, "-p", "walks", "-o", template, "--json")

    assert (run.ending, fake.api.requests) == ((9, "output_exists"), [])


def test_one_result_of_each_job_takes_no_other_name(studio: Studio) -> None:
    names = studio.photograph("a.png", "a-1.png")

    run = studio.user("upscale", *names, *OUT, *SOON)

    assert (run.exit, studio.saved()) == (0, studio.results(names))


def test_several_results_that_exist_are_refused_skipped_or_resumed(studio: Studio, fake: Fake) -> None:
    names = studio.photograph("a.png", "b.png")
    studio.several = 3
    command = ("split-layer", *names, "-k", "arm", *OUT, *SOON, "--json")
    studio.user(*command)

    again, skipped, resumed = (studio.user(*command, *more) for more in ([], ["--skip-existing"], ["--resume"]))

    assert [again.ending, skipped.exit, resumed.exit] == [(9, "output_exists"), 0, 0]
    assert [{row["status"] for row in run.rows} for run in (skipped, resumed)] == [{"Skipped"}] * 2
    assert (len(fake.posts()), studio.saved()) == (2, numbered(studio, names))


@pytest.mark.parametrize("name", ["upscale", "sprite make", "split-layer"])
def test_after_a_kill_a_list_of_any_operation_is_resumed_and_nothing_is_bought_twice(
    studio: Studio, fake: Fake, name: str
) -> None:
    names = studio.photographs(8)
    studio.several = 1 if name == "upscale" else 4
    fake.submissions.always(lambda request: replace(studio.made(request), delay=0.05))
    command = (*name.split(), "in", *EVERY[name][1], *OUT, *SOON, "-j", "2")
    running = studio.user.start(*command)
    fake.wait_for_posts(4)
    running.send(signal.SIGKILL)
    assert running.finish().exit == 137

    run = studio.user(*command, "--resume", "--json")

    unheard = {error["input"] for error in errors_of(run) if error["code"] == "submit_unknown"}
    done = [each for each in names if each not in unheard]
    assert (run.exit, max(studio.bought().values())) == (6 if unheard else 0, 1)
    assert studio.saved() == (studio.results(done) if studio.several == 1 else numbered(studio, done))


def test_resuming_a_folder_buys_nothing_of_the_several_results_in_it(studio: Studio, fake: Fake) -> None:
    studio.photograph("in/a.png", "in/b.png")
    studio.several = 3
    beside = ("split-layer", "in", "-k", "arm", "-o", "in/{stem}-arm.{ext}", *SOON)
    studio.user(*beside)

    run = studio.user(*beside, "--resume")

    assert (run.exit, len(fake.posts())) == (0, 2)


# ------------------------------------------------------------------ jobs without a picture


def write_prompts(home: Home, *lines: str) -> tuple[str, str]:
    (home.work / "prompts.csv").write_text("".join(f"{line}\n" for line in lines))
    return "--manifest", "prompts.csv"


GENERATE = ("generate", "--model", "nano-banana", *SOON)


def test_a_list_of_prompts_makes_a_picture_of_each(user: Aeforge, fake: Fake, home: Home) -> None:
    manifest = write_prompts(home, "prompt,output", "a cat,", "a dog,dog.png", ",bird.png", ",")

    run = user(*GENERATE, *manifest, "-p", "a bird", *OUT, "--json")

    assert (run.exit, {row["index"]: (row["input"], row["files"][0]["path"]) for row in run.rows}) == (
        0,
        {0: (None, "out/generate-1.png"), 1: (None, "out/dog.png"), 2: (None, "out/bird.png")},
    )
    assert sorted(dict(post.fields)["prompt"] for post in fake.ledger) == ["a bird", "a cat", "a dog"]


def test_a_list_of_prompts_can_go_by_the_same_pictures(user: Aeforge, fake: Fake, home: Home) -> None:
    (home.work / "a.png").write_bytes(png(1))
    manifest = write_prompts(home, "prompt", "a cat", "a dog")

    run = user(*GENERATE, *manifest, "--ref", "a.png", *OUT)

    assert (run.exit, [[each.field for each in post.uploads] for post in fake.ledger]) == (0, [["ref_images"]] * 2)


def test_one_prompt_is_no_list(user: Aeforge) -> None:
    run = user(*GENERATE, "-p", "a cat", *OUT, "--json")

    assert (run.exit, [(row["index"], row["files"][0]["path"]) for row in run.rows]) == (0, [(0, "out/generate.png")])


def test_one_prompt_can_be_resumed(user: Aeforge, fake: Fake) -> None:
    user(*GENERATE, "-p", "a cat", *OUT)

    run = user(*GENERATE, "-p", "a cat", *OUT, "--resume", "--json")

    assert (run.exit, run.rows[0]["status"], len(fake.posts())) == (0, "Skipped", 1)


def test_the_same_prompt_twice_is_bought_once(user: Aeforge, fake: Fake, home: Home) -> None:
    run = user(*GENERATE, *write_prompts(home, "prompt", "a cat", "a dog", "a cat"), *OUT)

    assert (run.exit, len(fake.posts())) == (0, 2)
    assert sorted(run.stdout.split()) == ["out/generate-1.png", "out/generate-2.png", "out/generate-3.png"]


def test_a_failure_without_a_picture_says_which_line_it_was(user: Aeforge, fake: Fake, home: Home) -> None:
    fake.submissions.says(None, problem(400))
    command = (*GENERATE, *write_prompts(home, "prompt", "a cat", "a dog"), "-j", "1")

    run = user(*command)

    assert (run.exit, [line.partition(": ")[0] for line in run.stderr.splitlines() if "400" in line]) == (6, ["job 2"])


def test_a_list_of_prompts_is_resumed_after_a_kill(user: Aeforge, fake: Fake, home: Home) -> None:
    fake.pending = 1000
    command = (*GENERATE, *write_prompts(home, "prompt", "a cat", "a dog", "a bird"), *OUT)
    running = user.start(*command)
    fake.wait_for_looks(6)
    running.send(signal.SIGKILL)
    running.finish()
    fake.finish()

    run = user(*command, "--resume", "--report", "report.html")

    assert (run.exit, sorted(run.stdout.splitlines()), len(fake.posts())) == (
        0,
        ["out/generate-1.png", "out/generate-2.png", "out/generate-3.png"],
        3,
    )
    assert (home.work / "report.html").read_text().count("<figure>") == 3


def test_effects_of_a_list_have_pictures_of_their_own_or_a_common_one(user: Aeforge, fake: Fake, home: Home) -> None:
    for number, name in enumerate(("a.png", "common.png")):
        (home.work / name).write_bytes(png(number))
    manifest = write_prompts(home, "image,prompt,quality", "a.png,smoke,pro", ",fire,")

    run = user("effect", *manifest, "--image", "common.png", *OUT, *SOON, "--json")

    shown = {(post.path.rpartition("/")[2], post.fields[0][1], post.uploads[0].sha256) for post in fake.ledger}
    assert (run.exit, {row["input"]: row["files"][0]["path"] for row in run.rows}) == (
        0,
        {"a.png": "out/a.png", None: "out/effect-2.png"},
    )
    assert shown == {
        ("v2", "smoke", hashlib.sha256(png(0)).hexdigest()),
        ("v1", "fire", hashlib.sha256(png(1)).hexdigest()),
    }
