"""A list of assets: read from TOML or JSON Lines, who makes whose pictures, and every mistake with its line."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from difflib import get_close_matches
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import AeforgeError, Usage
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import ANY_NUMBER, ANY_SUFFIX
from aeforge_cli.files.inputs import label_of
from aeforge_cli.jobs.toml_lines import TableLines, table_lines

COMMON, ASSET = "common", "asset"
_AT_LINE = re.compile(r"(.*) \(at line (\d+), column \d+\)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One table of the list; keys are written with underscores, whatever the file says. `line` 0: it is not there."""

    values: Mapping[str, object] = field(default_factory=dict)
    line: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


@dataclass(frozen=True)
class AssetFile:
    """What a file lists."""

    common: Entry
    assets: tuple[Entry, ...]


# ------------------------------------------------------------------ mistakes


@dataclass(frozen=True)
class _Mistake:
    line: int
    asset: str
    error: AeforgeError


class Mistakes:
    """Everything that is wrong with a list, so that its author learns of all of it at once."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[_Mistake] = []

    def add(self, line: int, error: AeforgeError | str, asset: str = "") -> None:
        found = Usage(error) if isinstance(error, str) else error
        self._found.append(_Mistake(line, asset, found))

    def has(self, line: int) -> bool:
        """Whether something is wrong on the line already."""
        return any(each.line == line for each in self._found)

    def check(self) -> None:
        """Raises the first mistake, by line, which lists the others; always a Usage."""
        if not self._found:
            return
        found = sorted(self._found, key=lambda each: each.line)
        first = found[0].error
        kind = type(first) if isinstance(first, Usage) else Usage
        why = f"{len(found)} mistakes; nothing was sent" if len(found) > 1 else "nothing was sent"
        hint = first.hint or f"correct {label_of(self._file)}, then run the command again"
        error = kind(self._message(found[0]), why=why, hint=hint)
        error.mistakes = [
            {"line": each.line, "asset": each.asset or None, "code": each.error.code, "message": self._message(each)}
            for each in found
        ]
        raise error

    def _message(self, mistake: _Mistake) -> str:
        error = mistake.error
        words = f"{error.message}: {error.why}" if error.why else error.message
        return ": ".join(filter(None, (f"{self._file}:{mistake.line}", mistake.asset, words)))


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What is wrong with a key that nothing knows, with the one that was probably meant."""
    near = get_close_matches(key, sorted(known), n=1)
    return f"{written(key)!r} is not a known key" + (f" (did you mean {written(near[0])!r}?)" if near else "")


def written(key: str) -> str:
    """A key as it is written in a list."""
    return key.replace("_", "-")


# ------------------------------------------------------------------ reading


def read_assets(text: str, name: str) -> AssetFile:
    """JSON Lines if the text begins with a brace, as no TOML does, else TOML. Raises Usage with all that is wrong."""
    mistakes = Mistakes(name)
    is_json = text.lstrip().startswith("{")
    found = _from_json(text, mistakes) if is_json else _from_toml(text, name, mistakes)
    mistakes.check()
    if not found.assets:
        raise Usage(f"{name} lists no assets", hint="aeforge build --init writes an example")
    return found


def _from_toml(text: str, name: str, mistakes: Mistakes) -> AssetFile:
    import tomllib

    try:
        content = tomllib.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise _not_toml(name, str(error)) from None
    lines = table_lines(text.replace("\r\n", "\n"))
    top = lines[""][0].keys
    for key in content.keys() - {COMMON, ASSET}:
        line = lines[key][0].line if key in lines else top.get(key, 1)
        mistakes.add(line, f"{unknown_key(key, [COMMON, ASSET])}: assets stand under [[asset]]")
    common = content.get(COMMON, {})
    assets = content.get(ASSET, [])
    if not isinstance(common, dict):
        mistakes.add(top.get(COMMON, 1), "common must be a table: [common]")
        common = {}
    if not (isinstance(assets, list) and all(isinstance(each, dict) for each in assets)):
        mistakes.add(top.get(ASSET, lines.get(ASSET, lines[""])[0].line), "each asset must be a table: [[asset]]")
        assets = []
    places = lines.get(ASSET, [])
    if len(places) != len(assets):  # written as one array
        places = [TableLines(top.get(ASSET, 1))] * len(assets)
    place = next(iter(lines.get(COMMON, [])), TableLines(top.get(COMMON, 1)))
    entries = (_entry(each, lines_of, mistakes) for each, lines_of in zip(assets, places, strict=True))
    return AssetFile(_entry(common, place, mistakes), tuple(entries))


def _not_toml(name: str, words: str) -> Usage:
    where = _AT_LINE.fullmatch(words)
    place = f"{name}:{where[2]}" if where else name
    return Usage(
        f"{place} is not valid TOML", why=where[1] if where else words, hint="aeforge build --init writes an example"
    )


def _from_json(text: str, mistakes: Mistakes) -> AssetFile:
    common, assets = Entry(), []
    for number, content in _json_lines(text, mistakes):
        if COMMON not in content:
            assets.append(_entry(content, TableLines(number), mistakes))
        elif assets or common.line:
            mistakes.add(number, '{"common": ...} must be the first line')
        elif len(content) > 1 or not isinstance(content[COMMON], dict):
            mistakes.add(number, 'the line of common must look like {"common": {"style": "flat vector"}}')
        else:
            common = _entry(content[COMMON], TableLines(number), mistakes)
    return AssetFile(common, tuple(assets))


def _json_lines(text: str, mistakes: Mistakes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            content = json.loads(line, object_pairs_hook=_without_duplicates)
        except (ValueError, RecursionError) as error:
            mistakes.add(number, f"not valid JSON: {error}")
            continue
        if isinstance(content, dict):
            yield number, content
        else:
            mistakes.add(number, "each line must be one JSON object")


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice")
    return content


def _entry(content: Mapping[str, object], place: TableLines, mistakes: Mistakes) -> Entry:
    values: dict[str, object] = {}
    for key, value in content.items():
        name = key.replace("-", "_")
        if name in values:
            mistakes.add(place.keys.get(key, place.line), f"{written(name)!r} stands twice, with a hyphen and without")
        values[name] = value
    return Entry(values, place.line, {key.replace("-", "_"): line for key, line in place.keys.items()})


# ------------------------------------------------------------------ who makes whose pictures


class Misspelled(Exception):
    """A picture is the result of an asset, but for case or Unicode form: another file on some systems."""

    def __init__(self, name: Path) -> None:
        super().__init__(str(name))
        self.name = name


class Dependencies:
    """Which assets make the pictures of which: `results` are the names that each may write, `pictures` what it reads.

    Assets are named by their places in the list.
    """

    def __init__(self, results: Sequence[Sequence[Path]], pictures: Sequence[Sequence[str]]) -> None:
        self._results = OutputCollisions(results)
        self._pictures = pictures
        self._makers: dict[str, int | None] = {}

    def maker(self, picture: str) -> int | None:
        """The asset that makes the picture. Raises Misspelled."""
        if picture not in self._makers:
            self._makers[picture] = self._found(picture)
        return self._makers[picture]

    def _found(self, picture: str) -> int | None:
        for index, name in self._results.makers(picture):
            if not {ANY_NUMBER, ANY_SUFFIX}.intersection(str(name)) and place_of(name) != place_of(picture):
                raise Misspelled(name)
            return index
        return None

    @cached_property
    def needs(self) -> list[list[int]]:
        """The assets that each asset needs; a picture that is misspelled counts for none."""
        return [list(dict.fromkeys(self._makers_of(pictures))) for pictures in self._pictures]

    def _makers_of(self, pictures: Iterable[str]) -> Iterator[int]:
        for picture in pictures:
            try:
                maker = self.maker(picture)
            except Misspelled:
                continue
            if maker is not None:
                yield maker

    def same_results(self) -> Iterator[tuple[int, int, str]]:
        """Pairs of assets that could write one file, and the file: each later one once."""
        told = set()
        for one, other, shown in self._results.meetings():
            if max(one, other) not in told:
                told.add(max(one, other))
                yield min(one, other), max(one, other), shown

    def cycles(self) -> Iterator[list[int]]:
        """Assets that need one another in a circle; each needs the next, and the last is the first."""
        needs = {index: set(needed) for index, needed in enumerate(self.needs)}
        while True:
            try:
                TopologicalSorter(needs).prepare()
            except CycleError as error:
                circle: list[int] = error.args[1][::-1]
                yield circle
                needs[circle[0]].discard(circle[1])
            else:
                return

    def in_order(self) -> list[int]:
        """All assets, each after those that it needs. There must be no cycle."""
        return list(TopologicalSorter(dict(enumerate(self.needs))).static_order())

    def with_needed(self, wanted: Iterable[int]) -> set[int]:
        """These assets and all that they are made of."""
        found: set[int] = set()
        rest = list(wanted)
        while rest:
            index = rest.pop()
            if index not in found:
                found.add(index)
                rest += self.needs[index]
        return found


def place_of(path: str | Path) -> str:
    """The same for the same place: without `..` and `//`, through links of folders."""
    path = Path(path)
    return os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 - keeps the name as it is
