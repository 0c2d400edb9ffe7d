"""A fast stand-in for the service: jobs take their time, and it is written down when each was first seen to be over.

    python server.py [--median SECONDS] [--sigma S] [--bytes N]

It prints its base URL, and answers until its standard input ends. `GET /ledger` tells all jobs as JSON.
"""

import argparse
import asyncio
import json
import math
import random
import re
import struct
import sys
import time
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

_BLOCK = 1024 * 1024
_CONTENT_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


def picture(size: int) -> Iterator[bytes]:
    """A PNG of one pixel, of about `size` bytes, in pieces: a chunk that no one must understand holds the rest."""
    yield b"\x89PNG\r\n\x1a\n"
    yield from _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    yield from _chunk(b"paDd", bytes(max(0, size - 80) % _BLOCK), blocks=max(0, size - 80) // _BLOCK)
    yield from _chunk(b"IDAT", zlib.compress(b"\0\x7f"))
    yield from _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes, *, blocks: int = 0) -> Iterator[bytes]:
    """The content follows so many blocks of zeros."""
    yield struct.pack(">I", blocks * _BLOCK + len(content)) + name
    check, empty = zlib.crc32(name), bytes(_BLOCK)
    for _ in range(blocks):
        yield empty
        check = zlib.crc32(empty, check)
    yield content + struct.pack(">I", zlib.crc32(content, check))


@dataclass
class Job:
    """A job as the service saw it; times in seconds since the server's start."""

    made: float
    over: float
    polls: int = 0
    seen: float | None = None

    def look(self, now: float) -> bool:
        """Whether the job is over; the first to see it so is written down."""
        self.polls += 1
        if now < self.over:
            return False
        if self.seen is None:
            self.seen = now
        return True


@dataclass
class Service:
    """All jobs. Durations are lognormal; `sigma` 0 makes them all the same."""

    median: float
    sigma: float
    result: bytes
    jobs: dict[str, Job] = field(default_factory=dict)
    connections: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    started: float = field(default_factory=time.monotonic)
    base: str = ""

    @property
    def now(self) -> float:
        return time.monotonic() - self.started

    def answer(self, method: bytes, path: bytes) -> tuple[int, bytes, bytes]:
        """Status, content type and body."""
        match method, path.rsplit(b"/", 1):
            case b"POST", _:
                return 200, b"application/json", self._make()
            case b"GET", [parent, name] if parent.endswith(b"/job"):
                return self._look(name.decode())
            case b"GET", [b"", b"ledger"]:
                told = {"connections": self.connections, "jobs": [asdict(job) for job in self.jobs.values()]}
                return 200, b"application/json", json.dumps(told).encode()
            case b"GET", [b"/images", _]:
                return 200, b"image/png", self.result
            case _:
                return 404, b"application/json", b'{"detail":"Not Found"}'

    def _make(self) -> bytes:
        job_id = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        seconds = self.median * math.exp(self.chance.gauss(0, self.sigma)) if self.sigma else self.median
        self.jobs[job_id] = Job(self.now, self.now + seconds)
        return json.dumps({"job_id": job_id}).encode()

    def _look(self, job_id: str) -> tuple[int, bytes, bytes]:
        job = self.jobs.get(job_id)
        if job is None:
            return 404, b"application/json", b'{"detail":"Job not found"}'
        over = job.look(self.now)
        urls = [f"{self.base}/images/{job_id}.png"] if over else []
        told = {"job_id": job_id, "status": "Succeed" if over else "Pending", "image_urls": urls}
        return 200, b"application/json", json.dumps(told).encode()


class _Exchanges(asyncio.Protocol):
    """One connection: requests with a known length, one after the other; bodies are dropped as they come."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._head = bytearray()
        self._request: tuple[bytes, bytes] | None = None
        self._left = 0
        self._sending: Iterator[memoryview] = iter(())
        self._may_send = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._service.connections += 1

    def data_received(self, data: bytes) -> None:
        if self._request is not None:
            self._drop(data)
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end >= 0:
            rest = bytes(self._head[end + 4 :])
            self._begin(bytes(self._head[:end]))
            self._head.clear()
            self._drop(rest)

    def _begin(self, head: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        length = _CONTENT_LENGTH.search(head)
        self._request, self._left = (method, path), int(length[1]) if length else 0
        if b"100-continue" in head.lower():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _drop(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left <= 0 and self._request is not None:
            status, kind, body = self._service.answer(*self._request)
            self._request = None
            head = b"HTTP/1.1 %d .\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body))
            whole = memoryview(head + body if len(body) < _BLOCK else body)
            if len(body) >= _BLOCK:
                self._transport.write(head)
            self._sending = (whole[start : start + _BLOCK] for start in range(0, len(whole), _BLOCK))
            self._send()

    def _send(self) -> None:
        while self._may_send and (block := next(self._sending, None)) is not None:
            self._transport.write(block)

    def pause_writing(self) -> None:
        self._may_send = False

    def resume_writing(self) -> None:
        self._may_send = True
        self._send()


async def _serve(service: Service) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Exchanges(service), "127.0.0.1", 0, backlog=1024)
    service.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(f"{service.base}/public/v1", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--median", type=float, default=2.0)
    parser.add_argument("--sigma", type=float, default=0.0)
    parser.add_argument("--bytes", type=int, default=1000, help="size of each result")
    given = parser.parse_args()
    asyncio.run(_serve(Service(given.median, given.sigma, b"".join(picture(given.bytes)))))


if __name__ == "__main__":
    main()
