"""The `kubeVersion` of a chart against a Kubernetes version: what Helm would say before it installs the chart."""

from __future__ import annotations

import re

from k8supgrade.helmfile.constraint import parse_constraint, satisfies
from k8supgrade.model.version import KubeVersion

_LATE_PATCH = 99
_SUFFIXED = re.compile(r"v?(\d+\.\d+\.\d+-.+)\Z")


def kube_version_for(constraint: str | None, kubernetes: KubeVersion) -> str | None:
    """The version to render for, such as `1.28.0`: of the patches the first one that the constraint takes. None where
    it takes none of them."""
    first = f"{kubernetes}.0"
    if not constraint or satisfies(constraint, first):
        return first
    if not satisfies(constraint, f"{kubernetes}.{_LATE_PATCH}"):
        return None
    return next((text for n in range(_LATE_PATCH + 1) if satisfies(constraint, text := f"{kubernetes}.{n}")), None)


def refusal(constraint: str, kubernetes: KubeVersion) -> str:
    if parse_constraint(constraint) is None:
        return f"kubeVersion {constraint!r} is no range that Helm can read: it refuses the chart on every cluster"
    return f"kubeVersion {constraint} excludes {kubernetes}"


def remarks(constraint: str | None, kubernetes: KubeVersion, as_named: str | None) -> list[str]:
    """What to know of a constraint that takes the version: a patch that it needs, a vendor's suffix that it refuses.

    `as_named`: the version as the user or the cluster spells it, such as `v1.28.3-eks-4096722`.
    """
    if not constraint:
        return []
    found = []
    needed = kube_version_for(constraint, kubernetes)
    if needed is not None and needed != f"{kubernetes}.0":
        found.append(f"kubeVersion {constraint} needs {needed} or a later patch")
    suffixed = _SUFFIXED.match(as_named or "")
    if suffixed and needed is not None and not satisfies(constraint, suffixed[1]):
        found.append(
            f"kubeVersion {constraint} lacks a -0: on a live cluster of version {as_named} Helm refuses the chart"
        )
    return found
