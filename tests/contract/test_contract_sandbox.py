"""What the sandbox adds to the API: it says what it is, keeps to this machine, and keeps its jobs."""

import io
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
import requests
from PIL import Image

from aeforge_cli.sandbox import NO_USER_KEY, InjectedFaults, SandboxOptions, SandboxUnavailable, serve
from tests.conftest import png
from tests.contract.conftest import Start
from tests.contract.service import Sandbox, Service, upload

PICTURE = upload(png(0x4080C0, side=24))
INPAINT = "/image-tune/inpaint/v2"
STAND_IN = "stand-in; not the AetherForge service"
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and modes are those of POSIX")


def inpaint(service: Service, prompt: str) -> str:
    return service.job(INPAINT, {"prompt": prompt, "quality": "standard"}, [PICTURE])


def test_a_key_without_a_user_is_told_so_by_operations_and_jobs(shared_sandbox: Sandbox) -> None:
    service = shared_sandbox.service

    answers = [service.post(INPAINT, {}, key=NO_USER_KEY), service.get("/job/any", key=NO_USER_KEY)]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, {"detail": "Not Found User"})] * 2


def test_every_answer_says_that_it_comes_from_a_stand_in(shared_sandbox: Sandbox) -> None:
    service = shared_sandbox.service
    [picture] = service.wait(inpaint(service, "Make it brighter"))["image_urls"]

    answers = [requests.get(url, timeout=30) for url in (service.origin, f"{service.base_url}/job/x", picture)]
    junk = exchange(service, b"junk\r\n\r\n")

    assert [answer.headers["X-Aeforge-Sandbox"] for answer in answers] == [STAND_IN] * 3
    assert junk.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert f"\r\nx-aeforge-sandbox: {STAND_IN}\r\n".encode() in junk


def test_its_pages_ask_nothing_of_other_hosts(shared_sandbox: Sandbox) -> None:
    origin = shared_sandbox.service.origin

    pages = [requests.get(origin + path, timeout=30) for path in ("/", "/docs")]
    named = sorted({name for page in pages for name in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)})
    beside = [requests.get(origin + name, timeout=30) for name in named]

    assert [page.headers["Content-Type"] for page in pages] == ["text/html; charset=utf-8"] * 2
    assert {answer.headers["Content-Type"] for answer in beside} == {
        "text/css; charset=utf-8",
        "text/javascript; charset=utf-8",
    }
    assert re.findall(r"https?://", "".join(answer.text for answer in pages + beside)) == []
    assert all('<link rel="icon" href="data:,">' in page.text for page in pages)  # else a browser asks for one
    assert {answer.headers["X-Content-Type-Options"] for answer in pages + beside} == {"nosniff"}


def test_its_openapi_document_lists_every_operation_and_says_that_it_is_a_stand_in(shared_sandbox: Sandbox) -> None:
    openapi = requests.get(f"{shared_sandbox.service.origin}/openapi.json", timeout=30).json()

    assert len(openapi["paths"]) == 13
    assert "stand-in" in openapi["info"]["title"]


@pytest.mark.parametrize("name", ["none.css", "..%2Fpages.py", "__init__.py"])
def test_only_the_files_of_its_pages_are_served(shared_sandbox: Sandbox, name: str) -> None:
    assert requests.get(f"{shared_sandbox.service.origin}/static/{name}", timeout=30).status_code == 404


def test_it_can_be_recognised_without_a_key(start: Start) -> None:
    sandbox = start()
    inpaint(sandbox.service, "anything")

    about = sandbox.about()

    assert about.pop("version").count(".") == 2
    assert about == {"sandbox": True, "engine": "obedient", "jobs": 1, "pid": sandbox.process.pid}


def test_inpaint_really_edits_and_upscale_really_enlarges(shared_sandbox: Sandbox) -> None:
    service = shared_sandbox.service
    jobs = [inpaint(service, "Make it darker"), service.job("/image-tune/upscale", {"scale": "2K"}, [PICTURE])]

    darker, larger = (opened(service.wait(job)["image_urls"][0]) for job in jobs)

    assert darker.size == (24, 24)
    assert sum(darker.convert("RGB").getpixel((12, 12))) < 0x40 + 0x80 + 0xC0  # type: ignore[arg-type]  # three bands
    assert larger.size == (2048, 2048)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "192.168.0.1", ""])
def test_another_hosts_name_is_refused(shared_sandbox: Sandbox, host: str) -> None:
    answer = requests.get(f"{shared_sandbox.service.origin}/sandbox", headers={"Host": host}, timeout=30)

    assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid host header"})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "LOCALHOST", "[::1]:80", "[::1]"])
def test_this_machines_names_are_taken(shared_sandbox: Sandbox, host: str) -> None:
    answer = requests.get(f"{shared_sandbox.service.origin}/sandbox", headers={"Host": host}, timeout=30)

    assert answer.json()["sandbox"] is True


def test_only_results_are_served_beside_the_api(shared_sandbox: Sandbox) -> None:
    service = shared_sandbox.service
    [picture] = service.wait(inpaint(service, "Make it brighter"))["image_urls"]
    origin = picture.partition("/images/")[0]

    paths = ["/sandbox", f"/public/v1/job/{0:032x}", "/images/..%2Fsandbox.lock", f"/images/{0:032x}.png", "/images/"]
    answers = [requests.get(origin + path, timeout=30) for path in paths]

    assert [answer.status_code for answer in answers] == [404] * 5


def test_a_picture_of_too_many_pixels_is_refused_by_its_header(shared_sandbox: Sandbox) -> None:
    bomb = bytearray(png(0))
    bomb[16:24] = struct.pack(">II", 8_000, 8_000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bomb[12:29]))

    answer = shared_sandbox.service.post("/image-tune/upscale", {"scale": "1K"}, [upload(bytes(bomb))])

    assert (answer.status_code, answer.json()) == (400, {"detail": "Invalid image file"})


def test_a_picture_that_breaks_off_makes_a_job_that_fails(obedient: Sandbox) -> None:
    job_id = obedient.service.job(
        "/image-tune/upscale", {"scale": "1K"}, [upload(png(7, side=99, packed=False)[:5000])]
    )

    assert obedient.service.wait(job_id) == failed(job_id, "The picture is damaged.")
    assert obedient.line(f"job {job_id} failed").startswith(f"job {job_id} failed: The picture is damaged.")


def test_a_body_that_is_too_large_is_refused(start: Start) -> None:
    service = start(max_body=100_000).service

    answers = [service.post(INPAINT, {"prompt": "x" * size, "quality": "pro"}) for size in (200_000, 10_000_000, 50)]

    assert [answer.status_code for answer in answers] == [413, 413, 422]
    assert answers[0].json() == {"detail": "More than 100000 bytes"}


@pytest.mark.parametrize(
    ("key", "behaviour", "status"),
    [
        ("wrong", InjectedFaults(), 401),
        ("sandbox", InjectedFaults(status=((500, 1.0),)), 500),
        ("sandbox", InjectedFaults(), 413),
    ],
    ids=["a wrong key", "a made-up status", "too large a body"],
)
def test_a_refusal_reaches_a_client_that_is_still_sending(
    start: Start, key: str, behaviour: InjectedFaults, status: int
) -> None:
    service = start(max_body=100_000, faults=behaviour).service
    head = (
        f"POST /public/v1{INPAINT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 20000000\r\n\r\n"
    )

    answer = exchange(service, head.encode().ljust(len(head) + 20_000_000, b"-"))

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("authorization", ["Basic sandbox", "sandbox", "Bearer", "bearersandbox", "Bearer sandbox x"])
def test_a_key_in_another_shape_is_no_key(obedient: Sandbox, authorization: str) -> None:
    answer = requests.get(obedient.service.base_url + "/job/x", headers={"Authorization": authorization}, timeout=30)

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})


def test_too_many_connections_are_asked_to_come_again(start: Start) -> None:
    sandbox = start(max_connections=3)
    port = int(sandbox.service.origin.rpartition(":")[2])
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    crowded = requests.get(f"{sandbox.service.origin}/sandbox", timeout=30)
    for connection in idle:
        connection.close()

    assert (crowded.status_code, crowded.headers["Retry-After"]) == (503, "1")
    assert crowded.json() == {"detail": "Too many connections"}
    assert sandbox.about()["sandbox"] is True


@pytest.mark.parametrize(
    ("prompt", "reason", "logged"),
    [
        ("refuse \x1b[31mred", "\x1b[31mred", "\\x1b[31mred"),
        ("stumble here", "RuntimeError: here", "RuntimeError: here"),
        ("die", "its process died (exit 7)", "its process died (exit 7)"),
    ],
    ids=["refused", "an error", "a crash"],
)
def test_a_job_that_fails_gives_its_reason_to_the_client_and_the_log(
    obedient: Sandbox, prompt: str, reason: str, logged: str
) -> None:
    job_id = inpaint(obedient.service, prompt)

    assert obedient.service.wait(job_id) == failed(job_id, reason)
    assert obedient.line(f"job {job_id} failed").startswith(f"job {job_id} failed: {logged} (")

    after = [inpaint(obedient.service, "anything") for _ in range(4)]
    assert [obedient.service.wait(job_id)["status"] for job_id in after] == ["Succeed"] * 4


def failed(job_id: str, reason: str) -> dict[str, object]:
    """How the API tells of a job that failed."""
    return {"job_id": job_id, "status": "Failed", "image_urls": [], "error_message": reason}


def test_a_reason_is_one_line_for_the_client_the_log_and_the_page(shared_sandbox: Sandbox) -> None:
    service = shared_sandbox.service
    job_id = inpaint(service, "Make it sing")

    reason = service.wait(job_id)["error_message"]

    line = shared_sandbox.line(f"job {job_id} failed")
    assert reason.isprintable()
    assert "\\n" not in line
    assert line.startswith(f"job {job_id} failed: {reason[:200]}")
    assert requests.get(f"{service.origin}/sandbox/jobs/{job_id}", timeout=30).json()["reason"] == reason


def test_what_an_engine_prints_is_logged_and_harms_no_job(obedient: Sandbox) -> None:
    job_id = inpaint(obedient.service, "print \x1b]0;title")

    assert obedient.service.wait(job_id)["status"] == "Succeed"
    assert obedient.line("worker: ") == "worker: \\x1b]0;title"


def test_text_from_clients_is_logged_on_one_line_without_control_characters(obedient: Sandbox) -> None:
    job_id = inpaint(obedient.service, "two\nlines \x1b[2J \u202e \x9b" + "x" * 1000)

    line = obedient.line(f"job {job_id} made")
    assert line.startswith(f"job {job_id} made: image-tune/inpaint/v2 ")
    assert line.isprintable()
    assert len(line) < 400


def test_the_api_answers_while_the_engine_works(start: Start) -> None:
    sandbox = start()
    asleep = [inpaint(sandbox.service, "sleep") for _ in range(3)]

    assert [sandbox.service.poll(job_id)["status"] for job_id in asleep] == ["Pending"] * 3
    assert sandbox.close() == 0


@posix
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_well_and_its_temporary_folder_goes_too(start: Start, tmp_path: Path, number: str) -> None:
    sandbox = start(env={"TMPDIR": str(tmp_path)})
    [folder] = tmp_path.iterdir()
    inpaint(sandbox.service, "sleep")
    assert folder.stat().st_mode & 0o777 == 0o700

    os.killpg(sandbox.process.pid, signal.Signals[number])

    assert sandbox.process.wait(timeout=60) == 0
    assert list(tmp_path.iterdir()) == []


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    stop = threading.Event()
    seen: list[int] = []

    def ready(base_url: str) -> None:
        threading.Thread(target=ask, args=(base_url,)).start()

    def ask(base_url: str) -> None:
        seen.append(requests.get(base_url + "/job/x", timeout=30).status_code)
        stop.set()

    serve(SandboxOptions(port=0, state=tmp_path / "state"), ready=ready, log=print, stop_when=stop.is_set)

    assert seen == [401]


@pytest.mark.parametrize("end", ["close", "kill"])
def test_jobs_and_their_pictures_outlive_it_when_it_has_a_state_folder(start: Start, tmp_path: Path, end: str) -> None:
    first = start(state=tmp_path / "state")
    job_id = inpaint(first.service, "anything")
    before = first.service.wait(job_id)["image_urls"]
    getattr(first, end)()

    second = start(state=tmp_path / "state")

    after = second.service.poll(job_id)["image_urls"]
    assert [Path(url).name for url in after] == [Path(url).name for url in before]
    assert opened(after[0]).size == (24, 24)


@pytest.mark.parametrize("end", ["close", "kill"])
def test_unfinished_jobs_are_worked_again_after_a_restart(start: Start, tmp_path: Path, end: str) -> None:
    first = start(state=tmp_path / "state")
    asleep = [inpaint(first.service, "sleep") for _ in range(2)]
    waiting = inpaint(first.service, "refuse gladly")
    getattr(first, end)()
    for job_id in asleep:
        wake(tmp_path / "state", job_id)

    second = start(state=tmp_path / "state")

    assert second.line("job ") == f"job {asleep[0]} resumes: image-tune/inpaint/v2"
    assert [second.service.wait(job_id)["status"] for job_id in asleep] == ["Succeed", "Succeed"]
    assert second.service.wait(waiting)["status"] == "Failed"


@posix
def test_a_stop_of_all_its_processes_fails_no_job(start: Start, tmp_path: Path) -> None:
    first = start(state=tmp_path / "state")
    held = inpaint(first.service, f"hold {tmp_path / 'lock'}")
    first.line("worker: held")
    os.killpg(first.process.pid, signal.SIGTERM)
    first.process.wait()
    wake(tmp_path / "state", held)

    assert start(state=tmp_path / "state").service.wait(held)["status"] == "Succeed"


@posix
def test_no_worker_outlives_a_sandbox_that_is_killed(start: Start, tmp_path: Path) -> None:
    import fcntl

    sandbox = start(state=tmp_path / "state")
    inpaint(sandbox.service, f"hold {tmp_path / 'lock'}")
    sandbox.line("worker: held")

    sandbox.kill()

    with (tmp_path / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the system lets go of it when the worker is gone


def test_a_kill_leaves_no_half_job_and_no_stray_picture(start: Start, tmp_path: Path) -> None:
    start(state=tmp_path / "state").kill()
    (tmp_path / "state" / "drafts" / "half").mkdir()
    (tmp_path / "state" / "images" / "stray.png").write_bytes(b"half")

    sandbox = start(state=tmp_path / "state")

    assert sandbox.about()["jobs"] == 0
    assert sorted(path.name for path in (tmp_path / "state").rglob("*")) == ["drafts", "images", "jobs", "sandbox.lock"]


def test_tidy_forgets_what_was_fetched_and_keeps_what_was_not(start: Start, tmp_path: Path) -> None:
    first = start(state=tmp_path / "state", tidy=True)
    fetched, linked, unreported = (inpaint(first.service, prompt) for prompt in ("anything", "anything", "sleep"))
    [picture] = first.service.wait(fetched)["image_urls"]
    requests.get(picture, timeout=30)
    first.service.wait(linked)
    first.close()
    assert first.line("unfetched") == f"unfetched {linked}"
    wake(tmp_path / "state", unreported)

    second = start(state=tmp_path / "state", tidy=True)
    assert second.service.get(f"/job/{fetched}").status_code == 404
    for job_id in (linked, unreported):
        [picture] = second.service.wait(job_id)["image_urls"]
        assert requests.get(picture, timeout=30).status_code == 200
    second.close()

    assert not (tmp_path / "state").exists()


def test_a_result_that_was_not_read_to_its_end_was_not_fetched(start: Start, tmp_path: Path) -> None:
    sandbox = start(state=tmp_path / "state", tidy=True)
    upscaled = sandbox.service.job("/image-tune/upscale", {"scale": "4K"}, [upload(noise(256))])
    [picture] = sandbox.service.wait(upscaled)["image_urls"]

    assert requests.head(picture, timeout=30).status_code == 200
    with requests.get(picture, timeout=30, stream=True) as answer:
        assert int(answer.headers["Content-Length"]) > 5_000_000  # more than the system keeps for a reader
    sandbox.close()

    assert sandbox.line("unfetched") == f"unfetched {upscaled}"


def noise(side: int) -> bytes:
    """A picture that does not shrink when it is packed."""
    data = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(3 * side * side)).save(data, "PNG")
    return data.getvalue()


@posix
def test_a_state_folder_is_private(start: Start, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)

    start(state=tmp_path / "state")

    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def refusal(options: SandboxOptions) -> str:
    with pytest.raises(SandboxUnavailable) as refused:
        serve(options, ready=print, log=print)
    return str(refused.value)


def test_two_sandboxes_never_share_a_state_folder(start: Start, tmp_path: Path) -> None:
    start(state=tmp_path / "state")

    refused = refusal(SandboxOptions(port=0, state=tmp_path / "state"))

    assert refused == f"Another sandbox keeps its jobs in {tmp_path / 'state'}."


def test_a_folder_with_other_things_is_no_state_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()

    refused = refusal(SandboxOptions(port=0, state=tmp_path))

    assert refused == f"{tmp_path} holds other things: give the sandbox a folder of its own."


def test_a_port_in_use_is_named(start: Start, tmp_path: Path) -> None:
    port = int(start().service.origin.rpartition(":")[2])

    refused = refusal(SandboxOptions(port=port, state=tmp_path / "state"))

    assert refused.startswith(f"The sandbox cannot listen on 127.0.0.1, port {port}: ")


def test_a_disk_that_takes_no_job_is_a_503_which_says_so_and_may_be_sent_again(start: Start, tmp_path: Path) -> None:
    sandbox = start(state=tmp_path / "state")
    drafts = tmp_path / "state" / "drafts"
    drafts.rmdir()
    drafts.touch()

    answer = sandbox.service.post(INPAINT, {"prompt": "anything", "quality": "standard"}, [PICTURE])

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json() == {"detail": "The sandbox cannot keep the job: Not a directory"}
    assert sandbox.about()["jobs"] == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::", "example.org"])
def test_no_other_machine_is_ever_served(host: str) -> None:
    refused = refusal(SandboxOptions(host=host, port=0))

    assert refused == "The sandbox serves this machine alone: its host is one of 127.0.0.1, localhost, ::1."


def test_an_engine_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    refused = refusal(SandboxOptions(port=0, engine="remote", state=tmp_path / "state"))

    assert refused == "There is no engine 'remote'. There are: local."


def test_without_its_packages_it_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['fastapi'] = None\n"
        "from aeforge_cli.sandbox import *\n"
        "try: serve(SandboxOptions(port=0), ready=print, log=print)\n"
        "except SandboxUnavailable as missing: print(missing)\n"
    )

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)

    assert (said.stdout, said.stderr) == ("The sandbox needs more packages\n", "")


def exchange(service: Service, sent: bytes) -> bytes:
    host, _, port = service.origin.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def opened(url: str) -> Image.Image:
    return Image.open(io.BytesIO(requests.get(url, timeout=30).content))


def wake(state: Path, job_id: str) -> None:
    """Gives a job that would sleep for ever another prompt."""
    path = state / "jobs" / job_id / "job.json"
    job = json.loads(path.read_text())
    path.write_text(json.dumps({**job, "fields": {**job["fields"], "prompt": "anything"}}))
