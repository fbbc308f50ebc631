"""`scan --helmfile` beside a live cluster: what is pinned against what helm has installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e import binaries
from tests.e2e.cluster import ControlPlane
from tests.e2e.scanning import k8supgrade

REPOSITORY = Path(__file__).parents[2] / "charts-fixtures" / "repository"


def helmfile(directory: Path, version: str) -> Path:
    (directory / "repository").symlink_to(REPOSITORY)
    path = directory / "helmfile.yaml"
    path.write_text(
        "repositories: [{name: fixtures, url: repository}]\nreleases:\n"
        f"- {{name: drifting, namespace: drift, chart: fixtures/web, version: {version}}}\n"
        "- {name: elsewhere, namespace: drift, chart: fixtures/legacy, version: 1.0.0}\n"
    )
    return path


def report(server: ControlPlane, directory: Path, version: str) -> Any:
    directory.mkdir()
    path = helmfile(directory, version)
    run = k8supgrade(
        *("scan", "--target", "1.28", "--cluster", "--helmfile", str(path), "-o", "json", "-n", "drift"),
        config=server.kubeconfig(directory / "kubeconfig", "prod"),
        env={"PATH": f"{binaries.helm().parent}:/usr/bin:/bin"},
    )
    return run.report


def test_what_is_installed_is_compared_with_what_is_pinned(cluster_1_28: ControlPlane, tmp_path: Path) -> None:
    cluster_1_28.helm(
        "install", "drifting", str(REPOSITORY / "web-1.1.0.tgz"), "--namespace=drift", "--create-namespace"
    )
    found = report(cluster_1_28, tmp_path / "other", "1.2.0")
    (drift,) = [one for one in found["findings"] if one["check"] == "chart-drift"]
    assert (drift["severity"], drift["namespace"], drift["name"]) == ("info", "drift", "drifting")
    assert drift["message"] == "chart fixtures/web 1.2.0 is pinned, and installed is web-1.1.0 in prod"
    assert [origin["type"] for origin in drift["origins"]] == ["chart", "helm"]
    assert {one["release"]: one["status"] for one in found["charts"]} == {"drifting": "ready", "elsewhere": "ready"}
    assert found["clusters"] == [{"name": "prod", "version": "1.28", "reached": True}]
    same = report(cluster_1_28, tmp_path / "same", "1.1.0")
    assert [one for one in same["findings"] if one["check"] == "chart-drift"] == []
    assert len(same["charts"]) == 2
