"""Who may import whom, and what a start may load."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import certifi
import pytest

from tests.conftest import Home

PACKAGE = Path(__file__).parents[2] / "aeforge_cli"
# Each part may import what stands in the rows below its own, and nothing beside or above it.
FLOORS = (
    ("__main__",),
    ("cli",),
    ("commands",),
    ("session",),
    ("output", "manual"),
    ("jobs", "config", "local_sandbox"),
    ("journal", "api"),
    ("files", "process", "redaction"),
    ("errors", "phrases", "extras", "dataclass"),
)
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}
HOMES = {
    "typer": {"manual", "commands"},
    "rich": {"output"},
    "PIL": {"output"},
    "requests": {"api"},
    "urllib3": {"api"},
    "certifi": {"api"},
    "platformdirs": {"config"},
    "tomlkit": {"config"},
    "keyring": {"config"},
    "sqlite3": {"journal"},
    "psycopg": {"journal"},
}
STARTS = {
    "--version": ["--version"],
    "--help": ["--help"],
    "inpaint --help": ["inpaint", "--help"],
    "--dry-run": ["inpaint", "photo.png", "-p", "x", "--dry-run"],
    "upscale --help": ["upscale", "--help"],
    "upscale --dry-run": ["upscale", "photo.png", "--dry-run"],
    "--dry-run of a list": ["sprite", "make", ".", "--resume", "-p", "x", "--dry-run"],
}
LATE = {
    "requests",
    "urllib3",
    "certifi",
    "rich",
    "sqlite3",
    "psycopg",
    "http.server",
    "http.client",
    "pydantic",
    "fastapi",
    "PIL",
    "numpy",
    "tomlkit",
    "keyring",
    "decimal",
    "shlex",
}


def name_of(path: Path) -> str:
    """The module below the package: `jobs`, `commands.job`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Every module that runs when this one does, or when a function in it does; not what types alone need."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(below)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for below in ast.walk(node)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Import(names) if id(node) not in typing_only:
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names) if id(node) not in typing_only:
                yield from (f"{module}.{alias.name}" if module == "aeforge_cli" else str(module) for alias in names)
            case _:
                pass


MODULES = {name_of(path): set(imported(path)) for path in PACKAGE.rglob("*.py")}
OURS = {
    name: {found.removeprefix("aeforge_cli.") for found in imports if found.removeprefix("aeforge_cli.") in MODULES}
    for name, imports in MODULES.items()
}


@pytest.mark.parametrize("foreign", HOMES)
def test_a_library_is_known_in_one_place(foreign: str) -> None:
    users = {
        name.partition(".")[0]
        for name, imports in MODULES.items()
        if not name.startswith("sandbox") and any(found.partition(".")[0] == foreign for found in imports)
    }

    assert users == HOMES[foreign]


def part(name: str) -> str:
    return name.partition(".")[0]


def test_every_part_of_the_client_has_its_floor() -> None:
    parts = {part(name) for name in OURS if name not in ("", "__init__")} - {"sandbox"}

    assert parts == set(FLOOR)


def test_imports_only_go_down() -> None:
    upward = {
        f"{name} imports {found}"
        for name, imports in OURS.items()
        if part(name) in FLOOR
        for found in imports
        if part(found) in FLOOR and part(found) != part(name) and FLOOR[part(found)] <= FLOOR[part(name)]
    }

    assert upward == set()


def test_no_module_leads_back_to_itself() -> None:
    client = {name: found - {"sandbox"} for name, found in OURS.items() if not name.startswith("sandbox")}

    assert set(TopologicalSorter(client).static_order()) == set(client)


def test_no_two_classes_of_the_client_share_a_name() -> None:
    homes: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if part(name_of(path)) != "sandbox":
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    homes.setdefault(node.name, []).append(name_of(path))

    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_a_command_knows_no_other_command() -> None:
    known = {
        f"{name} imports {found}"
        for name, imports in OURS.items()
        for found in imports
        if found.startswith("commands.") and not found.startswith("commands._shared") and name.startswith("commands")
    }

    assert known == set()


def test_the_sandbox_and_the_client_do_not_know_each_other() -> None:
    known = {
        name: {each for each in OURS[name] if not each.startswith("sandbox")}
        for name in OURS
        if name.startswith("sandbox")
    }
    users = {name for name, found in OURS.items() if "sandbox" in found and not name.startswith("sandbox")}

    assert {name: found for name, found in known.items() if found} == {}
    assert users == {"commands.sandbox", "commands.doctor"}


@pytest.mark.parametrize("arguments", STARTS.values(), ids=STARTS)
def test_a_start_loads_only_what_it_needs(arguments: list[str], home: Home, photo: Path) -> None:
    code = (
        "import os, sys; os._exit = sys.exit; before = set(sys.modules)\n"
        "from aeforge_cli.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(' '.join(sys.modules.keys() - before))"
    )

    run = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**home.env, "SSL_CERT_FILE": certifi.where()},  # as on many machines of companies
        cwd=photo.parent,
    )

    loaded = set(run.stderr.splitlines()[-1].split())
    assert "aeforge_cli" in loaded
    assert loaded & LATE == set()


def test_the_help_of_the_root_loads_no_command_and_the_version_nothing_at_all(home: Home) -> None:
    code = "import os, sys; os._exit = sys.exit; sys.argv = ['aeforge', '{}']\nfrom aeforge_cli.__main__ import main\n"
    code += "try: main()\nexcept SystemExit: pass\n"
    tell = "sys.stderr.write(' '.join(name for name in sys.modules if name.startswith(('aeforge_cli.', 'typer'))))"

    loaded = {
        option: subprocess.run(
            [sys.executable, "-c", code.format(option) + tell], capture_output=True, text=True, check=True, env=home.env
        ).stderr.split()
        for option in ("--version", "--help")
    }

    assert loaded["--version"] == ["aeforge_cli.__main__"]
    assert [name for name in loaded["--help"] if name.startswith(("typer", "aeforge_cli.commands"))] == []
