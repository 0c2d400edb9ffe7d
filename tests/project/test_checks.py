"""The types and the style of package and tests, as the tools judge them with the settings of pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "check", [["mypy"], ["ruff", "check", "."], ["ruff", "format", "--check", "."]], ids=["types", "style", "format"]
)
def test_the_tools_find_nothing_to_mend(check: list[str]) -> None:
    run = subprocess.run([sys.executable, "-m", *check], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout + run.stderr if run.returncode else "") == (0, "")
