"""A job on disk is whole or not there, and is reported when its time has come."""

import errno
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aeforge_cli.sandbox import SandboxUnavailable
from aeforge_cli.sandbox.store import NEWEST, Ended, Job, JobId, JobStore

JOB = Job(JobId("0" * 32), "image-tune/upscale", {"scale": "1K"}, {"image": ["image-0"]}, made=100.0, will_fail=False)
ENDED = Ended("Succeed", ["a.png"], since=200.0)
FAILED = Ended("Failed", [], since=200.0, reason="no")


class Broken(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError("the upload broke off")


class Clock:
    now = 150.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    jobs = JobStore(tmp_path / "state", now=clock)
    with jobs.opened():
        yield jobs


def add(jobs: JobStore, job: Job = JOB) -> None:
    jobs.add(job, [("image-0", io.BytesIO(b"picture"))])


def test_a_job_is_kept_with_its_pictures_after_it_ended(jobs: JobStore) -> None:
    add(jobs)
    assert (jobs.is_known(JOB.job_id), jobs.unfinished(), jobs.count()) == (True, [JOB], 1)

    jobs.end(JOB, ENDED)

    assert (jobs.is_known(JOB.job_id), jobs.unfinished(), jobs.count()) == (True, [], 1)
    assert jobs.path(JOB, "image-0").read_bytes() == b"picture"


def many(jobs: JobStore) -> list[Job]:
    """Two more than are shown, the oldest first."""
    made = [replace(JOB, job_id=JobId(f"{n:032x}"), made=float(n)) for n in range(NEWEST + 2)]
    for job in made:
        add(jobs, job)
    return made


def with_pictures(jobs: JobStore, made: list[Job]) -> list[Job]:
    return [job for job in made if jobs.path(job, "image-0").exists()]


def test_the_newest_jobs_come_first_and_are_not_all(jobs: JobStore) -> None:
    made = many(jobs)

    assert jobs.newest() == [job.job_id for job in reversed(made[2:])]
    assert jobs.count() == NEWEST + 2


def test_pictures_sent_to_old_jobs_go_when_these_have_ended(jobs: JobStore) -> None:
    first, second, *newest = made = many(jobs)
    for job in [second, *newest]:
        jobs.end(job, ENDED)
    assert with_pictures(jobs, made) == [first, *newest]

    jobs.end(first, ENDED)

    assert with_pictures(jobs, made) == newest


def test_pictures_of_jobs_that_have_ended_go_when_newer_jobs_come(jobs: JobStore) -> None:
    first, *rest = made = many(jobs)[1:]
    for job in made:
        jobs.end(job, ENDED)

    newcomer = replace(JOB, job_id=JobId("f" * 32), made=1000.0)
    add(jobs, newcomer)
    jobs.end(newcomer, ENDED)

    assert with_pictures(jobs, [first, *rest, newcomer]) == [*rest[1:], newcomer]


def test_after_a_restart_the_newest_jobs_are_the_same(tmp_path: Path) -> None:
    first = JobStore(tmp_path / "state")
    with first.opened():
        made = many(first)
        for job in made:
            first.end(job, ENDED)
        first.path(made[0], "image-0").write_bytes(b"left by a kill")

    second = JobStore(tmp_path / "state")
    with second.opened():
        assert second.newest() == [job.job_id for job in reversed(made[2:])]
        assert with_pictures(second, made) == made[2:]


def test_an_end_that_was_kept_without_a_reason_is_still_read(jobs: JobStore, tmp_path: Path, clock: Clock) -> None:
    add(jobs)
    ended = {"status": "Failed", "images": [], "since": 100.0}
    (tmp_path / "state" / "jobs" / JOB.job_id / "ended.json").write_text(json.dumps(ended))

    assert jobs.report(JOB.job_id) == Ended("Failed", [], since=100.0, reason=None)


def test_an_end_is_reported_when_its_time_has_come(jobs: JobStore, clock: Clock) -> None:
    add(jobs)
    jobs.end(JOB, ENDED)
    assert jobs.report(JOB.job_id) is None

    clock.now = 200.0

    assert jobs.report(JOB.job_id) == ENDED


def test_unfinished_jobs_come_in_the_order_they_were_made(jobs: JobStore) -> None:
    made = [replace(JOB, job_id=JobId(name), made=at) for name, at in (("c", 1.0), ("a", 3.0), ("b", 2.0))]
    for job in made:
        add(jobs, job)

    assert [job.job_id for job in jobs.unfinished()] == ["c", "b", "a"]


def test_a_job_that_could_not_be_written_whole_is_not_there_and_takes_no_space(jobs: JobStore, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="broke off"):
        jobs.add(JOB, [("image-0", Broken())])

    assert (jobs.is_known(JOB.job_id), jobs.unfinished(), jobs.count()) == (False, [], 0)
    assert list((tmp_path / "state" / "drafts").iterdir()) == []


def test_an_end_that_cannot_be_noted_as_reported_is_told_all_the_same(
    jobs: JobStore, tmp_path: Path, clock: Clock
) -> None:
    add(jobs)
    jobs.end(JOB, ENDED)
    clock.now = 200.0
    (tmp_path / "state" / "jobs" / JOB.job_id / "reported").symlink_to("missing/folder")

    assert jobs.report(JOB.job_id) == ENDED


def test_tidying_spares_an_end_that_nobody_has_heard(jobs: JobStore, clock: Clock) -> None:
    add(jobs)
    jobs.end(JOB, FAILED)

    jobs.tidy()
    assert jobs.count() == 1

    clock.now = 200.0
    assert jobs.seen(JOB.job_id) == FAILED
    jobs.tidy()
    assert jobs.count() == 1


def test_tidying_forgets_a_failure_that_was_reported(jobs: JobStore, tmp_path: Path, clock: Clock) -> None:
    add(jobs)
    jobs.end(JOB, FAILED)
    clock.now = 200.0
    jobs.report(JOB.job_id)

    jobs.tidy()

    assert not (tmp_path / "state").exists()


def test_tidying_spares_a_result_until_it_was_fetched(jobs: JobStore, tmp_path: Path, clock: Clock) -> None:
    add(jobs)
    result = succeeded(jobs)
    clock.now = 200.0
    jobs.report(JOB.job_id)

    jobs.tidy()
    assert (jobs.count(), jobs.unfetched(), result.exists()) == (1, [JOB.job_id], True)

    jobs.note_fetched(result.name)
    assert jobs.unfetched() == []
    jobs.tidy()
    assert not (tmp_path / "state").exists()


def test_a_result_counts_as_fetched_after_a_restart_too(tmp_path: Path) -> None:
    first = JobStore(tmp_path / "state")
    with first.opened():
        add(first)
        result = succeeded(first)
        first.report(JOB.job_id)

    second = JobStore(tmp_path / "state")
    with second.opened():
        assert second.unfetched() == []  # those whose links this process gave out
        second.note_fetched(result.name)
        second.tidy()

    assert not (tmp_path / "state").exists()


def test_of_results_that_nobody_fetches_the_newest_are_spared(jobs: JobStore, clock: Clock) -> None:
    made = many(jobs)
    for number, job in enumerate(made):
        jobs.end(job, replace(ENDED, images=[f"{number}.png"]))
    clock.now = 200.0
    for job in made:
        jobs.report(job.job_id)

    jobs.tidy()

    assert jobs.newest() == [job.job_id for job in reversed(made[2:])]
    assert jobs.count() == NEWEST


def test_a_job_of_an_older_sandbox_is_still_read(jobs: JobStore, tmp_path: Path) -> None:
    add(jobs)
    path = tmp_path / "state" / "jobs" / JOB.job_id / "job.json"
    path.write_text(path.read_text().replace("will_fail", "doomed"))

    assert jobs.job(JOB.job_id) == JOB


def succeeded(jobs: JobStore) -> Path:
    """Ends the job with one result, which is returned."""
    result = jobs.images / "a.png"
    result.touch()
    jobs.end(JOB, ENDED)
    return result


def test_only_results_are_found_by_name(jobs: JobStore) -> None:
    name = f"{1:032x}.png"
    (jobs.images / name).touch()
    (jobs.images / "notes.png").touch()

    assert jobs.image(name) == jobs.images / name
    assert [jobs.image(other) for other in (f"{2:032x}.png", "notes.png", "../sandbox.lock")] == [None] * 3


def test_tidying_leaves_what_is_not_the_sandboxs(jobs: JobStore, tmp_path: Path) -> None:
    (tmp_path / "state" / "notes.txt").touch()

    jobs.tidy()

    assert [path.name for path in (tmp_path / "state").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_folder_without_locks_is_not_said_to_be_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(error, "no locks")

    monkeypatch.setattr("fcntl.flock", refuses)
    jobs = JobStore(tmp_path / "state")

    with jobs.opened():
        add(jobs)

    assert jobs.is_known(JOB.job_id)


def test_a_folder_that_another_sandbox_uses_is_refused(jobs: JobStore, tmp_path: Path) -> None:
    with (
        pytest.raises(SandboxUnavailable, match="Another sandbox keeps its jobs"),
        JobStore(tmp_path / "state").opened(),
    ):
        pass
