"""Which addresses may be asked for: the service's base URL, and the links to results that it hands out.

No list of allowed hosts: where results live is not documented and may change. So every link is judged by its form and
by the addresses its host has, and it never carries the key.
"""

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from aeforge_cli.errors import ResultUnavailable, Usage

Resolver = Callable[[str, int], list[str]]
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_LONGEST = 8192  # characters: what servers commonly take (RFC 9110 4.1 asks for at least 8000)
_PORTS = {"http": 80, "https": 443}


def resolve(host: str, port: int) -> list[str]:
    """The host's addresses; none if it has none, which the fetch itself then finds out."""
    import socket

    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


# ------------------------------------------------------------------ which host


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: what must be equal for the key to be sent."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)


def host_of(url: str) -> str:
    """The host and port of an untrusted address, for messages."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "an unreadable address"


def is_this_machine(url: str, resolver: Resolver = resolve) -> bool:
    """Whether the host is a loopback address, `localhost`, or a name below it that leads to this machine.

    Only browsers promise that `x.localhost` is loopback (RFC 6761 6.3): elsewhere a name server may say otherwise.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if host == "localhost":
        return True
    if host.endswith(".localhost"):
        found = resolver(host, parts.port or _PORTS.get(parts.scheme, 0))
        return bool(found) and all(_is_loopback(address) for address in map(_literal, found))
    return _is_loopback(_literal(host))


def is_inside(url: str, resolver: Resolver) -> bool:
    """Whether any address of the host is not public: loopback, private, link-local and the like."""
    return bool(networks_inside(url, resolver))


def networks_inside(url: str, resolver: Resolver) -> set[str]:
    """The kinds of networks, of those that are not public, in which the host has addresses."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    literal = _literal(host)
    found = [literal] if literal else map(_literal, resolver(host, parts.port or _PORTS.get(parts.scheme, 0)))
    return {_network(address) for address in found if address is None or not _is_public(address)}


def _network(address: IpAddress | None) -> str:
    stands_for = _stands_for(address) if address else []
    if any(each.is_loopback or each.is_unspecified for each in stands_for):
        return "loopback"
    if any(each.is_link_local for each in stands_for):
        return "link-local"  # where clouds tell a machine its credentials
    return "private"


def _literal(host: str) -> IpAddress | None:
    """The address that the host is, in any form that a connection would take: `127.1`, `0x7f000001`, `2130706433`."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not re.fullmatch(r"(0[xX])?[0-9a-fA-F]+(\.(0[xX])?[0-9a-fA-F]+){0,3}", host):
        return None
    import socket

    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_loopback(address: IpAddress | None) -> bool:
    return address is not None and all(each.is_loopback for each in _stands_for(address))


def _is_public(address: IpAddress) -> bool:
    return all(
        each.is_global
        and not each.is_multicast
        and each not in _ASSIGNED
        and not (isinstance(each, ipaddress.IPv6Address) and (each.is_site_local or each in _LOCAL_NAT64))
        for each in _stands_for(address)
    )


def _stands_for(address: IpAddress) -> list[IpAddress]:
    """The IPv4 addresses that an IPv6 one stands for, else itself: what that is decides who is reached.

    Mapped, 6to4 (RFC 3056), NAT64 (RFC 6052), and the compatible ones that RFC 4291 gave up.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    held = last if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1) else None
    return [found for found in (address.ipv4_mapped, address.sixtofour, held) if found is not None] or [address]


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215: into whatever network has such a translator
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_ASSIGNED = ipaddress.IPv4Network("192.0.0.0/24")  # RFC 6890; older Pythons call most of it public


# ------------------------------------------------------------------ the service


def checked_base_url(url: str, resolver: Resolver = resolve) -> str:
    """The base URL in its one spelling, see `normalised_base_url`; raises Usage where the key must not be sent."""
    hint = "for example: https://api.aetherforgeai.com/public/v1"
    parts = _split(url)
    if parts is None or parts.scheme not in _PORTS:
        raise Usage("The base URL is not an http(s) address", hint=hint)
    if parts.username is not None or parts.query or parts.fragment:
        raise Usage("The base URL must have no user, query or fragment", hint=hint)
    if parts.scheme == "http" and not is_this_machine(url, resolver):
        raise Usage(
            "The base URL must begin with https://",
            why="over http:// anyone on the way could read the API key; only this machine is exempt",
            hint=hint,
        )
    return normalised_base_url(url)


def normalised_base_url(url: str) -> str:
    """One spelling for one service: `HTTP://Host.:80/v1/` is `http://host/v1`. Other texts stay as they are."""
    parts = _split(url)
    if parts is None or parts.scheme not in _PORTS or parts.username is not None or parts.query or parts.fragment:
        return url
    host = (parts.hostname or "").rstrip(".")
    found = str(_literal(host) or host)  # 127.1 is 127.0.0.1
    shown = f"[{found}]" if ":" in found else found
    port = f":{parts.port}" if parts.port not in (None, _PORTS.get(parts.scheme)) else ""
    return f"{parts.scheme}://{shown}{port}{parts.path}".rstrip("/")


# ------------------------------------------------------------------ results


def checked_result_link(url: str, *, service_is_local: bool, resolver: Resolver) -> str:
    """The link as it is to be asked for; raises ResultUnavailable for one that must not be followed.

    `resolver` tells the host's addresses. Only a service on this machine may have its results on this machine.
    """
    link = requestable(url)
    parts = _split(link)
    if parts is None or parts.scheme not in _PORTS or parts.username is not None:
        raise _refused("it is not a plain https:// address")
    if service_is_local and is_this_machine(link, resolver):
        return link
    if parts.scheme == "http":
        raise _refused("insecure link refused: it is not https://")
    if is_inside(link, resolver):
        raise _refused("its host is on a private network")
    return link


def _refused(why: str) -> ResultUnavailable:
    return ResultUnavailable("The service named a result link that is not followed", why=why)


def requestable(url: str) -> str:
    """The address with what no URL may hold encoded: spaces, non-ASCII, a host in another script, a last newline.

    All else stays byte for byte, since signatures cover it. Control characters and backslashes stay too: different
    readers would take them differently, and so they are refused later.
    """
    url = url.rstrip(" \t\r\n")
    head = re.match(r"([A-Za-z][A-Za-z0-9+.-]*://)([^/?#]*)", url)
    if head is None:
        return url
    rest = re.sub(r"[^\x00-\x20!#-;=?-Z\\_a-z~\x7f]| |%(?![0-9A-Fa-f]{2})", _encoded, url[head.end() :])
    return f"{head[1]}{_ascii_host(head[2])}{rest}"


def _encoded(found: re.Match[str]) -> str:
    try:
        return quote(found[0], safe="")
    except UnicodeEncodeError:  # half a surrogate pair is no text
        return "\\"


def _ascii_host(authority: str) -> str:
    if authority.isascii():
        return authority
    import idna

    user, at, place = authority.rpartition("@")
    host, colon, port = place.partition(":")
    try:
        return f"{user}{at}{idna.encode(host, uts46=True).decode()}{colon}{port}"
    except idna.IDNAError:
        return authority


def target(url: str) -> str:
    """What the first line of a request asks for: path and query, byte for byte."""
    rest = re.sub(r"^[^:/?#]+://[^/?#]*", "", url).partition("#")[0]
    return rest if rest.startswith("/") else f"/{rest}"


def redirected(url: str, location: str) -> str | None:
    """Where a redirect of `url` leads, byte for byte where it is a whole address; None if nowhere."""
    where = _as_utf8(location)
    try:
        led = urljoin(url, where) if where else None
    except ValueError:
        return None
    return where if re.match(r"(?i)https?://", where) else led


def _as_utf8(header: str) -> str:
    """Headers are read as Latin-1; servers that send more than ASCII send UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


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
