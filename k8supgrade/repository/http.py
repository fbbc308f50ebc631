"""GET over HTTP for charts: credentials stay with the host that they are for, every answer has an end, a host that
cannot be reached is asked once."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from k8supgrade.model.pin import ChartRepository
from k8supgrade.repository.cache import Cache, Kept
from k8supgrade.repository.error import RepositoryError, bare
from k8supgrade.repository.session import new_session, why

if TYPE_CHECKING:
    import requests

MAX_INDEX = 256 << 20
MAX_ARCHIVE = 64 << 20
_CONNECT_SECONDS = 10.0
_SLOWEST = 16 << 10  # bytes per second, once the timeout is over
_CHUNK = 1 << 18


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """`timeout` is in seconds and for each request; a long body may take longer, if it keeps coming."""

    def __init__(self, cache: Cache, *, offline: bool, timeout: float) -> None:
        self.cache = cache
        self.offline = offline
        self._timeout = timeout
        self._lock = threading.Lock()
        self._hosts: dict[str, threading.Lock] = {}
        self._reached: set[str] = set()
        self._away: dict[str, str] = {}
        self._local = threading.local()

    def cached(self, url: str, repository: ChartRepository, *, limit: int) -> Kept:
        """The answer of an address, from the cache where the server says that it is still true.

        Raises:
            RepositoryError: it cannot be had.
        """
        key = (url, repository.username or "")
        kept = self.cache.answer(*key)
        if self.offline:
            if kept is None:
                raise RepositoryError(f"{bare(url)}: not in the cache, and --offline asks nobody")
            return kept
        headers = {}
        if kept is not None and "ETag" in kept.headers:
            headers["If-None-Match"] = kept.headers["ETag"]
        elif kept is not None and "Last-Modified" in kept.headers:
            headers["If-Modified-Since"] = kept.headers["Last-Modified"]
        answer = self.get(url, repository, headers=headers, limit=limit, auth=basic(repository))
        if answer.status == 304 and kept is not None:
            return kept
        check(answer.status, url, has_credentials=repository.username is not None)
        try:
            return self.cache.keep_answer(*key, data=answer.body, headers=answer.headers)
        except OSError as error:
            raise RepositoryError(f"the cache cannot be written: {error.strerror or error}") from error

    def get(
        self,
        url: str,
        repository: ChartRepository,
        *,
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_ARCHIVE,
        auth: str | None = None,
    ) -> Answer:
        """The answer, whatever its status. `auth` is the Authorization header.

        Raises:
            RepositoryError: there is none, or it is longer than `limit`.
        """
        if self.offline:
            raise RepositoryError(f"{bare(url)}: not in the cache, and --offline asks nobody")
        host = urlsplit(url).netloc.rpartition("@")[2]
        with self._lock:
            first = self._hosts.setdefault(host, threading.Lock())
        if host in self._reached:
            return self._get(url, repository, headers, limit, auth, host)
        with first:  # the first one finds out whether the host answers
            if host in self._away:
                raise RepositoryError(f"{bare(url)}: {self._away[host]}")
            return self._get(url, repository, headers, limit, auth, host)

    def _get(
        self,
        url: str,
        repository: ChartRepository,
        headers: Mapping[str, str] | None,
        limit: int,
        auth: str | None,
        host: str,
    ) -> Answer:
        import requests

        try:
            answer = self._request(url, repository, headers, limit, auth)
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            reason = why(error)
            if host not in self._reached:
                self._away[host] = reason
            raise RepositoryError(f"{bare(url)}: {reason}") from None
        except (requests.exceptions.RequestException, ValueError, OSError) as error:
            raise RepositoryError(f"{bare(url)}: {why(error)}") from None
        self._reached.add(host)
        return answer

    def _request(
        self, url: str, repository: ChartRepository, headers: Mapping[str, str] | None, limit: int, auth: str | None
    ) -> Answer:
        sent = {"Accept": "*/*", **(headers or {})}
        if auth is not None:
            sent["Authorization"] = auth
        verify: bool | str | None = False if repository.skip_tls_verify else repository.ca_file
        certificate: str | tuple[str, str] | None = repository.cert_file
        if repository.cert_file and repository.key_file:
            certificate = (repository.cert_file, repository.key_file)
        started = time.monotonic()
        with self._session().get(
            url,
            headers=sent,
            timeout=(min(self._timeout, _CONNECT_SECONDS), self._timeout),
            stream=True,
            verify=verify,
            cert=certificate,
        ) as answer:
            body = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                body += chunk
                if len(body) > limit:
                    raise RepositoryError(f"{bare(url)}: larger than {limit >> 20} MiB")
                taken = time.monotonic() - started
                if taken > self._timeout and len(body) < taken * _SLOWEST:
                    raise RepositoryError(f"{bare(url)}: timed out after {taken:.0f} seconds")
            return Answer(answer.status_code, answer.headers, bytes(body))

    def _session(self) -> requests.Session:
        """One for each thread: they are not made to be shared."""
        if not hasattr(self._local, "session"):
            self._local.session = new_session()
        session: requests.Session = self._local.session
        return session


def basic(repository: ChartRepository) -> str | None:
    import base64

    if repository.username is None and repository.password is None:
        return None
    pair = f"{repository.username or ''}:{repository.password or ''}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def check(status: int, url: str, *, has_credentials: bool) -> None:
    """Raises RepositoryError for what is no success, with what to do about it."""
    if 200 <= status < 300:
        return
    where = bare(url)
    if status == 401:
        hint = "are refused" if has_credentials else "are needed: give the repository a username and password"
        raise RepositoryError(f"{where}: 401 Unauthorized: credentials {hint}")
    if status == 403:
        raise RepositoryError(f"{where}: 403 Forbidden: this user may not read it")
    if status == 404:
        raise RepositoryError(f"{where}: 404 Not Found: check the address", missing=True)
    raise RepositoryError(f"{where}: HTTP status {status}")
