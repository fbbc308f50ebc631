"""Live objects that Helm has written, until it is known what their releases say of them now.

Where a new revision of a release changes nothing but an apiVersion, Helm has nothing to send: the object keeps the
record of the revision that first wrote it. Helm's next write is that of the release, so the release's manifest decides
which of these records is still true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from k8supgrade.model.origin import ClusterOrigin
from k8supgrade.model.resource import ObjectRef, Resource, Scanned

# What Helm writes on whatever it manages
# (https://github.com/helm/helm/blob/v3.16.4/pkg/action/validate.go, setMetadataVisitor).
_NAME, _NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
# The program's name is the manager's: helm itself, or Flux's helm-controller.
_MANAGER = "helm"

Release = tuple[str, str]


class HelmWritten:
    """A source that comes after those of a cluster's objects and releases, which tell it what there is."""

    def __init__(self) -> None:
        self.scanned = Scanned()
        self._pending: list[tuple[Resource, Release]] = []
        self._read: set[Release] = set()
        self._said: set[ObjectRef] = set()

    def takes(self, resource: Resource, annotations: Mapping[str, str] | None) -> bool:
        """Whether the record is Helm's own, so that it is yielded later; any thread may ask."""
        origin, release = resource.origin, _release(annotations or {})
        if release is None or not isinstance(origin, ClusterOrigin):
            return False
        if origin.evidence != "managed-fields" or origin.stale or not (origin.manager or "").startswith(_MANAGER):
            return False
        self._pending.append((resource, release))
        return True

    def says(self, ref: ObjectRef) -> None:
        """A release's manifest has this object."""
        self._said.add(ref)

    def has_read(self, namespace: str, release: str) -> None:
        """All that the manifest of this release says has been told."""
        self._read.add((namespace, release))

    def collect(self) -> Iterator[Resource]:
        for resource, release in self._pending:
            if release in self._read and resource.ref not in self._said:
                note = f"the Helm release {'/'.join(release)} no longer has it so"
                yield replace(resource, origin=_stale(resource), note=note)
            else:
                yield resource


def _release(annotations: Mapping[str, str]) -> Release | None:
    namespace, name = annotations.get(_NAMESPACE), annotations.get(_NAME)
    return (namespace, name) if namespace and name else None


def _stale(resource: Resource) -> ClusterOrigin:
    assert isinstance(resource.origin, ClusterOrigin)
    return replace(resource.origin, stale=True)
