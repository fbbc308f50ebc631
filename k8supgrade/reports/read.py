"""A saved JSON report back into a verdict.

The file is untrusted: it may come from another machine, another version or an editor. Everything is
checked, and a message says where in the report what is wrong. Keys that the schema does not name are
ignored; what this version could not write again (charts, unknown origins) is refused, never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from k8supgrade.errors import UsageError
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import Release, Replacement
from k8supgrade.model.origin import FileOrigin, Origin
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Cluster, Ignored, Verdict
from k8supgrade.model.version import KUBERNETES, ComponentVersion, KubeVersion
from k8supgrade.reports.document import SCHEMA

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
    return _verdict(_Node(data, where, ""))


class _Node:
    """A value of the document and the way to it, which only an error spells out."""

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: _Node | str, key: str | int) -> None:
        self.value = value
        self._parent = parent
        self._key = key

    def fail(self, what: str) -> NoReturn:
        raise UsageError(f"{self._path()}: {what}")

    def _path(self) -> str:
        if isinstance(self._parent, str):
            return f"{self._parent}: report"
        if isinstance(self._key, int):
            return f"{self._parent._path()}[{self._key}]"
        head, separator, tail = self._parent._path(), ".", ascii(self._key)[1:-1]
        if head.endswith(": report"):
            head, separator = head[: -len("report")], ""
        return f"{head}{separator}{tail}"

    def mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self.fail(f"a mapping is expected, not {_kind(self.value)}")
        return self.value

    def __getitem__(self, key: str) -> _Node:
        value = self.mapping()
        if key not in value:
            self.fail(f"the key {key!r} is missing")
        return _Node(value[key], self, key)

    def each(self, read: Callable[[_Node], T]) -> tuple[T, ...]:
        if not isinstance(self.value, list):
            self.fail(f"a list is expected, not {_kind(self.value)}")
        return tuple([read(_Node(item, self, index)) for index, item in enumerate(self.value)])

    def maybe(self, read: Callable[[_Node], T]) -> T | None:
        return None if self.value is None else read(self)

    # The readers of single values take the key, so that a good value needs no node of its own.

    def text(self, key: str) -> str:
        value = self.value.get(key) if isinstance(self.value, dict) else None
        if not isinstance(value, str):
            self[key].fail(f"text is expected, not {_kind(value)}")
        return value

    def maybe_text(self, key: str) -> str | None:
        value = self.value.get(key, 0) if isinstance(self.value, dict) else 0
        return None if value is None else self.text(key)

    def count(self, key: str) -> int:
        value = self.mapping().get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self[key].fail("a whole number from 0 is expected")
        return value

    def flag(self, key: str) -> bool:
        value = self.mapping().get(key)
        if not isinstance(value, bool):
            self[key].fail("true or false is expected")
        return value


def _kind(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _verdict(node: _Node) -> Verdict:
    schema = node.text("schema") if isinstance(node.mapping().get("schema"), str) else None
    if schema is None:
        node.fail("not a k8supgrade report: it has no schema")
    if schema != SCHEMA:
        node["schema"].fail(f"{schema!a} is not readable here: this version reads {SCHEMA}")
    if node["charts"].each(lambda chart: chart):
        node["charts"].fail("this version of k8supgrade cannot read chart entries")
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
    )


def _exit_code(summary: _Node) -> int:
    code = summary.count("exitCode")
    if code > 255:
        summary["exitCode"].fail("an exit code is at most 255")
    return code


def _versions(node: _Node) -> dict[str, str]:
    versions = {component: node.text(component) for component in node.mapping()}
    for component, version in versions.items():
        _release(node[component], component, version)
    return versions


def _release(node: _Node, component: str, version: str) -> Release:
    try:
        return (KubeVersion if component == KUBERNETES else ComponentVersion).parse(version)
    except UsageError as error:
        node.fail(str(error))


def _cluster(node: _Node) -> Cluster:
    return Cluster(name=node.text("name"), version=node.maybe_text("version"), reached=node.flag("reached"))


def _finding(node: _Node) -> Finding:
    severity = _SEVERITIES.get(node.text("severity"))
    if severity is None:
        node["severity"].fail(f"one of {', '.join(_SEVERITIES)} is expected")
    origins = node["origins"].each(_origin)
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


def _replacement(node: _Node, component: str) -> Replacement:
    available = node.maybe_text("availableIn")
    return Replacement(
        api_version=node.text("apiVersion"),
        kind=node.text("kind"),
        available_in=None if available is None else _release(node["availableIn"], component, available),
    )


def _origin(node: _Node) -> Origin:
    kind = node.text("type")
    if kind != "file":
        node["type"].fail(f"this version of k8supgrade cannot read origins of type {kind!a}")
    return FileOrigin(path=node.text("path"), line=node.count("line"), template=node.maybe_text("template"))


def _skipped(node: _Node) -> Skipped:
    return Skipped(
        what=node.text("what"),
        reason=node.text("reason"),
        optional=node.flag("optional"),
        origin=node["origin"].maybe(_origin),
    )


def _ignored(node: _Node) -> Ignored:
    by = node["ignoredBy"]
    return Ignored(
        finding=_finding(node),
        rule=by.text("rule"),
        reason=by.text("reason"),
        expires=by.maybe_text("expires"),
    )
