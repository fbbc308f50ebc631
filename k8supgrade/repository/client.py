"""The repositories of a run: each is asked once, and what came is kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from k8supgrade.helmfile.semver import newest_first
from k8supgrade.model.pin import ChartRepository, Published


class RepositoryError(Exception):
    """The reason, which starts with where. `missing`: the repository answered, and has no such chart."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.missing = missing


class Repositories:
    def __init__(
        self,
        *,
        cache_directory: str | None = None,
        offline: bool = False,
        timeout: float = 30.0,
        env: Mapping[str, str] | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        env = os.environ if env is None else env
        home = env.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        self._cache = cache_directory or os.path.join(home, "k8supgrade")
        self._timeout = timeout
        self._indexes: dict[str, Any] = {}
        self._lock = threading.Lock()

    def prepare(self, wanted: Iterable[tuple[ChartRepository, str]]) -> None:
        pass

    def versions(self, repository: ChartRepository, chart: str) -> tuple[Published, ...]:
        import yaml

        with self._lock:
            if repository.url not in self._indexes:
                text = self._get(repository.url.rstrip("/") + "/index.yaml")
                self._indexes[repository.url] = yaml.load(text, Loader=yaml.CBaseLoader)["entries"]  # noqa: S506
        found = {one["version"]: one for one in self._indexes[repository.url].get(chart, ())}
        if not found:
            raise RepositoryError(f"{repository.url}: no chart {chart} in the index", missing=True)
        base = repository.url.rstrip("/") + "/"
        from urllib.parse import urljoin

        return tuple(
            Published(
                version=version,
                app_version=found[version].get("appVersion"),
                kube_version=found[version].get("kubeVersion"),
                deprecated=found[version].get("deprecated") == "true",
                created=found[version].get("created"),
                urls=tuple(urljoin(base, url) for url in found[version].get("urls") or ()),
                digest=found[version].get("digest"),
            )
            for version in newest_first(list(found))
        )

    def complete(self, repository: ChartRepository, chart: str, published: Published) -> Published:
        return published

    def archive(self, repository: ChartRepository, chart: str, published: Published) -> str:
        return self.archive_at(published.urls[0])

    def archive_at(self, url: str) -> str:
        import hashlib

        os.makedirs(self._cache, exist_ok=True)
        path = os.path.join(self._cache, hashlib.sha256(url.encode()).hexdigest() + ".tgz")
        if not os.path.exists(path):
            data = self._get(url)
            with open(path, "wb") as file:
                file.write(data)
        return path

    def _get(self, url: str) -> bytes:
        import requests

        try:
            answer = requests.get(url, timeout=self._timeout)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise RepositoryError(f"{url}: {type(error).__name__}") from error
        return answer.content
