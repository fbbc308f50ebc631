from __future__ import annotations

import re

import pytest

from k8supgrade.model.verdict import Cluster
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.markdown import MAX_BYTES, render
from tests.builders import assert_golden, finding, skipped, verdict, warning
from tests.reports.samples import HOSTILE, LIVE, hostile

PLAIN = RenderOptions()


def outside_spans(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "CODE", text)


def test_hostile_golden() -> None:
    names = [text for text in HOSTILE if len(text) < 200]
    assert_golden("report-hostile-markdown.md", render(verdict(*map(finding, names)), PLAIN))


def test_hostile_text_stays_inside_code_spans() -> None:
    left = outside_spans(render(hostile(), PLAIN))
    assert "`" not in left
    assert "@" not in left
    assert "www." not in left
    assert "://" not in left
    assert set(re.findall(r"<[^>]*>?", left)) <= {"<br>", "<details>", "<summary>", "</summary>", "</details>"}
    assert not re.search(r"[\[\]]", left)


def test_table_rows_have_their_cells() -> None:
    """Two of an object, ten of a chart."""
    rows = [line for line in render(hostile(), PLAIN).splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {3, 11}
    assert sum(row.count("|") == 11 for row in rows) == len(hostile().charts) + 2


def test_many_findings_are_folded() -> None:
    few = render(verdict(*(finding(f"a{i}") for i in range(50))), PLAIN)
    many = render(verdict(*(finding(f"a{i}") for i in range(51)), warning()), PLAIN)
    assert "<details>" not in few
    assert "<details><summary>51 blockers</summary>\n\n" in many
    assert many.index("</details>") < many.index("### Warnings (1)")


@pytest.mark.parametrize("same", [True, False])
def test_the_cut_is_clear_and_below_the_limit(same: bool) -> None:
    found = [
        finding(f"name-{i}", at=(f"path/{i}/" + "d" * 80, i), message="Same." if same else f"Message {i}.")
        for i in range(20_000)
    ]
    text = render(verdict(*found, warning(), skipped=(skipped("kept"),)), PLAIN)
    assert len(text.encode()) <= MAX_BYTES
    assert len(text.encode()) > MAX_BYTES * 4 // 5
    shown = text.count("| `shop/name-")
    left_out = re.search(r"\*\*([\d,]+) more findings left out here", text)
    assert left_out
    assert shown + int(left_out[1].replace(",", "")) == 20_001
    assert "- `kept`: " in text
    assert text.count("<details>") == text.count("</details>")


def test_skips_are_cut_too() -> None:
    text = render(verdict(skipped=tuple(skipped(f"{i}/" + "s" * 100) for i in range(20_000))), PLAIN)
    assert len(text.encode()) <= MAX_BYTES
    left_out = re.search(r"\*\*([\d,]+) more left out here", text)
    assert left_out
    assert text.count("\n- `") + int(left_out[1].replace(",", "")) == 20_000


def test_the_page_says_which_clusters_it_speaks_of() -> None:
    assert "Clusters:" not in render(verdict(), PLAIN)
    text = render(LIVE, PLAIN)
    assert "Examined: 1,234 resources in 7 releases and 2 of 3 clusters. Exit code 1.\n" in text
    assert "\nClusters: **`arn:aws:eks:ap-south-1:123456789012:cluster/prod` not reached**, `prod-eu-" in text


def test_a_fleet_does_not_fill_the_page() -> None:
    fleet = [Cluster(name=f"c{i}", version="1.25", reached=i != 150) for i in range(200)]
    text = render(verdict(clusters=tuple(fleet)), PLAIN)
    assert "\nClusters: **`c150` not reached**, `c0` (1.25), " in text
    assert " `c18` (1.25) and 180 more.\n" in text


def test_a_page_with_a_cluster_away_is_not_marked_as_good() -> None:
    away = (Cluster(name="eu", version=None, reached=False),)
    text = render(verdict(files=0, resources=0, clusters=away), PLAIN)
    assert text.startswith("## ⚠️ k8supgrade: Nothing found, but cluster eu could not be reached")
    assert "Examined: 0 resources in 0 of 1 cluster. " in text


def test_only_plain_https_links_are_links() -> None:
    assert "](<https://kubernetes.io/docs" in render(verdict(finding()), PLAIN)
    for reference in ("javascript:alert(1)", "http://x/", "https://x/)<b>", "https://x/\n"):
        assert "](" not in outside_spans(render(verdict(finding(reference=reference)), PLAIN))
