"""Undoing what `Content-Encoding` says was done to an answer, within bounds (RFC 9110 8.4).

Nothing but `identity` is asked for. Servers and storages all the same name codings that were never applied (`none`,
`utf-8`, `aws-chunked`); those are left alone, since the content is judged anyway.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

_STEP = 256 * 1024  # bytes made at a time: a bomb is noticed before it has gone off
_WINDOW = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # wbits of zlib.decompressobj
_MAGIC = b"\x1f\x8b"  # RFC 1952 2.3.1: how each member of a gzip file begins


class BadCodingError(OSError):
    """The content is not coded as it says."""


class Decoder(Protocol):
    """Gives the content back in small blocks; `close` raises BadCodingError where its end is missing.

    `changes` says whether it has another length than what was sent.
    """

    changes: bool

    def blocks(self, coded: bytes) -> Iterator[bytes]: ...

    def close(self) -> None: ...


def decoder(content_encoding: str, *, is_measured: bool = False) -> Decoder:
    """`is_measured` says that the length of what is sent is known: then content that is not coded at all is whole."""
    codings = [word.strip().lower() for word in content_encoding.split(",")]
    applied = [word for word in codings if word in _WINDOW]
    # Nobody compresses twice but who builds a bomb: what is left as it came is no picture and no JSON.
    return _Inflater(applied[0], may_be_plain=is_measured) if len(applied) == 1 else _Plain()


class _Plain:
    changes = False

    def blocks(self, coded: bytes) -> Iterator[bytes]:
        yield coded

    def close(self) -> None:
        pass


class _Inflater:
    changes = True

    def __init__(self, coding: str, *, may_be_plain: bool) -> None:
        self._coding = coding
        self._may_be_plain = may_be_plain and coding != "deflate"  # which has no mark of its own
        self._zlib = zlib.decompressobj(_WINDOW[coding])
        self._is_first = True

    def blocks(self, coded: bytes) -> Iterator[bytes]:
        if self._is_first and coded:
            self._is_first = False
            self._may_be_plain = self._may_be_plain and not _begins_member(coded)
            if self._coding == "deflate" and not _has_zlib_header(coded):
                self._zlib = zlib.decompressobj(-15)  # as old servers understood RFC 2616: deflate without its frame
        if self._may_be_plain:
            yield coded
            return
        try:
            yield from self._inflated(coded)
        except zlib.error:
            raise BadCodingError from None

    def _inflated(self, coded: bytes) -> Iterator[bytes]:
        while coded:
            if self._zlib.eof and not _begins_member(coded):
                return  # gzip ignores what stands behind the last member, too
            if self._zlib.eof:
                self._zlib = zlib.decompressobj(_WINDOW[self._coding])
            while block := self._zlib.decompress(coded, _STEP):
                yield block
                coded = self._zlib.unconsumed_tail
            coded = self._zlib.unused_data

    def close(self) -> None:
        if not (self._zlib.eof or self._is_first or self._may_be_plain):
            raise BadCodingError


def _begins_member(coded: bytes) -> bool:
    return coded[:2] == _MAGIC[: len(coded[:2])]


def _has_zlib_header(coded: bytes) -> bool:
    return coded[0] & 0x0F == 8 and (len(coded) < 2 or int.from_bytes(coded[:2]) % 31 == 0)
