"""YAML as mappings, lists and scalars that know where they are written."""

from __future__ import annotations

from typing import NamedTuple, Union

from k8supgrade.helmfile.text import Uncertain
from k8supgrade.model.pin import Written


class TreeError(Exception):
    """The text is no YAML; `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


class Scalar(NamedTuple):
    """`text` is the value, as it is written where it holds a template. `written` is None for what comes of several
    places. `is_plain`: without quotes, so that `true` is a boolean. `problem`: why a template in it is not resolved.
    """

    text: str
    written: Written | None
    is_plain: bool = True
    line: int = 0
    problem: str | None = None


class Map(dict[str, "Node"]):
    """A mapping, with the path and the line where it starts.

    start, end, ranges: where it and its keys are in the text that was parsed. doubts: what of it may not be there, or
    be there several times: the key (None: all of it) and why.
    """

    __slots__ = ("doubts", "end", "line", "path", "ranges", "start")

    def __init__(self, path: str = "", line: int = 0) -> None:
        super().__init__()
        self.path = path
        self.line = line
        self.start = self.end = 0
        self.ranges: dict[str, tuple[int, int]] = {}
        self.doubts: tuple[tuple[str | None, str], ...] = ()

    def copy(self) -> Map:
        other = Map(self.path, self.line)
        other.doubts = self.doubts
        other.update(self)
        return other

    def overlaps(self, one: Uncertain) -> bool:
        return self.start < one.end and one.start < self.end

    def keys_of(self, one: Uncertain) -> list[str]:
        return [key for key, (start, end) in self.ranges.items() if start < one.end and one.start < end]


Node = Union[Scalar, Map, "list[Node]", None]


def text_of(node: Node) -> str | None:
    return node.text if isinstance(node, Scalar) else None


def merged(below: Node, above: Node, *, appends: bool = False, nulls: bool = False) -> Node:
    """`above` over `below`: mappings by key, all else replaced.

    appends: lists are joined. nulls: a null replaces too.
    """
    if isinstance(below, Map) and isinstance(above, Map):
        result = below.copy()
        result.doubts += above.doubts
        for key, value in above.items():
            result[key] = merged(result[key], value, appends=appends, nulls=nulls) if key in result else value
        return result
    if appends and isinstance(below, list) and isinstance(above, list):
        return [*below, *above]
    return below if above is None and not nulls else above
