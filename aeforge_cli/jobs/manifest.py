"""What is about to be bought: every input found and judged, every output named, before anything is sent."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path

from aeforge_cli.api.operations import WORDS, Operation, Quality
from aeforge_cli.api.web_inputs import is_address
from aeforge_cli.errors import AeforgeError, FileMissing, Usage
from aeforge_cli.files.inputs import peek


@dataclass(frozen=True)
class Wanted:
    """One job as the user asked for it; None where the command line's own value holds; `index` is its place."""

    image: str | None = None
    prompt: str | None = None
    quality: str | None = None
    output: str | None = None
    index: int = field(default=0, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        """The same on every machine that is given the same list."""
        return self.image or "", self.prompt or "", self.quality or "", self.output or ""

    @property
    def words(self) -> str:
        return self.prompt or ""

    @property
    def called(self) -> str:
        """What people are told that it is."""
        return self.image or f"job {self.index + 1}"

    @property
    def file(self) -> str | None:
        """The file that its picture is in, if it is in one."""
        return None if self.image in (None, "-") or is_address(self.image) else self.image


_FIELDS = {"image": ("image", "start_frame_image"), "prompt": WORDS, "quality": ("quality",)}


def columns(kind: type[Operation]) -> list[str]:
    """What a manifest may say of each such job."""
    known = {each.name for each in fields(kind)}
    return [*(column for column, names in _FIELDS.items() if known.intersection(names)), "output"]


def needs_picture(kind: type[Operation]) -> bool:
    """Whether there is no such job without a picture of its own."""
    return any(each.name in _FIELDS["image"] and each.default is MISSING for each in fields(kind))


# ------------------------------------------------------------------ where jobs are listed


def from_arguments(images: Sequence[str], *, recursive: bool) -> list[Wanted]:
    """Paths and addresses as given; a folder stands for the pictures in it. Raises Usage, FileMissing."""
    return [Wanted(image) for text in images for image in _pictures(text, recursive=recursive)]


def from_paths(text: str) -> list[Wanted]:
    """One path or address a line."""
    return [Wanted(line) for line in text.removeprefix("\ufeff").splitlines() if line.strip()]


def from_manifest(text: str, name: str, kind: type[Operation]) -> list[Wanted]:
    """JSON Lines, or CSV with a header. Raises Usage that names the line of the first mistake."""
    text = text.removeprefix("\ufeff")
    rows = _json_rows(text, name) if text.lstrip().startswith("{") else _csv_rows(text, name)
    wanted = [_row(row, f"{name}:{number}", kind) for number, row in rows]
    if not wanted:
        raise Usage(f"{name} lists no jobs", hint='a line is for example {"image": "a.png", "prompt": "blue sky"}')
    return wanted


def _json_rows(text: str, name: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                raise Usage(f"{name}:{number} is not JSON", hint="each line is one JSON object") from None


def _csv_rows(text: str, name: str) -> Iterator[tuple[int, object]]:
    import csv
    import io

    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise Usage(f"{name}:{reader.line_num} has not as many fields as the header")
            yield reader.line_num, {column.strip(): value for column, value in row.items() if value}
    except csv.Error as error:
        # The inner reader counts a line when it begins, the outer one when it was read whole.
        raise Usage(f"{name}:{reader.reader.line_num} is not CSV", why=str(error)) from None


def _row(row: object, place: str, kind: type[Operation]) -> Wanted:
    if not isinstance(row, dict):
        raise Usage(f"{place} is not a JSON object")
    known = columns(kind)
    unknown = [column for column in row if column not in known]
    if unknown:
        raise Usage(f"{place} has a field {unknown[0]!r}", hint=f"{kind.name} knows {', '.join(known)}")
    wrong = [column for column, value in row.items() if not isinstance(value, str) or not value.strip()]
    if wrong or ("image" not in row and needs_picture(kind)):
        raise Usage(f"{place}: {wrong[0] if wrong else 'image'} must be text that is not empty")
    if row.get("quality", Quality.STANDARD) not in list(Quality):
        raise Usage(f"{place}: quality must be one of {', '.join(Quality)}")
    return Wanted(**row)


def _pictures(text: str, *, recursive: bool) -> list[str]:
    if text == "-" or is_address(text) or not Path(text).is_dir():
        return [text]
    found = [path for path in _files(Path(text), recursive=recursive) if _is_picture(path)]
    if not found:
        raise FileMissing(
            f"{text} holds no pictures", hint="add --recursive for those in its folders" if not recursive else ""
        )
    return found


def _files(folder: Path, *, recursive: bool) -> Iterator[str]:
    """In an order that is the same everywhere."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.join(place, name)  # noqa: PTH118 - keeps what the user typed
        if not recursive:
            return


def _is_picture(path: str) -> bool:
    """Whether it is one by its content; what cannot be read may be one, and is refused with the rest of the plan."""
    try:
        peek(path)
    except FileMissing:
        return True
    except AeforgeError:
        return False
    return True


# ------------------------------------------------------------------ judging the list


def shard(wanted: Sequence[Wanted], text: str) -> list[Wanted]:
    """The share `2/8` of a list: the same on every machine, in whatever order the list comes. Raises Usage."""
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise Usage(f"{text!r} is no shard", hint="for example --shard 2/8: the second of eight")
    return sorted(wanted, key=lambda each: each.key)[int(number) - 1 :: int(count)]


def check_inputs(wanted: Iterable[Wanted], warn: Callable[[str], None]) -> None:
    """Raises what is wrong with the first input that cannot be used; tells of the others."""
    errors: list[AeforgeError] = []
    for each in wanted:
        if each.file:
            try:
                peek(each.file)
            except AeforgeError as error:
                errors.append(error)
    if not errors:
        return
    for other in errors[1:6]:
        warn(other.message)
    if len(errors) > 1:
        errors[0].why = f"{errors[0].why}; {len(errors)} inputs cannot be used, and nothing was sent".lstrip("; ")
    raise errors[0]


def check_twins(wanted: Sequence[tuple[Wanted, str]], digest: Callable[[str], str]) -> None:
    """Raises Usage where the same work is asked for twice. Each job comes with what is asked, whatever its picture.

    Only files of equal size are read for it.
    """
    alike = Counter(_likeness(each, asked) for each, asked in wanted)
    seen: dict[tuple[str | None, str], Wanted] = {}
    for each, asked in wanted:
        if alike[_likeness(each, asked)] == 1:
            continue
        key = digest(each.file) if each.file else each.image, asked
        if key in seen:
            raise Usage(
                f"{each.called} and {seen[key].called} ask for the same work",
                why="that would be paid for twice",
                hint="leave one out, or add --new to buy both",
            )
        seen[key] = each


def _likeness(each: Wanted, asked: str) -> tuple[object, ...]:
    return Path(each.file).stat().st_size if each.file else each.image, asked
