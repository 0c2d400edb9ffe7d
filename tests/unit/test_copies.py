"""A result that is on this disk already is copied, whole or not at all, instead of fetched again."""

import errno
import os
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from aeforge_cli.errors import CannotSave
from aeforge_cli.files.atomic import SavedFile
from aeforge_cli.files.copies import FilesBySize, aside_path, copy_result, find_copy, keep_aside
from aeforge_cli.files.destination import Naming, destination
from aeforge_cli.jobs.copies import copied
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.journal.interface import Row
from tests.conftest import png

CONTENT = png(1)
HASH = sha256(CONTENT).hexdigest()
NAMING = Naming("photo.jpg", "inpaint", date(2026, 1, 31), job_id="550e8400-e29b-41d4-a716-446655440000")


@pytest.fixture
def source(tmp_path: Path) -> SavedFile:
    path = tmp_path / "first.png"
    path.write_bytes(CONTENT)
    return SavedFile(str(path), "https://cdn.test/a.png", len(CONTENT), HASH, 16, 16, "png")


def test_a_copy_is_found_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    for name, content in (("a.png", b"other"), ("b.png", CONTENT), ("c.png", CONTENT)):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "link.png").symlink_to("b.png")
    candidates = [tmp_path / name for name in ("none.png", "a.png", "link.png", ".", "b.png", "c.png")]

    assert find_copy(HASH, candidates) == tmp_path / "b.png"
    assert find_copy(HASH, candidates[:4]) is None


@pytest.mark.parametrize("output", ["second.png", "new/deep/", "{operation}/{n:03d}.{ext}"])
def test_a_result_is_copied_to_where_it_is_wanted(tmp_path: Path, source: SavedFile, output: str) -> None:
    where = destination(f"{tmp_path}/{output}", overwrite=False)

    copy = copy_result(source, where, NAMING)

    assert copy == replace(source, path=str(where.path(NAMING)))
    assert where.path(NAMING).read_bytes() == CONTENT


def test_the_suffix_of_a_copy_is_that_of_its_format(tmp_path: Path, source: SavedFile) -> None:
    copy = copy_result(replace(source, format="jpeg"), destination(f"{tmp_path}/new/", overwrite=False), NAMING)

    assert copy is not None
    assert copy.path == f"{tmp_path}/new/photo.jpg"


@pytest.mark.parametrize("change", ["gone", "changed", "grown", "a folder"])
def test_what_is_no_longer_the_result_is_not_copied(tmp_path: Path, source: SavedFile, change: str) -> None:
    path = Path(source.path)
    path.unlink()
    if change == "a folder":
        path.mkdir()
    elif change != "gone":
        path.write_bytes(CONTENT[:-1] + b"?" if change == "changed" else CONTENT + b"?")
    (tmp_path / "out").mkdir()

    assert copy_result(source, destination(f"{tmp_path}/out/", overwrite=True), NAMING) is None
    assert [*(tmp_path / "out").iterdir()] == []


def test_a_copy_overwrites_nothing_unasked(tmp_path: Path, source: SavedFile) -> None:
    second = tmp_path / "second.png"
    second.write_bytes(b"theirs")

    beside = copy_result(source, destination(str(second), overwrite=False), NAMING)
    replaced = copy_result(source, destination(str(second), overwrite=True), NAMING)

    assert beside is not None
    assert replaced is not None
    assert (Path(beside.path).name, replaced.path) == (f"second-{NAMING.job_id}.png", str(second))
    assert second.read_bytes() == CONTENT


def test_a_copy_that_cannot_be_saved_is_told(tmp_path: Path, source: SavedFile) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotSave):
        copy_result(source, destination(f"{tmp_path}/file/a.png", overwrite=False), NAMING)


@pytest.mark.parametrize("gone", ["first", "second"])
def test_of_a_job_of_several_results_none_is_copied_unless_all_are_there(
    tmp_path: Path, source: SavedFile, gone: str
) -> None:
    lost = replace(source, path=str(tmp_path / "gone.png"), sha256=sha256(b"gone").hexdigest())
    results = (lost, source) if gone == "first" else (source, lost)
    blank: dict[str, Any] = dict.fromkeys(Row._fields)
    row = Row(**blank | {"job_id": NAMING.job_id, "files": results, "results": results})
    where = destination(f"{tmp_path}/new/", overwrite=False)

    assert copied(row, Delivery(NAMING, where), FilesBySize()) == []
    assert not (tmp_path / "new").exists()


# ------------------------------------------------------------------ before a result is replaced


def no_links(_source: object, _name: object) -> None:
    raise OSError(errno.EXDEV, "another file system")


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("there", [None, CONTENT, b"cut"], ids=["nothing there", "kept before", "damaged"])
def test_a_result_is_kept_under_a_hidden_name_whole(
    tmp_path: Path, source: SavedFile, monkeypatch: pytest.MonkeyPatch, there: bytes | None, *, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    folder = tmp_path / "other"
    folder.mkdir()
    aside = aside_path(folder, HASH)
    if there is not None:
        aside.write_bytes(there)

    assert keep_aside(Path(source.path), HASH, folder)
    Path(source.path).unlink()
    assert ([path.name for path in folder.iterdir()], aside.read_bytes()) == ([aside.name], CONTENT)
    assert aside.name.startswith(".")


def test_what_has_other_content_by_now_is_not_kept_as_what_it_was(tmp_path: Path, source: SavedFile) -> None:
    Path(source.path).write_bytes(b"another")

    assert not keep_aside(Path(source.path), HASH, tmp_path)


def test_a_result_that_cannot_be_kept_is_told(
    tmp_path: Path, source: SavedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", no_links)

    with pytest.raises(CannotSave):
        keep_aside(Path(source.path), HASH, tmp_path / "missing")
