"""What is said while jobs run: of one job each change of state, of many only what a person should know at once."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, assert_never

from aeforge_cli.jobs.events import Event, Receiving, RetryScheduled, Saved, Submitted, Submitting, Waiting
from aeforge_cli.output.untrusted import clean
from aeforge_cli.phrases import duration, size

if TYPE_CHECKING:
    from aeforge_cli.output.batch_progress import BatchProgress

HEARTBEAT = 30.0  # seconds; CI systems end jobs that are silent for minutes


class Voice(Protocol):
    """Where it is said: lines that stay, and one that is drawn over again and counts the seconds since a moment."""

    def say(self, text: str) -> None: ...
    def detail(self, text: str) -> None: ...
    def show(self, line: str, since: float | None) -> bool:
        """Whether there is such a line here."""


class Narrator(Protocol):
    """Hears the events of jobs, one after the other."""

    def hear(self, event: Event) -> None: ...


class _Narrator:
    """What is said the same way of one job and of many."""

    def __init__(self, voice: Voice, now: Callable[[], float] = time.monotonic) -> None:
        self._voice = voice
        self._now = now
        self._last: dict[str, tuple[str, float]] = {}  # what was said last of a subject, and when

    def _retry(self, event: RetryScheduled, about: str = "") -> None:
        text = f"{about}{event.what}"
        if self._last.get(about, ("", 0.0))[0] == text:
            return
        self._last[about] = (text, self._now())
        again = f"; trying again in {event.seconds:.0f} s" if event.seconds >= 1 else ""
        self._voice.say(f"warning: {text}{again}")

    def _renamed(self, path: str) -> None:
        self._voice.say(f"the name was taken in the meantime; saved as {path}")


class OneJob(_Narrator):
    """A job by itself: a live line where there is one; else a plain line when the state changes, and a heartbeat."""

    def hear(self, event: Event) -> None:
        match event:
            case Submitting(name, sent, total):
                self._submitting(clean(name, 60), sent, total)
            case Submitted(job_id, _, attached):
                self._submitted(job_id, attached=attached)
            case Waiting(job_id, status, seconds):
                line = f"{clean(status, 40)}, job {job_id}"
                self._progress(job_id, status, line, self._now() - seconds, f"{line}, {duration(seconds)}")
            case RetryScheduled(_, _, job_id):
                self._retry(event, f"job {job_id}: " if job_id else "")
                self._voice.show("waiting to try again", self._now())
            case Receiving():
                self._receiving(event)
            case Saved(_, file, renamed=True):
                self._renamed(file.path)
            case Saved(_, file):
                self._voice.detail(f"saved {file.path}")
            case _:
                assert_never(event)

    def _submitting(self, name: str, sent: int, total: int) -> None:
        """`sending` is true only until the last byte was handed over: after it, the service takes its time."""
        share = f" {100 * sent // total}%" if total else ""
        if total and sent >= total:
            self._voice.show(f"sent {name}".rstrip() + "; waiting for the job id", self._begun(name, "sent"))
        else:
            line = f"sending {name}".rstrip()
            self._progress(name, "sending", line + share, self._begun(name, "sending"), line + share)

    def _begun(self, subject: str, state: str) -> float:
        """When the state began on the live line."""
        known, when = self._last.get(f"since {subject}", ("", 0.0))
        if known != state:
            when = self._now()
            self._last[f"since {subject}"] = (state, when)
        return when

    def _submitted(self, job_id: str, *, attached: bool) -> None:
        if attached:
            self._voice.say(f"resuming job {job_id} (already paid for; --new submits another)")
        else:
            # Printed, not only shown: a line that is drawn over disappears with Ctrl-C.
            self._voice.say(f"job {job_id} submitted")
        self._voice.show(f"waiting for job {job_id}", self._now())

    def _receiving(self, event: Receiving) -> None:
        which = f" {event.number} of {event.total}" if event.total > 1 else ""
        share = f" of {size(event.size)}" if event.size else ""
        line = f"receiving result{which}: {size(event.received)}{share}, job {event.job_id}"
        self._progress(event.job_id, "receiving", line, self._begun(event.job_id, f"receiving{which}"), line)

    def _progress(self, subject: str, state: str, line: str, since: float, plain: str) -> None:
        if self._voice.show(line, since):
            return
        said, when = self._last.get(subject, ("", 0.0))
        now = self._now()
        if state != said or now - when >= HEARTBEAT:
            self._last[subject] = (state, now)
            self._voice.say(plain)


class ManyJobs(_Narrator):
    """The jobs of a batch, whose overview is drawn from `progress`."""

    def __init__(self, voice: Voice, progress: "BatchProgress | None") -> None:
        super().__init__(voice)
        self._progress = progress

    def hear(self, event: Event) -> None:
        if self._progress is not None:
            self._progress.hear(event)
        match event:
            case RetryScheduled():
                self._retry(event)
            case Saved(_, file, renamed=True):
                self._renamed(file.path)
            case Submitted(job_id, name, attached=True):
                self._voice.detail(f"{name or job_id}: resuming job {job_id} (already paid for)")
            case _:
                pass
