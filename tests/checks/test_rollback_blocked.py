"""What a superseded revision holds concerns nobody but whoever rolls back."""

from __future__ import annotations

import pytest

from k8supgrade import engine
from k8supgrade.checks import removed_api, rollback_blocked
from k8supgrade.checks.base import Context
from k8supgrade.checks.rollback_blocked import ID, check, interest
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.origin import ClusterOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.resource import ObjectRef, Resource
from k8supgrade.model.version import ComponentVersion, KubeVersion, Target
from tests.test_engine import Source

TABLE = load_table()


def context(minor: int = 25, **components: str) -> Context:
    versions = {name.replace("_", "-"): ComponentVersion.parse(version) for name, version in components.items()}
    return Context(table=TABLE, target=Target(KubeVersion(1, minor), versions))


def revision(number: int = 3, status: str = "superseded") -> ReleaseOrigin:
    return ReleaseOrigin(
        cluster="prod", namespace="shop", release="cart", revision=number, chart="cart-1.2.3", status=status
    )


def resource(
    origin: Origin, api_version: str = "policy/v1beta1", kind: str = "PodDisruptionBudget", name: str | None = "cart"
) -> Resource:
    ref = ObjectRef(api_version=api_version, kind=kind, namespace="shop", name=name)
    return Resource(ref=ref, origin=origin, index=2)


def found(one: Resource, at: Context) -> list[Finding]:
    return list(check(one, at))


def test_what_a_superseded_revision_holds_is_good_to_know() -> None:
    (finding,) = found(resource(revision()), context())
    assert (finding.check, finding.severity, finding.removed_in) == (ID, Severity.INFO, "1.25")
    assert finding.owner == "Helm release shop/cart"
    assert "helm rollback of shop/cart" in finding.message
    assert "policy/v1beta1 PodDisruptionBudget fails" in finding.message
    assert finding.fix is not None
    assert "policy/v1" in finding.fix
    assert "mapkubeapis" not in finding.fix


@pytest.mark.parametrize("status", ["deployed", "failed", "pending-upgrade", "superseded (newest)"])
def test_other_revisions_are_not_its_business(status: str) -> None:
    assert found(resource(revision(status=status)), context()) == []


@pytest.mark.parametrize(
    "origin", [FileOrigin(path="a", line=1), ClusterOrigin(cluster="prod", evidence="last-applied")]
)
def test_objects_elsewhere_are_not_its_business(origin: Origin) -> None:
    assert found(resource(origin), context()) == []


def test_what_the_target_serves_can_be_rolled_back_to() -> None:
    assert found(resource(revision()), context(24)) == []
    assert found(resource(revision(), "policy/v1"), context()) == []
    assert found(resource(revision(), "example.com/v1", "Widget"), context()) == []


def test_add_ons_count_where_their_release_is_known() -> None:
    one = resource(revision(), "cert-manager.io/v1alpha2", "Certificate")
    assert found(one, context()) == []
    (finding,) = found(one, context(cert_manager="1.13"))
    assert finding.component == "cert-manager"


def test_without_a_replacement_the_fix_names_none() -> None:
    (finding,) = found(resource(revision(), kind="PodSecurityPolicy"), context())
    assert finding.fix is not None
    assert "policy/v1" not in finding.fix


def test_revisions_with_the_same_object_are_one_finding() -> None:
    source = Source(resource(revision(3)), resource(revision(5)), resource(revision(7, "deployed")))
    scan = engine.run([source], [rollback_blocked], context())
    (finding,) = scan.findings
    assert [origin.revision for origin in finding.origins if isinstance(origin, ReleaseOrigin)] == [3, 5]


def test_no_other_check_speaks_of_the_past() -> None:
    checks = [removed_api, rollback_blocked]
    scan = engine.run([Source(resource(revision(3)), resource(revision(7, "deployed")))], checks, context())
    assert [(one.check, len(one.origins)) for one in scan.findings] == [("removed-api", 1), (ID, 1)]


def test_an_object_without_a_name_is_told_by_its_place() -> None:
    (finding,) = found(resource(revision(), name=None), context())
    assert finding.locator == "prod/shop/cart#2"


def test_it_wants_what_is_gone() -> None:
    kinds = interest(context()).kinds
    assert ("policy/v1beta1", "PodDisruptionBudget") in kinds
    assert ("policy/v1", "PodDisruptionBudget") not in kinds
    assert not interest(context()).bodies
