"""The key, signed links and passwords: given to the service alone, and shown to nobody, whatever goes wrong."""

import json
import os
import random
import stat
import subprocess
import time
import traceback
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import trustme

from aeforge_cli.api.multipart import MultipartBody
from aeforge_cli.api.requests_transport import RequestsTransport
from aeforge_cli.api.transport import Request, TransportError
from aeforge_cli.errors import ResultUnavailable
from aeforge_cli.redaction import Secret
from tests.conftest import Aeforge, Home, png
from tests.faults.conftest import SOAK, Edit, tls
from tests.faults.direct import SHORT, Direct, inpaint
from tests.faults.fake import API_KEY, SIGNATURE, Fake, told_as_json
from tests.faults.origin import Answer, End
from tests.faults.proxy import Proxy
from tests.faults.tracing import calls, tracing

PASSWORD = "Pr0xy-Passw0rd"
NAMED = "service.invalid"
JOB = "00000000-0000-4000-8000-000000000001"
UNNAMED = {"AEFORGE_API_KEY": None}


def _login(aeforge: Aeforge, key: bytes, *options: str, env: dict[str, str | None], under: tuple[str, ...] = ()) -> int:
    running = aeforge.start(
        "auth", "login", "--with-token", *options, env={**env, **UNNAMED}, under=under, stdin=subprocess.PIPE
    )
    return running.finish(key).exit


def _config(home: Home) -> Path:
    return home.config / "config.toml"


class TestWhoIsToldTheKey:
    @pytest.mark.row("F1", "C12")
    def test_netrc_neither_replaces_the_key_nor_reaches_the_results_host(
        self, edit: Edit, fake: Fake, home: Home, out: Path
    ) -> None:
        netrc = home.root / ".netrc"
        netrc.write_text("machine 127.0.0.1 login a password b\ndefault login c password d\n")
        netrc.chmod(0o600)

        run = edit("-o", out / "sky.png", env={"NETRC": str(netrc)})

        assert run.exit == 0
        assert {request.headers["authorization"] for request in fake.api.requests} == {f"Bearer {API_KEY}"}
        assert [request.headers.get("authorization") for request in fake.cdn.requests] == [None]

    @pytest.mark.row("C13")
    def test_a_result_on_the_services_own_host_is_fetched_without_the_key(
        self, edit: Edit, fake: Fake, out: Path
    ) -> None:
        job_id = fake.add_job(b"")
        fake.submissions.says(fake.accepts(job_id))
        fake.polls.says(fake.job(job_id, image_urls=[f"{fake.api.url}/images/x.png"]), Answer(404))

        edit("-o", out / "sky.png", "--timeout", "1s")

        fetched = [request for request in fake.api.requests if request.path == "/images/x.png"]
        assert [request.headers.get("authorization") for request in fetched] == [None] * len(fetched)
        assert fetched != []

    @pytest.mark.row("F14")
    @pytest.mark.parametrize(
        "url",
        [
            "http://service.invalid/v1",
            "http://user:pass@127.0.0.1:9/v1",
            "https://user:pass@service.invalid/v1",
            "https://service.invalid/v1?key=x",
            "https://service.invalid/v1#x",
            "ftp://service.invalid/v1",
            "service.invalid/v1",
            "https://",
            "http://127.0.0.1.service.invalid/v1",
        ],
    )
    def test_a_service_that_the_key_must_not_be_sent_to_is_refused(self, edit: Edit, url: str) -> None:
        run = edit("--base-url", url)

        assert run.ending == (2, "usage")
        assert "pass@" not in run.stderr


class TestAServiceThatRepeatsTheKey:
    SAID = f"Incorrect API key provided: {API_KEY}. See https://u:p@h.example/?X-Amz-Signature={SIGNATURE}"

    @pytest.mark.parametrize("options", [(), ("--debug",), ("--verbose",)], ids=repr)
    @pytest.mark.parametrize("status", [400, 401, 402, 404, 422, 429, 500])
    def test_a_refusal_is_clean_wherever_it_goes(
        self, edit: Edit, fake: Fake, home: Home, status: int, options: tuple[str, ...]
    ) -> None:
        fake.submissions.always(told_as_json({"detail": self.SAID}, status=status))
        summary = home.root / "summary"

        run = edit(*options, env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)})
        listed = edit.aeforge("job", "list", "--json", env=fake.env)

        assert run.exit != 0
        assert [text for text in (run.stderr, listed.stdout, summary.read_text()) if API_KEY in text] == []
        assert [row["reason"] for row in listed.rows if SIGNATURE in str(row["reason"])] == []

    @pytest.mark.parametrize("name", ["reason", "error_message", "detail"])
    def test_a_reason_of_failure_is_clean_wherever_it_goes(self, edit: Edit, fake: Fake, name: str) -> None:
        fake.polls.always(told_as_json({"job_id": JOB, "status": "Failed", name: self.SAID}))

        run = edit()
        listed = edit.aeforge("job", "list", "--json", env=fake.env)

        assert run.ending == (3, "job_failed")
        assert "Incorrect API key provided: ***" in run.error["message"]
        assert API_KEY not in run.stderr + listed.stdout

    def test_a_state_is_clean_wherever_it_goes(self, edit: Edit, fake: Fake) -> None:
        fake.polls.says(told_as_json({"job_id": JOB, "status": self.SAID}))
        fake.polls.says(told_as_json({"job_id": JOB, "status": self.SAID}))

        run = edit("--no-wait")
        status = edit.aeforge("job", "status", JOB, "--json", env=fake.env)
        plain = edit.aeforge("job", "status", JOB, env=fake.env)

        assert (run.exit, status.exit, plain.exit) == (0, 8, 8)
        assert API_KEY not in status.stdout + plain.stdout

    def test_a_link_with_the_key_in_it_takes_it_to_nobody(self, edit: Edit, fake: Fake, out: Path) -> None:
        job_id = fake.add_job(b"")
        fake.submissions.says(fake.accepts(job_id))
        fake.polls.always(fake.job(job_id, image_urls=[f"{fake.cdn.url}/{API_KEY}/x.png?api_key={API_KEY}"]))

        run = edit("-o", out / "sky.png", "--timeout", "1s")

        assert run.exit == 5
        assert [request.target for request in fake.cdn.requests if API_KEY in request.target] == []
        assert fake.cdn.requests != []

    def test_an_answer_that_is_printed_as_it_came_comes_without_the_key(self, aeforge: Aeforge, fake: Fake) -> None:
        fake.polls.says(told_as_json({"you_sent": API_KEY, "n": 1}))

        run = aeforge("api", "GET", f"job/{JOB}", env=fake.env)

        assert json.loads(run.output) == {"you_sent": "***", "n": 1}

    def test_so_does_the_answer_to_a_form(self, aeforge: Aeforge, fake: Fake, photo: Path) -> None:
        fake.submissions.says(told_as_json({"job_id": JOB, "you_sent": API_KEY}))
        form = ("-F", f"image=@{photo}", "-F", "scale=2K")

        run = aeforge("api", "POST", "image-tune/upscale", *form, env=fake.env)

        assert json.loads(run.output) == {"job_id": JOB, "you_sent": "***"}

    @pytest.mark.row("F6")
    @pytest.mark.parametrize("secret", [API_KEY, f"https://me:{PASSWORD}@h.example/"], ids=["key", "password"])
    @pytest.mark.parametrize("place", range(460, 500, 6))
    def test_debugging_shows_no_half_of_a_secret_where_it_cuts(
        self, edit: Edit, fake: Fake, place: int, secret: str
    ) -> None:
        escaped = rf"https://h.example/?w=1\u0026X-Amz-Signature={SIGNATURE}"
        body = '{"note": "' + "-" * place + secret + "-" + escaped + '"}'
        fake.submissions.always(Answer(400, body.encode(), {"Content-Type": "application/json"}))

        run = edit("--debug")

        assert "-----" in run.stderr
        assert [half for half in (API_KEY[:5], SIGNATURE[:5], PASSWORD[:3]) if half in run.stderr] == []


class TestTheTransportByItself:
    """Whatever those around it do: what it gives and logs is clean."""

    @pytest.fixture
    def logged(self) -> list[str]:
        return []

    @pytest.fixture
    def wire(self, fake: Fake, logged: list[str]) -> Iterator[RequestsTransport]:
        wire = RequestsTransport(base_url=fake.base_url, key=Secret(API_KEY), limits=SHORT, log=logged.append)
        yield wire
        wire.close()

    def test_neither_its_log_nor_what_it_answers_holds_the_key(
        self, wire: RequestsTransport, fake: Fake, logged: list[str]
    ) -> None:
        said = f"you sent {API_KEY} to https://h.example/?Signature={SIGNATURE}"
        fake.polls.says(Answer(400, said.encode(), {"Server": said, "X-Other": said}))

        answer = wire.ask(Request("GET", f"{fake.base_url}/job/{JOB}?Signature={SIGNATURE}"))

        given = [answer.body.decode(), *answer.headers.values(), *logged]
        assert [text for text in given if API_KEY in text] == []
        assert [line for line in logged if SIGNATURE in line] == []
        assert answer.body.decode() == f"you sent *** to https://h.example/?Signature={SIGNATURE}"
        assert [line for line in logged if "Bearer ***" in line] != []

    def test_nor_does_half_of_an_answer(self, wire: RequestsTransport, fake: Fake) -> None:
        whole = told_as_json({"job_id": API_KEY}).body
        fake.submissions.says(Answer(200, whole, {"Content-Length": "999"}, end=End.FIN))

        with pytest.raises(TransportError) as cut:
            wire.ask(Request("POST", f"{fake.base_url}/image-tune/upscale", body=MultipartBody(inpaint())))

        assert cut.value.heard == b'{"job_id": "***"}'


class TestAddressesOfInputs:
    @pytest.fixture
    def host(self) -> Iterator[Fake]:
        """Where the user's own pictures are: it may know the user."""
        host = Fake()
        yield host
        host.close()

    @pytest.mark.parametrize("options", [(), ("--dry-run",), ("--no-wait",), ("--debug",)], ids=repr)
    def test_user_and_signature_of_an_inputs_address_stay_between_the_user_and_its_host(
        self, aeforge: Aeforge, fake: Fake, host: Fake, home: Home, options: tuple[str, ...]
    ) -> None:
        host.images["/mine.png"] = png(0x336699)
        place = host.cdn.url.replace("://", "://me:p4ssw0rd@")
        url = f"{place}/mine.png?X-Amz-Signature={SIGNATURE}&Signature={SIGNATURE}"
        summary = home.root / "summary"
        env = {**fake.env, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}

        run = aeforge("inpaint", url, "-p", "x", "--json", *options, env=env)
        listed = aeforge("job", "list", "--json", env=fake.env)

        told = [run.stdout, run.stderr, listed.stdout, summary.read_text() if summary.exists() else ""]
        assert run.exit == 0
        assert [text for text in told if "p4ssw0rd" in text] == []
        assert [text for text in told[1:] if SIGNATURE in text] == []
        assert {row["input"] for row in listed.rows} <= {f"{host.cdn.url}/mine.png?***"}
        [request] = host.cdn.requests
        assert request.headers["authorization"] == f"Basic {b64encode(b'me:p4ssw0rd').decode()}"
        assert request.target == f"/mine.png?X-Amz-Signature={SIGNATURE}&Signature={SIGNATURE}"

    def test_nor_does_a_list_of_assets_give_them_away(
        self, aeforge: Aeforge, fake: Fake, host: Fake, home: Home
    ) -> None:
        host.images["/mine.png"] = png(0x336699)
        url = f"{host.cdn.url.replace('://', '://me:p4ssw0rd@')}/mine.png?X-Amz-Signature={SIGNATURE}"
        asset = f'[[asset]]\nout = "a.png"\noperation = "inpaint"\nprompt = "x"\nimage = "{url}"\n'
        (listed_by_user := home.work / "assets.toml").write_text(asset)

        run = aeforge("build", "--json", "--record", "made.jsonl", env=fake.env)
        listed_by_user.unlink()  # the one place where the address may stand
        listed = aeforge("job", "list", "--json", env=fake.env)

        told = [run.stderr, listed.stdout, (home.work / "made.jsonl").read_text()]
        assert run.exit == 0
        assert [text for text in (run.stdout, *told) if "p4ssw0rd" in text] == []
        assert [text for text in told if SIGNATURE in text] == []
        assert [row["input"] for row in (*run.rows, *listed.rows)] == [f"{host.cdn.url}/mine.png?***"] * 2


class TestTheKeyItself:
    @pytest.mark.row("F2")
    @pytest.mark.parametrize("key", [f"{API_KEY}\n", f"  {API_KEY}\r\n", f"\t{API_KEY} "], ids=repr)
    def test_white_space_around_the_key_is_dropped(self, edit: Edit, fake: Fake, key: str) -> None:
        run = edit(env={"AEFORGE_API_KEY": key})

        assert (run.exit, len(fake.ledger)) == (0, 1)

    @pytest.mark.row("F2")
    def test_white_space_around_the_key_is_not_stored(self, aeforge: Aeforge, fake: Fake, home: Home) -> None:
        assert _login(aeforge, f" {API_KEY}\r\n".encode(), env=fake.env) == 0
        assert f'"{API_KEY}"' in _config(home).read_text()

    @pytest.mark.row("F3")
    @pytest.mark.parametrize(
        "key",
        [
            b"UNSHOWN key",
            b"UNSHOWN\nkey",
            b"UNSHOWN\x1b[31m",
            b"UNSHOWN\x7f",
            "UNSHOWN\u00e9".encode(),
            b"UNSHOWN" + b"x" * 10_000,
            b"",
            b"   ",
        ],
        ids=["space", "line", "escape", "delete", "not ASCII", "10 kB", "empty", "blank"],
    )
    def test_a_key_that_can_be_none_is_refused_without_being_shown(
        self, edit: Edit, fake: Fake, home: Home, key: bytes
    ) -> None:
        run = edit(env={"AEFORGE_API_KEY": os.fsdecode(key)})

        assert run.exit == 4
        assert "UNSHOWN" not in run.stderr
        assert fake.api.requests == []
        assert _login(edit.aeforge, key, "--no-verify", env=fake.env) == 4
        assert not _config(home).exists()

    @pytest.mark.row("F3")
    def test_a_key_with_a_zero_byte_is_refused_without_being_shown(self, aeforge: Aeforge, fake: Fake) -> None:
        assert _login(aeforge, b"UNSHOWN\0key", "--no-verify", env=fake.env) == 4
        assert "UNSHOWN" not in aeforge.runs[-1].stderr

    @pytest.mark.row("F4", "F17", "F23")
    @pytest.mark.parametrize("option", ["--api-key", "--key", "--token", "--insecure", "--no-verify", "-k"])
    def test_no_option_takes_a_key_or_trusts_everyone(self, edit: Edit, fake: Fake, option: str) -> None:
        run = edit(option, "value")

        assert run.exit == 2
        assert fake.api.requests == []

    @pytest.mark.row("F13")
    def test_the_environment_wins_over_the_file_and_status_says_so(
        self, aeforge: Aeforge, fake: Fake, home: Home
    ) -> None:
        fake.keys.add("another-key-of-mine-5678")
        assert _login(aeforge, b"another-key-of-mine-5678", "--no-verify", env=fake.env) == 0

        by_environment = aeforge("auth", "status", env=fake.env)
        by_file = aeforge("auth", "status", env={**fake.env, **UNNAMED})

        told = [run.stdout + run.stderr for run in (by_environment, by_file)]
        assert ("AEFORGE_API_KEY" in told[0], API_KEY[-4:] in told[0], API_KEY[-5:] in told[0]) == (True, True, False)
        assert ("config.toml" in told[1], "5678" in told[1], "-5678" in told[1]) == (True, True, False)


class TestWhateverGoesWrong:
    @pytest.mark.row("F5")
    @pytest.mark.parametrize(
        "env",
        [
            {},
            {"TYPER_STANDARD_TRACEBACK": "1", "_TYPER_STANDARD_TRACEBACK": "1"},
            {"PYTHONDEVMODE": "1"},
            {"PYTHONFAULTHANDLER": "1", "PYTHONVERBOSE": "0"},
        ],
        ids=["plain", "standard traceback", "development mode", "fault handler"],
    )
    def test_a_crash_does_not_show_the_key(self, edit: Edit, home: Home, env: dict[str, str | None]) -> None:
        broken = home.root / "broken" / "requests"
        broken.mkdir(parents=True)
        (broken / "__init__.py").write_text("raise RuntimeError('this installation is broken')\n")

        run = edit("--debug", env={"PYTHONPATH": str(broken.parent), **env})

        assert run.ending == (1, "internal_error")

    @pytest.mark.row("F6", "F7", "C4")
    def test_debugging_shows_the_conversation_without_its_secrets(self, edit: Edit, fake: Fake, out: Path) -> None:
        fake.downloads.says(Answer(403), Answer(500))

        run = edit("--debug", "-o", out / "sky.png", env={"PYTHONWARNINGS": "default", "PYTHONDEVMODE": "1"})

        assert run.exit == 0
        assert "POST" in run.stderr
        assert "/image-tune/inpaint/v2" in run.stderr
        assert "Bearer ***" in run.stderr

    @pytest.mark.row("F7")
    def test_a_link_that_is_refused_is_not_quoted(self, edit: Edit, fake: Fake, out: Path) -> None:
        fake.downloads.always(Answer(403))

        run = edit("-o", out / "sky.png", "--timeout", "2s")

        assert run.ending == (5, "result_unavailable")
        assert "Signature" not in run.stderr

    @pytest.mark.row("F8")
    @pytest.mark.parametrize(
        "answer", [Answer(raw=b"", end=End.FIN), Answer(500), Answer(401)], ids=["cut", "500", "401"]
    )
    def test_an_error_drags_no_request_along(self, fake: Fake, user: Direct, answer: Answer) -> None:
        fake.submissions.always(answer)

        user.submit()

        assert API_KEY not in "".join(traceback.format_exception(user.failure))
        assert user.failure.__suppress_context__ or user.failure.__context__ is None

    @pytest.mark.row("F24")
    def test_neither_journal_nor_report_keep_a_secret(self, edit: Edit, home: Home, out: Path) -> None:
        run = edit("-o", out / "sky.png", "--report", home.work / "report.html")

        kept = b"".join(path.read_bytes() for path in (*home.state.rglob("*.sqlite3"), home.work / "report.html"))
        assert run.exit == 0
        assert b"blue sky" in kept
        assert (API_KEY.encode() in kept, b"Signature=" in kept) == (False, False)

    @pytest.mark.row("F25")
    def test_the_doctor_tells_no_secret(self, aeforge: Aeforge, fake: Fake) -> None:
        proxy = f"http://user:{PASSWORD}@127.0.0.1:9"

        run = aeforge("doctor", "--json", env={**fake.env, "HTTPS_PROXY": proxy, "NO_PROXY": "127.0.0.1"})

        assert PASSWORD not in run.stdout + run.stderr
        assert API_KEY not in run.stdout


class TestTheFileOfTheKey:
    @pytest.mark.row("F9")
    def test_it_is_never_readable_by_others(self, aeforge: Aeforge, fake: Fake, home: Home, strace: str) -> None:
        log = home.root / "strace"
        under = tracing(strace, ("openat", "fsync", "rename", "renameat", "renameat2"), log)

        assert _login(aeforge, API_KEY.encode(), env=fake.env, under=under) == 0

        ours = [call for call in calls(log) if str(home.config) in call.text]
        made = [call.text for call in ours if "O_CREAT" in call.text and ".lock" not in call.text]
        assert made != []
        assert [text for text in made if "O_EXCL" not in text or "O_NOFOLLOW" not in text or "0600" not in text] == []
        assert [call.name for call in ours if call.name == "fsync"] != []
        assert [call for call in ours if call.name.startswith("rename") and "config.toml" in call.text] != []

    @pytest.mark.row("F10")
    def test_a_file_that_others_can_read_is_tightened_with_a_warning(
        self, aeforge: Aeforge, fake: Fake, home: Home
    ) -> None:
        assert _login(aeforge, API_KEY.encode(), env=fake.env) == 0
        _config(home).chmod(0o644)

        run = aeforge("auth", "status", env={**fake.env, **UNNAMED})

        assert run.exit == 0
        assert "config.toml" in run.stderr
        assert stat.S_IMODE(_config(home).stat().st_mode) == 0o600

    @pytest.mark.row("F10")
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_a_file_of_another_user_is_refused(self, aeforge: Aeforge, fake: Fake, home: Home) -> None:
        assert _login(aeforge, API_KEY.encode(), env=fake.env) == 0
        os.chown(_config(home), 65534, 65534)

        run = aeforge("auth", "status", env={**fake.env, **UNNAMED})

        assert run.exit in {2, 4}
        assert "config.toml" in run.stderr

    @pytest.mark.row("F10")
    def test_a_link_is_written_through(self, aeforge: Aeforge, fake: Fake, home: Home) -> None:
        real = home.config / "real" / "config.toml"
        real.parent.mkdir()
        real.touch(mode=0o600)
        _config(home).symlink_to(real)

        assert _login(aeforge, API_KEY.encode(), env=fake.env) == 0

        assert (_config(home).is_symlink(), API_KEY in real.read_text()) == (True, True)

    @pytest.mark.row("F11")
    @pytest.mark.parametrize("seed", range(4 * SOAK))
    def test_a_login_that_is_killed_leaves_the_old_key_or_the_new_one(
        self, aeforge: Aeforge, fake: Fake, home: Home, seed: int
    ) -> None:
        env = {**fake.env, **UNNAMED}
        fake.keys |= {"the-old-key-0001", "the-new-key-0002"}
        assert _login(aeforge, b"the-old-key-0001", "--no-verify", env=fake.env) == 0
        running = aeforge.start("auth", "login", "--with-token", "--no-verify", env=env, stdin=subprocess.PIPE)
        assert running.process.stdin is not None
        running.process.stdin.write(b"the-new-key-0002")
        running.process.stdin.close()
        running.process.stdin = None
        time.sleep(random.Random(seed).uniform(0.05, 0.35))
        running.process.kill()
        running.finish()

        after = aeforge("auth", "status", env=env)

        assert after.exit == 0
        assert [known for known in ("0001", "0002") if known in after.stdout + after.stderr] != []
        assert _login(aeforge, b"the-last-key-0003", "--no-verify", env=fake.env) == 0
        assert [path.name for path in home.config.iterdir() if "lock" not in path.name] == ["config.toml"]

    @pytest.mark.row("F12")
    @pytest.mark.parametrize(
        ("content", "line"),
        [
            pytest.param(b"a = 1\nb = = 2\n", "line 2", id="malformed"),
            pytest.param(b'quality = "pro"\r\nx = [\r\n', "config.toml", id="cut off"),
            pytest.param(b"\xff\xfe\x00", "config.toml", id="not UTF-8"),
        ],
    )
    def test_a_malformed_file_is_named_with_its_line(
        self, edit: Edit, fake: Fake, home: Home, content: bytes, line: str
    ) -> None:
        _config(home).write_bytes(content)
        _config(home).chmod(0o600)

        run = edit()

        assert run.exit == 2
        assert line in run.error["message"]
        assert fake.api.requests == []

    @pytest.mark.row("F12")
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order mark"])
    def test_an_unknown_setting_is_a_warning(self, edit: Edit, home: Home, mark: bytes) -> None:
        _config(home).write_bytes(mark + b'quality = "pro"\r\ncolour_of_the_sky = "blue"\r\n')
        _config(home).chmod(0o600)

        run = edit()

        assert run.exit == 0
        assert "colour_of_the_sky" in run.stderr


class TestTheNetworkOfTheUser:
    @pytest.fixture
    def named(self, fakes: list[Fake], authority: trustme.CA) -> Fake:
        """The service under a name that only the proxy can find, with its results on this machine."""
        fakes.append(Fake(tls=tls(authority.issue_cert(NAMED, "127.0.0.1", "localhost"))))
        return fakes[-1]

    @pytest.fixture
    def proxy(self, named: Fake) -> Iterator[Proxy]:
        server = Proxy(to=("127.0.0.1", named.api.server_port))
        yield server
        server.close()

    @pytest.mark.row("F15")
    def test_a_proxy_is_used_and_its_password_is_not_shown(
        self, edit: Edit, named: Fake, proxy: Proxy, bundle: str
    ) -> None:
        env = {
            "AEFORGE_BASE_URL": f"https://{NAMED}/public/v1",
            "HTTPS_PROXY": f"http://user:{PASSWORD}@{proxy.address}",
            "REQUESTS_CA_BUNDLE": bundle,
        }

        run = edit("--debug", "--no-wait", env=env)

        credentials = b64encode(f"user:{PASSWORD}".encode()).decode()
        assert (run.exit, len(named.ledger)) == (0, 1)
        assert proxy.asked[0].startswith(f"CONNECT {NAMED}:443 ")
        assert f"Basic {credentials}" in proxy.asked[0]
        assert (PASSWORD in run.stderr, credentials in run.stderr) == (False, False)
        assert "authorization: Bearer" not in "".join(proxy.asked)

    @pytest.mark.row("F15")
    def test_a_proxy_that_wants_credentials_is_named_and_nothing_is_paid(self, edit: Edit, named: Fake) -> None:
        refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        proxy = Proxy(to=("127.0.0.1", 9), refusal=refusal)
        env = {
            "AEFORGE_BASE_URL": f"https://{NAMED}/public/v1",
            "HTTPS_PROXY": f"http://user:{PASSWORD}@{proxy.address}",
        }

        run = edit(env=env)
        proxy.close()

        assert run.ending == (5, "unreachable")
        assert "proxy" in run.error["message"]
        assert "credentials" in run.error["message"]
        assert PASSWORD not in run.stderr
        assert edit.states() == ["not_sent"]

    @pytest.mark.row("F15")
    @pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9", "nonsense://x", "http://[bad"])
    def test_a_proxy_that_cannot_be_used_is_told_and_nothing_is_paid(self, edit: Edit, proxy: str) -> None:
        run = edit(env={"AEFORGE_BASE_URL": f"https://{NAMED}/public/v1", "HTTPS_PROXY": proxy})

        assert run.exit in {2, 5}
        assert "Traceback" not in run.stderr
        assert set(edit.states()) <= {"not_sent"}

    @pytest.mark.row("F15")
    @pytest.mark.parametrize(
        ("proxy", "word"),
        [
            (f"http://user:{PASSWORD}#1@127.0.0.1:9", "%23"),
            (f"user:{PASSWORD}/1@127.0.0.1:9", "%2F"),
            (f"socks5://user:{PASSWORD}@127.0.0.1:9", "PySocks"),
            (f"nonsense://user:{PASSWORD}@127.0.0.1:9", "http://HOST:PORT"),
            ("http://[bad", "http://HOST:PORT"),
        ],
    )
    def test_a_proxy_that_can_be_none_is_told_in_a_sentence_before_anything_is_sent(
        self, edit: Edit, proxy: str, word: str
    ) -> None:
        run = edit("--debug", env={"AEFORGE_BASE_URL": f"https://{NAMED}/public/v1", "HTTPS_PROXY": proxy})

        assert run.ending == (2, "usage")
        assert "The proxy in HTTPS_PROXY" in run.error["message"]
        assert word in run.error["hint"]
        assert PASSWORD not in run.stderr
        assert set(edit.states()) <= {"not_sent"}

    @pytest.mark.row("F15")
    def test_nothing_for_this_machine_goes_through_a_proxy(self, edit: Edit, fake: Fake, out: Path) -> None:
        proxy = Proxy(to=("127.0.0.1", 9))
        address = f"http://user:{PASSWORD}@{proxy.address}"

        run = edit("-o", out / "sky.png", env={"HTTP_PROXY": address, "HTTPS_PROXY": address, "ALL_PROXY": address})
        proxy.close()

        assert (run.exit, len(fake.ledger), len(fake.cdn.requests)) == (0, 1, 1)
        assert proxy.asked == []

    @pytest.mark.row("F15")
    @pytest.mark.parametrize("exempt", [NAMED, f"{NAMED}:443", ".invalid"])
    def test_no_proxy_is_honoured(self, edit: Edit, proxy: Proxy, exempt: str) -> None:
        env = {
            "AEFORGE_BASE_URL": f"https://{NAMED}/public/v1",
            "HTTPS_PROXY": f"http://{proxy.address}",
            "NO_PROXY": exempt,
        }

        run = edit(env=env)

        assert run.ending == (5, "unreachable")
        assert "the host name is not known" in run.error["message"]
        assert proxy.asked == []

    @pytest.mark.row("F15")
    def test_who_wants_no_proxy_at_all_has_none(self, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        base_url = f"https://{NAMED}/public/v1"
        wire = RequestsTransport(base_url=base_url, key=None, limits=SHORT, through_proxy=False)

        with pytest.raises(TransportError):
            wire.ask(Request("GET", f"{base_url}/job/1"))
        wire.close()

        assert proxy.asked == []

    @pytest.mark.row("C16")
    def test_a_private_address_is_not_asked_for_through_a_proxy_either(
        self, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        wire = RequestsTransport(base_url=f"https://{NAMED}/public/v1", key=None, limits=SHORT)

        with pytest.raises(ResultUnavailable):
            wire.fetch("https://169.254.169.254/x.png", BytesIO())  # type: ignore[arg-type]  # nothing may come
        wire.close()

        assert proxy.asked == []

    @pytest.mark.row("F16")
    @pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    def test_an_authority_of_ones_own_is_trusted(self, edit: Edit, named: Fake, bundle: str, variable: str) -> None:
        run = edit("--no-wait", env={**named.env, variable: bundle})

        assert (run.exit, len(named.ledger)) == (0, 1)

    @pytest.mark.row("F16")
    @pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
    def test_a_bundle_that_is_missing_is_named(self, edit: Edit, named: Fake, variable: str) -> None:
        run = edit(env={**named.env, variable: "/nowhere/authority.pem"})

        assert run.ending == (2, "usage")
        assert "/nowhere/authority.pem" in run.error["message"]
        assert named.api.requests == []
