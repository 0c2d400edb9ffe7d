"""Another process with the same journal, which says a line for each answer.

python -m tests.journal.worker URL FOLDER ACTION WORDS
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aeforge_cli.errors import AeforgeError
from aeforge_cli.journal.interface import Claimed, Intent, Journal, Limit, Reuse, State, Step, Taken
from aeforge_cli.journal.opening import open_journal

SERVICE, ACCOUNT = "https://api.test/v1", "a1b2"


def intent(work: str) -> Intent:
    return Intent(work=work, service=SERVICE, account=ACCOUNT, operation="inpaint", output=f"/out/{work}.png")


def main(url: str, folder: str, action: str, *words: str) -> None:
    try:
        journal = open_journal(url, Path(folder), history=True)
        say("open")
        sys.stdin.readline()  # all begin at once
        ACTIONS[action](journal, *words)
        journal.close()
    except AeforgeError as error:
        say(f"{type(error).__name__}: {error.message}; {error.why}; {error.hint}")


def say(text: str) -> None:
    print(text, flush=True)


def claim(journal: Journal, work: str, limit: Limit | None = None) -> str:
    match journal.claim(intent(work), datetime.now(UTC), Reuse.FINISHED, limits=[limit] if limit else []):
        case Claimed(number):
            return f"claimed {number}"
        case Taken(row, is_live):
            return f"taken {row.number} {row.state} {'live' if is_live else 'dead'}"
        case other:
            return type(other).__name__


def race(journal: Journal, *works: str) -> None:
    """Takes what it can of these."""
    for work in works:
        say(f"{work} {claim(journal, work)}")


def spend(journal: Journal, amount: str, *works: str) -> None:
    """Takes what a budget of so many jobs allows."""
    limit = Limit(int(amount), None, "2026-01-01", f"{amount}/day", "")
    for work in works:
        say(f"{work} {claim(journal, work, limit)}")


def hold(journal: Journal, work: str, job_id: str = "") -> None:
    """Takes one, accepted under the id if there is one, and waits for a line or the end."""
    say(claim(journal, work))
    if job_id:
        journal.record(1, Step(State.ACCEPTED, job_id=job_id), datetime.now(UTC))
        say("accepted")
    sys.stdin.readline()


def die(journal: Journal, work: str) -> None:
    """Takes one, and is killed."""
    say(claim(journal, work))
    os.kill(os.getpid(), signal.SIGKILL)


def record(journal: Journal, work: str, job_id: str) -> None:
    """Takes one, and once it is told to, records its id; says what came of that."""
    say(claim(journal, work))
    sys.stdin.readline()
    journal.record(1, Step(State.ACCEPTED, job_id=job_id), datetime.now(UTC))
    say("recorded")


ACTIONS: dict[str, Callable[..., None]] = {"race": race, "spend": spend, "hold": hold, "die": die, "record": record}


if __name__ == "__main__":
    main(*sys.argv[1:])
