"""The entries of `helmfiles`, and what a sub-Helmfile has of its parent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from k8supgrade.helmfile.release_values import resolved
from k8supgrade.helmfile.resolve import resolve
from k8supgrade.helmfile.state import State
from k8supgrade.helmfile.tree import Map, Node, Scalar, text_of
from k8supgrade.helmfile.values import UnresolvedError
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import Skipped

_MAPS = ("templates", "commonLabels", "helmDefaults")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """`path` as it is written, perhaps a pattern. values: what the parent sets. inherits: parts of the parent's own.

    is_strict: that nothing is there is an error.
    """

    path: str
    line: int = 1
    values: Map = field(default_factory=Map)
    selectors: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()
    is_strict: bool = False
    parent: State | None = None


def nested_of(state: State) -> Iterator[Nested | Skipped]:
    entries = state.spec.get("helmfiles")
    if entries is not None and not isinstance(entries, list):
        yield _gap(state, entries, f"helmfiles is no list: {text_of(entries) or 'a mapping'}")
        return
    for entry in entries or ():
        yield _nested_or_gap(state, entry)


def _nested_or_gap(state: State, entry: Node) -> Nested | Skipped:
    try:
        return _nested(state, entry)
    except UnresolvedError as error:
        return _gap(state, entry, f"helmfiles: {error}")


def _nested(state: State, entry: Node) -> Nested:
    named = entry.get("path") if isinstance(entry, Map) else entry
    if not isinstance(named, Scalar):
        raise UnresolvedError("an entry without a path")
    name = resolve(named, state.scope).text.strip()
    if "::" in name or "://" in name:
        raise UnresolvedError(f"{name.rpartition('@')[2]} is not local: it is not fetched")
    given: Map = entry if isinstance(entry, Map) else Map()
    return Nested(
        path=name,
        line=named.line,
        values=_values(state, given.get("values")),
        selectors=_texts(given.get("selectors")),
        inherits=_texts(given.get("inherits")),
        is_strict=text_of(state.spec.get("missingFileHandler")) == "Error",
        parent=state,
    )


def _values(state: State, entries: Node) -> Map:
    """Inline mappings may hold expressions in Helmfile 0.x."""
    return state.environment.listed([_value(state, one) for one in entries] if isinstance(entries, list) else None)


def _value(state: State, entry: Node) -> Node:
    try:
        return resolved(entry, state.scope, of_release=True) if isinstance(entry, Map) else entry
    except UnresolvedError:
        return entry


def inherit(child: Map, parent: Map, keys: tuple[str, ...]) -> None:
    """The child wins (pkg/state/inherited.go of helmfile)."""
    for key in keys:
        below, above = parent.get(key), child.get(key)
        if key == "repositories" and isinstance(below, list):
            child[key] = [*below, *(above if isinstance(above, list) else [])]
        elif key in _MAPS and isinstance(below, Map):
            both = below.copy()
            both.update(above if isinstance(above, Map) else {})
            child[key] = both
        elif key == "kubeVersion" and above is None:
            child[key] = below


def _texts(node: Node) -> tuple[str, ...]:
    return tuple(text_of(one) or "" for one in node) if isinstance(node, list) else ()


def _gap(state: State, node: Node, reason: str) -> Skipped:
    line = node.line if isinstance(node, Scalar | Map) else 1
    return Skipped(what=state.path, reason=reason, origin=FileOrigin(path=state.path, line=line))
