"""The add-on tables in data/deprecations: what every row must satisfy, and a few facts to anchor them."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

TABLES = Path(__file__).resolve().parents[2] / "data" / "deprecations"
KUBERNETES = "kubernetes"

ROW_KEYS = frozenset(
    {
        "version",
        "kind",
        "namespaced",
        "introduced-in",
        "deprecated-in",
        "removed-in",
        "served-again-in",
        "replacement-api",
        "replacement-kind",
        "replacement-available-in",
        "reference",
        "notes",
    }
)
RELEASE_KEYS = ("introduced-in", "deprecated-in", "removed-in", "served-again-in", "replacement-available-in")

API_VERSION = re.compile(r"[a-z0-9][a-z0-9.-]*\.[a-z0-9-]+/v\d+(?:(?:alpha|beta)\d+)?")
KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")
RELEASE = re.compile(r"\d+\.\d+(?:\.[1-9]\d*)?")
ABSOLUTE_PATH = re.compile(r"(?:^|[\s'\"(])/[A-Za-z.]")

Row = dict[str, Any]


def addon_files() -> list[Path]:
    return sorted(path for path in TABLES.glob("*.yaml") if path.stem != KUBERNETES)


@cache
def table(path: Path) -> Row:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return cast("Row", loaded)


def rows(path: Path) -> list[Row]:
    return cast("list[Row]", table(path)["deprecated-versions"])


def component(name: str) -> dict[tuple[str, str], Row]:
    return {(row["version"], row["kind"]): row for row in rows(TABLES / f"{name}.yaml")}


def release(text: str) -> tuple[int, ...]:
    numbers = tuple(int(number) for number in text.split("."))
    return numbers + (0,) * (3 - len(numbers))


def label(row: Row) -> str:
    return f"{row['version']} {row['kind']}"


each_table = pytest.mark.parametrize("path", addon_files(), ids=lambda path: path.stem)


def test_there_are_addon_tables() -> None:
    assert len(addon_files()) >= 35
    assert sum(len(rows(path)) for path in addon_files()) >= 500


@each_table
def test_file_is_one_component_named_like_the_file(path: Path) -> None:
    assert set(table(path)) == {"component", "deprecated-versions"}
    assert table(path)["component"] == path.stem
    assert rows(path)


@each_table
def test_header_names_sources_and_whose_versions_these_are(path: Path) -> None:
    header = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        header += line.removeprefix("#")
    assert header.startswith(" Sources: ")
    assert "not of Kubernetes" in header


@each_table
def test_file_names_nothing_outside_the_public_sources(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not ABSOLUTE_PATH.search(text)
    assert "file://" not in text


@each_table
def test_rows_have_the_known_keys_only(path: Path) -> None:
    for row in rows(path):
        assert set(row) <= ROW_KEYS, label(row)
        assert {"version", "kind", "reference"} <= set(row), label(row)


@each_table
def test_versions_and_kinds_are_well_formed(path: Path) -> None:
    for row in rows(path):
        assert API_VERSION.fullmatch(row["version"]), label(row)
        assert KIND.fullmatch(row["kind"]), label(row)
        assert isinstance(row.get("namespaced", True), bool), label(row)


@each_table
def test_no_kind_is_the_plural_of_another(path: Path) -> None:
    kinds = {row["kind"].lower() for row in rows(path)}
    for kind in kinds:
        plurals = {f"{kind}s", f"{kind}es", f"{kind[:-1]}ies"} if kind.endswith("y") else {f"{kind}s", f"{kind}es"}
        assert not plurals & kinds, kind


@each_table
def test_releases_are_quoted_strings_without_v(path: Path) -> None:
    for row in rows(path):
        for key in RELEASE_KEYS:
            if key in row:
                assert isinstance(row[key], str), (label(row), key)
                assert RELEASE.fullmatch(row[key]), (label(row), key, row[key])


@each_table
def test_every_row_is_a_deprecation(path: Path) -> None:
    for row in rows(path):
        assert "deprecated-in" in row or "removed-in" in row, label(row)


@each_table
def test_life_runs_forward(path: Path) -> None:
    for row in rows(path):
        life = [release(row[key]) for key in RELEASE_KEYS[:4] if key in row]
        assert life == sorted(set(life)), label(row)
        assert "served-again-in" not in row or "removed-in" in row, label(row)


@each_table
def test_replacement_is_complete_and_is_another_api(path: Path) -> None:
    for row in rows(path):
        api = row.get("replacement-api")
        if api is None:
            assert not {"replacement-kind", "replacement-available-in"} & set(row), label(row)
            continue
        assert API_VERSION.fullmatch(api), label(row)
        kind = row.get("replacement-kind")
        assert kind is None or KIND.fullmatch(kind), label(row)
        assert kind != row["kind"], f"{label(row)}: replacement-kind is only for another kind"
        assert (api, kind or row["kind"]) != (row["version"], row["kind"]), label(row)


@each_table
def test_replacement_is_not_removed_itself(path: Path) -> None:
    removed = {(row["version"], row["kind"]) for row in rows(path) if "removed-in" in row}
    for row in rows(path):
        if "replacement-api" in row:
            target = (row["replacement-api"], row.get("replacement-kind", row["kind"]))
            assert target not in removed, label(row)


@each_table
def test_texts_are_single_clean_paragraphs(path: Path) -> None:
    for row in rows(path):
        for key in ("reference", "notes"):
            if key in row:
                text = row[key]
                assert isinstance(text, str), label(row)
                assert text, label(row)
                assert text == " ".join(text.split()), (label(row), key)


@each_table
def test_rows_are_in_order(path: Path) -> None:
    keys = [(row["version"], row["kind"]) for row in rows(path)]
    assert keys == sorted(keys)


def test_no_row_occurs_twice_over_all_files() -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for path in sorted(TABLES.glob("*.yaml")):
        counted.update((row["version"], row["kind"]) for row in rows(path))
    assert [key for key, times in counted.items() if times > 1] == []


def test_cert_manager_certificate() -> None:
    row = component("cert-manager")["cert-manager.io/v1alpha2", "Certificate"]
    assert (row["introduced-in"], row["deprecated-in"], row["removed-in"]) == ("0.11", "1.4", "1.6")
    assert row["replacement-api"] == "cert-manager.io/v1"
    assert "replacement-kind" not in row


def test_acme_kinds_stay_in_the_acme_group() -> None:
    acme = [row for row in rows(TABLES / "cert-manager.yaml") if row["kind"] in {"Order", "Challenge"}]
    assert {row["version"] for row in acme} == {
        "acme.cert-manager.io/v1alpha2",
        "acme.cert-manager.io/v1alpha3",
        "acme.cert-manager.io/v1beta1",
        "certmanager.k8s.io/v1alpha1",
    }
    assert {row["replacement-api"] for row in acme} == {"acme.cert-manager.io/v1"}


def test_istio_rbac_authorization_policy_has_a_version_and_a_singular_kind() -> None:
    istio = component("istio")
    row = istio["rbac.istio.io/v1alpha1", "AuthorizationPolicy"]
    assert (row["introduced-in"], row["removed-in"]) == ("1.2", "1.4")
    assert row["replacement-api"] == "security.istio.io/v1"
    rbac = {kind for version, kind in istio if version == "rbac.istio.io/v1alpha1"}
    assert rbac == {
        "AuthorizationPolicy",
        "ClusterRbacConfig",
        "RbacConfig",
        "ServiceRole",
        "ServiceRoleBinding",
    }


def test_emissary_v1_comes_back() -> None:
    row = component("emissary")["getambassador.io/v1", "Mapping"]
    assert (row["removed-in"], row["served-again-in"]) == ("2.0.4", "3.4")


def test_flux_rows_carry_distribution_versions() -> None:
    flux = component("flux")
    kustomization = flux["kustomize.toolkit.fluxcd.io/v1beta2", "Kustomization"]
    assert (kustomization["deprecated-in"], kustomization["removed-in"]) == ("2.0", "2.8")
    release_v2beta1 = flux["helm.toolkit.fluxcd.io/v2beta1", "HelmRelease"]
    assert (release_v2beta1["deprecated-in"], release_v2beta1["removed-in"]) == ("2.2", "2.7")
    assert "helm-controller 1.4" in release_v2beta1["notes"]
    assert not any("introduced-in" in row for row in flux.values())


def test_gateway_api_follows_the_standard_channel_where_that_served_it() -> None:
    gateway = component("gateway-api")
    grant = gateway["gateway.networking.k8s.io/v1alpha2", "ReferenceGrant"]
    assert grant["removed-in"] == "1.1"
    assert "1.2" in grant["notes"]
    tcp = gateway["gateway.networking.k8s.io/v1alpha2", "TCPRoute"]
    assert tcp["deprecated-in"] == "1.6"
    assert "removed-in" not in tcp


def test_group_rename_keeps_the_kind() -> None:
    for (version, _), row in component("traefik").items():
        assert version == "traefik.containo.us/v1alpha1"
        assert row["replacement-api"] == "traefik.io/v1alpha1"
        assert "replacement-kind" not in row
        assert row["removed-in"] == "3.0"


def test_kind_rename_is_named() -> None:
    row = component("karpenter")["karpenter.sh/v1alpha5", "Provisioner"]
    assert (row["replacement-api"], row["replacement-kind"]) == ("karpenter.sh/v1", "NodePool")
    assert row["removed-in"] == "0.33"
