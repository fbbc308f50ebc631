"""Chart repositories on loopback that do as they are told."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Request(NamedTuple):
    path: str
    headers: dict[str, str]


class Reply(NamedTuple):
    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None  # what is claimed, where it is not the truth


Answers = Callable[[Request], Reply]


class Server:
    """`requests` are those that came, in order."""

    def __init__(self, answers: Answers, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                request = Request(self.path, {name.lower(): value for name, value in self.headers.items()})
                outer.requests.append(request)
                reply = answers(request)
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                length = len(reply.body) if reply.length is None else reply.length
                self.send_header("Content-Length", str(length))
                if reply.length is not None:
                    self.close_connection = True
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def server(answers: Answers | dict[str, Reply], context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Answers of a function, or fixed ones by path, 404 for the rest."""
    chosen = answers if callable(answers) else (lambda request: answers.get(request.path, Reply(404)))
    running = Server(chosen, context)
    try:
        yield running
    finally:
        running.stop()


def with_password(answers: Answers, user: str, password: str) -> Answers:
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def answer(request: Request) -> Reply:
        if request.headers.get("authorization") != expected:
            return Reply(401, b"who are you?", (("WWW-Authenticate", 'Basic realm="charts"'),))
        return answers(request)

    return answer
