"""What can be wrong, or odd, with a file: tests/manifests/reading/FILE, and FILE.expect.json beside it.

found: the objects of removed APIs, with the line of their apiVersion. skipped: what could not be read. objects: how
many there are in all. Keys that begin with `strict_` hold where every document is parsed in full, if it differs.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.manifest.interest import Interest
from k8supgrade.manifest.reader import UnreadableError, read_manifests

_FIXTURES = Path(__file__).parent.parent / "manifests" / "reading"
_FILES = sorted(path.name for path in _FIXTURES.iterdir() if not path.name.endswith((".expect.json", ".gitattributes")))
_KINDS = frozenset({("policy/v1beta1", "PodDisruptionBudget"), ("extensions/v1beta1", "Ingress")})


def test_every_expectation_has_its_file() -> None:
    expected = {path.name.removesuffix(".expect.json") for path in _FIXTURES.glob("*.expect.json")}
    assert expected == set(_FILES)


def _read(path: Path, *, strict: bool) -> dict[str, Any]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        records = read_manifests(lambda size: os.read(descriptor, size), Interest(kinds=_KINDS, everything=strict))
    except UnreadableError as error:
        return {"found": [], "skipped": [{"line": None, "says": str(error)}], "objects": 0}
    finally:
        os.close(descriptor)
    found = []
    for one in records.found:
        object_: dict[str, Any] = {"line": one.line, "api": f"{one.api_version} {one.kind}", "name": one.name}
        more = {"namespace": one.namespace, "template": one.template, "duplicates": list(one.duplicates)}
        found.append(object_ | {key: value for key, value in more.items() if value})
    skipped = [{"line": fault.line, "says": fault.reason} for fault in records.faults]
    return {"found": found, "skipped": skipped, "objects": records.resources}


@pytest.mark.parametrize("strict", [False, True], ids=["by-header", "in-full"])
@pytest.mark.parametrize("name", _FILES)
def test_reading(name: str, strict: bool) -> None:
    expected = json.loads((_FIXTURES / f"{name}.expect.json").read_text(encoding="utf-8"))
    if strict:
        expected |= {key.removeprefix("strict_"): value for key, value in expected.items() if key.startswith("strict_")}
    read = _read(_FIXTURES / name, strict=strict)
    assert read["found"] == expected["found"]
    assert [one["line"] for one in read["skipped"]] == [one["line"] for one in expected["skipped"]], read["skipped"]
    for skipped, words in zip(read["skipped"], expected["skipped"], strict=True):
        assert words["says"] in skipped["says"]
    assert read["objects"] == expected["objects"]
