"""Lookups, on a small table."""

from __future__ import annotations

import pytest

from k8supgrade.lifecycle.row import Row
from k8supgrade.lifecycle.served import Entry
from k8supgrade.model.lifecycle import Replacement
from k8supgrade.model.version import KubeVersion
from tests.lifecycle.tiny import INGRESS, at


def test_get_builds_the_row() -> None:
    row = INGRESS.get("extensions/v1beta1", "Ingress")
    assert row is not None
    assert (row.deprecated_in, row.removed_in) == (KubeVersion(1, 14), KubeVersion(1, 22))
    assert row.replacement == Replacement(
        api_version="networking.k8s.io/v1", kind="Ingress", available_in=KubeVersion(1, 19)
    )
    assert INGRESS.get("extensions/v1beta1", "Ingress") is row
    assert INGRESS.get("networking.k8s.io/v1", "Ingress") is None


def test_available_in_stays_unknown_where_the_table_begins_too_late() -> None:
    row = INGRESS.get("apps/v1beta1", "Deployment")
    assert row is not None
    assert row.replacement is not None
    assert row.replacement.available_in is None


def test_rows_are_sorted_with_kubernetes_first() -> None:
    assert [(row.component, row.api_version, row.kind) for row in INGRESS.rows()] == [
        ("kubernetes", "apps/v1beta1", "Deployment"),
        ("kubernetes", "extensions/v1beta1", "DaemonSet"),
        ("kubernetes", "extensions/v1beta1", "Ingress"),
        ("kubernetes", "networking.k8s.io/v1beta1", "Ingress"),
        ("widgets", "example.com/v1", "Widget"),
    ]
    assert INGRESS.components() == {"kubernetes", "widgets"}


def test_served_and_default() -> None:
    minor = KubeVersion(1, 16)
    assert INGRESS.is_served("apps/v1beta1", "Deployment", minor)
    assert not INGRESS.is_default("apps/v1beta1", "Deployment", minor)
    assert not INGRESS.is_served("apps/v1beta1", "Deployment", KubeVersion(1, 18))
    assert INGRESS.knows("apps/v1beta1", "Deployment")
    assert not INGRESS.knows("example.com/v1", "Widget")
    assert INGRESS.first_served("networking.k8s.io/v1", "Ingress") == KubeVersion(1, 19)
    assert INGRESS.first_served("example.com/v1", "Widget") is None
    assert ("networking.k8s.io/v1", "Ingress") not in INGRESS.served_kinds(minor, default_only=False)
    assert ("apps/v1beta1", "Deployment") in INGRESS.served_kinds(minor, default_only=False)
    assert ("apps/v1beta1", "Deployment") not in INGRESS.served_kinds(minor, default_only=True)
    assert ("autoscaling/v1", "Scale") not in INGRESS.served_kinds(minor, default_only=False)


@pytest.mark.parametrize(("minor", "nearest"), [("1.9", "1.16"), ("1.99", "1.35"), ("2.0", "1.35")])
def test_minor_outside_the_table_counts_as_the_nearest(minor: str, nearest: str) -> None:
    far, near = KubeVersion.parse(minor), KubeVersion.parse(nearest)
    assert INGRESS.served_kinds(far, default_only=True) == INGRESS.served_kinds(near, default_only=True)


def test_namespaced() -> None:
    assert INGRESS.namespaced("networking.k8s.io/v1", "Ingress") is True
    assert INGRESS.namespaced("example.com/v1", "Widget") is False
    assert INGRESS.namespaced("apps/v1", "Deployment") is None
    assert INGRESS.namespaced("example.com/v9", "Widget") is None


def test_groups() -> None:
    assert INGRESS.group_versions_served(KubeVersion(1, 16)) == {
        "apps/v1",
        "extensions/v1beta1",
        "networking.k8s.io/v1",
        "networking.k8s.io/v1beta1",
    }
    assert INGRESS.groups_served(KubeVersion(1, 22)) == {"apps", "networking.k8s.io"}
    assert INGRESS.removed_group_versions(at("1.16")) == {"apps/v1beta1"}
    assert INGRESS.removed_group_versions(at("1.22")) == {
        "apps/v1beta1",
        "extensions/v1beta1",
        "networking.k8s.io/v1beta1",
    }
    assert INGRESS.removed_groups(at("1.21")) == frozenset()
    assert INGRESS.removed_groups(at("1.22")) == {"extensions"}


def test_user_rows_take_the_place_of_shipped_ones() -> None:
    ours = Row("apps/v1beta1", "Deployment", "kubernetes", removed_in="1.17")
    new = Row("example.com/v2", "Widget", "widgets", deprecated_in="3.0")
    merged = INGRESS.with_rows([ours, new])
    row = merged.get("apps/v1beta1", "Deployment")
    assert row is not None
    assert (row.removed_in, row.replacement) == (KubeVersion(1, 17), None)
    assert merged.get("example.com/v2", "Widget") is not None
    assert INGRESS.get("example.com/v2", "Widget") is None
    assert merged.data_version.startswith("1.35.1-")
    assert merged.data_version != INGRESS.data_version
    assert merged.data_version == INGRESS.with_rows([new, ours]).data_version
    assert INGRESS.with_rows([]).data_version == INGRESS.data_version


def test_entry_order_is_that_of_the_compact_form() -> None:
    assert Entry._fields == ("version", "kind", "namespaced", "served", "default", "subresource")
