"""Which addresses may be asked for: the key's, and those of results."""

import pytest

from aeforge_cli.api.urls import check_result_link, checked_base_url, host_of, is_this_machine, origin, resolve
from aeforge_cli.errors import ResultUnavailable, Usage

NOT_PLAIN = "it is not a plain https:// address"
INSECURE = "insecure link refused: it is not https://"
PRIVATE = "its host is on a private network"


def public(_host: str, _port: int) -> list[str]:
    return ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]


def refusal(url: str, *, local: bool = False, addresses: list[str] | None = None) -> str | None:
    """Why the link is not followed; None if it is."""
    resolver = public if addresses is None else lambda _host, _port: addresses
    try:
        check_result_link(url, service_is_local=local, resolver=resolver)
    except ResultUnavailable as error:
        return error.why
    return None


LINKS = {
    "https://cdn.aetherforgeai.com/images/abc123.png": None,
    "https://cdn.aetherforgeai.com/images/abc123.png?Expires=1&Signature=a%2Bb": None,
    "HTTPS://CDN.AETHERFORGEAI.COM/a.png": None,
    "https://cdn.example:8443/a.png": None,
    "https://cdn.example./a.png": None,
    "https://93.184.215.14/a.png": None,
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/a.png": None,
    "https://cdn.example/a.png#part": None,
    "http://cdn.example/a.png": INSECURE,
    "": NOT_PLAIN,
    "a.png": NOT_PLAIN,
    "/images/a.png": NOT_PLAIN,
    "//cdn.example/a.png": NOT_PLAIN,
    "https:///a.png": NOT_PLAIN,
    "https://": NOT_PLAIN,
    "file:///etc/passwd": NOT_PLAIN,
    "ftp://cdn.example/a.png": NOT_PLAIN,
    "data:image/png;base64,AAAA": NOT_PLAIN,
    "javascript:alert(1)": NOT_PLAIN,
    "gopher://cdn.example/": NOT_PLAIN,
    "https://user@cdn.example/a.png": NOT_PLAIN,
    "https://user:password@cdn.example/a.png": NOT_PLAIN,
    "https://good.example@evil.example/a.png": NOT_PLAIN,
    "https://cdn.example\\@evil.example/a.png": NOT_PLAIN,
    "https://cdn.example/a b.png": NOT_PLAIN,
    "https://cdn.example/a\nb.png": NOT_PLAIN,
    "https://cdn.example/a\r\nHost: evil": NOT_PLAIN,
    "https://cdn.example/\x00": NOT_PLAIN,
    " https://cdn.example/a.png": NOT_PLAIN,
    "https://cdn.example/\u202egnp.a": NOT_PLAIN,
    "https://cdn.ex\u0430mple/a.png": NOT_PLAIN,
    "https://cdn.example:0/a.png": NOT_PLAIN,
    "https://cdn.example:99999/a.png": NOT_PLAIN,
    "https://cdn.example:port/a.png": NOT_PLAIN,
    "https://[::1/a.png": NOT_PLAIN,
    "https://cdn.example/" + "a" * 8192: NOT_PLAIN,
}


@pytest.mark.parametrize(("url", "why"), LINKS.items(), ids=[url[:60] or "nothing" for url in LINKS])
def test_a_result_link_is_judged_by_its_form(url: str, why: str | None) -> None:
    assert refusal(url) == why


HOSTS = {
    "127.0.0.1": PRIVATE,
    "127.8.9.10": PRIVATE,
    "0.0.0.0": PRIVATE,
    "10.0.0.1": PRIVATE,
    "172.16.0.1": PRIVATE,
    "192.168.1.1": PRIVATE,
    "169.254.169.254": PRIVATE,
    "100.64.0.1": PRIVATE,
    "224.0.0.1": PRIVATE,
    "255.255.255.255": PRIVATE,
    "::1": PRIVATE,
    "::": PRIVATE,
    "fe80::1%eth0": PRIVATE,
    "fc00::1": PRIVATE,
    "ff02::1": PRIVATE,
    "::ffff:127.0.0.1": PRIVATE,
    "::ffff:10.0.0.1": PRIVATE,
    "::ffff:8.8.8.8": None,
    "2002:7f00:1::": PRIVATE,
    "64:ff9b::7f00:1": PRIVATE,
    "64:ff9b::808:808": None,
    "no address": PRIVATE,
    "8.8.8.8": None,
    "2001:4860:4860::8888": None,
}


@pytest.mark.parametrize(("address", "why"), HOSTS.items(), ids=HOSTS)
def test_a_result_link_is_judged_by_every_address_of_its_host(address: str, why: str | None) -> None:
    assert refusal("https://cdn.example/a.png", addresses=["8.8.8.8", address]) == why


def test_a_host_without_an_address_is_left_for_the_fetch_to_find_out() -> None:
    assert refusal("https://cdn.example/a.png", addresses=[]) is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765/a.png", "http://localhost/a.png", "https://10.0.0.1/a.png"])
def test_a_service_on_this_machine_may_have_its_results_here(url: str) -> None:
    assert refusal(url, local=True, addresses=["127.0.0.1"]) is None


def test_even_a_service_on_this_machine_cannot_send_us_anywhere() -> None:
    assert refusal("file:///etc/passwd", local=True) == NOT_PLAIN


def test_a_port_of_its_own_is_looked_up_with_the_host() -> None:
    asked: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["8.8.8.8"]

    for url in ("https://cdn.example/a", "https://cdn.example:8443/a"):
        check_result_link(url, service_is_local=False, resolver=resolver)

    assert asked == [("cdn.example", 443), ("cdn.example", 8443)]


BASES = {
    "https://api.aetherforgeai.com/public/v1": "https://api.aetherforgeai.com/public/v1",
    "https://api.aetherforgeai.com/public/v1/": "https://api.aetherforgeai.com/public/v1",
    "http://127.0.0.1:8765/public/v1": "http://127.0.0.1:8765/public/v1",
    "http://localhost/v1": "http://localhost/v1",
    "http://[::1]:8765": "http://[::1]:8765",
    "http://box.localhost": "http://box.localhost",
}


@pytest.mark.parametrize(("given", "taken"), BASES.items(), ids=BASES)
def test_a_base_url_is_taken_without_its_last_slash(given: str, taken: str) -> None:
    assert checked_base_url(given) == taken


BAD_BASES = {
    "": "The base URL is not an http(s) address",
    "api.aetherforgeai.com": "The base URL is not an http(s) address",
    "ftp://api.example/v1": "The base URL is not an http(s) address",
    "https://api.example /v1": "The base URL is not an http(s) address",
    "https://me:secret@api.example/v1": "The base URL must have no user, query or fragment",
    "https://@api.example/v1": "The base URL must have no user, query or fragment",
    "https://api.example/v1?key=1": "The base URL must have no user, query or fragment",
    "https://api.example/v1#x": "The base URL must have no user, query or fragment",
    "http://api.example/v1": "The base URL must begin with https://",
    "http://192.168.1.2/v1": "The base URL must begin with https://",
    "http://127.0.0.1.evil.example/v1": "The base URL must begin with https://",
    "http://localhost.evil.example/v1": "The base URL must begin with https://",
}


@pytest.mark.parametrize(("given", "message"), BAD_BASES.items(), ids=[url or "nothing" for url in BAD_BASES])
def test_a_base_url_to_which_the_key_must_not_go_is_refused(given: str, message: str) -> None:
    with pytest.raises(Usage) as refused:
        checked_base_url(given)

    assert refused.value.message == message
    assert "secret" not in f"{refused.value.message} {refused.value.why} {refused.value.hint}"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://api.example/v1", "https://api.example:443/other", True),
        ("https://API.example/", "https://api.example./", True),
        ("http://api.example", "http://api.example:80", True),
        ("https://api.example", "http://api.example", False),
        ("https://api.example", "https://api.example:8443", False),
        ("https://api.example", "https://cdn.api.example", False),
        ("https://api.example", "https://api.example.evil.example", False),
    ],
)
def test_the_key_is_for_one_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (origin(one) == origin(other)) is same


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1/", True),
        ("http://127.0.0.1/", True),
        ("http://127.1.2.3/", True),
        ("http://[::1]/", True),
        ("http://a.localhost/", True),
        ("http://0.0.0.0/", False),
        ("http://10.0.0.1/", False),
        ("http://localhost.example/", False),
        ("http:///", False),
    ],
)
def test_this_machine_is_known_by_its_names_alone(url: str, here: bool) -> None:
    assert is_this_machine(url) is here


def test_looking_up_an_unknown_host_is_no_error() -> None:
    assert resolve("nowhere.invalid", 443) == []
    assert resolve("127.0.0.1", 443) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:password@cdn.example:8443/a.png?Signature=x", "cdn.example:8443"),
        ("/a.png", ""),
        ("https://[::1", "an unreadable address"),
    ],
)
def test_a_message_names_the_host_of_an_address_and_nothing_else(url: str, host: str) -> None:
    assert host_of(url) == host
