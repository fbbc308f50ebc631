"""What is pinned against what is installed: the releases of live clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.origin import ReleaseOrigin
from k8supgrade.model.resource import Skipped


def with_installed(
    answers: Sequence[JudgedChart | Skipped], installed: Sequence[ReleaseOrigin]
) -> Iterator[JudgedChart | Skipped]:
    """Names of each release those of the clusters that differ from every environment's pin: which cluster belongs to
    which environment is not known."""
    pinned: dict[tuple[str, str], set[str]] = {}
    for one in answers:
        if isinstance(one, JudgedChart) and one.version is not None:
            pinned.setdefault(_key(one), set()).add(f"{_chart(one)}-{one.version}")
    for one in answers:
        if isinstance(one, JudgedChart) and one.entry.installed and (expected := pinned.get(_key(one))):
            others = [release for release in installed if _is(one, release) and release.chart not in expected]
            yield replace(one, installed_as=tuple(others))
        else:
            yield one


def _key(one: JudgedChart) -> tuple[str, str]:
    return one.entry.release, one.entry.namespace or ""


def _chart(one: JudgedChart) -> str:
    return one.entry.chart.rstrip("/").rpartition("/")[2]


def _is(one: JudgedChart, release: ReleaseOrigin) -> bool:
    """A Helmfile may leave the namespace to whoever calls it."""
    return release.release == one.entry.release and one.entry.namespace in (None, release.namespace)
