"""The releases of a Helmfile as pins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from k8supgrade.helmfile.expression import Scope, UnresolvedError, is_true, resolve
from k8supgrade.helmfile.lock import Lock, read_lock
from k8supgrade.helmfile.release_values import sets_of, values_of
from k8supgrade.helmfile.repositories import Where, repository_of, where_is
from k8supgrade.helmfile.state import State, extent
from k8supgrade.helmfile.template import TemplateError
from k8supgrade.helmfile.tree import Map, Node, Scalar, merged, text_of
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.pin import ChartRepository, Pin, Written
from k8supgrade.model.resource import Skipped

_REWRITES = ("jsonPatches", "strategicMergePatches", "transformers")
_MAX_INHERITED = 20
_OF_RELEASE = (("Name", "name"), ("Namespace", "namespace"), ("Chart", "chart"), ("ChartVersion", "version"))


class Releases:
    """`environment` is None where the Helmfile declares none."""

    def __init__(self, state: State, environment: str | None) -> None:
        self._state = state
        self._environment = environment
        self._scope = state.scope
        self._repositories = dict(self._read_repositories())
        named = state.spec.get("lockFilePath")
        self._lock: Lock | None = read_lock(state.path, text_of(named))

    def pins(self) -> Iterator[Pin | Skipped]:
        releases = self._state.spec.get("releases")
        if releases is not None and not isinstance(releases, list):
            yield self._gap(1, "releases is no list")
            return
        for release in releases or ():
            if isinstance(release, Map):
                yield from self._release(release)
            else:
                line = release.written.line if isinstance(release, Scalar) and release.written else 1
                yield self._gap(line, f"a release that is no mapping: {text_of(release)}")

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
            except (UnresolvedError, TemplateError) as error:
                yield text_of(entry.get("name")) or "", f"the repository: {error}"
                continue
            yield fields.get("name", ""), repository_of(fields, self._state.path, self._scope.env)

    def _release(self, written: Map) -> Iterator[Pin | Skipped]:
        doubt = self._state.doubt(written)
        try:
            release = self._inherited(written, ())
        except UnresolvedError as error:
            release, doubt = written, doubt or str(error)
        pin = self._pin(release, written)
        yield replace(pin, problem=doubt or pin.problem)
        dependencies = release.get("dependencies")
        for dependency in dependencies if isinstance(dependencies, list) else ():
            if isinstance(dependency, Map):
                yield self._dependency(dependency, pin, doubt)

    def _inherited(self, release: Map, path: tuple[str, ...]) -> Map:
        """Over the templates that it inherits from; the later one wins, and the release itself."""
        entries = release.get("inherit")
        inherit = list(entries) if isinstance(entries, list) else []
        if not path:
            defaults = self._state.spec.get("defaultInherit")
            known = {_template_name(one) for one in inherit}
            inherit = [
                one for one in (defaults if isinstance(defaults, list) else []) if _template_name(one) not in known
            ] + inherit
        templates = _map(self._state.spec.get("templates"))
        below: Node = Map(release.path, release.line)
        for entry in inherit:
            name = _template_name(entry)
            if not name:
                continue
            template = templates.get(name)
            if not isinstance(template, Map):
                raise UnresolvedError(f"inherits from template {name}, which is not there")
            if name in path or len(path) > _MAX_INHERITED:
                raise UnresolvedError(f"template {name} inherits from itself")
            base = self._inherited(template, (*path, name)).copy()
            excepted = entry.get("except") if isinstance(entry, Map) else None
            for key in excepted if isinstance(excepted, list) else ():
                base.pop(text_of(key) or "", None)
            below = merged(below, base, appends=True)
        result = merged(below, release, appends=True)
        assert isinstance(result, Map)
        result.path, result.line, result.start, result.end = release.path, release.line, release.start, release.end
        return result

    def _pin(self, release: Map, written: Map) -> Pin:
        problems: list[str] = []
        scope = self._of_release(release, problems)
        name = self._field(release, "name", scope, problems) or ""
        chart = self._field(release, "chart", scope, problems) or ""
        namespace = text_of(self._state.spec.get("namespace")) or self._field(release, "namespace", scope, problems)
        version = self._scalar(release.get("version"), scope, problems)
        if not name:
            problems.append("the release has no name")
        if not chart:
            problems.append("the release has no chart")
        where = where_is(chart, self._state.path, self._repositories) if chart and not problems else Where(chart)
        values, sets = values_of(release, self._state, scope), sets_of(release, scope)
        wanted = (version.text.strip() or None) if version else where.version
        locked, lock_file = self._locked(where, wanted)
        place = version.written if version is not None else None
        return Pin(
            reader="helmfile",
            path=self._state.path,
            line=_line(place, written, self._state.path),
            release=name or chart or "?",
            chart=chart,
            name=where.name,
            namespace=namespace or None,
            environment=self._environment,
            repository=where.repository,
            archive_url=where.archive_url,
            directory=where.directory,
            version=wanted,
            locked=locked,
            lock_file=lock_file,
            devel=self._flag(release.get("devel"), scope, default=False),
            installed=self._is_installed(release, scope, problems),
            needs=tuple(text_of(one) or "" for one in _list(release.get("needs"))),
            labels=tuple(sorted(self._labels(release).items())),
            written=(place,) if place is not None else (),
            values=values.known,
            sets=sets.known,
            values_unknown=(*values.unknown, *sets.unknown),
            kube_version=self._kube_version(release, scope),
            rewrites=tuple(key for key in _REWRITES if release.get(key)),
            problem=problems[0] if problems else where.problem,
        )

    def _dependency(self, dependency: Map, pin: Pin, doubt: str | None) -> Pin:
        """A chart that helmfile adds to the release's chart."""
        problems: list[str] = []
        chart = self._field(dependency, "chart", self._scope, problems) or ""
        version = self._scalar(dependency.get("version"), self._scope, problems)
        where = where_is(chart, self._state.path, self._repositories) if chart else Where("", problem="no chart")
        place = version.written if version is not None else None
        wanted = version.text if version is not None else where.version
        return replace(
            pin,
            line=_line(place, dependency, self._state.path),
            chart=chart,
            name=where.name,
            repository=where.repository,
            archive_url=where.archive_url,
            directory=where.directory,
            version=wanted,
            locked=None,
            written=(place,) if place is not None else (),
            values=(),
            sets=(),
            values_unknown=(f"it is a dependency of release {pin.release}",),
            problem=doubt or (problems[0] if problems else where.problem),
        )

    def _of_release(self, release: Map, problems: list[str]) -> Scope:
        """The scope with `.Release`, as far as its fields hold no templates themselves."""
        known = {f"Labels.{key}": value for key, value in self._labels(release).items()}
        for key, field in _OF_RELEASE:
            value = release.get(field)
            if isinstance(value, Scalar) and "{{" not in value.text:
                known[key] = value.text
        known.setdefault("Namespace", text_of(self._state.spec.get("namespace")) or "")
        return replace(self._scope, release=known)

    def _locked(self, where: Where, wanted: str | None) -> tuple[str | None, str | None]:
        """Only charts of named repositories are locked."""
        if self._lock is None or where.repository is None or where.repository.name is None:
            return None, None
        return self._lock.version(where.name, wanted), self._lock.path

    def _is_installed(self, release: Map, scope: Scope, problems: list[str]) -> bool:
        condition = text_of(release.get("condition"))
        if condition and not self._holds(condition):
            return False
        for key in ("installed", "installedTemplate"):
            if release.get(key) is not None:
                return self._flag(release[key], scope, default=True, problems=problems)
        return True

    def _holds(self, condition: str) -> bool:
        """`a.enabled` in the values (pkg/state/state.go, ConditionEnabled)."""
        node: Node = self._scope.values
        for name in condition.split("."):
            node = node.get(name) if isinstance(node, Map) else None
        return is_true(node)

    def _flag(self, node: Node, scope: Scope, *, default: bool, problems: list[str] | None = None) -> bool:
        if node is None:
            return default
        scalar = self._scalar(node, scope, [] if problems is None else problems)
        return scalar.text.strip().lower() == "true" if scalar is not None else default

    def _kube_version(self, release: Map, scope: Scope) -> str | None:
        node = release.get("kubeVersion") or self._state.spec.get("kubeVersion")
        scalar = self._scalar(node, scope, [])
        return scalar.text if scalar is not None else None

    def _field(self, release: Map, key: str, scope: Scope, problems: list[str]) -> str | None:
        scalar = self._scalar(release.get(key), scope, problems)
        return scalar.text.strip() if scalar is not None else None

    def _scalar(self, node: Node, scope: Scope, problems: list[str]) -> Scalar | None:
        if not isinstance(node, Scalar):
            return None
        try:
            return resolve(node, scope)
        except (UnresolvedError, TemplateError) as error:
            problems.append(str(error))
            return None

    def _gap(self, line: int, reason: str) -> Skipped:
        path = self._state.path
        return Skipped(what=path, reason=reason, origin=FileOrigin(path=path, line=line))


def _line(place: Written | None, written: Map, path: str) -> int:
    """The version's where it stands at the release itself, else the release's first one."""
    start, end = extent(written)
    if place is not None and place.path == written.path == path and start <= place.start <= end:
        return place.line
    return written.line


def _template_name(entry: Node) -> str:
    return text_of(entry.get("template")) or "" if isinstance(entry, Map) else text_of(entry) or ""


def _map(node: Node) -> Mapping[str, Node]:
    return node if isinstance(node, Map) else {}


def _list(node: Node) -> list[Any]:
    return node if isinstance(node, list) else []
