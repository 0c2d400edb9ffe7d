"""A mutation pass where money, files or the key are at stake: `nice python tests/mutants/run.py [WORD …]`.

Each change of one line stands in `mutants.toml` with the tests that must notice it. It is made in a copy of the tree.
WORD chooses the mutants whose file contains it. Exit 1 if a change stays green, 2 if a line is not there exactly once
or its tests fail without it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LONGEST = 300  # seconds for one mutant; one that hangs has been noticed
_FAILED = 1  # pytest's status for "tests failed"; others mean that no test was judged


@dataclass(frozen=True)
class Mutant:
    file: str
    old: str
    new: str
    tests: list[str]


def main(words: list[str]) -> int:
    entries = tomllib.loads((ROOT / "tests/mutants/mutants.toml").read_text(encoding="utf-8"))["mutant"]
    mutants = [Mutant(**entry) for entry in entries]
    chosen = [mutant for mutant in mutants if not words or any(word in mutant.file for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache"))
        if _status(tree, sorted({test for mutant in chosen for test in mutant.tests})) != 0:
            sys.stdout.write("the tests fail without a change\n")
            return 2
        verdicts = [_judged(tree, mutant) for mutant in chosen]
    sys.stdout.write(f"{verdicts.count('red')} of {len(verdicts)} were noticed\n")
    return 2 if "broken" in verdicts else int("GREEN" in verdicts)


def _judged(tree: Path, mutant: Mutant) -> str:
    path = tree / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        verdict = "broken"
    else:
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        verdict = {0: "GREEN", _FAILED: "red"}.get(_status(tree, mutant.tests), "broken")
        path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{verdict:6} {mutant.file}: {mutant.old!r} -> {mutant.new!r}\n")
    sys.stdout.flush()
    return verdict


def _status(tree: Path, tests: list[str]) -> int:
    """pytest's exit status, with the copy imported in place of the installed package."""
    command = [sys.executable, "-B", "-m", "pytest", "-n0", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    try:
        done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, timeout=_LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return _FAILED
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
