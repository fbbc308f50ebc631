"""Pages of a live list to resources: one for each API that an object was written in, as far as the checks care."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from k8supgrade.kube.evidence import Metadata, Trace, UnreadableAnnotationError, traces, writers
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.origin import ClusterOrigin
from k8supgrade.model.resource import ObjectRef, Resource, Skipped
from k8supgrade.model.version import KUBERNETES, Target
from k8supgrade.sources.cluster_plan import Listing
from k8supgrade.sources.helm_written import HelmWritten

# The API server writes these itself at each start, and brings them up to date at an upgrade
# (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings).
_BOOTSTRAPPING = "kubernetes.io/bootstrapping"
# A slash that some other language's encoder has escaped, within a string within JSON.
_ESCAPED_SLASH = b"\\\\/"


class _Object(msgspec.Struct):
    metadata: Metadata = msgspec.field(default_factory=Metadata)


class _List(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


# Made when the module is loaded: msgspec learns a type at its first use, and threads that have it learn one at the same
# time crash the interpreter (seen with 0.22).
_LISTS = msgspec.json.Decoder(_List)
_OBJECTS = msgspec.json.Decoder(_Object)


class Batch(NamedTuple):
    """What a page gave: how many objects it held, and what is to be said about them."""

    objects: int
    items: list[Resource | Skipped]


class ObjectReader:
    """Reads the pages of one listing. `helm` takes the records that are Helm's own, where releases are read too."""

    def __init__(
        self,
        cluster: str,
        listing: Listing,
        interest: Interest,
        table: LifecycleTable,
        target: Target,
        helm: HelmWritten | None = None,
    ) -> None:
        self._cluster = cluster
        self._listing = listing
        self._interest = interest
        self._table = table
        self._target = target
        self._helm = helm
        self._alive: dict[str, bool] = {}
        self._words = tuple(version.encode() for version in listing.written if "/" in version)
        # The core group's version is in every text: it tells nothing.
        self._always = listing.doomed or len(self._words) < len(listing.written)

    @property
    def looks_for_traces(self) -> bool:
        """Whether it matters who wrote the objects, and how."""
        return bool(self._listing.written)

    def read(self, page: bytes) -> Batch:
        """Raises msgspec.DecodeError where the page is no list of objects."""
        objects = _LISTS.decode(page).items or []
        return Batch(len(objects), [item for raw in objects for item in self.read_object(bytes(raw))])

    def read_object(self, raw: bytes) -> Iterator[Resource | Skipped]:
        """An object that cannot be read costs only itself."""
        try:
            yield from self._examined(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            what = f"{self._cluster}: an object among {self._listing.name}"
            yield Skipped(what=what, reason=f"it is not what a Kubernetes API server sends: {error}")

    def _examined(self, raw: bytes) -> Iterator[Resource | Skipped]:
        """Most objects name no API that matters: a look at their text saves their parse."""
        if self._always or any(word in raw for word in self._words) or (self._words and _ESCAPED_SLASH in raw):
            yield from self._traced(_OBJECTS.decode(raw).metadata)
        if self._interest.wants_body(self._listing.served.kind, raw):
            yield from self._whole(raw)

    def _traced(self, metadata: Metadata) -> Iterator[Resource | Skipped]:
        found = False
        try:
            for trace in traces(metadata, self._listing.served.kind, self._is_alive):
                if trace.api_version in self._listing.written:
                    found = True
                    resource = self._written(metadata, trace)
                    if self._helm is None or not self._helm.takes(resource, metadata.annotations):
                        yield resource
        except UnreadableAnnotationError as error:
            what = f"{self._cluster}: {self._listing.name} {_name(metadata)}"
            yield Skipped(what=what, reason=str(error), optional=True)
        if self._listing.doomed and not found:
            writer = next(iter(writers(metadata)), None)
            trace = Trace(
                self._listing.served.api_version, "managed-fields", writer.manager if writer else None,
                writer.time if writer else None,
            )  # fmt: skip
            yield self._written(metadata, trace, served=True)

    def _written(self, metadata: Metadata, trace: Trace, *, served: bool = False) -> Resource:
        origin = ClusterOrigin(
            cluster=self._cluster,
            evidence="served" if served else trace.evidence,
            manager=trace.manager,
            time=trace.time,
            stale=trace.overtaken_by is not None,
        )
        ref = ObjectRef(
            api_version=trace.api_version,
            kind=self._listing.served.kind,
            namespace=metadata.namespace or None,
            name=metadata.name or None,
        )
        return Resource(ref=ref, origin=origin, index=0, note=trace.overtaken_by)

    def _whole(self, raw: bytes) -> Iterator[Resource]:
        manifest: dict[str, Any] = msgspec.json.decode(raw)
        metadata = manifest.get("metadata") or {}
        if _BOOTSTRAPPING in (metadata.get("labels") or {}):
            return
        served = self._listing.served
        ref = ObjectRef(
            api_version=served.api_version,
            kind=served.kind,
            namespace=metadata.get("namespace"),
            name=metadata.get("name"),
        )
        origin = ClusterOrigin(cluster=self._cluster, evidence="served")
        yield Resource(ref=ref, origin=origin, index=0, manifest=manifest, is_written=False)

    def _is_alive(self, api_version: str) -> bool:
        """Whether what is written as this works at the target; an add-on's, whose release may not be known, counts as
        alive only where no release has removed it."""
        if api_version not in self._alive:
            self._alive[api_version] = self._find_alive(api_version)
        return self._alive[api_version]

    def _find_alive(self, api_version: str) -> bool:
        kind, kubernetes = self._listing.served.kind, self._target.kubernetes
        row = self._table.get(api_version, kind)
        if row is not None and row.removed_in is not None:
            release = kubernetes if row.component == KUBERNETES else self._target.components.get(row.component)
            if release is None or row.is_removed(release):
                return False
        return not self._table.knows(api_version, kind) or self._table.is_served(api_version, kind, kubernetes)


def _name(metadata: Metadata) -> str:
    return f"{metadata.namespace}/{metadata.name}" if metadata.namespace else str(metadata.name)
