"""deploy/rbac.yaml: up to date, read only, and no more than a scan needs."""

from __future__ import annotations

from typing import Any

import yaml

from k8supgrade import engine
from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import Context
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.sources.files import FileSource
from tools import make_rbac

OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(make_rbac.MANIFEST.read_text(encoding="utf-8")))
RULES = {one["metadata"]["name"]: one["rules"] for one in OBJECTS if one["kind"] == "ClusterRole"}


def test_the_manifest_is_as_generated() -> None:
    assert make_rbac.MANIFEST.read_text(encoding="utf-8") == make_rbac.manifest()


def test_nothing_is_written() -> None:
    verbs = {verb for rules in RULES.values() for rule in rules for verb in rule["verbs"]}
    assert verbs == {"get", "list"}


def test_secrets_and_config_maps_have_roles_of_their_own() -> None:
    readers = {
        name: resource
        for name, rules in RULES.items()
        for rule in rules
        for resource in rule.get("resources", ())
        if resource in ("secrets", "configmaps") or (resource == "*" and "" in rule["apiGroups"])
    }
    assert readers == {"k8supgrade-helm-secrets": "secrets", "k8supgrade-helm-configmaps": "configmaps"}


def test_a_group_is_never_a_wildcard() -> None:
    assert not [rule for rules in RULES.values() for rule in rules if "*" in rule.get("apiGroups", ())]


def test_what_every_upgrade_asks_about_is_there() -> None:
    listed = {
        (group, name)
        for rule in RULES["k8supgrade"]
        for group in rule.get("apiGroups", ())
        for name in rule.get("resources", ())
    }
    assert listed >= {
        ("policy", "poddisruptionbudgets"),
        ("policy", "podsecuritypolicies"),
        ("batch", "cronjobs"),
        ("autoscaling", "horizontalpodautoscalers"),
        ("apps", "deployments"),
        ("networking.k8s.io", "ingresses"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),
        ("rbac.authorization.k8s.io", "clusterroles"),
        ("cert-manager.io", "certificates"),
    }
    assert ("", "pods") not in listed


def test_a_scan_has_nothing_to_say_about_it() -> None:
    table = load_table()
    for minor in range(table.oldest.minor, table.newest.minor + 1):
        context = Context(table=table, target=Target(KubeVersion(1, minor), {}))
        checks = list(CHECKS.values())
        source = FileSource([str(make_rbac.MANIFEST)], engine.interest_of(checks, context))
        assert engine.run([source], checks, context).findings == ()
