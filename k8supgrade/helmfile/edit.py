"""New versions where the old ones are written: the scalar is replaced, every other byte stays."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from k8supgrade.atomic import replace_file
from k8supgrade.helmfile.constraint import satisfies
from k8supgrade.helmfile.files import FileError, read_text
from k8supgrade.helmfile.semver import parse_version
from k8supgrade.helmfile.state import outline
from k8supgrade.helmfile.template import TemplateError
from k8supgrade.helmfile.tree import Map, Node, Scalar, TreeError
from k8supgrade.model.pin import Pin, Written

# `~1.2.0` stays a range of its kind; any other range becomes the exact version.
_OPERATOR = re.compile(r"([~^]|~>)\s*v?\d[\w.+-]*\Z", re.ASCII)
_PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]*\Z", re.ASCII)


class Bump(NamedTuple):
    """What a pin is to become."""

    pin: Pin
    to: str


class Edit(NamedTuple):
    """A file before and after."""

    path: str
    before: str
    after: str
    bumps: tuple[Bump, ...]


class Refused(NamedTuple):
    """Why a bump is not made; `reason` starts with where."""

    bump: Bump
    reason: str


def edits(bumps: Iterable[Bump]) -> tuple[list[Edit], list[Refused]]:
    """The files that change, and what cannot be changed. Nothing is written."""
    refused: list[Refused] = []
    spots: dict[Written, list[Bump]] = {}
    for bump in bumps:
        reason = _objection(bump)
        if reason is not None:
            refused.append(Refused(bump, reason))
        else:
            spots.setdefault(bump.pin.written[0], []).append(bump)
    files: dict[str, list[tuple[Written, list[Bump]]]] = {}
    for spot, of_spot in spots.items():
        wanted = {bump.to for bump in of_spot}
        if len(wanted) > 1:
            reason = (
                f"{spot.path}:{spot.line}: one place for several versions ({', '.join(sorted(wanted))}): pin them apart"
            )
            refused += [Refused(bump, reason) for bump in of_spot]
        else:
            files.setdefault(spot.path, []).append((spot, of_spot))
    made = []
    for path, changes in sorted(files.items()):
        outcome = _edit(path, changes)
        if isinstance(outcome, Edit):
            made.append(outcome)
        else:
            refused += [Refused(bump, outcome) for _, of_spot in changes for bump in of_spot]
    return made, refused


def diff(changes: Iterable[Edit]) -> str:
    """As `git apply` and `patch -p1` take it, from the working directory."""
    return "".join(_diff(edit) for edit in changes)


def write(changes: Sequence[Edit]) -> None:
    """Replaces the files, each in one step, once all of them are known to be as they were read.

    Raises:
        OSError: a file cannot be written, or is not what it was.
    """
    for edit in changes:
        with open(edit.path, "rb") as file:
            if file.read() != edit.before.encode():
                raise OSError(None, "it has changed meanwhile", edit.path)
    for edit in changes:
        path = os.path.realpath(edit.path)
        replace_file(path, edit.after.encode(), mode=os.stat(path).st_mode & 0o7777)


def _objection(bump: Bump) -> str | None:
    pin = bump.pin
    where = f"{pin.path}:{pin.line}: {pin.release}"
    if not _PLAIN.match(bump.to) or parse_version(bump.to) is None:
        return f"{where}: {bump.to!r} is no version"
    if not pin.written:
        return f"{where}: the version is written nowhere that can be changed: bump it by hand to {bump.to}"
    spot = pin.written[0]
    if "{{" in spot.text:
        return f"{spot.path}:{spot.line}: the version is a template: bump it by hand to {bump.to}"
    if parse_version(spot.text) is None and satisfies(spot.text, bump.to):
        return f"{spot.path}:{spot.line}: the range {spot.text} already admits {bump.to}"
    return None


def _edit(path: str, changes: list[tuple[Written, list[Bump]]]) -> Edit | str:
    """The file with its changes, or why there is none."""
    try:
        before = read_text(path)
    except FileError as error:
        return f"{path}: {error}"
    after = before
    for spot, bumps in sorted(changes, key=lambda change: change[0].start, reverse=True):
        if before[spot.start : spot.end] != spot.text:
            return f"{path}:{spot.line}: the file has changed since it was read"
        after = after[: spot.start] + _new(spot, bumps[0].to, before) + after[spot.end :]
    try:
        wrong = _differs(outline(before, path), outline(after, path), {spot.line for spot, _ in changes})
    except (TreeError, TemplateError) as error:
        return f"{path}: it would no longer be readable: {error}"
    if wrong:
        return f"{path}: more than the versions would change"
    return Edit(path, before, after, tuple(bump for _, bumps in changes for bump in bumps))


def _new(spot: Written, to: str, text: str) -> str:
    """The operator of a range stays; a plain scalar that YAML takes for a number gets quotes."""
    operator = _OPERATOR.match(spot.text)
    new = f"{operator[1]}{to}" if operator else to
    if spot.text.startswith("v") and not new.startswith("v") and operator is None:
        new = f"v{new}"
    quoted = text[spot.start - 1 : spot.start] in ("'", '"')
    return new if quoted or not _is_number(new) else f'"{new}"'


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _differs(before: Sequence[Node], after: Sequence[Node], lines: set[int]) -> bool:
    """Whether anything but scalars on these lines is another one."""
    if len(before) != len(after):
        return True
    seen: set[tuple[int, int]] = set()

    def same(one: Any, other: Any) -> bool:
        if (id(one), id(other)) in seen:
            return True
        seen.add((id(one), id(other)))
        if isinstance(one, Map) and isinstance(other, Map):
            return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and all(map(same, one, other))
        if isinstance(one, Scalar) and isinstance(other, Scalar):
            return one.text == other.text or (one.written is not None and one.written.line in lines)
        return one is None and other is None

    return not all(map(same, before, after))


def _diff(edit: Edit) -> str:
    lines = list(difflib.unified_diff(_lines(edit.before), _lines(edit.after), f"a/{edit.path}", f"b/{edit.path}", n=3))
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """At line feeds alone: a carriage return, or what else Unicode calls an end of line, belongs to the line."""
    return [line for line in re.split(r"(?<=\n)", text) if line]
