from __future__ import annotations

import re
import time

import pytest

from k8supgrade.model.finding import Severity
from k8supgrade.model.verdict import Cluster, Ignored, Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.table import render
from k8supgrade.reports.text import width
from tests.builders import assert_golden, finding, origin, skipped, verdict, warning
from tests.reports.samples import CHARTS, FULL, LIVE, hostile

PLAIN = RenderOptions()


@pytest.mark.parametrize("columns", [40, 80, 132])
@pytest.mark.parametrize("shown", [FULL, LIVE, CHARTS, hostile()], ids=["full", "live", "charts", "hostile"])
def test_no_line_is_wider_than_the_terminal(shown: Verdict, columns: int) -> None:
    lines = render(shown, RenderOptions(width=columns)).split("\n")
    assert [line for line in lines if width(line) > columns and "https://" not in line] == []


def test_nothing_is_cut() -> None:
    name, path = "n" * 10_000, "p/" * 400
    text = render(verdict(finding(name, at=(path, 77))), PLAIN)
    joined = re.sub(r"\n\s+", "", text)
    assert f"shop/{name}" in joined
    assert f"{path}:77" in joined


def test_what_is_wrong_is_said_once_for_many_objects() -> None:
    text = render(verdict(*(finding(f"pdb-{i}", at=(f"{i}.yaml", i)) for i in range(200))), PLAIN)
    assert text.count("is not served") == text.count("Fix:") == text.count("https://") == 1
    assert text.count("shop/pdb-") == 200
    assert len(text.splitlines()) < 212


def test_messages_of_one_kind_stay_under_one_heading() -> None:
    text = render(verdict(finding("a", message="A."), finding("b", message="B.")), PLAIN)
    assert text.count("(removed-api)") == 1


def test_origins_stand_under_each_other() -> None:
    text = render(verdict(finding("a", origins=(origin("a.yaml", 1), origin("b.yaml", 2)))), PLAIN)
    assert "      shop/a  a.yaml:1\n              b.yaml:2\n" in text


def test_colors_are_the_only_difference() -> None:
    colored = render(FULL, RenderOptions(color=True))
    assert "\x1b[1;31mBLOCKER" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == render(FULL, PLAIN)
    assert_golden("report-full-table-color.txt", colored)


def test_skips_of_one_reason_share_it() -> None:
    text = render(verdict(skipped=tuple(skipped(f"{i}.yaml") for i in range(9))), PLAIN)
    assert "NOT EXAMINED (9)" in text
    assert text.count("a mapping is not closed") == 1


def clusters(*names: str, away: tuple[str, ...] = ()) -> tuple[Cluster, ...]:
    reached = tuple(Cluster(name=name, version="1.25", reached=True) for name in names)
    return reached + tuple(Cluster(name=name, version=None, reached=False) for name in away)


IGNORED = (Ignored(finding=finding(), rule="r", reason="x"),)
INFO = finding(severity=Severity.INFO)


@pytest.mark.parametrize(
    ("shown", "closing"),
    [
        (verdict(), "Ready for 1.28: 132 resources in 56 files, nothing removed or deprecated.\n(exit code 0)"),
        (verdict(ignored=IGNORED), "Ignored by rules: 1 finding.\nReady for 1.28: 132 resources in 56 files, "),
        (verdict(warning("a"), warning("b")), "Ready for 1.28, with 2 warnings.\nChange what is listed before"),
        (verdict(INFO), "Ready for 1.28, with 1 note: 132 resources in 56 files.\n(exit code 0)"),
        (
            verdict(finding("a"), finding("b"), finding("c")),
            "Not ready for 1.28: 3 blockers.\nChange what is listed, then run the scan again. (exit code 1)",
        ),
        (verdict(finding(), skipped=(skipped(),)), "1 blocker. 1 thing could not be examined."),
        (verdict(finding(), exit_code=0), "Not ready for 1.28: 1 blocker.\n"),
        (verdict(warning(), exit_code=1), "Nothing fails at 1.28, but --fail-on counts: 1 warning.\n"),
        (
            verdict(skipped=(skipped("a"), skipped("b"))),
            "Nothing found, but 2 things could not be examined: this is no proof that 1.28 is\nsafe.\nFix what was",
        ),
        (verdict(warning(), skipped=(skipped(),)), "No blocker found (1 warning), but 1 thing could not be"),
        (verdict(skipped=(skipped(optional=True),)), "Ready for 1.28: 132 resources"),
        (verdict(resources=0, files=3), "No Kubernetes resource found in 3 files.\nCheck the paths, or name others."),
        (
            verdict(resources=1234, files=0, releases=7, clusters=clusters("a")),
            "Ready for 1.28: 1,234 resources in 7 releases and 1 cluster, nothing removed or\ndeprecated.\n(exit",
        ),
        (verdict(releases=1, clusters=clusters("a", "b")), "132 resources in 56 files, 1 release and 2 clusters, no"),
        (
            verdict(resources=0, files=0, clusters=clusters("a")),
            "No Kubernetes resource found in 1 cluster.\nCheck the context and the namespaces, or name others.",
        ),
        (
            verdict(files=0, clusters=clusters("a", away=("b",)), skipped=(skipped("cluster b"),)),
            "Nothing found, but cluster b could not be reached: this is no proof that 1.28 is\nsafe.",
        ),
        (
            verdict(files=0, clusters=clusters(away=("b",))),
            "Nothing found, but cluster b could not be reached: this is no proof",
        ),
        (
            verdict(clusters=clusters(away=("b",)), skipped=(skipped("cluster b"), skipped()), exit_code=0),
            "Nothing found, but 2 things could not be examined, cluster b among them: this is",
        ),
        (
            verdict(finding(), clusters=clusters(away=("b",)), skipped=(skipped("k8s/broken.yaml"),)),
            "1 blocker. 2 things could not be examined, cluster b among\nthem.",
        ),
        (
            verdict(warning(), clusters=clusters(away=tuple("dcbae"))),
            "No blocker found (1 warning), but 5 clusters (a, b, c and 2 more) could not be\nreached",
        ),
        (verdict(clusters=clusters("a", away=("a",))), "Ready for 1.28: 132 resources in 56 files and 1 cluster, "),
    ],
)
def test_the_closing_line_says_the_verdict_and_what_to_do(shown: Verdict, closing: str) -> None:
    assert closing in render(shown, PLAIN)
    assert render(shown, PLAIN).endswith(f"(exit code {shown.exit_code})\n")


def test_fifty_thousand_findings_take_no_time() -> None:
    shown = verdict(*(finding(f"pdb-{i}", message=f"Message {i}.", at=(f"{i}.yaml", 1)) for i in range(50_000)))
    start = time.process_time()
    render(shown, PLAIN)
    assert time.process_time() - start < 5  # well below 1 s on a laptop; slow machines test too
