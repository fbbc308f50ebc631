"""What PyYAML itself says of a text: an independent reading, over its own node graph, that shares no code with ours."""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"


class Seen(NamedTuple):
    """An object; `line` from 1."""

    line: int
    api_version: str
    kind: str
    namespace: str | None
    name: str | None


class InvalidError(Exception):
    """Not valid for kubectl, although PyYAML may compose it."""


def read(text: str) -> tuple[list[Seen], int]:
    """The objects of all documents, and how many documents and items are none.

    Raises:
        yaml.YAMLError, InvalidError: the text is not valid.
    """
    seen: list[Seen] = []
    others = 0
    for document in list(yaml.compose_all(text, Loader)):
        _check(document, set(), ())
        others += _object(document, seen, None, None)
    return seen, others


def _check(node: Node, done: set[int], above: tuple[int, ...]) -> None:
    if id(node) in above:
        raise InvalidError("an anchor that contains itself")
    if id(node) in done:
        return
    done.add(id(node))
    if isinstance(node, MappingNode):
        _entries(node)
        for _, value in node.value:
            _check(value, done, (*above, id(node)))
    elif isinstance(node, SequenceNode):
        for item in node.value:
            _check(item, done, (*above, id(node)))


def _entries(node: MappingNode) -> dict[str, Node]:
    """The last key wins; a merge counts where it stands, as go-yaml has it."""
    result: dict[str, Node] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise InvalidError("a key that is no scalar")
        if key.tag == _MERGE:
            for merged in reversed(value.value if isinstance(value, SequenceNode) else [value]):
                if not isinstance(merged, MappingNode):
                    raise InvalidError("a merge of what is no mapping")
                if merged is not node:
                    result |= _entries(merged)
        else:
            result[key.value] = value
    return result


def _object(node: Node, seen: list[Seen], api_of_items: str | None, kind_of_items: str | None) -> int:
    if not isinstance(node, MappingNode):
        return 1
    entries = _entries(node)
    api_version = _scalar(entries.get("apiVersion")) or api_of_items
    kind = _scalar(entries.get("kind")) or kind_of_items
    if not api_version or not kind or _is_collection(entries, "apiVersion") or _is_collection(entries, "kind"):
        return 1
    items = entries.get("items")
    if kind.endswith("List") and items is not None:
        of_items = (api_version, kind.removesuffix("List")) if kind != "List" else (None, None)
        if isinstance(items, SequenceNode):
            return sum(_object(item, seen, *of_items) for item in items.value) + (not items.value)
        if items.tag == _NULL:
            return 1
    own = [key.start_mark.line for key, _ in node.value if key.value == "apiVersion"]
    line = own[-1] if own else node.start_mark.line
    metadata = entries.get("metadata")
    inner = _entries(metadata) if metadata is not None and isinstance(metadata, MappingNode) else {}
    seen.append(Seen(line + 1, api_version, kind, _scalar(inner.get("namespace")), _scalar(inner.get("name"))))
    return 0


def _scalar(entry: Node | None) -> str | None:
    if entry is None or not isinstance(entry, ScalarNode) or entry.tag == _NULL:
        return None
    return str(entry.value) or None


def _is_collection(entries: dict[str, Node], key: str) -> bool:
    return key in entries and not isinstance(entries[key], ScalarNode)
