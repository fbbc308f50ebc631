"""A saved JSON report back into a verdict.

The file is untrusted: it may come from another machine, another version or an editor. Everything is
checked, and a message says where in the report what is wrong. Keys that the schema does not name are
ignored; what this version could not write again (unknown origins) is refused, never dropped.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, TypeVar

from k8supgrade.errors import UsageError
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import Release, Replacement
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Cluster, Ignored, Verdict
from k8supgrade.model.version import KUBERNETES, ComponentVersion, KubeVersion
from k8supgrade.reports.document import SCHEMA
from k8supgrade.reports.node import Node
from k8supgrade.reports.read_chart import read_chart
from k8supgrade.reports.read_origin import read_origin

T = TypeVar("T")

_ID = re.compile(r"[0-9a-f]{16}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z\Z", re.ASCII)
_SEVERITIES = {severity.label: severity for severity in Severity}


@dataclass(frozen=True, slots=True, kw_only=True)
class _SavedFinding(Finding):
    """A finding whose id cannot be made again: the report does not hold the locator that went into it."""

    saved_id: str

    @property
    def id(self) -> str:
        return self.saved_id


def read_report(text: str, where: str) -> Verdict:
    """The verdict of a report's text; `where` (its path) starts the messages.

    Raises:
        UsageError: it is not a report of this version.
    """
    try:
        data = json.loads(text)
    except RecursionError:
        raise UsageError(f"{where}: not a k8supgrade report: nested too deeply") from None
    except ValueError as error:
        raise UsageError(f"{where}: not a JSON report: {error}") from error
    return _verdict(Node(data, where, ""))


def _verdict(node: Node) -> Verdict:
    schema = node.text("schema") if isinstance(node.mapping().get("schema"), str) else None
    if schema is None:
        node.fail("not a k8supgrade report: it has no schema")
    if schema != SCHEMA:
        node["schema"].fail(f"{schema!a} is not readable here: this version reads {SCHEMA}")
    if not _TIME.match(node.text("generatedAt")):
        node["generatedAt"].fail("a time like 2026-01-31T09:00:00Z is expected")
    tool, scanned = node["tool"], node["scanned"]
    target = _versions(node["target"])
    if KUBERNETES not in target:
        node["target"].fail(f"the key {KUBERNETES!r} is missing")
    return Verdict(
        tool_version=tool.text("version"),
        data_version=tool.text("dataVersion"),
        generated_at=node.text("generatedAt"),
        target=target,
        current=node["current"].maybe(_versions),
        clusters=node["clusters"].each(_cluster),
        resources=scanned.count("resources"),
        files=scanned.count("files"),
        releases=scanned.count("releases"),
        findings=node["findings"].each(_finding),
        skipped=node["skipped"].each(_skipped),
        ignored=node["ignored"].each(_ignored),
        exit_code=_exit_code(node["summary"]),
        charts=node["charts"].each(read_chart),
    )


def _exit_code(summary: Node) -> int:
    code = summary.count("exitCode")
    if code > 255:
        summary["exitCode"].fail("an exit code is at most 255")
    return code


def _versions(node: Node) -> dict[str, str]:
    versions = {component: node.text(component) for component in node.mapping()}
    for component, version in versions.items():
        _release(node[component], component, version)
    return versions


def _release(node: Node, component: str, version: str) -> Release:
    try:
        return (KubeVersion if component == KUBERNETES else ComponentVersion).parse(version)
    except UsageError as error:
        node.fail(str(error))


def _cluster(node: Node) -> Cluster:
    return Cluster(name=node.text("name"), version=node.maybe_text("version"), reached=node.flag("reached"))


def _finding(node: Node) -> Finding:
    severity = _SEVERITIES.get(node.text("severity"))
    if severity is None:
        node["severity"].fail(f"one of {', '.join(_SEVERITIES)} is expected")
    origins = node["origins"].each(read_origin)
    if not origins:
        node["origins"].fail("a finding has at least one origin")
    component = node.text("component")
    replacement = node["replacement"].maybe(lambda value: _replacement(value, component))
    values: dict[str, Any] = {
        "check": node.text("check"),
        "severity": severity,
        "api_version": node.maybe_text("apiVersion"),
        "kind": node.maybe_text("kind"),
        "namespace": node.maybe_text("namespace"),
        "name": node.maybe_text("name"),
        "message": node.text("message"),
        "origins": origins,
        "fix": node.maybe_text("fix"),
        "owner": node.maybe_text("owner"),
        "component": component,
        "introduced_in": node.maybe_text("introducedIn"),
        "deprecated_in": node.maybe_text("deprecatedIn"),
        "removed_in": node.maybe_text("removedIn"),
        "replacement": replacement,
        "reference": node.maybe_text("reference"),
    }
    saved = node.text("id")
    if not _ID.match(saved):
        node["id"].fail("16 hexadecimal digits are expected")
    finding = Finding(**values)
    # The saved id stands in for the locator, so that two objects without a name stay two.
    return finding if finding.id == saved else _SavedFinding(**values, locator=saved, saved_id=saved)


def _replacement(node: Node, component: str) -> Replacement:
    available = node.maybe_text("availableIn")
    return Replacement(
        api_version=node.text("apiVersion"),
        kind=node.text("kind"),
        available_in=None if available is None else _release(node["availableIn"], component, available),
    )


def _skipped(node: Node) -> Skipped:
    return Skipped(
        what=node.text("what"),
        reason=node.text("reason"),
        optional=node.flag("optional"),
        origin=node["origin"].maybe(read_origin),
    )


def _ignored(node: Node) -> Ignored:
    by = node["ignoredBy"]
    return Ignored(
        finding=_finding(node),
        rule=by.text("rule"),
        reason=by.text("reason"),
        expires=by.maybe_text("expires"),
    )
