"""The sandbox knows nothing of the client, and costs nothing until it serves."""

import ast
import subprocess
import sys
from pathlib import Path

import aeforge_cli.sandbox

FOLDER = Path(aeforge_cli.sandbox.__file__).parent
HEAVY = {"fastapi", "starlette", "pydantic", "uvicorn", "h11", "numpy", "PIL", "onnxruntime", "asyncio", "requests"}


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {f"{'.' * node.level}{node.module}" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_sandbox_imports_nothing_of_the_client() -> None:
    imported = {name for path in FOLDER.rglob("*.py") for name in imported_by(path)}

    ours = {name for name in imported if name.split(".")[0] in {"aeforge_cli", ""}}

    assert ours
    assert {name for name in ours if not (name + ".").startswith("aeforge_cli.sandbox.")} == set()


def test_to_know_its_options_loads_no_server() -> None:
    script = "import sys, aeforge_cli.sandbox; print(*{name.split('.')[0] for name in sys.modules})"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)

    assert HEAVY & set(loaded.stdout.split()) == set()
