"""What every test starts from: a home of its own, the installed command, real pictures, and no way off this machine."""

import io
import ipaddress
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A closed port: a test that forgets to name its server reaches nothing, rather than the real service.
NOWHERE = "http://127.0.0.1:9/public/v1"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")

# How long an example may take says more of the machine, and of what else it does, than of the code: see `timeout`.
settings.register_profile(
    "aeforge", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("aeforge")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(*names): the rows of the table of faults that this test provokes")
    config.addinivalue_line("markers", "live: asks the real service, and so may leave this machine")
    _hear_signals()


def pytest_xdist_auto_num_workers() -> int:
    """Half of the time a test waits, for a server or a process of its own: one worker more than there are cores."""
    return (os.cpu_count() or 1) + 1


def _hear_signals() -> None:
    """A test run in the background ignores signals, and so would every command that it starts."""
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@dataclass
class _Border:
    """An audit hook cannot be removed, so there is one for the whole run, opened for `live` tests only."""

    closed: bool = True

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        match event, arguments:
            case ("socket.connect" | "socket.sendto", (_, (str(host), int(), *_))) if self.closed:
                _allow(host, _is_loopback(host))
            case ("socket.getaddrinfo", (str(host), *_)) if self.closed:
                _allow(host, _is_address(host) or host == "localhost" or host.endswith(".invalid"))
            case _:
                pass


def _allow(host: str, here: bool) -> None:
    if not here:
        pytest.fail(f"a test tried to reach {host}")


def _is_address(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return host == ""


def _is_loopback(host: str) -> bool:
    return host in {"", "localhost"} or (_is_address(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback)


_border = _Border()
sys.addaudithook(_border)


@pytest.fixture(autouse=True)
def loopback_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test leaves this machine. Processes are held here by their AEFORGE_BASE_URL, see `Home.env`."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    _border.closed = request.node.get_closest_marker("live") is None
    yield
    _border.closed = True


@dataclass(frozen=True)
class Home:
    """Everything that a user has on disk, inside one temporary folder."""

    root: Path
    config: Path
    state: Path
    temporary: Path
    work: Path
    env: Mapping[str, str]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def make_home(root: Path) -> Home:
    folders = {name: root / name for name in ("config", "state", "tmp", "work", "xdg")}
    for folder in folders.values():
        folder.mkdir(parents=True, mode=0o700)
    kept = {name: os.environ[name] for name in ("PATH", "COVERAGE_PROCESS_START", "SYSTEMROOT") if name in os.environ}
    xdg = {f"XDG_{name}_HOME": str(folders["xdg"] / name.lower()) for name in ("CONFIG", "STATE", "DATA", "CACHE")}
    ours = {
        "HOME": str(root),
        "TMPDIR": str(folders["tmp"]),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "AEFORGE_CONFIG_DIR": str(folders["config"]),
        "AEFORGE_STATE_DIR": str(folders["state"]),
        "AEFORGE_BASE_URL": NOWHERE,
    }
    env = MappingProxyType({**kept, **xdg, **ours})
    return Home(root, folders["config"], folders["state"], folders["tmp"], folders["work"], env)


@dataclass(frozen=True)
class Run:
    """One invocation that has ended, as a shell sees it: a death by signal N is exit 128+N.

    On a terminal, `stderr` is all that it showed, and `output` is empty.
    """

    args: tuple[str, ...]
    exit: int
    output: bytes
    stderr: str
    seconds: float
    on_terminal: bool = False

    @property
    def stdout(self) -> str:
        return self.output.decode(errors="surrogateescape")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What `--json` wrote to stdout."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """What `--json` wrote to stderr at the end."""
        found: dict[str, Any] = json.loads(self.stderr.splitlines()[-1])["error"]
        return found

    @property
    def ending(self) -> tuple[int, str]:
        """The exit code, and the stable word of the error."""
        return self.exit, self.error["code"]


@dataclass
class Running:
    """An invocation under way."""

    args: tuple[str, ...]
    process: subprocess.Popen[bytes]
    runs: list[Run]
    began: float = field(default_factory=time.monotonic)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self, stdin: bytes | None = None, *, within: float | None = 100) -> Run:
        try:
            output, errors = self.process.communicate(stdin, timeout=within)
        except subprocess.TimeoutExpired:
            self.stop()
            pytest.fail(f"aeforge {' '.join(self.args)} was still running after {within} s")
        return self._ended(output or b"", errors or b"")

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _ended(self, output: bytes, errors: bytes) -> Run:
        code = self.process.returncode
        shell = code if code >= 0 else 128 - code
        text = errors.decode(errors="surrogateescape")
        run = Run(self.args, shell, output, text, time.monotonic() - self.began)
        self.runs.append(run)
        return run


# The terminal must be the process's own, or Ctrl-C would be a letter like any other.
_ADOPT_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass
class Terminal:
    """An invocation on a terminal of its own: stdin, stdout and stderr are one."""

    running: Running
    transcript: io.BytesIO
    _screen: int
    _open_screens: list[int]
    _reader: Any

    def shows(self, text: str, *, within: float = 60) -> None:
        from pexpect import EOF, TIMEOUT

        if self._reader.expect_exact([text.encode(), EOF, TIMEOUT], timeout=within):
            pytest.fail(f"the terminal never showed {text!r}, but {self.transcript.getvalue()!r}")

    def types(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def hang_up(self) -> None:
        """The window is closed."""
        self._open_screens.remove(self._screen)
        os.close(self._screen)

    def finish(self, *, within: float = 60) -> Run:
        """The run, with all that the terminal received as its stderr."""
        from pexpect import EOF, TIMEOUT

        self._reader.expect([EOF, TIMEOUT], timeout=within)
        run = self.running.finish(within=within)
        shown = replace(run, stderr=self.transcript.getvalue().decode(), on_terminal=True)
        self.running.runs[-1] = shown
        return shown


@dataclass
class Aeforge:
    """The installed command, in a home of its own. `env` adds to that home's environment; None takes away."""

    home: Home
    runs: list[Run] = field(default_factory=list)
    _started: list[Running] = field(default_factory=list)
    _screens: list[int] = field(default_factory=list)

    @property
    def command(self) -> str:
        return str(Path(sys.executable).with_name("aeforge"))

    def __call__(
        self,
        *args: str | Path,
        env: Mapping[str, str | None] | None = None,
        stdin: bytes | None = None,
        cwd: Path | None = None,
        within: float = 100,
    ) -> Run:
        feed = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        return self.start(*args, env=env, stdin=feed, cwd=cwd).finish(stdin, within=within)

    def start(
        self,
        *args: str | Path,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        under: Sequence[str] = (),
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        session: bool = False,
    ) -> Running:
        """`under` is a command that runs the command: strace, nohup, sh -c."""
        words = tuple(str(word) for word in args)
        process = subprocess.Popen(
            [*under, self.command, *words],
            env=self.environment(env or {}),
            cwd=cwd or self.home.work,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=session,
        )
        running = Running(words, process, self.runs)
        self._started.append(running)
        return running

    def terminal(
        self,
        *args: str | Path,
        env: Mapping[str, str | None] | None = None,
        columns: int = 80,
        rows: int = 24,
        stdout: int | None = None,
    ) -> Terminal:
        import pty
        import termios

        from pexpect import fdpexpect

        screen, keyboard = pty.openpty()
        self._screens.append(screen)
        termios.tcsetwinsize(screen, (rows, columns))
        running = self.start(
            *args,
            env=env,
            under=(sys.executable, "-SEc", _ADOPT_TERMINAL),
            stdin=keyboard,
            stdout=keyboard if stdout is None else stdout,
            stderr=keyboard,
            session=True,
        )
        os.close(keyboard)
        transcript = io.BytesIO()
        return Terminal(running, transcript, screen, self._screens, fdpexpect.fdspawn(screen, logfile=transcript))

    def environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        merged: dict[str, str | None] = {**self.home.env, **changes}
        return {name: value for name, value in merged.items() if value is not None}

    def close(self) -> None:
        for running in self._started:
            if running.process.poll() is None:
                running.stop()
            _close_pipes(running.process)
        for screen in self._screens:
            os.close(screen)


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


@pytest.fixture
def aeforge(home: Home) -> Iterator[Aeforge]:
    command = Aeforge(home)
    yield command
    command.close()


def png(shade: int = 0, *, side: int = 16, packed: bool = True) -> bytes:
    """A grey square, each shade (0 to 2**24) another file; unpacked, its size is about 3 * side * side bytes."""
    row = b"\0" + shade.to_bytes(3, "big") * side
    pixels = zlib.compress(row * side, 9 if packed else 0)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.fixture
def photo(home: Home) -> Path:
    path = home.work / "photo.png"
    path.write_bytes(png(0x336699))
    return path


@pytest.fixture(scope="session")
def pictures() -> Mapping[str, bytes]:
    """One small picture in each format, by its usual suffix."""
    from PIL import Image

    square = Image.new("RGB", (16, 16), (51, 102, 153))
    drawn = {suffix: io.BytesIO() for suffix in ("png", "jpg", "webp", "gif")}
    for suffix, format_ in (("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP"), ("gif", "GIF")):
        square.save(drawn[suffix], format_)
    return MappingProxyType({suffix: buffer.getvalue() for suffix, buffer in drawn.items()})


@pytest.fixture(scope="session")
def strace() -> str:
    path = shutil.which("strace")
    if path is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run([path, "-f", "--seccomp-bpf", "-o", os.devnull, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("strace may not trace here")
    return path
