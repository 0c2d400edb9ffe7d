"""What the sandbox tells of its jobs to whoever sits at this machine, without a key."""

import re
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
import requests

from aeforge_cli.sandbox import InjectedFaults
from tests.conftest import png
from tests.contract.conftest import Start
from tests.contract.service import Sandbox, Service, upload

SENT = png(0x4080C0, side=24)
PICTURE = upload(SENT)
INPAINT = "/image-tune/inpaint/v2"


def inpaint(service: Service, prompt: str) -> str:
    return service.job(INPAINT, {"prompt": prompt, "quality": "pro"}, [PICTURE])


def ended(service: Service, prompt: str) -> str:
    job_id = inpaint(service, prompt)
    service.wait(job_id)
    return job_id


def shown(service: Service, path: str) -> requests.Response:
    return requests.get(f"{service.origin}/sandbox{path}", timeout=30)


def told(service: Service, job_id: str) -> dict[str, Any]:
    return dict(shown(service, f"/jobs/{job_id}").json())


def test_a_job_is_told_with_its_words_its_times_and_its_pictures(obedient: Sandbox) -> None:
    sent = time.time()
    job_id = ended(obedient.service, "a <b>sky</b>")
    waited = time.time() - sent

    job = told(obedient.service, job_id)

    assert sent <= job.pop("made") <= time.time()
    assert 0 < job.pop("seconds") <= waited
    [name] = [url.removeprefix("/sandbox/images/") for url in job.pop("after")]
    assert re.fullmatch(r"[0-9a-f]{32}\.png", name)
    assert job == {
        "job_id": job_id,
        "operation": "image-tune/inpaint/v2",
        "prompt": "a <b>sky</b>",
        "options": {"quality": "pro"},
        "status": "Succeed",
        "reason": None,
        "before": [f"/sandbox/jobs/{job_id}/0"],
    }


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [("refuse gladly", "gladly"), ("stumble here", "RuntimeError: here"), ("die", "its process died (exit 7)")],
    ids=["refused", "an error", "a crash"],
)
def test_a_job_that_failed_tells_why(obedient: Sandbox, prompt: str, reason: str) -> None:
    job = told(obedient.service, ended(obedient.service, prompt))

    assert (job["status"], job["reason"], job["after"]) == ("Failed", reason, [])


def test_nothing_is_told_of_an_end_before_the_api_tells_it(start: Start) -> None:
    service = start(faults=InjectedFaults(delay=3600)).service

    job = told(service, inpaint(service, "refuse gladly"))

    assert (job["status"], job["reason"], job["after"]) == ("Pending", None, [])


def test_the_page_hears_of_the_newest_jobs_first(start: Start) -> None:
    service = start().service
    made = [inpaint(service, str(number)) for number in range(53)]

    listed = shown(service, "/jobs").json()

    assert listed.pop("command") == (
        'AEFORGE_API_KEY=sandbox aeforge inpaint photo.jpg -p "Change background to blue sky" -o sky.png'
        f" --base-url {service.base_url}"
    )
    assert [job["job_id"] for job in listed.pop("jobs")] == made[:2:-1]
    assert listed == {"engine": "obedient", "base_url": service.base_url, "total": 53}


def test_a_key_of_ones_own_is_not_told(start: Start) -> None:
    service = start(keys=("my-secret",)).service

    answers = [shown(service, "/jobs"), requests.get(service.origin, timeout=30)]

    assert answers[0].json()["command"].startswith("AEFORGE_API_KEY=YOUR-KEY aeforge inpaint ")
    assert ["my-secret" in answer.text for answer in answers] == [False, False]


def test_pictures_sent_and_made_are_shown_and_can_be_no_page(obedient: Sandbox) -> None:
    service = obedient.service
    job = told(service, ended(service, "anything"))

    pictures = [requests.get(service.origin + url, timeout=30) for url in job["before"] + job["after"]]

    assert pictures[0].content == SENT
    assert [picture.headers["Content-Type"] for picture in pictures] == ["image/png"] * 2
    assert {picture.headers["X-Content-Type-Options"] for picture in pictures} == {"nosniff"}
    assert {picture.headers["Cross-Origin-Resource-Policy"] for picture in pictures} == {"same-origin"}
    assert {picture.headers["Content-Security-Policy"] for picture in pictures} == {
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    }


def test_every_picture_sent_is_shown(obedient: Sandbox) -> None:
    service = obedient.service
    colours = [png(shade, side=24) for shade in range(3)]
    fields = {"rows": '[{"row": 0, "title": "walk", "description": "to the right"}]', "quality": "standard"}
    files = [upload(colours[0], "sprite_sheet"), *(upload(colour, "character_images") for colour in colours[1:])]
    job = told(service, service.job("/sprite/character-overlay/v2", fields, files))

    pictures = [requests.get(service.origin + url, timeout=30).content for url in job["before"]]

    assert pictures == colours
    assert (job["prompt"], job["options"]) == ("walk: to the right", {"quality": "standard"})


def test_what_is_not_there_is_not_found(obedient: Sandbox) -> None:
    job_id = ended(obedient.service, "anything")
    paths = [
        f"/jobs/{uuid4()}",
        f"/jobs/{uuid4()}/0",
        f"/jobs/{job_id}/1",
        f"/jobs/{job_id}/-1",
        "/images/sandbox.lock",
    ]

    answers = [shown(obedient.service, path) for path in paths]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert answers[0].json() == {"detail": "Job not found"}
    assert shown(obedient.service, f"/jobs/{job_id}/job.json").status_code == 422


def test_pictures_sent_are_not_served_where_results_are(obedient: Sandbox) -> None:
    job_id = ended(obedient.service, "anything")
    [result] = obedient.service.poll(job_id)["image_urls"]

    answer = requests.get(f"{result.partition('/images/')[0]}/sandbox/jobs/{job_id}/0", timeout=30)

    assert answer.status_code == 404


def test_a_long_text_is_cut(obedient: Sandbox) -> None:
    job_id = inpaint(obedient.service, "x" * 100_000)

    assert told(obedient.service, job_id)["prompt"] == "x" * 1000 + "…"


def test_to_look_on_is_no_report_to_the_owner(start: Start, tmp_path: Any) -> None:
    sandbox = start(state=tmp_path / "state", tidy=True)
    job_id = inpaint(sandbox.service, "anything")
    sandbox.line(f"job {job_id} done")
    assert told(sandbox.service, job_id)["status"] == "Succeed"
    sandbox.close()

    kept = start(state=tmp_path / "state").service

    assert kept.poll(job_id)["status"] == "Succeed"


def test_the_page_works_while_the_api_misbehaves(start: Start) -> None:
    service = start(faults=InjectedFaults(delay=0, drop=1.0)).service

    answers = [requests.get(service.origin, timeout=30), shown(service, "/jobs")]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_sandbox_says_where_its_page_is(obedient: Sandbox) -> None:
    assert obedient.line("page ") == f"page {obedient.service.origin}/ shows the jobs"


@pytest.mark.parametrize("path", ["/jobs", f"/jobs/{UUID(int=1)}", f"/jobs/{UUID(int=1)}/0", "/images/x"])
def test_another_hosts_page_gets_nothing(obedient: Sandbox, path: str) -> None:
    url = f"{obedient.service.origin}/sandbox{path}"

    answer = requests.get(url, headers={"Host": "evil.example"}, timeout=30)

    assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid host header"})
