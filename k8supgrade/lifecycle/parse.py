"""Deprecation tables: YAML text to rows. Reads our own files, those of users, and Pluto's additional versions.

data/deprecations/schema.json says the same for editors; here every message carries the line and what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import NoReturn

from k8supgrade.errors import UsageError
from k8supgrade.lifecycle import yamltree
from k8supgrade.lifecycle.row import Row, release
from k8supgrade.lifecycle.yamltree import Node
from k8supgrade.model.version import KUBERNETES

TOP_KEYS = ("component", "deprecated-versions", "target-versions")
ROW_KEYS = tuple(name.replace("_", "-") for name in Row._fields)
RELEASE_KEYS = ("introduced-in", "deprecated-in", "removed-in", "served-again-in", "replacement-available-in")
ALIASES = {"k8s": KUBERNETES}
_TEXT_KEYS = frozenset(ROW_KEYS) - {"namespaced"}
_OPTIONAL_KEYS = _TEXT_KEYS - {"version", "kind", "component"}

API_VERSION = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z", re.ASCII)
KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}\Z", re.ASCII)
COMPONENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z", re.ASCII)
RELEASE = re.compile(r"v?\d{1,6}\.\d{1,9}(?:\.\d{1,9})?(?:[+-][0-9A-Za-z.+-]*)?\Z", re.ASCII)

_ORDER = ("introduced-in", "deprecated-in", "removed-in", "served-again-in")
_HINTS = {
    "version": "write it like policy/v1beta1, or v1 for the core group",
    "replacement-api": "write it like policy/v1, or v1 for the core group",
    "kind": "write one kind, like PodDisruptionBudget; wildcards do not work, add a row per kind",
    "replacement-kind": "write one kind, like PodDisruptionBudget",
    "component": "write a name like kubernetes or cert-manager",
}
_PATTERNS = {
    "version": API_VERSION,
    "replacement-api": API_VERSION,
    "kind": KIND,
    "replacement-kind": KIND,
    "component": COMPONENT,
    **dict.fromkeys(RELEASE_KEYS, RELEASE),
}
_TYPES = {"map": "a mapping", "seq": "a list", "null": "empty", "str": "text", "bool": "a boolean"}


def parse_table(data: bytes, path: str) -> list[Row]:
    """The rows of one file; `path` as the user gave it, for messages.

    Raises:
        UsageError: the file breaks a rule; the message is `path:line: rule`.
    """
    root = yamltree.read(data, path)
    if root.type != "map":
        _fail(path, root, f"the file holds {_describe(root)}; expected a mapping with deprecated-versions")
    top = _mapping(root, TOP_KEYS, path)
    component = _text(top, "component", path)
    versions = top.get("target-versions")
    if versions is not None and versions.type not in ("map", "null"):
        _fail(path, versions, f"target-versions is {_describe(versions)}; expected a mapping")
    if "deprecated-versions" not in top:
        _fail(path, root, "deprecated-versions is missing; it holds the rows")
    listed = top["deprecated-versions"]
    if listed.type != "seq":
        _fail(path, listed, f"deprecated-versions is {_describe(listed)}; expected a list of rows")
    lines: dict[tuple[str, str], int] = {}
    rows = []
    for node in listed.items:
        row = _row(node, component, path)
        if row.api in lines:
            _fail(path, node, f"{row.version} {row.kind} is already listed in line {lines[row.api]}; keep one row")
        lines[row.api] = node.line
        rows.append(row)
    return rows


def _row(node: Node, component: str | None, path: str) -> Row:
    if node.type != "map":
        _fail(path, node, f"a row is {_describe(node)}; expected a mapping with version and kind")
    fields = _mapping(node, ROW_KEYS, path)
    for key in ("version", "kind"):
        if key not in fields:
            _fail(path, node, f"the row has no {key}; {_HINTS[key]}")
    values = {key: _text(fields, key, path, required=key in ("version", "kind")) for key in fields if key in _TEXT_KEYS}
    name = values.get("component") or component
    if name is None:
        _fail(path, node, "the row has no component, and neither has the file; name whose versions these are")
    row = Row(
        version=values["version"] or "",
        kind=values["kind"] or "",
        component=ALIASES.get(name, name),
        namespaced=_bool(fields, "namespaced", path),
        **{key.replace("-", "_"): values.get(key) for key in _OPTIONAL_KEYS},
    )
    _check_order(row, fields, path)
    if row.replacement_kind and not row.replacement_api:
        _fail(
            path, fields["replacement-kind"], "replacement-kind without replacement-api; add it, even if it is the same"
        )
    if row.replacement == row.api:
        _fail(path, fields["replacement-api"], f"{row.version} {row.kind} is its own replacement; name another or none")
    return row


def _check_order(row: Row, fields: Mapping[str, Node], path: str) -> None:
    """An API comes, is announced to go, goes, and (add-ons) may come back, each later than the last."""
    earlier: tuple[str, str] | None = None
    for key in RELEASE_KEYS:
        text = getattr(row, key.replace("-", "_"))
        if text is None:
            continue
        try:
            parsed = release(row.component, text)
        except UsageError as error:
            raise UsageError(f"{path}:{fields[key].line}: {key}: {error}") from error
        if key not in _ORDER:
            continue
        if earlier is not None:
            before = release(row.component, earlier[1])
            if parsed is None or before is None or parsed <= before:
                _fail(
                    path, fields[key], f"{key} {text} is not later than {earlier[0]} {earlier[1]}; correct or drop one"
                )
        earlier = key, text
    if row.served_again_in is not None and row.removed_in is None:
        _fail(path, fields["served-again-in"], "served-again-in without removed-in; say when it went away")


def _mapping(node: Node, known: Collection[str], path: str) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, value in node.pairs():
        if key.type != "str" or key.text not in known:
            close = difflib.get_close_matches(key.text[:100], known, 1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
            _fail(path, key, f"unknown key {_quote(key)}; {hint}")
        if key.text in found:
            _fail(path, key, f"{key.text} is there twice, first in line {found[key.text].line}")
        found[key.text] = value
    return found


def _text(fields: Mapping[str, Node], key: str, path: str, *, required: bool = False) -> str | None:
    """An empty string or null is an absent value, as in Pluto's files."""
    node = fields.get(key)
    if node is None:
        return None
    if node.type == "null" or (node.type == "str" and not node.text):
        if required:
            _fail(path, node, f"{key} is empty; {_HINTS[key]}")
        return None
    if node.type != "str":
        hint = f"quote it: {key}: '{node.text}'" if node.type in ("float", "int", "timestamp") else "expected text"
        _fail(path, node, f"{key} is {_describe(node)}; {hint}")
    pattern = _PATTERNS.get(key)
    if pattern is not None and not pattern.match(node.text):
        hint = _HINTS.get(key, "write a version like '1.25' or v1.25.0")
        _fail(path, node, f"{key} {_quote(node)} is not valid; {hint}")
    return node.text


def _bool(fields: Mapping[str, Node], key: str, path: str) -> bool | None:
    node = fields.get(key)
    if node is None or node.type == "null":
        return None
    if node.type != "bool":
        _fail(path, node, f"{key} is {_describe(node)}; expected true or false")
    return node.text.lower() in ("true", "yes", "on")


def _describe(node: Node) -> str:
    return _TYPES.get(node.type, "a number" if node.type in ("int", "float") else f"a {node.type}")


def _quote(node: Node) -> str:
    if node.type in ("map", "seq"):
        return _describe(node)
    return repr(node.text if len(node.text) <= 60 else node.text[:60] + "…")


def _fail(path: str, node: Node, rule: str) -> NoReturn:
    raise UsageError(f"{path}:{node.line}: {rule}")
