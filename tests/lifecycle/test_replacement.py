"""Which replacement is offered at which target."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.lifecycle.replacement import Standing, standing
from k8supgrade.lifecycle.row import Row
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.lifecycle import ApiLifecycle, Replacement
from k8supgrade.model.version import KubeVersion, Target
from tests.lifecycle.tiny import INGRESS, api, at, kube, offered, table

FLOW = "flowcontrol.apiserver.k8s.io/"
FLOW_APIS = [
    api(FLOW + "v1alpha1", "FlowSchema", ["1.18-1.20"], []),
    api(FLOW + "v1beta1", "FlowSchema", ["1.20-1.25"]),
    api(FLOW + "v1beta2", "FlowSchema", ["1.23-1.28"]),
    api(FLOW + "v1beta3", "FlowSchema", ["1.26-1.31"]),
    api(FLOW + "v1", "FlowSchema", ["1.29-"]),
]


def flow(version: str, deprecated: str | None, removed: str, to: str) -> Row:
    return kube(FLOW + version, "FlowSchema", deprecated_in=deprecated, removed_in=removed, replacement_api=FLOW + to)


LINKED = table(
    FLOW_APIS,
    [
        flow("v1alpha1", None, "1.21", "v1beta1"),
        flow("v1beta1", "1.23", "1.26", "v1beta2"),
        flow("v1beta2", "1.26", "1.29", "v1beta3"),
        flow("v1beta3", "1.29", "1.32", "v1"),
    ],
)
STRAIGHT = table(
    FLOW_APIS,
    [
        flow("v1alpha1", None, "1.21", "v1"),
        flow("v1beta1", "1.23", "1.26", "v1"),
        flow("v1beta2", "1.26", "1.29", "v1"),
        flow("v1beta3", "1.29", "1.32", "v1"),
    ],
)


@pytest.mark.parametrize("subject", [LINKED, STRAIGHT], ids=["each names the next", "all name the last"])
@pytest.mark.parametrize(
    ("version", "target", "expected"),
    [
        ("v1alpha1", "1.22", "v1beta1"),
        ("v1alpha1", "1.24", "v1beta2"),
        ("v1beta1", "1.23", "v1beta2"),
        ("v1beta1", "1.25", "v1beta2"),
        ("v1beta1", "1.26", "v1beta3"),
        ("v1beta2", "1.28", "v1beta3"),
        ("v1beta2", "1.29", "v1"),
        ("v1alpha1", "1.35", "v1"),
        ("v1beta3", "1.35", "v1"),
    ],
)
def test_replacement_of_a_long_line(subject: LifecycleTable, version: str, target: str, expected: str) -> None:
    assert offered(subject, FLOW + version, "FlowSchema", at(target)) == f"{FLOW}{expected} FlowSchema"


@pytest.mark.parametrize(
    ("version", "target", "expected"),
    [
        ("extensions/v1beta1", "1.16", "networking.k8s.io/v1beta1 Ingress"),
        ("extensions/v1beta1", "1.19", "networking.k8s.io/v1 Ingress"),
        ("extensions/v1beta1", "1.30", "networking.k8s.io/v1 Ingress"),
        ("networking.k8s.io/v1beta1", "1.16", "networking.k8s.io/v1 Ingress"),  # never back to extensions
    ],
)
def test_replacement_of_ingress(version: str, target: str, expected: str) -> None:
    assert offered(INGRESS, version, "Ingress", at(target)) == expected


def test_replacement_that_comes_later_says_since_when() -> None:
    row = INGRESS.get("networking.k8s.io/v1beta1", "Ingress")
    assert row is not None
    found = INGRESS.replacement_at(row, at("1.16"))
    assert found is not None
    assert found.available_in == KubeVersion(1, 19)


def test_replacement_that_is_gone_too_is_not_offered() -> None:
    subject = table(
        [api("policy/v1beta1", "PodSecurityPolicy", ["1.16-1.24"])],
        [
            kube("extensions/v1beta1", "PodSecurityPolicy", removed_in="1.16", replacement_api="policy/v1beta1"),
            kube("policy/v1beta1", "PodSecurityPolicy", deprecated_in="1.21", removed_in="1.25"),
        ],
    )
    policy = "policy/v1beta1 PodSecurityPolicy"
    assert offered(subject, "extensions/v1beta1", "PodSecurityPolicy", at("1.24")) == policy
    assert offered(subject, "extensions/v1beta1", "PodSecurityPolicy", at("1.25")) is None
    assert offered(subject, "policy/v1beta1", "PodSecurityPolicy", at("1.25")) is None


def test_replacement_that_is_off_by_default_gives_way() -> None:
    subject = table(
        [
            api("a.k8s.io/v1alpha2", "A", ["1.20-1.25"], []),
            api("a.k8s.io/v1beta1", "A", ["1.24-"], []),
            api("a.k8s.io/v1", "A", ["1.26-"]),
        ],
        [
            kube("a.k8s.io/v1alpha1", "A", removed_in="1.20", replacement_api="a.k8s.io/v1alpha2"),
            kube("a.k8s.io/v1alpha2", "A", removed_in="1.26", replacement_api="a.k8s.io/v1beta1"),
            kube("a.k8s.io/v1beta1", "A", deprecated_in="1.27", replacement_api="a.k8s.io/v1"),
        ],
    )
    assert offered(subject, "a.k8s.io/v1alpha1", "A", at("1.22")) == "a.k8s.io/v1alpha2 A"
    assert offered(subject, "a.k8s.io/v1alpha1", "A", at("1.26")) == "a.k8s.io/v1 A"


def test_stage_that_is_off_by_default_as_the_api_itself() -> None:
    subject = table(
        [
            api("a.k8s.io/v1alpha1", "A", ["1.29-"], []),
            api("a.k8s.io/v1beta1", "A", ["1.31-"], []),
            api("a.k8s.io/v1", "A", ["1.34-"]),
        ],
        [
            kube("a.k8s.io/v1alpha1", "A", deprecated_in="1.32", replacement_api="a.k8s.io/v1"),
            kube("a.k8s.io/v1beta1", "A", deprecated_in="1.34", replacement_api="a.k8s.io/v1"),
        ],
    )
    assert offered(subject, "a.k8s.io/v1alpha1", "A", at("1.32")) == "a.k8s.io/v1beta1 A"
    assert offered(subject, "a.k8s.io/v1alpha1", "A", at("1.34")) == "a.k8s.io/v1 A"
    assert offered(subject, "a.k8s.io/v1beta1", "A", at("1.32")) == "a.k8s.io/v1 A"


def test_of_two_that_are_deprecated_the_later_one() -> None:
    subject = table(
        [api("a.k8s.io/v1alpha2", "A", ["1.30-"]), api("a.k8s.io/v1beta1", "A", ["1.31-"])],
        [
            kube("a.k8s.io/v1alpha1", "A", removed_in="1.32", replacement_api="a.k8s.io/v1alpha2"),
            kube("a.k8s.io/v1alpha2", "A", deprecated_in="1.33", replacement_api="a.k8s.io/v1beta1"),
            kube("a.k8s.io/v1beta1", "A", deprecated_in="1.34"),
        ],
    )
    assert offered(subject, "a.k8s.io/v1alpha1", "A", at("1.32")) == "a.k8s.io/v1alpha2 A"
    assert offered(subject, "a.k8s.io/v1alpha1", "A", at("1.35")) == "a.k8s.io/v1beta1 A"


ADDONS = table(
    [],
    [
        Row("c.io/v1alpha2", "C", "c", removed_in="1.6", replacement_api="c.io/v1", introduced_in="0.11"),
        Row("c.io/v1alpha1", "C", "c", removed_in="0.11", replacement_api="c.io/v1alpha2"),
        Row("g.io/v1", "G", "g", removed_in="2.0.4", served_again_in="3.4", replacement_api="g.io/v3"),
        Row("g.io/v0", "G", "g", removed_in="1.0", replacement_api="g.io/v1"),
        Row("p.io/v1", "P", "p", removed_in="1.1", replacement_api="p.io/v2", replacement_available_in="1.3"),
        Row("n.io/v1", "Ours", "n", removed_in="2.0", replacement_api="n.io/v2", replacement_kind="Both"),
        Row(
            "n.io/v1",
            "Theirs",
            "n",
            introduced_in="1.1",
            removed_in="2.0",
            served_again_in="2.1",
            replacement_api="n.io/v2",
            replacement_kind="Both",
            replacement_available_in="3.0",
        ),
    ],
)


@pytest.mark.parametrize(
    ("version", "kind", "target", "expected"),
    [
        ("c.io/v1alpha1", "C", at("1.30", c="1.0"), "c.io/v1alpha2 C"),
        ("c.io/v1alpha1", "C", at("1.30", c="1.6"), "c.io/v1 C"),
        ("c.io/v1alpha1", "C", at("1.30"), "c.io/v1alpha2 C"),  # release unknown: what the row says
        ("g.io/v0", "G", at("1.30", g="2.0.3"), "g.io/v1 G"),
        ("g.io/v0", "G", at("1.30", g="3.0"), "g.io/v3 G"),
        ("g.io/v0", "G", at("1.30", g="3.4"), "g.io/v1 G"),
        ("p.io/v1", "P", at("1.30", p="1.2"), "p.io/v2 P"),  # comes later; there is nothing else
        ("n.io/v1", "Ours", at("1.30", n="2.2"), "n.io/v2 Both"),  # not n.io/v1 Theirs, which is another thing
    ],
)
def test_replacement_of_an_addon(version: str, kind: str, target: Target, expected: str) -> None:
    assert offered(ADDONS, version, kind, target) == expected


NAMES = [f"x.io/v{n}" for n in range(1, 7)]
RELEASES = st.none() | st.integers(16, 35).map(lambda minor: f"1.{minor}")


@st.composite
def worlds(draw: st.DrawFn) -> LifecycleTable:
    """Any rows over six versions, so that chains fork, meet and run in circles."""
    apis = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        first, last = sorted((draw(st.integers(16, 35)), draw(st.integers(16, 35))))
        span = [f"1.{first}-1.{last}"]
        apis.append(api(name, "X", span, draw(st.sampled_from([span, []]))))
    rows = [
        Row(
            name,
            "X",
            draw(st.sampled_from(["kubernetes", "x"])),
            introduced_in=draw(RELEASES),
            deprecated_in=draw(RELEASES),
            removed_in=draw(RELEASES),
            replacement_api=draw(st.none() | st.sampled_from(NAMES)),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    ]
    return table(apis, rows)


@given(worlds(), st.integers(16, 35), st.none() | st.integers(16, 35))
def test_replacement_never_loops_nor_offers_what_is_gone(
    subject: LifecycleTable, minor: int, release: int | None
) -> None:
    target = at(f"1.{minor}", **({} if release is None else {"x": f"1.{release}"}))
    for row in subject.rows():
        found = subject.replacement_at(row, target)
        served = [
            link for link, component in links(subject, row) if standing(subject, link, component, target).is_served
        ]
        if found is None:
            assert served == []
            continue
        component = (subject.get(found.api_version, found.kind) or row).component
        rank = standing(subject, found, component, target)
        assert (found.api_version, found.kind) != (row.api_version, row.kind)
        assert rank.is_served or (rank is Standing.LATER and served == [])


def links(subject: LifecycleTable, row: ApiLifecycle) -> list[tuple[Replacement, str]]:
    """Every API that the row leads to; six versions end after six steps or go round."""
    found = []
    current: ApiLifecycle | None = row
    for _ in NAMES:
        if current is None or current.replacement is None:
            break
        if current.replacement.api_version != row.api_version:
            found.append((current.replacement, current.component))
        current = subject.get(current.replacement.api_version, current.replacement.kind)
    return found
