"""Ids that a journal has not taken yet: on the disk while it takes long, and until it has them."""

import time
from pathlib import Path

import pytest

from aeforge_cli.errors import JournalBusy
from aeforge_cli.journal.untaken import KEPT_AFTER, Note, Untaken
from tests.journal.conftest import JOB

NOTE = Note("run", 1, JOB)


def notes(folder: Path) -> list[Path]:
    return list(folder.glob("untaken/*.json"))


def failed(folder: Path) -> None:
    with pytest.raises(JournalBusy), Untaken(folder, "").kept(NOTE):
        raise JournalBusy("locked")


def test_a_note_is_kept_while_the_journal_takes_long_and_no_longer(tmp_path: Path) -> None:
    with Untaken(tmp_path, "").kept(NOTE):
        before = notes(tmp_path)
        time.sleep(KEPT_AFTER + 0.5)
        meanwhile = notes(tmp_path)

    assert (len(before), len(meanwhile), len(notes(tmp_path))) == (0, 1, 0)


def test_a_note_stays_until_the_journal_has_taken_it(tmp_path: Path) -> None:
    failed(tmp_path)
    told: list[Note] = []

    def locked(_note: Note) -> None:
        raise JournalBusy("locked")

    with pytest.raises(JournalBusy):
        Untaken(tmp_path, "").settle(locked)
    Untaken(tmp_path, "").settle(told.append)

    assert (told, notes(tmp_path)) == ([NOTE], [])


def test_a_note_for_another_journal_is_left_to_it(tmp_path: Path) -> None:
    failed(tmp_path)
    told: list[Note] = []

    Untaken(tmp_path, "elsewhere").settle(told.append)

    assert (told, len(notes(tmp_path))) == ([], 1)


def test_notes_are_private(tmp_path: Path) -> None:
    failed(tmp_path)

    assert (tmp_path / "untaken").stat().st_mode & 0o077 == 0
