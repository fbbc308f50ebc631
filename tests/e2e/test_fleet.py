"""Several clusters in one run, and what is said where one, or the way to it, is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.e2e.cluster import ControlPlane
from tests.e2e.scanning import budget, k8supgrade, missing, scan
from tests.e2e.tokens import free_port


@pytest.fixture
def fleet(cluster_1_24: ControlPlane, cluster_1_28: ControlPlane, tmp_path: Path) -> Path:
    """Contexts old (1.24), new (1.28), and down, behind which nothing listens."""
    content = yaml.safe_load(cluster_1_24.kubeconfig(tmp_path / "old", "old").read_text())
    newer = yaml.safe_load(cluster_1_28.kubeconfig(tmp_path / "new", "new").read_text())
    for section in ("clusters", "contexts"):
        content[section] += newer[section]
    content["users"].append({"name": "new", "user": newer["users"][0]["user"]})
    content["contexts"][1]["context"]["user"] = "new"
    nothing = {"server": f"https://127.0.0.1:{free_port()}"}
    content["clusters"].append({"name": "down", "cluster": nothing})
    content["contexts"].append({"name": "down", "context": {"cluster": "down", "user": "new"}})
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return file


def test_one_that_is_down_costs_only_itself(fleet: Path, cluster_1_24: ControlPlane) -> None:
    cluster_1_24.kubectl("create", "namespace", "fleet")
    cluster_1_24.kubectl("apply", "-f", "-", stdin=json.dumps(budget("cart", namespace="fleet")))
    run = scan(fleet, "--context", "old", "--context", "down")
    assert run.code == 1
    assert [one["name"] for one in run.report["findings"] if one["namespace"] == "fleet"] == ["cart"]
    assert run.report["clusters"] == [
        {"name": "old", "version": "1.24", "reached": True},
        {"name": "down", "version": None, "reached": False},
    ]
    assert [what for what, _ in missing(run.report)] == ["cluster down"]
    assert "connection refused" in missing(run.report)[0][1].lower()


def test_without_a_blocker_it_is_incomplete(fleet: Path) -> None:
    run = scan(fleet, "--context", "new", "--context", "down", "-n", "default", target="1.29")
    assert run.code == 3
    assert scan(fleet, "--context", "down").code == 3
    assert scan(fleet, "--context", "new", "-n", "default", target="1.29").code == 0


def test_all_contexts(fleet: Path) -> None:
    report = scan(fleet, "--all-contexts").report
    assert [cluster["name"] for cluster in report["clusters"]] == ["old", "new", "down"]
    assert report["current"] == {"kubernetes": "1.24"}


def test_next_is_another_version_for_another_cluster(fleet: Path, cluster_1_28: ControlPlane) -> None:
    schema = {
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1beta2",
        "kind": "FlowSchema",
        "metadata": {"name": "fleet"},
        "spec": {"priorityLevelConfiguration": {"name": "catch-all"}},
    }
    cluster_1_28.kubectl("apply", "-f", "-", stdin=json.dumps(schema))
    report = scan(fleet, "--context", "old", "--context", "new", target="next").report
    assert report["target"] == {"kubernetes": "1.29"}
    blocker = {one["name"]: one["severity"] for one in report["findings"] if one["check"] == "removed-api"}
    assert blocker["fleet"] == "blocker"  # removed in 1.29, the next version of the new cluster


def test_a_context_that_is_not_there(fleet: Path) -> None:
    run = scan(fleet, "--context", "olld")
    assert run.code == 2
    assert "did you mean old?" in run.err


def test_no_kubeconfig(tmp_path: Path) -> None:
    run = k8supgrade("scan", "--target", "1.28", env={"HOME": str(tmp_path)})
    assert run.code == 2
    assert "no kubeconfig" in run.err


def test_a_target_that_is_older_than_the_cluster(fleet: Path) -> None:
    run = scan(fleet, "--context", "new", target="1.27")
    assert run.code == 2
    assert "--target 1.27 is older than cluster new, which runs 1.28" in run.err


def test_a_namespace_that_is_not_there(fleet: Path) -> None:
    run = scan(fleet, "--context", "new", "-n", "nosuch")
    assert run.code == 3
    assert ("new: namespace nosuch", "there is no such namespace") in missing(run.report)


def test_a_snapshot_of_nothing(fleet: Path, tmp_path: Path) -> None:
    run = k8supgrade("snapshot", "-o", tmp_path / "cluster.tar.gz", "--context", "down", config=fleet)
    assert run.code == 3
    assert "no snapshot: cluster down: connection refused" in run.err
    assert not (tmp_path / "cluster.tar.gz").exists()
    both = k8supgrade("snapshot", "-o", tmp_path / "cluster.tar.gz", "--all-contexts", config=fleet)
    assert (both.code, "a snapshot holds one cluster" in both.err) == (2, True)
