from __future__ import annotations

from dataclasses import replace

import pytest

from k8supgrade.errors import UsageError
from k8supgrade.merge import merge_verdicts
from k8supgrade.model.finding import Severity
from k8supgrade.model.origin import ClusterOrigin
from k8supgrade.model.verdict import Cluster, Ignored, Verdict
from k8supgrade.reports import RenderOptions
from k8supgrade.reports.json_ import render
from k8supgrade.reports.read import read_report
from tests.builders import finding, origin, skipped, verdict, warning
from tests.reports.samples import FULL, RELEASE


def merged(*verdicts: Verdict, fail_on: Severity | None = Severity.BLOCKER, allow: bool = False) -> Verdict:
    return merge_verdicts(list(verdicts), fail_on=fail_on, allow_incomplete=allow)


def test_the_same_finding_keeps_all_origins() -> None:
    one = merged(verdict(finding("a", at=("b.yaml", 1))), verdict(finding("a", at=("a.yaml", 9)), finding("b")))
    assert [found.name for found in one.findings] == ["a", "b"]
    assert one.findings[0].origins == (origin("a.yaml", 9), origin("b.yaml", 1))


def test_what_files_clusters_and_releases_tell_of_an_object_is_one_finding() -> None:
    live = ClusterOrigin(cluster="prod", evidence="last-applied", manager="kubectl", time="2024-03-01T09:00:00Z")
    saved = [
        verdict(finding("everywhere", origins=(RELEASE,), owner="Helm release shop/everywhere", message="z")),
        verdict(finding("everywhere", origins=(live,), owner="kubectl")),
        verdict(finding("everywhere", origins=(replace(live, cluster="eu"),), owner="kubectl")),
        verdict(finding("everywhere", at=("a.yaml", 1))),
    ]
    (one,) = merged(*(read_report(render(shown, RenderOptions()), "r.json") for shown in saved)).findings
    assert one.origins == (origin("a.yaml", 1), replace(live, cluster="eu"), live, RELEASE)
    assert (one.owner, one.message) == ("Helm release shop/everywhere", "z")


def test_stale_evidence_of_one_cluster_does_not_hide_what_is_fresh_in_another() -> None:
    stale = ClusterOrigin(cluster="eu", evidence="managed-fields", manager="kubectl", stale=True)
    fresh = ClusterOrigin(cluster="prod", evidence="managed-fields", manager="kubectl")
    one = merged(
        verdict(finding(origins=(stale,), severity=Severity.INFO, message="Overtaken.")),
        verdict(finding(origins=(fresh,))),
    )
    assert [(found.severity, found.origins) for found in one.findings] == [(Severity.BLOCKER, (stale, fresh))]
    assert one.exit_code == 1


def test_counts_add_up_and_the_exit_code_is_new() -> None:
    one = merged(verdict(warning()), verdict(finding()), verdict(skipped=(skipped(),)))
    assert (one.resources, one.files, one.exit_code) == (396, 168, 1)
    assert merged(verdict(warning()), verdict(warning()), fail_on=Severity.WARNING).exit_code == 1
    assert merged(verdict(finding()), verdict(skipped=(skipped(),)), fail_on=None).exit_code == 3
    assert merged(verdict(skipped=(skipped(),)), allow=True).exit_code == 0


def test_unions_have_no_doubles() -> None:
    cluster = Cluster(name="prod", version="1.25", reached=True)
    ignored = Ignored(finding=finding(at=("a.yaml", 1)), rule="r", reason="x")
    again = replace(ignored, finding=finding(at=("b.yaml", 1)))
    one = merged(
        verdict(clusters=(cluster,), skipped=(skipped("b"), skipped("a")), ignored=(ignored,)),
        verdict(clusters=(cluster, Cluster(name="eu", version=None, reached=False)), skipped=(skipped("a"),),
                ignored=(again, replace(again, rule="s"))),
    )  # fmt: skip
    assert [c.name for c in one.clusters] == ["eu", "prod"]
    assert [s.what for s in one.skipped] == ["a", "b"]
    assert [(i.rule, len(i.finding.origins)) for i in one.ignored] == [("r", 2), ("s", 1)]


def test_current_is_the_oldest() -> None:
    one = merged(
        verdict(current={"kubernetes": "1.25", "istio": "1.9"}),
        verdict(),
        verdict(current={"kubernetes": "1.9", "istio": "1.10"}),
    )
    assert one.current == {"kubernetes": "1.9", "istio": "1.9"}
    assert merged(verdict(), verdict()).current is None


def test_different_targets_are_named() -> None:
    with pytest.raises(UsageError, match=r"kubernetes 1\.28 and istio 1\.2, kubernetes 1\.29"):
        merged(verdict(), verdict(target={"kubernetes": "1.29", "istio": "1.2"}))


def test_nothing_to_merge() -> None:
    with pytest.raises(UsageError, match="nothing to merge"):
        merged()


def test_the_newest_time_and_all_versions_are_kept() -> None:
    one = merged(verdict(), verdict(generated_at="2026-02-01T00:00:00Z", data_version="2026.02"))
    assert one.generated_at == "2026-02-01T00:00:00Z"
    assert one.data_version == "2026.01.1, 2026.02"


def test_order_and_repetition_do_not_matter() -> None:
    saved = read_report(render(FULL, RenderOptions()), "full.json")
    other = verdict(finding("cart", at=("z.yaml", 1)), target=dict(FULL.target))
    both, back = merged(saved, other), merged(other, saved)
    assert render(both, RenderOptions()) == render(back, RenderOptions())
    assert merged(both).findings == both.findings
    assert len(merged(saved, saved).findings) == len(FULL.findings)
