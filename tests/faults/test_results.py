"""Results come from elsewhere: fetched without the key, whole or not at all, under names that no server chose."""

import gzip
import math
import struct
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeforge_cli.api.requests_transport import MOST_REDIRECTS, Limits, RequestsTransport
from aeforge_cli.api.retry import LONGEST_WAIT, SHORTEST_PAUSE
from aeforge_cli.api.transport import Fault, TransportError
from aeforge_cli.errors import ResultUnavailable
from aeforge_cli.redaction import Secret
from tests.conftest import png
from tests.faults.conftest import SOAK, Edit
from tests.faults.direct import DONE, SHORT, Direct, direct, order
from tests.faults.fake import API_KEY, SIGNATURE, Fake
from tests.faults.origin import Answer, End, Request

JOB = "00000000-0000-4000-8000-000000000001"
UNAVAILABLE = "result_unavailable 5"
PICTURE = png(0x123456)
FRAMINGS = {
    "length": b"Content-Length: %d\r\n\r\n%b" % (len(PICTURE), PICTURE),
    "chunked": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(PICTURE), PICTURE),
    "until closed": b"Connection: close\r\n\r\n" + PICTURE,
}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"


def _cut(framing: str, cut: int, end: End = End.FIN) -> Answer:
    return Answer(raw=HEAD + FRAMINGS[framing], cut=cut, end=end)


def _made_of(fake: Fake, *images: bytes) -> None:
    """The next job makes these."""
    fake.submissions.says(fake.accepts(fake.add_job(*images)))


class TestCutResults:
    @pytest.mark.row("C1")
    @settings(max_examples=40 * SOAK)
    @given(
        framing=st.sampled_from(sorted(FRAMINGS)),
        end=st.sampled_from([End.FIN, End.RESET]),
        part=st.floats(0, 1, exclude_max=True),
    )
    def test_a_result_cut_at_any_byte_is_fetched_again(
        self, fake: Fake, user: Direct, out: Path, framing: str, end: End, part: float
    ) -> None:
        whole = HEAD + FRAMINGS[framing]
        fake.repeats += 1
        _made_of(fake, PICTURE)
        fake.downloads.says(_cut(framing, int(part * len(whole)), end))
        saved = out / f"{fake.repeats}.png"

        assert user.run(order(saved, anew=True)) == DONE
        assert saved.read_bytes() == PICTURE

    @pytest.mark.row("C1")
    @pytest.mark.parametrize("end", [End.FIN, End.RESET], ids=["closed", "reset"])
    @pytest.mark.parametrize("framing", sorted(FRAMINGS))
    def test_a_result_that_is_always_cut_leaves_nothing_behind(
        self, fake: Fake, user: Direct, out: Path, framing: str, end: End
    ) -> None:
        _made_of(fake, PICTURE)
        fake.downloads.always(_cut(framing, len(HEAD + FRAMINGS[framing]) - 9, end))

        assert user.run(order(out / "sky.png")) == UNAVAILABLE
        assert (list(out.iterdir()), user.states()) == ([], ["succeeded"])
        assert f"aeforge job wait {JOB}" in user.failure.hint

    @pytest.mark.row("C1")
    def test_a_process_whose_result_is_always_cut_says_how_to_go_on(self, edit: Edit, fake: Fake, out: Path) -> None:
        fake.downloads.always(_cut("length", 100))

        run = edit("-o", out / "sky.png", "--timeout", "2s")

        assert run.ending == (5, "result_unavailable")
        assert f"aeforge job wait {JOB}" in run.error["hint"]
        assert list(out.iterdir()) == []

    @pytest.mark.row("C2", "C3", "C9", "C10")
    @pytest.mark.parametrize(
        "raw",
        [
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="cut in a header"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length:", id="cut before the number"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1", id="cut in the number"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + PICTURE, id="negative length"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9" + b"9" * 14 + b"\r\n\r\n" + PICTURE, id="huge length"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + PICTURE, id="too great a length"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n" + PICTURE, id="no number"),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: %d\r\n\r\n%b" % (len(PICTURE), PICTURE),
                id="two lengths",
            ),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + PICTURE, id="compressed"),
            pytest.param(b"HTTP/1.1 206 Partial Content\r\n\r\n" + PICTURE, id="206"),
            pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="204"),
            pytest.param(b"HTTP/1.1 102 Processing\r\n\r\n", id="102"),
            pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + PICTURE, id="no chunk"),
        ],
    )
    def test_an_answer_that_is_not_one_whole_picture_is_refused(
        self, fake: Fake, user: Direct, out: Path, raw: bytes
    ) -> None:
        fake.downloads.always(Answer(raw=raw, end=End.FIN))

        assert user.run(order(out / "sky.png")) == UNAVAILABLE
        assert list(out.iterdir()) == []

    @pytest.mark.row("C2")
    @pytest.mark.parametrize("between", [b"\r\nContent-Length: ", b", "], ids=["in two headers", "in one"])
    def test_a_length_that_is_told_twice_alike_is_that_length(
        self, fake: Fake, user: Direct, out: Path, between: bytes
    ) -> None:
        def twice(_: Request) -> Answer:
            picture = fake.images_of(JOB)[0]
            length = b"%d" % len(picture)
            return Answer(raw=HEAD + b"Content-Length: " + length + between + length + b"\r\n\r\n" + picture)

        fake.downloads.always(twice)

        assert user.run(order(out / "sky.png")) == DONE
        assert (out / "sky.png").read_bytes() == fake.images_of(JOB)[0]

    @pytest.mark.row("C3")
    def test_a_picture_that_announces_too_much_is_given_up_before_it_is_read(self, fake: Fake, user: Direct) -> None:
        head = HEAD + b"Content-Length: %d\r\n\r\n" % (Limits().picture + 1)
        fake.downloads.says(Answer(raw=head + PICTURE, end=End.STALL))
        sink = Counting()

        with pytest.raises(TransportError) as refused:
            user.wire.fetch(f"{fake.cdn.url}/huge.png", sink)

        assert (refused.value.fault, sink.size) == (Fault.TOO_LARGE, 0)

    @pytest.mark.row("C3")
    def test_a_picture_that_announces_nothing_is_given_up_when_it_is_too_much(self, fake: Fake, user: Direct) -> None:
        size = Limits().picture + 1
        fake.downloads.says(Answer(raw=HEAD + b"Connection: close\r\n\r\n" + bytes(size), end=End.FIN))
        sink = Counting()

        with pytest.raises(TransportError) as refused:
            user.wire.fetch(f"{fake.cdn.url}/huge.png", sink)

        assert refused.value.fault is Fault.TOO_LARGE
        assert sink.size <= Limits().picture

    @pytest.mark.row("C3")
    def test_what_follows_the_announced_length_is_ignored(self, fake: Fake, user: Direct, out: Path) -> None:
        _made_of(fake, PICTURE)
        fake.downloads.says(Answer(raw=HEAD + FRAMINGS["length"] + b"more", end=End.FIN))

        assert user.run(order(out / "sky.png")) == DONE
        assert ((out / "sky.png").read_bytes(), len(fake.cdn.requests)) == (PICTURE, 1)

    @pytest.mark.row("C19")
    def test_a_result_that_drips_is_given_up_in_time(self, fake: Fake, user: Direct, out: Path) -> None:
        fake.downloads.says(Answer(body=PICTURE, pace=0.1))

        assert user.run(order(out / "sky.png")) == DONE
        assert len(fake.cdn.requests) == 2


class TestAddressesAndCodings:
    @pytest.mark.parametrize(
        ("path", "sent"),
        [
            ("/images/a%2fb%7e.png?Signature=c2%2Ffn%2b~%3d", "/images/a%2fb%7e.png?Signature=c2%2Ffn%2b~%3d"),
            ("/a/./../b.png?x=[1]&y='z'", "/a/./../b.png?x=%5B1%5D&y='z'"),
            ("/my photo.png?q=a b", "/my%20photo.png?q=a%20b"),
            ("/\u00e9t\u00e9.png\r\n", "/%C3%A9t%C3%A9.png"),
            ("/100%.png", "/100%25.png"),
            ("?only=query", "/?only=query"),
        ],
    )
    def test_a_result_is_asked_for_by_the_address_that_was_given(
        self, fake: Fake, user: Direct, out: Path, path: str, sent: str
    ) -> None:
        fake.polls.says(_links(fake, f"{fake.cdn.url}{path}"))
        fake.downloads.says(lambda _: Answer(body=fake.images_of(JOB)[0]))

        assert user.run(order(out / "sky.png")) == DONE
        assert [request.target for request in fake.cdn.requests] == [sent]

    def test_results_may_be_objects_with_an_address(self, fake: Fake, user: Direct, out: Path) -> None:
        fake.polls.says(lambda _: fake.job(JOB, image_urls=[{"url": url, "size": 1} for url in fake.jobs[JOB].images]))

        assert user.run(order(out / "sky.png")) == DONE

    @pytest.mark.row("C9")
    @pytest.mark.parametrize(
        "coding", ["none", "utf-8", "binary", "aws-chunked", "identity, identity", "IDENTITY", "", "br"]
    )
    @pytest.mark.parametrize("framing", sorted(FRAMINGS))
    def test_a_coding_that_was_never_applied_loses_no_picture(
        self, fake: Fake, user: Direct, out: Path, framing: str, coding: str
    ) -> None:
        _made_of(fake, PICTURE)
        fake.downloads.says(Answer(raw=HEAD + f"Content-Encoding: {coding}\r\n".encode() + FRAMINGS[framing]))

        assert user.run(order(out / "sky.png")) == DONE
        assert ((out / "sky.png").read_bytes(), len(fake.cdn.requests)) == (PICTURE, 1)

    @pytest.mark.row("C9")
    @pytest.mark.parametrize(
        ("coding", "pack"),
        [
            pytest.param("gzip", gzip.compress, id="gzip"),
            pytest.param("x-gzip", gzip.compress, id="x-gzip"),
            pytest.param("gzip", lambda whole: gzip.compress(whole[:9]) + gzip.compress(whole[9:]), id="two members"),
            pytest.param("gzip", lambda whole: gzip.compress(whole) + bytes(9), id="padded"),
            pytest.param("gzip", lambda whole: gzip.compress(whole) + b"junk", id="followed by what is no member"),
            pytest.param("deflate", lambda whole: zlib.compress(whole) + b"junk", id="deflate, followed by more"),
            pytest.param("gzip", bytes, id="not compressed at all"),
            pytest.param("X-GZIP", bytes, id="not compressed at all, by another name"),
            pytest.param("deflate", zlib.compress, id="deflate"),
            pytest.param("deflate", lambda whole: zlib.compress(whole, wbits=-15), id="deflate without its frame"),
            pytest.param("aws-chunked, gzip", gzip.compress, id="beside another"),
        ],
    )
    def test_a_compressed_picture_that_nobody_asked_for_is_unpacked(
        self, fake: Fake, user: Direct, out: Path, coding: str, pack: Callable[[bytes], bytes]
    ) -> None:
        whole = png(5, side=600, packed=False)
        _made_of(fake, whole)
        fake.downloads.says(Answer(body=pack(whole), headers={"Content-Encoding": coding}))

        assert user.run(order(out / "sky.png")) == DONE
        assert ((out / "sky.png").read_bytes(), len(fake.cdn.requests)) == (whole, 1)

    @pytest.mark.row("C9")
    @pytest.mark.rules(files=False)
    def test_what_is_compressed_twice_is_kept_as_it_came(self, fake: Fake, user: Direct, out: Path) -> None:
        twice = gzip.compress(gzip.compress(bytes(range(256)) * 9))
        fake.downloads.always(Answer(body=twice, headers={"Content-Encoding": "gzip, gzip"}))

        assert user.run(order(out / "sky.png")) == "result_not_an_image 3"
        assert [path.read_bytes() for path in out.iterdir()] == [twice]

    @pytest.mark.row("C1", "C9")
    @pytest.mark.parametrize("cut", [1, 5, 50])
    def test_a_compressed_picture_that_is_cut_is_fetched_again(
        self, fake: Fake, user: Direct, out: Path, cut: int
    ) -> None:
        packed = gzip.compress(PICTURE)
        _made_of(fake, PICTURE)
        raw = HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + packed[:-cut]
        fake.downloads.says(Answer(raw=raw, end=End.FIN))

        assert user.run(order(out / "sky.png")) == DONE
        assert len(fake.cdn.requests) == 2

    @pytest.mark.row("C3", "C9")
    @pytest.mark.parametrize("how", ["announced", "unannounced", "compressed"])
    @pytest.mark.parametrize("too_many", [0, 1])
    def test_a_picture_has_a_largest_size(
        self, fake: Fake, users: list[Direct], tmp_path: Path, out: Path, how: str, too_many: int
    ) -> None:
        whole = png(5, side=60, packed=False)
        user = direct(fake.base_url, tmp_path / "user", limits=replace(SHORT, picture=len(whole) - too_many))
        users.append(user)
        _made_of(fake, whole)
        fake.downloads.always(
            {
                "announced": Answer(body=whole),
                "unannounced": Answer(raw=HEAD + b"Connection: close\r\n\r\n" + whole, end=End.FIN),
                "compressed": Answer(body=gzip.compress(whole), headers={"Content-Encoding": "gzip"}),
            }[how]
        )

        assert user.run(order(out / "sky.png")) == (UNAVAILABLE if too_many else DONE)
        assert (Limits().picture, Limits().answer) == (256 * 1024 * 1024, 1024 * 1024)

    @pytest.mark.row("C3")
    @pytest.mark.parametrize("too_many", [0, 1])
    def test_an_announced_size_that_is_too_large_is_not_waited_for(
        self, fake: Fake, users: list[Direct], tmp_path: Path, too_many: int
    ) -> None:
        user = direct(fake.base_url, tmp_path / "user", limits=replace(SHORT, picture=len(PICTURE) - too_many))
        users.append(user)
        fake.downloads.says(Answer(body=PICTURE))
        nothing = Nothing()

        with pytest.raises(TransportError) if too_many else nullcontext():
            user.wire.fetch(f"{fake.cdn.url}/x.png", nothing)

        assert (nothing.received == []) is bool(too_many)


class TestNoPicture:
    @pytest.mark.row("C6")
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html><body>Not found</body></html>",
            b'{"error": "no"}',
            b'<?xml version="1.0"?><Error/>',
            b'<svg xmlns="http://www.w3.org/2000/svg"/>',
            b"#!/bin/sh\necho owned\n",
            b"\0" * 4096,
        ],
        ids=["empty", "HTML", "JSON", "XML", "SVG", "script", "zeros"],
    )
    def test_what_is_no_picture_is_not_saved(self, fake: Fake, user: Direct, out: Path, body: bytes) -> None:
        fake.downloads.always(Answer(body=body, headers={"Content-Type": "image/png"}))

        assert user.run(order(out / "sky.png")) in {"result_not_an_image 3", UNAVAILABLE}
        assert list(out.iterdir()) == []

    @pytest.mark.row("C6")
    @pytest.mark.rules(files=False)
    def test_what_nobody_here_can_judge_is_kept_beside(self, edit: Edit, fake: Fake, out: Path) -> None:
        unknown = b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(range(256))
        fake.downloads.always(Answer(body=unknown))

        run = edit("-o", out / "sky.png")

        kept = out / f"sky-{JOB}.bin"
        assert run.ending == (3, "result_not_an_image")
        assert str(kept) in run.error["message"]
        assert {path.name: path.read_bytes() for path in out.iterdir()} == {kept.name: unknown}

    @pytest.mark.row("C7")
    @pytest.mark.parametrize("suffix", ["jpg", "gif"])
    def test_a_whole_picture_that_ends_oddly_is_saved(
        self, fake: Fake, user: Direct, out: Path, pictures: Mapping[str, bytes], suffix: str
    ) -> None:
        whole = pictures[suffix]
        odd = whole + bytes(range(256)) * 20 if suffix == "jpg" else whole[:-1] + b"\0" + whole[-1:]
        _made_of(fake, odd)
        fake.downloads.says(Answer(body=odd))

        assert user.run(order(f"{out}/")) == DONE
        assert {path.name: path.read_bytes() for path in out.iterdir()} == {f"photo.{suffix}": odd}
        assert len(fake.cdn.requests) == 1

    @pytest.mark.row("C7")
    @pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif"])
    def test_a_picture_without_its_end_is_not_saved(
        self, fake: Fake, user: Direct, out: Path, pictures: Mapping[str, bytes], suffix: str
    ) -> None:
        fake.downloads.always(Answer(body=pictures[suffix][:-4]))

        assert user.run(order(out / "sky.png")) == UNAVAILABLE
        assert list(out.iterdir()) == []

    @pytest.mark.row("C8")
    @pytest.mark.parametrize("told", ["image/jpeg", "text/plain", "application/octet-stream", "nonsense", ""])
    @pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif"])
    def test_the_suffix_is_that_of_the_bytes(
        self, fake: Fake, user: Direct, out: Path, pictures: Mapping[str, bytes], suffix: str, told: str
    ) -> None:
        _made_of(fake, pictures[suffix])
        fake.downloads.says(Answer(body=pictures[suffix], headers={"Content-Type": told}))

        assert user.run(order(f"{out}/")) == DONE
        assert [path.name for path in out.iterdir()] == [f"photo.{suffix}"]
        assert len(fake.cdn.requests) == 1

    @pytest.mark.row("C21")
    def test_a_picture_of_enormous_size_is_saved_undecoded(self, fake: Fake, user: Direct, out: Path) -> None:
        bomb = _enormous()
        _made_of(fake, bomb)

        assert user.run(order(out / "sky.png")) == DONE
        assert (out / "sky.png").read_bytes() == bomb


class TestLinksThatNoLongerWork:
    @pytest.mark.row("C4")
    def test_an_expired_link_is_asked_for_once_more(self, fake: Fake, user: Direct, out: Path) -> None:
        fake.downloads.says(Answer(403))

        assert user.run(order(out / "sky.png")) == DONE
        assert (len(fake.looks()), len(fake.cdn.requests)) == (2, 2)

    @pytest.mark.row("C5")
    @pytest.mark.parametrize("asked", ["0", "Sun, 06 Nov 1994 08:49:37 GMT", "99999999999"])
    def test_a_results_host_is_neither_asked_busily_nor_waited_for_without_end(
        self, fake: Fake, user: Direct, out: Path, asked: str
    ) -> None:
        fake.downloads.says(*[Answer(503, headers={"Retry-After": asked})] * 10)
        job = user.life.obtain_now(order(out / "sky.png"), math.inf)
        [(job, end)] = user.life.wait_for_all([job], math.inf)
        done = end()
        user.clock.slept.clear()
        delivery = order(out / "sky.png").delivery
        assert delivery is not None

        user.life.save(job, done.urls, delivery, math.inf)

        assert len(fake.cdn.requests) == 11
        assert (min(user.clock.slept) >= SHORTEST_PAUSE, max(user.clock.slept) <= LONGEST_WAIT) == (True, True)

    @pytest.mark.row("C4")
    def test_a_link_that_stays_expired_ends_it(self, fake: Fake, user: Direct, out: Path) -> None:
        fake.downloads.always(Answer(403))

        assert user.run(order(out / "sky.png")) == UNAVAILABLE
        assert (len(fake.looks()), len(fake.cdn.requests)) == (2, 2)
        assert (user.states(), f"aeforge job wait {JOB} -o" in user.failure.hint) == (["succeeded"], True)

    @pytest.mark.row("C5")
    def test_a_new_picture_may_be_unknown_for_a_moment(self, fake: Fake, user: Direct, out: Path) -> None:
        fake.downloads.says(Answer(404), Answer(404))

        assert user.run(order(out / "sky.png")) == DONE

    @pytest.mark.row("C5")
    def test_a_picture_that_stays_unknown_ends_it(self, fake: Fake, user: Direct, out: Path) -> None:
        fake.downloads.always(Answer(404))

        assert user.run(order(out / "sky.png")) == UNAVAILABLE
        assert 30 <= sum(user.clock.slept) <= 60

    @pytest.mark.row("C5")
    def test_what_comes_in_place_of_a_picture_is_not_waited_for(
        self, fake: Fake, users: list[Direct], tmp_path: Path, out: Path
    ) -> None:
        user = direct(fake.base_url, tmp_path / "user", limits=replace(SHORT, read=8.0, fetch=9.0))
        users.append(user)
        fake.downloads.says(Answer(404, b"a page", headers={"Content-Length": "100000"}, end=End.STALL))
        began = time.monotonic()

        assert user.run(order(out / "sky.png")) == DONE
        assert time.monotonic() - began < 6

    @pytest.mark.row("C11")
    @pytest.mark.parametrize("whole", [True, False], ids=["whole address", "path"])
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_of_a_result_is_followed_without_the_key(
        self, fake: Fake, user: Direct, out: Path, status: int, whole: bool
    ) -> None:
        place = fake.cdn.url if whole else ""
        to = {"Location": f"{place}/else%2fwhere?Signature={SIGNATURE}&n=%7e"}
        fake.downloads.says(Answer(status, b"It is somewhere else now.", headers=to))
        fake.downloads.says(lambda _: Answer(body=fake.images_of(JOB)[0]))

        assert user.run(order(out / "sky.png")) == DONE
        assert (out / "sky.png").read_bytes() == fake.images_of(JOB)[0]
        assert fake.cdn.requests[1].target == f"/else%2fwhere?Signature={SIGNATURE}&n=%7e"
        assert [set(request.headers) <= HARMLESS for request in fake.cdn.requests] == [True, True]

    @pytest.mark.row("C13")
    def test_a_redirect_to_the_services_own_host_is_followed_without_the_key_too(
        self, fake: Fake, user: Direct, out: Path
    ) -> None:
        fake.downloads.says(Answer(302, headers={"Location": f"{fake.api.url}/private"}))

        user.run(order(out / "sky.png"))

        told = [request.headers.get("authorization") for request in fake.api.requests if request.path == "/private"]
        assert told != []
        assert set(told) == {None}

    @pytest.mark.row("C11")
    @pytest.mark.parametrize(
        "location",
        [
            "http://cdn.invalid/x.png",
            "https://10.0.0.1/x.png",
            "file:///etc/passwd",
            "https://[::1",
            "https://u:p@a.b/",
        ],
    )
    def test_a_redirect_of_a_result_is_judged_as_the_link_was(
        self, fake: Fake, user: Direct, out: Path, location: str
    ) -> None:
        fake.downloads.always(Answer(302, headers={"Location": location}))

        assert user.run(order(out / "sky.png")) == UNAVAILABLE
        assert (len(fake.cdn.requests), list(out.iterdir())) == (1, [])

    @pytest.mark.row("C11")
    def test_redirects_of_a_result_that_never_end_are_given_up(self, fake: Fake, user: Direct, out: Path) -> None:
        fake.downloads.always(Answer(302, headers={"Location": "/again"}))

        assert user.run(order(out / "sky.png")) == UNAVAILABLE
        assert len(fake.cdn.requests) == 1 + MOST_REDIRECTS

    @pytest.mark.row("C20")
    def test_results_that_could_be_had_are_kept_and_only_the_rest_is_fetched_later(
        self, edit: Edit, fake: Fake, out: Path
    ) -> None:
        fake.results = 4
        fake.downloads.always(_missing("-2.png"))

        run = edit("-o", f"{out}/", "--timeout", "3s")
        saved = sorted(path.name for path in out.iterdir())
        fake.downloads.always(None)
        fake.cdn.requests.clear()
        later = edit.aeforge("job", "wait", JOB, "-o", f"{out}/", "--json", env=fake.env)

        assert (run.ending, len(saved)) == ((5, "result_unavailable"), 3)
        assert (later.exit, len(fake.cdn.requests)) == (0, 1)
        assert {path.read_bytes() for path in out.iterdir()} == set(fake.images_of(JOB))


class TestNamesAreOurs:
    @pytest.mark.row("C18")
    @pytest.mark.parametrize(
        "path",
        [
            "/a/../../evil.sh",
            "/%2e%2e/%2e%2e/evil.sh",
            "/..%2f..%2fevil.sh",
            "/CON.png",
            "/a:b.png",
            "/" + "n" * 300 + ".png",
            "/.png",
            "/evil%00.png",
        ],
        ids=lambda path: path[:20],
    )
    def test_nothing_that_the_server_says_becomes_a_name(self, fake: Fake, user: Direct, out: Path, path: str) -> None:
        fake.polls.says(_links(fake, f"{fake.cdn.url}{path}?sig"))
        disposition = {"Content-Disposition": 'attachment; filename="../../evil.sh"'}
        fake.downloads.says(lambda _: Answer(body=fake.images_of(JOB)[0], headers=disposition))

        assert user.run(order(f"{out}/")) == DONE
        assert [saved.name for saved in out.iterdir()] == ["photo.png"]
        assert list(out.parent.rglob("evil*")) == []


HARMLESS = {"host", "user-agent", "accept", "accept-encoding", "connection"}


@dataclass
class Nothing:
    """A sink into which nothing may come."""

    received: list[bytes] = field(default_factory=list)

    def expect(self, size: int | None) -> None:
        self.received.append(b"")

    def write(self, block: bytes) -> None:
        self.received.append(block)


@dataclass
class Counting:
    """A sink that keeps nothing."""

    size: int = 0

    def expect(self, size: int | None) -> None:
        self.size = 0

    def write(self, block: bytes) -> None:
        self.size += len(block)


@dataclass
class Names:
    """A resolver that knows a few names, and remembers what it was asked."""

    known: Mapping[str, str]
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, _port: int) -> list[str]:
        self.asked.append(host)
        return [self.known[host]] if host in self.known else []


def _refusal(url: str, names: Names) -> str:
    wire = RequestsTransport(
        base_url="https://service.invalid/public/v1", key=Secret(API_KEY), limits=SHORT, resolver=names
    )
    with pytest.raises(ResultUnavailable) as refusal:
        wire.fetch(url, Nothing())
    wire.close()
    return str(refusal.value)


class TestLinksThatMustNotBeFollowed:
    """The guard of the test run fails a test that sends a packet."""

    @pytest.mark.row("C14", "C15")
    @pytest.mark.parametrize(
        "url",
        [
            "http://cdn.invalid/x.png",
            "HTTP://cdn.invalid/x.png",
            "file:///etc/passwd",
            "ftp://cdn.invalid/x.png",
            "data:image/png;base64,iVBORw0KGgo=",
            "javascript:alert(1)",
            "gopher://cdn.invalid/",
            "ws://cdn.invalid/",
            "//cdn.invalid/x.png",
            "/x.png",
            "x.png",
            "",
            " ",
            "https://",
            "https:///x.png",
            "https:cdn.invalid/x.png",
            "https://?x",
            "https://cdn.invalid/" + "x" * 9000,
            "https://cdn.invalid/x\r\nX-Key: 1",
            "https://cdn.invalid/\x00",
            "https://cdn.invalid/\x7f",
            "https://cdn.invalid\\@evil.invalid/",
            "https://cdn.invalid/\\..",
            "https://user:pw@cdn.invalid/x.png",
            "https://user@cdn.invalid/x.png",
            "https://@cdn.invalid/x.png",
            "https://cdn.invalid:99999/x.png",
            "https://cdn.invalid:port/x.png",
            "https://cdn.invalid:-1/x.png",
            "https://cdn.invalid:0/x.png",
            "https://[bad/x.png",
            "https://[::1/x.png",
            "https://cdn.invalid/\ud800",
            "\thttps://cdn.invalid/x.png",
        ],
        ids=lambda url: repr(url[:40]),
    )
    def test_a_link_that_is_no_plain_https_address_is_refused(self, url: str) -> None:
        names = Names({"cdn.invalid": "93.184.216.34"})

        _refusal(url, names)

        assert names.asked == []

    @pytest.mark.row("C16")
    @pytest.mark.parametrize(
        ("host", "address"),
        [
            ("127.0.0.1", "127.0.0.1"),
            ("127.9.9.9", "127.9.9.9"),
            ("0.0.0.0", "0.0.0.0"),
            ("169.254.169.254", "169.254.169.254"),
            ("10.0.0.1", "10.0.0.1"),
            ("172.16.0.1", "172.16.0.1"),
            ("192.168.1.1", "192.168.1.1"),
            ("100.64.0.1", "100.64.0.1"),
            ("224.0.0.1", "224.0.0.1"),
            ("255.255.255.255", "255.255.255.255"),
            ("[::1]", "::1"),
            ("[::]", "::"),
            ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
            ("[fe80::1]", "fe80::1%eth0"),
            ("[fc00::1]", "fc00::1"),
            ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
            ("[2002:7f00:1::]", "2002:7f00:1::"),
            ("0x7f000001", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("localhost", "127.0.0.1"),
            ("internal.invalid", "10.1.2.3"),
            ("mapped.invalid", "::ffff:10.1.2.3"),
        ],
    )
    def test_a_link_to_a_private_place_is_refused(self, host: str, address: str) -> None:
        told = _refusal(f"https://{host}/x.png", Names({host.strip("[]"): address}))

        assert "not followed" in told

    @pytest.mark.row("C16")
    def test_one_private_address_among_others_is_enough(self) -> None:
        wire = RequestsTransport(
            base_url="https://service.invalid/v1",
            key=None,
            limits=SHORT,
            resolver=lambda _host, _port: ["93.184.216.34", "10.0.0.1"],
        )

        with pytest.raises(ResultUnavailable):
            wire.fetch("https://both.invalid/x.png", Nothing())
        wire.close()

    @pytest.mark.row("C17")
    def test_a_name_that_resolves_anew_is_asked_without_credentials(self, secure: Fake, bundle: str) -> None:
        base_url = "https://service.invalid/public/v1"
        public = Names({"localhost": "93.184.216.34"})  # what the check is told; the connection goes to this machine
        wire = RequestsTransport(
            base_url=base_url, key=Secret(API_KEY), limits=SHORT, ca_bundle=bundle, resolver=public
        )

        wire.fetch(f"{secure.cdn.url}/internal", Nothing())
        wire.close()

        [request] = secure.cdn.requests
        assert (public.asked, request.method) == (["localhost"], "GET")
        assert set(request.headers) <= HARMLESS

    @pytest.mark.row("C15")
    @pytest.mark.parametrize("url", ["file:///etc/passwd", "", "https://[bad", "http://user:pw@localhost/x.png"])
    def test_a_service_on_this_machine_is_not_free_to_name_anything(
        self, fake: Fake, user: Direct, out: Path, url: str
    ) -> None:
        fake.polls.always(_links(fake, url, "file:///etc/shadow"))

        assert user.run(order(f"{out}/")) == UNAVAILABLE
        assert (list(out.iterdir()), fake.cdn.requests) == ([], [])

    @pytest.mark.row("C16")
    @pytest.mark.parametrize(
        ("url", "address"),
        [
            ("http://cdn.invalid/x.png", "93.184.216.34"),
            ("https://10.0.0.1/x.png", "10.0.0.1"),
            ("https://169.254.169.254/x.png", "169.254.169.254"),
            ("https://internal.invalid/x.png", "192.168.1.1"),
            ("http://cdn.localhost/x.png", "10.0.0.1"),
        ],
    )
    def test_a_service_on_this_machine_may_name_this_machine_and_public_places_only(
        self, fake: Fake, url: str, address: str
    ) -> None:
        wire = RequestsTransport(
            base_url=fake.base_url, key=None, limits=SHORT, resolver=Names({urlsplit(url).hostname or "": address})
        )

        with pytest.raises(ResultUnavailable):
            wire.fetch(url, Nothing())
        wire.close()

    @pytest.mark.row("C12")
    def test_the_results_host_learns_nothing_about_the_user(self, edit: Edit, fake: Fake, out: Path) -> None:
        fake.polls.says(_with_cookie(fake))

        run = edit("-o", out / "sky.png")

        [request] = fake.cdn.requests
        assert run.exit == 0
        assert set(request.headers) <= HARMLESS


def _links(fake: Fake, *urls: str) -> Callable[[Request], Answer]:
    return lambda _: fake.job(JOB, image_urls=list(urls))


def _with_cookie(fake: Fake) -> Callable[[Request], Answer]:
    def answer(_: Request) -> Answer:
        return replace(fake.job(JOB), headers={"Set-Cookie": "track=1; Domain=localhost; Path=/"})

    return answer


def _missing(end: str) -> Callable[[Request], Answer | None]:
    def answer(request: Request) -> Answer | None:
        return Answer(500) if request.path.endswith(end) else None

    return answer


def _enormous() -> bytes:
    """A whole PNG that says it has 40 000 x 40 000 pixels."""
    small = png(1)
    header = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    return small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]
