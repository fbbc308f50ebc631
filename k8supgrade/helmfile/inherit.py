"""Releases over the templates that they inherit from (pkg/state/state_exec_tmpl.go of helmfile)."""

from __future__ import annotations

from collections.abc import Mapping

from k8supgrade.helmfile.tree import Map, Node, Scalar, merged, text_of
from k8supgrade.helmfile.values import UnresolvedError

MAX_MERGED = 500
_FALSE = frozenset(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"))


class Inheritance:
    """`templates` and `defaultInherit` of a Helmfile."""

    def __init__(self, spec: Map) -> None:
        templates = spec.get("templates")
        self._templates: Mapping[str, Node] = templates if isinstance(templates, Map) else {}
        self._defaults = [name for name in _names(spec.get("defaultInherit")) if name]
        self._merged = 0

    def of(self, release: Map) -> Map:
        """The release with all that it inherits; a later template wins, and the release itself.

        Raises:
            UnresolvedError: a template is not there, or inherits from itself.
        """
        self._merged = 0
        if not self._defaults and "inherit" not in release:
            return release
        own = _entries(release.get("inherit"))
        named = {_name(one).strip() for one in own}
        defaults: list[Node] = [Scalar(name, None) for name in dict.fromkeys(self._defaults) if name not in named]
        return self._over([*defaults, *own], release, ())

    def _over(self, entries: list[Node], release: Map, path: tuple[str, ...]) -> Map:
        below = Map(release.path, release.line)
        for entry in entries:
            name = _name(entry)
            if not name:
                continue
            template = self._templates.get(name)
            if not isinstance(template, Map):
                raise UnresolvedError(f"inherits from template {name}, which is not there")
            if name in path:
                raise UnresolvedError(f"template {name} inherits from itself: {' -> '.join((*path, name))}")
            self._merged += 1
            if self._merged > MAX_MERGED:
                raise UnresolvedError(f"inherits from more than {MAX_MERGED} templates")
            base = self._over(_entries(template.get("inherit")), template, (*path, name)).copy()
            for key in _names(entry.get("except")) if isinstance(entry, Map) else ():
                base.pop(key, None)
            below = _joined(below, base)
        result = _joined(below, release)
        result.path, result.line, result.ranges = release.path, release.line, release.ranges
        return result


def _joined(below: Map, above: Map) -> Map:
    """As mergo does it: what is empty or false above counts only where nothing is below; lists are joined."""
    result = below.copy()
    result.doubts += above.doubts
    for key, value in above.items():
        if key in result and result[key] is not None and _is_empty(value):
            continue
        result[key] = merged(result[key], value, appends=True) if key in result else value
    return result


def _is_empty(node: Node) -> bool:
    if isinstance(node, Scalar):
        return not node.text or (node.is_plain and node.text in _FALSE)
    return not node


def _entries(node: Node) -> list[Node]:
    return node if isinstance(node, list) else [node] if isinstance(node, Map) else []


def _names(node: Node) -> list[str]:
    return [(text_of(one) or "").strip() for one in (node if isinstance(node, list) else [node])]


def _name(entry: Node) -> str:
    return text_of(entry.get("template")) or "" if isinstance(entry, Map) else text_of(entry) or ""
