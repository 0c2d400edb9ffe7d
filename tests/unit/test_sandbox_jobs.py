"""A job on disk is whole or not there, and is reported when its time has come."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aeforge_cli.sandbox.jobs import Ended, Job, JobId, Jobs

JOB = Job(JobId("0" * 32), "image-tune/upscale", {"scale": "1K"}, {"image": ["image-0"]}, made=100.0, doomed=False)
ENDED = Ended("Succeed", ["a.png"], since=200.0)


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
def jobs(tmp_path: Path, clock: Clock) -> Iterator[Jobs]:
    jobs = Jobs(tmp_path / "state", now=clock)
    with jobs.opened():
        yield jobs


def add(jobs: Jobs, job: Job = JOB) -> None:
    jobs.add(job, [("image-0", io.BytesIO(b"picture"))])


def test_a_job_is_kept_with_its_pictures_until_it_ends(jobs: Jobs) -> None:
    add(jobs)
    assert (jobs.known(JOB.job_id), jobs.unfinished(), jobs.count()) == (True, [JOB], 1)
    assert jobs.path(JOB, "image-0").read_bytes() == b"picture"

    jobs.end(JOB, ENDED)

    assert (jobs.known(JOB.job_id), jobs.unfinished(), jobs.count()) == (True, [], 1)
    assert not jobs.path(JOB, "image-0").exists()


def test_an_end_is_reported_when_its_time_has_come(jobs: Jobs, clock: Clock) -> None:
    add(jobs)
    jobs.end(JOB, ENDED)
    assert jobs.report(JOB.job_id) is None

    clock.now = 200.0

    assert jobs.report(JOB.job_id) == ENDED


def test_unfinished_jobs_come_in_the_order_they_were_made(jobs: Jobs) -> None:
    made = [replace(JOB, job_id=JobId(name), made=at) for name, at in (("c", 1.0), ("a", 3.0), ("b", 2.0))]
    for job in made:
        add(jobs, job)

    assert [job.job_id for job in jobs.unfinished()] == ["c", "b", "a"]


def test_a_job_that_could_not_be_written_whole_is_not_there(jobs: Jobs) -> None:
    with pytest.raises(OSError, match="broke off"):
        jobs.add(JOB, [("image-0", Broken())])

    assert (jobs.known(JOB.job_id), jobs.unfinished(), jobs.count()) == (False, [], 0)


def test_tidying_spares_an_end_that_nobody_has_heard(jobs: Jobs, tmp_path: Path, clock: Clock) -> None:
    add(jobs)
    (jobs.images / "a.png").touch()
    jobs.end(JOB, ENDED)

    jobs.tidy()
    assert (jobs.count(), (jobs.images / "a.png").exists()) == (1, True)

    clock.now = 200.0
    jobs.report(JOB.job_id)
    jobs.tidy()
    assert not (tmp_path / "state").exists()


def test_tidying_leaves_what_is_not_the_sandboxs(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "state" / "notes.txt").touch()

    jobs.tidy()

    assert [path.name for path in (tmp_path / "state").iterdir()] == ["notes.txt"]
