"""Every pinned chart to what there is to say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from k8supgrade.charts.choose import resolve
from k8supgrade.charts.entry import entry_of, missing, newest_of, remarks_of_file, version_of
from k8supgrade.charts.installed import with_installed
from k8supgrade.charts.judge import Judge, Judged
from k8supgrade.charts.local import LocalChartError, read_chart
from k8supgrade.charts.moved import move_of
from k8supgrade.charts.release import Charts, PinnedRelease, Question
from k8supgrade.helmfile.semver import is_strict
from k8supgrade.model.chart import JudgedChart
from k8supgrade.model.origin import ReleaseOrigin
from k8supgrade.model.pin import ChartRepository, Pin, Published
from k8supgrade.model.resource import Scanned, Skipped
from k8supgrade.repository.error import RepositoryError

_AT_ONCE = 4


class PinnedCharts:
    """A source of judged charts. `installed` are the releases of live clusters, complete once this is collected;
    `progress` is called with the number of pins that are done, and of all."""

    def __init__(
        self,
        pins: Iterable[Pin | Skipped],
        charts: Charts,
        judge: Judge,
        question: Question,
        *,
        installed: Sequence[ReleaseOrigin] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.scanned = Scanned()
        self._pins = pins
        self._charts = charts
        self._judge = judge
        self._question = question
        self._installed = installed
        self._progress = progress or (lambda done, all_of_them: None)

    def collect(self) -> Iterator[JudgedChart | Skipped]:
        pins: list[Pin] = []
        for one in self._pins:
            if isinstance(one, Skipped):
                yield one
            else:
                pins.append(one)
        self._charts.prepare([(pin.repository, pin.name) for pin in pins if pin.repository is not None])
        answers: list[JudgedChart | Skipped] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done, answer in enumerate(pool.map(self._one, pins), 1):
                self._progress(done, len(pins))
                answers += answer
        yield from with_installed(answers, self._installed)

    def _one(self, pin: Pin) -> list[JudgedChart | Skipped]:
        if pin.problem is not None:
            return self._undecided(pin, pin.problem)
        if pin.repository is not None:
            return self._of_repository(pin, pin.repository)
        return self._at_hand(pin)

    def _undecided(self, pin: Pin, reason: str, *, newest: Published | None = None) -> list[JudgedChart | Skipped]:
        """What is known all the same: that the chart has moved."""
        entry = entry_of(pin, None, Judged("unknown", "none", (reason,)))
        if newest is not None:
            entry = replace(entry, newest=version_of(newest))
        moved = move_of(pin.repository.url, pin.name, self._question.moves) if pin.repository is not None else None
        return [JudgedChart(entry=entry, moved=moved), _skipped(pin, reason)]

    def _at_hand(self, pin: Pin) -> list[JudgedChart | Skipped]:
        """A local chart, or an archive by its address: there is one version, and no other to go to."""
        try:
            path = pin.directory
            if path is None and pin.archive_url is not None:
                path = self._charts.archive_at(pin.archive_url)
            if path is None:
                return self._undecided(pin, "nothing says where the chart is")
            published = read_chart(path)
        except (RepositoryError, LocalChartError) as error:
            return self._undecided(pin, str(error))
        where = path
        judged = self._judge.judge(pin, published, lambda: where, self._question.target)
        entry = replace(
            entry_of(pin, published, judged), reasons=(*judged.reasons, *remarks_of_file(pin, self._question.target))
        )
        return [JudgedChart(entry=entry, version=published.version), *_gap(pin, judged)]

    def _of_repository(self, pin: Pin, repository: ChartRepository) -> list[JudgedChart | Skipped]:
        trouble: list[Skipped] = []
        try:
            versions = self._charts.versions(repository, pin.name)
        except RepositoryError as error:
            exact = pin.locked or pin.version
            if error.missing or not repository.is_oci or exact is None or not is_strict(exact):
                return self._undecided(pin, str(error))
            versions = (Published(version=exact, is_complete=False),)
            trouble.append(_skipped(pin, f"other versions are not known: {error}", optional=True))
        published = resolve(pin, versions)
        if published is None:
            return self._undecided(pin, missing(pin, versions), newest=newest_of(versions, devel=pin.devel))
        release = PinnedRelease(self._charts, self._judge, self._question, pin, repository, versions, published)
        chart, judged = release.answer()
        return [chart, *_gap(pin, judged), *trouble]


def _gap(pin: Pin, judged: Judged) -> Iterable[Skipped]:
    if judged.status == "unknown":
        yield _skipped(pin, "; ".join(judged.reasons))


def _skipped(pin: Pin, reason: str, *, optional: bool = False) -> Skipped:
    """What is not installed anyway leaves the exit code alone."""
    return Skipped(
        what=f"release {pin.release}", reason=reason, optional=optional or not pin.installed, origin=pin.origin
    )
