"""YAML files of a repository as documents whose scalars know where they are written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

from k8supgrade.model.pin import Written

MAX_BYTES = 16 << 20
MAX_NODES = 200_000


class TreeError(Exception):
    """The text is no YAML; `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


class Text(NamedTuple):
    """`value` is as written, numbers too; `written` says where, None for what is spread over lines; `is_plain`: without
    quotes."""

    value: str
    written: Written | None
    is_plain: bool = True


class Map(dict[str, Any]):
    """A mapping and its first line."""

    line: int = 1


def read(path: str) -> str:
    """Raises OSError or ValueError where it is no text of a sensible size."""
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
    return data.decode("utf-8")


def documents(text: str, path: str) -> Iterator[Map]:
    """The mappings among the documents. Raises TreeError."""
    import yaml

    loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    shift = 1 if text.startswith("\ufeff") else 0
    try:
        for node in yaml.compose_all(text[shift:], loader):
            built = _Builder(text, path, shift).build(node)
            if isinstance(built, Map):
                yield built
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise TreeError(f"not YAML: {error.problem or error.context}", mark.line + 1 if mark else 1) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise TreeError(f"not YAML: {error}", 1) from error


class _Builder:
    def __init__(self, text: str, path: str, shift: int) -> None:
        self._text = text
        self._path = path
        self._shift = shift
        self._made: dict[int, Any] = {}
        self._open: set[int] = set()
        self._count = 0

    def build(self, node: Any) -> Any:
        import yaml

        if node is None or id(node) in self._made:
            return self._made.get(id(node))
        line = node.start_mark.line + 1
        self._count += 1
        if id(node) in self._open or self._count > MAX_NODES:
            raise TreeError("an alias that leads back, or too many values", line)
        self._open.add(id(node))
        made: Any
        if isinstance(node, yaml.MappingNode):
            made = Map()
            made.line = line
            inherited = []
            for key, value in node.value:
                built = self.build(value)
                if key.value == "<<" and not key.style:
                    inherited += built if isinstance(built, list) else [built]
                elif isinstance(key.value, str):
                    made[key.value] = built
            for other in inherited:
                for name in other if isinstance(other, Map) else ():
                    made.setdefault(name, other[name])
                    self._count += 1
        elif isinstance(node, yaml.SequenceNode):
            made = [self.build(item) for item in node.value]
        else:
            made = self._scalar(node)
        self._open.discard(id(node))
        self._made[id(node)] = made
        return made

    def _scalar(self, node: Any) -> Text | None:
        start, end = node.start_mark.index + self._shift, node.end_mark.index + self._shift
        raw = self._text[start:end]
        while raw[:1] in ("&", "!"):  # libyaml's mark of an anchored scalar is that of the anchor
            head = raw.split(None, 1)
            if len(head) < 2:
                break
            start = end - len(raw) + raw.index(head[1], len(head[0]))
            raw = self._text[start:end]
        if node.style in ("'", '"'):
            start, end, raw = start + 1, end - 1, raw[1:-1]
        elif not node.style and node.value in ("", "~", "null"):
            return None
        if "\n" in raw or node.style in ("|", ">"):
            return Text(node.value, None, not node.style)
        place = Written(path=self._path, line=node.start_mark.line + 1, start=start, end=end, text=raw)
        return Text(node.value, place, not node.style)


def at(node: Any, *keys: str) -> Any:
    """The value below `keys`, None where there is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, Map) else None
    return node


def text(node: Any, *keys: str) -> str | None:
    found = at(node, *keys)
    return found.value if isinstance(found, Text) else None


def listed(node: Any, *keys: str) -> list[Any]:
    found = at(node, *keys)
    return found if isinstance(found, list) else []


def written(node: Any) -> tuple[Written, ...]:
    return (node.written,) if isinstance(node, Text) and node.written is not None else ()


def line_of(node: Any, otherwise: int) -> int:
    return node.written.line if isinstance(node, Text) and node.written is not None else otherwise


def plain(node: Any) -> Any:
    """As Python's own values: what YAML takes for a number or a boolean is one again."""
    import yaml

    if isinstance(node, Map):
        return {key: plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [plain(value) for value in node]
    if isinstance(node, Text):
        if not node.is_plain:
            return node.value
        try:
            value = yaml.safe_load(node.value)
        except (yaml.YAMLError, ValueError):
            return node.value
        return value if isinstance(value, bool | int | float) else node.value
    return None


def yaml_files(path: str) -> Iterator[str]:
    """The YAML files below a directory, in order; a chart's templates are none. A file stands for itself."""
    if not os.path.isdir(path):
        yield path
        return
    for directory, names, files in os.walk(path):
        is_chart = "Chart.yaml" in files
        names[:] = sorted(
            name for name in names if name not in _PASSED_OVER and not (is_chart and name in ("templates", "charts"))
        )
        for name in sorted(files):
            if name.endswith((".yaml", ".yml")):
                yield os.path.normpath(os.path.join(directory, name)).replace(os.sep, "/")


_PASSED_OVER = frozenset((".git", "node_modules", "vendor", ".venv", ".terraform"))
