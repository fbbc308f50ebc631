"""One GET on urllib3's pools, with an end: in time, whatever the server does, and in bytes, whatever they unpack to.

urllib3's own timeouts are for each read from the socket, so a server that sends a byte now and then is never too late
for them. Here every read may take just what is left of the request's time; the pools' connections are made to read
through `_Raw` for that. The time belongs to the thread that makes the request.
"""

from __future__ import annotations

import http.client
import io
import threading
import time
import zlib
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from urllib3 import PoolManager

CONNECT_SECONDS = 10.0
_CHUNK = 1 << 18
_BUFFER = 1 << 16
_GZIP = 31  # zlib's name for it
_ERROR_BODY = 1 << 16


class Answer(NamedTuple):
    """`body`: unpacked; of an error only its beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Progress(threading.local):
    """How far the request of this thread has come, and when it must be over."""

    deadline: float = 0.0
    is_connected: bool = False
    has_answer: bool = False


class TooManyBytesError(Exception):
    """The body is longer than allowed."""


PROGRESS = Progress()


class _Raw(io.RawIOBase):
    def __init__(self, sock: Any, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = PROGRESS.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw: Any = self.fp.detach()
        self.fp = io.BufferedReader(_Raw(sock, raw), _BUFFER)


class _Connection:
    """Mixed into urllib3's connections: the request has been sent once an answer is asked for."""

    response_class = _Response

    def getresponse(self) -> Any:
        PROGRESS.is_connected = True
        return super().getresponse()  # type: ignore[misc]


def bound(manager: PoolManager) -> None:
    """Makes all connections of the pools keep the deadline."""
    pools: dict[str, Any] = {}
    pool: Any
    for scheme, pool in manager.pool_classes_by_scheme.items():
        connection = type(pool.ConnectionCls.__name__, (_Connection, pool.ConnectionCls), {})
        pools[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": connection})
    manager.pool_classes_by_scheme = pools


def get(manager: PoolManager, url: str, headers: Iterable[tuple[str, str]], *, timeout: float, limit: int) -> Answer:
    """The answer, whatever its status.

    Raises:
        TooManyBytesError: more than `limit`, as they were before the server packed them.
        urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError, zlib.error: there is none.
    """
    from urllib3 import HTTPHeaderDict, Timeout

    PROGRESS.deadline = time.monotonic() + timeout
    PROGRESS.is_connected = PROGRESS.has_answer = False
    response: Any = manager.urlopen(
        "GET",
        url,
        headers=HTTPHeaderDict(headers),
        redirect=False,
        retries=False,
        timeout=Timeout(connect=min(timeout, CONNECT_SECONDS), read=timeout),
        preload_content=False,
        decode_content=False,
        enforce_content_length=True,
    )
    PROGRESS.has_answer = True
    is_whole = False
    try:
        body = _body(response, limit) if 200 <= response.status < 300 else _beginning(response)
        is_whole = True
    finally:
        if not is_whole:
            response.close()  # what is left in the connection is not read by anybody
        response.release_conn()
    return Answer(response.status, response.headers, body)


def _beginning(response: Any) -> bytes:
    """Of an error only the first words are shown, and what it is stands in the status."""
    from urllib3.exceptions import HTTPError

    try:
        return _body(response, _ERROR_BODY)
    except (HTTPError, http.client.HTTPException, OSError, zlib.error, TooManyBytesError):
        response.close()
        return b""


def _body(response: Any, limit: int) -> bytes:
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in ("gzip", "x-gzip"):
        return _unpacked(response, limit)
    if coding not in ("", "identity"):
        raise zlib.error("unknown content-encoding")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise TooManyBytesError
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooManyBytesError
        chunks.append(chunk)
    if not chunks and not length and not response.chunked and response.status == HTTPStatus.OK:
        raise http.client.IncompleteRead(b"")  # http.client takes a head that breaks off for a whole one
    return b"".join(chunks)


def _unpacked(response: Any, limit: int) -> bytes:
    chunks: list[bytes] = []
    left = limit + 1
    unpacker = zlib.decompressobj(_GZIP)
    while packed := response.read(_CHUNK):
        while packed:
            if unpacker.eof:  # one gzip member after another is one text
                unpacker = zlib.decompressobj(_GZIP)
            chunk = unpacker.decompress(packed, left)
            left -= len(chunk)
            if left <= 0:
                raise TooManyBytesError
            chunks.append(chunk)
            packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof:
        raise zlib.error("incomplete")
    return b"".join(chunks)
