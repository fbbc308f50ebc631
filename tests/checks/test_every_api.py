"""For every minor, a manifest of every API that Kubernetes ever served: flagged exactly when it should be.

What should be is worked out here from the YAML data alone; the table's own code is what is under test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from k8supgrade import engine
from k8supgrade.checks import CHECKS
from k8supgrade.checks.base import Context
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.finding import Finding
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.sources.files import FileSource

DATA = Path(__file__).resolve().parents[2] / "data"
SERVED: dict[str, Any] = yaml.safe_load((DATA / "served" / "kubernetes.yaml").read_text(encoding="utf-8"))
TABLE: dict[str, Any] = yaml.safe_load((DATA / "deprecations" / "kubernetes.yaml").read_text(encoding="utf-8"))
MINORS: list[str] = SERVED["minors"]
# The guide calls it their removal that 1.16 switched these off; the code that could serve them left in 1.18.
SWITCHED_OFF = ("apps/v1beta1", "apps/v1beta2", "extensions/v1beta1")
Api = tuple[str, str]


class Life(NamedTuple):
    """The positions in MINORS that can serve an API, those that do by default, and where it is deprecated."""

    served: frozenset[int]
    default: frozenset[int]
    deprecated: frozenset[int]


def positions(ranges: list[str]) -> frozenset[int]:
    found: set[int] = set()
    for text in ranges:
        first, dash, last = text.partition("-")
        start = MINORS.index(first)
        end = MINORS.index(last) if last else len(MINORS) - 1 if dash else start
        found |= set(range(start, end + 1))
    return frozenset(found)


def lives() -> dict[Api, Life]:
    rows = {(row["version"], row["kind"]): row for row in TABLE["deprecated-versions"]}
    found = {}
    for api in SERVED["apis"]:
        key = (api["version"], api["kind"])
        since = rows.get(key, {}).get("deprecated-in")
        deprecated = {n for n, minor in enumerate(MINORS) if since and number(minor) >= number(since)}
        served, default = positions(api["served"]), positions(api["default"])
        if api["version"] in SWITCHED_OFF and not default:
            served = frozenset()
        found[key] = Life(served, default, frozenset(deprecated))
    assert rows.keys() <= found.keys()
    return found


def number(minor: str) -> int:
    return int(minor.split(".")[1])


LIVES = lives()


def expected(at: int) -> Iterator[tuple[str, str, Api]]:
    """(check, severity, API) of all that is to be said at a minor."""
    for api, life in LIVES.items():
        if at not in life.served and (not life.served or min(life.served) < at):
            yield "removed-api", "blocker", api
            continue
        if at not in life.served:
            yield "unavailable-api", "blocker", api
            continue
        if at not in life.default:
            yield "unavailable-api", "warning", api
        if at in life.deprecated:
            yield "deprecated-api", "warning", api


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for each API, and one that holds all of them."""
    directory = tmp_path_factory.mktemp("apis")
    texts = []
    for index, (version, kind) in enumerate(LIVES):
        texts.append(f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: one-{index}\n  namespace: shop\n")
        (directory / f"{index}.yaml").write_text(texts[-1], encoding="utf-8")
    (directory / "all.yaml").write_text("---\n".join(texts), encoding="utf-8")
    return directory


def scan(path: Path, minor: str, current: str | None = None) -> tuple[Finding, ...]:
    context = Context(
        table=load_table(),
        target=Target(KubeVersion.parse(minor), {}),
        current=None if current is None else KubeVersion.parse(current),
    )
    checks = list(CHECKS.values())
    result = engine.run([FileSource([str(path)], engine.interest_of(checks, context))], checks, context)
    assert result.skipped == ()
    assert result.scanned.resources == 2 * len(LIVES)
    return result.findings


@pytest.mark.parametrize("minor", MINORS)
def test_flagged_exactly_when(minor: str, manifests: Path) -> None:
    findings = scan(manifests, minor)
    found = {(f.check, f.severity.label, (str(f.api_version), str(f.kind))) for f in findings}
    should = set(expected(MINORS.index(minor)))
    assert found == should
    assert len(findings) == len(should)
    assert all(len(finding.origins) == 2 for finding in findings), "seen in its own file and in the one with all"


@pytest.mark.parametrize("minor", MINORS[1:])
def test_a_current_version_adds_what_it_does_not_serve_yet(minor: str, manifests: Path) -> None:
    """The hop before: what only the target serves, unless it is off there (which is said already)."""
    at = MINORS.index(minor)
    new = {api for api, life in LIVES.items() if at in life.default and min(life.served) == at}
    before = {(f.check, f.api_version, f.kind) for f in scan(manifests, minor)}
    after = {(f.check, f.api_version, f.kind) for f in scan(manifests, minor, current=MINORS[at - 1])}
    assert after - before == {("unavailable-api", version, kind) for version, kind in new}
    assert before <= after


@pytest.mark.parametrize("minor", MINORS)
def test_what_a_finding_offers_is_served(minor: str, manifests: Path) -> None:
    """A replacement is served at the target, unless the API itself still is and only leaves later."""
    at = MINORS.index(minor)
    for finding in scan(manifests, minor):
        if finding.replacement is None or finding.check == "unavailable-api":
            continue
        life = LIVES[finding.replacement.api_version, finding.replacement.kind]
        assert at in life.served or (finding.check == "deprecated-api" and min(life.served) > at)
        assert "is served from" in (finding.fix or "") if at not in life.served else True
