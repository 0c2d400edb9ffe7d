"""Keeping secrets out of sight: the key's own type, and one redactor for all that is shown or logged."""

import re

from aeforge_cli.errors import NotSignedIn


class Secret:
    """An API key that does not print itself; `reveal` is called where it is signed with or stored."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    @property
    def masked(self) -> str:
        """Enough to tell two keys apart."""
        return f"...{self._text[-4:]}" if len(self._text) > 11 else "..."

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")


def checked_key(text: str, source: str, hint: str = "aeforge auth login") -> Secret:
    """The key without surrounding white space; raises NotSignedIn, without showing it, if it can be no key."""
    key = text.strip()
    if re.fullmatch(r"[\x21-\x7e]{1,512}", key):
        return Secret(key)
    why = "it is empty" if not key else "it must be printable ASCII, without spaces, of at most 512 characters"
    raise NotSignedIn(f"The API key from {source} cannot be used", why=why, hint=hint)


class Redactor:
    """Blanks the key itself, and whatever looks like a credential in URLs and headers."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def hide(self, secret: Secret) -> None:
        self._secrets.add(secret.reveal())

    def __call__(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            # A key of a few letters would blank half of all words; where it is sent, it is blanked by its place.
            if len(secret) >= 8:
                text = text.replace(secret, "***")
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic) +[^\s\"',;]+"), r"\1 ***"),
    (re.compile(r"(?<=://)[^/\s@\"']+@"), "***@"),
    (
        re.compile(
            r"(?i)(?<=[?&;])([^=&\s\"']*(?:sig|token|key|credential|expires|password|secret|policy)[^=&\s\"']*)=[^&\s\"'#]*"
        ),
        r"\1=***",
    ),
)


def shown_url(url: str) -> str:
    """The URL without user and query: those of result links are often signatures."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable address)"
    query = "?***" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}{query}"
