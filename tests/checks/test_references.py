"""References in whatever shape: no crash, and no finding in a body that the check did not ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8supgrade.checks import removed_api_reference
from k8supgrade.checks.base import Context
from k8supgrade.checks.gone import gone
from k8supgrade.checks.references import _FINDERS
from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.names import plural
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import ObjectRef, Resource
from k8supgrade.model.version import ComponentVersion, KubeVersion, Target

TABLE = load_table()
KEYS = (
    "apiVersion",
    "apiGroups",
    "apiVersions",
    "exclude",
    "generate",
    "group",
    "kind",
    "kinds",
    "match",
    "matchConstraints",
    "matchResources",
    "metadata",
    "mutate",
    "name",
    "objref",
    "ownerReferences",
    "paramKind",
    "patch",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "any",
    "all",
    "replacements",
    "resourceRules",
    "resources",
    "rules",
    "scaleTargetRef",
    "select",
    "source",
    "spec",
    "target",
    "targets",
    "vars",
    "version",
    "webhooks",
)
WORDS = (
    "extensions",
    "extensions/v1beta1",
    "policy",
    "v1beta1",
    "Ingress",
    "ingresses",
    "extensions/v1beta1/Ingress",
    "*",
    "",
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(WORDS))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
)
MANIFESTS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5)


def context(minor: int = 28, cert_manager: str | None = None) -> Context:
    versions = {} if cert_manager is None else {"cert-manager": ComponentVersion.parse(cert_manager)}
    return Context(table=TABLE, target=Target(KubeVersion(1, minor), versions))


CONTEXT = context()


def resource(group: str, kind: str, manifest: dict[str, Any] | None) -> Resource:
    ref = ObjectRef(api_version=f"{group}/v1", kind=kind, namespace=None, name="x")
    return Resource(ref=ref, origin=FileOrigin(path="x", line=1), index=0, manifest=manifest)


@pytest.mark.parametrize("where", _FINDERS, ids=lambda where: "/".join(where))
@settings(max_examples=60, deadline=None)
@given(manifest=MANIFESTS)
def test_any_shape(where: tuple[str, str], manifest: dict[str, Any]) -> None:
    group, kind = where
    findings = list(removed_api_reference.check(resource(group, "Any" if kind == "*" else kind, manifest), CONTEXT))
    assert len(findings) <= 1
    for finding in findings:
        assert finding.fix
        assert "refers to what 1.28 no longer serves" in finding.message


@settings(max_examples=200, deadline=None)
@given(manifest=MANIFESTS, where=st.sampled_from(list(_FINDERS)))
def test_what_has_a_finding_is_asked_for(manifest: dict[str, Any], where: tuple[str, str]) -> None:
    """The body of an object is parsed only where a word is in its text: each finding must have one."""
    group, kind = where
    kind = "Any" if kind == "*" else kind
    interest = removed_api_reference.interest(CONTEXT)
    text = json.dumps({"apiVersion": f"{group}/v1", "kind": kind, **manifest}).encode()
    if list(removed_api_reference.check(resource(group, kind, manifest), CONTEXT)):
        assert interest.wants_body(kind, text)


def test_without_a_body_there_is_nothing_to_say() -> None:
    assert list(removed_api_reference.check(resource("autoscaling", "HorizontalPodAutoscaler", None), CONTEXT)) == []


@pytest.mark.parametrize("minor", range(16, TABLE.newest.minor + 1))
def test_what_is_gone(minor: int) -> None:
    lost = gone(context(minor))
    served = TABLE.served_kinds(KubeVersion(1, minor), default_only=False) - lost.rows.keys()
    for version, kind in served:
        group = version.rpartition("/")[0]
        assert not lost.has(version, kind)
        assert not lost.rule(group, version.rpartition("/")[2], plural(kind))
        assert (group, kind) not in lost.kinds
        assert group not in lost.groups
    for version, kind in lost.rows:
        assert lost.has(version, kind)


def test_an_add_on_counts_where_its_release_is_known() -> None:
    api = ("cert-manager.io/v1alpha2", "Certificate")
    assert not gone(context()).has(*api)
    assert not gone(context(cert_manager="1.5")).has(*api)
    assert gone(context(cert_manager="1.6")).has(*api)


def test_plurals_are_those_of_the_api_server() -> None:
    kinds = [
        "Ingress",
        "NetworkPolicy",
        "Endpoints",
        "PodSecurityPolicy",
        "ComponentStatus",
        "CSIDriver",
        "StorageClass",
    ]
    assert list(map(plural, kinds)) == [
        "ingresses", "networkpolicies", "endpoints", "podsecuritypolicies", "componentstatuses", "csidrivers",
        "storageclasses",
    ]  # fmt: skip
