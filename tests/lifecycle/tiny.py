"""Small tables for tests, written as the data files are."""

from __future__ import annotations

from typing import Any

from k8supgrade.lifecycle.row import Row
from k8supgrade.lifecycle.served import Served, entries_of
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.version import NEWEST_PATCH, ComponentVersion, KubeVersion, Target

MINORS = [f"1.{minor}" for minor in range(16, 36)]


def api(version: str, kind: str, served: list[str], default: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "version": version,
        "kind": kind,
        "served": served,
        "default": served if default is None else default,
        **more,
    }


def served(*apis: dict[str, Any]) -> Served:
    return Served(*entries_of({"minors": MINORS, "apis": list(apis)}))


def kube(version: str, kind: str, **fields: Any) -> Row:
    return Row(version, kind, "kubernetes", **fields)


def table(apis: list[dict[str, Any]], rows: list[Row]) -> LifecycleTable:
    return LifecycleTable(rows, served(*apis), "1.35.1-00000000")


def at(minor: str, **components: str) -> Target:
    releases = {
        name.replace("_", "-"): ComponentVersion.parse(text, missing_patch=NEWEST_PATCH)
        for name, text in components.items()
    }
    return Target(KubeVersion.parse(minor), releases)


def offered(subject: LifecycleTable, version: str, kind: str, target: Target) -> str | None:
    row = subject.get(version, kind)
    assert row is not None
    found = subject.replacement_at(row, target)
    return None if found is None else f"{found.api_version} {found.kind}"


INGRESS = table(
    [
        api("extensions/v1beta1", "Ingress", ["1.16-1.21"]),
        api("networking.k8s.io/v1beta1", "Ingress", ["1.16-1.21"]),
        api("networking.k8s.io/v1", "Ingress", ["1.19-"], namespaced=True),
        api("networking.k8s.io/v1", "NetworkPolicy", ["1.16-"]),
        api("extensions/v1beta1", "DaemonSet", ["1.16-1.17"], []),
        api("apps/v1beta1", "Deployment", ["1.16-1.17"], []),
        api("apps/v1", "Deployment", ["1.16-"]),
        api("autoscaling/v1", "Scale", ["1.16-"], subresource=True),
        api("resource.k8s.io/v1", "ResourceClaim", ["1.34-"]),
    ],
    [
        kube(
            "extensions/v1beta1",
            "Ingress",
            introduced_in="1.1",
            deprecated_in="1.14",
            removed_in="1.22",
            replacement_api="networking.k8s.io/v1",
        ),
        kube(
            "networking.k8s.io/v1beta1",
            "Ingress",
            introduced_in="1.14",
            deprecated_in="1.19",
            removed_in="1.22",
            replacement_api="networking.k8s.io/v1",
        ),
        kube("extensions/v1beta1", "DaemonSet", removed_in="1.16", replacement_api="apps/v1"),
        kube("apps/v1beta1", "Deployment", removed_in="1.16", replacement_api="apps/v1"),
        Row("example.com/v1", "Widget", "widgets", namespaced=False, removed_in="2.0"),
    ],
)
