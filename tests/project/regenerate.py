"""Writes `completions/` and `man/` anew from the command tree: `.venv/bin/python tests/project/regenerate.py`."""

from pathlib import Path

from aeforge_cli.manual.completions import FILE_NAMES, script
from aeforge_cli.manual.from_typer import whole_tree
from aeforge_cli.manual.man import pages

ROOT = Path(__file__).parents[2]


def generated() -> dict[Path, str]:
    """Every generated file, and what it should hold."""
    tree = whole_tree()
    completions = {ROOT / "completions" / name: script(shell, tree) for shell, name in FILE_NAMES.items()}
    return completions | {ROOT / "man" / name: text for name, text in pages(tree).items()}


def stored() -> dict[Path, str]:
    """Every generated file, and what it holds."""
    folders = (ROOT / "completions", ROOT / "man")
    return {path: path.read_text("utf-8") for folder in folders for path in folder.iterdir()}


def main() -> None:
    wanted = generated()
    for path in stored().keys() - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
