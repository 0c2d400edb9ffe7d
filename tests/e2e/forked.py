"""The command as a fork of a process that has loaded it: what short tests cost is, else, mostly its start.

Arguments, streams, working folder, environment and end are those of a process of its own. Started in earnest is what
is interrupted or watched, what has a terminal, and what changes how Python itself starts.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Run

LOADED = ("cli", "manual.from_typer", "commands._shared.plan", "api.requests_transport", "jobs.batch", "journal.sqlite")
OF_THE_START = ("PYTHON", "LANG", "LC_", "LD_")


class ForkServer:
    """Lives as long as this process; a connection is one command."""

    def __init__(self) -> None:
        self._address = b"\0aeforge-tests-" + str(os.getpid()).encode()
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self._address)
            listening.listen(16)
            number = str(listening.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.forked", number],
                cwd=Path(__file__).parents[2],
                env={**os.environ, "LANG": "C.UTF-8"},
                pass_fds=[listening.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )

    def run(
        self,
        command: str,
        words: tuple[str, ...],
        env: Mapping[str, str],
        cwd: Path,
        stdin: bytes | None,
        within: float,
    ) -> tuple[int, bytes, bytes]:
        """The exit status as of `os.waitpid`, stdout and stderr. Raises TimeoutError after `within` seconds."""
        asked = json.dumps({"argv": [command, *words], "env": dict(env), "cwd": str(cwd)}).encode()
        feed, out, err = (os.pipe() for _ in range(3))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._address)
            socket.send_fds(connection, [len(asked).to_bytes(4, "big")], [feed[0], out[1], err[1]])
            connection.sendall(asked)
            for number in (feed[0], out[1], err[1]):
                os.close(number)
            pid = int.from_bytes(connection.recv(4), "big")
            try:
                output, errors = _exchanged(feed[1], stdin or b"", [out[0], err[0]], time.monotonic() + within)
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise
            return int.from_bytes(connection.recv(4), "big"), output, errors

    def close(self) -> None:
        self._process.communicate(timeout=10)  # which closes its stdin


def _exchanged(feed: int, rest: bytes, outputs: list[int], until: float) -> list[bytes]:
    received = dict.fromkeys(outputs, b"")
    open_ones = set(outputs)
    os.set_blocking(feed, False)
    writing = [feed]
    try:
        while open_ones:
            readable, writable, _ = select.select([*open_ones], writing, [], max(0.0, until - time.monotonic()))
            if not readable and not writable:
                raise TimeoutError
            for number in readable:
                block = os.read(number, 1 << 16)
                received[number] += block
                if not block:
                    open_ones.discard(number)
            if writable:
                with contextlib.suppress(BrokenPipeError):
                    rest = rest[os.write(feed, rest) :] if rest else rest
                if not rest:
                    os.close(feed)
                    writing = []
    finally:
        for number in (*writing, *outputs):
            os.close(number)
    return list(received.values())


@dataclass
class Forked(Aeforge):
    """The command, forked where that makes no difference."""

    server: "ForkServer | None" = None

    def __call__(
        self,
        *args: str | Path,
        env: Mapping[str, str | None] | None = None,
        stdin: bytes | None = None,
        cwd: Path | None = None,
        within: float = 40,
    ) -> Run:
        environment = self.environment(env or {})
        early = {name: value for name, value in environment.items() if name.startswith(OF_THE_START)}
        if self.server is None or early != {"LANG": "C.UTF-8"}:
            return super().__call__(*args, env=env, stdin=stdin, cwd=cwd, within=within)
        words, began = tuple(str(word) for word in args), time.monotonic()
        try:
            status, output, errors = self.server.run(
                self.command, words, environment, cwd or self.home.work, stdin, within
            )
        except TimeoutError:
            pytest.fail(f"aeforge {' '.join(words)} was still running after {within} s")
        code = os.waitstatus_to_exitcode(status)
        shell = code if code >= 0 else 128 - code
        run = Run(words, shell, output, errors.decode(errors="surrogateescape"), time.monotonic() - began)
        self.runs.append(run)
        return run


def _serve(listening: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        readable, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in readable:  # whoever started this has ended
            return
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(connection)
        connection.close()


def _answer(connection: socket.socket) -> None:
    size, streams, _, _ = socket.recv_fds(connection, 4, 3)
    text = b""
    while len(text) < int.from_bytes(size, "big"):
        text += connection.recv(1 << 20)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(json.loads(text), streams)
    for number in streams:
        os.close(number)
    connection.sendall(pid.to_bytes(4, "big"))
    connection.sendall(os.waitpid(pid, 0)[1].to_bytes(4, "big"))
    os._exit(0)


def _become(asked: dict[str, object], streams: list[int]) -> None:
    from aeforge_cli.__main__ import main

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(str(asked["cwd"]))
    os.environ.clear()
    os.environ.update(asked["env"])  # type: ignore[call-overload]  # from JSON
    time.tzset()
    sys.argv = list(asked["argv"])  # type: ignore[call-overload]  # from JSON
    main()
    sys.stdout.flush()  # after --version alone
    os._exit(0)


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(f"aeforge_cli.{name}")
    _serve(socket.socket(fileno=int(sys.argv[1])))
