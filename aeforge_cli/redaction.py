"""Keeping secrets out of sight: the key's own type, and one redactor for all that is shown or logged."""

import json
import re

from aeforge_cli.errors import NotSignedIn

LONGEST_TEXT = 64 * 1024  # characters: longer than anything that is shown or kept


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
    """Blanks the key itself, and whatever looks like a credential in URLs and headers; in time linear in the text."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def hide(self, secret: Secret) -> None:
        """From now on the secret is blanked, as it is and as JSON or a URL would quote it."""
        from urllib.parse import quote

        text = secret.reveal()
        # A key of a few letters would blank half of all words; where it is sent, it is blanked by its place.
        if len(text) >= _SHORTEST_SECRET:
            self._secrets |= {text, quote(text, safe=""), json.dumps(text)[1:-1]}

    def __call__(self, text: str, longest: int = LONGEST_TEXT) -> str:
        """The text without secrets, cut at `longest` characters.

        It is cut last, or half a key would be left; and once before, far behind, since what nobody sees need not be
        searched.
        """
        text = _first_cut(self.without_keys(text), 4 * longest)
        text = _without_signatures(_without_users(_plain(text)))
        return self.without_keys(_SCHEME.sub(r"\1 ***", text))[:longest]

    def without_keys(self, text: str) -> str:
        """Only the key itself is blanked: what is left of an address still works."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def bytes_without_keys(self, content: bytes) -> bytes:
        for secret in sorted(self._secrets, key=len, reverse=True):
            content = content.replace(secret.encode(), b"***")
        return content


_SHORTEST_SECRET = 8
_SCHEME = re.compile(r"(?i)\b(bearer|basic) +[^\s\"',;]+")
_END_OF_WORD = re.compile(r"[\s\"'<>]")
_WORD = re.compile(r"[^\s\"'<>]+")
_PARAMETER = re.compile(r"[?&;]([^=&;?#\s\"']+)=")
_VALUE = re.compile(r"[^&\s\"'#<>]*")
_TELLING = re.compile(r"(?i)sig|token|key|credential|expires|password|secret|policy|auth(?!or)")
_ESCAPE = re.compile(r"\\u00([2-7][0-9a-fA-F])")


def _first_cut(text: str, longest: int) -> str:
    """Cuts behind a word: the beginning of a password is not known for one."""
    found = _END_OF_WORD.search(text, longest, longest + LONGEST_TEXT)
    return text[: found.start() if found else longest + LONGEST_TEXT]


def _plain(text: str) -> str:
    r"""As JSON would be read: `\u0026` begins a parameter as `&` does, and `:\/\/` an address."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text.replace("\\/", "/"))


def _without_users(text: str) -> str:
    return _WORD.sub(lambda word: _without_user(word[0]), text) if "@" in text else text


def _without_user(word: str) -> str:
    """One word without the users of its URLs, and without that of a proxy that is written without a scheme."""
    if "@" not in word:
        return word
    if "://" in word:
        first, *rest = word.split("://")
        return "://".join([first, *map(_without_user_of_host, rest)])
    user, _, host = word.rpartition("@")
    return f"***@{host}" if ":" in user and re.match(r"[\w.\[-][\w.:\]-]*:\d", host) else word


def _without_user_of_host(rest: str) -> str:
    """What follows `://`; a password may hold any sign but a slash."""
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    return f"***@{host}{slash}{path}" if at and user else rest


def _without_signatures(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for found in _PARAMETER.finditer(text):
        value = found.end()
        if found.start() >= done and _TELLING.search(found[1]):
            pieces += text[done:value], "***"
            done = _end_of_value(text, value)
    return "".join([*pieces, text[done:]])


def _end_of_value(text: str, start: int) -> int:
    found = _VALUE.match(text, start)
    return found.end() if found else start


def shown_url(url: str) -> str:
    """The URL without user, query and parameters of its path: those of result links are often signatures."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "(unreadable address)"
    path = re.sub(r";[^/]*", ";***", parts.path)  # RFC 3986 3.3: `;jsessionid=…`
    query = "?***" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}{query}"


def shown_proxy(proxy: str) -> str:
    """Scheme, host and port of a proxy, however it is written; user and password never."""
    scheme, _, rest = proxy.rpartition("://")
    host = rest.rpartition("@")[2].partition("/")[0]
    if not re.fullmatch(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", host):
        return "(unreadable address)"
    return f"{scheme if re.fullmatch(r'[A-Za-z0-9+.-]+', scheme) else 'http'}://{host}"
