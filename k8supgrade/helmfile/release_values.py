"""The values of a release, as far as they can be had without helmfile."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from k8supgrade.helmfile.compose import parse
from k8supgrade.helmfile.files import FileError, beside, read_text
from k8supgrade.helmfile.render import render
from k8supgrade.helmfile.resolve import resolve
from k8supgrade.helmfile.scope import Scope
from k8supgrade.helmfile.state import State
from k8supgrade.helmfile.template import TemplateError
from k8supgrade.helmfile.text import Source
from k8supgrade.helmfile.tree import Map, Node, Scalar, TreeError, text_of
from k8supgrade.helmfile.values import UnresolvedError, to_python

_KEYS = ("valuesTemplate", "values")


class Values(NamedTuple):
    known: tuple[str | Mapping[str, Any], ...]
    unknown: tuple[str, ...]


class Sets(NamedTuple):
    known: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def values_of(release: Map, state: State, scope: Scope) -> Values:
    """`values` and `valuesTemplate` in Helm's order: files, and mappings that stand in the Helmfile."""
    known: list[str | Mapping[str, Any]] = []
    unknown: list[str] = []
    for key in _KEYS:
        for entry in _list(release.get(key)):
            found = _entry(entry, state, scope, of_release=key == "valuesTemplate")
            if isinstance(found, str):
                unknown.append(found)
            else:
                known += found
    for key in ("secrets", "secretsTemplate"):
        names = [text_of(one) or "of several values" for one in _list(release.get(key))]
        unknown += [f"secrets {name} are not decrypted" for name in names]
    return Values(tuple(known), tuple(unknown))


def _entry(entry: Node, state: State, scope: Scope, *, of_release: bool) -> list[str | Mapping[str, Any]] | str:
    """What an entry of `values` stands for, or why that is not known."""
    try:
        if isinstance(entry, Map):
            return [to_python(resolved(entry, scope, of_release=of_release))]
        if isinstance(entry, Scalar):
            return _files(resolve(entry, scope).text.strip(), state.path, scope)
    except UnresolvedError as error:
        return str(error)
    return []


def sets_of(release: Map, scope: Scope) -> Sets:
    """`set` and its like; of a list every item."""
    known: list[tuple[str, str]] = []
    unknown: list[str] = []
    for key in ("setTemplate", "set", "setString"):
        for entry in _list(release.get(key)):
            if not isinstance(entry, Map):
                continue
            try:
                name = _text(entry.get("name"), scope)
                if isinstance(entry.get("value"), Scalar):
                    known.append((name, _text(entry["value"], scope)))
                elif isinstance(values := entry.get("values"), list):
                    known += [(f"{name}[{number}]", _text(one, scope)) for number, one in enumerate(values)]
                elif entry.get("file") is not None:
                    unknown.append(f"set {name}, which is read from a file")
            except UnresolvedError as error:
                unknown.append(f"set {text_of(entry.get('name'))}: {error}")
    return Sets(tuple(known), tuple(unknown))


def resolved(node: Node, scope: Scope, *, of_release: bool) -> Node:
    """The node without templates. What is meant for somebody else, such as Prometheus, stays as it is.

    of_release: expressions of releases count too; else only what could not be resolved when the file was rendered.

    Raises:
        UnresolvedError: one of them is not simple.
    """
    if isinstance(node, Map):
        result = node.copy()
        for key, value in node.items():
            result[key] = resolved(value, scope, of_release=of_release)
        return result
    if isinstance(node, list):
        return [resolved(value, scope, of_release=of_release) for value in node]
    if isinstance(node, Scalar) and (of_release or node.problem is not None):
        return resolve(node, scope)
    return node


def _list(node: Node) -> list[Node]:
    return node if isinstance(node, list) else []


def _text(node: Node, scope: Scope) -> str:
    return resolve(node, scope).text if isinstance(node, Scalar) else ""


def _files(name: str, helmfile: str, scope: Scope) -> list[str | Mapping[str, Any]]:
    if "://" in name or "::" in name:
        raise UnresolvedError(f"values {name.rpartition('@')[2]}, which are not fetched")
    pattern = beside(helmfile, name)
    paths = [pattern]
    if glob.has_magic(pattern) and not os.path.exists(pattern):
        paths = [path.replace(os.sep, "/") for path in sorted(glob.glob(pattern))]
    if not paths or not os.path.isfile(paths[0]):
        raise UnresolvedError(f"values file {pattern} is not there")
    return [_rendered(path, scope) if path.endswith(".gotmpl") else path for path in paths]


def _rendered(path: str, scope: Scope) -> Mapping[str, Any]:
    try:
        pieces = render(Source(path, read_text(path)), scope)
        documents = parse(pieces, path)
    except (FileError, TemplateError, TreeError) as error:
        raise UnresolvedError(f"values file {path}: {error}") from error
    if pieces.uncertain:
        raise UnresolvedError(f"values file {path}: {pieces.uncertain[0].reason}")
    found = documents[0] if documents else None
    known = to_python(resolved(found, scope, of_release=False))
    return known if isinstance(known, dict) else {}
