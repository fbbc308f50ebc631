"""`scan --render` with the real programs: see binaries.py for where they come from."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8supgrade.lifecycle.load import load_table
from k8supgrade.model.resource import Skipped
from k8supgrade.model.version import KubeVersion, Target
from k8supgrade.sources.render import Renderer
from k8supgrade.sources.walk import Chart, Kustomization
from tests.e2e import binaries

ROOT = Path(__file__).parents[2]
CHARTS = ROOT / "charts-fixtures"
KUSTOMIZE = ROOT / "tests" / "fixtures" / "kustomize"


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """on_path("helm"): a PATH with these programs and nothing else."""

    def only(*names: str) -> None:
        directory = tmp_path / "bin"
        directory.mkdir(exist_ok=True)
        for name in names:
            program: Path = getattr(binaries, name)()
            (directory / name).symlink_to(program)
        monkeypatch.setenv("PATH", str(directory))

    return only


def renderer(target: str = "1.29", **values: Any) -> Renderer:
    return Renderer(load_table(), Target(KubeVersion.parse(target), {}), **values)


def apis(rendered: bytes | Skipped) -> dict[str, str]:
    """{name: apiVersion} of what was rendered."""
    assert isinstance(rendered, bytes), rendered
    return {one["metadata"]["name"]: one["apiVersion"] for one in yaml.safe_load_all(rendered) if one}


def reason(rendered: bytes | Skipped) -> str:
    assert isinstance(rendered, Skipped), rendered
    return rendered.reason


def test_helm_alone_answers_for_its_client_and_we_for_the_target() -> None:
    command = [str(binaries.helm()), "template", str(CHARTS / "guarded"), "--kube-version", "1.29.0"]
    alone = subprocess.run(command, capture_output=True, check=True).stdout
    assert apis(alone) == {
        "new-if-served": "policy/v1beta1",
        "old-while-served": "policy/v1beta1",
        "old-while-served-argument": "autoscaling/v2beta2",
        "by-version": "batch/v1",
    }


@pytest.mark.parametrize(
    ("target", "pdb", "hpa", "cron_job"),
    [
        ("1.20", ("policy/v1beta1", "policy/v1beta1"), "autoscaling/v2beta2", "batch/v1beta1"),
        ("1.22", ("policy/v1", "policy/v1beta1"), "autoscaling/v2beta2", "batch/v1"),
        ("1.25", ("policy/v1", "policy/v1"), "autoscaling/v2beta2", "batch/v1"),
        ("1.29", ("policy/v1", "policy/v1"), "autoscaling/v2", "batch/v1"),
    ],
)
def test_a_chart_sees_what_the_target_serves(
    on_path: Callable[..., None], target: str, pdb: tuple[str, str], hpa: str, cron_job: str
) -> None:
    on_path("helm")
    assert apis(renderer(target).render(Chart(str(CHARTS / "guarded")))) == {
        "new-if-served": pdb[0],
        "old-while-served": pdb[1],
        "old-while-served-argument": hpa,
        "by-version": cron_job,
    }


def test_every_api_version_of_every_minor_is_one_that_helm_takes(on_path: Callable[..., None]) -> None:
    on_path("helm")
    table = load_table()
    minor = table.oldest
    while minor <= table.newest:
        assert apis(renderer(str(minor)).render(Chart(str(CHARTS / "removed-pdb")))), minor
        minor = minor.next()


def test_hooks_and_crds_are_rendered_with_their_source(on_path: Callable[..., None]) -> None:
    on_path("helm")
    rendered = renderer().render(Chart(str(CHARTS / "hooks-and-crds")))
    assert apis(rendered) == {
        "widgets.example.com": "apiextensions.k8s.io/v1beta1",
        "release-name-hook": "batch/v1beta1",
    }
    assert isinstance(rendered, bytes)
    assert b"\n# Source: hooks-and-crds/crds/widget.yaml\n" in rendered
    assert b"\n# Source: hooks-and-crds/templates/hook.yaml\n" in rendered


def test_a_broken_template_says_what_its_author_says(on_path: Callable[..., None]) -> None:
    on_path("helm")
    said = reason(renderer().render(Chart(str(CHARTS / "broken-template"))))
    assert said.startswith("helm template: ")
    assert "broken-template/templates/config.yaml:6:11" in said
    assert "set broken.host to the name of the database" in said
    assert "k8supgrade-" not in said


def test_values_files_are_given_to_helm(
    on_path: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path("helm")
    monkeypatch.chdir(tmp_path)
    Path("a,b.yaml").write_text("host: db\n")
    chart = Chart(str(CHARTS / "broken-template"))
    assert apis(renderer(values=["a,b.yaml"]).render(chart)) == {"release-name": "v1"}


def test_archives_of_charts_with_archives_of_charts(on_path: Callable[..., None], tmp_path: Path) -> None:
    on_path("helm")
    parent = tmp_path / "parent"
    (parent / "charts").mkdir(parents=True)
    dependencies = [
        {"name": "guarded", "version": "0.1.0", "alias": alias, "repository": "file://../guarded"} for alias in "ab"
    ]
    metadata = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": dependencies}
    (parent / "Chart.yaml").write_text(json.dumps(metadata))
    missing = reason(renderer().render(Chart(str(parent))))
    assert missing == f"sub-charts are missing (guarded, guarded): run `helm dependency build {parent}` first"
    packaged(CHARTS / "guarded", parent / "charts" / "guarded-0.1.0.tgz")
    served = {
        "new-if-served": "policy/v1",
        "old-while-served": "policy/v1",
        "old-while-served-argument": "autoscaling/v2",
        "by-version": "batch/v1",
    }
    assert apis(renderer().render(Chart(str(parent)))) == served
    archive = packaged(parent, tmp_path / "parent-1.0.0.tgz")
    rendered = renderer().render(Chart(str(archive)))
    assert apis(rendered) == served
    assert isinstance(rendered, bytes)
    assert b"\n# Source: parent/charts/a/templates/pdb.yaml\n" in rendered
    assert b"\n# Source: parent/charts/b/templates/pdb.yaml\n" in rendered


def test_the_users_settings_of_helm_stay_untouched(
    on_path: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path("helm")
    for name in ("HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HELM_NAMESPACE", "not-this")
    monkeypatch.setenv("HELM_DEBUG", "true")
    assert apis(renderer().render(Chart(str(CHARTS / "removed-pdb"))))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin"]


def test_a_chart_for_other_versions_says_so(on_path: Callable[..., None], tmp_path: Path) -> None:
    on_path("helm")
    chart = tmp_path / "old"
    shutil.copytree(CHARTS / "removed-pdb", chart)
    with (chart / "Chart.yaml").open("a") as file:
        file.write('kubeVersion: "<1.25"\n')
    assert apis(renderer("1.24").render(Chart(str(chart)))) == {"release-name-pdb": "policy/v1beta1"}
    said = reason(renderer("1.25").render(Chart(str(chart))))
    assert "chart requires kubeVersion: <1.25 which is incompatible with Kubernetes v1.25.0" in said


def test_a_template_that_does_not_end(on_path: Callable[..., None], tmp_path: Path) -> None:
    on_path("helm")
    chart = tmp_path / "endless"
    shutil.copytree(CHARTS / "removed-pdb", chart)
    (chart / "templates" / "pdb.yaml").write_text("{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}")
    assert reason(renderer(timeout=1).render(Chart(str(chart)))) == "helm did not finish in 1 seconds"


@pytest.mark.parametrize("program", ["kustomize", "kubectl"])
def test_a_kustomization_is_built(on_path: Callable[..., None], program: str) -> None:
    on_path(program)
    assert renderer().renders_kustomizations
    assert apis(renderer().render(Kustomization(str(KUSTOMIZE / "base")))) == {"cart": "policy/v1beta1"}
    assert apis(renderer().render(Kustomization(str(KUSTOMIZE / "overlay")))) == {"prod-cart": "policy/v1beta1"}
    component = renderer().render(Kustomization(str(KUSTOMIZE / "component")))
    assert isinstance(component, Skipped)
    assert component.optional
    assert component.reason.startswith("a Component is scanned with the kustomizations that use it; kustomize: ")


@pytest.mark.parametrize(
    "resource", ["https://example.com/pdb.yaml", "https://example.com/repository.git//base?ref=v1"]
)
def test_a_kustomization_fetches_nothing(on_path: Callable[..., None], tmp_path: Path, resource: str) -> None:
    on_path("kustomize")
    if git := shutil.which("git", path=os.defpath + ":/usr/local/bin"):
        (tmp_path / "bin" / "git").symlink_to(git)
    (tmp_path / "remote").mkdir()
    (tmp_path / "remote" / "kustomization.yaml").write_text(f"resources: ['{resource}']\n")
    said = reason(renderer(timeout=20).render(Kustomization(str(tmp_path / "remote"))))
    assert said.startswith("remote resources are not fetched; kustomize: ")


def test_a_broken_kustomization_names_what_the_user_named(
    on_path: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path("kustomize")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "kustomization.yaml").write_text("resources: [missing.yaml]\n")
    monkeypatch.chdir(tmp_path)
    said = reason(renderer().render(Kustomization("app")))
    assert "missing.yaml" in said
    assert str(tmp_path) not in said


def test_scan_renders_and_finds(on_path: Callable[..., None]) -> None:
    on_path("helm", "kustomize")
    paths = [f"charts-fixtures/{name}" for name in ("removed-pdb", "guarded", "hooks-and-crds", "broken-template")]
    command = [sys.executable, "-m", "k8supgrade", "scan", *paths, "tests/fixtures/kustomize"]
    command += ["--target", "1.29", "--render", "-o", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    found = {(one["name"], one["apiVersion"], one["origins"][0]["template"]) for one in report["findings"]}
    assert found == {
        ("release-name-pdb", "policy/v1beta1", "removed-pdb/templates/pdb.yaml"),
        ("release-name-hook", "batch/v1beta1", "hooks-and-crds/templates/hook.yaml"),
        ("widgets.example.com", "apiextensions.k8s.io/v1beta1", "hooks-and-crds/crds/widget.yaml"),
        ("cart", "policy/v1beta1", None),
        ("prod-cart", "policy/v1beta1", None),
    }
    skipped = [(one["what"], one["optional"]) for one in report["skipped"]]
    assert skipped == [("charts-fixtures/broken-template", False), ("tests/fixtures/kustomize/component", True)]


def packaged(chart: Path, archive: Path) -> Path:
    """What `helm package` makes: NAME/... in a gzip'ed tar."""
    with tarfile.open(archive, "w:gz") as out:
        for path in sorted(chart.rglob("*")):
            if path.is_file():
                member = tarfile.TarInfo(f"{chart.name}/{path.relative_to(chart).as_posix()}")
                member.size = path.stat().st_size
                out.addfile(member, io.BytesIO(path.read_bytes()))
    return archive
