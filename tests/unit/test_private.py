"""Files and folders of our own: what they are is looked at before anything is done to them."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from aeforge_cli.files.private import made_private, private_folder
from aeforge_cli.files.regular import NotRegular, descriptor_of

KINDS = ("a folder", "a pipe", "a socket", "a device")


@pytest.fixture(params=KINDS)
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A file that is no regular one, by its kind."""
    kind, path = str(request.param), tmp_path / "odd"
    match kind:
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a device":
            path = Path(os.devnull)
        case _:
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))
                yield kind, path
            return
    yield kind, path


@pytest.mark.parametrize("linked", [False, True], ids=["itself", "through a link"])
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT], ids=["reading", "writing"])
def test_only_a_regular_file_is_opened(odd: tuple[str, Path], tmp_path: Path, flags: int, linked: bool) -> None:
    kind, path = odd
    if linked:
        (tmp_path / "link").symlink_to(path)
        path = tmp_path / "link"

    with pytest.raises(NotRegular) as refused:
        descriptor_of(path, flags)

    assert refused.value.strerror == f"it is {kind}, not a regular file"


class Swapped(type(Path())):  # type: ignore[misc]  # the class of the system's paths
    """A file in whose place a FIFO stands as soon as it was looked at."""

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        found: os.stat_result = super().stat(follow_symlinks=follow_symlinks)
        self.unlink()
        os.mkfifo(self)
        return found


def test_what_takes_the_name_of_a_file_between_looking_and_opening_is_not_used(tmp_path: Path) -> None:
    path = Swapped(tmp_path / "config.toml")
    path.touch()

    with pytest.raises(NotRegular):
        descriptor_of(path)


def test_a_regular_file_is_opened_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")

    with os.fdopen(descriptor_of(tmp_path / "link")) as stream:
        assert stream.read() == "x"


def test_a_file_that_is_made_is_private(tmp_path: Path) -> None:
    os.close(descriptor_of(tmp_path / "new", os.O_RDWR | os.O_CREAT))

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_file_that_is_missing_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        descriptor_of(tmp_path / "none")


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    assert private_folder(tmp_path / "a" / "b") == []
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o777, 0o711], ids=oct)
def test_a_folder_that_others_may_enter_is_made_private_with_a_warning(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "jobs.sqlite3").touch(0o644)
    (folder / "pending-jobs").touch(0o600)
    folder.chmod(mode)

    assert private_folder(folder) == [f"{folder} could be read by others; it is private now"]
    assert (stat.S_IMODE(folder.stat().st_mode), private_folder(folder)) == (0o700, [])


def test_a_folder_that_also_holds_what_others_may_read_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "README.md").touch(0o644)
    folder.chmod(0o755)

    assert (private_folder(folder), stat.S_IMODE(folder.stat().st_mode)) == ([], 0o755)


def test_a_folder_that_all_share_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)

    assert (private_folder(folder), stat.S_IMODE(folder.stat().st_mode)) == ([], 0o1777)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_another_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    folder.chmod(0o755)
    os.chown(folder, 1000, 1000)

    assert (made_private(folder), stat.S_IMODE(folder.stat().st_mode)) == ([], 0o755)


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FileExistsError):
        private_folder(tmp_path / "file")
