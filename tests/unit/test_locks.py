"""A lock that another holds is told from a file system that has no locks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from aeforge_cli.files.locks import NoLocks, is_locked, is_ours, is_removed, lock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.lock"
    path.touch()
    return path


class Unlockable:
    """A file that the kernel locks for nobody, like those of some network mounts."""

    def __init__(self, path: Path) -> None:
        self._number = os.open(path, os.O_PATH)

    def fileno(self) -> int:
        return self._number

    def close(self) -> None:
        os.close(self._number)


@pytest.fixture
def unlockable(path: Path) -> Iterator[BinaryIO]:
    if not hasattr(os, "O_PATH"):
        pytest.skip("only Linux opens files that cannot be locked")
    opened = Unlockable(path)
    yield cast("BinaryIO", opened)
    opened.close()


def test_a_lock_is_held_by_one_until_it_is_closed(path: Path) -> None:
    with path.open("r+b") as one, path.open("r+b") as other:
        lock(one)
        with pytest.raises(BlockingIOError):
            lock(other)
        assert is_locked(other)
        one.close()

        assert not is_locked(other)


def test_another_process_is_kept_away(path: Path) -> None:
    program = "import sys; from aeforge_cli.files.locks import is_locked; print(is_locked(open(sys.argv[1], 'r+b')))"
    with path.open("r+b") as mine:
        lock(mine)

        answer = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)

    assert answer.stdout == "True\n"


def test_where_there_are_no_locks_nobody_holds_one(unlockable: BinaryIO) -> None:
    with pytest.raises(NoLocks):
        lock(unlockable)


@pytest.mark.parametrize("answer", [True, False])
def test_who_asks_says_what_holds_where_there_are_no_locks(unlockable: BinaryIO, answer: bool) -> None:
    assert is_locked(unlockable, without_locks=answer) is answer


def test_where_there_are_no_locks_what_may_be_in_use_is_left_alone(unlockable: BinaryIO) -> None:
    assert is_locked(unlockable)


def test_a_new_file_is_ours(path: Path, unlockable: BinaryIO) -> None:
    with path.open("r+b") as stream:
        assert is_ours(stream)
    assert is_ours(unlockable)


def test_a_file_that_was_removed_before_it_was_locked_is_not_ours(path: Path) -> None:
    with path.open("r+b") as stream:
        path.unlink()

        assert is_removed(stream)
        assert not is_ours(stream)


def test_a_file_that_another_locked_first_is_not_ours(path: Path) -> None:
    with path.open("r+b") as theirs, path.open("r+b") as mine:
        lock(theirs)

        assert not is_ours(mine)
