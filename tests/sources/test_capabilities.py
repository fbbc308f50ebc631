"""Questions for `.Capabilities.APIVersions`, answered for a target that serves policy/v1 alone."""

from __future__ import annotations

import time

import pytest

from k8supgrade.sources.capabilities import answer_capabilities

SERVED = {"policy/v1", "policy/v1/PodDisruptionBudget"}
LIST = '(list "policy/v1" "policy/v1/PodDisruptionBudget")'


@pytest.mark.parametrize(
    ("template", "answered"),
    [
        ('{{ if .Capabilities.APIVersions.Has "policy/v1beta1" }}', "{{ if false }}"),
        ('{{- if $.Capabilities.APIVersions.Has "policy/v1beta1" -}}', "{{- if false -}}"),
        ('{{ if $root.Capabilities.APIVersions.Has "policy/v1beta1" }}', "{{ if false }}"),
        ('{{ if .context.Capabilities.APIVersions.Has "policy/v1beta1" }}', "{{ if false }}"),
        ('{{ if $top.context.Capabilities.APIVersions.Has "policy/v1beta1" }}', "{{ if false }}"),
        ('{{ if $capabilities.APIVersions.Has "policy/v1beta1" }}', "{{ if false }}"),
        (
            '{{ with .Capabilities.APIVersions }}{{ .Has "policy/v1beta1" }}',
            "{{ with .Capabilities.APIVersions }}{{ false }}",
        ),
        ("{{ if .Capabilities.APIVersions.Has `policy/v1beta1` }}", "{{ if false }}"),
        ('{{ if not (.Capabilities.APIVersions.Has "policy/v1beta1/PodSecurityPolicy") }}', "{{ if not (false) }}"),
        (
            '{{ if or .a (.Capabilities.APIVersions.Has "a/v1") ($.Capabilities.APIVersions.Has "policy/v1") }}',
            '{{ if or .a (false) ($.Capabilities.APIVersions.Has "policy/v1") }}',
        ),
        ("{{ .Capabilities.APIVersions.Has .version }}", f"{{{{ (has .version {LIST}) }}}}"),
        ("{{ .Capabilities.APIVersions.Has $version }}", f"{{{{ (has $version {LIST}) }}}}"),
        ("{{ $.Capabilities.APIVersions.Has . }}", f"{{{{ (has . {LIST}) }}}}"),
        (
            '{{ if .Capabilities.APIVersions.Has (printf "%s/%s" $group "v1") }}',
            f'{{{{ if (has (printf "%s/%s" $group "v1") {LIST}) }}}}',
        ),
        ('{{ if has "policy/v1beta1" .Capabilities.APIVersions }}', f'{{{{ if has "policy/v1beta1" {LIST} }}}}'),
        ('{{ if\n.Capabilities.APIVersions.Has\n"policy/v1beta1" }}', "{{ if\nfalse }}"),
    ],
)
def test_a_question_is_answered(template: str, answered: str) -> None:
    assert answer_capabilities(template.encode(), SERVED).decode() == answered


@pytest.mark.parametrize(
    "template",
    [
        '{{ if .Capabilities.APIVersions.Has "policy/v1" }}',
        '{{ if .Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" }}',
        '{{ if (.root).Capabilities.APIVersions.Has "policy/v1beta1" }}',
        '{{ if "policy/v1beta1" | .Capabilities.APIVersions.Has }}',
        '{{ if has "a" .Values.list }}{{ hasKey .Values "a" }}',
        '# .Capabilities.APIVersions.Has "policy/v1beta1"',
        'an action that does not end {{ .Capabilities.APIVersions.Has "policy/v1beta1"',
        "{{ .Values.Hash }} {{ .Capabilities.KubeVersion.Minor }}",
        "\xff\xfe {{ }}",
    ],
)
def test_the_rest_stays_as_it_is(template: str) -> None:
    data = template.encode("latin-1")
    assert answer_capabilities(data, SERVED) == data


@pytest.mark.parametrize(
    "piece", ["{{", "{{ .Has (", ".a", "$", " has ", '"', ".Has \t", "has .a.", 'has (""', '{{ (.Has ("a"']
)
@pytest.mark.parametrize("end", ["", "}}"])
def test_no_template_takes_long(piece: str, end: str) -> None:
    template = ("{{ has Has " + piece * (400_000 // len(piece)) + end).encode()
    started = time.process_time()
    answer_capabilities(template, SERVED)
    assert time.process_time() - started < 5
