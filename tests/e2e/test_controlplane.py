"""The servers of the other tests are what they are taken for: they serve and remove what their version does."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cluster import STOP_TIMEOUT, ControlPlane, ControlPlaneError

ROOT = Path(__file__).parents[2]
BUDGET = """\
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: cart, namespace: default}
spec: {minAvailable: 1, selector: {matchLabels: {app: cart}}}
"""
SECURITY_POLICY = """\
apiVersion: policy/v1beta1
kind: PodSecurityPolicy
metadata: {name: open}
spec:
  seLinux: {rule: RunAsAny}
  runAsUser: {rule: RunAsAny}
  supplementalGroups: {rule: RunAsAny}
  fsGroup: {rule: RunAsAny}
"""


def git_version(server: ControlPlane) -> str:
    status, body = server.get("/version")
    assert status == 200
    told: str = json.loads(body)["gitVersion"]
    return told


def policy_versions(server: ControlPlane) -> list[str]:
    status, body = server.get("/apis/policy")
    assert status == 200
    return [version["version"] for version in json.loads(body)["versions"]]


def test_an_upgrade_keeps_the_objects_and_loses_the_removed_api(control_plane: Callable[..., ControlPlane]) -> None:
    server = control_plane("1.24")
    config = server.kubeconfig(server.directory / "config")
    before = config.read_text()
    assert git_version(server) == "v1.24.17"
    assert "Server Version: v1.24.17" in server.kubectl("version").stdout
    assert policy_versions(server) == ["v1", "v1beta1"]
    server.kubectl("apply", "-f", "-", stdin=SECURITY_POLICY)
    assert "policy/v1beta1 PodDisruptionBudget is deprecated" in server.kubectl("apply", "-f", "-", stdin=BUDGET).stderr

    server.restart("1.28")
    assert git_version(server) == "v1.28.15"
    assert "Server Version: v1.28.15" in server.kubectl("version").stdout
    assert policy_versions(server) == ["v1"]
    budget = json.loads(server.kubectl("get", "pdb", "cart", "-o", "json").stdout)
    assert (budget["apiVersion"], budget["spec"]["minAvailable"]) == ("policy/v1", 1)
    refused = server.kubectl("apply", "-f", "-", stdin=BUDGET, check=False)
    assert refused.returncode != 0
    assert 'no matches for kind "PodDisruptionBudget" in version "policy/v1beta1"' in refused.stderr
    assert server.kubeconfig(config).read_text() == before


def test_1_25_has_removed_it_already_and_reads_its_objects(control_plane: Callable[..., ControlPlane]) -> None:
    server = control_plane("1.25")
    assert git_version(server) == "v1.25.16"
    assert policy_versions(server) == ["v1"]
    server.kubectl("apply", "-f", "-", stdin=BUDGET.replace("v1beta1", "v1"))

    server.restart("1.28")
    assert git_version(server) == "v1.28.15"
    assert server.kubectl("get", "pdb", "cart", "-o", "name").stdout == "poddisruptionbudget.policy/cart\n"


@pytest.mark.parametrize("name", ["cluster_1_24", "cluster_1_28"])
def test_users_have_no_rights_until_they_are_given(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server: ControlPlane = request.getfixturevalue(name)
    assert server.get("/api/v1/configmaps", "scanner")[0] == 403
    assert server.get("/api/v1/configmaps")[0] == 200
    config = server.kubeconfig(tmp_path / "config", user="scanner")
    refused = server.kubectl("--kubeconfig", str(config), "get", "configmaps", check=False)
    assert 'User "scanner" cannot list resource "configmaps"' in refused.stderr


def test_arguments_reach_the_server(control_plane: Callable[..., ControlPlane]) -> None:
    server = control_plane("1.28", arguments=["--runtime-config=api/all=true"], users=("reader",), audit=True)
    assert server.get("/apis/resource.k8s.io/v1alpha2", "reader")[0] == 200
    assert server.get("/api/v1/secrets", "reader")[0] == 403
    assert server.audit_log is not None
    requests = [json.loads(line) for line in server.audit_log.read_text().splitlines()]
    assert "/api/v1/secrets" in [one["requestURI"] for one in requests if one["user"]["username"] == "reader"]


def test_helm_installs_a_chart(cluster_1_28: ControlPlane, tmp_path: Path) -> None:
    chart = tmp_path / "cart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: cart\nversion: 1.0.0\n")
    (chart / "templates" / "budget.yaml").write_text(BUDGET.replace("v1beta1", "v1").replace("default", "helmed"))
    cluster_1_28.helm("install", "cart", str(chart), "--namespace", "helmed", "--create-namespace")
    (release,) = json.loads(cluster_1_28.helm("list", "--namespace", "helmed", "-o", "json").stdout)
    assert (release["name"], release["status"]) == ("cart", "deployed")


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = ControlPlane("1.28", tmp_path, arguments=["--nonsense"])
    with pytest.raises(ControlPlaneError, match="unknown flag: --nonsense"):
        server.start()


def test_a_server_does_not_outlive_whoever_started_it(tmp_path: Path) -> None:
    program = (
        "import os, pathlib; from tests.e2e.cluster import ControlPlane\n"
        f"server = ControlPlane('1.28', pathlib.Path({str(tmp_path)!r})); server.start()\n"
        "print(server._process.pid, flush=True); os._exit(1)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    end = time.monotonic() + STOP_TIMEOUT
    while _runs(int(done.stdout)):
        assert time.monotonic() < end, "the server still runs"
        time.sleep(0.1)


def _runs(process: int) -> bool:
    """Not as a zombie: nobody may be left to wait for it."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], stdout=subprocess.PIPE, text=True, check=False)
    return status.stdout.strip()[:1] not in ("", "Z")
