"""What a scan says of each object and each release, to be compared with what happens to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.cluster import ControlPlane
from tests.e2e.upgrade.writers import FAILS, WORKS, Manifest, Release

ROOT = Path(__file__).parents[2]
SEVERITIES = ("ready", "info", "warning", "blocker")

Finding = dict[str, Any]


class Row(NamedTuple):
    """`verdict` is the worst that was said of it, `outcome` what came of it."""

    what: str
    writer: str
    written: str
    verdict: str
    outcome: str

    @property
    def predicted(self) -> str:
        return FAILS if self.verdict == "blocker" else WORKS


class Prediction:
    """The findings of one scan. `claimed` are those that something was asked about."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = list(findings)
        self._claimed: set[str] = set()

    def of_object(self, manifest: Manifest) -> str:
        """All that is said of it, in whichever version; where only the number of its kind is known, that."""
        metadata = manifest["metadata"]
        place = (manifest["kind"], metadata.get("namespace"), metadata["name"])
        counted = (manifest["kind"], None, None)
        return self._worst(
            one
            for one in self.findings
            if (one["kind"], one["namespace"], one["name"]) == place
            or ((one["kind"], one["namespace"], one["name"]) == counted and _evidence(one) == {"metrics"})
        )

    def of_release(self, release: Release) -> str:
        return self._worst(one for one in self.findings if _is_in(one, release))

    def of_requests(self, api_version: str, kind: str) -> list[str]:
        """What is said of those who call an API."""
        return [
            one["severity"]
            for one in self.findings
            if (one["apiVersion"], one["kind"], one["check"]) == (api_version, kind, "removed-api-requested")
        ]

    def unclaimed(self) -> list[Finding]:
        """Blockers that nothing has been asked about."""
        return [one for one in self.findings if one["severity"] == "blocker" and one["id"] not in self._claimed]

    def _worst(self, findings: Iterable[Finding]) -> str:
        found = list(findings)
        self._claimed |= {one["id"] for one in found}
        return max((one["severity"] for one in found), key=SEVERITIES.index, default="ready")


def scan(server: ControlPlane, *options: str) -> list[Finding]:
    """The findings of the command, run as users run it."""
    kubeconfig = server.kubeconfig(server.directory / "scan" / "kubeconfig")
    command = [sys.executable, "-m", "k8supgrade", "scan", "--target", "1.28", "--kubeconfig", str(kubeconfig)]
    environment = {"HOME": str(kubeconfig.parent), "PATH": os.defpath}
    done = subprocess.run(
        [*command, "-o", "json", *options], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), (done.returncode, done.stderr)
    findings: list[Finding] = json.loads(done.stdout)["findings"]
    return findings


def table(rows: Iterable[Row]) -> str:
    return "\n".join(["", *(f"{row.what} ({row.writer}, {row.written}): {row.verdict}; {row.outcome}" for row in rows)])


def _evidence(finding: Finding) -> set[str | None]:
    return {origin.get("evidence") for origin in finding["origins"]}


def _is_in(finding: Finding, release: Release) -> bool:
    return any(
        (origin.get("namespace"), origin.get("release")) == (release.namespace, release.name)
        for origin in finding["origins"]
    )
