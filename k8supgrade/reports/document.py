"""The report `k8supgrade.report/v1` as plain data: the one place that knows its keys and their order."""

from __future__ import annotations

from typing import Any

from k8supgrade.model.chart import ChartEntry, ChartVersion
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import Replacement
from k8supgrade.model.origin import Caller, ChartOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Cluster, Ignored, Verdict

SCHEMA = "k8supgrade.report/v1"

Data = dict[str, Any]


def frame(verdict: Verdict) -> Data:
    """Everything before the lists."""
    return {
        "schema": SCHEMA,
        "tool": {
            "name": "k8supgrade",
            "version": verdict.tool_version,
            "dataVersion": verdict.data_version,
        },
        "generatedAt": verdict.generated_at,
        "target": dict(verdict.target),
        "current": None if verdict.current is None else dict(verdict.current),
        "clusters": [_cluster(cluster) for cluster in verdict.clusters],
        "scanned": {
            "resources": verdict.resources,
            "files": verdict.files,
            "releases": verdict.releases,
        },
        "summary": {
            "blocker": verdict.count(Severity.BLOCKER),
            "warning": verdict.count(Severity.WARNING),
            "info": verdict.count(Severity.INFO),
            "ignored": len(verdict.ignored),
            "skipped": len(verdict.skipped),
            "exitCode": verdict.exit_code,
        },
    }


def lists(verdict: Verdict) -> dict[str, list[Data]]:
    """What grows with the input, in the order of the report."""
    return {
        "findings": [_finding(finding) for finding in verdict.findings],
        "skipped": [_skipped(skip) for skip in verdict.skipped],
        "ignored": [_ignored(ignored) for ignored in verdict.ignored],
        "charts": [_chart(entry) for entry in verdict.charts],
    }


def _cluster(cluster: Cluster) -> Data:
    return {"name": cluster.name, "version": cluster.version, "reached": cluster.reached}


def _finding(finding: Finding) -> Data:
    return {
        "id": finding.id,
        "check": finding.check,
        "severity": finding.severity.label,
        "apiVersion": finding.api_version,
        "kind": finding.kind,
        "namespace": finding.namespace,
        "name": finding.name,
        "message": finding.message,
        "fix": finding.fix,
        "owner": finding.owner,
        "component": finding.component,
        "introducedIn": finding.introduced_in,
        "deprecatedIn": finding.deprecated_in,
        "removedIn": finding.removed_in,
        "replacement": None if finding.replacement is None else _replacement(finding.replacement),
        "reference": finding.reference,
        "origins": [_origin(origin) for origin in finding.origins],
    }


def _replacement(replacement: Replacement) -> Data:
    available = replacement.available_in
    return {
        "apiVersion": replacement.api_version,
        "kind": replacement.kind,
        "availableIn": None if available is None else str(available),
    }


def _origin(origin: Origin) -> Data:
    if isinstance(origin, FileOrigin):
        return {"type": "file", "path": origin.path, "line": origin.line, "template": origin.template}
    if isinstance(origin, ReleaseOrigin):
        return {
            "type": "helm",
            "cluster": origin.cluster,
            "namespace": origin.namespace,
            "release": origin.release,
            "revision": origin.revision,
            "chart": origin.chart,
            "status": origin.status,
            "template": origin.template,
        }
    if isinstance(origin, ChartOrigin):
        return {
            "type": "chart",
            "path": origin.path,
            "line": origin.line,
            "environment": origin.environment,
            "release": origin.release,
            "chart": origin.chart,
            "version": origin.version,
        }
    return {
        "type": "cluster",
        "cluster": origin.cluster,
        "evidence": origin.evidence,
        "manager": origin.manager,
        "time": origin.time,
        "stale": origin.stale,
        "count": origin.count,
        "callers": [_caller(caller) for caller in origin.callers],
    }


def _caller(caller: Caller) -> Data:
    return {
        "user": caller.user,
        "userAgent": caller.user_agent,
        "count": caller.count,
        "first": caller.first,
        "last": caller.last,
    }


def _skipped(skip: Skipped) -> Data:
    return {
        "what": skip.what,
        "reason": skip.reason,
        "optional": skip.optional,
        "origin": None if skip.origin is None else _origin(skip.origin),
    }


def _ignored(ignored: Ignored) -> Data:
    return {
        **_finding(ignored.finding),
        "ignoredBy": {"rule": ignored.rule, "reason": ignored.reason, "expires": ignored.expires},
    }


def _chart(entry: ChartEntry) -> Data:
    return {
        "release": entry.release,
        "namespace": entry.namespace,
        "environment": entry.environment,
        "path": entry.path,
        "line": entry.line,
        "chart": entry.chart,
        "repository": entry.repository,
        "pinned": entry.pinned,
        "appVersion": entry.app_version,
        "installed": entry.installed,
        "status": entry.status,
        "evidence": entry.evidence,
        "reasons": list(entry.reasons),
        "smallest": _chart_version(entry.smallest),
        "latest": _chart_version(entry.latest),
        "newest": _chart_version(entry.newest),
    }


def _chart_version(version: ChartVersion | None) -> Data | None:
    return None if version is None else {"version": version.version, "appVersion": version.app_version}
