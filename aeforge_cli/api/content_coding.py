"""Undoing what `Content-Encoding` says was done to an answer, within bounds (RFC 9110 8.4).

Nothing but `identity` is asked for. Servers and storages all the same name codings that were never applied (`none`,
`utf-8`, `aws-chunked`); those are left alone, since the content is judged anyway.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

_STEP = 256 * 1024  # bytes made at a time: a bomb is noticed before it has gone off
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # wbits of zlib.decompressobj


class BadCodingError(OSError):
    """The content is not coded as it says."""


class Decoder(Protocol):
    """Gives the content back in small blocks; `close` raises BadCodingError where its end is missing.

    `changes` says whether it has another length than what was sent.
    """

    changes: bool

    def blocks(self, coded: bytes) -> Iterator[bytes]: ...

    def close(self) -> None: ...


def decoder(content_encoding: str) -> Decoder:
    codings = [word.strip().lower() for word in content_encoding.split(",")]
    applied = [word for word in codings if word in _WINDOW]
    # Nobody compresses twice but who builds a bomb: what is left as it came is no picture and no JSON.
    return _Inflater(applied[0]) if len(applied) == 1 else _Plain()


class _Plain:
    changes = False

    def blocks(self, coded: bytes) -> Iterator[bytes]:
        yield coded

    def close(self) -> None:
        pass


class _Inflater:
    changes = True

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._zlib = zlib.decompressobj(_WINDOW[coding])
        self._is_first = True

    def blocks(self, coded: bytes) -> Iterator[bytes]:
        if self._is_first and coded:
            self._is_first = False
            if self._coding == "deflate" and not _has_zlib_header(coded):
                self._zlib = zlib.decompressobj(-15)  # as old servers understood RFC 2616: deflate without its frame
        try:
            yield from self._inflated(coded)
        except zlib.error:
            raise BadCodingError from None

    def _inflated(self, coded: bytes) -> Iterator[bytes]:
        while coded:
            if self._zlib.eof and coded.strip(b"\0"):  # another member of the same file
                self._zlib = zlib.decompressobj(_WINDOW[self._coding])
            if self._zlib.eof:
                return
            while block := self._zlib.decompress(coded, _STEP):
                yield block
                coded = self._zlib.unconsumed_tail
            coded = self._zlib.unused_data

    def close(self) -> None:
        if not self._zlib.eof and not self._is_first:
            raise BadCodingError


def _has_zlib_header(coded: bytes) -> bool:
    return coded[0] & 0x0F == 8 and (len(coded) < 2 or int.from_bytes(coded[:2]) % 31 == 0)
