"""Counts the removed and deprecated objects of a directory by a parse of its own, and compares with a scan.

    python -m tests.corpus_counts DIR TARGET

The parse is PyYAML's, with unknown tags ignored and the last of duplicate keys winning; of this project it uses only
the lifecycle table. Exits with 1 where the counts differ.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.version import KubeVersion

_CHECKS = ("removed-api", "deprecated-api")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Ignores tags that it does not know."""


def _ignore_tag(loader: Any, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("", _ignore_tag)
_Loader.add_multi_constructor("!", _ignore_tag)
_Loader.add_multi_constructor("tag:", _ignore_tag)
_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def objects(value: Any, api_version: str | None = None, kind: str | None = None) -> Iterator[tuple[str, str]]:
    """(apiVersion, kind) of the objects in one document."""
    if not isinstance(value, dict):
        return
    api_version, kind = value.get("apiVersion") or api_version, value.get("kind") or kind
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return
    if kind.endswith("List") and isinstance(value.get("items"), list):
        inner = (api_version, kind.removesuffix("List")) if kind != "List" else (None, None)
        for item in value["items"]:
            yield from objects(item, *inner)
    else:
        yield api_version, kind


def parsed(directory: Path) -> tuple[Counter[tuple[str, str]], int]:
    """All objects below `directory`, and how many files PyYAML cannot parse."""
    counts: Counter[tuple[str, str]] = Counter()
    broken = 0
    for path in sorted(directory.rglob("*")):
        if path.suffix not in (".yaml", ".yml", ".json") or not path.is_file():
            continue
        try:
            documents = list(yaml.load_all(path.read_bytes(), _Loader))
        except yaml.YAMLError as error:
            sys.stderr.write(f"{path}: {error}\n")
            broken += 1
            continue
        for document in documents:
            counts.update(objects(document))
    return counts, broken


def expected(counts: Counter[tuple[str, str]], target: KubeVersion) -> Counter[tuple[str, str, str]]:
    """(check, apiVersion, kind) -> how many, as the table has it for Kubernetes itself."""
    table = load_table(())
    result: Counter[tuple[str, str, str]] = Counter()
    for (api_version, kind), count in counts.items():
        row = table.get(api_version, kind)
        if row is None or row.component != "kubernetes":
            continue
        if row.is_removed(target):
            result["removed-api", api_version, kind] += count
        elif row.deprecated_in is not None and row.deprecated_in <= target:
            result["deprecated-api", api_version, kind] += count
    return result


def scanned(directory: Path, target: str) -> tuple[Counter[tuple[str, str, str]], dict[str, Any]]:
    command = [sys.executable, "-m", "k8supgrade", "scan", "--target", target, "-o", "json", str(directory)]
    run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    report: dict[str, Any] = json.loads(run.stdout)
    result: Counter[tuple[str, str, str]] = Counter()
    for finding in report["findings"]:
        if finding["check"] in _CHECKS and finding["component"] == "kubernetes":
            result[finding["check"], finding["apiVersion"], finding["kind"]] += len(finding["origins"])
    return result, report


def main(directory: str, target: str) -> int:
    counts, broken = parsed(Path(directory))
    want = expected(counts, KubeVersion.parse(target))
    have, report = scanned(Path(directory), target)
    sys.stdout.write(
        f"{target}: {sum(counts.values())} objects parsed, {report['scanned']['resources']} scanned; "
        f"{broken} files PyYAML cannot parse, {len(report['skipped'])} skipped\n"
    )
    for key in sorted(want | have):
        mark = " " if want[key] == have[key] else "DIFFERS"
        sys.stdout.write(f"  {key[0]:16} {key[1]:42} {key[2]:32} {want[key]:5} {have[key]:5} {mark}\n")
    return int(want != have or sum(counts.values()) != report["scanned"]["resources"])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
