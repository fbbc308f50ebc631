"""A live API server. Reads only; follows no redirect, so that nobody else ever sees the credentials."""

from __future__ import annotations

import http.client
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from types import TracebackType
from urllib.parse import urlencode

from k8supgrade.kube import retry, transport
from k8supgrade.kube.api import JSON, ApiError, TooLargeError
from k8supgrade.kube.contexts import ContextRef
from k8supgrade.kube.credentials import Session
from k8supgrade.kube.failures import Peer, broken, refused

LIMIT = 64 << 20
POOL_SIZE = 8


class Client:
    """The API server of a context; any number of threads may ask it.

    Nothing happens before the first request: credentials are loaded then, and every failure is an ApiError of `get`.
    timeout: seconds for one attempt, from the connection to the last byte.
    """

    def __init__(
        self,
        context: ContextRef,
        *,
        timeout: float,
        user_agent: str,
        maxsize: int = POOL_SIZE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._context = context
        self._timeout = timeout
        self._user_agent = user_agent
        self._maxsize = maxsize
        self._sleep = sleep
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._has_answered = False
        self._dead: str | None = None

    @property
    def name(self) -> str:
        """The context's name."""
        return self._context.name

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections that wait for a next request."""
        with self._lock:
            if self._session is not None:
                self._session.manager.clear()

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, accept: str = JSON, limit: int | None = None
    ) -> bytes:
        """The whole body of a GET, unpacked; `limit` is 64 MiB where nobody says otherwise.

        Raises:
            TooLargeError: the body is longer than `limit` bytes.
            ExpiredError: 410.
            ApiError: every other failure. After one with `is_unreachable` all others fail with the same words at once.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        most = LIMIT if limit is None else limit
        try:
            return retry.call(lambda: self._attempt(target, accept, most), sleep=self._sleep)
        except ApiError as error:
            if error.is_unreachable and self._dead is None:
                self._dead = error.reason
            raise

    def _attempt(self, target: str, accept: str, limit: int) -> bytes:
        session = self._current()
        answer = self._asked(session, target, accept, limit)
        if answer.status == 401 and session.is_renewable and session.has_answered:
            session = self._renewed(session)  # what was good has expired: a long scan outlives most tokens
            answer = self._asked(session, target, accept, limit)
        if not 200 <= answer.status < 300:
            raise refused(answer, _peer(session, self.name))
        session.has_answered = True
        return answer.body

    def _asked(self, session: Session, target: str, accept: str, limit: int) -> transport.Answer:
        from urllib3.exceptions import HTTPError

        headers = [
            ("Accept", accept),
            ("Accept-Encoding", "gzip" if session.packs else "identity"),
            ("User-Agent", self._user_agent),
            *session.headers(),
        ]
        try:
            answer = transport.get(session.manager, session.base + target, headers, timeout=self._timeout, limit=limit)
        except transport.TooManyBytesError:
            raise TooLargeError(f"the answer is larger than {_size(limit)}") from None
        except (HTTPError, http.client.HTTPException, OSError, ValueError, zlib.error) as error:
            peer = _peer(session, self.name)
            raise broken(error, peer, self._timeout, had_answers=self._has_answered) from error
        self._has_answered = True
        return answer

    def _current(self) -> Session:
        with self._lock:
            if self._dead is not None:
                raise ApiError(self._dead, is_unreachable=True)
            if self._session is None:
                self._session = self._loaded()
            return self._session

    def _renewed(self, old: Session) -> Session:
        """Loaded by the first thread that sees the old one refused."""
        with self._lock:
            if self._session is old:
                self._session = self._loaded()
            return self._session or old

    def _loaded(self) -> Session:
        """Threads that wait for it must not try in turn what has failed: a plugin may ask for a password."""
        try:
            return Session(self._context, self._maxsize)
        except ApiError as error:
            self._dead = error.reason
            raise


def _peer(session: Session, context: str) -> Peer:
    return Peer(context, session.address, session.is_anonymous)


def _size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
