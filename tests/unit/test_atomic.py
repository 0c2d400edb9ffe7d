"""Files are whole or not there, and nobody else's file is ever touched."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aeforge_cli.files import atomic
from aeforge_cli.files.atomic import PART_PREFIX, PART_SUFFIX, PartFile, sweep, write_whole
from tests.conftest import png

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names, rights and locks of POSIX")
JOB = "550e8400-e29b-41d4-a716-446655440000"
LEFT = f"{PART_PREFIX}left{PART_SUFFIX}"


def part_with(folder: Path, content: bytes) -> PartFile:
    part = PartFile(folder)
    part.__enter__()
    part.write(content)
    return part


# ------------------------------------------------------------------ what a killed process left


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / LEFT).write_bytes(b"half")

    sweep(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_what_is_still_being_received_is_not_swept(tmp_path: Path) -> None:
    with PartFile(tmp_path) as part:
        part.write(png())
        sweep(tmp_path)

        assert part.keep(tmp_path / "out.png", replace=False, job_id=JOB) == tmp_path / "out.png"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"out.png": png()}


def test_what_another_process_is_receiving_is_not_swept(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from aeforge_cli.files.atomic import PartFile\n"
        "with PartFile(pathlib.Path(sys.argv[1])): print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"open\n"

        sweep(tmp_path)

        assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("kind", ["a link", "a FIFO", "a folder"])
def test_only_files_are_swept(tmp_path: Path, kind: str) -> None:
    folder, target = tmp_path / "out", tmp_path / "mine.png"
    folder.mkdir()
    target.write_bytes(png())
    make = {"a link": lambda path: path.symlink_to(target), "a FIFO": os.mkfifo, "a folder": os.mkdir}
    make[kind](folder / LEFT)

    sweep(folder)

    assert (os.path.lexists(folder / LEFT), target.read_bytes()) == (True, png())


# ------------------------------------------------------------------ names


def test_a_name_that_was_taken_meanwhile_stays_anothers(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"another's")
    with PartFile(tmp_path) as part:
        part.write(png())

        kept = part.keep(tmp_path / "out.png", replace=False, job_id=JOB)

    assert (kept.name, (tmp_path / "out.png").read_bytes()) == (f"out-{JOB}.png", b"another's")


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A file that is to get a name on a disk that knows no links."""
    path = tmp_path / "part"
    path.write_bytes(png())
    return path


@pytest.mark.parametrize("rename", ["_rename_to_free", "_rename_to_placeholder"])
def test_on_a_disk_without_links_a_name_that_is_taken_stays_anothers(tmp_path: Path, part: Path, rename: str) -> None:
    (tmp_path / "out.png").write_bytes(b"another's")

    with pytest.raises(FileExistsError):
        getattr(atomic, rename)(part, tmp_path / "out.png")

    assert ((tmp_path / "out.png").read_bytes(), part.read_bytes()) == (b"another's", png())


def test_a_name_that_was_claimed_for_a_file_that_does_not_come_is_free_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        atomic._rename_to_placeholder(tmp_path / "gone", tmp_path / "out.png")

    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------ rights, and the disk


def test_a_result_has_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib; os.umask(int(sys.argv[1], 8)); from aeforge_cli.files.atomic import write_whole\n"
        "write_whole(pathlib.Path(sys.argv[2]), 'x')"
    )
    modes = {}
    for mask in ("022", "027", "077"):
        path = tmp_path / mask
        subprocess.run([sys.executable, "-c", program, mask, path], check=True)
        modes[mask] = oct(stat.S_IMODE(path.stat().st_mode))

    assert modes == {"022": "0o644", "027": "0o640", "077": "0o600"}


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, strace: str) -> None:
    program = (
        "import sys, pathlib; from aeforge_cli.files.atomic import write_whole\n"
        "write_whole(pathlib.Path(sys.argv[1]), 'x')"
    )
    log = tmp_path / "log"
    traced = [strace, "-f", "-o", str(log), "-e", "trace=fsync,fdatasync,rename,renameat,renameat2", sys.executable]

    subprocess.run([*traced, "-c", program, str(tmp_path / "out")], check=True)

    calls = [line.split()[1].partition("(")[0] for line in log.read_text().splitlines() if " = 0" in line]
    assert calls == ["fsync", "rename"]


def test_readers_see_the_old_text_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("old")
    with path.open() as reader:
        write_whole(path, "new, and longer")

        assert (reader.read(), path.read_text()) == ("old", "new, and longer")
    assert [each.name for each in tmp_path.iterdir()] == ["text"]
