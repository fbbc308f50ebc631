"""YAML as mappings, lists and scalars that know where they are written."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Union

from k8supgrade.helmfile.template import actions, mask
from k8supgrade.model.pin import Written

MAX_NODES = 200_000
_PROPERTIES = re.compile(r"(?:[&!][^\s]*\s+)+")
_NULL = frozenset(("", "~", "null", "Null", "NULL"))


class TreeError(Exception):
    """The text is no YAML; `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


class Scalar(NamedTuple):
    """`text` is the value, as it is written where it holds a template. `written` is None for what comes of several
    places. `is_plain`: without quotes, so that `true` is a boolean."""

    text: str
    written: Written | None
    is_plain: bool = True


class Map(dict[str, "Node"]):
    """A mapping, with the path and the line where it starts, and its range in the file."""

    __slots__ = ("end", "line", "path", "start")

    def __init__(self, path: str = "", line: int = 0, start: int = 0, end: int = 0) -> None:
        super().__init__()
        self.path = path
        self.line = line
        self.start = start
        self.end = end

    def copy(self) -> Map:
        other = Map(self.path, self.line, self.start, self.end)
        other.update(self)
        return other


Node = Union[Scalar, Map, "list[Node]", None]


def parse(text: str, path: str) -> list[Node]:
    """The documents of a text that may hold templates; aliases stand for one and the same node.

    Raises:
        TreeError: it is no YAML, or larger than anybody writes.
        TemplateError: an action has no end.
    """
    import yaml

    shift = 1 if text.startswith("\ufeff") else 0
    masked = mask(text, actions(text))[shift:]
    loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        documents = list(yaml.compose_all(masked, loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        column = f", column {mark.column + 1}" if mark else ""
        raise TreeError(f"not YAML: {error.problem or error.context}{column}", mark.line + 1 if mark else 1) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise TreeError(f"not YAML: {error}", 1) from error
    builder = _Builder(text, path, shift)
    try:
        return [builder.node(document) for document in documents]
    except RecursionError:
        raise TreeError("nested too deeply", 1) from None


class _Builder:
    def __init__(self, text: str, path: str, shift: int) -> None:
        self._text = text
        self._path = path
        self._shift = shift
        self._made: dict[int, Node] = {}
        self._open: set[int] = set()
        self._count = 0

    def node(self, node: Any) -> Node:
        import yaml

        if node is None:
            return None
        key = id(node)
        if key in self._made:
            return self._made[key]
        if key in self._open:
            raise TreeError("an alias that leads back to itself", node.start_mark.line + 1)
        self._spend(1, node)
        self._open.add(key)
        made: Node
        if isinstance(node, yaml.MappingNode):
            made = self._mapping(node)
        elif isinstance(node, yaml.SequenceNode):
            made = [self.node(item) for item in node.value]
        else:
            made = self._scalar(node)
        self._open.discard(key)
        self._made[key] = made
        return made

    def _mapping(self, node: Any) -> Map:
        start, end = node.start_mark.index + self._shift, node.end_mark.index + self._shift
        made = Map(self._path, node.start_mark.line + 1, start, end)
        inherited: list[Node] = []
        for key, value in node.value:
            built = self.node(value)
            name = key.value if isinstance(key.value, str) else ""
            if name == "<<" and not key.style:
                inherited += built if isinstance(built, list) else [built]
            else:
                made[name] = built
        for other in inherited:
            if isinstance(other, Map):
                self._spend(len(other), node)
                for name, value in other.items():
                    made.setdefault(name, value)
        return made

    def _scalar(self, node: Any) -> Scalar | None:
        start, end = node.start_mark.index + self._shift, node.end_mark.index + self._shift
        properties = _PROPERTIES.match(self._text, start, end)
        if properties:  # libyaml's mark of an anchored scalar is that of the anchor
            start = properties.end()
        quoted = node.style in ("'", '"')
        if quoted:
            start, end = start + 1, end - 1
        source = self._text[start:end]
        line = node.start_mark.line + 1
        if "{{" in source:
            value = source.strip()
        elif not node.style and node.value in _NULL:
            return None
        else:
            value = node.value
        is_one_line = node.style not in ("|", ">") and "\n" not in source
        written = Written(path=self._path, line=line, start=start, end=end, text=source) if is_one_line else None
        return Scalar(value, written, not node.style)

    def _spend(self, count: int, node: Any) -> None:
        self._count += count
        if self._count > MAX_NODES:
            raise TreeError(f"more than {MAX_NODES:,} values", node.start_mark.line + 1)


def text_of(node: Node) -> str | None:
    return node.text if isinstance(node, Scalar) else None


def merged(below: Node, above: Node, *, appends: bool = False) -> Node:
    """`above` over `below`: mappings by key, all else replaced; lists are joined where `appends`."""
    if isinstance(below, Map) and isinstance(above, Map):
        result = below.copy()
        for key, value in above.items():
            result[key] = merged(result[key], value, appends=appends) if key in result else value
        return result
    if appends and isinstance(below, list) and isinstance(above, list):
        return [*below, *above]
    return below if above is None else above


def plain(node: Node) -> Any:
    """The node as Python's own values, for Helm: what YAML takes for a number or a boolean is one again."""
    import yaml

    if isinstance(node, Map):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    if isinstance(node, Scalar) and node.is_plain:
        try:
            value = yaml.safe_load(node.text)
        except (yaml.YAMLError, ValueError):
            return node.text
        return value if isinstance(value, bool | int | float) else node.text
    return node.text if isinstance(node, Scalar) else None
