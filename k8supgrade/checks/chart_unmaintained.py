"""A pinned chart had no release for two years: nobody adapts it to newer versions of Kubernetes.

Informs at 1.28:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: old, chart: fixtures/legacy, version: 1.0.0}]

Passes:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, chart: fixtures/web, version: 2.0.0}]
"""

from __future__ import annotations

from collections.abc import Iterator

from k8supgrade.checks.base import Context
from k8supgrade.checks.charts import chart_finding, interest
from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.finding import Finding, Severity

__all__ = ["ID", "SUMMARY", "check_chart", "interest"]

ID = "chart-unmaintained"
SUMMARY = "a pinned chart had no release for two years"


def check_chart(chart: JudgedChart, context: Context) -> Iterator[Finding]:
    if chart.months_since_release is None or chart.months_since_release < 24 or chart.is_deprecated:
        return
    message = f"chart {chart.entry.chart} had no release since {(chart.last_release or '')[:10]}"
    yield chart_finding(ID, Severity.INFO, chart, message, "See whether it is still maintained.")
