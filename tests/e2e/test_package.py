"""The package: built as for a release, installed where nothing of this tree is, and looked at."""

import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from aeforge_cli import __version__
from aeforge_cli.manual.from_typer import whole_tree
from aeforge_cli.manual.man import pages
from tests.conftest import Home, make_home

ROOT = Path(__file__).parents[2]
DATA = f"aeforge-{__version__}.data/data"
SHARED = {
    "share/bash-completion/completions/aeforge": "completions/aeforge.bash",
    "share/zsh/site-functions/_aeforge": "completions/_aeforge",
    "share/fish/vendor_completions.d/aeforge.fish": "completions/aeforge.fish",
    **{f"share/man/man1/{name}": f"man/{name}" for name in pages(whole_tree())},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and with the wheel made from it."""
    pytest.importorskip("hatchling", reason="hatchling builds the package, and nothing may be fetched here")
    folder = tmp_path_factory.mktemp("dist")
    run = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@dataclass(frozen=True)
class Installed:
    """A virtual environment that holds the wheel; what the wheel needs is lent from ours."""

    folder: Path
    home: Home

    def run(self, *words: str) -> str:
        command = self.folder / "bin" / words[0]
        run = subprocess.run(
            [command, *words[1:]], capture_output=True, text=True, check=True, env=self.home.env, cwd=self.home.work
        )
        return run.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "--no-deps", "--no-index", str(wheel)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return Installed(folder, make_home(tmp_path_factory.mktemp("user") / "home"))


def test_the_wheel_holds_the_package_and_nothing_that_does_not_belong(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())

    tracked = subprocess.run(["git", "ls-files", "aeforge_cli"], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = {name for name in names if name.startswith("aeforge_cli/")}
    others = {name.partition("/")[0] for name in names - ours}
    assert set(tracked.stdout.splitlines()) - ours == set()
    assert [name for name in ours if re.search(r"__pycache__|\.pyc$|test", name)] == []
    assert others == {f"aeforge-{__version__}.data", f"aeforge-{__version__}.dist-info"}


def test_completions_and_man_pages_are_where_shells_and_man_look(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)

    found = {name.removeprefix(f"{DATA}/"): archive.read(name) for name in archive.namelist() if name.startswith(DATA)}

    assert found == {place: (ROOT / source).read_bytes() for place, source in SHARED.items()}


def test_the_sdist_holds_what_the_tests_need(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")

    with tarfile.open(path) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}

    assert {"aeforge_cli", "completions", "man", "tests", "LICENSE", "README.md", "pyproject.toml"} - tops == set()
    assert tops & {".github", ".ci", ".venv", ".hypothesis"} == set()


def test_the_version_stands_in_one_place(wheel: Path) -> None:
    metadata = zipfile.ZipFile(wheel).read(f"aeforge-{__version__}.dist-info/METADATA").decode()

    sources = [path for path in (ROOT / "aeforge_cli").rglob("*.py") if f'"{__version__}"' in path.read_text("utf-8")]
    assert f"\nVersion: {__version__}\n" in metadata
    assert [str(path.relative_to(ROOT)) for path in sources] == ["aeforge_cli/__init__.py"]
    assert f'"{__version__}"' not in (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_installed_command_is_the_wheel_and_works(installed: Installed) -> None:
    where = installed.run("python", "-c", "import aeforge_cli; print(aeforge_cli.__file__)").strip()

    assert Path(where).is_relative_to(installed.folder)
    assert installed.run("aeforge", "--version") == f"aeforge {__version__}\n"
    assert installed.run("aeforge", "config", "get", "timeout") == "10m\n"


def test_what_is_installed_is_what_the_command_prints(installed: Installed) -> None:
    for shell, place in (
        ("bash", "share/bash-completion/completions/aeforge"),
        ("zsh", "share/zsh/site-functions/_aeforge"),
        ("fish", "share/fish/vendor_completions.d/aeforge.fish"),
    ):
        assert installed.run("aeforge", "completion", shell) == (installed.folder / place).read_text()


def test_the_installed_pages_are_found_beside_the_command(installed: Installed) -> None:
    assert {path.name for path in (installed.folder / "share/man/man1").iterdir()} == set(pages(whole_tree()))
