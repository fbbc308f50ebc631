"""Dumps of live objects: judged by their own records; a manifest stays one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.program import call

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def live(
    name: str, written: str = "policy/v1beta1", *, fields: bool = True, shown: str = "policy/v1"
) -> dict[str, Any]:
    applied = json.dumps({"apiVersion": written, "kind": "PodDisruptionBudget", "metadata": {"name": name}})
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "shop",
        "uid": "1",
        "resourceVersion": "7",
        "annotations": {APPLIED: applied},
    }
    if fields:
        entry = {"manager": "kubectl", "operation": "Update", "apiVersion": written, "time": "2026-01-01T00:00:00Z"}
        metadata["managedFields"] = [entry]
    return {"apiVersion": shown, "kind": "PodDisruptionBudget", "metadata": metadata, "spec": {}}


def report(path: Path, text: str, code: int) -> dict[str, Any]:
    path.write_text(text)
    done = call("scan", "--target", "1.28", "-o", "json", path.name, cwd=path.parent)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(items), "metadata": {"resourceVersion": ""}}


@pytest.mark.parametrize("name", ["dump.json", "dump.yaml"])
def test_the_records_of_a_live_object_count(tmp_path: Path, name: str) -> None:
    dump = listed(live("old"), live("new", "policy/v1"))
    text = json.dumps(dump, indent=4) if name.endswith("json") else yaml.safe_dump(dump)
    (finding,) = report(tmp_path / name, text, 1)["findings"]
    assert (finding["name"], finding["apiVersion"], finding["severity"]) == ("old", "policy/v1beta1", "blocker")
    assert [(one["cluster"], one["evidence"]) for one in finding["origins"]] == [
        (name, "last-applied"),
        (name, "managed-fields"),
    ]


def test_the_version_that_a_server_shows_is_no_evidence(tmp_path: Path) -> None:
    shown = live("cart", "policy/v1", shown="policy/v1beta1")
    assert report(tmp_path / "dump.json", json.dumps(listed(shown)), 0)["findings"] == []


def test_a_kind_that_goes_is_a_finding_without_records(tmp_path: Path) -> None:
    policy = live("open", "policy/v1beta1", shown="policy/v1beta1") | {"kind": "PodSecurityPolicy"}
    (finding,) = report(tmp_path / "dump.json", json.dumps(listed(policy)), 1)["findings"]
    assert finding["kind"] == "PodSecurityPolicy"


def test_without_managed_fields_it_is_incomplete(tmp_path: Path) -> None:
    (skip,) = report(tmp_path / "dump.json", json.dumps(listed(live("new", "policy/v1", fields=False))), 3)["skipped"]
    assert "--show-managed-fields" in skip["reason"]


def test_one_by_itself_is_a_manifest(tmp_path: Path) -> None:
    exported = live("cart", "policy/v1", shown="policy/v1beta1")
    (finding,) = report(tmp_path / "pdb.json", json.dumps(exported), 1)["findings"]
    assert [one["type"] for one in finding["origins"]] == ["file"]


def test_a_list_of_manifests_is_none_of_it(tmp_path: Path) -> None:
    manifest = live("cart", shown="policy/v1beta1")
    del manifest["metadata"]["uid"]
    (finding,) = report(tmp_path / "list.yaml", yaml.safe_dump(listed(manifest)), 1)["findings"]
    assert [one["type"] for one in finding["origins"]] == ["file"]
