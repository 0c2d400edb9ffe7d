"""Fetching what a job made: every picture whole or not at all, fresh links where the old ones have expired."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aeforge_cli.api.client import Client
from aeforge_cli.api.responses import JobId, LinkExpired, Retryable, Succeeded
from aeforge_cli.api.retry import jitter
from aeforge_cli.errors import AeforgeError, CannotSave, ResultNotAnImage, ResultUnavailable, Usage, go_on_with
from aeforge_cli.files.atomic import PartFile, SavedFile, holds
from aeforge_cli.files.destination import Destination, Naming
from aeforge_cli.files.image_headers import ImageInfo
from aeforge_cli.jobs.events import Event, Receiving, RetryScheduled, Saved
from aeforge_cli.process.clock import Clock

MISSING_SECONDS = 30.0  # a result host may not know a new picture at once
BAD_PICTURES = 4  # how often something that is no complete picture is fetched


@dataclass(frozen=True)
class Delivery:
    """Where the results of one job go: files, or the bytes of a single one to `stdout`."""

    naming: Naming
    destination: Destination | None = None
    stdout: Callable[[Iterable[bytes]], None] | None = None

    @property
    def target(self) -> str:
        """For the journal: the place, independent of the current folder."""
        return str(Path(self.destination.template).absolute()) if self.destination else "-"

    def taken(self) -> Path | None:
        """The file that exists where the result is to go, if one does."""
        return self.destination.taken(self.naming) if self.destination else None

    def path(self, naming: Naming) -> Path | None:
        return self.destination.path(naming) if self.destination else None


class SomeMissing(Exception):
    """Some results could not be had; `files` are the others, `error` is why."""

    def __init__(self, files: list[SavedFile], error: AeforgeError) -> None:
        super().__init__(error.message)
        self.files = files
        self.error = error


class Downloader:
    """Fetches the results of one job; `until` is when patience ends, `kept` what an earlier run has saved of them.

    `check` raises what ends a fetch in its middle.
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
        kept: Sequence[SavedFile] = (),
    ) -> None:
        self._job_id = job_id
        self._urls = list(urls)
        self._delivery = delivery
        self._client = client
        self._clock = clock
        self._until = until
        self._notify = notify
        self._check = check
        self._kept = {file.path: file for file in kept}
        self._refreshed = False

    def all(self) -> list[SavedFile]:
        """Every result. Raises SomeMissing when the rest is saved, Usage if standard output cannot take them all."""
        if self._delivery.stdout is not None and len(self._urls) != 1:
            raise Usage(
                f"The job made {len(self._urls)} pictures, and standard output takes one",
                hint=f"{go_on_with(self._job_id)} -o FOLDER/",
            )
        files: list[SavedFile] = []
        failures: list[AeforgeError] = []
        for number in range(1, len(self._urls) + 1):
            try:
                files.append(self._one(number))
            except AeforgeError as error:
                failures.append(error)
        if failures:
            if files:
                failures[0].why = f"{failures[0].why}; {len(files)} of {len(self._urls)} results were saved"
            raise SomeMissing(files, failures[0])
        return files

    def _one(self, number: int) -> SavedFile:
        naming = replace(self._delivery.naming, job_id=self._job_id).result(number, len(self._urls))
        wanted = self._delivery.path(naming)
        if (kept := self._kept.get(str(wanted))) and holds(Path(kept.path), kept.sha256):
            return kept
        destination = self._delivery.destination
        with PartFile(destination.make_folder(naming) if destination else None) as part:
            info = self._received(part, number)
            url = self._urls[number - 1]
            if self._delivery.stdout is not None:
                self._delivery.stdout(part.blocks())
                return part.described("-", url, info)
            return self._named(part, replace(naming, extension=info.format.extension), url, info)

    def _named(self, part: PartFile, naming: Naming, url: str, info: ImageInfo) -> SavedFile:
        destination = self._delivery.destination
        if destination is None:
            raise CannotSave("There is no place for the result")
        wanted = destination.path(naming)
        path = part.keep(wanted, replace=destination.replace, job_id=self._job_id)
        saved = part.described(str(path), url, info)
        self._notify(Saved(self._job_id, saved, renamed=path != wanted))
        return saved

    # -------------------------------------------------------------- one picture

    def _received(self, part: PartFile, number: int) -> ImageInfo:
        """Fetches until the part holds a complete picture, or trying again makes no sense."""

        def tell(size: int | None) -> None:
            self._check()
            self._notify(Receiving(self._job_id, number, len(self._urls), part.size, size))

        sink = _Watched(part, tell)
        started = self._clock.monotonic()
        for attempt in range(10_000):
            try:
                self._client.fetch(self._urls[number - 1], sink, job_id=self._job_id)
                if (info := part.picture()) is not None:
                    return info
                bad = self._bad_picture(part)
                if attempt + 1 >= BAD_PICTURES:
                    raise bad
                self._pause(Retryable(bad), attempt)
            except LinkExpired as expired:
                self._refresh(expired)
            except Retryable as trouble:
                if trouble.kind == "missing" and self._clock.monotonic() - started >= MISSING_SECONDS:
                    raise trouble.error from None
                self._pause(trouble, attempt)
        raise AssertionError("patience ends before")

    def _bad_picture(self, part: PartFile) -> AeforgeError:
        again = f"{go_on_with(self._job_id)} -o ... asks for it again"
        if part.looks_cut():
            return ResultUnavailable("The result arrived incomplete", why=f"{part.size} bytes came", hint=again)
        return ResultNotAnImage("The service delivered something that is not a picture", hint=again)

    def _pause(self, trouble: Retryable, attempt: int) -> None:
        pause = trouble.wait if trouble.wait is not None else jitter(attempt, chance=self._client.chance)
        if self._clock.monotonic() + pause > self._until:
            raise trouble.error
        self._notify(RetryScheduled(trouble.error.why or trouble.error.message, pause, self._job_id))
        self._clock.sleep(pause)

    def _refresh(self, expired: LinkExpired) -> None:
        """Asks for fresh links, once."""
        if self._refreshed:
            raise expired.error
        self._refreshed = True
        self._notify(RetryScheduled("the result link has expired; asking for a fresh one", 0.0, self._job_id))
        try:
            job = self._client.look(self._job_id)
        except Retryable:
            raise expired.error from None
        if not isinstance(job, Succeeded) or len(job.urls) != len(self._urls):
            raise expired.error
        self._urls = list(job.urls)


class _Watched:
    """A part file whose growth is told."""

    def __init__(self, part: PartFile, tell: Callable[[int | None], None]) -> None:
        self._part = part
        self._tell = tell

    def expect(self, size: int | None) -> None:
        self._part.expect(size)

    def write(self, block: bytes) -> None:
        self._part.write(block)
        self._tell(self._part.expected)
