"""Which job a person means: an id, the beginning of one, `@last`, or a file that a job made."""

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from aeforge_cli.api.responses import is_job_id
from aeforge_cli.errors import JobNotFound, Usage
from aeforge_cli.files.regular import open_regular
from aeforge_cli.journal.interface import Journal, Row


class FoundBy(StrEnum):
    """How a job was found: by the content of a file, by the path it was saved to, or by its id."""

    CONTENT = "content"
    PATH = "path"
    ID = "id"


class Found(NamedTuple):
    row: Row
    by: FoundBy


def known_job_id(journal: Journal, text: str) -> str:
    """The whole id for `@last` or for the beginning of one id of the journal; anything else is taken as it is.

    Raises Usage where the beginning fits several jobs, or `@last` none.
    """
    if text == "@last":
        last = journal.last()
        if last is None or last.job_id is None:
            raise Usage("There is no last job: the journal is empty", hint="name a job by its id")
        return last.job_id
    if not is_job_id(text):
        return text
    ids = list(dict.fromkeys(row.job_id for row in journal.begins_with(text) if row.job_id))
    if text in ids or not ids:
        return text
    if len(ids) > 1:
        raise Usage(f"{text} is the beginning of {len(ids)} job ids", hint="type more of it: " + ", ".join(ids[:3]))
    return ids[0]


def job_of_content(journal: Journal, sha256: str) -> Row | None:
    """The newest job that made a file of this content."""
    made = next((each for each in journal.made(sha256) if each.job_id), None)
    return journal.by_job_id(made.job_id) if made and made.job_id else None


def job_of(journal: Journal, text: str) -> Found:
    """The job that a file or an id stands for: the content of the file says more than its path.

    Raises JobNotFound, and Usage as `known_job_id`.
    """
    sha256 = digest(Path(text))
    if sha256 and (row := job_of_content(journal, sha256)):
        return Found(row, FoundBy.CONTENT)
    if row := journal.saved_at(text):
        return Found(row, FoundBy.PATH)
    job_id = known_job_id(journal, text)
    if is_job_id(job_id) and (row := journal.by_job_id(job_id)):
        return Found(row, FoundBy.ID)
    raise JobNotFound(
        f"No job is known that made {text}" if sha256 else f"No job is known for {text}",
        why="it may have been edited or converted since, or made on another machine" if sha256 else "",
        hint="aeforge job list shows the jobs of this journal",
    )


def digest(path: Path) -> str | None:
    """The SHA-256 of a regular file's content; None where there is none."""
    try:
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):  # no such file, or a text that cannot be a path
        return None
