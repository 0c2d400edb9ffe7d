"""Secrets stay out of sight, wherever they turn up."""

import copy
import functools
import json
import logging
import pickle
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.errors import NotSignedIn
from aeforge_cli.redaction import Redactor, Secret, checked_key, shown_proxy, shown_url

KEY = "sk-live-0123456789abcdef"


def test_a_key_does_not_print_itself() -> None:
    secret = Secret(KEY)

    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>40}", str([secret]), str({"key": secret})]

    assert [text for text in shown if KEY in text] == []
    assert secret.reveal() == KEY


def test_a_key_is_not_copied_into_files() -> None:
    for store in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a key is not pickled"):
            store(Secret(KEY))


def test_a_key_has_no_attributes_to_dump() -> None:
    with pytest.raises(TypeError, match="vars"):
        vars(Secret(KEY))


@pytest.mark.parametrize(
    ("text", "masked"), [(KEY, "...cdef"), ("123456789012", "...9012"), ("12345678901", "..."), ("1", "...")]
)
def test_a_masked_key_tells_two_apart_but_gives_no_short_one_away(text: str, masked: str) -> None:
    assert Secret(text).masked == masked


@pytest.mark.parametrize(
    "text", [KEY, f"  {KEY}\n", f"{KEY}\r\n"], ids=["as it is", "with white space", "from Windows"]
)
def test_a_key_is_taken_without_the_white_space_around_it(text: str) -> None:
    assert checked_key(text, "standard input").reveal() == KEY


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("two words", "it must be printable ASCII, without spaces, of at most 512 characters"),
        ("sk-\u00e9", "it must be printable ASCII, without spaces, of at most 512 characters"),
        ("sk-a\r\nX-Header: b", "it must be printable ASCII, without spaces, of at most 512 characters"),
        ("x" * 513, "it must be printable ASCII, without spaces, of at most 512 characters"),
    ],
    ids=["nothing", "blank", "two words", "not ASCII", "two lines", "too long"],
)
def test_what_can_be_no_key_is_refused_without_being_shown(text: str, why: str) -> None:
    with pytest.raises(NotSignedIn) as refused:
        checked_key(text, "AEFORGE_API_KEY")

    assert (refused.value.message, refused.value.why) == ("The API key from AEFORGE_API_KEY cannot be used", why)


TEXTS = {
    f"the key is {KEY}.": "the key is ***.",
    f"https://cdn.example/{KEY}/a.png": "https://cdn.example/***/a.png",
    f"Authorization: Bearer {KEY}": "Authorization: Bearer ***",
    "authorization: bearer   other-key-of-someone": "authorization: bearer ***",
    "Proxy-Authorization: Basic dXNlcjpwYXNz": "Proxy-Authorization: Basic ***",
    '{"Authorization": "Bearer abc.def"}': '{"Authorization": "Bearer ***"}',
    "http://user:password@proxy.example:3128/": "http://***@proxy.example:3128/",
    "https://token@host/x": "https://***@host/x",
    "https://cdn.example/a.png?Expires=17&Signature=c2ln&Key-Pair-Id=AB": (
        "https://cdn.example/a.png?Expires=***&Signature=***&Key-Pair-Id=***"
    ),
    "https://s3.example/a?X-Amz-Signature=ab&X-Amz-Credential=cd&X-Amz-Date=ef": (
        "https://s3.example/a?X-Amz-Signature=***&X-Amz-Credential=***&X-Amz-Date=ef"
    ),
    "https://blob.example/a?sv=1&sig=a%2Bb&se=2": "https://blob.example/a?sv=1&sig=***&se=2",
    "https://cdn.example/a.png?width=100": "https://cdn.example/a.png?width=100",
    "mail me@example.com about the sky": "mail me@example.com about the sky",
    "nothing secret here": "nothing secret here",
    r'{"u": "https://cdn.example/a?w=1\u0026X-Amz-Signature=ab\u0026h=2"}': (
        '{"u": "https://cdn.example/a?w=1&X-Amz-Signature=***&h=2"}'
    ),
    r'{"u": "https:\/\/user:pass@cdn.example\/a?sig\u003dab"}': '{"u": "https://***@cdn.example/a?sig=***"}',
    rf"key \u0073{KEY[1:]}": "key ***",
    "<Url>https://cdn.example/a?w=1&amp;Signature=ab</Url>": "<Url>https://cdn.example/a?w=1&amp;Signature=***</Url>",
    "?a=1;sig=b;c=2": "?a=1;sig=***",
    "HTTPS_PROXY=user:password@proxy.example:3128 is bad": "***@proxy.example:3128 is bad",
    "user:password@[::1]:3128": "***@[::1]:3128",
    "http://user:p#ss@proxy.example:3128/": "http://***@proxy.example:3128/",
    "http://user:p@ss@proxy.example:3128/": "http://***@proxy.example:3128/",
    "https://cdn.example/a@2x.png": "https://cdn.example/a@2x.png",
    "https://a.example/?sig=a;token=b&w=1": "https://a.example/?sig=***&w=1",
    "https://a.example/,https://u:p@b.example/": "https://a.example/,https://***@b.example/",
    "git@example.com:owner/repository": "git@example.com:owner/repository",
}


@pytest.mark.parametrize(("text", "safe"), TEXTS.items(), ids=[text[:40] for text in TEXTS])
def test_credentials_are_blanked_wherever_they_stand(text: str, safe: str) -> None:
    redact = Redactor()
    redact.hide(Secret(KEY))

    assert redact(text) == safe


def test_of_two_keys_the_longer_is_blanked_whole() -> None:
    redact = Redactor()
    redact.hide(Secret("abcdefgh"))
    redact.hide(Secret("abcdefgh-and-more"))

    assert redact("abcdefgh-and-more abcdefgh") == "*** ***"


def test_a_very_short_key_does_not_blank_half_of_all_words() -> None:
    redact = Redactor()
    redact.hide(Secret("sky"))

    assert redact("a blue sky, Bearer sky") == "a blue sky, Bearer ***"


@given(st.text(), st.text())
def test_the_key_never_survives_whatever_is_around_it(before: str, after: str) -> None:
    redact = Redactor()
    redact.hide(Secret(KEY))

    assert KEY not in redact(before + KEY + after)


HARD = {
    "signatures": ";sig",
    "names without an end": "&sig",
    "parameters": "&a=",
    "addresses": "://a:",
    "users": "u:p@h:1 ",
    "ats": "a@",
    "schemes": "bearer ",
    "escapes": r"\u0026sig",
    "backslashes": "\\",
    "one word": "x",
    "spaces": " ",
}


@pytest.mark.parametrize("piece", HARD.values(), ids=HARD)
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    """Ten times the text takes about ten times as long; in the square or the cube, it would be 100 or 1000 times."""

    def seconds(size: int) -> float:
        text = (piece * size)[:size]
        redact = Redactor()
        started = time.process_time()
        for _ in range(3):
            redact(text, size)
        return time.process_time() - started

    assert seconds(100_000) < 30 * seconds(10_000) + 0.05


@pytest.mark.parametrize("longest", [100, 500, 4000])
@given(st.integers(0, 9000), st.sampled_from([KEY, f"https://user:{KEY}@h.example/", f"http://h.example/?sig={KEY}"]))
def test_a_text_is_redacted_before_it_is_cut(longest: int, before: int, secret: str) -> None:
    redact = Redactor()
    redact.hide(Secret(KEY))

    shown = redact("-" * before + " " + secret + " " + "-" * 9000, longest)

    assert len(shown) <= longest
    assert KEY[:6] not in shown


@pytest.mark.parametrize("place", range(20))
def test_where_a_long_text_is_cut_before_it_is_searched_no_half_of_a_password_is_left(place: int) -> None:
    user = " https://user:hunter2hunter2@h.example/"
    text = "https://h.example/?sig=" + "A" * (4 * 500 - 23 - 20 - place) + user + "-" * 9000

    assert Redactor()(text, 500).startswith("https://h.example/?sig=*** https://***@h.example/---")


def test_a_text_of_a_megabyte_is_cut_before_it_is_searched() -> None:
    assert len(Redactor()(";sig" * 1_000_000, 500)) == 500


@pytest.mark.parametrize("key", ["sk/live+0123=", 'sk"live\\0123='])
@pytest.mark.parametrize("quoted", [str, json.dumps, functools.partial(quote, safe="")], ids=["plain", "JSON", "URL"])
def test_the_key_is_blanked_however_it_is_quoted(key: str, quoted: Callable[[str], str]) -> None:
    redact = Redactor()
    redact.hide(Secret(key))

    assert [text for text in (redact(quoted(key)), redact.without_keys(quoted(key))) if "0123" in text] == []


def test_of_an_address_that_must_still_work_only_the_key_is_blanked() -> None:
    redact = Redactor()
    redact.hide(Secret(KEY))
    url = "https://cdn.example/a?Signature=c2ln&api_key="

    assert redact.without_keys(url + KEY) == url + "***"
    assert redact.bytes_without_keys(f"\xff{url}{KEY}".encode("latin-1")) == f"\xff{url}***".encode("latin-1")


PROXIES = {
    "http://user:password@proxy.example:3128": "http://proxy.example:3128",
    "user:password@proxy.example:3128": "http://proxy.example:3128",
    "http://user:pa#s/s@proxy.example:3128": "http://proxy.example:3128",
    "user:p://x@proxy.example:3128": "http://proxy.example:3128",
    "http://proxy.example:3128/": "http://proxy.example:3128",
    "proxy.example:3128": "http://proxy.example:3128",
    "proxy.example:secret": "(unreadable address)",
    "http://@proxy.example": "http://proxy.example",
}


@pytest.mark.parametrize(("proxy", "shown"), PROXIES.items(), ids=PROXIES)
def test_a_proxy_is_shown_without_its_user(proxy: str, shown: str) -> None:
    assert shown_proxy(proxy) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:p#ss@cdn.example/a.png", "(unreadable address)"),
        ("https://cdn.example/a.png?Signature=abc#x", "https://cdn.example/a.png?***"),
        ("https://user:password@cdn.example:8443/a.png", "https://cdn.example:8443/a.png"),
        ("https://cdn.example/a.png", "https://cdn.example/a.png"),
        ("https://cdn.example/a.png;sig=abc", "https://cdn.example/a.png;***"),
        ("https://cdn.example/a;jsessionid=abc/b;v=1.png?x", "https://cdn.example/a;***/b;***?***"),
        ("https://[::1", "(unreadable address)"),
    ],
)
def test_an_address_is_shown_without_user_and_query(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_a_key_in_a_log_record_is_blank(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r", Secret(KEY), Secret(KEY))

    assert caplog.messages == ["Secret(***) Secret(***)"]
