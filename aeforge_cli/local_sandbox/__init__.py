"""The sandbox of `--sandbox`: one that runs already, or a new one that lives as long as a command uses it."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aeforge_cli.local_sandbox.users import SandboxUsers

PORT = 8765  # where `aeforge sandbox` listens unless told otherwise

# More ids than this are not written out.
_MOST_IDS = 3


@contextlib.contextmanager
def running_sandbox(state_dir: Path, *, log: Callable[[str], None], note: Callable[[str], None]) -> Iterator[str]:
    """The base URL of a sandbox; `log` gets what it says, `note` what the user must know at its end.

    One that does not prove to be this user's is not used, whatever port it has. Raises Usage where the extra is
    missing, Unreachable where the sandbox does not start.
    """
    from aeforge_cli.local_sandbox.child import START_SECONDS, Child
    from aeforge_cli.local_sandbox.registration import find

    child = None
    with _joined(state_dir) as users:
        with users.turn(seconds=START_SECONDS) if users else contextlib.nullcontext(False) as alone:
            base_url = find(state_dir, first=PORT)
            if base_url is None:
                child = Child(state_dir if alone else None, log=log)
                base_url = child.base_url
            else:
                log(f"using the sandbox that runs at {base_url}")
        try:
            yield base_url
        finally:
            if users:
                users.leave()
            if child and (unfetched := child.end(is_used=bool(users and users.has_others()))):
                for line in _how_to_keep(unfetched, kept=child.keeps_jobs):
                    note(line)


@contextlib.contextmanager
def _joined(state_dir: Path) -> Iterator["SandboxUsers | None"]:
    """The users of the sandbox, this process among them; None where nothing can be shared."""
    from aeforge_cli.errors import CannotSave
    from aeforge_cli.local_sandbox.users import SandboxUsers

    try:
        users = SandboxUsers(state_dir)
        users.join()
    except (OSError, CannotSave):
        yield None
        return
    try:
        yield users
    finally:
        users.leave()


def _how_to_keep(job_ids: Sequence[str], *, kept: bool) -> tuple[str, str]:
    """What to do about links that nobody can open any more; `kept` says that the jobs' results were kept."""
    link, picture = ("link", "picture") if len(job_ids) == 1 else ("links", "pictures")
    ended = f"note: the {link} ended with the sandbox that this command started"
    if not kept:
        return ended, f"next:  to keep the {picture}, add -o FILE, or start `aeforge sandbox` first"
    few = f"aeforge job wait {' '.join(job_ids)}"
    many = f"aeforge job list --limit {len(job_ids)} --format '{{job_id}}' | aeforge job wait -"
    wait = few if len(job_ids) <= _MOST_IDS else many
    return f"{ended}; to save the {picture}:", f"next:  {wait} -o out/ --sandbox"
