"""What a release serves: the operations of its OpenAPI document, which upstream generates with every API enabled."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.table.gvk import Api, TableError

_PATH = re.compile(
    r"^/apis?/(?P<api_version>[^/]+(?:/v[^/]+)?)(?P<namespaced>/namespaces/\{namespace\})?/(?P<resource>[a-z]+)"
    r"(?:/\{name\}(?:/(?P<subresource>[a-z]+))?)?"
)
_DEFINITION = re.compile(r"\.([a-z0-9]+)\.v\d\w*\.[A-Z]\w*$")


@dataclass(slots=True)
class Served:
    """One kind in one release."""

    namespaced: bool = False
    subresource: bool = True
    endpoints: set[tuple[str, str]] = field(default_factory=set)
    """(group/version, resource) of each path: what switches the kind on is the path's version, not the kind's."""


@dataclass(frozen=True, slots=True)
class Release:
    """What one release's document says."""

    apis: dict[Api, Served]
    groups: dict[str, str]
    """Source directory → API group ('rbac' → 'rbac.authorization.k8s.io'), to read Go package names."""


def read_release(document: Path) -> Release:
    """Collect the kinds of all operations. Lists and meta kinds never name an operation, so they fall away."""
    swagger: dict[str, Any] = json.loads(document.read_text(encoding="utf-8"))
    apis: dict[Api, Served] = {}
    for path, operations in swagger["paths"].items():
        for operation in operations.values():
            gvk = operation.get("x-kubernetes-group-version-kind") if isinstance(operation, dict) else None
            if gvk is None:
                continue
            match = _PATH.match(path.replace("/watch/", "/", 1))
            if match is None:
                raise TableError(f"{document}: {path}: not a resource path")
            served = apis.setdefault(Api(gvk["group"], gvk["version"], gvk["kind"]), Served())
            served.endpoints.add((match["api_version"], match["resource"]))
            # a namespaced kind also has a list over all namespaces, so one path with a namespace is enough
            served.namespaced = served.namespaced or match["namespaced"] is not None
            served.subresource = served.subresource and match["subresource"] is not None
    return Release(apis, _groups(swagger["definitions"]))


def _groups(definitions: dict[str, Any]) -> dict[str, str]:
    groups: dict[str, str] = {}
    for name, definition in definitions.items():
        gvks = definition.get("x-kubernetes-group-version-kind", [])
        match = _DEFINITION.search(name)
        if match is None or len(gvks) != 1:
            continue  # DeleteOptions and WatchEvent belong to every group
        known = groups.setdefault(match[1], gvks[0]["group"])
        if known != gvks[0]["group"]:
            raise TableError(f"{name}: directory {match[1]!r} holds {known!r} and {gvks[0]['group']!r}")
    return groups
