"""Which addresses may be asked for: the key's, and those of results."""

import pytest

from aeforge_cli.api.urls import (
    checked_base_url,
    checked_result_link,
    host_of,
    is_inside,
    is_this_machine,
    normalised_base_url,
    origin,
    redirected,
    requestable,
    resolve,
    target,
)
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
        checked_result_link(url, service_is_local=local, resolver=resolver)
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
    "https://cdn.example/a b.png": None,
    "https://cdn.example/a.png\n": None,
    "https://cdn.example/\u202egnp.a": None,
    "https://cdn.ex\u0430mple/a.png": None,
    "https://b\u00fccher.example/\u00e9.png": None,
    "https://cdn.example/\ud800.png": NOT_PLAIN,
    "https://\ud800.example/a.png": NOT_PLAIN,
    "https://\u202e.example/a.png": NOT_PLAIN,
    "https://cdn.example/a\nb.png": NOT_PLAIN,
    "https://cdn.example/a\r\nHost: evil": NOT_PLAIN,
    "https://cdn.example/\x00": NOT_PLAIN,
    " https://cdn.example/a.png": NOT_PLAIN,
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
    "::ffff:100.64.0.1": PRIVATE,
    "::ffff:224.0.0.1": PRIVATE,
    "::127.0.0.1": PRIVATE,
    "::10.0.0.1": PRIVATE,
    "64:ff9b:1::808:808": PRIVATE,
    "fec0::1": PRIVATE,
    "2002:808:808::": None,
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


@pytest.mark.parametrize("url", ["http://127.0.0.1:8765/a.png", "http://localhost/a.png", "https://[::1]/a.png"])
def test_a_service_on_this_machine_may_have_its_results_here(url: str) -> None:
    assert refusal(url, local=True, addresses=["127.0.0.1"]) is None


@pytest.mark.parametrize(
    ("url", "address", "why"),
    [
        ("https://10.0.0.1/a.png", "10.0.0.1", PRIVATE),
        ("https://169.254.169.254/a.png", "169.254.169.254", PRIVATE),
        ("https://cdn.example/a.png", "192.168.1.1", PRIVATE),
        ("https://cdn.example/a.png", "127.0.0.1", PRIVATE),
        ("http://10.0.0.1/a.png", "10.0.0.1", INSECURE),
        ("http://cdn.example/a.png", "8.8.8.8", INSECURE),
        ("http://cdn.localhost/a.png", "10.0.0.1", INSECURE),
        ("https://cdn.example/a.png", "8.8.8.8", None),
    ],
)
def test_results_of_a_service_on_this_machine_that_lie_elsewhere_are_judged_as_always(
    url: str, address: str, why: str | None
) -> None:
    assert refusal(url, local=True, addresses=[address]) == why


def test_even_a_service_on_this_machine_cannot_send_us_anywhere() -> None:
    assert refusal("file:///etc/passwd", local=True) == NOT_PLAIN


def test_a_port_of_its_own_is_looked_up_with_the_host() -> None:
    asked: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["8.8.8.8"]

    for url in ("https://cdn.example/a", "https://cdn.example:8443/a"):
        checked_result_link(url, service_is_local=False, resolver=resolver)

    assert asked == [("cdn.example", 443), ("cdn.example", 8443)]


BASES = {
    "https://api.aetherforgeai.com/public/v1": "https://api.aetherforgeai.com/public/v1",
    "https://api.aetherforgeai.com/public/v1/": "https://api.aetherforgeai.com/public/v1",
    "http://127.0.0.1:8765/public/v1": "http://127.0.0.1:8765/public/v1",
    "http://localhost/v1": "http://localhost/v1",
    "http://[::1]:8765": "http://[::1]:8765",
    "http://box.localhost": "http://box.localhost",
    "HTTPS://API.AetherForgeAI.com/public/V1": "https://api.aetherforgeai.com/public/V1",
    "https://api.aetherforgeai.com:443/public/v1": "https://api.aetherforgeai.com/public/v1",
    "https://api.aetherforgeai.com./public/v1//": "https://api.aetherforgeai.com/public/v1",
    "HTTP://LocalHost:80/v1": "http://localhost/v1",
    "http://[0:0:0:0:0:0:0:1]:80/v1": "http://[::1]/v1",
    "https://api.example:8443/v1": "https://api.example:8443/v1",
    "http://127.1:8765/v1": "http://127.0.0.1:8765/v1",
    "http://0x7f000001/v1": "http://127.0.0.1/v1",
    "http://2130706433:08765/v1": "http://127.0.0.1:8765/v1",
    "https://0x10.cafe/v1": "https://0x10.cafe/v1",
}


@pytest.mark.parametrize(("given", "taken"), BASES.items(), ids=BASES)
def test_a_service_has_one_spelling(given: str, taken: str) -> None:
    assert checked_base_url(given, lambda _host, _port: ["127.0.0.1"]) == taken


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


@pytest.mark.parametrize(
    "text", ["sandbox", "", "https://api.example/v1?a=1", "https://me@api.example/v1", "ftp://a.b/"]
)
def test_what_is_no_base_url_has_no_other_spelling(text: str) -> None:
    assert normalised_base_url(text) == text


@pytest.mark.parametrize("addresses", [[], ["93.184.215.14"], ["127.0.0.1", "10.0.0.1"]], ids=repr)
def test_a_name_below_localhost_that_does_not_lead_here_is_not_this_machine(addresses: list[str]) -> None:
    with pytest.raises(Usage, match="must begin with https"):
        checked_base_url("http://box.localhost/v1", lambda _host, _port: addresses)


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
        ("http://LOCALHOST./", True),
        ("http://a.localhost/", True),
        ("http://127.1/", True),
        ("http://0x7f000001/", True),
        ("http://2130706433/", True),
        ("http://[::ffff:127.0.0.1]/", True),
        ("http://[::ffff:10.0.0.1]/", False),
        ("http://127.0.0.1.example/", False),
        ("http://localhost.localdomain/", False),
        ("http://0.0.0.0/", False),
        ("http://10.0.0.1/", False),
        ("http://localhost.example/", False),
        ("http:///", False),
    ],
)
def test_this_machine_is_known_by_its_names_alone(url: str, here: bool) -> None:
    assert is_this_machine(url, lambda _host, _port: ["127.0.0.1"]) is here


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


# ------------------------------------------------------------------ addresses as they are sent

SENT = {
    "https://cdn.example/a%2fb%7e%41.png?Signature=a%2Bb%2f+c~": "/a%2fb%7e%41.png?Signature=a%2Bb%2f+c~",
    "https://cdn.example/a/./../b//c/": "/a/./../b//c/",
    "https://cdn.example/!$&'()*+,;=:@-._~?/?!$&'()*+,;=:@": "/!$&'()*+,;=:@-._~?/?!$&'()*+,;=:@",
    "https://cdn.example": "/",
    "https://cdn.example?a=1": "/?a=1",
    "https://cdn.example/?": "/?",
    "https://cdn.example/a#part": "/a",
    "https://cdn.example/my photo.png\r\n": "/my%20photo.png",
    "https://cdn.example/\u00e9t\u00e9.png?q=\u00df": "/%C3%A9t%C3%A9.png?q=%C3%9F",
    'https://cdn.example/"<>^`{|}[]': "/%22%3C%3E%5E%60%7B%7C%7D%5B%5D",
    "https://cdn.example/100%.png?a=%zz&b=%2": "/100%25.png?a=%25zz&b=%252",
}


@pytest.mark.parametrize(("url", "sent"), SENT.items(), ids=SENT)
def test_an_address_is_asked_for_byte_for_byte_but_for_what_no_address_may_hold(url: str, sent: str) -> None:
    assert target(requestable(url)) == sent


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://b\u00fccher.example:8443/a", "https://xn--bcher-kva.example:8443/a"),
        ("https://B\u00dcCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://\u4f8b\u3048.example", "https://xn--r8jz45g.example"),
        ("https://CDN.Example/A", "https://CDN.Example/A"),
    ],
)
def test_a_host_in_another_script_is_sent_as_name_servers_know_it(url: str, sent: str) -> None:
    assert requestable(url) == sent


REDIRECTS = {
    "https://b.example/x%2fy?s=%7e": "https://b.example/x%2fy?s=%7e",
    "https://b.example/a/../b": "https://b.example/a/../b",
    "/c?d": "https://a.example/c?d",
    "c": "https://a.example/dir/c",
    "//b.example/c": "https://b.example/c",
    "/\u00c3\u00a9": "https://a.example/\u00e9",
    "/\u00e9": "https://a.example/\u00e9",
    "": None,
    "https://[::1": None,
}


@pytest.mark.parametrize(("location", "led"), REDIRECTS.items(), ids=ascii)
def test_a_redirect_leads_where_it_says(location: str, led: str | None) -> None:
    assert redirected("https://a.example/dir/a?b", location) == led


@pytest.mark.parametrize(
    ("url", "addresses", "inside"),
    [
        ("https://a.example/", ["8.8.8.8"], False),
        ("https://a.example/", ["8.8.8.8", "10.0.0.1"], True),
        ("https://a.example/", [], False),
        ("https://8.8.8.8/", ["10.0.0.1"], False),
        ("https://169.254.169.254/", [], True),
        ("https://0xa9fea9fe/", [], True),
        ("https://[::ffff:10.0.0.1]/", [], True),
        ("https://localhost/", ["127.0.0.1"], True),
        ("https://192.0.0.192/", [], True),
        ("https://a.example/", ["192.0.0.192"], True),
    ],
)
def test_what_only_this_machine_can_reach_is_known_as_such(url: str, addresses: list[str], inside: bool) -> None:
    assert is_inside(url, lambda _host, _port: addresses) is inside


@pytest.mark.parametrize("link", ["https://127.0.0.1/a.png", "https://localhost/a.png", "http://[::1]:8080/a.png"])
def test_only_a_service_on_this_machine_may_have_its_results_here(link: str) -> None:
    def resolver(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    assert checked_result_link(link, service_is_local=True, resolver=resolver) == link
    with pytest.raises(ResultUnavailable):
        checked_result_link(link, service_is_local=False, resolver=resolver)
