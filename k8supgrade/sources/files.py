"""Manifests in files, directories and on standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import UnreadableError, read_in_portions, read_small
from k8supgrade.manifest.records import Records
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import ObjectRef, Resource, Scanned, Skipped
from k8supgrade.sources.dump import is_live
from k8supgrade.sources.parallel import parallel_map, processors
from k8supgrade.sources.walk import STDIN, Chart, File, Kustomization, Selection, reason_of, shown, walk

if TYPE_CHECKING:
    from k8supgrade.sources.dump import DumpReader
    from k8supgrade.sources.render import Renderer

UNRENDERED = (
    "unrendered chart: its templates are no manifests; pipe `helm template` into `k8supgrade scan -`, "
    "or use --render, or `--exclude` it"
)
_SMALL = 65536
# (found, faults, resources, why the rest of the file could not be read)
_Result = tuple[list[tuple[Any, ...]], list[tuple[int, str]], int, str | None]


class FileSource:
    """`renderer` turns charts and kustomizations into resources; without one, a chart is a visible gap. `dump` reads
    the items of a List that are live objects; without it they count as manifests."""

    def __init__(
        self,
        paths: Sequence[str],
        interest: Interest,
        *,
        selection: Selection | None = None,
        renderer: Renderer | None = None,
        dump: DumpReader | None = None,
        jobs: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.scanned = Scanned()
        self._paths = paths
        self._named = frozenset(paths)
        self._interest = interest
        self._selection = selection or Selection()
        self._renderer = renderer
        self._dump = dump
        self._jobs = jobs if jobs is not None else processors()
        self._progress = progress

    def collect(self) -> Iterator[Resource | Skipped]:
        files: list[str] = []
        long: list[str] = []
        seen = 0
        for entry in walk(self._paths, self._selection, kustomizations=self._renders_kustomizations()):
            if isinstance(entry, File):
                (long if self._is_stream(entry.path) else files).append(entry.path)
            elif isinstance(entry, Skipped):
                seen += 1
                yield entry
            else:
                seen += 1
                yield from self._rendered(entry)
        count = len(files) + len(long)
        for path, result in self._results(files, long):
            if self._progress is not None:
                self._progress(self.scanned.files, count)
            for item in self._items(path, result):
                seen += isinstance(item, Skipped)
                yield item
        if not seen and not self.scanned.resources:
            what = ", ".join(shown(path) for path in self._paths)
            reason = "no Kubernetes object in it"
            if list(self._paths) == [STDIN]:
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
        for result in _portions(lambda size: data.pop() if data else b"", self._interest):
            yield from self._items(shown(entry.path), result)

    def _is_stream(self, path: str) -> bool:
        """Whether the file can be read only once, as a pipe can (the walk names none but those asked for)."""
        return path == STDIN or (path in self._named and not os.path.isfile(path))

    def _results(self, files: list[str], long: list[str]) -> Iterator[tuple[str, _Result]]:
        """Short files in parallel, then those that are long, portion after portion, so that memory stays flat."""
        for path, result in parallel_map(self._read, files, self._jobs):
            if result is None:
                long.append(path)
            else:
                self.scanned.files += 1
                yield path, result
        for path in long:
            self.scanned.files += 1
            for result in self._read_portions(path):
                yield path, result

    def _read(self, path: str) -> _Result | None:
        """Reads one short file; runs in a child process too, so it gives plain values. None: the file is long."""
        small = self._read_small(path)
        if small is not None:
            return small
        portions = self._read_portions(path)
        result = next(portions)
        if next(portions, None) is not None:
            portions.close()
            return None
        return result

    def _read_small(self, path: str) -> _Result | None:
        """Most files are small and plain: read in one piece. None: anything else, also what cannot be read."""
        try:
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError:
            return None
        try:
            data = os.read(descriptor, _SMALL)
            if len(data) == _SMALL or os.read(descriptor, 1):
                return None
        except OSError:
            return None
        finally:
            os.close(descriptor)
        records = read_small(data, self._interest)
        if records is None:
            return None
        found, faults = records.take()
        return found, faults, records.resources, None

    def _read_portions(self, path: str) -> Generator[_Result, None, None]:
        try:
            descriptor = 0 if path == STDIN else os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            yield [], [], 0, reason_of(error)
            return
        try:
            yield from _portions(lambda size: os.read(descriptor, min(size, 65536)), self._interest)
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
        for line, index, api_version, kind, namespace, name, template, duplicates, manifest, is_listed in found:
            if is_listed and self._dump is not None and is_live(manifest):
                yield from self._dump.read(path, api_version, kind, manifest)
                continue
            yield Resource(
                ref=ObjectRef(api_version=api_version, kind=kind, namespace=namespace, name=name),
                origin=FileOrigin(path=path, line=line, template=template),
                index=index,
                manifest=manifest,
                duplicates=duplicates,
            )


def _portions(read: Callable[[int], bytes], interest: Interest) -> Iterator[_Result]:
    """What is read, as plain values: at least one portion; the only one where the input is short."""
    records = Records()
    before = 0
    try:
        for _ in read_in_portions(read, interest, records):
            found, faults = records.take()
            yield found, faults, records.resources - before, None
            before = records.resources
    except (OSError, UnreadableError) as error:
        found, faults = records.take()
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        yield found, faults, records.resources - before, reason
