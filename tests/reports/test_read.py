from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.errors import UsageError
from k8supgrade.model.chart import EVIDENCE as CHART_EVIDENCE
from k8supgrade.model.chart import STATUSES, ChartEntry, ChartVersion
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import Replacement
from k8supgrade.model.origin import EVIDENCE, Caller, ChartOrigin, ClusterOrigin, FileOrigin, ReleaseOrigin
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Cluster, Ignored, Verdict
from k8supgrade.model.version import KubeVersion
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.json_ import render
from k8supgrade.reports.read import read_report
from tests.builders import finding, verdict
from tests.reports.samples import CHARTS, FULL, LIVE, hostile

texts = st.text(max_size=8)
maybe = st.none() | texts
versions = st.builds(KubeVersion, st.integers(0, 3), st.integers(0, 60))
callers = st.builds(Caller, user=texts, user_agent=texts, count=st.integers(0), first=maybe, last=maybe)
origins = (
    st.builds(FileOrigin, path=texts, line=st.integers(1), template=maybe)
    | st.builds(
        ClusterOrigin,
        cluster=texts,
        evidence=st.sampled_from(EVIDENCE),
        manager=maybe,
        time=maybe,
        stale=st.booleans(),
        count=st.none() | st.integers(0),
        callers=st.lists(callers, max_size=2).map(tuple),
    )
    | st.builds(
        ReleaseOrigin,
        cluster=texts,
        namespace=texts,
        release=texts,
        revision=st.integers(0),
        chart=texts,
        status=texts,
        template=maybe,
    )
    | st.builds(
        ChartOrigin, path=texts, line=st.integers(0), environment=maybe, release=texts, chart=texts, version=maybe
    )
)
chart_versions = st.none() | st.builds(ChartVersion, version=texts, app_version=maybe)
charts = st.builds(
    ChartEntry,
    release=texts,
    namespace=maybe,
    environment=maybe,
    path=texts,
    line=st.integers(0),
    chart=texts,
    repository=maybe,
    pinned=maybe,
    app_version=maybe,
    installed=st.booleans(),
    status=st.sampled_from(STATUSES),
    evidence=st.sampled_from(CHART_EVIDENCE),
    reasons=st.lists(texts, max_size=2).map(tuple),
    smallest=chart_versions,
    latest=chart_versions,
    newest=chart_versions,
)
findings = st.builds(
    Finding,
    check=texts,
    severity=st.sampled_from(Severity),
    api_version=maybe,
    kind=maybe,
    namespace=maybe,
    name=maybe,
    message=texts,
    origins=st.lists(origins, min_size=1, max_size=3).map(tuple),
    fix=maybe,
    owner=maybe,
    introduced_in=maybe,
    deprecated_in=maybe,
    removed_in=maybe,
    replacement=st.none() | st.builds(Replacement, api_version=texts, kind=texts, available_in=st.none() | versions),
    reference=maybe,
    locator=maybe,
)
numbers = st.integers(0)
verdicts = st.builds(
    Verdict,
    tool_version=texts,
    data_version=texts,
    generated_at=st.just("2026-01-31T09:00:00Z"),
    target=versions.map(lambda version: {"kubernetes": str(version), "istio": "1.2"}),
    current=st.none() | versions.map(lambda version: {"kubernetes": str(version)}),
    clusters=st.lists(st.builds(Cluster, name=texts, version=maybe, reached=st.booleans()), max_size=2).map(tuple),
    resources=numbers,
    files=numbers,
    releases=numbers,
    findings=st.lists(findings, max_size=4).map(tuple),
    skipped=st.lists(
        st.builds(Skipped, what=texts, reason=texts, optional=st.booleans(), origin=st.none() | origins),
        max_size=2,
    ).map(tuple),
    ignored=st.lists(st.builds(Ignored, finding=findings, rule=texts, reason=texts, expires=maybe), max_size=2).map(
        tuple
    ),
    exit_code=st.sampled_from([0, 1, 3]),
    charts=st.lists(charts, max_size=2).map(tuple),
)


def written(shown: Verdict) -> str:
    return render(shown, RenderOptions())


@given(verdicts)
def test_round_trip(shown: Verdict) -> None:
    text = written(shown)
    assert written(read_report(text, "r.json")) == text


@pytest.mark.parametrize(
    "shown", [verdict(), FULL, LIVE, CHARTS, hostile()], ids=["empty", "full", "live", "charts", "hostile"]
)
def test_round_trip_of_samples(shown: Verdict) -> None:
    text = written(shown)
    assert written(read_report(text, "r.json")) == text


def test_a_verdict_comes_back_equal() -> None:
    shown = verdict(finding("a"), finding("b", severity=Severity.INFO))
    assert read_report(written(shown), "r.json") == shown


def test_objects_without_a_name_stay_apart() -> None:
    shown = verdict(finding(None, locator="a.yaml#0"), finding(None, locator="a.yaml#1"))
    read = read_report(written(shown), "r.json")
    assert [found.id for found in read.findings] == [found.id for found in shown.findings]
    assert len({found.identity for found in read.findings}) == 2


def changed(change: Callable[[Any], object]) -> str:
    data = json.loads(written(replace(FULL, charts=CHARTS.charts)))
    change(data)
    return json.dumps(data)


def setting(*path: Any) -> Callable[[Any], None]:
    """Sets the value at a path: `setting("findings", 0, "line", "x")`."""

    def change(data: Any) -> None:
        *way, last, value = path
        for key in way:
            data = data[key]
        data[last] = value

    return change


EVERYWHERE = next(place for place, found in enumerate(FULL.findings) if found.name == "everywhere")
CALLED = next(place for place, found in enumerate(FULL.findings) if found.check == "removed-api-requested")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((EVERYWHERE, "origins", 1, "cluster"), None, "cluster: text is expected, not null"),
        ((EVERYWHERE, "origins", 1, "evidence"), "guess", "evidence: one of last-applied, managed-fields, served, "),
        ((EVERYWHERE, "origins", 1, "evidence"), ["served"], "evidence: text is expected, not a list"),
        ((EVERYWHERE, "origins", 1, "manager"), 7, "manager: text is expected, not a number"),
        ((EVERYWHERE, "origins", 1, "time"), {}, "time: text is expected, not a mapping"),
        ((EVERYWHERE, "origins", 1, "stale"), "no", "stale: true or false is expected"),
        ((EVERYWHERE, "origins", 1, "count"), -1, "count: a whole number from 0 is expected"),
        ((EVERYWHERE, "origins", 1, "callers"), None, "callers: a list is expected, not null"),
        ((EVERYWHERE, "origins", 1, "type"), "helm", ": the key 'namespace' is missing"),
        ((EVERYWHERE, "origins", 4, "revision"), "7", "revision: a whole number from 0 is expected"),
        ((EVERYWHERE, "origins", 4, "namespace"), None, "namespace: text is expected, not null"),
        ((EVERYWHERE, "origins", 4, "template"), False, "template: text is expected, not true or false"),
        ((CALLED, "origins", 1, "callers", 2), "jane", "callers[2]: a mapping is expected, not text"),
        ((CALLED, "origins", 1, "callers", 2, "user"), None, "callers[2].user: text is expected, not null"),
        ((CALLED, "origins", 1, "callers", 2, "count"), 1.5, "callers[2].count: a whole number from 0 is expected"),
        ((CALLED, "origins", 1, "callers", 2, "last"), 1, "callers[2].last: text is expected, not a number"),
    ],
)
def test_what_is_wrong_with_an_origin_is_named(path: tuple[Any, ...], value: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_report(changed(setting("findings", *path, value)), "r.json")
    start = f"r.json: findings[{path[0]}].origins[{path[2]}]"
    assert str(caught.value).startswith(start)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "r.json: not a JSON report: Expecting value"),
        ("{", "r.json: not a JSON report: "),
        ("[" * 200_000, "r.json: not a k8supgrade report: nested too deeply"),
        ("[]", "r.json: report: a mapping is expected, not a list"),
        ("{}", "r.json: report: not a k8supgrade report: it has no schema"),
        ('{"schema": "k8supgrade.report/v2"}', "r.json: schema: 'k8supgrade.report/v2' is not readable here"),
        (changed(lambda data: data.pop("skipped")), "r.json: report: the key 'skipped' is missing"),
        (changed(lambda data: data["findings"][1].pop("fix")), r"r.json: findings\[1\]: the key 'fix' is missing"),
        (changed(setting("findings", 0, "id", "../x")), r"findings\[0\].id: 16 hexadecimal digits"),
        (changed(setting("findings", 0, "severity", "bad")), r"severity: one of info, warning, blocker"),
        (changed(setting("findings", 0, "name", 7)), r"findings\[0\].name: text is expected, not a number"),
        (changed(setting("findings", 0, "origins", [])), r"findings\[0\].origins: a finding has at least one"),
        (
            changed(setting("findings", 1, "origins", 0, "type", "moon")),
            r"findings\[1\].origins\[0\].type: .* cannot read origins of type 'moon'",
        ),
        (
            changed(setting("findings", 1, "origins", 0, "type", "cluster")),
            r"findings\[1\].origins\[0\]: the key 'evidence' is missing",
        ),
        (changed(setting("findings", 1, "origins", 0, "line", True)), r"line: a whole number"),
        (changed(setting("findings", 1, "origins", 0, "line", -1)), r"line: a whole number"),
        (changed(setting("findings", 0, "replacement", "x")), r"replacement: a mapping is expected, not text"),
        (changed(setting("findings", {})), "r.json: findings: a list is expected, not a mapping"),
        (changed(setting("skipped", 0, "optional", 1)), r"skipped\[0\].optional: true or false"),
        (changed(setting("target", {})), "r.json: target: the key 'kubernetes' is missing"),
        (changed(setting("target", "kubernetes", "one")), "r.json: target.kubernetes: 'one' is not a Kubernetes"),
        (changed(setting("current", {"kubernetes": None})), "current.kubernetes: text is expected, not null"),
        (changed(setting("scanned", "files", 1.5)), "scanned.files: a whole number from 0"),
        (changed(setting("summary", "exitCode", 999)), "summary.exitCode: an exit code is at most 255"),
        (changed(setting("generatedAt", "now")), "generatedAt: a time like 2026-01-31T09:00:00Z"),
        (changed(setting("charts", [{}])), r"charts\[0\]: the key 'release' is missing"),
        (changed(setting("charts", 0, "status", "good")), r"charts\[0\].status: one of ready, not-ready, unknown"),
        (changed(setting("charts", 0, "reasons", [7])), r"charts\[0\].reasons\[0\]: text is expected"),
        (changed(setting("charts", 0, "smallest", "1.2")), r"charts\[0\].smallest: a mapping is expected"),
        (changed(setting("target", "\x1b[31m", 1)), r"target.\\x1b\[31m: text is expected"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_report(text, "r.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
PATHS = [
    (),
    ("tool",),
    ("target", "kubernetes"),
    ("clusters",),
    ("summary",),
    ("findings",),
    ("findings", 0),
    ("findings", 0, "replacement"),
    ("findings", 0, "origins", 0),
    ("findings", EVERYWHERE, "origins", 1),
    ("findings", EVERYWHERE, "origins", 4),
    ("findings", CALLED, "origins", 1, "callers"),
    ("findings", CALLED, "origins", 1, "callers", 0),
    ("skipped", 0, "origin"),
    ("ignored", 0, "ignoredBy"),
    ("charts",),
    ("charts", 0),
    ("charts", 0, "latest"),
]


@given(st.sampled_from(PATHS), json_values)
def test_any_damage_is_a_usage_error_or_harmless(path: tuple[Any, ...], value: object) -> None:
    text = changed(setting(*path, value)) if path else json.dumps(value)
    message = "r.json: "
    try:
        read_report(text, "r.json")
    except UsageError as error:
        message = str(error)
    assert message.startswith("r.json: ")
