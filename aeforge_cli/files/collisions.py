"""Which job may write which file: two results never share a name, on any file system."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import NamedTuple

from aeforge_cli.errors import OutputExists
from aeforge_cli.files.destination import ANY_NUMBER, ANY_SUFFIX, WIDTH
from aeforge_cli.files.image_headers import Format

_RUN = re.compile(rf"(?:[0-9]|{ANY_NUMBER}{WIDTH}*)+")  # digits, and numbers that are open: together one number
_OPEN = re.compile(rf"{ANY_NUMBER}({WIDTH}*)")
_SUFFIX = re.compile(rf"\.({ANY_SUFFIX}|{'|'.join(each.extension for each in Format)})$")
_GAP = "\3"
_MOST_DIGITS = 19  # no job makes so many results


class OutputCollisions:
    """Which job may write which file, where neither case nor Unicode form tells names apart.

    Names are sorted by their skeleton, the name without its numbers and its suffix: only equal ones can meet.
    """

    def __init__(self, jobs: Iterable[Sequence[Path]]) -> None:
        self._folders: dict[str, str] = {}
        self._names: dict[str, _Alike] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for job, names in enumerate(jobs):
            for path in names:
                skeleton, name = self._parsed(path, job)
                self._names[skeleton][name.kind][name.fixed(name.kind)].append(name)

    def __contains__(self, path: str) -> bool:
        """Whether the file may be a result of one of the jobs."""
        return next(self.makers(path), None) is not None

    def makers(self, path: str) -> Iterator[tuple[int, Path]]:
        """The jobs of which the file may be a result, by their places in the list, each with its own name for it."""
        skeleton, name = self._parsed(Path(path), _NOBODY)
        for kind, index in self._names.get(skeleton, {}).items():
            for other in index.get(name.fixed(kind), ()):
                if _meet(name, other):
                    yield other.job, other.path

    def check(self) -> None:
        """Raises OutputExists if two jobs could write the same file."""
        for _, _, shown in self.meetings():
            raise OutputExists(
                f"Two results would be saved as {shown}",
                hint="use a template with a field that differs, for example -o 'out/{stem}-{job_id}.{ext}'",
            )

    def meetings(self) -> Iterator[tuple[int, int, str]]:
        """Two jobs that could write the same file, by their places in the list, and the file."""
        for alike in self._names.values():
            for one, other in _candidates(alike):
                if one.job != other.job and (meeting := _meet(one, other)):
                    yield one.job, other.job, _shown(meeting)

    def _parsed(self, path: Path, job: int) -> "tuple[str, _Name]":
        """The skeleton, the same text for names that may be the same file somewhere, and the rest of the name."""
        text = unicodedata.normalize("NFC", f"{self._real(path)}/{path.name}").casefold()
        suffix = _SUFFIX.search(text)
        text = text[: suffix.start()] if suffix else text
        runs = tuple(_RUN.findall(text))
        return _RUN.sub(_GAP, text), _Name(job, path, runs, suffix[1] if suffix else "")

    def _real(self, path: Path) -> str:
        """The path's folder, through links; a number in it may be open."""
        folder = os.path.abspath(path.parent)  # noqa: PTH100 - `x/../a.png` is `a.png`
        if folder not in self._folders:
            self._folders[folder] = folder if ANY_NUMBER in folder else os.path.realpath(folder)
        return self._folders[folder]


_NOBODY = -1


class _Kind(NamedTuple):
    """What a name leaves open: which of its numbers, and its suffix."""

    numbers: tuple[bool, ...]
    suffix: bool

    def or_(self, other: "_Kind") -> "_Kind":
        numbers = tuple(one or two for one, two in zip(self.numbers, other.numbers, strict=True))
        return _Kind(numbers, self.suffix or other.suffix)


class _Name(NamedTuple):
    """A file name of a job: its numbers, each as digits and open parts, and its suffix."""

    job: int
    path: Path
    runs: tuple[str, ...]
    suffix: str

    @property
    def kind(self) -> _Kind:
        return _Kind(tuple(ANY_NUMBER in run for run in self.runs), self.suffix == ANY_SUFFIX)

    def fixed(self, kind: _Kind) -> tuple[str, ...]:
        """The parts that such a kind does not leave open: two names can only be the same if these are."""
        runs = (run for run, is_open in zip(self.runs, kind.numbers, strict=True) if not is_open)
        return *runs, "" if kind.suffix else self.suffix


_Alike = dict[_Kind, dict[tuple[str, ...], list[_Name]]]  # names of one skeleton, by what they leave open and fix


def _candidates(alike: _Alike) -> Iterator[tuple[_Name, _Name]]:
    """The pairs of names whose fixed parts are equal, each in its order; first those that leave the same open."""
    for index in alike.values():
        for names in index.values():
            yield from combinations(names, 2)
    for left, right in combinations(alike, 2):
        both = left.or_(right)
        shared: dict[tuple[str, ...], list[_Name]] = defaultdict(list)
        for name in chain.from_iterable(alike[left].values()):
            shared[name.fixed(both)].append(name)
        for name in chain.from_iterable(alike[right].values()):
            for other in shared.get(name.fixed(both), ()):
                yield (other, name) if other.job <= name.job else (name, other)


class _Meeting(NamedTuple):
    """A name, with what its open parts are where it meets another."""

    name: _Name
    number: int | None
    suffix: str


def _meet(one: _Name, other: _Name) -> _Meeting | None:
    """The name that both may have, as the one that leaves less open tells it; None where there is none."""
    suffixes = {one.suffix, other.suffix} - {ANY_SUFFIX}
    if len(suffixes) > 1 or suffixes == {""} != {one.suffix, other.suffix}:
        return None
    numbers = _numbers(one, other)
    if numbers is None:
        return None
    suffix = next(iter(suffixes), Format.PNG.extension)
    if any(other.kind.numbers) and not any(one.kind.numbers):
        return _Meeting(one, numbers[0], suffix)
    return _Meeting(other, numbers[1], suffix)


def _numbers(one: _Name, other: _Name) -> tuple[int | None, int | None] | None:
    """The numbers of two results with which the names are the same, None for any; None where no two are."""
    first: int | None = None
    second: int | None = None
    pairs = list(zip(one.runs, other.runs, strict=True))
    # What one name fixes tells the number of the other, and that in turn what both leave open.
    for _ in range(3):
        for left, right in pairs:
            left, right = _with(left, first), _with(right, second)  # noqa: PLW2901 - as far as they are known by now
            is_left, is_right = ANY_NUMBER in left, ANY_NUMBER in right
            if not is_left and not is_right and left != right:
                return None
            if is_left and not is_right:
                found = _solved(left, right)
                if found is None:
                    return None
                first = found or first
            elif is_right and not is_left:
                found = _solved(right, left)
                if found is None:
                    return None
                second = found or second
    return first, second


def _with(run: str, number: int | None) -> str:
    return run if number is None else _OPEN.sub(lambda slot: f"{number:0{len(slot[1])}d}", run)


def _solved(run: str, digits: str) -> int | None:
    """The result's number with which the run has these digits; 0 if that may be several; None if there is none."""
    slots = list(_OPEN.finditer(run))
    if len(slots) > 1:
        return 0
    before, after = run[: slots[0].start()], run[slots[0].end() :]
    inner = digits[len(before) : len(digits) - len(after)]
    number = int(inner) if 0 < len(inner) < _MOST_DIGITS else 0
    return number if number and _with(run, number) == digits else None


def _shown(meeting: _Meeting) -> str:
    """The name as the user would see it."""
    text = _with(str(meeting.name.path), meeting.number or 1)
    return text.replace(ANY_SUFFIX, meeting.suffix)
