"""A cluster as a source: what its objects tell, and what is said of that which cannot be looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from k8supgrade import engine
from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import Context
from k8supgrade.kube.api import ApiError
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.origin import ClusterOrigin
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.sources.cluster import ClusterSource
from tests.kube.fake import Fake

TABLE = load_table()
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
FORBIDDEN = ApiError("forbidden: User cannot list it", status=403)
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PDBS, PSPS = "/apis/policy/v1/poddisruptionbudgets", "/apis/policy/v1beta1/podsecuritypolicies"
METRICS = b"""# TYPE apiserver_storage_objects gauge
apiserver_storage_objects{resource="podsecuritypolicies.policy"} %d
"""


def served(*resources: tuple[str, str, str, bool]) -> dict[str, Any]:
    """Aggregated discovery of (group/version, plural, kind, namespaced)."""
    groups: dict[str, dict[str, list[Any]]] = {}
    for api_version, resource, kind, namespaced in resources:
        group, _, version = api_version.rpartition("/")
        scope = "Namespaced" if namespaced else "Cluster"
        told = {"resource": resource, "responseKind": {"kind": kind}, "scope": scope, "verbs": ["get", "list"]}
        groups.setdefault(group, {}).setdefault(version, []).append(told)
    items = []
    for group, one in groups.items():
        versions = [{"version": version, "resources": told, "freshness": "Current"} for version, told in one.items()]
        items.append({"metadata": {"name": group}, "versions": versions})
    empty = {"kind": "APIGroupDiscoveryList", "items": []}
    return {"/api": empty, "/apis": {**empty, "items": items}}


PDB = ("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", True)
PSP = ("policy/v1beta1", "podsecuritypolicies", "PodSecurityPolicy", False)
NODES = ("node.k8s.io/v1", "runtimeclasses", "RuntimeClass", False)


def item(name: str, manager: str, api_version: str, *, second: int = 1, **metadata: Any) -> dict[str, Any]:
    entry = {
        "manager": manager, "operation": "Update", "apiVersion": api_version, "time": f"2021-01-01T00:00:0{second}Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:minAvailable": {}}},
    }  # fmt: skip
    return {"metadata": {"name": name, "namespace": "shop", "managedFields": [entry], **metadata}}


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    told = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
    return {**told, "metadata": {"resourceVersion": "7"}, "items": items}


def scan(
    answers: Mapping[str, Any], *, current: str = "1.24", target: str = "1.25", **options: Any
) -> tuple[engine.Scan, Fake]:
    api = Fake({"/metrics": METRICS % 0, CRDS: listed(), **answers})
    context = Context(table=TABLE, target=Target(KubeVersion.parse(target), {}), current=KubeVersion.parse(current))
    checks = list(CHECKS.values())
    source = ClusterSource(
        api,
        lambda: engine.interest_of(checks, context),
        TABLE,
        context.target,
        current=KubeVersion.parse(current),
        **options,
    )
    return engine.run([source], checks, context), api


def only(result: engine.Scan) -> tuple[Finding, ClusterOrigin]:
    (found,) = result.findings
    (origin,) = found.origins
    assert isinstance(origin, ClusterOrigin)
    return found, origin


def test_who_wrote_a_removed_version() -> None:
    pages = listed(item("cart", "helm", "policy/v1beta1"), item("new", "helm", "policy/v1"))
    result, api = scan({**served(PDB), PDBS: pages})
    found, origin = only(result)
    assert (found.check, found.severity, found.api_version) == ("removed-api", Severity.BLOCKER, "policy/v1beta1")
    assert (found.namespace, found.name, found.owner) == ("shop", "cart", "helm")
    assert origin == ClusterOrigin(
        cluster="prod", evidence="managed-fields", manager="helm", time="2021-01-01T00:00:01Z"
    )
    assert (result.skipped, result.scanned.resources) == ((), 2)
    assert not [path for path in api.asked if "v1beta1" in path]


def test_several_kinds_of_evidence_are_one_finding() -> None:
    applied = {LAST_APPLIED: json.dumps({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"})}
    result, _ = scan({**served(PDB), PDBS: listed(item("cart", "kubectl", "policy/v1beta1", annotations=applied))})
    (found,) = result.findings
    assert found.severity is Severity.BLOCKER
    assert [origin.evidence for origin in found.origins if isinstance(origin, ClusterOrigin)] == [
        "last-applied",
        "managed-fields",
    ]


def test_what_has_been_overtaken_is_good_to_know() -> None:
    pdb = item("cart", "helm", "policy/v1beta1")
    pdb["metadata"]["managedFields"] += item("", "argocd", "policy/v1", second=2)["metadata"]["managedFields"]
    found, origin = only(scan({**served(PDB), PDBS: listed(pdb)})[0])
    assert (found.severity, origin.stale, origin.manager) == (Severity.INFO, True, "helm")
    assert found.message.endswith("; argocd has since written it as policy/v1")


def test_a_kind_with_no_version_left_is_counted() -> None:
    result, api = scan({**served(PSP), "/metrics": METRICS % 3})
    found, origin = only(result)
    assert (found.severity, found.kind, found.name) == (Severity.BLOCKER, "PodSecurityPolicy", None)
    assert (origin.evidence, origin.count) == ("metrics", 3)
    assert PSPS not in api.asked
    assert scan({**served(PSP), "/metrics": METRICS % 0})[0].findings == ()


@pytest.mark.parametrize("metrics", [FORBIDDEN, METRICS % -1, b"# nothing\n"])
def test_a_count_that_is_not_known_is_a_gap(metrics: Any) -> None:
    result, api = scan({**served(PSP), "/metrics": metrics})
    (gap,) = (one for one in result.skipped if not one.optional)
    assert gap.what == "prod: list podsecuritypolicies.policy"
    assert "--allow-deprecated-calls" in gap.reason
    assert PSPS not in api.asked


def test_the_objects_themselves_where_such_calls_are_allowed() -> None:
    """Also those that the control plane wrote, or nobody: they are lost with the kind."""
    psps = listed(item("old", "helm", "policy/v1beta1"), item("plain", "kube-apiserver", "policy/v1beta1"))
    result, _ = scan({**served(PSP), PSPS: psps}, allow_deprecated_calls=True)
    evidence = {
        found.name: origin.evidence for found in result.findings for origin in found.origins
        if isinstance(origin, ClusterOrigin)
    }  # fmt: skip
    assert evidence == {"old": "managed-fields", "plain": "served"}
    assert {found.severity for found in result.findings} == {Severity.BLOCKER}


def test_in_namespaces_only_what_is_there() -> None:
    shop, pay = (f"/apis/policy/v1/namespaces/{name}/poddisruptionbudgets" for name in ("shop", "pay"))
    answers = {**served(PDB, NODES), shop: listed(item("cart", "helm", "policy/v1beta1")), pay: listed()}
    result, api = scan(answers, namespaces=("shop", "pay", "shop"))
    assert [found.name for found in result.findings] == ["cart"]
    assert sorted(path for path in api.asked if path.startswith("/apis/policy/v1/")) == [pay, shop]
    assert "/metrics" not in api.asked


def test_a_forbidden_list_names_the_rule() -> None:
    (gap,) = scan({**served(PDB), PDBS: FORBIDDEN})[0].skipped
    assert (gap.what, gap.optional) == ("prod: list poddisruptionbudgets.policy", False)
    assert gap.reason == (
        'forbidden: User cannot list it; it needs the rule apiGroups: ["policy"], resources: ["poddisruptionbudgets"], '
        'verbs: ["list"] in a ClusterRole (see deploy/rbac.yaml)'
    )


@pytest.mark.parametrize("page", [b"[]", b'{"items": 1}', b"<html>"])
def test_an_answer_that_is_no_list_is_a_gap(page: bytes) -> None:
    (gap,) = scan({**served(PDB), PDBS: page})[0].skipped
    assert not gap.optional


def test_an_object_that_cannot_be_read_costs_only_itself() -> None:
    odd = {"metadata": {"name": "odd", "managedFields": [{"manager": 1, "apiVersion": "policy/v1beta1"}]}}
    result, _ = scan({**served(PDB), PDBS: listed(odd, item("cart", "helm", "policy/v1beta1"))})
    assert [found.name for found in result.findings] == ["cart"]
    assert [(gap.what, gap.optional) for gap in result.skipped] == [
        ("prod: an object among poddisruptionbudgets.policy", False)
    ]


def test_a_broken_group_matters_where_a_check_needs_it() -> None:
    def gap(group: str) -> list[bool]:
        answers = served(PDB)
        versions = [{"version": "v1beta1", "freshness": "Stale"}]
        answers["/apis"]["items"].append({"metadata": {"name": group}, "versions": versions})
        return [one.optional for one in scan({**answers, PDBS: listed()})[0].skipped]

    assert gap("metrics.k8s.io") == [True]
    assert gap("batch") == [False]


def test_a_server_that_goes_away_is_a_gap() -> None:
    result, _ = scan({**served(PDB), PDBS: ApiError("connection refused", is_unreachable=True)})
    assert [(gap.what, gap.reason) for gap in result.skipped] == [
        ("prod: what had not been read yet", "connection refused")
    ]
    result, _ = scan({"/metrics": ApiError("connection refused", is_unreachable=True)})
    assert len(result.skipped) == 1


def test_a_definition_with_owners_that_an_old_client_wrote() -> None:
    """Two checks look at it: one wants the owners, and gets the metadata alone."""
    crd = ("apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition", False)
    owners = [{"apiVersion": "pkg.crossplane.io/v1", "kind": "ProviderRevision", "name": "x", "uid": "7"}]
    metadata = item("widgets.example.com", "crossplane", "apiextensions.k8s.io/v1beta1", ownerReferences=owners)
    names = {"kind": "Widget", "plural": "widgets"}
    spec = {"group": "example.com", "names": names, "versions": [{"name": "v1", "served": True, "storage": True}]}
    result, _ = scan({**served(crd), CRDS: listed({**metadata, "spec": spec, "status": {"storedVersions": ["v1"]}})})
    assert [found.check for found in result.findings] == ["removed-api"]
    api = {**served(crd), CRDS: listed(metadata)}
    assert [found.check for found in scan(api)[0].findings] == ["removed-api"]
