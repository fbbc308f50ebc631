"""Compares the scan of a directory with an independent count: a full parse by PyYAML.

    python -m tests.corpus_counts DIRECTORY TARGET

Reads every .yaml file with CSafeLoader, unknown tags ignored, counts the objects of each (check, apiVersion, kind)
that the table calls removed or deprecated at the target, and holds that the scan's JSON report says the same. Line
numbers are held too: the line of every finding is one that says its apiVersion. It shares the table with the scanner,
and none of its reading code. Exits with 1 where they differ.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from k8supgrade.lifecycle.load import load_table
from k8supgrade.lifecycle.table import LifecycleTable
from k8supgrade.model.version import KubeVersion

_DOCUMENT = re.compile(r"^---(?=\s|$)", re.MULTILINE)

Count = Counter[tuple[str, str, str]]


class _Loader(yaml.CSafeLoader):
    """Unknown tags mean nothing; the last of two keys wins, as it does in PyYAML."""


def _untagged(loader: _Loader, _: str, node: yaml.Node) -> Any:
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


for prefix in ("!", "tag:"):
    _Loader.add_multi_constructor(prefix, _untagged)


def objects(value: Any) -> Iterator[tuple[str, str]]:
    """(apiVersion, kind) of the object, or of the items of the List."""
    if not isinstance(value, dict):
        return
    if str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
        for item in value["items"]:
            yield from objects(item)
    elif value.get("kind") and value.get("apiVersion"):
        yield str(value["apiVersion"]), str(value["kind"])


def verdict(table: LifecycleTable, api_version: str, kind: str, target: KubeVersion) -> str | None:
    """The check that has to speak up; an add-on's release at the target is not known here."""
    row = table.get(api_version, kind)
    if row is None:
        return None
    if row.is_addon:
        return "removed-api" if row.removed_in else "deprecated-api" if row.deprecated_in else None
    return "removed-api" if row.is_removed(target) else "deprecated-api" if row.is_deprecated(target) else None


def independent(directory: Path, target: KubeVersion) -> tuple[Count, int]:
    """What the parse sees: the counts, and the number of objects."""
    table = load_table()
    counts: Count = Counter()
    total = 0
    for path in sorted(directory.rglob("*.yaml")):
        for document in _DOCUMENT.split(path.read_text(encoding="utf-8")):
            for api_version, kind in objects(yaml.load(document, _Loader)):
                total += 1
                check = verdict(table, api_version, kind, target)
                if check is not None:
                    counts[check, api_version, kind] += 1
    return counts, total


def scanned(directory: Path, target: KubeVersion) -> tuple[Count, int, list[str]]:
    """What the scan says: the counts of origins, the number of objects, and lines that are wrong."""
    command = [sys.executable, "-m", "k8supgrade", "scan", "--target", str(target), str(directory), "-o", "json"]
    report = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    counts: Count = Counter()
    wrong = []
    for finding in report["findings"]:
        for origin in finding["origins"]:
            line = Path(origin["path"]).read_text(encoding="utf-8").split("\n")[origin["line"] - 1]
            if "apiVersion" not in line or finding["apiVersion"] not in line:
                wrong.append(f"{origin['path']}:{origin['line']}: {line!r} is not {finding['apiVersion']}")
            if finding["check"] in ("removed-api", "deprecated-api"):
                counts[finding["check"], finding["apiVersion"], finding["kind"]] += 1
    return counts, report["scanned"]["resources"], wrong


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target")
def main(directory: Path, target: str) -> None:
    """Compare, and say where they differ."""
    version = KubeVersion.parse(target)
    expected, objects_expected = independent(directory, version)
    got, objects_got, wrong = scanned(directory, version)
    for api in sorted(set(expected) | set(got)):
        if expected[api] != got[api]:
            wrong.append(f"{' '.join(api)}: {expected[api]} by the parse, {got[api]} by the scan")
    if objects_expected != objects_got:
        wrong.append(f"objects: {objects_expected} by the parse, {objects_got} by the scan")
    for line in wrong:
        click.echo(line)
    click.echo(f"{version}: {objects_got} objects, {sum(got.values())} findings, {len(wrong)} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
