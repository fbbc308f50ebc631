"""A custom resource is written in a version that its definition deprecates or no longer serves.

The definitions are those of the cluster that is scanned, so this check speaks only where one is (`scan` without paths,
or `--cluster` beside them). A version that is not served fails whatever Kubernetes runs: a blocker. One marked
`deprecated: true` is a warning; what replaces it is the newest version that is served and not deprecated.

A definition is itself a finding where `status.storedVersions` holds a version that is no longer served: objects may
still be stored in it, and the next release of the add-on, which drops the version from the definition, is refused by
the API server until they are migrated
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/).

Warns, where the definition of `widgets.example.com` says `deprecated: true` for v1alpha1:

    apiVersion: example.com/v1alpha1
    kind: Widget
    metadata: {name: cart}

Passes:

    apiVersion: example.com/v1
    kind: Widget
    metadata: {name: cart}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from k8supgrade.checks.base import Context, Judgement, finding, is_in_use
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import Replacement
from k8supgrade.model.origin import ClusterOrigin, ReleaseOrigin
from k8supgrade.model.resource import Resource
from k8supgrade.model.version import version_order

ID = "crd-version"
SUMMARY = "a custom resource's version is deprecated or not served"

Api = tuple[str, str]


def interest(context: Context) -> Interest:
    """Grows with the definitions that have been seen."""
    kinds = {api for known in _known(context).values() for api in known}
    return Interest(kinds=frozenset(kinds), definitions=True)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    origin = resource.origin
    if isinstance(origin, ClusterOrigin) and _is_definition(resource):
        yield from _definition(resource, origin.cluster, resource.manifest or {}, context)
        return
    if not is_in_use(resource):
        return
    api = (resource.ref.api_version, resource.ref.kind)
    for cluster, known in _known(context).items():
        if api in known and (not isinstance(origin, ReleaseOrigin | ClusterOrigin) or origin.cluster == cluster):
            yield finding(ID, resource, known[api])
            return


def _is_definition(resource: Resource) -> bool:
    """A whole one: for other checks the same object may come once more, as metadata alone."""
    group, _, _ = resource.ref.api_version.partition("/")
    is_whole = resource.manifest is not None and "spec" in resource.manifest
    return is_whole and (group, resource.ref.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")


def _known(context: Context) -> dict[str, dict[Api, Judgement]]:
    """cluster -> the versions that somebody should leave, as its definitions tell."""
    known: dict[str, dict[Api, Judgement]] = context.memory.setdefault(ID, {})
    return known


def _definition(resource: Resource, cluster: str, manifest: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    spec = manifest["spec"]
    group, kind, versions = spec["group"], spec["names"]["kind"], spec["versions"]
    new = _newest(versions)
    known = _known(context).setdefault(cluster, {})
    for version in versions:
        judgement = _judge(f"{group}/{version['name']}", kind, version, f"{group}/{new}" if new else None)
        if judgement is not None:
            known[f"{group}/{version['name']}", kind] = judgement
    served = {version["name"] for version in versions if version.get("served")}
    lost = [name for name in manifest.get("status", {}).get("storedVersions") or () if name not in served]
    if lost:
        message = f"{', '.join(lost)} of {kind} is not served, but objects may still be stored in it"
        fix = (
            "Read and write back each object, then take the version out of status.storedVersions; until then no "
            "definition without the version can be applied."
        )
        yield finding(ID, resource, Judgement(Severity.WARNING, message, fix, None, None))


def _newest(versions: list[dict[str, Any]]) -> str | None:
    """The one to move to."""
    names = [version["name"] for version in versions if version.get("served") and not version.get("deprecated")]
    return min(names, key=version_order, default=None)


def _judge(api_version: str, kind: str, version: Mapping[str, Any], new: str | None) -> Judgement | None:
    replacement = Replacement(api_version=new, kind=kind, available_in=None) if new and new != api_version else None
    fix = f"Change it to {new}." if replacement else None
    if not version.get("served"):
        message = f"{api_version} {kind} is not served: the definition in the cluster says so"
        return Judgement(Severity.BLOCKER, message, fix, None, replacement)
    if version.get("deprecated"):
        message = f"{api_version} {kind} is deprecated: the definition in the cluster says so"
        return Judgement(Severity.WARNING, message, fix, None, replacement)
    return None
