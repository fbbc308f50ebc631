"""Somebody calls an API that the target does not serve.

Manifests show what is written down; this shows what runs: clients that still speak an old version, wherever they come
from. It takes a cluster's own count of such calls, or an audit log (`--audit-log FILE`). A blocker where a client is
known by name, kubelets included. A warning where only the fact is known: the API server's metrics name nobody, and
remember a call until that server restarts. Where only the control plane calls (its controllers look at every API that
is served), it is good to know: they are upgraded along with it.

Our own table says whether the target serves the API; of an API that is not in it, the release that the server named.

Fails at 1.25 and later, as an event of an audit log:

    {
      "kind": "Event", "apiVersion": "audit.k8s.io/v1", "stage": "ResponseComplete", "verb": "list",
      "auditID": "6c5d0b1e-27ab-4d3b-8f6c-b4a0a5b4c6f3",
      "user": {"username": "system:serviceaccount:shop:autoscaler"},
      "userAgent": "cluster-autoscaler/v1.20.0",
      "objectRef": {"resource": "poddisruptionbudgets", "apiGroup": "policy", "apiVersion": "v1beta1"},
      "annotations": {"k8s.io/deprecated": "true", "k8s.io/removed-release": "1.25"}
    }

Passes:

    {
      "kind": "Event", "apiVersion": "audit.k8s.io/v1", "stage": "ResponseComplete", "verb": "list",
      "auditID": "0f3e1c52-93ef-4b93-9e57-6f2d5d9b0c11",
      "user": {"username": "system:serviceaccount:shop:autoscaler"},
      "userAgent": "cluster-autoscaler/v1.25.0",
      "objectRef": {"resource": "poddisruptionbudgets", "apiGroup": "policy", "apiVersion": "v1"},
      "annotations": {"authorization.k8s.io/decision": "allow"}
    }
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from k8supgrade.checks.base import Context, fix_of, release_name, replacement_of, row_fields
from k8supgrade.errors import UsageError
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import ApiLifecycle
from k8supgrade.model.origin import Caller, ClusterOrigin
from k8supgrade.model.resource import Request
from k8supgrade.model.version import KubeVersion

ID = "removed-api-requested"
SUMMARY = "somebody calls an API that is no longer served"

# What sources name callers that were counted only.
OTHERS = "others"
_NAMED = 3

# Each has a service account of this name in kube-system, in some release from 1.16 to 1.37: k8s.io/kubernetes
# v1.16.15 to v1.37.2 plugin/pkg/auth/authorizer/rbac/bootstrappolicy, controller_policy.go and namespace_policy.go.
_CONTROLLERS = """
attachdetach-controller bootstrap-signer certificate-controller cloud-provider clusterrole-aggregation-controller
cronjob-controller daemon-set-controller deployment-controller device-taint-eviction-controller disruption-controller
endpoint-controller endpointslice-controller endpointslicemirroring-controller ephemeral-volume-controller
expand-controller generic-garbage-collector horizontal-pod-autoscaler job-controller
kube-apiserver-serving-clustertrustbundle-publisher legacy-service-account-token-cleaner namespace-controller
node-controller persistent-volume-binder pod-garbage-collector podcertificaterequestcleaner
podgroup-protection-controller pv-protection-controller pvc-protection-controller replicaset-controller
replication-controller resource-claim-controller resourcepoolstatusrequest-controller resourcequota-controller
root-ca-cert-publisher route-controller selinux-warning-controller service-account-controller service-cidrs-controller
service-controller statefulset-controller storage-version-garbage-collector storage-version-migrator-controller
token-cleaner ttl-after-finished-controller ttl-controller validatingadmissionpolicy-status-controller
volumeattributesclass-protection-controller
"""
# The users are those of k8s.io/apiserver v0.37.2 pkg/authentication/user/user.go; the last one is part of OpenShift's
# controller manager, and walks through all resources as the quota controller does (OpenShift's documentation,
# "Identifying workloads using the removed API").
CONTROL_PLANE = frozenset(
    (
        "system:apiserver",
        "system:kube-controller-manager",
        "system:kube-scheduler",
        "system:cluster-policy-controller",
        *(f"system:serviceaccount:kube-system:{name}" for name in _CONTROLLERS.split()),
    )
)


class _Gone(NamedTuple):
    """`message` says what is removed and when; `is_sure`: the target is known not to serve it."""

    row: ApiLifecycle | None
    removed_in: str | None
    message: str
    is_sure: bool


def interest(context: Context) -> Interest:
    return Interest(requests=True)


def check_request(request: Request, context: Context) -> Iterator[Finding]:
    gone = _gone(request, context)
    if gone is None:
        return
    row = gone.row
    replacement = replacement_of(row, context) if row is not None else None
    callers = request.origin.callers if isinstance(request.origin, ClusterOrigin) else ()
    clients = [caller for caller in callers if caller.user not in CONTROL_PLANE and not _is_others(caller)]
    severity = _severity(callers, clients)
    yield Finding(
        check=ID,
        severity=severity if gone.is_sure else min(severity, Severity.WARNING),
        api_version=request.api_version,
        kind=request.kind,
        namespace=None,
        name=None,
        message=f"{gone.message}; {_who(request, callers, clients)}",
        origins=(request.origin,),
        fix=" ".join(filter(None, (fix_of(row, replacement, context) if row else None, _next(callers, clients)))),
        owner=clients[0].user if clients else None,
        replacement=replacement,
        **{**row_fields(row), "removed_in": gone.removed_in},
    )


def _gone(request: Request, context: Context) -> _Gone | None:
    api_version, kind, table = request.api_version, request.kind, context.table
    row = table.get(api_version, kind)
    api = f"{api_version} {kind}"
    if row is not None:
        release = context.release(row.component)
        if row.removed_in is None or (release is not None and not row.is_removed(release)):
            return None
        message = f"{api} is removed in {release_name(row.component, row.removed_in)}"
        if release is None:
            message += f" (which {row.component} will run is not known)"
        return _Gone(row, str(row.removed_in), message, release is not None)
    target = context.target.kubernetes
    if table.knows(api_version, kind):
        if table.is_served(api_version, kind, target):
            return None
        return _Gone(None, None, f"{api} is not served by {target}", True)
    removed_in = _release(request.removed_in)
    if removed_in is None or removed_in > target:
        return None
    return _Gone(None, str(removed_in), f"{api} is removed in {removed_in}, as the API server says", True)


def _release(text: str | None) -> KubeVersion | None:
    try:
        return KubeVersion.parse(text or "")
    except UsageError:
        return None


def _is_others(caller: Caller) -> bool:
    return caller.user == OTHERS and not caller.user_agent


def _severity(callers: Sequence[Caller], clients: Sequence[Caller]) -> Severity:
    if clients:
        return Severity.BLOCKER
    return Severity.INFO if callers and not any(map(_is_others, callers)) else Severity.WARNING


def _who(request: Request, callers: Sequence[Caller], clients: Sequence[Caller]) -> str:
    """Clients first, whatever the control plane does."""
    if not callers:
        return "it has been called, by whom is not known"
    named = clients or [caller for caller in callers if not _is_others(caller)]
    who = ", ".join(
        f"{caller.user} ({f'{caller.user_agent}, ' if caller.user_agent else ''}{_times(caller.count)})"
        for caller in named[:_NAMED]
    )
    more = [caller for caller in callers if caller not in named[:_NAMED]]
    if not who:
        return f"it has been called {_times(sum(caller.count for caller in more))}, by whom is not known"
    rest = f" and others ({_times(sum(caller.count for caller in more))})" if more else ""
    only = "only the control plane calls it: " if not clients and not any(map(_is_others, callers)) else "called by "
    return f"{only}{who}{rest}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _next(callers: Sequence[Caller], clients: Sequence[Caller]) -> str:
    if clients:
        return "The user and the user agent say which client it is: upgrade that, or its client library, first."
    if not callers or any(map(_is_others, callers)):
        return (
            "To learn which client it is, turn on audit logging at the Metadata level, and give the log to "
            "--audit-log FILE."
        )
    return "The control plane is upgraded along with it: nothing to do."
