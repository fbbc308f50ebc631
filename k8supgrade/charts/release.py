"""A pin of a repository's chart, in all of the chart's versions."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from k8supgrade.charts.choose import Chooser, candidates, is_above
from k8supgrade.charts.entry import (
    entry_of,
    months_since,
    newest_of,
    plan,
    remarks_of_bump,
    remarks_of_file,
    version_of,
)
from k8supgrade.charts.judge import Judge, Judged
from k8supgrade.charts.kube_version import refusal
from k8supgrade.charts.moved import Moves, move_of
from k8supgrade.model.chart import ChartVersion, JudgedChart
from k8supgrade.model.pin import ChartRepository, Pin, Published
from k8supgrade.model.version import KubeVersion
from k8supgrade.repository.error import RepositoryError


class Question(NamedTuple):
    """What is asked of every pin. `candidates`: how many versions are looked into from below, and from above."""

    target: KubeVersion
    current: KubeVersion | None
    candidates: int
    moves: Moves
    today: datetime.date


class Charts(Protocol):
    """Where charts come from; each method raises RepositoryError."""

    def prepare(self, wanted: Iterable[tuple[ChartRepository, str]]) -> None: ...

    def versions(self, repository: ChartRepository, chart: str) -> tuple[Published, ...]: ...

    def complete(self, repository: ChartRepository, chart: str, published: Published) -> Published: ...

    def archive(self, repository: ChartRepository, chart: str, published: Published) -> str: ...

    def archive_at(self, url: str) -> str: ...


class PinnedRelease:
    """One pin of a repository's chart, in all of its versions."""

    def __init__(
        self,
        charts: Charts,
        judge: Judge,
        question: Question,
        pin: Pin,
        repository: ChartRepository,
        versions: Sequence[Published],
        published: Published,
    ) -> None:
        self._client = charts
        self._judge = judge
        self._question = question
        self._pin = pin
        self._repository = repository
        self._versions = versions
        self._published = published
        self._complete: dict[str, Published] = {}

    def answer(self) -> tuple[JudgedChart, Judged]:
        question = self._question
        pinned = self._whole(self._published)
        judged = self._at(pinned, question.target)
        above = candidates(pinned, self._versions, devel=self._pin.devel)
        chooser = Chooser(self._admits, self._at, question.target, question.current, question.candidates)
        smallest = pinned if judged.status == "ready" else chooser.smallest(above)
        latest = None if smallest is None else chooser.latest(above) or smallest
        step = chooser.two_steps(pinned, above) if smallest is None and judged.status == "not-ready" else None
        newest = newest_of(self._versions, devel=self._pin.devel)
        entry = entry_of(self._pin, pinned, judged)
        reasons = [
            *self._since(pinned, judged),
            *(remarks_of_bump(self._pin, pinned, smallest) if smallest is not None and smallest is not pinned else ()),
            *(self._nothing_fits(above, chooser) if smallest is None else ()),
            *remarks_of_file(self._pin, question.target),
        ]
        entry = replace(
            entry,
            reasons=tuple(dict.fromkeys(reasons)),
            smallest=self._named(smallest),
            latest=self._named(latest),
            newest=self._named(newest),
        )
        top = self._whole(newest) if newest is not None else None
        chart = JudgedChart(
            entry=entry,
            plan=None if step is None else plan(step, question.target),
            version=pinned.version,
            is_deprecated=top is not None and top.deprecated,
            moved=move_of(self._repository.url, self._pin.name, question.moves, () if top is None else top.urls),
            is_outdated=top is not None and is_above(top, pinned),
            last_release=None if top is None else top.created,
            months_since_release=None if top is None else months_since(top.created, question.today),
        )
        return chart, judged

    def _since(self, pinned: Published, judged: Judged) -> tuple[str, ...]:
        """The reasons, and whether they hold for what runs now already."""
        current = self._question.current
        if judged.status == "ready" and current is not None and not self._admits(pinned, current):
            return (
                *judged.reasons,
                f"{refusal(pinned.kube_version or '', current)}: it installs after the upgrade only",
            )
        if judged.evidence != "rendered" or judged.status != "not-ready" or current in (None, self._question.target):
            return judged.reasons
        assert current is not None
        before = self._at(pinned, current)
        if before.status == "ready":
            return (*judged.reasons, f"all of this is new: it works at {current}")
        if before.fails & judged.fails:
            part = "all" if before.fails >= judged.fails else "some"
            return (*judged.reasons, f"{part} of this fails at {current} already")
        return judged.reasons

    def _nothing_fits(self, above: Sequence[Published], chooser: Chooser) -> Iterator[str]:
        question = self._question
        both = "" if question.current is None else f" and still installs on {question.current}"
        unknown = [one for one in chooser.tried.values() if one.status == "unknown"]
        if not above:
            yield "no newer version is in the repository"
        elif not any(not one.is_complete or self._admits(one, question.target) for one in above):
            yield f"the kubeVersion of every newer version excludes {question.target}"
        elif unknown and len(unknown) == len(chooser.tried):
            yield f"no newer version could be judged: {unknown[0].reasons[0]}"
        else:
            yield f"none of the versions looked at is ready for {question.target}{both}"

    def _admits(self, one: Published, kubernetes: KubeVersion) -> bool:
        return self._judge.admits(self._whole(one), kubernetes)

    def _at(self, one: Published, kubernetes: KubeVersion) -> Judged:
        whole = self._whole(one)
        fetch = lambda: self._client.archive(self._repository, self._pin.name, whole)  # noqa: E731
        return self._judge.judge(self._pin, whole, fetch, kubernetes)

    def _whole(self, one: Published) -> Published:
        """With what an OCI registry tells of a version only when asked for it; as far as known where that fails."""
        if one.is_complete:
            return one
        if one.version not in self._complete:
            try:
                self._complete[one.version] = self._client.complete(self._repository, self._pin.name, one)
            except RepositoryError:
                self._complete[one.version] = one
        return self._complete[one.version]

    def _named(self, one: Published | None) -> ChartVersion | None:
        return None if one is None else version_of(self._whole(one))
