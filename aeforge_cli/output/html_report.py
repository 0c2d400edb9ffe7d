"""The report of a batch: one web page that needs nothing but itself, however many jobs it shows."""

import base64
import contextlib
import hashlib
import os
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from html import escape
from pathlib import Path

from aeforge_cli import __version__
from aeforge_cli.api.web_inputs import is_address
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import AeforgeError, CannotSave, Usage
from aeforge_cli.files.atomic import PartFile
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.inputs import peek
from aeforge_cli.jobs.batch import Outcome
from aeforge_cli.jobs.results import JobResult
from aeforge_cli.output.untrusted import clean
from aeforge_cli.phrases import count
from aeforge_cli.phrases import size as size_of
from aeforge_cli.redaction import Redactor, shown_url

LARGEST_PICTURE = 8_000_000  # bytes
ROOM = 256_000_000  # bytes of pictures on one page; browsers give up on pages that are much larger
_LONGEST_PROMPT = 20_000
_UNSHOWABLE = {Format.TIFF, Format.HEIC}  # by Chromium and Firefox


def check_report(path: Path) -> None:
    """Refuses, before anything is sent, a report that could not be written. Raises Usage or CannotSave."""
    if path.suffix.lower() not in {".html", ".htm"}:
        raise Usage(f"{path} is not the name of a web page", hint="for example: --report report.html")
    if path.is_dir():
        raise CannotSave(f"{path} is a folder", hint="name a file for the report")
    with _named(path), PartFile(path.parent):
        pass


def write_report(
    path: Path,
    outcomes: Sequence[Outcome],
    *,
    seconds: float | None = None,
    redact: Callable[[str], str] | None = None,
    room: int = ROOM,
) -> None:
    """Writes the page whole or not at all, in place of an earlier one. Raises CannotSave.

    `seconds` is how long the batch took, `redact` blanks secrets, `room` is for how many bytes of pictures.
    """
    page = _Page(sorted(outcomes, key=lambda each: each.order.index), seconds, redact or Redactor(), room)
    with _named(path), PartFile(path.parent) as part:
        for piece in page.pieces():
            part.write(piece)
        part.keep(path, replace=True, job_id="")


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Whatever fails says that it was the report, under the name that the user gave it."""
    try:
        yield
    except CannotSave as error:
        raise CannotSave(f"The report {path} cannot be saved", why=error.why, hint=error.hint) from None


class _State(StrEnum):
    DONE = "done"
    PENDING = "submitted"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNTRIED = "not tried"


def _state(outcome: Outcome) -> _State:
    match outcome.result:
        case None:
            return _State.UNTRIED
        case AeforgeError():
            return _State.FAILED
        case JobResult(status="Skipped"):
            return _State.SKIPPED
        case JobResult(status="Pending"):
            return _State.PENDING
        case JobResult():
            return _State.DONE


# ------------------------------------------------------------------ pictures


@dataclass(frozen=True)
class _Picture:
    """A picture that the page shows."""

    content: bytes
    info: ImageInfo

    def tag(self, words: str, kind: str = "") -> Iterator[bytes]:
        size = f' width="{self.info.width}" height="{self.info.height}"' if self.info.width else ""
        yield f'<img class="{kind}" alt="{words}"{size} decoding="async" src="data:'.encode()
        yield f"{self.info.format.content_type};base64,".encode()
        yield base64.b64encode(self.content)
        yield b'">'


class _Pictures:
    """Reads pictures for the page, as long as they fit."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._left = room

    def read(self, path: str) -> _Picture | str:
        """The picture, or a sentence that says why it is not shown."""
        try:
            info = peek(path)
            size = Path(path).stat().st_size
            if reason := self._left_out(info, size):
                return reason
            content = Path(path).read_bytes()
        except AeforgeError as error:
            return f"{error.message}: {error.why}." if error.why else f"{error.message}."
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}."
        self._left -= len(content)
        return _Picture(content, info)

    def _left_out(self, info: ImageInfo, size: int) -> str:
        if info.format in _UNSHOWABLE:
            return f"Browsers do not show {info.format.upper()} pictures."
        if size > LARGEST_PICTURE:
            return f"Left out: it is larger than {size_of(LARGEST_PICTURE)}."
        if size > self._left:
            return f"Left out: this page is full, with {size_of(self._room - self._left)} of pictures."
        return ""


# ------------------------------------------------------------------ the page


class _Page:
    """The page piece by piece, so that no more than two pictures are in memory."""

    def __init__(
        self, outcomes: Sequence[Outcome], seconds: float | None, redact: Callable[[str], str], room: int
    ) -> None:
        self._outcomes = outcomes
        self._seconds = seconds
        self._redact = redact
        self._pictures = _Pictures(room)

    def pieces(self) -> Iterator[bytes]:
        style, script = _beside(".css"), _beside(".js")
        yield _head(style, script).encode()
        yield self._summary().encode()
        for outcome in self._outcomes:
            yield from self._job(outcome)
        yield f"</main><footer>aeforge {__version__}</footer><script>{script}</script></body></html>\n".encode()

    def _text(self, untrusted: str, longest: int = 500) -> str:
        shown = shown_url(untrusted) if is_address(untrusted) else untrusted
        return escape(clean(self._redact(shown), longest))

    # -------------------------------------------------------------- summary

    def _summary(self) -> str:
        states = Counter(map(_state, self._outcomes))
        counts = "".join(f'<li class="{each.name}"><b>{states[each]}</b> {each}' for each in _State if states[each])
        return (
            f"<header><h1>aeforge: {count(len(self._outcomes), 'job')}</h1><ul class=counts>{counts}</ul>"
            f"<p>{self._times()}</p>{self._reasons()}"
            '<p class=views><label><input type="checkbox" id="beside"> side by side</label>'
            '<label><input type="checkbox" id="troubled"> only what is not done</label></p></header><main>'
        )

    def _times(self) -> str:
        each = [outcome.seconds for outcome in self._outcomes if _state(outcome) is _State.DONE]
        whole = [f"{self._seconds:.1f} s in all"] if self._seconds is not None else []
        return "; ".join(whole + ([f"median {statistics.median(each):.1f} s a job"] if each else []))

    def _reasons(self) -> str:
        """Why jobs failed: each reason with the jobs that met it."""
        met: dict[str, list[Outcome]] = {}
        for outcome in self._outcomes:
            if isinstance(outcome.result, AeforgeError):
                met.setdefault(outcome.result.code, []).append(outcome)
        rows = "".join(f"<li><b>{len(those)}</b> {code}: {_links(those)}" for code, those in met.items())
        return f"<ul class=reasons>{rows}</ul>" if rows else ""

    # -------------------------------------------------------------- one job

    def _job(self, outcome: Outcome) -> Iterator[bytes]:
        state, item = _state(outcome), outcome.order
        yield (
            f'<article class="{state.name}" id="job-{item.index + 1}">'
            f"<h2>{item.index + 1}. <bdi>{self._text(item.label)}</bdi> <small>{state}</small></h2>"
        ).encode()
        yield self._facts(outcome).encode()
        match outcome.result:
            case JobResult() as done:
                yield from self._before_and_after(item.input, done)
            case AeforgeError() as error:
                yield self._failure(error).encode()
                yield from self._alone("before", item.input)
            case None:
                pass
        yield b"</article>\n"

    def _facts(self, outcome: Outcome) -> str:
        result = outcome.result
        prompt = "\n".join(self._text(line, _LONGEST_PROMPT) for line in outcome.order.words.splitlines())
        facts = {"prompt": f"<span class=prompt dir=auto>{prompt}</span>" if prompt else ""}
        if isinstance(result, JobResult):
            facts["saved"] = "<br>".join(self._text(file.path) for file in result.files)
            facts["address"] = "" if result.files else "<br>".join(map(self._text, result.image_urls))
        if result is not None:
            facts["seconds"] = f"{outcome.seconds:.1f}"
            facts["job"] = self._text(result.job_id or "")
        return f"<dl>{''.join(f'<dt>{name}<dd>{fact}' for name, fact in facts.items() if fact)}</dl>"

    def _failure(self, error: AeforgeError) -> str:
        lines = [("error", error.message), ("why", error.why), ("next", error.hint)]
        shown = "".join(f"<dt>{label}<dd>{self._text(text)}" for label, text in lines if text)
        return f"<dl class=failure><dt>reason<dd>{error.code}{shown}</dl>"

    # -------------------------------------------------------------- pictures of a job

    def _before_and_after(self, name: str, done: JobResult) -> Iterator[bytes]:
        """The input and the first result under a slider where both can be shown; further results below."""
        paths = [file.path for file in done.files]
        if not (paths and name):
            yield from self._alone("before", name)
            for number, path in enumerate(paths, 1):
                yield from self._figure(f"result {number}", self._pictures.read(path))
            return
        before, after = self._before(name, paths), self._pictures.read(paths[0])
        if isinstance(before, _Picture) and isinstance(after, _Picture):
            yield from _stage(before, after, self._text(name))
        else:
            yield b"<div class=pair>"
            yield from self._figure("before", before)
            yield from self._figure("after", after)
            yield b"</div>"
        for number, path in enumerate(paths[1:], 2):
            yield from self._figure(f"result {number}", self._pictures.read(path))

    def _alone(self, caption: str, name: str) -> Iterator[bytes]:
        if name:
            yield from self._figure(caption, self._before(name, ()))

    def _before(self, name: str, results: Sequence[str]) -> _Picture | str:
        if is_address(name):
            return "Nothing is fetched from the web for this page."
        if name == "-":
            return "It came through standard input, and was not kept."
        if os.path.realpath(name) in map(os.path.realpath, results):
            return "The result was saved in its place."
        return self._pictures.read(name)

    def _figure(self, caption: str, picture: _Picture | str) -> Iterator[bytes]:
        yield b"<figure>"
        if isinstance(picture, _Picture):
            yield from picture.tag(caption)
            yield f"<figcaption>{caption}</figcaption></figure>".encode()
        else:
            yield f"<figcaption>{caption}: {self._text(picture)}</figcaption></figure>".encode()


def _links(outcomes: Sequence[Outcome]) -> str:
    numbers = [outcome.order.index + 1 for outcome in outcomes]
    return " ".join(f'<a href="#job-{number}">{number}</a>' for number in numbers)


def _stage(before: _Picture, after: _Picture, name: str) -> Iterator[bytes]:
    yield b"<figure class=stage>"
    yield from after.tag(f"after: {name}", "after")
    yield from before.tag(f"before: {name}", "before")
    yield (
        b'<input type="range" min="0" max="100" value="50" autocomplete="off"'
        b' aria-label="how much of the picture before is shown, in percent">'
        b"<span class=left>before</span><span class=right>after</span></figure>"
    )


# ------------------------------------------------------------------ how it looks and moves


def _beside(suffix: str) -> str:
    """What stands in the file beside this one."""
    return Path(__file__).with_suffix(suffix).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _head(style: str, script: str) -> str:
    """By their digests only this style and this script may act, even if untrusted text ever escaped its escaping."""
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none';"
        " form-action 'none'"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>aeforge report</title><style>{style}</style></head><body>\n"
    )
