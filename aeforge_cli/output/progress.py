"""What moves on the terminal, made of rich: a line for one job, an overview for many.

rich is loaded here alone, and only when something is to be drawn. Text that comes here was made harmless before.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any, cast

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from aeforge_cli.dataclass import dataclass
from aeforge_cli.jobs.events import Tally
from aeforge_cli.phrases import duration


class _Screen:
    """stderr for rich: a terminal that is closed in the middle ends the drawing, not the work."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


# Cells left free at the right, where the terminal shows ^C: it would wrap the line, and half of it would stay.
_ROOM_FOR_CTRL_C = 3


@dataclass(frozen=True)
class _Narrower:
    """What is drawn, as for a terminal that is a little narrower."""

    drawn: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(1, options.max_width - _ROOM_FOR_CTRL_C)
        yield from console.render(self.drawn, options.update(width=width))


class Drawing:
    """Something that is drawn again and again until it is closed; lines can be printed above it."""

    def __init__(self, stream: IO[str], *, color: bool) -> None:
        screen = cast("IO[str]", _Screen(stream))
        self._console = Console(
            file=screen, no_color=not color, markup=False, highlight=False, emoji=False, force_terminal=True
        )
        self.go_on()

    @property
    def height(self) -> int:
        """How many lines are drawn."""
        return 1

    def _drawn(self) -> RenderableType:
        raise NotImplementedError

    def print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)

    def pause(self) -> None:
        """Clears the drawing, so that something can be written where it stood."""
        self._live.stop()

    def go_on(self) -> None:
        # A new one each time: rich's would begin by erasing as many lines as it drew before.
        self._live = Live(
            get_renderable=lambda: _Narrower(self._drawn()), console=self._console, transient=True, refresh_per_second=8
        )
        self._live.start()

    def close(self) -> None:
        self._live.stop()


class LiveLine(Drawing):
    """A spinner and one line; `since` is when the seconds behind it began, on the monotonic clock."""

    def __init__(self, stream: IO[str], *, color: bool) -> None:
        self._spinner = Spinner("dots" if can_show(stream, "⠋") else "line")
        super().__init__(stream, color=color)

    def show(self, line: str, since: float | None) -> None:
        self._spinner.update(text=cast("Text", _Counting(line, since)))

    def _drawn(self) -> RenderableType:
        return self._spinner


@dataclass(frozen=True)
class _Counting:
    """A line that rich asks for anew with every frame, so that its seconds go on."""

    line: str
    since: float | None

    def __rich__(self) -> Text:
        seconds = "" if self.since is None else f", {duration(time.monotonic() - self.since)}"
        return Text(self.line + seconds, no_wrap=True, overflow="ellipsis")


class Overview(Drawing):
    """A bar, the counts of a batch, its rate and the time left, and a line for each job that matters."""

    def __init__(self, stream: IO[str], tally: Tally, jobs: Callable[[], Sequence[str]], *, color: bool) -> None:
        self._tally = tally
        self._jobs = jobs
        self._started = time.monotonic()
        self._shown: Sequence[str] = ()
        super().__init__(stream, color=color)

    @property
    def height(self) -> int:
        return 2 + len(self._shown)

    def _drawn(self) -> RenderableType:
        ended = self._tally.ended
        rate = ended / max(0.1, time.monotonic() - self._started)
        left = f"{duration((self._tally.total - ended) / rate)} left, " if ended else ""
        rows = Table.grid()
        rows.add_row(ProgressBar(total=self._tally.total, completed=ended, width=60))
        rows.add_row(Text(f"{self._tally}; {left}{rate:.1f}/s", no_wrap=True, overflow="ellipsis"))
        self._shown = self._jobs()
        for line in self._shown:
            rows.add_row(Text(f"  {line}", style="dim", no_wrap=True, overflow="ellipsis"))
        return rows


def can_show(stream: IO[str], character: str) -> bool:
    """Whether the stream's encoding knows the character."""
    try:
        character.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
