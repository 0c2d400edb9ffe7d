"""Which job a person means: an id, the beginning of one, `@last`, or a file that a job made."""

import hashlib
import os
from pathlib import Path

from aeforge_cli.errors import JobNotFound, Usage
from aeforge_cli.journal.interface import Journal, Row


def known_job_id(journal: Journal, text: str) -> str:
    """The whole id for `@last` or for the beginning of one id of the journal; anything else is taken as it is.

    Raises Usage where the beginning fits several jobs, or `@last` none.
    """
    if text == "@last":
        last = journal.last()
        if last is None or last.job_id is None:
            raise Usage("There is no last job", hint="the journal is empty: aeforge job list")
        return last.job_id
    ids = list(dict.fromkeys(row.job_id for row in journal.begins_with(text) if row.job_id))
    if text in ids or not ids:
        return text
    if len(ids) > 1:
        raise Usage(f"{text} is the beginning of {len(ids)} job ids", hint="give more of it: " + ", ".join(ids[:3]))
    return ids[0]


def job_of_file(journal: Journal, path: str) -> Row | None:
    """The newest job that made the file: by its content, then by its name."""
    if os.path.isfile(path):  # noqa: PTH113 - the text may be anything
        with Path(path).open("rb") as stream:
            made = journal.made(hashlib.file_digest(stream, "sha256").hexdigest())
        for each in made:
            if each.job_id and (row := journal.by_job_id(each.job_id)):
                return row
    return journal.saved_at(path)


def job_of(journal: Journal, text: str) -> Row:
    """The job that an id or a file stands for. Raises JobNotFound, Usage."""
    row = job_of_file(journal, text) or journal.by_job_id(known_job_id(journal, text))
    if row is None:
        raise JobNotFound(f"No job is known for {text}", hint="aeforge job list shows the jobs of this journal")
    return row
