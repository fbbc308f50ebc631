from __future__ import annotations

from k8supgrade.reports import RenderOptions
from k8supgrade.reports.wide import render
from tests.builders import finding, skipped, verdict
from tests.reports.samples import FULL


def test_a_line_per_finding_and_origin_with_every_column() -> None:
    text = render(FULL, RenderOptions())
    rows = [line for line in text.splitlines() if line.startswith(("BLOCKER", "WARNING", "INFO"))]
    assert len(rows) == sum(len(found.origins) for found in FULL.findings)
    header = (
        "SEVERITY CHECK NAMESPACE KIND NAME API REMOVED DEPRECATED REPLACEMENT COMPONENT LOCATION TEMPLATE EVIDENCE"
    )
    assert text.splitlines()[0].split() == header.split()
    evidence = [line.split()[-1] for line in rows]
    assert {"file", "helm", "last-applied", "managed-fields", "served", "metrics", "audit"} <= set(evidence)


def test_nothing_wraps() -> None:
    text = render(verdict(finding("n" * 10_000), skipped=(skipped("s" * 10_000),)), RenderOptions(width=80))
    assert "n" * 10_000 in text
    assert "s" * 10_000 in text


def test_numbers_stay_text() -> None:
    assert " 1e10 " in render(verdict(finding("1e10", removed_in="1.20")), RenderOptions())
    assert " 1.20 " in render(verdict(finding("1e10", removed_in="1.20")), RenderOptions())
