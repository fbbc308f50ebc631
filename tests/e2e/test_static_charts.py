"""What is read from templates against what the real helm renders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k8supgrade.charts.static import made
from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.sources.chart_copy import copy_chart
from k8supgrade.sources.render import Release, Renderer

FIXTURES = Path(__file__).parents[2] / "charts-fixtures"
ARCHIVES = sorted(path for path in (FIXTURES / "repository").glob("*.tgz") if "needs-value" not in path.name)


@pytest.mark.parametrize("minor", [23, 28, 33])
@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda path: path.stem)
def test_agrees_with_helm(archive: Path, minor: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.e2e import binaries

    monkeypatch.setenv("PATH", str(binaries.helm().parent))
    renderer = Renderer(load_table(), Target(KubeVersion(1, minor), {}))
    copy_chart(str(archive), str(tmp_path / "chart"), renderer.api_versions)
    metadata = tmp_path / "chart" / "Chart.yaml"
    metadata.write_text(re.sub(r"^kubeVersion:.*$", "", metadata.read_text(), flags=re.MULTILINE))
    text = renderer.render_release(str(tmp_path / "chart"), Release()).decode()
    pairs = re.findall(r"^apiVersion: (\S+)\nkind: (\S+)", text, re.MULTILINE)
    found, odd = made(str(tmp_path / "chart"), kube_version=f"1.{minor}.0", api_versions=renderer.api_versions)
    assert odd == []
    assert {one.certainty for one in found} == {"certain"}
    assert sorted((one.api_version, one.kind) for one in found) == sorted(pairs)
