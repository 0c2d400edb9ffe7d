"""`--sandbox` uses a sandbox only if it proves to be this user's, and gives its secret to nobody."""

import hashlib
import hmac
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from aeforge_cli.local_sandbox.registration import Registration, find

posix = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are those of POSIX")


Answer = Callable[[str], Iterable[bytes]]


class Stranger(ThreadingHTTPServer):
    """Whoever listens on a port of this machine; answers each request by `answer`, and keeps what it was sent."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heard: list[str] = []
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/public/v1"


class _Answering(BaseHTTPRequestHandler):
    server: Stranger

    def do_GET(self) -> None:
        self.server.heard.append(f"{self.requestline}\n{self.headers}")
        with suppress(ConnectionError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            for part in self.server.answer(self.path):
                self.wfile.write(part)

    def log_message(self, *_args: object) -> None:
        pass


@contextmanager
def listening(answer: Answer) -> Iterator[Stranger]:
    with Stranger(answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def knowing(secret: str, base_url: Callable[[], str]) -> Answer:
    """A sandbox as far as its proof goes."""

    def answer(path: str) -> Iterator[bytes]:
        [nonce] = parse_qs(urlsplit(path).query)["nonce"]
        message = f"aeforge sandbox\n{base_url()}\n{nonce}".encode()
        yield json.dumps({"proof": hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}).encode()

    return answer


@contextmanager
def running(state: Path) -> Iterator[tuple[Stranger, Path]]:
    """A sandbox that this user runs, and its file."""
    before = set(state.glob("sandboxes/*.json"))
    registration = Registration(state)
    with listening(knowing(registration.secret, lambda: sandbox.base_url)) as sandbox:
        registration.publish(sandbox.base_url)
        [file] = set(state.glob("sandboxes/*.json")) - before
        yield sandbox, file
        registration.withdraw()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@contextmanager
def impostor(state: Path, answer: Answer) -> Iterator[Stranger]:
    """Someone who listens where a sandbox of this user was killed."""
    registration = Registration(state)
    with listening(answer) as stranger:
        registration.publish(stranger.base_url)
        yield stranger
        assert registration.secret not in "".join(stranger.heard)


def files(state: Path) -> list[Path]:
    return list(state.glob("sandboxes/*"))


def test_a_running_sandbox_is_found_on_any_port(state: Path) -> None:
    with running(state) as (sandbox, _):
        assert find(state, first=8765) == sandbox.base_url

    assert (find(state, first=8765), files(state)) == (None, [])


def test_the_usual_port_comes_first_and_then_the_newest(state: Path) -> None:
    with running(state) as (old, file), running(state) as (new, _):
        os.utime(file, (1, 1))

        assert find(state, first=8765) == new.base_url
        assert find(state, first=old.server_port) == old.base_url


@posix
def test_the_file_is_private_from_its_first_instant(state: Path) -> None:
    with running(state) as (_, file):
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_sandbox_that_was_killed_is_recognised_and_its_file_goes(state: Path) -> None:
    registration = Registration(state)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    registration.publish(f"http://127.0.0.1:{port}/public/v1")

    assert (find(state, first=8765), files(state)) == (None, [])


@pytest.mark.parametrize(
    "answer",
    [
        b'{"sandbox": true, "proof": null}',
        b'{"proof": ""}',
        b'{"proof": "\xc3\xa9"}',
        b"[]",
        b"not JSON",
        b'{"proof": ' + b"1" * 2_000_000,
    ],
    ids=["no proof", "an empty one", "no hex", "a list", "no JSON", "without end"],
)
def test_a_stranger_where_a_sandbox_was_is_not_used_and_learns_no_secret(state: Path, answer: bytes) -> None:
    with impostor(state, lambda _path: [answer]) as stranger:
        assert find(state, first=stranger.server_port) is None
        assert len(stranger.heard) == 1


def test_a_proof_that_was_made_for_another_address_or_nonce_is_none(state: Path) -> None:
    with running(state) as (sandbox, _):
        genuine = sandbox.answer
        with impostor(state, genuine) as relaying, impostor(state, lambda _path: genuine(f"/?nonce={0:064}")) as old:
            found = find(state, first=relaying.server_port)

            assert found == sandbox.base_url
            assert find(state, first=old.server_port) == sandbox.base_url
            assert len(relaying.heard) == 1


def test_each_question_is_a_new_one_so_that_no_old_answer_fits_it(state: Path) -> None:
    with running(state) as (sandbox, _):
        for _ in range(3):
            find(state, first=sandbox.server_port)

        asked = {line.partition("nonce=")[2].partition(" ")[0] for line in sandbox.heard}

    assert [len(nonce) for nonce in asked] == [64] * 3


def test_who_answers_in_drips_does_not_hold_a_command_up(state: Path) -> None:
    def drip(_path: str) -> Iterator[bytes]:
        while not ended.wait(0.05):
            yield b" "

    ended = threading.Event()
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(impostor(state, drip))
        began = time.monotonic()
        found = find(state, first=8765)
        took = time.monotonic() - began
        ended.set()

    assert (found, len(files(state))) == (None, 5)  # they may be ours, and stopped
    assert took < 15


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610], ids=oct)
def test_a_file_that_others_can_open_is_not_trusted(state: Path, mode: int) -> None:
    with running(state) as (sandbox, file):
        file.chmod(mode)

        assert (find(state, first=8765), sandbox.heard) == (None, [])


@posix
def test_a_link_is_not_trusted(state: Path, tmp_path: Path) -> None:
    with running(state) as (sandbox, file):
        file.rename(tmp_path / "elsewhere.json")
        file.symlink_to(tmp_path / "elsewhere.json")

        assert (find(state, first=8765), sandbox.heard) == (None, [])


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707], ids=oct)
def test_a_folder_in_which_others_can_write_is_not_trusted(state: Path, mode: int) -> None:
    with running(state) as (sandbox, file):
        file.parent.chmod(mode)

        assert (find(state, first=8765), sandbox.heard) == (None, [])


@posix
def test_a_folder_that_is_a_link_is_not_trusted(state: Path, tmp_path: Path) -> None:
    with running(state) as (sandbox, file):
        file.parent.rename(tmp_path / "elsewhere")
        (state / "sandboxes").symlink_to(tmp_path / "elsewhere")

        assert (find(state, first=8765), sandbox.heard) == (None, [])
        with pytest.raises(PermissionError):
            Registration(state)


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("part", ["file", "folder"])
def test_what_belongs_to_another_user_is_not_trusted(state: Path, part: str) -> None:
    with running(state) as (sandbox, file):
        os.chown(file if part == "file" else file.parent, 12345, 12345)

        assert (find(state, first=8765), sandbox.heard) == (None, [])


@posix
def test_a_pipe_in_the_folder_does_not_hold_a_command_up(state: Path) -> None:
    with running(state) as (sandbox, file):
        os.mkfifo(file.with_name("pipe.json"), 0o600)

        assert find(state, first=8765) == sandbox.base_url


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1]",
        "{",
        '{"base_url": 1, "secret": 2}',
        '{"base_url": "http://127.0.0.1:70000/public/v1", "secret": "SECRET"}',
        '{"base_url": "http://example.org:80/public/v1", "secret": "SECRET"}',
        '{"base_url": "http://127.0.0.1:PORT/public/v1", "secret": ""}',
    ],
    ids=["empty", "a list", "broken", "of other types", "no such port", "another machine", "no secret"],
)
def test_a_file_that_names_no_sandbox_is_passed_over(state: Path, content: str) -> None:
    with running(state) as (sandbox, file):
        other = file.with_name("other.json")
        other.write_text(content.replace("SECRET", "s" * 64).replace("PORT", str(sandbox.server_port)))
        other.chmod(0o600)

        assert find(state, first=8765) == sandbox.base_url
        assert len(sandbox.heard) == 1


def test_no_state_folder_is_no_sandbox(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert find(tmp_path / "none", first=8765) is None
    assert find(tmp_path / "file", first=8765) is None
    with pytest.raises(OSError, match="file"):
        Registration(tmp_path / "file")


def test_no_proxy_hears_of_a_sandbox(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(lambda _path: [b"{}"]) as proxy, running(state) as (sandbox, _):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")

        assert find(state, first=8765) == sandbox.base_url
        assert proxy.heard == []
