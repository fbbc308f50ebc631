"""The values of one environment (pkg/state/create.go and envvals_loader.go of helmfile)."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace

from k8supgrade.helmfile.compose import parse
from k8supgrade.helmfile.files import FileError, beside
from k8supgrade.helmfile.library import Library
from k8supgrade.helmfile.render import render
from k8supgrade.helmfile.resolve import resolve
from k8supgrade.helmfile.scope import Scope
from k8supgrade.helmfile.template import TemplateError
from k8supgrade.helmfile.tree import Map, Node, Scalar, TreeError, merged, text_of
from k8supgrade.helmfile.values import UnresolvedError
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import Skipped

_QUIET = ("Warn", "Info", "Debug")


class Environment:
    """What is known of the values so far, and `scope`, in which expressions see them.

    defaults: `values` of the Helmfile; own: those of the environment; overrides: what a parent Helmfile hands over.
    gaps: files that cannot be read.
    """

    def __init__(
        self,
        name: str,
        env: Mapping[str, str],
        path: str,
        library: Library,
        overrides: Map,
        inherited: Environment | None = None,
    ) -> None:
        self._library = library
        self._defaults: Map = inherited._defaults if inherited else Map()
        self._own: Map = inherited._own if inherited else Map()
        self._overrides = overrides
        self._path = path
        self.gaps: list[Skipped] = []
        unknown = inherited.scope.unknown if inherited else ()
        self.scope: Scope = Scope(environment=name, env=env, base=path, unknown=unknown)
        self._update()

    def copy(self) -> Environment:
        other = Environment(self.scope.environment, self.scope.env, self._path, self._library, self._overrides, self)
        other.gaps = self.gaps
        return other

    def hide(self, reason: str) -> None:
        """Some values are not known."""
        if reason not in self.scope.unknown:
            self.scope = replace(self.scope, unknown=(*self.scope.unknown, reason))

    def load(self, spec: Map) -> bool:
        """Adds what a part of the Helmfile says; whether anything has changed."""
        before = self.scope
        environments = spec.get("environments")
        mine = environments.get(self.scope.environment) if isinstance(environments, Map) else None
        if isinstance(mine, Map):
            is_fallback = text_of(mine.get("mergeStrategy")) == "fallback"
            found = Map()
            for node in self._entries(mine.get("values"), text_of(mine.get("missingFileHandler"))):
                found = _over(node, found) if is_fallback else _over(found, node, nulls=True)
                self._update(found)
            self._own = _over(self._own, found)
            secrets = mine.get("secrets")
            for secret in secrets if isinstance(secrets, list) else ():
                self.hide(f"secrets {text_of(secret)}")
        elif mine is not None:
            self.hide(f"environment {self.scope.environment} is no mapping")
        self._defaults = _over(self._defaults, self.listed(spec.get("values")), nulls=True)
        self._update()
        return self.scope is not before

    def listed(self, entries: Node) -> Map:
        """Values of files and mappings, put together."""
        found = Map()
        for node in self._entries(entries, None):
            found = _over(found, node, nulls=True)
        return found

    def _update(self, found: Map | None = None) -> None:
        own = _over(self._own if found is None else _over(self._own, found), self._overrides)
        values = _over(self._defaults, own)
        if own or values or self.scope.values:
            self.scope = replace(self.scope, values=values, own=own)

    def _entries(self, entries: Node, handler: str | None) -> Iterator[Map]:
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Map):
                yield entry
            elif isinstance(entry, Scalar):
                try:
                    yield from self._named(resolve(entry, self.scope).text, handler)
                except UnresolvedError as error:
                    self.hide(f"values of {entry.text}: {error}")

    def _named(self, name: str, handler: str | None) -> Iterator[Map]:
        if name.endswith(".hcl") or "://" in name or "::" in name:
            self.hide(f"values of {name.rpartition('@')[2]}")
            return
        pattern = beside(self._path, name)
        paths = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
        there = [path.replace(os.sep, "/") for path in paths if os.path.exists(path)]
        if not there and handler not in _QUIET:
            self.hide(f"values of {pattern}, which is not there")
        for path in there:
            yield from self._file(path)

    def _file(self, path: str) -> Iterator[Map]:
        try:
            documents = self._documents(path)
        except FileError as error:
            self._lost(path, 1, f"cannot be read: {error}")
        except TreeError as error:
            self._lost(path, error.line, str(error))
        else:
            yield from [document for document in documents[:1] if isinstance(document, Map)]

    def _documents(self, path: str) -> list[Node]:
        source = self._library.source(path)
        if not path.endswith(".gotmpl"):
            return self._library.parsed(source, 0, len(source.text))
        try:
            pieces = render(source, self.scope)
        except TemplateError as error:
            raise TreeError(str(error), source.line(error.offset)) from error
        for one in pieces.uncertain:
            self.hide(f"part of {path}: {one.reason}")
        return parse(pieces, path, certain_only=True)

    def _lost(self, path: str, line: int, reason: str) -> None:
        self.hide(f"values of {path}")
        gap = Skipped(what=path, reason=reason, origin=FileOrigin(path=path, line=line))
        if gap not in self.gaps:
            self.gaps.append(gap)


def _over(below: Map, above: Node, *, nulls: bool = False) -> Map:
    both = merged(below, above, nulls=nulls)
    return both if isinstance(both, Map) else below
