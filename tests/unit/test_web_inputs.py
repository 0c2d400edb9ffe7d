"""Inputs from the web: called without what is secret in their addresses, and fetched from where the user may be led."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from aeforge_cli.api.requests_transport import RequestsTransport
from aeforge_cli.api.transport import Answer, Fault, Sink, TransportError
from aeforge_cli.api.web_inputs import from_address, label_of
from aeforge_cli.errors import AeforgeError, FileMissing
from tests.conftest import png

SECRET = "https://user:p4ss@host.test/dir/a.png?X-Amz-Signature=c2ln&w=1#part"
SHOWN = "https://host.test/dir/a.png?***"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (SECRET, SHOWN),
        ("HTTPS://host.test/a.png", "https://host.test/a.png"),
        ("http://host.test:8080/a@2x.png", "http://host.test:8080/a@2x.png"),
        ("https://u:p#x@host.test/a.png", "(unreadable address)"),
        ("photo.png?sig=1", "photo.png?sig=1"),
        ("-", "-"),
        ("", ""),
    ],
)
def test_an_input_is_called_by_its_address_without_user_and_signature(text: str, label: str) -> None:
    assert label_of(text) == label


@dataclass
class Web:
    """Answers for addresses, as a transport that resolves names by `hosts` would."""

    pages: Mapping[str, Answer | bytes]
    hosts: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def fetch_input(self, url: str, sink: Sink, *, origin: str | None = None) -> Answer:
        wire = RequestsTransport(base_url="https://api.test", key=None, resolver=lambda host, _port: [self.hosts[host]])
        wire._get = self._get  # type: ignore[method-assign]  # all but the packets
        return wire.fetch_input(url, sink, origin=origin)

    def _get(self, url: str, sink: Sink) -> Answer:
        self.asked.append(url)
        page = self.pages[url]
        if isinstance(page, Answer):
            return page
        sink.expect(len(page))
        sink.write(page)
        return Answer(200)


def moved(location: str) -> Answer:
    return Answer(302, {"location": location})


HOSTS = {
    "out.test": "93.184.215.14",
    "cdn.test": "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "in.test": "10.1.2.3",
    "near.test": "169.254.1.1",
}


@pytest.mark.parametrize(
    "target",
    [
        "https://10.0.0.1/a.png",
        "https://127.0.0.1/a.png",
        "https://localhost/a.png",
        "https://169.254.169.254/latest/meta-data/",
        "https://in.test/a.png",
        "https://near.test/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:10.0.0.1]/a.png",
        "https://[64:ff9b::7f00:1]/a.png",
        "https://0x7f.1/a.png",
        "https://2852039166/a.png",
        "https://100.64.0.1/a.png",
    ],
)
def test_no_redirect_leads_an_input_into_a_network_of_the_users(target: str) -> None:
    hosts = {**HOSTS, "localhost": "127.0.0.1"}
    web = Web({"https://out.test/": moved("https://cdn.test/"), "https://cdn.test/": moved(target)}, hosts)

    with pytest.raises(FileMissing) as refused:
        from_address("https://out.test/", web)

    assert (refused.value.message, refused.value.why) == (
        "https://out.test/ cannot be fetched",
        "it redirects to a private network",
    )
    assert web.asked == ["https://out.test/", "https://cdn.test/"]


@pytest.mark.parametrize(
    ("start", "target"),
    [
        ("https://in.test/", "https://10.0.0.1/a.png"),
        ("https://192.168.1.2/", "https://in.test/a.png"),
        ("https://127.0.0.1:8443/", "https://[::1]:9443/a.png"),
        ("https://127.0.0.1:8443/", "https://out.test/a.png"),
    ],
)
def test_an_address_in_the_users_own_network_may_redirect_within_it(start: str, target: str) -> None:
    web = Web({start: moved(target), target: png()}, HOSTS)

    from_address(start, web)

    assert web.asked == [start, target]


@pytest.mark.parametrize("start", ["https://in.test/", "https://192.168.1.2/", "https://127.0.0.1:8443/"])
@pytest.mark.parametrize("target", ["169.254.169.254", "near.test", "2852039166", "[fe80::1]", "[::ffff:169.254.1.1]"])
def test_no_redirect_leads_from_one_network_of_the_users_into_another(start: str, target: str) -> None:
    web = Web({start: moved(f"https://{target}/")}, HOSTS)

    with pytest.raises(FileMissing, match="cannot be fetched") as refused:
        from_address(start, web)

    assert (refused.value.why, web.asked) == ("it redirects to a private network", [start])


def test_redirects_of_an_input_that_never_end_are_given_up() -> None:
    web = Web({"https://out.test/": moved("https://out.test/")}, HOSTS)

    with pytest.raises(FileMissing, match="cannot be fetched") as refused:
        from_address("https://out.test/", web)

    assert (refused.value.why, len(web.asked)) == ("it redirects too often", 6)


@pytest.mark.parametrize("start", ["https://out.test/", "HTTPS://out.test/"])
def test_no_redirect_leads_from_an_encrypted_address_to_a_plain_one(start: str) -> None:
    web = Web({start: moved("http://cdn.test/"), "http://cdn.test/": png()}, HOSTS)

    with pytest.raises(FileMissing, match="cannot be fetched") as refused:
        from_address(start, web)

    assert (refused.value.why, web.asked) == ("it redirects to an insecure address", [start])


@pytest.mark.parametrize(
    ("start", "target"),
    [
        ("https://in.test/", "https://127.0.0.1/"),
        ("https://in.test/", "https://0.0.0.0/"),
        ("https://127.0.0.1/", "https://in.test/"),
        ("https://127.0.0.1/", "https://10.0.0.1/"),
    ],
)
def test_this_machine_is_a_network_of_its_own(start: str, target: str) -> None:
    with pytest.raises(FileMissing, match="cannot be fetched"):
        from_address(start, Web({start: moved(target), target: png()}, HOSTS))


def test_the_users_own_address_is_not_judged() -> None:
    web = Web({"https://in.test/a.png": png()}, HOSTS)

    assert from_address("https://in.test/a.png", web).label == "https://in.test/a.png"


def test_an_input_is_asked_for_with_the_secrets_of_its_address_and_called_without() -> None:
    web = Web({SECRET: png()}, HOSTS)

    picture = from_address(SECRET, web)

    assert (picture.label, picture.name, web.asked) == (SHOWN, "a.png", [SECRET])


class Failing:
    def __init__(self, outcome: Answer | TransportError) -> None:
        self.outcome = outcome

    def fetch_input(self, url: str, sink: Sink, *, origin: str | None = None) -> Answer:
        if isinstance(self.outcome, TransportError):
            raise self.outcome
        sink.expect(1)
        sink.write(b"x")
        return self.outcome


@pytest.mark.parametrize(
    "outcome",
    [
        Answer(404),
        Answer(200),
        moved("http://cdn.test/"),
        moved("https://cdn.test/"),
        TransportError(Fault.REFUSED, delivered=False),
    ],
    ids=["404", "no picture", "insecure", "too often", "refused"],
)
def test_whatever_is_wrong_with_an_input_its_address_stays_secret(outcome: Answer | TransportError) -> None:
    with pytest.raises(AeforgeError) as failed:
        from_address(SECRET, Failing(outcome))

    said = f"{failed.value.message} {failed.value.why} {failed.value.hint}"
    assert SHOWN in said
    assert [secret for secret in ("p4ss", "c2ln") if secret in said] == []
