"""Which version of a chart to go to: the smallest and the latest that are ready, and two steps where none is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from k8supgrade.charts.judge import Judged
from k8supgrade.helmfile.constraint import satisfies
from k8supgrade.helmfile.semver import parse_version
from k8supgrade.model.pin import Pin, Published
from k8supgrade.model.version import KubeVersion

_STEPS_TRIED = 3
_ASKED = 4  # times the limit: versions whose kubeVersion costs a request each

Admits = Callable[[Published, KubeVersion], bool]
JudgeAt = Callable[[Published, KubeVersion], Judged]


class Step(NamedTuple):
    """First `before`, then the cluster to `by_way_of`, then `after`, then on to the target."""

    before: Published
    by_way_of: KubeVersion
    after: Published


def resolve(pin: Pin, versions: Sequence[Published]) -> Published | None:
    """The version that Helm takes for the pin; `versions` are newest first. None: there is no such version."""
    wanted = pin.locked or pin.version
    if wanted is None:
        wanted = ">0.0.0-0" if pin.devel else "*"
    exact = next((one for one in versions if one.version == wanted), None)
    return exact or next((one for one in versions if satisfies(wanted, one.version)), None)


def candidates(pinned: Published, versions: Sequence[Published], *, devel: bool) -> list[Published]:
    """The versions above the pinned one, newest first: prereleases only for whoever uses them already, deprecated ones
    only where there is nothing else."""
    floor = parse_version(pinned.version)
    if floor is None:
        return []
    takes_prereleases = devel or bool(floor.prerelease)
    above = [
        one
        for one in versions
        if (version := parse_version(one.version)) is not None
        and version.order > floor.order
        and (takes_prereleases or not version.prerelease)
    ]
    return [one for one in above if not one.deprecated] or above


class Chooser:
    """Judges as few versions as it takes: kubeVersion first, then at most `limit` from below and `limit` from above."""

    def __init__(
        self, admits: Admits, judge: JudgeAt, target: KubeVersion, current: KubeVersion | None, limit: int
    ) -> None:
        self._admits = admits
        self._judge = judge
        self._target = target
        self._current = current
        self._limit = limit
        self.tried: dict[str, Judged] = {}

    def smallest(self, above: Sequence[Published]) -> Published | None:
        return next(self._ready(list(reversed(above))), None)

    def latest(self, above: Sequence[Published]) -> Published | None:
        return next(self._ready(above), None)

    def _ready(self, versions: Sequence[Published]) -> Iterator[Published]:
        judged = asked = 0
        for one in versions:
            asked += not one.is_complete
            if judged == self._limit or asked > self._limit * _ASKED:
                return
            if self._admits(one, self._target) and (self._current is None or self._admits(one, self._current)):
                judged += 1
                if self.is_ready(one):
                    yield one

    def is_ready(self, one: Published) -> bool:
        """For the target, and still for what runs now: the bump goes out before the upgrade."""
        judged = self._judge(one, self._target)
        if judged.status == "ready" and self._current is not None and self._current != self._target:
            judged = self._judge(one, self._current)
        self.tried[one.version] = judged
        return judged.status == "ready"

    def two_steps(self, pinned: Published, above: Sequence[Published]) -> Step | None:
        """By way of a minor between, on which both an older and a newer chart work."""
        if self._current is None:
            return None
        rising = [pinned, *reversed(above)]
        between = self._current.next()
        while between < self._target:
            before = self._first(rising, self._current, between)
            after = self._first(rising, between, self._target) if before is not None else None
            if before is not None and after is not None:
                return Step(before, between, after)
            between = between.next()
        return None

    def _first(self, rising: Sequence[Published], one: KubeVersion, other: KubeVersion) -> Published | None:
        fitting = [version for version in rising if self._admits(version, one) and self._admits(version, other)]
        for version in fitting[:_STEPS_TRIED]:
            if self._judge(version, one).status == self._judge(version, other).status == "ready":
                return version
        return None


def is_above(one: Published, other: Published) -> bool:
    known, base = parse_version(one.version), parse_version(other.version)
    return known is not None and base is not None and known.order > base.order


def is_major_jump(pinned: Published, chosen: Published) -> bool:
    one, other = parse_version(pinned.version), parse_version(chosen.version)
    return one is not None and other is not None and one.major != other.major
