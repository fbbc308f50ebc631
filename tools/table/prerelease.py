"""What upstream promises about an API: the generated APILifecycle* methods of its Go types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tools.table.gvk import Api, TableError, release

FILE = "zz_generated.prerelease-lifecycle.go"
_HEAD = re.compile(r"^func \(in \*(\w+)\) APILifecycle(\w+)\(", re.MULTILINE)
_RELEASE = re.compile(
    r"^func \(in \*(\w+)\) APILifecycle(Introduced|Deprecated|Removed)\(\) \(major, minor int\) \{\s*"
    r"return 1, (\d+)\s*\}",
    re.MULTILINE,
)
_REPLACEMENT = re.compile(
    r"^func \(in \*(\w+)\) APILifecycleReplacement\(\) schema\.GroupVersionKind \{\s*"
    r'return schema\.GroupVersionKind\{Group: "([^"]*)", Version: "(\w+)", Kind: "(\w+)"\}\s*\}',
    re.MULTILINE,
)
_GROUP = re.compile(r'^const GroupName = "([^"]*)"', re.MULTILINE)


@dataclass(slots=True)
class Lifecycle:
    """One type's statement; source names the module file that made it."""

    source: str
    introduced: str | None = None
    deprecated: str | None = None
    removed: str | None = None
    replacement: str | None = None


def read_module(directory: Path, name: str) -> dict[Api, Lifecycle]:
    """All statements of one module; name is its path@version."""
    found: dict[Api, Lifecycle] = {}
    for file in sorted(directory.rglob(FILE)):
        found.update(_read_file(file, f"{name}/{file.relative_to(directory).as_posix()}"))
    if not found:
        raise TableError(f"{name}: no {FILE} in it")
    return found


def _read_file(file: Path, source: str) -> dict[Api, Lifecycle]:
    text = file.read_text(encoding="utf-8")
    match = _GROUP.search((file.parent / "register.go").read_text(encoding="utf-8"))
    if match is None:
        raise TableError(f"{source}: register.go beside it names no group")
    group, version = match[1], file.parent.name
    found: dict[Api, Lifecycle] = {}
    understood = 0
    for kind, event, minor in _RELEASE.findall(text):
        lifecycle = found.setdefault(Api(group, version, kind), Lifecycle(source))
        setattr(lifecycle, event.lower(), release(int(minor)))
        understood += 1
    for kind, new_group, new_version, new_kind in _REPLACEMENT.findall(text):
        lifecycle = found.setdefault(Api(group, version, kind), Lifecycle(source))
        lifecycle.replacement = str(Api(new_group, new_version, new_kind))
        understood += 1
    if understood != len(_HEAD.findall(text)):
        raise TableError(f"{source}: {len(_HEAD.findall(text)) - understood} methods have an unknown form")
    return found
