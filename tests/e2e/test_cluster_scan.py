"""What a scan of a live cluster finds, and by which evidence: on a real server, written by real clients."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import ControlPlane
from tests.e2e.scanning import Report, budget, findings, k8supgrade, missing, scan

WIDGETS: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "listKind": "WidgetList"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": name,
                "served": name != "v1alpha1",
                "storage": name == "v1",
                "deprecated": name == "v1beta1",
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
            for name in ("v1alpha1", "v1beta1", "v1")
        ],
    },
}


@pytest.fixture(scope="module")
def server(cluster_1_24: ControlPlane) -> ControlPlane:
    """With a namespace that holds one object for each kind of evidence."""
    cluster_1_24.kubectl("create", "namespace", "evidence")
    apply(cluster_1_24, budget("client-side"))
    apply(cluster_1_24, budget("overtaken"))
    apply(cluster_1_24, budget("argo"), "--server-side", "--field-manager=argocd-controller")
    time.sleep(1.1)  # times are whole seconds
    newer = budget("overtaken", "policy/v1")
    newer["spec"]["minAvailable"] = 2
    apply(cluster_1_24, newer, "--server-side", "--force-conflicts", "--field-manager=flux")
    for name in ("status-only", "scaled"):
        apply(cluster_1_24, budget(name))
    status = {"status": {"disruptionsAllowed": 1, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}}
    path = "/apis/policy/v1/namespaces/evidence/poddisruptionbudgets/status-only/status?fieldManager=controller"
    code, body = cluster_1_24.request("PATCH", path, status, headers={"Content-Type": "application/merge-patch+json"})
    assert code == 200, body
    return cluster_1_24


def apply(server: ControlPlane, manifest: Report, *arguments: str) -> None:
    server.kubectl("apply", "--namespace=evidence", *arguments, "-f", "-", stdin=json.dumps(manifest))


@pytest.fixture(scope="module")
def report(server: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Report:
    config = server.kubeconfig(tmp_path_factory.mktemp("config") / "kubeconfig", "prod")
    run = scan(config)
    assert run.code == 1
    return run.report


def origins(report: Report, name: str) -> list[Report]:
    found: list[Report] = findings(report)[f"evidence/{name}"]["origins"]
    return found


def test_what_only_managed_fields_tell(report: Report) -> None:
    finding = findings(report)["evidence/argo"]
    (origin,) = finding["origins"]
    assert finding["severity"] == "blocker"
    assert finding["owner"] == origin["manager"] == "argocd-controller"
    assert (origin["cluster"], origin["evidence"], origin["stale"]) == ("prod", "managed-fields", False)
    assert time.strptime(origin["time"], "%Y-%m-%dT%H:%M:%SZ")


def test_one_finding_with_several_origins(report: Report) -> None:
    assert [origin["evidence"] for origin in origins(report, "client-side")] == ["last-applied", "managed-fields"]
    assert findings(report)["evidence/client-side"]["severity"] == "blocker"


def test_what_was_overtaken_is_a_note_that_says_by_whom(report: Report) -> None:
    finding = findings(report)["evidence/overtaken"]
    assert finding["severity"] == "info"
    assert all(origin["stale"] for origin in finding["origins"])
    assert "flux has since written it as policy/v1" in finding["message"]


def test_a_write_to_the_status_overtakes_nothing(report: Report) -> None:
    assert findings(report)["evidence/status-only"]["severity"] == "blocker"


@pytest.mark.parametrize("driver", ["secret", "configmap"])
def test_a_helm_release(server: ControlPlane, tmp_path: Path, driver: str) -> None:
    name = f"cart-{driver}"
    templates = tmp_path / "cart" / "templates"
    templates.mkdir(parents=True)
    (tmp_path / "cart" / "Chart.yaml").write_text("apiVersion: v2\nname: cart\nversion: 1.2.3\n")
    (templates / "pdb.yaml").write_text(json.dumps(budget(name)))
    server.helm("install", name, str(tmp_path / "cart"), "--namespace=evidence", HELM_DRIVER=driver)
    config = server.kubeconfig(tmp_path / "kubeconfig", "prod")
    finding = findings(scan(config).report)[f"evidence/{name}"]
    assert finding["severity"] == "blocker"
    assert finding["owner"] == f"Helm release evidence/{name}"
    assert f"helm mapkubeapis {name} --namespace evidence" in finding["fix"]
    assert {
        "type": "helm",
        "cluster": "prod",
        "namespace": "evidence",
        "release": name,
        "revision": 1,
        "chart": "cart-1.2.3",
        "status": "deployed",
        "template": "cart/templates/pdb.yaml",
    } in finding["origins"]


def test_a_manifest_without_a_namespace_is_the_live_object(server: ControlPlane, tmp_path: Path) -> None:
    (tmp_path / "argo.json").write_text(json.dumps(budget("argo")))
    config = server.kubeconfig(tmp_path / "kubeconfig", "prod")
    found = findings(scan(config, "--cluster", tmp_path / "argo.json").report)
    assert [origin["type"] for origin in found["evidence/argo"]["origins"]] == ["file", "cluster"]


def test_versions_of_custom_resources(control_plane: Callable[..., ControlPlane], tmp_path: Path) -> None:
    server = control_plane("1.28")
    stored = json.loads(json.dumps(WIDGETS))
    for version in stored["spec"]["versions"]:
        version |= {"served": True, "storage": version["name"] == "v1alpha1", "deprecated": False}
    server.kubectl("apply", "-f", "-", stdin=json.dumps(stored))
    server.kubectl("wait", "--for=condition=Established", "crd/widgets.example.com")
    for version in ("v1alpha1", "v1beta1", "v1"):
        widget = {"apiVersion": f"example.com/{version}", "kind": "Widget", "metadata": {"name": version}}
        server.kubectl("apply", "-f", "-", stdin=json.dumps(widget))
    server.kubectl("apply", "-f", "-", stdin=json.dumps(WIDGETS))
    time.sleep(1)  # the server takes up the new definition
    run = scan(server.kubeconfig(tmp_path / "kubeconfig"), target="1.29")
    found = findings(run.report, "crd-version")
    assert {name: one["severity"] for name, one in found.items()} == {
        "widgets.example.com": "warning",
        "default/v1alpha1": "blocker",
        "default/v1beta1": "warning",
    }
    assert found["default/v1beta1"]["fix"] == "Change it to example.com/v1."
    assert "v1alpha1 of Widget is not served" in found["widgets.example.com"]["message"]
    assert run.code == 1
    assert missing(run.report) == []


def test_an_audit_log_names_the_client(control_plane: Callable[..., ControlPlane], tmp_path: Path) -> None:
    server = control_plane("1.24", audit=True)
    agent = {"User-Agent": "cluster-autoscaler/v1.20.0"}
    for _ in range(3):
        assert server.request("GET", "/apis/policy/v1beta1/poddisruptionbudgets", headers=agent)[0] == 200
    assert server.audit_log is not None
    run = k8supgrade("scan", "--target", "1.28", "-o", "json", "--audit-log", server.audit_log)
    assert run.code == 1
    named = [one for one in run.report["findings"] if one["kind"] == "PodDisruptionBudget"]
    (caller,) = [
        caller for one in named for caller in one["origins"][0]["callers"] if caller["userAgent"] == agent["User-Agent"]
    ]
    assert [one["severity"] for one in named] == ["blocker"]
    assert (caller["user"], caller["count"]) == ("admin", 3)
    with_metric = scan(server.kubeconfig(tmp_path / "kubeconfig"), "--cluster", "--audit-log", server.audit_log).report
    (both,) = [
        one
        for one in with_metric["findings"]
        if one["check"] == "removed-api-requested" and one["kind"] == "PodDisruptionBudget"
    ]
    assert both["severity"] == "blocker"
    assert [origin["evidence"] for origin in both["origins"]] == ["audit", "requested"]


def test_the_table_fits_80_columns(server: ControlPlane, tmp_path: Path) -> None:
    config = server.kubeconfig(tmp_path / "kubeconfig", "prod")
    run = k8supgrade("scan", "--target", "1.28", config=config, env={"COLUMNS": "80"})
    assert [line for line in run.out.splitlines() if len(line) > 80 and "https://" not in line] == []
    assert "prod: written by argocd-controller, " in run.out
