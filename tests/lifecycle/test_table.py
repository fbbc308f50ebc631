"""Lookups and replacements, on small tables and on the shipped one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.replacement import Standing, standing
from k8supgrade.lifecycle.row import Row
from k8supgrade.lifecycle.served import Entry, Served, entries_of
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.lifecycle import Replacement
from k8supgrade.model.version import NEWEST_PATCH, ComponentVersion, KubeVersion, Target

DATA = Path(__file__).resolve().parents[2] / "data"
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
        if found is None:
            continue
        component = (subject.get(found.api_version, found.kind) or row).component
        assert (found.api_version, found.kind) != (row.api_version, row.kind)
        assert standing(subject, found, component, target) is not Standing.GONE


# The shipped table against the files it is made of, read a second time in the plainest way.


@cache
def shipped() -> LifecycleTable:
    return load_table()


@cache
def document() -> Mapping[str, Any]:
    loaded = yaml.load((DATA / "served" / "kubernetes.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    assert isinstance(loaded, dict)
    return loaded


@cache
def kubernetes_rows() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    text = (DATA / "deprecations" / "kubernetes.yaml").read_text(encoding="utf-8")
    loaded = yaml.load(text, yaml.CSafeLoader)
    return {(row["version"], row["kind"]): row for row in loaded["deprecated-versions"]}


def number(minor: str) -> int:
    major, _, rest = minor.partition(".")
    assert major == "1"
    return int(rest)


def spans(ranges: list[str]) -> frozenset[int]:
    newest = number(document()["minors"][-1])
    found: set[int] = set()
    for text in ranges:
        first, dash, last = text.partition("-")
        end = number(last) if last else (newest if dash else number(first))
        found.update(range(number(first), end + 1))
    return frozenset(found)


def minors() -> list[int]:
    return [number(minor) for minor in document()["minors"]]


@pytest.fixture(params=[pytest.param(entry, id=f"{entry['version']}-{entry['kind']}") for entry in document()["apis"]])
def entry(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    found: Mapping[str, Any] = request.param
    return found


def test_shipped_minors_have_no_gap() -> None:
    assert minors() == list(range(minors()[0], minors()[-1] + 1))
    assert (shipped().oldest, shipped().newest) == (KubeVersion(1, minors()[0]), KubeVersion(1, minors()[-1]))


def test_shipped_api_in_every_minor(entry: Mapping[str, Any]) -> None:
    """Removed exactly where it was served once and no longer is, or where its row says so of a dormant API."""
    version, kind = entry["version"], entry["kind"]
    row = kubernetes_rows().get((version, kind), {})
    built = shipped().get(version, kind)
    assert (built is not None) == bool(row)
    served_in, default_in = spans(entry["served"]), spans(entry["default"])
    assert default_in <= served_in
    for minor in minors():
        release = KubeVersion(1, minor)
        assert shipped().is_served(version, kind, release) == (minor in served_in)
        assert shipped().is_default(version, kind, release) == (minor in default_in)
        says_removed = "removed-in" in row and minor >= number(row["removed-in"])
        says_deprecated = "deprecated-in" in row and minor >= number(row["deprecated-in"]) and not says_removed
        assert (built is not None and built.is_removed(release)) == says_removed
        assert (built is not None and built.is_deprecated(release)) == says_deprecated
        if minor in served_in:
            # apps/v1beta1 and its kin stayed in the binary two minors longer, switched off.
            assert not says_removed or (minor in (16, 17) and minor not in default_in)
        if minor in default_in:
            assert not says_removed, f"{version} {kind} is served in 1.{minor}"
        elif minor > max(served_in):
            assert says_removed, f"{version} {kind} was served until 1.{max(served_in)}, 1.{minor} has it no more"


def test_shipped_replacements_are_served(entry: Mapping[str, Any]) -> None:
    row = shipped().get(entry["version"], entry["kind"])
    if row is None:
        return
    for minor in minors():
        target = at(f"1.{minor}")
        found = shipped().replacement_at(row, target)
        if found is None or not shipped().knows(found.api_version, found.kind):
            continue
        if not shipped().is_served(found.api_version, found.kind, target.kubernetes):
            assert found.available_in is not None
            assert found.available_in > target.kubernetes


def test_shipped_rows_replace_by_what_is_known() -> None:
    """Nothing of Kubernetes is replaced by an API that no minor serves, short of an add-on's."""
    unknown = {
        (row.api_version, row.kind, row.replacement.api_version, row.replacement.kind)
        for row in shipped().rows()
        if not row.is_addon and row.replacement is not None
        if not shipped().knows(row.replacement.api_version, row.replacement.kind)
        and shipped().get(row.replacement.api_version, row.replacement.kind) is None
    }
    assert unknown == set()


def test_shipped_removed_apis_have_a_way_out_where_one_ever_comes(entry: Mapping[str, Any]) -> None:
    """At the newest minor every replacement of a row of Kubernetes has arrived."""
    row = shipped().get(entry["version"], entry["kind"])
    if row is None or row.replacement is None:
        return
    found = shipped().replacement_at(row, Target(shipped().newest, {}))
    assert (
        found is None
        or not shipped().knows(found.api_version, found.kind)
        or shipped().is_served(found.api_version, found.kind, shipped().newest)
    )


def test_shipped_table_is_frozen() -> None:
    row = shipped().rows()[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.kind = "Other"  # type: ignore[misc]


def test_entry_order_is_that_of_the_compact_form() -> None:
    assert Entry._fields == ("version", "kind", "namespaced", "served", "default", "subresource")
