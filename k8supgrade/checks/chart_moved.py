"""A pinned chart has moved to another repository, and its old one does not say so in the index.

The newest version in the old repository is a dead end then, or becomes another product. What is known is in
data/charts/moved.yaml, each entry with its source. A chart that is marked as deprecated too is told by
`chart-deprecated` alone.

Warns at 1.28:

    repositories: [{name: grafana, url: https://grafana.github.io/helm-charts}]
    releases: [{name: logs, chart: grafana/loki, version: 5.40.1}]

Passes:

    repositories: [{name: fixtures, url: repository}]
    releases: [{name: shop, chart: fixtures/web, version: 1.2.0}]
"""

from __future__ import annotations

from collections.abc import Iterator

from k8supgrade.checks.base import Context
from k8supgrade.checks.charts import chart_finding, interest
from k8supgrade.model.chart import JudgedChart, Move
from k8supgrade.model.finding import Finding, Severity

__all__ = ["ID", "SUMMARY", "check_chart", "interest"]

ID = "chart-moved"
SUMMARY = "a pinned chart has moved to another repository"


def check_chart(chart: JudgedChart, context: Context) -> Iterator[Finding]:
    moved = chart.moved
    if moved is None or chart.is_deprecated:
        return
    message = f"chart {chart.entry.chart} has moved since {moved.since}"
    yield chart_finding(ID, Severity.WARNING, chart, message, place(moved), moved.sources[0])


def place(moved: Move) -> str:
    text = f"Go to chart {moved.chart} of {moved.repository}."
    if moved.is_end_of_life:
        text = (
            f"The program is no longer maintained since {moved.since}: go to chart {moved.chart} of {moved.repository}."
        )
    return f"{text} {moved.note}" if moved.note else text
