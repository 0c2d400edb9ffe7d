"""Which journal there is: a file on this machine's disk, or a database that machines share."""

from pathlib import Path
from typing import TYPE_CHECKING

from aeforge_cli.errors import Usage

if TYPE_CHECKING:
    from aeforge_cli.journal.interface import Journal


def open_journal(url: str, folder: Path, *, history: bool) -> "Journal":
    """The journal at `postgresql://…`, or without a URL the one in this machine's state folder.

    Raises Usage for another kind of URL and where the extra for it is missing, JournalUnreachable where the server
    cannot be used, JournalUnwritable where the folder cannot be; else as SqliteJournal. There is no silent fall-back.
    """
    if not url:
        from aeforge_cli.journal.sqlite import SqliteJournal

        return SqliteJournal(folder, history=history)
    if not is_postgres(url):
        raise Usage(
            "The journal must be a URL that begins with postgresql://",
            hint='journal = "postgresql://HOST/DATABASE?user=NAME", with the password in PGPASSWORD',
        )
    try:
        import psycopg  # noqa: F401 - whether it is there, and finds its library
    except ImportError as error:
        from aeforge_cli.extras import install_hint

        raise Usage(
            "The journal needs the driver of PostgreSQL", why=str(error), hint=install_hint("postgres")
        ) from None
    from aeforge_cli.journal.postgres import PostgresJournal

    return PostgresJournal(url, folder, history=history)


def is_postgres(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))
