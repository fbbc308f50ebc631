"""The full parse: YAML events to plain Python values, read as kubectl and Helm read YAML.

Duplicate keys are accepted and the last one wins; unknown tags are ignored; merge keys are applied. The stack is
our own, so that depth costs no recursion, and what was read before a fault is kept: a document whose apiVersion
and kind were read can be judged although something deeper is broken.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from k8supgrade.manifest.scalars import VERBATIM, resolve

MAX_DEPTH = 500
# go-yaml refuses a document when aliases make up nearly all of more than 400,000 nodes (decode.go, alias ratio).
MAX_EXPANDED_NODES = 400_000

try:
    from yaml.cyaml import CParser as _Parser  # type: ignore[attr-defined]
except ImportError:  # PyYAML without libyaml: right, and some twenty times slower
    _Parser = yaml.SafeLoader  # type: ignore[assignment, misc]

_WATCHED = frozenset({"apiVersion", "kind", "metadata"})
_UNICODE_BREAK = re.compile("[\x85\u2028\u2029]")
_ANY_BREAK = re.compile("[\n\x85\u2028\u2029]")


class BrokenError(Exception):
    """The YAML cannot be read further. `line` counts from 0 within the text."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Composed(NamedTuple):
    """One document. `lines`: id(mapping) -> line (from 0) of its apiVersion key, else its first line.

    `duplicates`: id(mapping) -> watched keys that it holds twice. `broken` is set where reading ended early; value
    is then what was read until there (None: nothing).
    """

    value: Any
    lines: dict[int, int]
    duplicates: dict[int, tuple[str, ...]]
    broken: BrokenError | None


class _Frame:
    __slots__ = ("anchor", "container", "is_map", "key", "nodes")

    def __init__(self, container: Any, is_map: bool, anchor: str | None) -> None:
        self.container = container
        self.is_map = is_map
        self.anchor = anchor
        self.key: Any = _NO_KEY
        self.nodes = 1


_NO_KEY = object()


def compose(text: str) -> Iterator[Composed]:
    """Yields the documents of `text`; after a broken one nothing more."""
    if not _UNICODE_BREAK.search(text):
        yield from _compose(text)
        return
    newlines = [0]  # YAML's line -> the line as editors count
    for match in _ANY_BREAK.finditer(text):
        newlines.append(newlines[-1] + (match[0] == "\n"))
    for document in _compose(text):
        if document.broken is not None:
            document.broken.line = newlines[min(document.broken.line, len(newlines) - 1)]
        yield document._replace(lines={key: newlines[line] for key, line in document.lines.items()})


def _compose(text: str) -> Iterator[Composed]:
    try:
        parser = _Parser(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        yield Composed(None, {}, {}, _broken(error))
        return
    try:
        while True:
            document = _Document()
            try:
                if not document.read(parser):
                    return
            except BrokenError as error:
                yield document.composed(error)
                return
            except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
                yield document.composed(_broken(error))
                return
            yield document.composed(None)
    finally:
        parser.dispose()


def _broken(error: Exception) -> BrokenError:
    if isinstance(error, yaml.MarkedYAMLError):
        # A key without a colon is reported where the next token is; the key itself is what is wrong.
        key = error.context_mark if error.context == "while scanning a simple key" else None
        mark = key or error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.context, error.problem) if part)
        return BrokenError(problem or "not valid YAML", mark.line if mark else 0)
    if isinstance(error, yaml.reader.ReaderError):
        return BrokenError(f"{error.reason} (character {error.character!r})", 0)
    return BrokenError(str(error).split("\n", 1)[0], 0)


class _Document:
    """Builds one document out of events."""

    def __init__(self) -> None:
        self.root: Any = None
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.lines: dict[int, int] = {}
        self.duplicates: dict[int, tuple[str, ...]] = {}
        self.keep: list[Any] = []  # ids stay unique only while the objects live
        self.aliased = 0
        self.total = 0

    def composed(self, broken: BrokenError | None) -> Composed:
        if broken is not None:
            while self.stack:
                with contextlib.suppress(BrokenError):
                    self._pop(self.stack[-1])
        return Composed(self.root, self.lines, self.duplicates, broken)

    def read(self, parser: Any) -> bool:
        """Consumes the events of one document. False at the end of the stream."""
        get_event = parser.get_event
        stack = self.stack
        while True:
            event = get_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind is yaml.MappingStartEvent:
                self._push({}, True, event)
            elif kind is yaml.SequenceStartEvent:
                self._push([], False, event)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._pop(stack[-1])
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentEndEvent:
                return True
            elif kind is yaml.StreamEndEvent or event is None:
                return False

    def _push(self, container: Any, is_map: bool, event: Any) -> None:
        line = event.start_mark.line
        self.total += 1
        if len(self.stack) >= MAX_DEPTH:
            raise BrokenError(f"nested deeper than {MAX_DEPTH} levels", line)
        frame = _Frame(container, is_map, event.anchor)
        if is_map:
            if self.stack and self.stack[-1].is_map and self.stack[-1].key is _NO_KEY:
                raise BrokenError("invalid map key: a mapping", line)
            self.lines[id(container)] = line
            self.keep.append(container)
        self.stack.append(frame)

    def _pop(self, frame: _Frame) -> None:
        self.stack.pop()
        value = frame.container
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (value, frame.nodes)
        self._add(value, frame.nodes, None)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line
        if event.anchor not in self.anchors:
            raise BrokenError(f"unknown anchor {event.anchor!r} referenced", line)
        value, nodes = self.anchors[event.anchor]
        self.aliased += nodes
        if self.aliased > MAX_EXPANDED_NODES and self.aliased > 0.9 * (self.total + self.aliased):
            raise BrokenError("document contains excessive aliasing", line)
        self._add(value, nodes, line)

    def _scalar(self, event: Any) -> None:
        self.total += 1
        text = event.value
        frame = self.stack[-1] if self.stack else None
        plain = event.implicit[0] and not event.style
        if frame is not None and frame.is_map:
            if frame.key is _NO_KEY:
                self._key(frame, text, plain, event)
                return
            value = resolve(text, plain, verbatim=frame.key in VERBATIM)
        else:
            value = resolve(text, plain, verbatim=False)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        self._add(value, 1, event.start_mark.line)

    def _key(self, frame: _Frame, text: str, plain: bool, event: Any) -> None:
        if event.anchor is not None:
            self.anchors[event.anchor] = (text, 1)
        if text == "<<" and plain:
            frame.key = _MERGE
            return
        if text in _WATCHED:
            if text in frame.container:
                known = self.duplicates.get(id(frame.container), ())
                self.duplicates[id(frame.container)] = tuple(dict.fromkeys((*known, text)))
            if text == "apiVersion":
                self.lines[id(frame.container)] = event.start_mark.line
        frame.key = text

    def _add(self, value: Any, nodes: int, line: int | None) -> None:
        if not self.stack:
            self.root = value
            return
        frame = self.stack[-1]
        frame.nodes += nodes
        if not frame.is_map:
            frame.container.append(value)
        elif frame.key is _NO_KEY:  # an alias or a sequence as a key
            if not isinstance(value, (str, int, float, bool)):
                raise BrokenError("invalid map key", line or 0)
            frame.key = value if isinstance(value, str) else str(value)
        elif frame.key is _MERGE:
            merges = value if isinstance(value, list) else [value]
            if not all(isinstance(merge, dict) for merge in merges):
                raise BrokenError("map merge requires map or sequence of maps as the value", line or 0)
            for merge in reversed(merges):  # as go-yaml does: over what was read before, the first of several wins
                frame.container.update(merge)
            frame.key = _NO_KEY
        else:
            frame.container[frame.key] = value
            frame.key = _NO_KEY


_MERGE = object()
