"""What a sandbox does wrong on purpose, seen from the other end of a real connection."""

import time
from collections.abc import Callable
from http import HTTPStatus

import pytest
import requests

from aeforge_cli.sandbox import InjectedFaults
from tests.conftest import png
from tests.contract.conftest import Start
from tests.contract.service import Service, upload

PICTURE = upload(png(0x4080C0, side=24))
UPSCALE = "/image-tune/upscale"
UNKNOWN_JOB = "/job/550e8400-e29b-41d4-a716-446655440000"


def upscale(service: Service) -> requests.Response:
    return service.post(UPSCALE, {"scale": "1K"}, [PICTURE])


def injecting(**faults: object) -> dict[str, InjectedFaults]:
    return {"faults": InjectedFaults(**{"delay": 0.0, **faults})}  # type: ignore[arg-type]  # checked by the class


def test_a_delay_keeps_quick_jobs_pending(start: Start) -> None:
    service = start(**injecting(delay=0.7)).service
    sent = time.monotonic()
    job_id = upscale(service).json()["job_id"]

    assert service.poll(job_id)["status"] == "Pending"
    assert service.wait(job_id)["status"] == "Succeed"
    assert time.monotonic() - sent >= 0.7


def test_latency_is_added_to_each_answer(start: Start) -> None:
    service = start(**injecting(latency=0.2)).service

    answers = [upscale(service), service.get(UNKNOWN_JOB), service.get(UNKNOWN_JOB, key="wrong")]

    assert [answer.status_code for answer in answers] == [200, 404, 401]
    assert min(answer.elapsed.total_seconds() for answer in answers) >= 0.2


def test_jobs_fail_as_often_as_asked(start: Start) -> None:
    sandbox = start(**injecting(fail_jobs=1.0))

    job_id = upscale(sandbox.service).json()["job_id"]

    reason = "chosen by the sandbox's options"
    failed = {"job_id": job_id, "status": "Failed", "image_urls": [], "error_message": reason}
    assert sandbox.service.wait(job_id) == failed
    assert sandbox.line(f"job {job_id} failed").startswith(f"job {job_id} failed: {reason} (")


def test_the_same_seed_fails_the_same_jobs_however_often_they_are_polled(start: Start) -> None:
    def ends(polls: int) -> list[str]:
        service = start(**injecting(fail_jobs=0.5, seed=4)).service
        jobs = []
        for _ in range(6):
            jobs += [upscale(service).json()["job_id"]]
            for _ in range(polls):
                service.get(UNKNOWN_JOB)
        return [service.wait(job_id)["status"] for job_id in jobs]

    first, second = ends(polls=0), ends(polls=3)

    assert first == second
    assert set(first) == {"Succeed", "Failed"}


@pytest.mark.parametrize(
    ("status", "retry_after", "header"),
    [(503, 7, "7"), (429, 0, "0"), (503, None, None), (500, 7, None)],
    ids=["503 with Retry-After", "429 with Retry-After", "503 without", "500 never has it"],
)
def test_a_status_is_answered_with_nothing_done(
    start: Start, status: int, retry_after: int | None, header: str | None
) -> None:
    sandbox = start(**injecting(status=((status, 1.0),), retry_after=retry_after))

    answers = [upscale(sandbox.service), sandbox.service.get(UNKNOWN_JOB)]

    assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in answers] == [(status, header)] * 2
    assert answers[0].json() == {"detail": f"{status}, as the sandbox's options ask"}
    assert sandbox.about()["jobs"] == 0


def test_several_statuses_each_have_their_share(start: Start) -> None:
    service = start(**injecting(status=((500, 0.3), (502, 0.3)), seed=1)).service

    answers = {service.get(UNKNOWN_JOB).status_code for _ in range(30)}

    assert answers == {500, 502, HTTPStatus.NOT_FOUND}


def test_results_are_served_no_better_than_the_api(start: Start) -> None:
    service = start(**injecting(status=((502, 0.5),), seed=2)).service
    job_id = first_ok(lambda: upscale(service)).json()["job_id"]
    first_ok(lambda: None if (answer := service.get(f"/job/{job_id}")).json().get("status") != "Succeed" else answer)
    [url] = first_ok(lambda: service.get(f"/job/{job_id}")).json()["image_urls"]

    answers = {requests.get(url, timeout=30).status_code for _ in range(20)}

    assert answers == {200, 502}


def test_a_dropped_connection_leaves_no_job(start: Start) -> None:
    sandbox = start(**injecting(drop=1.0))

    with pytest.raises(requests.ConnectionError):
        upscale(sandbox.service)
    with pytest.raises(requests.ConnectionError):
        sandbox.service.get(UNKNOWN_JOB)

    assert sandbox.about()["jobs"] == 0


def test_a_lost_answer_leaves_a_job_that_is_worked(start: Start) -> None:
    sandbox = start(**injecting(lose_answer=1.0))

    with pytest.raises(requests.ConnectionError):
        upscale(sandbox.service)

    job_id = sandbox.line("job ").split()[1]
    assert sandbox.about()["jobs"] == 1
    assert sandbox.service.wait(job_id)["status"] == "Succeed"


def test_a_refusal_is_never_lost(start: Start) -> None:
    service = start(**injecting(lose_answer=1.0)).service

    answers = [service.post(UPSCALE, {}), service.post(UPSCALE, {}, key="wrong")]

    assert [answer.status_code for answer in answers] == [422, 401]


def first_ok(ask: Callable[[], requests.Response | None]) -> requests.Response:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        answer = ask()
        if answer is not None and answer.status_code == 200:
            return answer
    pytest.fail("it never answered well")
