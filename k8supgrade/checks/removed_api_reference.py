"""The object refers to an API that the target does not serve.

What is looked at: HorizontalPodAutoscaler `scaleTargetRef`, `ownerReferences`, the rules of webhook configurations
and ValidatingAdmissionPolicies, RBAC rules, patch targets of Kustomizations, and the kinds that Kyverno policies and
Gatekeeper constraints match. A rule counts where it names only removed groups or versions: it matches nothing at the
target, so an admission webhook is silently not called, and a role silently grants nothing.

The autoscaler finds its target by group and kind
(https://github.com/kubernetes/kubernetes/blob/v1.28.15/pkg/controller/podautoscaler/horizontal.go, RESTMappings):
a group that no longer has the kind is a blocker, an outdated version of one that has it a warning.

Fails:

    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: cart}
    spec:
      scaleTargetRef: {apiVersion: extensions/v1beta1, kind: Deployment, name: cart}

Passes:

    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: cart}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from k8supgrade.checks.base import Context, Judgement, finding
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.resource import Resource

ID = "removed-api-reference"
SUMMARY = "the object refers to an API that the target no longer serves"

_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_POLICIES = ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy")
_ROLES = ("Role", "ClusterRole")
_KYVERNO = ("Policy", "ClusterPolicy")


class _Reference(NamedTuple):
    what: str
    where: str
    severity: Severity


class _Gone(NamedTuple):
    """What the target no longer serves."""

    groups: frozenset[str]
    versions: frozenset[str]


def interest(context: Context) -> Interest:
    gone = _gone(context)
    versions = tuple(sorted(version.encode() for version in gone.versions))
    groups = tuple(sorted(group.encode() for group in gone.groups))
    names = tuple(sorted({version.split("/")[0].encode() for version in gone.versions} | set(groups)))
    bodies = {
        "HorizontalPodAutoscaler": versions,
        "Kustomization": names,
        **dict.fromkeys(_WEBHOOKS + _POLICIES, names),
        **dict.fromkeys(_ROLES, groups),
        **dict.fromkeys(_KYVERNO, versions),
    }
    return Interest(bodies=bodies, words=(b"ownerReferences", b"constraints.gatekeeper.sh/"))


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    if resource.manifest is None:
        return
    references = list(dict.fromkeys(_references(resource, context)))
    if references:
        worst = max(reference.severity for reference in references)
        what = "; ".join(f"{reference.what} ({reference.where})" for reference in references[:5])
        more = f"; and {len(references) - 5} more" if len(references) > 5 else ""
        message = f"{resource.ref.kind} refers to what {context.target.kubernetes} does not serve: {what}{more}"
        fix = "Name the API that the target serves; `k8supgrade explain 'GROUP/VERSION KIND'` tells which."
        yield finding(ID, resource, Judgement(worst, message, fix, None, None))


def _gone(context: Context) -> _Gone:
    if ID not in context.memory:
        table, target = context.table, context.target
        context.memory[ID] = _Gone(table.removed_groups(target), table.removed_group_versions(target))
    gone: _Gone = context.memory[ID]
    return gone


def _references(resource: Resource, context: Context) -> Iterator[_Reference]:
    manifest = resource.manifest or {}
    kind = resource.ref.kind
    group = resource.ref.api_version.partition("/")[0]
    gone = _gone(context)
    yield from _owners(manifest, gone)
    if kind == "HorizontalPodAutoscaler":
        yield from _scale_target(manifest, gone, context)
    elif kind in _WEBHOOKS:
        for webhook in _maps(manifest.get("webhooks")):
            yield from _rules(webhook.get("rules"), f"webhook {webhook.get('name')}", gone)
    elif kind in _POLICIES:
        constraints = _map(_map(manifest.get("spec")).get("matchConstraints"))
        yield from _rules(constraints.get("resourceRules"), "matchConstraints", gone)
    elif kind in _ROLES:
        yield from _grants(manifest, gone)
    elif kind == "Kustomization":
        yield from _patch_targets(manifest, gone)
    elif kind in _KYVERNO and group == "kyverno.io":
        yield from _kyverno(manifest, gone)
    elif group == "constraints.gatekeeper.sh":
        match = _map(_map(manifest.get("spec")).get("match"))
        for kinds in _maps(match.get("kinds")):
            yield from _only_gone_groups(kinds.get("apiGroups"), "spec.match.kinds", gone)


def _owners(manifest: Mapping[str, Any], gone: _Gone) -> Iterator[_Reference]:
    for owner in _maps(_map(manifest.get("metadata")).get("ownerReferences")):
        if owner.get("apiVersion") in gone.versions:
            what = f"{owner['apiVersion']} {owner.get('kind')}"
            yield _Reference(what, "metadata.ownerReferences", Severity.WARNING)


def _scale_target(manifest: Mapping[str, Any], gone: _Gone, context: Context) -> Iterator[_Reference]:
    target = _map(_map(manifest.get("spec")).get("scaleTargetRef"))
    api_version, kind = target.get("apiVersion"), target.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return
    row = context.table.get(api_version, kind)
    removed = row is not None and not row.is_addon and row.is_removed(context.target.kubernetes)
    if not removed and api_version not in gone.versions:
        return
    group = api_version.partition("/")[0]
    served = context.table.served_kinds(context.target.kubernetes, default_only=False)
    found = any(served_kind == kind and version.partition("/")[0] == group for version, served_kind in served)
    yield _Reference(f"{api_version} {kind}", "spec.scaleTargetRef", Severity.WARNING if found else Severity.BLOCKER)


def _rules(rules: Any, where: str, gone: _Gone) -> Iterator[_Reference]:
    """Admission rules: groups and versions multiply; one pair that may be served saves the rule."""
    for rule in _maps(rules):
        groups, versions = _strings(rule.get("apiGroups")), _strings(rule.get("apiVersions"))
        if not groups or not versions or "*" in groups:
            continue
        pairs = [f"{group}/{version}" if group else version for group in groups for version in versions]
        if all(pair in gone.versions or pair.partition("/")[0] in gone.groups for pair in pairs):
            yield _Reference(", ".join(pairs), f"{where}: this rule matches nothing", Severity.WARNING)


def _grants(manifest: Mapping[str, Any], gone: _Gone) -> Iterator[_Reference]:
    for rule in _maps(manifest.get("rules")):
        resources = ", ".join(_strings(rule.get("resources")))
        yield from _only_gone_groups(rule.get("apiGroups"), f"the rule for {resources} grants nothing", gone)


def _only_gone_groups(value: Any, where: str, gone: _Gone) -> Iterator[_Reference]:
    groups = _strings(value)
    if groups and all(group in gone.groups for group in groups):
        yield _Reference(f"group {', '.join(groups)}", where, Severity.WARNING)


def _patch_targets(manifest: Mapping[str, Any], gone: _Gone) -> Iterator[_Reference]:
    for field in ("patches", "patchesJson6902"):
        for patch in _maps(manifest.get(field)):
            target = _map(patch.get("target"))
            version = f"{target.get('group')}/{target.get('version')}"
            if version in gone.versions or target.get("group") in gone.groups:
                what = f"{version if target.get('version') else target.get('group')} {target.get('kind') or ''}".strip()
                yield _Reference(what, f"{field} target", Severity.WARNING)


def _kyverno(manifest: Mapping[str, Any], gone: _Gone) -> Iterator[_Reference]:
    """`kinds` anywhere under match and exclude of a rule: `Kind`, `version/Kind` or `group/version/Kind`."""
    for rule in _maps(_map(manifest.get("spec")).get("rules")):
        stack = [rule.get("match"), rule.get("exclude")]
        while stack:
            value = stack.pop()
            if isinstance(value, list):
                stack.extend(value[:1000])
            elif isinstance(value, dict):
                for kind in _strings(value.get("kinds")):
                    parts = kind.split("/")
                    if len(parts) >= 3 and "/".join(parts[:2]) in gone.versions:
                        yield _Reference(kind, f"rule {rule.get('name')}", Severity.WARNING)
                stack.extend(item for key, item in value.items() if key in ("any", "all", "resources"))


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
