"""Which version to go to: the smallest and the latest that fit, by as few looks as possible."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8supgrade.charts.choose import Chooser, candidates, is_above, is_major_jump, resolve
from k8supgrade.charts.judge import Judged
from k8supgrade.model.pin import Pin, Published
from k8supgrade.model.version import KubeVersion

CURRENT, TARGET = KubeVersion(1, 25), KubeVersion(1, 28)


def pin(version: str | None, *, locked: str | None = None, devel: bool = False) -> Pin:
    return Pin(
        reader="helmfile", path="helmfile.yaml", line=1, release="web", chart="r/web", name="web", version=version,
        locked=locked, devel=devel,
    )  # fmt: skip


def versions(*names: str) -> tuple[Published, ...]:
    return tuple(Published(version=name) for name in names)


class World:
    """`works`: version -> the minors that it is ready for. Counts how often it is asked."""

    def __init__(self, works: dict[str, range]) -> None:
        self.works = works
        self.asked: list[str] = []

    def judge(self, one: Published, kubernetes: KubeVersion) -> Judged:
        self.asked.append(one.version)
        return Judged("ready" if kubernetes.minor in self.works[one.version] else "not-ready", "rendered")

    def chooser(self, *, current: KubeVersion | None = CURRENT, limit: int = 10) -> Chooser:
        return Chooser(lambda one, kubernetes: True, self.judge, TARGET, current, limit)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("1.2.0", "1.2.0"),
        ("v1.2.0", "1.2.0"),
        ("~1.2.0", "1.2.3"),
        ("^1.0", "1.10.0"),
        (None, "2.0.0"),
        ("3.0.0", None),
        (">=3.0.0-0", "3.0.0-rc.1"),
    ],
)
def test_takes_the_version_that_helm_takes(wanted: str | None, expected: str | None) -> None:
    there = versions("3.0.0-rc.1", "2.0.0", "1.10.0", "1.2.3", "1.2.0")
    found = resolve(pin(wanted), there)
    assert (found and found.version) == expected


def test_the_lock_decides_over_the_range() -> None:
    found = resolve(pin("~1.2.0", locked="1.2.0"), versions("1.2.3", "1.2.0"))
    assert found is not None
    assert found.version == "1.2.0"


def test_devel_takes_prereleases() -> None:
    found = resolve(pin(None, devel=True), versions("3.0.0-rc.1", "2.0.0"))
    assert found is not None
    assert found.version == "3.0.0-rc.1"


def test_candidates_are_above_and_no_prereleases() -> None:
    there = versions("2.1.0-rc.1", "2.0.0", "1.1.0", "1.0.0")
    assert [one.version for one in candidates(there[3], there, devel=False)] == ["2.0.0", "1.1.0"]
    assert [one.version for one in candidates(there[3], there, devel=True)] == ["2.1.0-rc.1", "2.0.0", "1.1.0"]


def test_who_uses_a_prerelease_is_offered_prereleases() -> None:
    there = versions("2.0.0-rc.2", "2.0.0-rc.1")
    assert [one.version for one in candidates(there[1], there, devel=False)] == ["2.0.0-rc.2"]


def test_deprecated_versions_only_where_there_is_nothing_else() -> None:
    there = (Published(version="3.0.0", deprecated=True), *versions("2.0.0", "1.0.0"))
    assert [one.version for one in candidates(there[2], there, devel=False)] == ["2.0.0"]
    assert [one.version for one in candidates(there[1], there, devel=False)] == ["3.0.0"]


def test_the_smallest_comes_from_below_and_the_latest_from_above() -> None:
    world = World({"4.0.0": range(27, 31), "3.0.0": range(20, 31), "2.0.0": range(20, 31), "1.1.0": range(20, 25)})
    above = versions("4.0.0", "3.0.0", "2.0.0", "1.1.0")
    chooser = world.chooser()
    smallest, latest = chooser.smallest(above), chooser.latest(above)
    assert (smallest, latest) == (above[2], above[1])
    assert world.asked == ["1.1.0", "2.0.0", "2.0.0", "4.0.0", "4.0.0", "3.0.0", "3.0.0"]


def test_without_a_current_version_only_the_target_counts() -> None:
    world = World({"4.0.0": range(27, 31)})
    assert world.chooser(current=None).latest(versions("4.0.0")) is not None
    assert world.chooser().latest(versions("4.0.0")) is None


def test_looks_into_no_more_than_the_limit() -> None:
    names = [f"{major}.0.0" for major in range(50, 1, -1)]
    world = World(dict.fromkeys(names, range(0)))
    assert world.chooser(limit=3).smallest(versions(*names)) is None
    assert world.asked == ["2.0.0", "3.0.0", "4.0.0"]


def test_what_kube_version_excludes_costs_no_look() -> None:
    world = World({"3.0.0": range(20, 31)})
    chooser = Chooser(lambda one, kubernetes: one.version == "3.0.0", world.judge, TARGET, CURRENT, 1)
    found = chooser.smallest(versions("4.0.0", "3.0.0", "2.0.0"))
    assert found is not None
    assert found.version == "3.0.0"
    assert set(world.asked) == {"3.0.0"}


def test_two_steps_by_way_of_a_minor_between() -> None:
    world = World({"1.0.0": range(20, 25), "2.0.0": range(23, 27), "3.0.0": range(26, 31)})
    pinned, *_ = versions("1.0.0")
    step = world.chooser().two_steps(pinned, versions("3.0.0", "2.0.0"))
    assert step is not None
    assert (step.before.version, str(step.by_way_of), step.after.version) == ("2.0.0", "1.26", "3.0.0")


def test_no_steps_where_nothing_reaches_the_target() -> None:
    world = World({"1.0.0": range(20, 25), "2.0.0": range(23, 27)})
    assert world.chooser().two_steps(Published(version="1.0.0"), versions("2.0.0")) is None


def test_major_jumps() -> None:
    one, other = versions("1.9.0", "2.0.0")
    assert is_major_jump(one, other)
    assert not is_major_jump(one, Published(version="1.10.0"))
    assert is_above(other, one)
    assert not is_above(one, other)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=30, unique_by=lambda one: one[0]))
def test_smallest_and_latest_are_the_ends_of_what_is_ready(world: Sequence[tuple[int, bool]]) -> None:
    order = sorted(world, reverse=True)
    above = versions(*(f"1.{minor}.0" for minor, _ in order))
    works = {f"1.{minor}.0": range(20, 31) if ready else range(0) for minor, ready in order}
    chooser = World(works).chooser(limit=100)
    ready = [one for one in above if works[one.version]]
    assert chooser.smallest(above) == (ready[-1] if ready else None)
    assert chooser.latest(above) == (ready[0] if ready else None)
