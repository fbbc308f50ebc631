"""Which kinds of a cluster are listed, and through which version."""

from __future__ import annotations

from typing import Any

import pytest

from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import Context
from k8supgrade.engine import interest_of
from k8supgrade.kube.discovery import Discovery, ServedResource
from k8supgrade.lifecycle.load import load_table
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.version import KubeVersion, Target, version_order
from k8supgrade.sources.cluster_plan import Listing, Planner

TABLE = load_table()
INGRESS, PSP, PDB = "Ingress", "PodSecurityPolicy", "PodDisruptionBudget"


def discovery(*apis: tuple[str, str]) -> Discovery:
    found = []
    for api_version, kind in apis:
        group, _, version = api_version.rpartition("/")
        found.append(ServedResource(group, version, kind, kind.lower() + "s", TABLE.namespaced(*apis[0]) is not False))
    ordered = sorted(found, key=lambda one: (one.group, one.kind, *version_order(one.version)))
    return Discovery(tuple(ordered), {}, ())


def of_kubernetes(minor: KubeVersion) -> Discovery:
    return discovery(*sorted(TABLE.served_kinds(minor, default_only=True)))


def interest_at(current: KubeVersion, target: KubeVersion) -> Interest:
    return interest_of(CHECKS.values(), Context(table=TABLE, target=Target(target, {}), current=current))


def planner(current: str, target: str, *, interest: Interest | None = None, **more: Any) -> Planner:
    now, then = KubeVersion.parse(current), KubeVersion.parse(target)
    return Planner(interest or interest_at(now, then), TABLE, current=now, target=then, **more)


def plan(current: str, target: str, *apis: tuple[str, str], **more: Any) -> list[Listing]:
    return list(planner(current, target, **more).plan(discovery(*apis)))


def one(current: str, target: str, *apis: tuple[str, str], **more: Any) -> Listing:
    (found,) = plan(current, target, *apis, **more)
    return found


def test_through_the_newest_version_that_is_not_deprecated() -> None:
    both = ("policy/v1beta1", PDB), ("policy/v1", PDB)
    found = one("1.24", "1.25", *both)
    assert found.served.api_version == "policy/v1"
    assert "policy/v1beta1" in found.written
    assert (found.doomed, found.deprecated) == (False, False)


@pytest.mark.parametrize(("current", "through"), [("1.18", "v1beta1"), ("1.19", "v1"), ("1.21", "v1")])
def test_what_is_deprecated_depends_on_what_runs(current: str, through: str) -> None:
    served = [("networking.k8s.io/v1beta1", INGRESS), ("extensions/v1beta1", INGRESS)]
    if through == "v1":
        served.append(("networking.k8s.io/v1", INGRESS))
    found = one(current, "1.22", *served)
    assert (found.served.group, found.served.version) == ("networking.k8s.io", through)
    assert {"extensions/v1beta1", "networking.k8s.io/v1beta1"} <= found.written


def test_a_kind_is_not_listed_again_through_a_deprecated_group() -> None:
    served = ("extensions/v1beta1", INGRESS), ("networking.k8s.io/v1", INGRESS)
    assert [listing.served.group for listing in plan("1.21", "1.22", *served)] == ["networking.k8s.io"]


def test_a_kind_that_only_a_deprecated_version_serves_is_marked() -> None:
    found = one("1.24", "1.25", ("policy/v1beta1", PSP))
    assert (found.deprecated, found.doomed) == (True, True)
    assert found.name == "podsecuritypolicys.policy"
    assert found.written == {"policy/v1beta1", "extensions/v1beta1"}
    alive = one("1.23", "1.24", ("policy/v1beta1", PSP))
    assert (alive.deprecated, alive.doomed) == (True, False)


def test_a_kind_that_lives_on_elsewhere_is_not_doomed() -> None:
    """Also where this server does not serve the version in which it lives on."""
    found = one("1.18", "1.22", ("networking.k8s.io/v1beta1", INGRESS))
    assert not found.doomed
    assert not one("1.20", "1.22", ("extensions/v1beta1", INGRESS)).doomed


def test_what_definitions_deprecate_is_not_used_either() -> None:
    interest = Interest(kinds=frozenset({("example.com/v1alpha1", "Widget")}))
    served = ("example.com/v1alpha1", "Widget"), ("example.com/v1", "Widget")

    def is_deprecated(api_version: str, kind: str) -> bool:
        return (api_version, kind) == ("example.com/v1", "Widget")

    found = one("1.28", "1.29", *served, interest=interest, is_deprecated=is_deprecated)
    assert (found.served.version, found.deprecated) == ("v1alpha1", False)
    found = one("1.28", "1.29", served[1], interest=interest, is_deprecated=is_deprecated)
    assert (found.served.version, found.deprecated, found.doomed) == ("v1", True, False)


def test_what_no_check_asks_for_is_not_listed() -> None:
    assert plan("1.27", "1.28", ("v1", "Pod"), ("v1", "Secret"), ("example.com/v1", "Widget")) == []


def test_events_are_not_listed() -> None:
    interest = Interest(kinds=frozenset({("events.k8s.io/v1beta1", "Event")}))
    assert plan("1.24", "1.25", ("events.k8s.io/v1", "Event"), ("v1", "Event"), interest=interest) == []


def test_kinds_that_are_wanted_whole() -> None:
    role = one("1.24", "1.25", ("rbac.authorization.k8s.io/v1", "ClusterRole"))
    assert role.body
    assert not one("1.24", "1.25", ("policy/v1", PDB)).body


def test_kinds_of_the_same_name_in_other_groups_are_not_wanted() -> None:
    """No check reads them, and a role that suffices for the scan need not allow them."""
    interest = Interest(bodies={"Role": (b"extensions",), "ClusterPolicy": (b"v1",)})
    served = ("db.example.com/v1", "Role"), ("kyverno.io/v1", "ClusterPolicy")
    assert one("1.24", "1.25", *served, interest=interest).served.group == "kyverno.io"


def test_gatekeepers_constraints_are_of_any_kind() -> None:
    interest = Interest(words=(b"constraints.gatekeeper.sh/", b"ownerReferences"))
    found = one("1.24", "1.25", ("constraints.gatekeeper.sh/v1beta1", "K8sRequiredLabels"), interest=interest)
    assert (found.body, found.written) == (True, frozenset())


def test_the_groups_that_matter() -> None:
    needed = planner("1.24", "1.25").groups()
    assert {"policy", "batch", "rbac.authorization.k8s.io", "constraints.gatekeeper.sh", "cert-manager.io"} <= needed
    assert not {"metrics.k8s.io", "custom.metrics.k8s.io", "example.com"} & needed
    assert planner("1.24", "1.25").wants("kyverno.io")
    assert not planner("1.24", "1.25", interest=Interest()).wants("policy")


@pytest.mark.parametrize("minor", range(TABLE.oldest.minor, TABLE.newest.minor))
def test_no_upgrade_by_one_minor_lists_what_is_deprecated(minor: int) -> None:
    """And every kind that a check knows and the server serves is looked at, once."""
    current, target = KubeVersion(1, minor), KubeVersion(1, minor + 1)
    interest = interest_at(current, target)
    listings = list(planner(str(current), str(target), interest=interest).plan(of_kubernetes(current)))
    keys = [(listing.served.group, listing.served.kind) for listing in listings]
    assert len(keys) == len(set(keys))
    for listing in listings:
        row = TABLE.get(listing.served.api_version, listing.served.kind)
        assert listing.deprecated == (row is not None and row.is_deprecated(current))
    unnamed = {kind for _, kind in interest.kinds & TABLE.served_kinds(current, default_only=True)} - {"Event"}
    assert unnamed <= {kind for _, kind in keys}
    # A kind without any version that is not deprecated can only be counted.
    assert {listing.served.kind for listing in listings if listing.deprecated} <= {PSP}
