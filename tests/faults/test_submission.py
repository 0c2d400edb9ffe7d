"""The POST that costs money: sent again only if it certainly was not accepted, and never lost from sight."""

import gzip
import hashlib
import json
import socket
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from aeforge_cli.api.requests_transport import Limits
from aeforge_cli.api.retry import SHORTEST_PAUSE
from aeforge_cli.api.transport import Request
from tests.conftest import Aeforge, png
from tests.faults.conftest import Edit, tls
from tests.faults.direct import SHORT, Direct, direct, inpaint, picture
from tests.faults.fake import Fake, Post, Upload, told_as_json
from tests.faults.invariants import journal
from tests.faults.origin import Answer, End, slowly
from tests.faults.tracing import failing

NOTHING = Answer(raw=b"")
LOST = "submit_unknown 10"
JOB = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def closed_port() -> Iterator[str]:
    """A port that refuses connections: taken, so that nobody else may have it, and not listened to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/public/v1"


@pytest.fixture
def full_port() -> Iterator[str]:
    """A server that never accepts, with its queue filled: a connection is neither made nor refused."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/public/v1"


@pytest.fixture
def large_photo(photo: Path) -> Path:
    """20 MB: far more than the kernel takes before the server reads."""
    photo.write_bytes(png(7, side=2600, packed=False))
    return photo


class TestNothingWasSent:
    @pytest.mark.row("A1")
    def test_a_refused_connection_is_tried_again_and_nothing_is_submitted(self, edit: Edit, closed_port: str) -> None:
        run = edit(env={"AEFORGE_BASE_URL": closed_port})

        assert run.ending == (5, "unreachable")
        assert "connection refused" in run.error["message"]
        assert "Nothing was submitted" in run.error["message"]
        assert run.error["retryable"] is True
        assert edit.states() == ["not_sent"]

    @pytest.mark.row("A2")
    def test_an_unknown_host_is_named_and_nothing_is_submitted(self, edit: Edit) -> None:
        run = edit(env={"AEFORGE_BASE_URL": "https://x.invalid/public/v1"})

        assert run.ending == (5, "unreachable")
        assert "x.invalid" in run.error["message"]
        assert edit.states() == ["not_sent"]

    @pytest.mark.row("A3")
    def test_a_connection_that_is_never_made_is_given_up_in_time(
        self, full_port: str, users: list[Direct], tmp_path: Path
    ) -> None:
        user = direct(full_port, tmp_path / "user")
        users.append(user)
        began = time.monotonic()

        assert user.submit() == "unreachable 5"
        assert len(user.clock.slept) == 3
        assert time.monotonic() - began < 4 * SHORT.connect + 3  # not as long as an answer is waited for

    @pytest.mark.row("A4")
    @pytest.mark.parametrize(
        ("names", "expired", "trusted"),
        [
            pytest.param(["127.0.0.1"], False, False, id="unknown authority"),
            pytest.param(["127.0.0.1"], True, True, id="expired"),
            pytest.param(["other.invalid"], False, True, id="wrong host"),
        ],
    )
    def test_an_untrusted_certificate_ends_it_at_once(
        self,
        edit: Edit,
        fakes: list[Fake],
        authority: trustme.CA,
        bundle: str,
        names: list[str],
        expired: bool,
        trusted: bool,
    ) -> None:
        until = datetime(2020, 1, 1, tzinfo=UTC) if expired else None
        fake = Fake(tls=tls(authority.issue_cert(*names, not_after=until)))
        fakes.append(fake)
        trust = {"SSL_CERT_FILE": bundle} if trusted else {}

        run = edit(env={**fake.env, **trust})

        assert run.ending == (5, "unreachable")
        assert "SSL_CERT_FILE" in run.error["hint"]
        assert (fake.api.connections, fake.api.requests) == (1, [])
        assert edit.states() == ["not_sent"]

    @pytest.mark.row("A5")
    @pytest.mark.usefixtures("large_photo")
    def test_an_upload_cut_off_in_the_middle_is_sent_again(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.says(Answer(raw=b"", read=4096, end=End.RESET))

        run = edit()

        assert (run.exit, len(fake.posts()), len(fake.ledger)) == (0, 2, 1)

    @pytest.mark.row("A5")
    def test_a_server_that_stops_reading_is_given_up_and_sent_to_again(self, fake: Fake, user: Direct) -> None:
        fake.submissions.says(Answer(raw=b"", read=4096, end=End.DEAF))

        assert user.submit(inpaint(png(7, side=1700, packed=False))) == JOB
        assert (len(fake.posts()), len(fake.ledger)) == (2, 1)

    @pytest.mark.row("A6")
    @pytest.mark.usefixtures("large_photo")
    @pytest.mark.parametrize("end", [End.DRAIN, End.FIN], ids=["and reads on", "and closes"])
    @pytest.mark.parametrize(("status", "ending"), [(401, (4, "key_rejected")), (413, (2, "rejected"))])
    def test_an_answer_in_the_middle_of_the_upload_counts(
        self, edit: Edit, fake: Fake, status: int, ending: tuple[int, str], end: End
    ) -> None:
        fake.submissions.always(Answer(status, read=4096, end=end))

        run = edit()

        assert run.ending == ending
        assert len(fake.posts()) == 1

    @pytest.mark.row("A32")
    def test_a_picture_that_changes_before_it_is_sent_is_not_bought(self, fake: Fake, user: Direct) -> None:
        changed = replace(picture(), sha256="0" * 64)

        assert user.submit(replace(inpaint(), image=changed)) == "file_not_found 2"
        assert fake.ledger == []

    @pytest.mark.row("A32")
    def test_what_was_checked_is_what_is_sent(self, edit: Edit, fake: Fake) -> None:
        digest = hashlib.sha256(edit.photo.read_bytes()).hexdigest()

        edit("--no-wait")

        fields = (("prompt", "blue sky"), ("quality", "standard"))
        upload = Upload("image", "image.png", "image/png", digest)
        assert fake.ledger == [Post("/public/v1/image-tune/inpaint/v2", fields, (upload,), charged=True)]


class TestTheSystemRefuses:
    @pytest.mark.parametrize(
        ("call", "error", "why"),
        [
            ("connect", "EACCES", "Permission denied"),
            ("connect", "ENETUNREACH", "Network is unreachable"),
            ("connect", "EADDRNOTAVAIL", "Cannot assign requested address"),
            ("socket", "EMFILE", "Too many open files"),
        ],
    )
    def test_the_systems_own_reason_why_nothing_could_be_sent_is_told(
        self, edit: Edit, fake: Fake, strace: str, call: str, error: str, why: str
    ) -> None:
        run = edit.start(under=failing(strace, (call, "1+"), error)).finish()

        assert (run.ending, fake.posts()) == ((5, "unreachable"), [])
        assert run.error["message"].endswith(f"could not be reached: no connection could be made ({why})")

    def test_a_system_that_allows_no_more_threads_buys_nothing_and_is_named(
        self, edit: Edit, fake: Fake, strace: str
    ) -> None:
        run = edit.start(under=failing(strace, ("clone3", "1+"), "EAGAIN", also="clone")).finish()

        assert (run.exit, fake.posts(), edit.states()) == (1, [], [])
        assert run.error["message"] == "The system gives this process no more threads"

    @pytest.mark.parametrize("allowed", [3, 5, 9])
    def test_with_few_threads_a_list_goes_on(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path], out: Path, strace: str, allowed: int
    ) -> None:
        words = ("-p", "x", "-o", f"{out}/", "-j", "20", "--json")
        under = failing(strace, ("clone3", f"{allowed + 1}+"), "EAGAIN", also="clone")

        run = aeforge.start("inpaint", *photos[:20], *words, env=fake.env, under=under).finish()

        assert (run.exit, len(fake.posts())) == (0, 20)


class TestTheAnswerWasLost:
    @pytest.mark.row("A7", "A8")
    @pytest.mark.parametrize("end", [End.FIN, End.RESET], ids=["closed", "reset"])
    def test_a_request_without_an_answer_is_never_sent_again(self, edit: Edit, fake: Fake, end: End) -> None:
        fake.submissions.says(replace(NOTHING, end=end))

        run = edit()

        assert run.ending == (10, "submit_unknown")
        assert "may exist" in run.error["message"]
        assert "--new" in run.error["hint"]
        assert run.error["retryable"] is False
        assert len(fake.ledger) == 1
        assert edit.states() == ["unknown"]

    @pytest.mark.row("A9", "A30")
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(replace(NOTHING, end=End.STALL), id="silence"),
            pytest.param(replace(told_as_json({"job_id": JOB}), pace=0.05), id="a byte at a time"),
        ],
    )
    def test_an_answer_that_does_not_come_in_time_is_given_up(self, fake: Fake, user: Direct, answer: Answer) -> None:
        fake.submissions.says(answer)

        assert user.submit() == LOST
        assert len(fake.ledger) == 1

    @pytest.mark.row("A9")
    def test_a_submission_is_waited_for_as_long_as_it_may_take_however_silent_the_service(
        self, fake: Fake, users: list[Direct], tmp_path: Path
    ) -> None:
        user = direct(fake.base_url, tmp_path / "user", limits=replace(SHORT, read=0.3, submit=5.0))
        users.append(user)
        fake.submissions.says(slowly(1.5))

        assert user.submit() == JOB

    @pytest.mark.row("A9")
    def test_a_large_submission_may_take_a_second_more_for_each_64_kib(
        self, fake: Fake, users: list[Direct], tmp_path: Path
    ) -> None:
        user = direct(fake.base_url, tmp_path / "user", limits=replace(SHORT, read=0.3, submit=0.5))
        users.append(user)
        fake.submissions.says(slowly(1.5))
        content = png(7, side=400, packed=False)

        assert len(content) / Limits().upload_rate > 5
        assert user.submit(inpaint(content)) == JOB

    @pytest.mark.row("A12")
    @pytest.mark.parametrize("end", [End.FIN, End.RESET, End.STALL], ids=["closed", "reset", "silence"])
    @pytest.mark.parametrize("head", ["Content-Length: 99", "Transfer-Encoding: chunked"])
    def test_a_job_that_a_cut_answer_names_is_told(self, fake: Fake, user: Direct, head: str, end: End) -> None:
        body = b'{"job_id": "%b", ' % JOB.encode()
        framed = b"40\r\n" + body if "chunked" in head else body
        raw = f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + framed
        # A reset throws away what was not read before it.
        fake.submissions.says(Answer(raw=raw, end=end, pace=0.005 if end is End.RESET else 0.0))

        assert user.submit() == LOST
        assert (user.failure.job_id, user.failure.hint) == (JOB, f"aeforge job wait {JOB}")
        assert len(fake.ledger) == 1

    @pytest.mark.row("A12")
    def test_a_process_that_is_told_half_an_answer_says_which_job_it_names(self, edit: Edit, fake: Fake) -> None:
        answer = told_as_json({"job_id": JOB, "note": "x" * 99})
        fake.submissions.says(replace(answer, cut=-9))

        run = edit()

        assert run.ending == (10, "submit_unknown")
        assert run.error["job_id"] == JOB
        assert f"aeforge job wait {JOB}" in run.error["hint"]

    @pytest.mark.parametrize(
        "coding", ["none", "utf-8", "binary", "aws-chunked", "identity, identity", "Identity", "", "x-nonsense"]
    )
    def test_a_coding_that_was_never_applied_loses_no_job(self, fake: Fake, user: Direct, coding: str) -> None:
        fake.submissions.says(replace(told_as_json({"job_id": JOB}), headers={"Content-Encoding": coding}))

        assert user.submit() == JOB

    @pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "deflate", "utf-8, gzip"])
    def test_a_compressed_answer_that_nobody_asked_for_loses_no_job(
        self, fake: Fake, user: Direct, coding: str
    ) -> None:
        packed = (zlib.compress if "deflate" in coding else gzip.compress)(json.dumps({"job_id": JOB}).encode())
        fake.submissions.says(Answer(200, packed, {"Content-Encoding": coding}))

        assert user.submit() == JOB

    @pytest.mark.row("A31")
    @pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "deflate"])
    def test_a_compressed_bomb_is_no_answer(self, fake: Fake, user: Direct, coding: str) -> None:
        bomb = bytes(200_000_000)
        packed = (zlib.compress if coding == "deflate" else gzip.compress)(bomb, 1)
        del bomb
        fake.submissions.says(Answer(200, packed, {"Content-Encoding": coding}))
        tracemalloc.start()

        outcome = user.submit()

        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert outcome == LOST
        assert peak < 20_000_000

    @pytest.mark.row("A30")
    def test_an_answer_that_drips_through_tls_is_given_up_in_time(
        self, secure: Fake, bundle: str, users: list[Direct], tmp_path: Path
    ) -> None:
        users.append(direct(secure.base_url, tmp_path / "user", ca_bundle=bundle))
        secure.submissions.says(replace(told_as_json({"job_id": JOB}), pace=0.05))

        assert users[0].submit() == LOST
        assert len(secure.ledger) == 1

    @pytest.mark.row("A10", "A13", "A18", "A29")
    @pytest.mark.parametrize(
        "raw",
        [
            pytest.param(b"garbage\r\n", id="junk"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="cut in a header"),
            pytest.param(b"HTTP/1.1 200 OK\r\n", id="cut before the headers"),
            pytest.param(b"HTTP/1.1 102 Processing\r\n\r\n", id="102"),
            pytest.param(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", id="103"),
            pytest.param(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 7\r\n\r\n{"a":1}', id="two lengths"),
            pytest.param(b'HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\n{"a":1}', id="negative length"),
            pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n", id="101 headers"),
            pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", id="a header of 70 kB"),
        ],
    )
    def test_an_answer_that_is_not_whole_http_is_no_answer(self, fake: Fake, user: Direct, raw: bytes) -> None:
        fake.submissions.says(Answer(raw=raw, end=End.FIN))

        assert user.submit() == LOST
        assert len(fake.ledger) == 1

    @pytest.mark.row("A18")
    def test_a_hint_before_the_answer_is_no_success(self, fake: Fake, user: Direct) -> None:
        answer = told_as_json({"job_id": JOB}).wire()
        fake.submissions.says(Answer(raw=b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer, end=End.FIN))

        assert user.submit() in {LOST, JOB}
        assert len(fake.ledger) == 1

    @pytest.mark.row("A11")
    def test_tls_that_breaks_after_the_request_does_not_pay_again(self, edit: Edit, secure: Fake, bundle: str) -> None:
        secure.submissions.says(replace(NOTHING, end=End.JUNK))

        run = edit(env={**secure.env, "SSL_CERT_FILE": bundle})

        assert run.ending == (10, "submit_unknown")
        assert len(secure.ledger) == 1

    @pytest.mark.row("A12")
    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param(b"Content-Length: 50\r\n", id="length"),
            pytest.param(b"Transfer-Encoding: chunked\r\n", id="chunked"),
            pytest.param(b"Connection: close\r\n", id="until closed"),
        ],
    )
    def test_an_answer_cut_at_any_byte_is_no_job(self, fake: Fake, user: Direct, headers: bytes) -> None:
        content = json.dumps({"job_id": JOB}).encode()
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content) if b"chunked" in headers else content
        whole = b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + body
        fake.repeats = len(whole) + 1

        def outcome(cut: int) -> str:
            fake.submissions.says(Answer(raw=whole, cut=cut, end=End.FIN))
            return user.submit()

        told = whole.index(content) + len(content)  # after that, a chunked answer ends with a mark that tells nothing
        assert {cut: outcome(cut) for cut in range(told)} == dict.fromkeys(range(told), LOST)
        assert {outcome(cut) for cut in range(told + 1, len(whole))} <= {LOST, JOB}
        assert outcome(len(whole)) == JOB

    @pytest.mark.row("A14")
    def test_a_portal_that_answers_html_is_not_shown(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.says(Answer(200, b"<html>Log in to the hotel</html>", {"Content-Type": "text/html"}))

        run = edit()

        assert run.ending == (10, "submit_unknown")
        assert "not from the API" in run.error["message"]
        assert "text/html" in run.error["message"]
        assert "hotel" not in run.stderr

    @pytest.mark.row("A15", "A16")
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b'"id"',
            b"{}",
            b'{"job_id": null}',
            b'{"job_id": 7}',
            b'{"job_id": ""}',
            b'{"job_id": ["a"]}',
            b'{"job_id": "../user"}',
            b'{"job_id": ".."}',
            b'{"job_id": "a?x"}',
            b'{"job_id": "a#b"}',
            b'{"job_id": "a/b"}',
            b'{"job_id": "a b"}',
            b'{"job_id": "a\\n"}',
            b'{"job_id": "a\\u001b[31m"}',
            b'{"job_id": "a\\u0000"}',
            b'{"job_id": "\\ud800"}',
            b'{"job_id": "\xc3\xa4"}',
            b'{"job_id": "%2e%2e"}',
            b'{"job_id": "' + b"a" * 10_000 + b'"}',
            b'{"job_id": ' + b"9" * 5000 + b"}",
            b"[" * 200_000,
        ],
        ids=lambda body: body[:32].decode("latin-1"),
    )
    def test_an_answer_without_a_usable_id_is_no_job(self, fake: Fake, user: Direct, body: bytes) -> None:
        fake.submissions.says(Answer(200, body, {"Content-Type": "application/json"}))

        assert user.submit() == LOST
        assert (len(fake.ledger), fake.looks()) == (1, [])

    @pytest.mark.row("A15")
    @pytest.mark.parametrize(("option", "shown"), [("--debug", True), ("--verbose", False)])
    def test_an_unusable_answer_is_shown_to_debugging_only(
        self, edit: Edit, fake: Fake, option: str, shown: bool
    ) -> None:
        fake.submissions.says(told_as_json({"job_id": None, "note": "WHAT-IS-THIS\x1b[31m" + "x" * 5000}))

        run = edit(option)

        assert run.ending == (10, "submit_unknown")
        assert ("WHAT-IS-THIS" in run.stderr) is shown
        assert "x" * 600 not in run.stderr

    @pytest.mark.row("A17")
    @pytest.mark.parametrize("job_id", ["job_123-A", "7", "a" * 128])
    def test_an_id_need_not_be_a_uuid(self, fake: Fake, user: Direct, job_id: str) -> None:
        fake.submissions.says(told_as_json({"job_id": job_id}))

        assert user.submit() == job_id

    @pytest.mark.row("A26")
    @pytest.mark.parametrize("status", [408, 409, 425, 500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 599])
    def test_a_failure_behind_the_door_may_have_made_a_job(self, fake: Fake, user: Direct, status: int) -> None:
        fake.submissions.always(Answer(status, b'{"detail": "Internal Server Error"}'))

        assert user.submit() == LOST
        assert len(fake.ledger) == 1

    @pytest.mark.row("A31")
    @pytest.mark.parametrize(
        ("headers", "size"),
        [
            pytest.param({}, 5_000_000, id="5 MB"),
            pytest.param({"Content-Encoding": "gzip"}, 400_000, id="compressed"),
            pytest.param({"Content-Length": "99999999999"}, 64_000_000, id="as good as endless"),
        ],
    )
    def test_an_enormous_answer_is_not_kept(self, fake: Fake, user: Direct, headers: dict[str, str], size: int) -> None:
        fake.submissions.says(Answer(200, b"{" + b" " * size, headers))
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]

        outcome = user.submit()

        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        assert outcome == LOST
        assert peak < 2 * size + 20_000_000  # the test's own server holds the answer twice

    @pytest.mark.row("A34")
    def test_the_same_command_again_does_not_send_what_may_have_arrived(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.says(replace(NOTHING, end=End.FIN))
        first = edit()

        again = edit()

        assert (first.exit, again.ending) == (10, (10, "submit_unknown"))
        assert "--new" in again.error["hint"]
        assert len(fake.ledger) == 1

    @pytest.mark.row("A34")
    def test_new_sends_once_more_what_may_have_arrived(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.says(replace(NOTHING, end=End.FIN))
        fake.repeats = 2
        edit()

        again = edit("--new")

        assert (again.exit, len(fake.ledger)) == (0, 2)
        assert edit.states() == ["unknown", "succeeded"]


class TestTheServiceRefused:
    @pytest.mark.row("A19")
    @pytest.mark.parametrize("to", ["same host", "other host"])
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_not_followed(self, fake: Fake, user: Direct, status: int, to: str) -> None:
        host = fake.api.url if to == "same host" else fake.cdn.url
        fake.submissions.always(Answer(status, headers={"Location": f"{host}/elsewhere"}))

        assert user.submit() == "service_error 5"
        assert (len(fake.posts()), fake.looks(), fake.cdn.requests) == (1, [], [])

    @pytest.mark.row("A20")
    def test_a_rejection_says_which_field_is_wrong(self, edit: Edit, fake: Fake) -> None:
        wrong = {"detail": [{"type": "missing", "loc": ["body", "image"], "msg": "field required", "input": None}]}
        fake.submissions.always(told_as_json(wrong, status=422))

        run = edit()

        assert run.ending == (2, "rejected")
        assert "image: field required" in run.error["message"]
        assert run.error["http_status"] == 422
        assert (len(fake.posts()), edit.states()) == (1, ["rejected"])

    @pytest.mark.row("A20")
    @pytest.mark.parametrize("status", [400, 415, 422])
    @pytest.mark.parametrize(
        "detail",
        [
            "Invalid image file",
            None,
            7,
            [],
            {},
            {"msg": "no"},
            [None],
            [{"loc": None, "msg": None}],
            [{"loc": ["body", 3], "msg": "bad"}],
            [{"loc": "image", "msg": "bad"}],
            [["deep"]],
            "\x1b[31m[/red]\ud800\u202e",
        ],
        ids=repr,
    )
    def test_a_rejection_in_any_words_is_a_rejection(
        self, fake: Fake, user: Direct, status: int, detail: object
    ) -> None:
        fake.submissions.always(told_as_json({"detail": detail}, status=status))

        assert user.submit() == "rejected 2"
        assert len(fake.posts()) == 1

    @pytest.mark.row("A20")
    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"no"', b"\xff\xfe", b'{"detail": [' * 50_000])
    def test_a_rejection_without_words_is_a_rejection(self, fake: Fake, user: Direct, body: bytes) -> None:
        fake.submissions.always(Answer(400, body))

        assert user.submit() == "rejected 2"

    @pytest.mark.row("A21", "A22", "A23", "A28")
    @pytest.mark.parametrize(
        ("status", "detail", "ending", "word"),
        [
            pytest.param(401, "Invalid API key", (4, "key_rejected"), "key", id="401"),
            pytest.param(403, "Forbidden", (4, "key_rejected"), "key", id="403"),
            pytest.param(402, "Payment Required", (7, "payment_required"), "pay", id="402"),
            pytest.param(403, "Not enough credits", (7, "payment_required"), "credits", id="no credits"),
            pytest.param(404, "Not Found User", (4, "account_not_found"), "account", id="no user"),
            pytest.param(413, "Too large", (2, "rejected"), "Too large", id="too large"),
        ],
    )
    def test_a_refusal_has_its_own_exit_code(
        self, edit: Edit, fake: Fake, status: int, detail: str, ending: tuple[int, str], word: str
    ) -> None:
        fake.submissions.always(told_as_json({"detail": detail}, status=status))

        run = edit()

        assert run.ending == ending
        assert word in run.error["message"]
        assert run.error["http_status"] == status
        assert (len(fake.posts()), edit.states()) == (1, ["rejected"])

    @pytest.mark.row("A28")
    def test_a_picture_that_is_too_large_is_named_with_its_size(self, edit: Edit, fake: Fake, photo: Path) -> None:
        photo.write_bytes(png(7, side=1000, packed=False))
        fake.submissions.always(Answer(413))

        run = edit()

        assert run.ending == (2, "rejected")
        assert "3.0 MB" in run.error["message"]

    @pytest.mark.row("A21", "A22")
    @pytest.mark.parametrize(("status", "code"), [(401, "key_rejected"), (402, "payment_required")])
    def test_a_batch_stops_when_the_account_is_refused(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path], status: int, code: str
    ) -> None:
        fake.submissions.says(None)
        fake.submissions.always(Answer(status, delay=0.1))

        run = aeforge("inpaint", *photos[:8], "-p", "x", "--json", "-j", "2", env=fake.env)

        states = [row["state"] for row in journal(aeforge.home)]
        assert run.exit == 6
        assert code in run.stderr
        assert len(fake.posts()) <= 4
        assert [row["job_id"] for row in run.rows if row["job_id"]] == [JOB]
        assert set(states) <= {"succeeded", "rejected", "not_sent"}


class TestTheServiceAsksToWait:
    @pytest.mark.row("A24")
    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            pytest.param({"Retry-After": "7"}, 7.0, id="seconds"),
            pytest.param(
                {"Retry-After": "Sun, 06 Nov 1994 08:49:44 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT"},
                7.0,
                id="date",
            ),
            pytest.param({"Retry-After": "300"}, 300.0, id="the longest"),
        ],
    )
    def test_a_wait_that_the_service_names_is_waited(
        self, fake: Fake, user: Direct, status: int, headers: dict[str, str], wait: float
    ) -> None:
        fake.submissions.says(Answer(status, headers=headers))

        assert user.submit() == JOB
        assert user.clock.slept == [wait]

    @pytest.mark.row("A24")
    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize(
        "headers",
        [
            pytest.param({"Retry-After": "0"}, id="at once"),
            pytest.param({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, id="a past date"),
            pytest.param(
                {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT", "Date": "Sun, 06 Nov 1994 08:49:38 GMT"},
                id="a past date by the service's clock",
            ),
        ],
    )
    def test_a_service_that_asks_for_no_wait_does_not_shorten_ours(
        self, fake: Fake, user: Direct, status: int, headers: dict[str, str]
    ) -> None:
        fake.submissions.always(Answer(status, headers=headers))

        assert user.submit() in {"rate_limited 7", "service_error 5"}
        assert (len(fake.posts()), len(user.clock.slept)) == (4, 3)
        assert min(user.clock.slept) >= SHORTEST_PAUSE

    @pytest.mark.row("A24")
    @pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "1e3", "Sun, 99 Nov", "99999999999x", "\u0661"])
    def test_a_wait_that_makes_no_sense_is_a_short_one(self, fake: Fake, user: Direct, value: str) -> None:
        wire = f"HTTP/1.1 429 Slow\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n".encode()
        fake.submissions.says(Answer(429, raw=wire, charges=False, end=End.FIN))

        assert user.submit() == JOB
        assert all(0 <= wait <= 0.5 for wait in user.clock.slept)

    @pytest.mark.row("A24")
    @pytest.mark.parametrize("seconds", ["301", "86400", "999999999"])
    def test_a_wait_beyond_all_patience_is_named_instead(self, fake: Fake, user: Direct, seconds: str) -> None:
        fake.submissions.always(Answer(429, headers={"Retry-After": seconds}))

        assert user.submit() == "rate_limited 7"
        assert seconds in user.failure.why
        assert (len(fake.posts()), user.clock.slept) == (1, [])

    @pytest.mark.row("A24")
    def test_a_limit_that_stays_ends_with_the_account_refusing(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.always(told_as_json({"detail": "Slow down"}, status=429))

        run = edit()

        assert run.ending == (7, "rate_limited")
        assert 2 <= len(fake.posts()) <= 4
        assert edit.states() == ["not_sent"]

    @pytest.mark.row("A25")
    def test_a_service_that_says_when_to_come_back_is_asked_again(self, edit: Edit, fake: Fake) -> None:
        fake.submissions.says(Answer(503, headers={"Retry-After": "1"}), Answer(429, headers={"Retry-After": "0"}))

        run = edit()

        assert (run.exit, len(fake.posts()), len(fake.charged)) == (0, 3, 1)

    @pytest.mark.row("A27")
    def test_a_storm_of_limits_does_not_become_a_storm_of_requests(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path]
    ) -> None:
        fake.submissions.always(Answer(429))

        run = aeforge("inpaint", *photos, "-p", "x", "--json", "-j", "8", "--yes", env=fake.env)

        assert run.exit == 7
        assert len(fake.posts()) <= 60 + 20
        assert {row["state"] for row in journal(aeforge.home)} <= {"not_sent"}


class TestTheSameAgain:
    @pytest.mark.row("A33")
    def test_the_same_picture_twice_in_a_batch_is_bought_once(self, edit: Edit, fake: Fake) -> None:
        copy = edit.photo.with_name("copy.png")
        copy.write_bytes(edit.photo.read_bytes())

        run = edit(copy)

        assert (run.exit, len(fake.posts())) == (0, 1)

    @pytest.mark.row("A33")
    def test_an_unfinished_job_is_gone_on_with(self, edit: Edit, fake: Fake) -> None:
        first = edit("--no-wait")

        again = edit()

        assert (first.exit, again.exit, len(fake.ledger)) == (0, 0, 1)
        assert [(row["job_id"], row["attached"]) for row in again.rows] == [(JOB, True)]

    @pytest.mark.row("A33")
    def test_a_finished_job_is_never_reused_silently(self, edit: Edit, fake: Fake) -> None:
        fake.repeats = 2
        edit()

        again = edit()

        assert (again.exit, again.rows[0]["attached"], len(fake.ledger)) == (0, False, 2)

    @pytest.mark.row("A35")
    def test_a_submission_has_a_connection_of_its_own(self, fake: Fake, user: Direct) -> None:

        user.submit()
        user.submit(inpaint(png(2)))

        assert [post.headers["connection"] for post in fake.posts()] == ["close", "close"]
        assert fake.api.connections == 2

    @pytest.mark.row("A35")
    def test_a_submission_does_not_use_a_connection_that_was_kept_for_questions(self, fake: Fake, user: Direct) -> None:
        """The service may close it at that very moment, which would look like a lost answer."""
        user.client.key_is_good()
        user.client.key_is_good()

        user.submit()

        assert fake.api.connections == 2

    @pytest.mark.row("A5")
    def test_a_submission_whose_last_byte_was_not_taken_is_sent_again(
        self, fake: Fake, users: list[Direct], tmp_path: Path
    ) -> None:
        """The whole picture is read, and then nothing more: the form's end never leaves this machine."""
        fake.submissions.says(Answer(raw=b"", read=4096, end=End.DEAF))
        content = png(7, side=1700, packed=False)
        user = direct(fake.base_url, tmp_path / "user", limits=replace(SHORT, read=0.5))
        users.append(user)

        assert user.submit(inpaint(content)) == JOB
        assert (len(fake.posts()), len(fake.charged)) == (2, 1)

    @pytest.mark.row("C13")
    def test_the_key_is_for_the_services_own_origin(self, fake: Fake, user: Direct) -> None:
        for place in (fake.cdn.url, f"http://127.0.0.1:{fake.cdn.server_port}", fake.api.url):
            user.wire.ask(Request("GET", f"{place}/public/v1/job/1"))

        told = [request.headers.get("authorization") for request in (*fake.cdn.requests, *fake.api.requests)]
        assert [value is not None for value in told] == [False, False, True]
