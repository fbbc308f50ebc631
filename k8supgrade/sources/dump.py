"""Live objects in a file: what `kubectl get --all-namespaces -o json` (or `-o yaml`) has written.

Their apiVersion is what the server chose to show, so they are judged by their own records, as in a live cluster. An
item of a List is such an object where it has a uid and a resourceVersion, which only servers give. One that stands by
itself is taken for a manifest: people do commit what they have exported, and apply it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from k8supgrade.manifest.interest import Interest
from k8supgrade.model.resource import Resource, Skipped

if TYPE_CHECKING:
    from k8supgrade.lifecycle.table import LifecycleTable
    from k8supgrade.model.version import Target
    from k8supgrade.sources.cluster_objects import ObjectReader
    from k8supgrade.sources.cluster_plan import Planner

# As kubectl indents YAML, and as JSON is written: each live object has one, hardly a manifest does.
WORDS = (b"  uid: ", b'"uid":')
_NO_FIELDS = (
    "live objects without their managedFields, which kubectl leaves out: who wrote them with a removed API, and how, "
    "does not show; add --show-managed-fields to the `kubectl get`"
)


def is_live(manifest: Mapping[str, Any] | None) -> bool:
    metadata = manifest.get("metadata") if manifest is not None else None
    return isinstance(metadata, dict) and bool(metadata.get("uid") and metadata.get("resourceVersion"))


class DumpReader:
    """`interest` is what the checks want; the reader of the file must hand over whatever holds one of WORDS."""

    def __init__(self, interest: Interest, table: LifecycleTable, target: Target) -> None:
        self._interest = interest
        self._table = table
        self._target = target
        self._planner: Planner | None = None
        self._readers: dict[tuple[str, str, str], ObjectReader] = {}

    def read(self, path: str, api_version: str, kind: str, manifest: Mapping[str, Any]) -> Iterator[Resource | Skipped]:
        import msgspec

        key = (path, api_version, kind)
        if key not in self._readers:
            self._readers[key] = self._reader(*key)
        reader = self._readers[key]
        if reader.looks_for_traces and not manifest["metadata"].get("managedFields"):
            yield Skipped(what=path, reason=_NO_FIELDS)
        yield from reader.read_object(msgspec.json.encode(manifest))

    def _reader(self, path: str, api_version: str, kind: str) -> ObjectReader:
        """Loaded where there is a dump: files in general need none of it."""
        from k8supgrade.kube.discovery import ServedResource
        from k8supgrade.lifecycle.names import plural
        from k8supgrade.sources.cluster_objects import ObjectReader
        from k8supgrade.sources.cluster_plan import Planner

        if self._planner is None:
            kubernetes = self._target.kubernetes
            self._planner = Planner(self._interest, self._table, current=kubernetes, target=kubernetes)
        group, _, version = api_version.rpartition("/")
        listing = self._planner.listing(ServedResource(group, version, kind, plural(kind), namespaced=True))
        return ObjectReader(path, listing, self._interest, self._table, self._target)
