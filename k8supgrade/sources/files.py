"""Manifests in files, directories and on standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import UnreadableError, read_manifests
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import ObjectRef, Resource, Scanned, Skipped
from k8supgrade.sources.parallel import parallel_map, processors
from k8supgrade.sources.walk import STDIN, Chart, File, Kustomization, Selection, reason_of, shown, walk

if TYPE_CHECKING:
    from k8supgrade.sources.render import Renderer

UNRENDERED = (
    "unrendered chart: its templates are no manifests; pipe `helm template` into `k8supgrade scan -`, "
    "or use --render, or `--exclude` it"
)
# (found, faults, resources, why the file as a whole could not be read)
_Result = tuple[list[tuple[Any, ...]], list[tuple[int, str]], int, str | None]


class FileSource:
    """`renderer` turns charts and kustomizations into resources; without one, a chart is a visible gap."""

    def __init__(
        self,
        paths: Sequence[str],
        interest: Interest,
        *,
        selection: Selection | None = None,
        renderer: Renderer | None = None,
        jobs: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.scanned = Scanned()
        self._paths = paths
        self._interest = interest
        self._selection = selection or Selection()
        self._renderer = renderer
        self._jobs = jobs if jobs is not None else processors()
        self._progress = progress

    def collect(self) -> Iterator[Resource | Skipped]:
        files: list[str] = []
        seen = 0
        for entry in walk(self._paths, self._selection, kustomizations=self._renders_kustomizations()):
            if isinstance(entry, File):
                files.append(entry.path)
            elif isinstance(entry, Skipped):
                seen += 1
                yield entry
            else:
                seen += 1
                yield from self._rendered(entry)
        for path, result in parallel_map(self._read, files, self._jobs):
            self.scanned.files += 1
            if self._progress is not None:
                self._progress(self.scanned.files, len(files))
            for item in self._items(path, result):
                seen += isinstance(item, Skipped)
                yield item
        if not seen and not self.scanned.resources:
            what = ", ".join(shown(path) for path in self._paths)
            reason = "no Kubernetes object in it"
            if len(files) == 1 and self._paths[0] == STDIN:
                reason = "no Kubernetes object on standard input"
            yield Skipped(what=what, reason=reason)

    def _renders_kustomizations(self) -> bool:
        return self._renderer is not None and self._renderer.renders_kustomizations

    def _rendered(self, entry: Chart | Kustomization) -> Iterator[Resource | Skipped]:
        if self._renderer is None:
            yield Skipped(what=shown(entry.path), reason=UNRENDERED)
            return
        rendered = self._renderer.render(entry)
        if isinstance(rendered, Skipped):
            yield rendered
            return
        self.scanned.files += 1
        data = [rendered]
        result = _plain(lambda size: data.pop() if data else b"", self._interest)
        yield from self._items(shown(entry.path), result)

    def _read(self, path: str) -> _Result:
        """Reads one file; runs in a child process too, so it gives plain values."""
        try:
            descriptor = 0 if path == STDIN else os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            return [], [], 0, reason_of(error)
        try:
            return _plain(lambda size: os.read(descriptor, min(size, 65536)), self._interest)
        except OSError as error:
            return [], [], 0, reason_of(error)
        finally:
            if path != STDIN:
                os.close(descriptor)

    def _items(self, path: str, result: _Result) -> Iterator[Resource | Skipped]:
        found, faults, resources, unreadable = result
        path = shown(path)
        self.scanned.resources += resources
        if unreadable is not None:
            yield Skipped(what=path, reason=unreadable)
        for line, reason in faults:
            yield Skipped(what=path, reason=reason, origin=FileOrigin(path=path, line=line))
        for line, index, api_version, kind, namespace, name, template, duplicates, manifest in found:
            yield Resource(
                ref=ObjectRef(api_version=api_version, kind=kind, namespace=namespace, name=name),
                origin=FileOrigin(path=path, line=line, template=template),
                index=index,
                manifest=manifest,
                duplicates=duplicates,
            )


def _plain(read: Any, interest: Interest) -> _Result:
    try:
        records = read_manifests(read, interest)
    except UnreadableError as error:
        return [], [], 0, str(error)
    return [tuple(one) for one in records.found], [tuple(one) for one in records.faults], records.resources, None  # type: ignore[misc]
