"""`aeforge inpaint photo.png -p "..." -o sky.png`: the main job, on the installed command."""

import hashlib
import json
import shlex
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.conftest import Aeforge, Home, png
from tests.e2e.conftest import Sandbox
from tests.faults.fake import API_KEY, Fake, Upload, told_as_json
from tests.faults.origin import Answer, End, slowly

PHOTO = png(0x336699)
SENT = Upload("image", "image.png", "image/png", hashlib.sha256(PHOTO).hexdigest())
FIRST = str(uuid.UUID(int=1, version=4))
SKY = ("inpaint", "photo.png", "-p", "blue sky")

pytestmark = pytest.mark.usefixtures("photo")


def result(fake: Fake, job_id: str = FIRST) -> bytes:
    """The picture that the service made."""
    return fake.images_of(job_id)[0]


def link(fake: Fake, job_id: str = FIRST) -> str:
    return fake.jobs[job_id].images[0]


def files(home: Home) -> dict[str, bytes]:
    """What lies in the user's folder beside the photo."""
    found = {str(path.relative_to(home.work)): path.read_bytes() for path in home.work.rglob("*") if path.is_file()}
    assert found.pop("photo.png") == PHOTO
    return found


# ------------------------------------------------------------------ it goes well


def test_a_picture_is_edited_and_saved_by_the_sandbox(aeforge: Aeforge, sandbox: Sandbox, home: Home) -> None:
    run = aeforge("inpaint", "photo.png", "-p", "Change background to blue sky", "-o", "sky.png", env=sandbox.env)

    assert (run.exit, run.stdout) == (0, "sky.png\n")
    [saved] = files(home).values()
    assert saved.startswith(b"\x89PNG\r\n\x1a\n")
    assert saved.endswith(b"IEND\xaeB`\x82")
    assert saved != PHOTO


def test_the_service_is_sent_the_documented_form(user: Aeforge, fake: Fake) -> None:
    user("inpaint", "photo.png", "-p", "Change background to blue sky")

    [post] = fake.ledger
    assert (post.path, post.fields, post.uploads) == (
        "/public/v1/image-tune/inpaint/v2",
        (("prompt", "Change background to blue sky"), ("quality", "standard")),
        (SENT,),
    )
    [request] = fake.posts()
    assert request.headers["authorization"] == f"Bearer {API_KEY}"


def test_without_an_output_the_links_are_the_result(user: Aeforge, fake: Fake, home: Home) -> None:
    fake.results = 2

    run = user(*SKY)

    assert (run.exit, run.stdout.splitlines()) == (0, fake.jobs[FIRST].images)
    assert files(home) == {}


def test_with_an_output_the_saved_path_is_the_result(user: Aeforge, fake: Fake, home: Home) -> None:
    run = user(*SKY, "-o", "sky.png")

    assert (run.exit, run.stdout) == (0, "sky.png\n")
    assert files(home) == {"sky.png": result(fake)}


def test_what_happens_is_told_on_stderr_alone(user: Aeforge, fake: Fake) -> None:
    run = user(*SKY, "-o", "sky.png")

    size = f"{len(result(fake))} bytes"
    assert run.stderr.splitlines() == [
        "sending photo.png",
        f"job {FIRST} submitted",
        f"receiving result: {size} of {size}, job {FIRST}",
    ]


def test_quiet_changes_stderr_and_not_stdout(user: Aeforge) -> None:
    run = user(*SKY, "-o", "sky.png", "--quiet")

    assert (run.exit, run.stdout, run.stderr) == (0, "sky.png\n", "")


def test_as_json_the_result_is_one_object(user: Aeforge, fake: Fake) -> None:
    run = user(*SKY, "-o", "out/", "--json")

    [row] = run.rows
    seconds = row.pop("seconds")
    content = result(fake)
    assert 0 < seconds < 40
    assert row == {
        "schema": 1,
        "job_id": FIRST,
        "status": "Succeed",
        "operation": "inpaint",
        "input": "photo.png",
        "image_urls": [link(fake)],
        "files": [
            {
                "path": "out/photo.png",
                "url": link(fake),
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "width": 8,
                "height": 8,
                "format": "png",
            }
        ],
        "attached": False,
        "index": 0,
        "action": "buy",
    }


@pytest.mark.parametrize(
    ("options", "quality"),
    [((), "standard"), (("-q", "pro"), "pro"), (("--quality", "pro"), "pro")],
    ids=["default", "-q", "--quality"],
)
def test_quality_is_standard_unless_chosen(user: Aeforge, fake: Fake, options: tuple[str, ...], quality: str) -> None:
    user(*SKY, *options)

    assert dict(fake.ledger[0].fields)["quality"] == quality


def test_quality_has_a_default_in_the_environment(user: Aeforge, fake: Fake) -> None:
    user(*SKY, env={"AEFORGE_QUALITY": "pro"})

    assert dict(fake.ledger[0].fields)["quality"] == "pro"


# ------------------------------------------------------------------ where results go


@pytest.mark.parametrize(
    ("output", "path"),
    [
        ("sky.png", "sky.png"),
        ("out/", "out/photo.png"),
        ("{stem}-{operation}.{ext}", "photo-inpaint.png"),
        ("{job_id}-{n}-{name}.{ext}", f"{FIRST}-1-photo.png.png"),
        ("{job_id}/{n}.{ext}", f"{FIRST}/1.png"),
    ],
    ids=["a file", "a folder", "a template", "a template with the id", "a folder for each job"],
)
def test_a_result_goes_where_it_is_wanted(user: Aeforge, fake: Fake, home: Home, output: str, path: str) -> None:
    run = user(*SKY, "-o", output)

    assert (run.exit, run.stdout, files(home)) == (0, f"{path}\n", {path: result(fake)})


def test_several_results_are_numbered(user: Aeforge, fake: Fake, home: Home) -> None:
    fake.results = 3

    run = user(*SKY, "-o", "sky.png")

    assert run.stdout.splitlines() == ["sky-1.png", "sky-2.png", "sky-3.png"]
    assert [files(home)[name] for name in run.stdout.splitlines()] == fake.images_of(FIRST)


def test_a_result_can_go_to_a_pipe(user: Aeforge, fake: Fake, home: Home) -> None:
    run = user(*SKY, "-o", "-")

    assert (run.exit, run.output, files(home)) == (0, result(fake), {})


def test_a_pipe_takes_one_result_only(user: Aeforge, fake: Fake) -> None:
    fake.results = 2

    run = user(*SKY, "-o", "-")

    assert (run.exit, run.output) == (2, b"")
    assert f"aeforge job wait {FIRST} -o FOLDER/" in run.stderr


def test_a_picture_is_not_written_to_a_terminal(user: Aeforge, fake: Fake) -> None:
    run = user.terminal(*SKY, "-o", "-").finish()

    assert run.exit == 2
    assert fake.posts() == []


def test_an_output_that_exists_is_refused_before_anything_is_sent(user: Aeforge, fake: Fake, home: Home) -> None:
    (home.work / "sky.png").write_bytes(b"mine")

    run = user(*SKY, "-o", "sky.png")

    assert (run.exit, run.stdout, run.stderr) == (
        9,
        "",
        "error: sky.png exists\nnext:  choose another output, or add --overwrite or --skip-existing\n",
    )
    assert (fake.api.requests, files(home)) == ([], {"sky.png": b"mine"})


def test_an_output_that_exists_is_replaced_when_told_so(user: Aeforge, fake: Fake, home: Home) -> None:
    (home.work / "sky.png").write_bytes(b"mine")

    run = user(*SKY, "-o", "sky.png", "--overwrite")

    assert (run.exit, files(home)) == (0, {"sky.png": result(fake)})


def test_an_output_that_exists_is_the_result_when_told_so(user: Aeforge, fake: Fake, home: Home) -> None:
    (home.work / "sky.png").write_bytes(b"mine")

    run = user(*SKY, "-o", "sky.png", "--skip-existing")

    assert (run.exit, run.stdout) == (0, "sky.png\n")
    assert run.stderr == "sky.png exists; nothing was submitted (--skip-existing)\n"
    assert (fake.api.requests, files(home)) == ([], {"sky.png": b"mine"})


# ------------------------------------------------------------------ where pictures and prompts come from


def test_a_picture_can_come_from_a_pipe(user: Aeforge, fake: Fake, home: Home) -> None:
    run = user("inpaint", "-", "-p", "blue sky", "-o", "out/", stdin=PHOTO)

    assert (run.exit, run.stdout) == (0, "out/stdin.png\n")
    assert fake.ledger[0].uploads == (SENT,)
    assert files(home) == {"out/stdin.png": result(fake)}


class _Web(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked: list[Any] = self.server.asked  # type: ignore[attr-defined]  # given by the fixture
        asked.append((self.path, self.headers.get("Authorization")))
        if self.path == "/moved.png":
            self.send_response(302)
            self.send_header("Location", "/photo.png?width=16")
            self.end_headers()
            return
        self.send_response(200 if self.path.startswith("/photo.png") else 404)
        self.send_header("Content-Length", str(len(PHOTO)))
        self.end_headers()
        self.wfile.write(PHOTO)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Silence."""


@dataclass(frozen=True)
class Web:
    url: str
    asked: list[tuple[str, str | None]]


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on this machine with one picture."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Web)
    asked: list[tuple[str, str | None]] = []
    server.asked = asked  # type: ignore[attr-defined]  # for the handler
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield Web(f"http://127.0.0.1:{server.server_port}", asked)
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_picture_can_come_from_the_web_which_never_sees_the_key(user: Aeforge, fake: Fake, web: Web) -> None:
    run = user("inpaint", f"{web.url}/moved.png", "-p", "blue sky", "-o", "{stem}-sky.{ext}", "--json")

    [row] = run.rows
    assert (run.exit, row["input"], row["files"][0]["path"]) == (0, f"{web.url}/moved.png", "moved-sky.png")
    assert fake.ledger[0].uploads == (SENT,)
    assert web.asked == [("/moved.png", None), ("/photo.png?width=16", None)]


def test_an_address_without_a_picture_is_refused_before_anything_is_sent(user: Aeforge, fake: Fake, web: Web) -> None:
    run = user("inpaint", f"{web.url}/none.png", "-p", "blue sky", "--json")

    assert (run.ending, fake.api.requests) == ((2, "file_not_found"), [])


@pytest.mark.parametrize("prompt", ["@prompt.txt", "@-"], ids=["a file", "a pipe"])
def test_a_prompt_can_be_read(user: Aeforge, fake: Fake, home: Home, prompt: str) -> None:
    (home.work / "prompt.txt").write_text("Grün, bitte\nund blau\n", encoding="utf-8")

    run = user("inpaint", "photo.png", "-p", prompt, stdin="Grün, bitte\nund blau\n".encode())

    assert run.exit == 0
    assert dict(fake.ledger[0].fields)["prompt"] == "Grün, bitte\nund blau"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_prompt_and_a_list_are_read_as_windows_writes_them(
    user: Aeforge, fake: Fake, home: Home, encoding: str
) -> None:
    (home.work / "prompt.txt").write_text("Gr\u00fcn\r\n", encoding=encoding, newline="")
    (home.work / "jobs.csv").write_text("image\tprompt\r\nphoto.png\tBl\u00e4u\r\n", encoding=encoding, newline="")

    runs = user("inpaint", "photo.png", "-p", "@prompt.txt"), user("inpaint", "--manifest", "jobs.csv")

    assert [run.exit for run in runs] == [0, 0]
    assert [dict(post.fields)["prompt"] for post in fake.ledger] == ["Gr\u00fcn", "Bl\u00e4u"]


# ------------------------------------------------------------------ without buying


def test_a_dry_run_shows_the_request_and_sends_nothing(user: Aeforge, fake: Fake, home: Home) -> None:
    run = user("inpaint", "photo.png", "-p", "blue sky", "-o", "out/", "--dry-run")

    assert (run.exit, len(run.stdout.splitlines()), run.stderr) == (0, 1, "1 to buy\n")
    assert json.loads(run.stdout) == {
        "schema": 1,
        "method": "POST",
        "url": f"{fake.base_url}/image-tune/inpaint/v2",
        "key_from": "AEFORGE_API_KEY",
        "form": {
            "image": {
                "input": "photo.png",
                "content_type": "image/png",
                "bytes": len(PHOTO),
                "sha256": SENT.sha256,
                "width": 16,
                "height": 16,
            },
            "prompt": "blue sky",
            "quality": "standard",
        },
        "output": "out/photo.png",
        "action": "buy",
    }
    assert (fake.api.requests, files(home), API_KEY in run.stdout + run.stderr) == ([], {}, False)


def test_a_dry_run_checks_everything(user: Aeforge, home: Home) -> None:
    (home.work / "sky.png").write_bytes(b"mine")

    assert user(*SKY, "-o", "sky.png", "--dry-run", "--json").ending == (9, "output_exists")
    assert user("inpaint", "none.png", "-p", "x", "--dry-run", "--json").ending == (2, "file_not_found")
    assert user("inpaint", "photo.png", "-p", " ", "--dry-run", "--json").ending == (2, "usage")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "socks5://127.0.0.1:1080"),
        ("all_proxy", "nonsense://proxy.test"),
        ("HTTPS_PROXY", "http://proxy.test:99999"),
        ("SSL_CERT_FILE", "none.pem"),
        ("REQUESTS_CA_BUNDLE", "photo.png"),
    ],
)
def test_a_dry_run_checks_what_the_environment_says_of_the_network(user: Aeforge, variable: str, value: str) -> None:
    env = {"AEFORGE_BASE_URL": "https://api.invalid/v1", variable: value}

    dry, run = (user(*SKY, *options, "--json", env=env) for options in (["--dry-run"], []))

    assert dry.ending == run.ending == (2, "usage")
    assert dry.error["message"] == run.error["message"]


def test_a_dry_run_needs_no_key_but_says_that_there_is_none(user: Aeforge) -> None:
    run = user(*SKY, "--dry-run", env={"AEFORGE_API_KEY": None})

    assert (run.exit, json.loads(run.stdout)["key_from"]) == (0, None)
    assert run.stderr == "warning: There is no API key: the request itself would be refused\n1 to buy\n"


def test_without_waiting_the_id_is_the_result(user: Aeforge, fake: Fake) -> None:
    run = user(*SKY, "--no-wait")

    assert (run.exit, run.stdout, fake.looks()) == (0, f"{FIRST}\n", [])


def test_without_waiting_as_json_the_job_is_pending(user: Aeforge) -> None:
    assert user(*SKY, "--no-wait", "--json").rows == [
        {
            "schema": 1,
            "job_id": FIRST,
            "status": "Pending",
            "operation": "inpaint",
            "input": "photo.png",
            "image_urls": [],
            "files": [],
            "seconds": None,
            "attached": False,
            "index": 0,
            "action": "buy",
        }
    ]


def test_without_waiting_there_is_nothing_to_save(user: Aeforge, fake: Fake) -> None:
    run = user(*SKY, "--no-wait", "-o", "sky.png", "--json")

    assert (run.ending, fake.posts()) == ((2, "usage"), [])


def test_running_the_same_command_again_goes_on_with_the_job(user: Aeforge, fake: Fake, home: Home) -> None:
    fake.pending = 1000
    first = user(*SKY, "-o", "sky.png", "--timeout", "1s", "--json")
    fake.finish()

    second = user(*SKY, "-o", "sky.png")

    assert first.ending == (8, "still_running")
    assert (second.exit, second.stdout, len(fake.posts())) == (0, "sky.png\n", 1)
    assert f"resuming job {FIRST} (already paid for; --new submits another)" in second.stderr
    assert files(home) == {"sky.png": result(fake)}


def test_a_finished_job_is_bought_anew(user: Aeforge, fake: Fake) -> None:
    user(*SKY)
    user(*SKY)

    assert len(fake.posts()) == 2


# ------------------------------------------------------------------ every way to end


@dataclass(frozen=True)
class Case:
    """How to come to an ending: what the service does, and what is asked."""

    exit: int
    code: str
    arrange: Callable[[Fake], object] = lambda _fake: None
    args: tuple[str, ...] = SKY
    env: tuple[tuple[str, str | None], ...] = ()
    posts: int | None = None

    def __str__(self) -> str:
        return f"{self.exit}-{self.code}"


def says(*answers: Answer) -> Callable[[Fake], object]:
    return lambda fake: fake.submissions.says(*answers)


def problem(detail: object, status: int) -> Answer:
    return told_as_json({"detail": detail}, status=status)


def job_answers(**changes: object) -> Callable[[Fake], object]:
    return lambda fake: fake.polls.always(lambda _request: fake.job(FIRST, **changes))


ENDINGS = [
    Case(1, "unexpected_answer", job_answers(image_urls=[])),
    Case(1, "unexpected_answer", says(problem("Not Found", 404)), posts=1),
    Case(2, "usage", args=("inpaint", "photo.png", "-p", ""), posts=0),
    Case(2, "usage", args=("inpaint", "photo.png"), posts=0),
    Case(2, "usage", args=("inpaint", "photo.png", "-p", "x", "--no-such-option"), posts=0),
    Case(2, "usage", args=("inpaint", "photo.png", "-p", "x", "-q", "best"), posts=0),
    Case(2, "usage", args=("inpaint", "photo.png", "-p", "x", "--timeout", "soon"), posts=0),
    Case(2, "usage", args=("inpaint", "photo.png", "-p", "x", "-o", "{color}.png"), posts=0),
    Case(2, "usage", args=("no-such-command",), posts=0),
    Case(2, "file_not_found", args=("inpaint", "none.png", "-p", "x"), posts=0),
    Case(2, "not_an_image", args=("inpaint", "notes.png", "-p", "x"), posts=0),
    Case(2, "rejected", says(problem("Invalid image file", 400)), posts=1),
    Case(2, "rejected", says(problem([{"loc": ["body", "prompt"], "msg": "too long"}], 422)), posts=1),
    Case(2, "job_not_found", args=("job", "status", FIRST)),
    Case(3, "job_failed", lambda fake: setattr(fake, "outcome", "Failed")),
    Case(3, "result_not_an_image", lambda fake: fake.downloads.always(Answer(body=b"<html>")), (*SKY, "-o", "x.png")),
    Case(4, "not_signed_in", env=(("AEFORGE_API_KEY", None),), posts=0),
    Case(4, "key_rejected", env=(("AEFORGE_API_KEY", "sk-wrong-key-000000"),), posts=1),
    Case(4, "account_not_found", says(problem("Not Found User", 404)), posts=1),
    Case(5, "unreachable", env=(("AEFORGE_BASE_URL", "http://127.0.0.1:9/public/v1"),), posts=0),
    Case(5, "service_error", lambda fake: fake.polls.always(Answer(500)), (*SKY, "--timeout", "2s"), posts=1),
    Case(5, "result_unavailable", lambda fake: fake.downloads.always(Answer(418)), (*SKY, "-o", "x.png"), posts=1),
    Case(6, "partial", args=("inpaint", "photo.png", "other.png", "-p", "x"), posts=2),
    Case(7, "payment_required", says(problem("Payment required", 402)), posts=1),
    Case(7, "rate_limited", lambda fake: fake.submissions.always(problem("Slow down", 429)), posts=4),
    Case(7, "limit_reached", args=("inpaint", "photo.png", "other.png", "-p", "x", "--max-jobs", "1"), posts=0),
    Case(8, "still_running", lambda fake: setattr(fake, "pending", 1000), (*SKY, "--timeout", "1s"), posts=1),
    Case(9, "output_exists", args=(*SKY, "-o", "notes.png"), posts=0),
    Case(9, "cannot_save", args=(*SKY, "-o", "photo.png/x.png"), posts=0),
    Case(9, "cannot_save", args=(*SKY, "-o", "/proc/x.png"), posts=0),
    Case(10, "submit_unknown", says(Answer(cut=0, end=End.FIN)), posts=1),
    Case(10, "submit_unknown", says(Answer(500)), posts=1),
]


@pytest.mark.parametrize("case", ENDINGS, ids=str)
def test_every_ending_has_its_exit_code_and_its_word(user: Aeforge, fake: Fake, home: Home, case: Case) -> None:
    (home.work / "notes.png").write_text("no picture")
    (home.work / "other.png").write_bytes(png(7))
    if case.code == "partial":
        fake.submissions.says(problem("Invalid image file", 400))
    case.arrange(fake)

    run = user(*case.args, "--json", env=dict(case.env))

    assert run.ending == (case.exit, case.code)
    assert sorted(run.error) == ["code", "exit", "hint", "http_status", "job_id", "message", "retryable"]
    assert run.error["hint"]
    assert case.posts in (None, len(fake.posts()))


def test_an_error_is_three_lines_for_a_person(user: Aeforge, fake: Fake) -> None:
    fake.submissions.says(problem("Invalid image file", 400))

    run = user(*SKY)

    assert (run.exit, run.stdout) == (2, "")
    assert run.stderr.splitlines()[-3:] == [
        "error: The service rejects the request",
        "why:   HTTP 400: Invalid image file",
        "next:  correct the request, then run the command again",
    ]


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_an_interrupted_wait_says_how_to_go_on(
    user: Aeforge, fake: Fake, number: signal.Signals, exit_code: int
) -> None:
    fake.pending = 1000
    running = user.start(*SKY, "--json")
    fake.wait_for_looks(1)

    running.send(number)

    run = running.finish()
    assert run.ending == (exit_code, "interrupted")
    assert (run.error["job_id"], run.error["hint"]) == (FIRST, f"aeforge job wait {FIRST}")


def test_a_closed_stdout_ends_silently(user: Aeforge, fake: Fake) -> None:
    fake.polls.always(slowly(0.5))
    ours, theirs = socket.socketpair()

    running = user.start(*SKY, "--quiet", stdout=theirs.fileno())
    theirs.close()
    ours.close()

    run = running.finish()
    assert (run.exit, run.stderr) == (141, "")


# ------------------------------------------------------------------ in pipelines


def shell(user: Aeforge, script: str) -> "subprocess.CompletedProcess[str]":
    """What a shell makes of it, with our command and this Python on its path."""
    folder = Path(user.command).parent
    env = user.environment({"PATH": f"{folder}:{user.environment({})['PATH']}", "PYTHON": sys.executable})
    return subprocess.run(
        ["sh", "-c", script], cwd=user.home.work, env=env, capture_output=True, text=True, check=False, timeout=50
    )


def test_a_picture_goes_through_a_pipeline(user: Aeforge, fake: Fake, home: Home) -> None:
    done = shell(user, "cat photo.png | aeforge inpaint - -p 'blue sky' -o - --quiet > sky.png")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert files(home) == {"sky.png": result(fake)}


def test_json_goes_through_a_pipeline(user: Aeforge, fake: Fake) -> None:
    pick = "import json, sys; print(json.load(sys.stdin)['image_urls'][0])"

    done = shell(user, f"aeforge inpaint photo.png -p 'blue sky' --json --quiet | $PYTHON -c {shlex.quote(pick)}")

    assert (done.returncode, done.stdout) == (0, f"{link(fake)}\n")


def test_a_job_is_begun_in_one_place_and_ended_in_another(user: Aeforge, fake: Fake, home: Home) -> None:
    done = shell(user, "aeforge inpaint photo.png -p 'blue sky' --no-wait | aeforge job wait - -o 'out/{stem}.{ext}'")

    assert (done.returncode, done.stdout) == (0, "out/photo.png\n")
    assert files(home) == {"out/photo.png": result(fake)}


def test_a_failure_stops_a_script(user: Aeforge, fake: Fake) -> None:
    fake.outcome = "Failed"

    done = shell(user, "set -e; aeforge inpaint photo.png -p 'blue sky' -o sky.png; echo never")

    assert (done.returncode, done.stdout) == (3, "")


def test_links_can_be_read_line_by_line(user: Aeforge, fake: Fake) -> None:
    fake.results = 2

    done = shell(user, "aeforge inpaint photo.png -p 'blue sky' --quiet | while read -r url; do echo got $url; done")

    assert done.stdout.splitlines() == [f"got {url}" for url in fake.jobs[FIRST].images]
