"""A judged pin as an entry of the report, and the sentences that go with it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from k8supgrade.charts.choose import Step, is_major_jump
from k8supgrade.charts.judge import Judged
from k8supgrade.errors import UsageError
from k8supgrade.helmfile.constraint import satisfies
from k8supgrade.helmfile.semver import parse_version
from k8supgrade.model.chart import ChartEntry, ChartVersion
from k8supgrade.model.pin import Pin, Published
from k8supgrade.model.version import KubeVersion


def entry_of(pin: Pin, published: Published | None, judged: Judged) -> ChartEntry:
    return ChartEntry(
        release=pin.release,
        namespace=pin.namespace,
        environment=pin.environment,
        path=pin.path,
        line=pin.line,
        chart=pin.chart,
        repository=None if pin.repository is None else pin.repository.url,
        pinned=pin.version,
        app_version=None if published is None else published.app_version,
        installed=pin.installed,
        status=judged.status,
        evidence=judged.evidence,
        reasons=judged.reasons,
    )


def version_of(one: Published) -> ChartVersion:
    return ChartVersion(version=one.version, app_version=one.app_version)


def newest_of(versions: Sequence[Published], *, devel: bool = False) -> Published | None:
    """Of the releases; of all, where prereleases are taken or there is nothing else."""
    releases = (
        one for one in versions if devel or (known := parse_version(one.version)) is None or not known.prerelease
    )
    return next(releases, versions[0] if versions else None)


def missing(pin: Pin, versions: Sequence[Published]) -> str:
    """A version that the repository does not have: it may be the program's."""
    wanted = pin.locked or pin.version or "any version"
    bare = wanted.removeprefix("v")
    of_app = [one.version for one in versions if (one.app_version or "").removeprefix("v") == bare]
    text = f"the repository has no version of {pin.name} that is {wanted}"
    if of_app:
        named = of_app[0] if len(of_app) == 1 else f"{of_app[-1]} to {of_app[0]}"
        return f"{text}: that is the version of the program in chart {named}, which is what has to be pinned"
    return text


def remarks_of_bump(pin: Pin, pinned: Published, chosen: Published) -> Iterator[str]:
    if is_major_jump(pinned, chosen):
        yield f"{chosen.version} is a new major version: read its notes on upgrades first"
    if pin.version is not None and pin.version != chosen.version and satisfies(pin.version, chosen.version):
        yield f"the range {pin.version} already admits {chosen.version}"
    if pin.lock_file is not None:
        yield f"{pin.lock_file} has to follow: run `helmfile deps` after the change"


def remarks_of_file(pin: Pin, target: KubeVersion) -> Iterator[str]:
    if pin.version is None and pin.repository is not None:
        yield "no version is pinned: every sync takes the newest one"
    if pin.kube_version is not None:
        try:
            told = KubeVersion.parse(pin.kube_version)
        except UsageError:
            yield f"the file's own kubeVersion {pin.kube_version!r} is no Kubernetes version"
            return
        if told < target:
            yield f"the file tells Helm to render for {pin.kube_version} (kubeVersion): change that with the upgrade"


def plan(step: Step, target: KubeVersion) -> str:
    return (
        f"In two steps: chart {step.before.version} before the upgrade to {step.by_way_of}, "
        f"chart {step.after.version} there, then on to {target}."
    )


def months_since(created: str | None, today: datetime.date) -> int | None:
    """Whole months, of 30 days; None where the day is not known."""
    try:
        day = datetime.date.fromisoformat((created or "")[:10])
    except ValueError:
        return None
    return (today - day).days // 30
