"""data/upstream/overlay.yaml: what no file of upstream says in a form that can be read, each with its source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tools.table.gvk import Api, TableError, parse_api

GUIDE = "guide"
_GUIDE_URL = "https://kubernetes.io/docs/reference/using-api/deprecation-guide/"
_MODULE_FILE = re.compile(r"k8s\.io/([\w-]+)@(v[\d.]+)/(.+)$")
_FIELDS = ("notes", "replacement", "introduced", "deprecated", "removed", "served", "default")


@dataclass(slots=True)
class Curated:
    """What the overlay says of one API. A value of None means: the row is to have no such field."""

    sources: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """The page a reader is sent to: the guide where it has a section, else the first source."""
        return url(min(self.sources, key=lambda source: not source.startswith(GUIDE)))


def read(file: Path) -> dict[Api, Curated]:
    """Every statement must name its source, and no two may speak of the same field of an API."""
    curated: dict[Api, Curated] = {}
    for number, entry in enumerate(yaml.safe_load(file.read_text(encoding="utf-8"))["entries"], 1):
        where = f"{file.name}: entry {number}"
        unknown = set(entry) - {"source", "apis", *_FIELDS}
        if unknown or "source" not in entry or not entry.get("apis"):
            raise TableError(f"{where}: needs source and apis, and knows {', '.join(_FIELDS)} beside them")
        url(entry["source"])
        for api in map(parse_api, entry["apis"]):
            row = curated.setdefault(api, Curated())
            row.sources.append(entry["source"])
            for name in _FIELDS:
                if name not in entry:
                    continue
                if name in row.values:
                    raise TableError(f"{where}: {name} of {api} is said twice")
                row.values[name] = entry[name]
    return curated


def url(source: str) -> str:
    """The page of a source: 'guide#anchor' or 'module@version/path', so that no address is written by hand."""
    kind, _, anchor = source.partition("#")
    if kind == GUIDE:
        return f"{_GUIDE_URL}#{anchor}"
    match = _MODULE_FILE.match(source)
    if match is None:
        raise TableError(f"source {source!r}: expected guide#anchor or module@version/path")
    return f"https://github.com/kubernetes/{match[1]}/blob/{match[2]}/{match[3]}"
