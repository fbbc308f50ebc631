"""Findings and verdicts for tests: everything has a default, so that a test names only what it is about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from k8supgrade import policy
from k8supgrade.model.finding import Finding, Severity
from k8supgrade.model.lifecycle import Replacement
from k8supgrade.model.origin import FileOrigin
from k8supgrade.model.resource import Skipped
from k8supgrade.model.verdict import Verdict
from k8supgrade.model.version import KubeVersion

GOLDEN = Path(__file__).parent / "golden"

PDB_V1 = Replacement(api_version="policy/v1", kind="PodDisruptionBudget", available_in=KubeVersion(1, 21))


def origin(path: str = "k8s/pdb.yaml", line: int = 1, template: str | None = None) -> FileOrigin:
    return FileOrigin(path=path, line=line, template=template)


def finding(name: str | None = "cart", **values: Any) -> Finding:
    """A removed PodDisruptionBudget; `at` is short for the first origin's (path, line)."""
    path, line = values.pop("at", ("k8s/pdb.yaml", 1))
    defaults: dict[str, Any] = {
        "check": "removed-api",
        "severity": Severity.BLOCKER,
        "api_version": "policy/v1beta1",
        "kind": "PodDisruptionBudget",
        "namespace": "shop",
        "message": "policy/v1beta1 PodDisruptionBudget is not served from 1.25 on.",
        "origins": (origin(path, line),),
        "fix": "Use policy/v1 PodDisruptionBudget, served since 1.21.",
        "introduced_in": "1.5",
        "deprecated_in": "1.21",
        "removed_in": "1.25",
        "replacement": PDB_V1,
        "reference": "https://kubernetes.io/docs/reference/using-api/deprecation-guide/#poddisruptionbudget-v125",
    }
    return Finding(**{**defaults, "name": name, **values})


def warning(name: str | None = "limits", **values: Any) -> Finding:
    defaults: dict[str, Any] = {
        "check": "deprecated-api",
        "severity": Severity.WARNING,
        "api_version": "flowcontrol.apiserver.k8s.io/v1beta3",
        "kind": "FlowSchema",
        "namespace": None,
        "message": "flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema is deprecated, and removed in 1.32.",
        "fix": "Use flowcontrol.apiserver.k8s.io/v1 FlowSchema from 1.29 on.",
        "introduced_in": "1.26",
        "deprecated_in": "1.29",
        "removed_in": "1.32",
        "replacement": None,
        "reference": None,
        "at": ("k8s/flow.yaml", 1),
    }
    return finding(name, **{**defaults, **values})


def skipped(what: str = "k8s/broken.yaml", **values: Any) -> Skipped:
    defaults: dict[str, Any] = {"reason": "line 3, column 1: a mapping is not closed", "optional": False}
    return Skipped(**{**defaults, "what": what, **values})


def verdict(*findings: Finding, **values: Any) -> Verdict:
    """Sorted, with the exit code that the policy gives by default."""
    ordered = tuple(sorted(findings, key=Finding.sort_key))
    skips = values.get("skipped", ())
    defaults: dict[str, Any] = {
        "tool_version": "0.1.0",
        "data_version": "2026.01.1",
        "generated_at": "2026-01-31T09:00:00Z",
        "target": {"kubernetes": "1.28"},
        "current": None,
        "clusters": (),
        "resources": 132,
        "files": 56,
        "releases": 0,
        "findings": ordered,
        "skipped": skips,
        "ignored": (),
        "exit_code": policy.exit_code(ordered, skips, fail_on=Severity.BLOCKER, allow_incomplete=False),
    }
    return Verdict(**{**defaults, **values})


def assert_golden(name: str, text: str) -> None:
    """Compares with tests/golden/NAME byte by byte; K8SUPGRADE_UPDATE_GOLDEN=1 writes it instead."""
    path = GOLDEN / name
    if os.environ.get("K8SUPGRADE_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    assert path.exists(), f"{path.name} is missing: run with K8SUPGRADE_UPDATE_GOLDEN=1"
    assert text == path.read_bytes().decode(), f"{name} differs: see git diff after K8SUPGRADE_UPDATE_GOLDEN=1"
