"""What must hold after every fault, whatever it was: nothing bought twice, lost, torn, leaked, or left lying about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aeforge_cli.commands.job import row_values
from aeforge_cli.journal.sqlite import SqliteJournal
from tests.conftest import Aeforge, Home, Run
from tests.faults.direct import Direct
from tests.faults.fake import API_KEY, SIGNATURE, Fake

KEPT = b"this was here before"
KILLED = 137
LARGE = 100_000_000  # bytes: no file of ours

# Colour, and what moves our own live line on a terminal: cursor up, home, erase line, show or hide the cursor.
_OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[(?:1A|2K|K|\?25[lh]|\?2026[lh])|\r")
_FOREIGN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


@dataclass(frozen=True)
class Rules:
    """What a test may do that the invariants would otherwise forbid."""

    journal: bool = True  # the journal can be read in the end
    files: bool = True  # every file among the results is a whole picture


def assert_invariants(aeforge: Aeforge, fakes: list[Fake], users: list[Direct], outputs: Path, rules: Rules) -> None:
    for fake in fakes:
        assert fake.bought_twice == [], "I1: an input was paid for twice"
        _assert_results_host_told_nothing(fake)
    if rules.files:
        _assert_files_whole(outputs, fakes)
    _assert_nothing_leaked(aeforge.runs, aeforge.home)
    for run in aeforge.runs:
        _assert_nothing_foreign(run)
        _assert_results_only(run)
    if all(run.exit != KILLED for run in aeforge.runs):
        assert list(_unfinished(aeforge.home)) == [], "I6: a temporary file was left behind"
    charged = sum(len(fake.charged) for fake in fakes)
    if charged and aeforge.runs and rules.journal:
        _assert_all_accounted_for(charged, [(row["job_id"], row["state"]) for row in journal(aeforge.home)])
    for user in users:
        # Who only submits, without the life of a job around it, keeps no journal.
        _assert_all_accounted_for(charged if user.rows() else 0, [(row.job_id, row.state) for row in user.rows()])


def journal(home: Home) -> list[dict[str, Any]]:
    """The rows that `aeforge job list --json` prints, newest first."""
    opened = SqliteJournal(home.state)
    rows = [row_values(row) for row in opened.rows()]
    opened.close()
    return rows


def _assert_all_accounted_for(charged: int, rows: list[tuple[str | None, str]]) -> None:
    known = {job_id for job_id, _ in rows if job_id}
    in_doubt = [state for job_id, state in rows if job_id is None and state in {"unknown", "submitting"}]
    lost = charged - len(known) - len(in_doubt)
    assert lost <= 0, f"I2: {lost} of {charged} paid jobs are neither known nor in doubt: {rows}"


def _assert_files_whole(outputs: Path, fakes: list[Fake]) -> None:
    whole = {image for fake in fakes for image in fake.images.values()} | {KEPT}
    for path in outputs.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            assert path.read_bytes() in whole, f"I3: {path} is no complete image"


def _assert_nothing_leaked(runs: list[Run], home: Home) -> None:
    for run in runs:
        told = run.output + run.stderr.encode(errors="surrogateescape")
        assert API_KEY.encode() not in told, "I4: the key was shown"
        assert API_KEY not in " ".join(run.args), "I4: the key was an argument"
        assert run.on_terminal or SIGNATURE not in run.stderr, "I4: a signed link was shown"
    for path in home.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name != "config.toml" and path.stat().st_size < LARGE:
            path.chmod(path.stat().st_mode | 0o400)  # under a umask of 777 its owner may not read it, and root may
            content = path.read_bytes()
            assert API_KEY.encode() not in content, f"I4: the key is in {path}"
            assert SIGNATURE.encode() not in content, f"I4: a signed link is in {path}"


def _assert_results_host_told_nothing(fake: Fake) -> None:
    for request in fake.cdn.requests:
        told = {name for name in request.headers if name in _TELLING or name.startswith("x-")}
        assert told == set(), f"I4: the results' host was told {told}"


_TELLING = {"authorization", "cookie", "referer", "proxy-authorization", "origin"}


def _assert_nothing_foreign(run: Run) -> None:
    left = _OURS.sub("", run.stderr)  # on a terminal, every line also ends with a return of the kernel's
    assert _FOREIGN.search(left) is None, f"I5: foreign control characters in {run.stderr!r}"
    assert "\x1b" not in run.stdout, "I5: an escape sequence in the result"


def _assert_results_only(run: Run) -> None:
    if run.args[:1] == ("inpaint",) and not {"--dry-run", "--help", "-", "/dev/stdout"} & set(run.args):
        for line in run.stdout.splitlines():
            assert _RESULT.fullmatch(line), f"I8: {line!r} is no result"


_RESULT = re.compile(r"\{\"schema\": ?1, .*\}|https?://\S+|[A-Za-z0-9_-]{1,128}|.+\.(?:png|jpg|webp|gif)")


def _unfinished(home: Home) -> Iterator[Path]:
    return (path for path in home.root.rglob("*") if path.suffix in {".part", ".tmp"} or ".aeforge-" in path.name)
