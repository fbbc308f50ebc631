"""The object refers to an API that the target does not serve.

What is looked at: `scaleTargetRef` of HorizontalPodAutoscalers, `ownerReferences` of everything, the rules of webhook
configurations and admission policies, RBAC rules, patch targets of Kustomizations, and the kinds that Kyverno policies
and Gatekeeper constraints match. A rule counts where it names only what is gone: it matches nothing at the target, so
that a webhook is silently not called and a role silently grants nothing. A rule that also names something living, or
`*`, does not count.

The autoscaler finds its target by group and kind
(https://github.com/kubernetes/kubernetes/blob/v1.28.15/pkg/controller/podautoscaler/horizontal.go, RESTMappings):
a group that no longer has the kind is a blocker, an outdated version of one that has it a warning.

Fails:

    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: cart}
    spec:
      scaleTargetRef:
        apiVersion: extensions/v1beta1
        kind: Deployment
        name: cart

Passes:

    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: cart}
    spec:
      scaleTargetRef:
        apiVersion: apps/v1
        kind: Deployment
        name: cart
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from k8supgrade.checks.base import Context, Judgement, finding, is_history, replacement_of
from k8supgrade.checks.gone import gone, group_of
from k8supgrade.checks.references import (
    ADMISSION_BINDINGS,
    ADMISSION_POLICIES,
    KUSTOMIZE,
    KYVERNO,
    KYVERNO_CEL,
    ROLES,
    WEBHOOKS,
    Reference,
    references,
)
from k8supgrade.lifecycle.names import plural
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding
from k8supgrade.model.lifecycle import ApiLifecycle
from k8supgrade.model.resource import Resource

ID = "removed-api-reference"
SUMMARY = "the object refers to an API that is no longer served"

_LISTED = 5


def interest(context: Context) -> Interest:
    lost = gone(context)
    versions, groups = lost.mentioned(), lost.groups_mentioned()
    bodies = {
        "HorizontalPodAutoscaler": versions,
        **dict.fromkeys(KUSTOMIZE + WEBHOOKS + ADMISSION_POLICIES + ADMISSION_BINDINGS + KYVERNO_CEL, groups),
        **dict.fromkeys(ROLES, tuple(sorted(group.encode() for group in lost.groups))),
        **dict.fromkeys(KYVERNO, versions),
    }
    # Most owners are alive: an object with one is parsed only where its text also names what is gone. A core version
    # is in every text, and no owner of the core group is ever gone.
    companions = {b"ownerReferences": tuple(version for version in versions if b"/" in version)}
    return Interest(bodies=bodies, words=(b"ownerReferences", b"constraints.gatekeeper.sh/"), companions=companions)


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    if resource.manifest is None or is_history(resource):
        return
    found = list(dict.fromkeys(references(resource, gone(context))))
    if found:
        worst = max(reference.severity for reference in found)
        what = "; ".join(f"{reference.what} ({reference.where})" for reference in found[:_LISTED])
        more = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        message = f"{resource.ref.kind} refers to what {context.target.kubernetes} no longer serves: {what}{more}"
        yield finding(ID, resource, Judgement(worst, message, _fix(found, context), None, None))


def _fix(found: Iterable[Reference], context: Context) -> str:
    """`Use apps/v1 Deployment instead of extensions/v1beta1 Deployment.`"""
    instead: dict[tuple[str, str], list[str]] = {}
    lost = []
    for api_version, name in dict.fromkeys(api for reference in found for api in reference.apis):
        group = api_version.removesuffix("/") if api_version.endswith("/") else ""
        new = _instead(api_version, name, context)
        if new:
            instead.setdefault((new, group), []).append(name if group else f"{api_version} {name}")
        else:
            lost.append(f"{name} of {group}" if group else f"{api_version} {name}")
    parts = [
        f"Use the group {new} for {_listed(old)}, not {group}." if group else f"Use {new} instead of {_listed(old)}."
        for (new, group), old in instead.items()
    ]
    if lost:
        parts.append(f"Nothing replaces {_listed(lost)}: take {'them' if lost[1:] else 'it'} out.")
    return " ".join(parts)


def _instead(api_version: str, name: str, context: Context) -> str:
    """What to name instead, "" where there is nothing."""
    key = (ID, api_version, name)
    if key not in context.memory:
        names = {_renamed(row, api_version, name, context) for row in _rows(api_version, name, context)}
        context.memory[key] = " or ".join(sorted(names - {""}))
    text: str = context.memory[key]
    return text


def _listed(names: list[str]) -> str:
    shown = names if len(names) <= _LISTED else [*names[: _LISTED - 1], f"{len(names) - _LISTED + 1} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)


def _rows(api_version: str, name: str, context: Context) -> Iterator[ApiLifecycle]:
    """The rows of a kind or resource of a group/version, or of a group (`extensions/`); `*` is all of them."""
    resource = name.partition("/")[0]
    for (version, kind), row in gone(context).rows.items():
        same = version == api_version or (api_version.endswith("/") and group_of(version) == api_version[:-1])
        if same and resource in ("*", kind, plural(kind)):
            yield row


def _renamed(row: ApiLifecycle, api_version: str, name: str, context: Context) -> str:
    """The replacement in the terms in which the object named what is gone; "" where there is none."""
    replacement = replacement_of(row, context)
    if replacement is None:
        return ""
    if api_version.endswith("/"):
        return group_of(replacement.api_version) or "the core group"
    if name == "*":
        return replacement.api_version
    return f"{replacement.api_version} {replacement.kind if name == row.kind else plural(replacement.kind)}"
