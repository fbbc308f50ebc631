"""A proxy in front of a real API server that breaks what it is told to break."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

from tests.e2e.cluster import ControlPlane

STALL_SECONDS = 20.0  # longer than any test waits

Fault = Callable[["Handler", bytes], None]


class Rule:
    """`fault` for the first `times` requests whose path (with query) matches; `seen` counts all that match."""

    def __init__(self, pattern: str, fault: Fault, times: int | None = None) -> None:
        self.pattern = re.compile(pattern)
        self.fault = fault
        self.times = times
        self.seen = 0
        self._lock = threading.Lock()

    def applies(self, path: str) -> bool:
        if not self.pattern.search(path):
            return False
        with self._lock:
            self.seen += 1
            return self.times is None or self.seen <= self.times


class Handler(BaseHTTPRequestHandler):
    """Passes a GET on, and its answer through the first rule that applies."""

    protocol_version = "HTTP/1.1"
    upstream: ControlPlane
    rules: list[Rule]

    def do_GET(self) -> None:
        headers = {name: value for name, value in self.headers.items() if name in ("Accept", "Authorization")}
        rule = next((rule for rule in self.rules if rule.applies(self.path)), None)
        status, body = self.upstream.request("GET", self.path, headers=headers)
        if rule is not None:
            rule.fault(self, body)
        else:
            self.answer(status, body)

    def answer(
        self, status: int, body: bytes, *, length: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Not on the tests' output."""


def status(code: int, message: str = "broken on purpose", headers: Mapping[str, str] | None = None) -> Fault:
    text = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})
    return lambda handler, _: handler.answer(code, text.encode(), headers=headers)


def expired(handler: Handler, _: bytes) -> None:
    """410, without a token to go on with."""
    status(410, "The provided continue parameter is too old")(handler, b"")


def reset(handler: Handler, body: bytes) -> None:
    handler.answer(200, body[: len(body) // 2], length=len(body))
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def truncated(handler: Handler, body: bytes) -> None:
    """Half of the JSON, with a length that is right for it."""
    handler.answer(200, body[: len(body) // 2])


def too_short(handler: Handler, body: bytes) -> None:
    """Says less than it sends."""
    handler.answer(200, body, length=len(body) - 10)
    handler.close_connection = True


def too_long(handler: Handler, body: bytes) -> None:
    """Says more than it sends."""
    handler.answer(200, body, length=len(body) + 10)
    handler.close_connection = True


def stalled(handler: Handler, body: bytes) -> None:
    handler.answer(200, body[: len(body) // 2], length=len(body))
    handler.wfile.flush()
    time.sleep(STALL_SECONDS)


def changed(change: Callable[[bytes], bytes]) -> Fault:
    return lambda handler, body: handler.answer(200, change(body))


@contextmanager
def proxy(upstream: ControlPlane, config: Path, *rules: Rule) -> Iterator[Path]:
    """Gives a kubeconfig whose server is the proxy."""
    handler = type("BoundHandler", (Handler,), {"upstream": upstream, "rules": list(rules)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        content = yaml.safe_load(upstream.kubeconfig(config).read_text())
        content["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{server.server_address[1]}"}
        config.write_text(yaml.safe_dump(content))
        yield config
    finally:
        server.shutdown()
        server.server_close()
