"""YAML to mappings, lists and scalars.

Read from events, with a stack of our own: PyYAML's composer crashes on input that is nested deeply enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from k8supgrade.helmfile.text import Pieces, Uncertain
from k8supgrade.helmfile.tree import Map, Node, Scalar, TreeError

MAX_NODES = 500_000
MAX_DEPTH = 200
_PROPERTIES = re.compile(r"(?:[&!]\S*\s*){1,2}")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))


class _Frame:
    __slots__ = ("anchor", "container", "end", "inherited", "key", "key_start", "nodes", "start")

    def __init__(self, container: Map | list[Node], anchor: str | None, start: int) -> None:
        self.container = container
        self.anchor = anchor
        self.key: str | None = None
        self.key_start = 0
        self.inherited: list[Node] = []
        self.nodes = 1
        self.start = start
        self.end = start


def parse(pieces: Pieces, path: str, *, certain_only: bool = False) -> list[Node]:
    """The documents of a text; an alias stands for the node itself.

    certain_only: what may not be there is left out.

    Raises:
        TreeError: it is no YAML, or larger than anybody writes.
    """
    return list(_Reader(pieces, path, certain_only=certain_only).documents())


class _Reader:
    def __init__(self, pieces: Pieces, path: str, *, certain_only: bool) -> None:
        self._pieces = pieces
        self._path = path
        self._left_out = pieces.uncertain if certain_only else []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._total = 0
        self._root: Node = None

    def documents(self) -> Iterator[Node]:
        import yaml

        loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
        try:
            events = loader(self._pieces.text)
        except (yaml.YAMLError, UnicodeError) as error:
            raise TreeError(f"not YAML: {error}", 1) from error
        try:
            while (event := self._next(events)) is not None:
                if isinstance(event, yaml.DocumentEndEvent):
                    yield self._root
                    self._root = None
                else:
                    self._event(event)
        finally:
            events.dispose()

    def _next(self, events: Any) -> Any:
        import yaml

        try:
            return events.get_event()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = self._line(mark.index) if mark else 1
            column = f", column {mark.column + 1}" if mark else ""
            raise TreeError(f"not YAML: {error.problem or error.context}{column}", line) from error
        except (yaml.YAMLError, UnicodeError, RecursionError) as error:
            raise TreeError(f"not YAML: {str(error).splitlines()[0]}", 1) from error

    def _line(self, index: int) -> int:
        return self._pieces.find(min(index, max(self._pieces.length - 1, 0)), index).line

    def _event(self, event: Any) -> None:
        import yaml

        self._total += 1
        start: int = event.start_mark.index
        if self._total > MAX_NODES:
            raise TreeError(f"more than {MAX_NODES:,} values", self._line(start))
        end: int = event.end_mark.index
        if isinstance(event, yaml.ScalarEvent):
            end = start + len(self._pieces.text[start:end].rstrip())
            self._add(self._scalar(event, start, end), 1, start, max(start, end), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._push(event, start)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._pop()
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise TreeError(f"not YAML: an alias of {event.anchor}, which is not there", self._line(start))
            node, nodes = self._anchors[event.anchor]
            self._add(node, nodes, start, end, None)

    def _push(self, event: Any, start: int) -> None:
        import yaml

        if len(self._stack) >= MAX_DEPTH:
            raise TreeError(f"nested deeper than {MAX_DEPTH} levels", self._line(start))
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.container, Map) and frame.key is None:
            raise TreeError("not YAML for Helm: a mapping or list as a key", self._line(start))
        is_map = isinstance(event, yaml.MappingStartEvent)
        found = self._pieces.find(start, start + 1)
        container: Map | list[Node] = Map(found.path or self._path, found.line) if is_map else []
        self._stack.append(_Frame(container, event.anchor, start))

    def _pop(self) -> None:
        frame = self._stack.pop()
        made = frame.container
        if isinstance(made, Map):
            made.start, made.end = frame.start, frame.end
            for other in frame.inherited:
                if isinstance(other, Map):
                    for key, value in other.items():
                        made.setdefault(key, value)
                    made.doubts += other.doubts
            for key in [key for one in self._left_out for key in made.ranges if _holds(one, made.ranges[key])]:
                made.pop(key, None)
        self._add(made, frame.nodes, frame.start, frame.end, frame.anchor)

    def _add(self, node: Node, nodes: int, start: int, end: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, nodes)
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        frame.nodes += nodes
        if frame.nodes > MAX_NODES:
            raise TreeError(f"more than {MAX_NODES:,} values", self._line(start))
        frame.end = max(frame.end, end)
        if not isinstance(frame.container, Map):
            frame.container.append(node)
        elif frame.key is None:
            if isinstance(node, Map | list):
                raise TreeError("not YAML for Helm: a mapping or list as a key", self._line(start))
            frame.key = node.text if node is not None else "null"
            frame.key_start = start
        else:
            self._entry(frame, frame.container, frame.key, node, end)
            frame.key = None

    def _entry(self, frame: _Frame, container: Map, key: str, node: Node, end: int) -> None:
        if key == "<<":
            frame.inherited += node if isinstance(node, list) else [node]
            return
        known = container.get(key)
        if len(self._stack) == 1 and isinstance(known, list) and isinstance(node, list):
            node = [*known, *node]  # of two branches of which nobody knows which one counts
        container[key] = node
        container.ranges[key] = (min(frame.key_start, container.ranges.get(key, (frame.key_start, 0))[0]), end)

    def _scalar(self, event: Any, start: int, end: int) -> Scalar | None:
        quoted = event.style in ("'", '"')
        if event.anchor is not None or event.tag is not None:
            properties = _PROPERTIES.match(self._pieces.text, start, end)
            start = properties.end() if properties else start
        if quoted:
            start, end = start + 1, max(end - 1, start + 1)
        found = self._pieces.find(start, max(start, end))
        is_plain = bool(event.implicit[0]) and not event.style
        if found.raw is None and is_plain and event.value in _NULL:
            return None
        source = self._pieces.text[start:end]
        is_one_line = event.style not in ("|", ">") and "\n" not in source
        written = found.written if is_one_line else None
        if found.raw is None:
            return Scalar(event.value, written, is_plain, found.line)
        return Scalar(found.raw.strip(), written, is_plain, found.line, found.reason)


def _holds(one: Uncertain, extent: tuple[int, int]) -> bool:
    return one.start <= extent[0] and extent[1] <= one.end
