"""Repositories that are a directory with an index.yaml, beside those of the network: mirrors, and tests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from k8supgrade.helmfile.semver import newest_first
from k8supgrade.model.pin import ChartRepository, Published
from k8supgrade.repository.client import Repositories
from k8supgrade.repository.error import RepositoryError


class WithDirectories:
    """`network` with directories: a repository whose URL is a path."""

    def __init__(self, network: Repositories) -> None:
        self._network = network

    def prepare(self, wanted: Iterable[tuple[ChartRepository, str]]) -> None:
        self._network.prepare([(repository, chart) for repository, chart in wanted if not is_directory(repository)])

    def versions(self, repository: ChartRepository, chart: str) -> tuple[Published, ...]:
        if not is_directory(repository):
            return self._network.versions(repository, chart)
        entries = _index(repository.url).get(chart)
        if not isinstance(entries, list):
            raise RepositoryError(f"{repository.url}: no chart {chart} in the index", missing=True)
        found = {one["version"]: _published(one, repository.url) for one in entries if _is_entry(one)}
        return tuple(found[version] for version in newest_first(list(found)))

    def complete(self, repository: ChartRepository, chart: str, published: Published) -> Published:
        return published if is_directory(repository) else self._network.complete(repository, chart, published)

    def archive(self, repository: ChartRepository, chart: str, published: Published) -> str:
        if not is_directory(repository):
            return self._network.archive(repository, chart, published)
        path = next(iter(published.urls), "")
        if not os.path.isfile(path):
            raise RepositoryError(f"{repository.url}: no archive of {chart} {published.version}")
        return path

    def archive_at(self, url: str) -> str:
        return self._network.archive_at(url)


def is_directory(repository: ChartRepository) -> bool:
    return "://" not in repository.url


def _index(directory: str) -> dict[str, Any]:
    import yaml

    path = os.path.join(directory, "index.yaml")
    try:
        with open(path, "rb") as file:
            # Without tags every scalar is text: a version like 1.10 stays what it is.
            found = yaml.load(file, Loader=yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader)  # noqa: S506
    except OSError as error:
        raise RepositoryError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RepositoryError(f"{path}: not an index: {error}") from error
    entries = found.get("entries") if isinstance(found, dict) else None
    if not isinstance(entries, dict):
        raise RepositoryError(f"{path}: not an index: it has no entries")
    return entries


def _is_entry(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("version"), str)


def _published(one: dict[str, Any], directory: str) -> Published:
    urls = one.get("urls")
    return Published(
        version=one["version"],
        app_version=_text(one, "appVersion"),
        kube_version=_text(one, "kubeVersion"),
        deprecated=one.get("deprecated") == "true",
        created=_text(one, "created"),
        urls=tuple(os.path.join(directory, url) for url in urls if _is_plain(url)) if isinstance(urls, list) else (),
        digest=_text(one, "digest"),
    )


def _text(one: dict[str, Any], key: str) -> str | None:
    value = one.get(key)
    return value if isinstance(value, str) and value else None


def _is_plain(url: object) -> bool:
    """A file of the directory: an index is other people's, and leads nowhere else."""
    return isinstance(url, str) and "/" not in url and url not in ("", ".", "..")
