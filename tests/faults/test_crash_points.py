"""A process that dies, or a service that lies, at every single step: nothing is paid twice, nothing paid is lost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Aeforge, make_home, png
from tests.faults.conftest import SOAK, Edit
from tests.faults.direct import Direct, inpaint, order
from tests.faults.fake import Fake, told_as_json
from tests.faults.invariants import KILLED
from tests.faults.origin import JUNK, Answer, End
from tests.faults.tracing import calls, killing, tracing

# What POST, journal, download and rename are made of.
WATCHED = (
    "connect",
    "sendto",
    "recvfrom",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "ftruncate",
    "link",
    "linkat",
    "rename",
    "unlink",
    "fchmod",
    "openat",
    "flock",
    "fcntl",
)
KILLS = 12


@dataclass(frozen=True)
class Moment:
    """The N-th call of one name, as strace counts them."""

    name: str
    number: int


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory, strace: str) -> Iterator[list[Moment]]:
    """All calls of a whole run that touch the journal, the network or the result; the libraries' own are left out."""
    root = tmp_path_factory.mktemp("whole")
    fake, aeforge = Fake(), Aeforge(make_home(root))
    photo, log = aeforge.home.work / "photo.png", root / "strace"
    photo.write_bytes(png(0x336699))
    (aeforge.home.work / "out").mkdir()
    under = tracing(strace, WATCHED, log)
    words = ("inpaint", photo, "-p", "blue sky", "--json", "-o", aeforge.home.work / "out" / "sky.png")
    run = aeforge.start(*words, env=fake.env, under=under).finish()
    assert run.exit == 0
    yield _moments(log, str(aeforge.home.root))
    aeforge.close()
    fake.close()


def _moments(log: Path, home: str) -> list[Moment]:
    counted: dict[tuple[int, str], int] = {}
    found: list[Moment] = []
    for call in calls(log):
        key = (call.thread, call.name)
        counted[key] = counted.get(key, 0) + 1
        if any(mark in call.text.replace(f"AT_FDCWD<{home}", "") for mark in (home, "TCP:", "socket:", "sin_port")):
            found.append(Moment(call.name, counted[key]))
    return found


@pytest.mark.row("E1")
@pytest.mark.parametrize("part", range(KILLS * SOAK))
def test_a_process_killed_at_any_system_call_loses_nothing(
    edit: Edit, fake: Fake, out: Path, strace: str, moments: list[Moment], part: int
) -> None:
    moment = moments[len(moments) * part // (KILLS * SOAK)]
    under = killing(strace, (moment.name, moment.number))

    killed = edit.start("-o", out / "sky.png", under=under).finish()
    saved = (out / "sky.png").exists()
    after = edit("-o", out / "sky.png")

    assert killed.exit in {KILLED, 0}  # how often a socket is read or a line is written may differ by one
    assert after.exit in ({9} if saved else {0, 10})
    assert (out / "sky.png").exists() or after.exit == 10
    assert edit.states()[-1] in ({"unknown"} if after.exit == 10 else {"saved", "succeeded"})


SWAPPED = ("a.png", "b.png")
STEPS = [(name, number) for name in ("link", "rename", "unlink", "fsync") for number in (1, 2)]


@pytest.mark.parametrize("step", STEPS, ids=[f"{name} {number}" for name, number in STEPS])
def test_files_that_change_places_are_both_there_whenever_the_process_dies(
    aeforge: Aeforge, fake: Fake, out: Path, strace: str, step: tuple[str, int]
) -> None:
    lines = [{"out": f"out/{name}", "prompt": name} for name in SWAPPED]
    common = {"common": {"operation": "generate", "model": "nano-banana"}}
    (aeforge.home.work / "assets.jsonl").write_text("\n".join(map(json.dumps, [common, *lines])))
    words = ("build", "assets.jsonl", "--poll-interval", "0.1")
    aeforge(*words, env=fake.env)
    before = {name: (out / name).read_bytes() for name in SWAPPED}
    for name, content in zip(SWAPPED, reversed(before.values()), strict=True):
        (out / name).write_bytes(content)
    fake.downloads.always(lambda _request: Answer(410))

    killed = aeforge.start(*words, env=fake.env, under=killing(strace, step)).finish()
    left = {path.read_bytes() for path in out.iterdir()}
    after = aeforge(*words, env=fake.env)

    assert killed.exit == KILLED or step[1] > 1  # strace counts the calls of each thread
    assert left.issuperset(before.values())
    assert (after.exit, len(fake.charged)) == (0, 2)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


TROUBLES = st.sampled_from(
    [
        Answer(raw=b"", end=End.FIN),
        Answer(raw=b"", end=End.RESET),
        Answer(raw=JUNK, end=End.FIN),
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Le", end=End.FIN),
        Answer(raw=b"", read=64, end=End.RESET, charges=False),
        Answer(200, b"<html>"),
        Answer(200, b"{}"),
        Answer(302, headers={"Location": "/elsewhere"}),
        Answer(400),
        Answer(401),
        Answer(402),
        Answer(403),
        Answer(404),
        Answer(408),
        Answer(413),
        Answer(422, b'{"detail": [{"loc": null, "msg": null}]}'),
        Answer(429),
        Answer(429, headers={"Retry-After": "3"}),
        Answer(500),
        Answer(502),
        Answer(503),
        Answer(503, headers={"Retry-After": "3"}),
        Answer(520),
        told_as_json({"status": "Failed"}),
        told_as_json({"status": "Pending"}),
        told_as_json({"status": "Succeed", "image_urls": []}),
        told_as_json({"job_id": "../user"}),
    ]
)
SCRIPTS = st.lists(st.none() | TROUBLES, max_size=5)
# What the kernel took may never have reached the service: then the doubt is about nothing.
MAY_HAVE_COST = {"not_sent": {0}, "rejected": {0}, "unknown": {0, 1}}
ENDINGS = {0, 1, 2, 3, 4, 5, 7, 8, 10}


@pytest.mark.row("A7", "A26", "B1", "B2", "C1")
@settings(max_examples=40 * SOAK)
@given(submissions=SCRIPTS, polls=SCRIPTS, downloads=SCRIPTS, shade=st.integers(0, 2**24 - 1))
def test_whatever_the_service_says_the_journal_knows_what_was_paid(
    fake: Fake,
    user: Direct,
    out: Path,
    submissions: list[Answer | None],
    polls: list[Answer | None],
    downloads: list[Answer | None],
    shade: int,
) -> None:
    number = len(user.rows())
    paid = len(fake.charged)
    fake.repeats = number + 1
    for script, answers in ((fake.submissions, submissions), (fake.polls, polls), (fake.downloads, downloads)):
        script.queue.clear()
        script.says(*answers)

    ending = user.run(order(out / f"{number}.png", anew=True, content=png(shade)))

    row = user.rows()[-1]
    bought = len(fake.charged) - paid
    saved = (out / f"{number}.png").exists()
    assert int(ending.split()[-1]) in ENDINGS
    assert bought in MAY_HAVE_COST.get(row.state, {1})
    assert saved == (row.state == "saved") == ending.startswith("done")
    assert (row.job_id is None) == (row.state in {"not_sent", "rejected", "unknown"})


CUTS = st.floats(0, 1)


@pytest.mark.row("A5", "A12")
@settings(max_examples=40 * SOAK)
@given(read=CUTS, cut=CUTS, end=st.sampled_from([End.FIN, End.RESET]), size=st.sampled_from([16, 200, 700]))
def test_wherever_the_exchange_breaks_one_submission_is_paid_at_most_once(
    fake: Fake, user: Direct, read: float, cut: float, end: End, size: int
) -> None:
    content = png(5, side=size, packed=False)
    whole = told_as_json({"job_id": "job"})
    length = len(content) + 500
    fake.repeats = len(fake.charged) + 2
    paid = len(fake.charged)
    fake.submissions.queue.clear()
    answered = int(cut * len(whole.wire()))
    fake.submissions.says(
        Answer(raw=whole.wire(), cut=answered, end=end, read=None if read > 0.5 else int(read * length), charges=True)
    )

    ending = user.submit(inpaint(content))

    bought = len(fake.charged) - paid
    assert bought in {"unreachable 5": {0}, "submit_unknown 10": {0, 1}}.get(ending, {0, 1} if read <= 0.5 else {1})
