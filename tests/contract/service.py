"""How a test talks to whoever is asked: plain requests, and nothing of the client."""

import os
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from aeforge_cli.sandbox import SandboxOptions

PROCESS = """
import sys
from pathlib import Path, PosixPath, WindowsPath
from aeforge_cli.sandbox import InjectedFaults, SandboxOptions, serve
unfetched = serve(
    eval(sys.argv[1]), ready=lambda url: print("ready", url, flush=True), log=lambda line: print(line, flush=True)
)
print("unfetched", *unfetched)
"""
PLUGINS = Path(__file__).parent / "plugins"
File = tuple[str, tuple[str, bytes]]


@dataclass(frozen=True)
class Service:
    base_url: str
    key: str
    timeout: float = 30

    @property
    def origin(self) -> str:
        return self.base_url.removesuffix("/public/v1")

    def get(self, path: str, *, key: str | None = None) -> requests.Response:
        return requests.get(self.base_url + path, headers=self._key(key), timeout=30)

    def post(
        self, path: str, fields: dict[str, str], files: list[File] | None = None, *, key: str | None = None
    ) -> requests.Response:
        """Always multipart, also without a file."""
        parts: list[Any] = [(name, (None, value)) for name, value in fields.items()] + (files or [])
        return requests.post(self.base_url + path, files=parts, headers=self._key(key), timeout=30)

    def job(self, path: str, fields: dict[str, str], files: list[File] | None = None) -> str:
        answer = self.post(path, fields, files)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job_id"])

    def poll(self, job_id: str) -> dict[str, Any]:
        answer = self.get(f"/job/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def wait(self, job_id: str) -> dict[str, Any]:
        """The first answer that is not Pending."""
        until = time.monotonic() + self.timeout
        while (answer := self.poll(job_id))["status"] == "Pending" and time.monotonic() < until:
            time.sleep(0.05 if self.timeout < 60 else 2)
        return answer

    def _key(self, key: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key if key is None else key}"}


class Sandbox:
    """A sandbox in a process of its own."""

    def __init__(self, options: SandboxOptions, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROCESS, repr(options)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PLUGINS), os.environ.get("PYTHONPATH", "")]), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._told = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.service = Service(self.line("ready ").removeprefix("ready "), options.keys[0])

    def line(self, start: str) -> str:
        """The first line it wrote that begins so, waited for if need be."""
        with self._told:
            assert self._told.wait_for(lambda: any(line.startswith(start) for line in self._lines), 30), self._lines
            return next(line for line in self._lines if line.startswith(start))

    def about(self) -> dict[str, Any]:
        return dict(requests.get(f"{self.service.origin}/sandbox", timeout=30).json())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> int:
        """How it ends when asked to."""
        self.process.terminate()
        code = self.process.wait(timeout=60)
        self._reader.join(timeout=60)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def _read(self) -> None:
        for line in self.process.stdout or ():
            with self._told:
                self._lines.append(line.rstrip("\n"))
                self._told.notify_all()


def upload(data: bytes, field: str = "image") -> File:
    return field, ("picture.png", data)


def is_job_id(text: object) -> bool:
    return str(uuid.UUID(str(text))) == text
