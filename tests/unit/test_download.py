"""Fetching what a job made: every picture whole or not at all."""

import math
import os
import shutil
import signal
import stat
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from aeforge_cli.api.client import Client
from aeforge_cli.api.transport import Answer, Fault
from aeforge_cli.errors import (
    AeforgeError,
    CannotSave,
    Interrupted,
    JobNotFound,
    OutputExists,
    ResultNotAnImage,
    ResultUnavailable,
    Usage,
)
from aeforge_cli.files.atomic import PartFile, SavedFile
from aeforge_cli.files.destination import Destination, Naming, destination
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.download import BAD_PICTURES, Downloader, SomeMissing
from aeforge_cli.jobs.events import Event, Receiving, RetryScheduled, Saved
from aeforge_cli.process.signals import Stop
from tests.conftest import png
from tests.unit.conftest import JOB, LINK, FakeClock, FakeTransport, Scripted, delivered, stands, told, unanswered

NAMING = Naming("photo.png", "inpaint", date(2026, 1, 31))
A, B = png(1), png(2)
OTHER = "https://cdn.test/images/other.png"
PAGE = b"<html>not found</html>"


@dataclass
class Fetching:
    """Someone who saves the results of a job into `folder`."""

    client: Client
    transport: FakeTransport
    clock: FakeClock
    folder: Path
    events: list[Event]
    stop: Stop = field(default_factory=Stop)

    def fetch(
        self, *answers: Scripted, urls: Iterable[str] = (LINK,), output: str = "out.png", timeout: float = 600.0
    ) -> Downloader:
        self.transport.says(*answers)
        where = Delivery(NAMING, destination(str(self.folder / output), overwrite=False))
        return self.of(where, urls, timeout)

    def of(
        self,
        where: Delivery,
        urls: Iterable[str],
        timeout: float = 600.0,
        saved: Iterable[SavedFile] = (),
        notify: Callable[[Event], None] | None = None,
    ) -> Downloader:
        return Downloader(
            JOB,
            tuple(urls),
            where,
            client=self.client,
            clock=self.clock,
            until=self.clock.time + timeout,
            notify=notify or self.events.append,
            check=self.stop.check,
            saved=tuple(saved),
        )

    @property
    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}


@pytest.fixture
def user(client: Client, transport: FakeTransport, clock: FakeClock, tmp_path: Path) -> Fetching:
    return Fetching(client, transport, clock, tmp_path, [])


def saved_as(path: Path, content: bytes, url: str = LINK) -> SavedFile:
    return SavedFile(str(path), url, len(content), sha256(content).hexdigest(), 16, 16, "png")


def failure(fetch: Downloader) -> SomeMissing:
    with pytest.raises(SomeMissing) as failed:
        fetch.all()
    return failed.value


def test_a_result_is_saved_whole_and_described(user: Fetching) -> None:
    assert user.fetch(delivered(A)).all() == [saved_as(user.folder / "out.png", A)]

    assert user.files == {"out.png": A}
    assert user.events == [Receiving(JOB, 1, 1, len(A), len(A)), Saved(JOB, saved_as(user.folder / "out.png", A))]


def test_several_results_are_saved_in_their_order(user: Fetching) -> None:
    files = user.fetch(delivered(A), delivered(B), urls=[LINK, OTHER]).all()

    assert files == [saved_as(user.folder / "out-1.png", A), saved_as(user.folder / "out-2.png", B, OTHER)]
    assert user.files == {"out-1.png": A, "out-2.png": B}


def test_the_suffix_of_a_template_is_that_of_what_came(user: Fetching, pictures: dict[str, bytes]) -> None:
    user.fetch(delivered(pictures["gif"]), output="{stem}.{ext}").all()

    assert user.files == {"photo.gif": pictures["gif"]}


def test_a_name_that_was_taken_meanwhile_is_told(user: Fetching) -> None:
    (user.folder / "out.png").write_bytes(b"theirs")

    [file] = user.fetch(delivered(A)).all()

    assert file.path == str(user.folder / f"out-{JOB}.png")
    assert user.files == {"out.png": b"theirs", f"out-{JOB}.png": A}
    assert user.events[-1] == Saved(JOB, file, renamed=True)


def test_a_fetch_that_a_signal_ends_leaves_nothing(user: Fetching) -> None:
    user.stop.request(signal.SIGTERM)

    with pytest.raises(Interrupted):
        user.fetch(delivered(A)).all()

    assert user.files == {}


def test_the_names_of_the_server_are_never_used(user: Fetching) -> None:
    user.fetch(delivered(A), urls=["https://cdn.test/../../etc/passwd"], output="{stem}.{ext}").all()

    assert user.files == {"photo.png": A}


# ------------------------------------------------------------------ trouble


@pytest.mark.parametrize(
    "trouble",
    [
        unanswered(Fault.CLOSED),
        unanswered(Fault.TIMEOUT),
        Answer(500),
        Answer(429),
        Answer(404),
        delivered(A[:-1]),
        delivered(b""),
        delivered(PAGE),
    ],
    ids=["cut", "silence", "500", "429", "404 for a moment", "cut unseen", "nothing", "a page for a moment"],
)
def test_a_result_that_fails_for_a_moment_is_fetched_again(user: Fetching, trouble: Scripted) -> None:
    user.fetch(trouble, trouble, delivered(A)).all()

    troubles = [event for event in user.events if isinstance(event, RetryScheduled)]
    assert user.files == {"out.png": A}
    assert (len(troubles), all(trouble.what for trouble in troubles)) == (2, True)


def test_nothing_is_left_in_a_result_of_a_longer_answer_before_it(user: Fetching) -> None:
    [saved] = user.fetch(delivered(PAGE * 1000), delivered(A)).all()

    assert user.files == {"out.png": A}
    assert (saved.bytes, saved.sha256) == (len(A), sha256(A).hexdigest())


ENDS: dict[str, tuple[Scripted, int, type[AeforgeError], str]] = {
    "cut each time": (delivered(A[:-1]), BAD_PICTURES, ResultUnavailable, "The result arrived incomplete"),
    "a page each time": (
        delivered(PAGE),
        BAD_PICTURES,
        ResultNotAnImage,
        "The service delivered something that is not a picture",
    ),
    "418": (Answer(418), 1, ResultUnavailable, "The result could not be fetched from cdn.test"),
}


@pytest.mark.parametrize(("answer", "times", "kind", "message"), ENDS.values(), ids=ENDS)
def test_a_result_that_never_comes_leaves_nothing(
    user: Fetching, answer: Scripted, times: int, kind: type[AeforgeError], message: str
) -> None:
    missing = failure(user.fetch(*[answer] * times))

    assert (type(missing.error), missing.error.message, missing.files) == (kind, message, [])
    assert missing.error.hint.startswith(f"aeforge job wait {JOB}")
    assert user.files == {}


def test_a_result_that_stays_unknown_is_given_up(user: Fetching) -> None:
    missing = failure(user.fetch(*[Answer(404)] * 200))

    assert type(missing.error) is ResultUnavailable
    assert 30 <= user.clock.time - 1000 <= 60
    user.transport.script.clear()


def test_patience_ends_for_results_too(user: Fetching) -> None:
    missing = failure(user.fetch(*[Answer(500)] * 200, timeout=60.0))

    assert (type(missing.error), missing.error.http_status) == (ResultUnavailable, 500)
    assert user.clock.time - 1000 <= 60
    user.transport.script.clear()


def test_of_several_results_those_that_come_are_kept(user: Fetching) -> None:
    missing = failure(user.fetch(delivered(A), Answer(418), delivered(B), urls=[LINK, OTHER, OTHER]))

    assert user.files == {"out-1.png": A, "out-3.png": B}
    assert [file.path for file in missing.files] == [str(user.folder / f"out-{n}.png") for n in (1, 3)]
    assert missing.error.why == "it answered HTTP 418; 2 of 3 results were saved"


def test_what_an_earlier_run_has_saved_is_not_fetched_again(user: Fetching) -> None:
    first = user.fetch(delivered(A), Answer(418), urls=[LINK, OTHER])
    kept = failure(first).files
    user.transport.says(delivered(B))
    where = Delivery(NAMING, destination(str(user.folder / "out.png"), overwrite=False))

    files = user.of(where, [LINK, OTHER], saved=kept).all()

    assert user.files == {"out-1.png": A, "out-2.png": B}
    assert [file.path for file in files] == [str(user.folder / f"out-{n}.png") for n in (1, 2)]
    assert user.transport.asked == [f"GET {LINK}", f"GET {OTHER}", f"GET {OTHER}"]


def test_what_was_saved_but_changed_since_is_fetched_again(user: Fetching) -> None:
    kept = user.fetch(delivered(A)).all()
    (user.folder / "out.png").write_bytes(b"changed by its owner")
    user.transport.says(delivered(A))
    where = Delivery(NAMING, destination(str(user.folder / "out.png"), overwrite=False))

    user.of(where, [LINK], saved=kept).all()

    assert user.files == {"out.png": b"changed by its owner", f"out-{JOB}.png": A}


def test_what_an_earlier_run_has_saved_in_another_format_or_by_another_name_is_not_fetched_again(
    user: Fetching, pictures: dict[str, bytes]
) -> None:
    (user.folder / "photo-2.png").write_bytes(b"theirs")
    urls = [LINK, OTHER]
    first = user.fetch(delivered(pictures["gif"]), delivered(B), urls=urls, output="{stem}.{ext}").all()
    where = Delivery(NAMING, destination(str(user.folder / "{stem}.{ext}"), overwrite=False))

    assert user.of(where, urls, saved=first).all() == first
    assert sorted(user.files) == ["photo-1.gif", f"photo-2-{JOB}.png", "photo-2.png"]


def test_a_folder_that_was_removed_meanwhile_is_made_again(user: Fetching) -> None:
    user.fetch(delivered(A), output="new/deep/out.png").all()

    assert (user.folder / "new" / "deep" / "out.png").read_bytes() == A


def test_a_folder_in_whose_place_a_file_is_by_now_is_told(user: Fetching) -> None:
    (user.folder / "out").write_bytes(b"theirs")

    missing = failure(user.fetch(output="out/a.png"))

    assert (type(missing.error), missing.error.hint) == (
        CannotSave,
        "choose another output: a part of this path is not a folder",
    )


def test_a_folder_that_a_file_replaces_during_the_fetch_is_told(user: Fetching) -> None:
    (user.folder / "out").mkdir()

    def replaces(_event: Event) -> None:
        shutil.rmtree(user.folder / "out", ignore_errors=True)
        (user.folder / "out").touch()

    user.transport.says(delivered(A))
    where = Delivery(NAMING, destination(str(user.folder / "out/a.png"), overwrite=False))
    missing = failure(user.of(where, [LINK], notify=replaces))

    assert type(missing.error) is CannotSave
    assert [path.name for path in user.folder.iterdir()] == ["out"]


# ------------------------------------------------------------------ what cannot be judged

UNKNOWN = b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(range(256))


def test_whole_bytes_in_an_unknown_format_are_kept_beside_and_told(user: Fetching) -> None:
    missing = failure(user.fetch(*[delivered(UNKNOWN)] * BAD_PICTURES))

    kept = user.folder / f"out-{JOB}.bin"
    assert (type(missing.error), missing.files) == (ResultNotAnImage, [])
    assert missing.error.why == f"{len(UNKNOWN)} bytes in an unknown format, kept as {kept}"
    assert missing.error.hint.startswith(f"check {kept}; to fetch it again: aeforge job wait {JOB} -o ")
    assert missing.error.job_id == JOB
    assert user.files == {kept.name: UNKNOWN}


def test_whole_bytes_in_an_unknown_format_are_kept_where_the_timeout_leaves_no_other_try(user: Fetching) -> None:
    missing = failure(user.fetch(delivered(UNKNOWN), timeout=0.1))

    assert type(missing.error) is ResultNotAnImage
    assert user.files == {f"out-{JOB}.bin": UNKNOWN}


def test_the_same_unknown_bytes_are_kept_once(user: Fetching) -> None:
    for _ in range(2):
        failure(user.fetch(*[delivered(UNKNOWN)] * BAD_PICTURES))

    assert user.files == {f"out-{JOB}.bin": UNKNOWN}


def test_bytes_that_cannot_be_judged_replace_no_others(user: Fetching) -> None:
    (user.folder / f"out-{JOB}.bin").write_bytes(b"mine")

    failure(user.fetch(*[delivered(UNKNOWN)] * BAD_PICTURES))

    assert user.files == {f"out-{JOB}.bin": b"mine", f"out-{JOB}-{JOB}.bin": UNKNOWN}


def test_of_several_results_one_in_an_unknown_format_is_kept_under_its_number(user: Fetching) -> None:
    answers = [delivered(A), *[delivered(UNKNOWN)] * BAD_PICTURES]

    failure(user.fetch(*answers, urls=[LINK, OTHER], output="{stem}.{ext}"))

    assert user.files == {"photo-1.png": A, f"photo-2-{JOB}.bin": UNKNOWN}


@pytest.mark.parametrize(
    "page",
    [
        PAGE,
        b'{"error": "no"}',
        b"<?xml version='1.0'?><Error/>",
        b"#!/bin/sh\necho owned\n",
        "\ufeffFehler: größer".encode(),
        "<html>".encode("utf-16"),
        ("<html>" + "ä" * 5000).encode(),
        b"\0" * 5000,
    ],
    ids=["HTML", "JSON", "XML", "script", "marked", "UTF-16", "long", "zeros"],
)
def test_an_error_page_is_not_kept(user: Fetching, page: bytes) -> None:
    missing = failure(user.fetch(*[delivered(page)] * BAD_PICTURES))

    assert type(missing.error) is ResultNotAnImage
    assert user.files == {}


def test_what_came_without_a_length_is_not_kept(user: Fetching) -> None:
    with PartFile(user.folder) as part:
        part.expect(None)
        part.write(UNKNOWN)

        assert user.fetch()._kept_aside(part, NAMING) is None


def test_what_goes_to_standard_output_is_not_kept(user: Fetching) -> None:
    user.transport.says(*[delivered(UNKNOWN)] * BAD_PICTURES)

    missing = failure(user.of(Delivery(NAMING, stdout=lambda _blocks: None), [LINK]))

    assert type(missing.error) is ResultNotAnImage
    assert user.files == {}


@pytest.mark.parametrize("suffix", ["jpg", "gif", "png", "webp"])
def test_a_whole_picture_with_something_behind_it_is_a_result(
    user: Fetching, pictures: dict[str, bytes], suffix: str
) -> None:
    content = pictures[suffix] + b"SEFT" + bytes(range(256)) * 40

    user.fetch(delivered(content), output="{stem}.{ext}").all()

    assert user.files == {f"photo.{suffix}": content}


def test_a_gif_with_a_zero_before_its_end_is_a_result(user: Fetching, pictures: dict[str, bytes]) -> None:
    content = pictures["gif"][:-1] + b"\0;"

    user.fetch(delivered(content), output="{stem}.{ext}").all()

    assert user.files == {"photo.gif": content}


# ------------------------------------------------------------------ how long is waited


@pytest.mark.parametrize("asked", ["0", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_host_that_asks_for_no_wait_shortens_nothing(user: Fetching, asked: str) -> None:
    refusal = Answer(503, {"retry-after": asked, "date": "Fri, 02 Jan 1970 00:00:00 GMT"})

    user.fetch(*[refusal] * 8, delivered(A)).all()

    assert len(user.clock.slept) == 8
    assert sum(user.clock.slept) > 8


def test_a_host_can_ask_for_a_longer_wait(user: Fetching) -> None:
    user.fetch(Answer(503, {"retry-after": "77"}), delivered(A)).all()

    assert user.clock.slept == [77.0]


def test_no_host_makes_us_wait_for_more_than_5_minutes_at_a_time(user: Fetching) -> None:
    user.fetch(Answer(503, {"retry-after": "99999999999"}), delivered(A), timeout=math.inf).all()

    assert user.clock.slept == [300.0]


def test_without_a_limit_fetching_goes_on_for_as_long_as_it_takes(user: Fetching) -> None:
    user.fetch(*[Answer(500)] * 12_000, delivered(A), timeout=math.inf).all()

    assert user.files == {"out.png": A}


def test_faults_of_the_network_are_no_bad_pictures(user: Fetching) -> None:
    user.fetch(*[Answer(500)] * BAD_PICTURES, delivered(PAGE), delivered(A)).all()

    assert user.files == {"out.png": A}


# ------------------------------------------------------------------ pipes and devices


def into(path: Path, *, overwrite: bool = False) -> Delivery:
    return Delivery(NAMING, destination(str(path), overwrite=overwrite))


@pytest.fixture
def device(user: Fetching) -> Path:
    """A link to a device that takes everything."""
    path = user.folder / "device"
    path.symlink_to(os.devnull)
    return path


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_device_is_written_to_and_never_replaced(user: Fetching, device: Path, overwrite: bool) -> None:
    user.transport.says(delivered(A), delivered(B))

    files = user.of(into(device, overwrite=overwrite), [LINK, OTHER]).all()

    assert files == [saved_as(device, A), saved_as(device, B, OTHER)]
    assert (device.is_symlink(), stat.S_ISCHR(Path(os.devnull).stat().st_mode)) == (True, True)
    assert [path.name for path in user.folder.iterdir()] == ["device"]


def test_a_device_made_for_the_test_stays_one(user: Fetching) -> None:
    path = user.folder / "null"
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        path.open("wb").close()
    except OSError:
        pytest.skip("only root makes devices, and not everywhere")
    user.transport.says(delivered(A))

    user.of(into(path, overwrite=True), [LINK]).all()

    assert stat.S_ISCHR(path.lstat().st_mode)


def test_a_pipe_gets_all_the_results_in_their_order(user: Fetching) -> None:
    path = user.folder / "pipe"
    os.mkfifo(path)
    user.transport.says(delivered(A), delivered(B))
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # the pictures are smaller than what a pipe holds

    user.of(into(path), [LINK, OTHER]).all()

    assert os.read(reader, 100_000) == A + B
    os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_results_that_come_together_are_not_mixed_in_one_pipe(user: Fetching) -> None:
    path = user.folder / "pipe"
    os.mkfifo(path)
    large = [png(shade, side=400, packed=False) for shade in (1, 2)]  # each is more than a pipe holds
    user.transport.says(*map(delivered, large))
    reader = os.open(path, os.O_RDWR)  # to write as well: it has no end while one writer is gone and the other to come
    writers = [threading.Thread(target=user.of(into(path), [LINK]).all) for _ in large]
    for writer in writers:
        writer.start()

    read = bytearray()
    while len(read) < sum(map(len, large)):
        read += os.read(reader, 4096)

    for writer in writers:
        writer.join()
    os.close(reader)
    assert bytes(read) in (large[0] + large[1], large[1] + large[0])


def test_a_pipe_that_nobody_reads_is_given_up_at_the_deadline(user: Fetching) -> None:
    path = user.folder / "pipe"
    os.mkfifo(path)
    user.transport.says(delivered(A))

    missing = failure(user.of(into(path), [LINK], timeout=60.0))

    assert (type(missing.error), missing.error.message) == (CannotSave, f"Nobody reads {path}")
    assert missing.error.hint == f"aeforge job wait {JOB} -o {path}, with a reader at its other end"
    assert 60 <= user.clock.time - 1000 <= 61


def test_a_signal_ends_the_wait_for_a_reader(user: Fetching) -> None:
    path = user.folder / "pipe"
    os.mkfifo(path)
    user.transport.says(delivered(A))

    def stops(event: Event) -> None:
        if isinstance(event, Receiving):
            user.stop.request(signal.SIGTERM)

    with pytest.raises(Interrupted):
        user.of(into(path), [LINK], notify=stops).all()


def test_a_full_device_is_told_as_a_full_disk(user: Fetching) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("only Linux has it")
    user.transport.says(delivered(A))

    missing = failure(user.of(into(Path("/dev/full")), [LINK]))

    assert (type(missing.error), missing.error.why) == (CannotSave, "the disk is full")


def test_a_file_that_became_a_device_meanwhile_is_not_replaced(user: Fetching, device: Path) -> None:
    user.transport.says(delivered(A))
    where = Delivery(NAMING, Destination(str(device), replace=True))

    [file] = user.of(where, [LINK]).all()

    assert (device.is_symlink(), file.path) == (True, f"{device}-{JOB}")


# ------------------------------------------------------------------ links that have expired


@pytest.mark.parametrize("status", [400, 401, 403, 410])
def test_an_expired_link_is_asked_for_anew_once(user: Fetching, status: int) -> None:
    fresh = f"{LINK}?fresh"

    files = user.fetch(Answer(status), stands("Succeed", fresh), delivered(A)).all()

    assert user.transport.asked == [f"GET {LINK}", f"GET /job/{JOB}", f"GET {fresh}"]
    assert files == [saved_as(user.folder / "out.png", A, fresh)]


@pytest.mark.parametrize(
    "answers",
    [[stands("Succeed", LINK), Answer(403)], [stands("Succeed", LINK, OTHER)], [stands("Pending")], [Answer(500)]],
    ids=["still expired", "other results", "pending again", "no answer"],
)
def test_a_link_that_stays_expired_is_told(user: Fetching, answers: list[Scripted]) -> None:
    missing = failure(user.fetch(Answer(403), *answers))

    assert (type(missing.error), missing.error.http_status) == (ResultUnavailable, 403)


def test_a_job_that_was_forgotten_meanwhile_is_told(user: Fetching) -> None:
    missing = failure(user.fetch(Answer(403), told({"detail": "Job not found"}, 404)))

    assert isinstance(missing.error, ResultUnavailable | JobNotFound)
    assert user.files == {}


# ------------------------------------------------------------------ standard output


def test_one_picture_can_go_to_standard_output(user: Fetching) -> None:
    taken: list[bytes] = []
    user.transport.says(delivered(A))

    [file] = user.of(Delivery(NAMING, stdout=taken.extend), [LINK]).all()

    assert (b"".join(taken), file) == (A, replace(saved_as(Path("-"), A), path="-"))
    assert user.files == {}


def test_standard_output_takes_no_half_picture(user: Fetching) -> None:
    taken: list[bytes] = []
    user.transport.says(delivered(A[:-1]), delivered(A))

    user.of(Delivery(NAMING, stdout=taken.extend), [LINK]).all()

    assert b"".join(taken) == A


def test_standard_output_does_not_take_several(user: Fetching) -> None:
    with pytest.raises(Usage) as refused:
        user.of(Delivery(NAMING, stdout=lambda _blocks: None), [LINK, OTHER]).all()

    assert (refused.value.message, refused.value.hint) == (
        "The job made 2 pictures, and standard output takes one",
        f"aeforge job wait {JOB} -o FOLDER/",
    )


def test_for_the_journal_a_place_does_not_depend_on_the_current_folder() -> None:
    where = Delivery(NAMING, destination("out.png", overwrite=False))

    assert (where.target, Delivery(NAMING).target) == (str(Path.cwd() / "out.png"), "-")


def test_a_taken_name_is_known_before(user: Fetching) -> None:
    (user.folder / "out.png").write_bytes(b"theirs")
    where = Delivery(NAMING, destination(str(user.folder / "out.png"), overwrite=False))

    assert (where.taken(), Delivery(NAMING).taken()) == (user.folder / "out.png", None)
    assert where.destination is not None
    with pytest.raises(OutputExists):
        where.destination.check(NAMING)
