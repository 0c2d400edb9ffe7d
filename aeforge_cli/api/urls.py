"""Which addresses may be asked for: the service's base URL, and the links to results that it hands out.

No list of allowed hosts: where results live is not documented and may change. So every link is judged by its form and
by the addresses its host has, and it never carries the key.
"""

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from aeforge_cli.errors import ResultUnavailable, Usage

Resolver = Callable[[str, int], list[str]]
_LONGEST = 8192
_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what must be equal for the key to be sent."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)


def host_of(url: str) -> str:
    """The host and port of a foreign address, for messages."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "an unreadable address"


def is_this_machine(url: str) -> bool:
    """Whether the host is a loopback address or `localhost`, by its name alone."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_base_url(url: str) -> str:
    """The base URL without a slash at its end; raises Usage for one that the key must not be sent to."""
    hint = "for example: https://api.aetherforgeai.com/public/v1"
    parts = _split(url)
    if parts is None or parts.scheme not in _PORTS:
        raise Usage("The base URL is not an http(s) address", hint=hint)
    if parts.username is not None or parts.query or parts.fragment:
        raise Usage("The base URL must have no user, query or fragment", hint=hint)
    if parts.scheme == "http" and not is_this_machine(url):
        raise Usage(
            "The base URL must begin with https://",
            why="over http:// anyone on the way could read the API key; only this machine is exempt",
            hint=hint,
        )
    return url.rstrip("/")


def check_result_link(url: str, *, service_is_local: bool, resolver: Resolver) -> None:
    """Raises ResultUnavailable for a link that must not be followed; `resolver` tells the host's addresses."""
    parts = _split(url)
    if parts is None or parts.scheme not in _PORTS or parts.username is not None:
        raise _refused("it is not a plain https:// address")
    if service_is_local:
        return
    if parts.scheme == "http":
        raise _refused("insecure link refused: it is not https://")
    host = parts.hostname or ""
    for address in resolver(host, parts.port or _PORTS[parts.scheme]):
        if not _is_public(address):
            raise _refused("its host is on a private network")


def resolve(host: str, port: int) -> list[str]:
    """The host's addresses; none if it has none, which the fetch itself then finds out."""
    import socket

    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def _split(url: str) -> SplitResult | None:
    """The parts of a plain absolute address; None for one that different readers could read differently."""
    if len(url) > _LONGEST or re.search(r"[^\x21-\x7e]|\\", url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and port != 0 else None


def _is_public(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    # An IPv6 address that stands for an IPv4 one is as public as that one.
    stands_for = _embedded(found)
    judged: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [*stands_for] if stands_for else [found]
    return all(each.is_global and not each.is_multicast for each in judged)


def _embedded(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """IPv4 addresses that an IPv6 one stands for: mapped, 6to4 (RFC 3056) and NAT64 (RFC 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    return [found for found in (address.ipv4_mapped, address.sixtofour, nat64) if found is not None]


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _refused(why: str) -> ResultUnavailable:
    return ResultUnavailable("The service named a result link that is not followed", why=why)
