"""Pictures to send that are fetched from the web: without the key, redirects followed with care."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urljoin, urlsplit

from aeforge_cli.errors import FileMissing
from aeforge_cli.files.picture import Picture

if TYPE_CHECKING:
    from aeforge_cli.api.transport import Answer, Sink
from aeforge_cli.files.inputs import Spool

_MOST_REDIRECTS = 5


class InputFetcher(Protocol):
    """Fetches a picture from an address that the user named, without the key."""

    def fetch_input(self, url: str, sink: "Sink") -> "Answer": ...


def is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def from_address(url: str, fetcher: InputFetcher) -> Picture:
    """A picture from the web. Raises FileMissing where there is none, NotAnImage where it is none."""
    from aeforge_cli.api.transport import TransportError

    spool = Spool(url)
    where = url
    for _ in range(_MOST_REDIRECTS + 1):
        try:
            answer = fetcher.fetch_input(where, spool)
        except TransportError as fault:
            raise FileMissing(f"{url} cannot be fetched", why=fault.why, hint="check the address") from None
        if answer.status == 200:
            name = PurePosixPath(unquote(urlsplit(url).path)).name or urlsplit(url).hostname or "image"
            return spool.picture(url, name)
        where = _redirected(url, where, answer)
    raise FileMissing(f"{url} cannot be fetched", why="it redirects too often", hint="check the address")


def _redirected(url: str, where: str, answer: "Answer") -> str:
    location = answer.headers.get("location", "")
    if answer.status not in (301, 302, 303, 307, 308) or not location:
        raise FileMissing(f"{url} cannot be fetched", why=f"HTTP {answer.status}", hint="check the address")
    try:
        target = urljoin(where, location)
    except ValueError:
        target = ""
    if not is_address(target) or (where.lower().startswith("https:") and not target.lower().startswith("https:")):
        raise FileMissing(
            f"{url} cannot be fetched", why="it redirects to an insecure address", hint="check the address"
        )
    return target
