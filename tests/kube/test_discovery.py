"""Discovery: the same from both forms of the answer; what is broken costs only itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.errors import UsageError
from k8supgrade.kube.api import ApiError
from k8supgrade.kube.discovery import Broken, Discovery, ServedResource, discover, server_version
from k8supgrade.model.version import KubeVersion, version_order
from tests.kube.fake import Fake

ALL = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
STATUS = ["get", "patch", "update"]
# What a kube-apiserver 1.28 tells, in both forms, of a few of its resources.
SERVED: dict[str, list[tuple[str, str, bool, list[str]]]] = {
    "v1": [("bindings", "Binding", True, ["create"]), ("namespaces", "Namespace", False, ALL)],
    "autoscaling/v1": [("horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ALL)],
    "autoscaling/v2": [("horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ALL)],
    "flowcontrol.apiserver.k8s.io/v1beta2": [("flowschemas", "FlowSchema", False, ALL)],
    "flowcontrol.apiserver.k8s.io/v1beta3": [("flowschemas", "FlowSchema", False, ALL)],
}
HPA = ServedResource("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", True)


def aggregated() -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for api_version, resources in SERVED.items():
        group, _, version = api_version.rpartition("/")
        told = [
            {
                "resource": resource,
                "responseKind": {"group": "", "version": "", "kind": kind},
                "scope": "Namespaced" if namespaced else "Cluster",
                "singularResource": kind.lower(),
                "verbs": verbs,
                "subresources": [
                    {"subresource": "status", "responseKind": {"group": "", "version": "", "kind": kind},
                     "verbs": STATUS}
                ],
            }
            for resource, kind, namespaced, verbs in resources
        ]  # fmt: skip
        groups.setdefault(group, []).append({"version": version, "resources": told, "freshness": "Current"})

    def of(names: list[str]) -> dict[str, Any]:
        items = []
        for name in names:
            metadata = {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None}
            items.append({"metadata": metadata, "versions": groups[name]})
        version = "apidiscovery.k8s.io/v2beta1"
        return {"kind": "APIGroupDiscoveryList", "apiVersion": version, "metadata": {}, "items": items}

    return {"/api": of([""]), "/apis": of([name for name in groups if name])}


def legacy() -> dict[str, Any]:
    groups: dict[str, list[dict[str, str]]] = {}
    answers: dict[str, Any] = {}
    for api_version, resources in SERVED.items():
        group, _, version = api_version.rpartition("/")
        if group:
            groups.setdefault(group, []).append({"groupVersion": api_version, "version": version})
        told = [
            {"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}
            for resource, kind, namespaced, all_verbs in resources
            for name, verbs in ((resource, all_verbs), (f"{resource}/status", STATUS))
        ]
        root = "/apis" if group else "/api"
        answers[f"{root}/{api_version}"] = {
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": told,
        }  # fmt: skip
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}]
    answers["/api"] = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}
    listed = [
        {"name": name, "versions": versions, "preferredVersion": versions[0]} for name, versions in groups.items()
    ]
    answers["/apis"] = {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    return answers


def everything(answers: Mapping[str, Any]) -> Discovery:
    return discover(Fake(answers), lambda group: True)


@pytest.mark.parametrize("answers", [aggregated(), legacy()], ids=["aggregated", "legacy"])
def test_what_can_be_listed_the_preferred_version_first(answers: dict[str, Any]) -> None:
    found = everything(answers)
    assert found.broken == ()
    assert [(one.api_version, one.kind, one.namespaced) for one in found.resources] == [
        ("v1", "Namespace", False),
        ("autoscaling/v2", "HorizontalPodAutoscaler", True),
        ("autoscaling/v1", "HorizontalPodAutoscaler", True),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", False),
        ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema", False),
    ]
    assert found.kinds["v1", "bindings"] == "Binding"


def test_both_forms_tell_the_same() -> None:
    new, old = everything(aggregated()), everything(legacy())
    assert new.resources == old.resources
    assert new.kinds.items() <= old.kinds.items()


def test_only_what_is_wanted_is_asked_for() -> None:
    server = Fake(legacy())
    found = discover(server, lambda group: group == "autoscaling")
    assert {one.group for one in found.resources} <= {"", "autoscaling"}
    assert [path for path in server.asked if "flowcontrol" in path] == []
    server = Fake(aggregated())
    assert {one.group for one in discover(server, lambda group: not group).resources} == {""}
    assert server.asked == ["/api", "/apis"]


def test_an_aggregated_api_whose_server_is_down_costs_only_itself() -> None:
    answers = aggregated()
    versions = [{"version": "v1beta1", "freshness": "Stale"}]
    answers["/apis"]["items"].append({"metadata": {"name": "metrics.k8s.io"}, "versions": versions})
    found = everything(answers)
    assert found.broken == (Broken("metrics.k8s.io/v1beta1", "the server behind this API does not answer"),)
    assert found.resources == everything(aggregated()).resources
    assert discover(Fake(answers), lambda group: group == "apps").broken == ()


def test_one_broken_version_of_an_old_server_costs_only_itself() -> None:
    answers = legacy()
    answers["/apis/autoscaling/v2"] = ApiError("the server is overloaded", status=503)
    found = everything(answers)
    assert found.broken == (Broken("autoscaling/v2", "the server is overloaded"),)
    assert [one.version for one in found.resources if one.group == "autoscaling"] == ["v1"]


@pytest.mark.parametrize("path", ["/api", "/apis"])
@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b"\xff", b'{"kind": "\xff"}', b"{}", {"kind": "Status", "status": "Success"},
     b'{"x": ' + b"[" * 100_000, ApiError("forbidden", status=403)],
    ids=["empty", "page", "array", "binary", "not-utf-8", "object", "status", "deep", "refused"],
)  # fmt: skip
def test_an_answer_that_is_no_discovery_is_told(path: str, answer: Any) -> None:
    """It must not pass for a server that serves nothing: nothing would be found there."""
    found = everything({**aggregated(), path: answer})
    assert [one.api_version for one in found.broken] == ["v1" if path == "/api" else ""]
    assert found.resources != ()


def test_lists_that_are_null_are_empty() -> None:
    """As Go writes them where there is nothing."""
    group = {"metadata": {"name": "a.io"}, "versions": None}
    version = {"metadata": {"name": "b.io"}, "versions": [{"version": "v1", "resources": None}]}
    nothing = {"resource": "c", "responseKind": None, "verbs": None}
    verbless = {"resource": "d", "responseKind": {"kind": "D"}, "verbs": None}
    odd = {"metadata": {"name": "c.io"}, "versions": [{"version": "v1", "resources": [nothing, verbless]}]}
    items = {"kind": "APIGroupDiscoveryList", "items": [group, version, odd]}
    assert everything({"/api": {**items, "items": None}, "/apis": items}) == Discovery((), {("c.io/v1", "d"): "D"}, ())


def test_where_a_list_is() -> None:
    assert HPA.path() == "/apis/autoscaling/v2/horizontalpodautoscalers"
    assert HPA.path("shop") == "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
    pods = ServedResource("", "v1", "Pod", "pods", True)
    assert (pods.api_version, pods.path("shop")) == ("v1", "/api/v1/namespaces/shop/pods")


def test_the_servers_version() -> None:
    def of(version: Any) -> KubeVersion:
        return server_version(Fake({"/version": version}))

    assert of({"major": "1", "minor": "28+", "gitVersion": "v1.28.15-eks-ce1d5eb"}) == KubeVersion(1, 28)
    answers: tuple[Any, ...] = (b"<html>", [], {"gitVersion": 1})
    for text in answers:
        with pytest.raises(ApiError, match="not what a Kubernetes API server sends"):
            of(text)
    for told in ({}, {"gitVersion": "unknown"}):
        with pytest.raises(UsageError):
            of(told)
    with pytest.raises(ApiError, match="not found"):
        server_version(Fake({}))


versions = st.from_regex(r"\Av[1-9][0-9]{0,2}((alpha|beta)[1-9][0-9]{0,2})?\Z") | st.sampled_from(["next", "v1x", "v"])


@given(versions, versions, versions)
def test_versions_have_a_total_order(a: str, b: str, c: str) -> None:
    assert (version_order(a) == version_order(b)) == (a == b)
    assert (version_order(a) < version_order(b)) + (version_order(b) < version_order(a)) == (a != b)
    if version_order(a) <= version_order(b) <= version_order(c):
        assert version_order(a) <= version_order(c)


@given(st.integers(1, 999), st.integers(1, 999), st.integers(1, 999))
def test_stable_beats_beta_beats_alpha_and_numbers_count(major: int, one: int, other: int) -> None:
    ordered = [f"v{major + 1}", f"v{major}", f"v{other}beta{one}", f"v{other}alpha{one}", "next"]
    ranks = [version_order(version) for version in ordered]
    assert ranks == sorted(ranks)
    assert version_order(f"v{major}beta{one + 1}") < version_order(f"v{major}beta{one}")
