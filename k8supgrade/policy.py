"""Exit codes live here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from k8supgrade.model.finding import Finding, Severity
    from k8supgrade.model.resource import Skipped

READY = 0
FINDINGS = 1
USAGE = 2
INCOMPLETE = 3
NOTIFY_FAILED = 4
INTERRUPTED = 130


def exit_code(
    findings: Iterable[Finding],
    skipped: Iterable[Skipped],
    *,
    fail_on: Severity | None,
    allow_incomplete: bool,
) -> int:
    """The scan's exit code. `fail_on` None means that no finding fails the run.

    A finding wins over an incomplete scan: 1 tells that something breaks, whatever else was not seen.
    """
    if fail_on is not None and any(finding.severity >= fail_on for finding in findings):
        return FINDINGS
    if not allow_incomplete and any(not skip.optional for skip in skipped):
        return INCOMPLETE
    return READY
