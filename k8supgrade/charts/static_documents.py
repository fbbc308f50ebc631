"""Documents in what a template makes: pieces of text, with holes for what an expression prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from k8supgrade.charts.static_code import MAX_TEXTS, Unknown, texts_of

Certainty = Literal["certain", "possible"]

_SEPARATOR = re.compile(r"---(?:\s|\Z)")
_FIELD = re.compile(r"[\"']?(apiVersion|kind)[\"']?:[ \t]*(.*?)[ \t]*\Z", re.DOTALL)
_HOLE = re.compile("\x00(\\d+)\x00")


class Made(NamedTuple):
    """`template` is the path in the chart, with the chart's name first as Helm writes it; `line` from 1."""

    api_version: str
    kind: str
    certainty: Certainty
    template: str
    line: int


class Unreadable(NamedTuple):
    """A document whose apiVersion or kind could not be worked out, or a template that is none."""

    template: str
    line: int
    reason: str


class Piece(NamedTuple):
    """Text, or a hole for what an expression prints; `is_sure`: no guard that is not known is around it."""

    text: str
    line: int
    is_sure: bool


def filled(text: str, holes: list[Any]) -> list[str]:
    """What a text with holes may be."""
    found = [""]
    at = 0
    for match in _HOLE.finditer(text):
        found = [one + text[at : match.start()] for one in found]
        options = texts_of(holes[int(match[1])])
        found = [one + option for one in found for option in options][:MAX_TEXTS]
        at = match.end()
    return [one + text[at:] for one in found]


class _Field(NamedTuple):
    values: tuple[str, ...]
    line: int
    is_sure: bool


def documents(path: str, pieces: list[Piece], holes: list[Any]) -> Iterator[Made | Unreadable]:
    """Splits what the pieces make into documents, and yields what each of them is."""
    fields: dict[str, list[_Field]] = {"apiVersion": [], "kind": []}
    for line, number, is_sure in _lines(pieces):
        if _SEPARATOR.match(line):
            yield from _objects(path, fields)
            fields = {"apiVersion": [], "kind": []}
        elif (field := _FIELD.match(line)) is not None:
            text = field[2].split(" #")[0].strip().strip("\"'")
            uncertain = any(isinstance(holes[int(hole)], Unknown) for hole in _HOLE.findall(text))
            values = tuple(dict.fromkeys(one.strip().strip("\"'") for one in filled(text, holes)))
            known = tuple(value for value in values if value)
            fields[field[1]].append(_Field(known, number, is_sure and not uncertain and len(known) == 1))
    yield from _objects(path, fields)


def _lines(pieces: list[Piece]) -> Iterator[tuple[str, int, bool]]:
    """Lines, each with its number and whether all of it is sure to be there."""
    line, number, is_sure = "", 1, True
    for piece in pieces:
        for count, part in enumerate(piece.text.split("\n")):
            if count:
                yield line, number, is_sure
                line, is_sure = "", True
            if not line.strip():
                number = piece.line + count
            line += part
            is_sure = is_sure and (piece.is_sure or not part.strip())
    yield line, number, is_sure


def _objects(path: str, fields: dict[str, list[_Field]]) -> Iterator[Made | Unreadable]:
    versions, kinds = fields["apiVersion"], fields["kind"]
    if not versions and not kinds:
        return
    line = (versions or kinds)[0].line
    if not any(one.values for one in versions) or not any(one.values for one in kinds):
        yield Unreadable(path, line, "its apiVersion or kind depends on what is not known without rendering")
        return
    if any(not one.values for one in (*versions, *kinds)):
        yield Unreadable(path, line, "its apiVersion or kind depends on values")
    is_single = len(versions) == len(kinds) == 1
    for version in versions:
        for kind in kinds:
            is_sure = is_single and version.is_sure and kind.is_sure
            for one in version.values:
                for other in kind.values:
                    yield Made(one, other, "certain" if is_sure else "possible", path, version.line)
