"""The target does not serve the API that the object is written in.

Applying such a manifest fails with `no matches for kind … in version …`. Objects that are already stored live on
and are served through other versions of the same kind, if there is one; whoever writes the old version fails.

An API of an add-on is judged by the add-on's release at the target (`--target cert-manager=1.13`). Where that is not
known, an API that some release removed is a warning that names the release.

Fails at 1.25 and later:

    apiVersion: policy/v1beta1
    kind: PodDisruptionBudget
    metadata: {name: cart}

Passes:

    apiVersion: policy/v1
    kind: PodDisruptionBudget
    metadata: {name: cart}
"""

from __future__ import annotations

from collections.abc import Iterator

from k8supgrade.checks.base import Context, Judgement, finding, fix_of, is_in_use, release_name, replacement_of
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import ApiLifecycle
from k8supgrade.model.resource import Resource

ID = "removed-api"
SUMMARY = "the object's API is no longer served"


def interest(context: Context) -> Interest:
    kinds = {(row.api_version, row.kind) for row in context.rows() if _is_gone(row, context)}
    return Interest(kinds=frozenset(kinds))


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    if not is_in_use(resource):
        return
    key = (ID, resource.ref.api_version, resource.ref.kind)
    if key not in context.memory:
        context.memory[key] = _judge(resource.ref.api_version, resource.ref.kind, context)
    judgement = context.memory[key]
    if judgement is not None:
        yield finding(ID, resource, judgement)


def _is_gone(row: ApiLifecycle, context: Context) -> bool:
    """Gone at the target, or gone in some release where the target's is not known."""
    release = context.release(row.component)
    return row.removed_in is not None and (release is None or row.is_removed(release))


def _judge(api_version: str, kind: str, context: Context) -> Judgement | None:
    row = context.table.get(api_version, kind)
    if row is None or row.removed_in is None or not _is_gone(row, context):
        return None
    replacement = replacement_of(row, context)
    fix = fix_of(row, replacement, context)
    message = f"{api_version} {kind} is removed in {release_name(row.component, row.removed_in)}"
    if row.served_again_in is not None:
        message += f", and served again from {row.served_again_in} on"
    if context.release(row.component) is None:
        message += f"; which {row.component} will run is not known"
        hint = f"Say which one will run, and be told whether it fails: --target {row.component}=VERSION."
        return Judgement(Severity.WARNING, message, f"{fix} {hint}" if fix else hint, row, replacement)
    return Judgement(Severity.BLOCKER, message, fix, row, replacement)
