"""The pictures of a plan, and the values that an operation is made of."""

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from aeforge_cli.api.web_inputs import is_address, label_of
from aeforge_cli.commands._shared.recipes import Image, Recipe, Values
from aeforge_cli.commands._shared.sources import picture
from aeforge_cli.errors import AeforgeError, Usage
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.picture import Picture
from aeforge_cli.session import Session

_FETCHERS = 8  # addresses of pictures asked at once, as results are downloaded


def values_of(
    session: Session, recipe: Recipe, image: str | None, options: Mapping[str, Any], read: Callable[[str], Picture]
) -> Values:
    own = image or options.get("image")  # of its own, or one that all jobs of a list share
    named: dict[str, list[str]] = {"image": [own] if own else []}
    for name in recipe.pictures:
        given = options.get(name)
        named[name] = [given] if isinstance(given, str) else list(given or ())
    pictures = {name: tuple(map(read, texts)) for name, texts in named.items()}
    if recipe.image is Image.REQUIRED and not pictures["image"]:
        raise Usage("There is no picture", hint="name one, or a folder of them")
    return Values(options, pictures, lambda name: session.settings[name].text)


def unread(text: str) -> Picture:
    """A stand-in for a picture whose turn to be read has not come."""
    return Picture(label_of(text), "", ImageInfo(Format.PNG), size=0, sha256="", open=io.BytesIO)


class Pictures:
    """Reads the pictures of a plan; standard input cannot be read twice.

    What is `foreseen` of addresses holds until the plan is made: what their pictures are, without their content.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stdin: Picture | None = None
        self.foreseen: dict[str, Picture | AeforgeError] = {}

    def read(self, text: str) -> Picture:
        found = self.foreseen.get(text)
        if isinstance(found, AeforgeError):
            raise found
        if found or text != "-":
            return found or picture(self._session, text)
        self._stdin = self._stdin or picture(self._session, text)
        return self._stdin

    def foresee(self, names: Iterable[str]) -> None:
        """Fetches each address once; what a plan needs to know of 300 must not fill the disk."""
        addresses = list(dict.fromkeys(filter(is_address, names)))
        if not addresses:
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_FETCHERS) as pool:
            self.foreseen.update(zip(addresses, pool.map(self._foreseen, addresses), strict=True))

    def _foreseen(self, address: str) -> Picture | AeforgeError:
        try:
            return replace(picture(self._session, address), open=io.BytesIO)
        except AeforgeError as error:
            return error
