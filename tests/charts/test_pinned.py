"""Pinned charts to entries: what a bad archive, a local chart, a missing version come to; the others go on."""

from __future__ import annotations

import datetime
import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from k8supgrade.charts.judge import Judge
from k8supgrade.charts.pinned import PinnedCharts
from k8supgrade.charts.release import Question
from k8supgrade.cli.examiner import ManifestExaminer
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.chart import ChartEvidence, JudgedChart
from k8supgrade.model.pin import ChartRepository, Pin
from k8supgrade.model.resource import Skipped
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.repository.client import Repositories
from k8supgrade.repository.directory import WithDirectories

FIXTURES = Path(__file__).parents[2] / "charts-fixtures"


def pin(chart: str, version: str | None, repository: str | Path | None = FIXTURES / "repository", **values: Any) -> Pin:
    defaults: dict[str, Any] = {
        "reader": "helmfile",
        "path": "helmfile.yaml",
        "line": 5,
        "release": chart,
        "chart": f"r/{chart}",
        "name": chart,
        "repository": None if repository is None else ChartRepository(url=str(repository), name="r"),
        "version": version,
    }
    return Pin(**{**defaults, **values})


def judged(
    pins: Sequence[Pin], tmp_path: Path, *, best: ChartEvidence = "static", current: str | None = None
) -> tuple[list[JudgedChart], list[Skipped]]:
    table, target = load_table(), Target(KubeVersion(1, 28), {})
    judge = Judge(table, target, ManifestExaminer(table, target), best=best)
    network = Repositories(cache_directory=str(tmp_path / "cache"), offline=True)
    question = Question(
        target.kubernetes, KubeVersion.parse(current) if current else None, 10, {}, datetime.date(2026, 7, 1)
    )
    found = list(PinnedCharts(pins, WithDirectories(network), judge, question).collect())
    return [one for one in found if isinstance(one, JudgedChart)], [one for one in found if isinstance(one, Skipped)]


def member(archive: tarfile.TarFile, name: str, data: bytes = b"x") -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def traversal(archive: tarfile.TarFile) -> None:
    member(archive, "bad/../../../outside.yaml")


def link(archive: tarfile.TarFile) -> None:
    info = tarfile.TarInfo("bad/templates/link.yaml")
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    archive.addfile(info)


def bomb(archive: tarfile.TarFile) -> None:
    member(archive, "bad/templates/zeros.yaml", bytes(257 << 20))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(traversal, "unsafe path"), (link, "a link that leads outside"), (bomb, "larger than 256 MiB")],
)
def test_a_bad_archive_is_named_and_the_others_are_judged(
    spoil: Callable[[tarfile.TarFile], None], why: str, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "bad-1.0.0.tgz", "w:gz", compresslevel=1) as archive:
        member(archive, "bad/Chart.yaml", b"apiVersion: v2\nname: bad\nversion: 1.0.0\n")
        spoil(archive)
    (tmp_path / "index.yaml").write_text(
        "entries:\n  bad:\n  - name: bad\n    urls: [bad-1.0.0.tgz]\n    version: 1.0.0\n"
    )
    (bad, good), (gap,) = judged([pin("bad", "1.0.0", tmp_path), pin("web", "1.2.0")], tmp_path)
    assert (bad.entry.status, bad.entry.evidence) == ("unknown", "none")
    assert why in bad.entry.reasons[0]
    assert why in gap.reason
    assert not gap.optional
    assert good.entry.status == "ready"
    assert not (tmp_path.parent / "outside.yaml").exists()


def test_a_version_that_is_not_there(tmp_path: Path) -> None:
    (one,), (gap,) = judged([pin("web", "7.0.0")], tmp_path)
    assert one.entry.status == "unknown"
    assert gap.reason == "the repository has no version of web that is 7.0.0"
    assert one.entry.newest is not None
    assert one.entry.newest.version == "2.0.0"


@pytest.mark.parametrize("version", ["10.0.0", "v10.0.0"])
def test_the_programs_version_is_told_from_the_charts(version: str, tmp_path: Path) -> None:
    _, (gap,) = judged([pin("web", version)], tmp_path)
    assert gap.reason.endswith("that is the version of the program in chart 1.0.0, which is what has to be pinned")


def test_what_is_not_installed_leaves_the_exit_code_alone(tmp_path: Path) -> None:
    _, (gap,) = judged([pin("web", "7.0.0", installed=False)], tmp_path)
    assert gap.optional


def test_a_local_chart_is_judged_and_has_no_other_version(tmp_path: Path) -> None:
    local = pin("web", None, repository=None, directory=str(FIXTURES / "charts" / "web-1.0.0"))
    (one,), _ = judged([local], tmp_path)
    assert (one.entry.status, one.entry.app_version, one.entry.smallest) == ("not-ready", "10.0.0", None)


@pytest.mark.parametrize(("name", "why"), [("nowhere", "no chart there"), ("helmfile", "no chart there")])
def test_a_local_chart_that_is_none(name: str, why: str, tmp_path: Path) -> None:
    _, (gap,) = judged([pin("x", None, repository=None, directory=str(FIXTURES / name))], tmp_path)
    assert why in gap.reason


def test_a_range_and_no_version_at_all(tmp_path: Path) -> None:
    (ranged, newest), _ = judged([pin("web", "~1.0"), pin("web", None)], tmp_path)
    assert (ranged.version, ranged.entry.status, ranged.entry.pinned) == ("1.0.0", "not-ready", "~1.0")
    assert newest.version == "2.0.0"
    assert "no version is pinned: every sync takes the newest one" in newest.entry.reasons


def test_a_lock_that_has_to_follow(tmp_path: Path) -> None:
    locked = pin("web", "^1.0", locked="1.0.0", lock_file="helmfile.lock")
    (one,), _ = judged([locked], tmp_path)
    assert "the range ^1.0 already admits 1.1.0" in one.entry.reasons
    assert "helmfile.lock has to follow: run `helmfile deps` after the change" in one.entry.reasons


def test_by_kube_version_alone_a_chart_without_one_is_unknown(tmp_path: Path) -> None:
    (without, fitting), _ = judged([pin("web", "1.0.0"), pin("web", "1.2.0")], tmp_path, best="kube-version")
    assert (without.entry.status, without.entry.evidence) == ("unknown", "none")
    assert (fitting.entry.status, fitting.entry.evidence) == ("ready", "kube-version")


def test_a_pin_that_cannot_be_resolved(tmp_path: Path) -> None:
    (one,), (gap,) = judged([pin("web", None, problem="template {{ x }} is not resolved")], tmp_path)
    assert one.entry.reasons == ("template {{ x }} is not resolved",)
    assert gap.origin == one.entry.origin


def test_the_helmfiles_own_kube_version(tmp_path: Path) -> None:
    (one,), _ = judged([pin("web", "1.2.0", kube_version="v1.21.0")], tmp_path)
    assert any("tells Helm to render for v1.21.0" in reason for reason in one.entry.reasons)
