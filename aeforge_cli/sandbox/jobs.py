"""Where jobs are kept: one folder, in which a job is whole or not there, so that a kill at any moment loses none.

state/
├── sandbox.lock            held while a sandbox uses the folder
├── drafts/                 jobs that are being taken in; renamed into jobs/ when whole
├── jobs/<job id>/          job.json, the pictures sent, then ended.json, then reported
└── images/<random>.png     results
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal, NewType

from aeforge_cli.sandbox import SandboxUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

JobId = NewType("JobId", str)


@dataclass(frozen=True)
class Job:
    job_id: JobId
    operation: str
    fields: Mapping[str, object]
    pictures: Mapping[str, list[str]]
    """Form field to the names of its files in the job's folder."""
    made: float
    doomed: bool
    """Chosen to fail when it was made."""


@dataclass(frozen=True)
class Ended:
    status: Literal["Succeed", "Failed"]
    images: list[str]
    since: float
    """The API says Pending until then, however fast the work was."""


class Jobs:
    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self.images = folder / "images"
        self._folder = folder
        self._drafts = folder / "drafts"
        self._jobs = folder / "jobs"
        self._now = now

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Claims the folder for this process, and clears away what a killed one left half done."""
        _make_private(self._folder)
        with _locked(self._folder / "sandbox.lock"):
            shutil.rmtree(self._drafts, ignore_errors=True)
            for folder in (self._drafts, self._jobs, self.images):
                folder.mkdir(exist_ok=True)
            self._drop_orphans()
            yield

    def add(self, job: Job, pictures: Iterable[tuple[str, BinaryIO]]) -> None:
        draft = self._drafts / job.job_id
        draft.mkdir()
        for name, picture in pictures:
            with (draft / name).open("wb") as file:
                shutil.copyfileobj(picture, file)
        (draft / "job.json").write_text(json.dumps(asdict(job)), encoding="ascii")
        draft.rename(self._jobs / job.job_id)

    def end(self, job: Job, ended: Ended) -> None:
        folder = self._jobs / job.job_id
        draft = self._drafts / f"{job.job_id}.json"
        draft.write_text(json.dumps(asdict(ended)), encoding="ascii")
        draft.replace(folder / "ended.json")
        for names in job.pictures.values():
            for name in names:
                self.path(job, name).unlink(missing_ok=True)

    def known(self, job_id: JobId) -> bool:
        return (self._jobs / job_id / "job.json").exists()

    def report(self, job_id: JobId) -> Ended | None:
        """How the job ended, for the person who asks; None while it is pending."""
        ended = self._ended(job_id)
        if ended is None or ended.since > self._now():
            return None
        (self._jobs / job_id / "reported").touch()
        return ended

    def path(self, job: Job, name: str) -> Path:
        return self._jobs / job.job_id / name

    def unfinished(self) -> list[Job]:
        jobs = [self._job(job_id) for job_id in self._all() if self._ended(job_id) is None]
        return sorted(jobs, key=lambda job: job.made)

    def count(self) -> int:
        return len(self._all())

    def tidy(self) -> None:
        """Forgets the jobs whose end has been reported; the folder goes too when nothing is left in it."""
        for job_id in self._all():
            if (self._jobs / job_id / "reported").exists():
                shutil.rmtree(self._jobs / job_id)
        self._drop_orphans()
        if self.count() == 0:
            for folder in (self._drafts, self._jobs, self.images):
                shutil.rmtree(folder)
            with suppress(OSError):  # Windows keeps a file that is open; someone may have put another beside it
                (self._folder / "sandbox.lock").unlink()
                self._folder.rmdir()

    def _all(self) -> list[JobId]:
        return [JobId(folder.name) for folder in self._jobs.iterdir()]

    def _job(self, job_id: JobId) -> Job:
        return Job(**json.loads((self._jobs / job_id / "job.json").read_text(encoding="ascii")))

    def _ended(self, job_id: JobId) -> Ended | None:
        try:
            return Ended(**json.loads((self._jobs / job_id / "ended.json").read_text(encoding="ascii")))
        except FileNotFoundError:
            return None

    def _drop_orphans(self) -> None:
        ends = [ended for job_id in self._all() if (ended := self._ended(job_id))]
        wanted = {name for ended in ends for name in ended.images}
        for image in self.images.iterdir():
            if image.name not in wanted:
                image.unlink()


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        strangers = {entry.name for entry in folder.iterdir()} - {"sandbox.lock", "drafts", "jobs", "images"}
        if strangers:
            raise SandboxUnavailable(f"{folder} holds other things: give the sandbox a folder of its own.")
        folder.chmod(0o700)
    except OSError as error:
        raise SandboxUnavailable(f"The sandbox cannot keep its jobs in {folder}: {error.strerror}.") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a+b") as file:
        try:
            _lock(file)
            still_there = os.path.samestat(os.fstat(file.fileno()), path.stat())
        except OSError:
            still_there = False
        if not still_there:
            raise SandboxUnavailable(f"Another sandbox keeps its jobs in {path.parent}.")
        yield


def _lock(file: BinaryIO) -> None:
    """The system lets go of it when the process ends, however it ends."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
