"""Which proxy an address is asked through, and what is said, before anything is sent, of one that cannot be used."""

import importlib.util

import pytest

from aeforge_cli.api.proxies import Proxies, check_proxy
from aeforge_cli.errors import Usage
from aeforge_cli.extras import install_command

PROXY = "http://proxy.test:3128"
PASSWORD = "Pr0xyPassw0rd"


def nowhere(_host: str, _port: int) -> list[str]:
    return []


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, PROXY)
    return monkeypatch


def proxy_of(url: str) -> str | None:
    parts = Proxies(nowhere).of(url)
    return next(iter(parts.values()), None)


@pytest.mark.usefixtures("proxied")
@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8765/v1",
        "https://LOCALHOST./v1",
        "http://127.0.0.1/v1",
        "http://127.8.9.10/",
        "http://127.1/",
        "http://2130706433/",
        "http://[::1]:8765/",
        "http://[::ffff:127.0.0.1]/",
    ],
)
def test_nothing_for_this_machine_goes_through_a_proxy(url: str) -> None:
    assert proxy_of(url) is None
    assert proxy_of("https://api.test/v1") == PROXY


@pytest.mark.usefixtures("proxied")
@pytest.mark.parametrize(("addresses", "proxy"), [(["127.0.0.1"], None), (["10.0.0.1"], PROXY), ([], PROXY)])
def test_a_name_below_localhost_is_this_machine_where_it_leads_there(addresses: list[str], proxy: str | None) -> None:
    found = Proxies(lambda _host, _port: addresses).of("http://box.localhost/")

    assert found.get("http") == proxy


NO_PROXY = {
    "api.test": None,
    ".test": None,
    "test": None,
    "api.test:443": None,
    "other.test, api.test:443": None,
    "*": None,
    "api.test:8443": PROXY,
    "api.test:80": PROXY,
    "pi.test": PROXY,
    "": PROXY,
}


@pytest.mark.parametrize(("exempt", "proxy"), NO_PROXY.items(), ids=repr)
def test_no_proxy_names_hosts_and_the_ports_that_it_means(
    proxied: pytest.MonkeyPatch, exempt: str, proxy: str | None
) -> None:
    proxied.setenv("NO_PROXY", exempt)

    assert proxy_of("https://api.test/v1") == proxy


def test_no_proxy_with_a_port_is_compared_with_the_addresss_own(proxied: pytest.MonkeyPatch) -> None:
    proxied.setenv("NO_PROXY", "api.test:8443")

    assert (proxy_of("https://api.test:8443/"), proxy_of("https://api.test:443/")) == (None, PROXY)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_may_stand_in_any_of_the_usual_variables(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, PROXY)

    assert proxy_of("https://api.test/") == PROXY


@pytest.mark.parametrize(
    "proxy",
    [
        "http://proxy.test:3128",
        "http://proxy.test",
        "https://proxy.test:3128/",
        "proxy.test:3128",
        "user:password@proxy.test:3128",
        "http://user:p%23ss@proxy.test:3128",
        "http://us@er:p@ss@proxy.test:3128",
        "http://[::1]:3128",
        "HTTP://proxy.test:3128",
    ],
)
def test_a_proxy_is_an_address_with_or_without_scheme_user_and_port(proxy: str) -> None:
    check_proxy(proxy, "HTTPS_PROXY")


REFUSED = {
    "nonsense://x": "nonsense:// is not a scheme of proxies (http, https, socks4, socks4a, socks5, socks5h)",
    f"http://user:{PASSWORD}#1@proxy.test:3128": "its user or password holds signs that must be encoded there",
    f"http://user:{PASSWORD}/1@proxy.test:3128": "its user or password holds signs that must be encoded there",
    f"http://user:{PASSWORD}?@proxy.test:3128": "its user or password holds signs that must be encoded there",
    f"user:{PASSWORD}#1@proxy.test:3128": "its user or password holds signs that must be encoded there",
    "http://[bad": "it is not an address with a host and a port",
    "http://": "it is not an address with a host and a port",
    "http://:3128": "it is not an address with a host and a port",
    f"http://user:{PASSWORD}@:3128": "it is not an address with a host and a port",
    f"http://user:{PASSWORD}@proxy.test:port": "it is not an address with a host and a port",
    "http://proxy.test:99999": "it is not an address with a host and a port",
    "http://proxy test:3128": "it is not an address with a host and a port",
    "http://proxy\n.test:3128": "it is not an address with a host and a port",
    "http://proxy.test:31\t28": "it is not an address with a host and a port",
    " http://proxy.test:3128": "it is not an address with a host and a port",
}


@pytest.mark.parametrize(("proxy", "why"), REFUSED.items(), ids=REFUSED)
def test_a_proxy_that_can_be_none_is_named_by_its_variable_and_without_its_password(
    monkeypatch: pytest.MonkeyPatch, proxy: str, why: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises(Usage) as refused:
        proxy_of("https://api.test/v1")

    assert (refused.value.message, refused.value.why) == ("The proxy in HTTPS_PROXY cannot be used", why)
    assert PASSWORD not in f"{refused.value.why} {refused.value.hint}"


def test_signs_that_must_be_encoded_are_spelt_out() -> None:
    with pytest.raises(Usage) as refused:
        check_proxy("http://user:a#b/c@proxy.test:1", "HTTPS_PROXY")

    assert refused.value.hint == "write %23 for '#', %2F for '/' in HTTPS_PROXY"


@pytest.mark.skipif(importlib.util.find_spec("socks") is not None, reason="PySocks is installed")
@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h", "SOCKS5"])
def test_a_socks_proxy_says_what_to_install(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:{PASSWORD}@proxy.test:1080")

    with pytest.raises(Usage) as refused:
        proxy_of("https://api.test/v1")

    assert refused.value.message == "The proxy in ALL_PROXY is a SOCKS proxy, for which PySocks is missing"
    assert refused.value.hint == install_command(["PySocks"])


def test_a_proxy_that_is_not_used_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://x")
    monkeypatch.setenv("NO_PROXY", "api.test")

    assert proxy_of("https://api.test/v1") is None
    assert proxy_of("http://127.0.0.1/v1") is None
