"""The chart entries of a saved report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from k8supgrade.model.chart import EVIDENCE, STATUSES, ChartEntry, ChartVersion
from k8supgrade.reports.node import Node

T = TypeVar("T", bound=str)


def read_chart(node: Node) -> ChartEntry:
    return ChartEntry(
        release=node.text("release"),
        namespace=node.maybe_text("namespace"),
        environment=node.maybe_text("environment"),
        path=node.text("path"),
        line=node.count("line"),
        chart=node.text("chart"),
        repository=node.maybe_text("repository"),
        pinned=node.maybe_text("pinned"),
        app_version=node.maybe_text("appVersion"),
        installed=node.flag("installed"),
        status=_one_of(STATUSES, node, "status"),
        evidence=_one_of(EVIDENCE, node, "evidence"),
        reasons=node["reasons"].each(_reason),
        smallest=node["smallest"].maybe(_version),
        latest=node["latest"].maybe(_version),
        newest=node["newest"].maybe(_version),
    )


def _one_of(known: Sequence[T], node: Node, key: str) -> T:
    text = node.text(key)
    found = next((one for one in known if one == text), None)
    if found is None:
        node[key].fail(f"one of {', '.join(known)} is expected")
    return found


def _reason(node: Node) -> str:
    if not isinstance(node.value, str):
        node.fail("text is expected")
    return node.value


def _version(node: Node) -> ChartVersion:
    return ChartVersion(version=node.text("version"), app_version=node.maybe_text("appVersion"))
