"""Repositories that are a directory with an index.yaml, beside those of the network: mirrors, and tests."""

from __future__ import annotations

import os
from collections.abc import Iterable

from k8supgrade.model.pin import ChartRepository, Published
from k8supgrade.repository.client import Repositories
from k8supgrade.repository.error import RepositoryError
from k8supgrade.repository.index import versions_in


class WithDirectories:
    """`network` with directories: a repository whose URL is a path."""

    def __init__(self, network: Repositories) -> None:
        self._network = network

    def prepare(self, wanted: Iterable[tuple[ChartRepository, str]]) -> None:
        self._network.prepare([(repository, chart) for repository, chart in wanted if not is_directory(repository)])

    def versions(self, repository: ChartRepository, chart: str) -> tuple[Published, ...]:
        if not is_directory(repository):
            return self._network.versions(repository, chart)
        path = os.path.join(repository.url, "index.yaml")
        try:
            with open(path, "rb") as file:
                return versions_in(file.read(), chart, repository.url)
        except OSError as error:
            raise RepositoryError(f"{path}: {error.strerror or error}") from error

    def complete(self, repository: ChartRepository, chart: str, published: Published) -> Published:
        return published if is_directory(repository) else self._network.complete(repository, chart, published)

    def archive(self, repository: ChartRepository, chart: str, published: Published) -> str:
        """An index is other people's: it leads to files of its directory, and nowhere else."""
        if not is_directory(repository):
            return self._network.archive(repository, chart, published)
        path = next(iter(published.urls), "")
        if os.path.dirname(path) != repository.url.rstrip("/") or not os.path.isfile(path):
            raise RepositoryError(f"{repository.url}: no archive of {chart} {published.version}")
        return path

    def archive_at(self, url: str) -> str:
        return self._network.archive_at(url)


def is_directory(repository: ChartRepository) -> bool:
    return "://" not in repository.url
