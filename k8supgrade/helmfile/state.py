"""One Helmfile for one environment: its parts, bases and environment values put together.

As pkg/app/desired_state_file_loader.go and pkg/state/create.go of github.com/helmfile/helmfile 1.8 do it: what a later
part says replaces lists, what a base says is joined with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from k8supgrade.helmfile.compose import parse
from k8supgrade.helmfile.environment import Environment
from k8supgrade.helmfile.files import FileError, beside
from k8supgrade.helmfile.library import Library
from k8supgrade.helmfile.render import render
from k8supgrade.helmfile.resolve import resolve
from k8supgrade.helmfile.scope import Scope
from k8supgrade.helmfile.template import TemplateError
from k8supgrade.helmfile.text import Source, Uncertain, whole
from k8supgrade.helmfile.tree import Map, Node, Scalar, TreeError, merged
from k8supgrade.helmfile.values import UnresolvedError
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import Skipped

MAX_BASES = 50
MAX_PARTS = 500
_SEPARATOR = re.compile(r"\n---\r?\n")
_VALUES = ("environments", "values")
_BY_KEY = ("environments", "templates")


class StateError(Exception):
    """The file cannot be used; `path` and `line` say where."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(reason)
        self.path = path
        self.line = line

    def skipped(self) -> Skipped:
        return Skipped(what=self.path, reason=str(self), origin=FileOrigin(path=self.path, line=self.line))


@dataclass(slots=True, kw_only=True)
class State:
    """`spec` is the Helmfile as a whole; `environment` the values that it has there. gaps: what could not be read."""

    path: str
    spec: Map
    environment: Environment
    library: Library
    gaps: list[Skipped] = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        return self.environment.scope


def load_state(
    path: str,
    environment: str,
    env: Mapping[str, str],
    library: Library,
    overrides: Node = None,
    inherited: Environment | None = None,
) -> State:
    """`overrides`: values that a parent Helmfile hands over. inherited: the parent's own, where they are asked for.

    Raises:
        StateError: a file cannot be read or parsed.
    """
    values = Environment(environment, env, path, library, overrides if isinstance(overrides, Map) else Map(), inherited)
    state = State(path=path, spec=Map(path, 1), environment=values, library=library)
    _Loader(state, above=()).load(path)
    return state


class _Loader:
    """`above`: the bases that lead here."""

    def __init__(self, state: State, above: tuple[str, ...]) -> None:
        self._state = state
        self._above = above
        self._gaps: list[Skipped] = []

    def load(self, path: str) -> None:
        state = self._state
        try:
            source = state.library.source(path)
        except FileError as error:
            raise StateError(path, 1, f"cannot be read: {error}") from error
        parts = list(_parts(source.text))
        if len(parts) > MAX_PARTS:
            raise StateError(path, 1, f"more than {MAX_PARTS} parts")
        for start, end in parts:
            current = self._part(source, start, end)
            if state.environment.load(current) and "{{" in source.text[start:end]:
                current = self._part(source, start, end)
            state.gaps += [gap for gap in (*self._gaps, *state.environment.gaps) if gap not in state.gaps]
            state.spec = _combined(state.spec, current, appends=False)

    def _part(self, source: Source, start: int, end: int) -> Map:
        self._gaps = []
        current = self._parsed(source, start, end)
        bases = current.get("bases")
        if not isinstance(bases, list):
            if bases is not None:
                self._gap(source.path, current.line, "bases is no list")
            return current
        below = Map(source.path, 1)
        for base in bases[:MAX_BASES]:
            below = self._with_base(below, base, source.path)
        result = _combined(below, current, appends=True, joins=True)
        result.path, result.line = current.path, current.line
        return result

    def _with_base(self, below: Map, base: Node, path: str) -> Map:
        line = base.line if isinstance(base, Scalar) else 1
        try:
            name = resolve(base, self._state.scope).text if isinstance(base, Scalar) else ""
        except UnresolvedError as error:
            self._gap(path, line, f"bases: {error}")
            return below
        if "://" in name or "::" in name:
            self._gap(path, line, f"base {name.rpartition('@')[2]} is not local: it is not fetched")
            return below
        other = beside(self._state.path, name)
        if other in self._above or other == self._state.path:
            self._gap(path, line, f"base {other} leads back to itself")
            return below
        state = replace(self._state, spec=Map(path, 1), environment=self._state.environment.copy())
        try:
            _Loader(state, (*self._above, other)).load(other)
        except StateError as error:
            self._gaps.append(error.skipped())
        return _combined(below, state.spec, appends=True, joins=True)

    def _parsed(self, source: Source, start: int, end: int) -> Map:
        result = Map(source.path, 1)
        uncertain, documents = self._documents(source, start, end)
        if not any(documents):
            self._gaps += [self._gap_of(source.path, one) for one in uncertain]
        for document in documents:
            if document is None:
                continue
            if not isinstance(document, Map):
                raise StateError(source.path, source.line(start), "not a Helmfile: a mapping with releases is expected")
            for one in uncertain:
                self._assign(document, one, source.path)
            for key in document:
                if "{{" in key:
                    self._gap(source.path, document.line, f"{key} is a key that is not resolved without helmfile")
            result = _combined(result, document, appends=True)
        return result

    def _assign(self, root: Map, one: Uncertain, path: str) -> None:
        """Tells those whom it concerns that something is uncertain; nobody: it is a gap."""
        keys = root.keys_of(one)
        for key in keys:
            node = root.get(key)
            if key in _VALUES:
                self._state.environment.hide(one.reason)
                continue
            items: list[Node] = []
            if key == "releases" and isinstance(node, list):
                items = node
            elif key == "templates" and isinstance(node, Map):
                items = list(node.values())
            hit = [item for item in items if isinstance(item, Map) and item.overlaps(one)]
            for item in hit:
                is_all = one.start <= item.start and item.end <= one.end
                inner: list[str | None] = [None] if is_all else [*item.keys_of(one)] or [None]
                item.doubts += tuple((name, one.reason) for name in inner)
            if not hit:
                self._gap(path, one.line, one.reason)
        if not keys:
            self._gap(path, one.line, one.reason)

    def _documents(self, source: Source, start: int, end: int) -> tuple[list[Uncertain], list[Node]]:
        """Helmfile 1 renders .gotmpl alone, 0.x all: a .yaml is rendered where it is no YAML as it is."""
        if not source.path.endswith(".gotmpl"):
            try:
                return [], self._state.library.parsed(source, start, end)
            except TreeError as error:
                if "{{" not in source.text[start:end]:
                    raise StateError(source.path, error.line, str(error)) from error
        try:
            pieces = render(source, self._state.scope, start, end)
            return pieces.uncertain, parse(pieces, source.path)
        except TemplateError as error:
            raise StateError(source.path, source.line(error.offset), str(error)) from error
        except TreeError as error:
            raise StateError(source.path, error.line, str(error)) from error

    def _gap_of(self, path: str, one: Uncertain) -> Skipped:
        return Skipped(what=path, reason=one.reason, origin=FileOrigin(path=path, line=one.line))

    def _gap(self, path: str, line: int, reason: str) -> None:
        self._gaps.append(Skipped(what=path, reason=reason, origin=FileOrigin(path=path, line=line)))


def outline(text: str, path: str) -> list[Node]:
    """The documents of a text with all of its templates unresolved: what it says by itself.

    Raises:
        TreeError: it is no YAML.
        TemplateError: the template cannot be read.
    """
    source = Source(path, text)
    return parse(render(source, None) if "{{" in text else whole(source), path)


def _parts(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SEPARATOR.finditer(text):
        yield start, match.start() + 1
        start = match.end()
    yield start, len(text)


def _combined(below: Map, above: Map, *, appends: bool, joins: bool = False) -> Map:
    """What is empty above replaces nothing; environments and templates are replaced as a whole, unless `joins`."""
    result = below.copy()
    for key, value in above.items():
        known = result.get(key)
        if not value or (isinstance(value, Scalar) and not value.text):
            result.setdefault(key, value)
        elif key in _BY_KEY and isinstance(known, Map) and isinstance(value, Map):
            one_by_one = known.copy()
            for name, node in value.items():
                joined = joins and key == "environments" and name in known
                one_by_one[name] = merged(known[name], node, appends=True) if joined else node
            result[key] = one_by_one
        else:
            result[key] = merged(known, value, appends=appends) if known is not None else value
    return result
