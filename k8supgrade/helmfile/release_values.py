"""The values of a release, as far as they can be had without helmfile."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from k8supgrade.helmfile.expression import Scope, UnresolvedError, resolve
from k8supgrade.helmfile.files import beside
from k8supgrade.helmfile.state import State
from k8supgrade.helmfile.template import TemplateError
from k8supgrade.helmfile.tree import Map, Node, Scalar, plain, text_of


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
    for key in ("values", "valuesTemplate"):
        entries = release.get(key)
        for entry in entries if isinstance(entries, list) else ():
            try:
                if isinstance(entry, Map):
                    known.append(plain(resolved(entry, scope)))
                elif isinstance(entry, Scalar):
                    known.append(_file(resolve(entry, scope).text, state.path))
            except (UnresolvedError, TemplateError) as error:  # noqa: PERF203 -- each entry by itself
                unknown.append(str(error))
    for key in ("secrets", "secretsTemplate"):
        entries = release.get(key)
        unknown += [f"secrets {text_of(one) or ''}" for one in (entries if isinstance(entries, list) else ())]
    return Values(tuple(known), tuple(unknown))


def sets_of(release: Map, scope: Scope) -> Sets:
    """`set` and its like; of a list every item."""
    known: list[tuple[str, str]] = []
    unknown: list[str] = []
    for key in ("set", "setTemplate", "setString"):
        entries = release.get(key)
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, Map):
                continue
            name = text_of(entry.get("name")) or ""
            try:
                if isinstance(value := entry.get("value"), Scalar):
                    known.append((name, resolve(value, scope).text))
                elif isinstance(values := entry.get("values"), list):
                    known += [
                        (f"{name}[{number}]", resolve(one, scope).text)
                        for number, one in enumerate(values)
                        if isinstance(one, Scalar)
                    ]
                else:
                    unknown.append(f"set {name}, which is read from a file")
            except (UnresolvedError, TemplateError) as error:
                unknown.append(f"set {name}: {error}")
    return Sets(tuple(known), tuple(unknown))


def resolved(node: Node, scope: Scope) -> Node:
    """The node without templates.

    Raises:
        UnresolvedError: one of them is not simple.
    """
    if isinstance(node, Map):
        result = node.copy()
        for key, value in node.items():
            result[key] = resolved(value, scope)
        return result
    if isinstance(node, list):
        return [resolved(value, scope) for value in node]
    return resolve(node, scope) if isinstance(node, Scalar) else None


def _file(name: str, helmfile: str) -> str:
    path = beside(helmfile, name)
    if "://" in name:
        raise UnresolvedError(f"values {name}, which are not fetched")
    if name.endswith(".gotmpl"):
        raise UnresolvedError(f"values file {path} is a template")
    if not os.path.isfile(path):
        raise UnresolvedError(f"values file {path} is not there")
    return path
