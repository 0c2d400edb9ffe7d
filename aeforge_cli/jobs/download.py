"""Fetching what a job made: every picture whole or not at all, fresh links where the old ones have expired."""

import itertools
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from aeforge_cli.api.client import Client
from aeforge_cli.api.responses import JobId, LinkExpired, Retryable, Succeeded
from aeforge_cli.errors import AeforgeError, CannotSave, ResultNotAnImage, ResultUnavailable, Usage, fetch_again
from aeforge_cli.files.atomic import PartFile, SavedFile, cannot_save, holds, names_beside, with_tag
from aeforge_cli.files.destination import Naming, replaces_nothing
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.regular import open_stream
from aeforge_cli.jobs.delivery import Delivery
from aeforge_cli.jobs.events import Event, Receiving, RetryScheduled, Saved
from aeforge_cli.phrases import size as bytes_of
from aeforge_cli.process.clock import Clock

MISSING_SECONDS = 30.0  # a result host may not know a new picture at once
BAD_PICTURES = 4  # how often something that is not a complete picture is fetched
READER_POLL = 0.1  # seconds between two tries to open a pipe that nobody reads
_one_at_a_time = threading.Lock()  # jobs that end together must not mix their pictures in one pipe


class SomeMissing(Exception):
    """Some results could not be had; `files` are the others, `error` is why."""

    def __init__(self, files: list[SavedFile], error: AeforgeError) -> None:
        super().__init__(error.message)
        self.files = files
        self.error = error


class Downloader:
    """Fetches the results of one job; `until` is the deadline on the monotonic clock.

    `saved` are files of earlier runs: a result that stands where it is wanted, with the recorded hash, is not fetched.
    `check` raises what ends a fetch in its middle; `replaces` says of a file whether a result may take its place.
    """

    def __init__(
        self,
        job_id: JobId,
        urls: Sequence[str],
        delivery: Delivery,
        *,
        client: Client,
        clock: Clock,
        until: float,
        notify: Callable[[Event], None],
        check: Callable[[], None],
        saved: Iterable[SavedFile] = (),
        replaces: Callable[[Path], bool] = replaces_nothing,
    ) -> None:
        self._job_id = job_id
        self._urls = list(urls)
        self._delivery = delivery
        self._client = client
        self._clock = clock
        self._until = until
        self._notify = notify
        self._check = check
        self._replaces = replaces
        # By whole path: what an earlier run called by a relative one is another file in another folder.
        self._saved = {os.path.abspath(file.path): file for file in saved if file.path}  # noqa: PTH100 - keeps links
        self._refreshed = False

    def all(self) -> list[SavedFile]:
        """Every result. Raises SomeMissing when the rest is saved, Usage if standard output cannot take them all."""
        if self._delivery.stdout is not None and len(self._urls) != 1:
            raise Usage(
                f"The job made {len(self._urls)} pictures, and standard output takes one",
                hint=fetch_again(self._job_id, "FOLDER/"),
            )
        files: list[SavedFile] = []
        failures: list[AeforgeError] = []
        for number in range(1, len(self._urls) + 1):
            try:
                files.append(self._one(number))
            except AeforgeError as error:
                failures.append(error)
        if failures:
            partly = f"{len(files)} of {len(self._urls)} results were saved" if files else ""
            raise SomeMissing(files, _with_reason(failures[0], partly))
        return files

    def _one(self, number: int) -> SavedFile:
        naming = replace(self._delivery.naming, job_id=self._job_id).result(number, len(self._urls))
        if saved := self._saved_before(naming):
            return saved
        destination = self._delivery.destination
        is_file = destination is not None and not destination.is_stream
        with PartFile(destination.make_folder(naming) if destination and is_file else None) as part:
            info = self._received(part, number, naming)
            url = self._urls[number - 1]
            if self._delivery.stdout is not None:
                self._delivery.stdout(part.blocks())
                return part.described("-", url, info)
            return self._named(part, replace(naming, extension=info.format.extension), url, info)

    def _saved_before(self, naming: Naming) -> SavedFile | None:
        """The file that an earlier run saved for this result, if it is still there: in any format, by any name."""
        if not self._saved:
            return None
        wanted = {self._delivery.path(replace(naming, extension=each.extension)) for each in Format}
        names = (str(name) for path in wanted if path for name in names_beside(path, self._job_id))
        known = ((name, self._saved.get(os.path.abspath(name))) for name in names)  # noqa: PTH100 - as above
        return next((replace(file, path=name) for name, file in known if file and holds(Path(name), file.sha256)), None)

    def _named(self, part: PartFile, naming: Naming, url: str, info: ImageInfo) -> SavedFile:
        destination = self._delivery.destination
        if destination is None:
            raise CannotSave("There is nowhere to save the result")
        path = wanted = destination.path(naming)
        if destination.is_stream:
            self._write(part, wanted)
        else:
            may_replace = self._replaces(wanted) or destination.replace
            path = part.keep(wanted, replace=may_replace, job_id=self._job_id)
        saved = part.described(str(path), url, info)
        self._notify(Saved(self._job_id, saved, renamed=path != wanted))
        return saved

    def _write(self, part: PartFile, path: Path) -> None:
        """Writes to a pipe or a device; one that nobody reads yet is waited for. Raises CannotSave."""
        try:
            while (stream := open_stream(path)) is None:
                self._check()
                if self._clock.monotonic() > self._until:
                    raise CannotSave(f"Nobody reads {path}", hint=f"{self._again}, with a reader at its other end")
                self._clock.sleep(READER_POLL)
            with _one_at_a_time, stream:
                for block in part.blocks():
                    stream.write(block)
        except OSError as error:
            raise cannot_save(path, error) from None

    @property
    def _again(self) -> str:
        """The command that fetches the results once more."""
        where = self._delivery.destination
        return fetch_again(self._job_id, where.template if where else None)

    # -------------------------------------------------------------- one picture

    def _received(self, part: PartFile, number: int, naming: Naming) -> ImageInfo:
        """Fetches until the part holds a complete picture, or trying again makes no sense."""

        def progressed(size: int | None) -> None:
            self._check()
            self._notify(Receiving(self._job_id, number, len(self._urls), part.size, size))

        sink = _Observed(part, progressed)
        started = self._clock.monotonic()
        bad_pictures = 0
        for attempt in itertools.count():
            try:
                self._client.fetch(self._urls[number - 1], sink, job_id=self._job_id, again=self._again)
                if (info := part.picture()) is not None:
                    return info
                bad_pictures += 1
                if bad_pictures == BAD_PICTURES or not self._has_paused(Retryable(self._bad_picture(part)), attempt):
                    raise self._bad_picture(part, kept=self._kept_aside(part, naming))
            except LinkExpired as expired:
                self._refresh(expired)
            except Retryable as failed:
                if failed.kind == "missing" and self._clock.monotonic() - started >= MISSING_SECONDS:
                    raise failed.error from None
                self._pause(failed, attempt)
        raise AssertionError("the deadline comes before")

    def _bad_picture(self, part: PartFile, kept: Path | None = None) -> AeforgeError:
        if part.looks_cut():
            return ResultUnavailable(
                "The result arrived incomplete",
                why=f"only {bytes_of(part.size)} came",
                hint=self._again,
                job_id=self._job_id,
            )
        why = "it looks like text" if part.looks_like_error_page() else f"{part.size} bytes in an unknown format"
        return ResultNotAnImage(
            "The service delivered something that is not a picture",
            why=f"{why}, kept as {kept}" if kept else why,
            hint=f"check {kept}; to fetch it again: {self._again}" if kept else self._again,
            job_id=self._job_id,
        )

    def _kept_aside(self, part: PartFile, naming: Naming) -> Path | None:
        """Where bytes stay that arrived whole and that nobody here can judge: they are paid for."""
        destination = self._delivery.destination
        if destination is None or destination.is_stream or part.size != part.expected:
            return None
        if part.looks_cut() or part.looks_like_error_page():
            return None
        path = with_tag(destination.path(naming).with_suffix(".bin"), self._job_id)
        return part.keep(path, replace=False, job_id=self._job_id)

    def _pause(self, failed: Retryable, attempt: int) -> None:
        """As `_has_paused`; raises the error where the timeout comes first."""
        if not self._has_paused(failed, attempt):
            raise failed.error

    def _has_paused(self, failed: Retryable, attempt: int) -> bool:
        """Waits before the next try: our own back-off, or what the host asked for if that is longer."""
        pause = failed.pause(attempt, chance=self._client.chance)
        if self._clock.monotonic() + pause > self._until:
            return False
        self._notify(RetryScheduled(failed.error.why or failed.error.message, pause, self._job_id))
        self._clock.sleep(pause)
        return True

    def _refresh(self, expired: LinkExpired) -> None:
        """Asks for fresh links, once."""
        if self._refreshed:
            raise expired.error
        self._refreshed = True
        self._notify(RetryScheduled("the result link has expired; asking for a fresh one", 0.0, self._job_id))
        try:
            job = self._client.poll(self._job_id)
        except Retryable:
            raise expired.error from None
        if not isinstance(job, Succeeded) or len(job.urls) != len(self._urls):
            raise expired.error
        self._urls = list(job.urls)


def _with_reason(error: AeforgeError, reason: str) -> AeforgeError:
    """The same error, with one reason more."""
    why = "; ".join(filter(None, (error.why, reason)))
    return type(error)(error.message, why=why, hint=error.hint, job_id=error.job_id, http_status=error.http_status)


class _Observed:
    """A part file whose growth is reported."""

    def __init__(self, part: PartFile, progressed: Callable[[int | None], None]) -> None:
        self._part = part
        self._progressed = progressed

    def expect(self, size: int | None) -> None:
        self._part.expect(size)

    def write(self, block: bytes) -> None:
        self._part.write(block)
        self._progressed(self._part.expected)
