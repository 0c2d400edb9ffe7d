"""Which job may write which file: two results never share a name, on any file system."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from aeforge_cli.errors import OutputExists
from aeforge_cli.files.destination import ANY_NUMBER, ANY_SUFFIX
from aeforge_cli.files.image_headers import Format


class OutputCollisions:
    """Which job may write which file, where neither case nor Unicode form tells names apart."""

    def __init__(self, jobs: Iterable[Sequence[Path]]) -> None:
        self._jobs = list(jobs)
        self._owners: dict[str, int] = {}
        self._families: dict[str, dict[_Freed, int]] = {}  # of the names that leave a number open, their other forms
        for job, names in enumerate(self._jobs):
            for name in map(_alike, names):
                self._owners.setdefault(name, job)
                for form, freed in _forms(name) if ANY_NUMBER in name else ():
                    if freed.number is not None:
                        owners = self._families.setdefault(form, {})
                        owners[freed] = job if owners.get(freed, job) == job else _SEVERAL

    def __contains__(self, path: str) -> bool:
        """Whether the file may be a result of one of the jobs."""
        return any(form in self._owners for form, _ in _forms(_alike(Path(path))))

    def check(self) -> None:
        """Raises OutputExists if two jobs could write the same file."""
        for job, names in enumerate(self._jobs):
            for name in names:
                if any(self._may_be_another(form, freed, job) for form, freed in _forms(_alike(name))):
                    shown = str(name).replace(ANY_NUMBER, "1").replace(ANY_SUFFIX, Format.PNG.extension)
                    raise OutputExists(
                        f"Two results would be saved as {shown}",
                        hint="use a template that tells them apart, for example -o 'out/{stem}-{job_id}.{ext}'",
                    )

    def _may_be_another(self, form: str, freed: "_Freed", job: int) -> bool:
        if self._owners.get(form, job) != job:
            return True
        # Two names with open numbers meet where each leaves open what the other fixes; what both fix may differ.
        return any(
            owner != job and other.number != freed.number and not (other.suffix and freed.suffix)
            for other, owner in self._families.get(form, {}).items()
        )


_SEVERAL = -1  # no job's number


class _Freed(NamedTuple):
    """What a form of a name leaves open that the name fixes: which of its numbers, counted from 0; its suffix."""

    number: int | None
    suffix: bool


def _alike(name: Path) -> str:
    """The same text for names that are the same file somewhere; digits beside a number could be part of it."""
    text = unicodedata.normalize("NFC", str(name.absolute())).casefold()
    return re.sub(rf"\d*{ANY_NUMBER}\d*", ANY_NUMBER, text)


def _forms(name: str) -> Iterator[tuple[str, _Freed]]:
    """The name, and all that stand for it among others: any number for one of its numbers, any suffix for its own."""
    for text in {name, f"{name.rpartition('.')[0]}.{ANY_SUFFIX}"}:
        yield text, _Freed(None, text != name)
        for place, number in enumerate(re.finditer(rf"\d+|{ANY_NUMBER}", text)):
            if number[0] != ANY_NUMBER:
                form = f"{text[: number.start()]}{ANY_NUMBER}{text[number.end() :]}"
                yield form, _Freed(place, text != name)
