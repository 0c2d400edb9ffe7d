"""The sandbox, as an option of each command and as a server whose misbehaviour ends in the documented exit codes."""

import json
import re
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, png
from tests.e2e.conftest import running_sandbox

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


def test_jobs_of_the_sandbox_and_of_the_service_are_told_apart(aeforge: Aeforge) -> None:
    begun = aeforge(*SKY, "--sandbox", "--no-wait", "--json")

    run = aeforge(*SKY, "--json", env={"AEFORGE_API_KEY": "sk-real-000000"})

    assert (begun.exit, run.ending) == (0, (5, "unreachable"))


def test_why_a_job_of_the_sandbox_failed_is_told(aeforge: Aeforge) -> None:
    run = aeforge("inpaint", "photo.png", "-p", "Make it sing", "--sandbox")

    assert (run.exit, run.stdout) == (3, "")
    assert re.search(r'^why:   The local engine does not know what "sing" means here', run.stderr, re.MULTILINE)


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


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < until, f"{path} was never written"
        time.sleep(0.02)


# ------------------------------------------------------------------ aeforge sandbox

MISBEHAVIOUR = {
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


@pytest.mark.parametrize(("options", "more", "ending"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
def test_what_goes_wrong_on_purpose_ends_as_documented(
    aeforge: Aeforge, home: Home, options: tuple[str, ...], more: tuple[str, ...], ending: tuple[int, str]
) -> None:
    with running_sandbox(home, "--delay", "0", *options) as sandbox:
        run = aeforge("upscale", "photo.png", "--json", *more, env=sandbox.env)

    assert run.ending == ending


def test_through_a_little_misbehaviour_a_batch_arrives(aeforge: Aeforge, home: Home) -> None:
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
