"""The API in Python: every answer the service could give is sorted into one of four."""

import json
import math
import random
from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.api.client import ATTEMPTS, NAMED_WAITS, Client
from aeforge_cli.api.responses import (
    MOST_URLS,
    Failed,
    JobStatus,
    LinkExpired,
    Pending,
    Retryable,
    Succeeded,
    is_job_id,
    same_job,
)
from aeforge_cli.api.retry import LONGEST_WAIT, SHORTEST_PAUSE, RetryBudget
from aeforge_cli.api.transport import Answer, Fault, TransportError
from aeforge_cli.errors import (
    AccountNotFound,
    AeforgeError,
    JobNotFound,
    KeyRejected,
    PaymentRequired,
    RateLimited,
    Rejected,
    ResultUnavailable,
    ServiceError,
    SubmitUnknown,
    UnexpectedAnswer,
    Unreachable,
)
from aeforge_cli.redaction import Redactor, Secret
from tests.conftest import png
from tests.unit.conftest import (
    BASE,
    JOB,
    LINK,
    FakeClock,
    FakeTransport,
    Heard,
    delivered,
    inpaint,
    made,
    stands,
    told,
    unanswered,
    unsent,
)

POST = "POST /image-tune/inpaint/v2"
LATER = 10_000.0


def submitted(client: Client, *, until: float = LATER) -> str:
    return client.submit(inpaint(), until=until)


def failure(client: Client, *, until: float = LATER) -> AeforgeError:
    with pytest.raises(AeforgeError) as failed:
        submitted(client, until=until)
    return failed.value


# ------------------------------------------------------------------ submission: it worked


def test_a_submission_is_one_signed_post_of_the_form(client: Client, transport: FakeTransport) -> None:
    transport.says(made())

    assert submitted(client) == JOB

    [heard] = transport.heard
    assert (heard.method, heard.url, heard.signed) == ("POST", f"{BASE}/image-tune/inpaint/v2", True)
    assert b'name="prompt"\r\n\r\nblue sky\r\n' in heard.body


@pytest.mark.parametrize(
    "answer",
    [
        told({"job_id": JOB}, 201),
        told({"job_id": JOB}, 202),
        told({"job_id": JOB, "status": "Pending", "new": [1]}),
        Answer(200, {}, b'\xef\xbb\xbf{"job_id": "' + JOB.encode() + b'"}'),
    ],
    ids=["201", "202", "with more fields", "with a byte-order mark"],
)
def test_an_accepted_submission_may_look_otherwise(client: Client, transport: FakeTransport, answer: Answer) -> None:
    transport.says(answer)

    assert submitted(client) == JOB


def test_an_upload_tells_how_far_it_is(client: Client, transport: FakeTransport) -> None:
    transport.says(made())
    seen: list[tuple[int, int]] = []

    client.submit(inpaint(), until=LATER, uploaded=lambda sent, size: seen.append((sent, size)))

    size = len(transport.heard[0].body)
    assert (seen[-1], {each for _, each in seen}) == ((size, size), {size})


# ------------------------------------------------------------------ submission: refused

REFUSALS: dict[str, tuple[Answer, type[AeforgeError], str]] = {
    "400": (told({"detail": "Invalid image file"}, 400), Rejected, "HTTP 400: Invalid image file"),
    "400 about credits": (told({"detail": "Not enough credits"}, 400), PaymentRequired, "HTTP 400: Not enough credits"),
    "401": (told({"detail": "Invalid API key"}, 401), KeyRejected, "HTTP 401: Invalid API key"),
    "402": (told({}, 402), PaymentRequired, "HTTP 402"),
    "403": (Answer(403, {}, b"<html>"), KeyRejected, "HTTP 403"),
    "403 about a quota": (told({"detail": "Quota exceeded"}, 403), PaymentRequired, "HTTP 403: Quota exceeded"),
    "404 of a user": (told({"detail": "Not Found User"}, 404), AccountNotFound, "HTTP 404: Not Found User"),
    "404 of a path": (told({"detail": "Not Found"}, 404), UnexpectedAnswer, "HTTP 404: Not Found"),
    "405": (told({"detail": "Method Not Allowed"}, 405), Rejected, "HTTP 405: Method Not Allowed"),
    "413": (Answer(413, {}, b"too large"), Rejected, "HTTP 413; 473 bytes were sent"),
    "415": (Answer(415), Rejected, "HTTP 415"),
    "422 in FastAPI's words": (
        told(
            {
                "detail": [
                    {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required", "input": None},
                    {"type": "enum", "loc": ["body", "quality"], "msg": "Input should be 'standard' or 'pro'"},
                ]
            },
            422,
        ),
        Rejected,
        "HTTP 422: prompt: Field required; quality: Input should be 'standard' or 'pro'",
    ),
    "422 without fields": (told({"detail": [{"msg": "Bad"}, "worse", 7]}, 422), Rejected, "HTTP 422: Bad; worse"),
    "422 as an object": (told({"detail": {"code": 1, "text": "Bad"}}, 422), Rejected, "HTTP 422: Bad"),
    "422 as a number": (told({"detail": 7}, 422), Rejected, "HTTP 422"),
    "301": (
        Answer(301, {"location": "https://elsewhere.test/x?token=secret"}),
        ServiceError,
        "HTTP 301 to elsewhere.test",
    ),
    "303 without a place": (Answer(303), ServiceError, "HTTP 303 to the same host"),
    "307 to nonsense": (Answer(307, {"location": "https://[::1"}), ServiceError, "HTTP 307 to an unreadable address"),
    "308": (Answer(308, {"location": "/other"}), ServiceError, "HTTP 308 to the same host"),
}


@pytest.mark.parametrize(("answer", "kind", "why"), REFUSALS.values(), ids=REFUSALS)
def test_a_refused_submission_is_not_sent_again(
    client: Client, transport: FakeTransport, clock: FakeClock, answer: Answer, kind: type[AeforgeError], why: str
) -> None:
    transport.says(answer)

    error = failure(client)

    assert (type(error), error.why, error.http_status, error.job_id) == (kind, why, answer.status, None)
    assert error.hint
    assert (transport.asked, clock.slept) == ([POST], [])


# ------------------------------------------------------------------ submission: nobody can know

DOUBTS: dict[str, tuple[Answer | TransportError, str]] = {
    "500": (told({"detail": "oops"}, 500), "the service answered HTTP 500"),
    "502": (Answer(502, {}, b"<html>"), "the service answered HTTP 502"),
    "503 without Retry-After": (Answer(503), "the service answered HTTP 503"),
    "503 with a bad Retry-After": (Answer(503, {"retry-after": "soon"}), "the service answered HTTP 503"),
    **{
        f"{status} with Retry-After": (Answer(status, {"retry-after": "1"}), f"the service answered HTTP {status}")
        for status in (408, 425, 500, 502, 504, 520)
    },
    "504": (Answer(504), "the service answered HTTP 504"),
    "408": (Answer(408), "the service answered HTTP 408"),
    "409": (Answer(409), "the service answered HTTP 409"),
    "425": (Answer(425), "the service answered HTTP 425"),
    "204": (Answer(204), "the service answered HTTP 204"),
    "an empty answer": (Answer(200), "the answer was not from the API (no content type)"),
    "a page": (Answer(200, {"content-type": "text/html; x"}, b"<html>"), "the answer was not from the API (text/html)"),
    "a list": (told([JOB]), "the answer was not from the API (application/json)"),
    "no id": (told({}), "the answer has no usable job id"),
    "an id that is null": (told({"job_id": None}), "the answer has no usable job id"),
    "an id that is a number": (told({"job_id": 7}), "the answer has no usable job id"),
    "an empty id": (told({"job_id": ""}), "the answer has no usable job id"),
    "an id that leads elsewhere": (told({"job_id": "../../user"}), "the answer has no usable job id"),
    "an id of two lines": (told({"job_id": "a\nb"}), "the answer has no usable job id"),
    "a cut answer": (Answer(200, {}, b'{"job_id": "55'), "the answer was not from the API (no content type)"),
    "no UTF-8": (Answer(200, {}, b'{"job_id": "\xff"}'), "the answer was not from the API (no content type)"),
    "200 000 brackets": (Answer(200, {}, b"[" * 200_000), "the answer was not from the API (no content type)"),
    "a number of 5 000 digits": (Answer(200, {}, b"1" * 5000), "the answer was not from the API (no content type)"),
    **{f"sent, then: {fault.value}": (unanswered(fault), fault.value) for fault in Fault},
}


@pytest.mark.parametrize(("answer", "why"), DOUBTS.values(), ids=DOUBTS)
def test_a_submission_whose_fate_is_unknown_is_never_sent_again(
    client: Client, transport: FakeTransport, clock: FakeClock, answer: Answer | TransportError, why: str
) -> None:
    transport.says(answer)

    error = failure(client)

    assert (type(error), error.why) == (SubmitUnknown, why)
    assert error.message.endswith("It was not sent again")
    assert (transport.asked, clock.slept) == ([POST], [])


@given(st.integers(100, 599).filter(lambda status: status not in (200, 201, 202, 429)), st.binary(max_size=30))
def test_no_answer_but_429_and_503_makes_us_pay_twice(status: int, body: bytes) -> None:
    transport, clock = FakeTransport([Answer(status, {}, body)]), FakeClock()

    error = failure(Client(transport, base_url=BASE, clock=clock))

    surely_refused = status < 500 and status not in (408, 409, 425) and status >= 300
    assert isinstance(error, SubmitUnknown) is not surely_refused
    assert transport.asked == [POST]


# ------------------------------------------------------------------ submission: not accepted, so sent again


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.CERTIFICATE], ids=str)
def test_what_never_reached_the_service_is_sent_again_a_few_times(
    client: Client, transport: FakeTransport, clock: FakeClock, fault: Fault
) -> None:
    transport.says(*[unsent(fault)] * ATTEMPTS)

    error = failure(client)

    assert (type(error), error.why, error.retryable) == (Unreachable, fault.value, True)
    assert error.message == "Nothing was submitted: api.test could not be reached"
    assert transport.asked == [POST] * ATTEMPTS
    assert len(clock.slept) == ATTEMPTS - 1
    assert all(0 <= pause <= 0.5 * 2**attempt for attempt, pause in enumerate(clock.slept))


def test_what_never_reached_the_service_succeeds_when_it_does(client: Client, transport: FakeTransport) -> None:
    transport.says(unsent(), unsent(Fault.NAME), made())
    troubles: list[str] = []

    job_id = client.submit(inpaint(), until=LATER, waiting=lambda why, _seconds: troubles.append(why))

    assert (job_id, troubles) == (JOB, ["connection refused", "the host name is not known"])


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (Fault.PROXY, "check HTTPS_PROXY and NO_PROXY, and the proxy's user name and password"),
        (Fault.CERTIFICATE, "if your network uses its own certificate authority, set SSL_CERT_FILE to its bundle"),
        (Fault.NAME, "check the network and the base URL (aeforge doctor), then run the same command again"),
    ],
    ids=str,
)
def test_each_kind_of_broken_network_has_its_own_advice(
    client: Client, transport: FakeTransport, fault: Fault, hint: str
) -> None:
    transport.says(*[unsent(fault)] * (1 if fault is Fault.CERTIFICATE else ATTEMPTS))

    assert failure(client).hint == hint


def test_a_certificate_that_is_not_trusted_is_not_tried_again(client: Client, transport: FakeTransport) -> None:
    transport.says(unsent(Fault.CERTIFICATE))

    assert type(failure(client)) is Unreachable
    assert transport.asked == [POST]


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_for_time_gets_it(
    client: Client, transport: FakeTransport, clock: FakeClock, status: int
) -> None:
    transport.says(told({"detail": "Slow down"}, status, retry_after="7"), made())

    assert submitted(client) == JOB
    assert (transport.asked, sum(clock.slept)) == ([POST, POST], 7.0)


def test_a_limit_without_a_time_is_tried_a_few_times(client: Client, transport: FakeTransport) -> None:
    transport.says(*[told({"detail": "Too many requests"}, 429)] * ATTEMPTS)

    error = failure(client)

    assert (type(error), error.why, error.http_status) == (RateLimited, "HTTP 429: Too many requests", 429)
    assert transport.asked == [POST] * ATTEMPTS


def test_a_limit_with_a_time_is_obeyed_for_longer(client: Client, transport: FakeTransport, clock: FakeClock) -> None:
    transport.says(*[told({}, 429, retry_after="2")] * NAMED_WAITS)

    assert type(failure(client)) is RateLimited
    assert transport.asked == [POST] * NAMED_WAITS
    assert all(2.0 <= wait <= 20.0 for wait in clock.slept)


@pytest.mark.parametrize("asked", ["0", "00", "Sun, 06 Nov 1994 08:49:37 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_for_no_time_at_all_gets_our_own_pauses(
    client: Client, transport: FakeTransport, clock: FakeClock, status: int, asked: str
) -> None:
    transport.says(*[told({}, status, retry_after=asked)] * ATTEMPTS)

    failure(client)

    assert transport.asked == [POST] * ATTEMPTS
    assert all(wait >= SHORTEST_PAUSE for wait in clock.slept)


@pytest.mark.parametrize("asked", ["301", "86400", "99999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_however_long_a_service_asks_us_to_wait_no_clock_overflows(
    client: Client, transport: FakeTransport, clock: FakeClock, asked: str
) -> None:
    transport.says(told({}, 429, retry_after=asked), told({}, 429, retry_after=asked), stands("Pending"))

    with pytest.raises(Retryable) as unheard:
        client.poll(JOB, math.inf)
    with pytest.raises(RateLimited):
        submitted(client, until=math.inf)

    assert unheard.value.wait == LONGEST_WAIT
    assert client.poll(JOB) == Pending()
    assert max(clock.slept) <= LONGEST_WAIT


def test_a_date_is_waited_for_by_our_clock_where_the_service_tells_no_time(
    client: Client, transport: FakeTransport, clock: FakeClock
) -> None:
    soon = format_datetime(clock.now() + timedelta(seconds=40), usegmt=True)
    transport.says(Answer(429, {"retry-after": soon}), made())

    assert submitted(client) == JOB
    assert sum(clock.slept) == pytest.approx(40, abs=1)


@pytest.mark.parametrize(("wait", "patience"), [(301, 10_000), (20, 19)], ids=["very long", "longer than patience"])
def test_a_time_that_is_too_long_is_not_waited_for(
    client: Client, transport: FakeTransport, clock: FakeClock, wait: int, patience: int
) -> None:
    transport.says(told({}, 429, retry_after=str(wait)))

    error = failure(client, until=clock.time + patience)

    assert (type(error), error.why) == (RateLimited, f"HTTP 429; it asked us to wait {wait} s (Retry-After)")
    assert clock.slept == []


def test_a_time_that_ends_with_patience_is_waited_for(
    client: Client, transport: FakeTransport, clock: FakeClock
) -> None:
    transport.says(told({}, 429, retry_after="20"), made())

    assert submitted(client, until=clock.time + 20) == JOB


def test_a_dead_service_is_not_hammered_by_a_long_list(transport: FakeTransport, clock: FakeClock) -> None:
    client = Client(transport, base_url=BASE, clock=clock, budget=RetryBudget(tokens=10))
    transport.says(*[unsent()] * 4)

    for _ in range(2):
        assert type(failure(client)) is Unreachable

    assert transport.asked == [POST] * 4  # three tries of the first, one of the second


def test_a_silence_that_lasts_longer_than_patience_is_not_waited_for(
    client: Client, transport: FakeTransport, clock: FakeClock
) -> None:
    client.limiter.hold(60.0, clock.time)

    error = failure(client, until=clock.time + 10)
    with pytest.raises(Retryable) as unheard:
        client.poll(JOB, clock.time + 10)

    assert (type(error), type(unheard.value.error)) == (RateLimited, RateLimited)
    assert (transport.asked, clock.slept) == ([], [])


# ------------------------------------------------------------------ looking at a job


def look(client: Client, transport: FakeTransport, answer: Answer | TransportError) -> JobStatus | Exception:
    transport.says(answer)
    try:
        return client.poll(JOB)
    except (Retryable, AeforgeError) as found:
        return found


STANDS: dict[str, tuple[Answer, JobStatus]] = {
    "pending": (stands("Pending"), Pending()),
    "pending without the field": (told({"job_id": JOB, "status": "Pending"}), Pending()),
    "succeeded": (stands("Succeed", LINK), Succeeded((LINK,))),
    "succeeded, in another spelling": (stands("succeeded", LINK), Succeeded((LINK,))),
    "succeeded, twice the same link": (stands("Succeed", LINK, LINK + "2", LINK), Succeeded((LINK, LINK + "2"))),
    "succeeded, without its id": (told({"status": "Succeed", "image_urls": [LINK]}), Succeeded((LINK,))),
    "succeeded, with junk": (told({"status": "Succeed", "image_urls": [None, "", 7, LINK]}), Succeeded((LINK,))),
    "failed": (stands("Failed"), Failed()),
    "failed, without the field": (told({"status": "FAILED"}), Failed()),
    **{
        f"failed, because {json.dumps(said)}": (told({"status": "Failed"} | said), Failed("NSFW"))
        for said in (
            {"error": "NSFW"},
            {"error_message": "NSFW"},
            {"reason": "NSFW", "detail": "other"},
            {"message": "NSFW"},
            {"detail": "NSFW"},
            {"error": {"message": "NSFW", "code": 7}},
            {"error": {"code": 7, "detail": {"reason": "NSFW"}}},
            {"error_message": None, "result": {"error_message": "NSFW"}},
            {"error": ["NSFW"]},
            {"detail": [{"msg": "NSFW", "loc": ["body"]}]},
        )
    },
    "failed, without words": (told({"status": "Failed", "error": {"code": 7}, "detail": []}), Failed()),
    "succeeded, with objects": (
        told({"status": "Succeed", "image_urls": [{"url": LINK, "width": 8}, {"href": "x"}, LINK + "2"]}),
        Succeeded((LINK, LINK + "2")),
    ),
    "succeeded, with a new line behind a link": (stands("Succeed", f"{LINK}\n"), Succeeded((LINK,))),
    **{
        f"pending, its id spelt {spelt}": (stands("Pending", job_id=spelt), Pending())
        for spelt in (JOB.upper(), JOB.replace("-", ""), JOB.replace("-", "").upper())
    },
    "a new word": (stands("Queued"), Pending("Queued")),
    "no status": (told({"job_id": JOB}), Pending("unknown status null")),
    "a status that is a list": (told({"status": ["Succeed"]}), Pending('unknown status ["Succeed"]')),
    "a very long status": (told({"status": 10**60}), Pending("unknown status 1" + "0" * 39)),
}


@pytest.mark.parametrize(("answer", "job"), STANDS.values(), ids=STANDS)
def test_how_a_job_stands(client: Client, transport: FakeTransport, answer: Answer, job: JobStatus) -> None:
    assert look(client, transport, answer) == job
    assert transport.heard == [Heard("GET", f"{BASE}/job/{JOB}", signed=True)]


def test_of_a_flood_of_links_only_the_first_are_followed(client: Client, transport: FakeTransport) -> None:
    links = [f"{LINK}?{number}" for number in range(1000)]

    assert look(client, transport, stands("Succeed", *links)) == Succeeded(tuple(links[:MOST_URLS]))


FINAL: dict[str, tuple[Answer, type[AeforgeError], str]] = {
    "400": (told({"detail": "Bad"}, 400), Rejected, "HTTP 400: Bad"),
    "401": (told({"detail": "Invalid API key"}, 401), KeyRejected, "HTTP 401: Invalid API key"),
    "403": (Answer(403), KeyRejected, "HTTP 403"),
    "404 of a user": (told({"detail": "Not Found User"}, 404), AccountNotFound, "HTTP 404: Not Found User"),
    "410": (told({"detail": "Gone"}, 410), Rejected, "HTTP 410: Gone"),
    "422": (told({"detail": [{"loc": ["path", "job_id"], "msg": "no UUID"}]}, 422), Rejected, ""),
}


@pytest.mark.parametrize(("answer", "kind", "why"), FINAL.values(), ids=FINAL)
def test_an_answer_about_a_job_that_will_not_change_is_final(
    client: Client, transport: FakeTransport, answer: Answer, kind: type[AeforgeError], why: str
) -> None:
    error = look(client, transport, answer)

    assert isinstance(error, AeforgeError)
    assert (type(error), error.why, error.job_id) == (kind, why or "HTTP 422: path.job_id: no UUID", JOB)


PASSING: dict[str, tuple[Answer | TransportError, type[AeforgeError], float | None, str]] = {
    "404": (told({"detail": "JobStatus not found"}, 404), JobNotFound, None, "missing"),
    **{
        f"{status}, {name}": (answer, ServiceError, None, "")
        for status in (400, 402, 404, 405, 410, 413, 414, 422)
        for name, answer in {
            "a page": Answer(status, {"content-type": "text/html"}, b"<html>Job not found</html>"),
            "nothing": Answer(status),
            "a list": told(["Job not found"], status),
            "JSON of a gateway": told({"message": "no route"}, status),
            "without words": told({"detail": None}, status),
        }.items()
    },
    "408": (Answer(408), ServiceError, None, ""),
    "409": (Answer(409), ServiceError, None, ""),
    "425": (Answer(425), ServiceError, None, ""),
    "429": (told({}, 429), RateLimited, None, ""),
    "429 with a time": (told({}, 429, retry_after="9"), RateLimited, 9.0, ""),
    "500": (Answer(500), ServiceError, None, ""),
    "503 with a time": (Answer(503, {"retry-after": "4"}), ServiceError, 4.0, ""),
    "302": (Answer(302), ServiceError, None, ""),
    "204": (Answer(204), ServiceError, None, ""),
    "a page": (Answer(200, {}, b"<html>"), UnexpectedAnswer, None, ""),
    "a list": (told([]), UnexpectedAnswer, None, ""),
    "another job": (stands("Succeed", LINK, job_id="7f"), UnexpectedAnswer, None, ""),
    "no links": (stands("Succeed"), UnexpectedAnswer, None, "no_urls"),
    "links that are none": (told({"status": "Succeed", "image_urls": "x"}), UnexpectedAnswer, None, "no_urls"),
    **{f"fault: {fault.value}": (unanswered(fault), Unreachable, None, "") for fault in Fault},
}
del PASSING[f"fault: {Fault.CERTIFICATE.value}"]


@pytest.mark.parametrize(("answer", "kind", "wait", "about"), PASSING.values(), ids=PASSING)
def test_a_look_that_failed_may_be_taken_again(
    client: Client,
    transport: FakeTransport,
    answer: Answer | TransportError,
    kind: type[AeforgeError],
    wait: float | None,
    about: str,
) -> None:
    trouble = look(client, transport, answer)

    assert isinstance(trouble, Retryable)
    assert (type(trouble.error), trouble.wait, trouble.kind, trouble.error.job_id) == (kind, wait, about, JOB)
    assert trouble.error.hint


def test_a_look_through_an_untrusted_certificate_is_final(client: Client, transport: FakeTransport) -> None:
    assert isinstance(look(client, transport, unsent(Fault.CERTIFICATE)), Unreachable)


@given(st.integers(100, 599), st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text()), st.binary())
def test_no_answer_about_a_job_makes_us_fail_otherwise(status: int, headers: Mapping[str, str], body: bytes) -> None:
    transport = FakeTransport()
    client = Client(transport, base_url=BASE, clock=FakeClock())

    found = look(client, transport, Answer(status, headers, body))

    assert isinstance(found, Pending | Succeeded | Failed | Retryable | AeforgeError)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["job_id", "status", "image_urls", "detail", "error"]), JSON))
def test_no_json_about_a_job_makes_us_fail_otherwise(body: dict[str, object]) -> None:
    transport = FakeTransport()
    client = Client(transport, base_url=BASE, clock=FakeClock())

    found = look(client, transport, Answer(200, {}, json.dumps(body).encode()))

    assert isinstance(found, Pending | Succeeded | Failed | Retryable)


# ------------------------------------------------------------------ the key


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        (told({"detail": "JobStatus not found"}, 404), True),
        (told({"detail": "Invalid API key"}, 401), False),
        (told({"status": "Pending"}), True),
    ],
    ids=["no such job", "a bad key", "an unlikely job"],
)
def test_a_key_is_asked_about_for_free(client: Client, transport: FakeTransport, answer: Answer, good: bool) -> None:
    transport.says(answer)

    assert client.key_is_good() is good
    assert [heard.method for heard in transport.heard] == ["GET"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(told({"detail": "Not Found User"}, 404), AccountNotFound), (unsent(), Unreachable), (Answer(500), ServiceError)],
    ids=["no user", "no connection", "500"],
)
def test_a_key_that_nobody_can_judge_is_neither_good_nor_bad(
    client: Client, transport: FakeTransport, answer: Answer | TransportError, kind: type[AeforgeError]
) -> None:
    transport.says(answer)

    with pytest.raises(kind):
        client.key_is_good()


# ------------------------------------------------------------------ results


class Taken(bytearray):
    """A sink that keeps what it is given."""

    def expect(self, size: int | None) -> None:
        self.clear()

    def write(self, block: bytes, /) -> None:
        self.extend(block)


def test_a_result_is_fetched_without_the_key(client: Client, transport: FakeTransport) -> None:
    transport.says(delivered(png()))
    taken = Taken()

    client.fetch(LINK, taken, job_id=JOB, again="")

    assert (bytes(taken), transport.heard) == (png(), [Heard("GET", LINK, signed=False)])


FETCHES: dict[str, tuple[Answer | TransportError, type[Exception], str, float | None]] = {
    "400": (Answer(400), LinkExpired, "it answered HTTP 400", None),
    "401": (Answer(401), LinkExpired, "it answered HTTP 401", None),
    "403": (Answer(403), LinkExpired, "it answered HTTP 403", None),
    "410": (Answer(410), LinkExpired, "it answered HTTP 410", None),
    "404": (Answer(404), Retryable, "it answered HTTP 404", None),
    "408": (Answer(408), Retryable, "it answered HTTP 408", None),
    "429": (Answer(429, {"retry-after": "5"}), Retryable, "it answered HTTP 429", 5.0),
    "500": (Answer(500), Retryable, "it answered HTTP 500", None),
    "503": (Answer(503, {"retry-after": "5"}), Retryable, "it answered HTTP 503", 5.0),
    "a cut": (unanswered(Fault.CLOSED), Retryable, "the connection was closed without an answer", None),
    "silence": (unanswered(Fault.TIMEOUT), Retryable, "no answer in time", None),
    "a redirect": (Answer(302), ResultUnavailable, "it answered HTTP 302", None),
    "206": (Answer(206), ResultUnavailable, "it answered HTTP 206", None),
    "418": (Answer(418), ResultUnavailable, "it answered HTTP 418", None),
    "a bad certificate": (
        unsent(Fault.CERTIFICATE),
        ResultUnavailable,
        "the server's certificate is not trusted",
        None,
    ),
}


@pytest.mark.parametrize(("answer", "kind", "why", "wait"), FETCHES.values(), ids=FETCHES)
def test_a_result_that_does_not_come(
    client: Client,
    transport: FakeTransport,
    answer: Answer | TransportError,
    kind: type[Exception],
    why: str,
    wait: float | None,
) -> None:
    transport.says(answer)

    with pytest.raises((LinkExpired, Retryable, ResultUnavailable)) as failed:
        client.fetch("https://user:pw@cdn.test/a.png?Signature=abc", Taken(), job_id=JOB, again="aeforge job wait X")

    error: object = getattr(failed.value, "error", failed.value)
    assert isinstance(error, AeforgeError)
    assert (type(failed.value), getattr(failed.value, "wait", None)) == (kind, wait)
    assert (type(error), error.message, error.why, error.job_id) == (
        ResultUnavailable,
        "The result could not be fetched from cdn.test",
        why,
        JOB,
    )
    assert error.hint == "aeforge job wait X"


# ------------------------------------------------------------------ all together


def test_after_a_429_every_question_waits(transport: FakeTransport, clock: FakeClock) -> None:
    client = Client(transport, base_url=BASE, clock=clock, chance=random.Random(7))
    transport.says(told({}, 429, retry_after="6"), stands("Pending"))
    with pytest.raises(Retryable):
        client.poll(JOB)

    client.poll(JOB)

    assert clock.slept == [6.0]


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        (JOB, True),
        ("abc_DEF-123", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("a/b", False),
        ("..", False),
        ("a?b", False),
        ("a b", False),
        ("a\n", False),
        ("é", False),
    ],
)
def test_a_job_id_is_a_plain_token(text: str, usable: bool) -> None:
    assert is_job_id(text) is usable


# ------------------------------------------------------------------ one job, spelt otherwise

HEX = JOB.replace("-", "")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (JOB, JOB.upper(), True),
        (JOB, HEX, True),
        (HEX.upper(), JOB, True),
        (JOB, JOB[:-1] + "1", False),
        ("job-1", "job-1", True),
        ("job-1", "JOB-1", False),
        ("job-1", "job1", False),
        (JOB, f"{JOB}-", False),
        (JOB, HEX[:5] + "-" + HEX[5:], False),
        ("a" * 31, ("a" * 31).upper(), False),
    ],
)
def test_ids_are_compared_as_what_they_name(one: str, other: str, same: bool) -> None:
    assert same_job(one, other) is same
    assert same_job(other, one) is same


@pytest.mark.parametrize("spelt", [HEX, JOB.upper(), HEX.upper()])
def test_an_id_is_asked_about_as_it_was_given(client: Client, transport: FakeTransport, spelt: str) -> None:
    transport.says(made(spelt), stands("Pending"))

    job_id = client.submit(inpaint(), until=LATER)

    assert (job_id, client.poll(job_id)) == (spelt, Pending())
    assert transport.asked[1] == f"GET /job/{spelt}"


# ------------------------------------------------------------------ an answer that is damaged, but names the job

NAMED: dict[str, Answer | TransportError] = {
    "cut behind the id": TransportError(Fault.CLOSED, delivered=True, heard=f'{{"job_id": "{JOB}"'.encode()),
    "cut behind its last letter": TransportError(Fault.TIMEOUT, delivered=True, heard=f'{{"job_id":"{JOB}'.encode()),
    "junk behind": Answer(200, {}, f'{{"job_id": "{JOB}"}}\n<!-- served by x -->'.encode()),
    "twice": Answer(200, {}, f'{{"job_id": "{JOB}"}}{{"job_id": "{JOB.upper()}"}}'.encode()),
    "no UTF-8": Answer(200, {}, f'{{"job_id": "{JOB}", "note": "'.encode() + b'\xff"}'),
    "in a page": Answer(200, {}, f'<html>{{"job_id": "{JOB}"}}</html>'.encode()),
    "in a list": told([{"job_id": JOB}]),
    "nested": told({"data": {"job_id": JOB}}),
    "in camel case": told({"jobId": JOB}),
    "called id": told({"id": JOB}),
    "alone": told(JOB),
    "alone in a list": told([JOB]),
    "behind a failure": told({"job_id": JOB, "detail": "timed out"}, 504),
    "203": told({"job_id": JOB}, 203),
}


@pytest.mark.parametrize("answer", NAMED.values(), ids=NAMED)
def test_a_job_that_a_damaged_answer_names_is_told_and_can_be_gone_on_with(
    client: Client, transport: FakeTransport, answer: Answer | TransportError
) -> None:
    transport.says(answer)

    error = failure(client)

    assert type(error) is SubmitUnknown
    assert error.job_id is not None
    assert same_job(error.job_id, JOB)
    assert (error.hint, error.job_id in error.message) == (f"aeforge job wait {error.job_id}", True)
    assert "It was not sent again" in error.message


NAMELESS: dict[str, Answer | TransportError] = {
    "cut before its last letter": TransportError(
        Fault.CLOSED, delivered=True, heard=f'{{"job_id": "{JOB[:-1]}'.encode()
    ),
    "an id that could go on": TransportError(Fault.CLOSED, delivered=True, heard=f'{{"job_id": "{HEX}'.encode()),
    "two jobs": Answer(200, {}, f'{{"job_id": "{JOB}"}}{{"job_id": "{JOB[:-1]}1"}}'.encode()),
    "the id of a request": told({"request_id": JOB}),
    "the id of a page": Answer(200, {}, f'<html><meta content="{JOB}"></html>'.encode()),
    "the id of a failure": told({"id": JOB, "detail": "oops"}, 500),
    "an id that leads elsewhere": Answer(200, {}, b'[{"job_id": "../../user"}]'),
}


@pytest.mark.parametrize("answer", NAMELESS.values(), ids=NAMELESS)
def test_what_may_be_another_id_is_not_taken_for_the_jobs(
    client: Client, transport: FakeTransport, answer: Answer | TransportError
) -> None:
    transport.says(answer)

    assert failure(client).job_id is None


# ------------------------------------------------------------------ secrets in what the service says

KEY = "sk-live-0123456789abcdef"
QUOTED = f"Incorrect API key provided: {KEY}; see https://u:p4ss@h.test/a?X-Amz-Signature=c2ln"


@pytest.fixture
def discreet(transport: FakeTransport, clock: FakeClock) -> Client:
    redact = Redactor()
    redact.hide(Secret(KEY))
    return Client(transport, base_url=BASE, clock=clock, chance=random.Random(7), redact=redact)


def spilt(error: AeforgeError) -> list[str]:
    said = json.dumps(error.as_json())
    return [secret for secret in (KEY, "p4ss", "c2ln") if secret in said]


SAID: dict[str, Answer] = {
    **{f"{status}": told({"detail": QUOTED}, status) for status in (400, 401, 402, 403, 404, 413, 422, 429)},
    "a list": told({"detail": [{"loc": ["body", QUOTED], "msg": QUOTED}]}, 422),
    "an object": told({"detail": {"code": QUOTED}}, 422),
    "a gateway's name for it": told({"error": {"message": QUOTED}}, 401),
    "a redirect": Answer(302, {"location": f"https://{KEY}.elsewhere.test/"}),
    "a content type": Answer(200, {"content-type": QUOTED}, b"<html>"),
}


@pytest.mark.parametrize("answer", SAID.values(), ids=SAID)
def test_a_service_that_repeats_the_key_does_not_make_us_repeat_it(
    discreet: Client, transport: FakeTransport, answer: Answer
) -> None:
    transport.says(*[answer] * (ATTEMPTS if answer.status == 429 else 1))

    assert spilt(failure(discreet)) == []


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_about_a_job_neither(discreet: Client, transport: FakeTransport, status: int) -> None:
    found = look(discreet, transport, told({"detail": QUOTED}, status))

    assert isinstance(found, Retryable | AeforgeError)
    assert spilt(found.error if isinstance(found, Retryable) else found) == []


def test_neither_do_states_and_reasons(discreet: Client, transport: FakeTransport) -> None:
    states = [
        look(discreet, transport, told({"status": QUOTED})),
        look(discreet, transport, told({"status": [QUOTED]})),
        look(discreet, transport, told({"status": "Failed", "error_message": QUOTED})),
    ]

    assert [secret for secret in (KEY, "p4ss", "c2ln") if secret in repr(states)] == []


def test_what_a_service_says_is_kept_short(client: Client, transport: FakeTransport) -> None:
    found = look(client, transport, told({"status": "Failed", "error_message": "x" * 1_000_000}))

    assert isinstance(found, Failed)
    assert len(found.reason) <= 2000


def test_a_result_link_with_the_key_in_it_is_asked_for_without(discreet: Client, transport: FakeTransport) -> None:
    found = look(discreet, transport, stands("Succeed", f"{LINK}?api_key={KEY}"))

    assert found == Succeeded((f"{LINK}?api_key=***",))


def test_an_answer_that_is_handed_on_as_it_came_comes_without_the_key(
    transport: FakeTransport, clock: FakeClock
) -> None:
    redact = Redactor()
    redact.hide(Secret("sk-live-0123456789abcdef"))
    client = Client(transport, base_url=BASE, clock=clock, redact=redact)
    transport.says(told({"you": "are sk-live-0123456789abcdef"}))

    assert client.get("account").body == b'{"you": "are ***"}'
