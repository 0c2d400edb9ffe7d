"""The action for GitHub: its scripts turn inputs into words, and evaluate nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github/actions/aeforge"
INPUTS = {"IMAGES": "", "PROMPT": "blue sky", "OUTPUT": "out/", "QUALITY": "", "ARGUMENTS": "", "SANDBOX": "false"}


def called(script: str, folder: Path, **inputs: str) -> list[str]:
    """The words that the script calls its command with; `aeforge` and `pipx` are stand-ins that tell them."""
    commands = folder / "commands"
    commands.mkdir()
    for name in ("aeforge", "pipx"):
        (commands / name).write_text(f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps(sys.argv[1:]))\n")
        (commands / name).chmod(0o755)
    path = f"{commands}:{os.environ['PATH']}"
    env = {"PATH": path, "GITHUB_ACTION_PATH": str(ACTION), "AEFORGE_API_KEY": "", **INPUTS, "VERSION": "", **inputs}
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
    ],
    ids=["beside", "beside with sandbox", "version", "version with sandbox"],
)
def test_the_version_asked_for_is_installed_or_the_one_beside_the_action(
    tmp_path: Path, inputs: dict[str, str], wanted: str
) -> None:
    assert called("install.sh", tmp_path, **inputs) == ["install", "--force", wanted]


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
@pytest.mark.parametrize("script", ["run.sh", "install.sh"])
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
