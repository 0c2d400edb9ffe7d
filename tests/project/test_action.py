"""The action for GitHub: its scripts turn inputs into words, and evaluate nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import Home, make_home, png
from tests.faults.fake import Fake

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github/actions/aeforge"
INPUTS = {
    "IMAGES": "",
    "PROMPT": "blue sky",
    "OUTPUT": "out/",
    "QUALITY": "",
    "ARGUMENTS": "",
    "SANDBOX": "false",
    "JOURNAL": "",
}


def called(script: str, folder: Path, **inputs: str) -> list[str]:
    """The words that the script calls its command with; `aeforge` and `pipx` are stand-ins that tell them."""
    commands = folder / "commands"
    commands.mkdir()
    for name in ("aeforge", "pipx"):
        (commands / name).write_text(f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps(sys.argv[1:]))\n")
        (commands / name).chmod(0o755)
    path = f"{commands}:{os.environ['PATH']}"
    env = {
        "RUNNER_TEMP": str(folder),
        "PATH": path,
        "GITHUB_ACTION_PATH": str(ACTION),
        "AEFORGE_API_KEY": "",
        **INPUTS,
        "VERSION": "",
        **inputs,
    }
    run = subprocess.run([ACTION / script], cwd=folder, env=env, capture_output=True, text=True, check=True)
    words: list[str] = json.loads(run.stdout)
    return words


def test_inputs_become_words_and_patterns_become_files(tmp_path: Path) -> None:
    for name in ("a b.png", "c.png", "d.jpg"):
        (tmp_path / name).touch()

    words = called("run.sh", tmp_path, IMAGES="*.png\nhttps://example.com/x.png\n", QUALITY="pro", ARGUMENTS="-j\n4\n")

    assert words == [
        *("inpaint", "--prompt", "blue sky", "--output", "out/", "--yes", "--github-output", "--quality", "pro"),
        *("-j", "4", "--", "a b.png", "c.png", "https://example.com/x.png"),
    ]


@pytest.mark.parametrize("hostile", ["$(touch owned)", "`touch owned`", "a; touch owned", '" && touch owned', "--json"])
def test_nothing_in_an_input_is_evaluated(tmp_path: Path, hostile: str) -> None:
    words = called("run.sh", tmp_path, IMAGES=hostile, PROMPT=hostile)

    assert (words[2], words[-2:]) == (hostile, ["--", hostile])
    assert not (tmp_path / "owned").exists()


def test_the_sandbox_is_asked_for_where_it_is_wanted(tmp_path: Path) -> None:
    assert "--sandbox" in called("run.sh", tmp_path, IMAGES="a.png", SANDBOX="true")


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({}, str(ROOT)),
        ({"SANDBOX": "true"}, f"{ROOT}[sandbox]"),
        ({"VERSION": "0.1.0"}, "aeforge==0.1.0"),
        ({"VERSION": "0.1.0", "SANDBOX": "true"}, "aeforge[sandbox]==0.1.0"),
        ({"AEFORGE_JOURNAL": "postgresql://host/jobs"}, f"{ROOT}[postgres]"),
        ({"AEFORGE_JOURNAL": "postgresql://host/jobs", "SANDBOX": "true"}, f"{ROOT}[sandbox,postgres]"),
    ],
    ids=["beside", "beside with sandbox", "version", "version with sandbox", "shared journal", "both"],
)
def test_the_version_asked_for_is_installed_or_the_one_beside_the_action(
    tmp_path: Path, inputs: dict[str, str], wanted: str
) -> None:
    assert called("install.sh", tmp_path, **inputs) == ["install", "--force", wanted]


# ------------------------------------------------------------------ journal: cache


@pytest.fixture
def fake() -> Iterator[Fake]:
    server = Fake()
    yield server
    server.close()


def runner(root: Path) -> Home:
    """A fresh machine: nothing on its disk but the pictures that were checked out."""
    home = make_home(root)
    for number in range(3):
        (home.work / f"{number}.png").write_bytes(png(number))
    return home


def edited(machine: Home, fake: Fake, **inputs: str) -> int:
    """The exit code of the step, with the command that is installed."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    named = {"PATH": path, "RUNNER_TEMP": str(machine.temporary), "GITHUB_OUTPUT": str(machine.root / "outputs")}
    env = {name: value for name, value in {**machine.env, **fake.env}.items() if value and name != "AEFORGE_STATE_DIR"}
    words = {**INPUTS, "IMAGES": "*.png", "JOURNAL": "cache", **inputs}
    run = subprocess.run([ACTION / "run.sh"], cwd=machine.work, env={**words, **env, **named}, check=False)
    return run.returncode


def state_moved(here: Home, there: Home) -> None:
    """What the steps for the cache do: the folder of the journal goes from one machine to another."""
    shutil.copytree(here.temporary / "aeforge-state", there.temporary / "aeforge-state")


def test_a_rerun_on_a_fresh_runner_pays_nothing_twice(tmp_path: Path, fake: Fake) -> None:
    first, second = runner(tmp_path / "first"), runner(tmp_path / "second")

    ends = [edited(first, fake)]
    state_moved(first, second)
    ends.append(edited(second, fake))

    assert (ends, len(fake.charged), fake.bought_twice) == ([0, 0], 3, [])
    assert sorted(path.name for path in (second.work / "out").iterdir()) == sorted(
        path.name for path in (first.work / "out").iterdir()
    )


def test_a_rerun_waits_for_the_jobs_that_the_first_run_left_in_progress(tmp_path: Path, fake: Fake) -> None:
    first, second = runner(tmp_path / "first"), runner(tmp_path / "second")

    fake.pending = 3600

    ends = [edited(first, fake, ARGUMENTS="--timeout\n2s")]
    state_moved(first, second)
    fake.finish()
    ends.append(edited(second, fake))

    assert (ends, len(fake.charged), fake.bought_twice) == ([8, 0], 3, [])
    assert len(list((second.work / "out").iterdir())) == 3


def test_without_the_cached_journal_a_fresh_runner_pays_again(tmp_path: Path, fake: Fake) -> None:
    ends = [edited(runner(tmp_path / name), fake) for name in ("first", "second")]

    assert (ends, len(fake.charged)) == ([0, 0], 6)


@pytest.mark.parametrize("own", ["--resume", "--update", "--new", "--skip-existing"])
def test_a_given_way_to_resume_is_left_as_it_is(tmp_path: Path, own: str) -> None:
    words = called("run.sh", tmp_path, IMAGES="a.png", JOURNAL="cache", ARGUMENTS=f"{own}\n")

    assert [word for word in words if word in {"--resume", "--update", "--new", "--skip-existing"}] == [own]


def test_a_journal_of_another_kind_is_refused(tmp_path: Path, fake: Fake) -> None:
    assert edited(runner(tmp_path / "first"), fake, JOURNAL="disk") == 2
    assert fake.charged == []


def test_the_journal_is_saved_also_when_the_run_fails() -> None:
    definition = (ACTION / "action.yml").read_text("utf-8")

    restore, save = (definition.index(f"uses: actions/cache/{step}@") for step in ("restore", "save"))
    assert restore < definition.index("run.sh") < save
    assert "if: always() && inputs.journal == 'cache'" in definition[definition.index("run.sh") : save]
    keys = re.findall(r"^        (key|restore-keys): (.*)", definition, re.MULTILINE)
    own, prefix = ("${{ steps.journal.outputs." + name + " }}" for name in ("key", "prefix"))
    assert keys == [("key", own), ("restore-keys", prefix), ("key", own)]


# ------------------------------------------------------------------ the journal's name in the cache


def named(machine: Home, workflow: str = "Pictures", job: str = "art", key: str = "") -> dict[str, str]:
    """What the step that names the journal tells the others."""
    outputs = machine.root / "named"
    outputs.unlink(missing_ok=True)
    told = {"GITHUB_WORKFLOW": workflow, "GITHUB_JOB": job, "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1"}
    here = {"RUNNER_TEMP": str(machine.temporary), "GITHUB_OUTPUT": str(outputs), "PATH": os.environ["PATH"]}
    subprocess.run([ACTION / "journal.sh"], env={**told, **here, "JOURNAL_KEY": key}, check=True)
    return dict(line.split("=", 1) for line in outputs.read_text().splitlines())


@dataclass
class Cache:
    """The cache of Actions: entries are never changed, and a prefix finds the newest one."""

    root: Path
    keys: list[str] = field(default_factory=list)

    def restore(self, machine: Home, names: dict[str, str]) -> None:
        found = [key for key in self.keys if key.startswith(names["prefix"])]
        if found and names["is_here"] == "false":
            shutil.copytree(self.root / found[-1], machine.temporary / "aeforge-state")

    def save(self, machine: Home, names: dict[str, str]) -> None:
        if names["key"] not in self.keys:
            shutil.copytree(machine.temporary / "aeforge-state", self.root / names["key"])
            self.keys.append(names["key"])


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def step(machine: Home, fake: Fake, cache: Cache, key: str = "", **inputs: str) -> int:
    """The exit code of the whole action, with the journal in the cache."""
    names = named(machine, key=key)
    cache.restore(machine, names)
    end = edited(machine, fake, **inputs)
    cache.save(machine, names)
    return end


def test_of_two_steps_in_one_job_a_rerun_pays_neither_twice(tmp_path: Path, fake: Fake, cache: Cache) -> None:
    for attempt in ("first", "second"):
        machine = runner(tmp_path / attempt)
        assert step(machine, fake, cache, PROMPT="blue sky", OUTPUT="blue/") == 0
        assert step(machine, fake, cache, PROMPT="red sky", OUTPUT="red/") == 0

    assert (len(fake.charged), fake.bought_twice) == (6, [])


def test_a_journal_is_not_taken_for_one_whose_name_begins_alike(tmp_path: Path, fake: Fake, cache: Cache) -> None:
    assert step(runner(tmp_path / "first"), fake, cache, key="a", PROMPT="blue sky") == 0
    assert step(runner(tmp_path / "other"), fake, cache, key="a-b", PROMPT="red sky") == 0
    assert step(runner(tmp_path / "second"), fake, cache, key="a", PROMPT="blue sky") == 0

    assert (len(fake.charged), fake.bought_twice) == (6, [])


NAMES = [("Build, test", "art", ""), ("a", "b-c", ""), ("a-b", "c", ""), ("a", "b", "c"), ("a", "b", "x" * 600)]


def test_every_name_of_a_workflow_makes_a_key_that_a_cache_takes(tmp_path: Path) -> None:
    found = [named(make_home(tmp_path / str(number)), *words) for number, words in enumerate(NAMES)]

    assert len({each["prefix"] for each in found}) == len(NAMES)
    assert all(re.fullmatch(r"[\w-]{1,200}", each["key"]) for each in found)
    assert all(each["key"].startswith(each["prefix"]) for each in found)


def test_every_input_and_output_is_documented() -> None:
    definition = (ACTION / "action.yml").read_text("utf-8")
    told = (ACTION / "README.md").read_text("utf-8")

    head, _, _ = definition.partition("\nruns:")
    names = re.findall(r"^  ([\w-]+):$", head, re.MULTILINE)
    described = re.findall(r"^  ([\w-]+):\n    description: \S", head, re.MULTILINE)
    assert names == described == re.findall(r"^\| `([\w-]+)` \|", told, re.MULTILINE)


def test_inputs_reach_scripts_through_the_environment_alone() -> None:
    definition = (ACTION / "action.yml").read_text("utf-8")

    assert [line for line in re.findall(r"run: .*", definition) if "${{" in line] == []


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", ["run.sh", "install.sh", "journal.sh"])
def test_shellcheck_finds_nothing(script: str) -> None:
    run = subprocess.run(["shellcheck", ACTION / script], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (0, "")


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [
        line.strip()
        for path in (ROOT / ".github").rglob("*.yml")
        for line in path.read_text("utf-8").splitlines()
        if re.match(r"\s*(- )?uses: (?!\$/)", line)
    ]

    assert used
    assert [line for line in used if not re.search(r"@[0-9a-f]{40} # v\d", line)] == []
