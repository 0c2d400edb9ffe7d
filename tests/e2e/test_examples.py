"""The example projects, built against the sandbox as a reader would."""

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path

from tests.conftest import Aeforge, Home
from tests.e2e.conftest import Sandbox

TESTS = Path(__file__).parents[1]


def test_a_game_is_built_once_and_then_only_what_changed(aeforge: Aeforge, home: Home, sandbox: Sandbox) -> None:
    shutil.copytree(TESTS / "examples" / "game", home.work, dirs_exist_ok=True)
    (home.work / "photos").mkdir()
    shutil.copy(TESTS / "photos" / "astronaut.jpg", home.work / "photos" / "pilot.jpg")
    command = ("build", "--json", "--record", "record.jsonl", "--report", "report.html")

    first = aeforge(*command, env=sandbox.env, within=120)
    again = aeforge(*command, env={**sandbox.env, "AEFORGE_API_KEY": None})
    (home.work / "prompts/hero.txt").write_text("a fox knight with a sword\n")
    changed = aeforge(*command, env=sandbox.env, within=120)

    assert [Counter(row["action"] for row in run.rows) for run in (first, again, changed)] == [
        Counter(buy=8),
        Counter(keep=8),
        Counter(keep=4, buy=4),
    ]
    record = [json.loads(line) for line in (home.work / "record.jsonl").read_text().splitlines()]
    for line in record:
        assert hashlib.sha256((home.work / line["path"]).read_bytes()).hexdigest() == line["sha256"]
    assert {line["operation"] for line in record} == {
        "generate",
        "upscale",
        "sprite make",
        "sprite reskin",
        "inpaint",
        "split-layer",
        "effect",
    }
