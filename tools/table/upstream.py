"""data/upstream/kubernetes.json: everything that was read from upstream, so that deriving needs no network."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.table.enabled import Defaults, read_defaults
from tools.table.gvk import Api, TableError, from_ranges, minor_number, parse_api, release, to_ranges
from tools.table.modules import Module, listed_patches, newest_patch
from tools.table.prerelease import Lifecycle, read_module
from tools.table.swagger import read_release

KUBERNETES = "k8s.io/kubernetes"
LIBRARIES = ("k8s.io/api", "k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator")
OLDEST = 16
FIRST_WITH_LIFECYCLES = 19
_DEFAULTS_FILES = ("pkg/controlplane/instance.go", "pkg/master/master.go")
_LIBRARY_DEFAULTS_FILE = "pkg/apiserver/apiserver.go"


@dataclass(slots=True)
class Row:
    """One API over all releases."""

    namespaced: bool
    subresource: bool
    served: set[int] = field(default_factory=set)
    default: set[int] = field(default_factory=set)
    lifecycle: Lifecycle | None = None


@dataclass(slots=True)
class Upstream:
    """The file: the module versions that were read, per minor, and the rows."""

    modules: dict[int, dict[str, str]]
    rows: dict[Api, Row]

    @property
    def newest(self) -> int:
        return max(self.modules)


def fetch(known: Upstream | None) -> Upstream:
    """Read every minor from the oldest to the newest that exists; known only says where to look for patches."""
    modules = _modules(known)
    rows: dict[Api, Row] = {}
    lifecycles: dict[Api, Lifecycle] = {}
    groups: dict[str, str] = {}  # kept over the releases: the defaults name versions for a while after they are gone
    for minor in sorted(modules):
        _read_minor(minor, modules[minor], rows, groups)
        if minor >= FIRST_WITH_LIFECYCLES:  # ascending, so that the newest statement wins
            for library in LIBRARIES:
                module = modules[minor][library]
                lifecycles.update(read_module(module.directory, str(module)))
    for api, row in rows.items():
        row.lifecycle = lifecycles.get(api)
    versions = {minor: {path: module.version for path, module in found.items()} for minor, found in modules.items()}
    return Upstream(versions, rows)


def _modules(known: Upstream | None) -> dict[int, dict[str, Module]]:
    modules: dict[int, dict[str, Module]] = {}
    paths = (KUBERNETES, *LIBRARIES)
    listed = {path: listed_patches(path, _major(path)) for path in paths}

    def find(path: str, minor: int) -> Module | None:
        read = known.modules.get(minor, {}).get(path) if known else None
        hints = [
            hint
            for hint in (listed[path].get(minor), int(read.rsplit(".", 1)[1]) if read else None)
            if hint is not None
        ]
        return newest_patch(path, _major(path), minor, max(hints, default=None))

    newest = max(listed[KUBERNETES].keys() | (known.modules.keys() if known else set()), default=OLDEST)
    with ThreadPoolExecutor(8) as pool:
        minors = range(OLDEST, newest + 2)  # one past the newest known: a release that the list does not name yet
        for minor, module in zip(minors, pool.map(find, [KUBERNETES] * len(minors), minors), strict=True):
            if module is None and minor <= newest:
                raise TableError(f"{KUBERNETES} {release(minor)}: no version can be downloaded")
            if module is not None:
                modules[minor] = {KUBERNETES: module}
        wanted = [(path, minor) for minor in modules for path in LIBRARIES]
        for (path, minor), module in zip(wanted, pool.map(find, *zip(*wanted, strict=True)), strict=True):
            if module is None:
                raise TableError(f"{path} for {release(minor)}: no version can be downloaded")
            modules[minor][path] = module
    return modules


def _major(path: str) -> int:
    """The libraries are published as v0 with the minor and patch of the release."""
    return 1 if path == KUBERNETES else 0


def _read_minor(minor: int, modules: dict[str, Module], rows: dict[Api, Row], groups: dict[str, str]) -> None:
    server = modules[KUBERNETES]
    found = read_release(server.directory / "api/openapi-spec/swagger.json")
    groups.update(found.groups)
    files = [server.directory / name for name in _DEFAULTS_FILES if (server.directory / name).exists()]
    if len(files) != 1:
        raise TableError(f"{server}: expected one of {', '.join(_DEFAULTS_FILES)}")
    # the API server is three servers in a row, each with its own defaults
    files += [modules[path].directory / _LIBRARY_DEFAULTS_FILE for path in LIBRARIES[1:]]
    defaults = [read_defaults(file, groups) for file in files]
    _sanity(server, defaults)
    for api, served in found.apis.items():
        row = rows.setdefault(api, Row(served.namespaced, served.subresource))
        if row.namespaced != served.namespaced:
            raise TableError(f"{server}: {api} changed between namespaced and cluster-wide")
        row.subresource = row.subresource and served.subresource
        row.served.add(minor)
        if any(switches.enabled(*endpoint) for switches in defaults for endpoint in served.endpoints):
            row.default.add(minor)


def _sanity(server: Module, defaults: list[Defaults]) -> None:
    """True of every release, whatever the form of the source: what a parser that reads nothing would get wrong."""
    on = {version for switches in defaults for version, enabled in switches.versions.items() if enabled}
    missing = {
        "v1",
        "apps/v1",
        "rbac.authorization.k8s.io/v1",
        "apiextensions.k8s.io/v1",
        "apiregistration.k8s.io/v1",
    } - on
    if missing:
        raise TableError(f"{server}: read as off by default: {', '.join(sorted(missing))}")
    alphas = sorted(version for version in on if "alpha" in version)
    if alphas:
        raise TableError(f"{server}: read as on by default: {', '.join(alphas)}")


def write(upstream: Upstream, file: Path) -> None:
    """One row a line: a new release is a small diff."""
    modules = [f'    "{release(minor)}": {json.dumps(found)}' for minor, found in sorted(upstream.modules.items())]
    rows = [f"    {json.dumps(_encode(api, upstream.rows[api], upstream.newest))}" for api in sorted(upstream.rows)]
    parts = ['{\n  "modules": {\n', ",\n".join(modules), '\n  },\n  "apis": [\n', ",\n".join(rows), "\n  ]\n}\n"]
    file.write_text("".join(parts), encoding="utf-8")


def _encode(api: Api, row: Row, newest: int) -> dict[str, Any]:
    encoded: dict[str, Any] = {
        "api": str(api),
        "namespaced": row.namespaced,
        "served": to_ranges(row.served, newest),
        "default": to_ranges(row.default, newest),
    }
    if row.subresource:
        encoded["subresource"] = True
    if row.lifecycle is not None:
        statement = row.lifecycle
        fields = ("introduced", "deprecated", "removed", "replacement", "source")
        encoded["lifecycle"] = {
            name: getattr(statement, name) for name in fields if getattr(statement, name) is not None
        }
    return encoded


def read(file: Path) -> Upstream:
    """The committed file back as values."""
    data = json.loads(file.read_text(encoding="utf-8"))
    modules = {minor_number(minor): found for minor, found in data["modules"].items()}
    newest = max(modules)
    rows: dict[Api, Row] = {}
    for entry in data["apis"]:
        rows[parse_api(entry["api"])] = Row(
            namespaced=entry["namespaced"],
            subresource=entry.get("subresource", False),
            served=from_ranges(entry["served"], newest),
            default=from_ranges(entry["default"], newest),
            lifecycle=Lifecycle(**entry["lifecycle"]) if "lifecycle" in entry else None,
        )
    return Upstream(modules, rows)
