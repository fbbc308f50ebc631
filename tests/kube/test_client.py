"""One request and its retries, against servers that do what servers do on a bad day."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from pathlib import Path

import pytest

from k8supgrade.kube.api import ApiError, ExpiredError, TooLargeError
from k8supgrade.kube.client import Client
from tests.kube.conftest import USER_AGENT, Clients
from tests.kube.servers import (
    Peer,
    Reply,
    Server,
    answer,
    chunked,
    dripping,
    failure,
    packed,
    raw,
    reset_after,
    serving,
    stalled_after,
)

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
_SOON = 10.0  # seconds; far more than any of this takes


def failing(client: Client, path: str = "/x", limit: int | None = None) -> ApiError:
    with pytest.raises(ApiError) as raised:
        client.get(path, limit=limit)
    assert str(raised.value) == raised.value.reason
    return raised.value


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_a_get_says_who_asks_and_what_for(server: Server, clients: Clients) -> None:
    server.on("/apis", answer(b"[1]"))
    client = clients(server.url)
    assert client.name == "prod"
    assert client.get("/apis", query={"a": "b c&d"}, accept="text/plain") == b"[1]"
    (request,) = server.requests
    assert request.path == "/apis?a=b+c%26d"
    assert request.headers["authorization"] == "Bearer good-token"
    assert request.headers["user-agent"] == USER_AGENT
    assert request.headers["accept"] == "text/plain"


def test_a_server_below_a_path_is_asked_below_it(server: Server, clients: Clients) -> None:
    server.on("/k8s/clusters/c-1/version", answer())
    assert clients(f"{server.url}/k8s/clusters/c-1/").get("/version") == b"{}"


def test_connections_are_used_again(server: Server, clients: Clients) -> None:
    server.on("/x", answer(b"{}" * 100_000))
    server.on("/y", failure(403), chunked([b"a", b"b"]))
    client = clients(server.url)
    for _ in range(3):
        client.get("/x")
        failing(client, "/z")
    failing(client, "/y")
    assert client.get("/y") == b"ab"
    assert server.connections == 1


def test_many_threads_may_ask(server: Server, clients: Clients) -> None:
    server.on("/x", *[failure(503) if number % 7 == 0 else answer(b"%d" % number) for number in range(200)])
    client = clients(server.url)
    got: list[bytes] = []
    threads = [threading.Thread(target=lambda: got.extend(client.get("/x") for _ in range(8))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 16 * 8
    assert len(set(got)) > 16 * 7


# ------------------------------------------------------------------ statuses


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(400, "bad request"), (403, "forbidden"), (404, "not found"), (405, "method not allowed"),
     (406, "not acceptable"), (418, "i'm a teapot"), (499, "unexpected answer")],
)  # fmt: skip
def test_what_the_server_refuses_is_told_in_its_words(
    server: Server, clients: Clients, status: int, phrase: str
) -> None:
    server.on("/x", failure(status, 'User "scanner" cannot list resource "pods"'))
    error = failing(clients(server.url))
    assert error.reason == f'{phrase} ({status}): User "scanner" cannot list resource "pods"'
    assert (error.status, error.is_unreachable) == (status, False)
    assert server.asked("/x") == 1


def test_a_message_is_one_short_line_without_control_characters_and_tokens(server: Server, clients: Clients) -> None:
    server.on("/x", failure(403, "a\x1b[31m\r\n\tb\u202e " + "t0k-en_." * 20 + " word" * 100))
    reason = failing(clients(server.url)).reason
    assert reason.startswith("forbidden (403): a b [...] word word")
    assert len(reason) < 330
    assert reason.endswith("...")


@pytest.mark.parametrize("body", [b"<html>no</html>", b'{"message": 1}', b"\xff\xfe", b"[" * 60_000, b"", b"null"])
def test_a_body_that_is_no_status_is_not_shown(server: Server, clients: Clients, body: bytes) -> None:
    server.on("/x", answer(body, 403))
    assert failing(clients(server.url)).reason == "forbidden (403)"


def test_credentials_that_are_refused(server: Server, clients: Clients) -> None:
    server.on("/x", failure(401, "Unauthorized"))
    error = failing(clients(server.url))
    assert error.reason == "unauthorized (401): the credentials of context prod are refused; log in again"
    assert error.status == 401
    anonymous = failing(clients(server.url, {}))
    assert anonymous.reason == "unauthorized (401): context prod has no credentials in the kubeconfig"


def test_a_redirect_is_not_followed(server: Server, clients: Clients) -> None:
    with serving() as other:
        other.on("/x", answer())
        server.on("/x", answer(b"", 302, f"Location: {other.url}/x?state=secret"))
        error = failing(clients(server.url))
        assert error.reason == "redirects are not followed (302 to http://127.0.0.1)"
        assert other.requests == []


@pytest.mark.parametrize("location", ["http://[", "/elsewhere", ""])
def test_a_redirect_to_nowhere(server: Server, clients: Clients, location: str) -> None:
    server.on("/x", answer(b"", 301, f"Location: {location}"))
    assert failing(clients(server.url)).reason == "redirects are not followed (301)"


@pytest.mark.parametrize(
    ("metadata", "token"), [({"continue": "fresh"}, "fresh"), ({}, None), ({"continue": ""}, None)]
)
def test_what_has_expired(server: Server, clients: Clients, metadata: object, token: str | None) -> None:
    server.on("/x", failure(410, "too old", metadata=metadata))
    error = failing(clients(server.url))
    assert isinstance(error, ExpiredError)
    assert (error.token, error.status, error.reason) == (token, 410, "gone (410): too old")


# ------------------------------------------------------------------ retries


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(server: Server, clients: Clients, status: int) -> None:
    server.on("/x", failure(status), failure(status), answer(b"ok"))
    assert clients(server.url).get("/x") == b"ok"
    first, second = clients.slept
    assert 0 < first <= 0.1
    assert 0.1 < second <= 0.4


def test_four_attempts_are_enough(server: Server, clients: Clients) -> None:
    server.on("/apis/metrics.k8s.io/v1beta1", failure(503, "the backend is down"))
    server.on("/x", answer())
    client = clients(server.url)
    error = failing(client, "/apis/metrics.k8s.io/v1beta1")
    assert error.reason == "service unavailable (503): the backend is down (4 attempts)"
    assert (error.status, error.is_unreachable) == (503, False)
    assert server.asked("/apis/metrics.k8s.io/v1beta1") == 4
    assert client.get("/x") == b"{}"


@pytest.mark.parametrize(
    ("asked", "waits"),
    [("7", 7), ("0", 0), ("3600", 30), ("-5", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("inf", 30)],
)
def test_a_server_may_say_when_to_come_back(server: Server, clients: Clients, asked: str, waits: float) -> None:
    for status in (429, 503):
        server.on("/x", failure(status, "", f"Retry-After: {asked}"), answer())
        clients(server.url).get("/x")
    assert clients.slept == [waits, waits]


@pytest.mark.parametrize("asked", ["soon", "nan", "Thu, 99 Xyz 1970"])
def test_a_retry_after_that_nobody_understands(server: Server, clients: Clients, asked: str) -> None:
    server.on("/x", failure(429, "", f"Retry-After: {asked}"), answer())
    clients(server.url).get("/x")
    assert clients.slept[0] <= 0.1


BROKEN: dict[str, Reply] = {
    "closed before": raw(b""),
    "closed in the head": raw(b"HTTP/1.1 200 OK\r\nConte"),
    "reset before": reset_after(b""),
    "reset in the body": reset_after(_HEAD + b"half"),
    "closed in the body": raw(_HEAD + b"half"),
    "longer than it is": answer(b"half", length=1000),
    "chunks without end": chunked([b"half"], is_whole=False),
    "closed after a line of the head": raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "half a gzip": answer(gzip.compress(b"x" * 1000)[:-9], 200, "Content-Encoding: gzip"),
    "no gzip": answer(b"plain", 200, "Content-Encoding: gzip"),
    "unknown coding": answer(b"plain", 200, "Content-Encoding: br"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_answer_is_asked_for_again(server: Server, clients: Clients, fault: str) -> None:
    server.on("/x", BROKEN[fault], answer(b"ok"))
    assert clients(server.url).get("/x") == b"ok"


@pytest.mark.parametrize("fault", BROKEN)
def test_a_server_that_only_breaks_costs_four_attempts(server: Server, clients: Clients, fault: str) -> None:
    server.on("/x", BROKEN[fault])
    server.on("/y", answer(b"fine"))
    client = clients(server.url)
    error = failing(client)
    assert "(4 attempts)" in error.reason
    assert error.status is None
    assert not error.is_unreachable
    assert client.get("/y") == b"fine"


def test_an_answer_that_goes_on_after_its_end_does_not_begin_the_next(server: Server, clients: Clients) -> None:
    server.on("/x", answer(b"0123456789", length=4))
    server.on("/y", answer(b"right"))
    client = clients(server.url)
    assert client.get("/x") == b"0123"
    assert client.get("/y") == b"right"


# ------------------------------------------------------------------ time


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (stalled_after(), "no answer within 0.5 s"),
        (stalled_after(b"HTTP/1.1 200 OK\r\n"), "no answer within 0.5 s"),
        (stalled_after(_HEAD + b"half"), "the answer was not complete within 0.5 s"),
        (dripping(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 1000), "no answer within 0.5 s"),
        (dripping(_HEAD + b"x" * 1000), "no answer within 0.5 s"),
    ],
)
def test_a_slow_server_ends_in_time(server: Server, clients: Clients, reply: Reply, reason: str) -> None:
    server.on("/x", reply)
    started = time.monotonic()
    error = failing(clients(server.url, timeout=0.5))
    assert time.monotonic() - started < _SOON
    assert error.reason == f"{reason} (2 attempts)"
    assert not error.is_unreachable


def test_a_body_that_drips_ends_in_time(server: Server, clients: Clients) -> None:
    def reply(peer: Peer) -> None:
        peer.send(_HEAD)
        dripping(b"x" * 1000)(peer)

    server.on("/x", reply)
    assert failing(clients(server.url, timeout=0.5)).reason.startswith("the answer was not complete within 0.5 s")


def test_one_slow_answer_costs_one_attempt(server: Server, clients: Clients) -> None:
    server.on("/x", stalled_after(), answer(b"ok"))
    assert clients(server.url, timeout=0.5).get("/x") == b"ok"


# ------------------------------------------------------------------ size


@pytest.mark.parametrize("reply", [answer(b"x" * 1001), packed(b"x" * 1001), chunked([b"x" * 500] * 3)])
def test_an_answer_may_be_too_large(server: Server, clients: Clients, reply: Reply) -> None:
    server.on("/x", reply)
    server.on("/y", answer(b"next"))
    client = clients(server.url)
    error = failing(client, limit=1000)
    assert isinstance(error, TooLargeError)
    assert error.reason == "the answer is larger than 1000 bytes"
    assert server.asked("/x") == 1
    assert client.get("/y") == b"next"


@pytest.mark.parametrize("reply", [answer(b"x" * 1000), packed(b"x" * 1000), chunked([b"x" * 500] * 2)])
def test_an_answer_may_be_as_large_as_allowed(server: Server, clients: Clients, reply: Reply) -> None:
    server.on("/x", reply)
    assert clients(server.url).get("/x", limit=1000) == b"x" * 1000


def test_a_gzip_bomb_does_not_go_off(server: Server, clients: Clients) -> None:
    import tracemalloc

    server.on("/x", packed(bytes(1 << 28)))
    client = clients(server.url)
    tracemalloc.start()
    try:
        error = failing(client, limit=1 << 20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(error, TooLargeError)
    assert error.reason == "the answer is larger than 1 MiB"
    assert peak < 64 << 20


def test_a_bomb_in_an_error_does_not_go_off_either(server: Server, clients: Clients) -> None:
    server.on("/x", answer(gzip.compress(bytes(1 << 26)), 403, "Content-Encoding: gzip"))
    assert failing(clients(server.url)).reason == "forbidden (403)"


def test_gzip_members_one_after_another_are_one_text(server: Server, clients: Clients) -> None:
    server.on("/x", answer(gzip.compress(b"a") + gzip.compress(b"b" * 10**6), 200, "Content-Encoding: gzip"))
    assert clients(server.url).get("/x") == b"a" + b"b" * 10**6


def test_nothing_is_packed_for_this_machine(server: Server, clients: Clients) -> None:
    server.on("/x", answer())
    clients(server.url).get("/x")
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("cluster", "coding"), [({}, "gzip"), ({"disable-compression": True}, "identity")])
def test_elsewhere_it_is_unless_the_kubeconfig_says_no(
    server: Server, clients: Clients, cluster: dict[str, bool], coding: str
) -> None:
    server.on("http://cluster.test.invalid/x", packed(b"{}"))
    clients("http://cluster.test.invalid", cluster={**cluster, "proxy-url": server.url}).get("/x")
    assert server.requests[0].headers["accept-encoding"] == coding


# ------------------------------------------------------------------ hosts that are not there


def test_a_host_that_refuses_is_not_asked_again(clients: Clients) -> None:
    port = free_port()
    client = clients(f"http://127.0.0.1:{port}")
    for path in ("/x", "/y"):
        error = failing(client, path)
        assert error.reason == f"connection refused by 127.0.0.1:{port}"
        assert error.is_unreachable
    with serving():
        assert failing(client).is_unreachable
    assert clients.slept == []


def test_a_server_that_restarts_is_asked_once_more(clients: Clients) -> None:
    with serving() as server:
        server.on("/x", answer(b"", 200, "Connection: close"))
        client = clients(server.url)
        client.get("/x")
    error = failing(client)
    assert error.is_unreachable
    assert error.reason == f"connection refused by {server.address} (2 attempts)"
    assert clients.slept == [1.0]
    assert failing(client).is_unreachable


def test_a_name_that_does_not_resolve(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    error = failing(clients("http://api.test.invalid:6443"))
    assert error.reason == "cannot resolve host name api.test.invalid"
    assert error.is_unreachable


def test_a_host_without_a_route(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*arguments: object, **options: object) -> None:
        raise OSError(113, "No route to host")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    error = failing(clients("http://127.0.0.1:6443"))
    assert error.reason == "cannot connect to 127.0.0.1:6443: no route to host"
    assert error.is_unreachable


def test_a_host_that_does_not_even_refuse(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*arguments: object, **options: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", silent)
    error = failing(clients("http://127.0.0.1:6443"))
    assert error.reason == "no connection to 127.0.0.1:6443 within 10 s"
    assert error.is_unreachable


def test_an_older_error_is_not_taken_for_the_reason(server: Server, clients: Clients, tmp_path: Path) -> None:
    server.on("/x", raw(b""))
    client = clients(server.url)
    try:
        raise ConnectionRefusedError
    except ConnectionRefusedError:
        assert "closed the connection before its answer" in failing(client).reason
