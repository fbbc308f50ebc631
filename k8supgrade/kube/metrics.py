"""What a kube-apiserver's /metrics tells of old APIs: which are requested, and how many objects are stored.

| metric | labels | source |
| --- | --- | --- |
| apiserver_requested_deprecated_apis | group, version, resource, subresource, removed_release | since 1.19: \
k8s.io/apiserver v0.19.16 pkg/endpoints/metrics/metrics.go; the same in v0.37.2 |
| apiserver_resource_objects | group, resource | since 1.34: v0.34.0 pkg/storage/etcd3/metrics/metrics.go |
| apiserver_storage_objects | resource (`podsecuritypolicies.policy`) | since 1.21, deprecated in 1.34: v0.21.14, \
v0.37.2, the same file |
| etcd_object_counts | resource, likewise | until 1.24, hidden since 1.23: v0.20.15 (its only name), v0.24.17 |

A count that the server could not take is -1 (UpdateStoreStats in v0.34.0, startObservingCount in v0.20.15
pkg/registry/generic/registry/store.go). A requested API stays listed until that API server restarts; other API servers
of the cluster count for themselves. The text may be tens of megabytes, nearly all of it histograms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

_REQUESTED = b"apiserver_requested_deprecated_apis"
# The newest first.
_STORED = (b"apiserver_resource_objects", b"apiserver_storage_objects", b"etcd_object_counts")

# What a line must begin with to be looked at: a snapshot needs to keep no others.
PREFIXES: tuple[bytes, ...] = (_REQUESTED, *_STORED)

# https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
_HEAD = re.compile(rb"([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*\{")
_LABEL = re.compile(rb'[ \t,]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"([^"\\]*(?:\\.[^"\\]*)*)"')
_TAIL = re.compile(rb"[ \t,]*\}[ \t]*([^ \t#]+)")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}


class RequestedApi(NamedTuple):
    """Somebody calls it. `removed_release` is "" where upstream has named none."""

    group: str
    version: str
    resource: str
    subresource: str
    removed_release: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


class Metrics(NamedTuple):
    """`requested` is in the order of the text, each once."""

    requested: tuple[RequestedApi, ...]
    counts: Mapping[tuple[str, str], int]

    def stored(self, group: str, resource: str) -> int | None:
        """How many objects of a resource are stored; None where that is not known."""
        return self.counts.get((group, resource))


def parse(text: bytes | Iterable[bytes]) -> Metrics:
    """Reads a Prometheus text exposition, whole or in lines. What is not wanted or not well-formed is passed over."""
    requested: dict[RequestedApi, None] = {}
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for line in kept_lines(text):
        sample = _sample(line)
        if sample is None:
            continue
        name, labels, value = sample
        if name == _REQUESTED:
            if value > 0:
                requested[_requested_api(labels)] = None
            continue
        key, count = _stored_key(name, labels), _count(value)
        # The newest metric that has the resource counts, of several samples in it the largest: they are of replicas.
        rank = (-_STORED.index(name), -1 if count is None else count)
        counts[key] = max(rank, counts.get(key, rank))
    return Metrics(tuple(requested), {key: count for key, (_, count) in counts.items() if count >= 0})


def kept_lines(text: bytes | Iterable[bytes]) -> Iterator[bytes]:
    """The lines that `parse` looks at, without their ends; of a whole text those of a metric together."""
    if not isinstance(text, bytes):
        yield from (line.rstrip(b"\r\n") for line in text if line.startswith(PREFIXES))
        return
    if text.startswith(PREFIXES):
        yield text[: _line_end(text, 0)].rstrip(b"\r")
    for prefix in PREFIXES:
        at = text.find(b"\n" + prefix)
        while at >= 0:
            end = _line_end(text, at + 1)
            yield text[at + 1 : end].rstrip(b"\r")
            at = text.find(b"\n" + prefix, end)


def _line_end(text: bytes, at: int) -> int:
    end = text.find(b"\n", at)
    return end if end >= 0 else len(text)


def _sample(line: bytes) -> tuple[bytes, dict[str, str], float] | None:
    head = _HEAD.match(line)
    if head is None or head[1] not in PREFIXES:
        return None
    labels: dict[str, str] = {}
    at = head.end()
    while (label := _LABEL.match(line, at)) is not None:
        labels[label[1].decode("ascii")] = _unescaped(label[2])
        at = label.end()
    tail = _TAIL.match(line, at)
    if tail is None:
        return None
    try:
        return head[1], labels, float(tail[1])
    except ValueError:
        return None


def _unescaped(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text) if "\\" in text else text


def _requested_api(labels: Mapping[str, str]) -> RequestedApi:
    return RequestedApi(*(labels.get(field, "") for field in RequestedApi._fields))


def _stored_key(name: bytes, labels: Mapping[str, str]) -> tuple[str, str]:
    """(group, resource): the older metrics have both in one label."""
    resource = labels.get("resource", "")
    if name == _STORED[0]:
        return labels.get("group", ""), resource
    resource, _, group = resource.partition(".")
    return group, resource


def _count(value: float) -> int | None:
    return int(value) if math.isfinite(value) and value >= 0 else None
