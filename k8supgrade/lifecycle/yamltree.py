"""YAML text of a stranger to a shallow tree in which every node knows its line.

Built on parser events with a stack of its own: libyaml's composer recurses in C, and a file of 200,000 opening
brackets ends the process there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from k8supgrade.errors import UsageError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 16

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True, eq=False)
class Node:
    """`type` is map, seq, or what YAML takes the scalar for: str, null, bool, int, float, timestamp, …"""

    type: str
    line: int
    text: str = ""
    items: list[Node] = field(default_factory=list)

    def pairs(self) -> list[tuple[Node, Node]]:
        return list(zip(self.items[::2], self.items[1::2], strict=False))


def read(data: bytes, path: str) -> Node:
    """The root of the only document.

    Raises:
        UsageError: it is not one YAML document in UTF-8, or it is larger or deeper than any table.
    """
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES // 1024 // 1024} MiB, not a deprecation table")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: not UTF-8 text") from error
    try:
        return _build(text, path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else path
        raise UsageError(f"{where}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not YAML: {str(error).splitlines()[0]}") from error


def _build(text: str, path: str) -> Node:
    loader = _Loader(text)
    stack: list[Node] = []
    anchors: dict[str, Node] = {}
    root: Node | None = None
    try:
        while loader.check_event():
            event = loader.get_event()
            if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                stack.pop()
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            line = event.start_mark.line + 1 if event.start_mark else 1
            if not stack and root is not None:
                raise UsageError(f"{path}:{line}: a second document; a table is one document")
            node = _node(loader, event, line, anchors, path)
            if stack:
                stack[-1].items.append(node)
            else:
                root = node
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(node)
                if len(stack) > MAX_DEPTH:
                    raise UsageError(f"{path}:{line}: nested more than {MAX_DEPTH} levels deep")
    finally:
        loader.dispose()
    if root is None:
        raise UsageError(f"{path}:1: the file is empty; expected a mapping with deprecated-versions")
    return root


def _node(loader: yaml.SafeLoader, event: yaml.NodeEvent, line: int, anchors: dict[str, Node], path: str) -> Node:
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:
            raise UsageError(f"{path}:{line}: alias *{event.anchor} has no anchor")
        return anchors[event.anchor]
    if isinstance(event, yaml.ScalarEvent):
        tag = event.tag
        if tag is None or tag == "!":
            tag = str(loader.resolve(yaml.ScalarNode, event.value, event.implicit))  # type: ignore[no-untyped-call]
        node = Node(tag.removeprefix(_TAG), line, event.value)
    else:
        node = Node("map" if isinstance(event, yaml.MappingStartEvent) else "seq", line)
    if event.anchor:
        anchors[event.anchor] = node
    return node
