"""What went wrong with a request, in words for an operator, and whether to try again. No token, no body."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import unicodedata
import zlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from k8supgrade.kube.api import ApiError, ExpiredError
from k8supgrade.kube.retry import Again, AttemptError, retry_after
from k8supgrade.kube.transport import CONNECT_SECONDS, PROGRESS, Answer

LONGEST_MESSAGE = 300
_RETRIED = frozenset((429, 500, 502, 503, 504))
_WAITS = frozenset((429, 503))
_COLOUR = re.compile(r"\x1b\[[\d;]*[A-Za-z]")
# Nothing that a person wrote is that long without a space or slash; tokens are.
_SECRET = re.compile(r"[\w.=+~-]{64,}")
_REFUSED_AGAIN_AFTER = 1.0


class _ListMetadata(msgspec.Struct):
    token: str | None = msgspec.field(name="continue", default=None)


class _Status(msgspec.Struct):
    message: str | None = None
    metadata: _ListMetadata | None = None


_STATUS = msgspec.json.Decoder(_Status)


class Peer(NamedTuple):
    """Whom we ask. `address`: host and port; `is_anonymous`: the kubeconfig holds no credentials."""

    context: str
    address: str
    is_anonymous: bool = False


def clean(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """One line without control characters and without what may be a token."""
    text = _COLOUR.sub("", text)
    plain = "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs") else char for char in text)
    plain = _SECRET.sub("[...]", " ".join(plain.split()))
    return plain if len(plain) <= longest else plain[: longest - 3].rstrip() + "..."


def refused(answer: Answer, peer: Peer) -> AttemptError:
    """Of an answer that is no success."""
    status = answer.status
    said = _said(answer.body)
    if status == 410:
        token = (said.metadata.token if said.metadata else None) or None
        return AttemptError(ExpiredError(_reason(status, said.message), token=token))
    if 300 <= status < 400:
        error = ApiError(f"redirects are not followed ({status}{_target(answer)})", status=status)
        return AttemptError(error)
    if status == 401:
        return AttemptError(ApiError(f"unauthorized (401): {_who(peer)}", status=status))
    error = ApiError(_reason(status, said.message), status=status)
    if status not in _RETRIED:
        return AttemptError(error)
    after = retry_after(answer.headers.get("retry-after")) if status in _WAITS else None
    return AttemptError(error, Again.OFTEN, after)


def _said(body: bytes) -> _Status:
    try:
        return _STATUS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Status()


def _reason(status: int, message: str | None) -> str:
    try:
        phrase = HTTPStatus(status).phrase.lower()
    except ValueError:
        phrase = "unexpected answer"
    said = clean(message or "")
    return f"{phrase} ({status}): {said}" if said else f"{phrase} ({status})"


def _target(answer: Answer) -> str:
    """Where a redirect leads; without its path and query, which may hold a login's state."""
    try:
        parts = urlsplit(answer.headers.get("location") or "")
        host = f"{parts.scheme}://{parts.hostname}" if parts.scheme and parts.hostname else ""
    except ValueError:
        host = ""
    return f" to {clean(host, 100)}" if host else ""


def _who(peer: Peer) -> str:
    if peer.is_anonymous:
        return f"context {peer.context} has no credentials in the kubeconfig"
    return f"the credentials of context {peer.context} are refused; log in again"


def broken(error: Exception, peer: Peer, timeout: float, *, had_answers: bool) -> AttemptError:
    """Of an attempt that brought no (whole) answer. Where no request was sent, the host counts as unreachable."""
    from urllib3 import exceptions

    causes = tuple(_causes(error))
    lost = not PROGRESS.is_connected

    def failed(reason: str, again: Again = Again.NEVER, after: float | None = None) -> AttemptError:
        return AttemptError(ApiError(reason, is_unreachable=lost), again, after)

    if isinstance(error, exceptions.ProxyError):
        return failed(f"the proxy on the way to {peer.address} fails: {_detail(causes)}")
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return failed(f"cannot resolve host name {peer.address.rpartition(':')[0]}")
        if isinstance(cause, ConnectionRefusedError) and lost:
            again = Again.ONCE if had_answers else Again.NEVER
            return failed(f"connection refused by {peer.address}", again, _REFUSED_AGAIN_AFTER)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return failed(
                f"the certificate of {peer.address} is not trusted: {clean(cause.verify_message)}; the cluster's "
                "certificate-authority in the kubeconfig must be the one that signed it"
            )
    if isinstance(error, exceptions.NewConnectionError):
        return failed(f"cannot connect to {peer.address}: {_detail(causes)}")
    if any(isinstance(cause, (exceptions.TimeoutError, TimeoutError)) for cause in causes):
        return _timed_out(peer, timeout)
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None and not PROGRESS.has_answer and not isinstance(tls, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return failed(
            f"TLS with {peer.address} fails: {clean(tls.reason or 'unknown reason').replace('_', ' ').lower()}"
        )
    if isinstance(error, zlib.error):
        return failed(f"the answer of {peer.address} cannot be unpacked", Again.OFTEN)
    if any(isinstance(cause, http.client.BadStatusLine) for cause in causes) and not any(
        isinstance(cause, http.client.RemoteDisconnected) for cause in causes
    ):
        return failed(f"{peer.address} does not speak HTTP", Again.OFTEN)
    where = "in the middle of" if PROGRESS.has_answer else "before"
    return failed(f"{peer.address} closed the connection {where} its answer", Again.OFTEN)


def _timed_out(peer: Peer, timeout: float) -> AttemptError:
    if not PROGRESS.is_connected:
        return AttemptError(
            ApiError(f"no connection to {peer.address} within {min(timeout, CONNECT_SECONDS):g} s", is_unreachable=True)
        )
    what = "the answer was not complete" if PROGRESS.has_answer else "no answer"
    return AttemptError(ApiError(f"{what} within {timeout:g} s"), Again.ONCE)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that it was made from."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [getattr(one, "original_error", None), one.__cause__, *one.args]


def _detail(causes: tuple[BaseException, ...]) -> str:
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {clean(cause.verify_message)}"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if isinstance(cause, socket.gaierror):
            return "its host name cannot be resolved"
        if isinstance(cause, OSError) and cause.strerror:
            return clean(cause.strerror).lower()
        if isinstance(cause, OSError) and str(cause).startswith("Tunnel connection failed"):
            return clean(str(cause)).lower()
    return "no connection"
