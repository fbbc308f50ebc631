"""One Helmfile for one environment: its parts, bases and environment values put together.

As pkg/app/desired_state_file_loader.go and pkg/state/create.go of github.com/helmfile/helmfile 1.8 do it: what a later
part says replaces lists, what a base says is joined with them.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from k8supgrade.helmfile.blocks import Settled, Uncertain, settle
from k8supgrade.helmfile.expression import Scope, UnresolvedError, resolve
from k8supgrade.helmfile.files import FileError, beside, read_text
from k8supgrade.helmfile.template import TemplateError, blank
from k8supgrade.helmfile.tree import Map, Node, Scalar, TreeError, merged, parse, text_of
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import Skipped

MAX_BASES = 50
_SEPARATOR = re.compile(r"\n---\r?\n")


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
    """`spec` is the Helmfile as a whole. `defaults` and `values` are its values below and in the environment.

    `uncertain`: path -> ranges that may or may not be there. `variables`: template variables of the last part.
    """

    path: str
    spec: Map
    scope: Scope
    defaults: Map
    values: Map
    uncertain: dict[str, list[Uncertain]] = field(default_factory=dict)
    gaps: list[Skipped] = field(default_factory=list)

    def doubt(self, node: Map) -> str | None:
        """Why it is not known whether, or how often, the node is there."""
        start, end = extent(node)
        for one in self.uncertain.get(node.path, ()):
            if one.start <= start < one.end or start <= one.start < end:
                return one.reason
        return None


def load_state(path: str, environment: str, env: Mapping[str, str], inherited: Node = None) -> State:
    """`inherited`: values that a parent Helmfile hands over.

    Raises:
        StateError: a file cannot be read or parsed.
    """
    scope = Scope(environment=environment, env=env)
    state = State(path=path, spec=Map(path, 1), scope=scope, defaults=Map(), values=Map())
    if isinstance(inherited, Map):
        state.values = inherited
        state.scope = replace(scope, values=inherited)
    _Loader(state, path, is_base=False).load(path)
    return state


class _Loader:
    def __init__(self, state: State, root: str, *, is_base: bool) -> None:
        self._state = state
        self._root = root
        self._is_base = is_base

    def load(self, path: str) -> None:
        text = _read(path)
        for start, end in _parts(text):
            part = blank(blank(text, 0, start), end, len(text))
            current = self._part(part, path)
            before = self._state.scope.values
            self._environment(current)
            if "{{" in part and self._state.scope.values != before:
                current = self._part(part, path)
            combined = merged(self._state.spec, _without_empty(current))
            assert isinstance(combined, Map)
            self._state.spec = combined

    def _part(self, text: str, path: str) -> Map:
        current = self._parsed(text, path)
        bases = current.get("bases")
        if not isinstance(bases, list) or self._is_base:
            return current
        whole: Node = Map(path, 1)
        for base in bases[:MAX_BASES]:
            name = self._text(base)
            if name is None:
                continue
            if "://" in name:
                self._gap(path, current.line, f"base {name} is not local: it is not fetched")
                continue
            state = replace(self._state, spec=Map(path, 1))
            other = beside(self._root, name)
            _Loader(state, self._root, is_base=True).load(other)
            whole = merged(whole, state.spec, appends=True)
        whole = merged(whole, current, appends=True)
        assert isinstance(whole, Map)
        whole.path, whole.line = path, current.line
        return whole

    def _parsed(self, text: str, path: str) -> Map:
        state = self._state
        settled, documents = _documents(text, path, state.scope)
        known = state.uncertain.setdefault(path, [])
        known += [one for one in settled.uncertain if one not in known]
        state.scope = replace(state.scope, variables=settled.variables)
        whole: Node = Map(path, 1)
        for document in documents:
            if document is not None and not isinstance(document, Map):
                raise StateError(path, 1, "not a Helmfile: a mapping with releases is expected")
            whole = merged(whole, document, appends=True)
        assert isinstance(whole, Map)
        return whole

    def _environment(self, current: Map) -> None:
        """Adds what the part says of the values, unless that is a base's: its environments are the whole file's."""
        state = self._state
        if self._is_base:
            return
        environments = current.get("environments")
        spec = environments.get(state.scope.environment) if isinstance(environments, Map) else None
        if isinstance(spec, Map):
            handler = text_of(spec.get("missingFileHandler")) or text_of(current.get("missingFileHandler"))
            for node in self._values(spec.get("values"), handler, state.values):
                state.values = _over(state.values, node)
                self._scope()
            secrets = spec.get("secrets")
            for secret in secrets if isinstance(secrets, list) else ():
                self._unknown(f"secrets {text_of(secret)}")
        for node in self._values(current.get("values"), None, state.defaults):
            state.defaults = _over(state.defaults, node)
            self._scope()

    def _scope(self) -> None:
        state = self._state
        state.scope = replace(state.scope, values=_over(state.defaults, state.values))

    def _unknown(self, reason: str) -> None:
        scope = self._state.scope
        if reason not in scope.unknown:
            self._state.scope = replace(scope, unknown=(*scope.unknown, reason))

    def _values(self, entries: Node, handler: str | None, known: Map) -> Iterator[Node]:
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Map):
                yield entry
                continue
            name = self._text(entry)
            if name is None:
                continue
            if name.endswith(".hcl") or "://" in name:
                self._unknown(f"values of {name}")
                continue
            pattern = beside(self._root, name)
            paths = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
            for path in paths:
                yield from self._file(path.replace(os.sep, "/"), handler)

    def _file(self, path: str, handler: str | None) -> Iterator[Node]:
        if not os.path.exists(path):
            if handler in ("Warn", "Info", "Debug"):
                return
            self._unknown(f"values of {path}, which is not there")
            return
        text = _read(path)
        settled, documents = _documents(text, path, self._state.scope)
        for one in settled.uncertain:
            self._unknown(f"part of {path}: {one.reason}")
        for document in documents[:1]:
            yield _certain(document, settled.uncertain)

    def _text(self, node: Node) -> str | None:
        """A resolved name; what cannot be resolved is a gap."""
        if not isinstance(node, Scalar):
            return None
        try:
            return resolve(node, self._state.scope).text
        except (UnresolvedError, TemplateError) as error:
            line = node.written.line if node.written else 1
            self._gap(self._root, line, f"{node.text}: {error}")
            return None

    def _gap(self, path: str, line: int, reason: str) -> None:
        gap = Skipped(what=path, reason=reason, origin=FileOrigin(path=path, line=line))
        if gap not in self._state.gaps:
            self._state.gaps.append(gap)


def extent(node: Node) -> tuple[int, int]:
    """From the first to behind the last character of what is in it; a mapping of YAML ends where the next thing is."""
    if isinstance(node, Map):
        ends = [extent(value)[1] for value in node.values()]
        return node.start, max([node.start, *(end for end in ends if end <= node.end)])
    if isinstance(node, list):
        return 0, max((extent(value)[1] for value in node), default=0)
    if isinstance(node, Scalar) and node.written is not None:
        return node.written.start, node.written.end
    return 0, 0


def _read(path: str) -> str:
    try:
        return read_text(path)
    except FileError as error:
        raise StateError(path, 1, f"cannot be read: {error}") from error


def _documents(text: str, path: str, scope: Scope) -> tuple[Settled, list[Node]]:
    try:
        settled = settle(text, scope)
        return settled, parse(settled.text, path)
    except TemplateError as error:
        raise StateError(path, text.count("\n", 0, error.offset) + 1, str(error)) from error
    except TreeError as error:
        raise StateError(path, error.line, str(error)) from error


def _parts(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SEPARATOR.finditer(text):
        yield start, match.start() + 1
        start = match.end()
    yield start, len(text)


def _over(below: Map, above: Node) -> Map:
    both = merged(below, above)
    return both if isinstance(both, Map) else below


def _without_empty(spec: Map) -> Map:
    """An empty value of a later part replaces nothing."""
    result = spec.copy()
    for key in [key for key, value in spec.items() if not value]:
        del result[key]
    return result


def _certain(node: Node, uncertain: tuple[Uncertain, ...]) -> Node:
    """Without the values that may not be there."""
    if isinstance(node, Map) and uncertain:
        result = node.copy()
        for key, value in node.items():
            start, _ = extent(value)
            if any(one.start <= start < one.end for one in uncertain) and not isinstance(value, Map):
                del result[key]
            else:
                result[key] = _certain(value, uncertain)
        return result
    return node
