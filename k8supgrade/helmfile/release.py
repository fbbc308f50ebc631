"""The releases of a Helmfile as pins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from k8supgrade.helmfile.inherit import Inheritance
from k8supgrade.helmfile.installed import TRUE, attempt, is_installed
from k8supgrade.helmfile.lock import Lock, read_lock
from k8supgrade.helmfile.release_values import sets_of, values_of
from k8supgrade.helmfile.repositories import Where, repository_of, where_is
from k8supgrade.helmfile.resolve import resolve
from k8supgrade.helmfile.scope import Scope
from k8supgrade.helmfile.state import State
from k8supgrade.helmfile.tree import Map, Node, Scalar, text_of
from k8supgrade.helmfile.values import UnresolvedError
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.pin import ChartRepository, Pin, Written
from k8supgrade.model.resource import Skipped

_REWRITES = ("jsonPatches", "strategicMergePatches", "transformers")
_OF_VALUES = ("values", "valuesTemplate", "secrets", "set", "setTemplate", "setString")
_DECISIVE = frozenset(
    (
        *("name", "chart", "directory", "version", "namespace", "devel", "inherit", "<<", "dependencies"),
        *("installed", "installedTemplate", "condition", "conditionTemplate"),
    )
)
_PASSES = 6
_RELEASE_FIELDS = {"Name": "name", "Namespace": "namespace", "Chart": "chart", "ChartVersion": "version"}


class Releases:
    """`environment` is None where the Helmfile declares none."""

    def __init__(self, state: State, environment: str | None) -> None:
        self._state = state
        self._environment = environment
        self._scope = replace(state.scope, namespace=text_of(state.spec.get("namespace")) or "")
        self._repositories = dict(self._read_repositories())
        self._inheritance = Inheritance(state.spec)
        self._lock: Lock | None = read_lock(state.path, text_of(state.spec.get("lockFilePath")))

    def pins(self) -> Iterator[Pin | Skipped]:
        releases = self._state.spec.get("releases")
        if releases is not None and not isinstance(releases, list):
            yield self._gap(releases, "releases is no list")
            return
        if self._lock is not None and self._lock.problem is not None:
            yield Skipped(what=self._lock.path, reason=self._lock.problem)
        for release in releases or ():
            if isinstance(release, Map):
                yield from self._release(release)
            elif release is not None:
                yield self._gap(release, f"a release that is no mapping: {text_of(release)}")

    def _labels(self, release: Map) -> dict[str, str]:
        """What selectors look at (pkg/state/release_filters.go)."""
        labels = {key: text_of(value) or "" for key, value in _map(release.get("labels")).items()}
        labels |= {key: text_of(value) or "" for key, value in _map(self._state.spec.get("commonLabels")).items()}
        return labels

    def _read_repositories(self) -> Iterator[tuple[str, ChartRepository | str]]:
        entries = self._state.spec.get("repositories")
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, Map):
                continue
            try:
                fields = {
                    key: resolve(value, self._scope).text for key, value in entry.items() if isinstance(value, Scalar)
                }
            except UnresolvedError as error:
                yield text_of(entry.get("name")) or "", f"its repository: {error}"
                continue
            yield fields.get("name", ""), repository_of(fields, self._state.path, self._scope.env)

    def _release(self, written: Map) -> Iterator[Pin | Skipped]:
        problems: list[str] = []
        try:
            release = self._inheritance.of(written)
        except UnresolvedError as error:
            release = written
            problems.append(str(error))
        decisive = [reason for key, reason in release.doubts if key is None or key in _DECISIVE]
        pin = self._pin(release, written, [*problems, *decisive])
        yield pin
        dependencies = release.get("dependencies")
        for dependency in dependencies if isinstance(dependencies, list) else ():
            if isinstance(dependency, Map):
                yield self._dependency(dependency, pin, decisive)

    def _pin(self, release: Map, written: Map, problems: list[str]) -> Pin:
        scope = self._of_release(release)
        name = self._field(release, "name", scope, problems) or ""
        chart = (
            self._field(release, "chart", scope, problems) or self._field(release, "directory", scope, problems) or ""
        )
        namespace = self._scope.namespace or self._field(release, "namespace", scope, problems)
        version = attempt(release.get("version"), scope, problems)
        if not name and not problems:
            problems.append("the release has no name")
        if not chart and not problems:
            problems.append("the release has no chart")
        where = where_is(chart, self._state.path, self._repositories) if chart else Where("")
        values, sets = values_of(release, self._state, scope), sets_of(release, scope)
        hidden = tuple(dict.fromkeys(reason for key, reason in release.doubts if key in _OF_VALUES))
        wanted, _, digest = (version.text.strip() if version else where.version or "").partition("@")
        locked, lock_file = self._locked(where, wanted or None)
        place = version.written if version is not None and wanted and not digest else None
        if version is None and where.version:
            place = _tag(release.get("chart"), where.version)
        return Pin(
            reader="helmfile",
            path=written.path or self._state.path,
            line=_line(written),
            release=name or self._shown(written, "name") or chart or "?",
            chart=chart or self._shown(release, "chart"),
            name=where.name,
            namespace=namespace or None,
            environment=self._environment,
            repository=where.repository,
            archive_url=where.archive_url,
            directory=where.directory,
            version=wanted or None,
            locked=locked,
            lock_file=lock_file,
            devel=self._is_devel(release, scope),
            installed=is_installed(release, scope, problems),
            needs=tuple(self._needs(release, scope)),
            labels=tuple(sorted(self._labels(release).items())),
            written=(place,) if place is not None else (),
            values=values.known,
            sets=sets.known,
            values_unknown=(*values.unknown, *sets.unknown, *hidden),
            kube_version=self._kube_version(release, scope),
            rewrites=tuple(key for key in _REWRITES if release.get(key)),
            problem=problems[0] if problems else where.problem,
        )

    def _dependency(self, dependency: Map, pin: Pin, doubts: list[str]) -> Pin:
        """A chart that helmfile adds to the release's chart."""
        problems = list(doubts)
        chart = self._field(dependency, "chart", self._scope, problems) or ""
        version = attempt(dependency.get("version"), self._scope, problems)
        where = where_is(chart, self._state.path, self._repositories) if chart else Where("", problem="no chart")
        return replace(
            pin,
            path=dependency.path or pin.path,
            line=_line(dependency),
            chart=chart,
            name=where.name,
            repository=where.repository,
            archive_url=where.archive_url,
            directory=where.directory,
            version=version.text if version is not None else where.version,
            locked=None,
            lock_file=None,
            written=(version.written,) if version is not None and version.written is not None else (),
            values=(),
            sets=(),
            values_unknown=(f"it is a dependency of release {pin.release}",),
            problem=problems[0] if problems else where.problem,
        )

    def _of_release(self, release: Map) -> Scope:
        """The scope with `.Release`; its fields may refer to each other."""
        known = Map()
        labels = Map()
        labels.update({key: Scalar(value, None, is_plain=False) for key, value in self._labels(release).items()})
        known["Labels"] = labels
        known["KubeContext"] = release.get("kubeContext") or Scalar("", None)
        for _ in range(_PASSES):
            scope = replace(self._scope, release=known)
            now = known.copy()
            for key, field in _RELEASE_FIELDS.items():
                scalar = attempt(release.get(field), scope, [])
                if scalar is not None:
                    now[key] = Scalar(scalar.text.strip(), scalar.written, is_plain=False)
                elif release.get(field) is None:
                    now[key] = Scalar("", None, is_plain=False)
            if now == known:
                break
            known = now
        return replace(self._scope, release=known)

    def _locked(self, where: Where, wanted: str | None) -> tuple[str | None, str | None]:
        """Only charts of named repositories are locked."""
        if self._lock is None or where.repository is None or where.repository.name is None:
            return None, None
        return self._lock.version(where.name, wanted), self._lock.path

    def _is_devel(self, release: Map, scope: Scope) -> bool:
        node = release.get("devel") or _map(self._state.spec.get("helmDefaults")).get("devel")
        scalar = attempt(node, scope, [])
        return scalar is not None and scalar.text.strip() in TRUE

    def _kube_version(self, release: Map, scope: Scope) -> str | None:
        scalar = attempt(release.get("kubeVersion") or self._state.spec.get("kubeVersion"), scope, [])
        return scalar.text if scalar is not None else None

    def _needs(self, release: Map, scope: Scope) -> Iterator[str]:
        needs = release.get("needs")
        for one in needs if isinstance(needs, list) else ():
            scalar = attempt(one, scope, [])
            yield scalar.text if scalar is not None else text_of(one) or ""

    def _field(self, release: Map, key: str, scope: Scope, problems: list[str]) -> str | None:
        scalar = attempt(release.get(key), scope, problems)
        return scalar.text.strip() if scalar is not None else None

    def _shown(self, release: Map, key: str) -> str:
        """As it is written, where it is not resolved."""
        return text_of(release.get(key)) or ""

    def _gap(self, node: Node, reason: str) -> Skipped:
        path = self._state.path
        line = node.line if isinstance(node, Scalar | Map) else 1
        return Skipped(what=path, reason=reason, origin=FileOrigin(path=path, line=line))


def _line(written: Map) -> int:
    """The version's where it stands at the release itself, else the release's first one."""
    version = written.get("version")
    return version.line if "version" in written.ranges and isinstance(version, Scalar) else written.line


def _tag(chart: Node, tag: str) -> Written | None:
    """Where the version stands in `oci://host/chart:1.2.3`."""
    written = chart.written if isinstance(chart, Scalar) else None
    if written is None or not written.text.endswith(f":{tag}"):
        return None
    return replace(written, start=written.end - len(tag), text=tag)


def _map(node: Any) -> Mapping[str, Node]:
    return node if isinstance(node, Map) else {}
