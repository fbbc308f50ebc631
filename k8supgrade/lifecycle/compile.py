"""data/ to compact.json: `python -m k8supgrade.lifecycle.compile`, and the wheel's build hook.

Reading the YAML takes a hundred times as long as reading the compact form, and every start of the command
needs the table.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

from k8supgrade.errors import UsageError
from k8supgrade.lifecycle.content import content_hash
from k8supgrade.lifecycle.load import FORMAT, newest_mtime
from k8supgrade.lifecycle.row import Row
from k8supgrade.lifecycle.served import Entry, entries_of


class Compact(TypedDict):
    """The compact form; `served` holds Entry values, `rows` Row values, both as plain lists."""

    format: int
    dataVersion: str
    minors: list[str]
    served: Sequence[Sequence[Any]]
    rows: Sequence[Sequence[Any]]


def sources(data: Path) -> list[Path]:
    """The files that the table is made of, in a fixed order."""
    return [data / "served" / "kubernetes.yaml", *sorted((data / "deprecations").glob("*.yaml"))]


def compile_data(data: str) -> Compact:
    """Reads the YAML below `data`.

    Raises:
        UsageError: a file breaks a rule.
    """
    import yaml

    from k8supgrade.lifecycle.parse import parse_table

    served_file, *tables = sources(Path(data))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(served_file.read_bytes(), Loader=loader)  # noqa: S506 - a safe loader, and our own file
    minors, entries = entries_of(document)
    entries.sort()
    rows: dict[tuple[str, str], Row] = {}
    for file in tables:
        for row in parse_table(file.read_bytes(), str(file)):
            if row.api in rows:
                raise UsageError(f"{file}: {row.version} {row.kind} is also a row of {rows[row.api].component}")
            rows[row.api] = row
    ordered = [rows[api] for api in sorted(rows)]
    newest = str(document["sources"][minors[-1]])
    return Compact(
        format=FORMAT,
        dataVersion=data_version(newest, minors, entries, ordered),
        minors=minors,
        served=entries,
        rows=ordered,
    )


def data_version(newest: str, minors: list[str], entries: list[Entry], rows: list[Row]) -> str:
    """The newest patch release that was read, and a hash over what the table says (not how it is written)."""
    match = re.search(r"\d+\.\d+\.\d+", newest)
    if match is None:
        raise UsageError(f"served: the source of {minors[-1]} names no patch release: {newest!r}")
    return f"{match[0]}-{content_hash([minors, entries, rows])}"


def write(compact: Compact, target: str, mtime_ns: int) -> None:
    """Atomic, and dated as the newest source, so that an edit made meanwhile still shows as newer."""
    import tempfile

    handle, name = tempfile.mkstemp(prefix=".compact-", dir=os.path.dirname(target))
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(compact, file, separators=(",", ":"), ensure_ascii=False)
        os.chmod(name, 0o644)
        os.utime(name, ns=(mtime_ns, mtime_ns))
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def write_quietly(compact: Compact, target: str, mtime_ns: int) -> None:
    """The compact form only saves time: a read-only checkout reads the YAML at each start."""
    with contextlib.suppress(OSError):
        write(compact, target, mtime_ns)


def compile_to(data: str, target: str) -> Compact:
    mtime_ns = newest_mtime(data)
    compact = compile_data(data)
    write(compact, target, mtime_ns)
    return compact


def main() -> None:
    package = Path(__file__).resolve().parent
    written = compile_to(str(package.parent.parent / "data"), str(package / "compact.json"))
    sys.stderr.write(f"compact.json: {written['dataVersion']}, {len(written['rows'])} rows\n")


if __name__ == "__main__":
    main()
