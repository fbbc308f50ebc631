"""The target still serves the object's API, and a later release will not.

It works at the target: a warning, with the release that removes the API where upstream has named one.

Warns from 1.21 to 1.24:

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

ID = "deprecated-api"
SUMMARY = "the object's API is on its way out"


def interest(context: Context) -> Interest:
    kinds = {(row.api_version, row.kind) for row in context.rows() if _is_deprecated(row, context)}
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


def _is_deprecated(row: ApiLifecycle, context: Context) -> bool:
    """Where an add-on's release is not known, what it only deprecates is still worth a word; what it removes is
    the business of removed-api."""
    release = context.release(row.component)
    if release is None:
        return row.deprecated_in is not None and row.removed_in is None
    return row.is_deprecated(release)


def _judge(api_version: str, kind: str, context: Context) -> Judgement | None:
    row = context.table.get(api_version, kind)
    if row is None or row.deprecated_in is None or not _is_deprecated(row, context):
        return None
    replacement = replacement_of(row, context)
    message = f"{api_version} {kind} is deprecated since {release_name(row.component, row.deprecated_in)}"
    if row.removed_in is not None and (row.served_again_in is None):
        message += f" and removed in {release_name(row.component, row.removed_in)}"
    known = context.release(row.component) is not None
    severity = Severity.WARNING if known else Severity.INFO
    return Judgement(severity, message, fix_of(row, replacement, context), row, replacement)
