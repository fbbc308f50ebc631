"""A superseded revision of a Helm release holds an API that the target does not serve.

`helm rollback` applies the stored text of the revision, so it fails with `no matches for kind … in version …`. What is
installed now is not concerned; but there may be no way back for a release after the upgrade, and that is good to know
before. Such revisions are only read with `--helm-history`.

Fails at 1.25 and later, where the revision to roll back to holds:

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
from dataclasses import replace

from k8supgrade.checks.base import Context, Judgement, finding, is_history, release_name, replacement_of
from k8supgrade.checks.gone import gone
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import ApiLifecycle
from k8supgrade.model.origin import ReleaseOrigin
from k8supgrade.model.resource import Resource

ID = "rollback-blocked"
SUMMARY = "a Helm release can no longer be rolled back to a revision"


def interest(context: Context) -> Interest:
    return Interest(kinds=frozenset(gone(context).rows))


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    origin = resource.origin
    if not (isinstance(origin, ReleaseOrigin) and is_history(resource)):
        return
    row = gone(context).rows.get((resource.ref.api_version, resource.ref.kind))
    if row is None or row.removed_in is None:
        return
    # One text for all revisions that hold the object: they become one finding, and its origins name them.
    message = (
        f"helm rollback of {origin.namespace}/{origin.release} to a superseded revision with "
        f"{row.api_version} {row.kind} fails, which is removed in {release_name(row.component, row.removed_in)}"
    )
    judgement = Judgement(Severity.INFO, message, None, row, replacement_of(row, context))
    # The fix of findings in releases is to upgrade them; that leaves the revisions of the past as they are.
    yield replace(finding(ID, resource, judgement), fix=_fix(row, context))


def _fix(row: ApiLifecycle, context: Context) -> str:
    replacement = replacement_of(row, context)
    instead = f" in {replacement.api_version}" if replacement is not None and replacement.kind == row.kind else ""
    return (
        "Roll back before the cluster's upgrade or not at all: after it, go back with `helm upgrade` to an older chart "
        f"that renders the object{instead}."
    )
