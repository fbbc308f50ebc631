"""The command line beside a real server: runs it as users do, and reads its report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

Report = dict[str, Any]


class Run(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def report(self) -> Report:
        """What `-o json` has written."""
        report: Report = json.loads(self.out)
        return report


def k8supgrade(
    *arguments: str | Path, config: Path | None = None, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Run:
    """Never a traceback, whatever happens."""
    names = ("PATH", "HOME", "TMPDIR", "LANG")
    environment = {name: os.environ[name] for name in names if name in os.environ} | dict(env or {})
    if config is not None:
        environment["KUBECONFIG"] = str(config)
    done = subprocess.run(
        [sys.executable, "-m", "k8supgrade", *map(str, arguments)],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "internal error" not in done.stderr, done.stderr
    return Run(done.returncode, done.stdout, done.stderr)


def scan(config: Path, *arguments: str | Path, target: str = "1.28") -> Run:
    """A scan of the cluster, as JSON."""
    return k8supgrade("scan", "--target", target, "-o", "json", *arguments, config=config)


def findings(report: Report, check: str = "removed-api") -> dict[str, Report]:
    """{namespace/name: finding} of one check."""
    return {
        "/".join(filter(None, (one["namespace"], one["name"]))): one
        for one in report["findings"]
        if one["check"] == check
    }


def missing(report: Report) -> list[tuple[str, str]]:
    """(what, reason) of what should have been examined and was not."""
    return [(skip["what"], skip["reason"]) for skip in report["skipped"] if not skip["optional"]]


def budget(name: str, version: str = "policy/v1beta1", namespace: str | None = None) -> Report:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": name}}}
    return {"apiVersion": version, "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}
