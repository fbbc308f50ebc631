"""The Kubernetes table: derived from the committed inputs and from nothing else, and true where it was looked up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import refresh_table
from tools.table.enabled import read_defaults
from tools.table.gvk import TableError, from_ranges, minor_number, to_ranges

DATA = Path(__file__).resolve().parents[2] / "data"
TABLE = yaml.safe_load((DATA / "deprecations" / "kubernetes.yaml").read_text(encoding="utf-8"))
SERVED = yaml.safe_load((DATA / "served" / "kubernetes.yaml").read_text(encoding="utf-8"))
ROWS: Mapping[tuple[str, str], dict[str, Any]] = {
    (row["version"], row["kind"]): row for row in TABLE["deprecated-versions"]
}
APIS: Mapping[tuple[str, str], dict[str, Any]] = {(api["version"], api["kind"]): api for api in SERVED["apis"]}
NEWEST = minor_number(SERVED["minors"][-1])
SWITCHED_OFF = ("apps/v1beta1", "apps/v1beta2", "extensions/v1beta1")


def served(api: tuple[str, str]) -> set[int]:
    return from_ranges(APIS[api]["served"], NEWEST)


def test_the_committed_files_are_derived_from_the_committed_inputs() -> None:
    for file, text in refresh_table.outputs(DATA).items():
        assert file.read_text(encoding="utf-8") == text, f"{file.name}: run python -m tools.refresh_table"


def test_an_edit_by_hand_is_shown(tmp_path: Path) -> None:
    for name in ("upstream/kubernetes.json", "upstream/overlay.yaml", "served/kubernetes.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    (tmp_path / "deprecations").mkdir()
    edited = (DATA / "deprecations" / "kubernetes.yaml").read_text(encoding="utf-8").replace("'1.25'", "'1.24'", 1)
    (tmp_path / "deprecations" / "kubernetes.yaml").write_text(edited, encoding="utf-8")
    changed = [line for line in refresh_table.differences(tmp_path) if line[:2] in ("- ", "+ ")]
    assert [line.split(": ")[1] for line in changed] == ["'1.24'", "'1.25'"]


def test_every_minor_is_there_and_names_its_source() -> None:
    assert [minor_number(minor) for minor in SERVED["minors"]] == list(range(16, NEWEST + 1))
    assert list(SERVED["sources"]) == SERVED["minors"]
    assert all(source.startswith(f"k8s.io/kubernetes@v{minor}.") for minor, source in SERVED["sources"].items())


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: f"{row['version']} {row['kind']}")
def test_row(row: dict[str, Any]) -> None:
    events = [minor_number(row[key]) for key in ("introduced-in", "deprecated-in", "removed-in") if key in row]
    assert events == sorted(set(events))
    assert "deprecated-in" in row or "removed-in" in row
    api = row["version"], row["kind"]
    assert row["namespaced"] is APIS[api]["namespaced"]
    assert row["reference"].startswith("https://")
    if "removed-in" in row and row["version"] not in SWITCHED_OFF:
        removed = minor_number(row["removed-in"])
        assert removed > max(served(api)), "served by the release that is said to have removed it"
        assert removed > NEWEST or removed - 1 in served(api), "gone earlier than the row says"
    if "replacement-api" in row:
        replacement = row["replacement-api"], row.get("replacement-kind", row["kind"])
        assert replacement in APIS
        assert replacement != api
        available = minor_number(row["replacement-available-in"])
        assert available == min(served(replacement)) or available < 16 == min(served(replacement))
    else:
        assert not {"replacement-kind", "replacement-available-in"} & row.keys()


def test_what_left_is_in_the_table() -> None:
    assert {api for api in APIS if max(served(api)) < NEWEST} <= ROWS.keys()


def test_on_by_default_is_part_of_served_and_stable_versions_are_on() -> None:
    for (version, kind), api in APIS.items():
        default = from_ranges(api["default"], NEWEST)
        assert default <= served((version, kind))
        if "alpha" in version:
            assert not default, f"{version} {kind}"
        elif "beta" not in version and kind != "EphemeralContainers":
            assert default == served((version, kind)), f"{version} {kind}"


FACTS = [
    # deprecation guide, psp-v125: no replacement API
    ("policy/v1beta1", "PodSecurityPolicy", "1.21", "1.25", None),
    # deprecation guide, horizontalpodautoscaler-v126 and -v125
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "1.23", "1.26", "autoscaling/v2"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler", "1.22", "1.25", "autoscaling/v2"),
    # deprecation guide, subjectaccessreview-resources-v122
    ("authorization.k8s.io/v1beta1", "SubjectAccessReview", "1.19", "1.22", "authorization.k8s.io/v1"),
    ("authorization.k8s.io/v1beta1", "LocalSubjectAccessReview", "1.19", "1.22", "authorization.k8s.io/v1"),
    ("authorization.k8s.io/v1beta1", "SelfSubjectAccessReview", "1.19", "1.22", "authorization.k8s.io/v1"),
    ("authorization.k8s.io/v1beta1", "SelfSubjectRulesReview", "1.19", "1.22", "authorization.k8s.io/v1"),
    # deprecation guide, flowcontrol-resources-v126; the replacement is the one of the lifecycle marker
    ("flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "1.23", "1.26", "flowcontrol.apiserver.k8s.io/v1beta3"),
    # deprecation guide, event-v125; upstream's marker names no replacement
    ("events.k8s.io/v1beta1", "Event", "1.22", "1.25", "events.k8s.io/v1"),
    # deprecation guide, ingress-v122 and ingressclass-v122; upstream's marker says IngressClassList
    ("extensions/v1beta1", "Ingress", "1.14", "1.22", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "IngressClass", "1.19", "1.22", "networking.k8s.io/v1"),
    # deprecation guide, deployment-v116
    ("extensions/v1beta1", "Deployment", "1.8", "1.16", "apps/v1"),
    # CHANGELOG-1.23: "The rbac.authorization.k8s.io/v1alpha1 API version is removed; use ...v1"
    ("rbac.authorization.k8s.io/v1alpha1", "Role", None, "1.23", "rbac.authorization.k8s.io/v1"),
    # CHANGELOG-1.20: PodPreset "has been removed with no built-in replacement"
    ("settings.k8s.io/v1alpha1", "PodPreset", None, "1.20", None),
    # CHANGELOG-1.21: batch/v2alpha1 CronJob "deprecated and removed"
    ("batch/v2alpha1", "CronJob", None, "1.21", "batch/v1"),
    # CHANGELOG-1.29: ClusterCIDR removed (its marker said 1.31)
    ("networking.k8s.io/v1alpha1", "ClusterCIDR", "1.28", "1.29", None),
    # pkg/registry/storage/rest/storage_storage.go of 1.22.17 and 1.23.17 (its marker said 1.24)
    ("storage.k8s.io/v1alpha1", "VolumeAttachment", "1.21", "1.23", "storage.k8s.io/v1"),
    # CHANGELOG-1.37: scheduling.k8s.io/v1alpha2 dropped entirely
    ("scheduling.k8s.io/v1alpha2", "Workload", None, "1.37", "scheduling.k8s.io/v1beta1"),
    # pkg/registry/core/pod/storage/eviction.go: 1.37.2 still accepts it (its marker said 1.25)
    ("policy/v1beta1", "Eviction", "1.22", None, "policy/v1"),
    # k8s.io/api@v0.37.2 resource/v1beta1: the marker moved from 1.36 (CHANGELOG-1.33) to 1.38, and 1.37 serves it
    ("resource.k8s.io/v1beta1", "ResourceClaim", "1.35", "1.38", "resource.k8s.io/v1"),
]


@pytest.mark.parametrize(("version", "kind", "deprecated", "removed", "replacement"), FACTS)
def test_fact(version: str, kind: str, deprecated: str | None, removed: str | None, replacement: str | None) -> None:
    row = ROWS[version, kind]
    found = row.get("deprecated-in"), row.get("removed-in"), row.get("replacement-api")
    assert found == (deprecated, removed, replacement)


DEFAULTS = [
    # pkg/controlplane/instance.go: betas that are new since 1.24 are in betaAPIGroupVersionsDisabledByDefault
    ("networking.k8s.io/v1beta1", "IPAddress", []),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy", []),
    ("resource.k8s.io/v1beta1", "ResourceClaim", []),
    # ... and the older ones in legacyBetaEnabledByDefaultResources until they leave
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity", ["1.21-1.26"]),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", ["1.26-1.31"]),
    # pkg/master/master.go of 1.16: DisableVersions, DisableResources, and EnableResources for ingresses alone
    ("apps/v1beta2", "Deployment", []),
    ("extensions/v1beta1", "NetworkPolicy", []),
    ("extensions/v1beta1", "Ingress", ["1.16-1.21"]),
    # DefaultAPIResourceConfigSource of k8s.io/apiextensions-apiserver
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", ["1.16-1.21"]),
    # served on pods of v1: switched on with them, whatever the version of the kind
    ("policy/v1", "Eviction", ["1.22-"]),
    # pkg/features/kube_features.go of 1.21: EphemeralContainers is alpha and off
    ("v1", "EphemeralContainers", []),
]


@pytest.mark.parametrize(("version", "kind", "ranges"), DEFAULTS)
def test_default(version: str, kind: str, ranges: list[str]) -> None:
    assert APIS[version, kind]["default"] == ranges


def test_ranges_survive_a_round_trip() -> None:
    assert to_ranges({16, 17, 19, 21, 22}, 22) == ["1.16-1.17", "1.19", "1.21-"]
    assert from_ranges(["1.16-1.17", "1.19", "1.21-"], 22) == {16, 17, 19, 21, 22}
    assert to_ranges(set(), 22) == []


SOURCE = """package master
import (
	appsv1beta1 "k8s.io/api/apps/v1beta1"
	appsv1 "k8s.io/api/apps/v1"
)
var (
	stable = []schema.GroupVersion{
		appsv1.SchemeGroupVersion, // stays
	}
)
func DefaultAPIResourceConfigSource() *serverstorage.ResourceConfig {
	ret := serverstorage.NewResourceConfig()
	ret.EnableVersions(stable...)
	ret.DisableVersions(
		appsv1beta1.SchemeGroupVersion,
	)
	STATEMENT
	return ret
}
"""


def test_switches_are_read_with_upstream_precedence(tmp_path: Path) -> None:
    file = tmp_path / "instance.go"
    enable = 'ret.EnableResources(appsv1beta1.SchemeGroupVersion.WithResource("deployments"))'
    file.write_text(SOURCE.replace("STATEMENT", enable), encoding="utf-8")
    defaults = read_defaults(file, {"apps": "apps"})
    assert defaults.enabled("apps/v1", "deployments")
    assert defaults.enabled("apps/v1beta1", "deployments")
    assert not defaults.enabled("apps/v1beta1", "statefulsets")


@pytest.mark.parametrize(
    "statement",
    [
        "if gate { ret.EnableVersions(stable...) }",
        "ret.EnableVersions(others...)",
        "ret.EnableVersions(versions(stable))",
        "ret.EnableVersions(unknown.SchemeGroupVersion)",
    ],
)
def test_an_unknown_form_is_an_error(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "instance.go"
    file.write_text(SOURCE.replace("STATEMENT", statement), encoding="utf-8")
    with pytest.raises(TableError):
        read_defaults(file, {"apps": "apps"})
