"""Versions: parsed once at the edge, compared as numbers, never as strings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from k8supgrade.errors import UsageError

_KUBERNETES = re.compile(r"v?(\d{1,3})\.(\d{1,4})(?:\.\d{1,9})?(?:[+-][0-9A-Za-z.+-]*)?\Z", re.ASCII)
_COMPONENT = re.compile(r"v?(\d{1,6})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[+-][0-9A-Za-z.+-]*)?\Z", re.ASCII)

_API_VERSION = re.compile(r"v(\d{1,9})(?:(alpha|beta)(\d{1,9}))?\Z", re.ASCII)


class KubeVersion(NamedTuple):
    """A Kubernetes minor. A vendor suffix or patch never changes a result, so it is not kept."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> KubeVersion:
        """Reads `1.28`, `v1.28.3`, `1.28+`, `v1.28.3-eks-4096722`, `v1.28.0-gke.1`, `v1.28.5+k3s1`.

        Raises:
            UsageError: the text is none of these.
        """
        match = _KUBERNETES.match(text.strip())
        if match is None:
            raise UsageError(f"{text!r} is not a Kubernetes version: write it like 1.28 or v1.28.3")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    def next(self) -> KubeVersion:
        """The minor that an API server is upgraded to from this one; minors cannot be skipped."""
        return KubeVersion(self.major, self.minor + 1)

    def previous(self) -> KubeVersion:
        return KubeVersion(self.major, self.minor - 1)


NEWEST_PATCH = 1_000_000_000


class ComponentVersion(NamedTuple):
    """An add-on's release. Read from a row it is a point; a target `1.13` means its newest patch."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str, *, missing_patch: int = 0) -> ComponentVersion:
        match = _COMPONENT.match(text.strip())
        if match is None:
            raise UsageError(f"{text!r} is not a version: write it like 1.13 or v1.13.2")
        minor = missing_patch if match[2] is None else int(match[2])
        patch = missing_patch if match[3] is None else int(match[3])
        return cls(int(match[1]), minor, patch)

    def __str__(self) -> str:
        parts = [p for p in (self.major, self.minor, self.patch) if p != NEWEST_PATCH]
        return ".".join(map(str, parts[:2] if parts[2:] == [0] else parts))


KUBERNETES = "kubernetes"


class Target(NamedTuple):
    """What the user is going to run: a Kubernetes minor, and the add-ons whose releases are known."""

    kubernetes: KubeVersion
    components: Mapping[str, ComponentVersion]


def version_order(version: str) -> tuple[int, int, int, str]:
    """Sorts the newest stable version first, then betas and alphas, then names that are no Kubernetes version.

    >>> sorted(["v1alpha1", "v1", "v1beta1", "v2beta2", "v2", "v1beta2", "next"], key=version_order)
    ['v2', 'v1', 'v2beta2', 'v1beta2', 'v1beta1', 'v1alpha1', 'next']
    """
    match = _API_VERSION.match(version)
    if match is None:
        return (3, 0, 0, version)
    major, stage, minor = match.groups()
    return ({None: 0, "beta": 1, "alpha": 2}[stage], -int(major), -int(minor or 0), version)
