"""Which objects a chart may make on a cluster of a given version, read from its templates without rendering them.

A document is certain where no guard around it depends on values, possible otherwise. What a helper prints as the
apiVersion is worked out; what cannot be is named.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Set
from typing import Any

from k8supgrade.charts.static_code import MAX_DEPTH, Unknown, World, evaluate, test
from k8supgrade.charts.static_documents import Made, Piece, Unreadable, documents, filled
from k8supgrade.helmfile.template import Block, Branch, Output, Part, TemplateError, parse_template
from k8supgrade.helmfile.template import Literal as Text

MAX_BYTES = 4 << 20
_MANIFESTS = (".yaml", ".yml", ".json")
_ASSIGNMENT = re.compile(r"(\$\w+)\s*:?=\s*(.*)\Z", re.DOTALL)
_METADATA = ("Chart.yaml", "requirements.yaml")
_CONDITION = re.compile(rb"^\s+(?:- )?(?:condition|tags):", re.MULTILINE)


def made(directory: str, *, kube_version: str, api_versions: Set[str]) -> tuple[list[Made], list[Unreadable]]:
    """`directory` is a chart, its sub-charts unpacked; `kube_version` is like `1.28.0`; `api_versions` every
    group/version and group/version/Kind that the target serves."""
    reading = _Chart(directory, kube_version, api_versions)
    found: list[Made] = []
    odd: list[Unreadable] = []
    for one in reading.all_documents():
        if isinstance(one, Made):
            found.append(one)
        else:
            odd.append(one)
    return list(dict.fromkeys(found)), list(dict.fromkeys(odd))


class _Chart:
    def __init__(self, directory: str, kube_version: str, api_versions: Set[str]) -> None:
        self._directory = directory
        self._world = World(kube_version, api_versions, self._helper)
        self._texts: dict[str, str] = {}
        self._parts: dict[str, list[Part]] = {}
        self._defined: dict[str, tuple[str, Branch]] = {}
        self._odd: list[Unreadable] = []
        for path in self._files("templates"):
            self._read(path)

    def all_documents(self) -> Iterator[Made | Unreadable]:
        yield from self._odd
        for path, parts in self._parts.items():
            name = os.path.basename(path)
            if path.endswith(_MANIFESTS) and not name.startswith(("_", ".")):
                holes: list[Any] = []
                pieces = list(self._pieces(path, parts, not self._is_optional(path), holes, {}, 0))
                yield from documents(path, pieces, holes)
        for path in self._files("crds"):
            text = self._text(path)
            if path.endswith(_MANIFESTS) and text is not None:
                yield from documents(path, [Piece(text, 1, True)], [])

    def _is_optional(self, path: str) -> bool:
        """Whether it is of a sub-chart that a condition or tag may leave out."""
        parts = path.split("/")
        above = ["/".join(parts[:number]) for number, part in enumerate(parts) if part == "charts"]
        names = [os.path.join(self._directory, chart, name) for chart in above for name in _METADATA]
        return any(_CONDITION.search(_head(name)) for name in names)

    def _files(self, wanted: str) -> Iterator[str]:
        """Paths from the chart on, of it and of its sub-charts."""
        for directory, names, files in os.walk(self._directory):
            names.sort()
            inside = os.path.relpath(directory, self._directory).split(os.sep)
            if wanted in inside:
                yield from (os.path.relpath(os.path.join(directory, name), self._directory) for name in sorted(files))

    def _text(self, path: str) -> str | None:
        try:
            with open(os.path.join(self._directory, path), "rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            self._odd.append(Unreadable(path, 1, error.strerror or str(error)))
            return None
        if len(data) > MAX_BYTES:
            self._odd.append(Unreadable(path, 1, f"larger than {MAX_BYTES >> 20} MiB"))
            return None
        return data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\x00", "")

    def _read(self, path: str) -> None:
        if not path.endswith((*_MANIFESTS, ".tpl")):
            return
        text = self._text(path)
        if text is None:
            return
        try:
            parts, defined = parse_template(text)
        except TemplateError as error:
            self._odd.append(Unreadable(path, text.count("\n", 0, error.offset) + 1, str(error)))
            return
        self._texts[path] = text
        self._parts[path] = parts
        self._defined.update({name: (path, branch) for name, branch in defined.items()})

    def _pieces(
        self, path: str, parts: list[Part], is_sure: bool, holes: list[Any], variables: dict[str, str], depth: int
    ) -> Iterator[Piece]:
        text = self._texts[path]
        world = self._world._replace(variables=variables)
        for part in parts:
            if isinstance(part, Text):
                yield Piece(text[part.start : part.end], text.count("\n", 0, part.start) + 1, is_sure)
            elif isinstance(part, Block):
                yield from self._block(path, part, is_sure, holes, variables, depth)
            else:
                assignment = _ASSIGNMENT.match(part.code)
                if assignment is not None:
                    variables[assignment[1]] = assignment[2]
                    continue
                yield from self._output(path, part, is_sure, holes, world, depth)

    def _block(
        self, path: str, block: Block, is_sure: bool, holes: list[Any], variables: dict[str, str], depth: int
    ) -> Iterator[Piece]:
        for branch in block.branches:
            if branch.keyword in ("if", "else if"):
                holds = test(branch.code, self._world._replace(variables=variables))
            else:
                holds = True if branch.keyword == "else" and block.keyword == "if" else None
            if holds is False:
                continue
            yield from self._pieces(path, branch.body, is_sure and holds is True, holes, variables, depth)
            if holds is True:
                return
            is_sure = False

    def _output(
        self, path: str, part: Output, is_sure: bool, holes: list[Any], world: World, depth: int
    ) -> Iterator[Piece]:
        line = self._texts[path].count("\n", 0, part.action.start) + 1
        code = f"template {part.code}" if part.keyword == "template" else part.code
        helper = re.match(r"(?:include|template)\s+\"([^\"]+)\"", code)
        before = self._texts[path][: part.action.start].rpartition("\n")[2]
        if helper and not before.strip() and helper[1] in self._defined and depth < MAX_DEPTH:
            there, branch = self._defined[helper[1]]  # a helper that writes lines of its own
            yield from (
                piece._replace(line=line) for piece in self._pieces(there, branch.body, is_sure, holes, {}, depth + 1)
            )
            return
        holes.append(evaluate(code, world))
        yield Piece(f"\x00{len(holes) - 1}\x00", line, is_sure)

    def _helper(self, name: str, depth: int) -> Any:
        """What a helper prints: a text, or an Unknown with what it may be."""
        if name not in self._defined or depth > MAX_DEPTH:
            return Unknown()
        path, branch = self._defined[name]
        holes: list[Any] = []
        pieces = list(self._pieces(path, branch.body, True, holes, {}, depth + 1))
        if all(piece.is_sure for piece in pieces):
            text = filled("".join(piece.text for piece in pieces), holes)
            if len(text) == 1 and not any(isinstance(hole, Unknown) for hole in holes):
                return text[0].strip()
        texts = [one.strip() for piece in pieces for one in filled(piece.text, holes)]
        return Unknown(tuple(dict.fromkeys(text for text in texts if text)))


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""
