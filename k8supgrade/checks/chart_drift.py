"""A cluster has another version of a chart installed than any environment of the Helmfile pins.

Then what is judged ready is not what the upgrade meets: somebody installed it by hand, or the last sync is not done.
`k8supgrade scan --helmfile PATH` with a cluster compares them, by release and namespace.

Informs where release shop of namespace shop is of another chart in the cluster:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, namespace: shop, chart: fixtures/web, version: 1.2.0}]

Passes where it is of the same:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, namespace: shop, chart: fixtures/web, version: 1.1.0}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from k8supgrade.checks.base import Context
from k8supgrade.checks.charts import chart_finding, interest, named
from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.finding import Finding, Severity

__all__ = ["ID", "SUMMARY", "check_chart", "interest"]

ID = "chart-drift"
SUMMARY = "a cluster has another chart version than is pinned"


def check_chart(chart: JudgedChart, context: Context) -> Iterator[Finding]:
    if not chart.installed_as:
        return
    there = ", ".join(dict.fromkeys(f"{one.chart} in {one.cluster}" for one in chart.installed_as))
    message = f"{named(chart)} is pinned, and installed is {there}"
    fix = "Bring both together before the upgrade: sync the release, or pin what runs."
    found = chart_finding(ID, Severity.INFO, chart, message, fix)
    yield replace(found, origins=(*found.origins, *chart.installed_as))
