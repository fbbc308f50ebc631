"""What a chart makes, read from its templates: guards that the target decides, helpers, and what is left open."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8supgrade.charts.static import made

SERVED = frozenset(("policy/v1", "policy/v1/PodDisruptionBudget", "autoscaling/v2", "v1", "v1/ConfigMap"))
HELPERS = """\
{{- define "web.pdb" -}}
{{- if .Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" -}}{{- print "policy/v1" -}}{{- else -}}
{{- print "policy/v1beta1" -}}{{- end -}}
{{- end -}}
{{- define "web.kubeVersion" -}}{{ default .Capabilities.KubeVersion.Version .Values.kubeVersion }}{{- end -}}
{{- define "web.whole" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
{{- end -}}
{{- define "web.open" -}}{{ if .Values.old }}policy/v1beta1{{ else }}policy/v1{{ end }}{{- end -}}
{{- define "web.loop" -}}{{ include "web.loop" . }}{{- end -}}
"""


def read(directory: Path, template: str, *, version: str = "1.28.0") -> list[tuple[str, str]]:
    """(apiVersion, certainty) of what a template makes; ("?", reason) for what cannot be worked out."""
    (directory / "templates").mkdir(exist_ok=True)
    (directory / "templates" / "_helpers.tpl").write_text(HELPERS)
    (directory / "templates" / "pdb.yaml").write_text(template)
    found, odd = made(str(directory), kube_version=version, api_versions=SERVED)
    return [(one.api_version, one.certainty) for one in found] + [("?", one.reason) for one in odd]


def pdb(api_version: str) -> str:
    return f"apiVersion: {api_version}\nkind: PodDisruptionBudget\nmetadata:\n  name: x\n"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (pdb("policy/v1beta1"), [("policy/v1beta1", "certain")]),
        (pdb('"policy/v1" # new'), [("policy/v1", "certain")]),
        ("{{ if .Values.pdb }}\n" + pdb("policy/v1beta1") + "{{ end }}", [("policy/v1beta1", "possible")]),
        (pdb('{{ include "web.pdb" . }}'), [("policy/v1", "certain")]),
        (pdb('{{ template "web.pdb" . }}'), [("policy/v1", "certain")]),
        (pdb('{{ include "web.pdb" . | quote }}'), [("policy/v1", "certain")]),
        ('{{- include "web.whole" . }}\nmetadata:\n  name: x\n', [("policy/v1", "certain")]),
        (pdb('{{ include "web.open" . }}'), [("policy/v1beta1", "possible"), ("policy/v1", "possible")]),
        (pdb('{{ ternary "policy/v1" "policy/v1beta1" (.Capabilities.APIVersions.Has "policy/v1") }}'),
         [("policy/v1", "certain")]),
        (pdb('{{ .Values.api | default "policy/v1" }}'), [("policy/v1", "possible")]),
        (pdb("{{ $api }}"), [("?", "its apiVersion or kind depends on what is not known without rendering")]),
        ('{{- $api := include "web.pdb" . -}}\n' + pdb("{{ $api }}"), [("policy/v1", "certain")]),
        (pdb('{{ if .Capabilities.APIVersions.Has "policy/v1" }}policy/v1{{ else }}policy/v1beta1{{ end }}'),
         [("policy/v1", "certain")]),
        ('{{ if false }}\n' + pdb("policy/v1beta1") + "{{ else }}\n" + pdb("policy/v1") + "{{ end }}",
         [("policy/v1", "certain")]),
        ('{{ if and .Values.x (.Capabilities.APIVersions.Has "policy/v1beta1") }}\n' + pdb("policy/v1beta1")
         + "{{ end }}", []),
        ('{{ range .Values.list }}\n---\n' + pdb("policy/v1") + "{{ end }}", [("policy/v1", "possible")]),
        (pdb("policy/v1") + "---\n" + pdb("policy/v1beta1"), [("policy/v1", "certain"), ("policy/v1beta1", "certain")]),
        (pdb('{{ include "web.loop" . }}'),
         [("?", "its apiVersion or kind depends on what is not known without rendering")]),
        ("{{ if .Values.x }}\n" + pdb("policy/v1"), [("?", "a {{ if }} has no {{ end }}")]),
        ("# only a comment\n", []),
    ],
)  # fmt: skip
def test_documents(template: str, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    assert read(tmp_path, template) == expected


@pytest.mark.parametrize(
    "condition",
    [
        'semverCompare ">=1.21-0" .Capabilities.KubeVersion.GitVersion',
        'semverCompare ">=1.21-0" .Capabilities.KubeVersion.Version',
        "ge (int .Capabilities.KubeVersion.Minor) 21",
        'ge (.Capabilities.KubeVersion.Minor | trimSuffix "+" | int) 21',
        'not (semverCompare "<1.21-0" $.Capabilities.KubeVersion.Version)',
        '.Capabilities.APIVersions.Has "policy/v1"',
        'or .Values.x (.Capabilities.APIVersions.Has "policy/v1")',
    ],
)
def test_guards_that_the_target_decides(condition: str, tmp_path: Path) -> None:
    template = f"{{{{- if {condition} }}}}\napiVersion: policy/v1\n{{{{- else }}}}\napiVersion: policy/v1beta1\n"
    template += "{{- end }}\n"
    assert read(tmp_path, template + "kind: PodDisruptionBudget\n") == [("policy/v1", "certain")]
    if "Has" not in condition:
        assert read(tmp_path, template + "kind: PodDisruptionBudget\n", version="1.20.0") == [
            ("policy/v1beta1", "certain")
        ]


def test_a_version_that_values_may_override_leaves_both(tmp_path: Path) -> None:
    template = (
        '{{ if semverCompare "<1.21-0" (include "web.kubeVersion" .) }}\n' + pdb("policy/v1beta1") + "{{ else }}\n"
        + pdb("policy/v1") + "{{ end }}"
    )  # fmt: skip
    assert read(tmp_path, template) == [("policy/v1beta1", "possible"), ("policy/v1", "possible")]


def test_a_sub_chart_behind_a_condition_is_possible(tmp_path: Path) -> None:
    inner = tmp_path / "charts" / "inner" / "templates"
    inner.mkdir(parents=True)
    (inner / "pdb.yaml").write_text(pdb("policy/v1beta1"))
    (tmp_path / "Chart.yaml").write_text("dependencies:\n- name: inner\n")
    assert read(tmp_path, "") == [("policy/v1beta1", "certain")]
    (tmp_path / "Chart.yaml").write_text("dependencies:\n- name: inner\n  condition: inner.enabled\n")
    assert read(tmp_path, "") == [("policy/v1beta1", "possible")]


def test_lines_are_those_of_the_template(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.yaml").write_text(
        "# first\n{{- if true }}\n---\n" + pdb("policy/v1beta1") + "{{ end }}"
    )
    (one,), _ = made(str(tmp_path), kube_version="1.28.0", api_versions=SERVED)
    assert (one.template, one.line) == ("templates/a.yaml", 4)
