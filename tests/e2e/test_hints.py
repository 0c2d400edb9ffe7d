"""What is printed after `next:` works when it is pasted: with the output, account and service of the command given."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import aeforge_cli
from aeforge_cli.manual.from_typer import whole_tree
from tests.conftest import Aeforge, Home, Run, png
from tests.faults.fake import API_KEY, Fake, told_as_json
from tests.faults.origin import Answer

pytestmark = pytest.mark.skipif(not shutil.which("sh"), reason="a hint is pasted into a POSIX shell")
EDIT = ("inpaint", "photo.png", "-p", "blue sky")


@pytest.fixture(autouse=True)
def work(home: Home, photo: Path) -> None:
    """A profile with a key, and no key and no service in the environment."""
    assert photo.exists()
    config = home.config / "config.toml"
    config.write_text(f'[profiles.work]\napi_key = "{API_KEY}"\n')
    config.chmod(0o600)


def account(fake: Fake) -> list[str]:
    return ["--profile", "work", "--base-url", fake.base_url]


def hint_of(run: Run) -> str:
    return next(line for line in run.stderr.splitlines() if line.startswith("next:")).removeprefix("next:").strip()


def pasted(aeforge: Aeforge, line: str) -> subprocess.CompletedProcess[str]:
    env = {**aeforge.home.env, "PATH": f"{Path(aeforge.command).parent}{os.pathsep}{aeforge.home.env['PATH']}"}
    return subprocess.run(
        ["sh", "-c", line], cwd=aeforge.home.work, env=env, capture_output=True, text=True, check=False, timeout=60
    )


def still_running(aeforge: Aeforge, fake: Fake, *options: str) -> Run:
    fake.pending = 10_000
    run = aeforge(*EDIT, *options, *account(fake), "--timeout", "1s")
    assert run.exit == 8
    fake.finish()
    return run


@pytest.mark.parametrize("output", ["h.png", "out/", "my results/{stem}.{ext}"])
def test_the_hint_after_a_timeout_saves_where_it_was_wanted(aeforge: Aeforge, fake: Fake, output: str) -> None:
    run = still_running(aeforge, fake, "-o", output)

    again = pasted(aeforge, hint_of(run))

    assert (again.returncode, len(fake.posts())) == (0, 1), again.stderr
    assert (aeforge.home.work / again.stdout.strip()).is_file()


def test_the_hint_replaces_what_the_command_was_to_replace(aeforge: Aeforge, fake: Fake) -> None:
    (aeforge.home.work / "h.png").write_bytes(b"old")
    run = still_running(aeforge, fake, "-o", "h.png", "--overwrite")

    again = pasted(aeforge, hint_of(run))

    assert (again.returncode, again.stdout) == (0, "h.png\n"), again.stderr
    assert (aeforge.home.work / "h.png").read_bytes() != b"old"


def test_the_hint_after_ctrl_c_saves_where_it_was_wanted(aeforge: Aeforge, fake: Fake) -> None:
    fake.pending = 10_000
    running = aeforge.start(*EDIT, "-o", "h.png", *account(fake))
    fake.wait_for_looks(1)
    running.send(signal.SIGINT)
    run = running.finish()
    fake.finish()

    again = pasted(aeforge, hint_of(run))

    assert (run.exit, again.returncode, again.stdout) == (130, 0, "h.png\n"), again.stderr


def test_the_hint_where_a_result_cannot_be_fetched_names_the_output_once(aeforge: Aeforge, fake: Fake) -> None:
    fake.downloads.always(Answer(418))
    run = aeforge(*EDIT, "-o", "h.png", *account(fake))
    fake.downloads.always(None)

    again = pasted(aeforge, hint_of(run))

    assert (run.exit, hint_of(run).count("-o")) == (5, 1)
    assert (again.returncode, again.stdout) == (0, "h.png\n"), again.stderr


def test_the_hint_after_failures_of_a_list_finishes_the_list(aeforge: Aeforge, fake: Fake) -> None:
    (aeforge.home.work / "-odd.png").write_bytes(png(7))
    fake.submissions.says(told_as_json({"detail": "no"}, status=422))
    run = aeforge("inpaint", "-p", "blue sky", "-o", "out/", *account(fake), "--", "photo.png", "-odd.png")

    again = pasted(aeforge, hint_of(run))

    assert (run.exit, again.returncode) == (6, 0), again.stderr
    assert len(list((aeforge.home.work / "out").iterdir())) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_the_hint_after_a_refused_key_signs_in_to_the_same_profile_and_service(
    aeforge: Aeforge, fake: Fake, status: int
) -> None:
    fake.submissions.says(told_as_json({"detail": "Invalid API key"}, status=status))
    run = aeforge(*EDIT, *account(fake))

    again = pasted(aeforge, f"printf %s {API_KEY} | {hint_of(run)}")

    assert (run.exit, hint_of(run)) == (4, f"aeforge auth login --profile work --base-url {fake.base_url}")
    assert "API keys are issued at https://aetherforgeai.com" in run.stderr
    assert (again.returncode, "signed in" in again.stderr) == (0, True), again.stderr


def test_after_a_refused_key_a_list_signs_in_and_goes_on_in_one_line(aeforge: Aeforge, fake: Fake, home: Home) -> None:
    (home.work / "second.png").write_bytes(png(9))
    fake.submissions.always(lambda _request: told_as_json({"detail": "Invalid API key"}, status=401))
    run = aeforge("inpaint", "photo.png", "second.png", "-p", "x", "-o", "out/", *account(fake))
    fake.submissions.always(None)

    again = pasted(aeforge, f"printf %s {API_KEY} | {hint_of(run)}")

    assert (run.exit, again.returncode) == (4, 0), again.stderr
    assert len(list((home.work / "out").iterdir())) == 2


FIRST = {
    402: "why:   HTTP 402: no; first add credits on the service's dashboard",
    422: "why:   HTTP 422: no; first correct the request",
}


@pytest.mark.parametrize(("status", "why"), FIRST.items())
def test_what_a_list_needs_first_stands_before_the_command_to_paste(
    aeforge: Aeforge, fake: Fake, home: Home, status: int, why: str
) -> None:
    (home.work / "second.png").write_bytes(png(9))
    fake.submissions.always(lambda _request: told_as_json({"detail": "no"}, status=status))

    run = aeforge("inpaint", "photo.png", "second.png", "-p", "x", "-o", "out/", *account(fake))

    assert why in run.stderr.splitlines()
    assert hint_of(run).startswith("aeforge inpaint photo.png second.png")


def test_a_key_refused_while_waiting_signs_in_and_resumes_in_one_line(aeforge: Aeforge, fake: Fake) -> None:
    fake.polls.says(told_as_json({"detail": "Invalid API key"}, status=401))
    run = aeforge(*EDIT, "-o", "h.png", *account(fake))

    again = pasted(aeforge, f"printf %s {API_KEY} | {hint_of(run)}")

    assert run.exit == 4
    assert (again.returncode, again.stdout, len(fake.posts())) == (0, "h.png\n", 1), again.stderr


def test_a_refused_key_of_the_environment_is_not_answered_by_storing_another(aeforge: Aeforge, fake: Fake) -> None:
    run = aeforge(*EDIT, "--base-url", fake.base_url, env={"AEFORGE_API_KEY": "sk-wrong-0123456789"})

    assert hint_of(run) == (
        f"set AEFORGE_API_KEY to another key; or unset it and sign in: aeforge auth login --base-url {fake.base_url}"
    )


def test_the_hint_for_an_unknown_profile_makes_it(aeforge: Aeforge, fake: Fake) -> None:
    run = aeforge(*EDIT, "--profile", "nosuch", "--base-url", fake.base_url)
    line = hint_of(run).removeprefix("to make it: ")

    again = pasted(aeforge, f"printf %s {API_KEY} | {line} --base-url {fake.base_url}")

    assert (run.exit, again.returncode) == (2, 0), again.stderr


def test_the_hints_of_status_save_nothing_and_ask_the_same_service(aeforge: Aeforge, fake: Fake) -> None:
    run = still_running(aeforge, fake)
    job_id = hint_of(run).split()[3]
    for job in fake.jobs.values():
        job.pending = 2

    status = aeforge("job", "status", job_id, *account(fake))
    again = pasted(aeforge, hint_of(status))

    assert (status.exit, again.returncode) == (8, 0), again.stderr


def test_the_hint_after_failed_checks_of_several_jobs_works_with_any_account(aeforge: Aeforge, fake: Fake) -> None:
    for name in ("a.png", "b.png"):
        (aeforge.home.work / name).write_bytes(png(ord(name[0])))
    fake.pending = 10_000
    aeforge("inpaint", "a.png", "b.png", "-p", "blue sky", "--no-wait", *account(fake))
    ids = [job["job_id"] for job in map(json.loads, aeforge("job", "list", "--json").stdout.splitlines())]

    status = aeforge("job", "status", *ids, *account(fake))
    hint = status.stderr.splitlines()[-1].removeprefix("next:").strip()
    again = pasted(aeforge, hint)

    assert (status.exit, hint, again.returncode) == (8, "aeforge job list", 0), again.stderr
    assert again.stdout.count("accepted") == 2


def test_the_hint_where_the_service_knows_no_such_operation_asks_the_same_service(aeforge: Aeforge, fake: Fake) -> None:
    fake.submissions.says(told_as_json({"detail": "Not Found"}, status=404))
    run = aeforge(*EDIT, *account(fake))

    again = pasted(aeforge, hint_of(run).removeprefix("check the base URL: "))

    assert (run.exit, again.returncode) == (1, 0), again.stderr
    assert fake.base_url in again.stdout


def test_the_hint_for_later_saving_keeps_the_account(aeforge: Aeforge, fake: Fake) -> None:
    refused = aeforge(*EDIT, "--no-wait", "-o", "h.png", *account(fake))
    job_id = aeforge(*EDIT, "--no-wait", *account(fake)).stdout.strip()
    line = hint_of(refused).removeprefix("save later: ").replace("ID", job_id).replace("FILE", "h.png")

    again = pasted(aeforge, line)

    assert (refused.exit, again.returncode, again.stdout) == (2, 0, "h.png\n"), again.stderr


def test_after_a_lost_answer_the_same_command_with_new_submits(aeforge: Aeforge, fake: Fake) -> None:
    fake.submissions.says(told_as_json({"detail": "no"}, status=500))
    command = [*EDIT, "-o", "h.png", *account(fake)]
    lost, refused = aeforge(*command), aeforge(*command)

    again = aeforge(*command, "--new")

    assert [run.exit for run in (lost, refused, again)] == [10, 10, 0]
    assert all("add --new to the command" in hint_of(run) for run in (lost, refused))


def test_in_a_list_a_job_without_an_answer_is_not_submitted_again_with_the_others(
    aeforge: Aeforge, fake: Fake, home: Home
) -> None:
    (home.work / "second.png").write_bytes(png(9))
    fake.submissions.says(told_as_json({"detail": "no"}, status=500))
    command = ["inpaint", "photo.png", "second.png", "-p", "x", "-o", "out/", "-j", "1", *account(fake)]
    lost, resumed = aeforge(*command), aeforge(*command, "--resume")

    assert [run.exit for run in (lost, resumed)] == [6, 6]
    for run in (lost, resumed):
        assert run.stderr.splitlines()[-1].endswith("to submit it again anyway, name it alone with --new")

    alone = aeforge("inpaint", "photo.png", "-p", "x", "-o", "out/", "--new", *account(fake))

    assert alone.exit == 0
    assert len(fake.posts()) == 3


def test_an_unknown_id_is_not_to_be_waited_for(aeforge: Aeforge, fake: Fake) -> None:
    fake.polls.says(told_as_json({"detail": "Input should be a valid UUID"}, status=422))

    run = aeforge("job", "wait", "12", *account(fake))

    assert (run.exit, hint_of(run)) == (2, "check the id: aeforge job list")


def test_a_key_of_the_environment_that_cannot_be_one_is_not_answered_by_storing_another(
    aeforge: Aeforge, fake: Fake
) -> None:
    run = aeforge(*EDIT, "--base-url", fake.base_url, env={"AEFORGE_API_KEY": "two words"})

    assert (run.exit, hint_of(run).split(";")[0]) == (4, "set AEFORGE_API_KEY to another key")


def test_the_next_step_after_an_example_list_survives_a_space_in_its_name(aeforge: Aeforge, fake: Fake) -> None:
    made = aeforge("build", "--init", "my list.toml", *account(fake))
    line = made.stderr.partition("next: ")[2].strip()

    again = pasted(aeforge, line)

    assert (made.exit, made.stdout) == (0, "my list.toml\n")
    assert "'my list.toml'" in line
    assert "No such option" not in again.stderr


SOURCES = sorted(Path(aeforge_cli.__file__).parent.rglob("*.py"))
ACCOUNT = {"--profile", "--base-url", "--sandbox"}


def test_only_commands_that_take_an_account_are_hinted_at_with_one() -> None:
    tree = whole_tree()
    hinted = {
        words
        for source in SOURCES
        for words in re.findall(r"""(?<![\w.])command\(f?["']([a-z ]+)""", source.read_text("utf-8"))
    }
    commands = {words: tree.at(words.split()[:2]) or tree.at(words.split()[:1]) for words in hinted}

    assert len(hinted) > 4
    assert [
        words
        for words, found in commands.items()
        if found is None or not {name for option in found.options for name in option.names} >= ACCOUNT
    ] == []


SPLIT = {
    "a prompt": (["inpaint", "photo.png", "-p", "blue", "sky"], "quote that: -p 'blue sky'"),
    "a prompt with options after it": (["inpaint", "-p", "a", "red", "hat", "-q", "pro"], "quote that: -p 'a red hat'"),
    "a prompt before the picture": (["inpaint", "-p", "blue", "sky", "photo.png"], "quote that: -p 'blue sky'"),
    "a name": (["inpaint", "my", "photo.png", "-p", "x"], "quote the name: 'my photo.png'"),
    "a name of three words": (["inpaint", "-p", "x", "the", "best", "cat.png"], "quote the name: 'the best cat.png'"),
    "neither": (["inpaint", "foto.png", "-p", "x"], "check the name"),
}


@pytest.mark.parametrize(("words", "hint"), SPLIT.values(), ids=SPLIT)
def test_a_name_or_prompt_split_by_the_shell_is_shown_in_quotes(
    aeforge: Aeforge, fake: Fake, home: Home, words: list[str], hint: str
) -> None:
    for name in ("my photo.png", "the best cat.png"):
        shutil.copy(home.work / "photo.png", home.work / name)

    run = aeforge(*words, *account(fake))

    assert run.exit == 2
    assert hint_of(run).endswith(hint)
    assert fake.posts() == []


def test_the_hint_after_a_wait_for_several_jobs_waits_for_them(aeforge: Aeforge, fake: Fake) -> None:
    fake.pending = 10_000
    ids = [aeforge(*EDIT, "--no-wait", "--new", *account(fake)).stdout.strip() for _ in range(2)]
    run = aeforge("job", "wait", *ids, "-o", "{job_id}.{ext}", *account(fake), "--timeout", "1s")
    assert run.exit == 8
    fake.finish()

    again = pasted(aeforge, run.stderr.splitlines()[-1].removeprefix("next:"))

    assert again.returncode == 0, again.stderr
    assert len(again.stdout.splitlines()) == 2


def test_the_sandbox_at_another_address_is_a_contradiction(aeforge: Aeforge, fake: Fake) -> None:
    run = aeforge(*EDIT, "--sandbox", "--base-url", fake.base_url)

    assert run.exit == 2
    assert "--sandbox and --base-url cannot be combined" in run.stderr


def test_a_folder_that_is_missing_for_a_record_is_the_one_to_make(aeforge: Aeforge, fake: Fake) -> None:
    run = aeforge(*EDIT, "-o", "a.png", "--record", "no/such/art.jsonl", *account(fake))

    assert hint_of(run) == "make the folder first: mkdir -p no/such"
