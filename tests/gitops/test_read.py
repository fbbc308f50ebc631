"""Charts pinned by Chart.yaml, Argo CD and Flux: the same pins as those of a Helmfile."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8supgrade.gitops.read import read_gitops
from k8supgrade.helmfile.edit import Bump, edits
from k8supgrade.model.pin import Pin
from k8supgrade.model.resource import Skipped

CHART = """\
apiVersion: v2
name: shop
version: 0.1.0
dependencies:
- name: web
  version: ~1.10
  repository: https://charts.example.com
- name: search
  version: 2.0.0
  repository: oci://registry.example.com/charts
- name: inner
  version: 0.1.0
  repository: file://../inner
- name: named
  version: 1.0.0
  repository: "@company"
- name: secret
  version: 1.0.0
  repository: https://user:hunter2@charts.example.com
"""
ARGO = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: grafana
  namespace: argocd
spec:
  destination:
    namespace: monitoring
  source:
    repoURL: https://charts.example.com
    chart: grafana
    targetRevision: &version 6.58.3
    helm:
      releaseName: dashboards
      valuesObject: {replicas: 2, image: {tag: "1.10"}}
      valueFiles: [values/prod.yaml]
      parameters:
      - {name: ingress.enabled, value: "true"}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: several}
spec:
  sources:
  - {repoURL: registry.example.com/charts, chart: loki, targetRevision: 5.31.0}
  - {repoURL: https://git.example.com/config.git, path: values}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: everywhere}
spec:
  generators:
  - list:
      elements:
      - {cluster: eu, version: 1.0.0}
      - {cluster: us, version: 1.1.0}
  template:
    metadata: {name: 'web-{{cluster}}'}
    spec:
      source: {repoURL: https://charts.example.com, chart: web, targetRevision: '{{ .version }}'}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: generated}
spec:
  generators: [{git: {}}]
  template:
    spec:
      source: {repoURL: https://charts.example.com, chart: web, targetRevision: '{{version}}'}
"""
FLUX = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: grafana, namespace: monitoring}
spec:
  releaseName: dashboards
  targetNamespace: dash
  chart:
    spec:
      chart: grafana
      version: '6.58.3'
      sourceRef: {kind: HelmRepository, name: grafana, namespace: flux-system}
  values: {replicas: 2}
  valuesFrom: [{kind: Secret, name: grafana-values}]
---
apiVersion: helm.toolkit.fluxcd.io/v2beta2
kind: HelmRelease
metadata: {name: app, namespace: shop}
spec:
  chartRef: {kind: OCIRepository, name: app}
---
apiVersion: helm.toolkit.fluxcd.io/v2beta1
kind: HelmRelease
metadata: {name: lost, namespace: shop}
spec:
  chart: {spec: {chart: x, version: 1.0.0, sourceRef: {kind: HelmRepository, name: nowhere}}}
"""
SOURCES = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: grafana, namespace: flux-system}
spec: {url: https://charts.example.com}
---
apiVersion: source.toolkit.fluxcd.io/v1beta2
kind: OCIRepository
metadata: {name: app, namespace: shop}
spec:
  url: oci://registry.example.com/charts/app
  ref:
    tag: 1.2.3
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pins(*paths: str) -> list[Pin]:
    found = list(read_gitops(paths))
    assert all(isinstance(one, Pin) for one in found), found
    return [one for one in found if isinstance(one, Pin)]


def url(pin: Pin) -> str | None:
    return pin.repository.url if pin.repository else None


def test_dependencies_of_a_chart(here: Path) -> None:
    (here / "Chart.yaml").write_text(CHART)
    (here / "Chart.lock").write_text("dependencies:\n- name: web\n  version: 1.10.4\n")
    web, search, inner, named, secret = pins("Chart.yaml")
    assert (web.release, web.name, web.version, web.locked, web.line, url(web)) == (
        "shop", "web", "~1.10", "1.10.4", 6, "https://charts.example.com",
    )  # fmt: skip
    assert url(search) == "oci://registry.example.com/charts"
    assert inner.directory == "../inner"
    assert "a name of `helm repo add`" in (named.problem or "")
    assert "credentials" in (secret.problem or "")
    assert "hunter2" not in repr(secret)


def test_argo_cd(here: Path) -> None:
    (here / "apps.yaml").write_text(ARGO)
    grafana, several, eu, us, generated = pins(".")
    assert (grafana.release, grafana.namespace, grafana.version, grafana.line) == (
        "dashboards",
        "monitoring",
        "6.58.3",
        12,
    )
    assert grafana.values == ({"replicas": 2, "image": {"tag": "1.10"}},)
    assert grafana.sets == (("ingress.enabled", "true"),)
    assert grafana.values_unknown == ("values file values/prod.yaml",)
    assert url(several) == "oci://registry.example.com/charts"
    assert [(one.release, one.version) for one in (eu, us)] == [("web-eu", "1.0.0"), ("web-us", "1.1.0")]
    assert [one.written[0].line for one in (eu, us)] == [35, 36]
    assert generated.problem == "{{version}} depends on a generator that is not a list"


def test_flux(here: Path) -> None:
    (here / "releases.yaml").write_text(FLUX)
    (here / "sources.yaml").write_text(SOURCES)
    grafana, app, lost = pins(".")
    assert (grafana.release, grafana.namespace, grafana.version, url(grafana)) == (
        "dashboards", "dash", "6.58.3", "https://charts.example.com",
    )  # fmt: skip
    assert grafana.values_unknown == ("values from Secret grafana-values",)
    assert (app.name, app.version, url(app), app.path) == (
        "app", "1.2.3", "oci://registry.example.com/charts", "sources.yaml",
    )  # fmt: skip
    assert lost.problem == "HelmRepository shop/nowhere is not in the files that are read"


@pytest.mark.parametrize(("name", "text"), [("Chart.yaml", CHART), ("apps.yaml", ARGO)])
def test_versions_are_changed_in_place(name: str, text: str, here: Path) -> None:
    (here / name).write_text("\ufeff" + text)
    (change,), _ = edits([Bump(pins(name)[0], "9.9.9")])
    different = [(one, other) for one, other in zip(change.before.split("\n"), change.after.split("\n"), strict=True)
                 if one != other]  # fmt: skip
    assert len(different) == 1
    assert "9.9.9" in different[0][1]


def test_templates_of_charts_and_other_files_are_passed_over(here: Path) -> None:
    (here / "chart" / "templates").mkdir(parents=True)
    (here / "chart" / "Chart.yaml").write_text("name: x\nversion: 1.0.0\n")
    (here / "chart" / "templates" / "app.yaml").write_text("apiVersion: argoproj.io/v1alpha1\n{{ broken\n")
    (here / "other.yaml").write_text("{{ no YAML\n")
    assert list(read_gitops(["."])) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [("apiVersion: argoproj.io/v1\n\tbroken: [", "not YAML"), ("argoproj.io/: &a [*a]\n", "not YAML|leads back")],
)
def test_a_file_that_cannot_be_read_is_named(text: str, why: str, here: Path) -> None:
    import re

    (here / "a.yaml").write_text(text)
    (gap,) = read_gitops(["."])
    assert isinstance(gap, Skipped)
    assert gap.what == "a.yaml"
    assert re.search(why, gap.reason)


def test_a_missing_file_is_named(here: Path) -> None:
    (gap,) = read_gitops(["nowhere/Chart.yaml"])
    assert isinstance(gap, Skipped)
    assert gap.reason == "No such file or directory"
