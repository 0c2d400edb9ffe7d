"""Which proxy an address is asked through, and whether that can be one: said before anything is sent."""

import importlib.util
import os
import re
from urllib.parse import urlsplit

import requests
from requests.utils import resolve_proxies

from aeforge_cli.api.urls import Resolver, is_this_machine
from aeforge_cli.errors import Usage

_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
_PORTS = {"http": 80, "https": 443}


class Proxies:
    """HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, as everywhere; nothing for this machine leaves it."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._known: dict[str, dict[str, str]] = {}

    def of(self, url: str) -> dict[str, str]:
        """The proxy by the address's scheme, empty if there is none. Raises Usage for one that cannot be used."""
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if place not in self._known:  # reading the environment takes longer than asking about a job
            found = {} if is_this_machine(url, self._resolver) else self._configured(place)
            for proxy in found.values():
                check_proxy(proxy, f"{parts.scheme.upper()}_PROXY")
            self._known[place] = found
        return self._known[place]

    def _configured(self, place: str) -> dict[str, str]:
        """NO_PROXY may name a port, which is compared only with one that the address names, too."""
        parts = urlsplit(place)
        request = requests.PreparedRequest()
        request.url = place if parts.port else f"{place.rstrip(':')}:{_PORTS.get(parts.scheme, 0)}"
        return resolve_proxies(request, None)


def check_proxy(proxy: str, variable: str) -> None:
    """Raises Usage, without the password, for what is no proxy's address; a missing scheme means http."""
    with_scheme = re.match(r"([A-Za-z0-9+.-]*)://", proxy)
    scheme, rest = (with_scheme[1], proxy[with_scheme.end() :]) if with_scheme else ("http", proxy)
    named = next((name for name in _variables(variable) if os.environ.get(name) == proxy), variable)
    refusal = f"The proxy in {named} cannot be used"
    hint = f"write it as http://HOST:PORT (USER:PASSWORD@ may stand before HOST), or unset {named}"
    if scheme.lower() not in _SCHEMES:
        raise Usage(refusal, why=f"{scheme}:// is not a scheme of proxies ({', '.join(_SCHEMES)})", hint=hint)
    if signs := sorted(set(re.findall(r"[#?/\\\s]", rest.rpartition("@")[0]))):
        spelt = ", ".join(f"%{ord(sign):02X} for {sign!r}" for sign in signs)
        raise Usage(
            refusal, why="its user or password holds signs that must be encoded there", hint=f"write {spelt} in {named}"
        )
    if not _is_place(rest.rpartition("@")[2]):
        raise Usage(refusal, why="it is not an address with a host and a port", hint=hint)
    if scheme.lower().startswith("socks") and importlib.util.find_spec("socks") is None:
        from aeforge_cli.extras import install_command

        raise Usage(
            f"The proxy in {named} is a SOCKS proxy, for which PySocks is missing", hint=install_command(["PySocks"])
        )


def _variables(variable: str) -> tuple[str, ...]:
    """Where a proxy may stand, in the order in which requests looks."""
    return variable.lower(), variable, "all_proxy", "ALL_PROXY"


def _is_place(text: str) -> bool:
    """Whether the text is a host, and a port if it names one."""
    if re.search(r"[^\x21-\x7e]", text):  # urlsplit would drop line ends
        return False
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
