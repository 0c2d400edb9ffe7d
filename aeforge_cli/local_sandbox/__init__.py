"""The sandbox of `--sandbox`: one that this user runs already, or one of its own for the length of a command."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PORT = 8765  # where `aeforge sandbox` listens unless told otherwise

# Longer lists of ids are left to `aeforge job list`.
_MOST_IDS = 3


@contextlib.contextmanager
def running_sandbox(state_dir: Path, *, log: Callable[[str], None], note: Callable[[str], None]) -> Iterator[str]:
    """The base URL of a sandbox; `log` gets what it says, `note` what the user must know at its end.

    One that does not prove to be this user's is not used, whatever port it has. Raises Usage where the extra is
    missing, Unreachable where the sandbox does not start.
    """
    from aeforge_cli.local_sandbox.child import own_folder, started
    from aeforge_cli.local_sandbox.registration import find

    found = find(state_dir, first=PORT)
    if found is not None:
        log(f"using the sandbox that runs at {found}")
        yield found
        return
    with own_folder(state_dir) as folder:

        def ended(unfetched: Sequence[str]) -> None:
            if unfetched:
                note(_how_to_keep(unfetched, kept=folder is not None))

        with started(folder, log=log, ended=ended) as base_url:
            yield base_url


def _how_to_keep(job_ids: Sequence[str], *, kept: bool) -> str:
    """What to do about links that nobody can open any more; `kept` says that the jobs' results were kept."""
    link, picture = ("link", "picture") if len(job_ids) == 1 else ("links", "pictures")
    ended = f"note: the {link} ended with the sandbox that this command started"
    if not kept:
        return f"{ended}; to keep the {picture}, add -o FILE, or start `aeforge sandbox` first"
    ids = " ".join(job_ids) if len(job_ids) <= _MOST_IDS else "ID... (see aeforge job list)"
    return f"{ended}; to save the {picture}: aeforge job wait {ids} -o out/ --sandbox"
