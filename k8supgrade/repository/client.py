"""The chart repositories of a run, by HTTP and OCI: each is asked once, several at the same time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from k8supgrade.model.pin import ChartRepository, Published
from k8supgrade.repository import index
from k8supgrade.repository.cache import Cache
from k8supgrade.repository.credentials import with_login
from k8supgrade.repository.error import RepositoryError, bare
from k8supgrade.repository.http import MAX_ARCHIVE, MAX_INDEX, Http, basic, check
from k8supgrade.repository.oci import Registry

__all__ = ["Repositories", "RepositoryError"]

_AT_ONCE = 8

Answer = tuple[Published, ...] | RepositoryError


class Repositories:
    """`timeout` is in seconds and for each request. `offline`: only what the cache holds. Safe for threads."""

    def __init__(
        self,
        *,
        cache_directory: str | None = None,
        offline: bool = False,
        timeout: float = 30.0,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._env = os.environ if env is None else env
        self._http = Http(Cache(cache_directory or Cache.default(self._env)), offline=offline, timeout=timeout)
        self._registry = Registry(self._http, self._env)
        self._known: dict[tuple[ChartRepository, str], Answer] = {}
        self._lock = threading.Lock()

    def prepare(self, wanted: Iterable[tuple[ChartRepository, str]]) -> None:
        """Asks for all of them; what fails is said when somebody asks for the versions."""
        charts: dict[ChartRepository, dict[str, None]] = {}
        for repository, chart in wanted:
            charts.setdefault(repository, {})[chart] = None
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda one: self._prepare(*one), charts.items()))

    def _prepare(self, repository: ChartRepository, charts: Iterable[str]) -> None:
        for chart in charts:
            if (repository, chart) not in self._known and repository.is_oci:
                self._remember(repository, chart, self._of_registry(repository, chart))
        if not repository.is_oci:
            self._read_index(repository, [chart for chart in charts if (repository, chart) not in self._known])

    def versions(self, repository: ChartRepository, chart: str) -> tuple[Published, ...]:
        """Newest first as Helm sorts them. Of OCI only the versions are known, until `complete` asks for the rest.

        Raises:
            RepositoryError: the repository cannot be read, or has no such chart.
        """
        if (repository, chart) not in self._known:
            self._prepare(repository, [chart])
        answer = self._known[repository, chart]
        if isinstance(answer, RepositoryError):
            raise answer
        return answer

    def complete(self, repository: ChartRepository, chart: str, published: Published) -> Published:
        """What the registry tells of one version. Raises RepositoryError."""
        if published.is_complete or not repository.is_oci:
            return published
        return self._registry.complete(repository, chart, published)

    def archive(self, repository: ChartRepository, chart: str, published: Published) -> str:
        """The path of the archive. Raises RepositoryError."""
        if repository.is_oci:
            return self._registry.archive(repository, chart, published)
        if not published.urls:
            raise RepositoryError(f"{bare(repository.url)}: no archive of {chart} {published.version} is named")
        return self._fetch(published.urls[0], with_login(repository, self._env), published.digest)

    def archive_at(self, url: str) -> str:
        """The path of an archive by its address. Raises RepositoryError."""
        return self._fetch(url, ChartRepository(url=url), None)

    def _fetch(self, url: str, repository: ChartRepository, digest: str | None) -> str:
        if not url.startswith(("http://", "https://")):
            raise RepositoryError(f"{bare(url)}: an archive at an address that is not read here")
        digest = (digest or "").removeprefix("sha256:").lower()
        if digest and (kept := self._http.cache.content(digest)) is not None:
            return kept
        if not digest:
            return self._http.cached(url, self._for_host(url, repository), limit=MAX_ARCHIVE).path
        repository = self._for_host(url, repository)
        answer = self._http.get(url, repository, auth=basic(repository), limit=MAX_ARCHIVE)
        check(answer.status, url, has_credentials=repository.username is not None)
        path = self._http.cache.keep_content(answer.body)
        if not path.endswith(digest):
            raise RepositoryError(f"{bare(url)}: the archive is not what the index's digest says")
        return path

    @staticmethod
    def _for_host(url: str, repository: ChartRepository) -> ChartRepository:
        """Without the credentials where the archive is on another host than the index."""
        if repository.pass_credentials or urlsplit(url)[:2] == urlsplit(repository.url)[:2]:
            return repository
        return ChartRepository(url=url, ca_file=repository.ca_file, skip_tls_verify=repository.skip_tls_verify)

    def _read_index(self, repository: ChartRepository, charts: list[str]) -> None:
        if not charts:
            return
        parts = urlsplit(repository.url)
        url = parts._replace(path=parts.path.rstrip("/") + "/index.yaml").geturl()
        try:
            kept = self._http.cached(url, with_login(repository, self._env), limit=MAX_INDEX)
            with open(kept.path, "rb") as file:
                data = file.read()
        except (RepositoryError, OSError) as error:
            reason = error if isinstance(error, RepositoryError) else RepositoryError(f"{bare(url)}: {error.strerror}")
            for chart in charts:
                self._remember(repository, chart, reason)
            return
        for chart in charts:
            try:
                answer: Answer = index.versions_in(data, chart, repository.url)
            except RepositoryError as error:
                answer = error
            self._remember(repository, chart, answer)

    def _of_registry(self, repository: ChartRepository, chart: str) -> Answer:
        try:
            return self._registry.versions(repository, chart)
        except RepositoryError as error:
            return error

    def _remember(self, repository: ChartRepository, chart: str, answer: Answer) -> None:
        with self._lock:
            self._known[repository, chart] = answer
