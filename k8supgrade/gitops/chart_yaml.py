"""Dependencies of a chart: Chart.yaml (and requirements.yaml of old ones), with Chart.lock."""

from __future__ import annotations

import os
from collections.abc import Iterator

from k8supgrade.gitops.tree import Map, TreeError, at, documents, line_of, listed, read, text, written
from k8supgrade.helmfile.constraint import satisfies
from k8supgrade.model.pin import ChartRepository, Pin

NAMES = ("Chart.yaml", "requirements.yaml")
_LOCKS = {"Chart.yaml": "Chart.lock", "requirements.yaml": "requirements.lock"}


def pins_of(document: Map, path: str) -> Iterator[Pin]:
    """Each dependency is a pin; the release is the chart that has it."""
    directory = os.path.dirname(path)
    lock = os.path.join(directory, _LOCKS[os.path.basename(path)])
    locked = _locked(lock)
    owner = text(document, "name") or os.path.basename(os.path.abspath(directory))
    for one in listed(document, "dependencies"):
        name = text(one, "name")
        if name is None:
            continue
        version = text(one, "version")
        repository, local, problem = _source(text(one, "repository") or "", directory, name)
        exact = next((found for found in locked.get(name, ()) if satisfies(version or "*", found)), None)
        yield Pin(
            reader="chart",
            path=path,
            line=line_of(at(one, "version"), one.line),
            release=owner,
            chart=name,
            name=name,
            repository=repository,
            directory=local,
            version=version,
            locked=exact,
            lock_file=lock if locked else None,
            written=written(at(one, "version")),
            values_unknown=(f"it is a dependency of chart {owner}",),
            problem=problem,
        )


def _source(url: str, directory: str, name: str) -> tuple[ChartRepository | None, str | None, str | None]:
    """The repository, or the directory, or why there is neither."""
    if url.startswith("file://"):
        return None, os.path.normpath(os.path.join(directory, url.removeprefix("file://"))), None
    if url.startswith(("http://", "https://", "oci://")):
        if "@" in url.split("/")[2]:
            return None, None, f"the repository of {name} has credentials in its address: keep them elsewhere"
        return ChartRepository(url=url), None, None
    if not url:
        return None, os.path.join(directory, "charts", name), None
    if url.startswith(("@", "alias:")):
        return None, None, f"repository {url} is a name of `helm repo add`, which is not known here"
    return None, None, f"the repository of {name} is at an address that is not read here"


def _locked(path: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        for document in documents(read(path), path):
            for one in listed(document, "dependencies"):
                name, version = text(one, "name"), text(one, "version")
                if name and version:
                    found.setdefault(name, []).append(version)
    except (OSError, ValueError, TreeError):
        return {}
    return found
