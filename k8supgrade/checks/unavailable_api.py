"""The target does not serve the object's API yet, or serves it only where somebody switched it on.

An API that first appears in a release after the target is a blocker: applying the manifest fails there. One that
the current version does not serve yet, or that the target has off by default (alphas, and betas since 1.24), is a
warning: it works after the upgrade, or with `--runtime-config`.

Fails at 1.22, warns with `--current 1.22 --target 1.23`:

    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: cart}

Passes at 1.23 and later.
"""

from __future__ import annotations

from collections.abc import Iterator

from k8supgrade.checks.base import Context, Judgement, finding, is_in_use, runtime_config
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import Resource

ID = "unavailable-api"
SUMMARY = "the object's API is not served yet, or off by default"


def interest(context: Context) -> Interest:
    target, table = context.target.kubernetes, context.table
    kinds = table.served_kinds(target, default_only=True)
    if context.current is not None:
        kinds &= table.served_kinds(context.current, default_only=False)
    return Interest(kinds=frozenset(api for api in table.apis() - kinds if _judge(*api, context) is not None))


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    if not is_in_use(resource):
        return
    # What somebody has written into a cluster, that cluster serves.
    is_manifest = isinstance(resource.origin, FileOrigin)
    key = (ID, resource.ref.api_version, resource.ref.kind, is_manifest)
    if key not in context.memory:
        context.memory[key] = _judge(resource.ref.api_version, resource.ref.kind, context, is_new=is_manifest)
    judgement = context.memory[key]
    if judgement is not None:
        yield finding(ID, resource, judgement)


def _judge(api_version: str, kind: str, context: Context, *, is_new: bool = True) -> Judgement | None:
    table, target = context.table, context.target.kubernetes
    first = table.first_served(api_version, kind)
    row = table.get(api_version, kind)
    if first is None or (row is not None and not row.is_addon and row.is_removed(target)):
        return None
    name = f"{api_version} {kind}"
    if first > target:
        message = f"{name} is not served before {first}"
        older = _older(api_version, kind, context)
        fix = f"Use {older or f'an API that {target} serves'}, or apply it after an upgrade to {first}."
        return Judgement(Severity.BLOCKER, message, fix, row, None)
    if not table.is_served(api_version, kind, target):
        return None
    if not table.is_default(api_version, kind, target):
        message = f"{name} is off by default at {target}"
        fix = (
            "Use an API that is on by default, or start the API server with "
            f"--runtime-config={runtime_config(api_version)}."
        )
        return Judgement(Severity.WARNING, message, fix, row, None)
    if is_new and context.current is not None and first > max(context.current, table.oldest):
        message = f"{name} is not served at the current version {context.current}, but from {first} on"
        return Judgement(Severity.WARNING, message, f"Apply it once the cluster runs {first}.", row, None)
    return None


def _older(api_version: str, kind: str, context: Context) -> str | None:
    """The newest API that leads to this one and that the target serves by default."""
    table, target = context.table, context.target.kubernetes
    older = [
        row
        for row in table.replaced_by(api_version, kind)
        if not row.is_removed(target) and table.is_default(row.api_version, row.kind, target)
    ]
    best = max(older, key=lambda row: table.since(row) or table.oldest, default=None)
    return None if best is None else f"{best.api_version} {best.kind}, which {target} serves"
