"""Pictures to send that are fetched from the web: without the key, redirects followed with care."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from aeforge_cli.api.urls import redirected
from aeforge_cli.errors import FileMissing
from aeforge_cli.files.inputs import Spool
from aeforge_cli.files.picture import Picture
from aeforge_cli.redaction import shown_url

if TYPE_CHECKING:
    from aeforge_cli.api.transport import Answer, Sink

_MOST_REDIRECTS = 5


class InputFetcher(Protocol):
    """Fetches a picture from an address that the user named, without the key."""

    def fetch_input(self, url: str, sink: "Sink", *, origin: str | None = None) -> "Answer":
        """`origin` is the user's own address, where a redirect of it led to `url`."""


def is_address(text: str) -> bool:
    return text.lower().startswith(("http://", "https://"))


def check_address(url: str) -> None:
    """Raises FileMissing for an address that cannot be asked for: no host, a broken one, or no such port."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and not any(map(str.isspace, parts.netloc))
    except ValueError:
        usable = False
    if not usable:
        raise FileMissing(
            f"{label_of(url)} is not a web address", hint="write https://HOST/PATH, or the name of a file"
        )


def label_of(text: str) -> str:
    """What an input is called wherever it is shown or kept: of an address, neither the user nor the signature."""
    return shown_url(text) if is_address(text) else text


def from_address(url: str, fetcher: InputFetcher) -> Picture:
    """A picture from the web. Raises FileMissing where there is none, NotAnImage where it is none."""
    from aeforge_cli.api.transport import TransportError

    check_address(url)
    label = label_of(url)
    spool = Spool(label)
    where = url
    for redirects in range(_MOST_REDIRECTS + 1):
        try:
            answer = fetcher.fetch_input(where, spool, origin=url if redirects else None)
        except TransportError as fault:
            raise _not_fetched(label, fault.why) from None
        if answer.status == 200:
            return spool.picture(label, _name(url))
        where = _redirected(label, where, answer)
    raise _not_fetched(label, "it redirects too often")


def _name(url: str) -> str:
    parts = urlsplit(url)
    return PurePosixPath(unquote(parts.path)).name or parts.hostname or "image"


def _redirected(label: str, where: str, answer: "Answer") -> str:
    location = answer.headers.get("location", "")
    if answer.status not in (301, 302, 303, 307, 308) or not location:
        raise _not_fetched(label, f"HTTP {answer.status}")
    target = redirected(where, location) or ""
    if not is_address(target) or (where.lower().startswith("https:") and not target.lower().startswith("https:")):
        raise _not_fetched(label, "it redirects to an insecure address")
    return target


def _not_fetched(label: str, why: str) -> FileMissing:
    return FileMissing(f"{label} cannot be fetched", why=why, hint="check the address")
