"""Completions and man pages in the repository are those of the command tree."""

from tests.project.regenerate import ROOT, generated, stored


def test_completions_and_man_pages_are_fresh() -> None:
    wanted, found = generated(), stored()

    stale = sorted(str(path.relative_to(ROOT)) for path in wanted.keys() | found if wanted.get(path) != found.get(path))

    assert stale == [], "run: .venv/bin/python tests/project/regenerate.py"
