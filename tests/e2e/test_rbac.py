"""deploy/rbac.yaml with the real authorizer: it suffices, and without a part of it the report says just that."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.cluster import ControlPlane
from tests.e2e.scanning import budget, k8supgrade, missing, scan

DEPLOY = Path(__file__).parents[2] / "deploy" / "rbac.yaml"
SECURITY_POLICY = {
    "apiVersion": "policy/v1beta1",
    "kind": "PodSecurityPolicy",
    "metadata": {"name": "open"},
    "spec": {name: {"rule": "RunAsAny"} for name in ("seLinux", "runAsUser", "supplementalGroups", "fsGroup")},
}
HELM = {"secrets": "Secrets", "configmaps": "ConfigMaps"}
ROLES = ("k8supgrade", "k8supgrade-helm-secrets", "k8supgrade-helm-configmaps")
_RULE = re.compile(r'apiGroups: \["([^"]*)"\], resources: \["([^"]*)"\], verbs: \[([^]]*)\]')
_METRICS = 'it needs the rule nonResourceURLs: ["/metrics"], verbs: ["get"]'


def bind(server: ControlPlane, role: str, namespace: str | None = None) -> None:
    kind = "rolebinding" if namespace else "clusterrolebinding"
    place = (f"--namespace={namespace}",) if namespace else ()
    server.kubectl("create", kind, f"scanner-{role}", f"--clusterrole={role}", "--user=scanner", *place)


@pytest.fixture
def server(control_plane: Callable[..., ControlPlane], tmp_path: Path) -> ControlPlane:
    """1.24 with the roles, a release, a budget, and a PodSecurityPolicy; nobody is bound."""
    server = control_plane("1.24", audit=True)
    server.kubectl("apply", "-f", str(DEPLOY))
    server.kubectl("create", "namespace", "shop")
    server.kubectl("apply", "-f", "-", stdin=json.dumps(budget("cart", "policy/v1", "shop")))
    templates = tmp_path / "cart" / "templates"
    templates.mkdir(parents=True)
    (tmp_path / "cart" / "Chart.yaml").write_text("apiVersion: v2\nname: cart\nversion: 1.2.3\n")
    (templates / "pdb.yaml").write_text(json.dumps(budget("released", "policy/v1")))
    server.helm("install", "cart", str(tmp_path / "cart"), "--namespace=shop")
    return server


@pytest.fixture
def config(server: ControlPlane, tmp_path: Path) -> Path:
    return server.kubeconfig(tmp_path / "scanner", user="scanner")


def test_it_suffices(server: ControlPlane, config: Path, tmp_path: Path) -> None:
    for role in ROLES:
        bind(server, role)
    run = scan(config)
    as_admin = scan(server.kubeconfig(tmp_path / "admin"))
    assert run.report["skipped"] == []
    assert (run.code, run.report["findings"]) == (as_admin.code, as_admin.report["findings"])
    assert run.report["scanned"] == as_admin.report["scanned"]
    assert run.report["scanned"]["releases"] == 1


def test_the_service_account_is_bound(server: ControlPlane, tmp_path: Path) -> None:
    """By the manifest alone, for scans and for snapshots."""
    config = server.kubeconfig(tmp_path / "account")
    content = yaml.safe_load(config.read_text())
    content["users"][0]["user"]["as"] = "system:serviceaccount:k8supgrade:k8supgrade"
    config.write_text(yaml.safe_dump(content))
    run = scan(config)
    assert (run.code, run.report["skipped"]) == (0, [])
    assert k8supgrade("snapshot", "-o", tmp_path / "cluster.tar.gz", config=config).code == 0


def test_without_secrets_the_report_says_that_releases_were_not_read(server: ControlPlane, config: Path) -> None:
    bind(server, "k8supgrade")
    bind(server, "k8supgrade-helm-configmaps")
    run = scan(config)
    ((what, reason),) = missing(run.report)
    assert what == "prod: Helm releases in Secrets"
    assert 'cannot list resource "secrets"' in reason
    assert 'apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"]' in reason
    assert run.code == 3
    assert scan(config, "--no-helm").code == 0


def test_what_the_report_asks_for_is_what_is_missing(server: ControlPlane, config: Path) -> None:
    """Grants the rules that the report names, and nothing else, until it is complete."""
    rules: list[dict[str, Any]] = [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]
    granted: set[str] = set()
    for _ in range(4):
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "asked-for"}}
        server.kubectl("apply", "-f", "-", stdin=json.dumps({**role, "rules": rules}))
        server.kubectl(
            "create", "clusterrolebinding", "asked", "--clusterrole=asked-for", "--user=scanner", check=False
        )
        run = scan(config)
        unread = dict(missing(run.report))
        assert granted.isdisjoint(unread)  # what was granted is no longer missing
        granted |= unread.keys()
        open_rules = [_RULE.search(reason) for reason in unread.values()]
        if not open_rules:
            break
        assert run.code == 3
        for found in open_rules:
            assert found is not None, missing(run.report)
            verbs = [verb.strip(' "') for verb in found[3].split(",")]
            rules.append({"apiGroups": [found[1]], "resources": [found[2]], "verbs": verbs})
    assert (run.code, missing(run.report)) == (0, [])
    assert not [rule for rule in rules if "*" in json.dumps(rule)]


def test_without_any_right_nothing_looks_ready(config: Path) -> None:
    run = scan(config)
    assert run.code == 3
    assert run.report["findings"] == []
    unread = dict(missing(run.report))
    assert {"prod: list poddisruptionbudgets.policy", "prod: Helm releases in Secrets"} <= unread.keys()
    assert len(unread) >= 30
    assert "Allow reading /metrics" in unread.pop("prod: list podsecuritypolicies.policy")
    for what, reason in unread.items():
        found = _RULE.search(reason)
        assert found is not None, (what, reason)
        listed = ".".join(filter(None, (found[2], found[1])))
        assert what in (f"prod: list {listed}", f"prod: Helm releases in {HELM.get(found[2])}")
    ((what, reason),) = [(skip["what"], skip["reason"]) for skip in run.report["skipped"] if skip["optional"]]
    assert (what, _METRICS in reason) == ("prod: metrics (who calls deprecated APIs)", True)


def test_in_a_namespace_rights_there_are_enough(server: ControlPlane, config: Path) -> None:
    server.kubectl("apply", "-f", "-", stdin=json.dumps(budget("old", namespace="shop")))
    for role in ROLES:
        bind(server, role, "shop")
    run = scan(config, "-n", "shop")
    assert run.report["skipped"] == []
    assert [(one["namespace"], one["name"]) for one in run.report["findings"]] == [("shop", "old")]
    assert run.code == 1
    assert server.audit_log is not None
    asked = [json.loads(line) for line in server.audit_log.read_text().splitlines()]
    paths = {one["requestURI"].partition("?")[0] for one in asked if one["user"]["username"] == "scanner"}
    wide = {path for path in paths if "/namespaces/shop" not in path and path.count("/") > 3}
    assert wide == set()
    assert "/metrics" not in paths


def bind_without_metrics(server: ControlPlane) -> None:
    role = json.loads(server.kubectl("get", "clusterrole", "k8supgrade", "-o", "json").stdout)
    role["rules"] = [rule for rule in role["rules"] if "nonResourceURLs" not in rule]
    server.kubectl("replace", "-f", "-", stdin=json.dumps(role))
    for name in ROLES:
        bind(server, name)


def test_metrics_are_optional(control_plane: Callable[..., ControlPlane], tmp_path: Path) -> None:
    server = control_plane("1.28")
    server.kubectl("apply", "-f", str(DEPLOY))
    bind_without_metrics(server)
    run = scan(server.kubeconfig(tmp_path / "scanner", user="scanner"), target="1.29")
    ((what, reason),) = [(skip["what"], skip["reason"]) for skip in run.report["skipped"]]
    assert (what, _METRICS in reason) == ("prod: metrics (who calls deprecated APIs)", True)
    assert (run.code, missing(run.report)) == (0, [])


def test_metrics_are_needed_where_a_kind_is_counted_only_there(server: ControlPlane, config: Path) -> None:
    bind_without_metrics(server)
    run = scan(config)
    optional = [skip["what"] for skip in run.report["skipped"] if skip["optional"]]
    assert optional == ["prod: metrics (who calls deprecated APIs)"]
    assert [what for what, _ in missing(run.report)] == ["prod: list podsecuritypolicies.policy"]
    assert run.code == 3
    server.kubectl("apply", "-f", "-", stdin=json.dumps(SECURITY_POLICY))
    allowed = scan(config, "--allow-deprecated-calls")
    assert [one["name"] for one in allowed.report["findings"]] == ["open"]
    assert missing(allowed.report) == []
