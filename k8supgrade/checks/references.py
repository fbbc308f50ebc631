"""Where objects name APIs: what each kind of object refers to that the target does not serve."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from k8supgrade.checks.gone import Gone, group_of
from k8supgrade.model.finding import Severity
from k8supgrade.model.resource import Resource


class Reference(NamedTuple):
    """`apis` are the (group/version, kind or resource) pairs that are gone; the version is "" where only a group
    is named."""

    what: str
    where: str
    apis: tuple[tuple[str, str], ...]
    severity: Severity = Severity.WARNING


Map = Mapping[str, Any]
WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
ADMISSION_POLICIES = ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy")
ADMISSION_BINDINGS = ("ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding")
ROLES = ("Role", "ClusterRole")
KYVERNO = ("Policy", "ClusterPolicy", "CleanupPolicy", "ClusterCleanupPolicy")
KYVERNO_CEL = (
    "ValidatingPolicy", "MutatingPolicy", "GeneratingPolicy", "DeletingPolicy", "ImageValidatingPolicy",
    "NamespacedValidatingPolicy", "NamespacedMutatingPolicy", "NamespacedGeneratingPolicy",
    "NamespacedDeletingPolicy", "NamespacedImageValidatingPolicy",
)  # fmt: skip
KUSTOMIZE = ("Kustomization", "Component")
_INLINE = re.compile(r"^(apiVersion|kind):[ \t]*[\"']?([A-Za-z0-9./-]+)", re.MULTILINE)


def references(resource: Resource, gone: Gone) -> Iterator[Reference]:
    manifest = resource.manifest or {}
    yield from _owners(manifest, gone)
    group = group_of(resource.ref.api_version)
    finder = _FINDERS.get((group, resource.ref.kind)) or _FINDERS.get((group, "*"))
    if finder is not None:
        yield from finder(manifest, gone)


def _owners(manifest: Map, gone: Gone) -> Iterator[Reference]:
    for owner in _maps(_map(manifest.get("metadata")).get("ownerReferences")):
        yield from _kind(owner, "metadata.ownerReferences", gone)


def _kind(named: Map, where: str, gone: Gone) -> Iterator[Reference]:
    """A mapping with apiVersion and kind."""
    api_version, kind = named.get("apiVersion"), named.get("kind")
    if isinstance(api_version, str) and isinstance(kind, str) and gone.has(api_version, kind):
        yield Reference(f"{api_version} {kind}", where, ((api_version, kind),))


def _scale_target(manifest: Map, gone: Gone) -> Iterator[Reference]:
    target = _map(_map(manifest.get("spec")).get("scaleTargetRef"))
    for reference in _kind(target, "spec.scaleTargetRef", gone):
        api_version, kind = reference.apis[0]
        yield (
            reference if (group_of(api_version), kind) in gone.living else reference._replace(severity=Severity.BLOCKER)
        )


def _webhooks(manifest: Map, gone: Gone) -> Iterator[Reference]:
    for webhook in _maps(manifest.get("webhooks")):
        yield from _rules(webhook.get("rules"), f"webhook {_name(webhook)}: this rule matches nothing", gone)


def _admission(manifest: Map, gone: Gone) -> Iterator[Reference]:
    spec = _map(manifest.get("spec"))
    yield from _kind(_map(spec.get("paramKind")), "spec.paramKind", gone)
    for field in ("matchConstraints", "matchResources"):
        rules = _map(spec.get(field)).get("resourceRules")
        yield from _rules(rules, f"spec.{field}: this rule matches nothing", gone)


def _rules(rules: Any, where: str, gone: Gone) -> Iterator[Reference]:
    """Groups, versions and resources multiply; one combination that may be served saves the rule."""
    for rule in _maps(rules):
        groups, versions, resources = (_strings(rule.get(key)) for key in ("apiGroups", "apiVersions", "resources"))
        resources = resources or ["*"]
        named = [(g, v, r) for g in groups for v in versions for r in resources]
        if named and all(gone.rule(*one) for one in named):
            apis = tuple((f"{g}/{v}" if g else v, r) for g, v, r in named)
            yield Reference(f"{', '.join(dict.fromkeys(v for v, _ in apis))} {', '.join(resources)}", where, apis)


def _grants(manifest: Map, gone: Gone) -> Iterator[Reference]:
    for rule in _maps(manifest.get("rules")):
        groups, resources = _strings(rule.get("apiGroups")), _strings(rule.get("resources"))
        if groups and all(group in gone.groups for group in groups):
            apis = tuple((f"{group}/", resource) for group in groups for resource in resources)
            where = f"the rule for {', '.join(resources)} grants nothing"
            yield Reference(f"group {', '.join(groups)}", where, apis)


def _gatekeeper(manifest: Map, gone: Gone) -> Iterator[Reference]:
    match = _map(_map(manifest.get("spec")).get("match"))
    for entry in _maps(match.get("kinds")):
        groups, kinds = _strings(entry.get("apiGroups")), _strings(entry.get("kinds")) or ["*"]
        named = [(group, kind) for group in groups for kind in kinds]
        if named and all(group in gone.groups or (group, kind) in gone.kinds for group, kind in named):
            apis = tuple((f"{group}/", kind) for group, kind in named)
            what = f"group {', '.join(groups)} {', '.join(kinds)}"
            yield Reference(what, "spec.match.kinds: this entry matches nothing", apis)


def _kustomization(manifest: Map, gone: Gone) -> Iterator[Reference]:
    for field in ("patches", "patchesJson6902"):
        for patch in _maps(manifest.get(field)):
            yield from _selector(patch.get("target"), f"{field} target", gone)
            if "target" not in patch:
                yield from _inline(patch.get("patch"), field, gone)
    for text in _strings(manifest.get("patchesStrategicMerge")):
        yield from _inline(text, "patchesStrategicMerge", gone)
    for replacement in _maps(manifest.get("replacements")):
        yield from _selector(replacement.get("source"), "replacements source", gone)
        for target in _maps(replacement.get("targets")):
            yield from _selector(target.get("select"), "replacements target", gone)
    for variable in _maps(manifest.get("vars")):
        yield from _kind(_map(variable.get("objref")), "vars objref", gone)


def _flux_kustomization(manifest: Map, gone: Gone) -> Iterator[Reference]:
    spec = _map(manifest.get("spec"))
    yield from _kustomization({key: spec.get(key) for key in ("patches", "patchesJson6902")}, gone)


def _selector(value: Any, where: str, gone: Gone) -> Iterator[Reference]:
    """Group, version and kind are patterns there, and each may be missing."""
    group, version, kind = (_map(value).get(key) for key in ("group", "version", "kind"))
    if not isinstance(group, str):
        return
    kind = kind if isinstance(kind, str) else ""
    api_version = f"{group}/{version}" if isinstance(version, str) else f"{group}/"
    lost = (group, kind) in gone.kinds if api_version.endswith("/") else gone.has(api_version, kind)
    if lost or group in gone.groups:
        yield Reference(f"{api_version.rstrip('/')} {kind}".strip(), where, ((api_version, kind),))


def _inline(text: Any, where: str, gone: Gone) -> Iterator[Reference]:
    """A strategic merge patch as text names its target by its own apiVersion and kind."""
    if isinstance(text, str):
        yield from _kind(dict(_INLINE.findall(text)), where, gone)


def _kyverno(manifest: Map, gone: Gone) -> Iterator[Reference]:
    spec = _map(manifest.get("spec"))
    for rule in [*_maps(spec.get("rules")), spec]:
        where = f"rule {_name(rule)}" if rule is not spec else "spec"
        for field in ("match", "exclude"):
            for kinds in _kinds_within(rule.get(field)):
                yield from _kyverno_kinds(kinds, f"{where}, {field}", gone)
        for changed in _maps(_map(rule.get("mutate")).get("targets")):
            yield from _kind(changed, f"{where}, mutate.targets", gone)
        yield from _kind(_map(rule.get("generate")), f"{where}, generate", gone)


def _kyverno_kinds(kinds: list[str], where: str, gone: Gone) -> Iterator[Reference]:
    """`Kind`, `version/Kind`, `group/version/Kind`; one that may be served saves the list."""
    parts = [kind.split("/") for kind in kinds]
    apis = tuple(("/".join(part[:2]), part[2]) for part in parts if len(part) >= 3)
    if kinds and len(apis) == len(kinds) and all(gone.has(*api) for api in apis):
        yield Reference(", ".join(kinds), where, apis)


def _kinds_within(value: Any) -> Iterator[list[str]]:
    """`kinds` of resources, at the top and below any and all."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(reversed(one))
        elif isinstance(one, dict):
            yield _strings(one.get("kinds"))
            stack.extend(one[key] for key in ("resources", "all", "any") if key in one)


_Finder = Callable[[Map, Gone], Iterator[Reference]]
_FINDERS: dict[tuple[str, str], _Finder] = {
    ("autoscaling", "HorizontalPodAutoscaler"): _scale_target,
    **{("admissionregistration.k8s.io", kind): _webhooks for kind in WEBHOOKS},
    **{("admissionregistration.k8s.io", kind): _admission for kind in ADMISSION_POLICIES + ADMISSION_BINDINGS},
    **{("rbac.authorization.k8s.io", kind): _grants for kind in ROLES},
    **{("kustomize.config.k8s.io", kind): _kustomization for kind in KUSTOMIZE},
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _flux_kustomization,
    **{("kyverno.io", kind): _kyverno for kind in KYVERNO},
    **{("policies.kyverno.io", kind): _admission for kind in KYVERNO_CEL},
    ("constraints.gatekeeper.sh", "*"): _gatekeeper,
}


def _name(named: Map) -> str:
    name = named.get("name")
    return name if isinstance(name, str) else "(no name)"


def _map(value: Any) -> Map:
    return value if isinstance(value, dict) else {}


def _maps(value: Any) -> list[Map]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
