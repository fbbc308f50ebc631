"""The table at start-up: the compact form where it is fresh, the YAML else, and the user's own rows on top."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from k8supgrade.errors import UsageError
from k8supgrade.lifecycle.row import Row
from k8supgrade.lifecycle.served import Served
from k8supgrade.lifecycle.table import LifecycleTable

if TYPE_CHECKING:
    from k8supgrade.lifecycle.compile import Compact

FORMAT = 1
_HERE = os.path.dirname(os.path.abspath(__file__))


def load_table(extra: Sequence[str] = ()) -> LifecycleTable:
    """The shipped table, and the rows of the files `extra` (--table) in place of or beside its own.

    Raises:
        UsageError: a file of `extra` cannot be read or breaks a rule.
    """
    compact = _compact(_HERE)
    served = Served(compact["minors"], compact["served"])
    table = LifecycleTable(map(Row._make, compact["rows"]), served, compact["dataVersion"])
    return table.with_rows(row for path in extra for row in _read(path)) if extra else table


def _read(path: str) -> list[Row]:
    from k8supgrade.lifecycle.parse import parse_table
    from k8supgrade.lifecycle.yamltree import MAX_BYTES

    try:
        with open(path, "rb") as file:
            return parse_table(file.read(MAX_BYTES + 1), path)
    except OSError as error:
        raise UsageError(f"{path}: cannot read the table: {error.strerror or error}") from error


def _compact(here: str) -> Compact:
    """An installed package has its data beside it and nothing that changes; a checkout has data/ at its root."""
    data, is_installed = data_directory(os.path.dirname(here))
    file = os.path.join(here, "compact.json")
    found = _fresh(file, None if is_installed else data)
    return found if found is not None else _recompile(data, file)


def data_directory(package: str = os.path.dirname(_HERE)) -> tuple[str, bool]:
    """Where the data files are, and whether that is in an installed package."""
    data = os.path.join(package, "data")
    if os.path.isdir(data):
        return data, True
    return os.path.join(os.path.dirname(package), "data"), False


def _fresh(file: str, data: str | None) -> Compact | None:
    try:
        if data is not None and os.stat(file).st_mtime_ns < newest_mtime(data):
            return None
        with open(file, "rb") as handle:
            found: Any = json.loads(handle.read())
    except (OSError, ValueError):
        return None
    is_current = isinstance(found, dict) and found.get("format") == FORMAT
    return cast("Compact", found) if is_current else None


def _recompile(data: str, file: str) -> Compact:
    from k8supgrade.lifecycle import compile as compiler

    stamp = newest_mtime(data)
    compact = compiler.compile_data(data)
    compiler.write_quietly(compact, file, stamp)
    return compact


def newest_mtime(data: str) -> int:
    """Of the YAML files and their directories: a deleted file changes the table too."""
    newest = 0
    for name in ("served", "deprecations"):
        directory = os.path.join(data, name)
        newest = max(newest, os.stat(directory).st_mtime_ns)
        with os.scandir(directory) as entries:
            newest = max(newest, *(e.stat().st_mtime_ns for e in entries if e.name.endswith(".yaml")), 0)
    return newest
