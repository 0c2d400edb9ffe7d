"""What the entries of a list of assets mean: each is an operation with its options, pictures and output."""

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from aeforge_cli.api.operations import Operation
from aeforge_cli.api.web_inputs import check_address, is_address
from aeforge_cli.commands._shared.checks import check_place
from aeforge_cli.commands._shared.pictures import unread
from aeforge_cli.commands._shared.recipes import Image, Recipe, Values, recipes
from aeforge_cli.commands._shared.sources import words
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import AeforgeError, FileMissing, Usage
from aeforge_cli.files.destination import Naming, destination, file_name
from aeforge_cli.files.inputs import local_path, peek
from aeforge_cli.files.picture import Picture
from aeforge_cli.jobs.assets import AssetFile, Dependencies, Entry, Misspelled, Mistakes, unknown_key, written
from aeforge_cli.jobs.delivery import Delivery

_SINGLE = ("image", "to")  # options that take one picture
_KEYWORD = "keyword"  # what split-layer calls its prompt
_ENDS = ".,;:!?-"  # a style that ends so needs no comma behind it


@dataclass(frozen=True)
class Asset:
    """An entry as it was understood: `out` as it is written, `pictures` by option, their paths as seen from here."""

    index: int
    entry: Entry
    out: str
    recipe: Recipe
    options: Mapping[str, object]
    pictures: Mapping[str, Sequence[str]]
    delivery: Delivery | None
    operation: Operation | None
    lines: Mapping[str, int] = field(default_factory=dict)

    def made(self, read: Callable[[str], Picture], setting: Callable[[str], str]) -> Operation:
        """The operation with its pictures as `read` finds them. Raises Usage."""
        pictures = {name: tuple(map(read, texts)) for name, texts in self.pictures.items()}
        return self.recipe.make(Values(self.options, pictures, setting))

    @property
    def image(self) -> str:
        """Its own picture, the first where it has none, or nothing."""
        return next((texts[0] for texts in self.pictures.values() if texts), "")

    @property
    def names(self) -> list[Path]:
        """What its results may be called."""
        if self.delivery is None or self.delivery.destination is None:
            return []
        return self.delivery.destination.names(self.delivery.naming)

    @property
    def all_pictures(self) -> list[str]:
        return [text for texts in self.pictures.values() for text in texts]


# ------------------------------------------------------------------ what an operation takes


def _keys(recipe: Recipe) -> set[str]:
    """What an asset of this operation may say."""
    keys = {"out", "operation", *recipe.columns}
    keys |= {"image"} if recipe.image is not Image.NONE else set()
    keys |= {_KEYWORD} if recipe.words == _KEYWORD else {"style"} if recipe.words else set()
    return keys


class AssetReader:
    """Reads the entries of a list; what is wrong goes to `mistakes`, and the rest is read all the same."""

    def __init__(
        self,
        listed: AssetFile,
        folder: str,
        mistakes: Mistakes,
        setting: Callable[[str], str],
        *,
        overwrite: bool,
        day: date,
    ) -> None:
        self._listed = listed
        self._folder = folder
        self._mistakes = mistakes
        self._setting = setting
        self._overwrite = overwrite
        self._day = day
        self._recipes = recipes()
        self._common = self._read_common()

    def assets(self) -> list[Asset]:
        """All of them, in the order of the list; one with mistakes as far as it can be understood."""
        return [self._asset(index, entry) for index, entry in enumerate(self._listed.assets)]

    # -------------------------------------------------------------- what all assets share

    def _read_common(self) -> dict[str, object]:
        entry = self._listed.common
        known = set().union(*map(_keys, self._recipes.values())) - {"out"}
        found: dict[str, object] = {}
        for key, value in entry.values.items():
            try:
                found[key] = self._common_value(known, key, value)
            except Usage as error:
                self._mistakes.add(entry.line_of(key), error, "common")
        return found

    def _common_value(self, known: Collection[str], key: str, value: object) -> object:
        """`style` is that of the prompts here, whatever else it means to an operation."""
        if key not in known:
            raise Usage(unknown_key(key, known))
        if key in ("style", "operation"):
            return _text(key, value)
        takers = (recipe for recipe in self._recipes.values() if key in _keys(recipe))
        return self._value(next(takers), key, value)

    # -------------------------------------------------------------- one asset

    def _asset(self, index: int, entry: Entry) -> Asset:
        out = entry.values.get("out")
        named = out if isinstance(out, str) and out else f"asset {index + 1}"
        recipe = self._recipe(entry, named)
        if recipe is None:  # its out is still a file that others may name
            unknown = self._recipes["generate"]
            return Asset(index, entry, named, unknown, {}, {}, self._delivery(unknown, entry, named, None, {}), None)
        own = self._own_values(recipe, entry, named)
        inherited = self._inherited(recipe, own)
        given = {**inherited, **own}
        taken = ("image", *recipe.pictures)
        pictures = {name: texts for name in taken if isinstance(texts := given.get(name, []), list)}
        options = self._options(recipe, given)
        operation = self._operation(recipe, entry, named, options, pictures)
        delivery = self._delivery(recipe, entry, named, operation, pictures)
        common = self._listed.common
        lines = {name: (entry if name in own else common).line_of(name) for name in taken}
        return Asset(index, entry, named, recipe, options, pictures, delivery, operation, lines)

    def _recipe(self, entry: Entry, named: str) -> Recipe | None:
        name = entry.values.get("operation", self._common.get("operation"))
        known = self._recipes.get(name.replace("_", "-").replace(" ", "-")) if isinstance(name, str) else None
        if known is None:
            choice = f"choose one of {', '.join(self._recipes)}"
            near = get_close_matches(str(name), self._recipes, n=1)
            hint = f"did you mean {near[0]!r}?" if near else choice
            what = "has no operation" if name is None else f"{name!r} is not an operation"
            self._mistakes.add(entry.line_of("operation"), f"{what} ({hint})", named)
        return known

    def _own_values(self, recipe: Recipe, entry: Entry, named: str) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in entry.values.items():
            try:
                if key not in ("out", "operation"):
                    found[key] = self._value(recipe, key, value)
            except Usage as error:
                self._mistakes.add(entry.line_of(key), error, named)
        if _KEYWORD in found and "prompt" in found:
            self._mistakes.add(entry.line_of(_KEYWORD), "has a keyword and a prompt, which are the same", named)
        return found

    def _inherited(self, recipe: Recipe, own: Mapping[str, object]) -> dict[str, object]:
        """What [common] says that this asset takes and does not say itself, or otherwise."""
        taken = _keys(recipe) - ({"style"} if "style" in recipe.options else set()) - recipe.excluded(own)
        taken -= {"prompt"} if _KEYWORD in own or ("prompt" not in own and _KEYWORD in self._common) else set()
        taken -= {_KEYWORD} if "prompt" in own else set()
        return {key: value for key, value in self._common.items() if key in taken and key not in own}

    def _options(self, recipe: Recipe, given: Mapping[str, object]) -> dict[str, object]:
        """The options as the recipe knows them: `keyword` is its prompt, and the style stands before the prompt."""
        options = {key: value for key, value in given.items() if key in recipe.options}
        prompt = given.get("prompt", given.get(_KEYWORD))
        if recipe.words and prompt is not None:
            own = given.get("style") if "style" not in recipe.options else self._common.get("style")
            options["prompt"] = str(prompt) if recipe.words == _KEYWORD else styled(str(own or ""), str(prompt))
        return options

    def _operation(
        self,
        recipe: Recipe,
        entry: Entry,
        named: str,
        options: Mapping[str, object],
        pictures: Mapping[str, Sequence[str]],
    ) -> Operation | None:
        """The operation without its pictures' content; None where what is said of it makes no sense."""
        read = {name: tuple(map(unread, texts)) for name, texts in pictures.items()}
        try:
            _require(recipe, options, pictures)
            return recipe.make(Values(options, read, self._setting))
        except Usage as error:
            if not any(self._mistakes.has(entry.line_of(key)) for key in entry.values):
                self._mistakes.add(_line_of(error, entry), _in_keys(error), named)
            return None

    # -------------------------------------------------------------- values

    def _value(self, recipe: Recipe, key: str, value: object) -> object:
        """A value of the list, as an option's value. Raises Usage."""
        if key not in (known := _keys(recipe)):
            knows = ", ".join(map(written, _told(known)))
            raise Usage(f"{unknown_key(key, known)}; {recipe.name} knows {knows}")
        if key == "image" or key in recipe.pictures:
            return [self._joined(name) for name in _names(key, value)]
        if key in ("prompt", _KEYWORD, "style") and key not in recipe.options:
            return self._words(_string(key, value))
        if key == "rows":
            return self._words(value) if isinstance(value, str) else json.dumps(value)
        text = _text(key, value)
        try:
            return recipe.options[key](text)
        except Usage as error:
            raise Usage(f"{written(key)}: {error.message}", why=error.hint) from None

    def _words(self, text: str) -> str:
        """A text, or what `@FILE` holds, a path relative to the list."""
        if text == "@-":
            raise Usage("a list of assets reads no standard input", hint="name a file")
        is_file = text.startswith("@") and not text.startswith("@@")
        return words(f"@{self._joined(text[1:])}" if is_file else text)

    def _joined(self, name: str) -> str:
        if is_address(name) or name[:5].lower() == "file:":
            return name
        return os.path.join(self._folder, name)  # noqa: PTH118 - keeps the name as it is

    def _delivery(
        self,
        recipe: Recipe,
        entry: Entry,
        named: str,
        operation: Operation | None,
        pictures: Mapping[str, Sequence[str]],
    ) -> Delivery | None:
        kind = type(operation) if operation else recipe.kind
        image = next(iter(pictures.get("image", ())), "")
        naming = Naming(file_name(image) if image else recipe.name, recipe.name, self._day, several=kind.makes_several)
        try:
            if "out" not in entry.values:
                raise Usage("has no out: the file that it is to be")
            target = destination(self._output(_string("out", entry.values["out"])), overwrite=self._overwrite)
            if target.is_stream:
                raise Usage("out must be a file")
            target.names(naming)  # finds a name that is none
            check_place(target, naming)
        except AeforgeError as error:
            self._mistakes.add(entry.line_of("out"), _in_keys(error), named)
            return None
        return Delivery(naming, target)

    def _output(self, out: str) -> str:
        """The output as seen from here; braces of the list's own folder are no fields."""
        if not out:
            raise Usage("out is empty")
        if not set("{}").intersection(self._folder) or Path(out).is_absolute():
            return os.path.join(self._folder, out)  # noqa: PTH118 - keeps the slash at its end
        folder = self._folder.replace("{", "{{").replace("}", "}}")
        is_folder = Path(self._folder, out).is_dir() and not out.endswith("/")
        return os.path.join(folder, out) + ("/" if is_folder else "")  # noqa: PTH118 - likewise


def _require(recipe: Recipe, options: Mapping[str, object], pictures: Mapping[str, Sequence[str]]) -> None:
    """Raises Usage without words or a picture where the operation needs them."""
    if recipe.words and "prompt" not in options:
        raise Usage(f"has no {recipe.words}")
    if recipe.image is Image.REQUIRED and not pictures.get("image"):
        raise Usage("has no image")


def styled(style: str, prompt: str) -> str:
    """The prompt with the style before it."""
    if not style.strip() or not prompt.strip():
        return prompt
    return f"{style.rstrip()}{'' if style.rstrip()[-1] in _ENDS else ','} {prompt}"


def _told(known: Collection[str]) -> list[str]:
    first = [key for key in ("out", "image", "prompt") if key in known]
    return first + sorted(set(known) - {*first, "operation"})


def _string(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise Usage(f"{written(key)} must be text")
    return value


def _text(key: str, value: object) -> str:
    """A value as it would be typed."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str() if value.strip():
            return value
        case _:
            raise Usage(f"{written(key)} must be text that is not empty, a number, or true or false")


def _names(key: str, value: object) -> list[str]:
    """One picture, or several where the option takes several."""
    listed = value if isinstance(value, list) else [value]
    found = [each for each in listed if isinstance(each, str) and each.strip()]
    if len(found) < len(listed):
        raise Usage(f"{written(key)} must name pictures")
    if key in _SINGLE and len(found) != 1:
        raise Usage(f"{written(key)} must name one picture")
    if "-" in found:
        raise Usage(f"{written(key)}: a list of assets reads no standard input", hint="name a file")
    return found


def _in_keys(error: AeforgeError) -> Usage:
    """The same error in the words of a list, which has keys where a command has options."""
    message, hint = (re.sub(r"(?<![\w-])--([a-z][a-z-]*)", r"\1", text) for text in (error.message, error.hint))
    kind = type(error) if isinstance(error, Usage) else Usage
    return kind(message, why=error.why or hint)


def _line_of(error: Usage, entry: Entry) -> int:
    """The line of the key that the error speaks of, else that of the asset."""
    said = set(re.findall(r"[a-z]+", error.message.lower()))
    return next((entry.line_of(key) for key in entry.values if said.issuperset(key.split("_"))), entry.line)


# ------------------------------------------------------------------ assets among one another


def check_results(assets: Sequence[Asset], dependencies: Dependencies, mistakes: Mistakes) -> None:
    """Two assets with one output, and assets that need one another."""
    for first, later, shown in dependencies.same_results():
        one, other = assets[first], assets[later]
        where = f"line {one.entry.line_of('out')}"
        mistakes.add(other.entry.line_of("out"), f"{shown} is what {where} ({one.out}) makes as well", other.out)
    for circle in dependencies.cycles():
        begin = circle.index(min(circle))
        turned = [assets[index] for index in (*circle[begin:-1], *circle[:begin], circle[begin])]
        told = ", which needs ".join(each.out for each in turned[1:])
        mistakes.add(turned[0].entry.line, f"needs {told}: none of them can be first", turned[0].out)


def check_pictures(
    assets: Sequence[Asset], selected: Collection[int], dependencies: Dependencies, mistakes: Mistakes
) -> None:
    """Pictures that are not there and that nobody makes, each once."""
    told: set[str] = set()
    for place, asset in enumerate(assets):
        for key, text in ((key, text) for key, texts in asset.pictures.items() for text in texts):
            error = None if text in told else _wrong_with(text, dependencies, assets)
            if error is not None and (place in selected or not isinstance(error, FileMissing)):
                told.add(text)
                mistakes.add(asset.lines[key], error, asset.out)


def _wrong_with(text: str, dependencies: Dependencies, assets: Sequence[Asset]) -> AeforgeError | None:
    try:
        if is_address(text):
            check_address(text)
        elif dependencies.maker(text) is None:
            peek(text)
    except Misspelled as other:
        return Usage(f"{text} is the same as {other.name} on some systems", why="write both the same")
    except AeforgeError as error:
        if is_address(text) or os.path.lexists(local_path(text)):
            return error
        near = get_close_matches(text, [str(name) for each in assets for name in each.names], n=1)
        meant = f" (did you mean {near[0]}?)" if near and near[0].isprintable() else ""
        return FileMissing(f"{text} does not exist, and no asset makes it{meant}")
    return None


def dependencies_of(assets: Sequence[Asset]) -> Dependencies:
    return Dependencies([each.names for each in assets], [list(_files(each)) for each in assets])


def _files(asset: Asset) -> Iterator[str]:
    return (text for text in asset.all_pictures if not is_address(text))
