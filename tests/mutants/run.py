"""A mutation pass where money, files or the key are at stake: `nice python tests/mutants/run.py [WORD …]`.

Each change of one line stands in `mutants.toml` with the tests that must notice it, as words for pytest. It is made in
a copy of the tree, whose `aeforge` is the one that the tests run. A file that does not exist counts as an empty one:
`old` is empty then, and `new` the whole of it. WORD chooses the mutants whose file contains it. Exit 1 if a change
stays green, 2 if a line is not there exactly once or its tests fail without it.
"""

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
from collections.abc import Iterator
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


@dataclass(frozen=True)
class Copy:
    """A copy of the tree, and the Python that imports it in place of the installed package."""

    tree: Path
    python: Path

    def status(self, tests: list[str]) -> int:
        """pytest's exit status."""
        command = [str(self.python), "-m", "pytest", "-n0", "-q", "-x", "-p", "no:cacheprovider", *tests]
        try:
            done = subprocess.run(command, cwd=self.tree, capture_output=True, timeout=_LONGEST, check=False)
        except subprocess.TimeoutExpired:
            return _FAILED
        return done.returncode


def main(words: list[str]) -> int:
    entries = tomllib.loads((ROOT / "tests/mutants/mutants.toml").read_text(encoding="utf-8"))["mutant"]
    mutants = [Mutant(**entry) for entry in entries]
    chosen = [mutant for mutant in mutants if not words or any(word in mutant.file for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        verdicts = list(_verdicts(_copied(Path(folder)), chosen))
    sys.stdout.write(f"{verdicts.count('red')} of {len(verdicts)} were noticed\n")
    return 2 if "broken" in verdicts else int("GREEN" in verdicts)


def _copied(folder: Path) -> Copy:
    tree, environment = folder / "tree", folder / "venv"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache"))
    # Known by its source's hash: two changes within one second may have one length.
    by_hash = py_compile.PycInvalidationMode.CHECKED_HASH
    compileall.compile_dir(tree / "aeforge_cli", quiet=2, invalidation_mode=by_hash)
    venv.create(environment, symlinks=True)
    scripts, ours = environment / "bin", Path(sys.executable).parent
    python = scripts / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    # As paths alone: the editable install, which points at the original, is a .pth file itself and is not read.
    (packages / "copy.pth").write_text(f"{tree}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    for script in ours.iterdir():
        if not os.path.lexists(scripts / script.name) and script.name != "aeforge":
            (scripts / script.name).symlink_to(script)
    command = scripts / "aeforge"
    command.write_text(
        f"#!{python}\nfrom aeforge_cli.__main__ import main\nraise SystemExit(main())\n", encoding="utf-8"
    )
    command.chmod(0o755)
    return Copy(tree, python)


def _verdicts(copy: Copy, mutants: list[Mutant]) -> Iterator[str]:
    sound: dict[tuple[str, ...], bool] = {}
    for mutant in mutants:
        tests = tuple(mutant.tests)
        if tests not in sound:
            sound[tests] = copy.status(mutant.tests) == 0
        verdict = _judged(copy, mutant) if sound[tests] else "broken"
        sys.stdout.write(f"{verdict:6} {mutant.file}: {mutant.old!r} -> {mutant.new!r}\n")
        sys.stdout.flush()
        yield verdict


def _judged(copy: Copy, mutant: Mutant) -> str:
    path = copy.tree / mutant.file
    exists = path.exists()
    text = path.read_text(encoding="utf-8") if exists else ""
    if text.count(mutant.old) != 1:
        return "broken"
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    verdict = {0: "GREEN", _FAILED: "red"}.get(copy.status(mutant.tests), "broken")
    if exists:
        path.write_text(text, encoding="utf-8")
    else:
        path.unlink()
    return verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
