"""Where jobs are kept: one folder, in which a job is whole or not there, so that a kill at any moment loses none.

state/
├── sandbox.lock            held while a sandbox uses the folder
├── drafts/                 jobs that are being taken in; renamed into jobs/ when whole
├── jobs/<job id>/          job.json, the pictures sent, then ended.json, then reported, then fetched-<result> for each
│                           result that a client has; of old jobs, no pictures
└── images/<random>.png     results
"""

from __future__ import annotations

import errno
import heapq
import itertools
import json
import os
import re
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

# So many jobs are shown with the pictures sent to them; those of older jobs need not fill the disk.
NEWEST = 50
RESULT_NAME = re.compile(r"[0-9a-f]{32}\.(png|gif)")


@dataclass(frozen=True)
class Job:
    job_id: JobId
    operation: str
    fields: Mapping[str, object]
    pictures: Mapping[str, list[str]]
    """Form field to the names of its files in the job's folder."""
    made: float
    will_fail: bool
    """Chosen to fail when it was made."""


@dataclass(frozen=True)
class Ended:
    status: Literal["Succeed", "Failed"]
    images: list[str]
    since: float
    """The API says Pending until then, however fast the work was."""
    reason: str | None = None
    """Why it failed, on one line."""


class JobStore:
    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self.images = folder / "images"
        self._folder = folder
        self._drafts = folder / "drafts"
        self._jobs = folder / "jobs"
        self._now = now
        self._made: dict[JobId, float] = {}
        self._job_of: dict[str, JobId] = {}
        """The job that made a result."""
        self._linked: set[JobId] = set()
        """Jobs whose links were given out by this process."""
        self._with_uploads: set[JobId] = set()
        """Jobs that have ended, and still keep the pictures sent to them."""

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Claims the folder for this process, and clears away what a killed one left half done."""
        _make_private(self._folder)
        with _locked(self._folder / "sandbox.lock"):
            shutil.rmtree(self._drafts, ignore_errors=True)
            for folder in (self._drafts, self._jobs, self.images):
                folder.mkdir(exist_ok=True)
            names = [JobId(folder.name) for folder in self._jobs.iterdir()]
            self._made = {job_id: self.job(job_id).made for job_id in names}
            ends = {job_id: ended for job_id in names if (ended := self._ended(job_id))}
            self._with_uploads = set(ends)
            self._job_of = {name: job_id for job_id, ended in ends.items() for name in ended.images}
            self._drop_orphans()
            self._drop_old_uploads()
            yield

    def add(self, job: Job, pictures: Iterable[tuple[str, BinaryIO]]) -> None:
        """Raises OSError where the disk takes no job, and then nothing of it is left."""
        draft = self._drafts / job.job_id
        try:
            draft.mkdir()
            for name, picture in pictures:
                with (draft / name).open("wb") as file:
                    shutil.copyfileobj(picture, file)
            (draft / "job.json").write_text(json.dumps(asdict(job)), encoding="ascii")
            draft.rename(self._jobs / job.job_id)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        self._made[job.job_id] = job.made

    def end(self, job: Job, ended: Ended) -> None:
        folder = self._jobs / job.job_id
        draft = self._drafts / f"{job.job_id}.json"
        draft.write_text(json.dumps(asdict(ended)), encoding="ascii")
        self._job_of |= dict.fromkeys(ended.images, job.job_id)  # first: from the next line on they may be asked for
        draft.replace(folder / "ended.json")
        self._with_uploads.add(job.job_id)
        self._drop_old_uploads()

    def is_known(self, job_id: JobId) -> bool:
        return job_id in self._made

    def report(self, job_id: JobId) -> Ended | None:
        """How the job ended, for the person who asks; None while it is pending."""
        ended = self.seen(job_id)
        if ended is not None:
            with suppress(OSError):  # on a full disk the job is kept for longer
                (self._jobs / job_id / "reported").touch()
            if ended.images:
                self._linked.add(job_id)
        return ended

    def seen(self, job_id: JobId) -> Ended | None:
        """The same for an onlooker: that someone has seen it does not mean that its owner knows."""
        ended = self._ended(job_id)
        return ended if ended and ended.since <= self._now() else None

    def job(self, job_id: JobId) -> Job:
        found = json.loads((self._jobs / job_id / "job.json").read_text(encoding="ascii"))
        found.setdefault("will_fail", found.pop("doomed", False))  # its name before 0.2
        return Job(**found)

    def path(self, job: Job, name: str) -> Path:
        return self._jobs / job.job_id / name

    def image(self, name: str) -> Path | None:
        """A result by its random name."""
        path = self.images / name
        return path if RESULT_NAME.fullmatch(name) and path.exists() else None

    def note_fetched(self, name: str) -> None:
        """A client has the whole result."""
        with suppress(OSError):  # as above
            (self._jobs / self._job_of[name] / f"fetched-{name}").touch()

    def unfetched(self) -> list[JobId]:
        """Jobs whose links were given out by this process, and whose results no client has; the oldest first."""
        return sorted((job_id for job_id in self._linked if not self._is_delivered(job_id)), key=self._made.__getitem__)

    def newest(self) -> list[JobId]:
        """The newest first."""
        return self._newest(self._made)

    def unfinished(self) -> list[Job]:
        jobs = [self.job(job_id) for job_id in list(self._made) if self._ended(job_id) is None]
        return sorted(jobs, key=lambda job: job.made)

    def count(self) -> int:
        return len(self._made)

    def tidy(self) -> None:
        """Forgets the jobs that nobody needs any more; the folder goes too when nothing is left in it.

        Kept are jobs whose end nobody has heard, and the newest of those whose results nobody has fetched.
        """
        reported = [job_id for job_id in self._made if (self._jobs / job_id / "reported").exists()]
        kept = self._newest(job_id for job_id in reported if not self._is_delivered(job_id))
        for job_id in set(reported).difference(kept):
            self._forget(job_id)
        self._drop_orphans()
        if self.count() == 0:
            for folder in (self._drafts, self._jobs, self.images):
                shutil.rmtree(folder)
            with suppress(OSError):  # Windows keeps a file that is open; someone may have put another beside it
                (self._folder / "sandbox.lock").unlink()
                self._folder.rmdir()

    def _newest(self, job_ids: Iterable[JobId]) -> list[JobId]:
        return heapq.nlargest(NEWEST, list(job_ids), key=self._made.__getitem__)

    def _is_delivered(self, job_id: JobId) -> bool:
        """Whether all that a reported job made has reached a client; a job that failed made nothing."""
        ended = self._ended(job_id)
        return ended is not None and all((self._jobs / job_id / f"fetched-{name}").exists() for name in ended.images)

    def _forget(self, job_id: JobId) -> None:
        draft = self._drafts / job_id
        (self._jobs / job_id).rename(draft)  # or a kill might leave a job without its job.json
        shutil.rmtree(draft)
        del self._made[job_id]

    def _drop_old_uploads(self) -> None:
        for job_id in self._with_uploads.difference(self.newest()):
            job = self.job(job_id)
            with suppress(PermissionError):  # Windows keeps a file that a browser is being sent: next time
                for name in itertools.chain.from_iterable(job.pictures.values()):
                    self.path(job, name).unlink(missing_ok=True)
                self._with_uploads.discard(job_id)

    def _ended(self, job_id: JobId) -> Ended | None:
        try:
            return Ended(**json.loads((self._jobs / job_id / "ended.json").read_text(encoding="ascii")))
        except FileNotFoundError:
            return None

    def _drop_orphans(self) -> None:
        ends = [ended for job_id in self._made if (ended := self._ended(job_id))]
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
        if _is_held(file) or not _is_there(file, path):
            raise SandboxUnavailable(f"Another sandbox keeps its jobs in {path.parent}.")
        yield


def _is_held(file: BinaryIO) -> bool:
    """Whether another sandbox has the lock; if none had, we do now.

    Some network mounts and containers have no locks: nobody can be kept away there, and no job costs anything.
    """
    try:
        _lock(file)
    except OSError as error:
        return error.errno in _HELD
    return False


def _is_there(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


# What flock(2), a Windows server's share and msvcrt.locking say of a lock that another holds.
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


def _lock(file: BinaryIO) -> None:
    """The system lets go of it when the process ends, however it ends."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
