"""The newest version of a pinned chart is marked as deprecated: its repository will bring no fix for a later upgrade.

Where it is known which chart carries on, the fix names it.

Warns at 1.28:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: jobs, chart: fixtures/old-batch, version: 0.1.0}]

Passes:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, chart: fixtures/web, version: 1.2.0}]
"""

from __future__ import annotations

from collections.abc import Iterator

from k8supgrade.checks.base import Context
from k8supgrade.checks.chart_moved import place
from k8supgrade.checks.charts import chart_finding, interest
from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.finding import Finding, Severity

__all__ = ["ID", "SUMMARY", "check_chart", "interest"]

ID = "chart-deprecated"
SUMMARY = "a pinned chart's newest version is marked as deprecated"


def check_chart(chart: JudgedChart, context: Context) -> Iterator[Finding]:
    if not chart.is_deprecated:
        return
    newest = chart.entry.newest
    message = f"chart {chart.entry.chart} is deprecated"
    if newest is not None:
        message += f": its newest version {newest.version} is marked so"
    if chart.moved is None:
        fix, reference = "Look for the chart that carries on, or for another one.", None
    else:
        fix, reference = place(chart.moved), chart.moved.sources[0]
    yield chart_finding(ID, Severity.WARNING, chart, message, fix, reference)
