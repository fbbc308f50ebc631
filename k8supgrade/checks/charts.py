"""What the checks of charts share."""

from __future__ import annotations

from k8supgrade.checks.base import Context
from k8supgrade.manifest.interest import Interest
from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.finding import Finding, Severity


def interest(context: Context) -> Interest:
    """Nothing of manifests."""
    return Interest()


def chart_finding(
    check: str, severity: Severity, chart: JudgedChart, message: str, fix: str | None, reference: str | None = None
) -> Finding:
    """A finding about a release; what is not installed breaks nothing."""
    entry = chart.entry
    return Finding(
        check=check,
        severity=severity if entry.installed else Severity.INFO,
        api_version=None,
        kind=None,
        namespace=entry.namespace,
        name=entry.release,
        message=message if entry.installed else f"{message} (the release is not installed)",
        fix=fix,
        origins=(entry.origin,),
        reference=reference,
    )


def shown(version: str, app_version: str | None) -> str:
    """`6.58.9 (app 10.0.3)`"""
    return version if app_version is None else f"{version} (app {app_version})"


def named(chart: JudgedChart) -> str:
    """`chart grafana/grafana 6.57.4`"""
    entry = chart.entry
    return f"chart {entry.chart} {entry.pinned}" if entry.pinned else f"chart {entry.chart}"
