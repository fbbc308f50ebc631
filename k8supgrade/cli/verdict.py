"""What a run has come to, as the reports show it."""

from __future__ import annotations

import datetime
import os

from k8supgrade import __version__, engine, policy
from k8supgrade.cli.clusters import Asked, entries
from k8supgrade.cli.contexts import Contexts
from k8supgrade.cli.options import severity_of
from k8supgrade.model.verdict import Verdict
from k8supgrade.model.version import KUBERNETES, KubeVersion, Target


def make_verdict(
    scan: engine.Scan, contexts: Contexts, clusters: list[Asked], *, policy_options: tuple[str, bool]
) -> Verdict:
    """What the run has come to."""
    fail_on, allow_incomplete = policy_options
    code = policy.exit_code(
        scan.findings, scan.skipped, fail_on=severity_of(fail_on), allow_incomplete=allow_incomplete
    )
    return Verdict(
        tool_version=__version__,
        data_version=contexts.table.data_version,
        generated_at=now(),
        target=_versions(contexts.target),
        current=_current(contexts.current),
        clusters=entries(clusters),
        resources=scan.scanned.resources,
        files=scan.scanned.files,
        releases=scan.scanned.releases,
        findings=scan.findings,
        skipped=scan.skipped,
        charts=scan.charts,
        ignored=(),
        exit_code=code,
    )


def _versions(target: Target) -> dict[str, str]:
    return {KUBERNETES: str(target.kubernetes)} | {
        name: str(target.components[name]) for name in sorted(target.components)
    }


def _current(current: KubeVersion | None) -> dict[str, str] | None:
    return None if current is None else {KUBERNETES: str(current)}


def now() -> str:
    """UTC, or SOURCE_DATE_EPOCH where a build sets it."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isdigit():
        moment = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
    else:
        moment = datetime.datetime.now(datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
