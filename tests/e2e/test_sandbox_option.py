"""The sandbox, as an option of each command and as a server whose injected faults end in the documented exit codes."""

import contextlib
import json
import re
import shlex
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from aeforge_cli.jobs.polling import MISSING_SECONDS
from tests.conftest import Aeforge, Home, Run, make_home, png
from tests.e2e.conftest import running_sandbox
from tests.faults.fake import Fake

SKY = ("inpaint", "photo.png", "-p", "Change background to blue sky")

pytestmark = pytest.mark.usefixtures("photo")


# ------------------------------------------------------------------ --sandbox


def test_with_the_sandbox_a_picture_is_edited_without_a_key_or_a_setting(aeforge: Aeforge, home: Home) -> None:
    run = aeforge(*SKY, "-o", "sky.png", "--sandbox")

    assert (run.exit, run.stdout) == (0, "sky.png\n")
    assert (home.work / "sky.png").read_bytes().endswith(b"IEND\xaeB`\x82")
    assert [path.name for path in home.config.iterdir()] == []


def test_the_sandbox_never_gets_the_real_key(aeforge: Aeforge) -> None:
    run = aeforge(*SKY, "--sandbox", "--dry-run", env={"AEFORGE_API_KEY": "sk-real-000000"})

    shown = json.loads(run.stdout)
    assert (shown["key_from"], shown["url"]) == ("the sandbox", "the sandbox/image-tune/inpaint/v2")


def test_a_job_of_the_sandbox_outlives_the_command(aeforge: Aeforge, home: Home) -> None:
    begun = aeforge(*SKY, "--sandbox", "--no-wait", "--json")
    job_id = begun.rows[0]["job_id"]

    run = aeforge("job", "wait", job_id, "-o", "sky.png", "--sandbox")

    assert (begun.exit, run.exit, run.stdout) == (0, 0, "sky.png\n")
    [row] = aeforge("job", "list", "--json").rows
    assert (row["job_id"], row["service"], row["state"]) == (job_id, "sandbox", "saved")


def test_a_port_that_another_program_has_is_answered_with_a_command_that_starts(aeforge: Aeforge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        run = aeforge("sandbox", "--port", str(other.getsockname()[1]))

    assert (run.exit, run.stderr.splitlines()[-1]) == (2, "next:  aeforge sandbox --port 0")


def test_jobs_of_the_sandbox_and_of_the_service_are_told_apart(aeforge: Aeforge) -> None:
    begun = aeforge(*SKY, "--sandbox", "--no-wait", "--json")

    run = aeforge(*SKY, "--json", env={"AEFORGE_API_KEY": "sk-real-000000"})

    assert (begun.exit, run.ending) == (0, (5, "unreachable"))


def test_why_a_job_of_the_sandbox_failed_is_told(aeforge: Aeforge) -> None:
    run = aeforge("inpaint", "photo.png", "-p", "Make it sing", "--sandbox")

    assert (run.exit, run.stdout) == (3, "")
    assert re.search(r'^why:   The local engine does not know what "sing" means here', run.stderr, re.MULTILINE)


def test_without_the_packages_of_the_sandbox_the_command_that_adds_them_is_told(aeforge: Aeforge, home: Home) -> None:
    (home.work / "sitecustomize.py").write_text("import sys; sys.modules['fastapi'] = None\n")

    run = aeforge(*SKY, "--sandbox", env={"PYTHONPATH": str(home.work)})

    assert run.exit == 2
    assert "error: The sandbox is not installed\n" in run.stderr
    assert "'fastapi>=" in run.stderr


def test_a_sandbox_of_a_command_ends_with_it(aeforge: Aeforge) -> None:
    run = aeforge("upscale", "photo.png", "--sandbox", "--verbose", "--debug")
    [base_url] = set(re.findall(r"POST (http://127\.0\.0\.1:\d+)/", run.stderr))

    assert run.exit == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{base_url}/sandbox", timeout=10)


def test_an_interrupted_command_leaves_a_job_to_go_on_with(aeforge: Aeforge, home: Home) -> None:
    running = aeforge.start(*SKY, "-o", "sky.png", "--sandbox", "--json", session=True)
    _wait_for(home.state / "pending-jobs")
    running.send(signal.SIGINT)
    interrupted = running.finish()

    run = aeforge(*SKY, "-o", "sky.png", "--sandbox")

    assert interrupted.ending == (130, "interrupted")
    assert (run.exit, run.stdout) == (0, "sky.png\n")
    assert f"resuming job {interrupted.error['job_id']}" in run.stderr


def _wait_for(path: Path, *, lines: int = 1) -> None:
    until = time.monotonic() + 60
    while not path.exists() or len(path.read_text().splitlines()) < lines:
        assert time.monotonic() < until, f"{path} was never written"
        time.sleep(0.02)


@pytest.mark.parametrize("pictures", [("photo.png", "photo.png"), ("photo.png", "0.png")], ids=["one", "two"])
def test_commands_at_the_same_time_share_one_sandbox(aeforge: Aeforge, home: Home, pictures: tuple[str, str]) -> None:
    (home.work / "0.png").write_bytes(png(0))
    begun = [
        aeforge.start("upscale", picture, "-o", f"{number}/", "--sandbox", "--debug")
        for number, picture in enumerate(pictures)
    ]
    runs = [running.finish() for running in begun]

    assert [run.exit for run in runs] == [0, 0], [run.stderr for run in runs]
    assert len(set.union(*map(asked, runs))) == 1
    assert sum("POST http" in run.stderr for run in runs) == len(set(pictures))


def test_a_shared_sandbox_outlives_the_command_that_started_it_and_ends_with_the_last(
    aeforge: Aeforge, home: Home
) -> None:
    (home.work / "slow.jsonl").write_text("".join(f'{{"image": "{n}.png"}}\n' for n in range(8)))
    for number in range(8):
        (home.work / f"{number}.png").write_bytes(png(number))
    first = aeforge.start("upscale", "photo.png", "-o", "first.png", "--sandbox", "--debug")
    _wait_for(home.state / "pending-jobs")
    first.send(signal.SIGSTOP)  # else a slow machine may end it before the other has begun
    last = aeforge.start("upscale", "--manifest", "slow.jsonl", "-o", "last/", "-j", "1", "--sandbox", "--debug")
    _wait_for(home.state / "pending-jobs", lines=2)
    first.send(signal.SIGCONT)
    ended = first.finish()
    still_running = last.process.poll() is None
    run = last.finish()

    assert (ended.exit, still_running, run.exit) == (0, True, 0), run.stderr
    assert asked(ended) == asked(run)
    [base_url] = asked(run)
    _wait_for_end_of(base_url)
    assert [path.name for path in (home.state / "sandboxes").iterdir()] == ["turn"]


def _wait_for_end_of(base_url: str) -> None:
    until = time.monotonic() + 60
    with contextlib.suppress(ConnectionError, urllib.error.URLError):
        while time.monotonic() < until:
            urllib.request.urlopen(f"{base_url.removesuffix('/public/v1')}/sandbox", timeout=10).close()
            time.sleep(0.1)
    assert time.monotonic() < until, "the sandbox still runs"


# ------------------------------------------------------------------ links that end with the command

LINK = "note: the link ended with the sandbox that this command started"
LINKS = LINK.replace("link", "links")
LIST = ("job", "list", "--limit", "4", "--format", "{job_id}")


def test_without_o_the_command_says_how_to_keep_the_picture_and_that_works(aeforge: Aeforge, home: Home) -> None:
    begun = aeforge(*SKY, "--sandbox")
    note, hint = begun.stderr.splitlines()[-2:]

    run = aeforge(*shlex.split(hint.removeprefix("next:  aeforge ")))

    assert note == f"{LINK}; to save the picture:"

    assert (begun.exit, run.exit, run.stdout) == (0, 0, "out/photo.png\n")
    assert (home.work / "out/photo.png").read_bytes().endswith(b"IEND\xaeB`\x82")
    assert "note:" not in run.stderr
    assert not (home.state / "sandbox").exists()
    assert [path.name for path in (home.state / "sandboxes").iterdir()] == ["turn"]


def test_of_many_pictures_one_note_says_how_to_keep_them(aeforge: Aeforge, home: Home) -> None:
    for number in range(4):
        (home.work / f"{number}.png").write_bytes(png(number))

    some = aeforge("upscale", "0.png", "1.png", "--sandbox", "--json")
    many = aeforge("upscale", "2.png", "3.png", "photo.png", "0.png", "--sandbox")

    ids = [row["job_id"] for row in some.rows]
    note, hint = some.stderr.splitlines()[-2:]
    assert note == f"{LINKS}; to save the pictures:"
    assert hint.startswith("next:  aeforge job wait ")
    assert sorted(hint.split()[-5:-3]) == sorted(ids)
    assert many.stderr.splitlines()[-1] == (
        "next:  aeforge job list --limit 4 --format '{job_id}' | aeforge job wait - -o out/ --sandbox"
    )
    saved = aeforge("job", "wait", "-", "-o", "out/", "--sandbox", stdin=aeforge(*LIST).stdout.encode())
    assert (saved.exit, len(saved.stdout.splitlines())) == (0, 4)


@pytest.mark.parametrize(
    "arguments",
    [("upscale", "photo.png", "-o", "large.png"), ("upscale", "photo.png", "--no-wait"), (*SKY[:-1], "Make it sing")],
    ids=["a saved picture", "a job not waited for", "a job that failed"],
)
def test_where_no_link_was_lost_there_is_no_note(aeforge: Aeforge, arguments: tuple[str, ...]) -> None:
    run = aeforge(*arguments, "--sandbox")

    assert "note:" not in run.stderr


def test_where_a_sandbox_runs_links_live_on_and_there_is_no_note(aeforge: Aeforge, home: Home) -> None:
    with running_sandbox(home, "--delay", "0"):
        run = aeforge("upscale", "photo.png", "--sandbox")

        assert urllib.request.urlopen(run.stdout.strip(), timeout=10).status == 200

    assert "note:" not in run.stderr


def test_where_nothing_can_be_kept_the_note_does_not_promise_it(aeforge: Aeforge, home: Home) -> None:
    (home.work / "file").touch()

    run = aeforge("upscale", "photo.png", "--sandbox", env={"AEFORGE_STATE_DIR": str(home.work / "file")})

    assert run.exit == 0
    assert run.stderr.splitlines()[-2:] == [
        LINK,
        "next:  to keep the picture, add -o FILE, or start `aeforge sandbox` first",
    ]


# ------------------------------------------------------------------ a sandbox that runs already


def asked(run: Run) -> set[str]:
    """The addresses that jobs were sent to."""
    return set(re.findall(r"POST (http://127\.0\.0\.1:\d+/public/v1)/", run.stderr))


def test_a_sandbox_that_runs_on_any_port_is_used(aeforge: Aeforge, home: Home) -> None:
    with running_sandbox(home, "--delay", "0") as sandbox:
        [file] = (home.state / "sandboxes").iterdir()
        mode = file.stat().st_mode & 0o777
        run = aeforge("upscale", "photo.png", "-o", "large.png", "--sandbox", "--debug")

    assert (run.exit, asked(run), mode) == (0, {sandbox.base_url}, 0o600)
    assert list((home.state / "sandboxes").glob("*.json")) == []


def test_a_sandbox_of_another_state_folder_is_not_used(aeforge: Aeforge, home: Home, tmp_path: Path) -> None:
    with running_sandbox(make_home(tmp_path / "another"), "--delay", "0") as sandbox:
        run = aeforge("upscale", "photo.png", "-o", "large.png", "--sandbox", "--debug")

    assert (run.exit, len(asked(run)), asked(run) & {sandbox.base_url}) == (0, 1, set())


def test_a_sandbox_with_keys_of_ones_own_is_not_used(aeforge: Aeforge, home: Home) -> None:
    with running_sandbox(home, "--delay", "0", "--key", "mine") as sandbox:
        run = aeforge("upscale", "photo.png", "-o", "large.png", "--sandbox", "--debug")

    assert (run.exit, len(asked(run)), asked(run) & {sandbox.base_url}) == (0, 1, set())


def test_what_an_ended_sandbox_has_forgotten_is_made_again_at_once(aeforge: Aeforge, home: Home) -> None:
    command = ("upscale", "photo.png", "--sandbox")
    with running_sandbox(home, "--delay", "60"):
        forgotten = aeforge(*command, "--no-wait").stdout.strip()
    started = time.monotonic()

    run = aeforge(*command, "-o", "large.png")

    assert (run.exit, run.stdout, time.monotonic() - started < MISSING_SECONDS) == (0, "large.png\n", True), run.stderr
    states = [(row["job_id"] == forgotten, row["state"]) for row in aeforge("job", "list", "--json").rows]
    assert states == [(False, "saved"), (True, "lost")]


def test_who_took_the_port_of_a_killed_sandbox_gets_no_picture(aeforge: Aeforge, home: Home, fake: Fake) -> None:
    process = aeforge.start("sandbox", "--port", "0").process
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    [file] = (home.state / "sandboxes").iterdir()
    secret = json.loads(file.read_text())["secret"]
    file.write_text(json.dumps({"base_url": fake.base_url, "secret": secret}))

    run = aeforge("upscale", "photo.png", "-o", "large.png", "--sandbox")

    assert (run.exit, run.stdout) == (0, "large.png\n")
    assert [request.method for request in fake.api.requests] == ["GET"]
    assert secret not in str(fake.api.requests)


def test_in_a_state_folder_that_takes_no_file_a_sandbox_serves_and_says_so(aeforge: Aeforge, home: Home) -> None:
    (home.work / "file").touch()
    state = str(home.work / "file")

    running = aeforge.start("sandbox", "--port", "0", env={"AEFORGE_STATE_DIR": state})
    assert running.process.stdout is not None
    base_url = running.process.stdout.readline().decode().strip()
    about = urllib.request.urlopen(f"{base_url.removesuffix('/public/v1')}/sandbox", timeout=10).status
    running.send(signal.SIGINT)
    run = running.finish()

    assert (about, run.exit) == (200, 0)
    assert run.stderr.startswith(f"warning: --sandbox will not find this sandbox: {state}")


def test_no_proxy_gets_what_is_for_the_sandbox(aeforge: Aeforge, home: Home, fake: Fake) -> None:
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), fake.base_url)

    with running_sandbox(home, "--delay", "0"):
        used = aeforge("inpaint", "photo.png", "-p", "Make it sing", "--sandbox", env=proxies)
    started = aeforge("upscale", "photo.png", "-o", "large.png", "--sandbox", env=proxies)

    assert (used.exit, started.exit, fake.api.requests) == (3, 0, [])


# ------------------------------------------------------------------ aeforge sandbox

FAULTS = {
    "its jobs fail": (("--fail-jobs", "1"), (), (3, "job_failed")),
    "it loses answers": (("--lose-answer", "1"), (), (10, "submit_unknown")),
    "it drops connections": (("--drop", "1"), (), (10, "submit_unknown")),
    "it is broken": (("--status", "500:1"), (), (10, "submit_unknown")),
    "it is busy for a while": (("--status", "503:1", "--retry-after", "1"), ("--timeout", "2s"), (5, "service_error")),
    "it has limits": (("--status", "429:1"), (), (7, "rate_limited")),
    "it wants money": (("--status", "402:1"), (), (7, "payment_required")),
    "it is slow": (("--delay", "60"), ("--timeout", "1s"), (8, "still_running")),
    "its key is another": (("--key", "other"), (), (4, "key_rejected")),
}


@pytest.mark.parametrize(("options", "more", "ending"), FAULTS.values(), ids=FAULTS)
def test_what_goes_wrong_on_purpose_ends_as_documented(
    aeforge: Aeforge, home: Home, options: tuple[str, ...], more: tuple[str, ...], ending: tuple[int, str]
) -> None:
    with running_sandbox(home, "--delay", "0", *options) as sandbox:
        run = aeforge("upscale", "photo.png", "--json", *more, env=sandbox.env)

    assert run.ending == ending


def test_through_a_few_faults_a_batch_arrives(aeforge: Aeforge, home: Home) -> None:
    names = [f"{number}.png" for number in range(6)]
    for number, name in enumerate(names):
        (home.work / name).write_bytes(png(number))

    with running_sandbox(home, "--delay", "0", "--status", "429:0.3", "--retry-after", "0", "--seed", "7") as sandbox:
        run = aeforge("inpaint", *names, "-p", "Make it brighter", "-o", "out/", "--quiet", env=sandbox.env)

    assert (run.exit, sorted(run.stdout.splitlines())) == (0, [f"out/{name}" for name in names])


def test_a_key_without_a_user_is_told_as_one(aeforge: Aeforge, home: Home) -> None:
    with running_sandbox(home) as sandbox:
        run = aeforge("upscale", "photo.png", "--json", env={**sandbox.env, "AEFORGE_API_KEY": "sandbox-no-user"})

    assert run.ending == (4, "account_not_found")


@pytest.mark.parametrize(
    "options",
    [
        ("--status", "soon"),
        ("--status", "503:2"),
        ("--status", "200:1"),
        ("--drop", "2"),
        ("--host", "0.0.0.0"),
        ("--port", "70000"),
        ("--engine", "none-such"),
    ],
    ids=" ".join,
)
def test_a_sandbox_that_makes_no_sense_does_not_start(aeforge: Aeforge, options: tuple[str, ...]) -> None:
    run = aeforge("sandbox", *options, "--json")

    assert (run.ending, run.stdout) == ((2, "usage"), "")


def test_jobs_of_a_sandbox_with_a_folder_outlive_it(aeforge: Aeforge, home: Home, tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "kept"), "--delay", "0")
    with running_sandbox(home, *options) as sandbox:
        job_id = aeforge("upscale", "photo.png", "--no-wait", "--json", env=sandbox.env).rows[0]["job_id"]

    with running_sandbox(home, *options) as sandbox:
        run = aeforge("job", "wait", job_id, "-o", "large.png", env=sandbox.env)

    assert (run.exit, run.stdout) == (0, "large.png\n")
