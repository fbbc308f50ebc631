"""What each Kubernetes minor serves, as bit masks over the minors that were read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from k8supgrade.errors import UsageError
from k8supgrade.lifecycle.row import Api
from k8supgrade.model.version import KubeVersion


class Entry(NamedTuple):
    """Bit n of a mask stands for the n-th minor; field order is that of the compact form."""

    version: str
    kind: str
    namespaced: bool | None
    served: int
    default: int
    subresource: bool


class Served:
    """A minor outside the range that was read is answered as the nearest one inside it."""

    def __init__(self, minors: Sequence[str], entries: Iterable[Sequence[Any]]) -> None:
        self.minors = tuple(map(KubeVersion.parse, minors))
        self.entries: Mapping[Api, Entry] = {(e[0], e[1]): Entry._make(e) for e in entries}

    def bit(self, minor: KubeVersion) -> int:
        return 1 << max(bisect_right(self.minors, minor) - 1, 0)

    def first(self, mask: int) -> KubeVersion | None:
        """The oldest minor of a mask."""
        return self.minors[(mask & -mask).bit_length() - 1] if mask else None


def entries_of(document: Mapping[str, Any]) -> tuple[list[str], list[Entry]]:
    """Reads the decoded `data/served/kubernetes.yaml`, a file of our own: faults are for its author."""
    minors = [str(minor) for minor in document["minors"]]
    parsed = [KubeVersion.parse(minor) for minor in minors]
    if parsed != sorted(set(parsed)):
        raise UsageError("served: minors are not in ascending order")
    entries = [
        Entry(
            api["version"],
            api["kind"],
            api.get("namespaced"),
            _mask(api["served"], minors),
            _mask(api["default"], minors),
            bool(api.get("subresource", False)),
        )
        for api in document["apis"]
    ]
    if len({entry[:2] for entry in entries}) != len(entries):
        raise UsageError("served: an api is listed twice")
    return minors, entries


def _mask(ranges: Iterable[str], minors: Sequence[str]) -> int:
    """`1.16-1.21` both ends included, `1.16-` until the newest, `1.16` alone."""
    mask = 0
    for text in ranges:
        first, dash, last = text.partition("-")
        start = minors.index(first)
        end = minors.index(last) if last else (len(minors) - 1 if dash else start)
        mask |= (1 << (end + 1)) - (1 << start)
    return mask
