"""What a release switches on by default: its Go function DefaultAPIResourceConfigSource, read as text.

Only the handful of statements that the function has ever used are understood. Anything else is an error,
because a statement skipped here would say of an API that it is there when it is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tools.table.gvk import TableError

_FUNCTION = "DefaultAPIResourceConfigSource"
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_IMPORTS = re.compile(r"^import \((.*?)^\)", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(r'^\s*(?:(\w+)\s+)?"([^"]+)"\s*$', re.MULTILINE)
_LIST = re.compile(r"^\s*(\w+)\s*=\s*\[\]schema\.GroupVersion(?:Resource)?\{(.*?)\n\s*\}", re.DOTALL | re.MULTILINE)
_START = re.compile(r"ret := (?:serverstorage\.NewResourceConfig|(\w+))\(\)$")
_CALL = re.compile(r"ret\.(Enable|Disable)(Versions|Resources)\((.*)\)$", re.DOTALL)
_ITEM = re.compile(r'(\w+)\.SchemeGroupVersion(?:\.WithResource\("([a-z]+)"\))?$')
_PACKAGE = re.compile(r"/(\w+)/(v\d\w*)$")


@dataclass(slots=True)
class Defaults:
    """The switches of one release, with the precedence that the API server gives them."""

    versions: dict[str, bool] = field(default_factory=dict)
    resources: dict[tuple[str, str], bool] = field(default_factory=dict)

    def enabled(self, api_version: str, resource: str) -> bool:
        """A switch of the resource wins over the one of its version; what nobody mentions is off."""
        return self.resources.get((api_version, resource), self.versions.get(api_version, False))

    def set_version(self, api_version: str, on: bool) -> None:
        """A version switch takes back the resource switches before it, as upstream's ResourceConfig does."""
        self.versions[api_version] = on
        self.resources = {key: value for key, value in self.resources.items() if key[0] != api_version}


@dataclass(frozen=True, slots=True)
class _Source:
    where: str
    text: str
    imports: dict[str, str]
    lists: dict[str, str]
    groups: dict[str, str]


def read_defaults(file: Path, groups: dict[str, str]) -> Defaults:
    """Evaluate the function in one file; groups translates package directories to API groups."""
    raw = file.read_text(encoding="utf-8")
    block = _IMPORTS.search(raw)
    if block is None:
        raise TableError(f"{file}: no import block")
    text = _COMMENT.sub("", raw)
    source = _Source(
        where=str(file),
        text=text,
        imports={alias or path.rsplit("/", 1)[-1]: path for alias, path in _IMPORT.findall(block[1])},
        lists=dict(_LIST.findall(text)),
        groups=groups,
    )
    defaults = Defaults()
    _run(source, _FUNCTION, defaults)
    return defaults


def _run(source: _Source, function: str, defaults: Defaults) -> None:
    match = re.search(
        rf"^func {function}\(\) \*serverstorage\.ResourceConfig \{{(.*?)^\}}", source.text, re.DOTALL | re.MULTILINE
    )
    if match is None:
        raise TableError(f"{source.where}: no function {function} of the known form")
    statements = _statements(match[1])
    if statements[-1] != "return ret":
        raise TableError(f"{source.where}: {function} does not end with 'return ret'")
    for statement in statements[:-1]:
        start, call = _START.match(statement), _CALL.match(statement)
        if start is not None:
            if start[1]:
                _run(source, start[1], defaults)
        elif call is not None:
            _apply(source, call[1] == "Enable", call[2], call[3], defaults)
        else:
            raise TableError(f"{source.where}: {function}: statement not understood: {statement}")


def _statements(body: str) -> list[str]:
    """One statement per string: lines are joined while a bracket is open."""
    statements: list[str] = []
    current, depth = "", 0
    for line in body.splitlines():
        if not line.strip():
            continue
        current += line.strip() if not current else "\n" + line.strip()
        depth += line.count("(") + line.count("{") - line.count(")") - line.count("}")
        if depth == 0:
            statements.append(current)
            current = ""
    if current:
        statements.append(current)
    return statements


def _apply(source: _Source, on: bool, what: str, arguments: str, defaults: Defaults) -> None:
    arguments = arguments.strip()
    if arguments.endswith("..."):
        name = arguments.removesuffix("...")
        if name not in source.lists:
            raise TableError(f"{source.where}: list {name} not found")
        arguments = source.lists[name]
    for item in filter(None, (part.strip() for part in arguments.split(","))):
        match = _ITEM.match(item)
        if match is None or (match[2] is not None) != (what == "Resources"):
            raise TableError(f"{source.where}: item of {what} not understood: {item}")
        api_version = _api_version(source, match[1])
        if match[2] is not None:
            defaults.resources[(api_version, match[2])] = on
        else:
            defaults.set_version(api_version, on)


def _api_version(source: _Source, alias: str) -> str:
    path = source.imports.get(alias)
    package = _PACKAGE.search(path) if path else None
    if package is None or package[1] not in source.groups:
        raise TableError(f"{source.where}: {alias} ({path}): no API group known for this package")
    group = source.groups[package[1]]
    return f"{group}/{package[2]}" if group else package[2]
