"""Every pinned chart to what there is to say of it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from k8supgrade.charts.choose import Chooser, Step, candidates, is_above, is_major_jump, resolve
from k8supgrade.charts.judge import Judge, Judged
from k8supgrade.charts.local import LocalChartError, read_chart
from k8supgrade.charts.moved import Moves, move_of
from k8supgrade.helmfile.constraint import satisfies
from k8supgrade.helmfile.semver import is_strict, parse_version
from k8supgrade.model.chart import ChartEntry, ChartVersion, JudgedChart
from k8supgrade.model.pin import ChartRepository, Pin, Published
from k8supgrade.model.resource import Scanned, Skipped
from k8supgrade.model.version import KubeVersion
from k8supgrade.repository.client import Repositories, RepositoryError

_AT_ONCE = 4


class Question(NamedTuple):
    """What is asked of every pin. `candidates`: how many versions are looked into from below, and from above."""

    target: KubeVersion
    current: KubeVersion | None
    candidates: int
    moves: Moves
    today: datetime.date


class PinnedCharts:
    """A source of judged charts. `progress` is called with the number of releases that are done, and of all."""

    def __init__(
        self,
        pins: Iterable[Pin | Skipped],
        repositories: Repositories,
        judge: Judge,
        question: Question,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.scanned = Scanned()
        self._pins = pins
        self._repositories = repositories
        self._judge = judge
        self._question = question
        self._progress = progress or (lambda done, all_of_them: None)

    def collect(self) -> Iterator[JudgedChart | Skipped]:
        pins: list[Pin] = []
        for one in self._pins:
            if isinstance(one, Skipped):
                yield one
            else:
                pins.append(one)
        self._repositories.prepare([(pin.repository, pin.name) for pin in pins if pin.repository is not None])
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done, answer in enumerate(pool.map(self._one, pins), 1):
                self._progress(done, len(pins))
                yield from answer

    def _one(self, pin: Pin) -> list[JudgedChart | Skipped]:
        if pin.problem is not None:
            return _undecided(pin, pin.problem)
        if pin.repository is not None:
            return self._of_repository(pin, pin.repository)
        return self._at_hand(pin)

    def _at_hand(self, pin: Pin) -> list[JudgedChart | Skipped]:
        """A local chart, or an archive by its address: there is one version, and no other to go to."""
        try:
            path = pin.directory
            if path is None and pin.archive_url is not None:
                path = self._repositories.archive_at(pin.archive_url)
            if path is None:
                return _undecided(pin, "nothing says where the chart is")
            published = read_chart(path)
        except (RepositoryError, LocalChartError) as error:
            return _undecided(pin, str(error))
        where = path
        judged = self._judge.judge(pin, published, lambda: where, self._question.target)
        entry = replace(
            _entry(pin, published, judged), reasons=(*judged.reasons, *_of_file(pin, self._question.target))
        )
        return [JudgedChart(entry=entry), *_gap(pin, judged)]

    def _of_repository(self, pin: Pin, repository: ChartRepository) -> list[JudgedChart | Skipped]:
        trouble: list[Skipped] = []
        try:
            versions = self._repositories.versions(repository, pin.name)
        except RepositoryError as error:
            exact = pin.locked or pin.version
            if error.missing or not repository.is_oci or exact is None or not is_strict(exact):
                return _undecided(pin, str(error))
            versions = (Published(version=exact, is_complete=False),)
            trouble.append(_skipped(pin, f"other versions are not known: {error}", optional=True))
        published = resolve(pin, versions)
        if published is None:
            return _undecided(pin, _missing(pin, versions), newest=_newest(versions))
        return [*_Release(self, pin, repository, versions, published).answer(), *trouble]


class _Release:
    """One pin of a repository's chart, in all of its versions."""

    def __init__(
        self,
        charts: PinnedCharts,
        pin: Pin,
        repository: ChartRepository,
        versions: Sequence[Published],
        published: Published,
    ) -> None:
        self._client = charts._repositories
        self._judge = charts._judge
        self._question = charts._question
        self._pin = pin
        self._repository = repository
        self._versions = versions
        self._published = published
        self._complete: dict[str, Published] = {}

    def answer(self) -> list[JudgedChart | Skipped]:
        question = self._question
        pinned = self._whole(self._published)
        judged = self._at(pinned, question.target)
        above = candidates(pinned, self._versions, devel=self._pin.devel)
        chooser = Chooser(self._admits, self._at, question.target, question.current, question.candidates)
        smallest = pinned if judged.status == "ready" else chooser.smallest(above)
        latest = None if smallest is None else chooser.latest(above) or smallest
        step = chooser.two_steps(pinned, above) if smallest is None and judged.status == "not-ready" else None
        newest = _newest(self._versions)
        entry = _entry(self._pin, pinned, judged)
        reasons = [
            *self._since(pinned, judged),
            *(_of_bump(self._pin, pinned, smallest) if smallest is not None and smallest is not pinned else ()),
            *(self._nothing_fits(above, chooser) if smallest is None else ()),
            *_of_file(self._pin, question.target),
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
            plan=None if step is None else _plan(step, question.target),
            is_deprecated=top is not None and top.deprecated,
            moved=move_of(self._repository.url, self._pin.name, question.moves),
            is_outdated=top is not None and is_above(top, pinned),
            last_release=None if top is None else top.created,
            months_since_release=None if top is None else months_since(top.created, question.today),
        )
        return [chart, *_gap(self._pin, judged)]

    def _since(self, pinned: Published, judged: Judged) -> tuple[str, ...]:
        """The reasons, and whether they hold for what runs now already."""
        current = self._question.current
        if judged.evidence != "rendered" or judged.status != "not-ready" or current in (None, self._question.target):
            return judged.reasons
        assert current is not None
        before = self._at(pinned, current)
        if before.status == "ready":
            return (*judged.reasons, f"all of this is new: it works at {current}")
        if before.fails & judged.fails:
            return (*judged.reasons, f"some of this fails at {current} already")
        return judged.reasons

    def _nothing_fits(self, above: Sequence[Published], chooser: Chooser) -> Iterator[str]:
        question = self._question
        both = "" if question.current is None else f" and still installs on {question.current}"
        if not above:
            yield "no newer version is in the repository"
        else:
            yield f"none of the versions looked at is ready for {question.target}{both}"
        for version, judged in list(chooser.tried.items())[:1]:
            if judged.status == "unknown":
                yield f"{version}: {'; '.join(judged.reasons[:1])}"
        if above and not any(not one.is_complete or self._admits(one, question.target) for one in above):
            yield f"the kubeVersion of every newer version excludes {question.target}"

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
        return None if one is None else _version(self._whole(one))


def _version(one: Published) -> ChartVersion:
    return ChartVersion(version=one.version, app_version=one.app_version)


def _newest(versions: Sequence[Published]) -> Published | None:
    """Of the releases; where there are none, of the prereleases."""
    releases = (one for one in versions if (known := parse_version(one.version)) is None or not known.prerelease)
    return next(releases, versions[0] if versions else None)


def _entry(pin: Pin, published: Published | None, judged: Judged) -> ChartEntry:
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


def _undecided(pin: Pin, reason: str, *, newest: Published | None = None) -> list[JudgedChart | Skipped]:
    entry = _entry(pin, None, Judged("unknown", "none", (reason,)))
    if newest is not None:
        entry = replace(entry, newest=_version(newest))
    return [JudgedChart(entry=entry), _skipped(pin, reason)]


def _gap(pin: Pin, judged: Judged) -> Iterable[Skipped]:
    if judged.status == "unknown":
        yield _skipped(pin, "; ".join(judged.reasons))


def _skipped(pin: Pin, reason: str, *, optional: bool = False) -> Skipped:
    """What is not installed anyway leaves the exit code alone."""
    return Skipped(
        what=f"release {pin.release}", reason=reason, optional=optional or not pin.installed, origin=pin.origin
    )


def _missing(pin: Pin, versions: Sequence[Published]) -> str:
    """A version that the repository does not have: it may be the program's."""
    wanted = pin.locked or pin.version or "any version"
    bare = wanted.removeprefix("v")
    of_app = [one.version for one in versions if (one.app_version or "").removeprefix("v") == bare]
    text = f"the repository has no version of {pin.name} that is {wanted}"
    if of_app:
        named = of_app[0] if len(of_app) == 1 else f"{of_app[-1]} to {of_app[0]}"
        return f"{text}: that is the version of the program in chart {named}, which is what has to be pinned"
    return text


def _of_bump(pin: Pin, pinned: Published, chosen: Published) -> Iterator[str]:
    if is_major_jump(pinned, chosen):
        yield f"{chosen.version} is a new major version: read its notes on upgrades first"
    if pin.version is not None and pin.version != chosen.version and satisfies(pin.version, chosen.version):
        yield f"the range {pin.version} already admits {chosen.version}"
    if pin.lock_file is not None:
        yield f"{pin.lock_file} has to follow: run `helmfile deps` after the change"


def _of_file(pin: Pin, target: KubeVersion) -> Iterator[str]:
    from k8supgrade.errors import UsageError

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


def _plan(step: Step, target: KubeVersion) -> str:
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
