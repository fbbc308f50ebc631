"""crd-version: what the definitions in a cluster say of the versions that objects are written in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from k8supgrade import engine
from k8supgrade.checks import crd_version
from k8supgrade.checks.base import Context
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.origin import ClusterOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.resource import ObjectRef, Resource
from k8supgrade.model.version import KubeVersion, Target

TABLE = load_table()
FILE = FileOrigin(path="widget.yaml", line=1)


def context() -> Context:
    return Context(table=TABLE, target=Target(KubeVersion(1, 28), {}))


def version(name: str, *marks: str) -> dict[str, Any]:
    return {"name": name, "served": "gone" not in marks, **{mark: True for mark in marks if mark != "gone"}}


def definition(*versions: dict[str, Any], stored: Iterable[str] = (), cluster: str = "prod") -> Resource:
    names = {"kind": "Widget", "plural": "widgets"}
    return Resource(
        ref=ObjectRef(
            api_version="apiextensions.k8s.io/v1",
            kind="CustomResourceDefinition",
            namespace=None,
            name="widgets.example.com",
        ),
        origin=ClusterOrigin(cluster=cluster, evidence="served"),
        index=0,
        manifest={
            "metadata": {"name": "widgets.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": list(versions)},
            "status": {"storedVersions": list(stored)},
        },
        is_written=False,
    )


def widget(api_version: str = "example.com/v1alpha1", origin: Origin = FILE, **more: Any) -> Resource:
    ref = ObjectRef(api_version=api_version, kind="Widget", namespace="shop", name="cart")
    return Resource(ref=ref, origin=origin, index=0, **more)


def judged(*resources: Resource, at: Context | None = None) -> list[Finding]:
    at = at or context()
    return [found for one in resources for found in crd_version.check(one, at)]


DEPRECATED = definition(version("v1alpha1", "deprecated"), version("v1", "storage"))
GONE = definition(version("v1alpha1", "gone"), version("v1", "storage"))


def test_a_deprecated_version_is_a_warning() -> None:
    (found,) = judged(DEPRECATED, widget())
    assert found.severity is Severity.WARNING
    assert found.message == "example.com/v1alpha1 Widget is deprecated: the definition in the cluster says so"
    assert found.fix == "Change it to example.com/v1."
    assert found.replacement is not None
    assert (found.replacement.api_version, found.replacement.kind) == ("example.com/v1", "Widget")


def test_a_version_that_is_not_served_is_a_blocker() -> None:
    (found,) = judged(GONE, widget())
    assert found.severity is Severity.BLOCKER
    assert found.message == "example.com/v1alpha1 Widget is not served: the definition in the cluster says so"
    assert found.fix == "Change it to example.com/v1."


def test_the_others_pass() -> None:
    assert judged(DEPRECATED, widget("example.com/v1")) == []
    assert judged(DEPRECATED, widget("other.com/v1alpha1")) == []
    assert judged(widget()) == []


def test_what_is_wanted_grows_with_the_definitions() -> None:
    at = context()
    assert crd_version.interest(at).kinds == frozenset()
    assert crd_version.interest(at).definitions
    judged(DEPRECATED, at=at)
    assert crd_version.interest(at).kinds == {("example.com/v1alpha1", "Widget")}
    assert crd_version.interest(context()).kinds == frozenset()


@pytest.mark.parametrize(
    ("versions", "new"),
    [
        ([version("v1", "storage"), version("v1alpha1", "deprecated")], "example.com/v1"),
        ([version("v1beta1", "storage", "deprecated"), version("v1alpha1", "deprecated"), version("v1")],
         "example.com/v1"),
        ([version("v2", "storage", "gone"), version("v1alpha1", "deprecated")], None),
        ([version("v1alpha1", "storage", "deprecated")], None),
    ],
)  # fmt: skip
def test_what_to_change_it_to(versions: list[dict[str, Any]], new: str | None) -> None:
    found = judged(definition(*versions), widget())[-1]
    assert (found.replacement.api_version if found.replacement else None) == new
    assert found.fix == (f"Change it to {new}." if new else None)


def test_stored_versions_that_are_no_longer_served() -> None:
    assert judged(definition(version("v1alpha1"), version("v1", "storage"), stored=["v1alpha1", "v1"])) == []
    stored = ["v1alpha1", "v1beta1", "v1"]
    (found,) = judged(definition(version("v1alpha1", "gone"), version("v1", "storage"), stored=stored))
    assert (found.severity, found.kind, found.name) == (
        Severity.WARNING,
        "CustomResourceDefinition",
        "widgets.example.com",
    )
    assert found.message == "v1alpha1, v1beta1 of Widget is not served, but objects may still be stored in it"


def test_a_live_object_is_judged_by_its_own_cluster() -> None:
    in_dev = ClusterOrigin(cluster="dev", evidence="managed-fields", manager="helm")
    release = ReleaseOrigin(
        cluster="dev", namespace="shop", release="cart", revision=1, chart="cart-1", status="deployed"
    )
    for origin in (in_dev, release):
        assert judged(GONE, widget(origin=origin)) == []
        (found,) = judged(definition(version("v1alpha1", "gone"), cluster="dev"), widget(origin=origin))
        assert found.severity is Severity.BLOCKER


def test_overtaken_evidence_is_good_to_know() -> None:
    origin = ClusterOrigin(cluster="prod", evidence="managed-fields", manager="helm", stale=True)
    (found,) = judged(GONE, widget(origin=origin, note="argocd has since written it as example.com/v1"))
    assert found.severity is Severity.INFO
    assert found.message.endswith("; argocd has since written it as example.com/v1")


def test_what_a_server_chose_to_show_nobody_wrote() -> None:
    origin = ClusterOrigin(cluster="prod", evidence="served")
    assert judged(GONE, widget(origin=origin, is_written=False)) == []


def test_a_file_is_judged_by_whatever_cluster_is_scanned() -> None:
    fine = definition(version("v1alpha1"), version("v1", "storage"), cluster="dev")
    (found,) = judged(fine, GONE, widget())
    assert found.severity is Severity.BLOCKER


def test_a_definition_in_a_file_is_no_definition_in_the_cluster() -> None:
    assert judged(Resource(ref=GONE.ref, origin=FILE, index=0, manifest=GONE.manifest), widget()) == []


def test_half_a_definition_is_none() -> None:
    """Where another check asks for the same object, it comes as metadata alone."""
    half = Resource(ref=GONE.ref, origin=GONE.origin, index=0, manifest={"metadata": {}}, is_written=False)
    ref = ObjectRef(api_version="example.com/v1", kind="CustomResourceDefinition", namespace=None, name="x")
    other = Resource(ref=ref, origin=GONE.origin, index=0, manifest={"spec": {"a": 1}}, is_written=False)
    assert judged(half, other, widget()) == []


def test_the_engine_hands_over_what_the_definitions_name() -> None:
    at = context()
    judged(GONE, at=at)
    assert ("example.com/v1alpha1", "Widget") in engine.interest_of([crd_version], at).kinds
