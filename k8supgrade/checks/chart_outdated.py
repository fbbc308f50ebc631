"""A newer version of a pinned chart is there. It breaks nothing at the target; those who bump at each upgrade want to
know.

Informs at 1.28:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, chart: fixtures/web, version: 1.2.0}]

Passes:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, chart: fixtures/web, version: 2.0.0}]
"""

from __future__ import annotations

from collections.abc import Iterator

from k8supgrade.checks.base import Context
from k8supgrade.checks.charts import chart_finding, interest, shown
from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.finding import Finding, Severity

__all__ = ["ID", "SUMMARY", "check_chart", "interest"]

ID = "chart-outdated"
SUMMARY = "a newer version of a pinned chart is there"


def check_chart(chart: JudgedChart, context: Context) -> Iterator[Finding]:
    entry = chart.entry
    if not chart.is_outdated or entry.newest is None:
        return
    message = (
        f"a newer version of chart {entry.chart} is there: {shown(entry.newest.version, entry.newest.app_version)}"
    )
    fix = None
    if entry.latest is not None and entry.latest != entry.newest:
        fits = shown(entry.latest.version, entry.latest.app_version)
        fix = f"The latest that is ready for {context.target.kubernetes} and installs now is {fits}."
    yield chart_finding(ID, Severity.INFO, chart, message, fix)
