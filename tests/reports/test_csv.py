from __future__ import annotations

import csv
import io

import pytest

from k8supgrade.reports import RenderOptions
from k8supgrade.reports.csv_ import HEADER, render
from tests.builders import finding, verdict
from tests.reports.samples import CHARTS, FULL, hostile


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_the_header_is_always_there() -> None:
    assert render(verdict(), RenderOptions()) == ",".join(HEADER) + "\n"


def test_a_row_per_finding_and_origin() -> None:
    read = rows(render(FULL, RenderOptions()))
    assert len(read) == sum(len(found.origins) for found in FULL.findings)
    by_path = {row["path"]: row for row in read}
    assert by_path["k8s/shop/cart.yaml"]["replacementAvailableIn"] == "1.21"
    assert by_path["'-"]["name"] == ""


def test_what_clusters_tell_has_columns_after_those_of_files() -> None:
    read = {(row["name"], row["evidence"], row["release"]): row for row in rows(render(FULL, RenderOptions()))}
    applied = read["everywhere", "last-applied", ""]
    assert applied["originType"] == "cluster"
    assert (applied["cluster"], applied["manager"], applied["stale"]) == ("prod", "kubectl-client-side-apply", "no")
    assert applied["time"] == "2024-03-01T09:00:00Z"
    assert read["overtaken", "managed-fields", ""]["stale"] == "yes"
    assert read["", "metrics", ""]["count"] == "1234"
    assert read["", "audit", ""]["callers"].startswith("system:serviceaccount:shop:autoscaler (cluster-autoscaler/v")
    release = read["everywhere", "", "everywhere"]
    assert [release[key] for key in ("originType", "cluster", "template", *HEADER[-12:-7])] == [
        "helm", "prod", "everywhere/templates/pdb.yaml", "shop", "everywhere", "7", "everywhere-1.2.3", "deployed",
    ]  # fmt: skip
    file = read["cart", "", ""]
    assert {file[key] for key in HEADER[HEADER.index("cluster") :]} == {""}


def test_pinned_charts_are_rows_of_their_own() -> None:
    found = [row for row in rows(render(CHARTS, RenderOptions())) if row["check"] == "chart"]
    assert len(found) == len(CHARTS.charts)
    expected = {
        "severity": "not-ready", "name": "cart", "environment": "prod", "version": "1.0.0", "smallest": "1.2.0",
        "latest": "8.5.1", "path": "helmfile.yaml",
    }  # fmt: skip
    assert {key: found[0][key] for key in expected} == expected
    finding = next(row for row in rows(render(CHARTS, RenderOptions())) if row["check"] == "chart-not-ready")
    assert (finding["originType"], finding["environment"], finding["chart"]) == ("chart", "prod", "company/cart")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_run_by_a_spreadsheet(text: str) -> None:
    (row,) = rows(render(verdict(finding(text, fix=text)), RenderOptions()))
    assert row["name"].startswith("'")
    assert row["fix"].startswith("'")


def test_hostile_cells() -> None:
    shown = hostile()
    read = rows(render(shown, RenderOptions()))
    assert len(read) == sum(len(found.origins) for found in shown.findings) + len(shown.charts)
    cells = [cell for row in read for cell in row.values()]
    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in cells)
