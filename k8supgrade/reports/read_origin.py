"""The origins of a saved report."""

from __future__ import annotations

from collections.abc import Callable

from k8supgrade.model.origin import EVIDENCE, Caller, ChartOrigin, ClusterOrigin, FileOrigin, Origin, ReleaseOrigin
from k8supgrade.reports.node import Node


def read_origin(node: Node) -> Origin:
    kind = node.text("type")
    read = _READERS.get(kind)
    if read is None:
        node["type"].fail(f"this version of k8supgrade cannot read origins of type {kind!a}")
    return read(node)


def _file(node: Node) -> FileOrigin:
    return FileOrigin(path=node.text("path"), line=node.count("line"), template=node.maybe_text("template"))


def _cluster(node: Node) -> ClusterOrigin:
    evidence = next((one for one in EVIDENCE if one == node.text("evidence")), None)
    if evidence is None:
        node["evidence"].fail(f"one of {', '.join(EVIDENCE)} is expected")
    return ClusterOrigin(
        cluster=node.text("cluster"),
        evidence=evidence,
        manager=node.maybe_text("manager"),
        time=node.maybe_text("time"),
        stale=node.flag("stale"),
        count=node["count"].maybe(lambda _: node.count("count")),
        callers=node["callers"].each(_caller),
    )


def _caller(node: Node) -> Caller:
    return Caller(
        user=node.text("user"),
        user_agent=node.text("userAgent"),
        count=node.count("count"),
        first=node.maybe_text("first"),
        last=node.maybe_text("last"),
    )


def _helm(node: Node) -> ReleaseOrigin:
    return ReleaseOrigin(
        cluster=node.text("cluster"),
        namespace=node.text("namespace"),
        release=node.text("release"),
        revision=node.count("revision"),
        chart=node.text("chart"),
        status=node.text("status"),
        template=node.maybe_text("template"),
    )


def _chart(node: Node) -> ChartOrigin:
    return ChartOrigin(
        path=node.text("path"),
        line=node.count("line"),
        environment=node.maybe_text("environment"),
        release=node.text("release"),
        chart=node.text("chart"),
        version=node.maybe_text("version"),
    )


_READERS: dict[str, Callable[[Node], Origin]] = {"file": _file, "cluster": _cluster, "helm": _helm, "chart": _chart}
