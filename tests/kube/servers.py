"""API servers that misbehave on demand, on raw sockets: no HTTP library sends what these must."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

CERTIFICATE = Path(__file__).parent / "tls" / "server.pem"
_PATIENCE = 30.0  # a test that hangs longer has failed


class Request(NamedTuple):
    """`headers` with names in lower case; of a header that comes twice, both values with a comma between."""

    path: str
    headers: dict[str, str]
    connection: int


Reply = Callable[["Peer"], None]


class Peer:
    """The server's end of a connection, while it replies."""

    def __init__(self, sock: socket.socket, stop: threading.Event) -> None:
        self.sock = sock
        self._stop = stop
        self.closes = False

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait(self, seconds: float) -> bool:
        """True when the test is over."""
        return self._stop.wait(seconds)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.closes = True


class Server:
    """Replies to a path with one reply after the other; the last one stays."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.stop = threading.Event()
        self._context = context
        self._replies: dict[str, list[Reply]] = {}
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if context else 'http'}://{self.address}"
        self.connections = 0
        self._start(self._accept)

    def on(self, path: str, *replies: Reply) -> None:
        self._replies[path] = list(replies)

    def asked(self, path: str) -> int:
        return sum(request.path.partition("?")[0] == path for request in self.requests)

    def close(self) -> None:
        self.stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(_PATIENCE)
            assert not thread.is_alive()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        sock.settimeout(0.1)
        try:
            if self._context is not None:
                sock.settimeout(_PATIENCE)
                sock = self._context.wrap_socket(sock, server_side=True)
                sock.settimeout(0.1)
            peer = Peer(sock, self.stop)
            while not peer.closes and (request := self._request(sock, number)) is not None:
                sock.settimeout(_PATIENCE)
                self._reply(request)(peer)
                sock.settimeout(0.1)
        except OSError:  # the client went away, which is what some tests are about
            pass
        finally:
            sock.close()

    def _request(self, sock: socket.socket, number: int) -> Request | None:
        data = b""
        while b"\r\n\r\n" not in data:
            try:
                chunk = sock.recv(65536)
            except TimeoutError:
                if self.stop.is_set():
                    return None
                continue
            if not chunk:
                return None
            data += chunk
        first, *lines = data.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            key = name.lower()
            headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
        request = Request(first.split(" ")[1], headers, number)
        self.requests.append(request)
        return request

    def _reply(self, request: Request) -> Reply:
        with self._lock:
            replies = self._replies.get(request.path) or self._replies.get(request.path.partition("?")[0])
            if not replies:
                return failure(404, "no such path")
            return replies.pop(0) if len(replies) > 1 else replies[0]


@contextmanager
def serving(*, tls: bool = False, wants_certificate: bool = False) -> Iterator[Server]:
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        if wants_certificate:
            context.load_verify_locations(CERTIFICATE)
            context.verify_mode = ssl.CERT_REQUIRED
    server = Server(context)
    try:
        yield server
    finally:
        server.close()


def answer(body: bytes = b"{}", status: int = 200, *headers: str, length: int | None = None) -> Reply:
    """An answer; `length` is what it says its length is."""
    head = [f"HTTP/1.1 {status} Some phrase", f"Content-Length: {len(body) if length is None else length}", *headers]
    data = "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def reply(peer: Peer) -> None:
        peer.send(data)
        peer.closes = length is not None

    return reply


def closing(reply: Reply) -> Reply:
    def and_close(peer: Peer) -> None:
        peer.wait(0.05)  # for what else the request may bring
        reply(peer)
        peer.closes = True

    return and_close


def packed(body: bytes) -> Reply:
    return answer(gzip.compress(body), 200, "Content-Encoding: gzip")


def failure(status: int, message: str = "", *headers: str, metadata: Any = None) -> Reply:
    body = {"kind": "Status", "status": "Failure", "message": message, "code": status, "metadata": metadata or {}}
    return answer(json.dumps(body).encode(), status, *headers)


def raw(data: bytes) -> Reply:
    """Just these bytes, and the end."""

    def reply(peer: Peer) -> None:
        peer.send(data)
        peer.closes = True

    return reply


def reset_after(data: bytes) -> Reply:
    def reply(peer: Peer) -> None:
        peer.send(data)
        peer.wait(0.05)
        peer.reset()

    return reply


def stalled_after(data: bytes = b"") -> Reply:
    """Then nothing, for ever."""

    def reply(peer: Peer) -> None:
        peer.send(data)
        peer.wait(_PATIENCE)
        peer.closes = True

    return reply


def dripping(data: bytes, pause: float = 0.05) -> Reply:
    """A byte now and then: never too late for a timeout that is for each read."""

    def reply(peer: Peer) -> None:
        for byte in data:
            peer.send(bytes([byte]))
            if peer.wait(pause):
                break
        peer.closes = True

    return reply


def chunked(parts: Sequence[bytes], *, is_whole: bool = True) -> Reply:
    def reply(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in parts:
            peer.send(b"%x\r\n%s\r\n" % (len(part), part))
        peer.send(b"0\r\n\r\n" if is_whole else b"")
        peer.closes = not is_whole

    return reply
