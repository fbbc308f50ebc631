"""A pinned chart does not work on the target version: what it renders fails there, or its kubeVersion excludes it.

The chart is rendered for the target with the values of its release, and what comes out is judged as any manifest. The
fix names the smallest version of the chart that is ready for the target and still installs on the current version, so
that the bump can go out before the upgrade; where there is none, what to do in two steps. It is only good to know
where the release is not installed.

Fails at 1.28:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, chart: fixtures/web, version: 1.0.0}]

Passes:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, chart: fixtures/web, version: 1.2.0}]
"""

from __future__ import annotations

from collections.abc import Iterator

from k8supgrade.checks.base import Context
from k8supgrade.checks.charts import chart_finding, interest, named, shown
from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.finding import Finding, Severity

__all__ = ["ID", "SUMMARY", "check_chart", "interest"]

ID = "chart-not-ready"
SUMMARY = "a pinned chart does not work on the target version"


def check_chart(chart: JudgedChart, context: Context) -> Iterator[Finding]:
    entry = chart.entry
    if entry.status == "not-ready":
        target = context.target.kubernetes
        more = " (and more)" if entry.reasons[1:] else ""
        message = f"{named(chart)} is not ready for {target}: {entry.reasons[0]}{more}"
        yield chart_finding(ID, Severity.BLOCKER, chart, message, _fix(chart, context))


def _fix(chart: JudgedChart, context: Context) -> str:
    entry = chart.entry
    if entry.smallest is None:
        if chart.plan is not None:
            return chart.plan
        moved = "" if chart.moved is None else f" The chart has moved to {chart.moved.repository}."
        return f"No version of the chart is ready for {context.target.kubernetes}: look for another chart.{moved}"
    text = f"Bump it to {shown(entry.smallest.version, entry.smallest.app_version)} before the upgrade."
    if entry.latest is not None and entry.latest != entry.smallest:
        text += f" The latest that fits is {shown(entry.latest.version, entry.latest.app_version)}."
    return text
