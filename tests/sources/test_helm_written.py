"""Records that Helm has left in live objects, held against what its releases say now."""

from __future__ import annotations

import pytest

from k8supgrade.model.origin import ClusterOrigin
from k8supgrade.model.resource import ObjectRef, Resource
from k8supgrade.sources.helm_written import HelmWritten

REF = ObjectRef(api_version="policy/v1beta1", kind="PodDisruptionBudget", namespace="shop", name="cart")
LABELS = {"meta.helm.sh/release-name": "cart", "meta.helm.sh/release-namespace": "shop"}


def written(manager: str = "helm", *, stale: bool = False) -> Resource:
    origin = ClusterOrigin(cluster="prod", evidence="managed-fields", manager=manager, stale=stale)
    return Resource(ref=REF, origin=origin, index=0)


def stale(source: HelmWritten) -> list[bool]:
    return [resource.origin.stale for resource in source.collect() if isinstance(resource.origin, ClusterOrigin)]


def test_a_release_that_still_says_so_confirms_it() -> None:
    source = HelmWritten()
    assert source.takes(written(), LABELS)
    source.says(REF)
    source.has_read("shop", "cart")
    assert stale(source) == [False]


def test_a_release_that_says_something_else_overtakes_it() -> None:
    source = HelmWritten()
    assert source.takes(written("helm-controller"), LABELS)
    source.has_read("shop", "cart")
    (resource,) = source.collect()
    assert resource.note == "the Helm release shop/cart no longer has it so"
    assert stale(source) == [True]


def test_a_release_that_was_not_read_says_nothing() -> None:
    source = HelmWritten()
    assert source.takes(written(), LABELS)
    source.has_read("shop", "other")
    source.has_read("other", "cart")
    assert stale(source) == [False]


@pytest.mark.parametrize(
    ("resource", "annotations"),
    [
        (written("kubectl"), LABELS),
        (written(stale=True), LABELS),
        (written(), None),
        (written(), {"meta.helm.sh/release-name": "cart"}),
        (Resource(ref=REF, origin=ClusterOrigin(cluster="prod", evidence="last-applied"), index=0), LABELS),
    ],
)
def test_what_is_not_helms_own_is_left_alone(resource: Resource, annotations: dict[str, str] | None) -> None:
    source = HelmWritten()
    assert not source.takes(resource, annotations)
    assert stale(source) == []
