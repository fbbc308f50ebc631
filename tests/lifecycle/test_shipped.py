"""The shipped table against the files it is made of, read a second time in the plainest way."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.version import KubeVersion, Target
from tests.lifecycle.tiny import at

DATA = Path(__file__).resolve().parents[2] / "data"


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
