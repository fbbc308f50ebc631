"""What rendering says where it cannot render. The real programs are in tests/e2e/test_render.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.resource import Skipped
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.sources.render import Renderer
from k8supgrade.sources.walk import Chart, Kustomization

ROOT = Path(__file__).parents[2]


@pytest.fixture
def renderer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Renderer:
    """One that finds no program; tmp_path/bin is on PATH for those that a test puts there."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return Renderer(load_table(), Target(KubeVersion(1, 29), {}), timeout=10)


def skipped(rendered: bytes | Skipped) -> Skipped:
    assert isinstance(rendered, Skipped), rendered
    return rendered


def test_without_helm_a_chart_is_a_gap_that_says_what_to_do(renderer: Renderer) -> None:
    rendered = skipped(renderer.render(Chart(str(ROOT / "charts-fixtures" / "removed-pdb"))))
    assert rendered.reason.startswith("helm is not on PATH: install Helm 3")
    assert rendered.what.endswith("charts-fixtures/removed-pdb")
    assert not rendered.optional


def test_without_kustomize_a_kustomization_is_its_files(renderer: Renderer) -> None:
    assert not renderer.renders_kustomizations
    rendered = skipped(renderer.render(Kustomization(str(ROOT / "tests" / "fixtures" / "kustomize" / "base"))))
    assert rendered.reason.startswith("neither kustomize nor kubectl is on PATH")


def test_the_api_versions_are_those_that_the_target_serves(renderer: Renderer) -> None:
    served = renderer.api_versions
    assert {"v1", "v1/Pod", "policy/v1", "policy/v1/PodDisruptionBudget", "apps/v1/Deployment"} <= served
    assert not {"policy/v1beta1", "policy/v1beta1/PodSecurityPolicy", "autoscaling/v2beta2"} & served


@pytest.mark.parametrize(
    ("metadata", "reason", "optional"),
    [
        ("type: library\n", "a library chart renders nothing by itself", True),
        ('type: "library" # shared\n', "a library chart renders nothing by itself", True),
        (None, "no Helm chart: Chart.yaml is missing", False),
    ],
)
def test_what_helm_is_not_asked_for(
    renderer: Renderer, tmp_path: Path, metadata: str | None, reason: str, optional: bool
) -> None:
    unused = tmp_path / "bin" / "helm"
    unused.write_text("#!/bin/sh\nexit 1\n")
    unused.chmod(0o755)
    (tmp_path / "chart").mkdir()
    if metadata is not None:
        (tmp_path / "chart" / "Chart.yaml").write_text(f"apiVersion: v2\nname: c\nversion: 1.0.0\n{metadata}")
    rendered = skipped(renderer.render(Chart(str(tmp_path / "chart"))))
    assert rendered.reason.startswith(reason)
    assert rendered.optional is optional


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no archive", "chart not rendered: not a readable chart archive: "),
        (None, "not rendered: chart.tgz: No such file or directory"),
    ],
)
def test_an_archive_that_cannot_be_unpacked(
    renderer: Renderer, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    unused = tmp_path / "bin" / "helm"
    unused.write_text("#!/bin/sh\nexit 1\n")
    unused.chmod(0o755)
    if content is not None:
        (tmp_path / "chart.tgz").write_bytes(content)
    assert skipped(renderer.render(Chart(str(tmp_path / "chart.tgz")))).reason.startswith(reason)


def test_importing_it_costs_nothing_heavy() -> None:
    code = (
        "import sys, k8supgrade.sources.render; print(*{'subprocess','tarfile','tempfile','shutil'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""
